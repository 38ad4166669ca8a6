use super::*;
use crate::diagnostic::Severity;
use crate::engine::{Image, ImageEntry, TmpfsMode};
use crate::host::Kind;
use crate::ownership::apply;
use crate::ownership::images::NoEngine;
use crate::ownership::images::fake::{Fake, FakeImages};
use crate::ownership::testing::{OP, model, op, root};
use crate::yaml::Node;

const PASSWD: &str = "root:x:0:0::/root:\nnode:x:1000:1000::/home/node:\napp:x:10001:20002::/home/app:\n";
const GROUP: &str = "docker:x:999:app\nextra:x:30003:app\n";

fn images() -> FakeImages {
    let fake = |user| Fake { user, passwd: PASSWD, group: GROUP, ..Fake::default() };
    let all = [("node", fake("node")), ("app", fake("app")), ("rooty", fake("")), ("broken", fake("ghost"))];
    FakeImages(BTreeMap::from(all), TmpfsMode::default())
}

fn policy(default: &str) -> UserPolicy {
    UserPolicy { default: Some(Placed::new(default.parse().unwrap(), None)), ..UserPolicy::default() }
}

fn decide_as(text: &str, policy: Option<&UserPolicy>, images: &dyn Images, caller: &Caller) -> Users {
    let (model, sources) = model(text);
    let known = BTreeMap::new();
    decide_users(&UserQuestion { model: &model, sources: &sources, policy, images, caller, known: &known })
}

fn decide(text: &str, policy: Option<&UserPolicy>) -> Users {
    decide_as(text, policy, &images(), &op())
}

/// One service `a` of the image, with this line.
fn service(image: &str, line: &str) -> String {
    format!("services:\n  a:\n    image: {image}\n    {line}\n")
}

fn owner(users: &Users, service: &str) -> Option<Owner> {
    users.of(service)?.user.as_ref().known().map(|user| user.owner)
}

fn the_finding(users: &Users) -> (Severity, String, String) {
    let [finding] = users.findings.as_slice() else { panic!("{:?}", users.findings) };
    (finding.severity, finding.message.clone(), finding.help.clone().unwrap_or_default())
}

#[test]
fn without_a_policy_nothing_is_injected_but_the_owner_is_known() {
    let users = decide(&service("node", "x: 1"), None);
    let decision = users.of("a").unwrap();
    assert_eq!((decision.inject, decision.value.as_deref(), decision.from), (false, None, UserSource::Image));
    assert_eq!(owner(&users, "a"), Some(Owner::new(1000, 1000)));
    let users = decide(&service("rooty", "x: 1"), None);
    assert_eq!((owner(&users, "a"), users.decisions[0].from), (Some(Owner::ROOT), UserSource::EngineDefault));
    assert!(users.findings.is_empty());
}

#[test]
fn the_first_who_says_something_decides() {
    let mut policy = policy("4:4");
    policy.services.insert("b".into(), Placed::new(UserSpec::Fixed(Owner::new(3, 3)), None));
    policy.services.insert("c".into(), Placed::new(UserSpec::Fixed(Owner::new(3, 3)), None));
    policy.services.insert("d".into(), Placed::new(UserSpec::Fixed(Owner::new(3, 3)), None));
    let text = "services:\n  a: {image: app}\n  b: {image: app}\n  \
                c: {image: app, x-seaworthy: {user: '2:2'}}\n  \
                d: {image: app, user: '1:1', x-seaworthy: {user: '2:2'}}\n";
    let users = decide(text, Some(&policy));
    let uids: Vec<_> = ["a", "b", "c", "d"].map(|name| owner(&users, name).unwrap().uid).into();
    assert_eq!(uids, [4, 3, 2, 1]);
    assert!(!users.of("d").unwrap().inject && users.of("c").unwrap().inject);
    assert!(matches!(users.of("c").unwrap().from, UserSource::Extension(_)));
    assert_eq!(users.of("b").unwrap().from, UserSource::Policy(None));
    assert_eq!(users.of("a").unwrap().from, UserSource::PolicyDefault(None));
}

#[test]
fn injected_users_stand_in_the_model_with_the_policy_as_origin() {
    let text = "services:\n  a: {image: app}\n  b: {image: app, user: '1:1'}\n";
    let (mut model, sources) = model(text);
    let (images, caller, known, policy) = (images(), op(), BTreeMap::new(), policy("4:5"));
    let users = decide_users(&UserQuestion {
        model: &model,
        sources: &sources,
        policy: Some(&policy),
        images: &images,
        caller: &caller,
        known: &known,
    });
    apply(&mut model.root, &users.decisions);
    let user = |name| model.root.at(&["services", name, "user"]).unwrap();
    assert_eq!((user("a").as_str(), user("a").origin), (Some("4:5"), Origin::Policy(None)));
    assert_eq!(user("b").as_str(), Some("1:1"));
    assert!(user("b").origin.span().is_some());
}

