//! The overlays that come with the program: compose fragments in which `"*"` stands for every
//! service, or every network.

/// One built-in overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    pub name: &'static str,
    pub text: &'static str,
}

/// In the order in which `overlays` lists them.
pub const BUILTINS: &[Builtin] = &[
    Builtin { name: "hardening", text: include_str!("../../overlays/hardening.yaml") },
    Builtin { name: "no-egress", text: include_str!("../../overlays/no-egress.yaml") },
    Builtin { name: "limits", text: include_str!("../../overlays/limits.yaml") },
    Builtin { name: "read-only", text: include_str!("../../overlays/read-only.yaml") },
];

pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::closed::closed;

    #[test]
    fn every_built_in_overlay_is_closed() {
        for builtin in BUILTINS {
            assert!(closed(builtin.text), "{}", builtin.name);
        }
    }
}
