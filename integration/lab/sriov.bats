# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# host-device and sriov on virtual functions of igb: settings, traffic, and the way back.
bats_require_minimum_version 1.5.0
load sriov.bash

setup_file() {
	local n

	make_vfs 4 0
	carrier '' "$(netdev "$(card 0)")"
	# Its driver tells the card an address that it has made up when it is first set up.
	for n in 0 1; do
		ip link set "$(netdev "$(vf $n 0)")" up
		ip link set "$(netdev "$(vf $n 0)")" down
	done
	dress "$(netdev "$(vf 0 0)")"
	plugin_links
}

setup() {
	lab_begins
	rm -rf /var/lib/cni/*
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

# The kernel gives it back under the pod's name, or as devN where that is taken.
@test "the namespace dies: DEL, with it or without, brings all of it back" {
	local netns index

	kept "$a"
	for netns in /run/netns/pod1 ''; do
		add pod1 sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:79"'
		[ -n "$netns" ] || ip link add net1 type dummy
		index=$(ip -n pod1 -o link show net1)
		ip netns del pod1
		within 20 has_netdev "$a"
		if [ -n "$netns" ]; then
			[ "$(netdev "$a")" = net1 ]
		else
			[ "$(netdev "$a")" = "dev${index%%:*}" ]
		fi
		cni DEL sriov CNI_NETNS="$netns" <<<"$(vconf sriov "$a")"
		succeeds_silently
		given_back "$a"
		[ -z "$(leases)" ]
		ip netns add pod1
	done
	ip link del net1
}

@test "the namespace dies while ADD runs" {
	local killer='"ipam": {"type": "killer"}'

	cat >/run/fake/killer <<-'END'
	#!/bin/sh
	cat >/dev/null
	[ "$CNI_COMMAND" = ADD ] || exit 0
	ip netns del "$CNI_CONTAINERID"
	[ -z "${KILLER_FAILS:-}" ] || exit 1
	echo '{"ips":[{"address":"10.1.0.77/24"}]}'
	END
	chmod +x /run/fake/killer
	kept "$a"
	cni ADD sriov KILLER_FAILS=1 <<<"$(vconf sriov "$a" '"vlan": 42' "$killer")"
	fails 999 'killer'
	given_back "$a"
	ip netns add pod1
	cni ADD sriov <<<"$(vconf sriov "$a" '"vlan": 42' "$killer")"
	cni DEL sriov <<<"$(vconf sriov "$a" '"vlan": 42' "$killer")"
	succeeds_silently
	given_back "$a"
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

@test "the pod renamed its interface, and changed it" {
	kept "$a"
	add pod1 sriov "$a" '"vlan": 42'
	ip -n pod1 -batch - <<-'END'
	link set net1 down
	link set net1 name mine mtu 1300 txqueuelen 5
	link property del dev mine altname enp5s0f0np0
	link property add dev mine altname podname
	addr add 192.0.2.1/24 dev mine
	END
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
	kept "$a"
	refuse 999 'set link_state of VF 0' sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:7b", "link_state": "enable"'
	refuse 999 'does not have that vlanProto' sriov "$a" '"vlan": 42, "vlanProto": "802.1ad"'
	refuse 999 'min_tx_rate' sriov "$a" '"vlan": 42, "min_tx_rate": 10, "max_tx_rate": 100'
	refuse 7 'must be an integer from 0 to 4094' sriov "$a" '"vlan": 4095'
	refuse 7 'use type sriov' ib-sriov "$a"
	refuse 7 'no VF but a PF' sriov "$(card 1)" '"vlan": 0'
	refuse 11 'neither a PCI' sriov 0000:99:00.0
	cni ADD sriov <<<"$(vconf sriov '' '"vlan": 0')"
	fails 7 'must request the resource.*k8s.v1.cni.cncf.io/resourceName'
	given_back "$a"
}

# As network managers do: what appears is given another name at once, and may keep it.
@test "somebody renames what appears" {
	local i racer name

	kept "$a"
	name=$(netdev "$a")
	(while :; do
		for seen in "$pci/$a/net"/*; do
			seen=${seen##*/}
			[[ $seen == raced0 || $seen == '*' ]] || ip link set "$seen" name raced0 2>/dev/null || :
		done
	done) &
	racer=$!
	for ((i = 0; i < 3; i++)); do
		cni ADD sriov <<<"$(vconf sriov "$a" '"vlan": 42, "mac": "02:00:00:00:00:7c"')"
		cni DEL sriov <<<"$(vconf sriov "$a" '"vlan": 42')"
		succeeds_silently
		has_netdev "$a"
	done
	kill $racer
	wait $racer || :
	whole "$a" | sed "s/raced0/$name/g" >"$BATS_TEST_TMPDIR/now"
	diff "$BATS_TEST_TMPDIR/$a" "$BATS_TEST_TMPDIR/now"
	nothing_remembered
	[ -z "$(leases)" ]
	[ "$(netdev "$a")" = "$name" ] || bring_back "$name"
}

# bring_back NAME: as it was, on kernels that rename nothing that is up, too.
bring_back() {
	ip link set raced0 down
	ip link set raced0 name "$1"
	ip link property del dev "$1" altname enp5s0f0np0
	ip route flush dev "$1"
	ip addr flush dev "$1"
	dress "$1"
}

# --- what operators render -----------------------------------------------------------------------

@test "SriovNetwork as it is rendered" {
	local name conf expected

	any_ipam
	kept "$a"
	for name in S1 S3; do
		conf=$(rendered $name "$a")
		rm -f /run/asked
		run_network add "$conf"
		in_pod pod1 'link/ether' ',UP'
		if [[ $conf == *'"ipam":{}'* ]]; then
			[ ! -e /run/asked ]
		else
			in_pod pod1 'inet 10.1.0.77/24'
			[ "$(jq -c .ipam <<<"$conf")" = "$(jq -c .ipam /run/asked)" ]
		fi
		expected='spoof checking on'
		[ $name != S3 ] || expected='spoof checking off, link-state auto, trust on'
		vf_info "$pf" 0 "$expected"
		run_network del "$conf"
		given_back "$a"
	done
}