#[test]
fn the_images_user_keeps_its_groups_when_it_is_written_in_numbers() {
    let (mut model, sources) = model("services:\n  a: {image: app, group_add: ['999']}\n");
    let (images, caller, known, policy) = (images(), op(), BTreeMap::new(), policy("image"));
    let question = UserQuestion {
        model: &model,
        sources: &sources,
        policy: Some(&policy),
        images: &images,
        caller: &caller,
        known: &known,
    };
    let users = decide_users(&question);
    assert_eq!(users.of("a").unwrap().value.as_deref(), Some("10001:20002"));
    apply(&mut model.root, &users.decisions);
    let groups = model.root.at(&["services", "a", "group_add"]).and_then(Node::as_seq).unwrap();
    assert_eq!(groups.iter().filter_map(Node::as_str).collect::<Vec<_>>(), ["999", "30003"]);
}

#[test]
fn an_image_that_is_not_there_leaves_the_user_to_be_decided() {
    for (text, policy) in
        [(service("later", "x: 1"), policy("image")), (service("later", "user: app"), policy("1:1"))]
    {
        let users = decide(&text, Some(&policy));
        assert_eq!(users.of("a").unwrap().user.reason(), Some("known after pull"));
        assert!(!users.of("a").unwrap().inject && users.findings.is_empty());
    }
    let users = decide_as(&service("node", "x: 1"), Some(&policy("image")), &NoEngine, &op());
    assert!(users.of("a").unwrap().is_pending());
    let users = decide_as(&service("node", "user: '7:8'"), Some(&policy("image")), &NoEngine, &op());
    assert_eq!(owner(&users, "a"), Some(Owner::new(7, 8)));
}

#[test]
fn the_caller_is_a_person_or_nobody() {
    let users = decide(&service("node", "x: 1"), Some(&policy("caller")));
    assert_eq!(owner(&users, "a"), Some(OP));
    let users = decide_as(&service("node", "x: 1"), Some(&policy("caller")), &images(), &root());
    let (severity, message, _) = the_finding(&users);
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("the caller is root"), "{message}");
    assert!(!users.of("a").unwrap().inject);
}

#[test]
fn services_get_users_of_their_own_that_nobody_named_in_numbers() {
    let text = "services:\n  a: {image: app}\n  b: {image: app}\n  c: {image: app, user: '20001:1'}\n";
    let users = decide(text, Some(&policy("per-service")));
    let values: Vec<_> = users.decisions.iter().filter_map(|one| one.value.as_deref()).collect();
    assert_eq!(values, ["20002:20002", "20003:20003", "20001:1"]);
}

#[test]
fn incomplete_users_are_refused_with_a_policy_and_warned_of_without() {
    for user in ["':'", "'10001:'", "':10001'", "''"] {
        let text = service("app", &format!("user: {user}"));
        assert_eq!(the_finding(&decide(&text, Some(&policy("1:1")))).0, Severity::Error, "{user}");
        assert_eq!(the_finding(&decide(&text, None)).0, Severity::Warning, "{user}");
    }
    for user in ["app", "'10001:10001'", "app:docker", "'0010001:1'"] {
        let users = decide(&service("app", &format!("user: {user}")), Some(&policy("1:1")));
        assert!(users.findings.is_empty(), "{user}: {:?}", users.findings);
    }
}

#[test]
fn variables_that_bash_keeps_to_itself_are_explained() {
    let text = service("app", "user: \"${UID}:${GID}\"");
    let (mut model, sources) = model(&text);
    // What interpolation makes of it, with the place where it was written.
    let user = model.root.get_mut("services").unwrap().get_mut("a").unwrap().get_mut("user").unwrap();
    *user = Node::string(":", user.origin);
    let (images, caller, known, policy) = (images(), op(), BTreeMap::new(), policy("1:1"));
    let users = decide_users(&UserQuestion {
        model: &model,
        sources: &sources,
        policy: Some(&policy),
        images: &images,
        caller: &caller,
        known: &known,
    });
    let (_, message, help) = the_finding(&users);
    assert!(message.contains("the engine runs it as root"), "{message}");
    assert!(help.contains("UID and GID have no value. bash sets UID"), "{help}");
    assert_eq!(users.findings[0].labels[0].text, "becomes `:`");
}

#[test]
fn a_name_that_the_image_does_not_know_is_refused_as_the_engine_would() {
    for user in ["ghost", "'10001:ghost'", "'2147483648:1'", "'-1'"] {
        let users = decide(&service("app", &format!("user: {user}")), None);
        assert_eq!(the_finding(&users).0, Severity::Error, "{user}");
        assert!(!users.of("a").unwrap().user.is_known());
    }
    let users = decide(&service("broken", "x: 1"), None);
    assert!(the_finding(&users).1.contains("USER of image broken"));
}

