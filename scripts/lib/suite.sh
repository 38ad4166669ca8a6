#!/usr/bin/env bash
# Packages of another suite of this machine's Debian archive, without a change to what is installed. Sourced by the
# scripts, after packages.sh.
set -euo pipefail

# debian_archive: prints the address of the archive that has this machine's release, and apt's entry for it.
# apt itself reads both forms of sources.
debian_archive() {
  local line
  # shellcheck disable=SC2016  # the names in $() are apt's
  read -r line < <(apt-get indextargets --format '$(REPO_URI) $(SOURCESENTRY) $(ORIGIN)/$(LABEL)/$(COMPONENT)' \
    'Created-By: Packages' | sed -n 's,Debian/Debian/main$,,p') && printf '%s\n' "$line"
}

# open_suite FOLDER SUITE WHAT: fills FOLDER with a source list of that suite alone, and with lists and a cache of
# its own; sets SUITE_OPTIONS, which make apt use them.
SUITE_OPTIONS=()
open_suite() {
  local folder=$1 suite=$2 found archive entry keyring
  found=$(debian_archive) || die "$3 is needed, and apt's sources name no Debian archive to take it from"
  read -r archive entry <<<"$found"
  keyring=$(sed -nE 's,^[^#]*[Ss]igned-[Bb]y[:=] *(/[^] ]+).*,\1,p' "${entry%:*}" | sed -n 1p)

  chmod 755 "$folder" # apt fetches as a user of its own
  mkdir -p "$folder"/{sources,preferences,lists/partial,cache/archives/partial}
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n%s' "$archive" "$suite" \
    "${keyring:+Signed-By: $keyring$'\n'}" >"$folder/sources/suite.sources"
  SUITE_OPTIONS=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$folder/sources"
    -o Dir::Etc::preferences=/dev/null -o "Dir::Etc::preferencesparts=$folder/preferences"
    -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache")
}

# install_from_suite SUITE PACKAGE: installs that package of it, with every other package as it is.
# Priority 1 and an exact version keep everything else from being upgraded.
install_from_suite() {
  local suite=$1 package=$2 work
  work=$(mktemp -d)
  (
    trap '"${AS_ROOT[@]}" rm -rf "$work"' EXIT
    open_suite "$work" "$suite" "$package of suite $suite"
    printf 'Package: *\nPin: release n=%s\nPin-Priority: 1\n' "$suite" >"$work/preferences/newer"
    quietly apt_get "${SUITE_OPTIONS[@]}" update || die "apt cannot read suite $suite of this machine's Debian archive"
    version=$(apt-cache "${SUITE_OPTIONS[@]}" madison "$package" | awk -F ' *[|] *' 'NR == 1 { print $2 }')
    [ -n "$version" ] || die "suite $suite has no $package"
    quietly without_services apt_get "${SUITE_OPTIONS[@]}" install -y --no-install-recommends --no-remove "$package=$version" ||
      die "apt cannot install $package $version without upgrading other packages"
  )
}

# unpack_from_suite ROOT SUITE PACKAGE...: unpacks packages, and all that they need, into ROOT. None of their scripts
# runs, and nothing is installed.
unpack_from_suite() {
  local root=$1 suite=$2 work
  shift 2
  note "unpacking $* of suite $suite"
  work=$(mktemp -d)
  (
    trap 'rm -rf "$work"' EXIT
    open_suite "$work" "$suite" "$1 of suite $suite"
    # With nothing installed, apt fetches all of it, also what this machine has in another version.
    : >"$work/status"
    SUITE_OPTIONS+=(-o "Dir::State::status=$work/status" -o Debug::NoLocking=1 -o APT::Install-Recommends=false)
    quietly apt_get "${SUITE_OPTIONS[@]}" update || die "apt cannot read suite $suite of this machine's Debian archive"
    quietly apt_get "${SUITE_OPTIONS[@]}" install -y --download-only "$@" || die "apt cannot fetch $* of suite $suite"
    mkdir -p "$root"
    for package in "$work"/cache/archives/*.deb; do
      dpkg-deb --extract "$package" "$root" || die "$package cannot be unpacked"
    done
  )
}

# runnable ROOT BIN PROGRAM...: makes programs that were unpacked into ROOT run on this machine, and links to them in
# BIN. They want the loader and the libraries of their own suite, so these are written into them. That way they see
# all of this machine, and mounts that are made later; in a root of their own they would not.
runnable() {
  local root=$1 bin=$2 name file loader patch
  shift 2
  mkdir -p "$bin"
  loader=$(echo "$root"/usr/lib*/ld-linux*.so.*)
  loader=${loader%% *}
  [ -x "$loader" ] || die "no loader is in $root"
  # It is a program of the same suite, and is started by its loader.
  patch=("$loader" --library-path "$(libraries "$root")" "$root/usr/bin/patchelf")
  for name; do
    for file in "$root"/usr/{bin,sbin,lib/podman,libexec/podman,none}/"$name"; do
      [ ! -e "$file" ] || break
    done
    [ -e "$file" ] || die "no $name is in what was unpacked"
    ln -sfn "$file" "$bin/$name"
    file=$(readlink -f "$file")
    relink "$file"
    [ ! -e "$file.avx2" ] || relink "$file.avx2" # what the first one becomes on newer processors
  done
}

# relink FILE: a part of `runnable`. A static program needs nothing, a script neither. First the libraries, then the
# loader: in the other order some versions of patchelf make programs that crash, so each is tried.
relink() {
  local mode status=0
  "${patch[@]}" --print-interpreter "$1" >/dev/null 2>&1 || return 0
  mode=$(stat -c %a "$1")
  { "${patch[@]}" --force-rpath --set-rpath "$(libraries "$root")" "$1" && "${patch[@]}" --set-interpreter "$loader" "$1"; } ||
    die "the loader of $1 cannot be set"
  chmod "$mode" "$1" # set-uid ones lost theirs
  timeout 10 "$1" --version </dev/null >/dev/null 2>&1 || status=$?
  [ "$status" -lt 124 ] || die "$1 does not run on this machine (status $status)"
}

# libraries ROOT: prints the folders of its libraries, as a path.
libraries() {
  local folder found=
  for folder in "$1"/usr/lib/*-linux-gnu "$1"/usr/lib/*-linux-gnu/systemd; do
    [ ! -d "$folder" ] || found+=${found:+:}$folder
  done
  printf '%s\n' "$found"
}
