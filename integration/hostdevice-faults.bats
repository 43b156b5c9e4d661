# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2034
# The fault sweep of host-device: the device is in the host under its name with all attributes, or DEL
# brings it there.
bats_require_minimum_version 1.5.0
load lib.bash
load faults.bash
load hostdevice.bash

plugin=host-device from='^ioctl$'

# Killed at its entry, a call has not happened: the points between two changes are one.
changes='^(sendto|openat|write|pwrite64|fsync|rename|unlink|ftruncate|mkdir|fallocate|exit_group)$'

setup() {
	fabric
	device
	sweepable
	config=$(hconf '.mtu = 1300 | .mac = "02:00:00:00:00:77"')
}

teardown() {
	no_device
	no_fabric
}

state() {
	home
	ip -n pod1 -o -d addr show
	leases
	claims
}

forget() {
	no_device
	no_fabric
	fabric
	device
	state >/run/before
}

@test "every system call of ADD fails" {
	sweep_add fail_at ENOBUFS
}

# bats test_tags=kill
@test "ADD is killed before every change" {
	from=^flock$ changing=$changes
	sweep_add kill_at
}

@test "every system call of DEL fails" {
	sweep_del fail_del_at
}

# bats test_tags=kill
@test "DEL is killed before every change" {
	from=^flock$ changing=$changes
	sweep_del kill_del_at
}

@test "GC that cannot enter the pod's namespace forgets nothing" {
	home >/run/before
	cni ADD host-device <<<"$config"
	succeeds
	config=$(jq -c '."cni.dev/valid-attachments" = []' <<<"$config")
	traced GC -o /dev/null -e trace=setns -e inject=setns:error=ENOMEM:when=1
	fails 999 'Cannot allocate memory'
	[ -n "$(claims)" ]
	link pod1 net1 '.operstate != "DOWN"'
	cni GC host-device -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$config"
	succeeds_silently
	home | diff /run/before - || fail 'the device is not as it was'
}
