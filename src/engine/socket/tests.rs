//! Answers that come, that do not, and that are none.

use serde_json::json;

use super::*;

#[test]
fn what_cannot_be_read_is_not_taken_for_a_script() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str, content: &[u8]| {
        std::fs::write(temp.path().join(name), content).unwrap();
        temp.path().join(name)
    };
    assert_eq!(is_binary(&at("program", b"\x7fELF...")), Ok(true));
    assert_eq!(is_binary(&at("script", b"#!/bin/sh\n")), Ok(false));
    assert_eq!(is_binary(&at("short", b"\x7f")), Ok(false));
    let error = is_binary(temp.path()).unwrap_err();
    assert!(error.starts_with(&format!("cannot read {}: Is a directory", temp.path().display())), "{error}");
    let read = |text: &[u8]| {
        at("config.json", text);
        configuration(temp.path()).unwrap()
    };
    assert_eq!(read(b"{\"currentContext\":\"far\"}")["currentContext"], "far");
    assert!(read(b"{\"currentContext\":").is_null());
    assert!(configuration(&temp.path().join("none")).unwrap().as_object().unwrap().is_empty());
    std::fs::remove_file(temp.path().join("config.json")).unwrap();
    std::fs::create_dir(temp.path().join("config.json")).unwrap();
    assert!(configuration(temp.path()).unwrap_err().contains("config.json: Is a directory"));
}

