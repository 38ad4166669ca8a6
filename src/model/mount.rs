//! What is mounted in a service, or copied into it: the fields of it. [`super::place`] says where it comes to be.

use super::field::fields;

fields! {
    VOLUMES: Entries = "volumes";
    TYPE: Text = "volumes[].type";
    SOURCE: Text = "volumes[].source";
    TARGET: Text = "volumes[].target";
    READ_ONLY: Flag = "volumes[].read_only";
    PROPAGATION: Text = "volumes[].bind.propagation";
    NOCOPY: Flag = "volumes[].volume.nocopy";
    SUBPATH: Text = "volumes[].volume.subpath";
    LABELS: Named = "volumes[].volume.labels";
    MEMORY: Part = "volumes[].tmpfs";
    MEMORY_SIZE: Number = "volumes[].tmpfs.size";
    MEMORY_MODE: Number = "volumes[].tmpfs.mode";
    TMPFS: Texts = "tmpfs";
    FROM: Texts = "volumes_from";
    API_SOCKET: Flag = "use_api_socket";
    CONFIGS: Entries = "configs";
    SECRETS: Entries = "secrets";
    FILE_SOURCE: Text = "configs[].source" | "secrets[].source" | "build.secrets[].source";
    FILE_TARGET: Text = "configs[].target" | "secrets[].target" | "build.secrets[].target";
    FILE_UID: Text = "configs[].uid" | "secrets[].uid" | "build.secrets[].uid";
    FILE_GID: Text = "configs[].gid" | "secrets[].gid" | "build.secrets[].gid";
    FILE_MODE: Number = "configs[].mode" | "secrets[].mode" | "build.secrets[].mode";
}
