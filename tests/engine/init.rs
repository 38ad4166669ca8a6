//! `init` with an engine: who services run as follows from their images, and what it writes starts.

use std::os::unix::fs::chown;
use std::process::Stdio;

use super::harness::{End, Project, first_mapped_id, label};
use super::images::{Image, Parts};
use super::pty::Terminal;
use super::stacks::STACKS;

const CMD: &str = r#"CMD ["sleep", "1000"]"#;

/// Stands for gosu and its like, which busybox does not have.
const SWITCH: &str = "#!/bin/sh
who=${1%%:*}; shift
exec su -s /bin/sh \"$who\" -c 'exec \"$0\" \"$@\"' \"$@\"
";

fn numeric(name: &str) -> Image {
    let parts =
        Parts { users: &["app:x:991:991::/:/bin/sh"], changes: &["USER 991", CMD], ..Parts::default() };
    Image::new(name, None, &parts)
}

/// A database: root gives its directory away and becomes somebody else, who goes on alone.
fn asking(name: &str, engine: Option<&str>) -> Image {
    let script = "#!/bin/sh
set -e
if [ \"$(id -u)\" = 0 ]; then chown -R postgres /var/lib/data; exec gosu postgres \"$0\" \"$@\"; fi
touch /var/lib/data/x
exec \"$@\"
";
    let parts = Parts {
        users: &["postgres:x:70:70::/:/bin/sh"],
        entries: &[
            ("usr/local/bin/gosu", Some(SWITCH), (0, 0), 0o755),
            ("usr/local/bin/docker-entrypoint.sh", Some(script), (0, 0), 0o755),
            ("var/lib/data", None, (70, 70), 0o700),
        ],
        changes: &[r#"ENTRYPOINT ["docker-entrypoint.sh"]"#, "VOLUME /var/lib/data", CMD],
    };
    Image::new(name, engine, &parts)
}

/// Switches whoever it is.
fn never_asking(name: &str) -> Image {
    let script = "#!/bin/sh\nset -e\nchown app /state\nexec su-exec app \"$@\"\n";
    let parts = Parts {
        users: &["app:x:50:50::/:/bin/sh"],
        entries: &[
            ("bin/su-exec", Some(SWITCH), (0, 0), 0o755),
            ("entry.sh", Some(script), (0, 0), 0o755),
            ("state", None, (0, 0), 0o755),
        ],
        changes: &[r#"ENTRYPOINT ["/entry.sh"]"#, CMD],
    };
    Image::new(name, None, &parts)
}

/// Under s6, told by PUID whom to become.
fn supervised(name: &str) -> Image {
    let script = "#!/bin/sh -e
# s6-overlay
mkdir -p /run/s6
sed -i \"s/:911:911:/:$PUID:$PGID:/\" /etc/passwd
chown -R \"$PUID:$PGID\" /config
exec s6-setuidgid abc \"$@\"
";
    let parts = Parts {
        users: &["abc:x:911:911::/config:/bin/sh"],
        entries: &[("bin/s6-setuidgid", Some(SWITCH), (0, 0), 0o755), ("init", Some(script), (0, 0), 0o755)],
        changes: &[r#"ENTRYPOINT ["/init"]"#, CMD],
    };
    Image::new(name, None, &parts)
}

/// Told by PUID, and content with being that one from the start.
fn told(name: &str) -> Image {
    let script = "#!/bin/sh
set -e
if [ \"$(id -u)\" = 0 ]; then exec su-exec \"$PUID:$PGID\" \"$@\"; fi
exec \"$@\"
";
    let parts = Parts {
        entries: &[("entry.sh", Some(script), (0, 0), 0o755)],
        changes: &[r#"ENTRYPOINT ["/entry.sh"]"#, "ENV PUID=1200 PGID=1201", CMD],
        ..Parts::default()
    };
    Image::new(name, None, &parts)
}

fn plain_root(name: &str, engine: Option<&str>) -> Image {
    let parts = Parts { users: &["redis:x:999:1000::/data:/bin/sh"], changes: &[CMD], ..Parts::default() };
    Image::new(name, engine, &parts)
}

/// What needs of the machine what not every one has: a GPU, a tunnel, ports of its own, its network.
const ELSEWHERE: [&str; 9] = [
    "home automation",
    "media",
    "models with a GPU",
    "name server",
    "tunnel",
    "metrics",
    "vpn container",
    "docker in docker",
    "hardened by hand",
];

/// The images of a stack stand for others: databases, what is told by PUID, what has a user, what is root.
fn with_images(compose: &str, images: &[(&[&str], &Image)], other: &Image) -> String {
    let mut text = String::new();
    let mut rest = compose;
    while let Some((before, after)) = rest.split_once("image: ") {
        let quoted = after.trim_start_matches('\'');
        let end = quoted.find(['\'', ',', '}', '\n']).unwrap();
        let made = images.iter().find(|(names, _)| names.iter().any(|name| quoted[..end].contains(name)));
        text += before;
        text += &format!("image: {}", made.map_or(other, |(_, image)| image).name);
        rest = quoted[end..].trim_start_matches('\'');
    }
    text + rest
}

/// The same on ports that nobody else has.
fn on_other_ports(compose: &str) -> String {
    let lines = compose.lines().map(|line| {
        let Some((before, list)) = line.split_once("ports: [") else { return line.to_owned() };
        let (list, after) = list.split_once(']').unwrap();
        let shift = |port: &str| match port.trim().trim_matches('\'').split_once(':') {
            Some((outside, inside)) if outside.parse::<u32>().is_ok() => {
                format!("'{}:{inside}'", 20_000 + outside.parse::<u32>().unwrap() % 20_000)
            }
            _ => port.to_owned(),
        };
        let list: Vec<String> = list.split(',').map(shift).collect();
        format!("{before}ports: [{}]{after}", list.join(", "))
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn every_stack_is_green_and_starts() {
    let database = Parts {
        users: &["postgres:x:70:70::/:/bin/sh"],
        entries: &[
            ("usr/local/bin/gosu", Some(SWITCH), (0, 0), 0o755),
            (
                "usr/local/bin/docker-entrypoint.sh",
                Some(
                    "#!/bin/sh\nset -e\n[ \"$(id -u)\" != 0 ] || exec gosu postgres \"$0\" \"$@\"\ntouch \"$STATE/x\"\nexec \"$@\"\n",
                ),
                (0, 0),
                0o755,
            ),
            ("data", None, (70, 70), 0o700),
            ("var/lib/postgresql/data", None, (70, 70), 0o700),
        ],
        changes: &[r#"ENTRYPOINT ["docker-entrypoint.sh"]"#, "ENV STATE=/data", CMD],
    };
    let database = Image::new("init-stack-db", None, &database);
    let supervised = Parts {
        users: &["abc:x:911:911::/config:/bin/sh"],
        entries: &[
            ("bin/s6-setuidgid", Some(SWITCH), (0, 0), 0o755),
            (
                "init",
                Some("#!/bin/sh -e\n# s6-overlay\nmkdir -p /run/s6\nexec s6-setuidgid abc \"$@\"\n"),
                (0, 0),
                0o755,
            ),
        ],
        changes: &[r#"ENTRYPOINT ["/init"]"#, CMD],
    };
    let supervised = Image::new("init-stack-s6", None, &supervised);
    let (numeric, root) = (numeric("init-stack-user"), plain_root("init-stack-root", None));
    let images: [(&[&str], &Image); 3] = [
        (&["redis", "postgres", "valkey"], &database),
        (&["paperless", "gitea", "torrent", "jellyfin"], &supervised),
        (&["n8n", "pgadmin", "grafana", "app", "agent", "job"], &numeric),
    ];
    let (mut waivers, mut faults) = (Vec::new(), String::new());
    for (name, compose, _, _) in STACKS {
        let compose = compose.replace(", command: [gotenberg, --chromium-disable-javascript=true]", "");
        let compose = on_other_ports(&with_images(&compose, &images, &root));
        let project = Project::new("").changing("mnt").changing("srv").changing("media");
        std::fs::create_dir_all(project.beside("media/films")).unwrap();
        project.file("compose.yaml", &compose.replace("[ROOT]", &project.beside("").display().to_string()));
        drop(std::os::unix::net::UnixListener::bind(project.path("docker.sock")).unwrap());
        let init = project.seaworthy(&["init"]);
        let check = project.seaworthy(&["check"]);
        let policy = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap_or_default();
        if (init.end, check.end) != (End::Code(0), End::Code(0)) {
            faults += &format!("== {name}\n{compose}\n{init}\n{check}\n{policy}\n");
            continue;
        }
        waivers.push(policy.matches("rule: ").count());
        if ELSEWHERE.contains(name) {
            continue;
        }
        let up = project.seaworthy(&["up", "-d"]);
        // What cannot write or switch ends at once.
        std::thread::sleep(std::time::Duration::from_millis(500));
        let states = project.states();
        if up.end != End::Code(0)
            || states.is_empty()
            || states.iter().any(|(_, state, _)| state != "running")
        {
            faults += &format!("== {name}\n{compose}\n{up}\n{states:?}\n{policy}\n");
        }
    }
    assert!(faults.is_empty(), "{faults}");
    waivers.sort_unstable();
    println!("waivers: {waivers:?}");
    assert!(waivers[waivers.len() / 2] <= 3, "{waivers:?}");
}

/// The page's example, on images made for it, prints what the page shows.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_page_shows_what_is_printed() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/init.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let images = [
        ("photos/app", numeric("init-page-app")),
        ("photos/db", asking("init-page-db", None)),
        ("photos/media", supervised("init-page-media")),
    ];
    let compose =
        images.iter().fold(example.to_owned(), |text, (name, image)| text.replace(name, &image.name));
    let project = Project::new(&compose);
    let printed = project.seaworthy(&["init"]).ok().stdout;
    let policy = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    // Days go by, and rules are added.
    let undated = |text: &str| {
        let words: Vec<String> = text
            .split_inclusive(|c: char| !(c.is_ascii_digit() || c == '-'))
            .map(|word| {
                let is_date = word.len() > 9 && word.as_bytes()[4] == b'-' && word.as_bytes()[7] == b'-';
                if is_date { word.replace(&word[..10], "DATE") } else { word.to_owned() }
            })
            .collect();
        let text = words.concat();
        match text.split_once(" rules, but for") {
            Some((before, after)) => {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{before}N rules, but for{after}")
            }
            None => text,
        }
    };
    let page = undated(&page);
    for text in [format!("$ seaworthy init\n{printed}"), policy] {
        let text = undated(&text);
        assert!(page.contains(&text), "docs/init.md does not have what is printed:\n{text}");
    }
}

/// The user and group that the first program of each service has, in the order of the services.
fn running_as(project: &Project) -> Vec<(String, String)> {
    let mut found: Vec<_> = project
        .containers()
        .iter()
        .map(|container| {
            let id = container["Id"].as_str().unwrap();
            let status = project.docker(&["exec", id, "cat", "/proc/1/status"]).ok().stdout;
            let number = |key: &str| {
                let line = status.lines().find(|line| line.starts_with(key)).unwrap();
                line.split_whitespace().nth(2).unwrap().to_owned()
            };
            (label(container, "service").to_owned(), format!("{}:{}", number("Uid:"), number("Gid:")))
        })
        .collect();
    found.sort();
    found
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn every_image_starts_as_the_user_for_whom_it_was_made() {
    let numeric = numeric("init-numeric");
    let groupless =
        Image::new("init-groupless", None, &Parts { changes: &["USER 1001", CMD], ..Parts::default() });
    let asking = asking("init-asking", None);
    let never = never_asking("init-never");
    let supervised = supervised("init-s6");
    let told = told("init-told");
    let root = plain_root("init-root", None);
    let service = |name: &str, image: &str, rest: &str| {
        format!("  {name}: {{image: {image}, stop_grace_period: 0s, network_mode: none{rest}}}\n")
    };
    let project = Project::new(&format!(
        "services:\n{}{}{}{}{}{}{}{}{}{}volumes: {{pg: {{}}, st: {{}}}}\n",
        service("asks", &asking.name, ", volumes: ['pg:/var/lib/data']"),
        service("asks-bind", &asking.name, ", volumes: ['./pg:/var/lib/data']"),
        service("groupless", &groupless.name, ""),
        service("named", "sw-node", ", command: [sleep, '1000']"),
        service("never", &never.name, ", volumes: ['st:/state']"),
        service("numeric", &numeric.name, ", volumes: ['./num:/num']"),
        service("root", &root.name, ""),
        service(
            "s6",
            &supervised.name,
            ", environment: {PUID: 1500, PGID: 1500}, volumes: ['./config:/config', './media:/media']"
        ),
        service("state", &root.name, ", volumes: ['./redis:/data']"),
        service("told", &told.name, ", volumes: ['./told:/var/app']"),
    ));
    std::fs::create_dir(project.path("redis")).unwrap();
    chown(project.path("redis"), Some(999), Some(1000)).unwrap();

    let init = project.seaworthy(&["init", "--posture", "hardened"]).ok();
    let policy = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    for line in [
        "asks: \"70:70\"  # /usr/local/bin/docker-entrypoint.sh of its image becomes postgres by gosu",
        "asks-bind: \"70:70\"",
        "numeric: \"991:991\"  # USER 991 of its image",
        "state: \"999:1000\"  # owner of ./redis; redis in its image",
        "told: \"1200:1201\"  # PUID, and /entry.sh of its image becomes that user",
        "# named: the image's own user, 1000:1000",
        "# never: starts as root, then app by su-exec",
        "# s6: starts as root, then 1500:1500 by PUID",
        "{ path: ./media, kind: dir, owner: \"1500:1500\" }  # s6 mounts it",
        "service: groupless, rule: user-root, allow: [\"1001:0\"]",
        "service: never, rule: user-root, allow: [\"entrypoint\"",
    ] {
        assert!(policy.contains(line), "no {line:?} in\n{policy}\n{init}");
    }
    assert_eq!(policy.matches("rule: ").count(), 5, "{policy}");
    project.seaworthy(&["check"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    project.becomes("running");
    let expected = [
        ("asks", "70:70"),
        ("asks-bind", "70:70"),
        ("groupless", "1001:0"),
        ("named", "1000:1000"),
        ("never", "50:50"),
        ("numeric", "991:991"),
        ("root", "0:0"),
        ("s6", "1500:1500"),
        ("state", "999:1000"),
        ("told", "1200:1201"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(name, user)| ((*name).to_owned(), (*user).to_owned())).collect();
    assert_eq!(running_as(&project), expected);
    // The next launch, with everything there, is as green; and so is a new policy for what ran.
    project.seaworthy(&["up", "-d"]).ok();
    std::fs::remove_file(project.path("seaworthy.yaml")).unwrap();
    chown(project.path("redis"), Some(0), Some(0)).unwrap();
    let left = project.seaworthy(&["init", "--posture", "hardened"]).ok();
    assert!(left.stderr.contains("bind-access") && left.stderr.contains("no policy mends this"), "{left}");
    std::fs::remove_file(project.path("seaworthy.yaml")).unwrap();
    chown(project.path("redis"), Some(999), Some(1000)).unwrap();
    project.seaworthy(&["init", "--posture", "hardened"]).ok();
    let again = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    assert!(
        again.contains("state: \"999:1000\"  # who it was at the last launch, by seaworthy.lock"),
        "{again}"
    );
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(running_as(&project), expected);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_there_and_who_shares_it_count_too() {
    let numeric = numeric("init-there");
    let root = plain_root("init-sharing", None);
    let project = Project::new(&format!(
        "services:
  theirs: {{image: {}, stop_grace_period: 0s, network_mode: none, volumes: ['./theirs:/d'], command: [sh, -c, 'touch /d/x && sleep 1000']}}
  a: {{image: sw-node, stop_grace_period: 0s, network_mode: none, volumes: ['./shared:/d'], command: [sh, -c, 'touch /d/a && sleep 1000']}}
  b: {{image: {}, stop_grace_period: 0s, network_mode: none, volumes: ['./shared:/d'], command: [sh, -c, 'touch /d/b && sleep 1000']}}
  c: {{image: {}, stop_grace_period: 0s, network_mode: none, volumes: ['./shared:/d'], command: [sh, -c, 'touch /d/c && sleep 1000']}}
",
        numeric.name, numeric.name, root.name
    ));
    std::fs::create_dir(project.path("theirs")).unwrap();
    chown(project.path("theirs"), Some(1300), Some(1300)).unwrap();
    project.seaworthy(&["init", "--posture", "hardened"]).ok();
    let policy = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    for line in [
        "theirs: \"1300:1300\"  # owner of ./theirs, which the user of its image cannot use",
        "{ path: ./shared, strategy: acl }",
    ] {
        assert!(policy.contains(line), "no {line:?} in\n{policy}");
    }
    project.seaworthy(&["up", "-d"]).ok();
    project.becomes("running");

    // What no user of the image's may write is not made green by a policy.
    let stuck = Project::new(&format!("services: {{a: {{image: {}, volumes: ['./d:/d']}}}}\n", numeric.name));
    std::fs::create_dir(stuck.path("d")).unwrap();
    let left = stuck.seaworthy(&["init"]).ok();
    assert!(left.stderr.contains("bind-access") && left.stderr.contains("no policy mends this"), "{left}");
    stuck.seaworthy(&["check"]).ends(1).says("bind-access");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn owners_are_read_through_the_map_of_the_engine() {
    let engine = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").expect("an engine that maps users");
    let first = first_mapped_id(&engine);
    let (state, asks) = (plain_root("init-map", Some(&engine)), asking("init-map-asks", Some(&engine)));
    let project = Project::new(&format!(
        "services:
  state: {{image: {}, stop_grace_period: 0s, network_mode: none, volumes: ['./redis:/data']}}
  asks: {{image: {}, stop_grace_period: 0s, network_mode: none, volumes: ['./pg:/var/lib/data']}}
",
        state.name, asks.name
    ))
    .on(&engine);
    std::fs::create_dir(project.path("redis")).unwrap();
    chown(project.path("redis"), Some(first + 999), Some(first + 1000)).unwrap();
    project.seaworthy(&["init"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    project.becomes("running");
    let expected = [("asks", "70:70"), ("state", "999:1000")];
    assert_eq!(running_as(&project), expected.map(|(name, user)| (name.to_owned(), user.to_owned())));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn at_a_terminal_it_asks_first() {
    let project = || Project::new("services: {a: {image: sw-node, network_mode: none}}\n");
    for (answer, end, is_written) in [("n\r", End::Code(2), false), ("y\r", End::Code(0), true)] {
        let project = project();
        let mut command = project.command(super::harness::Seaworthy, &["init"]);
        command.stdin(Stdio::inherit());
        let mut terminal = Terminal::start(command);
        terminal.shows("[y/N]");
        assert!(!project.path("seaworthy.yaml").exists());
        terminal.types(answer.as_bytes());
        assert_eq!(terminal.end(), end, "{}", terminal.shown);
        assert_eq!(project.path("seaworthy.yaml").exists(), is_written);
    }
    let agreed = project();
    let mut terminal = Terminal::start(agreed.command(super::harness::Seaworthy, &["init", "--yes"]));
    assert_eq!(terminal.end(), End::Code(0), "{}", terminal.shown);
    assert!(agreed.path("seaworthy.yaml").exists() && !terminal.shown.contains("[y/N]"));
}
