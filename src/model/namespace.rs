//! What a container shares with the host or with another one.

use super::field::{Field, Text, fields};

fields! {
    PID: Text = "pid";
    IPC: Text = "ipc";
    UTS: Text = "uts";
    USERNS: Text = "userns_mode";
    CGROUP: Text = "cgroup";
    CGROUP_PARENT: Text = "cgroup_parent";
}

/// Those that can be shared, but for the user namespace, which no other container lends.
pub(crate) const SHARED: [Field<Text>; 4] = [PID, IPC, UTS, CGROUP];
