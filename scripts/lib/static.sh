# Sourced by the other scripts: makes cargo build programs that need no libraries and no loader.
# shellcheck shell=bash

# For a named target only, because procedural macros are libraries that the compiler loads.
static_build() {
    local target
    target=$(rustc -vV | sed -n 's/^host: //p')
    export CARGO_BUILD_TARGET=$target
    local variable
    variable=CARGO_TARGET_$(printf '%s' "$target" | tr 'a-z-' 'A-Z_')_RUSTFLAGS
    export "$variable=-C target-feature=+crt-static"
}
