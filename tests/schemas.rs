//! The schemas in `schemas/` are those that the program prints. With `SEAWORTHY_BLESS=1` they are
//! written anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_schema_of_compose_files_is_in_step_with_the_field_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "compose"]).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/compose.schema.json");
    if std::env::var("SEAWORTHY_BLESS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == printed, "schemas/compose.schema.json is out of step; SEAWORTHY_BLESS=1 writes it anew");
}

#[test]
fn an_unknown_schema_is_a_wrong_use() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "nothing"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}
