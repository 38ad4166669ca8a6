//! Which engine answers, and where it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::idmap::Local;
use super::looked::Looked;
use super::socket::{Negotiated, Silence, Socket};
use super::{Answer, Command, IdMap, Info, Options};
use crate::host::process::{host_name, is_in_container};

/// What tells one engine from another. Two engines on one machine can have the same id, so all three
/// count: an answer from another engine is no answer about this one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`, …
    pub endpoint: String,
    pub id: String,
    pub root_dir: PathBuf,
}

/// Where the engine's files are, seen from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On this machine: a path means the same to it and to us.
    Here,
    /// In a virtual machine of this one that shares some of our directories with it; owners and modes
    /// there are its own affair.
    VirtualMachine,
    /// Elsewhere; the reason why it is taken to be. Our paths mean nothing to it.
    Elsewhere(String),
}

const QUESTION: &str = "the engine does not say what it is";

/// An engine that has answered, and how to ask it more.
#[derive(Clone, Debug)]
pub struct Engine {
    command: Command,
    identity: Identity,
    info: Info,
    /// Of its interface.
    version: Negotiated,
    /// In its images.
    looked: Looked,
}

impl Engine {
    /// Finds the program, and asks the engine who it is: one command, and a second one where a context
    /// other than `default` is used.
    pub fn connect(options: Options) -> Answer<Self> {
        Command::find(options).and_then(Self::connect_by)
    }

    /// As [`Engine::connect`], with a program found before.
    pub fn connect_by(command: Command) -> Answer<Self> {
        match plainly(&command) {
            Ok(Some((identity, info, version))) => {
                return Answer::Known(Self::new(command, identity, info, version));
            }
            Ok(None) => {}
            Err(reason) => return Answer::Unknown(reason).context(QUESTION),
        }
        let asked = Answer::trying(|| {
            let output = command.ask(["info", "--format", "{{json .}}"]).into_result()?;
            let info = Info::parse(&output.stdout).into_result()?;
            let endpoint = endpoint(&command, &info).into_result()?;
            let identity = Identity { endpoint, id: info.id.clone(), root_dir: info.root_dir.clone() };
            Ok((identity, info))
        });
        let told = match asked {
            // The sentence says of itself what was wanted.
            Answer::Unknown(reason) => match super::trouble::of(&reason) {
                Some(sentence) => Answer::Unknown(sentence),
                None => Answer::Unknown(reason).context(QUESTION),
            },
            known @ Answer::Known(_) => known,
        };
        told.map(|(identity, info)| Self::new(command, identity, info, Negotiated::default()))
    }

