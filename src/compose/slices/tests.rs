//! A model is the same however often it was cut on the way, and so is what was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::compose::{self, Phases, Resolve, Selection};
use crate::diagnostic::Sink;
use crate::project::{Environment, Inputs, Project};
use crate::yaml::spread::alone;

const SERVICES: usize = 400;

/// A project large enough to be read in parts and worked on in slices, with `odd` said of some services.
fn project(odd: &[(usize, &str)]) -> String {
    let mut text = String::from(
        "name: many\nx-common: &common\n  restart: unless-stopped\nvolumes:\n  cache:\n    external: {name: c}\nservices:\n",
    );
    for at in 0..SERVICES {
        let said = odd.iter().find(|(service, _)| *service == at).map_or("", |(_, said)| *said);
        let _ = write!(
            text,
            "  s{at}:
    <<: *common
    image: registry.example/a-{at}:${{TAG:-1.2.3}}
    command: [\"serve\", \"--port\", \"8080\"]
    environment: [NAME=s{at}, NAME=again, HOME, \"LEVEL=$LEVEL\"]
    ports: [\"{port}:80\", \"{port}:80\"]
    volumes: [\"./data/{at}:/data\", \"cache:/cache:ro\"]
    secrets: [token]
    healthcheck: {{test: \"curl -f http://localhost\", interval: 1m30s}}
    deploy: {{resources: {{limits: {{cpus: \"0.5\", memory: 256M}}}}}}
    depends_on: [s{before}]
{said}",
            port = 10000 + at,
            before = at.saturating_sub(1),
        );
    }
    text.replace("    depends_on: [s0]\n  s1:", "  s1:").replacen("    depends_on: [s0]\n", "", 1)
        + "secrets:\n  token:\n    environment: TOKEN\nnetworks:\n  default: {}\n"
}

/// Everything that loading leaves behind, with every origin.
fn loaded(text: &str) -> (String, String) {
    let directory = PathBuf::from("/nowhere/project");
    let mut inputs = Inputs::default();
    let mut sink = Sink::new();
    let path = directory.join("compose.yaml");
    let project = Project {
        files: vec![inputs.add("compose.yaml", &path, text)],
        paths: vec![path],
        expect_files: None,
        reader: crate::reader::Reader::default(),
        directory: directory.clone(),
        cwd: directory,
        name: None,
        environment: Environment::new([("HOME".to_owned(), "/home/a".to_owned())]),
        env_files: Vec::new(),
        from_env_files: BTreeMap::new(),
    };
    let selection = Selection::default();
    let model = compose::parse(&project, &inputs, &mut sink)
        .and_then(|layers| {
            compose::load(&project, layers, Phases::default(), &selection, &mut inputs, &mut sink)
        })
        .and_then(|model| model.into_selected(&selection, Resolve::default(), &mut inputs, &mut sink));
    let model =
        model.map(|model| compose::output::render(&model.root, Format::Yaml) + &format!("{:#?}", model.root));
    (model.unwrap_or_default(), format!("{:#?}", sink.findings()))
}

use crate::compose::output::Format;

/// The findings.
fn same(text: &str) -> String {
    assert!(text.len() > 100_000, "{} bytes are read in one piece", text.len());
    let (model, found) = loaded(text);
    let (expected, expected_found) = alone::run(|| loaded(text));
    assert!(model == expected, "another model");
    assert_eq!(found, expected_found);
    assert_eq!(model.is_empty(), found.contains("Error"), "{found}");
    found
}

#[test]
fn a_large_project_is_the_same_as_if_it_had_not_been_cut() {
    let found = same(&project(&[]));
    assert!(found.contains("external.name is deprecated") && found.contains("LEVEL"), "{found}");
}

#[test]
fn what_is_wrong_in_any_slice_is_found_in_the_same_order() {
    for (odd, expected) in [
        (["    imag: x\n", "    portz: []\n"], "portz"),
        (["    mem_limit: {}\n", "    imag: x\n"], "imag"),
        (["    devices: [\"\"]\n", "    ulimits: {a: x}\n"], "ulimits"),
        (["    dns: ${A:?gone}\n", "    dns: ${B:?gone}\n"], "B"),
        (["    scale: -1\n", "    networks: [none]\n"], "none"),
        (["    init: \"maybe\"\n", "    stop_grace_period: soon\n"], "init"),
        (["    x-a: !reset null\n", "    labels: !override [a=b]\n"], ""),
        (["    s: [\n", "    t: \"\n"], ""),
        (["    image: again\n", "    image: again\n"], "already defined"),
    ] {
        let [first, last] = odd;
        let found = same(&project(&[(3, first), (390, last)]));
        assert!(found.contains(expected), "{odd:?}\n{found}");
    }
}
