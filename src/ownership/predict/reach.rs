//! Whether a shell script is certain to come to one of its commands.
//!
//! No shell is run and none is imitated: whatever is not one of a few plain forms makes it uncertain.

/// What a script looks at on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    IsRoot,
    /// The first word behind the script is this one.
    FirstWord(String),
}

/// On what a command hangs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    conditions: Vec<Condition>,
    /// Whether the script puts a word of its own before flags (`set -- WORD "$@"`).
    sets_words: bool,
}

impl Reach {
    /// Whether the command is run by this user, with these words behind the script.
    pub fn is_certain(&self, is_root: bool, words: &[String]) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::IsRoot => is_root,
            Condition::FirstWord(wanted) => {
                words.first().is_some_and(|word| word == wanted || self.sets_words && word.starts_with('-'))
            }
        })
    }
}

/// Goes through the script up to the first command that `is_it`. `None` where that hangs on anything else than the
/// conditions that are known here, or where the script may have ended before.
pub(super) fn of(lines: &[&str], is_it: impl Fn(&str) -> bool) -> Option<Reach> {
    // The conditions of each open block.
    let mut open: Vec<Option<Vec<Condition>>> = Vec::new();
    let mut sets_words = false;
    let mut may_have_ended = false;
    for line in lines {
        if line.contains("<<") {
            return None;
        }
        sets_words |= line.contains("set --");
        for piece in line.split(';') {
            let Some(command) = block(piece.trim(), &mut open) else { continue };
            let mut parts: Vec<&str> = command.split("&&").map(str::trim).collect();
            let last = parts.pop().unwrap_or_default();
            if is_it(last) {
                if may_have_ended || last.contains('|') {
                    return None;
                }
                let guards = parts.into_iter().map(condition);
                let all: Option<Vec<Vec<Condition>>> = open.into_iter().chain(guards).collect();
                return all.map(|all| Reach { conditions: all.concat(), sets_words });
            }
            let ends = |part: &str| {
                part.split("||")
                    .any(|part| matches!(part.split_whitespace().next(), Some("exec" | "exit" | "return")))
            };
            may_have_ended |= ends(last) || parts.into_iter().any(ends);
        }
    }
    None
}

/// Takes the words that open and close blocks from a piece; what is left is a command.
fn block<'t>(piece: &'t str, open: &mut Vec<Option<Vec<Condition>>>) -> Option<&'t str> {
    let mut piece = piece;
    loop {
        let (word, rest) = piece.split_once(char::is_whitespace).unwrap_or((piece, ""));
        match word {
            "" => return None,
            "if" => open.push(condition(rest)),
            "case" | "for" | "while" | "until" | "select" => open.push(None),
            "elif" => set_unclear(open),
            "fi" | "esac" | "done" | "}" => drop(open.pop()),
            "then" | "do" => {
                piece = rest.trim_start();
                continue;
            }
            "else" => {
                set_unclear(open);
                piece = rest.trim_start();
                continue;
            }
            // A function, or a group.
            _ if piece.ends_with('{') => open.push(None),
            _ => return Some(piece),
        }
        return None;
    }
}

fn set_unclear(open: &mut [Option<Vec<Condition>>]) {
    if let Some(top) = open.last_mut() {
        *top = None;
    }
}

/// The conditions of a test, all of which must hold; `None` for any other test.
fn condition(text: &str) -> Option<Vec<Condition>> {
    if text.contains("||") || text.contains(" -o ") {
        return None;
    }
    // What asks who it is, as one word.
    let text = text.replace("$(id -u)", "$EUID").replace("`id -u`", "$EUID").replace("${EUID}", "$EUID");
    text.split("&&").flat_map(|part| part.split(" -a ")).map(term).collect()
}

