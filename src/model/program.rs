//! Programs by the words that start them.

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
