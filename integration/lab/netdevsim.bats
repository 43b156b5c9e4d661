# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Every setting of a virtual function, written and read back: those that igb refuses, too.
bats_require_minimum_version 1.5.0
load lab.bash

setup() {
	lab_begins
	pf=$(make_netdevsim 4)
}

teardown() {
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
