//! Every key of a service, and what it means that it differs.

use crate::compose::text;
use crate::model::security::{NO_NEW_PRIVILEGES, SecurityOption};
use crate::model::{ImageName, capability, logging, network, program, resource};
use crate::policy::rules::LOADER;
use crate::yaml::{Mapping, Node};

use super::value::{self, has_expression, is_root};
use super::{
    COSMETIC, Case, FUNCTIONAL, Meaning, OWNERSHIP, all, by_rank, danger, danger_flag,
    functional as otherwise, guard_flag, limit, limit_of, mount, place, port, strengthens, two_edged,
    weakens, worst,
};

type Judge = fn(&Case<'_>) -> Meaning;

/// By key. What is below a key is for its judge to tell apart.
const FIELDS: &[(&str, Judge)] = &[
    ("profiles", functional),
    ("annotations", annotations),
    ("attach", functional),
    ("build", build),
    ("develop", functional),
    ("blkio_config", functional),
    ("cap_add", cap_add),
    ("cap_drop", cap_drop),
    ("cgroup_parent", two_edged),
    ("cgroup", namespace),
    ("cpu_count", limit),
    ("cpu_percent", limit),
    ("cpu_period", functional),
    ("cpu_quota", limit),
    ("cpu_rt_period", two_edged),
    ("cpu_rt_runtime", two_edged),
    ("cpus", limit),
    ("cpuset", functional),
    ("cpu_shares", functional),
    ("command", functional),
    ("configs", functional),
    ("container_name", functional),
    ("credential_spec", two_edged),
    ("depends_on", functional),
    ("deploy", deploy),
    ("device_cgroup_rules", danger),
    ("devices", danger),
    ("dns", functional),
    ("dns_opt", functional),
    ("dns_search", functional),
    ("domainname", functional),
    ("entrypoint", functional),
    ("provider", two_edged),
    ("environment", environment),
    ("env_file", functional),
    ("expose", functional),
    ("extends", functional),
    ("external_links", danger),
    ("extra_hosts", functional),
    ("group_add", danger),
    ("gpus", danger),
    ("hostname", functional),
    ("healthcheck", functional),
    ("image", image),
    ("init", functional),
    ("ipc", namespace),
    ("isolation", another),
    ("labels", functional),
    ("label_file", functional),
    ("links", functional),
    ("logging", logging),
    ("mem_limit", limit),
    ("mem_reservation", functional),
    ("memswap_limit", limit),
    ("mem_swappiness", functional),
    ("mac_address", functional),
    ("models", functional),
    ("network_mode", network_mode),
    ("networks", networks),
    ("oom_kill_disable", danger_flag),
    ("oom_score_adj", oom_score),
    ("pid", namespace),
    ("pids_limit", limit),
    ("platform", functional),
    ("ports", port::judge),
    ("privileged", danger_flag),
    ("pull_policy", functional),
    ("pull_refresh_after", functional),
    ("read_only", guard_flag),
    ("restart", functional),
    ("runtime", another),
    ("scale", functional),
    ("secrets", functional),
    ("security_opt", security_opt),
    ("shm_size", shm_size),
    ("stdin_open", functional),
    ("stop_grace_period", functional),
    ("stop_signal", functional),
    ("storage_opt", functional),
    ("sysctls", two_edged),
    ("tmpfs", mount::tmpfs),
    ("tty", functional),
    ("ulimits", ulimit),
    ("use_api_socket", danger_flag),
    ("user", user),
    ("userns_mode", namespace),
    ("uts", namespace),
    ("volumes", mount::judge),
    ("volumes_from", danger),
    ("working_dir", functional),
    ("pre_start", hook),
    ("post_start", hook),
    ("pre_stop", hook),
];

/// Whether a key of a service has a judgement.
pub fn is_known(key: &str) -> bool {
    FIELDS.iter().any(|(known, _)| *known == key)
}

/// Judges a place in a service, or a service that comes or goes.
pub fn judge(case: &Case<'_>) -> Meaning {
    let [_, key, ..] = case.path else { return whole(case) };
    if key == "x-seaworthy" {
        return OWNERSHIP;
    }
    if key.starts_with("x-") {
        return COSMETIC;
    }
    let Some((_, judge)) = FIELDS.iter().find(|(known, _)| *known == key.as_str()) else {
        return weakens("seaworthy does not know this key");
    };
    if case.path.len() == 2 && takes_apart(key) {
        return of_parts(case, *judge);
    }
    judge(case)
}

/// Keys whose judge looks at one entry.
fn takes_apart(key: &str) -> bool {
    matches!(
        key,
        "cap_add"
            | "cap_drop"
            | "ports"
            | "volumes"
            | "tmpfs"
            | "ulimits"
            | "networks"
            | "pre_start"
            | "post_start"
            | "pre_stop"
    )
}

/// A whole list or mapping that comes or goes.
fn of_parts(case: &Case<'_>, judge: Judge) -> Meaning {
    let node = case.before.or(case.after);
    let items: Vec<(String, &Node)> = match node.map(|node| &node.value) {
        Some(crate::yaml::Value::Seq(items)) => {
            items.iter().map(|item| (text_or_empty(item), item)).collect()
        }
        Some(crate::yaml::Value::Map(map)) => map.iter().map(|(key, node)| (key.to_owned(), node)).collect(),
        _ => Vec::new(),
    };
    let meanings = items.into_iter().map(|(name, item)| {
        let mut path = case.path.to_vec();
        path.push(name);
        let (before, after) = if case.before.is_some() { (Some(item), None) } else { (None, Some(item)) };
        judge(&Case { path: &path, before, after, ..*case })
    });
    worst(meanings).unwrap_or(FUNCTIONAL)
}

fn text_or_empty(node: &Node) -> String {
    if node.as_map().is_some() { String::new() } else { text(node) }
}

/// A service that comes is judged by what it brings; that one goes weakens nothing.
fn whole(case: &Case<'_>) -> Meaning {
    let Some(service) = case.after.and_then(Node::as_map) else { return FUNCTIONAL };
    let meanings = service.iter().filter_map(|(key, node)| {
        let mut path = case.path.to_vec();
        path.push(key.to_owned());
        // That it has a network is what a service is for.
        let meaning = judge(&Case { path: &path, before: None, after: Some(node), ..*case });
        (meaning.class == super::Class::Weakens && key != "networks").then_some(meaning)
    });
    worst(meanings).unwrap_or(FUNCTIONAL)
}

fn functional(_: &Case<'_>) -> Meaning {
    FUNCTIONAL
}

fn another(_: &Case<'_>) -> Meaning {
    weakens("another runtime confines it")
}

/// A service of one of the two models.
fn service_of<'n>(model: &'n Node, case: &Case<'_>) -> Option<&'n Node> {
    model.at(&["services", case.path.first().map(String::as_str).unwrap_or_default()])
}

fn cap_add(case: &Case<'_>) -> Meaning {
    match case.after {
        Some(_) => weakens("a capability is given"),
        None => strengthens("a capability is taken away"),
    }
}

const ALL_IS_DROPPED: Meaning = Meaning::new(super::Class::Cosmetic, "ALL is dropped anyway");

fn cap_drop(case: &Case<'_>) -> Meaning {
    let drops_all = |model: &Node| service_of(model, case).is_some_and(capability::drops_all);
    match (case.before, case.after) {
        (None, _) if drops_all(case.old) => ALL_IS_DROPPED,
        (None, _) => strengthens("a capability is dropped"),
        (_, None) if drops_all(case.new) => ALL_IS_DROPPED,
        _ => weakens("a capability is no longer dropped"),
    }
}

/// The last `no-new-privileges` counts; everything else is a profile or its absence.
fn security_opt(case: &Case<'_>) -> Meaning {
    let options = |node: Option<&Node>| -> Vec<SecurityOption> {
        let items = node.and_then(Node::as_seq).unwrap_or_default();
        items.iter().map(|item| SecurityOption::of_text(&text(item))).collect()
    };
    let (before, after) = (options(case.before), options(case.after));
    let guarded = |options: &[SecurityOption]| {
        let last = options.iter().rev().find(|option| option.name == NO_NEW_PRIVILEGES);
        last.is_some_and(|option| option.value == "true")
    };
    let mut found = Vec::new();
    match (guarded(&before), guarded(&after)) {
        (true, false) => found.push(weakens("programs may gain privileges")),
        (false, true) => found.push(strengthens("programs may no longer gain privileges")),
        _ => {}
    }
    let mut kinds: Vec<&str> = before.iter().chain(&after).map(|option| option.name.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for one in kinds.into_iter().filter(|one| *one != NO_NEW_PRIVILEGES) {
        let of = |options: &[SecurityOption]| -> Vec<String> {
            let own = options.iter().filter(|option| option.name == one);
            let mut own: Vec<String> = own.map(|option| option.value.clone()).collect();
            own.sort();
            own
        };
        let off = |options: &[String]| {
            options
                .iter()
                .any(|value| value == "unconfined" || value.contains("disable") || has_expression(value))
        };
        let (was, is) = (of(&before), of(&after));
        if was != is {
            found.push(match (off(&was), off(&is)) {
                (_, true) => weakens("a protection is switched off"),
                (true, false) => strengthens("a protection is switched on again"),
                (false, false) => weakens("another profile confines it"),
            });
        }
    }
    all(found).unwrap_or(COSMETIC)
}

/// A namespace: whose it is, and how far away that one is.
fn shared(case: &Case<'_>, own: u8, wide: u8) -> Meaning {
    let rank = |node: Option<&Node>| match node.map(text).as_deref() {
        Some("private" | "none") => 0,
        None | Some("") => own,
        Some(mode) if mode.starts_with("service:") || mode == "shareable" => 2,
        Some("host") => 4,
        Some(mode) if mode.starts_with("container:") || has_expression(mode) => 3,
        Some(_) => wide,
    };
    let (before, after) = (rank(case.before), rank(case.after));
    let less = strengthens("it shares with fewer");
    match after {
        _ if case.before.map(text) == case.after.map(text) => FUNCTIONAL,
        0 | 1 if after < before => less,
        0 | 1 => by_rank(before, after, "it shares a namespace", ""),
        // Another one, and not only a nearer one.
        2 if after < before => all([otherwise("it shares another's namespace"), less]).unwrap_or(FUNCTIONAL),
        _ if after < before => all([weakens("it shares another's namespace"), less]).unwrap_or(FUNCTIONAL),
        _ => weakens("it shares another's namespace"),
    }
}

fn namespace(case: &Case<'_>) -> Meaning {
    // Of these an engine can be set up to share what nothing is said about.
    let own = u8::from(case.path.get(1).is_some_and(|key| key == "ipc" || key == "cgroup"));
    shared(case, own, 4)
}

/// A network by its name is the engine's to give, as that of a service is.
fn network_mode(case: &Case<'_>) -> Meaning {
    shared(case, 1, 2)
}

/// What a runtime takes orders from.
fn annotations(case: &Case<'_>) -> Meaning {
    match case.after {
        Some(_) => weakens("a runtime may take orders from it"),
        None => FUNCTIONAL,
    }
}

/// Variables that decide which code a program loads.
fn environment(case: &Case<'_>) -> Meaning {
    match (case.path.get(2), case.after) {
        (None, _) => below(case, environment),
        (Some(name), Some(_)) if LOADER.contains(&name.as_str()) => {
            weakens("it decides which code is loaded")
        }
        _ => FUNCTIONAL,
    }
}

/// Which networks a service is in: what matters is whether one of them leads out.
fn networks(case: &Case<'_>) -> Meaning {
    if case.path.len() > 3 {
        return FUNCTIONAL;
    }
    let mode = service_of(case.new, case).and_then(|service| network::MODE.str(service));
    if mode == Some("none") {
        return strengthens("it has no network any more");
    }
    let leads_out = |model: &Node| {
        let is_internal = |network: &str| {
            let declared = model.at(&["networks", network]);
            value::flag(declared.and_then(|declared| resource::INTERNAL.node(declared))) == Some(true)
        };
        service_of(model, case)
            .is_some_and(|service| network::NETWORKS.names(service).any(|network| !is_internal(network)))
    };
    let rank = |model: &Node| u8::from(leads_out(model));
    let way = by_rank(rank(case.old), rank(case.new), "it gets a way out", "it has no way out any more");
    let joins = |model: &Node, other: &Node| {
        let own = |model: &Node| -> Vec<String> {
            let service = service_of(model, case).into_iter();
            service.flat_map(|service| network::NETWORKS.names(service)).map(ToString::to_string).collect()
        };
        let known = own(other);
        own(model).iter().any(|network| !known.contains(network))
    };
    // Out of one and into another is not only less.
    let moved = joins(case.new, case.old).then(|| otherwise("it is in another network"));
    all([way].into_iter().chain(moved)).unwrap_or(FUNCTIONAL)
}

fn user(case: &Case<'_>) -> Meaning {
    let root = |node: Option<&Node>| node.map(text).is_some_and(|user| is_root(&user));
    let of_root = match (root(case.before), root(case.after)) {
        (false, true) => Some(weakens("it runs as root")),
        (true, false) => Some(strengthens("it no longer runs as root")),
        _ => None,
    };
    all([OWNERSHIP].into_iter().chain(of_root)).unwrap_or(OWNERSHIP)
}

/// Repository, tag and digest are three facts.
fn image(case: &Case<'_>) -> Meaning {
    let (before, after) =
        (case.before.map(text).unwrap_or_default(), case.after.map(text).unwrap_or_default());
    let (was, is) = (ImageName::read(&before), ImageName::read(&after));
    let mut found = Vec::new();
    if was.repository != is.repository {
        found.push(otherwise("it runs another image"));
    } else if was.tag.unwrap_or_default() != is.tag.unwrap_or_default()
        || was.digest.is_some() && is.digest.is_some() && was.digest != is.digest
    {
        found.push(otherwise("it runs another version of the image"));
    }
    match (was.digest.is_some(), is.digest.is_some()) {
        (true, false) => found.push(weakens("the image is no longer pinned by its digest")),
        (false, true) => found.push(strengthens("the image is pinned by its digest")),
        _ => {}
    }
    all(found).unwrap_or(FUNCTIONAL)
}

/// Whether what is said is kept, and whether it stays on this machine.
fn logging(case: &Case<'_>) -> Meaning {
    let driver = |model: &Node| {
        service_of(model, case).and_then(|service| logging::DRIVER.text(service)).unwrap_or_default()
    };
    let (was, is) = (driver(case.old), driver(case.new));
    let stays = |driver: &str| matches!(driver, "" | "none" | "local" | "json-file" | "journald");
    let mut found = Vec::new();
    match (was == "none", is == "none") {
        (false, true) => found.push(weakens("nothing of what it says is kept")),
        (true, false) => found.push(strengthens("what it says is kept")),
        _ => {}
    }
    match (stays(&was), stays(&is)) {
        (true, false) => found.push(weakens("what it says goes to another machine")),
        (false, true) => found.push(strengthens("what it says stays on this machine")),
        (false, false) => found.push(otherwise("what it says goes elsewhere")),
        _ => {}
    }
    all(found).unwrap_or(FUNCTIONAL)
}

fn oom_score(case: &Case<'_>) -> Meaning {
    let score = |node: Option<&Node>| node.map_or(Some(0), |node| text(node).parse::<i64>().ok());
    match (score(case.before), score(case.after)) {
        (Some(before), Some(after)) if after < before => weakens("others are killed before it"),
        (Some(before), Some(after)) if after > before => strengthens("it is killed before others"),
        (_, None) => weakens("whoever sets the environment decides"),
        _ => FUNCTIONAL,
    }
}

/// What an engine gives where nothing is said.
const SHM_DEFAULT: f64 = 67_108_864.0;

fn shm_size(case: &Case<'_>) -> Meaning {
    let bound = |node: Option<&Node>| match value::bound(node) {
        value::Bound::None => value::Bound::At(SHM_DEFAULT),
        bound => bound,
    };
    limit_of(bound(case.before), bound(case.after))
}

fn ulimit(case: &Case<'_>) -> Meaning {
    let Some(_) = case.before else { return FUNCTIONAL };
    // Zero is a limit here: no core files at all.
    let number = |node: Option<&Node>| match node.map(text).as_deref() {
        Some("0") => value::Bound::At(0.0),
        _ => value::bound(node),
    };
    let numbers = |node: Option<&Node>| -> Vec<value::Bound> {
        match node.map(|node| (node, node.as_map().is_some())) {
            Some((node, true)) => ["soft", "hard"].iter().map(|key| number(node.get(key))).collect(),
            Some((node, false)) => vec![number(Some(node)); 2],
            None => vec![value::Bound::None; 2],
        }
    };
    let pairs = numbers(case.before).into_iter().zip(numbers(case.after));
    worst(pairs.map(|(before, after)| limit_of(before, after)).filter(|meaning| *meaning != COSMETIC))
        .unwrap_or(FUNCTIONAL)
}

fn deploy(case: &Case<'_>) -> Meaning {
    match case.path.get(2..).unwrap_or_default() {
        [] => below(case, deploy),
        [resources] if resources == "resources" => below(case, deploy),
        [resources, part] if resources == "resources" && part == "limits" => below(case, deploy),
        [resources, part, ..] if resources == "resources" && part == "limits" => limit(case),
        [resources, part] if resources == "resources" && part == "reservations" => below(case, deploy),
        [resources, part, what, ..]
            if resources == "resources" && part == "reservations" && what == "devices" =>
        {
            danger(case)
        }
        _ => FUNCTIONAL,
    }
}

fn build(case: &Case<'_>) -> Meaning {
    match case.path.get(2).map(String::as_str) {
        None => below(case, build),
        Some("privileged") => danger_flag(case),
        Some("entitlements" | "ssh") => danger(case),
        Some("network") => {
            let host = |node: Option<&Node>| u8::from(node.map(text).as_deref() == Some("host"));
            by_rank(
                host(case.before),
                host(case.after),
                "it builds in the host's network",
                "it does not build there",
            )
        }
        Some("context" | "additional_contexts") => all(place(case.before, case.after)).unwrap_or(FUNCTIONAL),
        Some(_) => FUNCTIONAL,
    }
}

/// Judges what is directly below a mapping that comes or goes.
fn below(case: &Case<'_>, judge: Judge) -> Meaning {
    let node = case.before.or(case.after).and_then(Node::as_map);
    let meanings = node.into_iter().flat_map(Mapping::iter).map(|(key, _)| {
        let mut path = case.path.to_vec();
        path.push(key.to_owned());
        let (before, after) = case.child(key);
        judge(&Case { path: &path, before, after, ..*case })
    });
    worst(meanings).unwrap_or(FUNCTIONAL)
}

fn hook(case: &Case<'_>) -> Meaning {
    let strong = |node: Option<&Node>| {
        let Some(node) = node else { return 0 };
        let as_root = program::HOOK_USER.text(node).is_none_or(|user| is_root(&user));
        u8::from(as_root || value::flag(program::HOOK_PRIVILEGED.node(node)) != Some(false))
    };
    let power = by_rank(
        strong(case.before),
        strong(case.after),
        "a hook runs as root, whoever the service runs as",
        "no hook runs as root any more",
    );
    // Another command is another thing, whoever runs it.
    let other = (case.before.is_some() && case.after.is_some()).then_some(FUNCTIONAL);
    all([power].into_iter().chain(other)).unwrap_or(FUNCTIONAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::table::{Map, PROJECT};

    #[test]
    fn every_key_that_a_service_can_have_has_a_judgement() {
        let service = PROJECT.child("services").and_then(|services| services.child("a")).unwrap();
        let Some(Map::Object(object)) = service.map else { panic!("a service is an object") };
        let keys: Vec<&str> = object.fields.iter().map(|field| field.key).collect();
        let without: Vec<&&str> = keys.iter().filter(|key| !is_known(key)).collect();
        assert!(without.is_empty(), "{without:?}");
        let gone: Vec<&str> = FIELDS.iter().map(|(key, _)| *key).filter(|key| !keys.contains(key)).collect();
        assert!(gone.is_empty(), "{gone:?}");
    }
}
