//! The policy as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::policy::date::Date;
use crate::policy::{Posture, rules};
use crate::yaml::{is_old_boolean, reads_as_string};

use super::choose::Chosen;
use super::draft::{Draft, Made};
use super::seen::Seen;

/// For how many days a waiver holds that nobody reviewed.
pub(super) const DAYS: u16 = 180;

/// The policy of one attempt, without comments.
pub(super) fn bare(seen: &Seen<'_>, draft: &Draft) -> String {
    let mut text = format!("version: 1\n{}", draft.postures.text());
    users(&mut text, seen, draft, false);
    binds(&mut text, seen, draft, false);
    state(&mut text, seen, draft);
    waivers(&mut text, draft);
    text.push_str("...\n");
    text
}

/// The same with its reasons.
pub(super) fn write(seen: &Seen<'_>, chosen: &Chosen) -> String {
    let draft = &chosen.settled.draft;
    let mut text = format!(
        "# Written by `seaworthy init` on {}, and yours from now on: change what you know better.\n\
         # Who runs, what may be written where, and which exceptions are made. The last line, `...`, shows that\n\
         # the file is whole.\n\
         version: 1\n\n",
        Date::today()
    );
    posture(&mut text, chosen);
    text.push('\n');
    comment(&mut text, "", "Who services run as: `image` is the image's own user, numbers are UID:GID.");
    users(&mut text, seen, draft, true);
    if !draft.roots.is_empty() || !draft.create.is_empty() {
        text.push('\n');
    }
    binds(&mut text, seen, draft, true);
    if !draft.shared.is_empty() {
        text.push('\n');
        comment(
            &mut text,
            "",
            "Services with different users write these; access control lists let each of them.",
        );
        state(&mut text, seen, draft);
    }
    if !draft.waivers.is_empty() {
        text.push('\n');
        comment(
            &mut text,
            "",
            "Exceptions for what the project has today. Review each: write the reason, or change the project and \
             remove it. After its day an exception no longer holds, and `check` says so.",
        );
        waivers(&mut text, draft);
    }
    text.push_str("...\n");
    text
}

fn posture(text: &mut String, chosen: &Chosen) {
    let postures = &chosen.settled.draft.postures;
    for (next, why) in &chosen.kept {
        let what = match next {
            Posture::Contained if why.contains_key("egress") => {
                "`contained` would leave no way out of the project's networks:".to_owned()
            }
            _ if postures.others.is_empty() => format!("What keeps the project from `{next}`:"),
            _ => format!("What keeps services from `{next}`:"),
        };
        comment(text, "", &what);
        for (rule, places) in why {
            let mut places = places.clone();
            places.dedup();
            comment(text, "", &format!("- {rule}: {}", places.join(", ")));
        }
    }
    text.push_str(&postures.text());
}

fn users(text: &mut String, seen: &Seen<'_>, draft: &Draft, explained: bool) {
    if seen.host.gives_user && draft.users.is_empty() {
        return;
    }
    text.push_str("user:\n");
    if !seen.host.gives_user {
        text.push_str("  default: image\n");
    }
    if !draft.users.is_empty() {
        text.push_str("  services:\n");
    }
    for (name, user) in &draft.users {
        let _ = write!(text, "    {}: \"{}\"", scalar(name), user.owner);
        if explained {
            let _ = write!(text, "  # {}", plain(&user.why));
        }
        text.push('\n');
    }
    if !explained {
        return;
    }
    // Services with the same answer share a line.
    let mut stories: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for service in seen.services.iter().filter(|service| !draft.users.contains_key(&service.name)) {
        stories.entry(service.story()).or_default().push(&service.name);
    }
    for (story, names) in stories {
        comment(text, "  ", &format!("{}: {story}", names.join(", ")));
    }
}

