//! The first program: whether its user may run it, and whether it wants to become somebody else.

use crate::diagnostic::Finding;
use crate::engine::{Answer, ImageEntry};
use crate::host::Kind;
use crate::model::program::is_shell;
use crate::model::security::gains_no_privileges;
use crate::ownership::Images;
use crate::policy::rules::user;

use super::{Question, Subject, start, switch};

/// How many words of an entrypoint are looked up: launchers come first, then what they launch.
const WORDS: usize = 4;

pub(super) fn predict(subject: &Subject<'_>, question: &Question<'_>, findings: &mut Vec<Finding>) {
    let images = question.images;
    let Some(user) = subject.user else { return };
    let (entrypoint, command) = subject.words();
    let all: Vec<String> = entrypoint.iter().chain(&command).cloned().collect();
    let origin = ["entrypoint", "command"].iter().find_map(|key| subject.service.get(key));
    let origin = origin.map_or(subject.origin, |node| node.origin);

    if let Some(text) = script(&all) {
        let found = switch::of_script(text);
        let finding = found.and_then(|found| refused(subject, question, &found, "its command", &[]));
        findings.extend(finding.map(|finding| finding.at_origin(origin, "here")));
    }
    if let Some(found) = switch::of_words(&all) {
        let finding = refused(subject, question, &found, "its command", &[]);
        findings.extend(finding.map(|finding| finding.at_origin(origin, "here")));
    }
    // Looking costs a container; root that may become anybody has nothing to fear.
    if user.owner.uid == 0 && ["SETUID", "SETGID"].iter().all(|name| subject.has(name) == Some(true)) {
        return;
    }
    let Some(looked) = look(subject, images).known() else { return };
    let Looked { words, search, found } = looked;
    for (at, word) in words.iter().enumerate() {
        let candidates = places(word, &search);
        let Some((path, entry)) = found.iter().find(|(path, _)| candidates.contains(path)) else { continue };
        if at == 0
            && entry.kind == Kind::File
            && !may_run(entry, user.owner.uid, user.owner.gid, &user.supplementary)
        {
            let what = format!(
                "{} and cannot run {path}, which the image gives to {} with mode {:04o}",
                subject.runs_as(),
                entry.owner,
                entry.mode
            );
            findings.push(subject.warning(&what).at_origin(subject.origin, "this user").help(
                "Give the service the image's own user, or build an image in which everybody may run it.",
            ));
        }
        let text = entry.content.as_deref().filter(|bytes| bytes.starts_with(b"#!"));
        if let Some(text) = text.map(String::from_utf8_lossy) {
            let behind = all.iter().position(|one| one == word).map_or(0, |at| at + 1);
            let behind = all.get(behind..).unwrap_or_default();
            let finding = if start::is_supervisor(path, &text) {
                supervised(subject, question, path)
            } else {
                switch::of_script(&text).and_then(|found| refused(subject, question, &found, path, behind))
            };
            findings.extend(finding.map(|finding| finding.at_origin(subject.origin, "this user")));
        }
    }
}

/// The first words of what is run, and what the image has of them.
pub(super) struct Looked {
    words: Vec<String>,
    search: String,
    found: Vec<(String, ImageEntry)>,
}

/// Looks up what is run first.
pub(super) fn look(subject: &Subject<'_>, images: &dyn Images) -> Answer<Looked> {
    let (entrypoint, command) = subject.words();
    let list = if entrypoint.is_empty() { command } else { entrypoint };
    let words: Vec<String> = list
        .into_iter()
        .filter(|word| !word.starts_with('-') && !word.contains(char::is_whitespace))
        .take(WORDS)
        .collect();
    let search = subject.variable("PATH").unwrap_or_default();
    let paths: Vec<String> = words.iter().flat_map(|word| places(word, &search)).collect();
    images.files(&subject.image_name, &paths).map(|entries| {
        let found = paths.into_iter().zip(entries).filter_map(|(path, entry)| Some((path, entry?))).collect();
        Looked { words, search, found }
    })
}

impl Looked {
    /// The scripts among them, with their texts.
    pub fn scripts(&self) -> impl Iterator<Item = (&str, String)> {
        self.found.iter().filter_map(|(path, entry)| {
            let text = entry.content.as_deref().filter(|bytes| bytes.starts_with(b"#!"))?;
            Some((path.as_str(), String::from_utf8_lossy(text).into_owned()))
        })
    }
}

