//! Pairs of keys: what is demanded, and what takes its effect away.

use crate::model::capability::name as capability;
use crate::model::program::is_shell;
use crate::model::{Restart, limits, network, program};
use crate::policy::rules::user::doubtful;
use crate::yaml::Node;

/// A demanded key, and the key of the same service, network, volume, config or secret that cancels it.
pub struct Pair {
    pub section: &'static str,
    /// Any of these; an empty path is every key.
    pub demanded: &'static [&'static [&'static str]],
    pub by: &'static [&'static str],
    pub cancels: Cancels,
}

/// Whether the demanded value, the first, has no effect beside the second.
#[derive(Clone, Copy)]
pub enum Cancels {
    /// Wherever the second one is written.
    Always(fn(&Node, &Node) -> bool),
    /// Only where a file behind the overlay writes it.
    Later(fn(&Node, &Node) -> bool),
    /// As `Later`, where the base does not have the service: the overlay brings it in, to run.
    Unused(fn(&Node, &Node) -> bool),
}

use Cancels::{Always, Later, Unused};

const CONFINEMENT: &[&[&str]] = &[
    &["cap_drop"],
    &["security_opt"],
    &["read_only"],
    &["ulimits"],
    &["sysctls"],
    &["devices"],
    &["gpus"],
    &["runtime"],
];
const LIMITS: &[&[&str]] = &[
    &["mem_limit"],
    &["memswap_limit"],
    &["pids_limit"],
    &["cpus"],
    &["cpu_quota"],
    &["deploy", "resources", "limits"],
];
/// What says which program runs.
const PROGRAM: &[&[&str]] = &[&["command"], &["entrypoint"]];
/// What says how an image is made.
const BUILT: &[&[&str]] = &[&["build", "target"], &["build", "dockerfile"], &["build", "context"]];
const MEMORY: &[&[&str]] = &[&["mem_limit"], &["deploy", "resources", "limits", "memory"]];
/// An overlay that says how a service is made gives it to the project.
const MADE: &[&[&str]] = &[&["image"], &["build"]];
const WHOLE: &[&[&str]] = &[&[]];
const CHECK: &[&[&str]] = &[&["healthcheck", "test"]];

const fn service(
    demanded: &'static [&'static [&'static str]],
    by: &'static [&'static str],
    cancels: Cancels,
) -> Pair {
    Pair { section: "services", demanded, by, cancels }
}

const fn network(by: &'static [&'static str], cancels: Cancels) -> Pair {
    Pair { section: "networks", demanded: WHOLE, by, cancels }
}

const fn volume(by: &'static [&'static str], cancels: Cancels) -> Pair {
    Pair { section: "volumes", demanded: WHOLE, by, cancels }
}

