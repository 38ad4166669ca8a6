//! What a Dockerfile copies from its context with modes that the service's user cannot read.
//!
//! `COPY` keeps the modes that files have where the image is built, and gives them to root: a file of mode
//! 0600 is closed to every other user of the image, on one machine and not on the next.

mod dockerfile;
mod ignore;

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use dockerfile::{Copy, copies};
use ignore::Ignore;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::{Access, Credentials, Kind, Owner, access};
use crate::model::build;
use crate::yaml::Node;

use super::Users;
use super::command::quoted;

/// A Dockerfile larger than this is none.
const LARGEST: u64 = 4 << 20;

/// How much of a context is looked at.
const LOOKED_AT: usize = 20_000;

/// How many files are named.
const NAMED: usize = 3;

/// Warnings about services that are built here.
pub fn report(model: &Model, users: &Users) -> Vec<Finding> {
    let built = model.services().filter_map(|(name, service)| {
        let build = build::BUILD.node(service)?;
        let Answer::Known(user) = &users.of(name)?.user else { return None };
        let who = Credentials { groups: user.supplementary.clone(), ..Credentials::plain(user.owner) };
        (user.owner.uid != 0).then(|| one(name, build, &who)).flatten()
    });
    built.collect()
}

fn one(name: &str, build: &Node, who: &Credentials) -> Option<Finding> {
    let text = |key: &str| build.get(key).and_then(Node::as_str);
    let context = Path::new(text("context")?);
    // One that is fetched is looked at by nobody here.
    if !context.is_absolute() || !context.is_dir() {
        return None;
    }
    let file = context.join(text("dockerfile").unwrap_or("Dockerfile"));
    let (instructions, shown) = match text("dockerfile_inline") {
        Some(inline) => (inline.to_owned(), "dockerfile_inline".to_owned()),
        None => {
            let bytes = crate::host::read_file(&file, LARGEST).ok()?.bytes;
            (String::from_utf8(bytes).ok()?, file.file_name()?.to_string_lossy().into_owned())
        }
    };
    let ignore = Ignore::read(context, &file);
    let mut closed = Vec::new();
    let (mut line, mut chmod) = (0, None);
    for copy in copies(&instructions, text("target")) {
        let found = unreadable(context, &copy, who, &ignore);
        if closed.is_empty() {
            (line, chmod) = (copy.line, copy.mode);
        }
        closed.extend(found);
    }
    let (first, more) = (closed.first()?, closed.len().saturating_sub(NAMED));
    let list: Vec<String> =
        closed.iter().take(NAMED).map(|(path, mode)| format!("{path} ({mode:04o})")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "service `{name}` runs as {} and cannot read what {shown}:{line} copies into its image: {}{more}",
        who.owner,
        list.join(", "),
    );
    let help = match chmod {
        Some(_) => "`--chmod` with a number is the mode of files and of directories: write `--chmod=0755`, which lets \
                    everybody through, or leave it out and set the modes where it is built."
            .to_owned(),
        None => format!(
            "Write `COPY --chmod=` with the mode it needs, or open it where it is built: chmod go+rX {}",
            quoted(Path::new(&first.0))
        ),
    };
    Some(Finding::warning(Code::BindAccess, message).at_origin(build.origin, "built here").help(help))
}

/// What of a `COPY` the user could not read, with its mode.
fn unreadable(context: &Path, copy: &Copy, who: &Credentials, ignore: &Ignore) -> Vec<(String, u32)> {
    let owner = copy.owner.unwrap_or(Owner::ROOT);
    let mut closed = Vec::new();
    let mut waiting: VecDeque<PathBuf> =
        copy.sources.iter().flat_map(|source| expand(context, source)).collect();
    let mut looked_at = 0;
    while let Some(relative) = waiting.pop_front() {
        looked_at += 1;
        if looked_at > LOOKED_AT || ignore.excludes(&relative) {
            continue;
        }
        let path = context.join(&relative);
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let mode = copy.mode.unwrap_or(metadata.mode() & 0o7777);
        let (kind, wanted) = match metadata.file_type() {
            kind if kind.is_dir() => (Kind::Directory, Access { write: false, ..Access::USE_DIRECTORY }),
            kind if kind.is_file() => (Kind::File, Access::READ),
            _ => continue,
        };
        // What is copied is what is in a directory; its own mode counts for those below the first.
        let is_source = copy.sources.iter().any(|source| is_same(source, &relative));
        let counts = kind != Kind::Directory || !is_source || copy.mode.is_some();
        if counts && !access::permits(owner, mode, who, wanted) {
            closed.push((relative.display().to_string(), mode));
        }
        if kind == Kind::Directory {
            let mut names: Vec<PathBuf> = std::fs::read_dir(&path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| relative.join(entry.file_name()))
                .collect();
            names.sort();
            waiting.extend(names);
        }
    }
    closed
}