#[test]
fn a_lone_number_that_the_image_does_not_know_has_group_zero() {
    let users = decide(&service("app", "user: '55555'"), Some(&policy("1:1")));
    assert_eq!(owner(&users, "a"), Some(Owner::new(55555, 0)));
    assert!(the_finding(&users).1.contains("group 0"));
    let users = decide(&service("app", "user: '10001'"), Some(&policy("1:1")));
    let user = users.of("a").unwrap().user.clone().known().unwrap();
    assert_eq!((user.owner.gid, user.supplementary), (20002, vec![999, 30003]));
    assert!(users.findings.is_empty());
}

#[test]
fn what_cannot_be_read_or_has_no_effect_is_said() {
    let users = decide(&service("app", "x-seaworthy: {user: app}"), Some(&policy("1:1")));
    assert_eq!(the_finding(&users).0, Severity::Error);
    assert!(!users.of("a").unwrap().inject, "a default must not stand in for what was meant otherwise");
    let users = decide(&service("app", "x-seaworthy: {user: '1:1'}"), None);
    assert!(the_finding(&users).1.contains("no effect without a policy"));
    assert!(!users.of("a").unwrap().inject);
    let mut policy = policy("1:1");
    policy.services.insert("apq".into(), Placed::new(UserSpec::Image, None));
    let users = decide(&service("app", "x: 1"), Some(&policy));
    assert_eq!(the_finding(&users).2, "Remove the entry, or correct the name.");
}

#[test]
fn a_service_without_a_container_has_no_user() {
    let users = decide("services:\n  a: {provider: {type: x}}\n  b: {image: app}\n", Some(&policy("1:1")));
    assert!(users.of("a").is_none() && users.of("b").is_some());
}

/// The start programs of images that give themselves a user, and of one that does so only as root.
fn starting() -> FakeImages {
    let image = |path: &'static str, text: &str, user: &'static str| {
        let entry = ImageEntry {
            kind: Kind::File,
            owner: Owner::ROOT,
            mode: 0o755,
            is_filled: false,
            content: Some(text.as_bytes().to_vec()),
        };
        let says = Image { entrypoint: vec![path.to_owned()], ..Image::default() };
        Fake { user, passwd: PASSWD, says, content: BTreeMap::from([(path, entry)]), ..Fake::default() }
    };
    let asks = "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then exec gosu app \"$0\" \"$@\"; fi\nexec \"$@\"\n";
    FakeImages(
        BTreeMap::from([
            ("s6", image("/init", "#!/bin/sh\nexec s6-overlay-suexec x\n", "")),
            ("always", image("/start.sh", "#!/bin/sh\nexec gosu app x\n", "")),
            ("asks", image("/start.sh", asks, "")),
            ("named", image("/start.sh", "#!/bin/sh\nexec gosu app x\n", "node")),
        ]),
        TmpfsMode::default(),
    )
}

#[test]
fn the_default_is_not_for_images_that_give_themselves_a_user() {
    let told = "environment: {PUID: '1000', PGID: '1000'}";
    let decide = |text: &str, known: Option<Owner>, policy: &UserPolicy, images: &dyn Images| {
        let (model, sources) = model(text);
        let known = known.map(|owner| ("a".to_owned(), owner)).into_iter().collect();
        let caller = op();
        let question = UserQuestion {
            model: &model,
            sources: &sources,
            policy: Some(policy),
            images,
            caller: &caller,
            known: &known,
        };
        let users = decide_users(&question);
        (owner(&users, "a"), users.decisions[0].awaits_image)
    };
    let (images, default, ours) = (starting(), policy("4:4"), Owner::new(4, 4));
    for (image, line, expected) in [
        ("s6", "x: 1", Owner::ROOT),
        ("s6", told, Owner::ROOT),
        ("always", "x: 1", Owner::ROOT),
        ("asks", told, Owner::ROOT),
        ("asks", "x: 1", ours),
        ("named", told, ours),
        // Its own first program is not the image's.
        ("s6", "entrypoint: [sleep]", ours),
    ] {
        let found = decide(&service(image, line), None, &default, &images);
        assert_eq!(found, (Some(expected), false), "{image} {line}");
    }
    // Who is named is named, and who ran as the default's user goes on.
    let mut named = policy("4:4");
    named.services.insert("a".into(), Placed::new(UserSpec::Fixed(Owner::new(3, 3)), None));
    assert_eq!(decide(&service("s6", told), None, &named, &images).0, Some(Owner::new(3, 3)));
    assert_eq!(decide(&service("s6", told), Some(ours), &default, &images).0, Some(ours));
    // Until the image is there, the lock says it.
    assert_eq!(decide(&service("s6", told), None, &default, &NoEngine), (Some(ours), true));
    assert!(!decide(&service("s6", told), Some(Owner::ROOT), &default, &NoEngine).1);
    assert_eq!(decide(&service("absent", told), Some(Owner::new(9, 9)), &default, &images).0, Some(ours));
}
