//! Every flag and command, as data: Compose's as of v2.40, Docker's globals, and seaworthy's own.
//!
//! Reading the command line, help, completions and the manual all come from here.

use crate::reader::Reader;
use crate::reader::release::{V5_0, V5_3, V5_4};

use super::spec::Class::{Gate, Judge, Load, Own, PassThrough};
use super::spec::{Flag, Spec, Words, choice, command, list, number, optional, switch, text};

pub const DRY_RUN: Flag = switch("dry-run", "Show what would be done, and do nothing");
pub const HELP: Flag = switch("help", "Print help").short('h');

/// What Compose takes before the command.
pub const COMPOSE_GLOBALS: &[Flag] = &[
    list("file", "FILE", "Compose file; give it again for each further one").short('f'),
    text("project-name", "NAME", "Project name").short('p'),
    text("project-directory", "DIR", "Working directory (default: that of the first file)"),
    list("profile", "NAME", "Profile to enable; may be repeated"),
    list("env-file", "FILE", "Environment file instead of .env; may be repeated"),
    text("progress", "KIND", "Kind of progress output: auto, tty, plain, json, quiet"),
    text("ansi", "WHEN", "When to print control characters: never, always, auto"),
    number("parallel", "Limit of parallel work, -1 for none").default("-1"),
    switch("compatibility", "Run in backward compatibility mode"),
    switch("all-resources", "Include resources that no service uses"),
    DRY_RUN,
    list("insecure-registry", "REGISTRY", "Registry of Compose files that may be reached without TLS")
        .hidden()
        .since(V5_0),
    switch("verbose", "Show more output").hidden(),
    text("workdir", "DIR", "Deprecated: --project-directory").hidden(),
    switch("no-ansi", "Deprecated: --ansi never").hidden(),
];

/// What seaworthy takes before the command. Never passed on.
pub const OWN_GLOBALS: &[Flag] = &[
    text("policy", "FILE", "Policy file (default: seaworthy.yaml beside the first file)"),
    text("state-dir", "DIR", "Where rendered files are kept (default: .seaworthy in the project)"),
    text("files-from", "FILE", "Sealed list of compose files; - reads standard input"),
    text("files-cmd", "COMMAND", "Command that prints the sealed list of compose files"),
    text("expect-files", "N", "Refuse unless exactly N compose files were given"),
    choice("engine", &["auto", "docker", "podman"], "Container engine to ask"),
    text("compose-version", "VERSION", "Read the project as this version of Compose does, e.g. 5.5"),
    switch("no-launch", "Do everything but the last step: print the command instead"),
    switch("show-values", "Show values that are hidden as possible secrets"),
];

/// What `docker` itself takes, as far as the standalone `docker-compose` accepts it.
pub const DOCKER_GLOBALS: &[Flag] = &[
    text("context", "NAME", "Docker context to use"),
    list("host", "SOCKET", "Daemon socket to connect to").short('H'),
    text("log-level", "LEVEL", "Logging level of the client"),
    switch("debug", "Debug mode of the client").short('D'),
    switch("tls", "Use TLS; implied by --tlsverify"),
    switch("tlsverify", "Use TLS and verify the remote"),
    text("tlscacert", "FILE", "Trust only certificates signed by this CA"),
    text("tlscert", "FILE", "TLS certificate"),
    text("tlskey", "FILE", "TLS key"),
];

/// What `docker` takes before the name of a plugin: the above, with the short forms that Compose
/// uses for itself, and `--config`.
pub const DOCKER_PLUGIN_GLOBALS: &[Flag] = &[
    text("config", "DIR", "Client configuration"),
    text("context", "NAME", "Docker context to use").short('c'),
    list("host", "SOCKET", "Daemon socket to connect to").short('H'),
    text("log-level", "LEVEL", "Logging level of the client").short('l'),
    switch("debug", "Debug mode of the client").short('D'),
    switch("tls", "Use TLS; implied by --tlsverify"),
    switch("tlsverify", "Use TLS and verify the remote"),
    text("tlscacert", "FILE", "Trust only certificates signed by this CA"),
    text("tlscert", "FILE", "TLS certificate"),
    text("tlskey", "FILE", "TLS key"),
];

