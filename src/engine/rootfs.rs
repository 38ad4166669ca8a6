//! Looking at an image's files without running it.
//!
//! A container is created, never started, and removed again; the engine hands out its files as an
//! archive. That works with images that hold no shell, and runs nothing of theirs.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::helper::{UNTOUCHED, mount};
use super::{Answer, Engine, IdMap, Image, confined, leftover};
use crate::host::{Kind, Owner, defer_signals};

/// One path of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageEntry {
    pub kind: Kind,
    /// In the container's own numbers.
    pub owner: Owner,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Whether it is a directory that holds something.
    pub is_filled: bool,
    /// The bytes of a file of at most [`CONTENT_LIMIT`] bytes, where they were asked for.
    #[serde(skip)]
    pub content: Option<Vec<u8>>,
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look<'a> {
    /// Absolute, in the image. Links are followed within the image. What the engine itself puts into every
    /// container (`/etc/hosts`, `/etc/hostname`, `/etc/resolv.conf`, `/dev`, `/proc`, `/sys`) is there
    /// whether or not the image has it.
    pub path: &'a str,
    /// Whether the content is wanted too.
    pub content: bool,
}

/// The largest file whose content is read: user databases of real images have less than 10 KiB.
pub const CONTENT_LIMIT: usize = 4 << 20;

/// How many questions are put side by side.
const AT_ONCE: usize = 4;

/// An image's user database: the texts of `/etc/passwd` and `/etc/group`, `None` where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserDatabase {
    pub passwd: Option<String>,
    pub group: Option<String>,
}

