use std::collections::BTreeMap;

use super::*;
use crate::diagnostic::Severity;
use crate::engine::idmap::Range;
use crate::ownership::images::fake::{Fake, FakeImages};
use crate::ownership::testing::{model, op};
use crate::ownership::{UserQuestion, decide_users};

const DATA: &str = "volumes: {data: {name: p_data}}\n";

/// One question with an engine that has what these say.
struct Bed {
    /// What the image `app` has at `/data`: owner and mode, and whether something is in it.
    image: Option<(u32, u32, bool)>,
    now: Answer<Now>,
    is_declared: bool,
    map: IdMap,
    strict: bool,
    mounts_parts: Option<bool>,
}

impl Default for Bed {
    fn default() -> Self {
        Self {
            image: None,
            now: Answer::Known(Now::Missing),
            is_declared: false,
            map: IdMap::identity(),
            strict: true,
            mounts_parts: Some(true),
        }
    }
}

impl Bed {
    fn decide(&self, services: &str, volumes: &str) -> Vec<VolumeDecision> {
        let (model, sources) = model(&format!("services:\n{services}{volumes}"));
        let entry = self.image.map(|(uid, mode, is_filled)| ImageEntry {
            kind: Kind::Directory,
            owner: Owner::new(uid, uid),
            mode,
            is_filled,
            content: None,
        });
        let content: BTreeMap<&str, ImageEntry> = entry.into_iter().map(|entry| ("/data", entry)).collect();
        let images = FakeImages::one("app", Fake { user: "1000:1000", content, ..Fake::default() });
        let users = decide_users(&UserQuestion {
            model: &model,
            sources: &sources,
            policy: None,
            images: &images,
            caller: &op(),
            known: &BTreeMap::new(),
        });
        decide_volumes(&VolumeQuestion {
            model: &model,
            whole: &model,
            users: &users,
            images: &images,
            maps: &|_| Answer::Known(self.map.clone()),
            now: &|_, _| self.now.clone(),
            declared: &|_| self.is_declared,
            mended: &|_, _, owner| owner == Owner::new(3001, 3001),
            shared: &|_| false,
            gives: Ok(()),
            mounts_parts: self.mounts_parts,
            makes: true,
            stays: &|_| false,
            observed: &|_| false,
            strict: self.strict,
        })
    }

    /// Of one service as 10001 that writes `/data`.
    fn one(&self) -> VolumeDecision {
        self.decide(&service("a", "10001", "data:/data"), DATA).remove(0)
    }
}

fn service(name: &str, user: &str, mount: &str) -> String {
    let (source, target) = mount.split_once(':').unwrap();
    let (target, rest) = target.split_once(' ').unwrap_or((target, ""));
    format!(
        "  {name}: {{image: app, user: '{user}:{user}', volumes: [{{type: volume, source: {source}, target: {target}{rest}}}]}}\n"
    )
}

fn there(uid: u32, mode: u32, is_filled: bool) -> Answer<Now> {
    Answer::Known(Now::There(There { owner: Owner::new(uid, uid), mode, is_filled }))
}

/// How it ends, in a word and what goes with it.
fn told(decision: &VolumeDecision) -> String {
    match &decision.fate {
        Fate::Usable => "usable".to_owned(),
        Fate::Give(owner) => format!("give {owner}"),
        Fate::Wait(why) => format!("wait: {why}"),
        Fate::Refuse(finding) => {
            format!("refuse: {} | {}", finding.message, finding.help.as_deref().unwrap_or(""))
        }
        Fate::Leave(why) => format!("leave: {why}"),
    }
}

