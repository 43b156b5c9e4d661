# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2034
# The fault sweep of ipoib: at every system call that it acts by, the call fails or the process is
# killed. No child is left in any namespace, and no lease.
bats_require_minimum_version 1.5.0
load ipoib.bash
load ../faults.bash

plugin=ipoib

setup() {
	fabric
	sweepable
	config=$(conf .)
}

fabric() {
	lab_begins
	rm -rf /var/lib/cni/*
}

no_fabric() {
	local name

	for name in pod1 pod2; do
		empty "$name"
		ip netns del "$name"
	done
	for name in $(children); do
		ip link del "$name"
	done
}

@test "every system call of ADD fails" {
	sweep_add fail_at ENOBUFS
}

@test "ADD is killed at every system call" {
	sweep_add kill_at
}

@test "every system call of DEL fails" {
	sweep_del fail_del_at
}

@test "DEL is killed at every system call" {
	sweep_del kill_del_at
}
