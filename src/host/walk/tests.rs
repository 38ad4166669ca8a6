use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, RenameFlags, mkdirat, mknodat, renameat_with};

use super::*;
use crate::host::owner::is_root;

const OLD: u32 = 3001;
const NEW: u32 = 3002;

fn handover() -> Handover {
    Handover {
        to: Owner::new(NEW, NEW),
        from: BTreeSet::from([OLD]),
        groups: BTreeSet::from([OLD]),
        takes: Takes::Known,
        dry_run: false,
    }
}

/// Why a file of this user is left.
fn of(uid: u32) -> Why {
    Why::Owner(Theirs { owner: Owner::new(uid, uid), kind: Kind::File, mode: 0o600 })
}

fn run(root: &Path, handover: &Handover) -> Summary {
    hand_over(&Dir::open(root).unwrap(), Path::new("state"), handover, &AtomicU64::new(0)).unwrap()
}

fn owner(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().uid()
}

/// A place with a directory `state` of the old user. `None` for an ordinary user, who may not give
/// anything away.
fn place() -> Option<tempfile::TempDir> {
    if !is_root() {
        return None;
    }
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("state")).unwrap();
    give(&temp.path().join("state"), OLD);
    Some(temp)
}

fn give(path: &Path, uid: u32) {
    lchown(path, Some(uid), Some(uid)).unwrap();
}

fn file(path: &Path, uid: u32) {
    fs::write(path, "content").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    give(path, uid);
}

fn left(summary: &Summary) -> Vec<(String, Why)> {
    let mut left: Vec<_> = summary
        .left
        .iter()
        .map(|left| (left.path.file_name().unwrap().to_string_lossy().into_owned(), left.why.clone()))
        .collect();
    left.sort();
    left
}

#[test]
fn a_tree_is_given_whole_and_a_second_time_changes_nothing() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    fs::create_dir(state.join("memory")).unwrap();
    give(&state.join("memory"), OLD);
    file(&state.join("memory/notes"), OLD);
    chown(state.join("memory/notes"), Some(OLD), Some(77)).unwrap();
    symlink("notes", state.join("memory/link")).unwrap();
    give(&state.join("memory/link"), OLD);

    let dry = run(temp.path(), &Handover { dry_run: true, ..handover() });
    assert_eq!((dry.given, owner(&state)), (4, OLD));
    let summary = run(temp.path(), &handover());
    assert_eq!((summary.given, summary.right, summary.left_in_all, summary.errors.len()), (4, 0, 0, 0));
    for name in ["", "memory", "memory/notes", "memory/link"] {
        assert_eq!(owner(&state.join(name)), NEW, "{name}");
    }
    let notes = fs::metadata(state.join("memory/notes")).unwrap();
    assert_eq!((notes.gid(), notes.mode() & 0o7777), (77, 0o600), "a group of others stays");
    assert_eq!(fs::metadata(&state).unwrap().gid(), NEW);
    assert_eq!(fs::read_to_string(state.join("memory/notes")).unwrap(), "content");
    let again = run(temp.path(), &handover());
    assert_eq!((again.given, again.right), (0, 4));
}

#[test]
fn what_is_not_plainly_the_services_is_left_alone() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    let outside = temp.path().join("outside");
    file(&outside, OLD);
    fs::hard_link(&outside, state.join("hard")).unwrap();
    file(&state.join("env"), 1500); // the operator's, moved in by whoever may write here
    file(&state.join("root"), 0);
    let fifo = FileType::Fifo;
    mknodat(CWD, state.join("fifo"), fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    give(&state.join("fifo"), OLD);
    let mut expected = vec![
        ("env".to_owned(), of(1500)),
        ("fifo".to_owned(), Why::Special(Kind::Fifo)),
        ("hard".to_owned(), Why::HardLinked),
        ("root".to_owned(), of(0)),
    ];
    // A container of ours may not be allowed to make one.
    let device = rustix::fs::makedev(1, 3);
    if mknodat(CWD, state.join("null"), FileType::CharacterDevice, Mode::from_raw_mode(0o666), device).is_ok()
    {
        give(&state.join("null"), OLD);
        expected.insert(3, ("null".to_owned(), Why::Special(Kind::CharDevice)));
    }
    symlink(&outside, state.join("link")).unwrap();
    give(&state.join("link"), OLD);

    // Not even where it is asked for.
    let greedy = Handover { from: BTreeSet::from([OLD, 0]), ..handover() };
    let summary = run(temp.path(), &greedy);
    assert_eq!(left(&summary), expected);
    for (name, _) in &expected {
        assert_ne!(owner(&state.join(name)), NEW, "{name}");
    }
    assert_eq!(owner(&outside), OLD);
    assert_eq!((owner(&state.join("link")), owner(&state)), (NEW, NEW));
}

