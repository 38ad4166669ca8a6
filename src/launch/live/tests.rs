//! Recorded inspections, changed field by field.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Scope, Weakness, expect, resources, weaknesses};
use crate::compose::{self, Model, Phases, Selection};
use crate::diagnostic::Sink;
use crate::engine::{Image, Inspection};
use crate::project::{self, Environment, Inputs};

const RICH: &str = include_str!("../../../tests/data/inspect/rich.yaml");
const LIVE: &str = include_str!("../../../tests/data/inspect/rich.json");

pub(in crate::launch) fn model(text: &str) -> Model {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let given = project::Given {
        files: vec!["compose.yaml".into()],
        environment: Environment::new([("HOME".to_owned(), "/home/ann".to_owned())]),
        cwd: folder.path().to_path_buf(),
        ..project::Given::default()
    };
    let (mut inputs, mut sink) = (Inputs::default(), Sink::new());
    let loaded = project::discover(&given, &mut inputs, &mut sink).and_then(|project| {
        let layers = compose::parse(&project, &inputs, &mut sink)?;
        compose::load(&project, layers, Phases::default(), &Selection::default(), &mut inputs, &mut sink)
    });
    loaded.unwrap_or_else(|| panic!("{:?}", sink.findings()))
}

pub(in crate::launch) fn recorded() -> Vec<Value> {
    serde_json::from_str(LIVE).unwrap()
}

fn images() -> BTreeMap<String, Image> {
    let image = Image {
        id: recorded()[0]["Image"].as_str().unwrap().to_owned(),
        cmd: vec!["sh".into()],
        env: vec!["PATH=/bin".into()],
        volumes: vec!["/state".into()],
        ..Image::default()
    };
    BTreeMap::from([("sw-busybox".to_owned(), image)])
}

/// What is weak about the recorded container of a service, after `change`.
fn weak(compose: &str, service: &str, change: impl FnOnce(&mut Value)) -> Vec<Weakness> {
    let model = model(compose);
    let mut all = recorded();
    let found = all.iter_mut().find(|raw| raw["Config"]["Labels"]["com.docker.compose.service"] == service);
    change(found.unwrap());
    let containers: Vec<Inspection> = all.into_iter().map(|raw| Inspection::read(raw).unwrap()).collect();
    let images = images();
    let scope = Scope { model: &model, containers: &containers, others: &[], images: &images };
    let node = model.services().find(|(name, _)| *name == service).unwrap().1;
    let expected = expect(service, node, &scope);
    weaknesses(&expected, containers.iter().find(|container| container.service == service).unwrap())
}

fn set(raw: &mut Value, path: &str, value: Value) {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = raw.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
    match parent {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        _ => parent[key.replace("~1", "/")] = value,
    }
}

#[test]
fn what_was_created_from_the_model_shows_it() {
    for service in ["a", "b", "d"] {
        assert_eq!(weak(RICH, service, |_| {}), [], "{service}");
    }
}

