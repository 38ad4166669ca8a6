//! Any text expands or is refused with a place in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy::project::template::{expand, variables};

fuzz_target!(|text: &str| {
    let lookup = |name: &str| match name {
        "A" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        "NESTED" => Some("${A}".to_owned()),
        _ => None,
    };
    match expand(text, &lookup) {
        Ok(expansion) => {
            for used in expansion.used {
                assert!(text.get(used.range).is_some_and(|used| used.starts_with('$')));
            }
        }
        Err(error) => assert!(text.get(error.range).is_some()),
    }
    let _ = variables(text);
});
