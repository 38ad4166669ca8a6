//! An engine on a socket of its own, and the command line of the same engine. Both answer whatever is asked,
//! and from the same record of a real one: nothing here refuses.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use seaworthy::project::sha256;
use serde_json::{Value, json};

use crate::bed::{Bed, TWO, UP, policy_with, said};

/// What a real engine said of the project of [`proved`] once it was created.
const RECORD: &str = include_str!("../data/inspect/bed.json");

const COMPOSE: &str = r#"name: bed
services:
  a:
    image: sw-busybox
    user: "1000:1000"
    command: [sleep, "600"]
    env_file: a.env
    volumes: ["./data/deep:/data", "kept:/kept"]
    networks: [inner]
    depends_on: [b]
  b:
    image: sw-busybox
    user: "1000:1000"
    command: [sleep, "600"]
    network_mode: "container:lender"
networks: { inner: { internal: true } }
volumes: { kept: {} }
"#;

const POSTURE: &str = "posture: hardened\n\
    waivers: [{ service: b, rule: foreign-container, allow: [lender], reason: it lends its network }]\n";

/// Docker's command line and its Compose.
const PROGRAM: &str = r#"#!/bin/sh
file= last=
for word; do
  [ "$last" = -f ] && file=$word
  last=$word
done
case " $* " in
  " info "*) exec /bin/cat BED/info ;;
  " container create "*) echo c0ffee; exit 0 ;;
  " container cp "*) echo "Could not find the file" >&2 ;;
  " container ls "*io.seaworthy*) exit 0 ;;
  " container ls "*) [ ! -e BED/made ] || exec /bin/cat BED/answers/lines; exit 0 ;;
  " container inspect "*lender*) exec /bin/cat BED/answers/lender ;;
  " container inspect "*) exec /bin/cat BED/answers/containers ;;
  " image inspect "*) exec /bin/cat BED/answers/image ;;
  " network inspect "*) exec /bin/cat BED/answers/network ;;
  " volume inspect "*) exec /bin/cat BED/answers/volume ;;
  " container "*) exit 0 ;;
  *" version --short "*) echo 2.40.3; exit 0 ;;
  *" config "*) exec /bin/cat "$file" ;;
  *" up --no-start "*) /bin/cp "$file" BED/making && exec /bin/mv BED/making BED/made ;;
  *" up "*) /bin/cp "$file" BED/launching && exec /bin/mv BED/launching BED/launched ;;
esac
exit 1
"#;

pub struct Engine {
    state: Arc<Mutex<State>>,
    socket: PathBuf,
    thread: Option<JoinHandle<()>>,
}

/// What was asked of it since the last launch.
#[derive(Default)]
struct State {
    asked: BTreeSet<String>,
    /// Containers that were to be started although nobody had looked at all that is launched.
    unproved: Vec<String>,
    ends: bool,
}

