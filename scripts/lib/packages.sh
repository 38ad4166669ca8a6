#!/usr/bin/env bash
# Functions that install Debian packages; sourced by the scripts beside this folder.
set -euo pipefail

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
# The newer suite is known to apt only for this call, through a private source list and cache: the machine's own
# sources stay as they are. Priority 1 and an exact version keep everything else from being upgraded.
install_compose() {
  compose_is_new_enough && return
  has apt-get || die "Docker Compose $COMPOSE_NEEDED or newer is needed, and there is no apt-get to install it"
  need_root "install Docker Compose"
  note "installing Docker Compose"
  quietly apt_get update || die "'apt-get update' failed"
  local private
  private=$(mktemp -d)
  (
    trap '"${AS_ROOT[@]}" rm -rf "$private"' EXIT
    install_compose_from_newer_suite "$private"
  )
  compose_is_new_enough ||
    die "$(command -v docker) does not use the Compose just installed, but $(timeout 20 docker compose version 2>&1 | tail -n 1): remove the older plugin in ${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins or /usr/local/lib/docker/cli-plugins"
}

# debian_archive: prints the address of the archive that has this machine's release, and apt's entry for it.
# apt itself reads both forms of sources.
debian_archive() {
  local line
  # shellcheck disable=SC2016  # the names in $() are apt's
  read -r line < <(apt-get indextargets --format '$(REPO_URI) $(SOURCESENTRY) $(ORIGIN)/$(LABEL)/$(COMPONENT)' \
    'Created-By: Packages' | sed -n 's,Debian/Debian/main$,,p') && printf '%s\n' "$line"
}

install_compose_from_newer_suite() {
  local private=$1 found archive entry keyring version options
  found=$(debian_archive) ||
    die "Docker Compose $COMPOSE_NEEDED or newer is needed, and apt's sources name no Debian archive to take it from"
  read -r archive entry <<<"$found"
  keyring=$(sed -nE 's,^[^#]*[Ss]igned-[Bb]y[:=] *(/[^] ]+).*,\1,p' "${entry%:*}" | sed -n 1p)

  chmod 755 "$private" # apt fetches as a user of its own
  mkdir -p "$private"/{sources,preferences,lists/partial,cache/archives/partial}
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n%s' "$archive" "$COMPOSE_SUITE" \
    "${keyring:+Signed-By: $keyring$'\n'}" >"$private/sources/newer.sources"
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 1\n' "$COMPOSE_SUITE" >"$private/preferences/newer"
  options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$private/sources"
    -o "Dir::Etc::preferencesparts=$private/preferences"
    -o "Dir::State::lists=$private/lists" -o "Dir::Cache=$private/cache")

  quietly apt_get "${options[@]}" update || die "apt cannot read suite $COMPOSE_SUITE of this machine's Debian archive"
  version=$(apt-cache "${options[@]}" madison docker-compose | awk -F ' *[|] *' 'NR == 1 { print $2 }')
  [ -n "$version" ] || die "suite $COMPOSE_SUITE has no docker-compose"
  quietly without_services apt_get "${options[@]}" install -y --no-install-recommends --no-remove "docker-compose=$version" ||
    die "apt cannot install docker-compose $version without upgrading other packages"
}