/// A path in the inspection, its changed value, and the field that must be named.
fn weaker() -> Vec<(&'static str, Value, &'static str)> {
    let bind = |source: &str, target: &str| json!({"Type": "bind", "Source": source, "Destination": target, "RW": true, "Propagation": "rprivate"});
    vec![
        ("/HostConfig/Privileged", json!(true), "HostConfig.Privileged"),
        ("/HostConfig/Privileged", Value::Null, "HostConfig.Privileged"),
        ("/HostConfig/MaskedPaths", json!([]), "HostConfig.MaskedPaths"),
        ("/HostConfig/ReadonlyPaths", Value::Null, "HostConfig.ReadonlyPaths"),
        ("/HostConfig/CapAdd", json!(["CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"]), "HostConfig.CapAdd"),
        ("/HostConfig/CapAdd", json!(["ALL"]), "HostConfig.CapAdd"),
        ("/HostConfig/CapDrop", Value::Null, "HostConfig.CapDrop"),
        ("/HostConfig/CapDrop", json!(["CAP_NET_RAW"]), "HostConfig.CapDrop"),
        ("/HostConfig/SecurityOpt", Value::Null, "HostConfig.SecurityOpt"),
        ("/HostConfig/SecurityOpt/-", json!("no-new-privileges:false"), "HostConfig.SecurityOpt"),
        ("/HostConfig/SecurityOpt/-", json!("apparmor=unconfined"), "HostConfig.SecurityOpt"),
        ("/HostConfig/SecurityOpt/-", json!("label=disable"), "HostConfig.SecurityOpt"),
        ("/HostConfig/ReadonlyRootfs", json!(false), "HostConfig.ReadonlyRootfs"),
        ("/Config/User", json!(""), "Config.User"),
        ("/Config/User", json!("10001"), "Config.User"),
        ("/HostConfig/PidsLimit", Value::Null, "HostConfig.PidsLimit"),
        ("/HostConfig/PidsLimit", json!(0), "HostConfig.PidsLimit"),
        ("/HostConfig/PidsLimit", json!(65), "HostConfig.PidsLimit"),
        ("/HostConfig/Memory", json!(0), "HostConfig.Memory"),
        ("/HostConfig/Memory", json!(67_108_865_000_i64), "HostConfig.Memory"),
        ("/HostConfig/MemorySwap", json!(-1), "HostConfig.MemorySwap"),
        ("/HostConfig/NanoCpus", json!(0), "HostConfig.NanoCpus"),
        ("/HostConfig/NanoCpus", json!(600_000_000), "HostConfig.NanoCpus"),
        ("/HostConfig/CpuRealtimeRuntime", json!(5), "HostConfig.CpuRealtimeRuntime"),
        ("/HostConfig/CpusetCpus", json!(""), "HostConfig.CpusetCpus"),
        ("/HostConfig/OomKillDisable", json!(true), "HostConfig.OomKillDisable"),
        ("/HostConfig/OomScoreAdj", json!(-1000), "HostConfig.OomScoreAdj"),
        ("/HostConfig/Ulimits", Value::Null, "HostConfig.Ulimits"),
        ("/HostConfig/Ulimits/1/Hard", json!(201), "HostConfig.Ulimits"),
        ("/HostConfig/Ulimits/0/Soft", json!(-1), "HostConfig.Ulimits"),
        ("/HostConfig/ShmSize", json!(67_108_864), "HostConfig.ShmSize"),
        ("/HostConfig/NetworkMode", json!("host"), "HostConfig.NetworkMode"),
        ("/HostConfig/NetworkMode", json!("container:abc"), "HostConfig.NetworkMode"),
        ("/NetworkSettings/Networks/bridge", json!({}), "NetworkSettings.Networks"),
        (
            "/HostConfig/PortBindings/22~1tcp",
            json!([{"HostIp": "", "HostPort": "22"}]),
            "HostConfig.PortBindings",
        ),
        ("/HostConfig/PortBindings/80~1tcp/0/HostIp", json!("0.0.0.0"), "HostConfig.PortBindings"),
        ("/HostConfig/PortBindings/80~1tcp/0/HostIp", json!("::ffff:0.0.0.0"), "HostConfig.PortBindings"),
        ("/HostConfig/PortBindings/80~1tcp/0/HostIp", json!("localhost"), "HostConfig.PortBindings"),
        ("/HostConfig/PortBindings/80~1tcp/0/HostPort", json!("81"), "HostConfig.PortBindings"),
        ("/HostConfig/PublishAllPorts", json!(true), "HostConfig.PublishAllPorts"),
        ("/HostConfig/PidMode", json!("host"), "HostConfig.PidMode"),
        ("/HostConfig/IpcMode", json!("shareable"), "HostConfig.IpcMode"),
        ("/HostConfig/UTSMode", json!("host"), "HostConfig.UTSMode"),
        ("/HostConfig/UsernsMode", json!("host"), "HostConfig.UsernsMode"),
        ("/HostConfig/CgroupParent", json!("/evil"), "HostConfig.CgroupParent"),
        ("/HostConfig/Devices/0/CgroupPermissions", json!("rwm"), "HostConfig.Devices"),
        ("/HostConfig/Devices/0/PathOnHost", json!("/dev/sda"), "HostConfig.Devices"),
        ("/HostConfig/DeviceCgroupRules/-", json!("a *:* rwm"), "HostConfig.DeviceCgroupRules"),
        ("/HostConfig/DeviceRequests", json!([{"Driver": "", "Count": -1}]), "HostConfig.DeviceRequests"),
        ("/Mounts/-", bind("/", "/host"), "Mounts"),
        ("/Mounts/-", bind("/var/run/docker.sock", "/var/run/docker.sock"), "Mounts"),
        ("/Mounts/0/RW", json!(true), "Mounts"),
        ("/Mounts/0/Source", json!("/srv"), "Mounts"),
        ("/Mounts/0/Propagation", json!("rshared"), "Mounts"),
        ("/Mounts/0/Destination", json!("/elsewhere"), "Mounts"),
        ("/Mounts/1/Name", json!("other"), "Mounts"),
        ("/HostConfig/Tmpfs/~1y", json!(""), "HostConfig.Tmpfs"),
        ("/HostConfig/Tmpfs/~1x", json!("exec,suid"), "HostConfig.Tmpfs"),
        ("/HostConfig/Tmpfs", Value::Null, "HostConfig.Tmpfs"),
        ("/HostConfig/VolumesFrom", json!(["abc"]), "HostConfig.VolumesFrom"),
        ("/HostConfig/GroupAdd/-", json!("docker"), "HostConfig.GroupAdd"),
        ("/HostConfig/Sysctls/kernel.shm_rmid_forced", json!("0"), "HostConfig.Sysctls"),
        ("/HostConfig/ExtraHosts/-", json!("api:6.6.6.6"), "HostConfig.ExtraHosts"),
        ("/HostConfig/Dns", json!(["6.6.6.6"]), "HostConfig.Dns"),
        ("/HostConfig/RestartPolicy/Name", json!("always"), "HostConfig.RestartPolicy"),
        ("/HostConfig/RestartPolicy/MaximumRetryCount", json!(0), "HostConfig.RestartPolicy"),
        ("/HostConfig/LogConfig/Type", json!("syslog"), "HostConfig.LogConfig.Type"),
        ("/Config/Entrypoint", json!(["/evil"]), "Config.Entrypoint"),
        ("/Config/Cmd", json!(["sh"]), "Config.Cmd"),
        ("/Config/Env/-", json!("LD_PRELOAD=/x.so"), "Config.Env"),
        ("/Config/Env/-", json!("A=2"), "Config.Env"),
        ("/Config/Env", json!([]), "Config.Env"),
        ("/Image", json!("sha256:other"), "Image"),
    ]
}

