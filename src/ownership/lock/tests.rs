use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, IdMap, Location};
use crate::host::Takes;
use crate::ownership::images::fake::{Fake, FakeImages};
use crate::ownership::testing::{model, op};
use crate::ownership::{DeclaredState, Placed, Strategy, UserPolicy, UserQuestion, Users, decide_users};
use crate::project::Inputs;
use crate::source::FileId;

const ID: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn sample() -> Lock {
    let entry = |user: u32, from| Entry {
        user: Owner::new(user, user),
        from,
        image: None,
        previous: Vec::new(),
        state: Vec::new(),
    };
    let agent = Entry {
        previous: vec![Owner::new(1000, 0)],
        state: vec!["./state".into(), "/srv/with: a colon".into()],
        ..entry(20001, From::PerService)
    };
    let db = Entry { image: Some(ID.into()), ..entry(999, From::Image) };
    let services =
        [("agent", agent), ("db", db), ("on", entry(7, From::Service)), ("1.5", entry(8, From::Policy))];
    Lock { services: services.map(|(name, entry)| (name.to_owned(), entry)).into() }
}

fn parse(text: &str) -> Result<Lock, Vec<Finding>> {
    read::parse(FileId(0), text).map(|(lock, _)| lock)
}

fn refusals(text: &str) -> Vec<String> {
    let findings = parse(text).unwrap_err();
    assert!(
        findings.iter().all(|finding| finding.code == Code::LockInvalid && finding.help.is_some()),
        "{findings:?}"
    );
    findings.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn a_lock_is_plain_to_read() {
    let expected = format!(
        r#"# Written by seaworthy: who each service runs as. Keep this file in version control.
# A user that differs from it stops a launch; `seaworthy repair --migrate SERVICE` carries it over.
version: 1
services:
  "1.5":
    user: "8:8"
    from: policy
  agent:
    user: "20001:20001"
    from: per-service
    previous:
      - "1000:0"
    state:
      - ./state
      - '/srv/with: a colon'
  db:
    user: "999:999"
    from: image
    image: {ID}
  "on":
    user: "7:7"
    from: service
...
"#
    );
    let text = sample().text();
    // Whether two numbers with a colon need quotes is the writer's own affair.
    assert_eq!(text.replace('"', ""), expected.replace('"', ""));
    assert_eq!(parse(&text).unwrap(), sample());
    assert_eq!(parse(&Lock::default().text()).unwrap(), Lock::default());
}

#[test]
fn a_lock_cut_at_any_byte_is_refused() {
    let text = sample().text();
    for at in 0..text.len() {
        let messages = refusals(text.get(..at).unwrap());
        assert!(messages.iter().all(|message| message.starts_with("the lock is ")), "{at}: {messages:?}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let damaged = [
        ("version: 1", "version: 2", "the lock has version 2"),
        ("version: 1", "version: one", "`version` must be 1"),
        ("version: 1\n", "", "the lock has no `version`"),
        ("services:", "servces:", "did you mean `services`?"),
        ("from: image", "from: imege", "`from` of service `db`"),
        ("    from: image\n", "", "service `db` has no `from`"),
        ("image: sha256:0", "image: sha256:z", "`image` of service `db`"),
        ("previous:", "previus:", "did you mean `previous`?"),
        ("./state", "''", "a state path"),
        ("999:999", "999", "a user of service `db`"),
        ("999:999", "4000000000:1", "a user of service `db`"),
        ("20001:20001", "0:0", "root for a user of its own"),
        ("services:", "<<<<<<< HEAD\nservices:", ""),
        ("services:", "version: 1\nservices:", ""),
        ("\n...\n", "\n...\n---\na: 1\n...\n", "more than one"),
    ];
    for (from, to, message) in damaged {
        let text = sample().text();
        assert!(text.contains(from), "{from}");
        let messages = refusals(&text.replacen(from, to, 1)).join("; ");
        assert!(messages.contains(message), "{to}: {messages}");
    }
}

#[test]
fn two_services_with_one_user_of_their_own_are_refused() {
    let mut lock = sample();
    lock.services.insert("zeta".into(), lock.services["agent"].clone());
    let text = lock.text();
    let findings = read::parse(FileId(0), &text).unwrap_err();
    assert!(findings[0].message.contains("`agent` and `zeta` have the same user"), "{findings:?}");
    assert_eq!(findings[0].labels.len(), 2);
}

#[test]
fn the_file_is_written_once_and_only_when_it_changes() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join(FILE_NAME);
    let mut inputs = Inputs::default();
    let none = LockFile::read(&path, &mut inputs).unwrap();
    assert!(!none.exists() && !none.is_stale().unwrap());
    assert!(none.write(&sample()).unwrap());
    assert!(none.is_stale().unwrap());
    let read = LockFile::read(&path, &mut inputs).unwrap();
    assert_eq!(read.lock, sample());
    assert!(!read.write(&sample()).unwrap(), "the same content again");
    assert_eq!(&inputs.sources().text(read.span("agent").unwrap()).replace('"', ""), "20001:20001");
    for bad in [b"\xff\n...\n".as_slice(), b"", b"version: 1\n"] {
        std::fs::write(&path, bad).unwrap();
        assert!(LockFile::read(&path, &mut inputs).is_err(), "{bad:?}");
    }
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert!(LockFile::read(&path, &mut inputs).is_err(), "a dangling link is not no lock");
}

#[test]
fn the_schema_says_what_the_reader_takes() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schemas/lock.schema.json")).unwrap();
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        keys.sort();
        keys
    };
    let service = &schema["$defs"]["service"];
    assert_eq!(keys(&schema["properties"]), sorted(read::TOP));
    assert_eq!(schema["properties"]["version"]["const"], VERSION);
    assert_eq!(keys(&service["properties"]), sorted(read::SERVICE));
    assert_eq!(service["properties"]["from"]["enum"], serde_json::json!(From::ALL.map(From::name)));
    assert_eq!(
        (&schema["additionalProperties"], &service["additionalProperties"]),
        (&false.into(), &false.into())
    );
    // Each key that is required is missed, and each other one is not.
    for key in read::SERVICE {
        let required = service["required"].as_array().unwrap().contains(&(*key).into());
        let lock = "version: 1\nservices:\n  a:\n    user: '1:1'\n    from: image\n...\n";
        let kept: Vec<&str> = lock.lines().filter(|line| !line.contains(&format!("{key}:"))).collect();
        let without = kept.join("\n") + "\n";
        assert_eq!(parse(&without).is_err(), required, "{key}");
    }
}

