//! The ways in which something is of a container.

use std::path::{Path, PathBuf};

use super::{Answers, Asked, Attribution, Basis, Facts, Live, ended_at, is_moment, user_of};
use crate::engine::State;
use crate::host::processes::Process;
use crate::host::{Owner, Stat};
use crate::operate::history::Record;
use crate::operate::uses::identity;
use crate::policy::date::Date;

/// Answers one question. The error says what there is not.
///
/// # Errors
/// Where what is asked about is not there itself: a process that ended, a path that leads nowhere.
pub fn attribute(asked: &Asked, facts: &Facts) -> Result<Answers, String> {
    let mut notes = Vec::new();
    let found = match asked {
        Asked::Number(number) => {
            let mut found = by_uid(*number, facts);
            if let Some(process) = process(*number, facts) {
                found.extend(by_process(process, facts, &mut notes));
            }
            found
        }
        Asked::Uid(uid) => by_uid(*uid, facts),
        Asked::Pid(pid) => {
            let process = process(*pid, facts).ok_or_else(|| {
                format!("there is no process {pid}; it may have ended. The uid of the same record can still be asked about")
            })?;
            by_process(process, facts, &mut notes)
        }
        Asked::Path(path) => by_path(path, facts, &mut notes)?,
        Asked::Container(name) => by_name(name, facts),
    };
    Ok(Answers { asked: asked.clone(), found, notes })
}

fn containers(facts: &Facts) -> &[Live] {
    match &facts.containers {
        crate::engine::Answer::Known(all) => all,
        crate::engine::Answer::Unknown(_) => &[],
    }
}

fn process(pid: u32, facts: &Facts) -> Option<&Process> {
    facts.processes.iter().find(|process| process.pid == pid)
}

/// Without the fields that only one way knows.
fn of_live(live: &Live, basis: Basis, why: String) -> Attribution {
    let container = &live.container;
    let state = serde_json::to_value(&container.state).ok();
    Attribution {
        basis,
        project: container.label("com.docker.compose.project").to_owned(),
        service: container.service.clone(),
        container: Some(container.name.clone()),
        id: Some(container.id.clone()),
        state: state.as_ref().and_then(|state| state.as_str()).unwrap_or("unknown").to_owned(),
        container_uid: None,
        host_uid: None,
        pid: None,
        container_pid: None,
        container_path: None,
        from: Some(container.started_at.as_str()).filter(|at| is_moment(at)).map(shortened),
        until: ended_at(container).map(shortened),
        why,
    }
}

/// Without parts of a second.
fn shortened(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, rest)) if rest.ends_with('Z') => format!("{whole}Z"),
        _ => text.to_owned(),
    }
}

fn by_uid(uid: u32, facts: &Facts) -> Vec<Attribution> {
    let mut found = Vec::new();
    for live in containers(facts) {
        let inside = live.map.as_ref().known().and_then(|map| map.uid_to_container(uid));
        let runs = processes_of(live, facts).find(|process| process.uids.contains(&uid));
        let configured = user_of(&live.container);
        // A number that is the same on both sides says nothing by itself: every container has all of them.
        let is_mapped = live.map.as_ref().known().is_some_and(|map| !map.is_identity());
        let (basis, why) = match (runs, inside) {
            (Some(process), _) => {
                (Basis::Live, format!("process {} ({}) runs as it", process.pid, process.command))
            }
            (None, Some(inside)) if configured == Some(inside) => {
                (Basis::Container, "it is the container's user".to_owned())
            }
            (None, Some(_)) if is_mapped => {
                (Basis::Map, "the container's map has it; nothing shows that it was used".to_owned())
            }
            _ => continue,
        };
        let of = of_live(live, basis, why);
        found.push(Attribution { container_uid: inside, host_uid: Some(uid), ..of });
    }
    for record in facts.history.records.iter().rev() {
        let Some(inside) = record.map().uid_to_container(uid) else { continue };
        if record.host.uid == uid && !is_known(record, &found) {
            let why = format!("a launch was noted with this user, in {}", record.directory.display());
            let of = of_record(record, facts, why);
            found.push(Attribution { container_uid: Some(inside), host_uid: Some(uid), ..of });
        }
    }
    // What could be is said only where nothing is.
    if found.iter().any(|one| one.basis != Basis::Map) {
        found.retain(|one| one.basis != Basis::Map);
    }
    found.sort_by_key(|one| one.basis);
    found
}

fn processes_of<'f>(live: &'f Live, facts: &'f Facts) -> impl Iterator<Item = &'f Process> {
    let is_running = !live.container.state.is_certainly_stopped();
    facts.processes.iter().filter(move |process| is_running && is_of(process, live, facts))
}

/// By its control group, which has the container's id; where there are none, by the process that it descends from.
fn is_of(process: &Process, live: &Live, facts: &Facts) -> bool {
    if process.control_groups.contains(&live.container.id) {
        return true;
    }
    let Some(first) = live.container.pid else { return false };
    let mut at = Some(process);
    for _ in 0..64 {
        let Some(one) = at else { return false };
        if one.pid == first {
            return true;
        }
        at = self::process(one.parent, facts);
    }
    false
}

fn by_process(process: &Process, facts: &Facts, notes: &mut Vec<String>) -> Vec<Attribution> {
    let Some(live) = containers(facts).iter().find(|live| is_of(process, live, facts)) else {
        if facts.containers.is_known() {
            notes.push(format!(
                "process {} ({}) is of no container of this engine",
                process.pid, process.command
            ));
        }
        return Vec::new();
    };
    let host_uid = process.uids.first().copied();
    let inside = host_uid.and_then(|uid| live.map.as_ref().known()?.uid_to_container(uid));
    let why = format!("process {} ({}) runs in it", process.pid, process.command);
    let of = of_live(live, Basis::Live, why);
    vec![Attribution {
        container_uid: inside,
        host_uid,
        pid: Some(process.pid),
        container_pid: process.inner_pids.last().copied().filter(|_| process.inner_pids.len() > 1),
        ..of
    }]
}