#[test]
fn every_weaker_field_is_named_and_nothing_else() {
    let cases = weaker();
    assert!(cases.len() > 60);
    for (path, value, field) in cases {
        let mut found = weak(RICH, "a", |raw| {
            if raw.pointer(path.rsplit_once('/').unwrap().0).is_none_or(Value::is_null) {
                set(raw, path.rsplit_once('/').unwrap().0, json!({}));
            }
            set(raw, path, value.clone());
        });
        found.dedup_by(|a, b| a.field == b.field);
        let names: Vec<&str> = found.iter().map(|weakness| weakness.field.as_str()).collect();
        assert_eq!(names, [field], "{path}: {found:#?}");
        assert!(!found[0].found.is_empty() && !found[0].key.is_empty());
    }
}

#[test]
fn a_stricter_container_is_no_weakness() {
    let cases = [
        ("/HostConfig/CapAdd", Value::Null),
        ("/HostConfig/PidsLimit", json!(1)),
        ("/HostConfig/Memory", json!(1_000_000)),
        ("/HostConfig/NanoCpus", json!(1_000)),
        ("/HostConfig/OomScoreAdj", json!(1000)),
        ("/HostConfig/ShmSize", json!(1024)),
        ("/HostConfig/IpcMode", json!("none")),
        ("/HostConfig/NetworkMode", json!("none")),
        ("/NetworkSettings/Networks", json!({})),
        ("/HostConfig/PortBindings", json!({})),
        ("/HostConfig/PortBindings/80~1tcp/0/HostIp", json!("::ffff:127.0.0.1")),
        ("/HostConfig/Devices", Value::Null),
        ("/HostConfig/DeviceCgroupRules", json!([])),
        ("/HostConfig/GroupAdd", json!([])),
        ("/HostConfig/ExtraHosts", Value::Null),
        ("/HostConfig/RestartPolicy/Name", json!("no")),
        ("/Mounts/3/RW", json!(false)),
        ("/Mounts/3/Propagation", json!("rprivate")),
        (
            "/Mounts/-",
            json!({"Type": "volume", "Name": "f".repeat(64), "Source": "", "Destination": "/state", "RW": true, "Propagation": ""}),
        ),
        ("/Config/Env/-", json!("PATH=/bin")),
        ("/Config/Env/-", json!("http_proxy=http://p")),
    ];
    for (path, value) in cases {
        assert_eq!(weak(RICH, "a", |raw| set(raw, path, value)), [], "{path}");
    }
}

