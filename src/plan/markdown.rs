//! The plan for a pull request.

use std::fmt::Write;

use super::{Plan, PlanService};

/// The plan as GitHub-flavoured Markdown.
pub fn write_markdown(plan: &Plan) -> String {
    let mut out = String::new();
    let verdict = if plan.refused { "refused" } else { "ready" };
    let _ = writeln!(out, "## {}: {verdict}\n\n{}.", text(&plan.project), plan.summary());
    let _ = match &plan.policy {
        Some(policy) => {
            writeln!(out, "Posture **{}**, by {}.", text(&policy.shown), code(&policy.file))
        }
        None => writeln!(out, "No policy: {}.", text(&plan.unguarded())),
    };
    let _ = writeln!(out, "Read as Docker Compose {}, {}.", text(&plan.compose.version), plan.compose.why);
    if let Some(engine) = plan.unheard() {
        let _ = writeln!(out, "{}.", text(&engine));
    }
    findings(plan, &mut out);
    table(
        "Services",
        &["service", "image", "user", "posture", "mounts", "ports"],
        plan.services.iter().map(|service| row(plan, service)),
        &mut out,
    );
    if !plan.disabled.is_empty() {
        let names: Vec<String> = plan.disabled.iter().map(|name| code(name)).collect();
        let _ = writeln!(out, "\nNot in this launch: {}.", names.join(", "));
    }
    let changes = plan.changes.iter().map(|change| {
        let place = change.place.as_deref().map(code).unwrap_or_default();
        vec![text(&change.class), text(&change.what), place, change.since.to_owned()]
    });
    table("Changes", &["class", "what", "where", "since"], changes, &mut out);
    let steps = plan.steps.iter().map(|step| {
        vec![
            step.step.replace('-', " "),
            code(&plan.short(&step.path)),
            step.whose().to_owned(),
            step.mode.clone().unwrap_or_default(),
            step.service.as_deref().map(code).unwrap_or_default(),
            step.how.as_deref().map(text).unwrap_or_default(),
        ]
    });
    table("To do on the host", &["what", "path", "owner", "mode", "for", "how"], steps, &mut out);
    let files = plan.files.iter().map(|file| {
        vec![
            file.role.name().to_owned(),
            code(&plan.short(&file.name)),
            format!("{} B", file.size),
            code(file.digest()),
        ]
    });
    table("Files, in this order", &["role", "file", "size", "sha256"], files, &mut out);
    let _ = writeln!(out, "\n### Command\n\n{}", block(&plan.shell_words().join(" ")));
    out
}

fn row(plan: &Plan, service: &PlanService) -> Vec<String> {
    let (who, grounds) = service.user.describe();
    let mut posture: Vec<String> = service.posture.iter().map(|word| text(word)).collect();
    for (rule, breach) in plan.breaches(&service.name) {
        match (breach.standing, breach.dangerous) {
            ("fails", _) => posture.push(format!("**breaks {rule}**")),
            ("waived", _) => posture.push(format!("waived {rule}")),
            (_, true) => posture.push(format!("dangerous: {rule}")),
            _ => {}
        }
    }
    let mounts: Vec<String> = service
        .mounts
        .iter()
        .map(|mount| {
            let source = plan.source(mount);
            let remark = service.remark(mount);
            let line = format!("{} → {} {remark}", code(&source), code(&mount.target));
            line.trim_end().to_owned()
        })
        .collect();
    let ports: Vec<String> = service.ports.iter().map(|port| code(port)).collect();
    let user = format!("{}<br>{}", code(&who), text(&grounds));
    vec![
        code(&service.name),
        code(&plan.image(service)),
        user.trim_end_matches("<br>").to_owned(),
        posture.join(", "),
        mounts.join("<br>"),
        ports.join("<br>"),
    ]
}

fn findings(plan: &Plan, out: &mut String) {
    if plan.findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n### Findings\n");
    for finding in &plan.findings {
        let place = finding.place.as_deref().map(|place| format!(" ({})", code(place))).unwrap_or_default();
        let _ = writeln!(out, "- **{}** {}{place}", finding.severity, text(&finding.message));
    }
}

fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>, out: &mut String) {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
    let _ = writeln!(out, "\n### {title}\n\n{}\n{}", line(&head), line(&rule));
    for row in rows {
        let _ = writeln!(out, "{}", line(&row));
    }
}

/// Plain words: nothing in them is markup, and they stay on their line.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '@' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// A code span that holds any text, also inside a table.
fn code(words: &str) -> String {
    let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if words.is_empty() {
        return String::new();
    }
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", words.replace('|', "\\|"))
}

fn block(words: &str) -> String {
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}console\n{}\n{fence}", words.replace('\n', " "))
}