pub const PAIRS: &[Pair] = &[
    network(&["external"], Always(is_on)),
    network(&["name"], Later(any)),
    network(&["driver"], Later(any)),
    network(&["driver_opts"], Later(leads_out)),
    network(&["ipam", "options"], Later(any)),
    Pair { section: "networks", demanded: &[&["internal"]], by: &["driver"], cancels: Always(is_on_the_lan) },
    Pair {
        section: "networks",
        demanded: &[&["enable_ipv6"]],
        by: &["ipam", "config"],
        cancels: Always(has_ipv6),
    },
    volume(&["name"], Later(any)),
    volume(&["driver"], Later(any)),
    volume(&["driver_opts"], Later(any)),
    Pair { section: "configs", demanded: WHOLE, by: &["external"], cancels: Always(is_on) },
    Pair { section: "secrets", demanded: WHOLE, by: &["external"], cancels: Always(is_on) },
    service(&[&["healthcheck"]], &["healthcheck", "disable"], Always(is_on)),
    service(CHECK, &["healthcheck", "interval"], Later(beyond_an_hour)),
    service(CHECK, &["healthcheck", "timeout"], Later(beyond_an_hour)),
    service(CHECK, &["healthcheck", "start_period"], Later(beyond_an_hour)),
    service(CHECK, &["healthcheck", "start_interval"], Later(beyond_an_hour)),
    service(CHECK, &["healthcheck", "retries"], Later(many)),
    service(MADE, &["scale"], Unused(is_zero)),
    service(MADE, &["deploy", "replicas"], Unused(is_zero)),
    service(MADE, &["profiles"], Unused(any)),
    service(MADE, &["provider"], Unused(any)),
    service(MADE, &["network_mode"], Unused(any)),
    service(&[&["image"]], &["build"], Later(any)),
    service(&[&["image"]], &["platform"], Later(any)),
    service(&[&["build"], &["pull_policy"]], &["build"], Later(other_build)),
    service(&[&["build"]], &["pull_policy"], Later(any)),
    service(&[&["command"]], &["entrypoint"], Later(any)),
    service(&[&["entrypoint"]], &["command"], Later(is_told_to_a_shell)),
    service(PROGRAM, &["working_dir"], Later(any)),
    service(PROGRAM, &["environment", "PATH"], Later(any)),
    service(PROGRAM, &["environment", "BASH_ENV"], Later(any)),
    service(PROGRAM, &["environment", "LD_LIBRARY_PATH"], Later(any)),
    service(PROGRAM, &["environment", "PYTHONPATH"], Later(any)),
    service(PROGRAM, &["environment", "PYTHONSTARTUP"], Later(any)),
    service(PROGRAM, &["environment", "NODE_OPTIONS"], Later(any)),
    service(PROGRAM, &["environment", "PERL5OPT"], Later(any)),
    service(PROGRAM, &["environment", "RUBYOPT"], Later(any)),
    service(PROGRAM, &["environment", "JAVA_TOOL_OPTIONS"], Later(any)),
    service(&[&["stop_grace_period"]], &["stop_signal"], Later(is_kill)),
    service(&[&["stop_signal"]], &["stop_grace_period"], Later(is_no_time)),
    service(&[&["post_start"]], &["restart"], Later(restarts)),
    service(&[&["runtime"]], &["annotations"], Later(any)),
    service(&[&["ports"]], &["network_mode"], Later(any)),
    service(BUILT, &["build", "additional_contexts"], Later(any)),
    service(BUILT, &["build", "args"], Later(any)),
    service(&[&["user"]], &["post_start"], Always(runs_as_root)),
    service(&[&["user"]], &["pre_stop"], Always(runs_as_root)),
    service(&[&["user"]], &["pre_start"], Always(runs_as_root)),
    service(&[&["user"]], &["group_add"], Always(has_root_group)),
    service(&[&["cap_drop"]], &["cap_add"], Later(gives_back)),
    service(&[&["ulimits"]], &["cap_add"], Later(has_resource)),
    service(CONFINEMENT, &["privileged"], Always(is_on)),
    service(MEMORY, &["memswap_limit"], Always(is_unbounded)),
    service(MEMORY, &["memswap_limit"], Later(is_more_than_twice)),
    service(MEMORY, &["oom_kill_disable"], Always(is_on)),
    service(&[&["memswap_limit"]], &["mem_swappiness"], Later(any)),
    service(LIMITS, &["cgroup_parent"], Later(any)),
    service(LIMITS, &["cgroup"], Later(is_foreign)),
    service(&[&["oom_score_adj"]], &["oom_kill_disable"], Always(is_on)),
    service(&[&["cpu_quota"]], &["cpu_period"], Later(any)),
    service(&[&["cpu_period"]], &["cpu_quota"], Later(any)),
    service(&[&["cpu_rt_runtime"]], &["cpu_rt_period"], Later(any)),
    service(&[&["cpu_rt_period"]], &["cpu_rt_runtime"], Later(any)),
    service(&[&["cpus"]], &["cpu_rt_runtime"], Later(any)),
    service(&[&["shm_size"]], &["ipc"], Always(is_foreign)),
    service(&[&["sysctls"]], &["ipc"], Always(is_foreign)),
    service(&[&["sysctls"]], &["network_mode"], Always(is_foreign)),
    service(&[&["init"]], &["pid"], Always(is_foreign)),
    service(&[&["restart"]], &["deploy", "restart_policy"], Always(restarts_otherwise)),
];

fn any(_: &Node, _: &Node) -> bool {
    true
}

/// A shell runs what follows it.
fn is_told_to_a_shell(wanted: &Node, have: &Node) -> bool {
    let words: Vec<String> = match wanted.as_seq() {
        Some(words) => words.iter().map(crate::compose::text).collect(),
        None => return false,
    };
    let last = words.last().map(String::as_str).unwrap_or_default();
    let is_open = is_shell(last) || last.starts_with('-') && words.iter().any(|word| is_shell(word));
    is_open && have.as_seq().is_some_and(|words| !words.is_empty())
}

fn is_kill(_: &Node, have: &Node) -> bool {
    matches!(crate::compose::text(have).to_ascii_uppercase().trim_start_matches("SIG"), "KILL" | "9")
}

