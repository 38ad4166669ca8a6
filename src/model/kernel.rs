//! How the kernel treats the processes of a service.

use super::field::fields;

fields! {
    SYSCTLS: Named = "sysctls";
    OOM_KILL_DISABLE: Flag = "oom_kill_disable";
    OOM_SCORE: Number = "oom_score_adj";
    RUNTIME: Text = "runtime";
    ISOLATION: Text = "isolation";
    ANNOTATIONS: Named = "annotations";
}
