//! What Compose would refuse too: unknown keys, wrong types, wrong values, missing references.

use crate::project::Project;
use crate::snapshot::snapshot;

fn refused(text: &str) -> String {
    Project::new(text).run(["config"]).refused().to_string()
}

#[test]
fn an_unknown_key_gets_the_nearest_one() {
    snapshot!(refused("services:\n  a:\n    image: x\n    enviroment: {A: 1}\n"));
}

#[test]
fn an_unknown_top_level_key_is_underlined() {
    snapshot!(refused("service:\n  a: {image: x}\n"));
}

#[test]
fn a_wrong_type_says_what_was_found_and_expected() {
    snapshot!(refused("services:\n  a:\n    image: [x]\n    privileged: 1\n"));
}

#[test]
fn a_document_must_be_a_mapping() {
    snapshot!(refused("- services\n"));
}

#[test]
fn a_wrong_value_is_underlined() {
    snapshot!(refused("services:\n  a:\n    image: x\n    mem_limit: 12q\n"));
}

#[test]
fn a_port_that_cannot_be_read_is_underlined() {
    snapshot!(refused("services:\n  a:\n    image: x\n    ports: ['80:eighty']\n"));
}

#[test]
fn a_service_without_image_or_build_is_refused() {
    snapshot!(refused("services:\n  a:\n    user: me\n"));
}

#[test]
fn a_dependency_must_be_defined() {
    snapshot!(refused("services:\n  web: {image: x, depends_on: [dbs]}\n  db: {image: y}\n"));
}

#[test]
fn a_cycle_of_dependencies_is_drawn() {
    snapshot!(refused(
        "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, depends_on: [a]}\n"
    ));
}

#[test]
fn settings_that_exclude_one_another_are_refused() {
    snapshot!(refused(
        "services:\n  a:\n    image: x\n    network_mode: host\n    networks: [n]\nnetworks: {n: }\n"
    ));
}

#[test]
fn a_container_name_used_twice_is_refused() {
    snapshot!(refused(
        "services:\n  a: {image: x, container_name: same}\n  b: {image: x, container_name: same}\n"
    ));
}

#[test]
fn a_service_that_is_not_there_gets_the_nearest_one() {
    snapshot!(Project::new("services: {web: {image: x}}\n").run(["config", "wep"]).refused());
}

#[test]
fn an_obsolete_form_is_a_warning() {
    let outcome = Project::new("version: '3.8'\nservices: {a: {image: x}}\n").run(["config", "--services"]);
    assert_eq!(outcome.status, 0);
    snapshot!(outcome);
}

#[test]
fn a_wrong_flag_is_a_wrong_use() {
    let outcome = Project::empty().run(["config", "--formt", "json"]);
    assert_eq!(outcome.status, 2);
    snapshot!(outcome);
}

/// Each of these services has a fault of another phase, or follows from one; only `c` depends on others.
#[test]
fn everything_wrong_is_told_in_one_go() {
    snapshot!(refused(
        r#"services:
  a:
    image: "app:${TAG"
    imagee: x
  b:
    image: x
    restrat: always
  c:
    image: x
    networks: [bakc, broken]
    depends_on: [a, f, nope]
  d: {extends: gone}
  e:
    extends: {service: a}
    labels: {x: y}
  f: {image: x, ports: ["99999:80"]}
  g: {image: x, stop_grace_period: 5x}
  h:
    image: "${MUST:?please}"
    secrets: [unknown]
  i: {image: x, privileged: maybe}
  j: {image: x, ports: [{target: 80, host_ip: nowhere}]}
networks:
  back: {}
  broken: {driver: "${X", drive: 1}
"#
    ));
}

