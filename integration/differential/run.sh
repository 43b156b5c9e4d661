#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same calls to our executables and to a peer's, each in a world of its own; differences.md says
# what may differ. Speaks TAP.
#
#	run.sh PEERS EXECUTABLE...	the directory is what scripts/fetch-peers.sh has made
set -eu

here=$(dirname "$0")
# shellcheck source=../cannot_run.sh source-path=SCRIPTDIR
. "$here/../cannot_run.sh"

peers=$1
shift
host_local=$(find "$peers" -type f -name host-local 2>/dev/null) || :
[ -n "$host_local" ] || cannot_run 'the peers are missing: run scripts/fetch-peers.sh'

work=$(mktemp -d)
other=
cleanup() {
	[ -z "$other" ] || kill "$other" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# world NAME EXECUTABLE...: takes the place of a shell, so that its process is the one to end.
world() {
	name=$1
	shift
	exec "$here/../run.sh" "$here/world.bash" "$@" >"$work/$name"
}

world peer "$host_local" "${host_local%/*}/macvlan" &
other=$!
(world ours "$@")
wait "$other"
other=
# No world could be made, and that is said there.
! grep '^1\.\.\|^not ok' "$work/ours" || exit 0
cat "$peers/version"
jq -nr --slurpfile ours "$work/ours" --slurpfile peer "$work/peer" --rawfile table "$here/differences.md" \
	-f "$here/compare.jq"
