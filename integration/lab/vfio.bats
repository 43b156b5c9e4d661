# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Functions that belong to user space: VFIO behind an emulated IOMMU.
# lab: iommu
bats_require_minimum_version 1.5.0
load sriov.bash

setup_file() {
	make_vfs 2 0
	modprobe vfio-pci
	plugin_links
}

@test "a virtual function is bound to vfio-pci, has no interface, and returns" {
	local address group
	address=$(vf 0 0)

	group=$(basename "$(readlink "$pci/$address/iommu_group")")
	[ ! -e "/dev/vfio/$group" ]
	bind "$address" vfio-pci
	[ -c "/dev/vfio/$group" ]
	[ -z "$(netdev "$address")" ]
	# The other one does not notice.
	[ "$(driver "$(vf 1 0)")" = igbvf ]

	bind "$address" ''
	within 20 has_netdev "$address"
	[ "$(driver "$address")" = igbvf ]
	[ ! -e "/dev/vfio/$group" ]
}

@test "settings through the physical function reach it there, too" {
	bind "$(vf 0 0)" vfio-pci
	ip link set "$(netdev "$(card 0)")" vf 0 mac 02:11:22:33:44:66 vlan 9
	vf_info "$(netdev "$(card 0)")" 0 'link/ether 02:11:22:33:44:66 ' 'vlan 9,'
}

@test "the plugins give it to a pod: settings and addresses, and no interface" {
	local a promised settings='"mac": "02:00:00:00:00:77", "vlan": 42'

	a=$(vf 0 0)
	bind "$a" vfio-pci
	kept "$a"
	add pod1 sriov "$a" "$settings"
	promised=$output
	json ".interfaces == [{name: \"net1\", mac: \"02:00:00:00:00:77\", sandbox: \"/run/netns/pod1\", pciID: \"$a\"}]"
	json '[.ips[].address] == ["10.1.0.2/24"]'
	no_link pod1 net1
	vf_info "$(netdev "$(card 0)")" 0 'link/ether 02:00:00:00:00:77 ' 'vlan 42,'
	cni CHECK sriov <<<"$(with_result "$(vconf sriov "$a" "$settings")" "$promised")"
	succeeds_silently
	cni ADD host-device CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(vconf host-device "$a")"
	fails 11 "$a is claimed by container pod1"
	# Nothing of it ends with the namespace.
	ip netns del pod1
	cni DEL sriov CNI_NETNS= <<<"$(vconf sriov "$a" "$settings")"
	succeeds_silently
	given_back "$a"
	[ "$(driver "$a")" = vfio-pci ]

	add pod2 host-device "$a"
	json ".interfaces == [{name: \"net1\", sandbox: \"/run/netns/pod2\", pciID: \"$a\"}]"
	del pod2 host-device "$a"
	given_back "$a"
	[ -z "$(leases)" ]
	bind "$a" ''
}