/// One launch: the users that services get with this lock, and the lock afterwards.
fn launch(file: &LockFile, services: &[(String, String)]) -> (Users, Lock) {
    let mut text = String::from("services:\n");
    for (name, more) in services {
        let _ = writeln!(text, "  {name}: {{image: app{more}}}");
    }
    let (model, sources) = model(&text);
    let policy = UserPolicy {
        default: Some(Placed::new(UserSpec::PerService, None)),
        reserved: file.lock.reserved(),
        ..UserPolicy::default()
    };
    let users = decide_users(&UserQuestion {
        model: &model,
        sources: &sources,
        policy: Some(&policy),
        images: &FakeImages::one("app", Fake { user: "1000:1000", ..Fake::default() }),
        caller: &op(),
        known: &file.lock.given(),
    });
    let observed: Vec<Observed<'_>> = users
        .decisions
        .iter()
        .map(|decision| Observed { decision, image: None, state: Vec::new() })
        .collect();
    let lock = next(file, &observed);
    (users, lock)
}

fn holding(lock: &Lock) -> LockFile {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join(FILE_NAME);
    std::fs::write(&path, lock.text()).unwrap();
    LockFile::read(&path, &mut Inputs::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn users_of_their_own_stay_whatever_becomes_of_the_other_services(
        generations in prop::collection::vec(
            prop::collection::btree_map("[a-e]{1,2}", prop::option::weighted(0.2, Just(", user: '20002:20002'")), 1..6), 1..6,
        ),
        reverse in any::<bool>(),
    ) {
        let mut file = holding(&Lock::default());
        let mut ever: BTreeMap<String, Owner> = BTreeMap::new();
        for services in &generations {
            let mut list: Vec<(String, String)> =
                services.iter().map(|(name, more)| (name.clone(), more.unwrap_or_default().to_owned())).collect();
            if reverse {
                list.reverse();
            }
            let (users, lock) = launch(&file, &list);
            let again = launch(&file, &list).1;
            prop_assert_eq!(lock.text(), again.text());
            let mut seen: BTreeMap<u32, &str> = BTreeMap::new();
            for decision in &users.decisions {
                let owner = decision.user.as_ref().known().unwrap().owner;
                let given = From::of(decision) == From::PerService;
                if let Some(old) = file.lock.services.get(&decision.service).filter(|old| given && old.from == From::PerService) {
                    prop_assert_eq!(old.user, owner);
                }
                // One that was told a user before would drift, and is not launched.
                let recorded = &lock.services[&decision.service];
                if recorded.from != From::PerService || recorded.user != owner {
                    continue;
                }
                prop_assert_eq!(*ever.entry(decision.service.clone()).or_insert(owner), owner);
                prop_assert_eq!(seen.insert(owner.uid, &decision.service), None);
            }
            let owners: BTreeSet<Owner> = ever.values().copied().collect();
            prop_assert_eq!(owners.len(), ever.len());
            file = holding(&lock);
        }
    }
}

fn observe<'a>(users: &'a Users, state: &[&str]) -> Vec<Observed<'a>> {
    let observed = users.decisions.iter().map(|decision| Observed {
        decision,
        image: Some(ID.into()),
        state: state.iter().map(Into::into).collect(),
    });
    observed.collect()
}

