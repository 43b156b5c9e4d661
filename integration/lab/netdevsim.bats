# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Every setting of a virtual function, written and read back: those that igb refuses, too.
bats_require_minimum_version 1.5.0
load sriov.bash

setup() {
	lab_begins
	rm -rf /var/lib/cni/*
	pf=$(make_netdevsim 4)
	plugin_links
}

teardown() {
	! mountpoint -q "$pci" || umount "$pci"
	ip link del vf0 2>/dev/null || :
	no_netdevsim
	lab_ends
}

@test "mac" {
	ip link set "$pf" vf 0 mac 02:11:22:33:44:55
	vf_info "$pf" 0 'link/ether 02:11:22:33:44:55 '
	vf_info "$pf" 1 'link/ether 00:00:00:00:00:00 '
}

@test "vlan, priority and protocol" {
	ip link set "$pf" vf 1 vlan 100 qos 3 proto 802.1ad
	vf_info "$pf" 1 'vlan 100, qos 3, vlan protocol 802.1ad,'
	ip link set "$pf" vf 1 vlan 101 qos 4 proto 802.1Q
	vf_info "$pf" 1 'vlan 101, qos 4, spoof'
	run ip link set "$pf" vf 1 vlan 4096
	[ "$status" != 0 ]
	vf_info "$pf" 1 'vlan 101, qos 4, spoof'
}

@test "spoof checking, trust, link state and rates" {
	local state

	ip link set "$pf" vf 2 spoofchk on trust on
	vf_info "$pf" 2 'spoof checking on' 'trust on'
	ip link set "$pf" vf 2 spoofchk off trust off
	vf_info "$pf" 2 'spoof checking off' 'trust off'
	for state in enable disable auto; do
		ip link set "$pf" vf 3 state $state
		vf_info "$pf" 3 "link-state $state"
	done
	ip link set "$pf" vf 0 min_tx_rate 10 max_tx_rate 100
	vf_info "$pf" 0 'max_tx_rate 100Mbps' 'min_tx_rate 10Mbps'
}

@test "a function that is not there" {
	run ip link set "$pf" vf 4 mac 02:11:22:33:44:55
	[ "$status" != 0 ]
}

# --- sriov ---------------------------------------------------------------------------------------

a=0000:03:02.0

# function_of DRIVER: sysfs as if a function had this card's settings; vf0 is its interface.
function_of() {
	rm -rf /run/devices
	mkdir -p "/run/devices/0000:03:00.0/net/$pf" "/run/devices/$a" "/run/drivers/$1"
	ln -s "../$a" /run/devices/0000:03:00.0/virtfn0
	ln -s ../0000:03:00.0 "/run/devices/$a/physfn"
	ln -s "/run/drivers/$1" "/run/devices/$a/driver"
	if [ "$1" != vfio-pci ]; then
		ip link add vf0 address 02:00:00:00:00:01 type dummy
		mkdir -p "/run/devices/$a/net/vf0"
	fi
	mount --bind /run/devices "$pci"
}

@test "every setting at once, as an operator renders it; all of them undone" {
	local conf promised

	function_of mlx5_core
	any_ipam
	kept $a
	conf=$(rendered S4 $a)
	cni ADD sriov <<<"$conf"
	succeeds
	promised=$output
	json '.ips[0].address == "10.1.0.77/24" and .interfaces[0].mac == "02:00:00:00:00:01"'
	in_pod pod1 ',UP' 'inet 10.1.0.77/24'
	vf_info "$pf" 0 'vlan 1000, qos 4, vlan protocol 802.1ad,' 'max_tx_rate 200Mbps' 'min_tx_rate 100Mbps' \
		'spoof checking off' 'link-state enable' 'trust on'
	cni CHECK sriov <<<"$(with_result "$conf" "$promised")"
	succeeds_silently
	ip link set "$pf" vf 0 max_tx_rate 300
	cni CHECK sriov <<<"$(with_result "$conf" "$promised")"
	fails 999 'min_tx_rate and max_tx_rate of VF 0'
	cni DEL sriov <<<"$conf"
	succeeds_silently
	given_back $a

	# What the card had before comes back, not what cards have at first.
	ip link set "$pf" vf 0 mac 02:00:00:00:00:02 vlan 7 qos 1 spoofchk off trust on state disable min_tx_rate 5 max_tx_rate 50
	kept $a
	cni ADD sriov <<<"$(rendered S4 $a '.mac = "02:00:00:00:00:03" | .spoofchk = "on" | .trust = "off"')"
	succeeds
	in_pod pod1 'link/ether 02:00:00:00:00:03 '
	vf_info "$pf" 0 'link/ether 02:00:00:00:00:03 ' 'vlan 1000,' 'spoof checking on' 'trust off'
	cni DEL sriov CNI_NETNS= <<<"$conf"
	succeeds_silently
	given_back $a
}

@test "every setting of a function that a process drives, without an ipam key" {
	local conf

	function_of vfio-pci
	kept $a
	conf=$(rendered hand7 $a)
	cni ADD sriov <<<"$conf"
	succeeds
	json '.interfaces == [{name: "net1", mac: "ca:fe:c0:ff:ee:00", sandbox: "/run/netns/pod1"}] and (has("ips") | not)'
	no_link pod1 net1
	vf_info "$pf" 0 'link/ether ca:fe:c0:ff:ee:00 ' 'vlan 1000, qos 4, vlan protocol 802.1ad,' \
		'max_tx_rate 200Mbps' 'min_tx_rate 100Mbps' 'spoof checking off' 'link-state enable' 'trust on'
	cni DEL sriov <<<"$conf"
	succeeds_silently
	given_back $a
}
