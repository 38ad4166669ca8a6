//! Environment variables. Their values are never shown: many are secrets.

use std::collections::BTreeMap;

use crate::compose::text;
use crate::model::{mount, order, path, program};
use crate::policy::rules::LOADER;

use super::Scope;
use super::field::{Fields, at, list, strings};
use super::podman;

/// What Compose itself adds from the client's configuration.
const PROXIES: &[&str] = &["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

pub fn add(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    // A name without a value, that nothing in the environment gives one, is not set at all.
    let wanted: BTreeMap<String, Option<String>> = program::ENVIRONMENT
        .entries(fields.service)
        .map(|(name, value)| (name.to_owned(), (!value.is_null()).then(|| text(value))))
        .collect();
    // Env files of a service that is not launched are not read.
    let is_whole = !path::ENV_FILES.is_set(fields.service) && !program::MODELS.is_set(fields.service);
    let inherited: Option<BTreeMap<String, String>> = scope
        .image_of(name, fields.service)
        .map(|image| image.env.iter().filter_map(|entry| entry.split_once('=')).map(pair).collect());
    let mut prefixes = providers(fields, scope);
    if mount::API_SOCKET.is_on(fields.service) {
        prefixes.push("DOCKER_CONFIG".to_owned());
    }
    loader(fields, &wanted, inherited.as_ref());
    let count = format!("the {} variables of the model and those of the image", wanted.len());
    fields.add_of_program(
        "Config.Env",
        "environment",
        count,
        "programs in it behave otherwise",
        move |live| {
            let found: BTreeMap<String, String> = strings(at(live, "Config.Env"))
                .iter()
                .map(|entry| pair(entry.split_once('=').unwrap_or((entry.as_str(), ""))))
                .collect();
            let mut wrong: Vec<String> = wanted
                .iter()
                .filter_map(|(name, value)| match (value, found.get(name)) {
                    (None, None | Some(_)) => None,
                    (Some(value), Some(found)) if value == found => None,
                    (Some(_), Some(_)) => Some(format!("{name} with another value")),
                    (Some(_), None) => Some(format!("without {name}")),
                })
                .collect();
            if let Some(inherited) = inherited.as_ref().filter(|_| is_whole) {
                let explained = |name: &str, value: &str| {
                    wanted.contains_key(name)
                        || inherited.get(name).is_some_and(|own| own == value)
                        || PROXIES.contains(&name.to_ascii_uppercase().as_str())
                        || prefixes.iter().any(|prefix| name.starts_with(prefix))
                };
                let extra = found.iter().filter(|(name, value)| {
                    !explained(name, value) && !podman::adds_variable(live, name, value)
                });
                wrong.extend(extra.map(|(name, _)| format!("{name} besides")));
            }
            (!wrong.is_empty()).then(|| list(&wrong))
        },
    );
}

/// Variables that put code into every program: a container that has one besides is no older one.
fn loader(
    fields: &mut Fields<'_>,
    wanted: &BTreeMap<String, Option<String>>,
    inherited: Option<&BTreeMap<String, String>>,
) {
    let allowed: Vec<(String, String)> = LOADER
        .iter()
        .filter_map(|name| {
            let own = wanted.get(*name).cloned().flatten();
            let of_image = || inherited.and_then(|all| all.get(*name).cloned());
            Some(((*name).to_owned(), own.or_else(of_image)?))
        })
        .collect();
    let why = "it puts code into every program";
    fields.add("Config.Env", "environment", "no loader's variable besides", why, move |live| {
        let found = strings(at(live, "Config.Env"));
        let found = found.iter().filter_map(|entry| entry.split_once('=')).map(pair);
        let extra: Vec<String> = found
            .filter(|(name, value)| LOADER.contains(&name.as_str()) && !value.is_empty())
            .filter(|both| !allowed.contains(both))
            .map(|(name, _)| name)
            .collect();
        (!extra.is_empty()).then(|| list(&extra))
    });
}

fn pair((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A provider hands variables to the services that depend on it, under its own name.
fn providers(fields: &Fields<'_>, scope: &Scope<'_>) -> Vec<String> {
    let depends = order::DEPENDS_ON.names(fields.service);
    depends
        .filter(|name| {
            scope.resource("services", name).is_some_and(|service| program::PROVIDER.is_set(service))
        })
        .map(|name| format!("{}_", name.to_uppercase().replace('-', "_")))
        .collect()
}
