//! Incident 3b: credentials that were expired, missing or malformed showed up in the middle of a task. `probe` finds
//! it before, and a launch that waits for it does not go on.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;

use super::harness::{Output, Project, docker};

const SERVICE: &str =
    "command: [sleep, '600']\nuser: '10001:10001'\nenvironment: {HOME: /cred}\nvolumes: ['./cred:/cred']";

/// Where credentials lie: a directory of the host, or a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Bind,
    Volume,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn expiring(after: i64) -> String {
    format!(
        "{{\"tokens\": {{\"access\": \"SECRET\", \"expires\": {}}}}}",
        now().checked_add_signed(after).unwrap()
    )
}

fn project(kept: Kept) -> Project {
    let project = match kept {
        Kept::Bind => Project::of_service(SERVICE),
        Kept::Volume => Project::new(
            "services:\n  s:\n    image: sw-node\n    network_mode: none\n    stop_grace_period: 0s\n    command: [sleep, '600']\n    user: '10001:10001'\n    environment: {HOME: /cred}\n    volumes: ['cred:/cred']\nvolumes: {cred: }\n",
        ),
    };
    fs::create_dir(project.path("cred")).unwrap();
    project
}

/// Asks for a file that expires, and a program.
fn declare(project: &Project, more: &str) {
    let credentials = "credentials: {path: ~/auth.json, format: json, expires: /tokens/expires}";
    project.file(
        "seaworthy.yaml",
        &format!("version: 1\nprobes:\n  s: {{{more}command: [cat, /etc/passwd], {credentials}}}\n...\n"),
    );
}

/// Writes a file where the service has it; nobody but its user may read it.
fn put(project: &Project, kept: Kept, name: &str, text: &str) {
    match kept {
        Kept::Bind => {
            let path = project.file(&format!("cred/{name}"), text);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&path, Some(10001), Some(10001)).unwrap();
        }
        Kept::Volume => {
            let script =
                format!("printf '%s' '{text}' >/v/{name}; chmod 600 /v/{name}; chown 10001:10001 /v/{name}");
            let volume = format!("{}_cred:/v", project.name);
            let words = [
                "run",
                "--rm",
                "--network",
                "none",
                "-u",
                "0:0",
                "-v",
                &volume,
                "sw-busybox",
                "sh",
                "-c",
                &script,
            ];
            project.docker(&words).ok();
        }
    }
}

fn drop_volume(project: &Project) {
    project.docker(&["volume", "rm", "--force", &format!("{}_cred", project.name)]);
}

