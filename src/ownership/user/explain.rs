//! What is wrong with a user, in words.

use std::fmt::Write;

use super::UserSource;
use crate::diagnostic::{Code, Finding};
use crate::engine::UserError;
use crate::ownership::allocate::Exhausted;
use crate::ownership::spec::{Incomplete, SpecError};
use crate::ownership::text::{list, without_value, written};
use crate::project::Environment;
use crate::source::{SourceMap, Span};
use crate::yaml::Node;
use crate::yaml::suggest::nearest;

fn at(finding: Finding, span: Option<Span>, text: &str) -> Finding {
    match span {
        Some(span) => finding.at(span, text),
        None => finding,
    }
}

/// A `user:` that leaves out what the engine then takes to be 0.
pub(super) fn incomplete(
    service: &str,
    user: &Node,
    incomplete: &Incomplete,
    sources: &SourceMap,
    environment: &Environment,
    strict: bool,
) -> Finding {
    let unset = without_value(written(user.origin, sources), environment);
    let message = format!("the user of service `{service}` is incomplete: {incomplete}");
    let finding = if strict {
        Finding::error(Code::UserInvalid, message)
    } else {
        Finding::warning(Code::UserInvalid, message)
    };
    let shown = user.as_str().unwrap_or_default();
    let label = match shown {
        _ if unset.is_empty() => String::new(),
        "" => "nothing is left of it".to_owned(),
        _ => format!("becomes `{shown}`"),
    };
    finding.at_origin(user.origin, label).help(incomplete_help(&unset))
}

fn incomplete_help(unset: &[String]) -> String {
    if unset.is_empty() {
        return "Write both numbers: `user: \"10001:10001\"`.".to_owned();
    }
    let verb = if unset.len() == 1 { "has no value" } else { "have no value" };
    let mut help = format!("{} {verb}. ", list(unset));
    if unset.iter().any(|name| matches!(name.as_str(), "UID" | "GID" | "EUID")) {
        help.push_str(
            "bash sets UID and EUID for itself without exporting them, and never sets GID, so Compose \
             sees neither. ",
        );
    }
    let _ = write!(
        help,
        "Write the numbers (`user: \"10001:10001\"`), set the variables in .env, or leave `user:` out and \
         give `caller` in the policy, which is you."
    );
    help
}

pub(super) fn unreadable(service: &str, user: &Node, error: &SpecError) -> Finding {
    Finding::error(Code::UserInvalid, format!("x-seaworthy.user of service `{service}`: {error}"))
        .at_origin(user.origin, "not a user")
        .help("Write \"UID:GID\" in quotes, `image`, `caller` or `per-service`.")
}

pub(super) fn no_policy(service: &str, user: &Node) -> Finding {
    Finding::warning(
        Code::UserInvalid,
        format!("x-seaworthy.user of service `{service}` has no effect without a policy"),
    )
    .at_origin(user.origin, "not applied")
    .help("Write a seaworthy.yaml with `version: 1` beside the compose file.")
}

pub(super) fn no_such_service(service: &str, span: Option<Span>, names: &[&str]) -> Finding {
    let message = format!("the policy gives a user to `{service}`, but there is no such service");
    let help = match nearest(service, names.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "Remove the entry, or correct the name.".to_owned(),
    };
    at(Finding::error(Code::UserInvalid, message), span, "no such service").help(help)
}

pub(super) fn group_zero(service: &str, user: &Node, uid: u32) -> Finding {
    let message = format!(
        "service `{service}` runs with group 0: the image does not know user {uid}, so the engine takes root's"
    );
    Finding::warning(Code::UserInvalid, message)
        .at_origin(user.origin, "names no group")
        .help(format!("Write both numbers: `user: \"{uid}:{uid}\"`."))
}

pub(super) fn refused_by_engine(
    service: &str,
    user: &Node,
    image: Option<&str>,
    error: &UserError,
) -> Finding {
    let message = format!("service `{service}` cannot start: {error}");
    let label = format!("not in image {}", image.unwrap_or("?"));
    Finding::error(Code::UserInvalid, message).at_origin(user.origin, label).help(
        "Write numbers (`user: \"10001:10001\"`), or a name from the image's /etc/passwd and /etc/group.",
    )
}

pub(super) fn image_is_broken(
    service: &str,
    image: Option<&str>,
    from: UserSource,
    error: &UserError,
) -> Finding {
    let image = image.unwrap_or("?");
    let message = format!("service `{service}` cannot start as the USER of image {image}: {error}");
    at(Finding::error(Code::UserInvalid, message), from.span(), "taken from the image")
        .help("Give the service a `user: \"UID:GID\"`, or correct the image.")
}

pub(super) fn caller_is_root(service: &str, from: UserSource) -> Finding {
    let message = format!(
        "service `{service}` runs as its caller, but the caller is root and so is the project directory's owner"
    );
    at(Finding::error(Code::UserInvalid, message), from.span(), "`caller` is never root")
        .help("Run seaworthy as an ordinary user or through sudo, or write \"UID:GID\" instead of `caller`.")
}

pub(super) fn exhausted(service: &str, from: UserSource, error: Exhausted) -> Finding {
    let message = format!("service `{service}` gets no user of its own: {error}");
    at(Finding::error(Code::UserInvalid, message), from.span(), "").help("Choose a lower base.")
}