/// Whether a source as it is written names this path.
fn is_same(source: &str, relative: &Path) -> bool {
    let names = |path: &Path| -> PathBuf {
        path.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect()
    };
    names(Path::new(source)) == names(relative)
}

/// The paths in the context that a source names.
fn expand(context: &Path, source: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in Path::new(source).components() {
        let std::path::Component::Normal(name) = part else { continue };
        if !name.as_encoded_bytes().iter().any(|byte| b"*?".contains(byte)) {
            found.iter_mut().for_each(|path| path.push(name));
            continue;
        }
        found = found
            .iter()
            .flat_map(|path| {
                let entries = std::fs::read_dir(context.join(path)).into_iter().flatten().flatten();
                let names = entries.map(|entry| entry.file_name());
                let fitting = names.filter(|other| {
                    crate::host::pattern::matches(name.as_encoded_bytes(), other.as_encoded_bytes())
                });
                fitting.map(|name| path.join(name)).collect::<Vec<_>>()
            })
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ownership::testing::model;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn findings(context: &Path, dockerfile: &str) -> Vec<Finding> {
        fs::write(context.join("Dockerfile"), dockerfile).unwrap();
        let text = format!(
            "services:\n  a:\n    build: {{context: {}, dockerfile: Dockerfile}}\n",
            context.display()
        );
        let (model, _) = model(&text);
        let build = model.root.at(&["services", "a", "build"]).unwrap();
        one("a", build, &Credentials::plain(Owner::new(10001, 10001))).into_iter().collect()
    }

    #[test]
    fn a_mode_for_files_closes_the_directories_that_are_copied_with_it() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        fs::create_dir_all(at("conf/rules")).unwrap();
        fs::write(at("conf/rules/one.json"), "x").unwrap();
        mode(&at("conf/rules/one.json"), 0o600);
        let found = |text: &str| findings(temp.path(), &format!("FROM x\n{text}\n"));
        for closed in [
            "COPY --chmod=644 conf /etc/conf",
            "ADD --chmod=0644 ./conf/ /c",
            "COPY --chmod=640 conf/rules/one.json /x",
        ] {
            let [finding] = found(closed).try_into().unwrap();
            assert!(
                finding.message.contains("Dockerfile:2 copies into its image: conf"),
                "{}",
                finding.message
            );
            assert!(finding.help.unwrap().contains("`--chmod=0755`"));
        }
        for open in [
            "COPY --chmod=755 conf /etc/conf",
            "COPY --chmod=u=rwX,go=rX conf /etc/conf",
            "COPY --chmod=$MODE conf /etc/conf",
            "COPY --chmod=644 --chown=10001:10001 conf/rules/one.json /x",
        ] {
            assert!(found(open).is_empty(), "{open}");
        }
        // Also for whoever it belongs to.
        assert_eq!(found("COPY --chmod=644 --chown=10001:10001 conf /etc/conf").len(), 1);
    }

    #[test]
    fn what_the_user_cannot_read_is_named_with_its_line() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        fs::create_dir(at("conf")).unwrap();
        for name in ["conf/guard.json", "conf/open.json", "secret", ".env"] {
            fs::write(at(name), "x").unwrap();
            mode(&at(name), 0o600);
        }
        mode(&at("conf"), 0o755);
        mode(&at("conf/open.json"), 0o644);
        let found = |text: &str| findings(temp.path(), text);
        let [finding] = found("FROM x\nRUN y\nCOPY conf /etc/conf\n").try_into().unwrap();
        assert!(
            finding.message.contains("Dockerfile:3 copies into its image: conf/guard.json (0600)"),
            "{}",
            finding.message
        );
        assert!(!finding.message.contains("open.json"));
        for harmless in [
            "COPY --chmod=644 secret /s",
            "COPY --chown=10001:10001 secret /s",
            "COPY --chown=app secret /s",
            "COPY --from=other secret /s",
            "COPY conf/open.json /s",
            "COPY <<EOF /s\nsecret\nEOF",
            "# COPY secret /s",
        ] {
            assert!(found(&format!("FROM x\n{harmless}\n")).is_empty(), "{harmless}");
        }
        for closed in
            ["ADD [\"secret\", \"/s\"]", "COPY conf/*.json /s/", "COPY \\\n  secret \\\n  /s", "COPY . /s"]
        {
            assert_eq!(found(&format!("FROM x\n{closed}\n")).len(), 1, "{closed}");
        }
        // Only the stage that is the image counts.
        assert!(found("FROM x AS one\nCOPY secret /s\nFROM y\n").is_empty());
        fs::write(at(".dockerignore"), "# not these\n.env\nsecret\nconf/*\n!conf/open.json\n").unwrap();
        assert!(found("FROM x\nCOPY . /s\n").is_empty(), "{:?}", found("FROM x\nCOPY . /s\n"));
    }
}
