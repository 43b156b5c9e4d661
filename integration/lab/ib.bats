# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# The InfiniBand fabric: IPoIB on one adapter and on two, datagrams and connections, partitions, and
# virtual functions with GUIDs through the physical function.
bats_require_minimum_version 1.5.0
load lab.bash

hcas() {
	make_hcas 2
}

teardown() {
	lab_ends
	ib_strays
	if [ "$(driver "$(card 1)")" = ibstub ]; then
		no_ib_vfs 1
	fi
	no_hcas
}

# Interfaces on InfiniBand outlive their namespace: a test that leaves one says so by removing it.
ib_strays() {
	! ip -o link show type ipoib | grep @ || fail 'a child was left on the host'
}

# ping_pong PARENT PARENT MODE: two pods, both families.
ping_pong() {
	child pod1 "$1" 0x8003 10.1.0.1/24 mode "$3"
	child pod2 "$2" 0x8003 10.1.0.2/24 mode "$3"
	[[ $(ip -n pod1 -d -o link show dev net1) == *"ipoib pkey 0x8003 mode $3 "* ]]
	ip -n pod1 addr add fd00:1::1/64 dev net1 nodad
	ip -n pod2 addr add fd00:1::2/64 dev net1 nodad
	answers pod1 10.1.0.2
	answers pod1 fd00:1::2
	answers pod2 10.1.0.1 -s 1900
	ip -n pod1 link del net1
	ip -n pod2 link del net1
}

@test "children on two adapters: datagrams" {
	hcas
	ping_pong ib0 ib1 datagram
}

@test "children on two adapters: connections, with packets that no datagram holds" {
	hcas
	child pod1 ib0 0x8003 10.1.0.1/24 mode connected
	child pod2 ib1 0x8003 10.1.0.2/24 mode connected
	ip -n pod1 link set net1 mtu 65520
	ip -n pod2 link set net1 mtu 65520
	answers pod1 10.1.0.2
	answers pod1 10.1.0.2 -s 30000 -M 'do'
	ip -n pod1 link del net1
	ip -n pod2 link del net1
}

@test "children on one adapter: datagrams, connections" {
	hcas
	ping_pong ib0 ib0 datagram
	ping_pong ib0 ib0 connected
}

@test "partitions do not reach each other; a key that no port has gives no carrier" {
	hcas
	child pod1 ib0 0x8003 10.1.0.1/24
	child pod2 ib1 0x8004 10.1.0.2/24
	silent pod1 10.1.0.2
	ip -n pod1 link del net1
	ip -n pod2 link del net1

	ip link add link ib0 netns pod1 name net1 type ipoib pkey 0x9abc
	ip -n pod1 link set net1 up
	run within 2 has_carrier pod1 net1
	[ "$status" = 1 ]
	[[ $output == 'did not happen: '* ]]
	ip -n pod1 link del net1
	run ip link add link ib0 name ib0.0 type ipoib pkey 0
	[ "$status" != 0 ]
}

@test "a child outlives its namespace, under its name" {
	hcas
	child pod1 ib0 0x8003 10.1.0.1/24
	ip netns del pod1
	within 20 ip link show net1
	ip link del net1
}

@test "a port that goes down takes the carrier of the children with it" {
	hcas
	child pod1 ib0 0x8003 10.1.0.1/24
	echo 0 >/sys/class/infiniband/ibs0/stub_link
	within 20 without_carrier pod1 net1
	echo 1 >/sys/class/infiniband/ibs0/stub_link
	within 20 has_carrier pod1 net1
	ip -n pod1 link del net1
}

without_carrier() {
	! has_carrier "$@"
}

@test "an RDMA device that moves has its interfaces made anew" {
	local index
	hcas
	netns_mode exclusive
	index=$(cat /sys/class/net/ib1/ifindex)
	rdma dev set ibs1 netns pod1
	run has_rdma '' ibs1
	[ "$status" != 0 ]
	within 20 made_anew "$index"
	ip netns del pod1
	within 20 has_rdma '' ibs1
	netns_mode shared
}

made_anew() {
	[ -e /sys/class/net/ib1 ] && [ "$(cat /sys/class/net/ib1/ifindex)" != "$1" ]
}

@test "virtual functions get their GUIDs through the physical function, and carry traffic" {
	local pf address

	modprobe igb
	make_ib_vfs 2 1
	pf=$(netdev "$(card 1)")
	address=$(vf 0 1)
	ip link set "$pf" vf 0 node_guid 11:22:33:44:55:66:77:00
	ip link set "$pf" vf 0 port_guid 11:22:33:44:55:66:77:01
	ip link set "$pf" vf 0 state enable
	ip -d link show dev "$pf" | grep -i 'vf 0 .*NODE_GUID 11:22:33:44:55:66:77:00.*PORT_GUID 11:22:33:44:55:66:77:01.*link-state enable'

	# They count from the next time that the function is bound.
	bind "$address" ibstub
	within 20 has_netdev "$address"
	[[ $(cat "/sys/class/net/$(netdev "$address")/address") == *:11:22:33:44:55:66:77:01 ]]
	[ "$(cat "$pci/$address"/infiniband/*/node_guid)" = 1122:3344:5566:7700 ]

	into pod1 "$(netdev "$address")" 10.1.0.1/24
	into pod2 "$(netdev "$(vf 1 1)")" 10.1.0.2/24
	answers pod1 10.1.0.2
	ip link set "$pf" vf 0 state disable
	within 20 without_carrier pod1 net1
}
