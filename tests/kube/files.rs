//! Where the manifests go, and what is said in them.

use std::fs;

use crate::manifests::{documents, find, text};
use crate::project::Project;

const COMPOSE: &str = "name: shop\nservices:\n  web:\n    image: example.org/web:1\n    user: '1000:1000'\n    ports: ['8080:80']\n    environment:\n      TOKEN: abcdefgh12345678\n  db:\n    image: example.org/db:1\n    volumes: ['data:/data']\nvolumes:\n  data:\n";

#[test]
fn each_object_has_a_file_and_they_sort_as_they_are_applied() {
    let project = Project::new(COMPOSE);
    project.run(["kube", "--output", "out"]).output();
    let mut names: Vec<String> = fs::read_dir(project.path("out"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "00-namespace-shop.yaml",
            "30-persistentvolumeclaim-data.yaml",
            "40-networkpolicy-default.yaml",
            "40-networkpolicy-web-published.yaml",
            "50-service-db.yaml",
            "50-service-web-published.yaml",
            "50-service-web.yaml",
            "60-deployment-web.yaml",
            "70-statefulset-db.yaml",
        ]
    );
    let all: String = names.iter().map(|name| project.read(&format!("out/{name}")) + "---\n").collect();
    let sorted = |text: &str| {
        let mut objects: Vec<String> = documents(text).iter().map(ToString::to_string).collect();
        objects.sort();
        objects
    };
    assert_eq!(sorted(&all), sorted(&project.run(["kube"]).output()));
    // Once more is the same; what is not its own is in the way.
    project.run(["kube", "-o", "out"]).output();
    let project = project.file("out/old.yaml", "kind: Pod\n");
    let outcome = project.run(["kube", "-o", "out"]);
    assert_eq!(outcome.status, 73, "{outcome}");
    assert!(outcome.stderr.contains("old.yaml"), "{outcome}");
}

#[test]
fn nothing_is_written_where_something_is_refused_or_it_is_only_tried() {
    let project = Project::new("services: { a: { image: 'x:1', pids_limit: 5 } }\n");
    assert_eq!(project.run(["kube", "-o", "out"]).status, 77);
    assert!(!project.path("out").exists());
    let project = Project::new(COMPOSE);
    project.run(["kube", "-o", "out", "--dry-run"]).output();
    assert!(!project.path("out").exists());
}

#[test]
fn lines_say_where_they_come_from() {
    let printed = Project::new(COMPOSE).run(["kube", "--source"]).output();
    let line =
        |text: &str| printed.lines().find(|line| line.trim_start().starts_with(text)).unwrap().to_owned();
    assert!(line("runAsUser: 1000").ends_with("# compose.yaml:5"), "{printed}");
    assert!(line("image: example.org/db:1").ends_with("# compose.yaml:10"), "{printed}");
    assert!(line("port: 8080").ends_with("# compose.yaml:6"), "{printed}");
    assert!(!line("automountServiceAccountToken").contains('#'), "{printed}");
    let plain = Project::new(COMPOSE).run(["kube"]).output();
    assert_eq!(documents(&printed), documents(&plain));
}

