//! The user that was decided is the user that runs, whatever becomes of the image meanwhile.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::{PATIENCE, Project, docker, poll};

/// A project whose one service `s` runs the image `tag`, which is built from files here, and says that it ran.
struct Built {
    project: Project,
    tag: String,
}

impl Built {
    /// `passwd` and `group` are those of the image that is there; `lines` are of the service.
    fn new(lines: &str, passwd: &str, group: &str, rest: &str) -> Self {
        let project = Project::new("services: {}\n");
        let tag = format!("{}:1", project.name);
        let built = Self { project, tag };
        let lines = textwrap::indent(&lines.replace("TAG", &built.tag), "    ");
        built.project.file(
            "compose.yaml",
            &format!(
                "services:\n  s:\n    stop_grace_period: 0s\n    init: true\n    network_mode: none\n    \
                 volumes: ['./state:/state']\n    command: [sh, -c, 'id > /state/ran; exec sleep 600']\n{lines}\n{}",
                rest.replace("TAG", &built.tag)
            ),
        );
        built.project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
        built.project.file("Dockerfile", "FROM sw-busybox\nCOPY passwd group /etc/\n");
        built.accounts(passwd, group);
        fs::create_dir(built.project.path("state")).unwrap();
        fs::set_permissions(built.project.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
        docker(&["build", "-q", "-t", &built.tag, built.project.directory.to_str().unwrap()]).ok();
        built
    }

    /// The accounts that the next build gives the image.
    fn accounts(&self, passwd: &str, group: &str) {
        self.project.file("passwd", passwd);
        self.project.file("group", group);
    }

    fn has_run(&self) -> bool {
        self.project.path("state/ran").exists()
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        self.project.clear();
        docker(&["rmi", "-f", &self.tag]);
    }
}

const NODE: &str = "node:x:1000:1000::/:/bin/sh\n";
const ROOT: &str = "node:x:0:0::/:/bin/sh\n";
const GROUP: &str = "node:x:1000:\n";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_name_that_another_image_gives_to_another_user_stops_the_launch() {
    let other = "  t: {image: sw-busybox, user: '1:1', network_mode: none, command: [sleep, '600']}\n";
    let builder = "  b: {image: TAG, user: '1:1', network_mode: none, build: ., pull_policy: build, \
                   command: [sleep, '600']}\n";
    for (lines, rest, words, passwd, group) in [
        // By the service's own build.
        ("image: TAG\nuser: node\nbuild: .\npull_policy: build", "", &["up", "-d"][..], ROOT, GROUP),
        ("image: TAG\nuser: node\nbuild: .", "", &["up", "-d", "--build"], ROOT, GROUP),
        ("image: TAG\nuser: node\nbuild: .", other, &["create", "--build"], ROOT, GROUP),
        // By another service's build of the same name.
        ("image: TAG\nuser: node\ndepends_on: [b]", builder, &["up", "-d"], ROOT, GROUP),
        // To another user than root, and to another group.
        (
            "image: TAG\nuser: node\nbuild: .",
            "",
            &["up", "-d", "--build"],
            "node:x:1001:1000::/:/bin/sh\n",
            GROUP,
        ),
        ("image: TAG\nuser: '1000:node'\nbuild: .", "", &["up", "-d", "--build"], NODE, "node:x:0:\n"),
        (
            "image: TAG\nuser: node\nbuild: .",
            "",
            &["up", "-d", "--build"],
            NODE,
            "node:x:1000:\nroot:x:0:node\n",
        ),
    ] {
        let built = Built::new(lines, NODE, GROUP, rest);
        built.accounts(passwd, group);
        let output = built.project.seaworthy(words).refuses(77, "live-posture");
        output.says("Config.User is ").says("its image is another one");
        assert!(!built.has_run(), "{lines}");
        assert_eq!(built.project.ids(), [""; 0], "{lines}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_that_keeps_the_user_may_be_built_anew() {
    for words in [&["up", "-d"][..], &["up", "-d", "--build"]] {
        let built = Built::new("image: TAG\nuser: node\nbuild: .\npull_policy: build", NODE, GROUP, "");
        built.accounts(&format!("other:x:7:7::/:/bin/sh\n{NODE}"), GROUP);
        built.project.seaworthy(words).ok();
        let ran = || built.has_run().then_some(());
        assert!(poll(PATIENCE, ran).is_some());
        assert!(fs::read_to_string(built.project.path("state/ran")).unwrap().starts_with("uid=1000(node)"));
    }
}
