# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Every HostDeviceNetwork that operators render, and what documents tell to write by hand: as Multus hands
# it over, with the effect that it is to have.
bats_require_minimum_version 1.5.0
load lib.bash
load hostdevice.bash

setup() {
	fabric
	device
	kept
	for type in nv-ipam whereabouts; do
		ln -sf fake /run/fake/$type
	done
	export FAKE_STDIN=/run/asked
	rm -f /run/asked
	bus '{"pci/0000:3b:00.2": {"driver": "mlx5_core", "net": {"eth5": {"dev_port": "0"}}},
		"auxiliary/mlx5_core.sf.2": {"net": {"eth5": {"dev_port": "0"}}}}'
}

teardown() {
	no_bus
	no_device
	no_fabric
}

# rendered FILE [ID]: what Multus adds is in every member of a list.
rendered() {
	jq -c --arg id "${2:-}" 'def hand: if $id == "" then . else .deviceID = $id | .pciBusID = $id end;
		if .plugins then .plugins[] |= hand else hand end' "$BATS_TEST_DIRNAME/../testdata/networks/$1.json"
}

# serves CONF [ADDRESS]: ADD and DEL of a single configuration; the IPAM was asked what it says.
serves() {
	cni ADD host-device <<<"$1"
	succeeds
	link pod1 net1 '(.flags | index("UP")) and .address == "02:00:00:00:05:05" and .mtu == 1400'
	json '.interfaces[0].name == "net1" and .interfaces[0].sandbox == "/run/netns/pod1"'
	if [ -n "${2:-}" ]; then
		json ".ips[0].address == \"$2\""
		link pod1 net1 "any(.addr_info[]; .local == \"${2%/*}\")"
		[ "$(jq -c .ipam <<<"$1")" = "$(jq -c .ipam /run/asked)" ]
	else
		[ ! -e /run/asked ]
		link pod1 net1 'all(.addr_info[]; .scope == "link")'
	fi
	cni DEL host-device <<<"$1"
	succeeds_silently
	given_back
}

@test "with nv-ipam, with whereabouts, without an IPAM" {
	serves "$(rendered H1 0000:3b:00.2)" 10.1.0.77/24
	serves "$(rendered H2 0000:3b:00.2)" 10.1.0.77/24
	rm -f /run/asked
	serves "$(rendered H3 0000:3b:00.2)"
	# Keys sorted, as Multus does; and a scalable function.
	serves "$(rendered multus1)" 10.1.0.77/24
	serves "$(rendered multus1 mlx5_core.sf.2)" 10.1.0.77/24
}

@test "a pod that does not request the resource: nothing is injected, and no address is asked for" {
	cni ADD host-device <<<"$(rendered H1)"
	fails 7 'specify either "device"'
	json '.details | test("k8s.v1.cni.cncf.io/resourceName")'
	[ ! -e /run/asked ]
	cni DEL host-device <<<"$(rendered H1)"
	succeeds_silently
	given_back
}

@test "a device by name, with the slot number of a shared device plugin and without" {
	ip link property add dev eth5 altname ens1f0
	kept
	serves "$(rendered multus3)"
	# Multus fills in the name.
	serves "$(rendered published | jq -c '.name = "rdma-net"')"
}

# The members tuning and sbr are those of Debian.
@test "a list with tuning and sbr" {
	[ -x /usr/lib/cni/sbr ] || cannot_run 'containernetworking-plugins is not installed'
	mkdir -p /run/net.d
	rendered H4 0000:3b:00.2 >/run/net.d/10-rail0.conflist
	cnitool add
	link pod1 net1 'any(.addr_info[]; .local == "10.1.0.77")'
	[ "$(inside pod1 cat /proc/sys/net/ipv4/conf/net1/arp_ignore)" = 1 ]
	[[ $(ip -n pod1 rule) == *'from 10.1.0.77 lookup 100'* ]]
	cnitool del
	given_back
}

cnitool() {
	status=0
	output=$(NETCONFPATH=/run/net.d CNI_PATH=$plugins:/run/fake:/usr/lib/cni CNI_IFNAME=net1 timeout 60 \
		"$plugins/cnitool" "$1" rail0 /run/netns/pod1 2>&1) || status=$?
	succeeds
}
