//! Programs that run another one as another user, in words and in scripts.

use crate::model::program;

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
    /// Whether it switches before it has looked at anything.
    pub is_first: bool,
    /// What the first word behind the script is compared with: for another one it may not switch. `None` where that
    /// cannot be told.
    pub only_for: Option<Vec<String>>,
}

impl Switch {
    /// Whether the script comes to it as root, with these words behind it.
    pub fn is_certain_for_root(&self, words: &[String]) -> bool {
        let is_flag = |word: &String| word.starts_with('-');
        self.is_first
            || self.asks
                && self.only_for.as_ref().is_some_and(|only| {
                    only.is_empty() || words.first().is_none_or(|word| is_flag(word) || only.contains(word))
                })
    }
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
    let (line, found) = lines.iter().find_map(|line| {
        // The first word of each command of a line, and what `exec` is followed by.
        let found = line.split([';', '|', '&', '(', '`']).find_map(|part| {
            let before = |word: &&str| {
                matches!(*word, "exec" | "then" | "else" | "do" | "if" | "!" | "command")
                    || word.contains('=')
            };
            called(part.split_whitespace().skip_while(before))
        });
        found.map(|found| (line, found))
    })?;
    let begins = line.split_whitespace().find(|word| *word != "exec").map(program::name);
    let is_first = line.starts_with(|first: char| !first.is_whitespace())
        && begins == Some(found.by)
        && !line.contains("&&")
        && !line.contains("||");
    Some(Switch { asks, is_first, only_for: compared(&lines), ..found })
}

/// The words that a script compares its first one with, in the way of `[ "$1" = word ]`; `None` where it looks at that
/// word in another way.
fn compared(lines: &[&str]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(QUOTES)).collect();
        for (at, _) in words.iter().enumerate().filter(|(_, word)| matches!(**word, "$1" | "${1}")) {
            let is_case = at.checked_sub(1).and_then(|before| words.get(before)) == Some(&"case");
            match (words.get(at + 1), words.get(at + 2)) {
                _ if is_case => return None,
                (Some(&("=" | "==")), Some(word)) => found.push((*word).to_owned()),
                (Some(&("!=" | "=~" | "in")), _) => return None,
                // It is handed on, or asked for being there.
                _ => {}
            }
        }
    }
    Some(found)
}

const QUOTES: [char; 6] = ['"', '\'', '[', ']', ';', ')'];

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
    is_asked.then(|| Switch {
        by,
        account: account(by, &words),
        asks: false,
        is_first: true,
        only_for: Some(Vec::new()),
    })
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

    #[test]
    fn whether_a_script_comes_to_it_follows_from_what_it_looks_at() {
        let certain = |text: &str, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            of_script(text).unwrap().is_certain_for_root(&words)
        };
        let asking = "if [ \"$(id -u)\" = '0' ]; then\n  exec gosu app \"$0\" \"$@\"\nfi\nexec \"$@\"\n";
        assert!(certain(asking, &["serve"]));
        let one = format!("if [ \"$1\" = 'serve' ]; then\n{asking}fi\n");
        assert!(certain(&one, &["serve"]) && certain(&one, &["--flag"]) && certain(&one, &[]));
        assert!(!certain(&one, &["sh"]), "it runs something else");
        let two = format!("[ \"$1\" = serve -o \"${{1}}\" == work ] || exec \"$@\"\n{asking}");
        assert!(certain(&two, &["work"]) && !certain(&two, &["sh"]));
        for unclear in ["case \"$1\" in\n  serve)", "if [ \"$1\" != sh ]; then", "if [[ $1 =~ ^s ]]; then"] {
            assert!(!certain(&format!("{unclear}\n{asking}"), &["serve"]), "{unclear}");
        }
        assert!(certain("set -e\nexec gosu app \"$@\"\n", &["sh"]), "whatever there is");
        assert!(!certain("if true; then\n  exec gosu app x\nfi\n", &[]), "it may look at anything");
        assert!(!of_script("test -w / && gosu app x").unwrap().is_first);
    }
}
