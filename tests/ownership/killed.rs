//! A migration of a volume that is killed on its way, and run again; and how fast it is beside `chown -R`.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::harness::{Background, PATIENCE, Tool, bare, poll, run};
use super::operator::{Bed, Operated, plain, remapped};
use super::volumes::{NEW, OWN, UP, keeper, policy, words};

const OLD: u32 = 3001;

/// In each directory, as programs keep it.
const FILES_IN_EACH: usize = 50;

/// `SEAWORTHY_ENTRIES=100000` makes it as many.
fn entries() -> usize {
    std::env::var("SEAWORTHY_ENTRIES").map_or(20_000, |number| number.parse().expect("a number of entries"))
}

/// Fills a directory with so many entries of a user, itself among them.
fn fill(directory: &Path, count: usize, uid: u32) -> Vec<PathBuf> {
    let mut made = vec![directory.to_owned()];
    while made.len() < count {
        let folder = directory.join(format!("{:05}", made.len() / FILES_IN_EACH));
        fs::create_dir(&folder).unwrap();
        let files = (0..FILES_IN_EACH).map(|at| folder.join(at.to_string()));
        let files: Vec<PathBuf> = files.take(count - made.len() - 1).collect();
        files.iter().for_each(|file| fs::write(file, "").unwrap());
        made.push(folder);
        made.extend(files);
    }
    made.iter().for_each(|path| lchown(path, Some(uid), Some(uid)).unwrap());
    made
}

fn owned(made: &[PathBuf], uid: u32) -> usize {
    made.iter().filter(|path| fs::symlink_metadata(path).unwrap().uid() == uid).count()
}

/// A project whose service keeps a word in a volume as the old user, and is to have the new one.
fn project(bed: &Bed) -> (Operated, PathBuf) {
    let project = Operated::new(&keeper("", "'data:/data'", OWN), bed);
    project.file("seaworthy.yaml", &policy("").replace(&NEW.to_string(), &OLD.to_string()));
    assert_eq!(words(&project.run(Tool::Seaworthy, &UP).ok()), 1);
    project.file("seaworthy.yaml", &policy(""));
    project.seaworthy(&UP).refuses(78, "user-drift");
    let name = format!("{}_data", project.project.name);
    let words = ["volume", "inspect", "--format", "{{.Mountpoint}}", &name];
    let directory = PathBuf::from(project.project.docker(&words).ok().stdout.trim());
    (project, directory)
}

const MIGRATE: [&str; 3] = ["repair", "--migrate", "s"];

fn no_helper_runs(project: &Operated) -> bool {
    let filter = ["ps", "--quiet", "--filter", "label=io.seaworthy.purpose=helper"];
    project.project.docker(&filter).ok().stdout.is_empty()
}

fn is_completed_after_it_was_killed(bed: &Bed) {
    let (project, directory) = project(bed);
    let (old, new) = (bed.map + OLD, bed.map + NEW);
    let log = directory.join("log");
    let mut made = fill(&directory, entries(), old);
    made.push(log.clone());
    let lock = fs::read_to_string(project.path("seaworthy.lock")).unwrap();
    // A machine that is quicker than the signal is given the work again.
    let stopped_at = (0..10).find_map(|_| {
        made.iter().for_each(|path| lchown(path, Some(old), Some(old)).unwrap());
        fs::write(project.path("seaworthy.lock"), &lock).unwrap();
        let mut command = project.as_operator();
        command.arg(project.project.beside("bin/seaworthy")).args(MIGRATE);
        let running = Background::start(command);
        // Directories are given after what is in them: some file of many is among the first.
        let sample: Vec<&PathBuf> = made.iter().step_by(97).collect();
        let is_new = |path: &&PathBuf| fs::symlink_metadata(path).unwrap().uid() == new;
        let begun = || sample.iter().any(is_new).then_some(());
        poll_at_once(begun);
        running.running.signal_group(rustix::process::Signal::KILL);
        drop(running);
        assert!(poll(PATIENCE, || no_helper_runs(&project).then_some(())).is_some(), "the helper goes on");
        let given = owned(&made, new);
        (given > 0 && given < made.len()).then_some(given)
    });
    let stopped_at = stopped_at.expect("it was never killed on its way");
    assert_eq!(owned(&made, old) + stopped_at, made.len());
    assert_eq!(fs::read_to_string(project.path("seaworthy.lock")).unwrap(), lock, "the lock moved on");
    project.seaworthy(&UP).refuses(78, "user-drift");

    let left = made.len() - stopped_at;
    project.seaworthy(&MIGRATE).ok().says(&format!("{left} given"));
    assert_eq!(owned(&made, new), made.len());
    assert_eq!(words(&project.seaworthy(&UP).ok()), 2);
    println!("{} entries, killed at {stopped_at}: complete", made.len());
    compare(&project, &directory, &made, (old, new));
}

/// Polled without a pause: what is waited for lasts some hundredths of a second.
fn poll_at_once(mut ask: impl FnMut() -> Option<()>) {
    let start = Instant::now();
    while ask().is_none() {
        assert!(start.elapsed() < PATIENCE, "it does not begin");
        sleep(Duration::from_micros(200));
    }
}

/// The whole command with its helper, and `chown -R` by root, in turns; each has everything to change.
fn compare(project: &Operated, directory: &Path, made: &[PathBuf], (old, new): (u32, u32)) {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..3 {
        let mut chown = bare("chown");
        chown.args(["-R", &format!("{old}:{old}")]).arg(directory);
        let start = Instant::now();
        run(chown).ok();
        times[1].push(start.elapsed());
        assert_eq!(owned(made, old), made.len());
        let start = Instant::now();
        project.seaworthy_unwatched(&["repair", "s"]).ok().says(&format!("{} given", made.len()));
        times[0].push(start.elapsed());
        assert_eq!(owned(made, new), made.len());
    }
    let rate = |times: &[Duration]| {
        let best = times.iter().min().unwrap().as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a number of entries is small")]
        let rate = made.len() as f64 / best;
        format!("{:.0} ms, {rate:.0} entries a second", best * 1e3)
    };
    println!("repair by the helper: {}; chown -R: {}", rate(&times[0]), rate(&times[1]));
}

/// By the helper, for an operator who is not root.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_migration_of_a_volume_that_was_killed_is_completed_by_the_next() {
    is_completed_after_it_was_killed(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_killed_migration_is_completed_where_users_are_mapped() {
    is_completed_after_it_was_killed(&remapped());
}
