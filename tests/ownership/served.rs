//! Projects on file systems whose server decides whose a file is. `bindfs` stands for the server, in three forms.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::harness::{Compose, End, Output, PATIENCE, Tool, bare, owner_and_mode, poll};
use super::operator::plain;
use super::volumes::{EVERYBODY, Launched, NEW, UP, Who, keeper, policy, words};

const NOBODY: u32 = 65534;

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Nobody gives anything away, not even root.
    ChownDenied,
    /// Whatever anybody makes is nobody's.
    AllSquashed,
    /// What root makes is nobody's.
    RootSquashed,
}

const FORMS: [Form; 3] = [Form::ChownDenied, Form::AllSquashed, Form::RootSquashed];

impl Form {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::ChownDenied => &["--chown-deny", "--chgrp-deny"],
            Self::AllSquashed => &[
                "--force-user=65534",
                "--force-group=65534",
                "--create-for-user=65534",
                "--create-for-group=65534",
                "--chown-deny",
                "--chgrp-deny",
            ],
            Self::RootSquashed => &["--map=0/65534:@0/@65534", "--chown-deny", "--chgrp-deny"],
        }
    }
}

/// A project in a directory that is served, which goes before the project does.
struct Served {
    mount: PathBuf,
    project: Launched,
}

impl Served {
    fn new(form: Form, who: Who, compose: &str) -> Self {
        let project = Launched::new(who, compose, &plain());
        let mount = project.project().directory.clone();
        // Everybody may write there, as far as the server lets them.
        fs::set_permissions(&mount, fs::Permissions::from_mode(0o777)).unwrap();
        let output = bare("bindfs")
            .args(form.options())
            .args(["-o", "nonempty"])
            .args([&mount, &mount])
            .output()
            .expect("bindfs: run scripts/test");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { mount, project }
    }

    /// A directory of the project, open to all.
    fn open(&self, name: &str) {
        let path = self.mount.join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    }

    fn file(&self, name: &str, text: &str) {
        self.project.project().file(name, text);
    }

    fn run(&self, tool: Tool, words: &[&str]) -> Output {
        self.project.run(tool, words)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.project.project().clear();
        let unmount = || Command::new("umount").arg(&self.mount).status().unwrap().success().then_some(());
        if poll(PATIENCE, unmount).is_none() {
            let _ = Command::new("umount").arg("--lazy").arg(&self.mount).status();
        }
    }
}

/// A directory that the machine itself has.
fn elsewhere(who: Who) -> &'static str {
    match who {
        Who::Root => "../.xdg-state/chosen",
        Who::Operator => "../home/.local/chosen",
    }
}

/// Keeps a word where all who come later may write, too.
fn compose() -> String {
    keeper(&format!("    user: '{NEW}:{NEW}'\n"), "'./data:/data'", "").replace("umask 077", "umask 0")
}

/// The stand-ins do what they stand for.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_the_server_decides_whose_a_file_is() {
    for form in FORMS {
        let served = Served::new(form, Who::Root, &compose());
        let made = served.mount.join("made");
        fs::write(&made, "").unwrap();
        let wanted = if form == Form::ChownDenied { 0 } else { NOBODY };
        assert_eq!(owner_and_mode(&made).0, wanted, "{form:?}");
        let given = std::os::unix::fs::chown(&made, Some(NEW), None);
        assert_eq!(given.unwrap_err().raw_os_error(), Some(libc::EPERM), "{form:?}");
    }
}

/// What Compose launches there is launched, by root and by an ordinary operator, with a policy and without.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_compose_launches_on_a_file_server_is_launched() {
    for form in FORMS {
        for who in EVERYBODY {
            let served = Served::new(form, who, &compose());
            served.open("data");
            let mut lines = 0;
            let mut writes = |output: Output| {
                lines += 1;
                assert!(output.end == End::Code(0) && words(&output) == lines, "{form:?} {who:?}: {output}");
            };
            writes(served.run(Compose, &UP));
            writes(served.run(Tool::Seaworthy, &UP));
            for posture in ["observe", "hardened"] {
                served.file("seaworthy.yaml", &policy(&format!("posture: {posture}\n")));
                writes(served.run(Tool::Seaworthy, &UP));
                let elsewhere = [&["--state-dir", elsewhere(who)], &UP[..]].concat();
                writes(served.run(Tool::Seaworthy, &elsewhere));
            }
        }
    }
}

/// What is missing is made for its service, or refused with what the file system does.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_missing_on_a_file_server_is_made_or_the_server_is_named() {
    for form in FORMS {
        for who in EVERYBODY {
            let served = Served::new(form, who, &compose());
            served.file("seaworthy.yaml", &policy(""));
            let output = served.run(Tool::Seaworthy, &UP);
            // Root makes it as the one who is to have it; a helper in a container may not become him.
            if who == Who::Root && form != Form::AllSquashed {
                assert!(output.end == End::Code(0) && words(&output) == 1, "{form:?}: {output}");
                continue;
            }
            let decides = "where a server or a program decides whose a file is";
            output.refuses(73, "prepare-failed").says("is on fuse (").says(decides).says("as its owner");
            assert!(served.project.project().ids().is_empty(), "{form:?} {who:?}");
        }
    }
}
