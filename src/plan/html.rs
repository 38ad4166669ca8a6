//! The plan as one page that needs nothing else: no script, no network.

use askama::Template;

use super::{Plan, PlanBreach, PlanRule};

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'p> {
    plan: &'p Plan,
    summary: String,
    unguarded: String,
    command: String,
    /// Rules that do not hold everywhere, each with a cell for every place.
    matrix: Vec<(&'p PlanRule, Vec<Mark<'p>>)>,
    /// Columns of the matrix.
    places: Vec<&'p str>,
    /// Rules that hold everywhere.
    held: Vec<&'p PlanRule>,
}

/// One cell of the matrix.
struct Mark<'p> {
    /// A class of the style sheet, and what it stands for.
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    at: Option<&'p str>,
}

/// The plan as HTML.
pub fn write_html(plan: &Plan) -> Result<String, std::fmt::Error> {
    let (broken, held): (Vec<&PlanRule>, Vec<&PlanRule>) =
        plan.rules.iter().partition(|rule| !rule.broken.is_empty());
    let mut places: Vec<&str> = plan.services.iter().map(|service| service.name.as_str()).collect();
    for breach in broken.iter().flat_map(|rule| &rule.broken) {
        if !places.contains(&breach.place.as_str()) {
            places.push(&breach.place);
        }
    }
    let matrix = broken
        .into_iter()
        .map(|rule| (rule, places.iter().map(|place| mark(rule, place)).collect()))
        .collect();
    let command = plan.shell_words().join(" ");
    Page { plan, summary: plan.summary(), unguarded: plan.unguarded(), command, matrix, places, held }
        .render()
        .map_err(|_| std::fmt::Error)
}

fn mark<'p>(rule: &'p PlanRule, place: &str) -> Mark<'p> {
    let breach: Option<&PlanBreach> = rule.broken.iter().find(|breach| breach.place == place);
    let (class, sign, word) = match breach.map(|breach| (breach.standing, breach.dangerous)) {
        None => ("holds", "✓", "holds"),
        Some(("fails", _)) => ("bad", "✗", "fails"),
        Some(("waived", _)) => ("waived", "○", "waived"),
        Some((_, true)) => ("warn", "!", "dangerous"),
        Some(_) => ("open", "–", "not held"),
    };
    Mark { class, sign, word, at: breach.and_then(|breach| breach.at.as_deref()) }
}
