//! What runs in a container: image, command, groups, kernel settings, runtime, restarts, logs.

use std::collections::BTreeMap;

use crate::compose::text;
use crate::model::{Restart, identity, kernel, logging, program};

use super::Scope;
use super::field::{Fields, at, beyond, list, number, shown, string, strings};

pub fn add(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    if let Some(image) = scope.image_of(name, fields.service) {
        let id = image.id.clone();
        let expected =
            format!("{} ({})", super::image_name(&scope.model.name, name, fields.service), short(&id));
        fields.add_of_program(
            "Image",
            "image",
            expected,
            "it runs another image than the one of that name",
            move |live| (live.image_id != id).then(|| short(&live.image_id)),
        );
    }
    command(fields, name, scope);
    let groups = identity::GROUPS.texts(fields.service);
    fields.add("HostConfig.GroupAdd", "group_add", list(&groups), "it is in more groups", move |live| {
        beyond(strings(at(live, "HostConfig.GroupAdd")), |found| groups.iter().any(|group| group == found))
    });
    kernel(fields);
    restart(fields);
    if let Some(runtime) = kernel::RUNTIME.text(fields.service) {
        fields.add(
            "HostConfig.Runtime",
            "runtime",
            runtime.clone(),
            "it is run by another program",
            move |live| {
                let found = string(live, "HostConfig.Runtime");
                (found != runtime).then(|| shown(&found))
            },
        );
    }
    if let Some(driver) = logging::DRIVER.text(fields.service) {
        fields.add_of_program(
            "HostConfig.LogConfig.Type",
            "logging.driver",
            driver.clone(),
            "its output goes elsewhere",
            move |live| {
                let found = string(live, "HostConfig.LogConfig.Type");
                (found != driver).then(|| shown(&found))
            },
        );
    }
}

fn short(id: &str) -> String {
    id.chars().take("sha256:".len() + 12).collect()
}

/// An entrypoint of the model takes the image's command away; an empty list takes its own.
fn command(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    let image = scope.image_of(name, fields.service);
    let entrypoint =
        program::ENTRYPOINT.node(fields.service).map(|_| program::ENTRYPOINT.texts(fields.service));
    let command = Some(program::COMMAND.texts(fields.service)).filter(|words| !words.is_empty());
    let inherited =
        if entrypoint.is_some() { Some(Vec::new()) } else { image.map(|image| image.cmd.clone()) };
    let expected = entrypoint.or_else(|| image.map(|image| image.entrypoint.clone()));
    if let Some(expected) = expected {
        fields.add_of_program(
            "Config.Entrypoint",
            "entrypoint",
            list(&expected),
            "it runs another program",
            move |live| {
                let found = strings(at(live, "Config.Entrypoint"));
                (found != expected).then(|| list(&found))
            },
        );
    }
    if let Some(expected) = command.or(inherited) {
        fields.add_of_program(
            "Config.Cmd",
            "command",
            list(&expected),
            "it runs another program",
            move |live| {
                let found = strings(at(live, "Config.Cmd"));
                // What `run` runs is typed with it.
                (found != expected && !is_one_off(live)).then(|| list(&found))
            },
        );
    }
}

/// Made by `run`.
pub fn is_one_off(live: &crate::engine::Inspection) -> bool {
    let labels = at(live, "Config.Labels");
    let label = labels.get("com.docker.compose.oneoff").and_then(serde_json::Value::as_str);
    label.is_some_and(|label| label.eq_ignore_ascii_case("true"))
}

fn kernel(fields: &mut Fields<'_>) {
    let sysctls = kernel::SYSCTLS.entries(fields.service);
    let wanted: BTreeMap<String, String> =
        sysctls.map(|(name, value)| (name.to_owned(), text(value))).collect();
    let words: Vec<String> = wanted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields.add(
        "HostConfig.Sysctls",
        "sysctls",
        list(&words),
        "its kernel settings are others",
        move |live| {
            let found = at(live, "HostConfig.Sysctls").as_object().into_iter().flatten();
            let found: BTreeMap<String, String> = found
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect();
            (found != wanted).then(|| {
                list(&found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
            })
        },
    );
}

/// A container that is not restarted is no weaker.
fn restart(fields: &mut Fields<'_>) {
    let asked = Restart::of_service(fields.service);
    let key = asked.as_ref().map_or("restart", |(_, key, _)| *key);
    let Restart { name, attempts: most } = asked.map_or_else(Restart::never, |(restart, ..)| restart);
    let expected = if most > 0 { format!("{name}:{most}") } else { name.clone() };
    fields.add_of_program(
        "HostConfig.RestartPolicy",
        key,
        expected,
        "it is started again otherwise",
        move |live| {
            let found = string(live, "HostConfig.RestartPolicy.Name");
            let tries = number(live, "HostConfig.RestartPolicy.MaximumRetryCount").unwrap_or(0);
            let never = ["", "no"].contains(&found.as_str());
            let same = found == name
                && (most == 0 || (tries > 0 && u64::try_from(tries).is_ok_and(|tries| tries <= most)));
            (!never && !same).then(|| if tries > 0 { format!("{found}:{tries}") } else { found })
        },
    );
}
