# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# The lab's SR-IOV cards: functions, traffic, settings, and what a dying namespace does to them.
bats_require_minimum_version 1.5.0
load lab.bash

setup_file() {
	make_vfs 7 0
	carrier '' "$(netdev "$(card 0)")"
}

@test "seven virtual functions, each with an interface of its own" {
	local i seen=''

	[ "$(cat "$pci/$(card 0)/sriov_totalvfs")" = 7 ]
	for ((i = 0; i < 7; i++)); do
		[ "$(driver "$(vf $i 0)")" = igbvf ]
		[ "$(basename "$(readlink "$pci/$(vf $i 0)/physfn")")" = "$(card 0)" ]
		seen+="$(netdev "$(vf $i 0)") "
	done
	[ "$(tr ' ' '\n' <<<"$seen" | sort -u | grep -c .)" = 7 ]
}

@test "traffic between virtual functions in two namespaces, and with the other card" {
	into pod1 "$(netdev "$(vf 0 0)")" 10.1.0.1/24
	into pod2 "$(netdev "$(vf 1 0)")" 10.1.0.2/24
	answers pod1 10.1.0.2
	ip netns add wire
	into wire "$(netdev "$(card 1)")" 10.1.0.9/24
	answers pod1 10.1.0.9

	# A VLAN set through the physical function separates, and joins again.
	ip link set "$(netdev "$(card 0)")" vf 1 vlan 42
	silent pod1 10.1.0.2
	ip link set "$(netdev "$(card 0)")" vf 0 vlan 42
	answers pod1 10.1.0.2
	ip link set "$(netdev "$(card 0)")" vf 0 vlan 0
	ip link set "$(netdev "$(card 0)")" vf 1 vlan 0
}

@test "a VLAN interface on a virtual function" {
	local i

	for i in 1 2; do
		ip link set "$(netdev "$(vf $i 0)")" netns pod$i name net1
		# Its driver tells the physical function of the VLAN, and is refused before its link is up.
		carrier pod$i net1
		ip -n pod$i link add link net1 name net1.7 type vlan id 7
		carrier pod$i net1.7
		ip -n pod$i addr add 10.2.0.$i/24 dev net1.7
	done
	answers pod1 10.2.0.2
	ip -n pod2 link set net1.7 type vlan egress 0:3
	ip -n pod2 link del net1.7
	silent pod1 10.2.0.2
}

@test "settings through the physical function, and those that igb refuses" {
	local pf
	pf=$(netdev "$(card 0)")

	ip link set "$pf" vf 3 mac 02:11:22:33:44:55 vlan 100 qos 3 spoofchk off trust on max_tx_rate 100
	vf_info "$pf" 3 'link/ether 02:11:22:33:44:55 ' 'vlan 100, qos 3,' 'max_tx_rate 100Mbps' \
		'spoof checking off' 'trust on'
	run ip link set "$pf" vf 3 state enable
	[ "$status" != 0 ]
	[[ $output == *'not supported'* ]]
	run ip link set "$pf" vf 3 vlan 100 proto 802.1ad
	[ "$status" != 0 ]
	run ip link set "$pf" vf 3 min_tx_rate 10
	[ "$status" != 0 ]
	ip link set "$pf" vf 3 vlan 0 spoofchk on trust off max_tx_rate 0
}

@test "a virtual function comes home under the name it had in the pod" {
	local name
	name=$(netdev "$(vf 4 0)")

	ip link set "$name" netns pod1 name rail7
	[ -z "$(netdev "$(vf 4 0)")" ]
	ip netns del pod1
	within 20 has_netdev "$(vf 4 0)"
	[ "$(netdev "$(vf 4 0)")" = rail7 ]
	ip link set rail7 name "$name"
}

@test "and as devN when that name is taken" {
	local name index
	name=$(netdev "$(vf 5 0)")

	ip link set "$name" netns pod1 name lo0
	ip link add lo0 type dummy
	index=$(ip -n pod1 -o link show lo0)
	index=${index%%:*}
	ip netns del pod1
	within 20 has_netdev "$(vf 5 0)"
	[ "$(netdev "$(vf 5 0)")" = "dev$index" ]
	ip link set "dev$index" name "$name"
	ip link del lo0
}

@test "a snapshot of a device tells what has changed" {
	local name before
	name=$(netdev "$(vf 6 0)")

	before=$(attributes '' "$name")
	[ "$before" = "$(attributes '' "$name")" ]
	ip link set "$name" mtu 1400 txqueuelen 77 alias rail
	run diff <(attributes '' "$name") - <<<"$before"
	[ "$status" = 1 ]
	[[ $output == *'mtu 1400'*'qlen 77'*'alias rail'* ]]
	ip link set "$name" mtu 1500 txqueuelen 1000 alias ''
	[ "$before" = "$(attributes '' "$name")" ]
}

@test "without virtual functions, the one in a pod is gone" {
	ip link set "$(netdev "$(vf 0 0)")" netns pod1 name net1
	no_vfs 0
	no_link pod1 net1
}
