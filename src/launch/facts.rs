//! What the engine says of a project, asked in as few questions as there are kinds, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::{Builder, ScopedJoinHandle, scope};

use serde_json::{Value, json};

use crate::compose::{Model, text};
use crate::engine::socket::{Silence, Socket, escape};
use crate::engine::{Answer, Container, Engine, Image, Inspection};
use crate::model::{mount, namespace, network, program};

use crate::yaml::Node;

use super::live::{image_name, resources};

/// What is asked; plain names, so that it can be asked from several threads.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub project: String,
    /// By the name that the model gives them.
    pub images: BTreeSet<String>,
    pub used: resources::Used,
    /// Containers that the model joins by their own name.
    pub named: BTreeSet<String>,
    /// Containers made by `run`, too.
    pub one_offs: bool,
}

/// The answers.
#[derive(Debug, Default)]
pub struct Facts {
    pub containers: Vec<Inspection>,
    /// As far as they are there.
    pub others: Vec<Inspection>,
    pub images: BTreeMap<String, Image>,
    /// By their ids, as far as they are there: those that containers have.
    pub own: BTreeMap<String, Image>,
    pub networks: Vec<Value>,
    pub volumes: Vec<Value>,
}

impl Question {
    /// About what these services of the model need.
    pub fn new(model: &Model, services: &BTreeSet<String>) -> Self {
        let known = || {
            model
                .services()
                .filter(|(name, node)| services.contains(*name) && !program::PROVIDER.is_set(node))
        };
        Self {
            project: model.name.clone(),
            images: known().map(|(name, node)| image_name(&model.name, name, node)).collect(),
            used: resources::used(model, known().map(|(_, node)| node)),
            named: known().flat_map(|(_, node)| joined_by_name(node)).collect(),
            one_offs: false,
        }
    }

    /// Asks. One answer that does not come makes the whole unknown.
    pub fn ask(&self, engine: &Engine) -> Answer<Facts> {
        let networks: Vec<&String> = self.used.networks.values().collect();
        let volumes: Vec<&String> = self.used.volumes.values().chain(self.used.foreign.values()).collect();
        let answers = scope(|scope| {
            let images = Builder::new().spawn_scoped(scope, || images(engine, &self.images));
            let networks = Builder::new().spawn_scoped(scope, || objects(engine, "network", &networks));
            let volumes = Builder::new().spawn_scoped(scope, || objects(engine, "volume", &volumes));
            let (containers, others) = (
                containers(engine, &self.project, self.one_offs),
                those_there(engine, self.named.iter().map(String::as_str)),
            );
            (containers, others, joined(images), joined(networks), joined(volumes))
        });
        let (containers, others, images, networks, volumes) = answers;
        Answer::trying(|| {
            let (containers, images) = (containers.into_result()?, images.into_result()?);
            let known: BTreeMap<String, Image> =
                images.values().map(|image| (image.id.clone(), image.clone())).collect();
            let used = containers.iter().map(|container| container.image_id.clone());
            let others_ids = used.filter(|id| !id.is_empty() && !known.contains_key(id)).collect();
            let mut own = self::images(engine, &others_ids).into_result()?;
            own.extend(known);
            Ok(Facts {
                containers,
                others: others.into_result()?,
                images,
                own,
                networks: networks.into_result()?,
                volumes: volumes.into_result()?,
            })
        })
    }
}

/// The containers of a project, with those made by `run` where `one_offs` says so. Where one is gone between the list
/// and the look at it, both questions are asked once more.
pub fn containers(engine: &Engine, project: &str, one_offs: bool) -> Answer<Vec<Inspection>> {
    Answer::trying(|| {
        for _ in 0..2 {
            let listed = listed(engine, project, one_offs).into_result()?;
            let ids: Vec<&str> = listed.iter().map(|container| container.id.as_str()).collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            if let Some(found) = inspected(engine, &ids).into_result()? {
                return Ok(found);
            }
        }
        Err("cannot inspect containers: they are removed while they are looked at".to_owned())
    })
}

/// A container of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub service: String,
}

/// `container:NAME`, wherever a service can say it.
pub fn joined_by_name(service: &Node) -> Vec<String> {
    let modes =
        [network::MODE, namespace::PID, namespace::IPC].into_iter().filter_map(|field| field.text(service));
    let lenders = mount::FROM.items(service).iter().map(text);
    let name = |text: String| {
        let name = text.strip_prefix("container:")?;
        Some(name.split(':').next().unwrap_or(name).to_owned())
    };
    modes.chain(lenders).filter_map(name).collect()
}

