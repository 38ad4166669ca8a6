//! When a service starts and stops, and what it is called.

use super::field::fields;

fields! {
    CONTAINER_NAME: Text = "container_name";
    HOSTNAME: Text = "hostname";
    INIT: Flag = "init";
    STOP_SIGNAL: Text = "stop_signal";
    STOP_GRACE_PERIOD: Text = "stop_grace_period";
    LABELS: Named = "labels";
    PROFILES: Texts = "profiles";
}
