# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# RDMA devices below virtual functions: exclusive and shared mode, moves, and dying namespaces.
bats_require_minimum_version 1.5.0
load lab.bash

setup_file() {
	make_vfs 2 0
	rdma_below roce0 "$(netdev "$(vf 0 0)")"
	rdma_below roce1 "$(netdev "$(vf 1 0)")"
}

@test "a RoCE device hangs below its function, with device nodes" {
	local node

	[ -d "$pci/$(vf 0 0)/infiniband/roce0" ]
	node=$(ls "$pci/$(vf 0 0)/infiniband_verbs")
	within 5 test -c "/dev/infiniband/$node"
	[ "$(cat "$pci/$(vf 0 0)/infiniband/roce0/ports/1/link_layer")" = Ethernet ]
	[[ $(rdma link show roce0/1) == *" netdev $(netdev "$(vf 0 0)") "* ]]
}

@test "in shared mode every namespace sees it, and it cannot be moved" {
	[[ $(rdma system) == 'netns shared '* ]]
	has_rdma pod1 roce0
	run rdma dev set roce0 netns pod1
	[ "$status" != 0 ]
}

@test "in exclusive mode it moves to a pod with its interface, and back" {
	local name
	name=$(netdev "$(vf 0 0)")

	netns_mode exclusive
	run has_rdma pod1 roce0
	[ "$status" != 0 ]
	rdma dev set roce0 netns pod1
	ip link set "$name" netns pod1 name net1
	run has_rdma '' roce0
	[ "$status" != 0 ]
	has_rdma '' roce1
	[[ $(inside pod1 rdma link show roce0/1) == *' netdev net1 '* ]]
	carrier pod1 net1
	[[ $(inside pod1 rdma link show roce0/1) == *' state ACTIVE '* ]]

	rdma_home roce0 pod1
	has_rdma '' roce0
	ip -n pod1 link set net1 netns 1 name "$name"
	[[ $(rdma link show roce0/1) == *" netdev $name "* ]]
}

@test "it comes home when its namespace dies" {
	netns_mode exclusive
	rdma dev set roce1 netns pod2
	run has_rdma '' roce1
	[ "$status" != 0 ]
	ip netns del pod2
	within 20 has_rdma '' roce1
	netns_mode shared
}

@test "it goes with its function" {
	has_rdma '' roce0
	no_vfs 0
	within 20 no_rdma
}

no_rdma() {
	[ -z "$(rdma dev)" ]
}
