//! The engine: what it is, where it keeps its data, whom it maps, and who may use it.

use std::path::{Path, PathBuf};

use rustix::fs::CWD;

use super::confinement::{confinement, limits};
use super::files::room;
use super::{Area, Check};
use crate::diagnostic::Code;
use crate::engine::idmap::shown;
use crate::engine::{Answer, Engine, Info, Location, Options};
use crate::host::access::{Access, is_denied};
use crate::host::owner::is_root;
use crate::host::{FileSystem, Owner, Stat};
use crate::operate::accounts::Accounts;

/// Everything about an engine. Where it does not answer, that, and what is known without it.
pub(crate) fn checks(engine: &Answer<&Engine>, options: &Options, accounts: &Accounts) -> Vec<Check> {
    let socket = socket_path(engine, options);
    let mut checks = Vec::new();
    match engine {
        Answer::Unknown(reason) => {
            checks.push(Check::fails(Area::Engine, "answers", reason, silent(socket.as_deref(), accounts)));
            if let Some(path) = &socket {
                checks.extend(permissions(path, accounts));
            }
        }
        Answer::Known(engine) => {
            let info = engine.info();
            checks.extend(identity(engine));
            match socket {
                Some(path) => checks.extend(permissions(&path, accounts)),
                None => checks.push(network(engine)),
            }
            checks.extend(users(engine));
            checks.extend(limits(info));
            checks.extend(confinement(info));
        }
    }
    checks
}

/// What covers `/proc` and `/sys` is looked up in the processes of containers.
fn proof_on_podman(engine: &Engine) -> Check {
    if engine.location() == Location::Here {
        let fact = "what Podman does not tell of a container is looked up in its process";
        return Check::works(Area::Engine, "proof", fact);
    }
    Check::limited(
        Area::Engine,
        "proof",
        "Podman does not tell what covers /proc and /sys in a container, and its processes are not on this machine",
        "For `hardened`, run seaworthy on the machine of the engine.",
    )
}

fn identity(engine: &Engine) -> Vec<Check> {
    let (info, identity) = (engine.info(), engine.identity());
    let is_podman = engine.is_podman();
    let kind = if is_podman { "Podman" } else { "Docker" };
    let rootless = if info.is_rootless { ", without root" } else { "" };
    let fact = format!("{kind} {} at {}{rootless}", info.server_version, identity.endpoint);
    let mut checks = vec![Check::works(Area::Engine, "answers", fact)];
    checks.push(match engine.location() {
        Location::Here => Check::works(Area::Engine, "place", "on this machine"),
        Location::VirtualMachine => Check::limited(
            Area::Engine,
            "place",
            "in a virtual machine that shares directories with this one: owners and modes there are its own affair",
            "For exact owners keep state in named volumes, or run the engine on this machine.",
        ),
        Location::Elsewhere(reason) => Check::limited(
            Area::Engine,
            "place",
            format!("on another machine: {reason}"),
            "What the host needs is done there by a helper container. `copies:`, `strategy: idmap` and `gc` need the \
             engine's own machine: run seaworthy there.",
        ),
    });
    if is_podman {
        checks.push(proof_on_podman(engine));
    }
    checks.push(store(info));
    if engine.location() == Location::Here {
        checks.push(data(&info.root_dir));
    }
    for warning in &info.warnings {
        checks.push(Check::limited(
            Area::Engine,
            "warning",
            warning.trim_start_matches("WARNING: "),
            "The engine says so of itself; its manual names the setting.",
        ));
    }
    checks
}

fn store(info: &Info) -> Check {
    let kept =
        if info.has_containerd_store { "images kept by containerd" } else { "images kept by the engine" };
    Check::works(Area::Engine, "store", format!("{}, {kept}", info.storage_driver))
}

/// The engine's data directory, if it can be read.
fn data(folder: &Path) -> Check {
    let shown = folder.display();
    let looked = FileSystem::of(folder).and_then(|system| Ok((system, room(folder)?)));
    match looked {
        Ok((system, room)) if room.is_short() => Check::fails(
            Area::Engine,
            "data",
            format!("{shown} on {}, {}", system.name, room.describe()),
            "Make room: without it no image is loaded and no container made (`docker system df` says what takes it).",
        ),
        Ok((system, room)) => {
            Check::works(Area::Engine, "data", format!("{shown} on {}, {}", system.name, room.describe()))
        }
        // Ordinary users are not meant to look there.
        Err(_) if !is_root() => {
            Check::works(Area::Engine, "data", format!("{shown}, which only root may look into"))
        }
        Err(error) => Check::unknown(
            Area::Engine,
            "data",
            format!("{shown} cannot be looked at: {error}"),
            "Check that the engine runs in this machine's own namespaces.",
        ),
    }
}

