//! What a service waits for.

use super::field::fields;

fields! {
    DEPENDS_ON: Named = "depends_on";
    CONDITION: Text = "depends_on.*.condition";
    RESTART: Flag = "depends_on.*.restart";
}
