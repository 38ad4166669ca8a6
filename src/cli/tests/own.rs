//! Seaworthy's own commands and flags.

use std::path::{Path, PathBuf};

use super::{Command, read, refusal};
use crate::cli::spec::{Class, Words};
use crate::cli::table::COMMANDS;
use crate::cli::{
    CheckFormat, CheckOptions, ConfigOptions, EngineChoice, ExplainOptions, IdsOptions, Overlays, PlanFormat,
    PlanOptions, SealOptions, completions, manual,
};
use crate::reader::Reader;

fn command(line: &str) -> Command {
    read(&line.split(' ').collect::<Vec<_>>()).unwrap_or_else(|message| panic!("{line}: {message}")).command
}

#[test]
fn every_own_command_of_the_table_is_understood() {
    for spec in COMMANDS.iter().filter(|spec| spec.class == Class::Own) {
        let least = match spec.words {
            Words::Between(least, ..) => least,
            _ => 0,
        };
        command(&[spec.name].into_iter().chain(vec!["bash"; least]).collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn plan_has_a_format_and_services() {
    assert_eq!(command("plan"), Command::Plan(PlanOptions::default()));
    let services = vec!["web".to_owned(), "db".to_owned()];
    assert_eq!(
        command("plan web --format=json db"),
        Command::Plan(PlanOptions { format: PlanFormat::Json, services })
    );
    assert!(refusal("plan --format xml").starts_with(r#"invalid argument "xml" for "--format" flag"#));
}

#[test]
fn a_value_that_need_not_be_given_is_never_the_next_word() {
    let ids = |assume_userns, services: &[&str]| {
        let services = services.iter().map(|&name| name.to_owned()).collect();
        Command::Ids(IdsOptions { json: false, assume_userns, services })
    };
    assert_eq!(command("ids web"), ids(None, &["web"]));
    assert_eq!(command("ids --assume-userns web"), ids(Some(None), &["web"]));
    assert_eq!(command("ids --assume-userns=231072 web"), ids(Some(Some(231_072)), &["web"]));
    assert_eq!(command("ids --assume-userns 231072"), ids(Some(None), &["231072"]));
    for wrong in ["0", "x", "4294967295", "-1"] {
        let said = refusal(&format!("ids --assume-userns={wrong}"));
        assert!(said.contains("is no first id on the host"), "{said}");
    }
}

#[test]
fn explain_takes_paths_and_a_format() {
    let paths = vec!["services.*.user".to_owned(), "8080".to_owned()];
    assert_eq!(
        command("explain services.*.user --format json 8080"),
        Command::Explain(ExplainOptions { json: true, paths })
    );
    assert!(refusal("explain").contains("requires at least 1 arg"), "{}", refusal("explain"));
}

#[test]
fn check_has_a_format_and_may_list_the_rules() {
    assert_eq!(command("check"), Command::Check(CheckOptions::default()));
    assert_eq!(
        command("check --format sarif --locked"),
        Command::Check(CheckOptions {
            format: CheckFormat::Sarif,
            locked: true,
            no_host: false,
            rules: false
        })
    );
    assert_eq!(
        command("check --rules"),
        Command::Check(CheckOptions { rules: true, ..CheckOptions::default() })
    );
    assert_eq!(refusal("check web"), "unexpected argument: web");
}

#[test]
fn config_takes_all_of_composes_flags_and_one_more() {
    let line = "config --annotate --format json -o out --no-interpolate --services -q web";
    let expected = ConfigOptions {
        annotate: true,
        format: Some("json".to_owned()),
        output: Some(PathBuf::from("out")),
        no_interpolate: true,
        services: true,
        quiet: true,
        selection: vec!["web".to_owned()],
        ..ConfigOptions::default()
    };
    assert_eq!(command(line), Command::Config(expected));
    assert_eq!(command("config --hash= --output="), Command::Config(ConfigOptions::default()));
}

#[test]
fn overlays_are_listed_shown_pinned_and_sealed() {
    assert_eq!(command("overlays"), Command::Overlays(Overlays::List));
    assert_eq!(command("overlays list"), Command::Overlays(Overlays::List));
    assert_eq!(command("overlays show hardening"), Command::Overlays(Overlays::Show("hardening".to_owned())));
    assert_eq!(command("overlays pin"), Command::Overlays(Overlays::Pin(Vec::new())));
    assert_eq!(
        command("overlays seal a.yaml"),
        Command::Overlays(Overlays::Seal(SealOptions {
            files: vec![PathBuf::from("a.yaml")],
            ..SealOptions::default()
        }))
    );
    assert_eq!(
        command("overlays seal --cmd=gen --lines 3 -o b.yaml"),
        Command::Overlays(Overlays::Seal(SealOptions {
            files: Vec::new(),
            cmd: Some("gen".to_owned()),
            lines: Some(3),
            output: Some(PathBuf::from("b.yaml")),
            list: false,
        }))
    );
    assert_eq!(refusal("overlays shw"), r#"unknown command: "overlays shw""#);
}

#[test]
fn the_other_commands_take_what_they_need() {
    assert_eq!(command("prepare db"), Command::Prepare(vec!["db".to_owned()]));
    assert_eq!(command("schema policy"), Command::Schema("policy".to_owned()));
    assert_eq!(command("man alpha viz"), Command::Man(vec!["alpha".to_owned(), "viz".to_owned()]));
    assert_eq!(refusal("man nope"), r#"unknown command: "nope""#);
    assert!(refusal("completions ksh").starts_with(r#"no completions for "ksh""#));
}

#[test]
fn own_global_flags_are_read() {
    let line = [
        "--policy",
        "p.yaml",
        "--files-from",
        "-",
        "--expect-files",
        "3",
        "--engine",
        "podman",
        "--compose-version",
        "5.4",
        "--no-launch",
        "--show-values",
        "up",
    ];
    let global = read(&line).unwrap().global;
    assert_eq!(global.policy.as_deref(), Some(Path::new("p.yaml")));
    assert_eq!(global.files_from.as_deref(), Some("-"));
    assert_eq!(global.expect_files, Some(3));
    assert_eq!(global.engine, EngineChoice::Podman);
    assert_eq!(global.reader, Some(Reader::new(5, 4, 0)));
    assert!(global.no_launch && global.show_values);
    assert_eq!(read(&["--files-cmd", "gen all", "up"]).unwrap().global.files_cmd.as_deref(), Some("gen all"));
    assert_eq!(read(&["up"]).unwrap().global.engine, EngineChoice::Auto);
}

#[test]
fn an_empty_value_never_means_going_on_without_the_policy_or_the_list() {
    for flag in ["--policy", "--files-from", "--files-cmd"] {
        let message = read(&[flag, "", "up"]).unwrap_err();
        assert!(message.starts_with(flag) && message.ends_with("has an empty value"), "{message}");
    }
    assert!(super::read_with(&["up"], &[("SEAWORTHY_POLICY", "")]).is_err());
    assert!(read(&["--expect-files", "", "up"]).is_err());
    assert!(refusal("--expect-files many up").contains("it is not a number"));
    assert!(refusal("--compose-version five up").contains(r#""five" is not a version of Docker Compose"#));
    assert!(refusal("--compose-version 5.99 up").contains("none of the versions that this seaworthy knows"));
    assert!(refusal("--compose-version 2.39 up").contains("2.39.0 is older than 2.40.0, the oldest"));
    assert!(refusal("--engine other up").contains("it is none of auto, docker, podman"));
    assert!(refusal("--files-from a --files-cmd b up").contains("exclude one another"));
}

#[test]
fn help_lists_every_command_that_is_not_hidden() {
    let Command::Help(text) = read(&[]).unwrap().command else { panic!() };
    for spec in COMMANDS.iter().filter(|spec| spec.parent().is_none()) {
        assert_eq!(text.contains(&format!("\n  {:<12} ", spec.name)), !spec.hidden, "{}", spec.name);
    }
    assert!(
        text.contains("--expect-files") && text.contains("--project-directory") && text.contains("--context")
    );
}

#[test]
fn completions_and_manual_know_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = String::from_utf8(completions(shell)).unwrap();
        assert!(script.contains("remove-orphans") && script.contains("attest"), "{shell}");
    }
    let page = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        String::from_utf8(manual(&words).unwrap()).unwrap()
    };
    assert!(page(&[]).contains("expect\\-files"));
    assert!(page(&["bridge", "convert"]).contains("seaworthy\\-bridge\\-convert"));
}
