//! Every diagnostic code, with the exit status it leads to and its general remedy.

/// Seaworthy's own exit statuses; a child's status passes through unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// Findings of `check`, or a snapshot that differs.
    Findings = 1,
    Usage = 2,
    /// The three of `probe`.
    ProgramBroken = 64,
    CredentialsMissing = 65,
    CredentialsInvalid = 66,
    EngineUnavailable = 69,
    Internal = 70,
    PreparationFailed = 73,
    PostureViolated = 77,
    InputRefused = 78,
}

impl Exit {
    /// A few words for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Findings => "there are findings",
            Self::Usage => "the command line is not valid",
            Self::ProgramBroken => "a program does not answer",
            Self::CredentialsMissing => "credentials are missing",
            Self::CredentialsInvalid => "credentials are not valid",
            Self::EngineUnavailable => "the engine is unavailable",
            Self::Internal => "internal error",
            Self::PreparationFailed => "host preparation failed",
            Self::PostureViolated => "the posture is violated",
            Self::InputRefused => "an input is refused",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $exit:ident $title:literal => $remedy:literal;)*) => {
        /// What kind of thing is wrong. The names are stable: scripts may match them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($variant,)* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable kebab-case name.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The exit status of a launch that this code refuses.
            pub fn exit(self) -> Exit {
                match self { $(Code::$variant => Exit::$exit,)* }
            }

            /// What is wrong, in general.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// What to do, in general.
            pub fn remedy(self) -> &'static str {
                match self { $(Code::$variant => $remedy,)* }
            }
        }
    };
}

