//! The answers for people.

use std::fmt::Write;

use super::{Answers, Asked, Attribution, Basis, Report};

impl Report {
    pub fn human(&self) -> String {
        let mut text = String::new();
        for answers in &self.answers {
            text.push_str(&one(answers));
        }
        text
    }
}

fn one(answers: &Answers) -> String {
    let mut text = match &answers.asked {
        Asked::Number(number) => number.to_string(),
        Asked::Uid(uid) => format!("uid {uid}"),
        Asked::Pid(pid) => format!("process {pid}"),
        Asked::Path(path) => path.display().to_string(),
        Asked::Container(name) => name.clone(),
    };
    text.push('\n');
    for found in &answers.found {
        let _ = writeln!(text, "  {}", whose(found));
        let _ = writeln!(text, "    {}{}", found.why, when(found));
    }
    for note in &answers.notes {
        let _ = writeln!(text, "  {note}");
    }
    if answers.found.is_empty() && answers.notes.is_empty() {
        text.push_str("  nobody is known\n");
    }
    text
}

fn whose(found: &Attribution) -> String {
    let mut words = Vec::new();
    if let Some(uid) = found.container_uid {
        words.push(match found.host_uid {
            Some(host) if host != uid => format!("uid {uid} (here {host})"),
            _ => format!("uid {uid}"),
        });
    }
    if let Some(pid) = found.container_pid {
        words.push(format!("pid {pid}"));
    }
    if let Some(path) = &found.container_path {
        words.push(path.display().to_string());
    }
    let what = if words.is_empty() { String::new() } else { format!("{} in ", words.join(", ")) };
    let may = if found.basis == Basis::Map { "may be " } else { "" };
    let service = match (found.service.as_str(), found.project.as_str()) {
        ("", _) => String::new(),
        (service, "") => format!("service {service}, "),
        (service, project) => format!("service {service} of project {project}, "),
    };
    let container = match (&found.container, &found.id) {
        (Some(name), Some(id)) => format!("container {name} {}", id.get(..12).unwrap_or(id)),
        (Some(name), None) => format!("container {name}"),
        _ => "container not noted".to_owned(),
    };
    format!("{may}{what}{service}{container} ({})", found.state)
}

fn when(found: &Attribution) -> String {
    match (&found.from, &found.until) {
        (Some(from), Some(until)) if from != until => format!(", {from} to {until}"),
        (Some(from), _) => format!(", {from}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_says_whose_it_is_and_why() {
        let found = Attribution {
            basis: Basis::History,
            project: "shop".into(),
            service: "agent".into(),
            container: Some("shop-agent-1".into()),
            id: Some("0123456789abcdef".into()),
            state: "gone".into(),
            container_uid: Some(1000),
            host_uid: Some(232_072),
            pid: None,
            container_pid: None,
            container_path: None,
            from: Some("2026-01-02T03:04:05Z".into()),
            until: Some("2026-01-03T03:04:05Z".into()),
            why: "a launch was noted with this user, in /srv/shop".into(),
        };
        let answers = Answers { asked: Asked::Uid(232_072), found: vec![found], notes: vec![] };
        let nobody = Answers { asked: Asked::Number(7), found: vec![], notes: vec![] };
        let report = Report { version: 1, unknown: None, unreadable: 0, answers: vec![answers, nobody] };
        let expected = "\
uid 232072
  uid 1000 (here 232072) in service agent of project shop, container shop-agent-1 0123456789ab (gone)
    a launch was noted with this user, in /srv/shop, 2026-01-02T03:04:05Z to 2026-01-03T03:04:05Z
7
  nobody is known
";
        assert_eq!(report.human(), expected);
    }
}
