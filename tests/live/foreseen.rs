//! What the plan says would not work does not work, and what it says nothing about does.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::{End, Project, docker};

/// One service `s` of these lines under `hardened`, which ends by itself.
fn service(lines: &str) -> Project {
    let project = Project::new(&format!(
        "services:\n  s:\n    stop_grace_period: 0s\n{}\n",
        textwrap::indent(lines, "    ")
    ));
    project.file(
        "seaworthy.yaml",
        "version: 1\nposture: hardened\nwaivers:\n  \
         - {service: s, rule: sysctls, allow: [net.ipv4.ip_unprivileged_port_start], reason: test}\n  \
         - {service: s, rule: user-root, allow: ['0:0'], reason: test}\n...\n",
    );
    project
}

/// What the plan says of it, and whether it works.
#[track_caller]
fn foreseen(lines: &str) -> (Option<String>, bool) {
    let project = service(lines);
    let plan = project.seaworthy(&["plan", "--format", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    // One set of findings.
    let check = project.seaworthy(&["check", "--format", "json"]);
    assert_eq!(check.end == End::Code(0), plan["refused"] == false, "{lines}\n{}", check.stdout);
    let findings = plan["findings"].as_array().unwrap().iter();
    let said = findings
        .filter(|finding| finding["code"] == "will-not-work")
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
        .next();
    let ended = project.seaworthy(&["run", "-T", "--rm", "s"]);
    (said, ended.end == End::Code(0))
}

#[track_caller]
fn fails_as_foreseen(lines: &str, reason: &str) {
    let (said, works) = foreseen(lines);
    assert!(said.as_deref().is_some_and(|said| said.contains(reason)), "{lines}\n{said:?}");
    assert!(!works, "{lines}\nworks, although: {said:?}");
}

#[track_caller]
fn works_as_foreseen(lines: &str) {
    let (said, works) = foreseen(lines);
    assert!(said.is_none() && works, "{lines}\n{said:?}, works: {works}");
}

const USER: &str = "image: sw-busybox\nuser: '10001:10001'\nnetwork_mode: none\n";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn ports_that_only_root_may_bind() {
    let listen = "image: sw-busybox\nuser: '10001:10001'\nnetworks: [inner]\nexpose: ['80']\n\
                  command: [sh, -c, 'httpd -p 80 -h / && httpd_pid=$$! && sleep 0.2']";
    let with =
        |lines: &str| format!("{listen}\n{lines}").replace("networks: [inner]\n", "network_mode: none\n");
    works_as_foreseen(&with(""));
    let closed = "sysctls: {net.ipv4.ip_unprivileged_port_start: '1024'}";
    fails_as_foreseen(&with(closed), "cannot bind its port 80");
    let lower = "sysctls: {net.ipv4.ip_unprivileged_port_start: '80'}";
    works_as_foreseen(&with(lower));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn places_in_a_root_that_cannot_be_written() {
    let writes = "read_only: true\ncommand: [sh, -c, 'echo x >> /var/x']";
    fails_as_foreseen(&format!("{USER}{writes}"), "writes /var/x (its command)");
    works_as_foreseen(&format!("{USER}{writes}\ntmpfs: ['/var:mode=1777']"));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn commands_that_become_somebody_else() {
    fails_as_foreseen(
        &format!("{USER}entrypoint: [setpriv, --reuid, '10002', 'true']"),
        "switches to another user by setpriv",
    );
    works_as_foreseen(&format!("{USER}entrypoint: ['true']"));
}

/// An image of one entrypoint, made from the image of the tests and removed again.
struct Made(String);

impl Made {
    fn new(text: &str, mode: u32) -> Self {
        Self::at("/bin/start.sh", text, mode)
    }

    fn at(place: &str, text: &str, mode: u32) -> Self {
        let short = place.rsplit('/').next().unwrap().trim_end_matches(".sh");
        let name = format!("sw-test-{}-{short}-{mode:o}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("start.sh");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        docker(&["create", "--name", &name, "sw-busybox"]).ok();
        let image = Self(name);
        docker(&["cp", path.to_str().unwrap(), &format!("{}:{place}", image.0)]).ok();
        let word = if place == "/bin/start.sh" { "start.sh" } else { place };
        let entry = format!("ENTRYPOINT [\"{word}\"]");
        docker(&["commit", "--change", &entry, "--change", "CMD [\"true\"]", &image.0, &image.0]).ok();
        docker(&["rm", &image.0]).ok();
        image
    }

    fn lines(&self) -> String {
        USER.replace("sw-busybox", &self.0)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        docker(&["rm", "-f", &self.0]);
        docker(&["rmi", "-f", &self.0]);
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn entrypoints_of_images() {
    let closed = Made::new("#!/bin/sh\nexec \"$@\"\n", 0o700);
    fails_as_foreseen(&closed.lines(), "bin/start.sh, which the image gives to 0:0 with mode 0700");
    let switches = Made::new("#!/bin/sh\nset -e\nexec setpriv --reuid 10002 --clear-groups \"$@\"\n", 0o755);
    fails_as_foreseen(&switches.lines(), "bin/start.sh switches to another user by setpriv");
    drop(switches);
    let asks =
        "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then exec setpriv --reuid 10002 \"$@\"; fi\nexec \"$@\"\n";
    let asks = Made::new(asks, 0o755);
    works_as_foreseen(&asks.lines());
    fails_as_foreseen(&asks.lines().replace("10001:10001", "0:0"), "runs as 0:0 without SETUID and SETGID");
}

/// s6 makes `/run` its own before anything else, which only root can, or its program with root's bit.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_that_begins_with_s6() {
    let init = "#!/bin/sh\n# s6-overlay\nif [ \"$(stat -c %u /run)\" != \"$(id -u)\" ]; then\n  \
                echo 'lacking the privileges to fix /run' >&2; exit 111\nfi\nexec \"$@\"\n";
    let image = Made::at("/init", init, 0o755);
    let lines = image.lines();
    fails_as_foreseen(&lines, "s6 (/init) needs root for /run before anything starts");
    let told = format!("{lines}environment: {{PUID: '1500', PGID: '1501'}}\n").replace("10001:10001", "0:0");
    let plan = service(&told).seaworthy(&["plan", "--format", "markdown"]).ok().stdout;
    assert!(plan.contains("root, then 1500:1501 by PUID"), "{plan}");
}

/// `PostgreSQL`'s own entrypoint, as far as it decides about `initdb`, which needs a name for its number.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_database_is_made_only_for_a_user_with_a_name() {
    let entry = "#!/bin/sh\nset -e\ninitdb() {\n  whoami >/dev/null || { echo 'could not look up effective user ID' >&2; exit 1; }\n  \
                 echo 16 >\"$PGDATA/PG_VERSION\"\n}\ndocker_init_database_dir() {\n  eval 'initdb --username=\"$USER\"'\n}\n\
                 if [ \"$1\" = postgres ] && [ ! -s \"$PGDATA/PG_VERSION\" ]; then\n  docker_init_database_dir\nfi\n";
    let image = Made::at("/bin/database.sh", entry, 0o755);
    let lines = format!(
        "{}command: [postgres]\nenvironment: {{PGDATA: /data/pg}}\nvolumes: ['./pg:/data/pg']\n",
        image.lines()
    );
    fails_as_foreseen(&lines, "whom the image's passwd does not name");
    let named = docker(&["run", "--rm", "sw-busybox", "cat", "/etc/passwd"]).ok().stdout;
    let named =
        named.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|line| line[2] != "0").unwrap()
            [2..4]
            .join(":");
    works_as_foreseen(&lines.replace("10001:10001", &named));
    // Where a database is, nobody asks for the name.
    let project = service(&lines);
    project.file("pg/PG_VERSION", "16\n");
    let path = project.path("pg");
    std::os::unix::fs::chown(&path, Some(10001), Some(10001)).unwrap();
    std::os::unix::fs::chown(path.join("PG_VERSION"), Some(10001), Some(10001)).unwrap();
    let check = project.seaworthy(&["check"]).ok();
    assert!(!check.stderr.contains("initdb"), "{}", check.stderr);
    project.seaworthy(&["run", "-T", "--rm", "s"]).ok();
}

/// What is mounted is judged more strictly: it stops the launch.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn files_of_another_user_without_the_capability_to_read_them() {
    for mount in ["volumes: ['./key:/key:ro']", "secrets: [key]"] {
        let project = service(&format!("{USER}command: [cat, /key]\n{mount}"));
        let file = fs::read_to_string(project.path("compose.yaml")).unwrap();
        if mount.starts_with("secrets") {
            project.file("compose.yaml", &format!("{file}secrets: {{key: {{file: ./key}}}}\n"));
        }
        fs::set_permissions(project.file("key", "x"), fs::Permissions::from_mode(0o600)).unwrap();
        for words in [&["plan"][..], &["up", "-d"]] {
            project.seaworthy(words).refuses(73, "bind-access").says("mode 0600").says("refuses to read");
        }
    }
}

/// Root that becomes another user, with the capabilities of the waiver that the help proposes, and no others.
#[track_caller]
fn starts_with_the_waiver(image: &Made, lines: &str, capabilities: &[&str]) -> Project {
    let lines = format!("{}{lines}", image.lines().replace("user: '10001:10001'\n", ""));
    let project = service(&lines);
    let policy = "version: 1\nposture: hardened\nuser: {default: image}\n";
    project.file("seaworthy.yaml", &format!("{policy}...\n"));
    let check = project.seaworthy(&["check", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&check.stdout).unwrap();
    let mut helps =
        said["findings"].as_array().unwrap().iter().filter_map(|finding| finding["help"].as_str());
    let waiver =
        helps.find_map(|help| help.split("Or waive it: ").nth(1)).unwrap_or_else(|| panic!("{said}"));
    project.file("seaworthy.yaml", &format!("{policy}waivers:\n  - {waiver}\n...\n"));
    project.seaworthy(&["check"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    let container = &project.containers()[0];
    let mut added: Vec<String> = container["HostConfig"]["CapAdd"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().trim_start_matches("CAP_").to_owned())
        .collect();
    added.sort();
    assert_eq!(added, capabilities, "{waiver}");
    assert_eq!(container["HostConfig"]["CapDrop"], serde_json::json!(["ALL"]));
    project
}

/// What the service `s` has written to its output once it has ended.
fn ended(project: &Project) -> (i64, String) {
    let state = || project.containers()[0]["State"].clone();
    let state = super::harness::poll(super::harness::PATIENCE, || {
        let state = state();
        (state["Status"] == "exited").then_some(state)
    });
    let logs = project.seaworthy(&["logs", "--no-log-prefix", "s"]).ok().stdout;
    (state.unwrap()["ExitCode"].as_i64().unwrap(), logs)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn one_waiver_gives_root_what_its_change_of_user_takes() {
    let plain = "#!/bin/sh\nset -e\nexec su node -s /bin/sh -c \"$*\"\n";
    let project = starts_with_the_waiver(
        &Made::at("/bin/plain.sh", plain, 0o755),
        "command: [id -u]\n",
        &["CHOWN", "SETGID", "SETUID"],
    );
    assert_eq!(ended(&project), (0, "1000\n".to_owned()));
    drop(project);
    // As PostgreSQL's own prepares its directory: a second start finds it closed to root without further capabilities.
    let prepares = "#!/bin/sh\nset -e\nmkdir -p /data/pg\nchmod 700 /data/pg\nfind /data/pg ! -user node -exec chown node '{}' +\n\
                    exec su node -s /bin/sh -c \"$*\"\n";
    let lines = "command: ['id -u >>/data/pg/x; cat /data/pg/x']\nvolumes: ['./data:/data']\n";
    let all = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
    let image = Made::at("/bin/prepare.sh", prepares, 0o755);
    let project = starts_with_the_waiver(&image, lines, &all);
    assert_eq!(ended(&project), (0, "1000\n".to_owned()));
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(ended(&project).0, 0);
    // Without those that the script shows a need of it does not start again.
    let policy = fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    let less =
        policy.replace("\"DAC_OVERRIDE\", \"FOWNER\"", "").replace("\"entrypoint\", ]", "\"entrypoint\"]");
    assert_ne!(less, policy);
    project.file("seaworthy.yaml", &less);
    let again = project.seaworthy(&["up", "-d"]);
    assert!(again.end != End::Code(0) || ended(&project).0 != 0);
}
