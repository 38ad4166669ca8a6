//! The proof on live containers, through the real program on a real engine: create, inspect, start; `attest`.

#[cfg(test)]
mod live {
    #[path = "../engine/harness.rs"]
    #[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
    mod harness;

    mod annotate;
    mod attest;
    mod commands;
    mod doctor;
    mod dropped;
    mod example;
    mod flags;
    mod foreseen;
    mod gc;
    mod handed;
    mod identity;
    mod ids;
    mod interrupted;
    mod postures;
    mod probe;
    mod proof;
    mod proxy;
    mod starting;
    mod surroundings;
    mod whois;
}
