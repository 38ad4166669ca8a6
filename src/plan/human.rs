//! The plan for a person in a hurry: a line per fact that matters, then the command.

use super::layout::{Cell, Page, Piece, Tone};
use super::{Plan, PlanFile, PlanOwner, PlanService};
use crate::diagnostic::Screen;

/// The plan as text that fits the screen.
pub fn write_human(plan: &Plan, screen: Screen) -> String {
    let mut page = Page::new(screen);
    head(plan, &mut page);
    files(plan, &mut page);
    services(plan, &mut page);
    changes(plan, &mut page);
    steps(plan, &mut page);
    findings(plan, &mut page);
    command(plan, screen, &mut page);
    page.finish()
}

fn head(plan: &Plan, page: &mut Page) {
    page.hanging(
        &[Piece::new(&plan.project, Tone::Heading), Piece::from("  ")],
        &Piece::from(plan.directory.as_str()),
    );
    let policy = match &plan.policy {
        Some(policy) => format!("posture {}, by {}", policy.shown, policy.file),
        None => format!("no policy: {}", plan.unguarded()),
    };
    page.hanging(&[], &Piece::from(policy));
    let compose = format!("read as Docker Compose {}, {}", plan.compose.version, plan.compose.why);
    page.hanging(&[], &Piece::from(compose));
    if let Some(engine) = plan.unheard() {
        page.hanging(&[], &Piece::new(engine, Tone::Bad));
    }
    let (word, tone) = if plan.refused { ("refused", Tone::Bad) } else { ("ready", Tone::Good) };
    page.hanging(&[Piece::new(word, tone), Piece::from(": ")], &Piece::from(plan.summary()));
}

fn files(plan: &Plan, page: &mut Page) {
    page.heading("Files, in this order");
    let rows = |with_size: bool| -> Vec<Vec<Cell>> {
        let row = |file: &PlanFile| -> Vec<Cell> {
            let size = Piece::new(format!("{} B", file.size), Tone::Dim);
            let mut row =
                vec![vec![Piece::from(file.role.name())], vec![Piece::from(plan.short(&file.name))]];
            row.extend(with_size.then(|| vec![size]));
            row.push(vec![Piece::new(file.digest(), Tone::Dim)]);
            row
        };
        plan.files.iter().map(row).collect()
    };
    if !page.columns(&rows(true)) {
        page.rows(&rows(false));
    }
}

/// The parts of a service, in their order.
const PARTS: [&str; 4] = ["user", "posture", "mounts", "ports"];

fn services(plan: &Plan, page: &mut Page) {
    page.heading("Services");
    if plan.services.is_empty() {
        page.line(&[Piece::from("  none")]);
    } else if ![3, 2, 1].into_iter().any(|words| page.columns(&table(plan, words))) {
        for service in &plan.services {
            let parts = parts(plan, service, usize::MAX);
            let name = Piece::new(format!("  {}", service.name), Tone::Heading);
            page.line(&[name, Piece::from(format!("  {}", plan.image(service)))]);
            for (title, lines) in PARTS.iter().zip(&parts) {
                let width = PARTS.iter().map(|part| part.len()).max().unwrap_or(0);
                for (at, line) in lines.iter().enumerate() {
                    let title = if at == 0 { title } else { "" };
                    page.hanging(&[Piece::new(format!("    {title:width$}  "), Tone::Dim)], line);
                }
            }
        }
    }
    if !plan.disabled.is_empty() {
        let names = Piece::from(plan.disabled.join(", "));
        page.hanging(&[Piece::new("  not in this launch: ", Tone::Dim)], &names);
    }
}

/// Everything in columns, with so many words of the posture on a line.
fn table(plan: &Plan, words: usize) -> Vec<Vec<Cell>> {
    let titles = ["service", "image"].into_iter().chain(PARTS);
    let mut rows: Vec<Vec<Cell>> = vec![titles.map(|title| vec![Piece::new(title, Tone::Dim)]).collect()];
    for service in &plan.services {
        let first = [vec![Piece::new(&service.name, Tone::Heading)], vec![Piece::from(plan.image(service))]];
        let mut parts = parts(plan, service, words);
        let [user, ..] = &mut parts;
        *user = user.iter().flat_map(|piece| piece.text.split(", ")).map(Piece::from).collect();
        rows.push(first.into_iter().chain(parts).collect());
    }
    rows
}

fn parts(plan: &Plan, service: &PlanService, words: usize) -> [Cell; 4] {
    let (who, grounds) = service.user.describe();
    let user = vec![Piece::from(format!("{who}, {grounds}").trim_end_matches(", "))];
    let mounts = service
        .mounts
        .iter()
        .map(|mount| {
            let source = plan.source(mount);
            let arrow = format!("{source} → {}  {}", mount.target, service.remark(mount));
            Piece::from(arrow.trim_end())
        })
        .collect();
    let ports = service.ports.iter().map(|port| Piece::from(port.as_str())).collect();
    [user, posture(plan, service, words), mounts, ports]
}

