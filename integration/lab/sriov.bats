# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# host-device and sriov on virtual functions of igb: settings, traffic, and the way back.
bats_require_minimum_version 1.5.0
load sriov.bash

setup_file() {
	make_vfs 4 0
	carrier '' "$(netdev "$(card 0)")"
	plugin_links
}

setup() {
	lab_begins
	pf=$(netdev "$(card 0)")
	a=$(vf 0 0) b=$(vf 1 0)
}

@test "two pods with functions of one card reach each other; all comes back" {
	kept "$a"
	kept "$b"
	add pod1 host-device "$a"
	add pod2 sriov "$b" '"vlan": 0, "vlanQoS": 0, "logLevel": "info"'
	json ".interfaces[0].pciID == \"$b\""
	carrier pod1 net1
	carrier pod2 net1
	answers pod1 10.1.0.3
	del pod1 host-device "$a"
	del pod2 sriov "$b"
	given_back "$a"
	given_back "$b"
}

@test "every setting that igb has, and all of them undone" {
	kept "$a"
	kept "$b"
	add pod1 sriov "$a" '"vlan": 42, "vlanQoS": 3, "mac": "02:00:00:00:00:77", "spoofchk": "off", "trust": "on", "max_tx_rate": 100'
	json '.interfaces[0].mac == "02:00:00:00:00:77"'
	in_pod pod1 'link/ether 02:00:00:00:00:77 '
	vf_info "$pf" 0 'link/ether 02:00:00:00:00:77 ' 'vlan 42, qos 3,' 'max_tx_rate 100Mbps' 'spoof checking off' 'trust on'
	cni CHECK sriov <<<"$(with_result "$(vconf sriov "$a" '"vlan": 42, "vlanQoS": 3')" "$output")"
	succeeds_silently
	add pod2 sriov "$b" '"vlan": 42'
	carrier pod1 net1
	carrier pod2 net1
	answers pod1 10.1.0.3
	del pod1 sriov "$a"
	del pod2 sriov "$b"
	given_back "$a"
	given_back "$b"
}

# igb lets no function without trust change its address; binding it again does.
@test "a MAC without trust: the driver is bound again, and the name stays" {
	kept "$a"
	add pod1 sriov "$a" '"mac": "02:00:00:00:00:78"'
	in_pod pod1 'link/ether 02:00:00:00:00:78 '
	vf_info "$pf" 0 'link/ether 02:00:00:00:00:78 ' 'trust off'
	del pod1 sriov "$a"
	given_back "$a"
}

@test "CHECK tells a setting that somebody changed" {
	local result

	kept "$a"
	add pod1 sriov "$a" '"vlan": 42'
	result=$output
	ip link set "$pf" vf 0 vlan 43
	cni CHECK sriov <<<"$(with_result "$(vconf sriov "$a" '"vlan": 42')" "$result")"
	fails 999 'vlan of VF 0'
	del pod1 sriov "$a"
	given_back "$a"
}

@test "the namespace dies: DEL, with it or without, brings all of it back" {
	local netns

	kept "$a"
	for netns in /run/netns/pod1 ''; do
		add pod1 sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:79"'
		ip netns del pod1
		cni DEL sriov CNI_NETNS="$netns" <<<"$(vconf sriov "$a")"
		succeeds_silently
		given_back "$a"
		ip netns add pod1
	done
}

@test "the namespace dies and nobody says so: GC, and the next ADD" {
	kept "$a"
	add pod1 sriov "$a" '"vlan": 42'
	ip netns del pod1
	cni GC sriov <<<"$(vconf sriov "$a" '"cni.dev/valid-attachments": []')"
	succeeds_silently
	given_back "$a"
	ip netns add pod1

	add pod1 sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:7a"'
	ip netns del pod1
	add pod2 host-device "$a"
	vf_info "$pf" 0 'spoof checking on'
	[[ $(ip -d link show "$pf" | grep ' vf 0 ') != *'vlan 42'* ]]
	# A late DEL of the old pod does not touch the new one's.
	cni DEL sriov <<<"$(vconf sriov "$a" '"vlan": 42')"
	succeeds_silently
	in_pod pod2 'state'
	del pod2 host-device "$a"
	given_back "$a"
}

@test "the pod renamed its interface" {
	kept "$a"
	add pod1 sriov "$a" '"vlan": 42'
	ip -n pod1 link set net1 down
	ip -n pod1 link set net1 name mine
	del pod1 sriov "$a"
	given_back "$a"
}

@test "one function, one pod" {
	kept "$a"
	add pod1 sriov "$a"
	cni ADD sriov CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(vconf sriov "$a" '"vlan": 42')"
	fails 11 'claimed by container pod1'
	[[ $(ip -d link show "$pf" | grep ' vf 0 ') != *'vlan 42'* ]]
	del pod1 sriov "$a"
	given_back "$a"
}

@test "what cannot be had: a clear error, and nothing changes" {
	refuse 999 'set link_state of VF 0' sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:7b", "link_state": "enable"'
	refuse 999 'does not have that vlanProto' sriov "$a" '"vlan": 42, "vlanProto": "802.1ad"'
	refuse 999 'min_tx_rate' sriov "$a" '"vlan": 42, "min_tx_rate": 10, "max_tx_rate": 100'
	refuse 7 'must be an integer from 0 to 4094' sriov "$a" '"vlan": 4095'
	refuse 7 'use type sriov' ib-sriov "$a"
	refuse 7 'no VF but a PF' sriov "$(card 1)" '"vlan": 0'
	refuse 11 'neither a PCI' sriov 0000:99:00.0
	cni ADD sriov <<<"$(vconf sriov '' '"vlan": 0')"
	fails 7 'must request the resource.*k8s.v1.cni.cncf.io/resourceName'
}

# As network managers do: what appears is given another name at once.
@test "somebody renames what appears" {
	local i racer

	kept "$a"
	(while :; do
		for name in "$pci/$a/net"/*; do
			name=${name##*/}
			[[ $name == raced* || $name == '*' ]] || { ip link set "$name" down && ip link set "$name" name raced0; } 2>/dev/null
		done
	done) &
	racer=$!
	for i in 1 2 3; do
		cni ADD sriov <<<"$(vconf sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:7c"')"
		cni DEL sriov <<<"$(vconf sriov "$a" '"vlan": 42')"
		succeeds_silently
		[ -n "$(netdev "$a")" ]
	done
	kill $racer
	wait $racer || :
	ip link set "$(netdev "$a")" down
	ip link set "$(netdev "$a")" name "$(sed -n 's/.*interface \(.*\), RDMA.*/\1/p' "$BATS_TEST_TMPDIR/$a")"
	vf_info "$pf" 0 'spoof checking on' 'trust off'
	[[ $(ip -d link show "$pf" | grep ' vf 0 ') != *'vlan 42'* ]]
}
