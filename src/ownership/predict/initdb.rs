//! `initdb`, which makes the database of `PostgreSQL` and needs a name for its user.
//!
//! It asks the passwd of the image for its number and ends where that is not in it. It runs only where there is no
//! database yet: a server whose database is there does with a bare number.

use std::fs;
use std::io::ErrorKind;

use crate::diagnostic::Finding;
use crate::host::Owner;
use crate::model::place::{self, Means, Place, lies_in};
use crate::ownership::Images;
use crate::ownership::bind::Outcome;
use crate::ownership::volume::MadeBy;

use super::{Question, Subject, entry, switch};

/// The function of `PostgreSQL`'s own entrypoint that calls it, for the server and for nothing else.
const KNOWN: &str = "docker_init_database_dir";

/// Words with which that entrypoint makes no database.
const ASKING: &[&str] = &["-?", "--help", "--describe-config", "-V", "--version"];

/// A library with which that entrypoint makes up a name.
const WRAPPER: &str = "libnss_wrapper.so";

/// The content of a directory when the service starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    None,
    Some,
    Unknown,
}

pub(super) fn predict(subject: &Subject<'_>, question: &Question<'_>, findings: &mut Vec<Finding>) {
    let Some(user) = subject.user.filter(|user| user.owner.uid != 0) else { return };
    let images = question.images;
    // A passwd of the service's own has whom it has.
    let is_named = |passwd: &str| {
        place::of_service(&subject.model.root, subject.service).iter().any(|place| place.holds(passwd))
    };
    if question.names_users || is_named("/etc/passwd") || subject.variable("NSS_WRAPPER_PASSWD").is_some() {
        return;
    }
    let resolved = images.resolve(&subject.image_name, Some(&user.owner.uid.to_string())).known();
    if !matches!(resolved, Some(Ok(resolved)) if resolved.name.is_none()) {
        return;
    }
    let Some(looked) = entry::look(subject, images).known() else { return };
    let Some((path, text)) = looked.scripts().find(|(_, text)| calls(text)) else { return };
    if text.contains(WRAPPER) && has_wrapper(subject, images) {
        return;
    }
    let directory =
        subject.variable("PGDATA").filter(|path| path.starts_with('/')).map(|path| place::clean(&path));
    let data = directory.as_deref().map_or(Data::Unknown, |path| data(subject, question, path));
    if data == Data::Some {
        return;
    }
    let (entrypoint, command) = subject.words();
    let words: Vec<&String> =
        entrypoint.iter().chain(&command).skip_while(|word| !path.ends_with(word.as_str())).skip(1).collect();
    let serves = words.first().is_some_and(|word| word.as_str() == "postgres" || word.starts_with('-'))
        && !words.iter().any(|word| ASKING.contains(&word.as_str()));
    let is_certain = data == Data::None && text.contains(KNOWN) && serves;
    let at = directory.map(|path| format!(" in {path}")).unwrap_or_default();
    let what = format!(
        "{}, whom the image's passwd does not name, and initdb ({path}) needs a name to make the database{at}",
        subject.runs_as()
    );
    let account = switch::of_script(&text).and_then(|found| found.account);
    let known = account.and_then(|account| {
        let user = images.resolve(&subject.image_name, Some(&account)).known()?.ok()?;
        (user.uid != 0).then(|| (account, Owner::new(user.uid, user.gid)))
    });
    let help = match known {
        Some((account, owner)) => format!(
            "Run it as {account} of its image: `user: {{ services: {{ {}: \"{owner}\" }} }}`.",
            subject.name
        ),
        None => {
            "Run it as a user of the image's passwd, or mount an /etc/passwd that names this one.".to_owned()
        }
    };
    let finding = if is_certain { subject.error(&what) } else { subject.warning(&what) };
    findings.push(finding.at_origin(subject.origin, "this user").help(help));
}

/// Whether a script has `initdb` as a command.
fn calls(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split([';', '|', '&', '(', '`'])).any(|piece| {
        let mut words = piece.split_whitespace().map(|word| word.trim_matches(['\'', '"', ')']));
        words.find(|word| !matches!(*word, "exec" | "then" | "else" | "do" | "if" | "!" | "command" | "eval"))
            == Some("initdb")
    })
}

/// Whether the image has the library at one of the places where that entrypoint looks.
fn has_wrapper(subject: &Subject<'_>, images: &dyn Images) -> bool {
    let machine = match subject.image.architecture.as_str() {
        "amd64" => "x86_64-linux-gnu",
        "arm64" => "aarch64-linux-gnu",
        "arm" => "arm-linux-gnueabihf",
        "386" => "i386-linux-gnu",
        "ppc64le" => "powerpc64le-linux-gnu",
        "riscv64" => "riscv64-linux-gnu",
        "s390x" => "s390x-linux-gnu",
        // Nobody knows where it is.
        _ => return true,
    };
    let places =
        ["", "/usr"].map(|root| [format!("{root}/lib/{WRAPPER}"), format!("{root}/lib/{machine}/{WRAPPER}")]);
    match images.files(&subject.image_name, &places.concat()).known() {
        Some(found) => found.iter().any(Option::is_some),
        None => true,
    }
}

/// Whether a directory of the container has something in it already.
fn data(subject: &Subject<'_>, question: &Question<'_>, path: &str) -> Data {
    let places = place::of_service(&subject.model.root, subject.service);
    let above = places.iter().filter(|place| place.holds(path));
    let Some(place) = above.max_by_key(|place| place.target.len()) else { return Data::Unknown };
    match place.means {
        Means::Tmpfs => Data::None,
        Means::Volume => in_volume(subject, question, place),
        Means::Bind => in_bind(subject, question, place, path),
        Means::Other | Means::Copied => Data::Unknown,
    }
}

