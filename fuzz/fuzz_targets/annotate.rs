//! Any stream passes through: nothing of it is lost, it makes no difference how it arrives, and JSON stays JSON.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use seaworthy::operate::annotate::{Attribution, Who, with_buffer};
use serde_json::Value;

/// Knows everybody, or nobody.
struct All(bool);

impl All {
    fn known(&self, uid: Option<u32>) -> Option<Attribution> {
        self.0.then(|| Attribution { service: "agent".into(), container: "pod-agent-1".into(), uid, is_noted: false })
    }
}

impl Who for All {
    fn uid(&mut self, uid: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        self.known(Some(uid % 1000))
    }

    fn pid(&mut self, _: u32, _: Option<u32>, _: Option<i64>) -> Option<Attribution> {
        self.known(None)
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

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let run = |known: bool, size: usize, step: usize| {
        let mut output = Vec::new();
        let counts = with_buffer(Slow(bytes, step), &mut output, &mut All(known), size).unwrap();
        assert_eq!(counts.bytes, bytes.len() as u64);
        (output, counts)
    };
    let whole = run(true, 1 << 16, 1 << 16);
    assert_eq!(whole, run(true, 1 << 16, usize::from(step) + 1));
    for output in [&whole.0, &run(true, 64, 64).0, &run(false, 64, 7).0] {
        let mut rest = output.iter();
        assert!(bytes.iter().all(|byte| rest.any(|other| other == byte)), "something was taken away");
    }
    // Only names in hexadecimal digits are shown where nobody is known.
    if !bytes.windows(5).any(|some| some == b"type=" || some == b"node=") {
        assert_eq!(run(false, 1 << 16, 1 << 16).0, bytes);
    }
    // Each line by itself: entries of the journal have lines that are none.
    if memmem(bytes, b"__CURSOR=") || bytes.len() >= 1 << 16 {
        return;
    }
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (before, after) = (lines(bytes), lines(&whole.0));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after).filter(|(before, _)| before.first() == Some(&b'{')) {
        if serde_json::from_slice::<Value>(before).is_ok() {
            assert!(serde_json::from_slice::<Value>(after).is_ok(), "{after:?}");
        }
    }
});

fn memmem(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|some| some == wanted)
}
