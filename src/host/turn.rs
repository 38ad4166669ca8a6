//! One at a time: a directory, or a file, that whoever has the turn holds locked.
//!
//! The kernel gives the lock back when its holder ends, however it ends, so a turn is never left
//! behind. A directory is the same for all who may read it, whatever they may write; the number in a file
//! only says whom one waits for.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

/// How often a turn that another process has is asked for again.
const PAUSE: Duration = Duration::from_millis(10);

/// Directories whose turn this process has: a second lock of its own would wait for the first.
static HELD: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

/// The turn; over when this is dropped, or when the process becomes another program.
#[derive(Debug)]
pub struct Turn {
    file: File,
    directory: Option<(u64, u64)>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(ours) = self.directory else { return };
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = held.iter().position(|one| *one == ours) {
            held.swap_remove(at);
        }
    }
}

/// Why there is no turn.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    #[error("{} is held by {} for more than {} seconds", path.display(), who(*.holder), .waited.as_secs())]
    Busy { path: PathBuf, holder: Option<u32>, waited: Duration },
    #[error("{}: cannot {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },
}

/// Whom one waits for, in words.
pub fn who(holder: Option<u32>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl Turn {
    /// Waits for the turn of a directory, for `patience` at most; nothing is written. `waits` is told once, when
    /// `notice` has passed.
    ///
    /// # Errors
    /// Where another process keeps the turn, or the directory cannot be read or locked.
    pub fn of_directory(
        directory: &Path,
        notice: Duration,
        patience: Duration,
        waits: impl FnOnce(Option<u32>),
    ) -> Result<Self, TurnError> {
        let failed = |action: &'static str| {
            move |errno: Errno| TurnError::Io { path: directory.to_owned(), action, source: errno.into() }
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = openat(CWD, directory, flags, Mode::empty()).map_err(failed("open it"))?;
        let stat = rustix::fs::fstat(&descriptor).map_err(failed("look at it"))?;
        let mut turn = Self { file: File::from(descriptor), directory: None };
        let ours = (stat.st_dev, stat.st_ino);
        wait(&turn.file, directory, (notice, patience), waits, &|| locked_by(ours))?;
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(ours);
        turn.directory = Some(ours);
        Ok(turn)
    }

    /// Whether this process has the turn of an open directory already.
    pub fn is_ours(directory: impl AsFd) -> bool {
        let Ok(stat) = rustix::fs::fstat(directory) else { return false };
        HELD.lock().unwrap_or_else(PoisonError::into_inner).contains(&(stat.st_dev, stat.st_ino))
    }

    /// Waits for the turn, for `patience` at most. `waits` is told once, when `notice` has passed.
    ///
    /// # Errors
    /// Where another process keeps the turn, or the file cannot be used.
    pub fn take(
        path: &Path,
        notice: Duration,
        patience: Duration,
        waits: impl FnOnce(Option<u32>),
    ) -> Result<Self, TurnError> {
        let failed = |action: &'static str| {
            move |errno: Errno| TurnError::Io { path: path.to_owned(), action, source: errno.into() }
        };
        // Closed on exec: the program that this process becomes would hold the turn as long as it runs.
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = openat(CWD, path, flags, Mode::RUSR | Mode::WUSR).map_err(failed("open it"))?;
        let turn = Self { file: File::from(descriptor), directory: None };
        let found = rustix::fs::fstat(&turn.file).map_err(failed("look at it"))?;
        // Under another name it may be anybody's, and it is emptied below.
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile || found.st_nlink != 1 {
            let source =
                io::Error::other("it is no regular file with one name: remove it, or its other names");
            return Err(TurnError::Io { path: path.to_owned(), action: "use it", source });
        }
        wait(&turn.file, path, (notice, patience), waits, &|| turn.holder())?;
        // For the messages of those who wait.
        rustix::fs::ftruncate(&turn.file, 0).map_err(failed("empty it"))?;
        let holder = format!("{}\n", std::process::id());
        rustix::io::pwrite(&turn.file, holder.as_bytes(), 0).map_err(failed("write it"))?;
        Ok(turn)
    }

    /// The process that has the turn, where the file says it and it is still there.
    fn holder(&self) -> Option<u32> {
        let mut bytes = [0_u8; 16];
        let length = rustix::io::pread(&self.file, &mut bytes, 0).ok()?;
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        let pid: u32 = text.trim().parse().ok()?;
        Path::new("/proc").join(pid.to_string()).exists().then_some(pid)
    }
}

