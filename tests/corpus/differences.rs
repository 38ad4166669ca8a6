//! The cases that are known to differ, from `docs/compose-differences.md`.

use std::collections::BTreeMap;

/// Case ids with their reasons: list items that begin with an id in backquotes and a colon.
pub fn known() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../docs/compose-differences.md")
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(id, _)| id.contains("--"))
        .collect()
}

/// Faults of the list itself: too long, without a reason, or naming what is no case or differs no longer.
pub fn faults(cases: usize, differing: &[&str], all: &[&str]) -> Vec<String> {
    let known = known();
    let mut faults = Vec::new();
    if known.len() * 100 > cases {
        faults.push(format!("{} of {cases} cases are listed as different; 1 % is the most", known.len()));
    }
    for (id, reason) in known {
        if reason.trim().len() < 20 {
            faults.push(format!("{id} is listed without a reason"));
        }
        // Another corpus has other cases.
        if all.contains(&id) && !differing.contains(&id) {
            faults.push(format!("{id} is listed as different, but is equal: take it out"));
        }
    }
    faults
}
