//! `up` killed at any moment: what it writes is whole, and the next `up` works.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::bed::{Bed, UP, said};

const TIMES: u32 = 200;

#[test]
fn a_killed_up_leaves_whole_files_and_the_next_one_works() {
    let bed = Bed::new();
    let start = Instant::now();
    let first = bed.run(UP);
    // How long a run takes depends on what else runs: the moments follow it.
    let mut span = start.elapsed();
    assert!(first.status.success(), "{}", said(&first));
    let full = bed.launched().unwrap();
    let (mut killed, mut rendered, mut round) = (0, 0, 0);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    while killed < TIMES {
        round += 1;
        assert!(round < 10 * TIMES, "only {killed} of {round} runs were killed before their end");
        // Every second one finds a project that was never launched.
        if round % 2 == 0 {
            bed.clear();
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = span.mul_f64(f64::from(u32::try_from(random >> 40).unwrap()) / f64::from(1 << 24));
        let mut child =
            bed.command(UP).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment);
        let _ = child.kill();
        let was_killed = !child.wait().unwrap().success();
        killed += u32::from(was_killed);
        span = span.mul_f64(if was_killed { 1.02 } else { 0.96 });
        if let Ok(text) = fs::read_to_string(bed.rendered()) {
            assert_eq!(text, full, "half a rendered file after {moment:?}");
            rendered += 1;
        }
        if round % 10 == 0 {
            wait_for_the_stub();
            bed.launched();
            let next = bed.run(UP);
            assert!(next.status.success(), "after {moment:?}: {}", said(&next));
            assert_eq!(bed.launched().as_deref(), Some(full.as_str()));
            assert!(bed.strays().is_empty(), "{:?}", bed.strays());
        }
    }
    println!("{round} runs, {killed} killed before their end, {rendered} left a rendered file, all whole");
}

/// A `docker` that a killed run had started may still be copying.
fn wait_for_the_stub() {
    std::thread::sleep(Duration::from_millis(30));
}