fn of_image(user: &'static str, text: &str) -> Users {
    let (model, sources) = model(text);
    let policy = UserPolicy { default: Some(Placed::new(UserSpec::Image, None)), ..UserPolicy::default() };
    decide_users(&UserQuestion {
        model: &model,
        sources: &sources,
        policy: Some(&policy),
        images: &FakeImages::one("app", Fake { user, ..Fake::default() }),
        caller: &op(),
        known: &BTreeMap::new(),
    })
}

/// With volumes of which `old` holds something of a former user's, `clean` nothing, `new` is not there, and any
/// other cannot be looked into.
fn drifts(file: &LockFile, model: &Model, observed: &[Observed<'_>], location: &Location) -> Vec<Drift> {
    let maps = |_: &str| Answer::Known(IdMap::identity());
    let in_volume = |key: &str, _: u32| match key {
        "old" => Answer::Known(Some(true)),
        "clean" => Answer::Known(Some(false)),
        "new" => Answer::Known(None),
        _ => Answer::unknown("nobody may look"),
    };
    drift(file, model, observed, &Eyes { location, maps: &maps, in_volume: &in_volume })
}

#[test]
fn volumes_are_looked_into_and_what_was_not_is_said() {
    let help = |volumes: &[&str]| {
        let mounts: Vec<String> =
            volumes.iter().map(|name| format!("{{type: volume, source: {name}, target: /{name}}}")).collect();
        let text = format!("services:\n  a: {{image: app, volumes: [{}]}}\n", mounts.join(", "));
        let (model, _) = model(&text);
        let mut lock = Lock::default();
        let user = Owner::new(1000, 1000);
        let entry = Entry { user, from: From::Image, image: None, previous: Vec::new(), state: Vec::new() };
        lock.services.insert("a".into(), entry);
        let users = of_image("10001:10001", &text);
        let found = drifts(&holding(&lock), &model, &observe(&users, &[]), &Location::Here).remove(0);
        found.finding.help.unwrap().split(" Run ").next().unwrap().to_owned()
    };
    assert_eq!(help(&["old", "new"]), "Of the old user, and maybe unreadable for the new one: volume old.");
    assert_eq!(
        help(&["clean", "other"]),
        "Nothing of the old user's was found in volume clean. Not looked at: volume other (nobody may look)."
    );
    assert_eq!(help(&["new"]), "It mounts nothing that is there already.");
}

#[test]
fn a_volume_is_state_like_a_directory_and_its_operator_is_nobody_special() {
    let text = "services:\n  a:\n    image: app\n    volumes:\n      - {type: volume, source: own, target: /o, volume: {subpath: x/y}}\n      \
                - {type: volume, source: ext, target: /e}\n      - {type: volume, source: nfs, target: /n}\n      \
                - {type: volume, source: later, target: /l}\n      - {type: volume, source: ro, target: /r, read_only: true}\n\
                volumes:\n  own: {name: p_own}\n  ext: {name: theirs, external: true}\n  later: {name: p_later}\n  \
                ro: {name: p_ro}\n  nfs: {driver_opts: {type: nfs, device: ':/x', o: addr=h}}\n";
    let (model, _) = model(text);
    let service = model.root.at(&["services", "a"]).unwrap();
    let places =
        [("own", "/v/own"), ("ext", "/v/ext"), ("ro", "/v/ro")].map(|(key, at)| (key.into(), at.into()));
    let roots = StateRoots::new(&model, &[]).with_volumes(&places.into());
    let state: Vec<String> =
        state_paths(service, &roots).iter().map(|path| path.display().to_string()).collect();
    assert_eq!(state, ["volume:later", "volume:own/x/y"]);
    let mut lock = Lock::default();
    let entry = Entry {
        user: Owner::new(1500, 1500),
        from: From::Image,
        image: None,
        previous: vec![Owner::ROOT],
        state: Vec::new(),
    };
    lock.services.insert("a".into(), entry);
    let users = of_image("10001:10001", "services:\n  a: {image: app}\n");
    let plan = |declared: &[DeclaredState]| {
        let scope = repair::Scope {
            roots: &roots,
            declared,
            only_declared: false,
            shared: &[],
            takes_mine: false,
            former: &Vec::new,
            carries_over: false,
        };
        let map = Answer::Known(IdMap::identity());
        repair::plan(&holding(&lock), users.of("a").unwrap(), service, &map, &op(), &scope).unwrap().unwrap()
    };
    let found = plan(&[]);
    let [tree] = found.trees.as_slice() else { panic!("{found:?}") };
    assert_eq!((tree.shown().as_str(), tree.volume.as_deref()), ("volume own/x/y", Some("p_own")));
    assert_eq!((tree.root.as_path(), tree.relative.as_path()), (Path::new("/v/own"), Path::new("x/y")));
    // 1500 is the operator, who keeps nothing in a volume.
    assert_eq!(tree.handover.from, BTreeSet::from([0, 1500]));
    assert_eq!(tree.handover.takes, Takes::KnownAndRoot);
    let passed: Vec<String> = found.passed_over.iter().map(|(place, _)| shown(place)).collect();
    assert_eq!(passed, ["volume ext", "volume nfs"]);
    let declared = DeclaredState { path: "volume:e*".into(), from: Vec::new(), strategy: Strategy::Unsaid };
    let found = plan(&[declared]);
    assert_eq!(
        found.trees.iter().map(repair::Tree::shown).collect::<Vec<_>>(),
        ["volume ext", "volume own/x/y"]
    );
    assert_eq!(found.passed_over.len(), 1);
}

#[test]
fn an_image_whose_user_moved_is_drift_with_everything_said() {
    let temp = tempfile::tempdir().unwrap();
    let state = temp.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let mine = Owner::current();
    let text = format!(
        "services:\n  a:\n    image: app\n    volumes: [{{type: bind, source: {}, target: /s}}]\n",
        state.display()
    );
    let (model, _) = model(&text);
    let user = Box::leak(mine.to_string().into_boxed_str());
    let path = temp.path().join(FILE_NAME);
    let mut inputs = Inputs::default();
    let none = LockFile::read(&path, &mut inputs).unwrap();
    let before = of_image(user, &text);
    let first = observe(&before, &[state.to_str().unwrap()]);
    assert_eq!(would_change(&none, &first), [format!("service `a` is new: {mine} (the image's USER)")]);
    none.write(&next(&none, &first)).unwrap();
    let file = LockFile::read(&path, &mut inputs).unwrap();
    assert_eq!(file.lock.services["a"].state, ["./state"]);
    assert!(would_change(&file, &first).is_empty());
    assert!(drifts(&file, &model, &first, &Location::Here).is_empty());

    let users = of_image("10001:10001", &text);
    let mut second = observe(&users, &[]);
    second[0].image = Some(ID.replace('0', "f"));
    assert_eq!(next(&file, &second), file.lock, "a user that moved is not written over");
    assert_eq!(would_change(&file, &second), [format!("service `a`: user 10001:10001 instead of {mine}")]);
    let there = drifts(&file, &model, &second, &Location::Elsewhere(String::new()));
    assert!(there[0].paths.is_empty());
    assert!(
        there[0]
            .finding
            .help
            .as_deref()
            .unwrap()
            .contains("Not looked at: ./state (it is on another machine).")
    );
    let drifts = drifts(&file, &model, &second, &Location::Here);
    let [Drift { finding, paths, .. }] = drifts.as_slice() else { panic!("{drifts:?}") };
    assert_eq!(paths.as_slice(), [state.as_path()]);
    assert_eq!(finding.code, Code::UserDrift);
    assert!(
        finding.message.contains(&format!("run as 10001:10001 (user.default), but ran as {mine}")),
        "{}",
        finding.message
    );
    assert!(
        finding.message.contains("its image is f123456789ab now and was 0123456789ab"),
        "{}",
        finding.message
    );
    let help = finding.help.as_ref().unwrap();
    assert!(help.contains("./state") && help.contains("`seaworthy repair --migrate a`"), "{help}");
    assert_eq!(finding.labels.len(), 1);
}

#[test]
fn what_is_not_known_yet_changes_nothing() {
    let file = holding(&sample());
    let users = of_image("7:7", "services:\n  agent: {image: other}\n  new: {image: other}\n");
    assert_eq!(next(&file, &observe(&users, &[])), file.lock);
}

fn plan_for(file: &LockFile, users: &Users, map: &Answer<IdMap>, directory: &Path) -> Option<repair::Repair> {
    let text = format!(
        "services:\n  a:\n    image: app\n    volumes:\n      - {{type: bind, source: {0}/state, target: /s}}\n      \
         - {{type: bind, source: {0}/ro, target: /r, read_only: true}}\n      - {{type: bind, source: /usr, target: /u}}\n",
        directory.display()
    );
    let (mut model, _) = model(&text);
    model.directory = directory.to_owned();
    let roots = StateRoots::new(&model, &[]);
    let service = model.root.at(&["services", "a"]).unwrap();
    let scope = repair::Scope {
        roots: &roots,
        declared: &[],
        only_declared: false,
        shared: &[],
        takes_mine: false,
        former: &Vec::new,
        carries_over: false,
    };
    repair::plan(file, users.of("a").unwrap(), service, map, &op(), &scope).unwrap()
}

#[test]
fn a_repair_takes_only_from_recorded_users_and_never_from_root_or_the_operator() {
    let temp = tempfile::tempdir().unwrap();
    let directory = temp.path().canonicalize().unwrap();
    for name in ["state", "ro"] {
        std::fs::create_dir(directory.join(name)).unwrap();
    }
    let mut lock = Lock::default();
    let previous = vec![Owner::ROOT, Owner::new(1500, 1500), Owner::new(3000, 3000)];
    let entry =
        Entry { user: Owner::new(1000, 0), from: From::Image, image: None, previous, state: Vec::new() };
    lock.services.insert("a".into(), entry);
    let file = holding(&lock);
    let users = of_image("10001:10001", "services:\n  a: {image: app}\n");
    let plan = plan_for(&file, &users, &Answer::Known(IdMap::identity()), &directory).unwrap();
    assert_eq!(plan.trees[0].handover.from, BTreeSet::from([1000, 3000]));
    assert_eq!(plan.trees[0].handover.to, Owner::new(10001, 10001));
    assert_eq!(plan.moved_from, Some(Owner::new(1000, 0)));
    let trees: Vec<&Path> = plan.trees.iter().map(|tree| tree.path.as_path()).collect();
    assert_eq!(trees, [directory.join("state")], "not what is read-only, and nothing outside the roots");

    plan.record(&mut lock);
    let entry = &lock.services["a"];
    assert_eq!(entry.user, Owner::new(10001, 10001));
    assert_eq!(entry.previous.last(), Some(&Owner::new(1000, 0)));

    let range = vec![crate::engine::idmap::Range { container: 0, host: 100_000, length: 65536 }];
    let map = Answer::Known(IdMap::new(range.clone(), range));
    let mapped = plan_for(&file, &users, &map, &directory).unwrap();
    assert_eq!(mapped.trees[0].handover.to, Owner::new(110_001, 110_001));
    assert_eq!(mapped.trees[0].handover.from, BTreeSet::from([100_000, 101_000, 101_500, 103_000, 65534]));
}