pub const VERSION: Flag = switch("version", "Print seaworthy's version").short('v');

/// Seaworthy's own flags in a command of Compose.
pub const OWN_FLAGS: [Flag; 3] = [
    switch("annotate", "Add a comment to each line that says where it came from (seaworthy only)"),
    switch("no-host", "Do not judge what is on this machine's disk, as check --no-host (seaworthy only)"),
    switch(
        "no-policy",
        "Print what plain Compose makes of the files, whatever policy is in force (seaworthy only)",
    ),
];

const SERVICES: Words = Words::any("[SERVICE...]");

const INDEX: Flag = number("index", "Number of the container, if the service has several").default("0");
const TIMEOUT: Flag = number("timeout", "Seconds to wait before killing containers").short('t');
const QUIET_PULL: Flag = switch("quiet-pull", "Pull without progress output");
const REMOVE_ORPHANS: Flag = switch("remove-orphans", "Remove containers of services no longer defined");
/// The default of `init --posture`.
pub const HIGHEST: &str = "highest";

const YES: Flag = switch("yes", "Answer yes to all prompts").short('y').or(&["y"]);
const BUILD: Flag = switch("build", "Build images first");
const NO_BUILD: Flag = switch("no-build", "Do not build images");
const FORCE_RECREATE: Flag = switch("force-recreate", "Recreate containers even if nothing changed");
const NO_RECREATE: Flag = switch("no-recreate", "Leave existing containers as they are");
const NO_DEPS: Flag = switch("no-deps", "Leave linked services alone");
const SCALE: Flag = list("scale", "SERVICE=NUM", "Number of instances of a service");
const NO_COLOR: Flag = switch("no-color", "Print without colours");
const NO_LOG_PREFIX: Flag = switch("no-log-prefix", "Print without the service's name");
const RESOLVE_DIGESTS: Flag = switch("resolve-image-digests", "Pin image tags to digests");
const SINCE: Flag = text("since", "TIME", "Only what happened since, e.g. 2013-01-02T13:23:37Z or 42m");
const UNTIL: Flag = text("until", "TIME", "Only what happened before");
const FORMAT: Flag = text("format", "FORMAT", "Format of the output: table, json, or a template");
const SNAPSHOT_FORMAT: Flag =
    choice("format", &["human", "markdown", "json", "sarif", "github"], "Format of the differences");
const STACK: Words = Words::exactly(1, "NAME");
const SNAPSHOT_FILE: Flag = text("snapshot", "FILE", "The snapshot (default: seaworthy.snapshot.yaml)");
const PUBLISH: &[Flag] = &[
    switch("app", "Include the images referred to"),
    switch("insecure-registry", "Reach the registry without TLS").hidden().since(V5_0),
    text("oci-version", "VERSION", "OCI specification version"),
    RESOLVE_DIGESTS,
    switch("with-env", "Include environment variables"),
    YES,
];

