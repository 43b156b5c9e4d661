#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run one bats file against the executables given, in network and mount namespaces of its own with
# empty /run and /var/lib/cni: nothing of the machine is touched and nothing needs cleaning up.
# Speaks TAP.
#
#	run.sh [--pid] FILE EXECUTABLE...
#
# --pid: in a process namespace, too; whatever the tests started ends with them.
set -eu

# CNI_TEST_STRICT=1 (CI) turns "cannot run here" into a failure.
cannot_run() {
	if [ "${CNI_TEST_STRICT:-}" = 1 ]; then
		printf '1..1\nnot ok 1 - cannot run here: %s\n' "$1"
		exit 1
	fi
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

if [ "$1" != --inside ]; then
	for tool in bats jq ip nsenter ping unshare; do
		command -v $tool >/dev/null || cannot_run "$tool is not installed"
	done
	flags='--net --mount'
	if [ "$1" = --pid ]; then
		flags="$flags --pid --fork --mount-proc"
		shift
	fi
	[ "$(id -u)" = 0 ] || flags="--map-root-user $flags"
	# shellcheck disable=SC2086 # words
	unshare $flags true || cannot_run 'namespaces cannot be made'
	# shellcheck disable=SC2086
	exec unshare $flags --kill-child "$0" --inside "$@"
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
exec bats --tap "$file"
