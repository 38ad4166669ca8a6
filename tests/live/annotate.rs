//! Incident 5: audit records named users of the host that nobody could attribute. `annotate` says whose they are, as
//! long as that is known.

use std::time::{SystemTime, UNIX_EPOCH};

use super::harness::{Project, Seaworthy};

const SERVICE: &str = "command: [sleep, '600']\nuser: '54322:54322'";

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// A record of this moment.
fn record(at: f64, fields: &str) -> String {
    format!("type=SYSCALL msg=audit({at:.3}:42): syscall=257 {fields} comm=\"sh\"")
}

fn annotated(project: &Project, lines: &[String]) -> Vec<String> {
    let input = lines.concat();
    let output = project.run_with_input(Seaworthy, &["annotate"], &input).ok();
    let printed: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
    assert_eq!(printed.len(), lines.len(), "{output}");
    // What was there is there.
    let rest = |(printed, line): (String, &String)| printed.strip_prefix(line.trim_end()).unwrap().to_owned();
    printed.into_iter().zip(lines).map(rest).collect()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn numbers_are_said_to_be_whose_they_are_on_both_engines() {
    let remapped = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!remapped.is_empty(), "no engine that maps users: run scripts/test");
    let first = super::harness::first_mapped_id(&remapped);
    for (project, first) in
        [(Project::of_service(SERVICE), 0), (Project::of_service(SERVICE).on(&remapped), first)]
    {
        let before = now() - 60.0;
        project.seaworthy(&["up", "-d"]).ok();
        project.becomes("running");
        let pid = project.container("s")["State"]["Pid"].as_u64().unwrap();
        let name = format!("{}-s-1", project.name);
        std::thread::sleep(std::time::Duration::from_millis(300));
        let uid = first + 54322;
        let at = now();
        let lines: Vec<String> = [
            record(at, &format!("ppid=1 pid={pid} auid=4294967295 uid={uid} gid={uid} fsuid={uid}")),
            record(at, &format!("pid={} uid={uid}", std::process::id())),
            record(at, &format!("ouid={uid}")),
            record(before, &format!("pid={pid} uid={uid}")),
            record(at, "pid=1 uid=0 auid=0"),
            record(at, &format!("pid={pid} uid=abc")),
        ]
        .map(|line| line + "\n")
        .to_vec();
        let added = annotated(&project, &lines);
        let of = |key: &str| format!(" {key}_service=s {key}_container={name}");
        let user = |key: &str| format!("{} {key}_container_uid=54322", of(key));
        assert_eq!(added[0], format!("{}{}{}", of("pid"), user("uid"), user("fsuid")));
        assert_eq!(added[1], "", "a process of the host is no container's");
        assert_eq!(added[2], user("ouid"));
        assert_eq!(added[3], "", "before it ran, the numbers were somebody else's");
        assert_eq!(added[4], "");
        assert_eq!(added[5], of("pid"));
        // Once it has ended, what is younger is not known.
        project.seaworthy(&["down"]).ok();
        assert_eq!(annotated(&project, &lines)[0], "");
    }
}

/// What has ended is known by the engine as long as it has the container, and then by what its launch noted.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn who_has_gone_is_known_by_his_launch_for_the_time_after_it() {
    let remapped = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!remapped.is_empty(), "no engine that maps users: run scripts/test");
    let first = super::harness::first_mapped_id(&remapped);
    let service =
        "command: [sleep, '600']\nuser: '54324:54324'\ninit: true\ntmpfs: [/tmp]\nenvironment: {HOME: /tmp}";
    for (project, first) in
        [(Project::of_service(service), 0), (Project::of_service(service).on(&remapped), first)]
    {
        project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
        let before = now() - 1.0;
        project.seaworthy(&["up", "-d"]).ok();
        project.becomes("running");
        let pid = project.container("s")["State"]["Pid"].as_u64().unwrap();
        let uid = first + 54324;
        std::thread::sleep(std::time::Duration::from_millis(300));
        let lines = [
            record(now(), &format!("pid={pid} uid={uid}")) + "\n",
            record(before, &format!("pid={pid} uid={uid}")) + "\n",
            format!("pid={pid} uid={uid}\n"),
            record(now(), &format!("pid={pid} uid=1999999999")) + "\n",
            format!("{{\"ts\":{:.3},\"uid\":{uid}}}\n", now()),
        ];
        let name = format!("{}-s-1", project.name);
        let of = |basis: &str| {
            [
                format!(" pid_service=s pid_container={name}{}", basis.replace("KEY", "pid")),
                format!(
                    " uid_service=s uid_container={name} uid_container_uid=54324{}",
                    basis.replace("KEY", "uid")
                ),
            ]
            .concat()
        };
        project.compose(&["stop"]).ok();
        let added = annotated(&project, &lines[..4]);
        assert_eq!(added, [of(""), String::new(), String::new(), String::new()], "the engine still has it");
        project.compose(&["down"]).ok();
        let added = annotated(&project, &lines[..4]);
        assert_eq!(added, [of(" KEY_basis=history"), String::new(), String::new(), String::new()]);
        let json = project.run_with_input(Seaworthy, &["annotate"], &lines[4]).ok();
        json.says(&format!(
            "\"uid_service\":\"s\",\"uid_container\":\"{name}\",\"uid_container_uid\":54324,\"uid_basis\":\"history\"}}"
        ));
        // Another one is launched and taken down: from then on, nobody has the number.
        project.seaworthy(&["up", "-d"]).ok();
        project.seaworthy(&["down"]).ok();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let late = record(now(), &format!("uid={uid}")) + "\n";
        assert_eq!(annotated(&project, &[lines[0].clone(), late]), [of(" KEY_basis=history"), String::new()]);
        // The control: it is by what was noted that it is known.
        std::fs::remove_dir_all(project.beside(".xdg-state")).unwrap();
        assert_eq!(annotated(&project, &lines[..1]), [""]);
    }
}

/// Two services with one user: a process tells them apart, a number alone does not.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_number_of_two_containers_is_nobodys_in_particular() {
    let remapped = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!remapped.is_empty(), "no engine that maps users: run scripts/test");
    let first = super::harness::first_mapped_id(&remapped);
    let service = "{image: sw-node, network_mode: none, stop_grace_period: 0s, command: [sleep, '600'], user: '54323:54323'}";
    let compose = format!("services:\n  a: {service}\n  b: {service}\n");
    for (project, first) in [(Project::new(&compose), 0), (Project::new(&compose).on(&remapped), first)] {
        project.seaworthy(&["up", "-d"]).ok();
        project.becomes("running");
        std::thread::sleep(std::time::Duration::from_millis(300));
        let pid = project.container("b")["State"]["Pid"].as_u64().unwrap();
        let uid = first + 54323;
        let lines = [
            record(now(), &format!("uid={uid}")) + "\n",
            record(now(), &format!("uid={uid} pid={pid}")) + "\n",
        ];
        let added = annotated(&project, &lines);
        assert_eq!(added[0], if first == 0 { "" } else { " uid_container_uid=54323" });
        let name = format!("{}-b-1", project.name);
        assert_eq!(
            added[1],
            format!(
                " uid_service=b uid_container={name} uid_container_uid=54323 pid_service=b pid_container={name}"
            )
        );
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_an_engine_nothing_is_read() {
    let project = Project::of_service(SERVICE);
    let mut command = project.command(Seaworthy, &["annotate"]);
    command.env("DOCKER_HOST", format!("unix://{}", project.beside("absent.sock").display()));
    super::harness::run(command).refuses(69, "engine-unavailable").says("nothing was read");
}
