//! Programs that run another one as another user, in words and in scripts.

use crate::model::program;

use super::reach::{self, Reach};

/// Their names.
const SWITCHING: &[&str] =
    &["chpst", "gosu", "runuser", "s6-setuidgid", "setpriv", "setuidgid", "su", "su-exec", "sudo"];

/// How scripts ask who they are, to leave out what only root can do.
const ASKING: &[&str] = &["id -u", "$EUID", "${EUID", "$UID", "${UID", "whoami"];

const LAUNCHERS: &[&str] = &["catatonit", "dumb-init", "tini"];

/// One call of such a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    /// The program.
    pub by: &'static str,
    /// To whom, as written; `None` where that is not written as a name or a number.
    pub account: Option<String>,
    /// Whether the script asks who it is, and so leaves the switching out where it is not root.
    pub asks: bool,
    /// The conditions under which the script runs it; `None` where they cannot be told.
    pub reach: Option<Reach>,
}

/// What these words switch to, behind those programs that only launch and watch another one.
pub(super) fn of_words(words: &[String]) -> Option<Switch> {
    let words = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| word.starts_with('-') || LAUNCHERS.contains(&program::name(word)));
    called(words)
}

/// The first switch of a script.
pub(super) fn of_script(text: &str) -> Option<Switch> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let asks = ASKING.iter().any(|question| lines.iter().any(|line| line.contains(question)));
    let found = lines.iter().find_map(|line| {
        // The first word of each command of a line, and what `exec` is followed by.
        line.split([';', '|', '&', '(', '`']).find_map(command)
    })?;
    let reach = reach::of(&lines, |text| command(text).is_some());
    Some(Switch { asks, reach, ..found })
}

/// The switch of one command, whatever stands before it.
fn command(text: &str) -> Option<Switch> {
    let before = |word: &&str| {
        matches!(*word, "exec" | "then" | "else" | "do" | "if" | "!" | "command") || word.contains('=')
    };
    called(text.split_whitespace().skip_while(before))
}

/// The switch, where these words call a program for that.
fn called<'w>(mut words: impl Iterator<Item = &'w str>) -> Option<Switch> {
    let word = words.next()?;
    let name = program::name(word);
    let by = SWITCHING.iter().find(|known| **known == name).copied()?;
    let words: Vec<&str> = words.collect();
    // These do other things as well.
    let is_asked = match by {
        "setpriv" => words.iter().any(|word| {
            ["--reuid", "--regid", "--groups", "--clear-groups", "--init-groups"]
                .iter()
                .any(|flag| word.starts_with(flag))
        }),
        "chpst" => words.iter().any(|word| word.starts_with("-u") || word.starts_with("-U")),
        _ => true,
    };
    is_asked.then(|| Switch { by, account: account(by, &words), asks: false, reach: Some(Reach::default()) })
}

/// Whom the words behind the program name.
fn account(by: &str, words: &[&str]) -> Option<String> {
    let after = |flags: &[&str]| {
        let at = words.iter().position(|word| flags.contains(word))?;
        words.get(at + 1).copied()
    };
    let joined = |flag: &str| words.iter().find_map(|word| word.strip_prefix(flag));
    let first = || words.iter().find(|word| !word.starts_with('-')).copied();
    let named = match by {
        "setpriv" => joined("--reuid=").or_else(|| after(&["--reuid"])),
        "chpst" => after(&["-u", "-U"]).or_else(|| joined("-u")),
        "sudo" => after(&["-u", "--user"]).or_else(|| joined("--user=")),
        "runuser" => after(&["-u"]).or_else(first),
        // What follows `-s` is the shell.
        "su" => {
            let shell = after(&["-s", "--shell"]);
            words.iter().find(|word| !word.starts_with('-') && Some(**word) != shell).copied()
        }
        _ => first(),
    }?;
    let user = named.trim_matches(['"', '\'']).split(':').next()?;
    let is_name = !user.is_empty()
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_name.then(|| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(text: &str) -> Option<String> {
        of_script(text).and_then(|found| found.account)
    }

    #[test]
    fn the_account_is_read_as_each_program_takes_it() {
        for (line, account) in [
            ("exec gosu postgres \"$BASH_SOURCE\" \"$@\"", Some("postgres")),
            ("exec su-exec redis:redis \"$0\"", Some("redis")),
            ("exec setpriv --reuid=redis --regid=redis --clear-groups -- \"$0\"", Some("redis")),
            ("exec setpriv --reuid 999 --regid 999 \"$0\"", Some("999")),
            ("s6-setuidgid abc /app/run", Some("abc")),
            ("chpst -u app:app run", Some("app")),
            ("runuser -u app -- run", Some("app")),
            ("su -s /bin/sh app -c run", Some("app")),
            ("sudo -u 'www-data' run", Some("www-data")),
            ("gosu \"$PUID:$PGID\" run", None),
            ("setpriv --clear-groups run", None),
        ] {
            assert_eq!(to(line).as_deref(), account, "{line}");
        }
        assert_eq!(of_script("echo gosu app"), None);
        assert!(of_script("[ \"$(id -u)\" = 0 ] && exec gosu app x").unwrap().asks);
    }
}
