#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch the plugins of the Go project in Debian's current version into a directory, from the mirror that
# this machine uses: what the differential tests compare with. Nothing is installed, and apt's own
# state is left alone.
#
#	fetch-peers.sh [DIRECTORY]
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

suite=sid
target=${1:-$(dirname "$0")/../build-peers}
package=$(packages_for peers)

# fetch MIRROR
fetch() {
	source_line "$1" $suite >"$work/sources.list"
	private_apt "$work" apt-get update && (cd "$work" && private_apt . apt-get download "$package")
}

[ ! -f "$target/version" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# Not all mirrors have the suite: the one for security updates has not.
for mirror in $(mirrors | sort -u); do
	fetch "$mirror" && break
done >"$work/log" 2>&1 || :
archive=$(find "$work" -maxdepth 1 -name '*.deb')
if [ -z "$archive" ]; then
	tail -n 20 "$work/log" >&2
	die "no mirror of this machine's apt gave $package of $suite"
fi
mkdir -p "$target"
dpkg-deb -x "$archive" "$target"
# Last: it says that the rest is there.
dpkg-deb -f "$archive" Package Version | sed 's/^/# /' >"$target/version"
