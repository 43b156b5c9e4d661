# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# ib-sriov on InfiniBand functions: GUIDs through the PF, traffic, RDMA devices, and the way back.
bats_require_minimum_version 1.5.0
load sriov.bash

guid=02:00:00:00:00:00:00:42

setup_file() {
	# rdma finds a device in a pod by its device node, which belongs to no namespace.
	modprobe -a igb ib_uverbs
	make_ib_vfs 2 1
	carrier '' "$(netdev "$(card 1)")"
	# One function has GUIDs of its PF's, the other of its own.
	ip link set "$(netdev "$(card 1)")" vf 0 node_guid 02:00:00:00:00:00:aa:00
	ip link set "$(netdev "$(card 1)")" vf 0 port_guid 02:00:00:00:00:00:aa:01
	bind "$(vf 0 1)" ibstub
	within 20 has_netdev "$(vf 0 1)"
	# The fabric lowers the MTU when an interface comes up for the first time.
	ip link set "$(netdev "$(vf 0 1)")" mtu 2044
	plugin_links
}

setup() {
	lab_begins
	rm -rf /var/lib/cni/*
	pf=$(netdev "$(card 1)")
	a=$(vf 0 1) b=$(vf 1 1)
}

@test "two pods with GUIDs of their own reach each other; all comes back" {
	local own

	kept "$a"
	own=$(own_guids "$b")
	add pod1 ib-sriov "$a" "\"link_state\": \"enable\", \"pkey\": \"0x8001\", \"runtimeConfig\": {\"infinibandGUID\": \"$guid\"}"
	[[ $output == *':02:00:00:00:00:00:00:42"'* ]]
	in_pod pod1 'link/infiniband' ":$guid brd"
	vf_info "$pf" 0 "NODE_GUID $guid" "PORT_GUID $guid" 'link-state enable'
	[ "$(cat "$pci/$a"/infiniband/*/node_guid)" = 0200:0000:0000:0042 ]
	add pod2 ib-sriov "$b" '"args": {"cni": {"guid": "02:00:00:00:00:00:00:43", "debug": true}}'
	carrier pod1 net1
	carrier pod2 net1
	answers pod1 10.1.0.3
	del pod1 ib-sriov "$a"
	del pod2 ib-sriov "$b"
	given_back "$a"
	[ "$own" = "$(own_guids "$b")" ]
}

own_guids() {
	echo "$(netdev "$1") $(cat "$pci/$1"/infiniband/*/{node_guid,ports/1/gids/0})"
}

@test "the namespace dies: DEL, GC and the next ADD" {
	kept "$a"
	add pod1 ib-sriov "$a" "\"guid\": \"$guid\""
	ip netns del pod1
	del pod1 ib-sriov "$a"
	given_back "$a"
	ip netns add pod1

	add pod1 ib-sriov "$a" "\"guid\": \"$guid\""
	ip netns del pod1
	cni GC ib-sriov <<<"$(vconf ib-sriov "$a" '"cni.dev/valid-attachments": []')"
	succeeds_silently
	given_back "$a"
	ip netns add pod1

	add pod1 ib-sriov "$a" "\"guid\": \"$guid\""
	ip netns del pod1
	add pod2 ib-sriov "$a"
	in_pod pod2 'link/infiniband'
	[[ $(ip -n pod2 link show net1) != *"$guid"* ]]
	del pod2 ib-sriov "$a"
	given_back "$a"
}

@test "what cannot be had: a clear error, and nothing changes" {
	kept "$a"
	refuse 11 'ib-kubernetes has not configured' ib-sriov "$a" '"ibKubernetesEnabled": true'
	refuse 7 'cannot be a port' ib-sriov "$a" '"guid": "00:00:00:00:00:00:00:00"'
	refuse 7 'group or broadcast' ib-sriov "$a" '"guid": "ff:ff:ff:ff:ff:ff:ff:ff"'
	refuse 7 'not eight octets' ib-sriov "$a" '"guid": "02:00:00:00:00:42"'
	refuse 7 'auto, enable or disable' ib-sriov "$a" '"link_state": "up"'
	refuse 7 'shared mode' ib-sriov "$a" '"rdmaIsolation": true'
	refuse 7 'use type ib-sriov' sriov "$a"
	cni ADD ib-sriov <<<"{\"cniVersion\": \"1.1.0\", \"name\": \"n\", \"type\": \"ib-sriov\", \"deviceID\": \"$a\", \"ipam\": {\"type\": \"dhcp\"}}"
	fails 7 'dhcp is not supported'
	given_back "$a"
}

@test "STATUS tells a port that is not usable" {
	cni STATUS ib-sriov <<<"$(vconf ib-sriov "$a")"
	succeeds_silently
	ip link set "$pf" vf 0 state disable
	within 20 port_is DOWN
	cni STATUS ib-sriov <<<"$(vconf ib-sriov "$a")"
	fails 51 'port 1 of .* is DOWN'
	ip link set "$pf" vf 0 state auto
	within 20 port_is ACTIVE
}

