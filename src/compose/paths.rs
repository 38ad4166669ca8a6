//! Relative paths against a directory.

use std::path::{Component, Path as FsPath, PathBuf};

use crate::yaml::{Node, Value};

use super::expression;
use super::table::{PathRule, Spec};

/// Where relative paths of one level resolve.
#[derive(Clone, Debug)]
pub struct Base<'a> {
    pub directory: &'a FsPath,
    /// For `~`.
    pub home: Option<&'a str>,
    /// Nothing of this host comes into a path: `~` stays, symlinks are not followed, and what begins with an
    /// expression stays as it is.
    pub written: bool,
}

/// Resolves every path below `node`.
pub fn resolve(node: &mut Node, spec: &Spec, base: &Base<'_>) {
    match &mut node.value {
        Value::Map(map) => {
            let is_bind = map.get("type").and_then(Node::as_str) == Some("bind");
            let is_bind_volume = map.get("driver").and_then(Node::as_str) == Some("local")
                && map.get("driver_opts").and_then(|opts| opts.get("o")).and_then(Node::as_str)
                    == Some("bind");
            for (key, child) in map.keyed_mut() {
                let Some((spec, _)) = spec.child_with_work(key).filter(|(_, work)| work.paths) else {
                    continue;
                };
                if spec.path == Some(PathRule::BindSource) && !is_bind {
                    continue;
                }
                if spec.path == Some(PathRule::VolumeDevice) {
                    if is_bind_volume && let Some(device) = child.get_mut("device") {
                        scalar(device, PathRule::Unix, base);
                    }
                    continue;
                }
                resolve(child, spec, base);
            }
        }
        Value::Seq(items) => {
            if let Some(spec) = spec.item().filter(|spec| spec.work().paths) {
                items.iter_mut().for_each(|item| resolve(item, spec, base));
            }
        }
        Value::String(_) => {
            if let Some(rule) = spec.path {
                scalar(node, rule, base);
            }
        }
        _ => {}
    }
}

fn scalar(node: &mut Node, rule: PathRule, base: &Base<'_>) {
    if let Value::String(text) = &mut node.value {
        *text = resolve_text(text, rule, base).into();
    }
}

/// One path by its rule.
pub fn resolve_text(text: &str, rule: PathRule, base: &Base<'_>) -> String {
    if base.written && (expression::begins(text) || text.starts_with('~')) {
        return text.to_owned();
    }
    match rule {
        PathRule::Watch if base.written => absolute(text, base),
        PathRule::Abs => absolute(text, base),
        PathRule::ExtendsFile if is_remote(text) => text.to_owned(),
        PathRule::ExtendsFile => absolute(text, base),
        PathRule::Context if is_remote_context(text) => text.to_owned(),
        PathRule::Context => absolute(text, base),
        PathRule::Unix | PathRule::BindSource | PathRule::VolumeDevice => unix(text, base),
        PathRule::Watch => watched(&absolute(text, base)),
    }
}

fn absolute(text: &str, base: &Base<'_>) -> String {
    let text = expand_home(text, base);
    if text.is_empty() || text.starts_with('/') {
        return text;
    }
    join(base.directory, &text)
}

fn unix(text: &str, base: &Base<'_>) -> String {
    let text = expand_home(text, base);
    if text.starts_with('/') || is_windows_absolute(&text) {
        return text;
    }
    join(base.directory, &text)
}

fn expand_home(text: &str, base: &Base<'_>) -> String {
    match (text.strip_prefix('~'), base.home) {
        (Some(rest), Some(home)) if !home.is_empty() => join(FsPath::new(home), rest.trim_start_matches('/')),
        _ => text.to_owned(),
    }
}

/// As Go's `filepath.Join`: joined and cleaned.
pub fn join(directory: &FsPath, text: &str) -> String {
    let directory = directory.to_string_lossy();
    if text.is_empty() { clean(&directory) } else { clean(&[&*directory, "/", text].concat()) }
}

/// As Go's `path.Clean`: `.` and `..` removed lexically.
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let rooted = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Whether an absolute path has nothing to remove; most are like that.
fn is_clean(text: &str) -> bool {
    let mut before = None;
    text.len() > 1
        && text.starts_with('/')
        && !text.ends_with(['/', '.'])
        && text.bytes().all(|byte| {
            let is_component = !(before == Some(b'/') && matches!(byte, b'/' | b'.'));
            before = Some(byte);
            is_component
        })
}

fn is_windows_absolute(text: &str) -> bool {
    let mut chars = text.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
    drive && chars.next().is_some_and(|c| c == '\\' || c == '/') || text.starts_with(r"\\")
}

fn is_remote_context(text: &str) -> bool {
    text.contains("://")
        || ["service:", "https://", "http://", "git://", "ssh://", "github.com/", "git@"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
}

/// Whether Compose would fetch this file from a Git repository or a registry.
pub fn is_remote(text: &str) -> bool {
    if text.starts_with("oci://") {
        return true;
    }
    if text.starts_with("./") || text.starts_with("../") || text.starts_with('/') {
        return false;
    }
    if text.starts_with("github.com/") || text.starts_with("git://") || text.starts_with("ssh://") {
        return true;
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        let bare = text.split(['?', '#']).next().unwrap_or(text);
        // As Compose compares it, with the case it was written in.
        return bare.strip_suffix(".git").is_some();
    }
    // The SCP form user@host:path.
    text.split_once(':').is_some_and(|(host, _)| {
        host.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !user.contains('/') && !host.contains('/')
        })
    })
}

/// Compose resolves the first symlink in a watched path, since the kernel reports the real one.
fn watched(text: &str) -> String {
    let path = FsPath::new(text);
    let mut at = PathBuf::new();
    let mut components = path.components();
    while let Some(component) = components.next() {
        at.push(component);
        if matches!(component, Component::Normal(_)) && at.is_symlink() {
            let Ok(real) = at.canonicalize() else { return text.to_owned() };
            return real.join(components.as_path()).to_string_lossy().trim_end_matches('/').to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (input, expected) in [
            ("/a/../b", "/b"),
            ("a/./b//c", "a/b/c"),
            ("../x", "../x"),
            ("", "."),
            ("/..", "/"),
            ("a/..", "."),
        ] {
            assert_eq!(clean(input), expected);
        }
    }

    #[test]
    fn remote_references_are_recognised() {
        for text in ["oci://x/y", "github.com/a/b", "https://x/y.git#main:sub", "git@host:repo"] {
            assert!(is_remote(text), "{text}");
        }
        for text in ["./a.git", "https://x/y", "gitlab.com/x/y.git", "a.git", "host:file.yaml"] {
            assert!(!is_remote(text), "{text}");
        }
    }
}
