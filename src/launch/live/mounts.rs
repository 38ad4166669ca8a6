//! Mounts: none that the model does not have, each where, what and how the model says.

mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use wanted::Kind;

use crate::engine::{Inspection, MountPoint};
use crate::model::mount;
use crate::model::place::clean;

use super::Scope;
use super::field::{Fields, at, beyond, list, strings};
use super::namespaces::shared;
use super::podman;

pub use wanted::Mount;

pub fn add(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    let wanted = Mount::all(fields, scope);
    let shown = list(&wanted.iter().map(Mount::shown).collect::<Vec<_>>());
    let image = scope.image_of(name, fields.service).map(|image| image.volumes.clone());
    let borrowed = borrowed(fields, scope);
    let tmpfs: BTreeMap<String, BTreeSet<String>> =
        mount::TMPFS.texts(fields.service).iter().map(|text| short_tmpfs(text)).collect();

    let mounts = wanted.clone();
    let over: BTreeSet<String> = tmpfs.keys().cloned().collect();
    fields.add(
        "Mounts",
        "volumes",
        shown.clone(),
        "it has other files of the host, or more of them",
        move |live| {
            let extra: Vec<String> = live
                .mounts
                .iter()
                .filter_map(|found| {
                    let target = clean(&found.destination);
                    match mounts.iter().find(|mount| mount.target == target) {
                        Some(mount) => mount.weaker(found, live),
                        None if anonymous(found, image.as_deref())
                            || borrowed.iter().any(|lent| lends(lent, found)) =>
                        {
                            None
                        }
                        None if found.kind == "tmpfs" && over.contains(&target) => None,
                        None => Some(describe(found)),
                    }
                })
                .collect();
            (!extra.is_empty()).then(|| list(&extra))
        },
    );

    let in_memory: BTreeMap<String, Mount> = wanted
        .iter()
        .filter(|mount| mount.kind == Kind::Tmpfs)
        .map(|mount| (mount.target.clone(), mount.clone()))
        .collect();
    let covered: BTreeSet<String> = tmpfs.keys().cloned().collect();
    fields.add("Mounts", "volumes", shown, "what the model lays over the image is not there", move |live| {
        let is_there = |mount: &&Mount| {
            live.mounts.iter().any(|found| clean(&found.destination) == mount.target)
                || covered.contains(&mount.target)
                || mount.kind == Kind::Tmpfs && podman::has_tmpfs(live, &mount.target)
        };
        let missing: Vec<&str> =
            wanted.iter().filter(|mount| !is_there(mount)).map(|mount| mount.target.as_str()).collect();
        (!missing.is_empty()).then(|| format!("without {}", list(&missing)))
    });

    let shown = list(&mount::TMPFS.texts(fields.service));
    let long = in_memory;
    fields.add("HostConfig.Tmpfs", "tmpfs", shown, "it can write elsewhere, or otherwise", move |live| {
        let found = at(live, "HostConfig.Tmpfs").as_object().into_iter().flatten();
        let found: Vec<(String, String)> = found
            .map(|(path, options)| (path.clone(), options.as_str().unwrap_or_default().to_owned()))
            .collect();
        // Without the tmpfs the image's own content shows there.
        let is_there = |target: &String| {
            found.iter().any(|(path, _)| clean(path) == *target)
                || live.mounts.iter().any(|mount| clean(&mount.destination) == *target)
        };
        let missing =
            tmpfs.keys().filter(|target| !is_there(target)).map(|target| format!("without {target}"));
        let fits = |path: &str, options: &str| {
            let options = options_of(options);
            tmpfs
                .get(path)
                .is_some_and(|wanted| *wanted == options || podman::is_stricter_tmpfs(live, wanted, &options))
                || podman::is_long_tmpfs(live, long.get(path), &options)
        };
        let extra =
            found.iter().filter(|(path, options)| !fits(&clean(path), options)).map(|(path, options)| {
                if options.is_empty() { path.clone() } else { format!("{path}:{options}") }
            });
        let wrong: Vec<String> = missing.chain(extra).collect();
        (!wrong.is_empty()).then(|| list(&wrong))
    });
    volumes_from(fields, scope);
}

fn short_tmpfs(text: &str) -> (String, BTreeSet<String>) {
    let (path, options) = text.split_once(':').unwrap_or((text, ""));
    (clean(path), options_of(options))
}

