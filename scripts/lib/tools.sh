# Sourced by the other scripts: what is needed to make packages, installed where it is missing.
# shellcheck shell=bash

# install_cargo_tool NAME: a subcommand of cargo, at a fixed version, into target/tools.
install_cargo_tool() {
  local version tools=${CARGO_TARGET_DIR:-$PWD/target}/tools
  case $1 in
  cargo-auditable) version=0.7.4 ;;
  cargo-cyclonedx) version=0.5.9 ;;
  *) die "no version is written down for $1" ;;
  esac
  export PATH=$tools/bin:$PATH
  [ ! -x "$tools/bin/$1" ] || return 0
  note "installing $1 $version"
  # They run for seconds: to optimize them would take minutes.
  quietly cargo install --debug --locked --root "$tools" --target-dir "$tools/build" "$1@$version" ||
    die "cargo cannot install $1 $version"
}

# install_cross ARCHITECTURE: the linker, the standard library and the emulator for another one.
install_cross() {
  case $1 in
  aarch64) install_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user ;;
  x86_64) install_packages gcc-x86-64-linux-gnu libc6-dev-amd64-cross qemu-user ;;
  *) die "there is no package for $1" ;;
  esac
  has rustup || die "rustup is needed for the standard library of $1"
  quietly rustup target add "$1-unknown-linux-gnu" || die "rustup has no standard library for $1"
}