#[test]
fn a_new_volume_is_what_the_image_has_there_or_roots() {
    let new = |image| told(&Bed { image, ..Bed::default() }.one());
    assert_eq!(new(None), "give 10001:10001");
    assert_eq!(new(Some((1000, 0o755, true))), "give 10001:10001");
    assert_eq!(new(Some((10001, 0o700, true))), "usable");
    assert_eq!(new(Some((0, 0o1777, false))), "usable");
    let becomes = |image| Bed { image, ..Bed::default() }.one().becomes().unwrap();
    assert_eq!(
        becomes(None),
        "is made by the engine and 0:0's, mode 0755, since the image has nothing there"
    );
    assert_eq!(
        becomes(Some((70, 0o700, true))),
        "is made by the engine and 70:70's, mode 0700, as the image's directory there is"
    );
    // Nothing is copied: root's, whatever the image has.
    let bed = Bed { image: Some((10001, 0o755, true)), ..Bed::default() };
    let mount = "data:/data , volume: {nocopy: true}";
    let one = bed.decide(&service("a", "10001", mount), DATA).remove(0);
    assert_eq!(told(&one), "give 10001:10001");
    assert!(one.becomes().unwrap().contains("since nothing of the image is copied"));
}

#[test]
fn an_empty_volume_becomes_the_images_again_and_a_filled_one_stays() {
    let bed = |now, image| Bed { image, now, ..Bed::default() };
    // Ours now, and the image's once the container is made.
    assert_eq!(told(&bed(there(10001, 0o755, false), Some((1000, 0o755, false))).one()), "give 10001:10001");
    assert_eq!(told(&bed(there(10001, 0o755, false), None).one()), "usable");
    assert_eq!(told(&bed(there(10001, 0o755, true), Some((1000, 0o755, false))).one()), "usable");
    let refused = told(&bed(there(0, 0o755, true), None).one());
    assert!(refused.contains("cannot write volume `data` at /data: it is 0:0's, mode 0755 |"), "{refused}");
    assert!(refused.contains("`state: [{volume: data, from: [\"0:0\"]}]`"), "{refused}");
    assert_eq!(told(&bed(there(3001, 0o700, true), None).one()), "usable", "it is repaired");
}

#[test]
fn whom_it_is_given_to_goes_through_the_engines_map() {
    let range = vec![Range { container: 0, host: 100_000, length: 65536 }];
    let map = IdMap::new(range.clone(), range);
    let bed = Bed { map: map.clone(), image: Some((1000, 0o755, false)), ..Bed::default() };
    let one = bed.one();
    assert_eq!(told(&one), "give 110001:110001");
    assert!(one.becomes().unwrap().contains("101000:101000's"));
    let refused = told(&Bed { map: map.clone(), now: there(103_001, 0o700, true), ..Bed::default() }.one());
    assert!(refused.contains("from: [\"3001:3001\"]"), "{refused}");
    let refused = told(&Bed { map, now: there(5, 0o700, true), ..Bed::default() }.one());
    assert!(refused.contains("does not have 5:5"), "{refused}");
}

#[test]
fn what_is_not_the_projects_alone_is_not_given_away() {
    let external = "volumes: {data: {name: theirs, external: true}}\n";
    let now = there(0, 0o755, false);
    let bed = |is_declared| Bed { now: now.clone(), is_declared, ..Bed::default() };
    let one = |is_declared| told(&bed(is_declared).decide(&service("a", "10001", "data:/data"), external)[0]);
    assert!(one(false).contains("It is external"), "{}", one(false));
    assert_eq!(one(true), "give 10001:10001");
    let missing = Bed::default().decide(&service("a", "10001", "data:/data"), external).remove(0);
    assert!(told(&missing).starts_with("leave: it is external and not there"));

    let two = service("a", "10001", "data:/data") + &service("b", "10002", "data:/data");
    let refused = told(&Bed::default().decide(&two, DATA)[0]);
    assert!(refused.contains("`a` as 10001:10001, `b` as 10002:10002"), "{refused}");
    let reader = service("a", "10001", "data:/data") + &service("b", "10002", "data:/data , read_only: true");
    let fates: Vec<String> = Bed::default().decide(&reader, DATA).iter().map(told).collect();
    assert_eq!(fates, ["give 10001:10001", "usable"]);
}