/// Where a program of this name may be.
fn places(word: &str, search: &str) -> Vec<String> {
    if word.starts_with('/') {
        return vec![word.to_owned()];
    }
    if word.contains('/') {
        return Vec::new();
    }
    let search = if search.is_empty() {
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    } else {
        search
    };
    search
        .split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| format!("{folder}/{word}"))
        .collect()
}

/// The text that a shell is given to run.
pub(super) fn script(words: &[String]) -> Option<&str> {
    let at = words.iter().position(|word| is_shell(word))?;
    let rest = words.get(at + 1..)?;
    let flag = rest
        .iter()
        .position(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('c'))?;
    rest.get(flag + 1).map(String::as_str)
}

/// A finding where switching users fails; `behind` are the words behind the script.
fn refused(
    subject: &Subject<'_>,
    question: &Question<'_>,
    found: &switch::Switch,
    place: &str,
    behind: &[String],
) -> Option<Finding> {
    let user = subject.user?;
    let by = found.by;
    let is_certain = |is_root| found.reach.as_ref().is_some_and(|reach| reach.is_certain(is_root, behind));
    let (what, is_certain) = if user.owner.uid == 0 {
        let missing = subject.missing(&["SETUID", "SETGID"])?;
        let what =
            format!("{} without {missing}, and {place} switches to another user by {by}", subject.runs_as());
        (what, is_certain(true))
    } else if found.asks {
        // It leaves out the switching where it is not root.
        return None;
    } else {
        let what = format!(
            "{}, and {place} switches to another user by {by}, which only root can",
            subject.runs_as()
        );
        (what, is_certain(false))
    };
    let account = found.account.as_deref();
    let becomes = account.and_then(|account| {
        let user = question.images.resolve(&subject.image_name, Some(account)).known()?.ok()?;
        Some(format!("{}:{}", user.uid, user.gid)).filter(|_| user.uid != 0 && found.asks)
    });
    let help = match becomes {
        Some(numbers) => {
            let or =
                if user.owner.uid == 0 { format!(" Or: {}", give(subject, question)) } else { String::new() };
            format!(
                "Run it as the user that it would switch to, and it leaves that out: \
                 `user: {{ services: {{ {}: \"{numbers}\" }} }}`.{or}",
                subject.name
            )
        }
        None if user.owner.uid == 0 => give(subject, question),
        None => {
            "Run it as the user that it would switch to, by an entrypoint that does not switch, or as root."
                .to_owned()
        }
    };
    let finding = if is_certain { subject.error(&what) } else { subject.warning(&what) };
    Some(finding.help(help))
}

/// The way to the capabilities with which root becomes another user.
fn give(subject: &Subject<'_>, question: &Question<'_>) -> String {
    let more = start::needs(question, subject.name, subject.service).unwrap_or_default();
    if question.waivable.iter().any(|name| name == subject.name) {
        let allow: Vec<&str> = [user::ENTRYPOINT].into_iter().chain(more).collect();
        return format!(
            "Give root what the change takes by a waiver: `{{ service: {}, rule: user-root, allow: [{}], reason: … }}`.",
            subject.name,
            allow.join(", ")
        );
    }
    let add: Vec<&str> = user::SWITCH.into_iter().chain(more).collect();
    format!("Write `cap_add: [{}]` in the service.", add.join(", "))
}

/// A finding where s6 lacks a privilege: it begins as root, takes `/run`, and gives each service its user.
fn supervised(subject: &Subject<'_>, question: &Question<'_>, place: &str) -> Option<Finding> {
    let user = subject.user?;
    if user.owner.uid == 0 {
        let missing = subject.missing(&["CHOWN", "SETUID", "SETGID"])?;
        let what = format!(
            "{} without {missing}, and s6 ({place}) gives its services users of their own",
            subject.runs_as()
        );
        return Some(subject.warning(&what).help(give(subject, question)));
    }
    // A program with the bit of root's owner helps it otherwise.
    if !gains_no_privileges(subject.service) || subject.mounts_at("/run") {
        return None;
    }
    let what = format!(
        "{} and can gain no privileges, and s6 ({place}) needs root for /run before anything starts",
        subject.runs_as()
    );
    let help = format!(
        "Leave the user to the image: `user: {{ services: {{ {name}: image }} }}`, where the posture has the rule \
         user-root with the waiver `{{ service: {name}, rule: user-root, allow: [entrypoint, DAC_OVERRIDE, FOWNER, \
         KILL], reason: … }}`; or use an image without s6.",
        name = subject.name
    );
    Some(subject.error(&what).help(help))
}

