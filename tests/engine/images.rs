//! Images made for one test from the one that all tests have, and removed with it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::harness::bare;

/// A file, or a directory where there is no text: path, text, owner, mode.
pub type Entry<'e> = (&'e str, Option<&'e str>, (u64, u64), u32);

/// What an image has beside the programs of busybox.
#[derive(Default)]
pub struct Parts<'p> {
    /// Lines of its passwd; each user has a group of its own name and number.
    pub users: &'p [&'p str],
    pub entries: &'p [Entry<'p>],
    /// As in a Dockerfile: `USER 991`, `ENTRYPOINT ["/init"]`.
    pub changes: &'p [&'p str],
}

/// Gone with its test.
pub struct Image {
    pub name: String,
    engine: Option<String>,
}

impl Image {
    /// On the engine of the tests, or the one at this address.
    #[track_caller]
    pub fn new(name: &str, engine: Option<&str>, parts: &Parts<'_>) -> Self {
        let image =
            Self { name: format!("sw-{name}-{}", std::process::id()), engine: engine.map(str::to_owned) };
        let container = image.docker(&["create", "sw-busybox"], &[]);
        let container = String::from_utf8(container).unwrap().trim().to_owned();
        image.docker(&["cp", "-", &format!("{container}:/")], &archive(parts));
        let files = image.docker(&["export", &container], &[]);
        image.docker(&["rm", &container], &[]);
        let mut words = vec!["import"];
        for change in parts.changes {
            words.extend(["-c", *change]);
        }
        words.extend(["-", &image.name]);
        image.docker(&words, &files);
        image
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = bare("docker");
        command.args(words).envs(self.engine.iter().map(|host| ("DOCKER_HOST", host)));
        command
    }

    #[track_caller]
    fn docker(&self, words: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut running = command.spawn().unwrap();
        let mut stdin = running.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = running.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success(), "docker {words:?}");
        output.stdout
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = self.command(&["image", "rm", "--force", &self.name]).output();
    }
}

fn archive(parts: &Parts<'_>) -> Vec<u8> {
    let mut passwd = "root:x:0:0:root:/root:/bin/sh\n".to_owned();
    let mut group = "root:x:0:\n".to_owned();
    for user in parts.users {
        passwd += &format!("{user}\n");
        let fields: Vec<&str> = user.split(':').collect();
        group += &format!("{}:x:{}:\n", fields[0], fields[3]);
    }
    let own =
        [("etc/passwd", Some(passwd.as_str()), (0, 0), 0o644), ("etc/group", Some(&group), (0, 0), 0o644)];
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text, (uid, gid), mode) in own.iter().chain(parts.entries) {
        let mut header = tar::Header::new_gnu();
        let bytes = text.unwrap_or_default().as_bytes();
        header.set_entry_type(if text.is_some() {
            tar::EntryType::Regular
        } else {
            tar::EntryType::Directory
        });
        header.set_uid(*uid);
        header.set_gid(*gid);
        header.set_mode(*mode);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, bytes).unwrap();
    }
    archive.into_inner().unwrap()
}
