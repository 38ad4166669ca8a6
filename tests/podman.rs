//! Podman as the engine: by its Docker interface, by its own command, and with seaworthy as its Compose. Only on an
//! engine that is Podman: `scripts/test --only-engines podman`.

#[cfg(test)]
mod podman {
    #[path = "../engine/harness.rs"]
    #[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
    mod harness;

    mod launched;
    mod provided;
    mod weaker;
}