port_is() {
	[[ $(cat "$pci/$a"/infiniband/*/ports/1/state) == *"$1" ]]
}

@test "exclusive mode: the RDMA device goes first, with a new GUID or without, and comes back" {
	local device members

	netns_mode exclusive
	kept "$a"
	device=$(ls "$pci/$a/infiniband")
	for members in '"link_state": "enable"' '"rdmaIsolation": true' "\"guid\": \"$guid\", \"rdmaIsolation\": true"; do
		add pod1 ib-sriov "$a" "$members"
		run has_rdma '' "$device"
		[ "$status" != 0 ]
		[[ $(inside pod1 rdma link show "$device/1") == *'state ACTIVE'* ]]
		del pod1 ib-sriov "$a"
		given_back "$a"
	done

	add pod1 ib-sriov "$a" "\"guid\": \"$guid\""
	ip netns del pod1
	cni DEL ib-sriov CNI_NETNS= <<<"$(vconf ib-sriov "$a")"
	succeeds_silently
	given_back "$a"
	netns_mode shared
}

@test "the chained rdma finds its work done" {
	local conf previous device

	netns_mode exclusive
	kept "$a"
	device=$(ls "$pci/$a/infiniband")
	add pod1 ib-sriov "$a" '"link_state": "enable"'
	previous=$output
	conf=$(printf '{"cniVersion": "1.1.0", "name": "rail", "type": "rdma", "deviceID": "%s"}' "$a")
	cni ADD rdma <<<"$(with_result "$conf" "$previous")"
	succeeds
	has_rdma pod1 "$device"
	cni DEL rdma <<<"$conf"
	succeeds_silently
	del pod1 ib-sriov "$a"
	cni DEL rdma <<<"$conf"
	succeeds_silently
	given_back "$a"
	netns_mode shared
}

# Killed before each change, then DEL: a reduced sweep, because a process takes 0.1 s here.
@test "ADD is killed on its way: DEL restores" {
	local n

	command -v strace >/dev/null || cannot_run 'strace is not installed'
	kept "$a"
	for n in 1 2 3 4 5; do
		kill_add write $n
	done
	for n in 6 12 18; do
		kill_add sendto $n
	done
}

kill_add() {
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
		timeout 60 strace -f -o /run/trace -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		"$plugins/ib-sriov" <<<"$(vconf ib-sriov "$a" "\"guid\": \"$guid\", \"link_state\": \"enable\"")" >/dev/null 2>&1 || :
	del pod1 ib-sriov "$a"
	given_back "$a"
}

# --- what operators render -----------------------------------------------------------------------

configured='.args.cni = {"mellanox.infiniband.app": "configured", pkey: "0x6", guid: "02:00:00:00:00:00:00:42"}'

@test "SriovIBNetwork, and what documents tell to write by hand, in shared mode" {
	local name conf

	any_ipam
	kept "$a"
	for name in SI1 hand1 hand3 hand4; do
		conf=$(rendered $name "$a" "$([ $name != hand1 ] || echo "$configured")")
		run_network add "$conf"
		in_pod pod1 'link/infiniband' ',UP' 'inet 10.1.0.77/24'
		[ $name != hand1 ] || in_pod pod1 ":$guid brd"
		vf_info "$pf" 0 'link-state enable'
		[ "$(jq -c .ipam <<<"$conf")" = "$(jq -c .ipam /run/asked)" ]
		run_network del "$conf"
		given_back "$a"
	done
	cni ADD ib-sriov <<<"$(rendered hand1 "$a")"
	fails 11 'ib-kubernetes has not configured'
	cni ADD ib-sriov <<<"$(rendered hand5 "$a")"
	fails 7 'shared mode'
	cni ADD ib-sriov <"$BATS_TEST_DIRNAME/../../testdata/networks/SI2.json"
	fails 6 'line 1, column'
	given_back "$a"
}

@test "SriovIBNetwork and lists with rdma, in exclusive mode" {
	local name conf wishes device

	any_ipam
	netns_mode exclusive
	kept "$a"
	device=$(ls "$pci/$a/infiniband")
	for name in hand2 hand5 SI3; do
		wishes=.
		[ $name != hand2 ] || wishes=$configured
		[ $name != SI3 ] || wishes='if .capabilities then .runtimeConfig.infinibandGUID = "02:00:00:00:00:00:00:42" else . end'
		conf=$(rendered $name "$a" "$wishes")
		run_network add "$conf"
		in_pod pod1 'link/infiniband' ',UP' 'inet 10.1.0.77/24'
		[ $name = hand5 ] || in_pod pod1 ":$guid brd"
		has_rdma pod1 "$device"
		run_network del "$conf"
		given_back "$a"
	done
	netns_mode shared
}
