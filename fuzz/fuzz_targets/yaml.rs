//! Any text is a tree or a list of findings whose places lie in it; a tree that is written reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seaworthy::source::FileId;
use seaworthy::yaml::{Limits, parse, to_json, to_yaml, to_yaml_lossless};

const FILE: FileId = FileId(0);

fuzz_target!(|text: &str| {
    match parse(FILE, text, Limits::default()) {
        Ok(documents) => {
            for document in documents {
                let written = to_yaml_lossless(&document.root);
                let read = parse(FILE, &written, Limits::default()).expect("what is written can be read");
                let [again] = read.as_slice() else { panic!("{written}") };
                assert!(again.root.same(&document.root), "{written}");
                let _ = (to_yaml(&document.root), to_json(&document.root));
            }
        }
        Err(findings) => {
            assert!(!findings.is_empty());
            for label in findings.iter().flat_map(|finding| &finding.labels) {
                assert!(text.get(label.span.range()).is_some(), "{label:?}");
            }
        }
    }
});
