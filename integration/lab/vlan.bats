# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Our executables on the lab's kernels: macvlan and pool on a VLAN interface and on a virtual function.
bats_require_minimum_version 1.5.0
load lab.bash

# rail0.42 and its other end; fabric() has made rail0 and the pods.
setup() {
	dmesg --clear
	fabric
	ip link add link rail0 name rail0.42 type vlan id 42
	ip -n wire link add link port name port.42 type vlan id 42
	# No address that comes a little later.
	ip link set rail0.42 addrgenmode none
	ip -n wire link set port.42 addrgenmode none
	carrier '' rail0.42
	carrier wire port.42
	ip -n wire addr flush dev port
	ip -n wire addr add 10.1.0.42/24 dev port.42
	ip -n wire addr add fd00:1::42/64 dev port.42 nodad
}

over='.master = "rail0.42"'

@test "macvlan over a VLAN: both families, between pods and through the wire; nothing stays" {
	local result

	remember
	cni ADD macvlan <<<"$(conf "$over")"
	succeeds
	json '.ips | length == 2'
	result=$output
	cni ADD macvlan CNI_NETNS=/run/netns/pod2 CNI_CONTAINERID=pod2 <<<"$(conf "$over")"
	succeeds
	link pod1 net1 '.linkinfo.info_kind == "macvlan" and .mtu == 1500'

	answers pod1 10.1.0.42
	answers pod1 fd00:1::42
	answers pod1 "$(json_of '.ips[0].address | sub("/.*"; "")')"
	# The untagged side of the same cable is another network.
	ip -n wire addr del 10.1.0.42/24 dev port.42
	ip -n wire addr add 10.1.0.42/24 dev port
	silent pod1 10.1.0.42
	ip -n wire addr del 10.1.0.42/24 dev port
	ip -n wire addr add 10.1.0.42/24 dev port.42

	cni CHECK macvlan <<<"$(with_result "$(conf "$over")" "$result")"
	succeeds_silently
	cni DEL macvlan <<<"$(conf "$over")"
	succeeds_silently
	cni DEL macvlan CNI_NETNS=/run/netns/pod2 CNI_CONTAINERID=pod2 <<<"$(conf "$over")"
	succeeds_silently
	unchanged
}

json_of() {
	jq -r "$1" <<<"$output"
}

@test "without an interface for the VLAN, the message names it" {
	ip link del rail0.42
	cni ADD macvlan <<<"$(conf "$over")"
	[ "$status" = 1 ]
	json '.msg | test("rail0\\.42")'
	no_link pod1 net1
}

@test "macvlan over a virtual function" {
	local master

	make_vfs 1 0
	master=$(netdev "$(vf 0 0)")
	carrier '' "$master"
	# A pod's address is not the function's own.
	ip link set "$(netdev "$(card 0)")" vf 0 trust on spoofchk off
	cni ADD macvlan <<<"$(conf ".master = \"$master\"")"
	succeeds
	within 20 has_carrier pod1 net1
	cni DEL macvlan <<<"$(conf ".master = \"$master\"")"
	succeeds_silently
	no_link pod1 net1
	no_vfs 0
}
