use std::collections::BTreeMap;

use super::*;
use crate::ownership::images::fake::FakeImages;
use crate::ownership::lock::{Entry, From};
use crate::ownership::testing::{model, op};
use crate::ownership::{UserQuestion, decide_users};

/// What is decided about `shared` in a directory of its own, mounted by services of these users and fields.
fn decided(services: &[(&str, &str)], strategy: Strategy, lock: &Lock, map: &IdMap) -> Sharing {
    let temp = tempfile::tempdir().unwrap();
    let directory = temp.path().canonicalize().unwrap();
    std::fs::create_dir(directory.join("shared")).unwrap();
    let mut text = "services:\n".to_owned();
    for (name, fields) in services {
        text += &format!("  {name}: {{image: app, {}}}\n", fields.replace("AT", directory.to_str().unwrap()));
    }
    let (mut model, sources) = model(&text);
    model.directory.clone_from(&directory);
    let users = decide_users(&UserQuestion {
        model: &model,
        sources: &sources,
        policy: None,
        images: &FakeImages::default(),
        caller: &op(),
        known: &BTreeMap::new(),
    });
    let declared =
        [DeclaredState { path: directory.join("shared"), from: vec![Owner::new(2999, 2999)], strategy }];
    let mut sharing = decide(&Question {
        model: &model,
        users: &users,
        lock: Some(lock),
        maps: &|_| Answer::Known(map.clone()),
        caller: &op(),
        roots: &StateRoots::new(&model, &[]),
        declared: &declared,
    });
    for tree in &mut sharing.trees {
        tree.path = tree.path.strip_prefix(&directory).unwrap().to_owned();
    }
    sharing
}

fn plainly(services: &[(&str, &str)], strategy: Strategy) -> Sharing {
    decided(services, strategy, &Lock::default(), &IdMap::identity())
}

const A: (&str, &str) = ("a", "user: '3001:3001', volumes: [{type: bind, source: AT/shared, target: /s}]");
const B: (&str, &str) =
    ("b", "user: '3002:3002', volumes: [{type: bind, source: AT/shared/sub, target: /s, read_only: true}]");
const C: (&str, &str) =
    ("c", "user: '3003:20', group_add: ['5005', '20'], volumes: [{type: bind, source: AT, target: /s}]");
const D: (&str, &str) =
    ("d", "user: '3004:20', group_add: ['5005'], volumes: [{type: bind, source: AT/shared, target: /s}]");

#[test]
fn lists_name_everybody_who_mounts_any_of_it_and_the_operator() {
    let sharing = plainly(&[A, B, C], Strategy::Acl);
    let [tree] = sharing.trees.as_slice() else { panic!("{sharing:?}") };
    assert_eq!(tree.services, ["a", "b", "c"]);
    assert_eq!(tree.whom(), "users 1500, 3001, 3002 (reading) and 3003");
    assert_eq!(tree.share.from, BTreeSet::from([2999, 3001, 3002, 3003]));
    assert_eq!(tree.share.top, BTreeSet::new(), "`c` may put anything in its place");
    let fixed = plainly(&[A, B], Strategy::Acl);
    assert_eq!(fixed.trees[0].share.top, BTreeSet::from([1500]));
}

#[test]
fn a_group_is_one_that_all_have_and_rather_nobodys_own() {
    let sharing = plainly(&[C, D], Strategy::Group);
    assert_eq!((sharing.trees[0].whom(), sharing.trees[0].strategy()), ("group 5005".to_owned(), "group"));
    let refused = plainly(&[A, D], Strategy::Group);
    assert!(refused.trees.is_empty());
    let [finding] = refused.findings.as_slice() else { panic!("{refused:?}") };
    assert_eq!(finding.code, Code::BindShared);
    assert!(finding.message.contains("`a` and `d` have none in common"), "{}", finding.message);
    let root = ("r", "user: '0:0', volumes: [{type: bind, source: AT/shared, target: /s}]");
    assert_eq!(plainly(&[D, root], Strategy::Group).trees[0].whom(), "group 5005", "root needs none");
}

#[test]
fn where_nothing_is_said_it_is_shared_only_by_different_users_with_a_group_in_common() {
    assert_eq!(plainly(&[C, D], Strategy::Unsaid).trees[0].whom(), "group 5005");
    assert!(plainly(&[A, D], Strategy::Unsaid).trees.is_empty());
    assert!(plainly(&[D], Strategy::Unsaid).trees.is_empty());
    let same = ("e", D.1);
    assert!(plainly(&[D, same], Strategy::Unsaid).trees.is_empty(), "one user");
    assert!(plainly(&[C, D], Strategy::Chown).trees.is_empty(), "it was said otherwise");
}

#[test]
fn who_it_was_is_known_from_the_lock_but_never_the_operator_or_root() {
    let previous = vec![Owner::ROOT, Owner::new(1500, 1500), Owner::new(3000, 3000)];
    let entry =
        Entry { user: Owner::new(3099, 3099), from: From::Service, image: None, previous, state: Vec::new() };
    let lock = Lock { services: BTreeMap::from([("a".to_owned(), entry)]) };
    let tree = &decided(&[A], Strategy::Acl, &lock, &IdMap::identity()).trees[0];
    assert_eq!(tree.share.from, BTreeSet::from([2999, 3000, 3001, 3099]));
    // Somebody who is the operator in the container as well may have what is his.
    let own = ("a", "user: '1500:1500', volumes: [{type: bind, source: AT/shared, target: /s}]");
    assert!(plainly(&[own], Strategy::Acl).trees[0].share.from.contains(&1500));
}

#[test]
fn all_numbers_are_the_hosts() {
    let range = vec![crate::engine::idmap::Range { container: 0, host: 100_000, length: 65536 }];
    let map = IdMap::new(range.clone(), range);
    let tree = &decided(&[D], Strategy::Acl, &Lock::default(), &map).trees[0];
    assert_eq!(tree.whom(), "users 1500 and 103004");
    assert_eq!(tree.share.from, BTreeSet::from([102_999, 103_004]));
    let tree = &decided(&[D], Strategy::Group, &Lock::default(), &map).trees[0];
    assert_eq!(tree.whom(), "group 105005");
    assert!(tree.mends("d", &tree.path.join("x"), Owner::new(103_004, 5)));
    assert!(!tree.mends("d", &tree.path.join("x"), Owner::new(1500, 5)), "only the directory itself");
    assert!(tree.mends("d", &tree.path.clone(), Owner::new(1500, 5)));
    assert!(!tree.mends("other", &tree.path, Owner::new(103_004, 5)));
}
