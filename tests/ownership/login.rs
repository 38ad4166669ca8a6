//! An image whose user is, by number, somebody who logs in on this machine.

use super::harness::{Output, Project, Seaworthy, bare, run};
use super::operator::{plain, remapped};

/// `plan` on a machine with these users; only the program itself sees them.
fn plan(project: &Project, passwd: &str) -> Output {
    let file = project.beside("passwd");
    std::fs::write(&file, format!("root:x:0:0:root:/root:/bin/sh\n{passwd}\n")).unwrap();
    let ours = project.command(Seaworthy, &["plan"]);
    let mut command = bare("unshare");
    let script = "mount --bind \"$0\" /etc/passwd && exec \"$@\"";
    command.args(["--mount", "sh", "-c", script]).arg(&file).arg(ours.get_program()).args(ours.get_args());
    command.current_dir(&project.directory);
    for (name, value) in ours.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    run(command)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_with_the_number_of_a_login_user_is_warned_of() {
    // The image's own user is 1000.
    let project = Project::of_service("volumes: ['./data:/data']").on(&plain().host);
    project.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
    let warns = |output: &Output| output.stdout.contains("who logs in here");
    let somebody = "sam:x:1000:1000::/home/sam:/bin/bash";
    let output = plan(&project, somebody).ok().says("user 1000 of this machine is sam, who logs in here");
    assert!(warns(&output));
    for nobody in ["sam:x:1001:1001::/home/sam:/bin/bash", "sam:x:1000:1000::/:/usr/sbin/nologin"] {
        assert!(!warns(&plan(&project, nobody).ok()), "{nobody}");
    }
    // Where users are mapped, it is another number.
    let mapped = Project::of_service("volumes: ['./data:/data']").on(&remapped().host);
    mapped.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
    assert!(!warns(&plan(&mapped, somebody).ok()));
    // A number that somebody wrote was chosen.
    project.file("seaworthy.yaml", "version: 1\nuser: {default: '1000:1000'}\n...\n");
    assert!(!warns(&plan(&project, somebody).ok()));
}