#[test]
fn a_volume_that_no_image_declares_is_one_too_many() {
    let volume = |name: &str, target: &str| json!({"Type": "volume", "Name": name, "Source": "", "Destination": target, "RW": true});
    for mount in [volume(&"f".repeat(64), "/bin"), volume("named", "/state")] {
        let found = weak(RICH, "a", |raw| set(raw, "/Mounts/-", mount));
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn a_shared_namespace_is_that_of_a_container_of_the_service() {
    let text = RICH.replace(
        "network_mode: none",
        "network_mode: service:a\n    pid: service:a\n    volumes_from: [\"a:ro\"]",
    );
    let id = recorded()[0]["Id"].as_str().unwrap().to_owned();
    let join = |id: String, from: String| {
        weak(&text, "d", move |raw| {
            raw["HostConfig"]["NetworkMode"] = json!(format!("container:{id}"));
            raw["HostConfig"]["PidMode"] = json!(format!("container:{id}"));
            raw["HostConfig"]["VolumesFrom"] = json!([from]);
            raw["NetworkSettings"]["Networks"] = json!({});
        })
    };
    assert_eq!(join(id.clone(), format!("{id}:ro")), []);
    assert_eq!(join("0".repeat(64), format!("{id}:ro")).len(), 2);
    let found = join(id.clone(), id);
    assert_eq!(found[0].field, "HostConfig.VolumesFrom", "what is lent read-only stays so: {found:?}");
}

#[test]
fn a_one_off_container_may_run_another_command_and_nothing_more() {
    let one_off = |raw: &mut Value| {
        raw["Config"]["Labels"]["com.docker.compose.oneoff"] = json!("True");
        raw["Config"]["Cmd"] = json!(["sh", "-c", "ls"]);
    };
    assert_eq!(weak(RICH, "a", one_off), []);
    let found = weak(RICH, "a", |raw| {
        one_off(raw);
        raw["Config"]["User"] = json!("0");
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn networks_and_volumes_are_compared_where_they_are_kept() {
    let model = model(RICH);
    let node = model.services().find(|(name, _)| *name == "a").unwrap().1;
    let used = resources::used(&model, std::iter::once(node));
    let network = |internal: bool| json!({"Name": "rich_inner", "Driver": "bridge", "Internal": internal, "Options": {}, "IPAM": {"Driver": "default", "Options": null}});
    assert_eq!(resources::networks(&model, &used, &[network(true)]), []);
    let found = resources::networks(&model, &used, &[network(true), network(false)]);
    assert_eq!((found.len(), found[0].key.as_str()), (1, "networks.inner.internal"));
    for (change, field) in [
        (json!({"IPAM": {"Driver": "evil", "Options": null}}), "IPAM.Driver"),
        (json!({"IPAM": {"Driver": "default", "Options": {"a": "b"}}}), "IPAM.Options"),
        (json!({"IPAM": {"Driver": "default"}}), "IPAM.Options"),
        (json!({"Options": 7}), "Options"),
    ] {
        let mut changed = network(true);
        changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let found = resources::networks(&model, &used, &[changed]);
        assert_eq!(found.iter().map(|weak| weak.field.as_str()).collect::<Vec<_>>(), [field], "{change}");
    }

    let labels =
        |project: &str| json!({"com.docker.compose.project": project, "com.docker.compose.volume": "vol"});
    let volume = |device: &str| json!({"Name": "rich_vol", "Driver": "local", "Labels": labels("rich"), "Options": {"type": "none", "o": "bind", "device": device}});
    let strict = |_: &str, _: &str| false;
    assert_eq!(resources::volumes(&model, &used, &[volume("/srv/app/data")], &strict), []);
    assert_eq!(resources::volumes(&model, &used, &[], &strict)[0].field, "Name", "nothing is known of it");
    for (change, field) in [
        (json!({"Labels": labels("victim")}), "Labels"),
        (json!({"Labels": null}), "Labels"),
        (json!({"Driver": null}), "Driver"),
        (json!({"Driver": "rclone"}), "Driver"),
        (json!({"Options": "type=none"}), "Options"),
        (json!({"Options": {"type": "none", "o": "bind", "device": 7}}), "Options"),
    ] {
        let mut changed = volume("/srv/app/data");
        changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let found = resources::volumes(&model, &used, &[changed], &strict);
        assert_eq!(found.iter().map(|weak| weak.field.as_str()).collect::<Vec<_>>(), [field], "{change}");
    }
    let found = resources::volumes(&model, &used, &[volume("/")], &strict);
    assert_eq!((found.len(), found[0].field.as_str()), (1, "Options"));
    assert!(found[0].found.contains("device=/"), "{found:?}");
}

#[test]
fn a_volume_of_others_is_judged_by_what_is_behind_it() {
    let model = model(
        "name: p\nservices: {a: {image: x, volumes: [\"vol:/v\"]}}\nvolumes: {vol: {name: theirs, external: true}}\n",
    );
    let used = resources::used(&model, std::iter::once(model.services().next().unwrap().1));
    assert_eq!(used.foreign.len(), 1, "{used:?}");
    let judged = |live: Value, allowed: &str| {
        let found = resources::volumes(&model, &used, &[live], &|_, value| value == allowed);
        found.into_iter().map(|weak| weak.found).collect::<Vec<_>>()
    };
    let live = |driver: &str, options: Value| json!({"Name": "theirs", "Driver": driver, "Options": options});
    let bound = |device: &str| json!({"type": "none", "o": "bind", "device": device});
    for (driver, options) in [("local", Value::Null), ("local", json!({})), ("local", bound("/srv/data"))] {
        assert_eq!(judged(live(driver, options), ""), [""; 0]);
    }
    for (driver, options, found) in [
        ("rclone", Value::Null, "driver=rclone"),
        ("local", json!({"type": "proc"}), "type=proc"),
        ("local", bound("/etc"), "/etc"),
        ("local", bound("../etc"), "device=../etc"),
    ] {
        assert_eq!(judged(live(driver, options.clone()), ""), [found]);
        assert_eq!(judged(live(driver, options), found), [""; 0], "as a waiver says");
    }
    assert_eq!(judged(json!({"Name": "theirs"}), ""), ["(unknown)"]);
    assert_eq!(judged(live("local", json!(["type=proc"])), ""), ["(unknown)"]);
    assert_eq!(judged(live("local", json!({"type": 1})), ""), ["(unknown)"]);
    assert_eq!(resources::volumes(&model, &used, &[], &|_, _| true).len(), 1);
}

#[test]
fn a_weakness_shows_where_the_model_says_otherwise() {
    let found = weak(RICH, "a", |raw| raw["HostConfig"]["CapDrop"] = Value::Null);
    let finding = found[0].finding("help");
    assert_eq!(
        finding.message,
        "rich-a-1 is weaker than the verified model: HostConfig.CapDrop is [], not [ALL]: it keeps capabilities"
    );
    let span = finding.labels[0].span;
    assert_eq!(RICH.get(span.range()), Some("[ALL]"));
}