#[test]
fn only_what_the_command_line_would_use_is_used() {
    let docker = ["/usr/bin/docker", "/usr/local/bin/docker"]
        .into_iter()
        .find(|path| is_binary(Path::new(path)).unwrap_or(false));
    let Some(docker) = docker else { return };
    let home = tempfile::tempdir().unwrap();
    let behind = |set: &[(&str, &str)], global: &[&str]| {
        let names = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"].map(|name| (name.into(), "".into()));
        let home = [("HOME".into(), home.path().into())];
        let set = set.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = names.into_iter().chain(home).chain(set).collect();
        let global = global.iter().map(Into::into).collect();
        let options = Options { program: docker.into(), environment, global, ..Options::default() };
        Socket::behind(&Command::find(options).known().unwrap()).unwrap().map(|(socket, _)| socket.path)
    };
    assert_eq!(behind(&[], &[]).as_deref(), Some("/var/run/docker.sock"));
    assert_eq!(behind(&[("DOCKER_HOST", "unix:///x")], &[]).as_deref(), Some("/x"));
    assert_eq!(behind(&[("DOCKER_HOST", "tcp://x:1")], &[]), None);
    assert_eq!(behind(&[("DOCKER_HOST", "unix:///x"), ("DOCKER_CONTEXT", "far")], &[]), None);
    assert_eq!(behind(&[], &["--host", "unix:///x"]), None);
    std::fs::create_dir(home.path().join(".docker")).unwrap();
    std::fs::write(home.path().join(".docker/config.json"), r#"{"currentContext": "far"}"#).unwrap();
    assert_eq!(behind(&[], &[]), None);
}

#[test]
fn only_a_whole_document_is_an_answer() {
    assert_eq!(parse(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"a\":1}"), Ok(Some(json!({"a": 1}))));
    assert_eq!(parse(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]"), Ok(Some(json!([]))));
    let missing = |body: &str| parse(format!("HTTP/1.0 404 Not Found\r\n\r\n{body}").as_bytes());
    for said in [
        "No such container: x",
        "no such image: x: No such image: x:latest",
        "network x not found",
        "get x: no such volume",
    ] {
        assert_eq!(missing(&json!({ "message": said }).to_string()), Ok(None), "{said}");
    }
    for body in [r#"{"message":"page not found"}"#, "404 page not found\n", "{}", "", "[]", "<html>"] {
        assert!(missing(body).unwrap_err().starts_with("the engine answers with status 404"), "{body}");
    }
    for cut in [
        &b"HTTP/1.0 200 OK\r\n"[..],
        b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\n\r\n{\"a\":",
        b"HTTP/1.0 500 Oops\r\n\r\n{}",
        b"garbage\r\n\r\n{}",
        b"",
    ] {
        assert!(parse(cut).is_err(), "{}", String::from_utf8_lossy(cut));
    }
    assert_eq!(escape("a b/{\"é"), "a%20b%2F%7B%22%C3%A9");
}

#[test]
fn an_engine_that_sends_a_blank_now_and_then_is_given_up_in_time() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("drip.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{").unwrap();
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let socket = Socket::at(path.display().to_string(), Duration::from_millis(200));
    let start = Instant::now();
    let Err(Silence::Elsewhere(reason)) = socket.get("/info") else { panic!() };
    assert!(reason.ends_with("for GET /_ping: no answer within 0.2 s"), "{reason}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// An engine that gives these answers, each to a connection of its own, and the questions that it got.
fn engine(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, Socket, std::thread::JoinHandle<Vec<String>>) {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("engine.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let answer = |bytes: Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = vec![0; 4096];
            let length = stream.read(&mut question).unwrap();
            let _ = stream.write_all(&bytes);
            String::from_utf8_lossy(&question[..length]).lines().next().unwrap_or_default().to_owned()
        };
        answers.into_iter().map(answer).collect()
    });
    (temp, Socket::at(path.display().to_string(), Duration::from_secs(5)), thread)
}

fn ping(version: &str) -> Vec<u8> {
    format!("HTTP/1.0 200 OK\r\nApi-Version: {version}\r\n\r\nOK").into_bytes()
}

#[test]
fn every_question_is_asked_in_a_version_that_both_know() {
    for (theirs, asked) in [("1.41", "/v1.41"), ("1.24", "/v1.24"), ("1.51", "/v1.51"), ("1.99", "/v1.51")] {
        let document = || b"HTTP/1.0 200 OK\r\n\r\n{}".to_vec();
        let (_temp, socket, engine) = engine(vec![ping(theirs), document(), document()]);
        // The second question asks for no version again, nor does a copy.
        assert!(socket.get("/info").is_ok() && socket.clone().get("/images/x/json").is_ok());
        let paths: Vec<String> = engine.join().unwrap();
        let question = |path: &str| format!("GET {asked}{path} HTTP/1.0");
        assert_eq!(paths, ["GET /_ping HTTP/1.0".to_owned(), question("/info"), question("/images/x/json")]);
    }
    for silent in [
        b"HTTP/1.0 200 OK\r\n\r\nOK".to_vec(),
        ping("latest"),
        ping("1.41/../x"),
        b"HTTP/1.0 500 Oops\r\nApi-Version: 1.41\r\n\r\n".to_vec(),
    ] {
        let (_temp, socket, _engine) = engine(vec![silent]);
        let Err(Silence::Elsewhere(reason)) = socket.get("/info") else { panic!() };
        assert!(reason.contains("version"), "{reason}");
    }
}

#[test]
fn a_head_without_an_end_is_given_up_early() {
    let endless = [b"HTTP/1.0 200 OK\r\nX: ".to_vec(), vec![b'x'; 4 << 20]].concat();
    let (_temp, socket, _engine) = engine(vec![endless]);
    let Err(Silence::Elsewhere(reason)) = socket.get("/info") else { panic!() };
    assert_eq!(reason, "the head of the answer is too long");
    // A document may be longer.
    let long = format!("HTTP/1.0 200 OK\r\n\r\n\"{}\"", "x".repeat(1 << 20)).into_bytes();
    let (_temp, socket, _engine) = engine(vec![ping("1.41"), long]);
    assert!(socket.get("/info").unwrap().is_some());
}

#[test]
fn an_engine_that_accepts_nobody_is_given_up_in_time() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("full.sock");
    let listener = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    let socket = Socket::at(path.display().to_string(), Duration::from_millis(200));
    let start = Instant::now();
    let Err(Silence::Elsewhere(reason)) = socket.get("/info") else { panic!() };
    assert!(reason.contains("connect to") && reason.ends_with("no answer within 0.2 s"), "{reason}");
    assert!(start.elapsed() < Duration::from_secs(10));
}
