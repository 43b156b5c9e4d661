#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One side of the comparison: make all calls of cases.bash to the executables in /run/plugins, inside
# the namespaces of ../run.sh, and print what each of them did: a JSON object per line.
#
# What a line has: name, status, out (the values on stdout), pod, routes, host (what the kernel says
# afterwards), leases ("CONTAINER/IFNAME: ADDRESSES").
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../lib.bash source-path=SCRIPTDIR
. "$here/../lib.bash"
ipam=host-local
[ ! -e $plugins/pool ] || ipam=pool
BATS_TEST_TMPDIR=$TMPDIR
group='' filter='' result=null

# host-local keeps a file per address, with its owner in it.
leases_of_host_local() {
	local file

	for file in /var/lib/cni/networks/*/[0-9a-f]*[.:]*; do
		[ -f "$file" ] || continue
		printf '%s: %s\n' "$(tr -d '\r' <"$file" | paste -sd/)" "${file##*/}"
	done | sort | awk -F': ' '$1 != owner { if (owner) print line; owner = $1; line = $0; next }
		{ line = line " " $2 } END { if (owner) print line }'
}

leases_now() {
	[ -n "$(ls -A /var/lib/cni)" ] || return 0
	case $ipam in
	pool) leases ;;
	*) leases_of_host_local ;;
	esac
}

# No state of the call before: links, leases, results. Addresses of a master stay.
tidy() {
	local link

	result=null
	for link in net1 eth0; do
		! ip -n pod1 link show dev $link >/dev/null 2>&1 || ip -n pod1 link del $link
		! ip link show dev $link >/dev/null 2>&1 || ip link del $link
	done
	rm -rf /var/lib/cni/*
}

# Without jq, which takes longer than a plugin. Two values on stdout are `}{` in one line.
record() {
	printf '{"name":"%s","status":%d,"out":[%s],"leases":"%s","pod":%s,"host":%s,"routes":[%s,%s]}\n' \
		"$1" "$status" "${output//$'\n}{'/$'\n},{'}" "$(leases_now | paste -sd';')" \
		"$(ip -n pod1 -j -d addr show)" "$(ip -j link show)" \
		"$(ip -n pod1 -j route show table all)" "$(ip -n pod1 -j -6 route show table all)" |
		tr -d '\n'
	echo
}

# configurations CHANGE...: the standard one after each change, a line for each: jq takes longer to start
# than to work. What is no change of it, `= TEXT`, is "".
configurations() {
	local program='empty' change

	for change; do
		case $change in
		= | '= '*) program+=', ""' ;;
		*) program+=", (${change:-.})" ;;
		esac
	done
	RESULT=$result conf ".ipam.type = \"$ipam\" | .prevResult = (env.RESULT | fromjson)
		| if .prevResult then . else del(.prevResult) end | $program"
}

# with_promise STDIN CHANGE: what a runtime sends after an ADD. Only a change that looks at the result
# has to be made again.
with_promise() {
	case $2 in
	= | '= '*) printf %s "$1" ;;
	*prevResult*) configurations "$2" ;;
	*) printf %s "{\"prevResult\":$result,${1#\{}" ;;
	esac
}

# call COMMAND PLUGIN STDIN [VARIABLE]...: one point, named by the chain so far.
call() {
	local command=$1 plugin=$2

	[ "$plugin" = macvlan ] || plugin=$ipam
	cni "$command" "$plugin" "${@:4}" <<<"$3"
	calls+="$command "
	record "$group: $filter: ${calls% }"
}

# chain PLUGIN COMMANDS STDIN CHANGE [VARIABLE]...
chain() {
	local plugin=$1 commands=$2 stdin=$3 change=$4 command calls=''

	tidy
	for command in $commands; do
		call "$command" "$plugin" "$stdin" "${@:5}"
		if [ "$command$status" = ADD0 ] && [ -n "$output" ]; then
			result=$output
			stdin=$(with_promise "$3" "$change")
		fi
	done
}

# each GROUP PLUGIN COMMANDS: a table on stdin, a chain of calls for each line of it:
# NAME :: CHANGE :: VARIABLES. In variables, \x20 is a space.
each() {
	local plugin=$2 commands=$3 line change text stdin word
	local -a changes=() lines stdins variables

	group=$1 result=null
	mapfile -t lines
	for line in "${lines[@]}"; do
		change=${line#* :: }
		changes+=("${change%% :: *}")
	done
	mapfile -t stdins < <(configurations "${changes[@]}")
	for line in "${!lines[@]}"; do
		change=${changes[line]} stdin=${stdins[line]} text=''
		filter=${lines[line]%% :: *}
		[ "${lines[line]}" = "$filter :: $change" ] || text=${lines[line]##* :: }
		[ "$stdin" != '""' ] || stdin=$(printf %b "${change#=}")
		variables=()
		for word in $text; do
			printf -v word %b "$word"
			variables+=("$word")
		done
		chain "$plugin" "$commands" "$stdin" "$change" "${variables[@]}"
	done
}

fabric
for pod in pod1 pod2; do
	# Waiting for duplicate address detection takes two seconds, every time.
	inside $pod sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	ip -n $pod link set lo up
done
# shellcheck source-path=SCRIPTDIR source=cases.bash
. "$here/cases.bash"
no_fabric
