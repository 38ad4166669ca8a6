//! What runs for a service, and programs by the words that start them.

use super::field::fields;
use crate::compose::text;
use crate::yaml::Node;

fields! {
    ENTRYPOINT: Texts = "entrypoint";
    COMMAND: Texts = "command";
    WORKING_DIR: Text = "working_dir";
    ENVIRONMENT: Named = "environment";
    PROVIDER: Part = "provider";
    PROVIDER_TYPE: Text = "provider.type";
    MODELS: Named = "models";
    HEALTH: Part = "healthcheck";
    HEALTH_TEST: Texts = "healthcheck.test";
    HEALTH_DISABLED: Flag = "healthcheck.disable";
    POST_START: Entries = "post_start";
    PRE_STOP: Entries = "pre_stop";
    PRE_START: Entries = "pre_start";
    HOOK_IMAGE: Text = "pre_start[].image";
    HOOK_COMMAND: Texts = "post_start[].command" | "pre_stop[].command" | "pre_start[].command" | "develop.watch[].exec.command";
    HOOK_USER: Text = "post_start[].user" | "pre_stop[].user" | "pre_start[].user" | "develop.watch[].exec.user";
    HOOK_PRIVILEGED: Flag = "post_start[].privileged" | "pre_stop[].privileged" | "pre_start[].privileged" | "develop.watch[].exec.privileged";
    HOOK_ENVIRONMENT: Named = "post_start[].environment" | "pre_stop[].environment" | "pre_start[].environment" | "develop.watch[].exec.environment";
    WATCH_EXEC: Part = "develop.watch[].exec";
}

/// Whether a container runs for a service; a provider runs something else.
pub(crate) fn has_container(service: &Node) -> bool {
    !PROVIDER.is_set(service)
}

/// Every hook of a service, with the key that it stands under.
pub(crate) fn hooks(service: &Node) -> Vec<(&'static str, &Node)> {
    let mut found = Vec::new();
    for field in [POST_START, PRE_STOP, PRE_START] {
        found.extend(field.items(service).iter().map(|hook| (field.path(), hook)));
    }
    let watches = super::path::WATCHES.items(service).iter();
    found.extend(watches.filter_map(|watch| Some(("develop.watch", WATCH_EXEC.node(watch)?))));
    found
}

/// What switches the health check off, where something does.
pub(crate) fn health_off(service: &Node) -> Option<&Node> {
    let none = || HEALTH_TEST.items(service).first().filter(|word| text(word) == "NONE");
    HEALTH_DISABLED.on(service).or_else(|| none().and_then(|_| HEALTH_TEST.node(service)))
}

/// Programs that read commands from their words or from their input.
const SHELLS: [&str; 7] = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];

/// The name of a program, without the directory that it is in.
pub fn name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a word starts a shell.
pub fn is_shell(word: &str) -> bool {
    SHELLS.contains(&name(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_known_in_whatever_directory() {
        assert!(is_shell("/bin/sh") && is_shell("bash") && is_shell("/usr/bin/busybox"));
        assert!(!is_shell("/bin/sh/run") && !is_shell("shell"));
        assert_eq!(name("/a/b"), "b");
    }
}
