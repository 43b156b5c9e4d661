# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2034
# What the fault sweeps share: at every system call of a plugin with the pool IPAM the call fails or the
# process is killed. $plugin and $config say what is called; state() what is compared, forget() how
# to begin anew.
#
#	An ADD that failed has undone everything: links and leases are as before.
#	An ADD that was killed, or bore the failure, is undone by the DEL that a runtime sends.
#	A DEL that was killed is completed by the next one. One that could not write its release has
#	left a note of it, and the next DEL in the pool, whosever it is, makes up for it.

trace=/run/trace

# sweepable: what setup() needs beside the fabric.
sweepable() {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	strace -qq -o /dev/null true || cannot_run 'processes cannot be traced'
	: >/run/failures
	points=0
	# LeakSanitizer cannot run in a traced process.
	export ASAN_OPTIONS=detect_leaks=0
}

# traced COMMAND STRACE-OPTION...: the plugin under strace. What hangs is killed: exit status 137.
traced() {
	# The outer redirection is for what bash says of a process that was killed.
	{
		CNI_COMMAND=$1 CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
			captured timeout -s KILL 10 strace -qq "${@:2}" "$plugins/$plugin" <<<"$config"
	} 2>/dev/null
}

# calls: "NAME N" for every system call of the trace, in order; N counts those of the same name.
# A sanitizer makes hundreds of calls of its own and aborts where one fails, and in the lab every one
# takes a second: only those count then that a plugin acts by. $changing: only calls like this, between
# which nothing changes. $from: only from the first call that is this one, past the loader's.
calls() {
	local acts='^(socket|bind|setns|send.*|recv.*|openat|mkdir.*|flock|write|pwrite64|pread64|ftruncate|f.*sync|rename.*|fallocate)$'

	[ -n "${CNI_TEST_SANITIZED:-}${LAB_COMPLAINTS:-}" ] || acts=.
	acts=${changing:-$acts}
	sed -n 's/^\([a-z][a-z0-9_]*\)(.*/\1/p' $trace | awk -v acts="$acts" -v from="${from:-.}" '
		{ count[$1]++ }
		$1 ~ from { begun = 1 }
		begun && $1 != "execve" && $1 ~ acts { print $1, count[$1] }'
}

# state: what a sweep compares: this namespace, the pod's, and the leases.
state() {
	links
	links pod1
	leases
}

# expect POINT: the state is the one before, or the point is noted.
expect() {
	state >/run/after
	diff /run/before /run/after >/run/diff && return
	{
		echo "--- $1: left or lost (exit status $status, $output):"
		cat /run/diff
	} >>/run/failures
	forget
}

# forget: begin anew after a failure, so that each point is told once.
forget() {
	no_fabric
	fabric
	state >/run/before
}

undo() {
	cni DEL "$plugin" <<<"$config"
	[ "$status" = 0 ] || echo "--- $1: DEL failed: $output" >>/run/failures
}

# A failure is told by one error object, unless the program did not even start or cannot write.
told() {
	[ "$status" != 1 ] || [ "${1%% *}" = write ] ||
		jq -es 'length == 1 and .[0].code > 0' "$BATS_TEST_TMPDIR/stdout" >/dev/null ||
		echo "--- $1: no error object on stdout: $output" >>/run/failures
}

# fail_at CALL N ERROR
fail_at() {
	traced ADD -o /dev/null -e "trace=$1" -e "inject=$1:error=$3:when=$2"
	# A process that cannot get back into its own namespace ends at once, as if it were killed.
	if [ "$status" = 0 ] || [ "$1 $status" = 'setns 134' ]; then
		undo "ADD despite $3 of $1 $2"
	else
		told "$1 $2"
	fi
	expect "ADD with $3 of $1 $2"
}

kill_at() {
	traced ADD -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2"
	undo "DEL after ADD was killed at $1 $2"
	expect "ADD killed at $1 $2"
}

kill_del_at() {
	cni ADD "$plugin" <<<"$config"
	succeeds
	traced DEL -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2"
	undo "DEL after DEL was killed at $1 $2"
	expect "DEL killed at $1 $2"
}

fail_del_at() {
	cni ADD "$plugin" <<<"$config"
	succeeds
	traced DEL -o /dev/null -e "trace=$1" -e "inject=$1:error=ENOBUFS:when=$2"
	if [ "$status" != 0 ]; then
		undo "DEL after DEL with ENOBUFS of $1 $2"
	elif [ -n "$(find /var/lib/cni -path '*/pending-del/*')" ]; then
		cni DEL "$plugin" CNI_CONTAINERID=another -CNI_NETNS <<<"$config"
		[ "$status" = 0 ] || echo "--- DEL of another: $output" >>/run/failures
	fi
	expect "DEL with ENOBUFS of $1 $2"
}

# sweep FUNCTION [ERROR]: over the calls of the trace.
sweep() {
	local call n

	state >/run/before
	while read -r call n <&9; do
		[ "$call" != exit_group ] || [[ $1 == kill* ]] || continue
		"$1" "$call" "$n" "${@:2}"
		points=$((points + 1))
	done 9< <(calls)
	echo "# $BATS_TEST_DESCRIPTION: $points points" >&3
	[ "$points" -gt 20 ] || fail 'the trace is too short to be one'
	[ ! -s /run/failures ] || fail "$(cat /run/failures)"
}

# The store exists, as on a node that has had pods.
warm() {
	cni ADD "$plugin" <<<"$config"
	succeeds
	cni DEL "$plugin" <<<"$config"
	succeeds_silently
}

# sweep_add FUNCTION [ERROR], sweep_del likewise
sweep_add() {
	warm
	trace_add
	sweep "$@"
}

sweep_del() {
	warm
	trace_del
	sweep "$@"
}

trace_add() {
	traced ADD -o $trace
	succeeds
	cni DEL "$plugin" <<<"$config"
	succeeds_silently
}

trace_del() {
	cni ADD "$plugin" <<<"$config"
	succeeds
	traced DEL -o $trace
	succeeds_silently
}
