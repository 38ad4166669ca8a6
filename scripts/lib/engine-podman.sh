#!/usr/bin/env bash
# Podman as an engine. Sourced by scripts/engine.
set -euo pipefail

PODMAN_PACKAGES=(podman runc conmon netavark aardvark-dns passt uidmap catatonit golang-github-containers-common patchelf)
PODMAN_PROGRAMS=(podman runc conmon netavark aardvark-dns pasta newuidmap newgidmap catatonit)

# Files outside of its folders that no setting moves, and the folder where it binds the networks of containers.
PODMAN_FILES=(
  /run/containers/networks/{ipam.db,aardvark.lock,firewall/firewall-driver,firewall/firewall-reload.lock}
  /run/lock/netavark.lock /var/lib/containers/cache/blob-info-cache-v1.sqlite
  /var/cache/containers/short-name-aliases.conf{,.lock}
)
PODMAN_FOLDERS=(/run/containers /var/lib/containers/cache /var/cache/containers /run/runc)
NETNS=/run/netns

# Notes what is not there before.
note_podman_paths() {
  local path
  for path in "${PODMAN_FILES[@]}"; do
    [ -e "$path" ] || printf '%s\n' "$path"
  done >"$dir/made-files"
  grep -q " $NETNS " /proc/self/mounts || printf '%s\n' "$NETNS" >>"$dir/made-files"
}

# The last engine of ours removes it. A bridge's alias names another one.
remove_podman_paths() {
  [ -e "$dir/made-files" ] || return 0
  local other path
  while read -r other; do
    if [ -e "$other/podman.pid" ]; then
      cat "$dir/made-files" >>"$other/made-files"
      return
    fi
  done < <(cat /sys/class/net/sw-br*/ifalias /dev/null)
  while read -r path; do
    if [ "$path" = "$NETNS" ]; then
      umount "$NETNS"/netns-* 2>/dev/null || true
      rm -f "$NETNS"/netns-*
      [ -n "$(ls -A "$NETNS" 2>/dev/null)" ] || { umount "$NETNS" && rmdir "$NETNS"; } 2>/dev/null || true
    else
      rm -f "$path"
    fi
  done <"$dir/made-files"
  for path in "${PODMAN_FOLDERS[@]}"; do
    [ ! -d "$path" ] || find "$path" -depth -type d -empty -delete
  done
  rmdir /var/lib/containers 2>/dev/null || true
}

# Sets `words`, as the functions of the other engines do.
podman_words() {
  local number=0 home=$dir/home
  if [ -z "$rootless" ]; then
    number=$(make_bridge)
    note_podman_paths
  fi
  mkdir -p "$home/.config/containers" "$dir/networks"
  # It refuses to load an image that no policy speaks of.
  printf '{"default": [{"type": "insecureAcceptAnything"}]}\n' >"$home/.config/containers/policy.json"
  cat >"$dir/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$dir/data"
runroot = "$run/exec/storage"
END
  # Files for locks, because names of shared memory are the machine's. No packet filter rules, as above.
  cat >"$dir/containers.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
tmp_dir = "$run/exec/libpod"
conmon_path = ["$bin/conmon"]
helper_binaries_dir = ["$bin", "$dir/root/usr/lib/podman", "$dir/root/usr/libexec/podman"]
[engine.runtimes]
runc = ["$bin/runc"]
[network]
firewall_driver = "none"
network_config_dir = "$dir/networks"
default_subnet = "10.$((213 + number)).254.0/24"
default_subnet_pools = [{"base" = "10.$((213 + number)).0.0/16", "size" = 24}]
[containers]
log_driver = "k8s-file"
END
  # The command finds what the service has.
  mv "$bin/podman" "$bin/podman-itself"
  cat >"$bin/podman" <<END
#!/bin/sh
export CONTAINERS_CONF='$dir/containers.conf' CONTAINERS_STORAGE_CONF='$dir/storage.conf' PODMAN_IGNORE_CGROUPSV1_WARNING=1
exec '$bin/podman-itself' "\$@"
END
  chmod 755 "$bin/podman"
  words=(setsid env "HOME=$home" "PATH=$bin:$PATH" "$bin/podman" system service --time 0 "$own_host")
  if [ -n "$rootless" ]; then
    chown -R "$(own_user):" "$home" "$dir/networks"
    words=("${as_user[@]}" "${words[@]}")
  fi
}
