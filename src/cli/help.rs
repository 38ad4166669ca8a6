//! Help, completions and the manual.

use std::fmt::Write as _;
use std::io;
use std::str::FromStr;

use clap_complete::Shell;

use super::grammar;
use super::spec::{Class, Spec};
use super::table;

/// The help of one command, or of the whole.
pub fn of(program: &'static str, spec: Option<&Spec>) -> String {
    let mut shown = match spec {
        Some(spec) => grammar::shown_command(program, spec),
        None => grammar::shown_options(program).help_template(format!(
            "{{about}}\n\nUsage: {{usage}}\n{}\n{{all-args}}\n\n\
             Run '{program} COMMAND --help' for more on a command.\n",
            groups()
        )),
    };
    shown.render_help().to_string()
}

/// The commands by what happens to them, which is what a user must know of each.
fn groups() -> String {
    let kinds: [(&str, &[Class]); 4] = [
        ("Verified before anything starts", &[Class::Gate, Class::Judge]),
        ("Verified, then passed on to docker compose", &[Class::Load]),
        ("Passed on to docker compose as typed", &[Class::PassThrough]),
        ("Seaworthy's own", &[Class::Own]),
    ];
    let mut text = String::new();
    for (heading, classes) in kinds {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{heading}:");
        for spec in table::within(None).filter(|spec| !spec.hidden && classes.contains(&spec.class)) {
            let _ = writeln!(text, "  {:<12} {}", spec.name, spec.about);
        }
    }
    text
}

pub(super) fn is_shell(name: &str) -> bool {
    Shell::from_str(name).is_ok()
}

/// The completions for a shell; nothing for one that is not known.
pub fn completions(shell: &str) -> Vec<u8> {
    let mut script = Vec::new();
    if let Ok(shell) = Shell::from_str(shell) {
        clap_complete::generate(shell, &mut grammar::shown_root("seaworthy"), "seaworthy", &mut script);
    }
    script
}

/// The manual pages of everything that is shown in help, each with the name of its file.
///
/// # Errors
/// As [`manual`].
pub fn manuals() -> io::Result<Vec<(String, Vec<u8>)>> {
    let commands = table::COMMANDS.iter().filter(|spec| !spec.hidden);
    let commands = commands.map(|spec| spec.name.split(' ').map(str::to_owned).collect());
    std::iter::once(Vec::new())
        .chain(commands)
        .map(|words: Vec<String>| Ok((format!("{}.1", page_name(&words)), manual(&words)?)))
        .collect()
}

fn page_name(command: &[String]) -> String {
    [&["seaworthy".to_owned()], command].concat().join("-")
}

/// The manual page of a command, or of the whole, as roff.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn manual(command: &[String]) -> io::Result<Vec<u8>> {
    let name = page_name(command);
    let shown = match table::named(command) {
        Ok(Some(spec)) => grammar::shown_command("seaworthy", spec),
        _ => grammar::shown_root("seaworthy"),
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(shown.name(name)).render(&mut page)?;
    Ok(page)
}
