//! What is run while it is made to fail, and what must be true afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::bed::{Bed, TWO, UP, policy, policy_with, said};
use crate::engine::{answering, proved};
use seaworthy::host::Owner;
use seaworthy::host::owner::is_root;
use seaworthy::project::sha256;

impl Scenario {
    /// The errors that the call at one place fails with. It is one of all, the next one at the next place and in the
    /// next scenario, which makes most of the same calls; with `SEAWORTHY_EXHAUSTIVE` it is each of them.
    pub fn errors<E: Copy>(&self, all: &[E], at: usize) -> Vec<E> {
        if std::env::var_os("SEAWORTHY_EXHAUSTIVE").is_some() {
            return all.to_vec();
        }
        let number = SCENARIOS.iter().position(|one| one.name == self.name).unwrap();
        vec![all[(number + at) % all.len()]]
    }

    /// Those that this process can run.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let can = |one: &&Self| is_root() || !one.name.ends_with("users are mapped");
        // The programs of an engine that answers are written in this machine's own language.
        let has = |one: &&Self| cfg!(target_arch = "x86_64") || !one.has_engine;
        SCENARIOS.iter().filter(can).filter(has)
    }
}

pub struct Scenario {
    pub name: &'static str,
    pub words: &'static [&'static str],
    pub prepare: fn(&Bed),
    pub launches: bool,
    /// Whether an engine answers on a socket.
    pub has_engine: bool,
    /// The engine itself is told to start what was proved, which nothing takes back.
    pub starts: bool,
}

pub const EVERYTHING: &str = "up with all there is";

/// A launch that begins like this.
const fn up(name: &'static str, prepare: fn(&Bed)) -> Scenario {
    Scenario { name, words: UP, prepare, launches: true, has_engine: false, starts: false }
}

/// A command that launches nothing.
const fn other(name: &'static str, words: &'static [&'static str], prepare: fn(&Bed)) -> Scenario {
    Scenario { words, launches: false, ..up(name, prepare) }
}

const SCENARIOS: &[Scenario] = &[
    up("first up", Bed::clear),
    up("later up", older),
    up(EVERYTHING, everything),
    up("up with Docker's own programs", programs),
    up("up where users are mapped", mapped),
    up("later up where users are mapped", mapped_later),
    Scenario { has_engine: true, ..up("up with an engine on a socket", answering) },
    Scenario { has_engine: true, starts: true, ..up("up of what is proved", proved) },
    other("overlays pin", &["overlays", "pin"], |bed| {
        bed.write("seaworthy.yaml", &policy(&"0".repeat(63).replace('0', "ab")[..64]));
    }),
    other("overlays seal", &["overlays", "seal", "--lines", "2", "ops/two.yaml"], |bed| {
        bed.write("ops/two.yaml", TWO);
    }),
];

/// A rendered file of an earlier launch is there.
fn older(bed: &Bed) {
    bed.clear();
    fs::create_dir_all(bed.project().join(".seaworthy")).unwrap();
    fs::write(bed.rendered(), "older: true\n...\n").unwrap();
}

/// A lock, a copy, a declared file, durable state, and what killed runs left everywhere.
fn everything(bed: &Bed) {
    bed.clear();
    for name in ["seaworthy.lock", "made.json"] {
        let _ = fs::remove_file(bed.project().join(name));
    }
    let text = policy_with(
        &sha256(TWO.as_bytes()),
        "user: { default: \"USER\" }\n\
           binds: { create: [{ path: ./made.json, kind: file, content: \"{}\" }] }\n\
           state: [{ path: ./state }]\n\
           copies: [{ from: ./a.env, to: .seaworthy/copy.env }]\n",
    );
    // Who is not root can make things for nobody else.
    let user = if is_root() { Owner::new(10001, 10001) } else { Owner::current() };
    bed.write("seaworthy.yaml", &text.replace("USER", &user.to_string()));
    bed.write(
        "compose.yaml",
        "name: bed\nservices:\n  a:\n    image: x\n    volumes:\n      - ./state:/state\n      \
         - ./made.json:/made.json\n      - ./.seaworthy/copy.env:/copy.env:ro\n  b: { image: y }\n",
    );
    let own = bed.project().join(".seaworthy");
    fs::create_dir_all(&own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).unwrap();
    bed.write(".seaworthy/copy.env", "A=0\n");
    bed.write(".seaworthy/.sw-left.tmp", "half");
    for name in [".sw-new-1-0-1.tmp", ".seaworthy/.sw-new-1-0-2.tmp"] {
        bed.write(name, "half");
    }
    bed.write("seaworthy.lock", "# old\n");
    fs::remove_file(bed.project().join("seaworthy.lock")).unwrap();
}

/// A `docker` that is no script, so that it is looked for a socket and a plug-in: the shell itself, which
/// takes the first word for the name of a script.
fn programs(bed: &Bed) {
    bed.clear();
    let docker = bed.at("bin/docker");
    let script = bed.at("script");
    if !script.exists() {
        fs::rename(&docker, &script).unwrap();
        fs::copy("/bin/sh", &docker).unwrap();
        for word in ["info", "compose", "container", "image"] {
            bed.write(word, &format!("exec '{}' {word} \"$@\"\n", script.display()));
        }
        fs::create_dir_all(bed.at("home/.docker/cli-plugins")).unwrap();
        fs::write(bed.at("home/.docker/config.json"), "{}").unwrap();
        bed.program("../home/.docker/cli-plugins/docker-compose", "#!/bin/sh\nexit 1\n");
    }
}

/// An engine with `userns-remap`.
fn mapped(bed: &Bed) {
    bed.clear();
    let info = fs::read_to_string(bed.at("info")).unwrap();
    let info = info
        .replace("profile=default\"]", "profile=default\",\"name=userns\"]")
        .replace("\"/var/lib/docker\"", "\"/var/lib/docker/100000.100000\"");
    fs::write(bed.at("info"), info).unwrap();
}

/// Everything is there already, and its owner is one of the map's.
fn mapped_later(bed: &Bed) {
    mapped(bed);
    let deep = bed.project().join("data/deep");
    fs::create_dir_all(&deep).unwrap();
    if is_root() {
        chown(&deep, Some(101_000), Some(101_000)).unwrap();
    }
}

/// Every file and directory of the project: content, owner and mode.
pub type Tree = BTreeMap<PathBuf, (Option<Vec<u8>>, u32, u32)>;

pub fn tree(bed: &Bed) -> Tree {
    let mut found = Tree::new();
    collect(&bed.project(), &mut found);
    found
}

fn collect(directory: &Path, found: &mut Tree) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        if metadata.is_dir() {
            collect(&path, found);
        }
        // Who has the turn.
        let content = metadata.is_file().then(|| fs::read(&path).unwrap());
        let content = content.filter(|_| entry.file_name() != "launch.lock");
        found.insert(path, (content, metadata.uid(), metadata.mode()));
    }
}