    fn new(command: Command, identity: Identity, info: Info, version: Negotiated) -> Self {
        Self { command, identity, info, version, looked: Looked::default() }
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn info(&self) -> &Info {
        &self.info
    }

    pub fn command(&self) -> &Command {
        &self.command
    }

    /// The version of the interface in which it is asked by its socket.
    pub(super) fn version(&self) -> &Negotiated {
        &self.version
    }

    /// What was seen in its images so far.
    pub(super) fn looked(&self) -> &Looked {
        &self.looked
    }

    /// Asks for the identity again, and whether it is still the same. Nothing may be deleted on the word
    /// of another engine.
    pub fn is_still_itself(&self) -> Answer<bool> {
        Self::connect_by(self.command.clone()).map(|now| now.identity == self.identity)
    }

    pub fn location(&self) -> Location {
        let own = Surroundings { host_name: host_name(), in_container: is_in_container() };
        locate(&self.identity.endpoint, &self.info, &own)
    }

    /// Whether host-side preparation here would happen on the wrong machine.
    pub fn is_remote(&self) -> bool {
        matches!(self.location(), Location::Elsewhere(_))
    }

    /// The first port that a user without capabilities may bind, in a network of a container's own and in the
    /// machine's; `None` where that is not known.
    pub fn first_ports(&self) -> [Option<u32>; 2] {
        let version = self.info.server_version.split(['.', '-', '+']).take(2);
        let numbers: Vec<u32> = version.filter_map(|part| part.parse().ok()).collect();
        // Docker opens all of them since 20.10; elsewhere a new network has the kernel's own value.
        let own = match numbers.as_slice() {
            [major, minor, ..] if !self.info.is_podman => {
                Some(if (*major, *minor) >= (20, 10) { 0 } else { 1024 })
            }
            _ if self.info.is_podman => Some(1024),
            _ => None,
        };
        let here = || std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok();
        let host = if self.is_remote() { None } else { here().and_then(|text| text.trim().parse().ok()) };
        [own, host]
    }

    /// Whether it can mount a part of a volume; one that cannot mounts all of it. `None` where that is not known.
    pub fn mounts_parts_of_volumes(&self) -> Option<bool> {
        let major: u32 = self.info.server_version.split(['.', '-', '+']).next()?.parse().ok()?;
        (!self.info.is_podman).then_some(major >= 26)
    }

    /// The map of users for containers that do not choose otherwise.
    pub fn id_map(&self) -> Answer<IdMap> {
        if self.is_remote() {
            return IdMap::of(&self.info, &Local::default());
        }
        if self.info.id_map.is_some() || !(self.info.is_rootless || self.info.is_remapped()) {
            return IdMap::of(&self.info, &Local::default());
        }
        if let Some(map) = self.own_map() {
            return Answer::Known(map);
        }
        let local = Answer::from(self.socket_owner().and_then(Local::read));
        local.and_then(|local| IdMap::of(&self.info, &local))
    }

    /// The maps that it may have had before: user namespaces are switched on and off, and engines moved to another user.
    /// An engine on another machine has none that can be read here. `noted` are maps that launches had.
    pub fn former_maps(&self, noted: &[IdMap]) -> Answer<Vec<IdMap>> {
        if self.is_remote() {
            return Answer::Known(Vec::new());
        }
        self.id_map().and_then(|map| Answer::from(Local::read(None)).map(|local| map.others(&local, noted)))
    }

    /// The map of the process that listens at a rootless engine's socket, which is that of its containers. `None`
    /// where somebody else listens for it, or none is seen.
    fn own_map(&self) -> Option<IdMap> {
        let path = self.identity.endpoint.strip_prefix("unix://").filter(|_| self.info.is_rootless)?;
        let pid = super::socket::listener(Path::new(path))?;
        let text = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
        let map = IdMap::parse(&text("uid_map")?, &text("gid_map")?)?;
        (!map.is_identity()).then_some(map)
    }

    /// Who made the engine's socket: the user who runs a rootless engine. Of another engine it says nothing.
    fn socket_owner(&self) -> Result<Option<u32>, String> {
        use std::os::unix::fs::MetadataExt;
        let path = self.identity.endpoint.strip_prefix("unix://").filter(|_| self.info.is_rootless);
        let Some(path) = path else { return Ok(None) };
        match std::fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.uid())),
            Err(error) => Err(format!("whose {path} is cannot be read: {error}")),
        }
    }

    /// Asks with more time: for what moves data.
    pub(super) fn patient(&self) -> Command {
        let deadline = self.command.options().deadline;
        self.command.within(deadline.max(Duration::from_secs(60)))
    }
}

/// By the engine's own socket, which is much faster. `None` where the command line is the one to ask.
///
/// # Errors
/// Where it cannot be told which socket that is, or the system fails to ask there.
fn plainly(command: &Command) -> Result<Option<(Identity, Info, Negotiated)>, String> {
    let Some((socket, endpoint)) = Socket::behind(command)? else { return Ok(None) };
    let info = match socket.get("/info") {
        Ok(answer) => answer.and_then(|answer| Info::read(answer).known()),
        Err(Silence::Elsewhere(_)) => None,
        Err(Silence::Fault(reason)) => return Err(reason),
    };
    Ok(info.map(|info| {
        let identity = Identity { endpoint, id: info.id.clone(), root_dir: info.root_dir.clone() };
        (identity, info, socket.version().clone())
    }))
}

/// The endpoint behind the context that the client used.
fn endpoint(command: &Command, info: &Info) -> Answer<String> {
    let options = command.options();
    let variable = |name| options.variable(name).map(|value| value.to_string_lossy().into_owned());
    if info.is_podman {
        let given = options.global_value("--url", "").or_else(|| variable("CONTAINER_HOST"));
        return Answer::Known(given.unwrap_or_else(|| "podman://".to_owned()));
    }
    match info.context.as_str() {
        "" | "default" => {
            let given = options.global_value("--host", "-H").or_else(|| variable("DOCKER_HOST"));
            let given = given.filter(|endpoint| !endpoint.is_empty());
            Answer::Known(given.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned()))
        }
        context => command
            .ask(["context", "inspect", context, "--format", "{{json .Endpoints.docker.Host}}"])
            .and_then(|output| serde_json::from_slice::<String>(&output.stdout).into()),
    }
}

/// What of us bears on the question where the engine is.
struct Surroundings {
    host_name: String,
    in_container: bool,
}

fn locate(endpoint: &str, info: &Info, own: &Surroundings) -> Location {
    let same_name = info.host_name == own.host_name;
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("tcp", endpoint));
    match scheme {
        "unix" | "npipe" | "fd" | "podman" => {
            if info.operating_system.contains("Docker Desktop") || info.host_name == "docker-desktop" {
                return Location::VirtualMachine;
            }
            // A container that was given the engine's socket has other files than the engine.
            if own.in_container && !same_name {
                return Location::Elsewhere(format!(
                    "we run in a container, and the engine on {}",
                    info.host_name
                ));
            }
            Location::Here
        }
        // A port of this machine may lead into a container that runs an engine; that has another name.
        "tcp" | "http" | "https" if is_loopback(rest) && same_name && !own.in_container => Location::Here,
        _ => Location::Elsewhere(format!("it is reached through {endpoint}")),
    }
}

