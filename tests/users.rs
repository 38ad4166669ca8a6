//! Stable users, through the real program: the lock, drift, repair, launches at once.

#[cfg(test)]
mod users {
    #[path = "../engine/harness.rs"]
    #[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
    mod harness;

    mod drift;
    mod launches;
}
