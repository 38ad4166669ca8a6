//! Bind sources and their owners, through the real program on a real engine: repair as an ordinary
//! operator, attacks on it, what is refused before a launch.

#[cfg(test)]
mod ownership {
    #[path = "../engine/harness.rs"]
    #[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
    mod harness;
    #[path = "../engine/images.rs"]
    mod images;

    mod attacks;
    mod copies;
    mod home;
    mod idmap;
    mod killed;
    mod launch;
    mod login;
    mod maps;
    mod matrix;
    mod operator;
    mod remote;
    mod repair;
    mod served;
    mod share;
    mod surroundings;
    mod unasked;
    mod volumes;
}
