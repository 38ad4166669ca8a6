//! A command that makes no container is judged by the container that is there.

use std::fs;

use super::harness::{Project, docker};

/// An image of its own name, of sw-busybox with an instruction; removed with it.
struct Image(String);

impl Image {
    fn new(kind: &str, change: &str) -> Self {
        let name = format!("sw-test-image-{}-{kind}", std::process::id());
        let id = docker(&["create", "--network", "none", "sw-busybox", "true"]).ok().stdout;
        docker(&["commit", "-c", change, id.trim(), &name]).ok();
        docker(&["rm", id.trim()]).ok();
        Self(name)
    }

    fn is(&self, other: &Self) {
        docker(&["tag", &other.0, &self.0]).ok();
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        docker(&["rmi", "--force", &self.0]);
    }
}

fn project(posture: &str, image: &Image, lines: &str) -> Project {
    let project = Project::new(&format!(
        "services:\n  s:\n    image: {}\n    network_mode: none\n    stop_grace_period: 0s\n    init: true\n    \
         command: [sleep, '600']\n{}\n",
        image.0,
        textwrap::indent(lines, "    ")
    ));
    if !posture.is_empty() {
        project.file("seaworthy.yaml", &format!("version: 1\nposture: {posture}\n...\n"));
    }
    project
}

fn edit(project: &Project, from: &str, to: &str) {
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    assert!(text.contains(from));
    project.file("compose.yaml", &text.replace(from, to));
}

const OLDER: &str = "warning[container-older]";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_older_than_its_tag_or_its_file_is_started_as_it_is() {
    let (tag, new) = (Image::new("tag-a", "ENV V=1"), Image::new("new-a", "ENV V=2"));
    let project =
        project("hardened", &tag, "user: '1000:1000'\nenvironment: {A: '1'}\nrestart: unless-stopped");
    project.seaworthy(&["up", "-d"]).ok();
    let ids = project.ids();
    tag.is(&new);
    let all = [
        &["start"][..],
        &["restart", "-t", "0"],
        &["restart", "-t", "0", "s"],
        &["up", "-d", "--no-recreate"],
    ];
    for words in all {
        project.seaworthy(&["stop", "-t", "0"]).ok();
        project.seaworthy(words).ok().says(OLDER).says("Image is").says("seaworthy up -d");
        assert_eq!((project.ids(), project.states()[0].1.as_str()), (ids.clone(), "running"), "{words:?}");
    }
    // What the file says of the program is as new as the tag.
    edit(&project, "'600'", "'601'");
    edit(&project, "A: '1'", "A: '2', B: '1'");
    edit(&project, "unless-stopped", "'no'");
    let said = project.seaworthy(&["restart", "-t", "0"]).ok().says(OLDER);
    for field in ["Config.Cmd", "Config.Env", "HostConfig.RestartPolicy"] {
        assert!(said.stderr.contains(field), "{said}");
    }
    // A tag that is gone says nothing, and is not pulled.
    docker(&["rmi", "--force", &tag.0]).ok();
    project.seaworthy(&["stop", "-t", "0"]).ok();
    for words in [&["start"][..], &["restart", "-t", "0"]] {
        project.seaworthy(words).ok();
    }
    assert_eq!(project.ids(), ids);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_weaker_than_the_file_is_not_started() {
    let tag = Image::new("tag-b", "ENV V=1");
    for (lines, from, to, field) in [
        ("read_only: false", "read_only: false", "read_only: true", "HostConfig.ReadonlyRootfs"),
        ("pids_limit: 200", "pids_limit: 200", "pids_limit: 100", "HostConfig.PidsLimit"),
        ("user: '1001:1001'", "'1001:1001'", "'1000:1000'", "Config.User"),
    ] {
        let user = if lines.starts_with("user") { "" } else { "user: '1000:1000'\n" };
        let project = project("baseline", &tag, &format!("{user}{lines}"));
        project.seaworthy(&["up", "-d"]).ok();
        project.seaworthy(&["stop", "-t", "0"]).ok();
        let policy = "version: 1\nposture: hardened\nwaivers: [{service: s, rule: read-only-root, reason: test}]\n...\n";
        let policy = if field.contains("Readonly") { "version: 1\nposture: hardened\n...\n" } else { policy };
        let policy = policy.replace("waivers: [{service: s, rule: read-only-root, reason: test}]\n", "");
        project.file("seaworthy.yaml", &policy);
        edit(&project, from, to);
        project.seaworthy(&["start"]).refuses(77, "live-posture").says(field);
        assert_eq!(project.states()[0].1, "exited", "{field}");
    }
    // A loader's variable is no newer program.
    let project = project("hardened", &tag, "user: '1000:1000'\nenvironment: {LD_PRELOAD: /x.so}");
    project.compose(&["create"]).ok();
    edit(&project, "{LD_PRELOAD: /x.so}", "{}");
    project.seaworthy(&["start"]).refuses(77, "live-posture").says("LD_PRELOAD");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn whoever_a_container_runs_as_is_asked_of_the_container() {
    let (tag, new) = (Image::new("tag-c", "USER 1000:1000"), Image::new("new-c", "USER 2000:2000"));
    for policy in [
        "version: 1\nposture: observe\n...\n",
        "version: 1\nposture: baseline\n...\n",
        "version: 1\nposture: observe\nuser: {default: image}\n...\n",
        "version: 1\nposture: hardened\nuser: {default: image}\n...\n",
    ] {
        let old = Image::new("old-c", "USER 1000:1000");
        tag.is(&old);
        let project = project("observe", &tag, "volumes: ['./home:/home/a']");
        project.file("seaworthy.yaml", policy);
        project.seaworthy(&["up", "-d"]).ok();
        let (ids, lock) = (project.ids(), fs::read_to_string(project.path("seaworthy.lock")).ok());
        tag.is(&new);
        for words in [&["start"][..], &["restart", "-t", "0"], &["up", "-d", "--no-recreate"]] {
            project.seaworthy(&["stop", "-t", "0"]).ok();
            project.seaworthy(words).ok().says("runs as 1000:1000, and a new one would run as 2000:2000");
            assert_eq!(
                (project.ids(), project.states()[0].1.as_str()),
                (ids.clone(), "running"),
                "{words:?}"
            );
        }
        assert_eq!(fs::read_to_string(project.path("seaworthy.lock")).ok(), lock);
        // What is made anew is asked of the image.
        let again = project.seaworthy(&["up", "-d"]);
        if policy.contains("image") {
            again.ends(78);
        } else if policy.contains("observe") {
            again.ok().says("runs as 2000:2000 and cannot use ./home");
        } else {
            again.ends(73).says("runs as 2000:2000 and cannot use ./home");
        }
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_the_file_mounts_since_is_not_asked_for_at_a_start() {
    let tag = Image::new("tag-d", "USER 1000:1000");
    for posture in ["", "observe"] {
        let project = project(posture, &tag, "volumes: ['./one:/one']");
        project.seaworthy(&["up", "-d"]).ok();
        project.seaworthy(&["stop", "-t", "0"]).ok();
        edit(&project, "'./one:/one'", "'./one:/one', './two:/two', './three.json:/three.json'");
        project.seaworthy(&["start"]).ok();
        assert!(!project.path("two").exists(), "{posture}: nothing mounts it");
        project.becomes("running");
    }
}