impl Engine {
    fn new(place: &Path, record: Value) -> Self {
        let socket = place.join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, place) = (Arc::clone(&state), place.to_owned());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever asks may be gone already.
                let _ = serve(&mut stream.unwrap(), &place, &record, &shared);
                if shared.lock().unwrap().ends {
                    break;
                }
            }
        });
        Self { state, socket, thread: Some(thread) }
    }

    pub fn endpoint(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Forgets what was asked, after all of it was answered; nothing of it was to start what nobody had
    /// looked at.
    pub fn settle(&self) {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        let state = std::mem::take(&mut *self.state.lock().unwrap());
        assert!(state.unproved.is_empty(), "started unproved: {:?}", state.unproved);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let (Ok(mut state), Ok(_wakes)) = (self.state.lock(), UnixStream::connect(&self.socket)) {
            state.ends = true;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &mut UnixStream, place: &Path, record: &Value, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut question = Vec::new();
    while !question.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let size = stream.read(&mut piece)?;
        if size == 0 {
            return Ok(());
        }
        question.extend_from_slice(&piece[..size]);
    }
    let question = String::from_utf8(question).unwrap();
    let words: Vec<&str> = question.split(' ').take(2).collect();
    let (status, body) = answer(words[0], words[1], place, record, &mut state.lock().unwrap());
    // In one piece: how often an answer is read shall not hang on who is faster.
    let answer =
        format!("HTTP/1.0 {status}\r\nApi-Version: 1.41\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes())
}

fn answer(
    method: &str,
    path: &str,
    place: &Path,
    record: &Value,
    state: &mut State,
) -> (&'static str, String) {
    let made = fs::read_to_string(place.join("made")).ok();
    let (path, filters) = path.split_once('?').unwrap_or((path, ""));
    let path = match path {
        "/_ping" => path,
        _ => path.strip_prefix("/v1.41").expect("a question in the version that was agreed on"),
    };
    let known = ["a", "b"].map(|name| (record[name]["Id"].as_str().unwrap(), name));
    if let Some(id) = path.strip_prefix("/containers/").and_then(|rest| rest.strip_suffix("/start")) {
        let name = known.iter().find(|(known, _)| *known == id).unwrap().1;
        assert_eq!(method, "POST");
        let needed = ["a", "b", "lender", "image", "network", "volume"];
        if !needed.iter().all(|name| state.asked.contains(*name)) {
            state.unproved.push(name.to_owned());
        }
        let before = fs::read_to_string(place.join("launched")).unwrap_or_else(|_| made.unwrap());
        fs::write(place.join("launched"), format!("{before}# started: {name}\n")).unwrap();
        return ("204 No Content", String::new());
    }
    let name = match path {
        "/_ping" => return ("200 OK", "OK".to_owned()),
        "/info" => "/info",
        "/containers/json" => {
            let is_ours = made.is_some() && filters.contains("project%3Dbed");
            return ("200 OK", if is_ours { record["list"].to_string() } else { "[]".to_owned() });
        }
        "/containers/lender/json" => "lender",
        "/images/sw-busybox/json" => "image",
        "/networks/bed_inner" => "network",
        "/volumes/bed_kept" => "volume",
        path => {
            let id = path.strip_prefix("/containers/").and_then(|rest| rest.strip_suffix("/json"));
            match known.iter().find(|(known, _)| Some(*known) == id) {
                Some((_, name)) => name,
                None => {
                    return (
                        "404 Not Found",
                        json!({ "message": format!("No such thing: {path}") }).to_string(),
                    );
                }
            }
        }
    };
    state.asked.insert(name.to_owned());
    let info = || fs::read_to_string(place.join("info")).unwrap();
    ("200 OK", record.get(name).map_or_else(info, Value::to_string))
}

/// Where a program lies in memory.
const BASE: u64 = 0x40_0000;

/// A program that is no script and runs one: `execve("/bin/sh", ["/bin/sh", script, its own words…])`.
fn program(script: &Path) -> Vec<u8> {
    #[rustfmt::skip]
    let code = [
        0x48, 0x8b, 0x0c, 0x24,                   // mov rcx, [rsp]: how many words
        0x48, 0x8d, 0x54, 0xcc, 0x10,             // lea rdx, [rsp + 8 * rcx + 16]: the environment
        0x48, 0x8d, 0x3d, 0x26, 0x00, 0x00, 0x00, // lea rdi, [rip + 38]: the shell
        0x48, 0x89, 0x3c, 0x24,                   // mov [rsp], rdi
        0x48, 0x8d, 0x05, 0x23, 0x00, 0x00, 0x00, // lea rax, [rip + 35]: the script
        0x48, 0x89, 0x44, 0x24, 0x08,             // mov [rsp + 8], rax
        0x48, 0x89, 0xe6,                         // mov rsi, rsp
        0xb8, 0x3b, 0x00, 0x00, 0x00,             // mov eax, 59: execve
        0x0f, 0x05,                               // syscall
        0xbf, 0x7f, 0x00, 0x00, 0x00,             // mov edi, 127
        0xb8, 0x3c, 0x00, 0x00, 0x00,             // mov eax, 60: exit
        0x0f, 0x05_u8,                            // syscall
    ];
    let words = [b"/bin/sh\0", script.to_str().unwrap().as_bytes(), b"\0"].concat();
    let size = (64 + 56 + code.len() + words.len()) as u64;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    // An executable for x86-64; where it begins; its only segment follows; no sections.
    for (value, bytes) in [(2, 2), (62, 2), (1, 4), (BASE + 120, 8), (64, 8), (0, 8), (0, 4), (64, 2)] {
        file.extend_from_slice(&u64::to_le_bytes(value)[..bytes]);
    }
    for (value, bytes) in [(56, 2), (1, 2), (64, 2), (0, 2), (0, 2)] {
        file.extend_from_slice(&u64::to_le_bytes(value)[..bytes]);
    }
    // All of the file, to be read and executed.
    for (value, bytes) in [(1, 4), (5, 4), (0, 8), (BASE, 8), (BASE, 8), (size, 8), (size, 8), (0x1000, 8)] {
        file.extend_from_slice(&u64::to_le_bytes(value)[..bytes]);
    }
    assert_eq!(file.len(), 120);
    file.extend(code);
    file.extend(words);
    file
}

/// A first launch with an engine that answers, and Docker's own programs.
pub fn answering(bed: &Bed) {
    bed.clear();
    let _ = fs::remove_file(bed.at("made"));
    if bed.engine.get().is_some() {
        return;
    }
    let text = RECORD.replace("PROJECT", bed.project().to_str().unwrap());
    let record: Value = serde_json::from_str(&text).unwrap();
    fs::create_dir(bed.at("answers")).unwrap();
    let write =
        |name: &str, value: &Value| fs::write(bed.at("answers").join(name), value.to_string()).unwrap();
    for name in ["lender", "image", "network", "volume"] {
        write(name, &json!([record[name]]));
    }
    write("containers", &json!([record["a"], record["b"]]));
    let line = |name: &str| {
        let (raw, label) = (&record[name], |name: &str| record[name]["Config"]["Labels"].clone());
        let labels = label(name);
        let labels = ["project", "service", "image", "oneoff", "config-hash"]
            .map(|key| labels[format!("com.docker.compose.{key}")].clone());
        let [project, service, image, one_off, hash] = labels;
        json!([raw["Id"], raw["Name"], "sw-busybox", "created", project, service, image, one_off, hash])
    };
    fs::write(bed.at("answers/lines"), format!("{}\n{}\n", line("a"), line("b"))).unwrap();
    let place = bed.at("").display().to_string();
    bed.program("script", &PROGRAM.replace("BED/", &place));
    let binary = program(&bed.at("bin/script"));
    fs::create_dir_all(bed.at("home/.docker/cli-plugins")).unwrap();
    fs::write(bed.at("home/.docker/config.json"), "{}").unwrap();
    for path in ["bin/docker", "home/.docker/cli-plugins/docker-compose"] {
        fs::write(bed.at(path), &binary).unwrap();
        fs::set_permissions(bed.at(path), fs::metadata(bed.at("bin/script")).unwrap().permissions()).unwrap();
    }
    assert!(bed.engine.set(Engine::new(&bed.at(""), record)).is_ok());
}

/// The same under a posture that is proved on the containers before they are started.
pub fn proved(bed: &Bed) {
    answering(bed);
    bed.write("compose.yaml", COMPOSE);
    bed.write("more.yaml", "services: { b: { labels: { l: h } } }\n");
    bed.write("seaworthy.yaml", &policy_with(&sha256(TWO.as_bytes()), POSTURE));
}

/// How a launch is made to fail counts only where it goes well otherwise, and through the socket.
#[test]
fn a_launch_asks_the_engine_itself_and_has_it_start_what_was_proved() {
    for (prepare, asked, started) in [
        (answering as fn(&Bed), &["/info"][..], ""),
        (
            proved,
            &["/info", "a", "b", "image", "lender", "network", "volume"],
            "# started: b\n# started: a\n",
        ),
    ] {
        let bed = Bed::new();
        prepare(&bed);
        let output = bed.run(UP);
        assert!(output.status.success(), "{}", said(&output));
        let state = &bed.engine.get().unwrap().state;
        let all: Vec<String> = state.lock().unwrap().asked.iter().cloned().collect();
        assert_eq!(all, asked);
        let rendered = fs::read_to_string(bed.rendered()).unwrap();
        assert_eq!(bed.launched().unwrap(), rendered + started);
    }
}