codes! {
    // Reading inputs.
    InputUnreadable "input-unreadable" InputRefused "An input file cannot be read"
        => "Check the path and its permissions.";
    InputNotUtf8 "input-not-utf8" InputRefused "An input is not valid UTF-8"
        => "Save the file as UTF-8.";
    InputTooLarge "input-too-large" InputRefused "An input exceeds a limit"
        => "Split the file, or remove what generates so much.";
    InputEmpty "input-empty" InputRefused "An input has no content"
        => "An empty file often means that its generator failed; write the file again.";
    InputOpen "input-open" InputRefused "An input that came through a pipe is not closed"
        => "End it with a line `...` that is the only one to start so, or give it as a file.";
    InputChanged "input-changed" InputRefused "An input changed while it was read"
        => "Run again when nothing writes the file.";
    FileListInvalid "file-list-invalid" InputRefused "The list of files is incomplete or wrong"
        => "Compare the list as given with the list expected.";
    NoComposeFile "no-compose-file" InputRefused "No compose file was found"
        => "Name one with -f, or run in the project's directory.";
    ProjectName "project-name" InputRefused "The project name is not valid"
        => "Use lower-case letters, digits, hyphens and underscores; start with a letter or digit.";
    RemoteSource "remote-source" InputRefused "A source would be fetched from the network"
        => "Fetch and review it first, then name the local copy.";
    // YAML.
    YamlSyntax "yaml-syntax" InputRefused "The text is not valid YAML"
        => "Correct the syntax at the place shown.";
    YamlDuplicateKey "yaml-duplicate-key" InputRefused "A mapping has the same key twice"
        => "Remove one of the two.";
    YamlAlias "yaml-alias" InputRefused "An alias cannot be resolved"
        => "Define the anchor before its first use, and not inside itself.";
    YamlKey "yaml-key" InputRefused "A mapping key is not a string"
        => "Quote the key.";
    YamlLineBreak "yaml-line-break" InputRefused "An invisible character is read as a line break"
        => "Delete it, or write it as an escape in double quotes.";
    YamlLimit "yaml-limit" InputRefused "The document exceeds a limit"
        => "Reduce the nesting or the repeated aliases.";
    // Environment and interpolation.
    EnvFile "env-file" InputRefused "An env file cannot be used"
        => "Correct the file, or name another one.";
    InterpolationSyntax "interpolation-syntax" InputRefused "A ${…} expression is malformed"
        => "Write $$ for a literal dollar sign.";
    VariableRequired "variable-required" InputRefused "A required variable has no value"
        => "Set it in the environment or in .env.";
    VariableUnset "variable-unset" InputRefused "A variable is not set"
        => "Set it, or give it a default: ${NAME:-default}.";
    // Compose semantics.
    ComposeType "compose-type" InputRefused "A value has the wrong type"
        => "Write the value in one of the forms expected.";
    ComposeUnknownKey "compose-unknown-key" InputRefused "Compose does not know this key"
        => "Correct the spelling, or prefix it with x-.";
    ComposeValue "compose-value" InputRefused "A value is not valid"
        => "Correct the value.";
    ComposeMerge "compose-merge" InputRefused "Two files give a value of different kinds"
        => "Write both in the same form, or use !override.";
    ComposeExtends "compose-extends" InputRefused "An extends cannot be resolved"
        => "Check the service and the file that it names.";
    ComposeInclude "compose-include" InputRefused "An include cannot be resolved"
        => "Check the paths, and resources that both sides define.";
    ComposeReference "compose-reference" InputRefused "Something is named that is not defined"
        => "Define it, or correct the name.";
    ComposeConflict "compose-conflict" InputRefused "Two settings exclude one another"
        => "Keep one of them.";
    ComposeCycle "compose-cycle" InputRefused "Definitions depend on one another in a circle"
        => "Remove one of the links shown.";
    ComposeObsolete "compose-obsolete" InputRefused "An obsolete form is used"
        => "Use the current form.";
    ComposeEmpty "compose-empty" InputRefused "The project defines nothing"
        => "Define at least one service.";
    // Policy.
    PolicySyntax "policy-syntax" InputRefused "The policy file is not valid"
        => "See docs/policy.md for the keys.";
    PolicyOpen "policy-open" InputRefused "Nothing proves that the policy is whole"
        => "End it with a line `...`; `seaworthy overlays seal FILE` writes that line.";
    PolicyUnknownKey "policy-unknown-key" InputRefused "The policy has an unknown key"
        => "Correct the spelling; see docs/policy.md.";
    PolicyLoosened "policy-loosened" InputRefused "A later policy loosens an earlier one"
        => "Only a waiver in the earlier policy can allow this.";
    PolicyUntrusted "policy-untrusted" InputRefused "The system policy is not protected"
        => "It must belong to root and be writable by root alone.";
    OverlayMissing "overlay-missing" InputRefused "A mandatory overlay is absent or unusable"
        => "Restore the file; without it nothing is launched.";
    OverlayTruncated "overlay-truncated" InputRefused "A mandatory overlay is not provably whole"
        => "End the file with a line `...`, or pin its sha256.";
    OverlayPin "overlay-pin" InputRefused "An overlay differs from its pinned sha256"
        => "Review the change, then run `seaworthy overlays pin`.";
    AssertionUndone "assertion-undone" PostureViolated "Something undid a mandatory overlay"
        => "Remove the later setting, or change the overlay itself.";
    RuleViolated "rule-violated" PostureViolated "The posture forbids a setting"
        => "Remove the setting, or write a waiver with a reason.";
    NotEnforceable "not-enforceable" PostureViolated "A target cannot hold a setting"
        => "Leave the setting out, or say in a waiver what holds it there.";
    WaiverInvalid "waiver-invalid" InputRefused "A waiver is expired, unused or not valid"
        => "Remove the waiver or correct it.";
    // Snapshots.
    SnapshotMissing "snapshot-missing" InputRefused "There is no snapshot to compare with"
        => "Run `seaworthy snapshot write`, review the file, and commit it.";
    SnapshotInvalid "snapshot-invalid" InputRefused "The snapshot cannot be read"
        => "Restore it from version control, or write it anew with `seaworthy snapshot write`.";
    SnapshotBase "snapshot-base" InputRefused "There is no commit to compare with"
        => "Fetch it: a shallow clone has one commit alone (in GitHub's checkout, `fetch-depth: 0`). A project that is new has nothing to be compared with.";
    SnapshotWeakens "snapshot-weakens" Findings "What would run is weaker than what was reviewed"
        => "Undo the change, or review it and write the snapshot anew.";
    SnapshotOwnership "snapshot-ownership" Findings "Somebody else runs or owns what was reviewed"
        => "Review who writes where, then write the snapshot anew.";
    SnapshotFunctional "snapshot-functional" Findings "What would run is another thing than what was reviewed"
        => "Review the change, then write the snapshot anew.";
    SnapshotStrengthens "snapshot-strengthens" Findings "What would run is stronger than what was reviewed"
        => "Write the snapshot anew.";
    SnapshotCosmetic "snapshot-cosmetic" Findings "The snapshot differs in what nothing reads"
        => "Write the snapshot anew.";
    // Users and bind sources.
    UserInvalid "user-invalid" InputRefused "A user cannot be used"
        => "Write it as \"UID:GID\".";
    UserMap "user-map" InputRefused "Whom a service's user is on the host is the engine's own choice"
        => "Leave out `userns_mode`; on Podman without root `userns_mode: keep-id` is known, too.";
    UserDrift "user-drift" InputRefused "A service's user differs from the lock"
        => "Run `seaworthy repair --migrate`, or restore the user.";
    LockInvalid "lock-invalid" InputRefused "The lock file cannot be used"
        => "Restore it from version control.";
    BindMissing "bind-missing" PreparationFailed "A bind source does not exist"
        => "Create it, or declare it under binds.create.";
    BindKind "bind-kind" PreparationFailed "A bind source has the wrong kind"
        => "A directory cannot be mounted over a file, nor a file over a directory.";
    BindOutside "bind-outside-roots" PreparationFailed "A bind source lies outside the declared roots"
        => "Add its directory to binds.roots, or create it yourself.";
    BindLink "bind-link" PreparationFailed "A bind source is reached through a link that a service could have made"
        => "Mount the place itself by its own path.";
    BindOwner "bind-owner" PreparationFailed "A bind source belongs to another user"
        => "Change its owner, or declare it under state.";
    BindShared "bind-shared" PreparationFailed "Two services with different users write one tree"
        => "Use one user, a shared group, or mount one of them read-only.";
    BindAccess "bind-access" PreparationFailed "A service's user cannot use what is mounted"
        => "Change the permissions of the component shown.";
    WillNotWork "will-not-work" PreparationFailed "A service's own settings would keep it from working"
        => "Change what is shown, or give the service what it needs.";
    CopyFailed "copy-failed" PreparationFailed "A derived file cannot be refreshed"
        => "The old one stays; correct the source and run again.";
    PrepareFailed "prepare-failed" PreparationFailed "Host preparation failed"
        => "Nothing was launched; correct the cause and run again.";
    // Probes.
    ProbeProgram "probe-program" ProgramBroken "A service's program does not answer"
        => "Run it in the image by hand to see what it says.";
    ProbeMissing "probe-missing" CredentialsMissing "A service's credentials are missing"
        => "Log in, or put the file there.";
    ProbeInvalid "probe-invalid" CredentialsInvalid "A service's credentials are not valid"
        => "Log in again, or correct the file.";
    // Engine and launch.
    EngineUnavailable "engine-unavailable" EngineUnavailable "The container engine does not answer"
        => "Start the engine, or check DOCKER_HOST.";
    EngineAnswer "engine-answer" EngineUnavailable "The container engine's answer is not understood"
        => "The engine runs. Look at what the message names with the engine's own command; `seaworthy doctor` says which engine answers.";
    ComposeUnavailable "compose-unavailable" EngineUnavailable "docker compose cannot be run"
        => "Install Docker Compose v2.";
    ComposeVersion "compose-version" EngineUnavailable "The version of docker compose cannot be read as"
        => "Install Docker Compose 2.40 or newer.";
    CrossCheck "cross-check" InputRefused "Compose reads the rendered file differently"
        => "This is a defect of seaworthy: please report it with the difference shown.";
    LivePosture "live-posture" PostureViolated "A created container is weaker than the model"
        => "It was removed before it ran; see what changed it.";
    ContainerOlder "container-older" PostureViolated "A container that is started is older than the file"
        => "It is started as it is. `seaworthy up -d` makes it anew from the file.";
    SwarmRefused "swarm-refused" InputRefused "The swarm does not take what it is asked for"
        => "Correct what the message names, and deploy again.";
    StackContent "stack-content" InputRefused "Something in the swarm cannot be changed"
        => "Give it another name: `name: …` where it is declared. Services change over, and `--prune` removes the old one.";
    StackForeign "stack-foreign" InputRefused "Something of that name is in the swarm, and not of this stack"
        => "Choose another name, or write `external: true` where it is meant.";
    TaskFailed "task-failed" Findings "A task of the stack does not run"
        => "`docker service ps --no-trunc NAME` says more; correct the cause and deploy again.";
    RemoteEngine "remote-engine" PreparationFailed "The engine runs on another machine"
        => "Bind sources cannot be prepared from here.";
    Usage "usage" Usage "The command line is not valid"
        => "See --help.";
    Internal "internal" Internal "Seaworthy met a state it does not expect"
        => "Please report it with the message.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_kebab_case() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        );
    }
}
