use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::*;
use crate::host::access::{Access, check_below};
use crate::host::owner::is_root;
use crate::host::{Credentials, Owner, run_as};

const A: u32 = 3001;
const B: u32 = 3002;
const FORMER: u32 = 3003;
const SHARED: u32 = 5005;
const OPERATOR: u32 = 1500;

/// Why a file of this user is left.
fn left(uid: u32) -> Why {
    Why::Owner(crate::host::walk::Theirs { owner: Owner::new(uid, uid), kind: Kind::File, mode: 0o600 })
}

fn lists() -> Share {
    Share {
        by: By::List(BTreeMap::from([(A, true), (B, true), (OPERATOR, false)])),
        from: BTreeSet::from([A, B, FORMER, 0]),
        top: BTreeSet::from([OPERATOR]),
        groups: BTreeSet::new(),
        dry_run: false,
    }
}

fn group() -> Share {
    Share { by: By::Group(SHARED), ..lists() }
}

fn of(uid: u32) -> Credentials {
    Credentials::plain(Owner::new(uid, uid))
}

fn member(uid: u32) -> Credentials {
    Credentials { groups: vec![SHARED], ..of(uid) }
}

/// The tree `t` in a directory that anybody may enter.
fn tree() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let tree = temp.path().join("t");
    directory(&tree, OPERATOR, 0o755);
    (temp, tree)
}

fn directory(path: &Path, uid: u32, mode: u32) {
    fs::create_dir(path).unwrap();
    set(path, uid, mode);
}

fn file(path: &Path, uid: u32, mode: u32) {
    fs::write(path, "text").unwrap();
    set(path, uid, mode);
}

