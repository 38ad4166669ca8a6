//! An overlay that is exchanged all the time: what runs is what was judged.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use seaworthy::project::sha256;

use crate::bed::{Bed, UP, said};

const RUNS: usize = 200;

/// Overlays that are fine each for itself.
fn variants() -> Vec<String> {
    let one = |name: &str, limit: u32| {
        format!(
            "services:\n  \"*\": {{ read_only: true, cap_drop: [ALL], mem_limit: {limit}m, labels: {{ variant: {name} }} }}\n...\n"
        )
    };
    vec![one("first", 64), one("second", 128), one("third", 256)]
}

/// The bodies of rendered files, without the comment that names the inputs.
fn body(rendered: &str) -> String {
    rendered.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// The sha256 by which a rendered file, or a plan, names the overlay.
fn named(rendered: &str) -> &str {
    let line = rendered.lines().find(|line| line.starts_with("# ops/one.yaml sha256:")).unwrap();
    line.rsplit(':').next().unwrap()
}

struct End<'f>(&'f AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_runs_is_what_was_judged_while_an_overlay_is_exchanged() {
    let bed = Bed::new();
    let mut expected = BTreeMap::new();
    for text in variants() {
        bed.write("ops/one.yaml", &text);
        let output = bed.run(UP);
        assert!(output.status.success(), "{}", said(&output));
        let launched = bed.launched().unwrap();
        assert_eq!(named(&launched), sha256(text.as_bytes()));
        expected.insert(sha256(text.as_bytes()), body(&launched));
    }
    let (done, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut seen = BTreeMap::<String, usize>::new();
    let mut refused = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let target = bed.project().join("ops/one.yaml");
            let beside = bed.at("beside");
            while !done.load(Ordering::Relaxed) {
                for (at, text) in variants().iter().enumerate() {
                    if at == 2 {
                        // In place: a reader can meet it empty or half written.
                        fs::write(&target, text).unwrap();
                    } else {
                        fs::write(&beside, text).unwrap();
                        fs::rename(&beside, &target).unwrap();
                    }
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // Also when an assertion fails: the other thread would never end.
        let _end = End(&done);
        for _ in 0..RUNS {
            let output = bed.run(UP);
            match (output.status.success(), bed.launched()) {
                (true, Some(launched)) => {
                    let sum = named(&launched).to_owned();
                    assert_eq!(Some(&body(&launched)), expected.get(&sum), "{launched}");
                    *seen.entry(sum).or_default() += 1;
                }
                (false, None) => {
                    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
                    refused += 1;
                }
                (success, launched) => panic!("{success} {launched:?} {}", said(&output)),
            }
        }
    });
    let swaps = swaps.into_inner();
    println!(
        "{RUNS} runs during {swaps} exchanges: launched by variant {:?}, {refused} refused",
        seen.values().collect::<Vec<_>>()
    );
    assert!(seen.len() >= 2 && swaps > RUNS, "{seen:?} {swaps}");
}

#[test]
fn the_plan_names_what_up_then_runs() {
    let bed = Bed::new();
    let plan = bed.run(&["-f", "compose.yaml", "-f", "more.yaml", "plan", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert!(bed.run(UP).status.success());
    let launched = bed.launched().unwrap();
    let files = plan["files"].as_array().unwrap();
    for name in
        ["compose.yaml", "ops/one.yaml", "ops/two.yaml", "more.yaml", "seaworthy.yaml", ".env", "a.env"]
    {
        let file = files
            .iter()
            .find(|file| file["name"].as_str().is_some_and(|known| known.ends_with(name)))
            .unwrap_or_else(|| panic!("{name} {files:?}"));
        let bytes = fs::read(bed.project().join(name)).unwrap();
        assert_eq!(file["size"], bytes.len());
        assert_eq!(file["sha256"], sha256(&bytes));
        assert!(launched.contains(&format!("{name} sha256:{}\n", sha256(&bytes))), "{launched}");
    }
}
