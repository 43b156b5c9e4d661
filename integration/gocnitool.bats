# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# cnitool of the Go project as the runtime of our plugins, and side by side with our cnitool.
bats_require_minimum_version 1.5.0
load lib.bash

confs=/run/net.d
results=/var/lib/cni/results
pod=/run/netns/pod1
container=cnitool-$(printf %s $pod | sha512sum | cut -c 1-20)
go=$CNI_TEST_CLIENTS/cnitool
ours=$plugins/cnitool
versions='0.3.1 0.4.0 1.0.0 1.1.0'

setup() {
	[ -x "$go" ] || cannot_run 'no Go cnitool; scripts/go-clients.sh builds it'
	fabric
	rm -rf $confs
	mkdir -p $confs
}

# tool TOOL COMMAND [NETWORK [NETNS [NAME=VALUE...]]]
tool() {
	captured env "NETCONFPATH=$confs" "CNI_PATH=$plugins" "${@:5}" timeout 60 "$1" "$2" "${3-rail0}" \
		"${4-$pod}" </dev/null
}

# tells REGEX: failed, and says so on stderr.
tells() {
	[ "$status" = 1 ] || fail 'expected exit status 1'
	[[ $stderr =~ $1 ]] || fail "expected on stderr: $1"
}

# network FORM VERSION [FILTER]: the standard configuration as rail0.conf or rail0.conflist.
network() {
	rm -f $confs/rail0.*
	conf ".cniVersion = \"$2\" | .mac = \"02:00:00:00:00:99\" | ${3-.} |
		if \"$1\" == \"conflist\" then {cniVersion, name, plugins: [del(.cniVersion, .name)]} else . end" \
		>"$confs/rail0.$1"
}

# each_network COMMAND...: with every form and version in turn, told as arguments behind.
each_network() {
	local form version

	for form in conf conflist; do
		for version in $versions; do
			network $form "$version"
			"$@" $form "$version" || fail "in a $form of version $version"
		done
	done
}

# The version 0.3.1 has no CHECK; libcni says so.
checks() {
	tool "$1" check
	if [ "$2" = 0.3.1 ]; then
		tells 'configuration version "0\.3\.1" does not support the CHECK command'
	else
		succeeds_silently
	fi
}