/// The socket in the file system by which the engine is reached, where it is one.
fn socket_path(engine: &Answer<&Engine>, options: &Options) -> Option<PathBuf> {
    let variable = |name| options.variable(name).map(|value| value.to_string_lossy().into_owned());
    let endpoint = match engine {
        Answer::Known(engine) => engine.identity().endpoint.clone(),
        Answer::Unknown(_) if options.global_value("--context", "-c").is_some() => return None,
        Answer::Unknown(_) => {
            let given = options.global_value("--host", "-H").or_else(|| variable("DOCKER_HOST"));
            given
                .filter(|given| !given.is_empty())
                .unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
        }
    };
    endpoint.strip_prefix("unix://").filter(|path| path.starts_with('/')).map(PathBuf::from)
}

/// The remedy if no engine answers.
fn silent(socket: Option<&Path>, accounts: &Accounts) -> String {
    let Some(path) = socket else { return Code::EngineUnavailable.remedy().to_owned() };
    let shown = path.display();
    match Stat::at(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("Nothing is at {shown}. Start the engine, or name its socket in DOCKER_HOST.")
        }
        Err(error) => format!("{shown} cannot be looked at: {error}. Check the directories above it."),
        Ok(stat) if is_denied(CWD, path, Access::WRITE) => {
            let owner = accounts.describe(stat.owner);
            format!(
                "{shown} is {owner}'s, mode {:04o}. Run as root, or have an administrator put you into that group: \
                 whoever is in it is root here.",
                stat.mode
            )
        }
        Ok(_) => format!("{shown} is there, and what listens gives no answer: look at the engine's log."),
    }
}

/// Who may use the engine, and so is root of its machine.
fn permissions(path: &Path, accounts: &Accounts) -> Option<Check> {
    let shown = path.display();
    let stat = match Stat::at(path) {
        Ok(stat) => stat,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            let fact = format!("{shown} cannot be looked at: {error}");
            return Some(Check::unknown(Area::Engine, "socket", fact, "Check the directories above it."));
        }
    };
    Some(of_socket(path, &stat, accounts))
}

fn of_socket(path: &Path, stat: &Stat, accounts: &Accounts) -> Check {
    let Owner { gid, .. } = stat.owner;
    let fact = format!("{} {} {:04o}", path.display(), accounts.describe(stat.owner), stat.mode);
    if stat.mode & 0o002 != 0 {
        let remedy = format!("Everybody who reaches it is root here: chmod o-rwx {}", path.display());
        return Check::fails(Area::Engine, "socket", fact, remedy);
    }
    let group = accounts.group(gid).unwrap_or_else(|| gid.to_string());
    let fact = if gid != 0 && stat.mode & 0o020 != 0 {
        format!("{fact}: whoever is in group {group} is root through it")
    } else {
        fact
    };
    Check::works(Area::Engine, "socket", fact)
}

fn network(engine: &Engine) -> Check {
    let endpoint = &engine.identity().endpoint;
    let options = engine.command().options();
    let has_tls = options.global.iter().any(|word| word.to_string_lossy().starts_with("--tls"))
        || options.variable("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty());
    if endpoint.starts_with("tcp://") && !has_tls && engine.info().context.is_empty() {
        return Check::fails(
            Area::Engine,
            "socket",
            format!("{endpoint} without TLS"),
            "Whoever reaches that port is root there. Use ssh:// or --tlsverify.",
        );
    }
    Check::works(Area::Engine, "socket", format!("reached through {endpoint}"))
}

fn users(engine: &Engine) -> Vec<Check> {
    let info = engine.info();
    let map = match engine.id_map() {
        Answer::Known(map) if map.is_identity() => Check::works(
            Area::Users,
            "map",
            "no user namespace: a user in a container has the same number on the host, root too",
        ),
        Answer::Known(map) => {
            Check::works(Area::Users, "map", format!("in a container → on the host: {}", shown(map.uids())))
        }
        Answer::Unknown(reason) => Check::unknown(
            Area::Users,
            "map",
            reason,
            "Without the map no owner on the host is known: see that /etc/subuid and /etc/subgid can be read.",
        ),
    };
    let mut checks = vec![map];
    if info.is_remapped() {
        checks.push(Check::limited(
            Area::Users,
            "host namespaces",
            "the engine refuses `privileged`, `network_mode: host` and `pid: host` where it maps users",
            "Such a service needs `userns_mode: host`, which a posture from baseline on judges.",
        ));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Kind;
    use crate::operate::doctor::Verdict;

    #[test]
    fn a_socket_that_everybody_may_write_is_a_fault() {
        let stat = |mode| Stat {
            kind: Kind::Socket,
            owner: Owner::new(0, 999),
            mode,
            dev: 0,
            ino: 0,
            links: 1,
            size: 0,
        };
        let accounts = Accounts::default();
        let of = |mode| of_socket(Path::new("/run/docker.sock"), &stat(mode), &accounts);
        assert_eq!(of(0o666).verdict, Verdict::Fails);
        assert!(of(0o660).fact.ends_with("whoever is in group 999 is root through it"));
        assert_eq!(of(0o600).fact, "/run/docker.sock 0:999 0600");
    }
}