fn in_volume(subject: &Subject<'_>, question: &Question<'_>, place: &Place<'_>) -> Data {
    let is_it = |target: &str| place::clean(target) == place.target;
    let found =
        question.volumes.iter().find(|volume| volume.service == subject.name && is_it(&volume.target));
    match found {
        Some(volume) if volume.is_fresh() && volume.made_by != (MadeBy::Image { is_filled: true }) => {
            Data::None
        }
        _ => Data::Unknown,
    }
}

fn in_bind(subject: &Subject<'_>, question: &Question<'_>, place: &Place<'_>, path: &str) -> Data {
    let is_it = |target: &str| place::clean(target) == place.target;
    let found = question.binds.iter().find(|bind| bind.service == subject.name && is_it(&bind.target));
    let Some(bind) = found else { return Data::Unknown };
    if matches!(bind.outcome, Outcome::Create(_)) {
        return Data::None;
    }
    if !matches!(bind.outcome, Outcome::Present) {
        return Data::Unknown;
    }
    debug_assert!(lies_in(path, &place.target));
    let below = path.get(place.target.len()..).unwrap_or_default().trim_start_matches('/');
    match fs::read_dir(bind.source.join(below)).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Data::None,
        Ok(false) => Data::Some,
        Err(error) if error.kind() == ErrorKind::NotFound => Data::None,
        Err(_) => Data::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::found;
    use super::calls;
    use crate::diagnostic::{Finding, Severity};
    use crate::engine::{Image, ImageEntry};
    use crate::host::{Kind, Owner};
    use crate::ownership::images::fake::Fake;

    /// In the form of `PostgreSQL`'s own.
    const ENTRY: &str = "#!/bin/bash\ndocker_init_database_dir() {\n  eval 'initdb --username=x'\n}\n_main() {\n  if [ \"$(id -u)\" = '0' ]; then\n    exec gosu app \"$0\" \"$@\"\n  fi\n  docker_init_database_dir\n}\n_main \"$@\"\n";

    fn findings(text: &str, extra: &'static [&str], fields: &str) -> Vec<Finding> {
        let file = |text: &str| ImageEntry {
            kind: Kind::File,
            owner: Owner::new(0, 0),
            mode: 0o755,
            is_filled: false,
            content: Some(text.as_bytes().to_vec()),
        };
        let says = Image {
            entrypoint: vec!["/entry.sh".into()],
            cmd: vec!["postgres".into()],
            env: vec!["PGDATA=/data/pg".into()],
            architecture: "arm64".into(),
            ..Image::default()
        };
        let mut content = BTreeMap::from([("/entry.sh", file(text))]);
        content.extend(extra.iter().map(|path| (*path, file(""))));
        let passwd = "root:x:0:0::/:\napp:x:70:71::/:\n";
        let found = found(fields, Fake { passwd, says, content, ..Fake::default() }, [None; 2]);
        found.into_iter().filter(|finding| finding.message.contains("initdb")).collect()
    }

    fn said(fields: &str) -> Vec<Severity> {
        findings(ENTRY, &[], fields).iter().map(|finding| finding.severity).collect()
    }

    const NEW: &str = "tmpfs: [/data]";

    #[test]
    fn a_user_without_a_name_makes_no_database() {
        let found = findings(ENTRY, &[], &format!("user: '5:5', {NEW}")).remove(0);
        assert_eq!(
            found.message,
            "service `a` runs as 5:5, whom the image's passwd does not name, and initdb (/entry.sh) needs a name to make \
             the database in /data/pg"
        );
        assert_eq!(found.severity, Severity::Error);
        assert_eq!(
            found.help.unwrap(),
            "Run it as app of its image: `user: { services: { a: \"70:71\" } }`."
        );
    }

    #[test]
    fn a_name_from_anywhere_is_enough() {
        for fields in [
            "user: '70:71'",
            "user: '70:5'",
            "user: '0:0'",
            "user: '5:5', volumes: [{type: bind, source: /x, target: /etc/passwd}]",
            "user: '5:5', environment: {NSS_WRAPPER_PASSWD: /x}",
        ] {
            assert_eq!(said(&format!("{fields}, {NEW}")), [], "{fields}");
        }
        let wrapped = format!("{ENTRY}for one in {{/usr,}}/lib{{/*,}}/libnss_wrapper.so; do :; done\n");
        let fields = format!("user: '5:5', {NEW}");
        let count = |extra| findings(&wrapped, extra, &fields).len();
        assert_eq!(count(&["/usr/lib/aarch64-linux-gnu/libnss_wrapper.so"]), 0);
        assert_eq!(count(&["/usr/lib/x86_64-linux-gnu/libnss_wrapper.so"]), 1, "another machine's");
    }

    #[test]
    fn what_may_not_come_to_it_is_a_warning() {
        let warned = [Severity::Warning];
        assert_eq!(said("user: '5:5'"), warned, "a database may be there");
        assert_eq!(said(&format!("user: '5:5', {NEW}, command: [sh]")), warned);
        assert_eq!(said(&format!("user: '5:5', {NEW}, command: [postgres, --version]")), warned);
        assert_eq!(said(&format!("user: '5:5', {NEW}, command: ['-c', 'fsync=off']")), [Severity::Error]);
        let other = findings("#!/bin/sh\n[ -e /x ] || initdb /data\n", &[], &format!("user: '5:5', {NEW}"));
        assert_eq!(other[0].severity, Severity::Warning, "a script that nobody knows");
    }

    #[test]
    fn it_is_a_command_and_not_a_word() {
        assert!(calls("set -e; exec initdb -D /x") && calls("  eval 'initdb --x'") && calls("x=$(initdb)"));
        assert!(!calls("# initdb") && !calls("echo initdb") && !calls("mkdir /initdb.d"));
    }
}
