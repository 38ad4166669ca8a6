//! Where a service's user is at home, and whether it can write there.
//!
//! A user whom the image does not know has `/` for its `HOME`, which is root's: programs that keep
//! settings or caches there fail, often long after the start. Only what is certain is reported.

use std::path::Path;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::model::{mount, place, program, security};
use crate::source::{Origin, Span};
use crate::yaml::{Mapping, Node};

use super::images::image_of;
use super::{Images, UserDecision, Users};

/// What is wrong with the homes and working directories of services, as warnings. Asks the images.
pub fn report(model: &Model, users: &Users, images: &dyn Images) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, service) in model.services() {
        let Some(decision) = users.of(name) else { continue };
        let Answer::Known(user) = &decision.user else { continue };
        if user.owner.uid == 0 {
            continue;
        }
        let image = image_of(model, name, service);
        let (home, origin) = match own_home(service) {
            Some(node) => (node.as_str().map(str::to_owned), Some(node.origin)),
            None => (image.and_then(|image| home_of(&image, decision, images)), None),
        };
        let warn = |what: String| {
            Finding::warning(Code::UserInvalid, format!("service `{name}` runs as {}, {what}", user.owner))
        };
        if let Some(home) = home.filter(|home| !writable(service, home)) {
            let is_read_only = read_only(service);
            if home == "/" || is_read_only {
                let why = if is_read_only { "in a read-only root filesystem" } else { "which is root's" };
                let finding = warn(format!("whose HOME is {home}, {why}"));
                let finding = origin
                    .or_else(|| decision.from.span().map(|span| Origin::Policy(Some(span))))
                    .map_or(finding.clone(), |origin| finding.at_origin(origin, "this user"));
                findings.push(finding.help(
                    "Set HOME in its environment to a directory that is mounted, or write `home: fix` under \
                     `user` in the policy.",
                ));
            }
        }
        if let Some(node) = program::WORKING_DIR.node(service)
            && let Some(directory) = node.as_str()
            && read_only(service)
            && !writable(service, directory)
        {
            let finding = warn(format!(
                "and cannot write its working directory {directory}: the root filesystem is read-only"
            ));
            findings.push(
                finding
                    .at_origin(node.origin, "not writable")
                    .help("Mount something there, if it is written to."),
            );
        }
    }
    findings
}

/// Sets `HOME` where the policy asks for it (`user.home: fix`), the image's own does not serve, and
/// something writable is mounted: the working directory where that is it, else the first bind mount.
pub fn fix(model: &mut Model, users: &Users, asked: Option<Span>) {
    let Some(services) = model.root.get_mut("services").and_then(Node::as_map_mut) else { return };
    for decision in users.decisions.iter().filter(|decision| decision.inject) {
        let Answer::Known(user) = &decision.user else { continue };
        // The image knows this one.
        if user.owner.uid == 0 || user.home.as_deref().is_some_and(|home| home != "/") {
            continue;
        }
        let Some(service) = services.get_mut(&decision.service) else { continue };
        if own_home(service).is_some() {
            continue;
        }
        let Some(place) = place(service) else { continue };
        let origin = Origin::Policy(asked);
        if program::ENVIRONMENT.node(service).is_none_or(|node| node.as_map().is_none()) {
            program::ENVIRONMENT.put(service, Node::map(Mapping::new(), origin));
        }
        if let Some(environment) = program::ENVIRONMENT.node_mut(service).and_then(Node::as_map_mut) {
            environment.put("HOME", Node::string(place, origin));
        }
    }
}

/// `HOME` of the service's own environment.
fn own_home(service: &Node) -> Option<&Node> {
    program::ENVIRONMENT.entry(service, "HOME")
}

/// What the image makes of it; `None` where that is not known.
fn home_of(image: &str, decision: &UserDecision, images: &dyn Images) -> Option<String> {
    if let Answer::Known(Some(home)) = images.variable(image, "HOME") {
        return Some(home);
    }
    let resolved = images.resolve(image, decision.value.as_deref());
    resolved.known()?.ok().map(|user| user.home)
}

pub(super) fn read_only(service: &Node) -> bool {
    security::READ_ONLY.is_on(service)
}

/// Whether something that can be written is mounted at `path` or above it.
pub(super) fn writable(service: &Node, path: &str) -> bool {
    let volumes = mount::VOLUMES.items(service).iter().filter_map(place::volume);
    let all = volumes.chain(mount::TMPFS.items(service).iter().filter_map(place::tmpfs));
    // The innermost mount is what is there.
    let inside = all.filter(|place| place.holds(path));
    inside.max_by_key(|place| place.target.len()).is_some_and(|place| !place.read_only)
}

