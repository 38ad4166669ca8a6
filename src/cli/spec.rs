//! How the table describes a flag and a command.

use crate::reader::Reader;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or `=true`/`=false`: never the next word.
    Switch,
    /// One value; the last one typed counts.
    Text(&'static str),
    /// One value after `=`, or none; never the next word.
    Optional(&'static str),
    /// One whole number.
    Number,
    /// One value each time, all of which count. Commas do not split.
    List(&'static str),
    /// One of these words. Only for seaworthy's own flags: what Compose's flags may say is
    /// Compose's business, and grows with its versions.
    Choice(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    /// Other spellings, mostly deprecated ones.
    pub aliases: &'static [&'static str],
    pub takes: Takes,
    /// What holds when the flag is not typed; empty where that is nothing, or false.
    pub default: &'static str,
    /// Accepted, but not worth a line of help.
    pub hidden: bool,
    /// The first version of Compose that has it; `None` where every supported one has.
    pub since: Option<Reader>,
    pub help: &'static str,
}

/// A flag that is on or off.
pub const fn switch(long: &'static str, help: &'static str) -> Flag {
    Flag {
        long,
        short: None,
        aliases: &[],
        takes: Takes::Switch,
        default: "",
        hidden: false,
        since: None,
        help,
    }
}

/// A flag with one value, shown as `name`.
pub const fn text(long: &'static str, name: &'static str, help: &'static str) -> Flag {
    Flag { takes: Takes::Text(name), ..switch(long, help) }
}

/// A flag that may have a value, shown as `name`.
pub const fn optional(long: &'static str, name: &'static str, help: &'static str) -> Flag {
    Flag { takes: Takes::Optional(name), ..switch(long, help) }
}

/// A flag with a whole number.
pub const fn number(long: &'static str, help: &'static str) -> Flag {
    Flag { takes: Takes::Number, ..switch(long, help) }
}

/// A flag that may be given again, each time with one more value.
pub const fn list(long: &'static str, name: &'static str, help: &'static str) -> Flag {
    Flag { takes: Takes::List(name), ..switch(long, help) }
}

/// A flag that takes one of `words`; the first is the default.
pub const fn choice(long: &'static str, words: &'static [&'static str], help: &'static str) -> Flag {
    let default = match words {
        [first, ..] => first,
        [] => "",
    };
    Flag { takes: Takes::Choice(words), default, ..switch(long, help) }
}

impl Flag {
    #[must_use]
    pub const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    #[must_use]
    pub const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    #[must_use]
    pub const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    #[must_use]
    pub const fn since(self, since: Reader) -> Self {
        Self { since: Some(since), ..self }
    }
}

/// What seaworthy does with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Starts containers: load, verify, prepare, cross-check, then launch.
    Gate,
    /// Reads the project: load and verify, then pass on with the rendered file.
    Load,
    /// Acts inside a running container: its flags are judged, then it is passed on.
    Judge,
    /// Looks, stops or clears away: passed on as typed, whatever the policy says.
    PassThrough,
    /// Seaworthy's own.
    Own,
}

/// The words of a command that are not flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// None.
    No,
    /// At least so many and at most so many; flags may stand between them.
    Between(usize, usize, &'static str),
    /// At least so many. The first one ends the flags: what follows belongs to the program that
    /// is run in the container.
    Program(usize, &'static str),
    /// A further command. The text names the one meant when none is typed.
    Command(Option<&'static str>),
}

impl Words {
    /// Any number, flags between them.
    pub const fn any(usage: &'static str) -> Self {
        Self::Between(0, usize::MAX, usage)
    }

    /// Exactly so many.
    pub const fn exactly(count: usize, usage: &'static str) -> Self {
        Self::Between(count, count, usage)
    }

    /// As the usage line shows them.
    pub const fn usage(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Between(_, _, usage) | Self::Program(_, usage) => usage,
            Self::Command(_) => "COMMAND",
        }
    }
}

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The words that name it, e.g. `alpha publish`.
    pub name: &'static str,
    /// Another last word for it.
    pub alias: Option<&'static str>,
    pub class: Class,
    pub words: Words,
    pub flags: &'static [Flag],
    pub hidden: bool,
    /// The first version of Compose in which it goes on where an env file of a service is missing.
    pub lenient: Option<Reader>,
    pub about: &'static str,
}

/// A command of class `class`.
pub const fn command(
    class: Class,
    name: &'static str,
    words: Words,
    about: &'static str,
    flags: &'static [Flag],
) -> Spec {
    Spec { name, alias: None, class, words, flags, hidden: false, lenient: None, about }
}

impl Spec {
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    #[must_use]
    pub const fn lenient(self, since: Reader) -> Self {
        Self { lenient: Some(since), ..self }
    }

    #[must_use]
    pub const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// Its own word: the last one of its name.
    pub fn word(&self) -> &'static str {
        self.name.rsplit_once(' ').map_or(self.name, |(_, word)| word)
    }

    /// The command it belongs to: the words before the last one.
    pub fn parent(&self) -> Option<&'static str> {
        self.name.rsplit_once(' ').map(|(parent, _)| parent)
    }

    /// Every flag it accepts.
    pub fn all_flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        let dry_run = (self.class != Class::Own).then_some(&super::table::DRY_RUN);
        self.flags.iter().chain(dry_run).chain([&super::table::HELP])
    }
}
