//! Attributes numbers by the containers that the engine has, and by the launches that were noted.
//!
//! Whoever is known is known for the time in which he was seen to run, or may have run since a launch, and no longer:
//! numbers of processes and users are given to others later.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt};

use super::past::Past;
use super::whose::{Agreed, Named};
use super::{Attribution, Who};
use crate::engine::user::find_user_name;
use crate::engine::{Answer, Engine, IdMap, Inspection};
use crate::host::whose::{all_running, running};
use crate::operate::history;
use crate::operate::probe::time;
use crate::operate::whois::{ended_at, user_of};

/// The engine is asked again where a line is younger than its last answer, but not more often than this.
const PAUSE: Duration = Duration::from_secs(5);

/// So many processes, and so many runs that the engine does not have any more, are remembered.
const PROCESSES: usize = 1 << 16;
const ENDED: usize = 1000;

/// One container and the time in which it is known to have run.
struct Row {
    id: String,
    named: Named,
    map: IdMap,
    is_mapped: bool,
    /// Host uids: those that its processes were seen with, or its own where it has ended.
    users: BTreeSet<u32>,
    since: i64,
    until: i64,
    /// The last answer that had it.
    answer: u64,
}

impl Row {
    fn attribution(&self, uid: Option<u32>) -> Attribution {
        let Named { service, container, .. } = self.named.clone();
        Attribution { service, container, uid, is_noted: false }
    }

    fn ran(&self, at: i64) -> bool {
        (self.since..=self.until).contains(&at)
    }
}

/// A process that was looked at.
#[derive(Clone, Copy)]
struct Checked {
    /// From its start to here it was the one.
    since: i64,
    until: i64,
    /// `None` for one that is in no container.
    row: Option<usize>,
}

/// Whose a process was.
enum Place {
    Row(usize),
    /// No container's.
    Host,
    Unknown,
}

/// The containers of an engine on this machine.
pub struct Live<'e> {
    engine: &'e Engine,
    rows: Vec<Row>,
    by_user: HashMap<u32, Vec<usize>>,
    /// Each map that a row has, once.
    maps: Vec<IdMap>,
    /// The folder of the history of launches, and what was read in it.
    folder: Option<PathBuf>,
    past: Past,
    processes: HashMap<u32, Option<Checked>>,
    /// Until when all that ran is known.
    known_until: i64,
    asked: Instant,
    /// How many answers there were.
    answers: u64,
    /// The text of `/etc/passwd`: users of the host have these numbers without any container.
    accounts: String,
    /// Why the engine did not answer again.
    pub silent: Option<String>,
    /// Why launches that were noted are not known.
    pub unread: Option<String>,
}

impl<'e> Live<'e> {
    /// Asks the engine. `accounts` is the text of the host's `/etc/passwd`, and `folder` where launches are noted.
    pub fn new(engine: &'e Engine, accounts: String, folder: Option<PathBuf>) -> Answer<Self> {
        let mut live = Self {
            engine,
            rows: Vec::new(),
            by_user: HashMap::new(),
            maps: Vec::new(),
            folder,
            past: Past::default(),
            processes: HashMap::new(),
            known_until: i64::MIN,
            asked: Instant::now(),
            answers: 0,
            accounts,
            silent: None,
            unread: None,
        };
        live.ask().map(|()| live)
    }

    fn ask(&mut self) -> Answer<()> {
        Answer::trying(|| {
            let map = self.engine.id_map().into_result()?;
            let processes = all_running().map_err(|error| format!("processes cannot be listed: {error}"))?;
            // An answer counts from the moment of its question.
            let now = time::now().ok_or("the clock is before 1970")?;
            let containers = self.engine.inspect_all().into_result()?;
            self.answers += 1;
            for container in &containers {
                if container.pid.is_some() {
                    let own = processes.iter().filter(|one| one.groups.contains(&container.id));
                    self.take(container, own.map(|one| one.uid).collect(), &map, now)?;
                } else if let Some(until) = ended_at(container).and_then(time::parse) {
                    // A container whose user is not known annotates nothing.
                    let _ = self.take(container, BTreeSet::new(), &map, until);
                }
            }
            self.recall(&containers, now);
            if self.rows.len() > ENDED + containers.len() {
                let last = self.answers;
                self.rows.retain(|row| row.answer == last);
                self.processes.clear();
            }
            self.known_until = now;
            self.by_user.clear();
            self.maps.clear();
            for row in &self.rows {
                if !self.maps.contains(&row.map) {
                    self.maps.push(row.map.clone());
                }
            }
            for (at, row) in self.rows.iter().enumerate() {
                for user in &row.users {
                    self.by_user.entry(*user).or_default().push(at);
                }
            }
            Ok(())
        })
    }

    /// Reads what launches noted. Without it, what the engine has is known all the same.
    fn recall(&mut self, containers: &[Inspection], now: i64) {
        let Some(folder) = &self.folder else { return };
        match history::read(folder) {
            Ok(history) => {
                self.past.take(&history.records, self.engine.identity(), containers, now);
                self.unread = (history.unreadable > 0)
                    .then(|| format!("{} lines of the history cannot be read", history.unreadable));
            }
            Err(error) => self.unread = Some(error.to_string()),
        }
    }

