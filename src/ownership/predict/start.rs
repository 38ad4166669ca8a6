//! What a service's first program does about its user, as far as its image shows that.

use crate::engine::Answer;
use crate::model::place::{self, Means, Place};
use crate::yaml::Node;

use super::{Question, Subject, entry, switch};

/// How a service begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Under s6, which needs root until its services run.
    Supervised,
    /// By becoming another user.
    Switches {
        /// The program that does it.
        by: &'static str,
        /// To whom, as written; `None` where a variable says it.
        account: Option<String>,
        /// Whether it leaves that out where it is not root.
        asks: bool,
        /// The script, or "its command".
        place: String,
        /// The further capabilities that its text shows a need of.
        needs: Vec<&'static str>,
    },
    /// Nothing that is text says that it becomes another user.
    Plain,
}

impl Start {
    /// Whether it works for a user who is not root.
    pub fn needs_root(&self) -> bool {
        match self {
            Self::Supervised => true,
            Self::Switches { asks, .. } => !asks,
            Self::Plain => false,
        }
    }
}

/// Whether a script is the one with which s6-overlay begins.
pub(super) fn is_supervisor(path: &str, text: &str) -> bool {
    path == "/init" && text.contains("s6")
}

/// Looks at what a service runs first; unknown, with the reason, until its image is there.
pub fn start(question: &Question<'_>, name: &str, service: &Node) -> Answer<Start> {
    let Some(subject) = Subject::of(question, name, service) else {
        return Answer::unknown("it has no container");
    };
    let (entrypoint, command) = subject.words();
    let all: Vec<String> = entrypoint.into_iter().chain(command).collect();
    let found = |found: switch::Switch, place: &str, text: &str| Start::Switches {
        by: found.by,
        account: found.account,
        asks: found.asks,
        place: place.to_owned(),
        needs: used(text),
    };
    let script = entry::script(&all);
    if let Some(switch) = switch::of_words(&all).or_else(|| switch::of_script(script?)) {
        return Answer::Known(found(switch, "its command", script.unwrap_or_default()));
    }
    question.images.inspect(&subject.image_name).and_then(|_| {
        entry::look(&subject, question.images).map(|looked| {
            let mut scripts = looked.scripts();
            scripts
                .find_map(|(path, text)| {
                    if is_supervisor(path, &text) {
                        return Some(Start::Supervised);
                    }
                    switch::of_script(&text).map(|switch| found(switch, path, &text))
                })
                .unwrap_or(Start::Plain)
        })
    })
}

/// Commands with which a script uses files, whoever owns them.
const USING: &[&str] =
    &["cat", "cp", "find", "install", "ls", "mkdir", "mv", "rm", "sed", "tar", "tee", "test", "touch"];

/// The capabilities beside those of the switch itself that the commands of a script need on files of another user.
fn used(script: &str) -> Vec<&'static str> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let calls = |name: &str| lines.iter().any(|line| line.split(is_between).any(|word| word == name));
    let walks = lines.iter().any(|line| line.contains("chown") && line.split(is_between).any(is_recursive));
    let mut needs = Vec::new();
    if walks || USING.iter().any(|name| calls(name)) {
        needs.push("DAC_OVERRIDE");
    }
    if calls("chmod") || calls("install") {
        needs.push("FOWNER");
    }
    needs
}

fn is_between(character: char) -> bool {
    character.is_whitespace() || ";|&()`{}'\"".contains(character)
}

fn is_recursive(word: &str) -> bool {
    word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains('R')
}

/// The capabilities beside CHOWN, SETGID and SETUID that a service shows a need of to become another user; `None` where
/// it is not seen to start as root and become one.
pub fn needs(question: &Question<'_>, name: &str, service: &Node) -> Option<Vec<&'static str>> {
    let subject = Subject::of(question, name, service)?;
    if subject.user.is_some_and(|user| user.owner.uid != 0) {
        return None;
    }
    let mut needs = match start(question, name, service).known()? {
        Start::Plain => return None,
        // Its scripts prepare what is mounted, and it stops what it started.
        Start::Supervised => vec!["DAC_OVERRIDE", "FOWNER", "KILL"],
        Start::Switches { needs, .. } => needs,
    };
    let places = place::of_service(&subject.model.root, subject.service);
    let is_state = |place: &Place<'_>| matches!(place.means, Means::Bind | Means::Volume) && !place.read_only;
    // All that the image itself has is root's, or as root left it.
    if !places.iter().any(is_state) && subject.image.volumes.is_empty() {
        needs.retain(|name| *name == "KILL");
    }
    Some(needs)
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn the_commands_of_a_script_show_what_it_needs() {
        assert_eq!(used("exec gosu app \"$@\"\n# chmod, find"), [""; 0]);
        assert_eq!(used("chown app /data\nexec gosu app x"), [""; 0]);
        assert_eq!(used("chown -R app /data; exec gosu app x"), ["DAC_OVERRIDE"]);
        assert_eq!(used("find \"$D\" \\! -user app -exec chown app '{}' +"), ["DAC_OVERRIDE"]);
        assert_eq!(used("mkdir -p /data && chmod 700 /data"), ["DAC_OVERRIDE", "FOWNER"]);
    }
}
