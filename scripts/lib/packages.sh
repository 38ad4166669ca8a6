#!/usr/bin/env bash
# Functions that install Debian packages; sourced by the scripts beside this folder.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/suite.sh"

COMPOSE_NEEDED=2.40.0
COMPOSE_SUITE=forky # the oldest Debian suite whose docker-compose is new enough

# die SENTENCE: the status tells a caller's error trap that the reason has been printed.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 69
}

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

has() { command -v "$1" >/dev/null; }

# Sets AS_ROOT, the words to put before a command that needs root.
AS_ROOT=()
need_root() {
  if [ "$(id -u)" -eq 0 ]; then
    AS_ROOT=()
  elif sudo -n true 2>/dev/null; then
    AS_ROOT=(sudo -n)
  else
    die "root, or sudo without a password, is needed to ${1:-install packages}"
  fi
}

apt_get() {
  "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    timeout 900 apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# A package's own service must not start: the engine started here is another one.
# A policy file that the machine already has stays as it is. The body is a subshell, so that its trap covers only this.
without_services() (
  policy=/usr/sbin/policy-rc.d
  mark='seaworthy: no service starts during this install'
  if grep -qs "$mark" "$policy" || ! [ -e "$policy" ]; then # one with our mark is left from a killed run
    trap '"${AS_ROOT[@]}" rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" | "${AS_ROOT[@]}" tee "$policy" >/dev/null &&
      "${AS_ROOT[@]}" chmod 755 "$policy" || exit
  fi
  "$@"
)

# Runs a command that says much; shows what it said only when it fails.
quietly() {
  local said
  if ! said=$("$@" 2>&1); then
    printf '%s\n' "$said" | tail -n 20 >&2
    return 1
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages PACKAGE...: installs those that are missing, and upgrades nothing.
install_packages() {
  local package missing=()
  for package; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  has apt-get || die "apt-get is needed to install ${missing[*]}"
  need_root "install ${missing[*]}"
  note "installing ${missing[*]}"
  quietly apt_get update || die "'apt-get update' failed"
  quietly without_services apt_get install -y --no-install-recommends --no-upgrade "${missing[@]}" ||
    die "apt-get cannot install ${missing[*]}"
}

compose_is_new_enough() {
  local version
  version=$(timeout 20 docker compose version --short 2>/dev/null) || return 1
  printf '%s\n' "$COMPOSE_NEEDED" "${version#v}" | sort -VC
}

# install_compose: makes `docker compose` answer, at least with version COMPOSE_NEEDED.
# The newer suite is known to apt only for this call: the machine's own sources stay as they are.
install_compose() {
  compose_is_new_enough && return
  has apt-get || die "Docker Compose $COMPOSE_NEEDED or newer is needed, and there is no apt-get to install it"
  need_root "install Docker Compose"
  note "installing Docker Compose"
  quietly apt_get update || die "'apt-get update' failed"
  install_from_suite "$COMPOSE_SUITE" docker-compose
  compose_is_new_enough ||
    die "$(command -v docker) does not use the Compose just installed, but $(timeout 20 docker compose version 2>&1 | tail -n 1): remove the older plugin in ${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins or /usr/local/lib/docker/cli-plugins"
}