fn is_no_time(_: &Node, have: &Node) -> bool {
    const SECOND: i64 = 1_000_000_000;
    let time = have.as_str().and_then(|text| crate::compose::short::duration::parse(text).ok());
    time.is_none_or(|time| time < SECOND)
}

/// The engine starts it again, and runs no hook then.
fn restarts(_: &Node, have: &Node) -> bool {
    have.as_str().is_some_and(|policy| policy != "no")
}

/// Docker gives as much swap as memory where nothing is said.
fn is_more_than_twice(wanted: &Node, have: &Node) -> bool {
    match (limits::written(wanted), limits::written(have)) {
        (Some(memory), Some(all)) => all > 2.0 * memory,
        _ => true,
    }
}

fn is_on(_: &Node, have: &Node) -> bool {
    have.as_bool() == Some(true)
}

fn is_zero(_: &Node, have: &Node) -> bool {
    limits::written(have) == Some(0.0)
}

fn is_unbounded(_: &Node, have: &Node) -> bool {
    limits::written(have).is_some_and(|value| value < 0.0)
}

fn many(_: &Node, have: &Node) -> bool {
    limits::written(have).is_none_or(|retries| retries > 100.0)
}

fn beyond_an_hour(_: &Node, have: &Node) -> bool {
    const HOUR: i64 = 3_600_000_000_000;
    have.as_str()
        .and_then(|text| crate::compose::short::duration::parse(text).ok())
        .is_none_or(|time| time > HOUR)
}

/// The namespace of the host, a service or a container.
fn is_foreign(_: &Node, have: &Node) -> bool {
    have.as_str().is_some_and(|mode| mode == "host" || mode.contains(':'))
}

/// These put a container on the host's own network, whatever the engine isolates.
fn is_on_the_lan(wanted: &Node, have: &Node) -> bool {
    wanted.as_bool() == Some(true)
        && have.as_str().is_some_and(|driver| driver != "bridge" && driver != "overlay")
}

/// Options of a bridge that neither name an interface nor open a way.
fn leads_out(_: &Node, have: &Node) -> bool {
    have.as_map().is_some_and(|options| {
        options.iter().any(|(key, value)| !network::is_own(key, &crate::compose::text(value)))
    })
}

fn has_ipv6(wanted: &Node, have: &Node) -> bool {
    let subnet =
        |config: &Node| config.get("subnet").and_then(Node::as_str).is_some_and(|net| net.contains(':'));
    wanted.as_bool() == Some(false) && have.as_seq().is_some_and(|configs| configs.iter().any(subnet))
}

/// A build that was not the one demanded; the overlay's own build is compared by its leaves.
fn other_build(wanted: &Node, have: &Node) -> bool {
    wanted.as_map().is_none() && wanted.as_str() != Some("build") && have.as_map().is_some()
}

fn runs_as_root(wanted: &Node, have: &Node) -> bool {
    let root = |user: &str| doubtful(user).is_some();
    let hook =
        |hook: &Node| program::HOOK_USER.str(hook).is_some_and(root) || program::HOOK_PRIVILEGED.is_on(hook);
    !wanted.as_str().is_some_and(root) && have.as_seq().is_some_and(|hooks| hooks.iter().any(hook))
}

fn has_root_group(_: &Node, have: &Node) -> bool {
    let groups = have.as_seq().unwrap_or_default();
    groups.iter().map(crate::compose::text).any(|group| group == "root" || group.parse::<i64>() == Ok(0))
}

fn capabilities(node: &Node) -> Vec<String> {
    node.as_seq().unwrap_or_default().iter().filter_map(Node::as_str).map(capability).collect()
}

fn gives_back(wanted: &Node, have: &Node) -> bool {
    let dropped = capabilities(wanted);
    let all = |list: &[String]| list.iter().any(|one| one == "ALL");
    let added = capabilities(have);
    !added.is_empty() && (all(&dropped) || all(&added) || added.iter().any(|one| dropped.contains(one)))
}

fn has_resource(_: &Node, have: &Node) -> bool {
    capabilities(have).iter().any(|one| one == "ALL" || one == "SYS_RESOURCE")
}

/// Compose takes the policy of `deploy` where both are written.
fn restarts_otherwise(wanted: &Node, have: &Node) -> bool {
    wanted.as_str().is_some_and(|wanted| Restart::of_text(wanted) != Restart::of_deploy(have))
}
