//! The plan for a person in a hurry: a line per fact that matters, then the command.

use std::fmt::Write;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::{Plan, PlanLock, PlanMount, PlanService, PlanUser};
use crate::ownership::HostStep;

/// The plan as text, in lines of at most `width` characters where that can be had.
pub fn write_human(plan: &Plan, width: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}  {}", plan.project, plan.directory);
    match &plan.policy {
        Some(policy) => {
            let _ = writeln!(out, "posture {}, by {}", policy.posture, policy.file);
        }
        None => {
            let _ = writeln!(out, "no policy: runs as docker compose would run it");
        }
    }
    files(plan, &mut out);
    services(plan, width, &mut out);
    steps(plan, &mut out);
    repairs(plan, &mut out);
    findings(plan, &mut out);
    let _ = writeln!(out, "\nThen\n  {}", plan.command.join(" "));
    out
}

fn files(plan: &Plan, out: &mut String) {
    let _ = writeln!(out, "\nFiles, in this order");
    let rows: Vec<Vec<String>> = plan
        .files
        .iter()
        .map(|file| {
            let digest = file.sha256.get(..12).unwrap_or(&file.sha256).to_owned();
            vec![file.role.name().to_owned(), file.name.clone(), format!("{} B", file.size), digest]
        })
        .collect();
    table(&rows, out);
}

fn services(plan: &Plan, width: usize, out: &mut String) {
    let _ = writeln!(out, "\nServices");
    let rows: Vec<Vec<String>> = plan
        .services
        .iter()
        .map(|service| {
            let user = user(&service.user);
            vec![service.name.clone(), service.image.clone(), user, service.ports.join(", ")]
        })
        .collect();
    table(&rows, out);
    let mounts: Vec<Vec<String>> = plan
        .services
        .iter()
        .flat_map(|service| {
            service.mounts.iter().map(move |mount| mount_row(service, mount, &plan.directory))
        })
        .collect();
    if !mounts.is_empty() {
        let _ = writeln!(out, "\nMounts");
        table(&mounts, out);
    }
    if !plan.disabled.is_empty() {
        let line = format!("Not enabled by a profile: {}", plan.disabled.join(", "));
        for line in textwrap::wrap(&line, width.max(40)) {
            let _ = writeln!(out, "{line}");
        }
    }
}

fn user(user: &PlanUser) -> String {
    let mut place = user.place.as_deref().map(|place| format!(", {place}")).unwrap_or_default();
    match &user.lock {
        Some(PlanLock::Has(at)) => {
            let _ = write!(place, ", {at}");
        }
        Some(PlanLock::New) => place.push_str(", new"),
        None => {}
    }
    match (&user.value, &user.pending) {
        (Some(value), _) => format!("user {value} ({}{place})", user.from),
        (None, Some(reason)) => {
            // The whole reason is in the JSON; a line of a table has room for its first clause.
            let first = reason.split(": ").next().unwrap_or(reason);
            format!("user not known: {first} ({}{place})", user.from)
        }
        (None, None) => format!("user by the image ({}{place})", user.from),
    }
}

fn mount_row(service: &PlanService, mount: &PlanMount, directory: &str) -> Vec<String> {
    let source =
        mount.source.as_deref().map_or_else(|| "anonymous".to_owned(), |source| short(source, directory));
    vec![
        service.name.clone(),
        mount.kind.clone(),
        source,
        mount.target.clone(),
        remark(service, mount).to_owned(),
    ]
}

fn remark(service: &PlanService, mount: &PlanMount) -> &'static str {
    match &mount.source {
        _ if mount.read_only => "read-only",
        Some(source) if service.state.contains(source) => "state",
        _ => "",
    }
}

/// Paths in the project as the project writes them.
fn short(path: &str, directory: &str) -> String {
    match Path::new(path).strip_prefix(directory) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => format!("./{}", inside.display()),
        Err(_) => path.to_owned(),
    }
}

fn steps(plan: &Plan, out: &mut String) {
    let _ = writeln!(out, "\nTo do on the host");
    if plan.steps.is_empty() && plan.repairs.is_empty() && plan.copies.is_empty() {
        let _ = writeln!(out, "  nothing: every bind source is there");
    }
    let rows: Vec<Vec<String>> = plan
        .steps
        .iter()
        .map(|step| {
            let place = step.place();
            let verb = match step {
                HostStep::CreateDirectory { .. } => "create directory",
                HostStep::CreateFile { .. } => "create file",
            };
            let owner = place.owner.map_or_else(|| "caller".to_owned(), |owner| owner.to_string());
            vec![
                verb.to_owned(),
                short(&step.full_path().to_string_lossy(), &plan.directory),
                owner,
                format!("{:04o}", place.mode),
                format!("for {}", place.service),
            ]
        })
        .collect();
    table(&rows, out);
}

fn repairs(plan: &Plan, out: &mut String) {
    let rows: Vec<Vec<String>> = plan
        .repairs
        .iter()
        .map(|repair| {
            vec![
                "keep right".to_owned(),
                short(&repair.path, &plan.directory),
                repair.owner.to_string(),
                format!("for {}", repair.service),
                format!("{} ({}): {}", repair.strategy, repair.by.describe(), repair.reason),
            ]
        })
        .collect();
    table(&rows, out);
    let rows: Vec<Vec<String>> = plan
        .copies
        .iter()
        .map(|copy| {
            let from = format!("from {}", short(&copy.from, &plan.directory));
            vec!["refresh".to_owned(), short(&copy.to, &plan.directory), copy.mode.clone(), from]
        })
        .collect();
    table(&rows, out);
}

fn findings(plan: &Plan, out: &mut String) {
    if plan.findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nFindings");
    let rows: Vec<Vec<String>> = plan
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place.clone().unwrap_or_default();
            vec![finding.severity.to_owned(), place, finding.message.replace('\n', " ")]
        })
        .collect();
    table(&rows, out);
}

/// Rows in aligned columns, indented; the last column is as wide as it is.
fn table(rows: &[Vec<String>], out: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, " {cell}{} ", " ".repeat(width - cell.width()));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}
