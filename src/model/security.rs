//! What confines a service: privileged mode, its root file system, and the options of `security_opt` in the order in
//! which the engine takes them.

use super::field::fields;
use crate::compose::text;
use crate::yaml::Node;

fields! {
    PRIVILEGED: Flag = "privileged";
    READ_ONLY: Flag = "read_only";
    OPTIONS: Texts = "security_opt";
}

/// The option that keeps programs from gaining privileges.
pub const NO_NEW_PRIVILEGES: &str = "no-new-privileges";

/// One option, as the engine splits it: at the first `=`, else at the first `:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityOption {
    /// In small letters.
    pub name: String,
    /// `true` or `false` for [`NO_NEW_PRIVILEGES`], which is on where nothing stands behind it.
    pub value: String,
}

impl SecurityOption {
    pub fn of_text(written: &str) -> Self {
        let (name, value) =
            written.split_once('=').or_else(|| written.split_once(':')).unwrap_or((written, ""));
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim();
        let value = if name == NO_NEW_PRIVILEGES {
            // Go's words for a boolean.
            match value {
                "" | "1" | "t" | "T" | "true" | "TRUE" | "True" => "true",
                "0" | "f" | "F" | "false" | "FALSE" | "False" => "false",
                other => other,
            }
        } else {
            value
        };
        Self { name, value: value.to_owned() }
    }

    /// All of a service. Of two with one name the later one counts, but for `label`, of which each counts.
    pub fn all(service: &Node) -> impl Iterator<Item = (Self, &Node)> {
        OPTIONS.items(service).iter().map(|node| (Self::of_text(&text(node)), node))
    }

    /// The one with this name that counts.
    pub fn last<'n>(service: &'n Node, name: &str) -> Option<(Self, &'n Node)> {
        Self::all(service).filter(|(option, _)| option.name == name).last()
    }

    /// Name and value, to match on.
    pub fn parts(&self) -> (&str, &str) {
        (&self.name, &self.value)
    }
}

/// Whether the programs of a service can gain no privileges.
pub fn gains_no_privileges(service: &Node) -> bool {
    SecurityOption::last(service, NO_NEW_PRIVILEGES).is_some_and(|(option, _)| option.value == "true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse};

    fn is_guarded(options: &str) -> bool {
        let text = format!("security_opt: [{options}]");
        gains_no_privileges(&parse(FileId(0), &text, Limits::default()).unwrap()[0].root)
    }

    #[test]
    fn the_last_word_on_new_privileges_counts() {
        for on in [
            "no-new-privileges",
            "'no-new-privileges:true'",
            "no-new-privileges=1",
            "no-new-privileges=false, 'no-new-privileges:true', label=disable",
        ] {
            assert!(is_guarded(on), "{on}");
        }
        for off in [
            "",
            "'no-new-privileges:false'",
            "no-new-privileges, no-new-privileges=0",
            "no-new-privileges=yes",
        ] {
            assert!(!is_guarded(off), "{off}");
        }
    }

    #[test]
    fn an_option_is_split_at_the_first_equals_sign_or_else_at_the_first_colon() {
        let parts = |written: &str| {
            let option = SecurityOption::of_text(written);
            (option.name, option.value)
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parts("label=type:x"), pair("label", "type:x"));
        assert_eq!(parts("label:type:x"), pair("label", "type:x"));
        assert_eq!(parts("seccomp=./a=b.json"), pair("seccomp", "./a=b.json"));
        assert_eq!(parts("Apparmor: x"), pair("apparmor", "x"));
    }
}
