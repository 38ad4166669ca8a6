//! Any stream passes through: each line comes out in its place with nothing but additions, it makes no difference how
//! it arrives, and JSON stays JSON. The first byte says how many bytes arrive at a time.
#![no_main]

#[path = "annotate/mutate.rs"]
mod mutate;

use std::io::Read;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::operate::annotate::{Attribution, Who, with_buffer};
use serde_json::Value;

/// Knows everybody, or nobody.
struct All(bool);

impl All {
    fn known(&self, number: u32, uid: Option<u32>) -> Option<Attribution> {
        let is_noted = number % 3 == 0;
        self.0.then(|| Attribution {
            service: "agent".into(),
            container: "pod-agent-1".into(),
            uid,
            is_noted,
        })
    }
}

impl Who for All {
    fn uid(&mut self, uid: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        self.known(uid, Some(uid % 1000))
    }

    fn pid(&mut self, pid: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        self.known(pid, None)
    }
}

/// Gives a few bytes at a time.
struct Slow<'s>(&'s [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        let (some, rest) = self.0.split_at(count);
        into[..count].copy_from_slice(some);
        self.0 = rest;
        Ok(count)
    }
}

/// Larger than any input here, so that no line is too long.
const LARGE: usize = 1 << 16;

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutate::mutate(data, size, most, seed)
});

fuzz_target!(|input: &[u8]| {
    let Some((step, bytes)) = input.split_first() else { return };
    if bytes.len() >= LARGE {
        return;
    }
    let run = |known: bool, size: usize, step: usize| {
        let mut output = Vec::new();
        let counts = with_buffer(Slow(bytes, step), &mut output, &mut All(known), size).unwrap();
        assert_eq!(counts.bytes, bytes.len() as u64);
        (output, counts)
    };
    let whole = run(true, LARGE, LARGE);
    assert_eq!(whole, run(true, LARGE, usize::from(*step) + 1));
    for output in [&whole.0, &run(true, 64, 64).0, &run(true, 200, 200).0, &run(false, 64, 7).0] {
        in_its_place(bytes, output);
    }
    // Annotations are bounded: a line gets at most sixteen numbers and four names, each name escaped to twice its length.
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(whole.0.len() <= bytes.len() * 3 + lines * 16 * 200, "{} of {}", whole.0.len(), bytes.len());
    // Only names in hexadecimal digits are shown where nobody is known.
    if !holds(bytes, b"type=") && !holds(bytes, b"node=") {
        assert_eq!(run(false, LARGE, LARGE).0, bytes);
    }
});

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|some| some == wanted)
}

/// Each line of the input is one of the output, in order, and what else there is was added.
fn in_its_place(input: &[u8], output: &[u8]) {
    let mut before = input.split(|byte| *byte == b'\n').peekable();
    for line in output.split(|byte| *byte == b'\n') {
        if before.next_if(|before| is_of(before, line)).is_none() {
            assert!(line.starts_with(b"SEAWORTHY_"), "{:?}", String::from_utf8_lossy(line));
        }
    }
    assert_eq!(before.next(), None, "a line is missing");
}

/// Whether a line is another one with something added.
fn is_of(before: &[u8], after: &[u8]) -> bool {
    if before == after {
        return true;
    }
    if before.first() == Some(&b'{') {
        let mut rest = after.iter();
        let is_there = before.iter().all(|byte| rest.any(|other| other == byte));
        let is_json = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok();
        return is_there && (!is_json(before) || is_json(after));
    }
    let (before, after) = match (before.strip_suffix(b"\r"), after.strip_suffix(b"\r")) {
        (Some(before), Some(after)) => (before, after),
        _ => (before, after),
    };
    let added = after.strip_prefix(before).unwrap_or_default();
    added.first() == Some(&b' ')
        && [&b"_service="[..], b"_container_uid=", b"_text=\""].iter().any(|name| holds(added, name))
}
