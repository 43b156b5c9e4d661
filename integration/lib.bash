# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the integration tests share. A test runs inside the namespaces of run.sh and finds
#
#	rail0		the master: a veth of mtu 1500, up, without addresses
#	wire/port	its other end, in a namespace of its own; 10.1.0.250/24, fd00:1::fa/64
#	pod1, pod2	namespaces of pods, empty
#
# cni() leaves $status, $output (stdout) and $stderr of the executable. An assertion shows what it saw.
# shellcheck disable=SC2154 # bats sets BATS_TEST_TMPDIR

plugins=/run/plugins
# shellcheck disable=SC2034 # for the tests
output='' stderr='' status=0

setup() {
	fabric
}

teardown() {
	no_fabric
}

fabric() {
	ip -batch - <<-'END'
	netns add wire
	netns add pod1
	netns add pod2
	link add name rail0 type veth peer name port netns wire
	link set rail0 addrgenmode none
	link set rail0 up
	END
	ip -n wire -batch - <<-'END'
	link set port addrgenmode none
	link set port up
	addr add 10.1.0.250/24 dev port
	addr add fd00:1::fa/64 dev port nodad
	END
	within 5 master_is_up
	rm -rf /var/lib/cni/*
}

# The kernel tells the state of a link a little later: snapshots must not see it change.
master_is_up() {
	[[ $(ip -o link show rail0) == *' state UP '* ]]
}

# Removing the master takes the macvlans in all namespaces with it, at once.
no_fabric() {
	local file

	ip link del rail0 2>/dev/null || :
	for file in /run/netns/*; do
		[ ! -e "$file" ] || ip netns del "${file##*/}" 2>/dev/null || rm -f "$file"
	done
}

# conf FILTER: the standard configuration, or what $standard makes of it, with a jq filter applied: every
# test shows what is special.
conf() {
	jq -c "${standard:-.} | $1" <<-'END'
	{
		"cniVersion": "1.1.0", "name": "rail0", "type": "macvlan",
		"master": "rail0", "mode": "bridge",
		"ipam": {
			"type": "pool",
			"ranges": [
				[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}],
				[{"subnet": "fd00:1::/64", "gateway": "fd00:1::1"}]
			],
			"routes": [{"dst": "10.7.0.0/16"}, {"dst": "fd07::/32"}]
		}
	}
	END
}

# captured COMMAND...: leaves its $status, $output and $stderr.
captured() {
	local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}

	status=0
	"$@" >"$dir/stdout" 2>"$dir/stderr" || status=$?
	output=$(<"$dir/stdout")
	# shellcheck disable=SC2034
	stderr=$(<"$dir/stderr")
}

# cni COMMAND PLUGIN [NAME=VALUE | -NAME]...: run a plugin for net1 of pod1 with stdin; the
# variables given are set or unset on top.
cni() {
	captured run_plugin "$@"
}

run_plugin() (
	export CNI_COMMAND=$1 CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1
	export CNI_IFNAME=net1 CNI_PATH=$plugins:/run/fake
	for variable in "${@:3}"; do
		case $variable in
		-*) unset "${variable#-}" ;;
		*) export "${variable?}" ;;
		esac
	done
	exec timeout 60 "$plugins/$2"
)

# fail WORDS...: what was expected, and what the last executable said.
fail() {
	printf '%s\n' "$*" "exit status: $status" "stdout: $output" "stderr: $stderr"
	return 1
}

succeeds() {
	[ "$status" = 0 ] || fail 'expected success'
}

# DEL, CHECK, GC and STATUS print nothing.
succeeds_silently() {
	succeeds
	[ -z "$output" ] || fail 'expected no output'
}

# fails CODE REGEX: one error object, the code of the specification, exit status 1, and a message
# that names the thing.
fails() {
	[ "$status" = 1 ] || fail 'expected exit status 1'
	jq -es --argjson code "$1" --arg regex "$2" 'length == 1 and .[0].code == $code
		and (.[0].msg | test($regex))' "$BATS_TEST_TMPDIR/stdout" >/dev/null ||
		fail "expected one error object with code $1 and a message like: $2"
}

# json EXPRESSION [JQ ARGUMENTS]...: is true of stdout.
json() {
	jq -e "${@:2}" "$1" <<<"$output" >/dev/null || fail "expected: $1"
}

# link POD NAME EXPRESSION: is true of what `ip -details address` says about a link.
link() {
	local seen

	seen=$(ip -n "$1" -d -j addr show dev "$2" | jq 'map(select(has("ifname")))[0]')
	jq -e "$3" <<<"$seen" >/dev/null || fail "expected of $1/$2: $3; it is: $seen"
}

# no_link POD NAME
no_link() {
	! ip -n "$1" link show dev "$2" >/dev/null 2>&1 || fail "$1/$2 is still there"
}

# with_result CONF RESULT: what a runtime sends to CHECK and DEL.
with_result() {
	jq -c --argjson result "$2" '.prevResult = $result' <<<"$1"
}

# inside POD COMMAND...
inside() {
	nsenter --net="/run/netns/$1" "${@:2}"
}

# Links, addresses and routes of one namespace: the machine's, or the one named.
links() {
	ip ${1:+-n "$1"} -o -d link show
	ip ${1:+-n "$1"} -o addr show
	ip ${1:+-n "$1"} route show table all
	ip ${1:+-n "$1"} -6 route show table all
}

# What the pools hold, read independently of our code: "CONTAINER/IFNAME: ADDRESSES" lines. Each pool
# is a directory of its own, whose journal continues its snapshot.
leases() {
	local pool file

	find /var/lib/cni -path '*/ipam/*' \( -name leases -o -name journal \) -printf '%h\n' | sort -u | while read -r pool; do
		for file in "$pool/leases" "$pool/journal"; do
			[ ! -e "$file" ] || cat "$file"
		done | sed 's/ \*[0-9a-f]\{8\}$//' | jq -Rnr 'reduce (inputs | fromjson?) as $line ({};
			if $line.op == "add" then
				del(.["\($line.rcid)/\($line.rif)"])
				| .["\($line.cid)/\($line.if)"] = $line.ips
			elif $line.op == "del" then del(.["\($line.cid)/\($line.if)"])
			else . end)
			| to_entries[] | "\(.key): \(.value | join(" "))"'
	done | sort
}

# All that an attachment could leave behind. Compare one taken before with one taken after.
snapshot() {
	local file

	links
	for file in /run/netns/*; do
		echo "== $file"
		links "${file##*/}"
	done
	leases
}

# Duplicate address detection of the address that a link gave itself ends later: a snapshot of a link
# that is there must not see it end.
settled() {
	local file

	for file in /run/netns/*; do
		[ -z "$(ip -n "${file##*/}" -6 addr show tentative 2>/dev/null)" ] || return 1
	done
}

# remember; ...; unchanged
remember() {
	snapshot >"$BATS_TEST_TMPDIR/before"
}

unchanged() {
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" || fail 'something was left or lost'
}

# within SECONDS COMMAND...: repeat until it succeeds.
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "did not happen: $*" || return
		sleep 0.05
	done
}

# The case cannot run here. CNI_TEST_STRICT=1 (CI) turns that into a failure.
cannot_run() {
	[ "${CNI_TEST_STRICT:-}" != 1 ] || fail "cannot run here: $1"
	skip "$1"
}
