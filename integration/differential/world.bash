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

# configuration FILTER: the standard one, after the filter; what is no filter is sent as it is: `= TEXT`.
# CHECK and DEL get the result of the last ADD, if it had one.
configuration() {
	case $1 in
	= | '= '*) printf %b "${1#=}" ;;
	*) RESULT=$result conf "(env.RESULT | fromjson) as \$result | .ipam.type = \"$ipam\"
		| if \$result then .prevResult = \$result else . end | ${1:-.}" ;;
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

# chain PLUGIN COMMANDS CHANGE [VARIABLE]...
chain() {
	local plugin=$1 commands=$2 change=$3 command stdin calls=''

	tidy
	stdin=$(configuration "$change")
	for command in $commands; do
		call "$command" "$plugin" "$stdin" "${@:4}"
		if [ "$command$status" = ADD0 ] && [ -n "$output" ]; then
			result=$output
			stdin=$(configuration "$change")
		fi
	done
}

# each GROUP PLUGIN COMMANDS: a table on stdin, a chain of calls for each line of it:
# NAME :: CHANGE :: VARIABLES. In variables, \x20 is a space.
each() {
	local plugin=$2 commands=$3 line change text word
	local -a variables

	group=$1
	while IFS= read -r line <&3; do
		IFS=$'\x1f' read -r filter change text <<<"${line// :: /$'\x1f'}"
		variables=()
		for word in $text; do
			printf -v word %b "$word"
			variables+=("$word")
		done
		chain "$plugin" "$commands" "$change" "${variables[@]}"
	done 3<&0
}

fabric
for pod in pod1 pod2; do
	# Waiting for duplicate address detection takes two seconds, every time.
	inside $pod sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	ip -n $pod link set lo up
done
# shellcheck source=cases.bash
. "$here/cases.bash"
no_fabric
