//! What a bind source that is not there was meant to be.

use std::path::Path;

use serde::Serialize;

use crate::host::Kind;

/// Why a source is taken to be of a kind, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindFrom {
    /// It is there.
    Source,
    /// `binds.create` says so.
    Declared,
    /// The source or the target ends with a slash.
    Slash,
    /// The image has this at the target, and one kind cannot be mounted over the other.
    Image,
    /// Its name, or the target's, looks like it.
    Name,
    /// Nothing points elsewhere; it is also what the engine would make.
    Default,
}

impl KindFrom {
    /// For people, after "because": "the image has a file at its target".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Source => "it is there",
            Self::Declared => "binds.create says so",
            Self::Slash => "it is written with a slash at the end",
            Self::Image => "the image has one at the target",
            Self::Name => "its name looks like one",
            Self::Default => "nothing points elsewhere",
        }
    }
}

/// What a name looks like; `None` where it could be anything.
pub fn of_name(path: &Path) -> Option<Kind> {
    let of_files = ["/dev/shm", "/dev/fd", "/dev/mqueue"].iter().any(|place| path.starts_with(place));
    if path.starts_with("/dev") && path != Path::new("/dev") && !of_files {
        return Some(Kind::CharDevice);
    }
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    if is_known_file(&lower) {
        return Some(Kind::File);
    }
    // A leading dot begins no extension: `.ssh` is a directory like any other.
    let (_, extension) = lower.trim_start_matches('.').rsplit_once('.')?;
    match extension {
        "sock" | "socket" => Some(Kind::Socket),
        _ if FILE_EXTENSIONS.binary_search(&extension).is_ok() => Some(Kind::File),
        _ => None,
    }
}

fn is_known_file(lower: &str) -> bool {
    FILE_NAMES.binary_search(&lower).is_ok() || lower.starts_with(".env.")
}

/// Sorted. Only what nobody gives to a directory: `conf.d`, `v1.2` and `example.com` stay out.
const FILE_EXTENSIONS: &[&str] = &[
    "asc",
    "bak",
    "bash",
    "bat",
    "bin",
    "cer",
    "cert",
    "cfg",
    "cjs",
    "cnf",
    "conf",
    "config",
    "crl",
    "crt",
    "csr",
    "css",
    "csv",
    "db",
    "der",
    "env",
    "gpg",
    "gz",
    "hcl",
    "htm",
    "html",
    "ini",
    "j2",
    "jar",
    "java",
    "jks",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "key",
    "keytab",
    "list",
    "lock",
    "log",
    "lua",
    "md",
    "mjs",
    "p12",
    "patch",
    "pem",
    "pfx",
    "php",
    "pid",
    "pl",
    "properties",
    "pub",
    "py",
    "rb",
    "repo",
    "rs",
    "rules",
    "service",
    "sh",
    "sql",
    "sqlite",
    "sqlite3",
    "tar",
    "tf",
    "tgz",
    "tmpl",
    "token",
    "toml",
    "tpl",
    "ts",
    "tsv",
    "txt",
    "vcl",
    "vim",
    "war",
    "xml",
    "yaml",
    "yml",
    "zip",
    "zsh",
];

/// Sorted, in lower case.
const FILE_NAMES: &[&str] = &[
    ".bash_aliases",
    ".bash_history",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".condarc",
    ".curlrc",
    ".dockerignore",
    ".editorconfig",
    ".env",
    ".envrc",
    ".eslintrc",
    ".gemrc",
    ".git-credentials",
    ".gitattributes",
    ".gitconfig",
    ".gitignore",
    ".gitignore_global",
    ".gitmodules",
    ".htaccess",
    ".htpasswd",
    ".inputrc",
    ".msmtprc",
    ".netrc",
    ".node_repl_history",
    ".npmrc",
    ".nvmrc",
    ".pgpass",
    ".prettierrc",
    ".profile",
    ".psqlrc",
    ".pypirc",
    ".python-version",
    ".python_history",
    ".ripgreprc",
    ".selected_editor",
    ".sqlite_history",
    ".tool-versions",
    ".viminfo",
    ".vimrc",
    ".wgetrc",
    ".xauthority",
    ".yarnrc",
    ".zprofile",
    ".zsh_history",
    ".zshenv",
    ".zshrc",
    "authorized_keys",
    "brewfile",
    "caddyfile",
    "corefile",
    "crontab",
    "dockerfile",
    "fstab",
    "gemfile",
    "hostname",
    "hosts",
    "htpasswd",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "jenkinsfile",
    "justfile",
    "known_hosts",
    "license",
    "localtime",
    "machine-id",
    "makefile",
    "odbc.ini",
    "os-release",
    "passwd",
    "pg_hba.conf",
    "pipfile",
    "procfile",
    "rakefile",
    "shadow",
    "sudoers",
    "timezone",
    "vagrantfile",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_without_repetition() {
        for table in [FILE_EXTENSIONS, FILE_NAMES] {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]), "{table:?}");
        }
    }

    #[test]
    fn names_that_look_like_files_are_files() {
        for name in [
            "/p/config.json",
            "/p/A.YAML",
            "/h/.gitconfig",
            "/p/.env",
            "/p/.env.local",
            "/etc/localtime",
            "/p/nginx.conf",
            "/p/Caddyfile",
            "/p/.claude.json",
            "/p/server.crt",
        ] {
            assert_eq!(of_name(Path::new(name)), Some(Kind::File), "{name}");
        }
    }

    #[test]
    fn names_that_directories_have_are_not() {
        for name in [
            "/p/data",
            "/p/conf.d",
            "/h/.ssh",
            "/h/.config",
            "/p/v1.2",
            "/p/example.com",
            "/p/.git",
            "/p/node_modules",
            "/",
            "/dev/shm/x",
            "/dev/fd/data",
        ] {
            assert_eq!(of_name(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn sockets_and_devices_are_told_by_name_too() {
        assert_eq!(of_name(Path::new("/var/run/docker.sock")), Some(Kind::Socket));
        assert_eq!(of_name(Path::new("/dev/ttyUSB0")), Some(Kind::CharDevice));
    }
}
