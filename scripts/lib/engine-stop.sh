#!/usr/bin/env bash
# How an engine ends, and what is removed after it. Sourced by scripts/engine.
set -euo pipefail

# Ends one process: TERM, and KILL after a deadline.
stop_daemon() {
  local i
  kill "$1" 2>/dev/null || return 0
  for ((i = 0; i < 100; i++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -KILL "$1" 2>/dev/null || true
}

# Prints the ids of our containers, as the folders of the engine's data name them.
container_ids() {
  find "$dir"/data/containers "$dir"/data/*.*/containers "$dir"/data/overlay-containers -mindepth 1 -maxdepth 1 \
    -name '????????????????????????????????*' -printf '%f\n' 2>/dev/null || true
}

# The folder of a process belongs to root where its memory is closed, so its owner says nothing.
user_of() {
  local name uid
  while read -r name uid _; do
    [ "$name" != Uid: ] || break
  done 2>/dev/null <"/proc/$1/status" || true
  printf '%s\n' "${uid:-0}"
}

# Prints the processes that a killed engine leaves: containerd, its shims and conmon, told by a path of ours in their
# command line; the containers' own, told by the ids in the names of their control groups; and all of a user of ours.
leftover_pids() {
  local pid name ids own='' first='' last='' uid
  ids=$(container_ids)
  [ -z "$rootless" ] || read -r own first last < <(own_ids || true) || true
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    [ -e "/proc/$pid/exe" ] || continue # ended, and only not yet waited for
    if [ -n "$own" ]; then
      uid=$(user_of "$pid")
      { [ "$uid" -ne "$own" ] && { [ "$uid" -lt "$first" ] || [ "$uid" -gt "$last" ]; }; } || printf '%s\n' "$pid"
      continue
    fi
    name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    case $name in
      dockerd | containerd* | podman | conmon) ! grep -qsF "$dir/" "/proc/$pid/cmdline" || printf '%s\n' "$pid" ;;
      *) [ -z "$ids" ] || ! grep -qsF "$ids" "/proc/$pid/cgroup" || printf '%s\n' "$pid" ;;
    esac
  done
}

kill_leftovers() {
  local i pids
  for ((i = 0; i < 50; i++)); do
    mapfile -t pids < <(leftover_pids)
    [ ${#pids[@]} -gt 0 ] || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.1
  done
  die "process ${pids[0]} of the engine cannot be ended"
}

remove_cgroups() {
  local id
  for id in $(container_ids); do
    find /sys/fs/cgroup -depth -type d -path "*$id*" -exec rmdir {} + 2>/dev/null || true
  done
  # Every engine shares this one: it stays if it is not empty.
  rmdir /sys/fs/cgroup/{docker,libpod_parent} /sys/fs/cgroup/*/{docker,libpod_parent} 2>/dev/null || true
}

# Prints the mount points below our folder, the deepest first.
mounts() { awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/self/mounts | sort -r; }

# Networks of ours that outlived a killed engine: dockerd has their ids in its database, Podman a file for each.
remove_networks() {
  local bridge id
  for bridge in $(ip -o link show type bridge 2>/dev/null | awk -F ': ' '{ print $2 }'); do
    id=${bridge#br-}
    if [ "$(cat "/sys/class/net/$bridge/ifalias" 2>/dev/null)" = "$dir" ] ||
      { [[ $id =~ ^[0-9a-f]{12}$ ]] && grep -qsF "$id" "$dir"/data/network/files/local-kv.db "$dir"/data/*.*/network/files/local-kv.db; } ||
      { [ -z "$rootless" ] && grep -qsE "\"network_interface\": *\"$bridge\"" "$dir"/networks/*.json /dev/null; }; then
      ip link delete "$bridge"
    fi
  done
}

# Removes everything of an engine that no longer runs, but for its folder's log.
sweep() {
  local mount socket
  kill_leftovers
  remove_cgroups
  while read -r mount; do
    umount "$(printf '%b' "$mount")" 2>/dev/null || umount -l "$(printf '%b' "$mount")" || true
  done < <(mounts)
  # A volume may be a bind mount of someone's files: nothing is removed below a mount.
  [ -z "$(mounts)" ] || die "$(mounts | sed -n 1p) cannot be unmounted"

  remove_networks

  # A killed shim leaves its socket; its folder names it.
  while read -r socket; do
    [[ $socket != unix:///run/containerd/s/* ]] || rm -f "${socket#unix://}"
  done < <(find "$dir"/exec* -name address -type f -exec awk 1 {} + 2>/dev/null || true)
  restore_forwarding
  restore_tunnel
  remove_podman_paths
  [ ! -e "$dir/made-key" ] || rm -f /etc/docker/key.json
  find "$dir" -mindepth 1 -maxdepth 1 ! -name log ! -name made-by-seaworthy -exec rm -rf --one-file-system {} +
  # containerd makes these wherever its own folders are; they stay if they are in use.
  rmdir /run/containerd/s /run/containerd /opt/containerd/{bin,lib} /opt/containerd 2>/dev/null || true
}