    fn take(
        &mut self,
        container: &Inspection,
        mut users: BTreeSet<u32>,
        map: &IdMap,
        until: i64,
    ) -> Result<(), String> {
        let name = &container.name;
        let since = time::parse(&container.started_at)
            .ok_or_else(|| format!("the engine does not say since when {name} runs"))?;
        let is_same = |row: &&mut Row| row.id == container.id && row.since == since;
        if let Some(row) = self.rows.iter_mut().find(is_same) {
            row.users.extend(users);
            (row.until, row.answer) = (until, self.answers);
            return Ok(());
        }
        let mode = container.raw.pointer("/HostConfig/UsernsMode").and_then(|mode| mode.as_str());
        let map = map.for_mode(self.engine.info(), mode.unwrap_or_default());
        let map = map.into_result().map_err(|reason| format!("{name}: {reason}"))?;
        if container.pid.is_none() {
            users.extend(user_of(container).and_then(|uid| map.uid_to_host(uid)));
        }
        self.rows.push(Row {
            id: container.id.clone(),
            named: Named {
                project: container.label("com.docker.compose.project").into(),
                service: container.service.as_str().into(),
                container: name.as_str().into(),
            },
            is_mapped: !map.is_identity(),
            map,
            users,
            since,
            until,
            answer: self.answers,
        });
        Ok(())
    }

    /// Asks again where this moment is younger than what is known.
    fn keep_up(&mut self, at: Option<i64>) {
        if at.is_some_and(|at| at > self.known_until) && self.asked.elapsed() >= PAUSE {
            self.asked = Instant::now();
            self.silent = match self.ask() {
                Answer::Known(()) => None,
                Answer::Unknown(reason) => Some(reason),
            };
        }
    }

    /// Whose a process was at a moment.
    fn place(&mut self, pid: u32, at: i64) -> Place {
        let is_old = |checked: &Option<Checked>| checked.is_none_or(|checked| checked.until < at);
        let known = self.processes.get(&pid).copied();
        let known = match known {
            // Nothing is there, or another one: what is gone does not come back.
            Some(None) if at <= self.known_until => None,
            Some(known) if !is_old(&known) => known,
            _ => self.check(pid),
        };
        match known.filter(|checked| (checked.since..=checked.until).contains(&at)) {
            Some(Checked { row: Some(row), .. }) => Place::Row(row),
            Some(_) => Place::Host,
            None => Place::Unknown,
        }
    }

    fn check(&mut self, pid: u32) -> Option<Checked> {
        let now = time::now()?;
        let checked = running(pid).map(|found| {
            let row = self.rows.iter().position(|row| found.groups.contains(&row.id));
            Checked { since: found.since, until: now, row }
        });
        if self.processes.len() >= PROCESSES {
            self.processes.clear();
        }
        self.processes.insert(pid, checked);
        checked
    }
}

impl Who for Live<'_> {
    fn uid(&mut self, uid: u32, pid: Option<u32>, at: Option<i64>) -> Option<Attribution> {
        self.keep_up(at);
        let is_mapped = self.maps.iter().any(|map| map.uid_to_container(uid).is_some());
        if !is_mapped && !self.by_user.contains_key(&uid) && !self.past.has(uid) {
            return None;
        }
        match pid.zip(at).map(|(pid, at)| self.place(pid, at)) {
            Some(Place::Row(row)) => {
                let row = self.rows.get(row)?;
                return row.map.uid_to_container(uid).map(|inside| row.attribution(Some(inside)));
            }
            Some(Place::Host) => return None,
            Some(Place::Unknown) | None => {}
        }
        // A line that does not say when it was is taken to be of now.
        let moment = at.unwrap_or(self.known_until);
        let seen = || {
            let users = self.by_user.get(&uid).map(Vec::as_slice).unwrap_or_default();
            users.iter().filter_map(|row| self.rows.get(*row)).filter(|row| row.ran(moment))
        };
        // A service that runs is attributed by its running containers alone.
        let is_new = |named: &Named| !seen().any(|row| row.named.is_of_service(named));
        let is_noted = seen().next().is_none();
        let mut agreed = Agreed::default();
        for (row, inside) in seen().filter_map(|row| Some((row, row.map.uid_to_container(uid)?))) {
            agreed.add(&row.named, inside, row.is_mapped);
        }
        for noted in at.iter().flat_map(|at| self.past.of(uid, *at)).filter(|noted| is_new(&noted.named)) {
            // Beside somebody who was seen, only who certainly was there makes it doubtful.
            if is_noted || noted.is_certain(moment) {
                agreed.add(&noted.named, noted.inside, noted.is_mapped);
            }
        }
        if !agreed.is_empty() {
            // Without a map, a user of the host with the same number cannot be told from it.
            let is_account = agreed.is_shared && find_user_name(&self.accounts, uid).is_some();
            return agreed.attribution(is_noted).filter(|_| !is_account);
        }
        // Only containers have the numbers of a map, but which of them it was is not known.
        let mapped = self.rows.iter().filter(|row| row.is_mapped && row.ran(moment));
        let mut inside: Vec<u32> = mapped.filter_map(|row| row.map.uid_to_container(uid)).collect();
        inside.dedup();
        match inside.as_slice() {
            [one] => Some(Attribution {
                service: "".into(),
                container: "".into(),
                uid: Some(*one),
                is_noted: false,
            }),
            _ => None,
        }
    }

    fn pid(&mut self, pid: u32, uid: Option<u32>, at: Option<i64>) -> Option<Attribution> {
        self.keep_up(at);
        match self.place(pid, at?) {
            Place::Row(row) => self.rows.get(row).map(|row| row.attribution(None)),
            Place::Host => None,
            // The process has gone, or its number belongs to another one now: the user decides.
            Place::Unknown => {
                let known = self.uid(uid?, None, at)?;
                (!known.service.is_empty()).then_some(Attribution { uid: None, ..known })
            }
        }
    }
}
