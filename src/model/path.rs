//! Files of the host that a service is made of, besides its mounts and its build.

use super::field::fields;

fields! {
    ENV_FILES: Entries = "env_file";
    ENV_FILE: Text = "env_file[].path";
    LABEL_FILES: Texts = "label_file";
    CREDENTIAL_SPEC: Part = "credential_spec";
    CREDENTIAL_FILE: Text = "credential_spec.file";
    WATCHES: Entries = "develop.watch";
    WATCHED: Text = "develop.watch[].path";
    WATCH_TARGET: Text = "develop.watch[].target";
}
