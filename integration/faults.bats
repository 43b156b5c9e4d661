# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2034
# The fault sweep of macvlan, dual stack and routes.
bats_require_minimum_version 1.5.0
load lib.bash
load faults.bash

plugin=macvlan

setup() {
	fabric
	sweepable
	config=$(conf .)
}

@test "every system call of ADD fails" {
	sweep_add fail_at ENOBUFS
}

@test "every system call of ADD is interrupted" {
	sweep_add fail_at EINTR
}

@test "every system call of the first ADD of a pool fails" {
	trace_add
	cold() {
		rm -rf /var/lib/cni/*
		fail_at "$@"
	}
	rm -rf /var/lib/cni/*
	sweep cold ENOSPC
}

# bats test_tags=kill
@test "ADD is killed at every system call" {
	sweep_add kill_at
}

# bats test_tags=kill
@test "the first ADD of a pool is killed at every system call" {
	trace_add
	kill_cold() {
		rm -rf /var/lib/cni/*
		kill_at "$@"
	}
	rm -rf /var/lib/cni/*
	sweep kill_cold
}

@test "every system call of DEL fails" {
	sweep_del fail_del_at
}

# bats test_tags=kill
@test "DEL is killed at every system call" {
	sweep_del kill_del_at
}
