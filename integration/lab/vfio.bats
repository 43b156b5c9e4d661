# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Functions that belong to user space: VFIO behind an emulated IOMMU.
# lab: iommu
bats_require_minimum_version 1.5.0
load lab.bash

setup_file() {
	make_vfs 2 0
	modprobe vfio-pci
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