impl Engine {
    /// Reads the user database of an image. The same for the same image id, so worth keeping by that.
    pub fn user_database(&self, image: &Image) -> Answer<UserDatabase> {
        let looks = ["/etc/passwd", "/etc/group"].map(|path| Look { path, content: true });
        self.look_into(image, &looks).map(|entries| {
            let mut texts = entries
                .into_iter()
                .map(|entry| entry?.content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            UserDatabase { passwd: texts.next().flatten(), group: texts.next().flatten() }
        })
    }

    /// Looks at several paths of an image, in the order asked; `None` where the image has nothing there.
    /// One container is made for all that nobody has looked at before, and removed whatever happens.
    pub fn look_into(&self, image: &Image, looks: &[Look<'_>]) -> Answer<Vec<Option<ImageEntry>>> {
        let new = |look: &&Look<'_>| self.looked().get(&image.id, look).is_none();
        let new: Vec<Look<'_>> = looks.iter().filter(new).copied().collect();
        self.look_by_container(image, &new).map(|found| {
            for (look, entry) in new.iter().zip(&found) {
                self.looked().keep(&image.id, look, entry.as_ref());
            }
            looks.iter().map(|look| self.looked().get(&image.id, look).flatten()).collect()
        })
    }

    /// Looks at volumes, or at what lies in them, in the order asked; owners are in the host's numbers. They must be
    /// there. The image is one that the engine has; nothing of it is looked at or run.
    pub fn look_at_volumes(
        &self,
        image: &Image,
        volumes: &[(&str, &Path)],
    ) -> Answer<Vec<Option<ImageEntry>>> {
        let places: Vec<String> = (0..volumes.len()).map(|at| format!("{VOLUMES}/{at}")).collect();
        let mounts = volumes
            .iter()
            .zip(&places)
            .map(|((name, _), place)| mount("volume", name.as_ref(), place, UNTOUCHED));
        let paths =
            volumes.iter().zip(&places).map(|((_, inside), place)| format!("{place}/{}", inside.display()));
        let paths: Vec<String> = paths.map(|path| path.trim_end_matches('/').to_owned()).collect();
        let looks: Vec<Look<'_>> = paths.iter().map(|path| Look { path, content: false }).collect();
        let found = self.look_in_container(image, &looks, &mounts.collect::<Vec<_>>());
        found.and_then(|found| self.in_the_hosts_numbers(found))
    }

    /// An engine without root is in the namespace of its containers, and counts as they do.
    fn in_the_hosts_numbers(&self, mut found: Vec<Option<ImageEntry>>) -> Answer<Vec<Option<ImageEntry>>> {
        if !self.info().is_rootless {
            return Answer::Known(found);
        }
        self.id_map().and_then(|map| {
            for entry in found.iter_mut().flatten() {
                let Some(owner) = map.to_host(entry.owner) else {
                    return Answer::Unknown(format!(
                        "the engine's map of users has nobody for {}",
                        entry.owner
                    ));
                };
                entry.owner = owner;
            }
            Answer::Known(found)
        })
    }

    fn look_by_container(&self, image: &Image, looks: &[Look<'_>]) -> Answer<Vec<Option<ImageEntry>>> {
        self.look_in_container(image, looks, &[]).and_then(|found| self.in_own_numbers(found))
    }

    fn look_in_container(
        &self,
        image: &Image,
        looks: &[Look<'_>],
        mounts: &[OsString],
    ) -> Answer<Vec<Option<ImageEntry>>> {
        let question = || format!("cannot look into image {}", image.id);
        if looks.is_empty() {
            return Answer::Known(Vec::new());
        }
        // Nobody comes back to remove what an earlier run could not.
        if let Answer::Unknown(reason) = self.sweep() {
            return Answer::Unknown(reason).context(question());
        }
        // Whoever interrupts has to wait until the container is gone again.
        let _waiting = defer_signals();
        let name = match leftover::name() {
            Ok(name) => name,
            Err(reason) => return Answer::Unknown(reason).context(question()),
        };
        let container = match self.create_for_looking(image, &name, mounts) {
            Answer::Known(container) => container,
            Answer::Unknown(reason) => {
                // The command line may have been ended after the engine had heard it.
                let _ = self.command().run(["container", "rm", "--force", "--volumes", &name]);
                return Answer::Unknown(reason).context(question());
            }
        };
        let found = looks.chunks(AT_ONCE).map(|some| self.look_at_once(&container, some));
        let found = found.collect::<Answer<Vec<_>>>().map(|found| found.into_iter().flatten().collect());
        // A container that stays behind holds no process and no volume of its own; the next run sweeps it.
        let removed =
            self.command().undisturbed().ask(["container", "rm", "--force", "--volumes", &container]);
        match (found, removed) {
            (found, Answer::Known(_)) => Answer::context(found, question()),
            (Answer::Known(_), Answer::Unknown(reason)) => {
                Answer::Unknown(format!("{}: container {container} stays behind: {reason}", question()))
            }
            (unknown, Answer::Unknown(_)) => unknown.context(question()),
        }
    }

    /// An engine that maps users writes its machine's ids into the archive (measured with 20.10). Ids
    /// that its map cannot have produced are taken to be the container's own already.
    fn in_own_numbers(&self, mut found: Vec<Option<ImageEntry>>) -> Answer<Vec<Option<ImageEntry>>> {
        if !self.info().is_remapped() {
            return Answer::Known(found);
        }
        self.id_map().map(|map| {
            for entry in found.iter_mut().flatten() {
                entry.owner = unmapped(&map, entry.owner);
            }
            found
        })
    }

    fn create_for_looking(&self, image: &Image, name: &str, mounts: &[OsString]) -> Answer<String> {
        let label = leftover::label();
        let mut arguments: Vec<OsString> =
            ["container", "create", "--name", name, "--label", &label].map(OsString::from).to_vec();
        arguments.extend(confined::words());
        // A declared volume would be made, and filled from the image, only to be thrown away. What cannot
        // be written as a mount is made after all, and removed with the container.
        let plain = |volume: &&String| volume.starts_with('/') && !volume.contains([',', '"', '\n']);
        for volume in image.volumes.iter().filter(plain) {
            arguments.extend(["--mount".into(), format!("type=tmpfs,destination={volume}").into()]);
        }
        for mount in mounts {
            arguments.extend(["--mount".into(), mount.clone()]);
        }
        // Never started, but an image without a command of its own is refused without one.
        arguments.extend(["--entrypoint", "/", "--", &image.id].map(OsString::from));
        self.patient().undisturbed().ask(&arguments).and_then(|output| {
            let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if id.is_empty() { Answer::unknown("the engine names no container") } else { Answer::Known(id) }
        })
    }

    fn look_at_once(&self, container: &str, looks: &[Look<'_>]) -> Answer<Vec<Option<ImageEntry>>> {
        std::thread::scope(|scope| {
            let start =
                |look| std::thread::Builder::new().spawn_scoped(scope, move || self.look_at(container, look));
            let threads: Vec<_> = looks.iter().copied().map(start).collect();
            let ended_early = |_| Answer::unknown("a thread ended early");
            let answer = |thread: std::io::Result<std::thread::ScopedJoinHandle<'_, _>>| match thread {
                Ok(thread) => thread.join().unwrap_or_else(ended_early),
                Err(error) => Answer::Unknown(format!("cannot start a thread: {error}")),
            };
            threads.into_iter().map(answer).collect()
        })
    }

    fn look_at(&self, container: &str, look: Look<'_>) -> Answer<Option<ImageEntry>> {
        let source = format!("{container}:{}", look.path);
        // Of a directory the archive holds all that is below; its first header says enough.
        let limit = if look.content { CONTENT_LIMIT + HEADERS } else { HEADERS };
        let mut words = vec!["container", "cp", &source, "-"];
        // Podman always follows, and has no word for it.
        if !self.info().is_podman {
            words.insert(2, "--follow-link");
        }
        let output = self.patient().run_up_to(limit, words);
        output.and_then(|output| {
            if output.succeeded() {
                return first_entry(&output.stdout, look.content).map(Some);
            }
            let complaint = output.complaint();
            if is_missing(&complaint) {
                return Answer::Known(None);
            }
            Answer::Unknown(format!("{}: {complaint}", look.path))
        })
    }
}

fn unmapped(map: &IdMap, owner: Owner) -> Owner {
    Owner::new(
        map.uid_to_container(owner.uid).unwrap_or(owner.uid),
        map.gid_to_container(owner.gid).unwrap_or(owner.gid),
    )
}

/// Where volumes are mounted to be looked at.
const VOLUMES: &str = "/sw-volumes";

/// Enough for the headers of one entry, with a long name in a record of its own.
const HEADERS: usize = 16 << 10;

/// Whether the engine says that the path is not there.
fn is_missing(complaint: &str) -> bool {
    let complaint = complaint.to_lowercase();
    ["could not find the file", "no such file or directory", ": not a directory"]
        .iter()
        .any(|words| complaint.contains(words))
}

/// The first entry of an archive, which is the path asked for; the archive may be cut behind it.
fn first_entry(archive: &[u8], content: bool) -> Answer<ImageEntry> {
    Answer::trying(|| {
        let unreadable = |error: std::io::Error| format!("the archive cannot be read: {error}");
        let mut archive = tar::Archive::new(archive);
        let mut entries = archive.entries().map_err(unreadable)?;
        let mut entry = entries.next().ok_or("the archive is empty")?.map_err(unreadable)?;
        let header = entry.header();
        let id = |id: std::io::Result<u64>| -> Result<u32, String> {
            u32::try_from(id.map_err(unreadable)?).map_err(|_| "an owner beyond 32 bits".to_owned())
        };
        let owner = Owner::new(id(header.uid())?, id(header.gid())?);
        let mode = header.mode().map_err(unreadable)? & 0o7777;
        let kind = match header.entry_type() {
            tar::EntryType::Directory => Kind::Directory,
            tar::EntryType::Symlink => Kind::Symlink,
            tar::EntryType::Char => Kind::CharDevice,
            tar::EntryType::Block => Kind::BlockDevice,
            tar::EntryType::Fifo => Kind::Fifo,
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::Link => Kind::File,
            other => return Err(format!("the archive has an entry of unknown type {:?}", other.as_byte())),
        };
        let wanted = content && kind == Kind::File && entry.size() <= CONTENT_LIMIT as u64;
        let content = if wanted {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 != entry.size() {
                return Err("the archive ends early".to_owned());
            }
            Some(bytes)
        } else {
            None
        };
        drop(entry);
        let is_filled = kind == Kind::Directory && entries.next().is_some();
        Ok(ImageEntry { kind, owner, mode, is_filled, content })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::idmap::Range;

    fn archive(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_uid(10001);
            header.set_gid(20002);
            header.set_mode(0o100_640);
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn the_first_entry_tells_kind_owner_mode_and_content() {
        let bytes = archive(&[("passwd", tar::EntryType::Regular, b"root:x:0:0")]);
        let entry = first_entry(&bytes, true).known().unwrap();
        assert_eq!((entry.kind, entry.owner, entry.mode), (Kind::File, Owner::new(10001, 20002), 0o640));
        assert_eq!(entry.content.as_deref(), Some(b"root:x:0:0".as_slice()));
        assert_eq!(first_entry(&bytes, false).known().unwrap().content, None);
    }

    #[test]
    fn a_directory_is_told_from_the_beginning_of_its_archive() {
        let long = "x".repeat(300);
        let bytes =
            archive(&[(&long, tar::EntryType::Directory, b""), ("y", tar::EntryType::Regular, &[7; 9000])]);
        let entry = first_entry(&bytes[..HEADERS.min(bytes.len() - 4000)], true).known().unwrap();
        assert_eq!((entry.kind, entry.content, entry.is_filled), (Kind::Directory, None, true));
        let empty = archive(&[("x", tar::EntryType::Directory, b"")]);
        assert!(!first_entry(&empty, false).known().unwrap().is_filled);
    }

    #[test]
    fn a_cut_content_and_an_empty_archive_are_unknown() {
        let bytes = archive(&[("passwd", tar::EntryType::Regular, &[b'a'; 2000])]);
        assert!(!first_entry(&bytes[..1024], true).is_known());
        assert!(!first_entry(&[], true).is_known());
        assert!(!first_entry(b"garbage that is no archive", true).is_known());
    }

    #[test]
    fn owners_of_a_mapping_engine_are_taken_back_and_others_left() {
        let range = |host| vec![Range { container: 0, host, length: 65536 }];
        let map = IdMap::new(range(231_072), range(331_072));
        assert_eq!(unmapped(&map, Owner::new(241_073, 331_072)), Owner::new(10001, 0));
        assert_eq!(unmapped(&map, Owner::new(10001, 0)), Owner::new(10001, 0));
    }

    #[test]
    fn only_the_engines_own_words_mean_missing() {
        assert!(is_missing("Error response from daemon: Could not find the file /x in container 1"));
        assert!(is_missing("Error response from daemon: lstat /a/etc/passwd/x: not a directory"));
        assert!(!is_missing(
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
        ));
        assert!(!is_missing("No such container: 1"));
    }
}