/// What holds the container, in lines of a few words, and what stands against it.
fn posture(plan: &Plan, service: &PlanService, words: usize) -> Cell {
    let mut lines: Cell = Vec::new();
    if service.posture.is_empty() {
        lines.push(Piece::new("as the engine has it", Tone::Dim));
    }
    lines.extend(service.posture.chunks(words).map(|words| Piece::from(words.join(", "))));
    let standing = |wanted: &str, all: bool| -> Vec<&str> {
        let breaches = plan.breaches(&service.name);
        breaches
            .filter(|(_, breach)| breach.standing == wanted && (all || breach.dangerous))
            .map(|(rule, _)| rule)
            .collect()
    };
    for (wanted, all, label, tone) in [
        ("fails", true, "breaks", Tone::Bad),
        ("tolerated", false, "dangerous:", Tone::Warning),
        ("waived", true, "waived", Tone::Dim),
    ] {
        let rules = standing(wanted, all);
        for (at, rules) in rules.chunks(words).enumerate() {
            let label = if at == 0 { label } else { " " };
            lines.push(Piece::new(format!("{label} {}", rules.join(", ")), tone));
        }
    }
    lines
}

fn changes(plan: &Plan, page: &mut Page) {
    if plan.changes.is_empty() {
        return;
    }
    page.heading("Changes");
    for change in &plan.changes {
        let tone = if change.class == "weakens" { Tone::Bad } else { Tone::Plain };
        let before = [Piece::from("  "), Piece::new(&change.class, tone), Piece::from("  ")];
        let place = change.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        page.hanging(&before, &Piece::from(format!("{}{place}, since the {}", change.what, change.since)));
    }
}

fn steps(plan: &Plan, page: &mut Page) {
    page.heading("To do on the host");
    let waiting: Vec<&PlanOwner> = plan.owners.iter().filter(|owner| owner.outcome == "wait").collect();
    if plan.steps.is_empty() && waiting.is_empty() {
        let text = match (plan.refused, plan.owners.iter().all(|owner| owner.outcome == "present")) {
            (true, _) => "  nothing, since this is refused",
            (false, true) => "  nothing: all that is mounted is there",
            (false, false) => "  nothing",
        };
        page.line(&[Piece::from(text)]);
    }
    let rows: Vec<Vec<Cell>> = plan
        .steps
        .iter()
        .map(|step| {
            let cells = [
                step.step.replace('-', " "),
                plan.short(&step.path),
                step.whose().to_owned(),
                step.mode.clone().unwrap_or_default(),
                step.service.as_ref().map(|service| format!("for {service}")).unwrap_or_default(),
                step.how.as_deref().map(|how| plan.short(how)).unwrap_or_default(),
            ];
            cells.into_iter().map(|cell| vec![Piece::from(cell)]).collect()
        })
        .collect();
    page.rows(&rows);
    for owner in waiting {
        let why = owner.why.as_deref().unwrap_or_default();
        let text = format!("{} for {}: not known yet, {why}", plan.short(&owner.source), owner.service);
        page.hanging(&[Piece::new("  wait  ", Tone::Warning)], &Piece::from(text));
    }
}

fn findings(plan: &Plan, page: &mut Page) {
    if plan.findings.is_empty() {
        return;
    }
    page.heading("Findings");
    for finding in &plan.findings {
        let tone = match finding.severity {
            "error" => Tone::Bad,
            "warning" => Tone::Warning,
            _ => Tone::Dim,
        };
        let place =
            finding.place.as_ref().map(|place| format!(" ({})", plan.short(place))).unwrap_or_default();
        let text = format!("{}{place}", finding.message.replace('\n', " "));
        page.hanging(
            &[Piece::from("  "), Piece::new(format!("{:7}  ", finding.severity), tone)],
            &Piece::from(text),
        );
    }
}

/// The command so that it can be copied: lines that are too long end with a backslash.
fn command(plan: &Plan, screen: Screen, page: &mut Page) {
    page.heading(if plan.refused { "Without the refusal, then" } else { "Then" });
    let mut line = String::from(" ");
    let mut lines: Vec<String> = Vec::new();
    let mut units: Vec<String> = Vec::new();
    for word in plan.shell_words() {
        match units.last_mut() {
            // A flag stays with its value.
            Some(last) if last.starts_with('-') && !last.contains(' ') && !word.starts_with('-') => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => units.push(word),
        }
    }
    for word in units {
        if line.len() > 4 && line.chars().count() + word.chars().count() + 3 > screen.width {
            lines.push(format!("{line} \\"));
            line = String::from("   ");
        }
        line.push(' ');
        line.push_str(&word);
    }
    lines.push(line);
    for line in lines {
        page.line(&[Piece::from(line)]);
    }
}
