# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the suites of the ipoib plugin share: ib0 and ib1 are the ports of two adapters on one fabric,
# made once per file.

load lab.bash

# shellcheck disable=SC2034 # lib.bash
standard='.name = "ibnet" | .type = "ipoib" | .master = "ib0" | del(.mode)'

setup_file() {
	make_hcas 2 pkeys=0xffff,0x8001,0x8002,0x0003
}

teardown_file() {
	no_hcas
}

setup() {
	lab_begins
	rm -rf /var/lib/cni/*
}

# Interfaces on InfiniBand outlive their namespace: a test that leaves one does so on purpose.
teardown() {
	local name

	for name in pod1 pod2; do
		empty "$name"
	done
	lab_ends
	no_children
}

# empty POD: what a namespace of a pod has of InfiniBand.
empty() {
	local link

	[ -e "/run/netns/$1" ] || return 0
	for link in $(ip -n "$1" -j link show type ipoib | jq -r '.[].ifname // empty'); do
		ip -n "$1" link del "$link"
	done
}

# children: the ones on the host.
children() {
	ip -o link show type ipoib | sed -n 's/^[0-9]*: \([^@:]*\)@.*/\1/p'
}

no_children() {
	[ -z "$(children)" ] || fail "a child was left on the host: $(children)"
}

# add FILTER [NAME=VALUE]...: a successful ADD.
add() {
	cni ADD ipoib "${@:2}" <<<"$(conf "$1")"
	succeeds
}

del() {
	cni DEL ipoib "${@:2}" <<<"$(conf "$1")"
	succeeds_silently
}

# attach POD FILTER: net1 of a pod, with carrier; prints its IPv4 and IPv6 address.
attach() {
	add "$2" "CNI_CONTAINERID=$1" "CNI_NETNS=/run/netns/$1"
	within 20 has_carrier "$1" net1
	jq -r '[.ips[].address | split("/")[0]] | join(" ")' <<<"$output"
}

# strand POD: the namespace dies, and the kernel brings what was in it to the host.
strand() {
	local before
	before=$(children)

	ip netns del "$1"
	within 20 stranded "$before"
}

stranded() {
	[ "$(children)" != "$1" ]
}
