//! Every place for state, with every past, launched by everybody on every engine: what a launch comes to.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::harness::{End, Output};
use super::operator::Bed;
use super::volumes::{EVERYBODY, Launched, NEW, OWN, UP, Who, beds, keeper, policy, words};

/// Where the state of a cell's service lies, and what it found there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Bind,
    Volume,
    Subpath,
    External,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Fresh,
    Old,
    Unknown,
}

const PLACES: [Place; 4] = [Place::Bind, Place::Volume, Place::Subpath, Place::External];
const PASTS: [Before; 3] = [Before::Fresh, Before::Old, Before::Unknown];

const OLD: u32 = 3001;

/// What a subpath is a part of.
const PART: &str = "part";

/// A volume that is removed with its test.
struct Made<'b>(&'b Bed, String);

impl Drop for Made<'_> {
    fn drop(&mut self) {
        super::harness::docker(&["--host", &self.0.host, "volume", "rm", "--force", &self.1]);
    }
}

/// What became of a launch.
const WRITTEN: &str = "started, written";
const WITHOUT_SUBPATH: &str = "refused: engine without subpath";
const NO_SUBPATH: &str = "refused: no such directory in it";
const EXTERNAL: &str = "refused: it is external";
const STRANGER: &str = "refused: not known whose";

/// Each reason is one that a refusal gives in words.
const REASONS: [(&str, &str); 5] = [
    ("does not know `subpath`", WITHOUT_SUBPATH),
    ("has no such directory", NO_SUBPATH),
    ("It is external", EXTERNAL),
    ("from: [\"3001:3001\"]", STRANGER),
    ("and cannot use ./data", STRANGER),
];

fn expected(place: Place, before: Before, has_subpath: bool) -> &'static str {
    match (place, before) {
        (Place::Subpath, _) if !has_subpath => WITHOUT_SUBPATH,
        (Place::Subpath, Before::Fresh) => NO_SUBPATH,
        (Place::External, Before::Fresh | Before::Unknown) => EXTERNAL,
        (_, Before::Unknown) => STRANGER,
        _ => WRITTEN,
    }
}

/// Engines mount a part of a volume from version 26 on.
fn has_subpath(bed: &Bed) -> bool {
    let said = super::harness::docker(&["--host", &bed.host, "version", "--format", "{{.Server.Version}}"]);
    let version = said.ok().stdout;
    version.split('.').next().and_then(|major| major.trim().parse::<u32>().ok()).unwrap() >= 26
}

