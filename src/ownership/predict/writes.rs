//! Places that a service certainly writes, in a root file system that cannot be written.

use std::collections::BTreeSet;
use std::path::Path;

use crate::diagnostic::Finding;
use crate::model::program;
use crate::ownership::home::{read_only, writable};
use crate::yaml::Node;

use super::Subject;

/// Variables whose directory programs write to.
const VARIABLES: &[&str] = &[
    "CARGO_HOME",
    "GOCACHE",
    "PGDATA",
    "PIP_CACHE_DIR",
    "PYTHONPYCACHEPREFIX",
    "TEMP",
    "TMP",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "npm_config_cache",
];

/// Flags that name a file or directory that is written.
const FLAGS: &[&str] = &[
    "--cache-dir",
    "--data-dir",
    "--datadir",
    "--dbpath",
    "--log-dir",
    "--log-file",
    "--logfile",
    "--pid-file",
    "--pidfile",
];

pub(super) fn predict(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if !read_only(subject.service) {
        return;
    }
    let mut said = BTreeSet::new();
    let mut say = |path: &str, by: &str, node: Option<&Node>| {
        // An image's own volumes are made anew, and can be written.
        let in_volume = subject.image.volumes.iter().any(|volume| Path::new(path).starts_with(volume));
        let by_engine = ["/dev", "/proc"].iter().any(|place| Path::new(path).starts_with(place));
        if in_volume || by_engine || writable(subject.service, path) || !said.insert(path.to_owned()) {
            return;
        }
        let what = format!("writes {path} ({by}), in a read-only root filesystem");
        let origin = node.map_or(subject.origin, |node| node.origin);
        findings.push(
            subject
                .warning(&what)
                .at_origin(origin, "here")
                .help("Mount something there that can be written: a bind source, a volume, or a tmpfs."),
        );
    };
    for name in VARIABLES {
        if let Some(path) = subject.variable(name).filter(|path| path.starts_with('/')) {
            say(&path, name, program::ENVIRONMENT.entry(subject.service, name));
        }
    }
    let (entrypoint, command) = subject.words();
    let node = program::COMMAND.node(subject.service).or_else(|| program::ENTRYPOINT.node(subject.service));
    let words: Vec<String> = entrypoint.into_iter().chain(command).collect();
    for (at, word) in words.iter().enumerate() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word.as_str(), words.get(at + 1).map(String::as_str)),
        };
        if let Some(path) = value.filter(|path| FLAGS.contains(&flag) && path.starts_with('/')) {
            say(path, flag, node);
        }
    }
    for path in super::entry::script(&words).into_iter().flat_map(redirected) {
        say(&path, "its command", node);
    }
}

/// The files that a shell's script writes by `>` and `>>`, where they are written out.
fn redirected(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = script;
    let mut quote = None;
    while let Some(character) = rest.chars().next() {
        let (_, after) = rest.split_at(character.len_utf8());
        rest = after;
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, '>') => {
                let target = after.trim_start_matches(['>', '|']).trim_start_matches([' ', '\t']);
                let ends = |c: char| c.is_whitespace() || ";|&()<>".contains(c);
                let word = target.split(ends).next().unwrap_or_default().trim_matches(['\'', '"']);
                if word.starts_with('/') && !word.contains(['$', '`', '*']) {
                    found.push(word.to_owned());
                }
                rest = target;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::predicted;
    use super::redirected;
    use crate::engine::Image;
    use crate::ownership::images::fake::Fake;

    fn said(fields: &str) -> Vec<String> {
        let says = Image {
            env: vec!["PGDATA=/var/lib/pg/data".into(), "TMPDIR=/scratch".into()],
            cmd: vec!["serve".into(), "--pid-file=/run/serve.pid".into()],
            volumes: vec!["/var/lib/pg".into()],
            ..Image::default()
        };
        let all = predicted(fields, Fake { says, ..Fake::default() }, [None; 2]);
        let writes = |message: &String| message.split(" writes ").nth(1).map(str::to_owned);
        all.iter().filter_map(writes).collect()
    }

    #[test]
    fn what_is_known_to_be_written_needs_something_mounted() {
        assert_eq!(said("user: '1:1'"), [""; 0]);
        let rest = ", in a read-only root filesystem";
        assert_eq!(
            said("user: '1:1', read_only: true"),
            [format!("/scratch (TMPDIR){rest}"), format!("/run/serve.pid (--pid-file){rest}")]
        );
        assert_eq!(said("user: '1:1', read_only: true, tmpfs: [/scratch, '/run:mode=1777']"), [""; 0]);
        let own = "read_only: true, environment: {TMPDIR: /state/tmp}, command: [sh, -c, 'date >> /state/log; x > /out']";
        assert_eq!(
            said(&format!("{own}, volumes: [{{type: volume, source: s, target: /state}}]")),
            [format!("/out (its command){rest}")]
        );
    }

    #[test]
    fn only_plain_redirections_are_read() {
        assert_eq!(
            redirected("echo a >>/a/b && x 2>/dev/null >| '/c'; y > \"/d e\""),
            ["/a/b", "/dev/null", "/c", "/d"]
        );
        assert_eq!(redirected("echo '> /a' \"> /b\" > $HOME/x >relative > `y`"), [""; 0]);
    }
}