fn binds(text: &mut String, seen: &Seen<'_>, draft: &Draft, explained: bool) {
    if draft.roots.is_empty() && draft.create.is_empty() {
        return;
    }
    if explained && !draft.roots.is_empty() {
        comment(text, "", "The only places in which seaworthy may create directories and own them.");
    }
    text.push_str("binds:\n");
    if !draft.roots.is_empty() {
        let roots: Vec<String> = draft.roots.iter().map(|root| scalar(&seen.written(root))).collect();
        let _ = writeln!(text, "  roots: [{}]", roots.join(", "));
    }
    if !draft.create.is_empty() {
        if explained {
            comment(
                text,
                "  ",
                "Missing, and made by name: files empty, directories for whom they are meant.",
            );
        }
        text.push_str("  create:\n");
    }
    for (path, missing) in &draft.create {
        let kind = match missing.made {
            Made::File => "kind: file".to_owned(),
            Made::OfTheHost => "kind: dir, mode: \"0755\", owner: \"0:0\"".to_owned(),
            Made::For(owner) => format!("kind: dir, owner: \"{owner}\""),
        };
        let _ = write!(text, "    - {{ path: {}, {kind} }}", scalar(&seen.written(path)));
        if explained {
            let _ = write!(text, "  # {} mounts it", plain(&missing.service));
        }
        text.push('\n');
    }
}

fn state(text: &mut String, seen: &Seen<'_>, draft: &Draft) {
    if draft.shared.is_empty() {
        return;
    }
    text.push_str("state:\n");
    for path in &draft.shared {
        let _ = writeln!(text, "  - {{ path: {}, strategy: acl }}", scalar(&seen.written(path)));
    }
}

fn waivers(text: &mut String, draft: &Draft) {
    if draft.waivers.is_empty() {
        return;
    }
    let (today, expires) = (Date::today(), Date::in_days(DAYS));
    text.push_str("waivers:\n");
    for ((service, rule), allow) in &draft.waivers {
        let has_values = rules::find(rule).is_some_and(|rule| rule.allow != rules::Allow::Nothing);
        // `entrypoint`, then the capabilities that go with it.
        let (capitals, words): (Vec<&String>, Vec<&String>) =
            allow.iter().partition(|value| value.starts_with(|c: char| c.is_ascii_uppercase()));
        let allow: Vec<String> = words.into_iter().chain(capitals).map(|value| quoted(value)).collect();
        let allow = if has_values { format!("allow: [{}], ", allow.join(", ")) } else { String::new() };
        let _ = writeln!(
            text,
            "  - {{ service: {}, rule: {rule}, {allow}reason: \"there on {today}, not reviewed\", expires: {expires} }}",
            scalar(service)
        );
    }
}

/// A line of comment, or several.
fn comment(text: &mut String, indent: &str, words: &str) {
    let options = textwrap::Options::new(116).break_words(false);
    for line in textwrap::wrap(&plain(words), options) {
        let _ = writeln!(text, "{indent}# {line}");
    }
}

/// Without what would end a comment, or hide in one.
fn plain(words: &str) -> String {
    words
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { '?' } else { c })
        .collect()
}

/// A text in a list or a mapping of one line.
pub(super) fn scalar(text: &str) -> String {
    let means_nothing = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let begins = text
        .as_bytes()
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'.' | b'~'));
    let rest = text.strip_prefix('~').unwrap_or(text);
    let is_plain = begins
        && rest.bytes().all(means_nothing)
        && reads_as_string(text)
        && !is_old_boolean(text)
        && text != "...";
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// In double quotes, as JSON has it, which YAML reads alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::{SourceFile, SourceMap};

    #[test]
    fn texts_read_back_as_they_were() {
        for text in [
            "web", "1", "0x1", "no", "true", "~", "~/a", ".", "...", "./a b", "a: b", "a#b", "\"", "a\nb",
            "é", "- a", ".5", "null",
        ] {
            let written = format!("[{}]\n...\n", scalar(text));
            let file = SourceMap::default().add(SourceFile::new("a", Path::new("/a"), written.as_str()));
            let documents = crate::yaml::parse(file, &written, crate::yaml::Limits::default()).unwrap();
            let read = documents[0].root.as_seq().unwrap()[0].as_str().map(str::to_owned);
            assert_eq!(read.as_deref(), Some(text), "{written}");
        }
    }

    #[test]
    fn no_text_gets_out_of_a_comment() {
        let mut text = String::new();
        comment(&mut text, "  ", "a\n...\nb\u{2028}c");
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("  # a"));
    }
}
