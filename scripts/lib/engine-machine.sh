#!/usr/bin/env bash
# What an engine needs of the machine, and what is put back. Sourced by scripts/engine.
set -euo pipefail

# A machine without an init system may have no control groups mounted.
mount_cgroups() {
  ! grep -qE '^[^ ]+ [^ ]+ cgroup2? ' /proc/self/mounts || return 0
  local controller
  if mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; then
    grep -q memory /sys/fs/cgroup/cgroup.controllers && return 0
    umount /sys/fs/cgroup
  fi
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || die "control groups are needed, and cannot be mounted here"
  while read -r controller; do
    mkdir "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
  done < <(awk '$4 == 1 { print $1 }' /proc/cgroups)
}

# overlay2 does not work on every file system (on another overlay, for one); vfs does.
storage_driver() {
  local try=$dir/try driver=vfs
  mkdir -p "$try"/{lower,upper,work,merged}
  if mount -t overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" overlay "$try/merged" 2>/dev/null; then
    driver=overlay2
    umount "$try/merged"
  fi
  rm -rf --one-file-system "$try"
  printf '%s\n' "$driver"
}

# Makes the bridge and prints its number: the first whose name and addresses are free.
# The bridge's alias says whose it is. The engine's networks get 10.(213+number).0.0/16.
make_bridge() {
  local n bridge
  for n in {0..9}; do
    bridge=sw-br$n
    [ -z "$(ip -4 route show root "10.$((213 + n)).0.0/16")" ] || continue
    ! ip link show "$bridge" >/dev/null 2>&1 || continue
    ip link add "$bridge" type bridge 2>/dev/null || die "this kernel makes no network bridge"
    ip link set "$bridge" alias "$dir" up
    ip addr add "10.$((213 + n)).0.1/24" dev "$bridge"
    printf '%s\n' "$n"
    return
  done
  die "sw-br0 to sw-br9 are all in use"
}

# own_user: prints the name of the engine's user, if there is one. Its comment says whose it is.
own_user() {
  local found
  found=$(awk -F: -v dir="$dir" '$5 == dir { print $1 }' /etc/passwd)
  [ -n "$found" ] && printf '%s\n' "${found%%$'\n'*}"
}

# Makes a user for the engine, with the first range of ids that no other user has.
make_user() {
  local n name first
  touch /etc/subuid /etc/subgid
  if ! name=$(own_user); then
    for n in {0..9}; do
      name=sw-user$n
      ! id "$name" >/dev/null 2>&1 || continue
      # Newer ones give subordinate ids by themselves, and others give none.
      useradd --system --user-group --no-create-home --home-dir "$dir/home" --shell /usr/sbin/nologin \
        --comment "$dir" "$name" && break
    done
    [ "$(own_user || true)" = "$name" ] || die "no user for the engine can be made"
  fi
  if ! grep -q "^$name:" /etc/subuid || ! grep -q "^$name:" /etc/subgid; then
    first=$(sort -u /etc/subuid /etc/subgid |
      awk -F: -v first="$FIRST_ID" '$2 + $3 > first { first = $2 + $3 } END { print first }')
    usermod --add-subuids "$first-$((first + 65535))" --add-subgids "$first-$((first + 65535))" "$name"
  fi
}

# Prints what the engine's user is on this machine, and the first and the last of its subordinate ids.
own_ids() {
  local name
  name=$(own_user) || return 1
  awk -F: -v name="$name" -v uid="$(id -u "$name")" \
    '$1 == name { print uid, $2, $2 + $3 - 1; exit }' /etc/subuid
}

# Sets `as_user`, the words before a command of the engine's user: in its home, with the unpacked programs first.
set_as_user() {
  local name
  name=$(own_user)
  as_user=(setpriv --reuid "$name" --regid "$name" --init-groups --reset-env --inh-caps=-all
    env "HOME=$dir/home" "PATH=$bin:$PATH" "XDG_RUNTIME_DIR=$run")
}

# A user's engine makes its network through this device, which some machines open to root alone.
open_tunnel() {
  [ -e /dev/net/tun ] || die "an engine without root needs /dev/net/tun"
  local mode
  mode=$(stat -c %a /dev/net/tun)
  [ "$mode" != 666 ] || return 0
  printf '%s\n' "$mode" >"$dir/made-tunnel"
  chmod 666 /dev/net/tun
}

# Without forwarding the engine warns at each container, and that would be in the output of every test.
allow_forwarding() {
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ] || return 0
  : >"$dir/made-forwarding"
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

# The last engine of ours undoes it. A bridge's alias names another one.
restore_forwarding() {
  [ -e "$dir/made-forwarding" ] || return 0
  local other
  other=$(cat /sys/class/net/sw-br*/ifalias /dev/null | sed -n 1p)
  if [ -d "$other" ]; then
    : >"$other/made-forwarding"
  else
    echo 0 >/proc/sys/net/ipv4/ip_forward
  fi
}

# The last engine of a user of ours undoes it. A user's comment names another one.
restore_tunnel() {
  [ -e "$dir/made-tunnel" ] || return 0
  local other
  other=$(awk -F: -v dir="$dir" '$1 ~ /^sw-user[0-9]$/ && $5 != dir { print $5 }' /etc/passwd | while read -r other; do
    [ ! -S "$other/run/docker.sock" ] || printf '%s\n' "$other"
  done)
  if [ -n "$other" ]; then
    cp "$dir/made-tunnel" "${other%%$'\n'*}/"
  else
    chmod "$(cat "$dir/made-tunnel")" /dev/net/tun
  fi
}