/// The report as scripts get it: one line.
fn report(output: &Output) -> Value {
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
    assert!(!output.stdout.contains("SECRET") && !output.stderr.contains("SECRET"), "{output}");
    let report = serde_json::from_str(&output.stdout).unwrap();
    let schema = include_str!("../../schemas/probe.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &report), "{output}");
    report
}

#[track_caller]
fn probe(project: &Project, status: i32) -> Value {
    let output = project.seaworthy(&["probe", "s", "--format", "json"]).ends(status);
    let report = report(&output);
    assert_eq!(report["exit"], status, "{output}");
    report
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_four_statuses_come_from_real_containers() {
    for kept in [Kept::Bind, Kept::Volume] {
        let project = project(kept);
        declare(&project, "");
        let missing = probe(&project, 65);
        assert_eq!(missing["status"], "credentials-missing", "{kept:?}");
        if kept == Kept::Volume {
            let volumes = project.docker(&["volume", "ls", "-q"]).stdout;
            assert!(!volumes.contains(&project.name), "to look at a volume makes none");
        }
        put(&project, kept, "other.json", "{}");
        assert_eq!(probe(&project, 65)["credentials"][0]["what"], "/cred/auth.json");

        put(&project, kept, "auth.json", &expiring(3600));
        let ready = probe(&project, 0);
        assert_eq!(ready["status"], "ready", "{kept:?}");
        assert!(ready["credentials"][0]["until"].as_str().unwrap().ends_with('Z'));
        assert!(ready["programs"][0]["reason"].as_str().unwrap().starts_with("answered within"));

        put(&project, kept, "auth.json", &expiring(-1));
        let late = probe(&project, 66);
        assert_eq!(late["status"], "credentials-invalid", "{kept:?}");
        assert!(late["credentials"][0]["reason"].as_str().unwrap().starts_with("it expired at "), "{late}");
        for text in ["", "{\"tokens\": {", "{\"tokens\": {\"access\": \"SECRET\"}}"] {
            put(&project, kept, "auth.json", text);
            assert_eq!(probe(&project, 66)["status"], "credentials-invalid", "{kept:?} {text:?}");
        }

        put(&project, kept, "auth.json", &expiring(3600));
        project.file(
            "seaworthy.yaml",
            "version: 1\nprobes: {s: {command: [no-such-program], credentials: {path: /cred/auth.json}}}\n...\n",
        );
        let broken = probe(&project, 64);
        assert_eq!(broken["programs"][0]["reason"], "could not be started: the image does not have it");
        drop_volume(&project);
    }
}

/// A token says itself until when it is good; a second later it is not.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_token_that_expired_a_second_ago_is_not_good() {
    let token = |after: i64| {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let exp = now().checked_add_signed(after).unwrap();
        let claims = format!("{{\"sub\":\"SECRET\",\"exp\":{exp}}}");
        format!("{}.{}.{}", encode("{\"alg\":\"HS256\"}"), encode(&claims), encode("signature"))
    };
    for kept in [Kept::Bind, Kept::Volume] {
        let project = project(kept);
        let credentials = "credentials: {path: ~/token, format: jwt}";
        project.file("seaworthy.yaml", &format!("version: 1\nprobes: {{s: {{{credentials}}}}}\n...\n"));
        put(&project, kept, "token", &token(3600));
        assert_eq!(probe(&project, 0)["status"], "ready", "{kept:?}");
        put(&project, kept, "token", &token(-1));
        let late = probe(&project, 66);
        assert!(late["credentials"][0]["reason"].as_str().unwrap().starts_with("it expired at "), "{late}");
        drop_volume(&project);
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_the_user_of_the_service_may_not_read_is_not_good() {
    for kept in [Kept::Bind, Kept::Volume] {
        let project = project(kept);
        declare(&project, "");
        put(&project, kept, "auth.json", &expiring(3600));
        probe(&project, 0);
        match kept {
            Kept::Bind => chown(project.path("cred/auth.json"), Some(0), Some(0)).unwrap(),
            Kept::Volume => {
                let volume = format!("{}_cred:/v", project.name);
                let words = ["run", "--rm", "--network", "none", "-u", "0:0", "-v", &volume, "sw-busybox"];
                let chown = ["chown", "0:0", "/v/auth.json"];
                project.docker(&words.iter().chain(&chown).copied().collect::<Vec<_>>()).ok();
            }
        }
        let denied = probe(&project, 66);
        assert_eq!(denied["credentials"][0]["reason"], "the service's user may not read it", "{kept:?}");
        drop_volume(&project);
    }
}

/// A single file is mounted, whatever the directories above it allow; its absence is 65 and no other status.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_single_file_is_looked_at_as_it_is_mounted() {
    let lines = "command: [sleep, '600']\nuser: '10001:10001'\nvolumes: ['./cred/auth.json:/auth.json:ro']";
    let project = Project::of_service(lines);
    project.file(
        "seaworthy.yaml",
        "version: 1\nprobes: {s: {before: up, credentials: {path: /auth.json, format: json, expires: /tokens/expires}}}\n...\n",
    );
    fs::create_dir(project.path("cred")).unwrap();
    fs::set_permissions(project.path("cred"), fs::Permissions::from_mode(0o700)).unwrap();
    probe(&project, 65);
    project.seaworthy(&["up", "-d"]).refuses(65, "probe-missing").says("bind-missing");
    put(&project, Kept::Bind, "auth.json", &expiring(3600));
    probe(&project, 0);
    chown(project.path("cred/auth.json"), Some(0), Some(0)).unwrap();
    probe(&project, 66);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_new_file_counts_whatever_it_is_called() {
    let project = project(Kept::Bind);
    project.file(
        "seaworthy.yaml",
        "version: 1\nprobes: {s: {credentials: {any: ~, baseline: [config.json, cache], format: json, expires: /tokens/expires}}}\n...\n"
            .replace("any: ~,", "any: '~',")
            .as_str(),
    );
    put(&project, Kept::Bind, "config.json", &expiring(3600));
    put(&project, Kept::Bind, "cache/auth.json", &expiring(3600));
    chown(project.path("cred/cache"), Some(10001), None).unwrap();
    probe(&project, 65);
    // A link is no file of its own.
    symlink("config.json", project.path("cred/link.json")).unwrap();
    probe(&project, 65);
    put(&project, Kept::Bind, "auth-8f3.json", &expiring(-1));
    probe(&project, 66);
    put(&project, Kept::Bind, "auth-9a1.json", &expiring(3600));
    assert_eq!(probe(&project, 0)["credentials"][0]["what"], "/cred/auth-9a1.json");
}

/// Neither out of a directory of the host nor out of a volume.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn no_link_leads_out() {
    for kept in [Kept::Bind, Kept::Volume] {
        let project = project(kept);
        declare(&project, "");
        let outside = project.file("outside.json", &expiring(3600));
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
        let link = |target: &str| match kept {
            Kept::Bind => {
                let _ = fs::remove_file(project.path("cred/auth.json"));
                symlink(target, project.path("cred/auth.json")).unwrap();
            }
            Kept::Volume => {
                let volume = format!("{}_cred:/v", project.name);
                let words = ["run", "--rm", "--network", "none", "-u", "0:0", "-v", &volume, "sw-busybox"];
                let link = ["ln", "-sfn", target, "/v/auth.json"];
                project.docker(&words.iter().chain(&link).copied().collect::<Vec<_>>()).ok();
            }
        };
        for target in ["../outside.json", outside.to_str().unwrap(), "/etc/passwd"] {
            link(target);
            let report = probe(&project, 66);
            let reason = &report["credentials"][0]["reason"];
            assert_eq!(reason, "a link leads out of what is mounted", "{kept:?} {target}");
        }
        put(&project, kept, "real.json", &expiring(3600));
        link("real.json");
        probe(&project, 0);
        drop_volume(&project);
    }
}

/// The program runs in the service's own image as its user, sees what the service sees, and changes nothing.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_program_can_change_nothing() {
    let project = Project::of_service(
        "command: [sleep, '600']\nuser: '10001:10001'\nworking_dir: /etc\nenvironment: {KEY: \"a\\nb\", TOKEN: '#x=y '}\nvolumes: ['./data:/data', './sock:/sock']\ncap_add: [NET_ADMIN]",
    );
    fs::create_dir(project.path("data")).unwrap();
    fs::set_permissions(project.path("data"), fs::Permissions::from_mode(0o777)).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(project.path("sock")).unwrap();
    let ask = |script: &str, timeout: &str, status: i32| {
        let script = serde_json::to_string(script).unwrap();
        let policy =
            format!("version: 1\nprobes: {{s: {{command: [sh, -ec, {script}], timeout: {timeout}}}}}\n...\n");
        project.file("seaworthy.yaml", &policy);
        probe(&project, status)["programs"][0]["reason"].as_str().unwrap().to_owned()
    };
    ask("test $(id -u):$(id -g) = 10001:10001; test $PWD = /etc; test \"$TOKEN\" = '#x=y '", "20s", 0);
    ask("test \"$KEY\" = \"$(printf 'a\\nb')\"; test -d /data; test ! -e /sock; touch /tmp/x", "20s", 0);
    ask(
        "test $(ls /sys/class/net) = lo; grep -q '^CapEff:.0*$' /proc/self/status; grep -q '^NoNewPrivs:.1' /proc/self/status",
        "20s",
        0,
    );
    for place in ["/data/x", "/x", "/etc/x"] {
        let reason = ask(&format!("touch {place}"), "20s", 64);
        assert_eq!(reason, "ended with status 1", "{place}");
    }
    assert_eq!(fs::read_dir(project.path("data")).unwrap().count(), 0);
    assert_eq!(ask("exit 3", "20s", 64), "ended with status 3");
    assert_eq!(ask("sleep 60", "1s", 64), "gave no answer within 1s");
    let mounted = format!("volume={}", project.path("data").display());
    assert_eq!(
        project.docker(&["ps", "-aq", "--filter", &mounted]).ok().stdout,
        "",
        "no container stays behind"
    );
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_launch_waits_for_what_is_asked_before_it() {
    let project = project(Kept::Bind);
    declare(&project, "before: up, ");
    chown(project.path("cred"), Some(10001), Some(10001)).unwrap();
    project.seaworthy(&["up", "-d"]).refuses(65, "probe-missing").says("/cred/auth.json");
    assert!(project.ids().is_empty(), "nothing was created");
    put(&project, Kept::Bind, "auth.json", &expiring(-1));
    project.seaworthy(&["up", "-d"]).refuses(66, "probe-invalid").says("it expired at ");
    put(&project, Kept::Bind, "auth.json", &expiring(3600));
    project.seaworthy(&["up", "-d"]).ok();
    project.becomes("running");
    // What runs can be ended whatever has expired meanwhile, and is not started again.
    put(&project, Kept::Bind, "auth.json", &expiring(-1));
    project.seaworthy(&["restart"]).refuses(66, "probe-invalid");
    project.seaworthy(&["stop"]).ok();
    project.seaworthy(&["start"]).refuses(66, "probe-invalid");
    project.file("seaworthy.yaml", "version: 1\nprobes: {s: {before: up, command: ['false']}}\n...\n");
    project.seaworthy(&["up", "-d"]).refuses(64, "probe-program").says("ended with status 1");
    project.seaworthy(&["down"]).ok();
    // Without the word, nothing waits.
    project.file("seaworthy.yaml", "version: 1\nprobes: {s: {command: ['false']}}\n...\n");
    project.seaworthy(&["up", "-d"]).ok();
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_maps_users_is_asked_as_its_users_are() {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    let first = super::harness::first_mapped_id(&host);
    for kept in [Kept::Bind, Kept::Volume] {
        let project = project(kept).on(&host);
        declare(&project, "");
        put(&project, kept, "auth.json", &expiring(3600));
        if kept == Kept::Bind {
            // On the host's disk it is still another's.
            probe(&project, 66);
            chown(project.path("cred/auth.json"), Some(first + 10001), Some(first + 10001)).unwrap();
        }
        probe(&project, 0);
        put(&project, kept, "auth.json", &expiring(-1));
        if kept == Kept::Bind {
            chown(project.path("cred/auth.json"), Some(first + 10001), Some(first + 10001)).unwrap();
        }
        probe(&project, 66);
        drop_volume(&project);
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_cannot_be_asked_is_refused_or_not_known() {
    let project = project(Kept::Bind);
    project.seaworthy(&["probe", "s"]).refuses(78, "policy-syntax").says("no policy says what to ask");
    declare(&project, "");
    project.seaworthy(&["probe", "none"]).refuses(78, "compose-reference");
    project.seaworthy(&["probe"]).ends(2);
    let mut command = project.command(super::harness::Seaworthy, &["probe", "s"]);
    command.env("DOCKER_HOST", format!("unix://{}", project.beside("absent.sock").display()));
    super::harness::run(command).refuses(69, "engine-unavailable");
    project.file("compose.yaml", "services: {s: {image: sw-none, user: '1:1', environment: {HOME: /cred}, volumes: ['./cred:/cred']}}\n");
    let report = probe(&project, 65);
    assert_eq!(report["programs"][0]["outcome"], "unknown", "{report}");
    assert!(docker(&["images", "-q", "sw-none"]).stdout.is_empty());
}

/// Only root passes over permissions on the host; whoever may not has the engine look.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn whoever_may_not_read_it_himself_has_the_engine_look() {
    let project = project(Kept::Bind);
    declare(&project, "");
    put(&project, Kept::Bind, "auth.json", &expiring(3600));
    let program = project.beside("seaworthy");
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &program).unwrap();
    let endpoint = std::env::var("DOCKER_HOST").unwrap_or_default();
    let socket = endpoint.strip_prefix("unix://").unwrap();
    // Somebody in the group of the socket.
    let group = std::os::unix::fs::MetadataExt::gid(&fs::metadata(socket).unwrap());
    let mut command = super::harness::bare("setpriv");
    command.args(["--reuid=65534", "--regid=65534", &format!("--groups={group}")]).arg(&program);
    command.args(["probe", "s", "--format", "json"]).current_dir(&project.directory);
    command
        .env("DOCKER_HOST", &endpoint)
        .env("HOME", project.path(""))
        .env("DOCKER_CONFIG", project.path(""));
    let output = super::harness::run(command).ends(0);
    assert_eq!(report(&output)["status"], "ready");
}