/// What a run does that nothing happens to.
pub struct Whole {
    old: Tree,
    new: Tree,
    launch: Option<String>,
    starts: bool,
}

/// How a run ended that something happened to.
pub struct Ended {
    pub success: bool,
    pub stderr: String,
    /// Whether only messages were lost.
    pub is_mute: bool,
}

impl Whole {
    pub fn of(bed: &Bed, scenario: &Scenario) -> Self {
        (scenario.prepare)(bed);
        let old = tree(bed);
        let output = bed.run(scenario.words);
        assert!(output.status.success(), "{}: {}", scenario.name, said(&output));
        let (new, launch) = (tree(bed), bed.launched());
        assert_eq!(launch.is_some(), scenario.launches);
        assert!(new != old);
        Self { old, new, launch, starts: scenario.starts }
    }

    /// Whether the run did all of it.
    pub fn is_done(&self, bed: &Bed) -> bool {
        bed.launched() == self.launch && tree(bed) == self.new
    }

    /// Old or new is each file, and nothing was launched by a run that failed, or another thing by one that
    /// did not. `true`: it was refused; `false`: it went on.
    pub fn judge(&self, bed: &Bed, ended: &Ended, what: &str) -> bool {
        for (path, now) in tree(bed) {
            let known = [self.old.get(&path), self.new.get(&path)];
            assert!(known.contains(&Some(&now)), "{what}\nleft {} half done: {now:?}", path.display());
        }
        for path in self.old.keys().filter(|path| self.new.contains_key(*path)) {
            assert!(path.exists(), "{what}\nlost {}", path.display());
        }
        let launched = bed.launched();
        if ended.success {
            assert_eq!(launched, self.launch, "{what}\nwent on with another model");
            assert_eq!(tree(bed), self.new, "{what}\nwent on without doing all of it");
            return false;
        }
        if let (true, Some(begun)) = (self.starts, &launched) {
            let whole = self.launch.as_deref().unwrap_or_default();
            assert!(whole.starts_with(begun), "{what}\nstarted another model: {begun}");
        } else {
            assert_eq!(launched, None, "{what}\nlaunched, and failed");
        }
        assert!(!ended.stderr.contains("panicked"), "{what}\n{}", ended.stderr);
        // A message that cannot be written cannot be read.
        assert!(ended.is_mute || !ended.stderr.is_empty(), "{what}\nfailed without a word");
        true
    }
}
