//! Advice that only an engine can bring about, pasted.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::Project;

/// The findings of a check, each with its code and its help.
fn findings(project: &Project) -> Vec<(String, String)> {
    let said = project.seaworthy(&["check", "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = json["findings"].as_array().unwrap().iter();
    all.map(|finding| (text(&finding["code"]), text(&finding["help"]))).collect()
}

/// Pastes what the help of a finding proposes for the policy.
fn pasted(code: &str, mode: u32, services: &[(&str, &str)]) {
    let lines = services.iter().map(|(name, user)| {
        format!("  {name}: {{image: sw-busybox, user: '{user}', network_mode: none, volumes: ['./d:/x']}}\n")
    });
    let project = Project::new(&format!("services:\n{}", lines.collect::<String>()));
    fs::create_dir(project.path("d")).unwrap();
    fs::set_permissions(project.path("d"), fs::Permissions::from_mode(mode)).unwrap();
    let policy = "version: 1\nposture: baseline\n...\n";
    project.file("seaworthy.yaml", policy);
    let found = findings(&project);
    let help = found.iter().find(|(own, _)| own == code).map(|(_, help)| help.clone());
    let help = help.unwrap_or_else(|| panic!("no {code}: {found:?}"));
    let lines = help.split('`').find(|text| text.starts_with("state:")).unwrap_or_else(|| panic!("{help}"));
    project.file("seaworthy.yaml", &policy.replace("...", &format!("{lines}\n...")));
    assert_eq!(findings(&project).iter().find(|(own, _)| own == code), None, "{lines}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_directory_of_several_users_is_declared_as_the_help_proposes() {
    pasted("bind-shared", 0o777, &[("a", "1:1"), ("b", "2:2")]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_directory_of_another_user_is_declared_as_the_help_proposes() {
    pasted("bind-access", 0o755, &[("a", "1:1")]);
}
