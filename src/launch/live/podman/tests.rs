//! Recorded inspections of Podman, changed field by field.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::podman::{Podman, Process, Seen};
use crate::engine::{Image, Inspection};
use crate::launch::live::tests::model;
use crate::launch::live::{Scope, expect, weaknesses};

const MODEL: &str = include_str!("../../../../tests/data/inspect/podman.yaml");
const LIVE: &str = include_str!("../../../../tests/data/inspect/podman.json");

/// The facts of the recorded container's process.
fn seen() -> Seen {
    let process = Process { capabilities: vec!["CHOWN".into()], no_new_privileges: true, is_filtered: true };
    Seen { process: Some(process), ..Seen::default() }
}

/// The fields that are weak, of the container of a service, after `change`.
fn weak(service: &str, seen: &Result<Seen, String>, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut all: Vec<Value> = serde_json::from_str(LIVE).unwrap();
    let found = all.iter_mut().find(|raw| raw["Config"]["Labels"]["com.docker.compose.service"] == service);
    change(found.unwrap());
    let mut containers: Vec<Inspection> = all.into_iter().map(|raw| Inspection::read(raw).unwrap()).collect();
    for container in &mut containers {
        let bounding = Some(vec!["CHOWN".to_owned()]);
        container.podman = Some(Podman { bounding, has_limits: true, seen: seen.clone() });
    }
    let image = Image { id: containers[0].image_id.clone(), cmd: vec!["sh".into()], ..Image::default() };
    let images = BTreeMap::from([("sw-busybox".to_owned(), image)]);
    let model = model(MODEL);
    let scope = Scope { model: &model, containers: &containers, others: &[], images: &images };
    let node = model.services().find(|(name, _)| *name == service).unwrap().1;
    let container = containers.iter().find(|container| container.service == service).unwrap();
    let found = weaknesses(&expect(service, node, &scope), container);
    found.into_iter().map(|one| if one.is_unproved { "unproved".to_owned() } else { one.field }).collect()
}

#[test]
fn what_podman_made_of_the_model_holds() {
    for service in ["a", "b"] {
        assert_eq!(weak(service, &Ok(seen()), |_| {}), Vec::<String>::new(), "{service}");
    }
}

#[test]
fn a_weaker_answer_is_named_alone() {
    let strings = |all: &[&str]| json!(all);
    let tmpfs = "/HostConfig/Tmpfs";
    for (path, value, field) in [
        ("/HostConfig/Privileged", json!(true), "HostConfig.Privileged"),
        ("/HostConfig/PidMode", json!("host"), "HostConfig.PidMode"),
        ("/HostConfig/PidMode", json!("shareable"), "HostConfig.PidMode"),
        ("/HostConfig/IpcMode", json!("host"), "HostConfig.IpcMode"),
        ("/HostConfig/UTSMode", json!("host"), "HostConfig.UTSMode"),
        ("/HostConfig/UsernsMode", json!("host"), "HostConfig.UsernsMode"),
        ("/HostConfig/NetworkMode", json!("host"), "HostConfig.NetworkMode"),
        ("/HostConfig/ReadonlyRootfs", json!(false), "HostConfig.ReadonlyRootfs"),
        ("/HostConfig/SecurityOpt", strings(&[]), "HostConfig.SecurityOpt"),
        ("/HostConfig/SecurityOpt", strings(&["no-new-privileges", "unmask=all"]), "HostConfig.SecurityOpt"),
        ("/HostConfig/DeviceCgroupRules", strings(&["c 10:200 rw"]), "HostConfig.DeviceCgroupRules"),
        ("/NetworkSettings/Networks", json!({}), "HostConfig.NetworkMode"),
        (tmpfs, json!({"/tmp": "suid", "/run": "size=1m,mode=755", "/t": "size=9"}), "HostConfig.Tmpfs"),
        (tmpfs, json!({"/tmp": "", "/run": "mode=755", "/t": "size=9"}), "HostConfig.Tmpfs"),
        (tmpfs, json!({"/tmp": "", "/run": "size=1m,mode=755", "/t": "size=1000001"}), "HostConfig.Tmpfs"),
        ("/Config/Env", strings(&["MODE=quiet", "container=else"]), "Config.Env"),
        ("/Config/Env", strings(&["MODE=quiet", "PATH=/evil"]), "Config.Env"),
        ("/Config/Env", strings(&["MODE=quiet", "HOME=here"]), "Config.Env"),
    ] {
        let found = weak("a", &Ok(seen()), |raw| *raw.pointer_mut(path).unwrap() = value.clone());
        assert_eq!(found, [field], "{path} {value}");
    }
    let other = weak("b", &Ok(seen()), |raw| raw["HostConfig"]["NetworkMode"] = json!("container:else"));
    assert_eq!(other, ["HostConfig.NetworkMode"]);
}

#[test]
fn what_its_process_shows_counts_more_than_what_podman_says() {
    let with = |change: &dyn Fn(&mut Seen)| {
        let mut seen = seen();
        change(&mut seen);
        weak("a", &Ok(seen), |_| {})
    };
    let process = |change: fn(&mut Process)| with(&|seen| change(seen.process.as_mut().unwrap()));
    assert_eq!(with(&|seen| seen.unmasked.push("/proc/keys")), ["HostConfig.MaskedPaths"]);
    assert_eq!(with(&|seen| seen.writable.push("/proc/sys")), ["HostConfig.ReadonlyPaths"]);
    assert_eq!(with(&|seen| seen.has_writable_root = true), ["HostConfig.ReadonlyRootfs"]);
    assert_eq!(process(|of| of.capabilities.push("KILL".into())), ["HostConfig.CapAdd"]);
    assert_eq!(process(|of| of.no_new_privileges = false), ["HostConfig.SecurityOpt"]);
    assert_eq!(process(|of| of.is_filtered = false), ["HostConfig.SecurityOpt"]);
}

#[test]
fn a_limit_is_left_out_only_where_there_are_no_control_groups() {
    let without = |has_limits: bool| {
        let mut container =
            Inspection::read(serde_json::from_str::<Vec<Value>>(LIVE).unwrap().remove(0)).unwrap();
        for name in ["PidsLimit", "Memory", "MemorySwap"] {
            container.raw["HostConfig"][name] = json!(0);
        }
        container.podman = Some(Podman { bounding: None, has_limits, seen: Ok(seen()) });
        let model = model(MODEL);
        let containers = [container];
        let images = BTreeMap::new();
        let scope = Scope { model: &model, containers: &containers, others: &[], images: &images };
        let node = model.services().find(|(name, _)| *name == "a").unwrap().1;
        let found = weaknesses(&expect("a", node, &scope), &containers[0]);
        found.into_iter().map(|one| one.field).collect::<Vec<_>>()
    };
    assert_eq!(without(true), ["HostConfig.PidsLimit", "HostConfig.Memory"]);
    assert_eq!(without(false), Vec::<String>::new());
}

#[test]
fn what_is_not_told_is_one_finding() {
    assert_eq!(weak("a", &Err("it has no process to look at".into()), |_| {}), ["unproved"]);
    // Before the program runs, Podman's own word on capabilities counts.
    assert_eq!(weak("a", &Ok(Seen::default()), |_| {}), Vec::<String>::new());
}