#[test]
fn root_is_taken_from_only_where_that_is_said() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    for (name, uid) in [("root", 0), ("old", OLD), ("other", 9)] {
        file(&state.join(name), uid);
    }
    let from = BTreeSet::from([OLD, 0]);
    let known = Handover { from: from.clone(), takes: Takes::KnownAndRoot, ..handover() };
    assert_eq!(left(&run(temp.path(), &known)), [("other".to_owned(), of(9))]);
    assert_eq!((owner(&state.join("root")), owner(&state.join("other"))), (NEW, 9));
    let all = Handover { from: BTreeSet::new(), takes: Takes::All, ..handover() };
    assert!(left(&run(temp.path(), &all)).is_empty());
    let other = fs::metadata(state.join("other")).unwrap();
    assert_eq!((other.uid(), other.gid()), (NEW, NEW));
}

#[test]
fn another_mount_is_not_gone_into() {
    let Some(temp) = place() else { return };
    let (state, other) = (temp.path().join("state"), temp.path().join("other"));
    fs::create_dir(&other).unwrap();
    file(&other.join("secret"), OLD);
    fs::create_dir(state.join("inner")).unwrap();
    file(&state.join("one"), OLD);
    fs::write(temp.path().join("file"), "").unwrap();
    let mount = |from: &Path, to: &Path| Command::new("mount").arg("--bind").args([from, to]).status();
    if !mount(&other, &state.join("inner")).is_ok_and(|status| status.success()) {
        return; // not here
    }
    assert!(mount(&other.join("secret"), &state.join("one")).unwrap().success());
    let summary = run(temp.path(), &handover());
    let owners = (owner(&other), owner(&other.join("secret")));
    for path in [state.join("inner"), state.join("one")] {
        assert!(Command::new("umount").arg(path).status().unwrap().success());
    }
    assert_eq!(left(&summary), [("inner".to_owned(), Why::Mounted), ("one".to_owned(), Why::Mounted)]);
    assert_eq!(owners, (0, OLD));
}

#[test]
fn names_that_are_no_text_are_names_all_the_same() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    let names: [&[u8]; 4] = [b"two\nlines", b"\xff\xfe", b" ", b"-rf"];
    for name in names {
        file(&state.join(OsStr::from_bytes(name)), OLD);
    }
    let summary = run(temp.path(), &handover());
    assert_eq!((summary.given, summary.errors.len()), (5, 0));
    for name in names {
        assert_eq!(owner(&state.join(OsStr::from_bytes(name))), NEW);
    }
}

/// Makes `depth` directories, one in the other, each with a file, and gives all to the old user.
fn dig(state: &Path, depth: usize) {
    let mut here = open_entry(Dir::open(state).unwrap(), c".", OFlags::PATH).unwrap();
    for _ in 0..depth {
        mkdirat(&here, "deep", Mode::RWXU).unwrap();
        let ids = (Some(Uid::from_raw(OLD)), Some(Gid::from_raw(OLD)));
        rustix::fs::chownat(&here, "deep", ids.0, ids.1, AtFlags::empty()).unwrap();
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&here, "file", flags, Mode::RUSR).unwrap();
        rustix::fs::fchown(&file, ids.0, ids.1).unwrap();
        here = open_entry(&here, c"deep", OFlags::PATH).unwrap();
    }
}

