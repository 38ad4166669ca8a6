//! The table for people.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Conflict, Effect, Mount, Report, Service, words};

impl Report {
    pub fn human(&self) -> String {
        let mut text = String::new();
        if let Some(assumed) = &self.assumed {
            let first = assumed.uids.first().map(|range| (range.container, range.host, range.length));
            let (container, host, length) = first.unwrap_or_default();
            let end = length.saturating_sub(1);
            let _ = writeln!(
                text,
                "If the engine mapped users, {container}-{} to {host}-{}; each pair is off → on.",
                container.saturating_add(end),
                host.saturating_add(end)
            );
            if assumed.in_force {
                let _ = writeln!(text, "It does so already.");
            }
            text.push('\n');
        }
        text.push_str(&table(&self.services.iter().map(user).collect::<Vec<_>>(), USERS));
        let mounts: Vec<_> =
            self.services.iter().flat_map(|one| one.mounts.iter().map(move |at| mount(one, at))).collect();
        if !mounts.is_empty() {
            text.push('\n');
            text.push_str(&table(&mounts, MOUNTS));
        }
        for reason in self.unknowns() {
            let _ = write!(text, "\n{reason}");
        }
        if self.unknowns().next().is_some() {
            text.push('\n');
        }
        for conflict in &self.conflicts {
            let when = if conflict.assumed { " would be" } else { " is" };
            let _ = writeln!(
                text,
                "\n{}{when} used under different maps: {}",
                conflict.path.display(),
                conflict.users().join(", ")
            );
            for way in &conflict.ways_out {
                let _ = writeln!(text, "  → {way}");
            }
        }
        self.changes(&mut text);
        text
    }

    /// What is not known, with the reason.
    fn unknowns(&self) -> impl Iterator<Item = String> {
        self.services.iter().flat_map(|service| {
            let user = service.now.unknown.iter().map(|reason| format!("{}: {reason}", service.name));
            let mounts = service.mounts.iter().filter_map(|mount| {
                let reason =
                    mount.unknown.as_ref().filter(|reason| Some(*reason) != service.now.unknown.as_ref());
                reason.map(|reason| format!("{} {}: {reason}", service.name, mount.target.display()))
            });
            user.chain(mounts).collect::<Vec<_>>()
        })
    }

    fn changes(&self, text: &mut String) {
        let heads = [
            (Effect::Refused, "Would be refused"),
            (Effect::Breaks, "Would break"),
            (Effect::LeftBehind, "Would stay behind"),
            (Effect::Renumbered, "Would have other numbers on the host"),
            (Effect::Unknown, "Not known"),
            (Effect::CarriesOver, "Carries over"),
        ];
        for (effect, head) in heads {
            let of = || self.changes.iter().filter(|change| change.effect == effect);
            if of().next().is_none() {
                continue;
            }
            let _ = writeln!(text, "\n{head}");
            let mut said = None;
            for change in of() {
                let target = change.target.as_ref().map(|target| format!(" {target}")).unwrap_or_default();
                let _ = writeln!(text, "  {}{target}: {}", change.service, change.what);
                if let Some(remedy) = change.remedy.as_ref().filter(|remedy| said != Some(*remedy)) {
                    let _ = writeln!(text, "    → {remedy}");
                    said = Some(remedy);
                }
            }
        }
    }
}

impl Conflict {
    /// Each service with its host user.
    pub fn users(&self) -> Vec<String> {
        let pairs = self.services.iter().zip(&self.owners);
        pairs.map(|(service, owner)| format!("{service} as {owner}")).collect()
    }
}

const USERS: [&str; 4] = ["SERVICE", "IN THE CONTAINER", "ON THE HOST", "NAME"];
const MOUNTS: [&str; 6] = ["SERVICE", "PATH", "ON DISK", "SEEN AS", "READS", "WRITES"];

fn user(service: &Service) -> [String; 4] {
    let then = service.then.as_ref();
    [
        service.name.clone(),
        words::inside(service),
        pair(words::owner(&service.now), then.map(words::owner)),
        pair(words::name(&service.now), then.map(words::name)),
    ]
}

fn mount(service: &Service, mount: &Mount) -> [String; 6] {
    let can = |can: Option<bool>| match can {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => words::missing(mount),
    };
    let then = mount.then.as_ref();
    [
        service.name.clone(),
        mount.target.display().to_string(),
        words::disk(mount),
        pair(words::seen(mount, &mount.now), then.map(|then| words::seen(mount, then))),
        pair(can(mount.now.reads), then.map(|then| can(then.reads))),
        pair(can(mount.now.writes), then.map(|then| can(then.writes))),
    ]
}

/// Both where they differ.
fn pair(now: String, then: Option<String>) -> String {
    match then {
        Some(then) if then != now => format!("{now} → {then}"),
        _ => now,
    }
}

fn table<const N: usize>(rows: &[[String; N]], heads: [&str; N]) -> String {
    let heads = heads.map(str::to_owned);
    let all = || std::iter::once(&heads).chain(rows);
    let widths: Vec<usize> = (0..N)
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell}{}", " ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::idmap::Range;
    use crate::operate::ids::{Assumed, Change, HostUser, Rights};

    fn host(owner: &str, user: Option<&str>) -> HostUser {
        let name = user.map(str::to_owned);
        HostUser { owner: Some(owner.into()), user: name.clone(), group: name, unknown: None }
    }

    #[test]
    fn off_and_on_stand_side_by_side() {
        let rights =
            |seen: &str, can| Rights { seen: Some(seen.into()), reads: Some(true), writes: Some(can) };
        let mount = Mount {
            target: "/state".into(),
            source: Some("/srv/p/state".into()),
            volume: None,
            read_only: false,
            idmap: false,
            disk: Some("1000:1000".into()),
            mode: Some("0755".into()),
            unknown: None,
            now: rights("1000:1000", true),
            then: Some(rights("65534:65534", false)),
        };
        let service = Service {
            name: "agent".into(),
            userns_mode: String::new(),
            user: Some("1000:1000".into()),
            groups: vec![999],
            now: host("1000:1000", Some("op")),
            then: Some(host("101000:101000", None)),
            mounts: vec![mount],
        };
        let range = Range { container: 0, host: 100_000, length: 65536 };
        let change = Change {
            service: "agent".into(),
            target: Some("/state".into()),
            effect: Effect::Breaks,
            what: "it could not write it any more".into(),
            remedy: Some("chown".into()),
        };
        let mut report = Report {
            version: 1,
            project: "p".into(),
            assumed: Some(Assumed { uids: vec![range], gids: vec![range], in_force: false }),
            services: vec![service],
            conflicts: Vec::new(),
            changes: vec![change],
        };
        let expected = "\
If the engine mapped users, 0-65535 to 100000-165535; each pair is off → on.

SERVICE  IN THE CONTAINER  ON THE HOST                NAME
agent    1000:1000 +999    1000:1000 → 101000:101000  op:op → -

SERVICE  PATH    ON DISK         SEEN AS                  READS  WRITES
agent    /state  1000:1000 0755  1000:1000 → 65534:65534  yes    yes → no

Would break
  agent /state: it could not write it any more
    → chown
";
        assert_eq!(report.human(), expected);
        report.services[0].mounts[0].unknown = Some("no answer".into());
        report.services[0].mounts[0].disk = None;
        assert!(report.human().contains("agent    /state  ?  "), "{}", report.human());
        assert!(report.human().contains("\nagent /state: no answer\n"), "{}", report.human());
    }
}
