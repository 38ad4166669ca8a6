#!/usr/bin/env bash
# How an engine starts: which programs it is, and with which words. Sourced by scripts/engine.
set -euo pipefail

# The suite that has each version, and what is unpacked of it.
declare -A SUITES=([26]=trixie [28]=forky [podman]=forky)
DOCKER_PACKAGES=(docker.io patchelf)
DOCKER_PROGRAMS=(dockerd containerd containerd-shim-runc-v2 runc docker-init docker-proxy)
ROOTLESS_PACKAGES=(rootlesskit slirp4netns uidmap)
ROOTLESS_PROGRAMS=(rootlesskit slirp4netns newuidmap newgidmap)

install_client() {
  has docker || install_packages docker.io
  has docker || install_packages docker-cli # in newer suites the client is a package of its own
}

# The machine's own engine, or one of another version in the engine's folder.
install_engine() {
  has ip || install_packages iproute2
  if [ -z "$version" ]; then
    has dockerd || install_packages docker.io
    return
  fi
  local packages programs found
  if [ -n "$podman" ]; then
    packages=("${PODMAN_PACKAGES[@]}") programs=("${PODMAN_PROGRAMS[@]}")
  else
    packages=("${DOCKER_PACKAGES[@]}") programs=("${DOCKER_PROGRAMS[@]}")
    [ -z "$rootless" ] || packages+=("${ROOTLESS_PACKAGES[@]}") programs+=("${ROOTLESS_PROGRAMS[@]}")
  fi
  unpack_from_suite "$dir/root" "${SUITES[$version]}" "${packages[@]}"
  runnable "$dir/root" "$bin" "${programs[@]}"
  [ -z "$podman" ] || return 0
  found=$("$bin/dockerd" --version) || die "dockerd of suite ${SUITES[$version]} does not run on this machine"
  [[ $found == "Docker version $version."* ]] || die "suite ${SUITES[$version]} has $found, not version $version"
}

start() {
  local pid i
  install_engine
  mount_cgroups
  [ -z "$remap$rootless" ] || make_user
  allow_forwarding
  if [ -n "$rootless" ]; then
    open_tunnel
    set_as_user
    mkdir -p "$dir"/{home,run,data}
    chown "$(own_user):" "$dir"/{home,run,data}
    chmod 700 "$run"
  fi
  if [ -n "$podman" ]; then
    podman_words
  elif [ -n "$rootless" ]; then
    rootless_words
  else
    docker_words
  fi
  "${words[@]}" </dev/null >"$dir/log" 2>&1 9<&- &
  pid=$!
  [ -z "$podman" ] || printf '%s\n' "$pid" >"$dir/podman.pid"

  for ((i = 0; i < 300; i++)); do
    ! answers "$own_host" >/dev/null || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$dir/log" >&2
  stop_daemon "$pid"
  sweep
  die "the engine did not start; the end of its log, $dir/log, is above"
}

# Each of the next functions sets `words`, the command line of the engine. Podman's is in a file of its own.

docker_words() {
  local bridge number path=$PATH
  number=$(make_bridge)
  bridge=sw-br$number
  [ -e /etc/docker/key.json ] || : >"$dir/made-key" # older engines write one there
  write_daemon_file
  [ ! -d "$bin" ] || path=$bin:$PATH

  # Without packet filter rules: the machine's own stay as they are, engines do not undo each other's chains, and
  # published ports work all the same (docker-proxy). Containers get no way out of this machine.
  # The namespace matters where a containerd of the system runs: dockerd uses that one, and then shares it.
  words=(
    setsid env "PATH=$path" dockerd
    --config-file="$dir/daemon.json" --host="$own_host" --pidfile="$dir/dockerd.pid"
    --data-root="$dir/data" --exec-root="$dir/exec" --containerd-namespace="$bridge"
    --bridge="$bridge" --default-address-pool="base=10.$((213 + number)).0.0/16,size=24"
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
  )
  # In the other store, what a storage driver does is another program's.
  [ "$store" = containerd ] || words+=(--storage-driver="$(storage_driver)")
  [ -z "$remap" ] || words+=(--userns-remap="$(own_user)")
  [ -z "${SUDO_GID:-}" ] || words+=(--group="$SUDO_GID") # who called sudo can use the socket
}

# Not the machine's own /etc/docker/daemon.json.
write_daemon_file() {
  local store_too=
  [ -z "$store" ] || store_too='"features": {"containerd-snapshotter": true}'
  printf '{%s}\n' "$store_too" >"$dir/daemon.json"
}

# Its network is one of its own, so that it takes no number and may use any address.
rootless_words() {
  write_daemon_file
  words=(
    "${as_user[@]}" setsid env DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns sh "$dir/root/usr/share/docker.io/contrib/dockerd-rootless.sh"
    --config-file="$dir/daemon.json" --host="$own_host" --pidfile="$run/dockerd.pid"
    --data-root="$dir/data" --exec-root="$run/exec" --iptables=false --ip6tables=false
  )
}
