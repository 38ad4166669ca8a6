//! The command line as a whole.

use std::ffi::OsString;

use super::{Command, Request, parse};
use crate::diagnostic::Finding;

pub(super) fn owned(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

pub(super) fn read(words: &[&str]) -> Result<Request, Finding> {
    parse(owned(&[&["seaworthy"], words].concat()), &|_| None)
}

#[test]
fn show() {
    for line in ["", "up --help", "exec --help", "overlays --help", "bridge --help"] {
        let words: Vec<_> = line.split_whitespace().collect();
        if let Command::Help(text) = read(&words).unwrap().command {
            println!("#### {line}\n{text}");
        }
    }
    for line in [
        "--fil x up", "up --detatch", "up -f x", "upp", "alpha vizz", "up --timeout", "up --timeout x", "up -d=maybe",
        "-- config", "run", "exec a", "-f", "plan --format jso", "check a", "alpha", "overlays", "help nope", "-f= config",
        "up -- -d", "run -- svc -x", "run svc -- ls -la", "exec -T -e A=b svc --privileged", "up -dt5 web -V db", "-f -- config", "-f -x config", "config -q=", "---x up", "exec --zz svc a", "--parallel -1 up",
        "down --zz y -f", "completions zzz", "logs -f -- x -- y", "up --=x", "-fx -f=y --file=z --file w --profile p,q config", "-f= up -d",
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        match read(&words) {
            Ok(r) => println!("OK {line}: {:?} root={:?}", r.command, r.pass_on()),
            Err(f) => println!("ERR {line}: {} | {}", f.message, f.help.unwrap()),
        }
    }
}