fn by_path(path: &Path, facts: &Facts, notes: &mut Vec<String>) -> Result<Vec<Attribution>, String> {
    let real = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let stat = Stat::at(&real).map_err(|error| format!("{}: {error}", real.display()))?;
    let above: Vec<(&Path, (u64, u64))> =
        real.ancestors().filter_map(|above| Some((above, identity(above)?))).collect();
    let mut found = Vec::new();
    for live in containers(facts) {
        for mount in live.container.mounts.iter().filter(|mount| mount.source.starts_with('/')) {
            let Some(source) = identity(Path::new(&mount.source)) else { continue };
            let Some((base, _)) = above.iter().find(|(_, own)| *own == source) else { continue };
            let below = real.strip_prefix(base).unwrap_or(Path::new(""));
            let inside = joined(Path::new(&mount.destination), below);
            let how = if mount.is_writable { "read-write" } else { "read-only" };
            let why = format!("it has {} mounted {how}", mount.source);
            found.push(owned(of_live(live, Basis::Live, why), live, stat.owner, inside));
        }
        if let Some((inside, folder)) = in_root(live, &real) {
            let why = format!("it lies in its root filesystem, {}", folder.display());
            found.push(owned(of_live(live, Basis::Live, why), live, stat.owner, inside));
        }
    }
    if found.is_empty() && facts.containers.is_known() {
        notes.push(format!("{} is in no mount and in no root filesystem of a container", real.display()));
    }
    notes.push(format!("it belongs to {}", stat.owner));
    Ok(found)
}

fn owned(of: Attribution, live: &Live, owner: Owner, inside: PathBuf) -> Attribution {
    let uid = live.map.as_ref().known().and_then(|map| map.uid_to_container(owner.uid));
    Attribution { container_uid: uid, host_uid: Some(owner.uid), container_path: Some(inside), ..of }
}

/// Joining nothing would add a slash.
fn joined(path: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { path.to_owned() } else { path.join(below) }
}

/// The place in the container of what lies in its own layer, or in its root as it is mounted.
fn in_root(live: &Live, real: &Path) -> Option<(PathBuf, PathBuf)> {
    let folders = ["MergedDir", "UpperDir"].into_iter().filter_map(|name| {
        live.container.raw.pointer(&format!("/GraphDriver/Data/{name}"))?.as_str().map(PathBuf::from)
    });
    folders
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| Some((joined(Path::new("/"), real.strip_prefix(&folder).ok()?), folder)))
}

fn by_name(name: &str, facts: &Facts) -> Vec<Attribution> {
    let is_id = |id: &str| name.len() >= 8 && id.starts_with(name);
    let mut found: Vec<Attribution> = containers(facts)
        .iter()
        .filter(|live| live.container.name == name || is_id(&live.container.id))
        .map(|live| {
            let why = match live.container.state {
                State::Running | State::Paused => "it runs",
                _ => "it has ended, and the engine still has it",
            };
            let inside = user_of(&live.container);
            let host = inside.and_then(|uid| live.map.as_ref().known()?.uid_to_host(uid));
            let of = of_live(live, Basis::Container, why.to_owned());
            Attribution { container_uid: inside, host_uid: host, pid: live.container.pid, ..of }
        })
        .collect();
    for record in facts.history.records.iter().rev() {
        let is_named = record.name.as_deref() == Some(name) || record.container.as_deref().is_some_and(is_id);
        if is_named && !is_known(record, &found) {
            let why = format!("its launch was noted, in {}", record.directory.display());
            let of = of_record(record, facts, why);
            found.push(Attribution {
                container_uid: Some(record.user.uid),
                host_uid: Some(record.host.uid),
                ..of
            });
        }
    }
    found
}

/// Whether what was noted is said already by what the engine has.
fn is_known(record: &Record, found: &[Attribution]) -> bool {
    let of = |one: &Attribution| one.project == record.project && one.service == record.service;
    let mut live = found.iter().filter(|one| matches!(one.basis, Basis::Live | Basis::Container));
    match &record.container {
        Some(id) => live.any(|one| one.id.as_ref() == Some(id)),
        None => live.any(of),
    }
}

fn of_record(record: &Record, facts: &Facts, why: String) -> Attribution {
    // What another engine has was not asked.
    let is_asked = facts.engine.as_ref() == Some(&record.engine);
    let is_gone = is_asked && facts.containers.is_known() && record.container.is_some();
    let why = if is_asked { why } else { format!("{why}, on the engine at {}", record.engine.endpoint) };
    Attribution {
        basis: Basis::History,
        project: record.project.clone(),
        service: record.service.clone(),
        container: record.name.clone(),
        id: record.container.clone(),
        state: if is_gone { "gone" } else { "launched" }.to_owned(),
        container_uid: None,
        host_uid: None,
        pid: None,
        container_pid: None,
        container_path: None,
        from: Some(moment(record.from)),
        until: Some(moment(record.ended.unwrap_or(record.until))),
        why,
    }
}

/// In UTC.
fn moment(seconds: u64) -> String {
    let of_day = seconds % 86_400;
    format!("{}T{:02}:{:02}:{:02}Z", Date::at(seconds), of_day / 3600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests;
