//! Where the output of a service goes.

use super::field::fields;

fields! {
    LOGGING: Part = "logging";
    DRIVER: Text = "logging.driver";
    OPTIONS: Named = "logging.options";
}