fn options_of(text: &str) -> BTreeSet<String> {
    text.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

/// A volume that the engine made because the image declares it: it has a name of 64 digits.
fn anonymous(found: &MountPoint, declared: Option<&[String]>) -> bool {
    let is_random = found.name.len() == 64 && found.name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_declared =
        declared.is_none_or(|paths| paths.iter().any(|path| clean(path) == clean(&found.destination)));
    found.kind == "volume" && is_random && is_declared
}

fn describe(found: &MountPoint) -> String {
    let source = if found.name.is_empty() { &found.source } else { &found.name };
    let how = if found.is_writable { "rw" } else { "ro" };
    let spread = Some(&found.propagation).filter(|spread| !spread.is_empty() && *spread != "rprivate");
    let spread = spread.map(|spread| format!(",{spread}")).unwrap_or_default();
    format!("{} {source}:{}:{how}{spread}", found.kind, found.destination)
}

/// Mounts of the containers that `volumes_from` names.
fn borrowed(fields: &Fields<'_>, scope: &Scope<'_>) -> Vec<MountPoint> {
    let mut all = Vec::new();
    for text in mount::FROM.texts(fields.service) {
        let (source, read_only) = source_of(&text);
        let names = shared(&source, scope);
        let lenders = scope.containers.iter().chain(scope.others).filter(|container| {
            names.iter().any(|name| name.strip_prefix("container:").is_some_and(|name| name == container.id))
        });
        for mount in lenders.flat_map(|container| &container.mounts) {
            all.push(MountPoint { is_writable: mount.is_writable && !read_only, ..mount.clone() });
        }
    }
    all
}

/// `a:ro` is the service `a`, read-only; `container:x` is a container.
fn source_of(text: &str) -> (String, bool) {
    let read_only = text.ends_with(":ro");
    let source = text.strip_suffix(":ro").or_else(|| text.strip_suffix(":rw")).unwrap_or(text);
    let source =
        if source.starts_with("container:") { source.to_owned() } else { format!("service:{source}") };
    (source, read_only)
}

fn lends(lent: &MountPoint, found: &MountPoint) -> bool {
    lent.destination == found.destination
        && lent.kind == found.kind
        && lent.source == found.source
        && (lent.is_writable || !found.is_writable)
}

fn volumes_from(fields: &mut Fields<'_>, scope: &Scope<'_>) {
    let texts = mount::FROM.texts(fields.service);
    let allowed: Vec<(Vec<String>, bool)> = texts
        .iter()
        .map(|text| {
            let (source, read_only) = source_of(text);
            let names = shared(&source, scope);
            (names.iter().map(|name| name.trim_start_matches("container:").to_owned()).collect(), read_only)
        })
        .collect();
    fields.add(
        "HostConfig.VolumesFrom",
        "volumes_from",
        list(&texts),
        "it has the files of another container",
        move |live| {
            beyond(strings(at(live, "HostConfig.VolumesFrom")), |found| {
                let read_only = found.ends_with(":ro");
                let name = found.strip_suffix(":ro").or_else(|| found.strip_suffix(":rw")).unwrap_or(found);
                allowed
                    .iter()
                    .any(|(names, must)| names.iter().any(|known| known == name) && (read_only || !must))
            })
        },
    );
}

/// Docker Desktop shows this machine's files below a directory of its virtual machine.
fn is_source(found: &str, wanted: &str) -> bool {
    let own = found.strip_prefix("/host_mnt").filter(|rest| rest.starts_with('/')).unwrap_or(found);
    [found, own].iter().any(|path| Path::new(path) == Path::new(wanted))
}

impl Mount {
    /// What is wrong with the mount that the container has in this place.
    fn weaker(&self, found: &MountPoint, live: &Inspection) -> Option<String> {
        let same = match &self.kind {
            Kind::Bind => found.kind == "bind" && is_source(&found.source, &self.source),
            Kind::Volume => found.kind == "volume" && found.name == self.source,
            Kind::Anonymous => found.kind == "volume" && found.name.len() == 64,
            Kind::Tmpfs => found.kind == "tmpfs",
            Kind::Other(kind) => found.kind == *kind,
        };
        let writable = found.is_writable && self.read_only;
        let spreads = !["", "rprivate", "private"].contains(&found.propagation.as_str())
            && found.propagation != self.propagation
            // The engine's own choice for what holds its own directories.
            && !(self.propagation.is_empty() && found.propagation == "rslave");
        if !same || writable || spreads {
            return Some(describe(found));
        }
        let details = details(live, &self.target);
        match self.kind {
            Kind::Tmpfs => self.weaker_tmpfs(details.get("TmpfsOptions").unwrap_or(&Value::Null)),
            Kind::Volume => {
                let path =
                    details.pointer("/VolumeOptions/Subpath").and_then(Value::as_str).unwrap_or_default();
                // Engines that do not know it mount the whole volume without a word.
                (path != self.subpath).then(|| format!("{} (all of it)", describe(found)))
            }
            _ => None,
        }
    }

    fn weaker_tmpfs(&self, options: &Value) -> Option<String> {
        let number = |key: &str| options.get(key).and_then(Value::as_u64).unwrap_or(0);
        let (size, mode) = (number("SizeBytes"), number("Mode"));
        let fits = self.size == 0 || (size > 0 && size <= self.size);
        let same = self.mode.is_none_or(|wanted| wanted == mode);
        (!fits || !same).then(|| format!("tmpfs {} with size {size}, mode {mode:o}", self.target))
    }
}

/// The mount as it was asked for, which says more than what came of it.
fn details(live: &Inspection, target: &str) -> Value {
    let asked = at(live, "HostConfig.Mounts").as_array().into_iter().flatten();
    let mut same = asked.filter(|mount| {
        mount.get("Target").and_then(Value::as_str).is_some_and(|path| clean(path) == target)
    });
    same.next().cloned().unwrap_or_default()
}