fn is_loopback(address: &str) -> bool {
    let authority = address.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn where_is(endpoint: &str, name: &str, in_container: bool) -> Location {
        let info = Info { host_name: name.into(), ..Info::default() };
        locate(endpoint, &info, &Surroundings { host_name: "vm".into(), in_container })
    }

    #[test]
    fn a_local_socket_is_here_and_a_network_is_elsewhere() {
        assert_eq!(where_is("unix:///var/run/docker.sock", "vm", false), Location::Here);
        assert_eq!(where_is("unix:///x", "renamed", false), Location::Here);
        for endpoint in ["tcp://10.0.0.5:2376", "ssh://op@server", "10.0.0.5:2375", "tcp://example.org:1"] {
            assert!(matches!(where_is(endpoint, "vm", false), Location::Elsewhere(_)), "{endpoint}");
        }
    }

    #[test]
    fn a_port_of_this_machine_is_here_only_under_this_machines_name() {
        for endpoint in ["tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:2375", "127.0.0.1:2375"]
        {
            assert_eq!(where_is(endpoint, "vm", false), Location::Here, "{endpoint}");
            assert!(matches!(where_is(endpoint, "3f1c9a", false), Location::Elsewhere(_)), "{endpoint}");
        }
    }

    #[test]
    fn from_within_a_container_the_engines_files_are_not_ours() {
        assert!(matches!(where_is("unix:///var/run/docker.sock", "host", true), Location::Elsewhere(_)));
        assert_eq!(where_is("unix:///var/run/docker.sock", "vm", true), Location::Here);
    }

    #[test]
    fn docker_desktop_is_a_machine_of_its_own() {
        assert_eq!(where_is("unix:///x", "docker-desktop", false), Location::VirtualMachine);
    }

    /// A script that answers as a client would.
    fn client(script: &str) -> (tempfile::TempDir, Options) {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("docker");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = vec![("DOCKER_HOST".into(), "".into())];
        (
            temp,
            Options {
                program: path.into(),
                environment,
                deadline: Duration::from_secs(20),
                ..Options::default()
            },
        )
    }

    const INFO: &str =
        r#"{"ID":"A","ServerVersion":"1","DockerRootDir":"/d","ClientInfo":{"Context":"CONTEXT"}}"#;

    #[test]
    fn the_endpoint_comes_from_the_option_the_variable_or_the_context() {
        let (_temp, options) = client(&format!("echo '{}'", INFO.replace("CONTEXT", "default")));
        let endpoint = |options: Options| Engine::connect(options).known().unwrap().identity.endpoint;
        assert_eq!(endpoint(options.clone()), "unix:///var/run/docker.sock");
        assert_eq!(endpoint(options.host("tcp://a:1")), "tcp://a:1");
        let answer = INFO.replace("CONTEXT", "far");
        let (_temp, options) =
            client(&format!("case $1 in info) echo '{answer}';; context) echo '\"ssh://far\"';; esac"));
        assert_eq!(endpoint(options), "ssh://far");
    }

    #[test]
    fn an_engine_that_says_nothing_useful_is_unknown() {
        for script in ["exit 0", "echo null", "echo '{}'", "echo oops >&2; exit 1", "kill -9 $$"] {
            let (_temp, options) = client(script);
            let answer = Engine::connect(options);
            let reason = answer.reason().unwrap().to_owned();
            assert!(reason.starts_with("the engine does not say what it is: "), "{script}: {reason}");
        }
        let (_temp, options) = client("sleep 60");
        let answer = Engine::connect(Options { deadline: Duration::from_millis(100), ..options });
        assert!(answer.reason().unwrap().ends_with("no answer within 0.1 s"));
    }

    #[test]
    fn another_engine_behind_the_same_endpoint_is_noticed() {
        let answer = INFO.replace("CONTEXT", "default");
        let other = answer.replace("\"/d\"", "\"/e\"");
        let script = format!("if [ -e \"$0.later\" ]; then echo '{other}'; else echo '{answer}'; fi");
        let (temp, options) = client(&script);
        let engine = Engine::connect(options).known().unwrap();
        assert_eq!(engine.is_still_itself(), Answer::Known(true));
        std::fs::write(temp.path().join("docker.later"), "").unwrap();
        assert_eq!(engine.is_still_itself(), Answer::Known(false));
    }
}
