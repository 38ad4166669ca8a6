//! The pages of the table: `docs/swarm.md` and `docs/kubernetes.md`.

use std::fmt::Write;

use super::kube::profile::CHECKS;
use super::table::{Client, Row, Verdict, rows};

const GENERATED: &str =
    "<!-- Generated from the table of fields; SEAWORTHY_BLESS=1 cargo test --lib reach rewrites it. -->\n";

/// Rows of services, and of all else.
fn sections() -> [(&'static str, Vec<&'static Row>); 2] {
    let (services, others) = rows().partition(|row| row.place.starts_with("services.*."));
    [("Services", services), ("Networks, volumes, secrets, configs", others)]
}

fn cell(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.to_owned() }
}

/// `docs/kubernetes.md`
pub fn kubernetes() -> String {
    let mut text = String::from(include_str!("document/kubernetes.md"));
    text.insert_str(text.find('\n').map_or(0, |end| end + 1), &format!("\n{GENERATED}"));
    let counted = |verdict: Verdict| rows().filter(|row| row.kube == verdict).count();
    let _ = write!(
        text,
        "\n## Key by key\n\n{} keys are kept, {} translated, {} refused; {} say nothing about what runs. A key that has several verdicts \
         by its value has the best of them here, and the text names what is refused. The last column is `kompose convert` 1.38, by \
         its own table and its source: what it drops, it drops without a word.\n",
        counted(Verdict::Same),
        counted(Verdict::Near),
        counted(Verdict::Refused),
        counted(Verdict::Local)
    );
    for (title, rows) in sections() {
        let _ = write!(
            text,
            "\n### {title}\n\n| key | seaworthy | on Kubernetes | kompose |\n|---|---|---|---|\n"
        );
        for row in rows {
            let what = match (row.todo, row.kube) {
                (todo, Verdict::Refused) => format!("{}. {todo}", row.kube_text),
                _ => row.kube_text.to_owned(),
            };
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                row.key(),
                row.kube.name(),
                cell(&what),
                row.kompose.name()
            );
        }
    }
    let _ = write!(
        text,
        "\n## Levels of Pod Security\n\nThe label on the Namespace is the strictest level that every pod fits, by these checks. \
         Nothing is admitted or refused by seaworthy for it.\n\n| check | from | demands |\n|---|---|---|\n"
    );
    for check in CHECKS {
        let _ = writeln!(text, "| {} | {} | {} |", check.id, check.level, check.demands);
    }
    text
}

/// The answer of Swarm to a key; where it is refused, with the reason and the remedy.
fn swarm_cell(row: &Row) -> String {
    if row.api == Verdict::Refused {
        return format!("{}. {}", row.why_not_on_swarm(), row.todo_on_swarm());
    }
    row.swarm_text.to_owned()
}

/// `docs/swarm.md`
pub fn swarm() -> String {
    let mut text = String::from(include_str!("document/swarm.md"));
    text.insert_str(text.find('\n').map_or(0, |end| end + 1), &format!("\n{GENERATED}"));
    let counted = |client: Client| rows().filter(|row| row.client == client).count();
    let _ = write!(
        text,
        "\n## Key by key\n\nOf {} keys `docker stack deploy` keeps {}, gives {} another meaning, drops {} with a line and {} without a \
         word, and refuses {}. The last columns say what `stack deploy` makes of it. A key that has several verdicts by its value has the best of them here.\n",
        rows().count(),
        counted(Client::Kept),
        counted(Client::Changed),
        counted(Client::Dropped),
        counted(Client::Lost),
        counted(Client::Refused)
    );
    for (title, rows) in sections() {
        let _ =
            write!(text, "\n### {title}\n\n| key | docker stack deploy | seaworthy | |\n|---|---|---|---|\n");
        for row in rows {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                row.key(),
                row.client.name(),
                row.api.name(),
                cell(&swarm_cell(row))
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_are_in_step_with_the_table() {
        for (name, page) in [("kubernetes", kubernetes()), ("swarm", swarm())] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{name}.md"));
            if std::env::var_os("SEAWORTHY_BLESS").is_some() {
                std::fs::write(&path, &page).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(written == page, "docs/{name}.md is stale: run SEAWORTHY_BLESS=1 cargo test --lib reach");
        }
    }

    #[test]
    fn every_row_is_on_both_pages() {
        let (kubernetes, swarm) = (kubernetes(), swarm());
        for row in rows() {
            let cell = format!("\n| `{}` |", row.key());
            // A service and the project have keys of one name, each in its section.
            let count = rows().filter(|other| other.key() == row.key()).count();
            for page in [&kubernetes, &swarm] {
                assert_eq!(page.matches(&cell).count(), count, "{cell}");
            }
        }
    }
}
