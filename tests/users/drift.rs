//! An image that rolls forward with another user (incident 3), on a real engine.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use super::harness::{End, Output, Project, bare, docker, run};

/// An image under one tag, whose `USER` moves. Removed at the end.
struct Rolling {
    tag: String,
}

impl Rolling {
    fn new(name: &str) -> Self {
        Self { tag: format!("sw-test-{}-{name}:latest", std::process::id()) }
    }

    /// Makes the tag an image with this `USER`.
    fn roll(&self, user: &str) {
        let mut command = bare("sh");
        let script = r#"id=$(docker create sw-busybox) && docker export "$id" | docker import -c "USER $1" -c 'CMD ["sh"]' - "$2"; status=$?; docker rm "$id"; exit $status"#;
        command.args(["-c", script, "roll", user, &self.tag]);
        let _ = docker(&["image", "rm", "-f", &self.tag]);
        run(command).ok();
    }
}

impl Drop for Rolling {
    fn drop(&mut self) {
        docker(&["image", "rm", "-f", &self.tag]);
    }
}

/// Writes a file that only its owner may read, once, and reads it.
fn project(image: &Rolling) -> Project {
    let command = "[ -e /state/secret ] || (umask 077; echo mine > /state/secret); exec cat /state/secret";
    let compose = format!(
        "services:\n  app:\n    image: {}\n    command: [sh, -c, {command:?}]\n    volumes: [./state:/state]\n",
        image.tag
    );
    Project::new(&compose.replace("$(", "$$("))
}

const UP: [&str; 3] = ["up", "--exit-code-from", "app"];

fn reads(output: Output) {
    let output = output.ok();
    assert!(output.stdout.contains("mine"), "{output}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_plain_compose_starts_a_container_that_cannot_read_its_own_file() {
    let image = Rolling::new("control");
    image.roll("1000");
    let project = project(&image);
    let state = project.path("state");
    fs::create_dir(&state).unwrap();
    chown(&state, Some(1000), Some(1000)).unwrap();
    reads(project.compose(&UP));
    image.roll("10001");
    let output = project.compose(&UP);
    assert_eq!(output.end, End::Code(1), "{output}");
    output.says("Permission denied");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_that_rolls_forward_is_refused_migrated_and_then_reads_its_file() {
    let image = Rolling::new("drift");
    image.roll("1000");
    let project = project(&image);
    project.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
    reads(project.seaworthy(&UP));
    let lock = fs::read_to_string(project.path("seaworthy.lock")).unwrap();
    assert!(
        lock.contains("1000:1000") && lock.contains("image: sha256:") && lock.contains("./state"),
        "{lock}"
    );
    let secret = project.path("state/secret");
    assert_eq!(
        (fs::metadata(&secret).unwrap().uid(), fs::metadata(&secret).unwrap().mode() & 0o777),
        (1000, 0o600)
    );
    // A file of the operator's that was moved in, and one of root's.
    let foreign = [project.path("state/env"), project.path("state/root")];
    for (path, uid) in foreign.iter().zip([1500, 0]) {
        fs::write(path, "TOPSECRET").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(path, Some(uid), Some(uid)).unwrap();
    }

    image.roll("10001:10001");
    let before = project.ids();
    let refused = project.seaworthy(&UP).refuses(78, "user-drift");
    for text in ["10001:10001", "1000:1000", "./state", "seaworthy repair --migrate app", "seaworthy.lock:"] {
        assert!(refused.stderr.contains(text), "no {text} in {refused}");
    }
    assert_eq!(project.ids(), before, "nothing was created");
    project.seaworthy(&["repair", "app"]).refuses(78, "user-drift");
    project.seaworthy(&["repair", "--migrate", "--dry-run", "app"]).ok().says("2 to give");
    assert_eq!(fs::metadata(&secret).unwrap().uid(), 1000);
    assert_eq!(fs::read_to_string(project.path("seaworthy.lock")).unwrap(), lock);

    project
        .seaworthy(&["repair", "--migrate", "app"])
        .ok()
        .says("2 given")
        .says("user 1500's")
        .says("it is root's");
    assert_eq!(fs::metadata(&secret).unwrap().uid(), 10001);
    assert_eq!(foreign.map(|path| fs::metadata(path).unwrap().uid()), [1500, 0]);
    let lock = fs::read_to_string(project.path("seaworthy.lock")).unwrap();
    assert!(lock.contains("user: 10001:10001") && lock.contains("previous:\n      - 1000:1000"), "{lock}");
    reads(project.seaworthy(&UP));
    project.seaworthy(&["repair"]).ok().says("0 given");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_that_is_not_there_yet_is_built_before_it_is_remembered() {
    let image = Rolling::new("late");
    let project = project(&image);
    project.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
    let plan = project.seaworthy(&["plan"]).ok();
    assert!(plan.stdout.contains("known after pull"), "{plan}");
    // There is no registry to pull from.
    let output = project.seaworthy(&UP);
    assert_eq!(output.end, End::Code(69), "{output}");
    assert!(!project.path("seaworthy.lock").exists());
    image.roll("1000");
    reads(project.seaworthy(&UP));
    assert!(project.path("seaworthy.lock").exists());
}
