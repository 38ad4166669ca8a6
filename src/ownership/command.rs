//! Commands that a person can copy.

use std::path::Path;

use crate::host::{Kind, Owner};

/// The command that makes an empty file or a directory with this owner and mode.
pub fn make(path: &Path, kind: Kind, owner: Owner, mode: u32) -> String {
    let (path, Owner { uid, gid }) = (quoted(path), owner);
    match kind {
        Kind::Directory => format!("sudo install -d -o {uid} -g {gid} -m {mode:04o} {path}"),
        _ => format!("sudo install -o {uid} -g {gid} -m {mode:04o} /dev/null {path}"),
    }
}

/// The command that gives a file or a whole directory to this owner.
pub fn give(path: &Path, kind: Kind, owner: Owner) -> String {
    let recursive = if kind == Kind::Directory { "-R " } else { "" };
    format!("sudo chown {recursive}{owner} {}", quoted(path))
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%,:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for path in ["/a/b.c", "/a b", "/it's", "/$HOME/`x`", "/a\nb", "/ä", "~x"] {
            let script = format!("printf %s {}", quoted(Path::new(path)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), path);
        }
    }

    #[test]
    fn directories_are_given_as_a_whole() {
        let owner = Owner::new(1, 2);
        assert_eq!(give(Path::new("/a"), Kind::Directory, owner), "sudo chown -R 1:2 /a");
        assert_eq!(give(Path::new("/a"), Kind::File, owner), "sudo chown 1:2 /a");
        let made = make(Path::new("/a b"), Kind::File, owner, 0o640);
        assert_eq!(made, "sudo install -o 1 -g 2 -m 0640 /dev/null '/a b'");
    }
}
