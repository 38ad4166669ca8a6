//! Lists that say themselves how long they are: `--files-from` and `--files-cmd`.
//!
//! One path a line; lines that begin with `#` are comments. The last line is the seal,
//! `# seaworthy: N files`. A list that was cut anywhere, or that a dying generator left behind, has no
//! seal, or one with another number.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::{Given, Inputs};

use super::{Expected, Row, beside};

/// A list longer than this is not one.
const LARGEST: u64 = 16 << 20;

/// The names of the sealed list, if one is asked for. `None` where the sink got errors.
pub fn sealed(given: &Given, inputs: &mut Inputs, sink: &mut Sink) -> Option<Vec<String>> {
    let mut from = None;
    let (name, text) = match (&given.files_from, &given.files_cmd) {
        (None, None) => return Some(Vec::new()),
        (Some(file), _) => {
            let path = if file == "-" { PathBuf::from("-") } else { given.cwd.join(file) };
            match inputs.read(&path, file) {
                Ok(id) => {
                    from = Some(id);
                    (format!("the list {file}"), inputs.sources().get(id)?.text.to_string())
                }
                Err(finding) => {
                    sink.push(Finding {
                        message: format!("the list of files cannot be read: {}", finding.message),
                        ..finding
                    });
                    return None;
                }
            }
        }
        (None, Some(command)) => match run("--files-cmd", command, &printed) {
            Ok(text) => {
                inputs.add("--files-cmd", Path::new("--files-cmd"), &text);
                ("the list of --files-cmd".to_owned(), text)
            }
            Err(finding) => {
                sink.push(*finding);
                return None;
            }
        },
    };
    match open(&text) {
        Ok(names) => {
            if let Some(id) = from {
                inputs.vouch(id);
            }
            let twice = given.files_from.as_deref() == Some("-")
                && names.iter().chain(&given.files).any(|name| name == "-");
            if twice {
                sink.push(
                    Finding::error(
                        Code::FileListInvalid,
                        "standard input is both the list and one of its files",
                    )
                    .help("Give one of the two a path of its own."),
                );
                return None;
            }
            Some(names)
        }
        Err(fault) => {
            let rows: Vec<Row> = fault.names.into_iter().map(|name| Row { name, note: None }).collect();
            let expected = fault.sealed.map_or(Expected::Unknown, Expected::Count);
            sink.push(Finding::error(Code::FileListInvalid, format!("{name} {}", fault.what)).help(format!(
                "A list ends with the line `# seaworthy: N files`; see docs/lists.md.\n{}",
                beside(&rows, &expected, &given.cwd)
            )));
            None
        }
    }
}

/// The list that a generator had printed when it failed.
fn printed(text: &str) -> String {
    let names = text.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Row> = names.map(|name| Row { name: name.to_owned(), note: None }).collect();
    format!("What it printed until then:\n{}", beside(&rows, &Expected::Unknown, Path::new("/")))
}

/// Why a list is not whole, with what it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub what: String,
    pub names: Vec<String>,
    /// The number that its seal has.
    pub sealed: Option<usize>,
}

/// The names in a sealed list.
///
/// # Errors
/// What shows that it is not whole.
pub fn open(text: &str) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    let mut seals = Vec::new();
    let mut blank = None;
    let body = text.strip_suffix('\n').unwrap_or(text);
    let lines: Vec<&str> = if text.is_empty() { Vec::new() } else { body.split('\n').collect() };
    for (at, line) in lines.iter().enumerate() {
        if let Some(count) = seal(line) {
            seals.push((at, count));
        } else if line.trim().is_empty() {
            blank = blank.or(Some(at + 1));
        } else if !line.starts_with('#') {
            names.push((*line).to_owned());
        }
    }
    let last = seals.last().filter(|(at, _)| at + 1 == lines.len()).map(|(_, count)| *count);
    let what = match last {
        _ if text.is_empty() => "is empty: what writes it may have failed".to_owned(),
        _ if !text.ends_with('\n') => "ends within a line: it is cut short".to_owned(),
        None if seals.is_empty() => "has no seal: it may be cut short".to_owned(),
        None => "goes on after its seal".to_owned(),
        Some(_) if seals.len() > 1 => "has a seal in its middle: several lists were joined".to_owned(),
        Some(_) if blank.is_some() => {
            format!("has a blank line {}: a name was lost", blank.unwrap_or_default())
        }
        Some(count) if names.len() < count => {
            format!("is cut short: it names {} of the {count} files that its seal counts", names.len())
        }
        Some(count) if names.len() > count => {
            format!("names {} files, its seal counts {count}", names.len())
        }
        Some(0) => "names no file".to_owned(),
        Some(_) => return Ok(names),
    };
    Err(Fault { what, names, sealed: last })
}

