//! `ids` says what `stat`, the kernel's maps and the containers themselves say, with and without mapped users.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use serde_json::Value;

use super::harness::{Compose, Project, Seaworthy, docker, first_mapped_id, run};

fn remapped() -> String {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    host
}

fn plain() -> String {
    std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

const MOUNTS: [&str; 5] = ["/own", "/open", "/closed", "/read", "/volume"];

/// One service that has each kind of path.
fn project() -> Project {
    let project = Project::new(
        "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    stop_grace_period: 0s\n    \
         user: '1000:1001'\n    command: [sleep, '600']\n    volumes: ['./own:/own', './open:/open', \
         './closed:/closed', './read:/read:ro', 'data:/volume']\nvolumes: {data: {}}\n",
    );
    for (name, owner, mode) in
        [("own", 1000, 0o700), ("open", 0, 0o777), ("closed", 0, 0o711), ("read", 1000, 0o750)]
    {
        let path = project.path(name);
        fs::create_dir(&path).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    project
}

fn ids(project: &Project, host: &str, words: &[&str]) -> Value {
    let words = [&["ids", "--format", "json"], words].concat();
    let mut command = project.command(Seaworthy, &words);
    command.env("DOCKER_HOST", host);
    let output = project.watched(|| run(command)).ok();
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

fn mount<'r>(report: &'r Value, target: &str) -> &'r Value {
    let mounts = report["services"][0]["mounts"].as_array().unwrap();
    mounts
        .iter()
        .find(|mount| mount["target"] == target)
        .unwrap_or_else(|| panic!("no {target} in {report:#}"))
}

/// What the container itself sees of a path, and can do with it.
fn tried(container: &str, host: &str, target: &str) -> (String, bool, bool) {
    let script = format!(
        "stat -c %u:%g {target}; ls {target} >/dev/null 2>&1 && echo reads; touch {target}/.x 2>/dev/null && rm {target}/.x && echo writes; :"
    );
    let said = docker(&["--host", host, "exec", container, "sh", "-c", &script]).ok().stdout;
    let owner = said.lines().next().unwrap_or_default().to_owned();
    (owner, said.contains("reads"), said.contains("writes"))
}

/// Everything it says of these paths is what the container has.
#[track_caller]
fn agrees_on(targets: &[&str], report: &Value, rights: &str, project: &Project, host: &str) {
    let container = project.container("s");
    let name = container["Name"].as_str().unwrap().trim_start_matches('/').to_owned();
    let pid = container["State"]["Pid"].as_u64().unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let number = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let service = &report["services"][0];
    assert_eq!(service[rights]["owner"], format!("{}:{}", number("Uid:"), number("Gid:")), "{report:#}");
    for target in targets.iter().copied() {
        let (owner, reads, writes) = tried(&name, host, target);
        let said = &mount(report, target)[rights];
        assert_eq!(said["seen"], owner, "{target}: {report:#}");
        assert_eq!(
            (&said["reads"], &said["writes"]),
            (&reads.into(), &writes.into()),
            "{target}: {report:#}"
        );
    }
}

fn on_disk(path: &Path) -> String {
    let metadata = fs::metadata(path).unwrap();
    format!("{}:{}", metadata.uid(), metadata.gid())
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn it_says_what_the_host_and_the_container_say() {
    for host in [plain(), remapped()] {
        let project = project().on(&host);
        project.compose(&["up", "-d"]).ok();
        let report = ids(&project, &host, &[]);
        agrees_on(&MOUNTS, &report, "now", &project, &host);
        for name in ["own", "open", "closed", "read"] {
            assert_eq!(mount(&report, &format!("/{name}"))["disk"], on_disk(&project.path(name)), "{name}");
        }
        let volume = format!("{}_data", project.name);
        let said =
            docker(&["--host", &host, "volume", "inspect", "-f", "{{.Mountpoint}}", &volume]).ok().stdout;
        assert_eq!(mount(&report, "/volume")["disk"], on_disk(Path::new(said.trim())));
        // The control: the answer hangs on what is there.
        fs::set_permissions(project.path("open"), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(mount(&ids(&project, &host, &[]), "/open")["now"]["writes"], false);
        project.compose(&["down", "-v"]).ok();
    }
}

/// The picture of what would be is the one that is, after the engine was really exchanged.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_it_says_would_be_is_so_on_an_engine_that_maps_users() {
    let host = remapped();
    let first = first_mapped_id(&host).to_string();
    let project = project().on(&host);
    let before = ids(&project, &plain(), &[&format!("--assume-userns={first}")]);
    assert_eq!(before["assumed"]["in_force"], false);
    project.compose(&["up", "-d"]).ok();
    let after = ids(&project, &host, &[]);
    assert_eq!(before["services"][0]["then"], after["services"][0]["now"]);
    let mut compared = 0;
    for target in MOUNTS.into_iter().filter(|target| *target != "/volume") {
        assert_eq!(mount(&before, target)["then"], mount(&after, target)["now"], "{target}");
        compared += 1;
    }
    assert_eq!(compared, 4);
    agrees_on(&MOUNTS[..4], &before, "then", &project, &host);
    let effect = |target: &str| {
        let changes = before["changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["target"] == target).unwrap();
        change["effect"].as_str().unwrap().to_owned()
    };
    assert_eq!([effect("/own"), effect("/read")], ["breaks", "breaks"]);
    assert_eq!([effect("/open"), effect("/closed")], ["carries-over", "carries-over"]);
    assert_eq!(effect("/volume"), "left-behind");
    // Where it is on already, nothing would change.
    let on = ids(&project, &host, &["--assume-userns"]);
    assert_eq!((&on["assumed"]["in_force"], on["changes"].as_array().unwrap().len()), (&true.into(), 0));
    project.compose(&["down", "-v"]).ok();
}

/// What the page of a plan shows of the service: its number on the host, then each path; off and on.
fn picture(project: &Project, host: &str) -> (String, Vec<(String, [String; 2])>) {
    let mut command = project.command(Seaworthy, &["plan", "--format", "html"]);
    command.env("DOCKER_HOST", host);
    let page = project.watched(|| run(command)).ok().stdout;
    let text = |part: &str| {
        let words = part.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let after = |mark: &str| page.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {page}")).1;
    let head = text(after("id=\"identities\">").split("</p>").next().unwrap());
    let own = after("data-service=\"s\"").split("</table>").next().unwrap();
    let mut rows = Vec::new();
    let mut name = String::new();
    for row in own.split("<tr>").skip(2) {
        if row.contains("<th") {
            name = text(row).split(' ').next().unwrap().to_owned();
        } else {
            let mut sides = row.split("<td").skip(1).map(|side| text(&format!("<td{side}")));
            rows.push((name.clone(), [sides.next().unwrap(), sides.next().unwrap()]));
        }
    }
    (head, rows)
}

/// What the picture says of a path, by what the container has.
fn drawn((owner, reads, writes): (String, bool, bool)) -> String {
    let (reads, writes) =
        (if reads { "reads" } else { "cannot read" }, if writes { "writes" } else { "cannot write" });
    format!("{owner} {reads} {writes}")
}

/// Each engine's own side of the picture is what its container has, and the other side what the other engine's has.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_picture_of_a_plan_is_true_off_and_on() {
    let (off, on) = (plain(), remapped());
    let first = first_mapped_id(&on);
    let project = project().on(&on);
    let had = |host: &str| {
        let mut command = project.command(Compose, &["up", "-d"]);
        command.env("DOCKER_HOST", host);
        project.watched(|| run(command)).ok();
        let name = format!("{}-s-1", project.name);
        let had: Vec<String> = MOUNTS[..4].iter().map(|target| drawn(tried(&name, host, target))).collect();
        let own = picture(&project, host);
        let mut command = project.command(Compose, &["down", "-v"]);
        command.env("DOCKER_HOST", host);
        project.watched(|| run(command)).ok();
        (had, own)
    };
    let (tried_off, (told_off, from_off)) = had(&off);
    let (tried_on, (told_on, from_on)) = had(&on);
    assert!(told_off.contains("Off (now)") && told_off.contains("On (assumed)"), "{told_off}");
    assert!(told_on.contains("Off (assumed)") && told_on.contains("On (now)"), "{told_on}");
    let map = format!("0-65535 → {first}-{}", first + 65535);
    assert!(told_on.contains(&map), "{told_on}");
    assert_ne!(tried_off, tried_on, "the engines differ");
    for page in [&from_off, &from_on] {
        let mut compared = 0;
        for (at, target) in MOUNTS[..4].iter().enumerate() {
            let (_, [shown_off, shown_on]) = page.iter().find(|(name, _)| name == target).unwrap();
            assert_eq!(*shown_off, tried_off[at], "{target}");
            assert_eq!(shown_on.trim_start_matches("≠ "), tried_on[at], "{target}");
            assert_eq!(shown_on.starts_with('≠'), tried_off[at] != tried_on[at], "{target}");
            compared += 1;
        }
        assert_eq!(compared, 4);
        let (_, [volume_off, volume_on]) = page.iter().find(|(name, _)| name == "/volume").unwrap();
        let is_left = |text: &str| text.ends_with("another volume, begun anew");
        assert_eq!((is_left(volume_off), is_left(volume_on)), (page == &from_on, page == &from_off));
    }
    let (_, [host_off, host_on]) = &from_on[0];
    assert!(host_off.starts_with("1000:1001"), "{host_off}");
    assert!(host_on.starts_with(&format!("≠ {}:{}", first + 1000, first + 1001)), "{host_on}");
}

/// State that stays the operator's on disk is the service's own under either map.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn state_that_is_shown_as_its_own_carries_over() {
    let lines = "user: '1000:1001'\ncommand: [sleep, '600']\nvolumes: ['./mapped:/mapped']";
    let project = Project::of_service(lines);
    project.file("seaworthy.yaml", "version: 1\nstate: [{path: mapped, strategy: idmap}]\n...\n");
    fs::create_dir(project.path("mapped")).unwrap();
    fs::set_permissions(project.path("mapped"), fs::Permissions::from_mode(0o700)).unwrap();
    let first = first_mapped_id(&remapped()).to_string();
    let before = ids(&project, &plain(), &[&format!("--assume-userns={first}")]);
    let changes = before["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["target"] == "/mapped").unwrap();
    assert_eq!(change["effect"], "carries-over");
    project.seaworthy(&["up", "-d"]).ok();
    agrees_on(&["/mapped"], &before, "now", &project, &plain());
    project.compose(&["down"]).ok();
    let project = project.on(&remapped());
    project.seaworthy(&["up", "-d"]).ok();
    agrees_on(&["/mapped"], &before, "then", &project, &remapped());
    project.compose(&["down"]).ok();
    project.file("seaworthy.yaml", "version: 1\ngc: [{path: 'none/*'}]\n...\n");
    project.seaworthy(&["gc"]).ok();
    assert_eq!(
        (&mount(&before, "/mapped")["idmap"], &mount(&before, "/mapped")["disk"]),
        (&true.into(), &"0:0".into())
    );
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn one_tree_under_two_maps_has_its_ways_out() {
    let host = remapped();
    let project = Project::new(
        "services:\n  a: {image: sw-busybox, user: '1000:1000', volumes: ['./t:/t']}\n  \
         b: {image: sw-busybox, user: '1000:1000', userns_mode: host, volumes: ['./t:/t']}\n",
    )
    .on(&host);
    fs::create_dir(project.path("t")).unwrap();
    let report = ids(&project, &host, &[]);
    let conflict = &report["conflicts"][0];
    assert_eq!(conflict["path"], project.path("t").display().to_string());
    let mapped = first_mapped_id(&host) + 1000;
    assert_eq!(conflict["owners"], serde_json::json!([format!("{mapped}:{mapped}"), "1000:1000"]));
    assert_eq!(conflict["ways_out"].as_array().unwrap().len(), 3);
    // Without mapped users there is none.
    assert_eq!(ids(&project, &plain(), &[])["conflicts"], serde_json::json!([]));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_it_cannot_know_it_says() {
    let project = project();
    project
        .seaworthy(&["ids", "nobody"])
        .ends(78)
        .says("no such service: nobody")
        .says("The services are: s.");
    project.seaworthy(&["ids", "--assume-userns=0"]).ends(2).says("no first id");
    let report = ids(&project, "unix:///none/docker.sock", &[]);
    let service = &report["services"][0];
    assert_eq!(service["now"]["owner"], Value::Null);
    assert!(service["now"]["unknown"].as_str().unwrap().contains("docker"), "{report:#}");
    assert_eq!(mount(&report, "/own")["now"]["writes"], Value::Null);
}
