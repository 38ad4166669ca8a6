//! What is judged when the project is taken to another target, and waived as rules are.

use crate::policy::posture::Posture;

use super::{Allow, Rule};

pub const NOT_ENFORCEABLE: &str = "not-enforceable";

/// No rule of the catalogue: it is about a target, and nothing that runs here can break it.
pub const RULES: &[Rule] = &[Rule {
    id: NOT_ENFORCEABLE,
    forbids: "have a setting that the target cannot hold",
    why: "What was verified here would not be what runs there.",
    from: Some(Posture::Baseline),
    model: "every setting has a counterpart on the target",
    live: "what is rendered is compared with the table of fields",
    fix: "Leave the setting out, or say in a waiver what holds it there.",
    allow: Allow::Values("settings as the message names them"),
    ..Rule::COMMON
}];