/// As another generation left it, with a file that only it can read.
fn leave(directory: &Path, (uid, gid): (u32, u32)) {
    fs::create_dir_all(directory).unwrap();
    let log = directory.join("log");
    fs::write(&log, "word\n").unwrap();
    for (path, mode) in [(log.as_path(), 0o600), (directory, 0o700)] {
        chown(path, Some(uid), Some(gid)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// The directory of the state before the launch; what is a volume is made as Compose makes it.
fn directory(project: &Launched, place: Place, volume: &str) -> PathBuf {
    let project = project.project();
    if place == Place::Bind {
        return project.path("data");
    }
    if place != Place::External {
        let labels =
            [format!("com.docker.compose.project={}", project.name), "com.docker.compose.volume=data".into()];
        let words = ["volume", "create", "--label", &labels[0], "--label", &labels[1], volume];
        project.docker(&words).ok();
    }
    let words = ["volume", "inspect", "--format", "{{.Mountpoint}}", volume];
    let directory = PathBuf::from(project.docker(&words).ok().stdout.trim());
    if place == Place::Subpath { directory.join(PART) } else { directory }
}

/// One cell: what a launch came to, or all that it said where that is nothing that may be.
fn cell(place: Place, before: Before, who: Who, bed: &Bed) -> Result<&'static str, String> {
    let external = format!("sw-matrix-{}-{before:?}-{who:?}-{}", std::process::id(), bed.map).to_lowercase();
    let _made = Made(bed, external.clone());
    let mount = match place {
        Place::Bind => "'./data:/data'",
        Place::Volume | Place::External => "'data:/data'",
        Place::Subpath => "{type: volume, source: data, target: /data, volume: {subpath: part}}",
    };
    let (volumes, state) = match place {
        Place::Bind => (String::new(), "path: data"),
        Place::Volume | Place::Subpath => (OWN.to_owned(), "volume: data"),
        Place::External => {
            (format!("volumes: {{data: {{external: true, name: {external}}}}}\n"), "volume: data")
        }
    };
    let project = Launched::new(who, &keeper("", mount, &volumes), bed);
    let volume = match place {
        Place::External => external.clone(),
        _ => format!("{}_data", project.project().name),
    };
    if place == Place::External {
        project.project().docker(&["volume", "create", &external]).ok();
    }
    if before != Before::Fresh {
        leave(&directory(&project, place, &volume), (bed.map + OLD, bed.map + OLD));
    }
    let declared = match before {
        Before::Old => format!("state: [{{{state}, from: ['{OLD}:{OLD}']}}]\n"),
        _ => String::new(),
    };
    project.file("seaworthy.yaml", &policy(&declared));
    let check = project.seaworthy(&["check"]);
    let output = project.seaworthy(&UP);
    let lines = if before == Before::Old { 2 } else { 1 };
    let told = came_to(&project, &output, lines).ok_or_else(|| output.to_string())?;
    if (check.end == End::Code(0)) != (told == WRITTEN) {
        return Err(format!("check and launch differ\n{check}\n{output}"));
    }
    if told == WRITTEN {
        // Of whom, as the machine sees it.
        let log = directory(&project, place, &volume).join("log");
        let found = super::harness::owner_and_mode(&log);
        let wanted = (bed.map + NEW, bed.map + NEW, 0o600);
        if found != wanted {
            return Err(format!("{} is {found:?} and not {wanted:?}\n{output}", log.display()));
        }
    }
    Ok(told)
}

/// `None` for what must not be: anything but all its lines written, or a refusal with its reason that leaves
/// no container.
fn came_to(project: &Launched, output: &Output, lines: usize) -> Option<&'static str> {
    match output.end {
        End::Code(0) if words(output) == lines => Some(WRITTEN),
        End::Code(73) if output.stderr.contains("bind-access") && project.project().ids().is_empty() => {
            REASONS.iter().find(|(said, _)| output.stderr.contains(said)).map(|(_, told)| *told)
        }
        _ => None,
    }
}

/// The table is printed: `cargo test --test ownership -- --include-ignored --nocapture matrix::`. The first engine is
/// that of `DOCKER_HOST`; one of version 26 or later has parts of volumes.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn no_place_and_no_past_is_ready_and_then_denied() {
    let beds = beds();
    let mut table = format!("{:9}{:9}{:10}{:8}what became of it\n", "state", "before", "by", "engine");
    let mut wrong = String::new();
    let mut cells = 0;
    for place in PLACES {
        for before in PASTS {
            for who in EVERYBODY {
                for (bed, engine) in beds.iter().zip(["plain", "remap"]) {
                    let wanted = expected(place, before, has_subpath(bed));
                    let told = cell(place, before, who, bed);
                    let shown = told.as_ref().map_or("WRONG", |told| *told);
                    let (place, before) = (format!("{place:?}"), format!("{before:?}"));
                    let who = format!("{who:?}");
                    let line = format!("{place:9}{before:9}{who:10}{engine:8}{shown}\n");
                    cells += 1;
                    table += &line;
                    if told != Ok(wanted) {
                        let _ =
                            write!(wrong, "\n{line}wanted: {wanted}\n{}\n", told.err().unwrap_or_default());
                    }
                }
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{table}{wrong}");
    assert_eq!(cells, 48);
}