/// The number in a line that is a seal.
fn seal(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("# seaworthy: ")?;
    let digits = rest.strip_suffix(" files").or_else(|| rest.strip_suffix(" file"))?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Runs a generator, so that how it ended is known: behind a pipe or a process substitution of the shell
/// its status is lost. `flag` is what it was given with; `describe` says
/// what it printed before it failed.
///
/// # Errors
/// A finding where it fails, is killed, or prints what is no text.
pub fn run(flag: &str, command: &str, describe: &dyn Fn(&str) -> String) -> Result<String, Box<Finding>> {
    let refuse =
        |what: String| Box::new(Finding::error(Code::FileListInvalid, format!("{flag} {what}: {command}")));
    let failed = |error: std::io::Error| refuse(format!("cannot be run by `/bin/sh -c` ({error})"));
    // Standard input may be one of the files.
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut bytes = Vec::new();
    let read = child.stdout.take().map_or(Ok(0), |out| out.take(LARGEST + 1).read_to_end(&mut bytes));
    // Whatever could not be read: a child that is not waited for stays behind.
    let status = child.wait().map_err(failed)?;
    read.map_err(failed)?;
    if !status.success() {
        let help = format!("Its output is not used. {}", describe(&String::from_utf8_lossy(&bytes)));
        return Err(Box::new(refuse(ended(status)).help(help)));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(refuse(format!("printed more than {LARGEST} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| refuse("printed what is not valid UTF-8".to_owned()))
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "did not end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "compose.yaml\n# from ops\nops/egress.yaml\nops/limits.yaml\n# seaworthy: 3 files\n";

    #[test]
    fn a_sealed_list_gives_its_names_in_order() {
        assert_eq!(open(LIST).unwrap(), ["compose.yaml", "ops/egress.yaml", "ops/limits.yaml"]);
        assert_eq!(open("a b.yaml\n# seaworthy: 1 file\n").unwrap(), ["a b.yaml"]);
    }

    #[test]
    fn no_cut_of_a_list_is_a_list() {
        for at in 0..LIST.len() {
            let cut = LIST.get(..at).unwrap();
            assert!(open(cut).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn no_line_can_be_missing_doubled_or_blanked() {
        let lines: Vec<&str> = LIST.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let comment = lines[at].starts_with("# from");
            for with in [String::new(), lines[at].repeat(2), "\n".to_owned()] {
                let text: String = lines
                    .iter()
                    .enumerate()
                    .map(|(i, line)| if i == at { with.as_str() } else { line })
                    .collect();
                assert_eq!(open(&text).is_ok(), comment && with != "\n", "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, what) in [
            ("", "is empty"),
            ("a\n", "no seal"),
            ("a", "within a line"),
            ("a\n# seaworthy: 1 files\nb\n", "after its seal"),
            ("a\n# seaworthy: 1 files\nb\n# seaworthy: 1 files\n", "several lists"),
            ("a\n# seaworthy: 2 files\n", "names 1 of the 2"),
            ("a\nb\n# seaworthy: 1 files\n", "names 2 files"),
            ("# seaworthy: 0 files\n", "names no file"),
            ("a\n# seaworthy: 1 files\r\n", "no seal"),
            ("a\n# seaworthy: +1 files\n", "no seal"),
        ] {
            let fault = open(text).unwrap_err();
            assert!(fault.what.contains(what), "{text:?}: {}", fault.what);
        }
    }
}
