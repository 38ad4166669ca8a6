//! What is made in the operator's home stays the operator's, so that their own programs go on working.

use std::fs;

use super::harness::{Output, run};
use super::operator::{OPERATOR, Operated, give, plain};
use super::volumes::UP;

/// What the page on policies has under `binds`.
fn example() -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.md")).unwrap();
    let (_, rest) = page.split_once("\nbinds:\n").expect("an example");
    let (binds, _) = rest.split_once("\nstate:").expect("the next key");
    format!("version: 1\nuser: {{default: '10001:10001'}}\nbinds:\n{binds}\n...\n")
}

fn project(mode: &str) -> Operated {
    let compose = format!(
        "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: ['${{HOME}}/.gitconfig:/h/.gitconfig{mode}', '${{HOME}}/.config/gh:/h/gh{mode}']\n    \
         command: [sh, -c, 'cat /h/.gitconfig && ls -l /h/gh && echo used']\n"
    );
    let project = Operated::new(&compose, &plain());
    fs::create_dir(project.project.beside("home/.config")).unwrap();
    give(&project.project.beside("home/.config"), OPERATOR);
    project
}

fn git(project: &Operated, words: &[&str]) -> Output {
    let mut command = project.as_operator();
    command.arg("git").args(words);
    run(command)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_plain_compose_leaves_a_home_in_which_git_fails() {
    let project = project(":ro");
    project.compose(&UP);
    assert!(project.project.beside("home/.gitconfig").is_dir());
    assert_ne!(git(&project, &["config", "--global", "user.name", "x"]).end, super::harness::End::Code(0));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_example_of_the_page_leaves_a_home_in_which_git_works() {
    for mode in [":ro", ""] {
        let mut project = project(mode);
        project.project = project.project.changing("home");
        project.file("seaworthy.yaml", &example());
        project.seaworthy(&UP).ok().says("used");
        git(&project, &["config", "--global", "user.name", "somebody"]).ok();
        git(&project, &["config", "--global", "--get", "user.name"]).ok().says("somebody");
        let mut list = project.as_operator();
        list.args(["sh", "-c", "ls ~/.config/gh && touch ~/.config/gh/hosts.yml"]);
        run(list).ok();
        project.seaworthy(&UP).ok().says("somebody").says("hosts.yml");
    }
}
