//! Values as they stand in a snapshot, for comparing.

use crate::compose::short::size;
use crate::compose::text;
use crate::model::identity;
use crate::yaml::{Node, Value};

/// A limit as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    None,
    At(f64),
    /// The environment's to say.
    Unknown,
}

/// Whether a text has an expression in it; `$$` is a dollar.
pub fn has_expression(text: &str) -> bool {
    text.replace("$$", "").contains('$')
}

/// On or off; `None` where the environment decides.
pub fn flag(node: Option<&Node>) -> Option<bool> {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Some(false),
        Some(Value::Bool(value)) => Some(*value),
        Some(Value::String(text)) if has_expression(text) => None,
        Some(Value::String(text)) => Some(!matches!(text.as_str(), "false" | "no" | "off" | "0" | "")),
        Some(_) => Some(true),
    }
}

/// A limit; of an expression its default, where it has one.
pub fn bound(node: Option<&Node>) -> Bound {
    let Some(node) = node else { return Bound::None };
    let whole = text(node);
    let number = if has_expression(&whole) {
        let Some(word) = default(&whole) else { return Bound::Unknown };
        amount(word)
    } else {
        amount(&whole)
    };
    match number {
        Some(number) if number > 0.0 => Bound::At(number),
        Some(_) => Bound::None,
        None => Bound::Unknown,
    }
}

fn amount(text: &str) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "limits are compared, not added")]
    let bytes = || size::parse(text).ok().map(|bytes| bytes as f64);
    text.trim().parse().ok().or_else(bytes)
}

/// The word of `${NAME:-word}`, where that is all of the text.
fn default(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let (_, word) = inner.split_once(":-").or_else(|| inner.split_once('-'))?;
    (!word.contains('$')).then_some(word)
}

/// How far out of the project a path of the host leads.
pub fn reach(path: &str) -> u8 {
    const DEEP: [&str; 12] =
        ["/etc", "/proc", "/sys", "/dev", "/root", "/home", "/var", "/usr", "/run", "/boot", "/lib", "/opt"];
    let below =
        |folder: &str| path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    match path {
        "/" | "~" => 4,
        _ if path.contains("docker.sock")
            || path.contains("containerd.sock")
            || path.contains("podman.sock") =>
        {
            4
        }
        _ if DEEP.iter().any(|folder| below(folder)) => 3,
        // The project itself has the files that decide what runs.
        "." | "./" => 2,
        _ if path.starts_with("..") || path.starts_with("./..") => 2,
        _ if path.starts_with(['/', '~']) || has_expression(path) => 2,
        _ => 1,
    }
}

/// Whether a `user:` is root, or its group is.
pub fn is_root(user: &str) -> bool {
    let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
    identity::is_root(uid) || identity::is_root(gid) || uid.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;

    #[test]
    fn limits_are_compared_as_numbers_also_where_they_are_defaults() {
        let bound = |text: &str| bound(Some(&Node::string(text, Origin::CommandLine)));
        assert_eq!(bound("268435456"), Bound::At(268_435_456.0));
        assert_eq!(bound("${MEM:-256m}"), Bound::At(268_435_456.0));
        assert_eq!(bound("${MEM}"), Bound::Unknown);
        assert_eq!((bound("-1"), super::bound(None)), (Bound::None, Bound::None));
    }

    #[test]
    fn paths_reach_further_the_more_of_the_host_they_show() {
        let reaches: Vec<u8> =
            ["./state", ".", "../x", "~/x", "${X}", "/srv/x", "/etc/x", "/", "/run/docker.sock"]
                .map(reach)
                .to_vec();
        assert_eq!(reaches, [1, 2, 2, 2, 2, 2, 3, 4, 4]);
    }

    #[test]
    fn root_is_seen_in_every_spelling() {
        assert!(["0", "0:0", "root", "root:1", "1000:0", "00:1", ""].iter().all(|user| is_root(user)));
        assert!(["1", "10001:10001", "app", "image"].iter().all(|user| !is_root(user)));
    }
}
