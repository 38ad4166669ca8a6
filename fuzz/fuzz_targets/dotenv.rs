//! Any text is a list of variables, each with its place, or refused with a place in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy::project::dotenv::parse;

fuzz_target!(|text: &str| {
    match parse(text, &|name| (name == "A").then(|| "value".to_owned())) {
        Ok(parsed) => {
            assert_eq!(parsed.values.len(), parsed.places.len());
            assert!(parsed.places.values().all(|place| text.get(place.clone()).is_some()));
        }
        Err(error) => assert!(text.get(error.range).is_some()),
    }
});