#[test]
fn texts_of_several_lines_stay_whole_beside_comments() {
    let compose = "services:\n  a:\n    image: x:1\n    command: [\"one\\ntwo # three\\n\", \"a: b\", \"- c\", \" d\\n\\te\", \"yes\", \"0400\", \"${NONE-}\"]\n    environment: { A: \"'x'\\n\\\"y\\\"\" }\n";
    let with = Project::new(compose).run(["kube", "--source"]).output();
    let without = Project::new(compose).run(["kube"]).output();
    assert_eq!(documents(&with), documents(&without));
    let objects = documents(&with);
    let args = &find(&objects, "Deployment", "a")["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(*args, serde_json::json!(["one\ntwo # three\n", "a: b", "- c", " d\n\te", "yes", "0400", ""]));
}

#[test]
fn no_credential_is_shown_unless_that_is_asked_for() {
    let compose = COMPOSE.to_owned() + "secrets: { s: { file: ./s } }\n";
    let compose = compose.replace("    environment:", "    secrets: [s]\n    environment:");
    let project = || Project::new(&compose).file("s", "hunter2hunter2");
    let printed = project().run(["kube"]).output();
    for hidden in ["abcdefgh12345678", "hunter2hunter2", "kind: Secret"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    assert!(printed.contains("# - s: s\n# - web-env: TOKEN\n"), "{printed}");
    let shown = project().run(["kube", "--with-secrets"]).output();
    let objects = documents(&shown);
    assert_eq!(text(find(&objects, "Secret", "web-env"), "/stringData/TOKEN"), "abcdefgh12345678");
    assert_eq!(text(find(&objects, "Secret", "s"), "/stringData/s"), "hunter2hunter2");
    assert!(!shown.contains("Secrets that must be there"), "{shown}");
}

#[test]
fn a_bind_becomes_what_the_waiver_says() {
    let compose = "services: { a: { image: 'x:1', volumes: ['./state:/state', './other:/other', './labels:/labels'] } }\n";
    let run = |choice: &str| {
        let waiver = format!("{{ service: a, rule: not-enforceable, allow: [{choice}], reason: r }}");
        let policy = format!("version: 1\nposture: observe\nwaivers: [{waiver}]\n...\n");
        let project =
            Project::new(compose).folder("state").file("labels", "x").file("seaworthy.yaml", policy);
        project.run(["kube"])
    };
    // A claim is a directory, and one of them is a file.
    let outcome = run("\"kubernetes.volumes=claim\"");
    assert_eq!(outcome.status, 77, "{outcome}");
    assert!(outcome.stderr.contains("kubernetes.volumes=hostPath\"]"), "{outcome}");
    // The harness writes places in brackets, which YAML would read as lists.
    let read = |choice: &str| run(choice).output().replace("[DIR]", "/project");
    let printed = read("\"kubernetes.volumes=hostPath\"");
    let objects = documents(&printed);
    let volumes = &find(&objects, "Deployment", "a")["spec"]["template"]["spec"]["volumes"];
    let kinds: Vec<&str> =
        volumes.as_array().unwrap().iter().map(|volume| text(volume, "/hostPath/type")).collect();
    assert_eq!(kinds, ["Directory", "Directory", "File"], "{printed}");
    assert!(printed.contains("enforce: privileged"), "{printed}");
    let both = read("\"kubernetes.volumes=claim\", \"kubernetes.volumes=hostPath\"");
    let objects = documents(&both);
    assert_eq!(
        objects.iter().filter(|object| text(object, "/kind") == "PersistentVolumeClaim").count(),
        2,
        "{both}"
    );
}

#[test]
fn names_that_are_none_or_meet_are_refused() {
    for (compose, said) in [
        ("services: { a_b: { image: 'x:1' } }\n", "\"a_b\" is no name of a Service"),
        ("services: { 1a: { image: 'x:1' } }\n", "\"1a\" is no name of a Service"),
        (
            "services: { a: { image: 'x:1', container_name: bb }, bb: { image: 'x:1' } }\n",
            "would both be the Service bb",
        ),
        (
            "services: { a: { image: 'x:1', volumes: ['D:/d', 'data:/e', 'Data:/f'] } }\nvolumes: { data: , Data: }\n",
            "would both be the PersistentVolumeClaim data",
        ),
    ] {
        let compose = compose.replace("'D:/d', ", "");
        let outcome = Project::new(&compose).run(["kube"]);
        assert_eq!(outcome.status, 77, "{outcome}");
        assert!(outcome.stderr.contains(said), "{said}: {outcome}");
    }
}

#[test]
fn what_is_typed_wrong_is_told() {
    let project = Project::new(COMPOSE);
    for (words, said) in [
        (["kube", "--kubernetes-version", "1.20"], "1.31 to 1.37"),
        (["kube", "--kubernetes-version", "latest"], "1.31 to 1.37"),
        (["kube", "--volume-size", "1g"], "is no size"),
    ] {
        let outcome = project.run(words);
        assert_eq!(outcome.status, 2, "{outcome}");
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
    let outcome = project.run(["kube", "--namespace", "A_b"]);
    assert_eq!(outcome.status, 77, "{outcome}");
}
