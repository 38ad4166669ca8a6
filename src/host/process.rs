//! Other processes: ending the ones we started, finding programs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD};
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal, test_kill_process,
};

/// Kills a child of ours that has not been waited for yet, and everything that it started.
///
/// Each process is held by descriptor before it is signalled, because a number may belong to another
/// process by the time it is used; and stopped before its children are listed, so that it cannot start
/// another one behind our back.
pub fn kill_tree(child: u32) {
    let Some(root) = i32::try_from(child).ok().and_then(Pid::from_raw) else { return };
    let _ = kill_process(root, Signal::STOP);
    let mut descendants = BTreeMap::new();
    // A process may have been in the middle of a fork when it was told to stop.
    loop {
        let before = descendants.len();
        collect(root, &mut descendants);
        if descendants.len() == before {
            break;
        }
    }
    let _ = kill_process(root, Signal::KILL);
    for descendant in descendants.values() {
        let _ = pidfd_send_signal(descendant, Signal::KILL);
    }
}

fn collect(parent: Pid, found: &mut BTreeMap<i32, OwnedFd>) {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) else { return };
    for thread in threads.flatten() {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        for pid in pids {
            if let Entry::Vacant(place) = found.entry(pid.as_raw_nonzero().get()) {
                let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
                // It is the one that was listed if it still has this parent now that it is held.
                if parent_of(pid) != Some(parent) {
                    continue;
                }
                let _ = pidfd_send_signal(&descriptor, Signal::STOP);
                place.insert(descriptor);
            }
            collect(pid, found);
        }
    }
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Pid::from_raw(text.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?)
}

/// The absolute path of a program: looked up in `search` (the value of `PATH`) where it is a bare name.
/// Relative entries of the search path are passed over: they would make the project decide what runs.
pub fn find_program(name: &OsStr, search: &OsStr) -> Option<PathBuf> {
    let runnable = |path: &Path| {
        path.is_file()
            && rustix::fs::accessat(CWD, path, Access::EXEC_OK, rustix::fs::AtFlags::EACCESS).is_ok()
    };
    if Path::new(name).components().count() > 1 || Path::new(name).is_absolute() {
        return std::path::absolute(name).ok().filter(|path| runnable(path));
    }
    std::env::split_paths(search)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|path| runnable(path))
}

/// A word as a shell takes it for the same.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Device and inode of the file that a path leads to: two names of one program have the same.
pub fn identity(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some(format!("{}:{}", found.dev(), found.ino()))
}

/// [`identity`] of the program that runs.
pub fn own_identity() -> Option<String> {
    identity(Path::new("/proc/self/exe"))
}

/// The name of this machine, as the kernel (or the container we run in) has it.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Whether we run inside a container ourselves, where paths are not the engine's paths.
pub fn is_in_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
}

/// This process, told from all others of this machine, those of other starts of it, and those of other
/// containers: words of letters and digits, with hyphens between them. `None` where the system does not say.
///
/// # Errors
/// Where it would say, and cannot be read.
pub fn mark() -> io::Result<Option<String>> {
    let pid = std::process::id();
    let (Some(around), Some(start)) = (surroundings()?, started(pid)?) else { return Ok(None) };
    Ok(Some(format!("{around}-{pid}-{start}")))
}

/// Whether the process with this [`mark`] was one that we could see, and is gone.
pub fn is_certainly_gone(mark: &str) -> bool {
    let mut words = mark.rsplitn(3, '-');
    let (Some(start), Some(pid), Some(around)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    let is_gone = match started(pid) {
        Ok(Some(now)) => now != start,
        // Other people's processes may be hidden from us, but not from a signal.
        _ => i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH)),
    };
    is_gone && surroundings().is_ok_and(|own| own.as_deref() == Some(around))
}

/// This start of the machine, and whose process numbers these are.
fn surroundings() -> io::Result<Option<String>> {
    let boot = existing("/proc/sys/kernel/random/boot_id", |path| std::fs::read_to_string(path))?;
    let namespace = existing("/proc/self/ns/pid", |path| std::fs::read_link(path))?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let both = boot.as_ref().and_then(|boot| boot.split('-').next()).zip(namespace);
    Ok(both.map(|(boot, namespace)| format!("{boot}-{}", digits(&namespace.to_string_lossy()))))
}

/// `None` where there is no such thing.
fn existing<T>(path: &str, read: impl Fn(&str) -> io::Result<T>) -> io::Result<Option<T>> {
    match read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{path}: {error}"))),
    }
}

/// When a process was started, in ticks since the machine was; `None` where there is none.
fn started(pid: u32) -> io::Result<Option<String>> {
    let text = existing(&format!("/proc/{pid}/stat"), |path| std::fs::read_to_string(path))?;
    // The name of the program may hold anything, also brackets; it is the second of the fields.
    let rest = text.as_ref().and_then(|text| text.rsplit_once(')'));
    Ok(rest.and_then(|(_, rest)| rest.split_whitespace().nth(19)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_grandchild_that_holds_the_pipe_is_ended_too() {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "(sleep 60; :) & echo up; sleep 60; :"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 3]).unwrap();
        let start = Instant::now();
        kill_tree(child.id());
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap(); // would wait for the sleepers
        child.wait().unwrap();
        assert!(start.elapsed().as_secs() < 30);
    }

    #[test]
    fn the_search_takes_the_first_runnable_file_of_an_absolute_directory() {
        let temp = tempfile::tempdir().unwrap();
        for (directory, mode) in [("a", 0o644), ("b", 0o755), ("c", 0o755)] {
            fs::create_dir(temp.path().join(directory)).unwrap();
            let path = temp.path().join(directory).join("tool");
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir_all(temp.path().join("d/tool")).unwrap();
        let search = std::env::join_paths(
            [Path::new(""), Path::new(".")]
                .map(Path::to_owned)
                .into_iter()
                .chain(["d", "a", "b", "c"].map(|name| temp.path().join(name))),
        )
        .unwrap();
        assert_eq!(find_program("tool".as_ref(), &search), Some(temp.path().join("b/tool")));
        assert_eq!(find_program("none".as_ref(), &search), None);
        let direct = temp.path().join("c/tool");
        assert_eq!(find_program(direct.as_os_str(), &search), Some(direct));
    }

    #[test]
    fn a_process_is_known_by_its_mark_and_only_one_that_is_gone_is_gone() {
        let own = mark().unwrap().unwrap();
        assert!(!is_certainly_gone(&own));
        let (rest, start) = own.rsplit_once('-').unwrap();
        // Another process had our number before.
        assert!(is_certainly_gone(&format!("{rest}-{start}1")));
        let mut child = Command::new("true").spawn().unwrap();
        let (around, _) = rest.rsplit_once('-').unwrap();
        let other = format!("{around}-{}-{}", child.id(), started(child.id()).unwrap().unwrap());
        child.wait().unwrap();
        assert!(is_certainly_gone(&other));
        // Of another machine, or of what is no mark at all, nothing is known.
        for unknown in ["0123abcd-1-999999-1", "", "x", "1-2"] {
            assert!(!is_certainly_gone(unknown), "{unknown}");
        }
    }
}