/// As the kernel decides it. Root needs the bit of anybody; a script has to be read as well.
fn may_run(entry: &ImageEntry, uid: u32, gid: u32, groups: &[u32]) -> bool {
    if uid == 0 {
        return entry.mode & 0o111 != 0;
    }
    let shift = if entry.owner.uid == uid {
        6
    } else if entry.owner.gid == gid || groups.contains(&entry.owner.gid) {
        3
    } else {
        0
    };
    let is_script = entry.content.as_deref().is_some_and(|bytes| bytes.starts_with(b"#!"));
    let needed = if is_script { 0o5 } else { 0o1 };
    (entry.mode >> shift) & needed == needed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::found;
    use super::{places, script};
    use crate::diagnostic::{Finding, Severity};
    use crate::engine::{Image, ImageEntry};
    use crate::host::{Kind, Owner};
    use crate::ownership::images::fake::Fake;

    fn file(text: &str, mode: u32) -> ImageEntry {
        ImageEntry {
            kind: Kind::File,
            owner: Owner::new(0, 0),
            mode,
            is_filled: false,
            content: Some(text.as_bytes().to_vec()),
        }
    }

    /// Messages about an image whose entrypoint has this text and mode.
    fn said(text: &str, mode: u32, fields: &str) -> Vec<String> {
        findings(text, mode, fields).into_iter().map(|finding| finding.message).collect()
    }

    /// Whether each finding says that the service cannot start.
    fn is_certain(text: &str, fields: &str) -> Vec<bool> {
        findings(text, 0o755, fields).iter().map(|finding| finding.severity == Severity::Error).collect()
    }

    fn findings(text: &str, mode: u32, fields: &str) -> Vec<Finding> {
        let entry = file(text, mode);
        let says = Image {
            entrypoint: vec!["docker-entrypoint.sh".into()],
            cmd: vec!["postgres".into()],
            env: vec!["PATH=/usr/local/bin:/bin".into()],
            ..Image::default()
        };
        let content = BTreeMap::from([("/usr/local/bin/docker-entrypoint.sh", entry)]);
        let passwd = "root:x:0:0::/:\napp:x:70:71::/:\n";
        found(fields, Fake { passwd, says, content, ..Fake::default() }, [None; 2])
    }

    /// Findings about an image that begins with s6.
    fn supervised(fields: &str) -> Vec<(Severity, String)> {
        let says = Image { entrypoint: vec!["/init".into()], ..Image::default() };
        let content = BTreeMap::from([("/init", file("#!/bin/sh\nexec s6-overlay-suexec x\n", 0o755))]);
        let found = found(fields, Fake { says, content, ..Fake::default() }, [None; 2]);
        found.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    #[test]
    fn s6_needs_root_until_its_services_run() {
        const GUARDED: &str = "security_opt: ['no-new-privileges:true']";
        let only = |fields: &str| match supervised(fields).as_slice() {
            [one] => one.clone(),
            other => panic!("{other:?}"),
        };
        let (severity, message) = only(&format!("user: '1:1', {GUARDED}"));
        assert_eq!(severity, Severity::Error);
        assert_eq!(
            message,
            "service `a` runs as 1:1 and can gain no privileges, and s6 (/init) needs root for /run before anything starts"
        );
        assert_eq!(supervised("user: '1:1'"), [], "its own program with the bit of root helps it");
        assert_eq!(supervised(&format!("user: '1:1', tmpfs: ['/run:uid=1'], {GUARDED}")), []);
        assert_eq!(supervised(&format!("user: '0:0', {GUARDED}")), []);
        let (severity, message) = only("user: '0:0', cap_drop: [ALL]");
        assert_eq!(severity, Severity::Warning);
        assert!(message.contains("without CHOWN, SETUID and SETGID, and s6 (/init) gives"), "{message}");
    }

    #[test]
    fn what_is_certain_is_an_error() {
        let root = "user: '0:0', cap_drop: [ALL]";
        assert_eq!(is_certain(ASKING, root), [true]);
        let script = |command: &str| {
            let asking = ASKING.trim_start_matches("#!/bin/bash\n");
            let script = format!("#!/bin/sh\nif [ \"$1\" = 'postgres' ]; then\n{asking}fi\n");
            let flags = "if [ \"${1#-}\" != \"$1\" ]; then\n  set -- postgres \"$@\"\nfi\n";
            let script = script.replacen("#!/bin/sh\n", &format!("#!/bin/sh\n{flags}"), 1);
            is_certain(&script, &format!("{root}, command: [{command}]"))
        };
        assert_eq!((script("postgres"), script("-h"), script("sh")), (vec![true], vec![true], vec![false]));
        assert_eq!(is_certain(PLAIN, "user: '5:5'"), [true], "nothing comes before it");
        assert_eq!(
            is_certain(&PLAIN.replace("exec", "if [ -n \"$DROP\" ]; then\nexec"), "user: '5:5'"),
            [false],
            "it may be left out"
        );
        let help = findings(ASKING, 0o755, root).remove(0).help;
        assert!(format!("{help:?}").contains("user: { services: { a: \\\"70:71\\\" } }"), "{help:?}");
    }

    const PLAIN: &str = "#!/bin/sh\n# gosu is used below\nset -e\nexec gosu app \"$@\"\n";
    const ASKING: &str = "#!/bin/bash\nif [ \"$(id -u)\" = '0' ]; then\n  chown app /data; exec su-exec app \"$0\" \"$@\"\nfi\nexec \"$@\"\n";

    #[test]
    fn an_entrypoint_that_switches_users_needs_root_and_its_capabilities() {
        assert_eq!(
            said(PLAIN, 0o755, "user: '10001:10001'"),
            [
                "service `a` runs as 10001:10001, and /usr/local/bin/docker-entrypoint.sh switches to another user by gosu, which only root can"
            ]
        );
        assert_eq!(said(PLAIN, 0o755, "user: '0:0'"), [""; 0]);
        assert_eq!(said(ASKING, 0o755, "user: '10001:10001'"), [""; 0], "it asks who it is");
        assert_eq!(
            said(ASKING, 0o755, "user: '0:0', cap_drop: [ALL], cap_add: [SETGID]"),
            [
                "service `a` runs as 0:0 without SETUID, and /usr/local/bin/docker-entrypoint.sh switches to another user by su-exec"
            ]
        );
        assert_eq!(said("#!/bin/sh\necho gosu; exec \"$@\"\n", 0o755, "user: '1:1'"), [""; 0], "only named");
        assert_eq!(said(PLAIN, 0o755, "user: '1:1', entrypoint: [serve]"), [""; 0], "not run at all");
    }

    #[test]
    fn commands_of_the_service_s_own_are_read_too() {
        let command = |words: &str| said("", 0o755, &format!("user: '1:1', entrypoint: [{words}]")).len();
        assert_eq!(command("gosu, app, serve"), 1);
        assert_eq!(command("/sbin/tini, --, gosu, app, serve"), 1);
        assert_eq!(command("sh, -c, 'true && su app -c serve'"), 1);
        assert_eq!(command("sh, -c, 'echo su'"), 0);
        assert_eq!(command("setpriv, --no-new-privs, serve"), 0);
        assert_eq!(command("setpriv, '--reuid=5', serve") + command("chpst, -u, app, serve"), 2);
    }

    #[test]
    fn a_first_program_that_the_user_may_not_run_is_known() {
        let script = "#!/bin/sh\n";
        for (mode, fields, expected) in [
            (0o700, "user: '1:1'", 1),
            (0o711, "user: '1:1'", 1),
            (0o755, "user: '1:1'", 0),
            (0o750, "user: '1:0'", 0),
            (0o700, "user: '0:0'", 0),
            (0o600, "user: '0:0', cap_drop: [ALL]", 1),
        ] {
            assert_eq!(said(script, mode, fields).len(), expected, "{mode:o} {fields}");
        }
        assert_eq!(said("\x7fELF", 0o711, "user: '1:1'"), [""; 0], "a program need not be read");
    }

    #[test]
    fn programs_and_scripts_are_found_where_the_engine_finds_them() {
        assert_eq!(places("x", "/a:/b:rel"), ["/a/x", "/b/x"]);
        assert_eq!(places("/x/y", "/a"), ["/x/y"]);
        assert!(places("./x", "/a").is_empty());
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(script(&words(&["/bin/sh", "-ec", "run"])), Some("run"));
        assert_eq!(script(&words(&["tini", "--", "bash", "-l", "-c", "run"])), Some("run"));
        assert_eq!(script(&words(&["sh", "run.sh"])), None);
    }
}
