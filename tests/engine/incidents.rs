//! What happened in the field: each goes wrong with plain docker compose, and does not with seaworthy.

use std::fs;

use super::harness::{Compose, Project, Seaworthy, owner_and_mode};

/// 4e: a missing bind source became a root-owned directory on the host.
mod missing_source_becomes_a_directory_of_root {
    use super::*;

    fn with_source(source: &str) -> Project {
        Project::of_service(&format!(
            "command: [sh, -c, 'echo word > /data/word; ls -ldn /data; exec sleep 600']\nvolumes: ['{source}:/data']"
        ))
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn plain_compose_makes_it_root_s() {
        let project = with_source("./a/b");
        project.run(Compose, &["up", "-d"]).ok();
        assert_eq!(owner_and_mode(&project.path("a")), (0, 0, 0o755));
        assert_eq!(owner_and_mode(&project.path("a/b")), (0, 0, 0o755));
        assert!(!project.path("a/b/word").exists());
    }

    #[test]
    #[ignore = "needs a container engine: run scripts/test"]
    fn seaworthy_makes_it_the_service_s() {
        let project = with_source("./a/b");
        project.run(Seaworthy, &["up", "-d"]).ok();
        let (uid, gid, _) = owner_and_mode(&project.path("a/b"));
        assert_eq!((uid, gid), (1000, 1000));
        let written = super::super::harness::poll(super::super::harness::PATIENCE, || {
            fs::read_to_string(project.path("a/b/word")).ok().filter(|text| !text.is_empty())
        });
        assert_eq!(written.as_deref(), Some("word\n"));
    }
}
