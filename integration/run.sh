#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run bats files, or another program, against the executables given, in network and mount namespaces
# of its own with empty /run and /var/lib/cni: nothing of the machine is touched and nothing needs
# cleaning up. Speaks TAP with a bats file.
#
#	run.sh [--pid] FILE.bats... EXECUTABLE...
#	run.sh [--pid] PROGRAM EXECUTABLE...
#
# --pid: in a process namespace, too; whatever the tests started ends with them.
set -eu

# shellcheck source=cannot_run.sh source-path=SCRIPTDIR
. "${0%/*}/cannot_run.sh"

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
# Copies in one directory, because the plugins look for each other beside their own file; more bats
# files stay among the arguments.
for argument; do
	shift
	case $argument in
	*.bats) set -- "$@" "$argument" ;;
	*) cp "$argument" /run/plugins ;;
	esac
done
cp "${0%/*}"/fake/* /run/fake
# /var/lib/cni need not exist, and a mount point cannot be made without touching the machine.
state=/var/lib
[ ! -d /var/lib/cni ] || state=/var/lib/cni
mount -t tmpfs -o mode=755 state $state
mkdir -p /var/lib/cni
export TMPDIR=/run/tmp
case $file in
# A process that is killed tells the sanitizers nothing.
*.bats) exec bats --tap ${CNI_TEST_SANITIZED:+--filter-tags '!kill'} "$file" "$@" ;;
*) exec "$file" ;;
esac
