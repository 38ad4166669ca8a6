//! Whose a number is, as far as anybody knows.

use std::fmt;
use std::rc::Rc;

/// Whose a number is. What is empty or `None` is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    pub service: Rc<str>,
    pub container: Rc<str>,
    /// In the container's own numbers.
    pub uid: Option<u32>,
    /// By a launch that was noted, since the container has gone.
    pub is_noted: bool,
}

/// Somebody who knows. Moments are milliseconds since 1970; `None` where a line does not say when it was. A number
/// that was another's at that moment is not known.
pub trait Who {
    /// Whose a user of the host is. A process that the same line names tells containers apart that share their users.
    fn uid(&mut self, uid: u32, pid: Option<u32>, at: Option<i64>) -> Option<Attribution>;

    /// Whose a process of the host is. The user that the same line names says it where the process has gone.
    fn pid(&mut self, pid: u32, uid: Option<u32>, at: Option<i64>) -> Option<Attribution>;
}

/// The word of `whois` for what a launch noted.
const NOTED: &str = "history";

/// A value that is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'v> {
    Text(&'v str),
    Number(u32),
}

impl<'v> Value<'v> {
    fn text(text: &'v str) -> Option<Self> {
        (!text.is_empty()).then_some(Self::Text(text))
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// The fields whose numbers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Pid,
    Uid,
    Auid,
    Ouid,
    Fsuid,
    /// Those of the journal.
    JournalPid,
    JournalUid,
    JournalAuid,
}

impl Key {
    /// In key=value and in JSON.
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"pid" => Self::Pid,
            b"uid" => Self::Uid,
            b"auid" => Self::Auid,
            b"ouid" => Self::Ouid,
            b"fsuid" => Self::Fsuid,
            _ => return None,
        })
    }

    pub fn of_journal(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"_PID" => Self::JournalPid,
            b"_UID" => Self::JournalUid,
            b"_AUDIT_LOGINUID" => Self::JournalAuid,
            _ => return None,
        })
    }

    pub fn is_pid(self) -> bool {
        matches!(self, Self::Pid | Self::JournalPid)
    }

    /// Whether it is the user of the process that the line names. A login stays what it was, and what a file belongs
    /// to has nothing to do with the process.
    fn is_of_process(self) -> bool {
        matches!(self, Self::Uid | Self::Fsuid | Self::JournalUid)
    }

    /// The names of what is added: service, container, user in the container, and how that is known.
    fn names(self) -> [&'static str; 4] {
        match self {
            Self::Pid => ["pid_service", "pid_container", "", "pid_basis"],
            Self::Uid => ["uid_service", "uid_container", "uid_container_uid", "uid_basis"],
            Self::Auid => ["auid_service", "auid_container", "auid_container_uid", "auid_basis"],
            Self::Ouid => ["ouid_service", "ouid_container", "ouid_container_uid", "ouid_basis"],
            Self::Fsuid => ["fsuid_service", "fsuid_container", "fsuid_container_uid", "fsuid_basis"],
            Self::JournalPid => {
                ["SEAWORTHY_PID_SERVICE", "SEAWORTHY_PID_CONTAINER", "", "SEAWORTHY_PID_BASIS"]
            }
            Self::JournalUid => [
                "SEAWORTHY_UID_SERVICE",
                "SEAWORTHY_UID_CONTAINER",
                "SEAWORTHY_UID_CONTAINER_UID",
                "SEAWORTHY_UID_BASIS",
            ],
            Self::JournalAuid => [
                "SEAWORTHY_LOGINUID_SERVICE",
                "SEAWORTHY_LOGINUID_CONTAINER",
                "SEAWORTHY_LOGINUID_CONTAINER_UID",
                "SEAWORTHY_LOGINUID_BASIS",
            ],
        }
    }

    /// What is added: names, each with its value.
    pub fn added(self, known: &Attribution) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let values = [
            Value::text(&known.service),
            Value::text(&known.container),
            known.uid.map(Value::Number),
            known.is_noted.then_some(Value::Text(NOTED)),
        ];
        let pairs = self.names().into_iter().zip(values);
        pairs.filter_map(|(name, value)| Some((name, value?)).filter(|_| !name.is_empty()))
    }
}

/// So many numbers of one line are looked at.
const MOST: usize = 16;

/// The numbers of one line, with the place behind each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    found: [Option<(Key, u32, usize)>; MOST],
    count: usize,
    pid: Option<u32>,
    /// The user of that process.
    uid: Option<u32>,
}

impl Fields {
    pub fn push(&mut self, key: Key, number: u32, behind: usize) {
        if key.is_pid() {
            self.pid.get_or_insert(number);
        } else if key.is_of_process() {
            self.uid.get_or_insert(number);
        }
        if let Some(place) = self.found.get_mut(self.count) {
            *place = Some((key, number, behind));
            self.count += 1;
        }
    }

    /// Of which process they are, where it is not among them.
    pub fn of(&mut self, pid: u32) {
        self.pid = Some(pid);
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The attribution of each number, in order.
    pub fn known(&self, who: &mut dyn Who, at: Option<i64>, mut found: impl FnMut(Key, &Attribution, usize)) {
        for (key, number, behind) in self.found.iter().flatten() {
            let known = if key.is_pid() {
                who.pid(*number, self.uid, at)
            } else {
                who.uid(*number, self.pid.filter(|_| key.is_of_process()), at)
            };
            if let Some(known) = known {
                found(*key, &known, *behind);
            }
        }
    }
}

/// A number in decimal digits, of at most 32 bits.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let mut number = 0_u64;
    for digit in digits {
        number = number * 10 + u64::from(digit.wrapping_sub(b'0'));
        if !digit.is_ascii_digit() {
            return None;
        }
    }
    u32::try_from(number).ok()
}
