//! Incident 4d: a config file was cut before its filter ran, and the empty file reported as refreshed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::harness::{Compose, Project, Seaworthy, bare, owner_and_mode};

const SOURCE: &str = r#"{"guard": true, "oauthAccount": {"token": "TOPSECRET"}, "list": [1, 2]}"#;

fn compose(target: &str) -> String {
    format!(
        "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    volumes: ['{target}:/config.json:ro']\n    \
         command: [cat, /config.json]\n"
    )
}

const POLICY: &str = "version: 1\nuser: {default: '10001:10001'}\ncopies:\n  \
    - {from: ../home/config.json, to: .seaworthy/config.json, format: json, drop: [/oauthAccount], mode: '0644'}\n...\n";

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

fn project() -> Project {
    let project = Project::new(&compose("./.seaworthy/config.json"));
    fs::create_dir(project.beside("home")).unwrap();
    fs::write(project.beside("home/config.json"), SOURCE).unwrap();
    project.file("seaworthy.yaml", POLICY);
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_a_script_leaves_an_empty_file_and_plain_compose_starts_with_it() {
    let project = Project::new(&compose("./config.json"));
    project.file("config.json", SOURCE);
    let script = "no-such-filter 'del(.oauthAccount)' config.json 2>/dev/null > config.new; \
                  mv config.new config.json; echo refreshed";
    let output = bare("sh").args(["-c", script]).current_dir(&project.directory).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "refreshed\n");
    project.run(Compose, &UP).ok();
    assert_eq!(fs::read(project.path("config.json")).unwrap(), b"");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_derived_file_is_whole_and_without_what_was_dropped() {
    let project = project();
    let output = project.run(Seaworthy, &UP).ok().says("\"guard\": true");
    assert!(!output.stdout.contains("TOPSECRET"));
    let path = project.path(".seaworthy/config.json");
    assert_eq!(owner_and_mode(&path).2, 0o644);
    assert_eq!(fs::metadata(project.path(".seaworthy")).unwrap().permissions().mode() & 0o777, 0o700);
    // Left as it is where nothing changed, so that whoever has it mounted sees the same file.
    let before = fs::metadata(&path).unwrap().ino();
    project.run(Seaworthy, &UP).ok();
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    fs::write(project.beside("home/config.json"), SOURCE.replace("true", "false")).unwrap();
    project.run(Seaworthy, &UP).ok().says("\"guard\": false");
    let plan = project.seaworthy(&["plan", "--format", "json"]).ok();
    assert!(plan.stdout.contains("\"mode\": \"0644\"") && !plan.stdout.contains("TOPSECRET"), "{plan}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_source_that_is_cut_leaves_the_old_copy_and_launches_nothing() {
    let project = project();
    project.seaworthy(&["prepare"]).ok().says("refreshed 1");
    let path = project.path(".seaworthy/config.json");
    let old = fs::read(&path).unwrap();
    for cut in (0..SOURCE.len()).step_by(7) {
        fs::write(project.beside("home/config.json"), SOURCE.split_at(cut).0).unwrap();
        project.run(Seaworthy, &UP).refuses(73, "copy-failed").says("config.json");
        assert_eq!(fs::read(&path).unwrap(), old, "{cut}");
    }
    fs::remove_file(project.beside("home/config.json")).unwrap();
    project.run(Seaworthy, &UP).refuses(73, "copy-failed").says("no such file");
    assert_eq!(fs::read(&path).unwrap(), old);
    assert_eq!(project.ids(), [""; 0]);
}

/// However the writing fails, the old one stays.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_fault_while_it_is_written_leaves_the_old_copy() {
    for inject in
        ["fsync:error=EIO:when=1", "renameat:error=EIO", "fsync:signal=KILL:when=1", "renameat:signal=KILL"]
    {
        let project = project();
        project.seaworthy(&["prepare"]).ok();
        let path = project.path(".seaworthy/config.json");
        let old = fs::read(&path).unwrap();
        fs::write(project.beside("home/config.json"), SOURCE.replace("true", "false")).unwrap();
        let output = project.traced(inject, &["prepare"]);
        assert_ne!(output.end, super::harness::End::Code(0), "{inject}: {output}");
        assert_eq!(fs::read(&path).unwrap(), old, "{inject}");
        project.seaworthy(&["prepare"]).ok().says("refreshed 1");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_copy_that_the_service_could_not_read_is_refused() {
    let project = project();
    project.file("seaworthy.yaml", &POLICY.replace("0644", "0600"));
    project.run(Seaworthy, &UP).refuses(73, "bind-access").says("mode 0600");
    assert_eq!(project.ids(), [""; 0]);
}

/// A directory of files, each derived; what its source has no more goes with it.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_directory_is_derived_file_by_file() {
    let project = Project::new(&compose("./.seaworthy/conf.d").replace(":/config.json", ":/conf.d").replace(
        "[cat, /config.json]",
        "[sh, -c, 'cd /conf.d && for f in *.json; do echo \"$$f $$(cat $$f)\"; done']",
    ));
    project.file(
        "seaworthy.yaml",
        &POLICY.replace("/config.json,", "/conf.d,").replace(".seaworthy/config.json", ".seaworthy/conf.d"),
    );
    let source = project.beside("home/conf.d");
    fs::create_dir_all(&source).unwrap();
    for name in ["10.json", "20.json"] {
        fs::write(source.join(name), SOURCE).unwrap();
        fs::set_permissions(source.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let output = project.run(Seaworthy, &UP).ok().says("10.json {").says("20.json {");
    assert!(!output.stdout.contains("TOPSECRET"));
    fs::remove_file(source.join("20.json")).unwrap();
    let output = project.run(Seaworthy, &UP).ok().says("10.json {");
    assert!(!output.stdout.contains("20.json"), "{output}");
    // One that is cut leaves all as it was.
    fs::write(source.join("05.json"), SOURCE).unwrap();
    fs::write(source.join("10.json"), SOURCE.split_at(9).0).unwrap();
    project.run(Seaworthy, &UP).refuses(73, "copy-failed").says("10.json is not JSON");
    assert!(!project.path(".seaworthy/conf.d/05.json").exists());
}
