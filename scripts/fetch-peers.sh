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

# The mirrors in sources.list and its companions, in both formats.
mirrors() {
	list='' parts=''
	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	for file in "$list" "$parts"/*.list; do
		[ ! -f "$file" ] || sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*\) .*/\2/p' "$file"
	done
	for file in "$parts"/*.sources; do
		[ ! -f "$file" ] || sed -n 's/^URIs:[[:space:]]*//p' "$file" | tr ' ' '\n'
	done
}

# private COMMAND...: apt-get with lists and caches of its own.
private() {
	apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= \
		-o Acquire::Retries=3 "$@"
}

# fetch MIRROR
fetch() {
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	options=
	[ ! -r $keys ] || options="[signed-by=$keys]"
	echo "deb $options $1 $suite main" >"$work/sources.list"
	private update && (cd "$work" && private download "$package")
}

[ ! -f "$target/version" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
work=$(realpath "$work")
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