fn set(path: &Path, uid: u32, mode: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn go(tree: &Path, wanted: &Share) -> Summary {
    let root = Dir::open(tree.parent().unwrap()).unwrap();
    share(&root, Path::new("t"), wanted, &AtomicU64::new(0)).unwrap()
}

fn counts(summary: &Summary) -> (u64, u64, u64, usize) {
    (summary.opened, summary.right, summary.left_in_all, summary.errors.len())
}

fn may(who: &Credentials, path: &Path, write: bool) -> bool {
    let kernel = run_as(who, || fs::OpenOptions::new().read(true).write(write).open(path).is_ok()).unwrap();
    let wanted = Access { read: true, write, execute: false };
    let ours = check_below(path, Path::new(""), who, wanted).unwrap() == crate::host::Verdict::Allowed;
    assert!(!kernel || ours, "the arithmetic knows lists: {} {who:?}", path.display());
    kernel
}

/// What is there, and what either makes with any umask, is usable by the other; by nobody else.
#[test]
fn what_one_user_makes_the_other_can_use() {
    if !is_root() {
        return; // only root can give things to others
    }
    for (wanted, who) in [(lists(), of as fn(u32) -> Credentials), (group(), member)] {
        let (_keep, t) = tree();
        directory(&t.join("notes"), A, 0o700);
        file(&t.join("notes/log"), A, 0o600);
        file(&t.join("notes/protected"), FORMER, 0o400);
        assert!(!may(&who(B), &t.join("notes/log"), false));
        assert_eq!(counts(&go(&t, &wanted)), (4, 0, 0, 0));
        assert!(may(&who(B), &t.join("notes/log"), true));
        assert!(may(&who(B), &t.join("notes/protected"), false));
        assert!(!may(&who(B), &t.join("notes/protected"), true), "its owner closed it to writing");
        for (user, other) in [(A, B), (B, A)] {
            let new = t.join(format!("notes/new-{user}"));
            let gid = who(user).groups.first().copied().unwrap_or(user);
            let mut made = Command::new("sh");
            made.args(["-c", "umask 077; mkdir \"$0\" && echo x > \"$0/f\""]).arg(&new).uid(user).gid(gid);
            assert!(made.status().unwrap().success());
            assert!(may(&who(other), &new.join("f"), true));
            assert!(!may(&of(9), &new.join("f"), false), "nobody else");
        }
        assert_eq!(counts(&go(&t, &wanted)), (0, 8, 0, 0), "once is enough: {:?}", wanted.by);
        // A mode that says so closes it; the next time it is opened again.
        fs::set_permissions(t.join("notes/log"), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!may(&who(B), &t.join("notes/log"), false));
        assert_eq!(counts(&go(&t, &Share { dry_run: true, ..wanted.clone() })), (1, 7, 0, 0));
        assert!(!may(&who(B), &t.join("notes/log"), false), "only looked");
        assert_eq!(counts(&go(&t, &wanted)), (1, 7, 0, 0));
        assert!(may(&who(B), &t.join("notes/log"), true));
        let owner = |path: &str| fs::metadata(t.join(path)).unwrap().uid();
        assert_eq!((owner(""), owner("notes/log"), owner("notes/protected")), (OPERATOR, A, FORMER));
    }
}

#[test]
fn readers_read_and_those_who_are_gone_do_not() {
    if !is_root() {
        return; // only root can give things to others
    }
    let (_keep, t) = tree();
    file(&t.join("f"), A, 0o640);
    let before = Share { by: By::List(BTreeMap::from([(FORMER, true), (9, true)])), ..lists() };
    go(&t, &before);
    assert!(may(&of(FORMER), &t.join("f"), true));
    // The mask is closed to all of them, and then widened for ours alone.
    fs::set_permissions(t.join("f"), fs::Permissions::from_mode(0o600)).unwrap();
    go(&t, &lists());
    assert!(may(&of(B), &t.join("f"), true));
    assert!(may(&of(OPERATOR), &t.join("f"), false) && !may(&of(OPERATOR), &t.join("f"), true));
    assert!(!may(&of(FORMER), &t.join("f"), false));
    assert!(!may(&of(9), &t.join("f"), false), "what the mask held back stays back");
    let in_group = Credentials { groups: vec![A], ..of(8) };
    assert!(!may(&in_group, &t.join("f"), false), "and from the group as well");
}

/// Whatever the tree holds, nothing outside of it changes, and nothing of anybody who is not known.
#[test]
fn nothing_that_is_foreign_changes() {
    if !is_root() {
        return; // only root can give things to others
    }
    for wanted in [lists(), group()] {
        let (keep, t) = tree();
        let outside = keep.path().join("outside");
        directory(&outside, A, 0o700);
        for name in ["hard", "linked"] {
            file(&outside.join(name), A, 0o600);
        }
        fs::hard_link(outside.join("hard"), t.join("hard")).unwrap();
        symlink(outside.join("linked"), t.join("link")).unwrap();
        symlink(&outside, t.join("directory")).unwrap();
        lchown(t.join("link"), Some(A), Some(A)).unwrap();
        file(&t.join("env"), OPERATOR, 0o600);
        file(&t.join("root"), 0, 0o600);
        file(&t.join("stranger"), 9, 0o600);
        rustix::fs::mknodat(CWD, t.join("fifo"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        chown(t.join("fifo"), Some(A), Some(A)).unwrap();
        file(&t.join(OsStr::from_bytes(b"\xff\n")), A, 0o600);
        let look = || {
            let all =
                ["outside", "outside/hard", "outside/linked", "t/env", "t/root", "t/stranger", "t/fifo"];
            all.map(|path| {
                let path = keep.path().join(path);
                let stat = fs::metadata(&path).unwrap();
                let lists = [ACCESS, DEFAULT].map(|name| read_named(&path, name).ok().flatten());
                (stat.uid(), stat.gid(), stat.mode(), lists)
            })
        };
        let before = look();
        let summary = go(&t, &wanted);
        assert_eq!(counts(&summary), (2, 2, 5, 0), "{summary:?}");
        assert_eq!(look(), before);
        let why: Vec<_> =
            summary.left.iter().map(|left| (left.path.file_name().unwrap(), &left.why)).collect();
        for (name, reason) in [
            ("env", left(OPERATOR)),
            ("root", left(0)),
            ("stranger", left(9)),
            ("hard", Why::HardLinked),
            ("fifo", Why::Special(Kind::Fifo)),
        ] {
            assert!(why.contains(&(OsStr::new(name), &reason)), "{name}: {why:?}");
        }
    }
}

#[test]
fn a_group_is_kept_by_directories_and_runs_nothing_as_its_owner() {
    if !is_root() {
        return; // only root can give things to others
    }
    let (_keep, t) = tree();
    directory(&t.join("d"), A, 0o750);
    file(&t.join("d/program"), A, 0o4755);
    assert_eq!(counts(&go(&t, &group())), (3, 0, 0, 0));
    let look =
        |path: &str| fs::metadata(t.join(path)).map(|stat| (stat.gid(), stat.mode() & 0o7777)).unwrap();
    assert_eq!(look("d"), (SHARED, 0o2770));
    assert_eq!(look("d/program"), (SHARED, 0o775));
    assert_eq!(counts(&go(&t, &group())), (0, 3, 0, 0));
}

#[test]
fn a_deep_tree_is_gone_through_and_back() {
    if !is_root() {
        return; // only root can give things to others
    }
    let (_keep, t) = tree();
    let mut here = rustix::fs::open(&t, rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..1000 {
        rustix::fs::mkdirat(&here, "d", Mode::RWXU).unwrap();
        rustix::fs::mkdirat(&here, "e", Mode::RWXU).unwrap();
        for name in ["d", "e"] {
            rustix::fs::chownat(
                &here,
                name,
                Some(rustix::fs::Uid::from_raw(A)),
                Some(Gid::from_raw(A)),
                AtFlags::empty(),
            )
            .unwrap();
        }
        here = rustix::fs::openat(&here, "d", rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    assert_eq!(counts(&go(&t, &lists())), (2001, 0, 0, 0));
    assert_eq!(counts(&go(&t, &lists())), (0, 2001, 0, 0));
    let removed = Command::new("rm").arg("-rf").arg(&t).status().unwrap();
    assert!(removed.success());
}
