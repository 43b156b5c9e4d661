#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run one bats file, or another program, against the executables given, in network and mount namespaces
# of its own with empty /run and /var/lib/cni: nothing of the machine is touched and nothing needs
# cleaning up. Speaks TAP with a bats file.
#
#	run.sh FILE EXECUTABLE...
set -eu

# shellcheck source=cannot_run.sh source-path=SCRIPTDIR
. "${0%/*}/cannot_run.sh"

if [ "$1" != --inside ]; then
	for tool in bats jq ip nsenter ping unshare; do
		command -v $tool >/dev/null || cannot_run "$tool is not installed"
	done
	map=--map-root-user
	[ "$(id -u)" != 0 ] || map=
	unshare $map --net --mount true || cannot_run 'namespaces cannot be made'
	exec unshare $map --net --mount --kill-child "$0" --inside "$@"
fi
file=$2
shift 2

mount -t tmpfs -o mode=755 run /run
mkdir /run/plugins /run/fake /run/tmp
# Copies in one directory, because the plugins look for each other beside their own file.
cp "$@" /run/plugins
cp "${0%/*}"/fake/* /run/fake
# /var/lib/cni need not exist, and a mount point cannot be made without touching the machine.
state=/var/lib
[ ! -d /var/lib/cni ] || state=/var/lib/cni
mount -t tmpfs -o mode=755 state $state
mkdir -p /var/lib/cni
export TMPDIR=/run/tmp
case $file in
*.bats) exec bats --tap "$file" ;;
*) exec "$file" ;;
esac