/// These containers by their names or ids, as far as they are there.
pub fn those_there<'n>(engine: &Engine, names: impl Iterator<Item = &'n str>) -> Answer<Vec<Inspection>> {
    let found: Answer<Vec<_>> = names.map(|name| inspected(engine, &[name])).collect();
    found.map(|found| found.into_iter().flatten().flatten().collect())
}

fn joined<T>(thread: std::io::Result<ScopedJoinHandle<'_, Answer<T>>>) -> Answer<T> {
    let ended_early = |_| Answer::unknown("the question to the engine ended unexpectedly");
    match thread {
        Ok(thread) => thread.join().unwrap_or_else(ended_early),
        Err(error) => Answer::Unknown(format!("cannot start a thread: {error}")),
    }
}

/// The containers of a project.
pub fn listed(engine: &Engine, project: &str, one_offs: bool) -> Answer<Vec<Listed>> {
    engine.ask(
        |socket| listed_by(socket, project, one_offs),
        || {
            engine.containers(project).map(|found| {
                let kept = found.into_iter().filter(|container| one_offs || !container.is_one_off);
                kept.map(|Container { id, service, .. }| Listed { id, service }).collect()
            })
        },
    )
}

fn listed_by(socket: &Socket, project: &str, one_offs: bool) -> Result<Vec<Listed>, Silence> {
    let filters = json!({ "label": [format!("com.docker.compose.project={project}")] }).to_string();
    let path = format!("/containers/json?all=true&filters={}", escape(&filters));
    let Some(Value::Array(found)) = socket.get(&path)? else {
        return Err(Silence::elsewhere("no list of containers"));
    };
    let read = |container: &Value| {
        let label = |name: &str| {
            let labels = container.get("Labels")?;
            labels.get(format!("com.docker.compose.{name}"))?.as_str().map(str::to_owned)
        };
        let id = container.get("Id").and_then(Value::as_str).filter(|id| id.len() == 64);
        let one_off = label("oneoff").is_some_and(|label| label.eq_ignore_ascii_case("true"));
        let service = label("service").unwrap_or_default();
        let id = id.ok_or_else(|| Silence::elsewhere("a container without an id"))?;
        Ok((Listed { id: id.to_owned(), service }, one_off))
    };
    let all: Vec<(Listed, bool)> = found.iter().map(read).collect::<Result<_, Silence>>()?;
    Ok(all.into_iter().filter(|(_, one_off)| one_offs || !one_off).map(|(listed, _)| listed).collect())
}

/// `None`: the engine says that one of them is not there.
pub fn inspected(engine: &Engine, names: &[&str]) -> Answer<Option<Vec<Inspection>>> {
    let one = |socket: &Socket, name: &str| match socket.get(&format!("/containers/{}/json", escape(name)))? {
        Some(raw) => Inspection::read(raw).map(Some).map_err(Silence::Elsewhere),
        None => Ok(None),
    };
    let itself = |socket: &Socket| {
        let found: Option<Vec<Inspection>> =
            names.iter().map(|name| one(socket, name)).collect::<Result<_, Silence>>()?;
        found.map(|found| engine.understood(found).into_result().map_err(Silence::Elsewhere)).transpose()
    };
    engine.ask(itself, || engine.inspect(names))
}

fn images(engine: &Engine, names: &BTreeSet<String>) -> Answer<BTreeMap<String, Image>> {
    if names.is_empty() {
        return Answer::Known(BTreeMap::new());
    }
    let one = |socket: &Socket, name: &String| {
        // The engine's paths have names as they are.
        let name = name.split('/').map(escape).collect::<Vec<_>>().join("/");
        socket.get(&format!("/images/{name}/json"))?.map_or(Ok(None), |raw| {
            Image::read(&raw).map(Some).ok_or_else(|| Silence::elsewhere("an image without an id"))
        })
    };
    let found = engine.ask(
        |socket| names.iter().map(|name| one(socket, name)).collect::<Result<Vec<_>, Silence>>(),
        || engine.images(&names.iter().map(String::as_str).collect::<Vec<_>>()),
    );
    found.map(|found| {
        names.iter().cloned().zip(found).filter_map(|(name, image)| Some((name, image?))).collect()
    })
}