/// So many that all workers have part of it, also of one directory.
#[test]
fn a_directory_is_given_after_all_that_is_in_it() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    for at in 0..40 {
        let directory = state.join(format!("d{at}/inner"));
        fs::create_dir_all(&directory).unwrap();
        for name in 0..if at == 7 { 4000 } else { 100 } {
            file(&directory.join(name.to_string()), OLD);
        }
        give(&directory, OLD);
        give(directory.parent().unwrap(), OLD);
    }
    let summary = run(temp.path(), &handover());
    assert_eq!((summary.given, summary.errors.len(), summary.left_in_all), (7981, 0, 0));
    let changed = |path: &Path| {
        let metadata = fs::symlink_metadata(path).unwrap();
        assert_eq!(metadata.uid(), NEW);
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let mut open = vec![state];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            assert!(changed(&path) <= changed(&directory), "{}", path.display());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
}

#[test]
fn a_directory_within_a_mount_of_the_same_files_is_another_mount() {
    let Some(temp) = place() else { return };
    let state = temp.path().join("state");
    for name in ["one", "two"] {
        file(&state.join(name), OLD);
    }
    // The same file by another way: only the mount tells it apart.
    let mount = Command::new("mount").arg("--bind").args([state.join("two"), state.join("one")]).status();
    if !mount.is_ok_and(|status| status.success()) {
        return; // not here
    }
    let dry = run(temp.path(), &Handover { dry_run: true, ..handover() });
    let summary = run(temp.path(), &handover());
    assert!(Command::new("umount").arg(state.join("one")).status().unwrap().success());
    for summary in [dry, summary] {
        assert_eq!((left(&summary), summary.given), (vec![("one".to_owned(), Why::Mounted)], 2));
    }
    assert_eq!((owner(&state.join("one")), owner(&state.join("two"))), (OLD, NEW));
}

#[test]
fn a_tree_deeper_than_any_path_is_given_whole() {
    let Some(temp) = place() else { return };
    dig(&temp.path().join("state"), 2000);
    let summary = run(temp.path(), &handover());
    assert!(summary.errors.is_empty() && summary.left.is_empty(), "{:?} {:?}", summary.errors, summary.left);
    assert_eq!(summary.given, 4001);
    assert_eq!(run(temp.path(), &handover()).right, 4001);
}

#[test]
fn directories_swapped_for_links_lead_nowhere() {
    let Some(temp) = place() else { return };
    let (state, outside) = (temp.path().join("state"), temp.path().join("outside"));
    for at in 0..20 {
        for tree in [&state, &outside] {
            let directory = tree.join(format!("d{at}"));
            fs::create_dir_all(&directory).unwrap();
            file(&directory.join("file"), OLD);
            give(&directory, OLD);
        }
        symlink(outside.join(format!("d{at}")), state.join(format!("l{at}"))).unwrap();
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for at in 0..20 {
                    let (a, b) = (state.join(format!("d{at}")), state.join(format!("l{at}")));
                    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
                }
            }
        });
        for round in 0..200 {
            // To and fro, so that there is always something to give.
            let (old, new) = if round % 2 == 0 { (OLD, NEW) } else { (NEW, OLD) };
            let ids = BTreeSet::from([old]);
            let there = Handover {
                to: Owner::new(new, new),
                from: ids.clone(),
                groups: ids,
                takes: Takes::Known,
                dry_run: false,
            };
            run(temp.path(), &there);
        }
        stop.store(true, Ordering::Relaxed);
    });
    for at in 0..20 {
        let directory = outside.join(format!("d{at}"));
        assert_eq!((owner(&directory), owner(&directory.join("file"))), (OLD, OLD));
    }
}

#[test]
fn a_state_directory_that_is_a_link_is_refused() {
    let Some(temp) = place() else { return };
    fs::rename(temp.path().join("state"), temp.path().join("real")).unwrap();
    symlink("real", temp.path().join("state")).unwrap();
    let root = Dir::open(temp.path()).unwrap();
    assert!(matches!(
        hand_over(&root, Path::new("state"), &handover(), &AtomicU64::new(0)),
        Err(DirError::Symlink(_))
    ));
    assert_eq!(owner(&temp.path().join("real")), OLD);
}
