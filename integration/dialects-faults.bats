# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2086,SC2154,SC2317
# The fault sweep of the host-local dialect, dual stack, with leases of host-local itself in the directory.
# Compared are the store and the files, which must agree, and none of which may be empty.
bats_require_minimum_version 1.5.0
load lib.bash
load faults.bash
load dialects.bash

plugin=host-local

setup() {
	fabric
	dialects
	sweepable
	config=$(hostlocal .)
	forget
}

# Only what the other IPAM has leased is there before and after: files and store must say so.
state() {
	lease_files
	leases
}

forget() {
	rm -rf /var/lib/cni/*
	occupy 10.1.0.2 other net1
	occupy fd00:1::2 other net1
	# The first call of ours takes them over.
	cni DEL host-local CNI_CONTAINERID=unknown <<<"$config"
	succeeds
	state >/run/before
}

@test "every system call of ADD fails" {
	sweep_add fail_at ENOSPC
}

@test "every system call of an ADD that takes a directory over fails" {
	cold() {
		rm -rf /var/lib/cni/networks/.fabric-cni
		fail_at "$@"
	}
	# There is no store where it could not be made.
	state() {
		lease_files
	}
	from='^flock$'
	trace_add
	sweep cold EIO
}

# bats test_tags=kill
@test "an ADD that takes a directory over is killed at every system call" {
	cold() {
		rm -rf /var/lib/cni/networks/.fabric-cni
		kill_at "$@"
	}
	from='^flock$'
	trace_add
	sweep cold
}

@test "every system call of DEL fails" {
	sweep_del fail_del_at
}

# bats test_tags=kill
@test "DEL is killed at every system call" {
	sweep_del kill_del_at
}

# An ADD that is killed leaves whole files or none: host-local never gives an address back whose file is
# empty.
# bats test_tags=kill
@test "ADD is killed at every system call and no file is empty" {
	kill_only() {
		traced ADD -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2"
		[ -z "$(find $networks/rail0 -name '[0-9a-f]*[.:]*' -empty)" ] ||
			echo "--- ADD killed at $1 $2: an empty file" >>/run/failures
		undo "DEL after ADD was killed at $1 $2"
		expect "ADD killed at $1 $2"
	}
	sweep_add kill_only
}