fn term(text: &str) -> Option<Condition> {
    const AROUND: [char; 6] = ['"', '\'', '[', ']', '(', ')'];
    let words = text.split_whitespace().map(|word| word.trim_matches(AROUND));
    let words: Vec<&str> = words.filter(|word| !word.is_empty() && *word != "test").collect();
    match words.as_slice() {
        ["$EUID" | "EUID", "=" | "==" | "-eq", "0"] => Some(Condition::IsRoot),
        ["$1" | "${1}", "=" | "==", word] if !word.contains(['$', '*', '?']) => {
            Some(Condition::FirstWord((*word).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For root and for somebody else, with these words.
    fn certain(script: &str, words: &[&str]) -> [bool; 2] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let lines: Vec<&str> = script.lines().collect();
        let reach = of(&lines, |command| command.contains("gosu"));
        [true, false].map(|is_root| reach.as_ref().is_some_and(|reach| reach.is_certain(is_root, &words)))
    }

    const ALWAYS: [bool; 2] = [true, true];
    const ROOT: [bool; 2] = [true, false];
    const NEVER: [bool; 2] = [false, false];

    #[test]
    fn what_stands_free_is_always_run() {
        assert_eq!(certain("set -e\nmkdir -p /run/app\nexec gosu app \"$@\"", &["sh"]), ALWAYS);
        assert_eq!(certain("if [ -z \"$X\" ]; then\n  X=1\nfi\nexec gosu app x", &[]), ALWAYS);
        assert_eq!(certain("chown app /data; exec gosu app x", &[]), ALWAYS);
    }

    #[test]
    fn the_forms_in_which_scripts_ask_who_they_are() {
        for test in [
            "if [ \"$(id -u)\" = '0' ]; then",
            "if [ \"$(id -u)\" -eq 0 ]\nthen",
            "if [[ $EUID == 0 ]]; then",
            "if (( EUID == 0 )); then",
            "if [ `id -u` = 0 ]; then",
            "if test \"${EUID}\" = 0; then",
        ] {
            assert_eq!(certain(&format!("{test}\n  exec gosu app \"$@\"\nfi"), &["x"]), ROOT, "{test}");
        }
        assert_eq!(certain("[ \"$(id -u)\" = 0 ] && exec gosu app x", &[]), ROOT);
        assert_eq!(certain("if [ $EUID = 0 ]; then exec gosu app x; fi", &[]), ROOT);
    }

    #[test]
    fn the_word_that_is_started_decides() {
        let both = "if [ \"$1\" = 'serve' -a \"$(id -u)\" = '0' ]; then\n  exec gosu app \"$@\"\nfi";
        assert_eq!(certain(both, &["serve"]), ROOT);
        for words in [&[][..], &["sh"], &["--flag"]] {
            assert_eq!(certain(both, words), NEVER, "{words:?}");
        }
        let nested = "if [ \"${1}\" == serve ]; then\n if [ $EUID = 0 ]; then\n  exec gosu app x\n fi\nfi";
        assert_eq!(certain(nested, &["serve"]), ROOT);
        let flags = format!("if [ \"${{1#-}}\" != \"$1\" ]; then\n  set -- serve \"$@\"\nfi\n{both}");
        assert_eq!(certain(&flags, &["--flag"]), ROOT, "it puts the word before them");
    }

    #[test]
    fn whatever_else_it_hangs_on_makes_it_uncertain() {
        for script in [
            "if [ -n \"$DROP\" ]; then\nexec gosu app x\nfi",
            "if [ $EUID = 0 ] && [ -n \"$DROP\" ]; then\n  exec gosu app x\nfi",
            "if [ $EUID = 0 -o -n \"$DROP\" ]; then\n  exec gosu app x\nfi",
            "if [ $EUID != 0 ]; then\n  exec gosu app x\nfi",
            "if [ $EUID = 0 ]; then\n  true\nelse\n  exec gosu app x\nfi",
            "if [ $EUID = 0 ]; then\n  true\nelif true; then\n  exec gosu app x\nfi",
            "if ! [ $EUID = 0 ]; then\n  exec gosu app x\nfi",
            "if [ \"$UID\" = 0 ]; then\n  exec gosu app x\nfi",
            "case \"$1\" in\n  serve) exec gosu app x;;\nesac",
            "drop() {\n  exec gosu app x\n}",
            "for one in a b; do\n  exec gosu app x\ndone",
            "test -w / && exec gosu app x",
            "[ -n \"$STAY\" ] || exec gosu app x",
            "if [ \"$1\" = sh ]; then\n  exec \"$@\"\nfi\nexec gosu app x",
            "[ -n \"$STAY\" ] && exit 0\nexec gosu app x",
            "cat <<END\nexec gosu app x\nEND",
            "if [ \"$1\" = \"$NAME\" ]; then\n  exec gosu app x\nfi",
        ] {
            assert_eq!(certain(script, &["serve"]), NEVER, "{script}");
        }
    }
}
