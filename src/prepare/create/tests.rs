use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::diagnostic::Code;
use crate::prepare::prepare;

fn place(root: &Path, path: &str, owner: Option<Owner>) -> Place {
    Place { root: root.into(), path: path.into(), owner, mode: 0o750, service: "agent".into() }
}

fn directory(root: &Path, path: &str, owner: Option<Owner>) -> HostStep {
    HostStep::CreateDirectory { place: place(root, path, owner) }
}

fn file(root: &Path, path: &str, content: &str) -> HostStep {
    HostStep::CreateFile { place: place(root, path, None), content: content.into() }
}

fn is_root() -> bool {
    Owner::current().uid == 0
}

/// Owner and mode of a path.
fn look(path: &Path) -> (u32, u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.uid(), metadata.gid(), metadata.permissions().mode() & 0o7777)
}

#[test]
fn steps_are_done_in_order_and_doing_them_again_changes_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let steps = [directory(temp.path(), "a/b", None), file(temp.path(), "a/b/c.json", "{}")];
    let receipt = prepare(&steps).unwrap();
    let made: Vec<_> =
        receipt.created.iter().map(|one| one.path.strip_prefix(temp.path()).unwrap()).collect();
    assert_eq!(made, [Path::new("a"), Path::new("a/b"), Path::new("a/b/c.json")]);
    assert_eq!(fs::read_to_string(temp.path().join("a/b/c.json")).unwrap(), "{}");
    assert_eq!(look(&temp.path().join("a/b")).2, 0o750);
    fs::write(temp.path().join("a/b/c.json"), "mine").unwrap();
    let again = prepare(&steps).unwrap();
    assert_eq!((again.created.len(), again.already), (0, 2));
    assert_eq!(fs::read_to_string(temp.path().join("a/b/c.json")).unwrap(), "mine");
}

#[test]
fn everything_made_is_born_with_its_owner() {
    if !is_root() {
        return; // only root may give away
    }
    let temp = tempfile::tempdir().unwrap();
    let before = look(temp.path());
    prepare(&[directory(temp.path(), "a/b", Some(Owner::new(10001, 10002)))]).unwrap();
    assert_eq!(look(&temp.path().join("a/b")), (10001, 10002, 0o750));
    assert_eq!(look(temp.path()), before);
    // What two services share of the way belongs to neither.
    assert_eq!(look(&temp.path().join("a")), (before.0, before.1, 0o755));
}

#[test]
fn the_first_failure_ends_it_and_names_path_and_reason() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("file"), "").unwrap();
    let steps = [
        directory(temp.path(), "a", None),
        directory(temp.path(), "file/x", None),
        file(temp.path(), "z", ""),
    ];
    let failure = prepare(&steps).unwrap_err();
    assert_eq!(failure.finding.code, Code::PrepareFailed);
    assert!(
        failure.finding.message.contains("/file is a file, not a directory"),
        "{}",
        failure.finding.message
    );
    assert_eq!(failure.receipt.created.len(), 1);
    assert!(!temp.path().join("z").exists());
}

#[test]
fn links_are_not_followed_out_of_the_root_or_anywhere() {
    let (temp, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(outside.path(), temp.path().join("link")).unwrap();
    symlink(outside.path().join("none"), temp.path().join("dangling")).unwrap();
    for step in [
        directory(temp.path(), "link/x", None),
        directory(temp.path(), "link", None),
        directory(temp.path(), "../x", None),
        file(temp.path(), "link/f", ""),
        file(temp.path(), "dangling", ""),
    ] {
        let failure = prepare(std::slice::from_ref(&step)).unwrap_err();
        assert!(failure.receipt.created.is_empty(), "{step:?}");
        assert!(failure.finding.help.is_some());
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn what_somebody_else_made_meanwhile_is_not_taken_over() {
    if !is_root() {
        return; // only root may make something that belongs to others
    }
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("a")).unwrap();
    let failure = prepare(&[directory(temp.path(), "a", Some(Owner::new(10001, 10001)))]).unwrap_err();
    let finding = &failure.finding;
    assert!(finding.message.contains("somebody else made it meanwhile"), "{}", finding.message);
    assert!(finding.help.as_deref().unwrap().contains("sudo chown"));
    assert_eq!(look(&temp.path().join("a")).0, 0);
    // A directory where a file was to be is another matter than the wrong owner.
    let failure = prepare(&[file(temp.path(), "a", "")]).unwrap_err();
    assert!(failure.finding.message.contains("a directory"), "{}", failure.finding.message);
}

#[test]
fn launches_at_the_same_time_agree() {
    let owner = is_root().then(|| Owner::new(10001, 10001));
    for _ in 0..30 {
        let temp = tempfile::tempdir().unwrap();
        let steps = [directory(temp.path(), "a/b/c", owner), file(temp.path(), "a/b/c/f", "x")];
        let receipts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| prepare(&steps))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let made: usize = receipts.iter().map(|receipt| receipt.as_ref().unwrap().created.len()).sum();
        assert_eq!(made, 4);
    }
}

#[test]
fn one_who_is_not_root_is_told_the_command() {
    let temp = tempfile::tempdir().unwrap();
    let step = directory(temp.path(), "a b", Some(Owner::new(10001, 10002)));
    let error = StepError::MayNotGive { wanted: Owner::new(10001, 10002), ours: Owner::new(1500, 1500) };
    let command = format!("-o 10001 -g 10002 -m 0750 '{}/a b'", temp.path().display());
    assert!(remedy(&step, &error).ends_with(&command), "{}", remedy(&step, &error));
    if !is_root() {
        assert!(prepare(&[step]).is_err());
    }
}
