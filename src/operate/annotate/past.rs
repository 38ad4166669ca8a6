//! The history of launches: it attributes a uid after its container was removed.

use foldhash::{HashMap, HashMapExt};

use super::whose::Named;
use crate::engine::{Identity, Inspection};
use crate::operate::history::Record;
use crate::operate::probe::time;
use crate::operate::whois::ended_at;

/// One service or container, from its first launch to its end as far as that is known.
pub(super) struct Noted {
    pub named: Named,
    pub inside: u32,
    pub is_mapped: bool,
    since: i64,
    /// Up to here it was launched again, or its project was taken down only then.
    certain: i64,
    until: i64,
}

impl Noted {
    pub fn is_certain(&self, at: i64) -> bool {
        (self.since..=self.certain).contains(&at)
    }
}

/// Noted launches by host uid.
#[derive(Default)]
pub(super) struct Past {
    by_user: HashMap<u32, Vec<Noted>>,
    /// Containers that the engine has removed, each with the time at which that was seen.
    gone: HashMap<String, i64>,
}

impl Past {
    /// Takes what was noted anew, beside what this engine has at this moment.
    pub fn take(&mut self, records: &[Record], engine: &Identity, containers: &[Inspection], now: i64) {
        let mut gone = HashMap::new();
        self.by_user.clear();
        for record in records {
            let mut until = record.ended.map_or(i64::MAX, milliseconds);
            if record.engine == *engine {
                until = until.min(match standing(record, containers) {
                    Standing::There => i64::MAX,
                    Standing::Ended(at) => at,
                    Standing::Absent => {
                        let key = key(record);
                        let at = self.gone.get(&key).copied().unwrap_or(now);
                        gone.insert(key, at);
                        at
                    }
                });
            }
            let map = record.map();
            self.by_user.entry(record.host.uid).or_default().push(Noted {
                named: Named {
                    project: record.project.as_str().into(),
                    service: record.service.as_str().into(),
                    container: record.name.as_deref().unwrap_or_default().into(),
                },
                inside: record.user.uid,
                is_mapped: !map.is_identity(),
                since: milliseconds(record.from),
                certain: milliseconds(record.ended.unwrap_or(record.until)).min(until),
                until,
            });
        }
        self.gone = gone;
    }

    pub fn has(&self, uid: u32) -> bool {
        self.by_user.contains_key(&uid)
    }

    /// Those that may have run at a moment.
    pub fn of(&self, uid: u32, at: i64) -> impl Iterator<Item = &Noted> {
        let all = self.by_user.get(&uid).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(move |noted| (noted.since..=noted.until).contains(&at))
    }
}

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// The container, or the service where the container was not known.
fn key(record: &Record) -> String {
    record.container.clone().unwrap_or_else(|| format!("{}/{}", record.project, record.service))
}

/// The noted containers that the engine still has.
enum Standing {
    There,
    Ended(i64),
    Absent,
}

fn standing(record: &Record, containers: &[Inspection]) -> Standing {
    let is_own = |one: &&Inspection| match &record.container {
        Some(id) => one.id == *id,
        None => one.service == record.service && one.label("com.docker.compose.project") == record.project,
    };
    let mut ended = None;
    let mut is_there = false;
    for own in containers.iter().filter(is_own) {
        if !own.state.is_certainly_stopped() {
            return Standing::There;
        }
        is_there = true;
        ended = ended.max(ended_at(own).and_then(time::parse));
    }
    match ended {
        Some(at) => Standing::Ended(at),
        // The container was created and never started.
        None if is_there => Standing::Ended(i64::MIN),
        None => Standing::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::idmap::Range;
    use crate::host::Owner;

    fn engine(id: &str) -> Identity {
        Identity { endpoint: "unix:///s".into(), id: id.into(), root_dir: "/d".into() }
    }

    fn record(service: &str, (from, until, ended): (u64, u64, Option<u64>)) -> Record {
        let range = Range { container: 0, host: 100_000, length: 65536 };
        Record {
            version: Record::VERSION,
            from,
            until,
            ended,
            engine: engine("A"),
            project: "p".into(),
            directory: "/srv/p".into(),
            service: service.into(),
            user: Owner::new(1000, 1000),
            host: Owner::new(101_000, 101_000),
            uids: vec![range],
            gids: vec![range],
            container: Some(format!("id-{service}")),
            name: Some(format!("p-{service}-1")),
        }
    }

    fn at(past: &Past, at: i64) -> Vec<&str> {
        past.of(101_000, at).map(|noted| &*noted.named.service).collect()
    }

    #[test]
    fn a_launch_counts_from_its_moment_to_its_end() {
        let mut past = Past::default();
        past.take(&[record("a", (10, 10, Some(20))), record("b", (30, 40, None))], &engine("A"), &[], 60_000);
        for (moment, expected) in [
            (9999, ""),
            (10_000, "a"),
            (20_000, "a"),
            (20_001, ""),
            (30_000, "b"),
            (60_000, "b"),
            (60_001, ""),
        ] {
            assert_eq!(at(&past, moment).concat(), expected, "{moment}");
        }
        assert!(past.has(101_000) && !past.has(1000));
        let certain = |moment| past.of(101_000, moment).any(|noted| noted.is_certain(moment));
        assert_eq!([certain(20_000), certain(40_000), certain(40_001)], [true, true, false]);
        // Its removal was seen before.
        past.take(&[record("b", (30, 40, None))], &engine("A"), &[], 90_000);
        assert!(at(&past, 60_001).is_empty());
        // A record of another engine cannot be checked with this one.
        past.take(&[record("b", (30, 40, None))], &engine("B"), &[], 90_000);
        assert_eq!(at(&past, 90_001), ["b"]);
    }
}
