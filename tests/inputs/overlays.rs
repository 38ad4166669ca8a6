//! `overlays` and `check`.

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use seaworthy::project::sha256;

use crate::bed::{Bed, ONE, TWO, policy, said};

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn built_in_overlays_are_listed_and_shown() {
    let bed = Bed::new();
    let list = printed(&bed.run(&["overlays"]));
    for name in ["hardening", "no-egress", "limits", "read-only"] {
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
        let text = printed(&bed.run(&["overlays", "show", name]));
        assert_eq!(text, fs::read_to_string(format!("overlays/{name}.yaml")).unwrap());
    }
    let unknown = bed.run(&["overlays", "show", "hardning"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("`hardening`"), "{}", said(&unknown));
}

#[test]
fn pin_changes_the_pins_and_nothing_else() {
    let bed = Bed::new();
    let (one, two) = (sha256(ONE.as_bytes()), sha256(TWO.as_bytes()));
    let stale = "ab".repeat(32);
    for (before, after) in [
        (policy(&stale), format!("  - file: ops/one.yaml\n    sha256: {one}\n  - file: ops/two.yaml\n    sha256: {two}\n")),
        (
            format!("version: 1\noverlays: # ours\n- {{ file: ops/one.yaml }} # closed\n- sha256: \"{stale}\"\n  file: 'ops/two.yaml'\n...\n"),
            format!("overlays: # ours\n- {{ file: ops/one.yaml, sha256: {one} }} # closed\n- sha256: {two}\n  file: 'ops/two.yaml'"),
        ),
        (
            "version: 1\noverlays:\n  - builtin: hardening\n  - file: ops/two.yaml # the limits\nposture: observe\n...\n".to_owned(),
            format!("  - builtin: hardening\n  - file: ops/two.yaml # the limits\n    sha256: {two}\nposture: observe\n"),
        ),
    ] {
        bed.write("seaworthy.yaml", &before);
        let shown = printed(&bed.run(&["overlays", "pin", "--dry-run"]));
        assert_eq!(bed.read("seaworthy.yaml"), before);
        assert_eq!(printed(&bed.run(&["overlays", "pin"])), shown);
        assert!(shown.contains("+++ seaworthy.yaml") && shown.contains(&two), "{shown}");
        assert!(bed.read("seaworthy.yaml").contains(&after), "{}", bed.read("seaworthy.yaml"));
        assert_eq!(printed(&bed.run(&["overlays", "pin"])), "every pin is right already\n");
    }
    assert!(bed.run(&["-f", "compose.yaml", "up"]).status.success());
    assert!(bed.launched().is_some());
}

#[test]
fn pin_takes_the_files_named_and_no_others() {
    let bed = Bed::new();
    bed.write("seaworthy.yaml", &policy(&"ab".repeat(32)));
    printed(&bed.run(&["overlays", "pin", "ops/two.yaml"]));
    assert_eq!(bed.read("seaworthy.yaml"), policy(&sha256(TWO.as_bytes())));
    let other = bed.run(&["overlays", "pin", "more.yaml"]);
    assert_eq!(other.status.code(), Some(78), "{}", said(&other));
    for text in ["", "# nothing\n", "[]\n", "services: {"] {
        bed.write("ops/two.yaml", text);
        let output = bed.run(&["overlays", "pin", "ops/two.yaml"]);
        assert_eq!(output.status.code(), Some(78), "{text:?} {}", said(&output));
    }
    assert_eq!(bed.read("seaworthy.yaml"), policy(&sha256(TWO.as_bytes())));
}

#[test]
fn pin_keeps_the_mode_and_follows_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let bed = Bed::new();
    bed.write("seaworthy.yaml", &policy(&"ab".repeat(32)));
    let (link, real) = (bed.project().join("seaworthy.yaml"), bed.at("real.yaml"));
    fs::rename(&link, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &link).unwrap();
    printed(&bed.run(&["overlays", "pin", "ops/two.yaml"]));
    assert!(link.is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(fs::read_to_string(real).unwrap(), policy(&sha256(TWO.as_bytes())));
}

fn filter(bed: &Bed, words: &[&str], input: &str) -> Output {
    let mut child = bed
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn seal_vouches_for_nothing_that_is_not_proven() {
    let bed = Bed::new();
    // What a dying generator leaves behind: any beginning of the text.
    for at in 0..ONE.len() {
        let output = filter(&bed, &["overlays", "seal"], &ONE[..at]);
        let whole = ONE[..at].trim_end() == ONE.trim_end();
        assert_eq!(output.status.success(), whole, "{:?} {}", &ONE[..at], said(&output));
        assert!(whole || output.stdout.is_empty());
    }
    for (words, input) in [
        (&["overlays", "seal", "--lines", "3"][..], TWO),
        (&["overlays", "seal", "--lines", "2"], TWO.trim_end()),
        (&["overlays", "seal", "--lines", "4"], "a: 1\n...\n---\nb: 1\n"),
        (&["overlays", "seal", "--cmd", "/bin/cat ops/two.yaml; exit 1"], ""),
        (&["overlays", "seal", "--cmd", "/bin/cat ops/two.yaml; kill -9 $$"], ""),
        (&["overlays", "seal", "--cmd", "true"], ""),
        (&["overlays", "seal", "--cmd", "echo '# only a comment'"], ""),
        (&["overlays", "seal", "--list"], "compose.yaml\n"),
        (&["overlays", "seal", "ops/two.yaml"], ""),
    ] {
        let output = filter(&bed, words, input);
        assert_eq!(output.status.code(), Some(78), "{words:?} {}", said(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    assert_eq!(bed.read("ops/two.yaml"), TWO);
}

#[test]
fn seal_closes_what_is_proven() {
    let bed = Bed::new();
    let closed = format!("{TWO}...\n");
    assert_eq!(printed(&filter(&bed, &["overlays", "seal"], &closed)), closed);
    assert_eq!(printed(&filter(&bed, &["overlays", "seal", "--lines", "2"], TWO)), closed);
    assert_eq!(printed(&bed.run(&["overlays", "seal", "--cmd", "/bin/cat ops/two.yaml"])), closed);
    printed(&bed.run(&["overlays", "seal", "--cmd", "/bin/cat ops/two.yaml", "-o", "new.yaml"]));
    assert_eq!(bed.read("new.yaml"), closed);
    let failed = bed.run(&["overlays", "seal", "--cmd", "echo 'a: 1'; exit 1", "-o", "new.yaml"]);
    assert!(!failed.status.success());
    assert_eq!(bed.read("new.yaml"), closed);
    printed(&bed.run(&["overlays", "seal", "--lines", "2", "ops/two.yaml"]));
    assert_eq!(bed.read("ops/two.yaml"), closed);
    let list = bed.run(&["overlays", "seal", "--list", "--cmd", "echo compose.yaml; echo more.yaml"]);
    assert_eq!(printed(&list), "compose.yaml\nmore.yaml\n# seaworthy: 2 files\n");
}

#[test]
fn check_says_what_up_would_refuse_in_every_format() {
    let bed = Bed::new();
    let words = |format| ["-f", "compose.yaml", "-f", "more.yaml", "check", "--format", format];
    let fine = bed.run(&words("human"));
    let line = said(&fine);
    assert!(fine.status.success() && line.contains("2 services, posture "), "{line}");
    assert!(line.ends_with(": ok\n") && line.lines().count() == 1, "{line}");
    bed.write("more.yaml", "services:\n  b:\n    read_only: false\n");
    let status = |format| {
        let output = bed.run(&words(format));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        (String::from_utf8(output.stdout.clone()).unwrap(), said(&output))
    };
    assert!(status("human").1.contains("assertion-undone"));
    let json: serde_json::Value = serde_json::from_str(&status("json").0).unwrap();
    let finding = &json["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&"assertion-undone".into(), &"error".into()));
    let place = &finding["places"][0];
    assert_eq!(
        (&place["file"], &place["line"], &place["column"]),
        (&"more.yaml".into(), &3.into(), &16.into())
    );
    let sarif: serde_json::Value = serde_json::from_str(&status("sarif").0).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&sarif["version"], &result["ruleId"]), (&"2.1.0".into(), &"assertion-undone".into()));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["endColumn"]), (&3.into(), &21.into()));
    assert_eq!(result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "ops/one.yaml");
    let github = status("github").0;
    assert!(github.starts_with("::error title=assertion-undone,file=more.yaml,line=3,col=16,"), "{github}");
    assert_eq!(github.lines().count(), 1);
    let rules = printed(&bed.run(&["check", "--rules"]));
    assert!(rules.lines().any(|line| line.starts_with("privileged ")), "{rules}");
}