/// Inspects networks or volumes. One that is not there is left out: nothing is in it.
pub fn objects(engine: &Engine, kind: &str, names: &[&String]) -> Answer<Vec<Value>> {
    if names.is_empty() {
        return Answer::Known(Vec::new());
    }
    let itself = |socket: &Socket| {
        let one = |name: &&String| socket.get(&format!("/{kind}s/{}", escape(name))).transpose();
        let found: Result<Vec<Value>, Silence> = names.iter().filter_map(one).collect();
        Ok(engine.networks_understood(found?))
    };
    let asked = engine.ask(itself, || {
        let words = [kind, "inspect", "--"].into_iter().chain(names.iter().map(|name| name.as_str()));
        engine.command().run(words).and_then(|output| {
            if !output.succeeded() && !output.says_missing(kind) {
                return Answer::Unknown(output.complaint());
            }
            let found: Answer<Vec<Value>> = serde_json::from_slice(&output.stdout).into();
            found.map(|found| engine.networks_understood(found))
        })
    });
    asked.context(format_args!("cannot inspect {kind}s"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::Options;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Asks about a project of one container that joins another one, of a client whose `container inspect` is
    /// this script; and says how often it inspected.
    fn ask(on_inspect: &str) -> (Answer<Facts>, usize) {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().display();
        let info = r#"{"ID":"A","ServerVersion":"1","DockerRootDir":"/d"}"#;
        let list = format!(r#"["{ID}","p-a-1","x","running","p","a","","False",""]"#);
        let inspected = format!(
            r#"[{{"Id":"{ID}","Name":"/p-a-1","Image":"sha256:1","State":{{"Status":"running"}},"Config":{{}}}}]"#
        );
        let script = format!(
            "#!/bin/sh\ngone() {{ echo \"Error: No such container: $1\" >&2; exit 1; }}\n\
             found() {{ echo '{inspected}'; exit 0; }}\n\
             case $1-$2 in\ninfo-*) echo '{info}';;\ncontainer-ls) echo '{list}';;\n\
             image-inspect) echo '[]'; echo 'Error: No such image: sha256:1' >&2; exit 1;;\n\
             container-inspect) echo >> {place}/asked; times=$(wc -l < {place}/asked); {on_inspect};;\nesac\n"
        );
        let path = temp.path().join("docker");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let environment = vec![("DOCKER_HOST".into(), "".into())];
        let engine = Engine::connect(Options { program: path.into(), environment, ..Options::default() });
        let question = Question {
            project: "p".to_owned(),
            named: BTreeSet::from(["lender".to_owned()]),
            ..Question::default()
        };
        let answer = question.ask(&engine.known().unwrap());
        let asked = fs::read_to_string(temp.path().join("asked")).unwrap_or_default();
        (answer, asked.lines().count())
    }

    #[test]
    fn one_that_goes_between_the_questions_is_asked_for_again_and_a_fault_is_not() {
        let lent = format!("[ \"$4\" = {ID} ] || gone lender");
        let (facts, asked) = ask(&format!("{lent}; found"));
        let facts = facts.known().unwrap();
        assert_eq!((facts.containers.len(), facts.others.len(), asked), (1, 0, 2));
        let (facts, asked) = ask(&format!("{lent}; [ $times = 1 ] && gone \"$4\"; found"));
        assert_eq!((facts.known().unwrap().containers.len(), asked), (1, 3));
        let (facts, asked) = ask("gone \"$4\"");
        assert!(facts.reason().unwrap().contains("removed while they are looked at"), "{facts:?}");
        assert_eq!(asked, 3);
        // It would be answered if it were asked a second time.
        for fault in ["kill -9 $$", "echo 'Cannot connect to the daemon: no such host' >&2; exit 1"] {
            let (facts, asked) = ask(&format!("{lent}; [ $times = 1 ] && {{ {fault}; }}; found"));
            assert!(facts.reason().unwrap().starts_with("cannot inspect containers: "), "{facts:?}");
            assert_eq!(asked, 2);
        }
    }

    #[test]
    fn a_container_of_others_is_there_or_gone_or_not_known() {
        let (facts, _) = ask("found");
        assert_eq!(facts.known().unwrap().others.len(), 1);
        for fault in ["kill -9 $$", "echo 'Cannot connect to the Docker daemon' >&2; exit 1", "exit 1"] {
            let (facts, _) = ask(&format!("[ \"$4\" = {ID} ] || {{ {fault}; }}; found"));
            assert!(facts.reason().unwrap().starts_with("cannot inspect containers: "), "{facts:?}");
        }
    }
}
