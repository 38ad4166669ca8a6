//! `services.*`, but for `deploy` and what is mounted and attached.

use super::row::Client::{Changed, Dropped, Lost, Refused as Unread};
use super::row::Kompose::{Changes, Drops, Keeps};
use super::row::Verdict::{Local, Near, Refused, Same};
use super::row::{Row, local, near, refused, same};

const NOT_TAKEN: &str = "the client: \"Additional property … is not allowed\"";
const NO_FIELD: &str = "a service has no field for it";
const LEAVE_OUT: &str = "Leave it out";

pub const ROWS: &[Row] = &[
    local("services.*.profiles", "only the selected services are rendered")
        .swarm(Unread, Local, NOT_TAKEN),
    near("services.*.annotations", "annotations of the pod; only some runtimes are told of them")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Write `labels`, or leave it out"),
    local("services.*.attach", "whose output `up` shows").swarm(Unread, Local, NOT_TAKEN),
    local("services.*.build", "the image is built and pushed beforehand; a service without `image` is refused")
        .swarm(Dropped, Local, "the image is built and pushed beforehand")
        .kompose(Changes),
    local("services.*.develop", "for `watch`").swarm(Unread, Local, NOT_TAKEN),
    refused("services.*.blkio_config", "nothing there weighs the use of disks", LEAVE_OUT)
        .swarm(Unread, Refused, NOT_TAKEN),
    same("services.*.cap_add", "`securityContext.capabilities.add`").kompose(Keeps),
    same("services.*.cap_drop", "`securityContext.capabilities.drop`, in upper case").kompose(Keeps),
    refused("services.*.cgroup_parent", "the kubelet decides where control groups lie", LEAVE_OUT)
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops),
    refused("services.*.cgroup", "a pod cannot have the host's control groups", LEAVE_OUT)
        .idle(&["private"])
        .swarm(Unread, Refused, NOT_TAKEN),
    refused("services.*.cpu_count", "it is for Windows", "Write `cpus`").idle(&["0"]).swarm(Unread, Refused, NOT_TAKEN)
    .not_on_swarm("it is for Windows", "Write `cpus`"),
    refused("services.*.cpu_percent", "it is for Windows", "Write `cpus`").idle(&["0"]).swarm(Unread, Refused, NOT_TAKEN)
    .not_on_swarm("it is for Windows", "Write `cpus`"),
    refused("services.*.cpu_period", "the kubelet sets the period for a node", "Write `cpus`: the quota divided by the period")
        .idle(&["0"])
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Write `cpus`: the quota divided by the period"),
    refused("services.*.cpu_quota", "the kubelet works the quota out from the limit", "Write `cpus`: the quota divided by the period")
        .idle(&["0"])
        .swarm(Unread, Refused, NOT_TAKEN)
        .kompose(Drops)
        .not_on_swarm("", "Write `cpus`: the quota divided by the period"),
    refused("services.*.cpu_rt_period", "a pod has no share of real time", LEAVE_OUT)
        .idle(&["0"])
        .swarm(Unread, Refused, NOT_TAKEN),
    refused("services.*.cpu_rt_runtime", "a pod has no share of real time", LEAVE_OUT)
        .idle(&["0"])
        .swarm(Unread, Refused, NOT_TAKEN),
    same("services.*.cpus", "`resources.limits.cpu`, in steps of a thousandth")
        .idle(&["0"])
        .todo("Write a number of thousandths, such as 0.25")
        .swarm(Unread, Same, "as `Resources.Limits.NanoCPUs`")
        .kompose(Keeps),
    refused("services.*.cpuset", "a pod cannot name processors; the static policy of a kubelet gives some to it", LEAVE_OUT)
        .swarm(Unread, Refused, "the client: \"Set resource limits using deploy.resources\"")
        .kompose(Drops)
        .not_on_swarm("", "Write `cpus`, or `deploy.resources.reservations.cpus`"),
    refused("services.*.cpu_shares", "shares follow from what a pod requests", "Write `deploy.resources.reservations.cpus`")
        .idle(&["0"])
        .swarm(Unread, Refused, "the client: \"Set resource limits using deploy.resources\"")
        .kompose(Drops)
        .not_on_swarm("", "Write `cpus`, or `deploy.resources.reservations.cpus`"),
    same("services.*.command", "`args`; `$(NAME)` is written `$$(NAME)`, since Kubernetes replaces it").kompose(Keeps),
    near("services.*.container_name", "a headless Service of that name; containers have no name of their own")
        .todo("Reach the service by its own name, and leave `container_name` out")
        .swarm(Dropped, Refused, "tasks are named by Swarm")
        .kompose(Keeps)
        .not_on_swarm("tasks are named by Swarm", "Reach the service by its own name, and leave it out"),
    refused("services.*.credential_spec", "it is for Windows", LEAVE_OUT)
        .swarm(super::Client::Kept, Refused, "it is for Windows")
        .not_on_swarm("it is for Windows", ""),
    near("services.*.depends_on", "pods start in any order; `service_started` is left out, other conditions are refused")
        .todo("Let the program wait for what it needs, and write the list without conditions")
        .swarm(Changed, Near, "a list without conditions, which has no effect; conditions are refused")
        .kompose(Drops)
        .not_on_swarm("", "Let the program wait for what it needs, and write the list without conditions"),
    refused("services.*.device_cgroup_rules", "devices come from plugins of the cluster", "Ask the cluster for a device plugin")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Keep the service on this machine, with `up`"),
    refused("services.*.devices", "devices come from plugins of the cluster", "Ask the cluster for a device plugin")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("", "Keep the service on this machine, with `up`"),
    refused("services.*.dns", "with name servers of its own a pod would not find the other services", "Set them up in the cluster's DNS")
        .kompose(Drops),
    near("services.*.dns_opt", "`dnsConfig.options`, beside those of the cluster")
        .swarm(Unread, Same, "as `DNSConfig.Options`"),
    near("services.*.dns_search", "`dnsConfig.searches`, behind those of the cluster").kompose(Drops),
    refused("services.*.domainname", "the domain of a pod is the cluster's", LEAVE_OUT).swarm(Dropped, Refused, NO_FIELD),
    same("services.*.entrypoint", "`command`; `$(NAME)` is written `$$(NAME)`")
        .todo("Write `command` with the whole command line")
        .kompose(Keeps)
        .not_on_swarm("", "Write `command` with the whole command line, and `entrypoint` with its first word"),
    refused("services.*.provider", "a provider is a program of this machine", "Replace it with what the cluster has")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("a provider is a program of this machine", "Replace it with a service"),
    same(
        "services.*.environment",
        "`env`, with `enableServiceLinks: false`; what looks like a credential is a reference to a Secret",
    )
    .kompose(Keeps),
    local("services.*.env_file", "it is read, and its variables are the environment"),
    same("services.*.expose", "`containerPort`, for information")
        .swarm(Dropped, Local, "for information only")
        .kompose(Keeps),
    local("services.*.extends", "it is resolved").swarm(Unread, Local, "it is resolved"),
    refused("services.*.external_links", "containers outside the project are not in the cluster", "Write their address")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("", "Put both into one network, and use the name"),
    near("services.*.extra_hosts", "`hostAliases`; `host-gateway` is refused")
        .todo("Write the address")
        .kompose(Drops),
    same("services.*.group_add", "`supplementalGroups` of the pod, which has this one container; names are refused")
        .todo("Write the number of the group")
        .swarm(Unread, Same, "as `ContainerSpec.Groups`")
        .kompose(Drops),
    refused("services.*.gpus", "devices come from plugins of the cluster", "Ask the cluster for a device plugin")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Keep the service on this machine, with `up`"),
    same("services.*.hostname", "`hostname` of the pod, where it is a valid name there")
        .todo("Use lower-case letters, digits and hyphens, at most 63"),
    near(
        "services.*.healthcheck",
        "`readinessProbe`: nobody is sent to a pod that fails it, and nothing is restarted. A pod is not ready before the \
         first success, so that `start_period` and `start_interval` say nothing more",
    ),
    same("services.*.image", "`image`, with `imagePullPolicy` written; an id of this machine is refused")
        .todo("Push the image to a registry, and write it by digest")
        .swarm(super::Client::Kept, Same, "an id of this machine is not found on other nodes: refused")
        .kompose(Keeps)
        .not_on_swarm("", "Push the image to a registry, and write it by digest"),
    near("services.*.init", "`shareProcessNamespace`: the pod's own first process reaps; no other container is in it")
        .idle(&["false"]),
    same("services.*.ipc", "`host` as `hostIPC`; another container's is refused")
        .idle(&["private", "shareable"])
        .todo("Write one service for what shares memory")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("a task has memory of its own", "Write one service for what shares memory"),
    refused("services.*.isolation", "it is for Windows", LEAVE_OUT).idle(&["default"]).kompose(Drops),
    near("services.*.labels", "annotations of the pod; what reads labels of containers does not see them")
        .todo("Use letters, digits, `-`, `_` and `.`, at most 63, with a domain and `/` before them or not")
        .kompose(Keeps),
    local("services.*.label_file", "it is read, and its labels are the labels").swarm(Unread, Local, NOT_TAKEN),
    near("services.*.links", "an alias is a headless Service for all pods; the order of starts is left out")
        .todo("Reach the service by its own name")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("", "Write an alias in `networks`, or use the service's own name"),
    near("services.*.logging", "the kubelet keeps what is printed and rotates it; drivers that send it elsewhere are refused")
        .todo("Collect logs in the cluster, and leave `logging` out")
        .kompose(Drops),
    same("services.*.mem_limit", "`resources.limits.memory`")
        .idle(&["0"])
        .swarm(Unread, Same, "as `Resources.Limits.MemoryBytes`; swap becomes twice the memory")
        .kompose(Keeps),
    near("services.*.mem_reservation", "`resources.requests.memory`: where the pod is placed, and who is killed first")
        .idle(&["0"])
        .swarm(Unread, Near, "as a reservation: for the scheduler only"),
    refused("services.*.memswap_limit", "the kubelet decides on swap", "Write the value of `mem_limit`: no swap")
        .idle(&["0"])
        .swarm(Unread, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("swap is as much as memory", "Write twice the memory, or leave it out"),
    refused("services.*.mem_swappiness", "the kubelet decides on swap", LEAVE_OUT).idle(&["0"]).swarm(Unread, Refused, NOT_TAKEN),
    refused("services.*.mac_address", "the network of the cluster gives addresses", LEAVE_OUT).swarm(Dropped, Refused, NO_FIELD),
    refused("services.*.models", "a model server is a program of this machine", "Run the model server as a service")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("a model server is a program of this machine", "Run the model server as a service"),
    same("services.*.network_mode", "`host` as `hostNetwork`; a pod always has an address, so that `none` is refused")
        .todo("Attach it to a network with `internal: true`")
        .swarm(Dropped, Refused, "the service gets the stack's default network: a service without any network has one")
        .kompose(Drops)
        .not_on_swarm("a service is always in a network of Swarm", "Attach it to a network with `internal: true`"),
    refused("services.*.oom_kill_disable", "nothing there keeps a pod from being killed", LEAVE_OUT)
        .idle(&["false"])
        .swarm(Unread, Refused, NOT_TAKEN),
    refused("services.*.oom_score_adj", "the kubelet works it out from what a pod requests", "Write `mem_reservation`")
        .idle(&["0"])
        .swarm(Lost, Same, "as `ContainerSpec.OomScoreAdj`"),
    same("services.*.pid", "`host` as `hostPID`; another container's is refused")
        .todo("Write one service for what shares processes")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("a task has processes of its own", "Write one service for what shares processes"),
    refused(
        "services.*.pids_limit",
        "a pod has no such field; each node has one bound for all its pods, `podPidsLimit` of its kubelet",
        "Give the nodes a `podPidsLimit`, and write a waiver whose reason names it",
    )
    .idle(&["0", "-1"])
    .swarm(Unread, Same, "as `Resources.Limits.Pids`")
    .kompose(Drops),
    near("services.*.platform", "`nodeSelector` for system and architecture")
        .todo("Write `linux/amd64` or `linux/arm64`")
        .swarm(Unread, Near, "as platforms of the placement")
        .not_on_swarm("nodes are told by system and architecture alone", "Write `linux/amd64` or `linux/arm64`"),
    same("services.*.privileged", "`privileged`")
        .idle(&["false"])
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Keeps)
        .not_on_swarm("", "Add the capabilities that it needs"),
    near("services.*.pull_policy", "`imagePullPolicy`; intervals are refused")
        .todo("Write `always`, `missing` or `never`")
        .swarm(Unread, Local, NOT_TAKEN),
    local("services.*.pull_refresh_after", "Compose itself drops it").swarm(Unread, Local, NOT_TAKEN),
    same("services.*.read_only", "`readOnlyRootFilesystem`").idle(&["false"]),
    near(
        "services.*.restart",
        "`always`, `unless-stopped` and nothing: a Deployment or StatefulSet, which is always restarted; `on-failure` and \
         `no`: a Job",
    )
    .todo("Write `always`, `unless-stopped`, `on-failure`, `on-failure:N` or `no`")
    .swarm(Changed, Near, "as RestartPolicy, although the client calls it ignored")
    .kompose(Keeps)
        .not_on_swarm("", "Write `always`, `unless-stopped`, `on-failure`, `on-failure:N` or `no`"),
    same("services.*.runtime", "`runtimeClassName`; a cluster without that class refuses the pod")
        .idle(&["runc", "io.containerd.runc.v2"])
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Make it the default runtime of the nodes, and leave it out"),
    same("services.*.scale", "`replicas`").swarm(Unread, Same, "as `deploy.replicas`"),
    same(
        "services.*.security_opt",
        "`no-new-privileges` as `allowPrivilegeEscalation: false`, seccomp, AppArmor and SELinux as theirs; \
         `seccompProfile: RuntimeDefault` is written always. A profile in a file is refused: it is not on the nodes",
    )
    .todo("Use the default profile")
    .swarm(Dropped, Near, "as `ContainerSpec.Privileges`: no-new-privileges, seccomp with its profile, AppArmor's default, SELinux")
    .kompose(Drops)
        .not_on_swarm("", "Leave the option out, or put it into the configuration of each node's engine"),
    near("services.*.shm_size", "memory at `/dev/shm` of that size")
        .idle(&["67108864", "0"])
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("", "Mount memory at /dev/shm: a volume of `type: tmpfs`"),
    same("services.*.stdin_open", "`stdin`").idle(&["false"]).kompose(Keeps),
    same("services.*.stop_grace_period", "`terminationGracePeriodSeconds`, always written: 10 s where nothing is said").kompose(Keeps),
    refused("services.*.stop_signal", "stable versions take the signal of the image alone", "Set STOPSIGNAL in the image")
        .idle(&["SIGTERM", "TERM", "15"])
        .kompose(Drops),
    refused("services.*.storage_opt", "nothing there bounds the root file system", LEAVE_OUT).swarm(Unread, Refused, NOT_TAKEN),
    same("services.*.sysctls", "`sysctls` of the pod, those that Pod Security holds for safe; others are refused")
        .todo("Set it on the nodes")
        .kompose(Drops),
    near(
        "services.*.tmpfs",
        "an `emptyDir` in memory: mode 0777, root's, programs run from it; counts as the pod's memory. Another mode, an owner \
         or `noexec` that is written is refused",
    )
    .todo("Leave the option out where the program can do with mode 0777")
    .swarm(Lost, Near, "as `TmpfsOptions` with size, mode and noexec; uid and gid are refused")
    .kompose(Keeps)
        .not_on_swarm("", "Leave the option out where the program can do without"),
    same("services.*.tty", "`tty`").idle(&["false"]).kompose(Keeps),
    refused("services.*.ulimits", "a pod has none; those of the runtime hold", "Set them up in the runtime of the nodes").kompose(Drops),
    refused("services.*.use_api_socket", "the engine's socket is not on the nodes", "Give the pod a service account")
        .idle(&["false"])
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("the engine's socket is not handed out", ""),
    same(
        "services.*.user",
        "`runAsUser`, `runAsGroup` and `runAsNonRoot` in numbers; a name is looked up in the image, or refused",
    )
    .todo("Write `UID:GID`, or run this where the engine has the image")
    .kompose(Changes),
    same("services.*.userns_mode", "`host` as the default of a pod; from 1.36 on `hostUsers: false` under hardened")
        .idle(&["host"])
        .todo("Leave it out")
        .swarm(Dropped, Refused, NO_FIELD)
        .kompose(Drops)
        .not_on_swarm("", "Leave it out: each node's engine maps users or does not")
        .idle_on_swarm(&[]),
    refused("services.*.uts", "a pod cannot have the host's name", "Leave it out").swarm(Unread, Refused, NOT_TAKEN).kompose(Drops),
    refused("services.*.volumes_from", "pods share claims, not containers", "Name the volumes in both services")
        .swarm(Unread, Refused, "the client: \"forbidden properties\"")
        .kompose(Changes)
        .not_on_swarm("", "Name the volumes in both services"),
    same("services.*.working_dir", "`workingDir`").kompose(Keeps),
    refused("services.*.pre_start", "it is a container that is run before, with an image of its own", "Write it as a service of its own")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Write it as a service of its own"),
    near("services.*.post_start", "`lifecycle.postStart`, one command as the container's user; a failure restarts the container")
        .todo("Keep one command, without user, privileged, environment and working_dir")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Let the program of the image do it"),
    near("services.*.pre_stop", "`lifecycle.preStop`, one command as the container's user; within the grace period")
        .todo("Keep one command, without user, privileged, environment and working_dir")
        .swarm(Unread, Refused, NOT_TAKEN)
        .not_on_swarm("", "Let the program of the image do it"),
];
