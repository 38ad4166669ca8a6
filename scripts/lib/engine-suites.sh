#!/usr/bin/env bash
# A short list of suites on other engines than the one of all tests, and a table of what ran. Sourced by scripts/test.
set -euo pipefail

# A name, and how scripts/engine is told which one.
declare -A OTHER_ENGINES=(
  [28]="--version 28" [26]="--version 26" [containerd]="--store containerd" [28-remap]="--version 28 --remap" [rootless]="--rootless"
  [podman]="--podman"
)

# A name; the program of tests, and which of its tests.
SUITES_OF_ENGINES=(
  "launch live starting:: identity::"
  "proof live proof:: attest::"
  "ownership ownership launch::"
  "users users launches:: drift::"
  "repair ownership repair:: share::"
)

# Under `hardened` an engine without control groups is refused, and ids in the other suites are this machine's own.
# One test of repair takes the operator's number for one of a container's.
ROOTLESS_SUITES="repair"
ROOTLESS_SKIPS="--skip a_migration_that_comes_to_nothing"

# What Podman shows otherwise than Docker, and what it must refuse alike.
PODMAN_SUITES=(
  "launch podman launched:: provided::"
  "proof podman weaker::"
)

# run_on_engines NAME...: starts each, runs its suites, and prints the table. Fails where a test failed.
run_on_engines() {
  local engine suite suites name program filters host path said counts rows=() failed=
  for engine; do
    [ -n "${OTHER_ENGINES[$engine]:-}" ] || die "there is no engine '$engine'; there are ${!OTHER_ENGINES[*]}"
  done
  for engine; do
    # shellcheck disable=SC2086  # words
    engine_up ${OTHER_ENGINES[$engine]}
    # shellcheck disable=SC2086
    host=$(eval "$(scripts/engine env ${OTHER_ENGINES[$engine]})" && printf '%s' "$DOCKER_HOST")
    # shellcheck disable=SC2086
    path=$(eval "$(scripts/engine env ${OTHER_ENGINES[$engine]})" && printf '%s' "$PATH")
    suites=("${SUITES_OF_ENGINES[@]}")
    [ "$engine" != podman ] || suites=("${PODMAN_SUITES[@]}")
    for suite in "${suites[@]}"; do
      read -r name program filters <<<"$suite"
      [ "$engine" != rootless ] || [[ " $ROOTLESS_SUITES " == *" $name "* ]] || continue
      [ "$engine" != rootless ] || filters+=" $ROOTLESS_SKIPS"
      say "$engine: $name"
      said=$(mktemp)
      # shellcheck disable=SC2086
      DOCKER_HOST=$host PATH=$path tests --test "$program" -- --include-ignored $filters 2>&1 | tee "$said" || failed=yes
      counts=$(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' "$said")
      rm -f "$said"
      rows+=("$engine $name ${counts:-0 ? ?} $((SECONDS - since))")
      # A list that names no test proves nothing.
      [ "${counts%% *}" != 0 ] && [ -n "$counts" ] || failed=yes
    done
  done
  say
  printf '\n%-12s %-10s %7s %7s %8s %8s\n' engine suite passed failed skipped seconds
  # shellcheck disable=SC2086  # six words each
  printf '%-12s %-10s %7s %7s %8s %8s\n' ${rows[*]}
  [ -z "$failed" ]
}