/// A place that the service's user can write: its bind mounts are prepared for it.
fn place(service: &Node) -> Option<String> {
    let volumes = mount::VOLUMES.items(service).iter();
    let targets: Vec<&str> = volumes
        .filter(|mount| mount::TYPE.str(mount) == Some("bind"))
        .filter(|mount| !mount::READ_ONLY.is_on(mount))
        .filter(|mount| {
            mount::SOURCE
                .str(mount)
                .is_some_and(|source| Path::new(source).is_dir() || !Path::new(source).exists())
        })
        .filter_map(|mount| mount::TARGET.str(mount))
        .collect();
    let directory = program::WORKING_DIR.str(service);
    directory.filter(|directory| targets.contains(directory)).or(targets.first().copied()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::images::fake::{Fake, FakeImages};
    use crate::ownership::testing::{model, op};
    use crate::ownership::{Placed, UserPolicy, UserQuestion, UserSpec, decide_users};

    fn users(text: &str, spec: UserSpec) -> (Model, Users, FakeImages) {
        let (model, sources) = model(text);
        let passwd = "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n";
        let images = FakeImages::one("app", Fake { user: "node", passwd, ..Fake::default() });
        let policy = UserPolicy { default: Some(Placed::new(spec, None)), ..UserPolicy::default() };
        let users = decide_users(&UserQuestion {
            model: &model,
            sources: &sources,
            policy: Some(&policy),
            images: &images,
            caller: &op(),
            known: &std::collections::BTreeMap::new(),
        });
        (model, users, images)
    }

    fn reported(service: &str, spec: UserSpec) -> Vec<String> {
        let (model, users, images) = users(&format!("services:\n  a: {service}\n"), spec);
        report(&model, &users, &images).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_user_whom_the_image_does_not_know_has_no_home() {
        let own = UserSpec::PerService;
        assert_eq!(
            reported("{image: app}", own),
            ["service `a` runs as 20001:20001, whose HOME is /, which is root's"]
        );
        for fine in [
            "{image: app, environment: {HOME: /data}}",
            "{image: app, user: '0:0'}",
            "{image: app, user: '1000:1000'}",
            "{image: other}",
        ] {
            assert!(reported(fine, own).is_empty(), "{fine}");
        }
        assert!(reported("{image: app}", UserSpec::Image).is_empty());
    }

    #[test]
    fn nothing_is_written_in_a_read_only_root() {
        let service = |more: &str| format!("{{image: app, read_only: true, working_dir: /w{more}}}");
        let both = reported(&service(""), UserSpec::Image);
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(
            both[0].contains("HOME is /home/node, in a read-only root")
                && both[1].contains("working directory /w")
        );
        assert!(reported(&service(", tmpfs: ['/home:mode=1777', /w]"), UserSpec::Image).is_empty());
        let inner = ", tmpfs: [/w], volumes: [{type: bind, source: /x, target: /home/node, read_only: true}]";
        assert_eq!(reported(&service(inner), UserSpec::Image).len(), 1);
    }

    fn fixed(service: &str, spec: UserSpec) -> Option<String> {
        let (mut model, users, _) = users(&format!("services:\n  a: {service}\n"), spec);
        fix(&mut model, &users, None);
        let home = model.root.at(&["services", "a", "environment", "HOME"])?;
        home.as_str().map(str::to_owned)
    }

    #[test]
    fn home_is_put_where_the_user_can_write() {
        let binds = "volumes: [{type: bind, source: /nowhere/r, target: /r, read_only: true}, \
                     {type: bind, source: /nowhere/s, target: /s}, {type: bind, source: /nowhere/w, target: /w}]";
        let own = UserSpec::PerService;
        assert_eq!(fixed(&format!("{{image: app, {binds}}}"), own).as_deref(), Some("/s"));
        assert_eq!(fixed(&format!("{{image: app, working_dir: /w, {binds}}}"), own).as_deref(), Some("/w"));
        assert_eq!(
            fixed(&format!("{{image: app, environment: {{HOME: /h}}, {binds}}}"), own).as_deref(),
            Some("/h")
        );
        assert_eq!(fixed(&format!("{{image: app, {binds}}}"), UserSpec::Image), None, "the image has one");
        assert_eq!(fixed("{image: app}", own), None, "nowhere");
    }
}
