//! A flag decides what the same line in the file would decide.

use std::fs;

use super::harness::{Project, Seaworthy, owner_and_mode};

const POLICY: &str =
    "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\nbinds: {roots: [state]}\n...\n";

/// A service that has a root, and a volume of its own there.
fn tool() -> Project {
    let project = Project::of_service("user: '1000:1000'\nvolumes: ['./state/s:/s']\ncommand: [id, -u]");
    fs::create_dir(project.path("state")).unwrap();
    project.file("seaworthy.yaml", POLICY);
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_source_that_is_typed_is_made_as_one_in_the_file() {
    let project = tool();
    let touch = ["run", "--rm", "-T", "-v", "./state/new:/new", "s", "touch", "/new/f"];
    let control = Project::of_service("user: '1000:1000'\ncommand: [id, -u]");
    control.compose(&touch).ends(1).says("Permission denied");
    project.seaworthy(&touch).ok();
    assert_eq!(owner_and_mode(&project.path("state/new")), (1000, 1000, 0o750));
    // Relative to where it is typed.
    fs::create_dir(project.path("state/in")).unwrap();
    let words =
        ["-f", "../../compose.yaml", "run", "--rm", "-T", "-v", "./here:/new", "s", "touch", "/new/f"];
    project.run_in("state/in", Seaworthy, &words).ok();
    assert_eq!(owner_and_mode(&project.path("state/in/here")), (1000, 1000, 0o750));
    let outside = ["run", "--rm", "-T", "-v", "./outside/new:/new", "s", "true"];
    project.seaworthy(&outside).refuses(73, "bind-outside-roots").says("./outside/new");
    assert!(!project.path("outside").exists());
    let file = ["run", "--rm", "-T", "-v", "./state/x.json:/x.json", "s", "true"];
    project.seaworthy(&file).refuses(73, "bind-missing");
    // What is typed for a target takes the place of what the file mounts there.
    fs::remove_dir_all(project.path("state/s")).unwrap();
    let over = ["run", "--rm", "-T", "-v", "./state/over:/s", "s", "touch", "/s/f"];
    project.seaworthy(&over).ok();
    assert!(project.path("state/over/f").exists() && !project.path("state/s").exists());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_a_policy_a_source_that_is_typed_is_made_for_the_user() {
    let project = Project::of_service("user: '1000:1000'\ncommand: [id, -u]");
    let touch = ["run", "--rm", "-T", "-v", "./new:/new", "s", "touch", "/new/f"];
    project.seaworthy(&touch).ok();
    assert_eq!(owner_and_mode(&project.path("new")), (1000, 1000, 0o755));
    let control = Project::of_service("user: '1000:1000'\ncommand: [id, -u]");
    control.compose(&touch).ends(1);
    assert_eq!(owner_and_mode(&control.path("new")), (0, 0, 0o755));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_user_that_is_typed_is_asked_what_one_in_the_file_is() {
    let project = tool();
    project.seaworthy(&["run", "--rm", "-T", "s", "touch", "/s/f"]).ok();
    let lock = fs::read_to_string(project.path("seaworthy.lock")).unwrap();
    let words = |user| ["run", "--rm", "-T", "--user", user, "s", "touch", "/s/g"];
    project.seaworthy(&words("2000:2000")).ends(78).says("user-drift");
    fs::remove_file(project.path("seaworthy.lock")).unwrap();
    project.seaworthy(&words("2000:2000")).refuses(73, "bind-access").says("2000:2000");
    project.seaworthy(&words("1000:1000")).ok();
    assert_eq!(fs::read_to_string(project.path("seaworthy.lock")).unwrap(), lock, "a flag is not remembered");
    // Without a policy it is said, and left to Compose.
    fs::remove_file(project.path("seaworthy.yaml")).unwrap();
    project.seaworthy(&words("2000:2000")).ends(1).says("Permission denied");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn whoever_is_let_into_a_container_is_asked_for_the_lock() {
    let project = tool();
    let sleeps =
        fs::read_to_string(project.path("compose.yaml")).unwrap().replace("[id, -u]", "[sleep, '600']");
    project.file("compose.yaml", &sleeps);
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["exec", "-T", "s", "touch", "/s/f"]).ok();
    project.seaworthy(&["exec", "-T", "--user", "1000:1000", "s", "touch", "/s/f"]).ok();
    project.seaworthy(&["exec", "-T", "--user", "2000:2000", "s", "id", "-u"]).ends(78).says("user-drift");
    project.file("seaworthy.yaml", &POLICY.replace("hardened", "observe"));
    project.seaworthy(&["exec", "-T", "--user", "2000:2000", "s", "id", "-u"]).ok().says("user-drift");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_working_directory_that_is_typed_is_made_for_the_user() {
    let touch = ["run", "--rm", "-T", "--workdir", "/s/deep/er", "s", "touch", "f"];
    let control = Project::of_service("user: '1000:1000'\nvolumes: ['./state/s:/s']\ncommand: [id, -u]");
    control.compose(&touch).ends(1).says("Permission denied");
    for policy in [POLICY, ""] {
        let project = tool();
        project.file("seaworthy.yaml", policy);
        if policy.is_empty() {
            fs::remove_file(project.path("seaworthy.yaml")).unwrap();
        }
        project.seaworthy(&touch).ok();
        assert!(project.path("state/s/deep/er/f").exists());
        assert_eq!(owner_and_mode(&project.path("state/s/deep/er")).0, 1000);
    }
}

/// What is typed is not in the rendered file: Compose is told the same words, and the next launch is without them.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_typed_is_not_rendered() {
    let project = tool();
    let words =
        ["run", "--rm", "-T", "-v", "./state/new:/new", "-e", "A=b", "--name", "sw-typed", "s", "true"];
    project.seaworthy(&words).ok();
    let rendered = fs::read_to_string(project.rendered()).unwrap();
    assert!(!rendered.contains("state/new") && !rendered.contains("A: b"), "{rendered}");
}
