# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154
# RDMA devices below virtual functions: exclusive and shared mode, moves, and dying namespaces.
bats_require_minimum_version 1.5.0
load sriov.bash
load ../faults.bash

setup_file() {
	make_vfs 2 0
	plugin_links
	rdma_below roce0 "$(netdev "$(vf 0 0)")"
	rdma_below roce1 "$(netdev "$(vf 1 0)")"
}

setup() {
	lab_begins
	rm -rf /var/lib/cni/*
	a=$(vf 0 0)
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

# --- host-device, sriov, and the chained rdma ----------------------------------------------------

no_rdma_of_host() {
	! has_rdma '' "$1"
}

@test "in shared mode the plugins leave it alone; the chained rdma says why it cannot" {
	local chained

	kept "$a"
	add pod1 host-device "$a"
	has_rdma '' roce0
	chained=$(with_result "$(printf '{"cniVersion": "1.1.0", "name": "rail", "type": "rdma", "deviceID": "%s"}' "$a")" "$output")
	cni ADD rdma <<<"$chained"
	fails 7 'shared mode'
	cni DEL rdma <<<"$chained"
	succeeds_silently
	del pod1 host-device "$a"
	given_back "$a"
}

@test "in exclusive mode it goes with its interface, under any name, and comes back" {
	local type

	netns_mode exclusive
	kept "$a"
	for type in host-device sriov; do
		add pod1 $type "$a"
		no_rdma_of_host roce0
		[[ $(inside pod1 rdma link show roce0/1) == *' netdev net1 '* ]]
		[ $type = sriov ] || inside pod1 rdma dev set roce0 name other
		del pod1 $type "$a"
		given_back "$a"
		has_rdma '' roce0
	done
	# The namespace dies: with DEL, and without.
	add pod1 host-device "$a"
	ip netns del pod1
	cni DEL host-device CNI_NETNS= <<<"$(vconf host-device "$a")"
	succeeds_silently
	given_back "$a"
	has_rdma '' roce0
	ip netns add pod1
	add pod1 host-device "$a"
	ip netns del pod1
	add pod2 sriov "$a"
	has_rdma pod2 roce0
	del pod2 sriov "$a"
	given_back "$a"
	has_rdma '' roce0
	netns_mode shared
}

@test "an ADD that fails afterwards brings it back" {
	netns_mode exclusive
	kept "$a"
	refuse 7 'nope' host-device "$a" '"mtu": 1400' '"ipam": {"type": "nope"}'
	given_back "$a"
	has_rdma '' roce0
	netns_mode shared
}

@test "lists with rdma as they are rendered" {
	local name conf

	any_ipam
	netns_mode exclusive
	kept "$a"
	for name in S2 hand6; do
		conf=$(rendered $name "$a")
		run_network add "$conf"
		in_pod pod1 'inet 10.1.0.77/24' ',UP'
		has_rdma pod1 roce0
		run_network del "$conf"
		given_back "$a"
		has_rdma '' roce0
	done
	netns_mode shared
}

# behind_another: somebody else's plugin has moved the interface alone.
behind_another() {
	netns_mode exclusive
	ip link set "$(netdev "$a")" netns pod1 name net1
	plugin=rdma
	config=$(printf '{"cniVersion": "1.1.0", "name": "rail", "type": "rdma", "deviceID": "%s", "args": {"cni": {"debug": true,
		"rdmaDeviceName": "rdma_rail1"}}, "prevResult": {"cniVersion": "1.1.0", "interfaces":
		[{"name": "net1", "sandbox": "/run/netns/pod1"}]}}' "$a")
}

# before_us NAME
before_us() {
	ip -n pod1 link set net1 down
	ip -n pod1 link set net1 netns 1 name "$1"
	netns_mode shared
}

@test "rdma moves it alone, under the name that was asked for, and returns it" {
	local name

	name=$(netdev "$a")
	behind_another
	cni ADD rdma <<<"$config"
	succeeds
	json '.interfaces == [{name: "net1", sandbox: "/run/netns/pod1"}]'
	has_rdma pod1 rdma_rail1
	cni CHECK rdma <<<"$(with_result "$config" "$output")"
	succeeds_silently
	cni DEL rdma <<<"$config"
	succeeds_silently
	has_rdma '' roce0
	# DEL never comes: GC. Its driver has no traffic class any more to be put back.
	cni ADD rdma <<<"$config"
	succeeds
	sed -i '1s/{/{"trafficClass": 96,/' /var/lib/cni/fabric-cni/rdma/*.json
	cni GC rdma <<<"$(jq -c '."cni.dev/valid-attachments" = []' <<<"$config")"
	succeeds_silently
	has_rdma '' roce0
	before_us "$name"
}

@test "the next ADD of rdma ends what a dead namespace had: a late DEL has nothing to do" {
	local name conf

	name=$(netdev "$a")
	behind_another
	cni ADD rdma <<<"$config"
	succeeds
	ip netns del pod1
	within 20 has_netdev "$a"
	within 20 has_rdma '' rdma_rail1
	ip link set "$(netdev "$a")" netns pod2 name net1
	conf=${config//pod1/pod2}
	cni ADD rdma CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$conf"
	succeeds
	cni DEL rdma CNI_NETNS= <<<"$config"
	succeeds_silently
	has_rdma pod2 rdma_rail1
	cni DEL rdma CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$conf"
	succeeds_silently
	[ -z "$(ls -A /var/lib/cni/fabric-cni/rdma)" ]
	has_rdma '' roce0
	ip -n pod2 link set net1 down
	ip -n pod2 link set net1 netns 1 name "$name"
	netns_mode shared
}

# What a sweep compares.
state() {
	rdma dev | sed 's/^[0-9]*: //'
	inside pod1 rdma dev
	find /var/lib/cni/fabric-cni/rdma -type f 2>/dev/null || :
}

forget() {
	has_rdma '' roce0 || rdma_home rdma_rail1 pod1 || rdma_home roce0 pod1 || :
	rm -rf /var/lib/cni/fabric-cni/rdma
	state >/run/before
}

@test "rdma is killed before every change, of ADD and of DEL: the next DEL brings it back" {
	local name from=^socket$ changing='^(socket|setns|sendto|recvfrom|write|fsync|rename|unlink|exit_group)$'

	name=$(netdev "$a")
	sweepable
	behind_another
	sweep_add kill_at
	sweep_del kill_del_at
	before_us "$name"
}

@test "it goes with its function" {
	has_rdma '' roce0
	no_vfs 0
	within 20 no_rdma
}

no_rdma() {
	[ -z "$(rdma dev)" ]
}
