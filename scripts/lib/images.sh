#!/usr/bin/env bash
# The images of the tests and the demo, made of Debian's static busybox: no registry is needed. Sourced by the scripts.
set -euo pipefail

IMAGES=(sw-busybox sw-node)

# image_id HOST IMAGE: prints the image's id, or nothing.
image_id() { timeout 20 docker -H "$1" image inspect -f '{{.Id}}' "$2" 2>/dev/null || true; }

# make_images HOST: makes those that are missing, and prints "NAME ID" of each one made.
make_images() {
  local host=$1 image missing=() work
  for image in "${IMAGES[@]}"; do
    [ -n "$(image_id "$host" "$image")" ] || missing+=("$image")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # Another busybox package has the same path, but needs shared libraries.
  is_installed busybox-static || install_packages busybox-static
  work=$(mktemp -d)
  (
    trap 'rm -rf "$work"' EXIT
    make_tar "$work"
    for image in "${missing[@]}"; do
      import_image "$host" "$image" "$work/image.tar"
    done
  )
}

# make_tar FOLDER: makes FOLDER/image.tar. The owners are given to tar, so this needs no root.
make_tar() {
  local root=$1/root applet
  mkdir -p "$root"/{bin,etc,root,home/node,tmp,usr}
  ln -s bin "$root/sbin"
  ln -s ../bin "$root/usr/bin" # for '#!/usr/bin/env'
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
  chmod -R u=rwX,go=rX "$root" # whatever the caller's umask
  chmod 700 "$root/root"
  chmod 1777 "$root/tmp"
  tar -C "$root" --numeric-owner --owner=0 --group=0 --exclude=./home/node -cf "$1/image.tar" .
  tar -C "$root" --numeric-owner --owner=1000 --group=1000 -rf "$1/image.tar" ./home/node
}

import_image() {
  local host=$1 image=$2 tar=$3 changes=(-c 'CMD ["sh"]') id
  [ "$image" != sw-node ] || changes+=(-c 'USER node')
  id=$(timeout 120 docker -H "$host" import "${changes[@]}" "$tar" "$image") ||
    die "the engine at $host does not import image $image"
  printf '%s %s\n' "$image" "$id"
}