fn wait(
    file: &File,
    path: &Path,
    (notice, patience): (Duration, Duration),
    waits: impl FnOnce(Option<u32>),
    holder: &dyn Fn() -> Option<u32>,
) -> Result<(), TurnError> {
    let start = Instant::now();
    let mut waits = Some(waits);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => continue,
            Err(Errno::WOULDBLOCK) => {}
            Err(errno) => {
                return Err(TurnError::Io { path: path.to_owned(), action: "lock it", source: errno.into() });
            }
        }
        let waited = start.elapsed();
        if waited >= patience {
            return Err(TurnError::Busy { path: path.to_owned(), holder: holder(), waited });
        }
        if waited >= notice
            && let Some(waits) = waits.take()
        {
            waits(holder());
        }
        std::thread::sleep(PAUSE);
    }
}

/// Who has locked it, where the kernel's list says it.
fn locked_by((dev, ino): (u64, u64)) -> Option<u32> {
    let place = format!("{:02x}:{:02x}:{ino}", rustix::fs::major(dev), rustix::fs::minor(dev));
    let list = std::fs::read_to_string("/proc/locks").ok()?;
    list.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, pid, at, ..] = words.as_slice() else { return None };
        (*at == place).then(|| pid.parse().ok()).flatten().filter(|pid| *pid != 0)
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const NOTICE: Duration = Duration::from_millis(20);
    const PATIENCE: Duration = Duration::from_millis(120);

    fn take(path: &Path) -> Result<Turn, TurnError> {
        Turn::take(path, NOTICE, PATIENCE, |_| {})
    }

    #[test]
    fn a_second_one_waits_says_so_and_gives_up() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("launch.lock");
        let first = take(&path).unwrap();
        let mut told = None;
        let error = Turn::take(&path, NOTICE, PATIENCE, |holder| told = Some(holder)).unwrap_err();
        assert_eq!(told, Some(Some(std::process::id())));
        assert!(matches!(error, TurnError::Busy { holder: Some(pid), .. } if pid == std::process::id()));
        assert!(error.to_string().contains(&format!("held by process {}", std::process::id())), "{error}");
        drop(first);
        take(&path).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_has_a_turn_and_says_whose_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let take = |notice| Turn::of_directory(temp.path(), notice, PATIENCE, |_| {});
        let first = take(NOTICE).unwrap();
        assert!(Turn::is_ours(File::open(temp.path()).unwrap()));
        let error = take(NOTICE).unwrap_err();
        assert!(matches!(error, TurnError::Busy { holder: Some(pid), .. } if pid == std::process::id()));
        drop(first);
        assert!(!Turn::is_ours(File::open(temp.path()).unwrap()));
        take(NOTICE).unwrap();
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_holder_left_behind_stops_nobody() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("launch.lock");
        // A number of a process that has ended, and then something that is no number.
        for left in ["4194305\n", "garbage"] {
            std::fs::write(&path, left).unwrap();
            drop(take(&path).unwrap());
        }
    }

    #[test]
    fn a_program_that_is_run_meanwhile_does_not_keep_the_turn() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("launch.lock");
        let turn = take(&path).unwrap();
        let mut child = Command::new("sleep").arg("30").stdin(Stdio::null()).spawn().unwrap();
        drop(turn);
        let again = take(&path);
        child.kill().unwrap();
        child.wait().unwrap();
        again.unwrap();
    }

    #[test]
    fn only_one_at_a_time_has_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("launch.lock");
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let turn = Turn::take(&path, NOTICE, Duration::from_secs(60), |_| {}).unwrap();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn a_link_is_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("launch.lock");
        std::os::unix::fs::symlink(temp.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(take(&path), Err(TurnError::Io { .. })));
        assert!(!temp.path().join("elsewhere").exists());
    }

    #[test]
    fn a_file_that_has_another_name_is_left_as_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let (path, other) = (temp.path().join("launch.lock"), temp.path().join("other"));
        std::fs::write(&other, "kept").unwrap();
        std::fs::hard_link(&other, &path).unwrap();
        assert!(take(&path).unwrap_err().to_string().contains("cannot use it"));
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
    }
}