#[test]
fn root_finds_its_own_way_where_it_has_one() {
    let of = |more: &str, mode: u32| {
        let text = service("a", "0", "data:/data").replace("image: app", &format!("image: app, {more}"));
        told(&Bed { image: Some((70, mode, true)), ..Bed::default() }.decide(&text, DATA)[0])
    };
    assert_eq!(of("init: true", 0o700), "usable");
    assert_eq!(of("cap_drop: [ALL], cap_add: [CHOWN]", 0o700), "usable");
    let refused = of("cap_drop: [ALL]", 0o700);
    assert!(refused.starts_with("refuse: ") && refused.contains("Root without capabilities"), "{refused}");
}

#[test]
fn what_is_not_known_waits_and_other_storage_is_nobodys_to_judge() {
    let waits = Bed { now: Answer::unknown("no engine"), ..Bed::default() }.one();
    assert_eq!((told(&waits).as_str(), waits.is_open()), ("wait: no engine", true));
    let other = service("a", "10001", "data:/data").replace("image: app", "image: other");
    assert_eq!(told(&Bed::default().decide(&other, DATA)[0]), "wait: known after pull");
    let nfs = "volumes: {data: {driver_opts: {type: nfs, device: ':/x', o: addr=h}}}\n";
    let one = Bed::default().decide(&service("a", "10001", "data:/data"), nfs).remove(0);
    assert!(told(&one).starts_with("leave: what owners are there, its driver"));
    let memory = |o: &str| {
        let text = format!("volumes: {{data: {{driver_opts: {{type: tmpfs, device: tmpfs, o: '{o}'}}}}}}\n");
        told(&Bed::default().decide(&service("a", "10001", "data:/data"), &text)[0])
    };
    assert_eq!((memory("size=1m").as_str(), memory("uid=10001,mode=700").as_str()), ("usable", "usable"));
    assert!(
        memory("mode=755").contains("0:0's, mode 0755, by the volume's options"),
        "{}",
        memory("mode=755")
    );
    let bound = "volumes: {data: {driver_opts: {type: none, o: bind, device: /srv}}}\n";
    assert!(Bed::default().decide(&service("a", "10001", "data:/data"), bound).is_empty());
}

#[test]
fn a_part_of_a_volume_is_refused_where_the_engine_would_mount_all_of_it() {
    let part = service("a", "10001", "data:/data , volume: {subpath: x/y}");
    let told = |mounts_parts, now| told(&Bed { now, mounts_parts, ..Bed::default() }.decide(&part, DATA)[0]);
    assert!(told(Some(false), there(10001, 0o755, true)).contains("mounts x/y of volume `data`"));
    assert_eq!(told(Some(true), there(10001, 0o755, true)), "usable");
}

#[test]
fn a_part_that_is_not_there_is_refused_unless_something_makes_it_before() {
    let part = service("a", "10001", "data:/data , volume: {subpath: x/y}");
    for now in [Now::Missing, Now::NoPart] {
        let decide = |text: &str| {
            let bed = Bed { now: Answer::Known(now.clone()), mounts_parts: Some(true), ..Bed::default() };
            let all = bed.decide(text, DATA);
            told(all.iter().find(|one| one.service == "a").unwrap())
        };
        assert!(decide(&part).contains("has no such directory"), "{}", decide(&part));
        let other = |mount: &str| format!("{part}{}", service("b", "10001", mount));
        assert!(decide(&other("data:/all")).starts_with("leave: it has no such directory yet"));
        assert!(decide(&other("data:/other , volume: {subpath: z}")).contains("has no such directory"));
    }
}

#[test]
fn without_a_policy_it_is_a_warning_and_nothing_is_given() {
    let one = Bed { strict: false, ..Bed::default() }.one();
    let Fate::Refuse(finding) = &one.fate else { panic!("{one:?}") };
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.help.as_deref().unwrap().contains("Under a policy"));
}
