//! The confinement of seaworthy's own containers.

use std::ffi::OsString;

/// No image from elsewhere, no network, nothing written to the image, no capability, no way to get one.
const CONFINED: [&str; 9] = [
    "--pull",
    "never",
    "--network",
    "none",
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
];

/// The words of `docker` that deny it.
pub(super) fn words() -> impl Iterator<Item = OsString> {
    CONFINED.into_iter().map(OsString::from)
}
