//! The same model as the recorded answer, or the same refusal.

use serde_json::Value;

use crate::case::Case;
use crate::program::Program;
use crate::{Verdict, differences, pool};

pub fn check(cases: &[Case], ours: &Program) -> Verdict {
    let outcomes = pool::map(cases, |case| judge(case, ours));
    let known = differences::known();
    let differing: Vec<&str> = cases
        .iter()
        .zip(&outcomes)
        .filter(|(_, fault)| fault.is_some())
        .map(|(case, _)| case.id.as_str())
        .collect();
    let all: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let mut faults = differences::faults(cases.len(), &differing, &all);
    for (case, fault) in cases.iter().zip(&outcomes) {
        if let Some(fault) = fault
            && !known.contains_key(case.id.as_str())
        {
            faults.push(format!("{}: {fault}", case.id));
        }
    }
    let equal = |accepted: bool| {
        let of_kind = || cases.iter().zip(&outcomes).filter(move |(case, _)| case.is_accepted == accepted);
        (of_kind().filter(|(_, fault)| fault.is_none()).count(), of_kind().count())
    };
    let ((accepted, of_accepted), (refused, of_refused)) = (equal(true), equal(false));
    Verdict {
        summary: format!(
            "{accepted} of {of_accepted} accepted cases equal, {refused} of {of_refused} faulty cases refused, {} listed",
            known.len()
        ),
        faults,
    }
}

fn judge(case: &Case, ours: &Program) -> Option<String> {
    let words = [case.globals(), vec!["config".into(), "--format".into(), "json".into()]].concat();
    let output = ours.run(&case.directory, &case.environment, &words);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("panicked") {
        return Some(format!("panics: {complaint}"));
    }
    if !case.is_accepted {
        return match output.status.code() {
            Some(1 | 78) if !complaint.trim().is_empty() && output.stdout.is_empty() => None,
            status => Some(format!("is to be refused, but the status is {status:?}")),
        };
    }
    if !output.status.success() {
        return Some(format!("is refused: {}", complaint.trim()));
    }
    let expected: Value = serde_json::from_str(&case.recorded()).unwrap();
    let Ok(found) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Some("prints what is not JSON".to_owned());
    };
    first_difference(&expected, &found, "").map(|place| format!("differs at {place}"))
}

/// The path of the first place where two values differ.
fn first_difference(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            let place = format!("{path}.{key}");
            match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => first_difference(a, b, &place),
                _ => Some(place),
            }
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| first_difference(a, b, &format!("{path}[{at}]"))),
        _ => (expected != found).then(|| format!("{path}: {expected} expected, {found} found")),
    }
}