/// What a file that is not there would define is not missed.
#[test]
fn what_an_include_lacks_hides_nothing_else() {
    snapshot!(
        Project::new(
            "include: [gone.yaml, broken.yaml]\nservices:\n  a: {image: x, depends_on: [theirs], restrat: always}\n  b: {depends_on: [there]}\n"
        )
        .file("broken.yaml", "services:\n  there: {image: x, imagee: y}\n  here: {image: x, networks: [n]}\n")
        .run(["config"])
        .refused()
    );
}

#[test]
fn forms_that_cannot_be_merged_hide_nothing_else() {
    snapshot!(
        Project::new("services:\n  a: {image: x, ports: ['80']}\n  b: {image: x, networks: [gone]}\n")
            .file("more.yaml", "services:\n  a: {ports: none}\n  c: {image: x, restrat: always}\n")
            .run(["-f", "compose.yaml", "-f", "more.yaml", "config"])
            .refused()
    );
}

/// Advice repeats what was written, but no credential.
/// A message that quotes a part of a value would show a part of a secret.
#[test]
fn a_value_that_cannot_be_read_shows_no_part_of_a_credential() {
    for key in ["mem_limit", "shm_size", "stop_grace_period", "cpus", "privileged"] {
        let compose = format!("services: {{a: {{image: x, {key}: \"${{DB_PASSWORD}}\"}}}}\n");
        for secret in ["hun\"ter2\\long", "hunter2XYZ 7longer", "7hunter2XYZ"] {
            let project = Project::new(&compose).file(".env", format!("DB_PASSWORD='{secret}'\n"));
            let said = project.run(["config"]).refused().stderr;
            assert!(!said.contains("ter2"), "{key} {secret}: {said}");
        }
    }
}

#[test]
fn advice_for_a_wrong_type_shows_no_credential() {
    for compose in [
        "services: {a: {image: x, environment: [{DB_PASSWORD: hunter2XYZ}]}}\n",
        "services: {a: {image: x, environment: {DB_PASSWORD: [hunter2XYZ]}}}\n",
        "services: {a: {image: x, environment: [{A: \"${GIVEN}\"}]}}\n",
        "services: {a: {image: x, environment: \"DB_PASSWORD=hunter2XYZ\"}}\n",
    ] {
        let said = Project::new(compose).file(".env", "GIVEN=hunter2XYZ\n").run(["config"]).refused().stderr;
        assert!(!said.contains("hunter2XYZ"), "{compose}{said}");
    }
    let said =
        Project::new("services: {a: {image: x, environment: [{A: b}]}}\n").run(["config"]).refused().stderr;
    assert!(said.contains("Write `A=b`, or leave out the dashes: `A: b`."), "{said}");
}

/// A bad port hides no size and no time of the same service, nor what is wrong in another one.
#[test]
fn every_value_of_a_service_is_told_at_once() {
    snapshot!(refused(
        "services:\n  a:\n    image: x\n    command: 42\n    ports: ['80800:80', '80:eighty']\n    read_only: 'yes please'\n    \
         mem_limit: lots\n    cpus: many\n    healthcheck: {test: x, interval: soon}\n  b:\n    image: x\n    \
         stop_grace_period: later\n"
    ));
}

/// Where a policy is in force, the last line says what nobody looked at yet.
#[test]
fn what_is_not_judged_yet_is_said() {
    let text = "services: {a: {image: 'x:1', mem_limit: lots, privileged: true}}\n";
    let project = Project::new(text).file("seaworthy.yaml", "version: 1\nposture: baseline\n...\n");
    for command in ["check", "plan"] {
        let refused = project.run([command]);
        assert!(refused.stderr.contains("rules and bind sources were not looked at yet"), "{refused}");
        assert!(!refused.stderr.contains("is privileged"), "{refused}");
    }
    let mended = project.file("compose.yaml", text.replace("lots", "1g"));
    let refused = mended.run(["check"]);
    assert!(
        refused.stderr.contains("is privileged") && !refused.stderr.contains("not looked at"),
        "{refused}"
    );
    assert!(!Project::new(text).run(["plan"]).stderr.contains("not looked at"));
}
