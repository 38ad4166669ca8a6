//! Every key of a service, and what it means that it differs.

use super::value::{self, has_expression, is_root, reach};
use super::{
    COSMETIC, Case, FUNCTIONAL, Meaning, OWNERSHIP, by_rank, danger, danger_flag, guard_flag, limit,
    limit_of, mount, port, strengthens, weakens, worst,
};
use crate::compose::text;
use crate::yaml::{Mapping, Node};

type Judge = fn(&Case<'_>) -> Meaning;

/// By key. What is below a key is for its judge to tell apart.
const FIELDS: &[(&str, Judge)] = &[
    ("profiles", functional),
    ("annotations", functional),
    ("attach", functional),
    ("build", build),
    ("develop", functional),
    ("blkio_config", functional),
    ("cap_add", cap_add),
    ("cap_drop", cap_drop),
    ("cgroup_parent", danger),
    ("cgroup", namespace),
    ("cpu_count", limit),
    ("cpu_percent", limit),
    ("cpu_period", functional),
    ("cpu_quota", limit),
    ("cpu_rt_period", danger),
    ("cpu_rt_runtime", danger),
    ("cpus", limit),
    ("cpuset", functional),
    ("cpu_shares", functional),
    ("command", functional),
    ("configs", functional),
    ("container_name", functional),
    ("credential_spec", danger),
    ("depends_on", functional),
    ("deploy", deploy),
    ("device_cgroup_rules", danger),
    ("devices", danger),
    ("dns", functional),
    ("dns_opt", functional),
    ("dns_search", functional),
    ("domainname", functional),
    ("entrypoint", functional),
    ("provider", danger),
    ("environment", functional),
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
    ("sysctls", danger),
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

fn list<'n>(model: &'n Node, case: &Case<'_>, key: &str) -> &'n [Node] {
    let service = case.path.first().map(String::as_str).unwrap_or_default();
    model.at(&["services", service, key]).and_then(Node::as_seq).unwrap_or_default()
}

fn cap_add(case: &Case<'_>) -> Meaning {
    match case.after {
        Some(_) => weakens("a capability is given"),
        None => strengthens("a capability is taken away"),
    }
}

const ALL_IS_DROPPED: Meaning = Meaning { why: "ALL is dropped anyway", ..COSMETIC };

fn cap_drop(case: &Case<'_>) -> Meaning {
    let drops_all = |model: &Node| {
        list(model, case, "cap_drop").iter().any(|item| value::capability(&text(item)) == "ALL")
    };
    match (case.before, case.after) {
        (None, _) if drops_all(case.old) => ALL_IS_DROPPED,
        (None, _) => strengthens("a capability is dropped"),
        (_, None) if drops_all(case.new) => ALL_IS_DROPPED,
        _ => weakens("a capability is no longer dropped"),
    }
}

/// The last `no-new-privileges` counts; everything else is a profile or its absence.
fn security_opt(case: &Case<'_>) -> Meaning {
    let options = |node: Option<&Node>| -> Vec<String> {
        let items = node.and_then(Node::as_seq).unwrap_or_default();
        items.iter().map(|item| text(item).replace('=', ":").to_ascii_lowercase()).collect()
    };
    let (before, after) = (options(case.before), options(case.after));
    let guarded = |options: &[String]| {
        let last = options.iter().rev().find(|option| option.starts_with("no-new-privileges"));
        last.is_some_and(|option| option == "no-new-privileges" || option == "no-new-privileges:true")
    };
    let others = |options: &[String]| -> Vec<String> {
        let others = options.iter().filter(|option| !option.starts_with("no-new-privileges"));
        let mut others: Vec<String> = others.cloned().collect();
        others.sort();
        others
    };
    let off = |options: &[String]| {
        let off = |option: &&String| {
            option.ends_with(":unconfined") || option.contains("disable") || has_expression(option)
        };
        options.iter().filter(off).count()
    };
    let mut found = Vec::new();
    match (guarded(&before), guarded(&after)) {
        (true, false) => found.push(weakens("programs may gain privileges")),
        (false, true) => found.push(strengthens("programs may no longer gain privileges")),
        _ => {}
    }
    if others(&before) != others(&after) {
        found.push(match off(&after).cmp(&off(&before)) {
            std::cmp::Ordering::Greater => weakens("a protection is switched off"),
            std::cmp::Ordering::Less => strengthens("a protection is switched on again"),
            std::cmp::Ordering::Equal => weakens("another profile confines it"),
        });
    }
    worst(found).unwrap_or(COSMETIC)
}

fn namespace(case: &Case<'_>) -> Meaning {
    // Of these an engine can be set up to share what nothing is said about.
    let own = u8::from(case.path.get(1).is_some_and(|key| key == "ipc" || key == "cgroup"));
    let rank = |node: Option<&Node>| match node.map(text).as_deref() {
        Some("private" | "none") => 0,
        None | Some("") => own,
        Some(mode) if mode.starts_with("service:") || mode == "shareable" => 2,
        Some(mode) if mode.starts_with("container:") || has_expression(mode) => 3,
        Some(_) => 4,
    };
    let (before, after) = (rank(case.before), rank(case.after));
    if before == after && after > 1 {
        return weakens("it shares another's namespace");
    }
    by_rank(before, after, "it shares a namespace", "it shares a namespace with fewer")
}

fn network_mode(case: &Case<'_>) -> Meaning {
    let rank = |node: Option<&Node>| match node.map(text).as_deref() {
        Some("none") => 0,
        None | Some("") => 1,
        Some("host") => 3,
        Some(_) => 2,
    };
    let (before, after) = (rank(case.before), rank(case.after));
    if before == after && after == 2 {
        return weakens("it is in another's network");
    }
    by_rank(before, after, "it reaches more of the network", "it reaches less of the network")
}

/// Which networks a service is in: what matters is whether one of them leads out.
fn networks(case: &Case<'_>) -> Meaning {
    if case.path.len() > 3 {
        return FUNCTIONAL;
    }
    let service = case.path.first().map(String::as_str).unwrap_or_default();
    let mode = case.new.at(&["services", service, "network_mode"]).map(text);
    if mode.as_deref() == Some("none") {
        return strengthens("it has no network any more");
    }
    let leads_out = |model: &Node| {
        let own = model.at(&["services", service, "networks"]).and_then(Node::as_map);
        own.into_iter()
            .flat_map(Mapping::keys)
            .any(|network| value::flag(model.at(&["networks", network, "internal"])) != Some(true))
    };
    let rank = |model: &Node| u8::from(leads_out(model));
    by_rank(rank(case.old), rank(case.new), "it gets a way out", "it has no way out any more")
}

fn user(case: &Case<'_>) -> Meaning {
    let root = |node: Option<&Node>| node.map(text).is_some_and(|user| is_root(&user));
    match (root(case.before), root(case.after)) {
        (false, true) => weakens("it runs as root"),
        (true, false) => strengthens("it no longer runs as root"),
        _ => OWNERSHIP,
    }
}

fn image(case: &Case<'_>) -> Meaning {
    let pinned = |node: Option<&Node>| node.map(text).is_some_and(|image| image.contains("@sha256:"));
    match (pinned(case.before), pinned(case.after)) {
        (true, false) => weakens("the image is no longer pinned by its digest"),
        (false, true) => strengthens("the image is pinned by its digest"),
        _ => FUNCTIONAL,
    }
}

fn logging(case: &Case<'_>) -> Meaning {
    let silent = |model: &Node| {
        let service = case.path.first().map(String::as_str).unwrap_or_default();
        model.at(&["services", service, "logging", "driver"]).is_some_and(|driver| text(driver) == "none")
    };
    match (silent(case.old), silent(case.new)) {
        (false, true) => weakens("nothing of what it says is kept"),
        (true, false) => strengthens("what it says is kept"),
        _ => FUNCTIONAL,
    }
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
    let numbers = |node: Option<&Node>| -> Vec<value::Bound> {
        match node.map(|node| (node, node.as_map().is_some())) {
            Some((node, true)) => ["soft", "hard"].iter().map(|key| value::bound(node.get(key))).collect(),
            // Zero is a limit here: no core files at all.
            Some((node, false)) if text(node) == "0" => vec![value::Bound::At(0.0); 2],
            Some((node, false)) => vec![value::bound(Some(node)); 2],
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
        Some("context" | "additional_contexts") => {
            let out = |node: Option<&Node>| match node.map(text_or_empty) {
                Some(path) if path.starts_with(['/', '~']) || path.starts_with("..") => reach(&path),
                _ => 1,
            };
            by_rank(
                out(case.before),
                out(case.after),
                "it builds from outside the project",
                "it builds from nearer",
            )
        }
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
        let as_root = node.get("user").map(text).is_none_or(|user| is_root(&user));
        u8::from(as_root || value::flag(node.get("privileged")) != Some(false))
    };
    by_rank(
        strong(case.before),
        strong(case.after),
        "a hook runs as root, whoever the service runs as",
        "no hook runs as root any more",
    )
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
