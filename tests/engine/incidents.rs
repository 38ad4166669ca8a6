//! What happened in the field: each goes wrong with plain docker compose, and does not with seaworthy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::harness::{End, Output, PATIENCE, Project, bare, first_mapped_id, owner_and_mode, poll, run};

const POLICY: &str = "version: 1\nuser: {default: '10001:10001'}\n...\n";

/// A service of this image that mounts a source of these words, and then sleeps.
fn with_volume(image: &str, volume: &str, command: &str) -> String {
    format!(
        "services:\n  s:\n    image: {image}\n    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: ['{volume}']\n    command: [sh, -c, \"{command}; exec sleep 600\"]\n"
    )
}

/// Waits until the service has written this file.
#[track_caller]
fn written(path: &Path) -> String {
    poll(PATIENCE, || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')))
        .unwrap_or_else(|| panic!("nothing was written to {}", path.display()))
}

/// 1: memory written by one uid was closed to the next generation of the container.
mod memory_closed_to_the_next_generation {
    use super::*;

    fn generation(image: &str) -> String {
        let write = "umask 077; mkdir -p /memory/notes && echo word >> /memory/notes/log && echo done";
        with_volume(image, "./memory:/memory", write)
    }

    /// The first is root's image, the second one of uid 1000; the folder is open to both.
    fn project() -> Project {
        let project = Project::new(&generation("sw-busybox"));
        fs::create_dir(project.path("memory")).unwrap();
        fs::set_permissions(project.path("memory"), fs::Permissions::from_mode(0o777)).unwrap();
        project
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_runs_each_as_its_image_says() {
        let project = project();
        project.compose(&["up", "-d"]).ok();
        assert_eq!(written(&project.path("memory/notes/log")), "word\n");
        project.file("compose.yaml", &generation("sw-node"));
        project.compose(&["up", "-d"]).ok();
        project.compose(&["logs"]).ok().says("Permission denied");
        assert_eq!(written(&project.path("memory/notes/log")), "word\n");
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_runs_both_as_the_policy_says() {
        let project = project();
        project.file("seaworthy.yaml", POLICY);
        project.seaworthy(&["up", "-d"]).ok();
        assert_eq!(written(&project.path("memory/notes/log")), "word\n");
        project.file("compose.yaml", &generation("sw-node"));
        project.seaworthy(&["up", "-d"]).ok();
        let again = || {
            fs::read_to_string(project.path("memory/notes/log")).ok().filter(|text| text == "word\nword\n")
        };
        assert!(poll(PATIENCE, again).is_some());
        assert_eq!(owner_and_mode(&project.path("memory/notes/log")), (10001, 10001, 0o600));
    }
}

/// 2: a new session's directory was root's, and the service died in a loop.
mod session_directory_unwritable {
    use super::*;

    fn project() -> Project {
        Project::new(&with_volume(
            "sw-node",
            "./sessions/${SESSION}:/session",
            "echo alive > /session/state || exit 1",
        ))
        .with("SESSION", "one")
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_starts_what_cannot_live() {
        let project = project();
        project.compose(&["up", "-d"]).ok();
        project.becomes("exited");
        assert_eq!(project.states(), [("s".to_owned(), "exited".to_owned(), 1)]);
        assert_eq!(owner_and_mode(&project.path("sessions/one")), (0, 0, 0o755));
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_gives_the_directory_to_the_service() {
        for policy in ["", "version: 1\n...\n", POLICY] {
            let project = project();
            if !policy.is_empty() {
                project.file("seaworthy.yaml", policy);
            }
            project.seaworthy(&["up", "-d"]).ok();
            assert_eq!(written(&project.path("sessions/one/state")), "alive\n", "{policy}");
            assert_eq!(project.states(), [("s".to_owned(), "running".to_owned(), 0)]);
        }
    }

    /// One that is already there and closed is not started.
    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_refuses_one_that_is_closed() {
        let project = project();
        project.file("seaworthy.yaml", POLICY);
        project.file("sessions/one/kept", "");
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-").says("sessions/${SESSION}");
        assert_eq!(project.ids(), [""; 0]);
    }
}

/// 4: a generator died midway, and the session started without its hardening.
mod launched_without_its_hardening {
    use super::*;

    const BASE: &str = "services:\n  s:\n    image: sw-node\n    network_mode: none\n    stop_grace_period: 0s\n    \
                        command: [sleep, '600']\n";
    const OVERLAY: &str = "services:\n  s:\n    user: '10001:10001'\n    read_only: true\n    \
                           security_opt: ['no-new-privileges:true']\n    cap_drop: [ALL]\n...\n";

    fn project() -> Project {
        let project = Project::new(BASE);
        project.file("hardening.yaml", OVERLAY);
        project
    }

    fn with_policy() -> Project {
        let project = project();
        project.file(
            "seaworthy.yaml",
            "version: 1\noverlays: [{file: hardening.yaml}]\nfiles: [compose.yaml, more.yaml]\n...\n",
        );
        project.file("more.yaml", "services: {s: {environment: {MORE: '1'}}}\n");
        project
    }

    fn is_hardened(project: &Project) -> bool {
        let container = project.container("s");
        let host = &container["HostConfig"];
        container["Config"]["User"] == "10001:10001"
            && host["ReadonlyRootfs"] == true
            && host["CapDrop"].to_string().contains("ALL")
            && host["SecurityOpt"].to_string().contains("no-new-privileges")
    }

    /// A list that a generator writes into a process substitution, of which one entry is left.
    const DYING: &str =
        "mapfile -t files < <(printf '%s\\n' -f compose.yaml; exit 1; echo -f; echo hardening.yaml)
        \"$@\" \"${files[@]}\" up -d";

    fn with_dying_generator(project: &Project, program: &[&str]) -> Output {
        let mut command = bare("bash");
        command.args(["-c", DYING, "bash"]).args(program).current_dir(&project.directory);
        run(command)
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_launches_what_is_left_of_the_list() {
        let project = project();
        with_dying_generator(&project, &["docker", "compose"]).ok();
        assert!(!is_hardened(&project));
        let whole = self::project();
        whole.compose(&["-f", "compose.yaml", "-f", "hardening.yaml", "up", "-d"]).ok();
        assert!(is_hardened(&whole));
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_launches_only_the_whole_list() {
        let project = with_policy();
        let seaworthy = [env!("CARGO_BIN_EXE_seaworthy")];
        with_dying_generator(&project, &seaworthy).refuses(78, "file-list-invalid").says("more.yaml");
        assert_eq!(project.ids(), [""; 0]);
        project.seaworthy(&["-f", "compose.yaml", "-f", "more.yaml", "up", "-d"]).ok();
        assert!(is_hardened(&project));
        // Without the list in the policy too, the mandatory overlay is there whatever the list says.
        let project = with_policy();
        project.file("seaworthy.yaml", "version: 1\noverlays: [{file: hardening.yaml}]\n...\n");
        with_dying_generator(&project, &seaworthy).ok();
        assert!(is_hardened(&project));
    }

    /// Cut at the end of each of its lines.
    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn an_overlay_that_was_cut_launches_nothing() {
        let lines: Vec<&str> = OVERLAY.split_inclusive('\n').collect();
        let plain = project();
        let mut weaker = 0;
        for count in 0..lines.len() {
            let cut = lines[..count].concat();
            plain.file("hardening.yaml", &cut);
            let output = plain.compose(&["-f", "compose.yaml", "-f", "hardening.yaml", "create"]);
            weaker += usize::from(output.end == End::Code(0) && !is_hardened(&plain));

            let project = with_policy();
            project.file("hardening.yaml", &cut);
            project.seaworthy(&["-f", "compose.yaml", "-f", "more.yaml", "up", "-d"]).refuses(78, "overlay-");
            assert_eq!(project.ids(), [""; 0]);
        }
        assert!(weaker >= 3, "plain compose accepted {weaker}");
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn what_undoes_the_overlay_later_launches_nothing() {
        for undoing in [
            "services: {s: {read_only: false}}",
            "services: {s: {cap_drop: !reset []}}",
            "services: {s: {security_opt: ['no-new-privileges:false']}}",
            "services: {s: {user: root}}",
        ] {
            let plain = project();
            plain.file("more.yaml", undoing);
            plain.compose(&["-f", "compose.yaml", "-f", "hardening.yaml", "-f", "more.yaml", "create"]).ok();
            let project = with_policy();
            project.file("more.yaml", undoing);
            project
                .seaworthy(&["-f", "compose.yaml", "-f", "more.yaml", "up", "-d"])
                .refuses(77, "assertion-undone")
                .says("hardening.yaml")
                .says("more.yaml");
            assert_eq!(project.ids(), [""; 0], "{undoing}");
        }
    }
}

/// 4c: a config file of mode 0600 root was unreadable for the service: its guardrails were silently off.
mod guardrails_unreadable {
    use super::*;

    fn project() -> Project {
        let read = "cat /etc/guard.json || echo no guard";
        let project = Project::new(&with_volume("sw-node", "./guard.json:/etc/guard.json:ro", read));
        let path = project.file("guard.json", "{\"guard\": true}\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        project
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_starts_without_them() {
        let project = project();
        project.compose(&["up", "-d"]).ok();
        let said = poll(PATIENCE, || {
            let logs = project.compose(&["logs"]).ok().stdout;
            logs.contains("no guard").then_some(())
        });
        assert!(said.is_some());
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_does_not_start() {
        let project = project();
        project.file("seaworthy.yaml", POLICY);
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-access").says("guard.json");
        assert_eq!(project.ids(), [""; 0]);
        fs::set_permissions(project.path("guard.json"), fs::Permissions::from_mode(0o644)).unwrap();
        project.seaworthy(&["up", "-d"]).ok();
        assert_eq!(project.states().len(), 1);
    }
}

/// 4e: a missing bind source became a root-owned directory on the host.
mod missing_source_becomes_a_directory_of_root {
    use super::*;

    fn with_source(source: &str) -> Project {
        Project::new(&with_volume("sw-node", &format!("{source}:/data"), "echo word > /data/word"))
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_leaves_it_to_the_engine() {
        let project = with_source("./a/b");
        project.compose(&["up", "-d"]).ok();
        assert_eq!(owner_and_mode(&project.path("a")), (0, 0, 0o755));
        assert_eq!(owner_and_mode(&project.path("a/b")), (0, 0, 0o755));
        assert!(!project.path("a/b/word").exists());
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_makes_it_the_service_s() {
        let project = with_source("./a/b");
        project.seaworthy(&["up", "-d"]).ok();
        assert_eq!(owner_and_mode(&project.path("a/b")), (1000, 1000, 0o755));
        assert_eq!(written(&project.path("a/b/word")), "word\n");
        let project = with_source("./a/b");
        project.file("seaworthy.yaml", POLICY);
        project.seaworthy(&["up", "-d"]).ok();
        assert_eq!(owner_and_mode(&project.path("a/b")), (10001, 10001, 0o750));
        assert_eq!(written(&project.path("a/b/word")), "word\n");
    }

    /// `~/.gitconfig` that is not there.
    fn dot_file() -> Project {
        let project =
            Project::new(&with_volume("sw-node", "${HOME}/.gitconfig:/gitconfig", "ls -ld /gitconfig"));
        fs::create_dir(project.beside("home")).unwrap();
        let home = project.beside("home").display().to_string();
        project.with("HOME", &home).changing("home/.gitconfig")
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_makes_a_directory_of_a_dot_file() {
        let project = dot_file();
        project.compose(&["up", "-d"]).ok();
        assert!(project.beside("home/.gitconfig").is_dir());
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_makes_none_and_a_declared_file_is_a_file() {
        let project = dot_file();
        project.file("seaworthy.yaml", POLICY);
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-").says(".gitconfig");
        assert!(!project.beside("home/.gitconfig").exists());
        assert_eq!(project.ids(), [""; 0]);

        project.file(
            "seaworthy.yaml",
            &POLICY.replace(
                "...\n",
                "binds: {roots: [., '~'], create: [{path: ~/.gitconfig, kind: file, mode: '0600'}]}\n...\n",
            ),
        );
        // It stays whose home it is, who alone could read it so.
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-access").says("it would be made for 0:0");
        let policy = fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
        project.file("seaworthy.yaml", &policy.replace("0600", "0644"));
        project.seaworthy(&["up", "-d"]).ok();
        let path = project.beside("home/.gitconfig");
        assert!(path.is_file());
        assert_eq!(owner_and_mode(&path), (0, 0, 0o644));
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    /// The control is above: plain Compose leaves a directory even where the launch then fails.
    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn nothing_is_left_where_the_engine_would_fail() {
        let make = || Project::new(&with_volume("sw-node", "./passwd:/etc/passwd", "true"));
        let plain = make();
        plain.compose(&["up", "-d"]).ends(1);
        assert!(plain.path("passwd").is_dir());
        let project = make();
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-");
        assert!(!project.path("passwd").exists());
        assert_eq!(project.ids(), [""; 0]);
    }
}

/// 5: with user namespaces on, what the host prepared was another user's inside.
mod users_are_mapped {
    use super::*;

    /// On the engine that maps users.
    fn project() -> Project {
        let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
        assert!(
            !host.is_empty(),
            "no engine that maps users: run scripts/test, or set SEAWORTHY_REMAP_DOCKER_HOST"
        );
        let write = "echo word > /data/word || exit 1";
        Project::new(&with_volume("sw-node", "./data:/data", write)).on(&host)
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_gives_the_directory_to_the_map_s_root() {
        let project = project();
        project.compose(&["up", "-d"]).ok();
        project.becomes("exited");
        assert!(owner_and_mode(&project.path("data")).0 > 65535);
        assert!(!project.path("data/word").exists());
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_gives_it_to_the_service_through_the_map() {
        for (policy, user) in [("", 1000), (POLICY, 10001)] {
            let project = project();
            if !policy.is_empty() {
                project.file("seaworthy.yaml", policy);
            }
            project.seaworthy(&["up", "-d"]).ok();
            assert_eq!(written(&project.path("data/word")), "word\n");
            let (data, word) =
                (owner_and_mode(&project.path("data")), owner_and_mode(&project.path("data/word")));
            assert_eq!((data.0, data.1), (word.0, word.1));
            let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap();
            assert_eq!(data.0, first_mapped_id(&host) + user);
        }
    }
}
