//! Whether what runs is what was verified, container by container.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::compose::Model;
use crate::engine::Inspection;
use crate::engine::container::State;
use crate::launch::facts::Facts;
use crate::launch::live::{Weakness, is_one_off};
use crate::launch::proof::compare;
use crate::policy::Policy;
use crate::source::SourceMap;

/// The report on one project.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub project: String,
    /// Nothing is weaker than the model, and nothing is unknown to it.
    pub holds: bool,
    pub containers: Vec<Row>,
    /// Networks and volumes that are not what the model says.
    pub resources: Vec<Row>,
}

/// One container, network or volume.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Made by `run`.
    pub one_off: bool,
    pub holds: bool,
    pub weaknesses: Vec<Placed>,
}

/// A weakness with the place in the files that says otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Placed {
    #[serde(flatten)]
    pub weakness: Weakness,
    /// `file:line:column`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Compares. `services` are those asked about; none means all, and whatever else belongs to the project.
pub fn report(
    (model, selected): (&Model, &Model),
    policy: Option<&Policy>,
    services: &[String],
    facts: &Facts,
    sources: &SourceMap,
) -> Report {
    let live = facts.containers.iter().map(|container| container.service.clone());
    let known = model.services().map(|(name, _)| name.to_owned());
    let mut asked: BTreeSet<String> = live.chain(known).collect();
    if !services.is_empty() {
        asked.retain(|name| services.contains(name));
    }
    let mut by_name: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
    for weakness in compare((model, selected), policy, &asked, facts, &|_| false) {
        let place = weakness.origin.span().map(|span| sources.describe(span));
        by_name.entry(weakness.container.clone()).or_default().push(Placed { weakness, place });
    }
    let mut containers: Vec<Row> = facts
        .containers
        .iter()
        .filter(|container| asked.contains(&container.service))
        .map(|container| row(container, by_name.remove(&container.name).unwrap_or_default()))
        .collect();
    containers.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
    // What is left is about networks and volumes.
    let resources: Vec<Row> = by_name
        .into_iter()
        .map(|(name, weaknesses)| Row {
            name,
            service: String::new(),
            state: None,
            one_off: false,
            holds: false,
            weaknesses,
        })
        .collect();
    let holds = resources.is_empty() && containers.iter().all(|row| row.holds);
    Report { project: model.name.clone(), holds, containers, resources }
}

fn row(container: &Inspection, weaknesses: Vec<Placed>) -> Row {
    Row {
        name: container.name.clone(),
        service: container.service.clone(),
        state: Some(container.state.clone()),
        one_off: is_one_off(container),
        holds: weaknesses.is_empty(),
        weaknesses,
    }
}

impl Report {
    pub fn weaknesses(&self) -> impl Iterator<Item = &Weakness> {
        let rows = self.containers.iter().chain(&self.resources);
        rows.flat_map(|row| &row.weaknesses).map(|placed| &placed.weakness)
    }

    /// A table with a line for each container, and below each what is wrong with it.
    pub fn human(&self) -> String {
        if self.containers.is_empty() && self.resources.is_empty() {
            return format!("No containers of project {}.\n", self.project);
        }
        let heads = ["CONTAINER", "SERVICE", "STATE", "VERDICT"].map(str::to_owned);
        let lines = self.containers.iter().chain(&self.resources).map(|row| {
            let state =
                row.state.as_ref().map(|state| format!("{state:?}").to_lowercase()).unwrap_or_default();
            let state = if row.one_off { format!("{state}, by run") } else { state };
            let verdict = match row.weaknesses.len() {
                0 => "as verified".to_owned(),
                _ if row.weaknesses.iter().all(|one| one.weakness.is_unproved) => "not known".to_owned(),
                1 => "1 weakness".to_owned(),
                count => format!("{count} weaknesses"),
            };
            ([row.name.clone(), row.service.clone(), state, verdict], Some(row))
        });
        let lines: Vec<_> = std::iter::once((heads, None)).chain(lines).collect();
        let width = |column: usize| {
            lines
                .iter()
                .filter_map(|(cells, _)| cells.get(column))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2)];
        let mut text = String::new();
        for (cells, row) in &lines {
            let mut line = String::new();
            for (at, cell) in cells.iter().enumerate() {
                let gap = widths.get(at).map_or(0, |width| width - cell.width() + 2);
                let _ = write!(line, "{cell}{}", " ".repeat(gap));
            }
            let _ = writeln!(text, "{}", line.trim_end());
            for Placed { weakness, place } in row.iter().flat_map(|row| &row.weaknesses) {
                let _ = writeln!(text, "  {}: {}, not {}", weakness.field, weakness.found, weakness.expected);
                let place = place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
                let _ = writeln!(text, "    {}{place}", weakness.why);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;

    fn weakness(container: &str) -> Placed {
        let weakness = Weakness {
            is_of_program: false,
            is_unproved: false,
            service: "web".into(),
            container: container.into(),
            field: "HostConfig.PidsLimit".into(),
            key: "pids_limit".into(),
            expected: "at most 64".into(),
            found: "no limit".into(),
            why: "it can start more processes".into(),
            origin: Origin::CommandLine,
        };
        Placed { weakness, place: Some("compose.yaml:3:5".into()) }
    }

    fn rows() -> Report {
        let good = Row {
            name: "p-db-1".into(),
            service: "db".into(),
            state: Some(State::Running),
            one_off: false,
            holds: true,
            weaknesses: vec![],
        };
        let weak = Row {
            name: "p-web-run-1".into(),
            service: "web".into(),
            one_off: true,
            holds: false,
            weaknesses: vec![weakness("p-web-run-1")],
            ..good.clone()
        };
        Report { project: "p".into(), holds: false, containers: vec![good, weak], resources: vec![] }
    }

    #[test]
    fn people_see_a_line_for_each_container_and_what_is_wrong_with_it() {
        let expected = "\
CONTAINER    SERVICE  STATE            VERDICT
p-db-1       db       running          as verified
p-web-run-1  web      running, by run  1 weakness
  HostConfig.PidsLimit: no limit, not at most 64
    it can start more processes (compose.yaml:3:5)
";
        assert_eq!(rows().human(), expected);
        let none = Report { containers: vec![], ..rows() };
        assert_eq!(none.human(), "No containers of project p.\n");
    }

    #[test]
    fn programs_get_the_same() {
        let value = serde_json::to_value(rows()).unwrap();
        assert_eq!(value["holds"], false);
        assert_eq!(value["containers"][0]["state"], "running");
        let weakness = &value["containers"][1]["weaknesses"][0];
        assert_eq!(
            (&weakness["field"], &weakness["place"]),
            (&"HostConfig.PidsLimit".into(), &"compose.yaml:3:5".into())
        );
    }
}