/// Compose's commands, then seaworthy's, each group in alphabetical order.
pub const COMMANDS: &[Spec] = &[
    command(PassThrough, "alpha", Words::Command(None), "Experimental commands", &[]).hidden(),
    command(
        PassThrough,
        "alpha generate",
        Words::any("[CONTAINERS...]"),
        "Write a compose file from existing containers",
        &[
            text("format", "FORMAT", "yaml or json"),
            text("name", "NAME", "Project name to write"),
            text("project-dir", "DIR", "Directory to use for the project"),
        ],
    ),
    command(Load, "alpha publish", Words::exactly(1, "REPOSITORY[:TAG]"), "Publish the project", PUBLISH),
    command(
        PassThrough,
        "alpha viz",
        Words::No,
        "Draw the project as a graph",
        &[
            switch("image", "Show each service's image"),
            number("indentation-size", "Spaces or tabs per level").default("1"),
            switch("networks", "Show each service's networks"),
            switch("ports", "Show each service's ports"),
            switch("spaces", "Indent with spaces"),
        ],
    ),
    command(
        PassThrough,
        "attach",
        Words::exactly(1, "SERVICE"),
        "Attach to a service's running container",
        &[
            text("detach-keys", "KEYS", "Key sequence for detaching"),
            INDEX,
            switch("no-stdin", "Do not attach standard input"),
            switch("sig-proxy", "Pass received signals to the process").default("true"),
        ],
    ),
    command(PassThrough, "bridge", Words::Command(None), "Convert compose files into another model", &[]),
    command(
        PassThrough,
        "bridge convert",
        Words::No,
        "Convert to Kubernetes manifests, Helm charts or another model",
        &[
            text("output", "DIR", "Where to write").short('o'),
            text("templates", "DIR", "Templates to use"),
            list("transformation", "IMAGE", "Transformation to apply").short('t'),
        ],
    ),
    command(PassThrough, "bridge transformations", Words::Command(None), "Manage transformation images", &[]),
    command(
        PassThrough,
        "bridge transformations create",
        Words::exactly(1, "PATH"),
        "Create a transformation",
        &[text("from", "IMAGE", "Existing transformation to copy").short('f')],
    ),
    command(
        PassThrough,
        "bridge transformations list",
        Words::No,
        "List transformations",
        &[FORMAT, switch("quiet", "Only names").short('q')],
    )
    .alias("ls"),
    command(
        Load,
        "build",
        SERVICES,
        "Build or rebuild services",
        &[
            list("build-arg", "NAME=VALUE", "Build-time variable"),
            text("builder", "NAME", "Builder to use"),
            switch("check", "Check the build configuration"),
            text("memory", "BYTES", "Memory limit; not supported by BuildKit").short('m'),
            switch("no-cache", "Do not use the cache"),
            switch("print", "Print the equivalent bake file"),
            text("provenance", "VALUE", "Add a provenance attestation"),
            switch("pull", "Always attempt to pull a newer image"),
            switch("push", "Push the images"),
            switch("quiet", "Suppress the output").short('q'),
            text("sbom", "VALUE", "Add an SBOM attestation"),
            text("ssh", "ID", "SSH authentication to use"),
            switch("with-dependencies", "Also build dependencies"),
            text("progress", "KIND", "Deprecated: the global --progress").hidden(),
            switch("parallel", "Deprecated").default("true").hidden(),
            switch("compress", "Deprecated").default("true").hidden(),
            switch("force-rm", "Deprecated").default("true").hidden(),
            switch("no-rm", "Deprecated").hidden(),
        ],
    )
    .lenient(Reader::OLDEST),
    command(
        PassThrough,
        "commit",
        Words::Between(1, 2, "SERVICE [REPOSITORY[:TAG]]"),
        "Make an image from a service's container",
        &[
            text("author", "NAME", "Author").short('a'),
            list("change", "INSTRUCTION", "Dockerfile instruction to apply").short('c'),
            INDEX,
            text("message", "TEXT", "Commit message").short('m'),
            switch("pause", "Pause the container meanwhile").short('p').default("true"),
        ],
    ),
    command(
        Load,
        "config",
        SERVICES,
        "Print the model that would be launched; without a policy what docker compose config prints",
        &[
            OWN_FLAGS[0],
            OWN_FLAGS[1],
            OWN_FLAGS[2],
            switch("environment", "Print the variables used for interpolation"),
            text("format", "FORMAT", "yaml or json"),
            text("hash", "SERVICES", "Print the config hash of these services, or of all: '*'"),
            switch("images", "Print the image names"),
            switch("lock-image-digests", "Print an override file with image digests"),
            switch("models", "Print the model names"),
            switch("networks", "Print the network names"),
            switch("no-consistency", "Do not check that the model is consistent"),
            switch("no-env-resolution", "Do not resolve env files of services"),
            switch("no-interpolate", "Do not interpolate variables"),
            switch("no-normalize", "Do not normalise the model"),
            switch("no-path-resolution", "Do not resolve paths"),
            text("output", "FILE", "Write to a file").short('o'),
            switch("profiles", "Print the profile names"),
            switch("quiet", "Only check, print nothing").short('q'),
            RESOLVE_DIGESTS,
            switch("services", "Print the service names"),
            switch("variables", "Print the variables and their defaults"),
            switch("volumes", "Print the volume names"),
        ],
    ),
    command(
        PassThrough,
        "cp",
        Words::exactly(2, "SERVICE:SRC DEST|- or SRC|- SERVICE:DEST"),
        "Copy between a container and the host",
        &[
            switch("all", "Include containers made by run"),
            switch("archive", "Keep uid and gid").short('a'),
            switch("follow-link", "Follow symbolic links in SRC").short('L'),
            INDEX,
        ],
    ),
    command(
        Gate,
        "create",
        SERVICES,
        "Create containers, without starting them",
        &[
            BUILD,
            FORCE_RECREATE,
            NO_BUILD,
            NO_RECREATE,
            text("pull", "WHEN", "Pull images: always, missing, never, build").default("policy"),
            QUIET_PULL,
            REMOVE_ORPHANS,
            SCALE,
            YES,
        ],
    ),
    command(
        PassThrough,
        "down",
        SERVICES,
        "Stop and remove containers and networks",
        &[
            REMOVE_ORPHANS,
            text("rmi", "WHICH", "Remove images too: local, all"),
            TIMEOUT,
            switch("volumes", "Remove named and anonymous volumes too").short('v').or(&["volume"]),
        ],
    ),
    command(
        PassThrough,
        "events",
        SERVICES,
        "Show events as they happen",
        &[switch("json", "One JSON object per line"), SINCE, UNTIL],
    ),
    command(
        Judge,
        "exec",
        Words::Program(2, "SERVICE COMMAND [ARGS...]"),
        "Run a command in a running container",
        &[
            switch("detach", "Run in the background").short('d'),
            list("env", "NAME=VALUE", "Environment variable").short('e'),
            INDEX,
            switch("no-tty", "Do not allocate a terminal").short('T').or(&["no-TTY"]),
            switch("privileged", "Give extended privileges to the process"),
            text("user", "USER", "Run as this user").short('u'),
            text("workdir", "DIR", "Working directory").short('w'),
            switch("interactive", "Keep standard input open").short('i').default("true").hidden(),
            switch("tty", "Allocate a terminal").short('t').default("true").hidden(),
        ],
    ),
    command(
        PassThrough,
        "export",
        Words::exactly(1, "SERVICE"),
        "Export a container's filesystem as a tar archive",
        &[INDEX, text("output", "FILE", "Write to a file").short('o')],
    ),
    command(
        PassThrough,
        "images",
        SERVICES,
        "List the images in use",
        &[FORMAT, switch("quiet", "Only ids").short('q')],
    ),
    command(
        PassThrough,
        "kill",
        SERVICES,
        "Kill containers",
        &[REMOVE_ORPHANS, text("signal", "SIGNAL", "Signal to send").short('s').default("SIGKILL")],
    ),
    command(
        PassThrough,
        "logs",
        SERVICES,
        "Show the output of containers",
        &[
            switch("follow", "Follow the output").short('f'),
            INDEX,
            NO_COLOR,
            NO_LOG_PREFIX,
            SINCE,
            text("tail", "LINES", "Lines from the end, per container").short('n').default("all"),
            switch("timestamps", "Show timestamps").short('t'),
            UNTIL,
        ],
    ),
    command(
        PassThrough,
        "ls",
        Words::No,
        "List projects",
        &[
            switch("all", "Stopped ones too").short('a'),
            list("filter", "FILTER", "Conditions to match"),
            FORMAT,
            switch("quiet", "Only names").short('q'),
        ],
    ),
    command(PassThrough, "pause", SERVICES, "Pause services", &[]),
    command(
        PassThrough,
        "port",
        Words::exactly(2, "SERVICE PRIVATE_PORT"),
        "Print the public port of a port",
        &[INDEX, text("protocol", "PROTOCOL", "tcp or udp").default("tcp")],
    ),
    command(
        PassThrough,
        "ps",
        SERVICES,
        "List containers",
        &[
            switch("all", "Stopped ones too, and those made by run").short('a'),
            text("filter", "FILTER", "Property to match, e.g. status=running"),
            FORMAT,
            switch("no-trunc", "Do not shorten the output"),
            switch("orphans", "Services no longer defined, too").default("true"),
            switch("quiet", "Only ids").short('q'),
            switch("services", "Only services"),
            list("status", "STATUS", "Only services in this state"),
        ],
    ),
    command(Load, "publish", Words::exactly(1, "REPOSITORY[:TAG]"), "Publish the project", PUBLISH),
    command(
        Load,
        "pull",
        SERVICES,
        "Pull images",
        &[
            switch("ignore-buildable", "Leave out images that can be built"),
            switch("ignore-pull-failures", "Pull what can be pulled"),
            switch("include-deps", "Dependencies too"),
            text("policy", "WHEN", "Pull policy: missing, always"),
            switch("quiet", "No progress output").short('q'),
            switch("parallel", "Deprecated").default("true").hidden(),
            switch("no-parallel", "Deprecated").default("true").hidden(),
        ],
    )
    .lenient(Reader::OLDEST),
    command(
        Load,
        "push",
        SERVICES,
        "Push images",
        &[
            switch("ignore-push-failures", "Push what can be pushed"),
            switch("include-deps", "Dependencies too"),
            switch("quiet", "No progress output").short('q'),
        ],
    ),
    command(Gate, "restart", SERVICES, "Restart containers", &[NO_DEPS, TIMEOUT]).lenient(Reader::OLDEST),
    command(
        PassThrough,
        "rm",
        SERVICES,
        "Remove stopped containers",
        &[
            switch("force", "Do not ask").short('f'),
            switch("stop", "Stop them first").short('s'),
            switch("volumes", "Remove their anonymous volumes too").short('v'),
            switch("all", "Deprecated").short('a').hidden(),
        ],
    ),
    command(
        Gate,
        "run",
        Words::Program(1, "SERVICE [COMMAND] [ARGS...]"),
        "Run a one-off command",
        &[
            BUILD,
            list("cap-add", "CAP", "Add a capability"),
            list("cap-drop", "CAP", "Drop a capability"),
            switch("detach", "Run in the background, print the container's id").short('d'),
            text("entrypoint", "COMMAND", "Replace the image's entrypoint"),
            list("env", "NAME=VALUE", "Environment variable").short('e'),
            list("env-from-file", "FILE", "Environment variables from a file"),
            switch("interactive", "Keep standard input open").short('i').default("true"),
            list("label", "NAME=VALUE", "Label").short('l').or(&["labels"]),
            text("name", "NAME", "Name of the container"),
            switch("no-TTY", "Do not allocate a terminal").short('T'),
            switch("no-tty", "The same").hidden().since(V5_3),
            NO_DEPS,
            list("publish", "PORTS", "Publish ports").short('p'),
            text("pull", "WHEN", "Pull images: always, missing, never").default("policy"),
            switch("quiet", "Print nothing to standard output").short('q'),
            switch("quiet-build", "Build without progress output"),
            QUIET_PULL,
            REMOVE_ORPHANS,
            switch("rm", "Remove the container when it exits"),
            switch("service-ports", "Publish all of the service's ports").short('P'),
            switch("use-aliases", "Use the service's network aliases"),
            text("user", "USER", "Run as this user").short('u'),
            list("volume", "MOUNT", "Bind mount").short('v').or(&["volumes"]),
            text("workdir", "DIR", "Working directory").short('w'),
            switch("tty", "Allocate a terminal").short('t').default("true").hidden(),
        ],
    ),
    command(
        Gate,
        "scale",
        Words::Between(1, usize::MAX, "SERVICE=REPLICAS..."),
        "Scale services",
        &[NO_DEPS],
    )
    .lenient(V5_4),
    command(
        Gate,
        "start",
        SERVICES,
        "Start existing containers",
        &[
            switch("wait", "Wait until services are running or healthy; Compose 5.0 or newer").since(V5_0),
            number("wait-timeout", "Seconds to wait at most; Compose 5.0 or newer").since(V5_0),
        ],
    )
    .lenient(Reader::OLDEST),
    command(
        PassThrough,
        "stats",
        Words::Between(0, 1, "[SERVICE]"),
        "Show resource usage",
        &[
            switch("all", "Stopped ones too").short('a'),
            FORMAT,
            switch("no-stream", "Only the first result"),
            switch("no-trunc", "Do not shorten the output"),
        ],
    ),
    command(PassThrough, "stop", SERVICES, "Stop services", &[TIMEOUT]),
    command(PassThrough, "top", SERVICES, "Show the running processes", &[]),
    command(PassThrough, "unpause", SERVICES, "Unpause services", &[]),
    command(
        Gate,
        "up",
        SERVICES,
        "Create and start containers",
        &[
            switch("abort-on-container-exit", "Stop all containers when one stops"),
            switch("abort-on-container-failure", "Stop all containers when one fails"),
            switch("always-recreate-deps", "Recreate dependent containers"),
            list("attach", "SERVICE", "Attach to these services only"),
            switch("attach-dependencies", "Attach to dependent services too"),
            BUILD,
            switch("detach", "Run in the background").short('d'),
            text("exit-code-from", "SERVICE", "Exit with the code of this service's container"),
            FORCE_RECREATE,
            switch("menu", "Interactive shortcuts while attached"),
            list("no-attach", "SERVICE", "Do not attach to these services"),
            NO_BUILD,
            NO_COLOR,
            NO_DEPS,
            NO_LOG_PREFIX,
            NO_RECREATE,
            switch("no-start", "Do not start the services created"),
            text("pull", "WHEN", "Pull images: always, missing, never").default("policy"),
            switch("quiet-build", "Build without progress output"),
            QUIET_PULL,
            REMOVE_ORPHANS,
            switch("renew-anon-volumes", "Do not reuse the data of anonymous volumes").short('V'),
            SCALE,
            TIMEOUT,
            switch("timestamps", "Show timestamps"),
            switch("wait", "Wait until services are running or healthy"),
            number("wait-timeout", "Seconds to wait at most"),
            switch("watch", "Watch the sources, rebuild and refresh").short('w'),
            YES,
        ],
    ),
    command(
        PassThrough,
        "version",
        Words::No,
        "Show the version of docker compose",
        &[text("format", "FORMAT", "pretty or json").short('f'), switch("short", "Only the version number")],
    ),
    command(
        PassThrough,
        "volumes",
        SERVICES,
        "List volumes",
        &[FORMAT, switch("quiet", "Only names").short('q')],
    ),
    command(
        PassThrough,
        "wait",
        Words::Between(1, usize::MAX, "SERVICE [SERVICE...]"),
        "Wait until services stop",
        &[switch("down-project", "Take the project down when the first one stops")],
    ),
    command(
        Gate,
        "watch",
        SERVICES,
        "Watch the sources, rebuild and refresh",
        &[
            switch("no-up", "Do not build and start services first"),
            switch("prune", "Remove dangling images on rebuild").default("true"),
            switch("quiet", "Hide the output of builds"),
        ],
    )
    .lenient(V5_4),
    // Seaworthy's own.
    command(Own, "annotate", Words::No, "Say in lines of logs whose users and processes they name", &[]),
    command(
        Own,
        "attest",
        SERVICES,
        "Compare live containers with the verified model",
        &[
            choice("format", &["human", "json"], "Format of the report"),
            text("stack", "NAME", "Compare this stack of Swarm, and its tasks on this node"),
        ],
    ),
    command(
        Own,
        "check",
        Words::No,
        "Check the project and its policy; start nothing (for CI)",
        &[
            choice("format", &["human", "concise", "json", "sarif", "github"], "Format of the findings"),
            switch("locked", "Fail if the lock would change"),
            switch("no-host", "Do not judge what is on this machine's disk, as on a CI runner"),
            switch("rules", "List the rules instead"),
        ],
    ),
    command(
        Own,
        "completions",
        Words::exactly(1, "bash|elvish|fish|powershell|zsh"),
        "Print the completions for a shell",
        &[],
    ),
    command(
        Own,
        "doctor",
        Words::No,
        "Show what works here and what does not, each with a remedy",
        &[choice("format", &["human", "json"], "Format of the report")],
    ),
    command(
        Own,
        "explain",
        Words::Between(1, usize::MAX, "PATH..."),
        "Show where an effective value comes from",
        &[choice("format", &["human", "json"], "Format of the answer")],
    ),
    command(
        Own,
        "gc",
        Words::No,
        "Remove directories whose container is certainly gone",
        &[choice("format", &["human", "json"], "Format of the report"), DRY_RUN],
    ),
    command(Own, "help", Words::any("[COMMAND]"), "Print help", &[]).hidden(),
    command(
        Own,
        "ids",
        SERVICES,
        "Show who services are on the host, and what they can read and write",
        &[
            optional("assume-userns", "BASE", "Show beside it what would be if the engine mapped users"),
            choice("format", &["human", "json"], "Format of the table"),
        ],
    ),
    command(
        Own,
        "init",
        Words::No,
        "Write a policy that fits the project and with which check is green",
        &[
            choice(
                "posture",
                &[HIGHEST, "contained", "hardened", "baseline", "observe"],
                "The posture to write for all services; by default the highest that each passes",
            ),
            YES,
            DRY_RUN,
        ],
    ),
    command(
        Own,
        "install",
        Words::No,
        "Install as docker's plugin, or as docker compose itself",
        &[
            switch("as-compose", "Stand in front of the real docker compose"),
            switch("system", "For all users, in /usr/local/lib/docker/cli-plugins"),
            YES,
            DRY_RUN,
        ],
    ),
    command(
        Own,
        "kube",
        SERVICES,
        "Print the verified project as manifests for Kubernetes",
        &[
            text("output", "DIR", "One file for each object in this directory; - prints all")
                .short('o')
                .default("-"),
            text("kubernetes-version", "VERSION", "The version of the cluster, 1.31 to 1.37").default("1.35"),
            text("namespace", "NAME", "The namespace (default: the name of the project)").short('n'),
            text("volume-size", "SIZE", "What a claim asks for where the project says nothing")
                .default("1Gi"),
            switch("with-secrets", "Write Secrets with their content, and credentials as they stand"),
            switch("source", "Say on every line which line of the project it comes from"),
            DRY_RUN,
        ],
    ),
    command(
        Own,
        "man",
        Words::any("[COMMAND]"),
        "Print the manual page",
        &[text("output", "DIR", "Write the pages of all commands into this directory").short('o')],
    ),
    command(
        Own,
        "overlays",
        Words::Command(Some("overlays list")),
        "List, print, pin and seal overlays",
        &[],
    ),
    command(Own, "overlays list", Words::No, "List the built-in overlays", &[]),
    command(
        Own,
        "overlays pin",
        Words::any("[FILE...]"),
        "Write the overlays' sha256 into the policy",
        &[DRY_RUN],
    ),
    command(
        Own,
        "overlays seal",
        Words::any("[FILE...]"),
        "Close what is proven whole with a last line `...`",
        &[
            text("cmd", "COMMAND", "Run this and seal what it prints, if it succeeds"),
            number("lines", "Seal only what has so many lines"),
            switch("list", "Seal a list of files with a last line `# seaworthy: N files`"),
            text("output", "FILE", "Write the sealed text to this file, whole or not at all").short('o'),
            DRY_RUN,
        ],
    ),
    command(Own, "overlays show", Words::exactly(1, "NAME"), "Print a built-in overlay", &[]),
    command(
        Own,
        "plan",
        SERVICES,
        "Show what up would do, and why",
        &[choice("format", &["human", "json", "markdown", "html"], "Format of the plan")],
    ),
    command(Own, "prepare", SERVICES, "Create and own what is missing, without launching", &[DRY_RUN]),
    command(
        Own,
        "probe",
        Words::exactly(1, "SERVICE"),
        "Try a service's program and credentials",
        &[choice("format", &["human", "json"], "Format of the report")],
    ),
    command(
        Own,
        "repair",
        SERVICES,
        "Give state directories to the users that services have now",
        &[
            DRY_RUN,
            switch("migrate", "Carry the services over to a user that differs from the lock"),
            switch("take-mine", "Also take files of your own number, where a service had it"),
        ],
    ),
    command(Own, "schema", Words::exactly(1, "NAME"), "Print a JSON Schema", &[]),
    command(
        Own,
        "snapshot",
        Words::Command(None),
        "Keep what would run in git, and see what differs from it",
        &[],
    ),
    command(
        Own,
        "snapshot check",
        Words::No,
        "Fail if what would run is not what was reviewed",
        &[SNAPSHOT_FORMAT, SNAPSHOT_FILE],
    ),
    command(
        Own,
        "snapshot diff",
        Words::No,
        "Show the differences and the line that caused each",
        &[
            text("against", "REF", "Compare with what this commit of git would run, not with the snapshot"),
            SNAPSHOT_FORMAT,
            SNAPSHOT_FILE,
        ],
    ),
    command(Own, "snapshot write", Words::No, "Write what would run as reviewed", &[SNAPSHOT_FILE, DRY_RUN]),
    command(
        Own,
        "stack",
        Words::Command(None),
        "Run the verified project on Swarm; what it cannot hold is refused",
        &[],
    ),
    command(
        Own,
        "stack config",
        STACK,
        "Print a file that docker stack accepts, and name what it would lose",
        &[switch("specs", "Print what deploy asks of the engine instead, as JSON")],
    ),
    command(
        Own,
        "stack deploy",
        STACK,
        "Make or change the stack, and look at what came of it",
        &[
            choice(
                "resolve-image",
                &["always", "never"],
                "Whether a registry is asked for the digests of images",
            ),
            switch("detach", "Do not wait until tasks run").short('d'),
            switch("prune", "Remove what the stack has and the project no longer"),
            DRY_RUN,
        ],
    ),
    command(Own, "stack diff", STACK, "Show what deploy would change", &[]),
    command(Own, "stack rm", STACK, "Remove the stack's services, networks, secrets and configs", &[DRY_RUN])
        .alias("remove"),
    command(
        Own,
        "uninstall",
        Words::No,
        "Undo install",
        &[switch("system", "For all users, in /usr/local/lib/docker/cli-plugins"), YES, DRY_RUN],
    ),
    command(
        Own,
        "whois",
        Words::Between(1, usize::MAX, "UID|PID|PATH|CONTAINER..."),
        "Show which service a host uid, a process, a path or a container is of",
        &[choice("format", &["human", "json"], "Format of the answers")],
    ),
];

/// The command with this name, or with this alias in its last word.
pub fn find(parent: Option<&str>, word: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.parent() == parent && (spec.word() == word || spec.alias == Some(word)))
}

/// The commands within a group, or the topmost ones.
pub fn within(parent: Option<&str>) -> impl Iterator<Item = &'static Spec> {
    COMMANDS.iter().filter(move |spec| spec.parent() == parent)
}

/// The command that these words name, if there are any; else the first word that names none, and
/// the group it is not in.
pub fn named(words: &[String]) -> Result<Option<&'static Spec>, (Option<&'static Spec>, &str)> {
    let mut found: Option<&'static Spec> = None;
    for word in words {
        found = Some(find(found.map(|spec| spec.name), word).ok_or((found, word.as_str()))?);
    }
    Ok(found)
}
