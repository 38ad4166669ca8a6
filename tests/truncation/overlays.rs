//! Every byte of every overlay as the last one.

use std::fs;
use std::path::Path;

use seaworthy::policy::builtin::BUILTINS;
use seaworthy::project::sha256;
use seaworthy::yaml::Node;

use crate::launch::{examples, launch};

#[derive(Default)]
struct Count {
    cuts: usize,
    refused: usize,
    equal: usize,
}

/// Cuts a file at every byte, also within a character.
fn cut(what: &str, directory: &Path, name: &str, files: &[String]) -> Count {
    let path = directory.join(name);
    let whole = fs::read(&path).unwrap();
    let model = launch(directory, files).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut count = Count::default();
    for at in 0..whole.len() {
        fs::write(&path, &whole[..at]).unwrap();
        count.cuts += 1;
        match launch(directory, files) {
            Err(_) => count.refused += 1,
            Ok(cut) if cut.same(&model) => count.equal += 1,
            Ok(cut) => {
                panic!("{what} cut at byte {at} is taken with another model:\n{}", difference(&model, &cut))
            }
        }
    }
    fs::write(&path, &whole).unwrap();
    println!("{what}: {} cuts, {} refused, {} equal", count.cuts, count.refused, count.equal);
    count
}

fn difference(whole: &Node, cut: &Node) -> String {
    let place = seaworthy::render::first_difference(whole, cut, "");
    place.unwrap_or_else(|| "no difference".to_owned())
}

fn sum(counts: &[Count]) {
    let total = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
    println!(
        "{} cuts in all: {} refused, {} equal to the whole, none weaker",
        total(|count| count.cuts),
        total(|count| count.refused),
        total(|count| count.equal)
    );
}

#[test]
fn every_cut_of_an_overlay_of_the_examples() {
    let mut counts = Vec::new();
    for example in examples() {
        for overlay in example.overlays() {
            counts.push(cut(&format!("{} {overlay}", example.name), example.path(), &overlay, &[]));
            // The same under a pin, without its end marker.
            let path = example.path().join(&overlay);
            let text = fs::read_to_string(&path).unwrap();
            let open = text.strip_suffix("...\n").unwrap_or(&text).to_owned();
            fs::write(&path, &open).unwrap();
            let policy = example.path().join("seaworthy.yaml");
            let before = fs::read_to_string(&policy).unwrap();
            let item = format!("- file: {overlay}\n");
            assert!(before.contains(&item), "{before}");
            let pinned = format!("- {{ file: {overlay}, sha256: \"{}\" }}\n", sha256(open.as_bytes()));
            fs::write(&policy, before.replace(&item, &pinned)).unwrap();
            counts.push(cut(&format!("{} {overlay}, pinned", example.name), example.path(), &overlay, &[]));
            fs::write(&path, &text).unwrap();
            fs::write(&policy, before).unwrap();
        }
    }
    sum(&counts);
}

const BASE: &str = "services:\n  a: { image: \"x:1\" }\n  b: { image: \"y:1\", profiles: [p] }\nnetworks: { default: , other: }\n";

#[test]
fn every_cut_of_a_built_in_overlay_used_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("compose.yaml"), BASE).unwrap();
    fs::write(folder.path().join("seaworthy.yaml"), "version: 1\noverlays: [{ file: own.yaml }]\n...\n")
        .unwrap();
    let mut counts = Vec::new();
    for builtin in BUILTINS {
        fs::write(folder.path().join("own.yaml"), builtin.text).unwrap();
        counts.push(cut(&format!("builtin:{}", builtin.name), folder.path(), "own.yaml", &[]));
    }
    sum(&counts);
}

/// What makes a cut hard to see: markers inside values, several documents, carriage returns, JSON.
const HARD: &[&str] = &[
    "services:\n  \"*\":\n    read_only: true\n    labels:\n      text: |\n        ...\n        --- \n    cap_drop: [ALL]\n...\n",
    "services: { \"*\": { read_only: true } }\n---\nservices: { \"*\": { cap_drop: [ALL] } }\n...\n",
    "services:\r\n  \"*\":\r\n    read_only: true\r\n    pids_limit: 100\r\n...\r\n",
    "{\"services\": {\"*\": {\"read_only\": true, \"hostname\": \"é\"}}}\n...\n",
    "services:\n  \"*\":\n    command: [\"...\", \"é\"]\n    mem_limit: 512m\n\n\n...\n\n",
    "x-common: &common { read_only: true }\nservices:\n  \"*\":\n    <<: *common\n    pids_limit: 1000\n...",
];

#[test]
fn every_cut_of_an_overlay_that_is_hard_to_judge() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("compose.yaml"), BASE).unwrap();
    let mut counts = Vec::new();
    for (number, text) in HARD.iter().enumerate() {
        for pin in [String::new(), format!(", sha256: \"{}\"", sha256(text.as_bytes()))] {
            let policy = format!("version: 1\noverlays: [{{ file: own.yaml{pin} }}]\n...\n");
            fs::write(folder.path().join("seaworthy.yaml"), policy).unwrap();
            fs::write(folder.path().join("own.yaml"), text).unwrap();
            let pinned = if pin.is_empty() { "" } else { ", pinned" };
            counts.push(cut(&format!("overlay {number}{pinned}"), folder.path(), "own.yaml", &[]));
        }
    }
    sum(&counts);
}