round_trip() {
	local one=$1 other=$2 version=$4

	remember
	tool "$one" add
	succeeds
	json ".cniVersion == \"$version\" and (.ips | length) == 2"
	link pod1 eth0 '.address == "02:00:00:00:00:99" and (.addr_info | map(.local) | index("10.1.0.2"))'
	inside pod1 ping -q -c 1 -W 5 10.1.0.250
	[ "$(leases)" = "$container/eth0: 10.1.0.2/24 fd00:1::2/64" ] || fail "leases: $(leases)"
	checks "$other" "$version"
	tool "$other" del
	succeeds_silently
	unchanged
	[ -z "$(ls $results)" ] || fail "cached: $(ls $results)"
	rm -rf /var/lib/cni/*
}

@test "Go cnitool: add, check, del with our plugins" {
	each_network round_trip "$go" "$go"
}

@test "added with the Go tool, checked and removed with ours" {
	each_network round_trip "$go" "$ours"
}

@test "added with ours, checked and removed with the Go tool" {
	each_network round_trip "$ours" "$go"
}

# What a tool prints and caches, as canonical JSON with the name of the file.
traces() {
	tool "$1" add rail0 $pod "${@:2}"
	succeeds
	jq -S . <<<"$output"
	ls $results
	jq -S . $results/*
	tool "$1" del rail0 $pod "${@:2}"
	succeeds_silently
	rm -rf /var/lib/cni/*
}

same_traces() {
	local arguments=(CNI_IFNAME=net7 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=a' 'CAP_ARGS={"mac":"02:00:00:00:00:98"}')

	traces "$go" "${arguments[@]}" >"$BATS_TEST_TMPDIR/go"
	traces "$ours" "${arguments[@]}" >"$BATS_TEST_TMPDIR/ours"
	diff "$BATS_TEST_TMPDIR/go" "$BATS_TEST_TMPDIR/ours" || fail 'the tools differ'
	grep -q 'rail0-cnitool-[0-9a-f]*-net7' "$BATS_TEST_TMPDIR/ours"
}

@test "both tools print the same result and write the same cache" {
	each_network same_traces
}

@test "removing twice, without the cache, and without the namespace succeeds" {
	network conflist 1.1.0
	remember
	tool "$go" add
	succeeds
	rm -rf $results
	tool "$go" del
	succeeds_silently
	tool "$go" del
	succeeds_silently
	unchanged
	tool "$go" add
	succeeds
	ip netns del pod1
	tool "$go" del
	succeeds_silently
	[ -z "$(leases)" ] || fail "leases: $(leases)"
}

@test "check tells what is wrong" {
	network conflist 1.0.0
	tool "$go" add
	ip -n pod1 addr del 10.1.0.2/24 dev eth0
	tool "$go" check
	tells '10\.1\.0\.2/24'
}

@test "an add that fails leaves nothing; the message names the pool" {
	network conflist 1.1.0 'del(.mac) | .ipam = {type: "pool", ranges: [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.2", rangeEnd: "10.1.0.2"}]]}'
	tool "$go" add rail0 /run/netns/pod2
	succeeds
	remember
	tool "$go" add
	tells 'plugin type="macvlan" failed \(add\): .*rail0'
	unchanged
}

# Its gc sends a DEL for every cached attachment of the network, then a GC without the list of valid
# attachments, which the specification requires and our plugins therefore insist on.
@test "gc removes everything of the network, and only of it; the list it does not send is missed" {
	network conflist 1.1.0 'del(.mac)'
	conf '.name = "other" | .ipam = {type: "pool", ranges: [[{subnet: "10.2.0.0/24"}]]}' >$confs/other.conf
	tool "$go" add other $pod CNI_IFNAME=net1
	succeeds
	remember
	tool "$go" add
	succeeds
	tool "$ours" add rail0 /run/netns/pod2
	succeeds
	tool "$go" gc
	tells 'failed to GC plugin macvlan: GC needs "cni\.dev/valid-attachments"'
	unchanged
	[[ $(ls $results) == other-* ]] || fail "cached: $(ls $results)"
}

# gc_of TOOL OTHER FORM VERSION: what both added is gone, another network's attachment stays.
gc_of() {
	conf '.name = "other" | .ipam = {type: "pool", ranges: [[{subnet: "10.2.0.0/24"}]]}' >$confs/other.conf
	network "$3" "$4" 'del(.mac)'
	tool "$ours" add other $pod CNI_IFNAME=net1
	succeeds
	remember
	tool "$1" add
	succeeds
	tool "$2" add rail0 /run/netns/pod2
	succeeds
	tool "$1" gc rail0 /run/netns/absent
	if [ "$1 $4" = "$go 1.1.0" ]; then
		tells 'failed to GC plugin'
	else
		succeeds_silently
	fi
	unchanged
	[[ $(ls $results) == other-* ]] || fail "cached: $(ls $results)"
	tool "$ours" del other $pod CNI_IFNAME=net1
	succeeds
	rm -f $confs/other.conf
}

@test "gc of both tools has the same effect" {
	each_network gc_of "$go" "$ours"
	each_network gc_of "$ours" "$go"
}

@test "gc of ours frees leases that no cache knows, too" {
	network conflist 1.1.0 'del(.mac)'
	remember
	for tool in "$go" "$ours"; do
		tool "$go" add
		succeeds
		rm -rf $results
		ip netns del pod1
		ip netns add pod1
		tool "$tool" gc
		if [ "$tool" = "$go" ]; then
			[[ $(leases) == "$container/eth0: "* ]] || fail "leases: $(leases)"
			tool "$ours" gc
		fi
		succeeds_silently
		[ -z "$(leases)" ] || fail "leases: $(leases)"
	done
	unchanged
}

# same_status WORDS: both tools succeed, or fail and say so.
same_status() {
	local tool

	for tool in "$go" "$ours"; do
		tool "$tool" status
		if [ -n "$1" ]; then
			tells "$1"
			[ -z "$output" ] || fail 'expected no output'
		else
			succeeds_silently
		fi
	done
}

@test "status: ready, or what is missing, with both tools" {
	network conflist 1.1.0
	same_status ''
	network conflist 1.1.0 '.ipam.type = "absent"'
	same_status absent
	network conflist 1.1.0 '.master = "rail9"'
	same_status rail9
	network conf 1.1.0 '.master = "rail9"'
	same_status rail9
	network conflist 1.1.0 '.type = "absent"'
	same_status absent
	# Earlier versions have no STATUS.
	network conflist 1.0.0 '.master = "rail9"'
	same_status ''
}

@test "wrong command lines and environments have the same exit status" {
	network conflist 1.1.0
	for tool in "$go" "$ours"; do
		tool "$tool" add absent
		tells absent
		tool "$tool" add rail0 $pod CNI_ARGS=A=
		tells 'invalid CNI_ARGS pair'
		tool "$tool" gc absent
		tells absent
		tool "$tool" status absent
		tells absent
	done
	# Theirs does nothing, successfully.
	tool "$ours" frob
	tells 'unknown command "frob"'
}
