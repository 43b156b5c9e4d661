# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the suites of host-device and its dialects share in the lab, on top of lab.bash.
# shellcheck disable=SC2154 # lib.bash, bats

load lab.bash

# The executable is one: its name decides. As they are installed.
plugin_links() {
	ln -sf host-device "$plugins/sriov"
	ln -sf host-device "$plugins/ib-sriov"
}

# vconf TYPE ADDRESS [MEMBERS]: a configuration for a function, with further members. No jq: see README.md.
vconf() {
	printf '{"cniVersion": "1.1.0", "name": "rail", "type": "%s", "deviceID": "%s"%s,
		"ipam": {"type": "pool", "ranges": [[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}]]}}' "$1" "$2" "${3:+, $3}"
}

# add POD TYPE ADDRESS [MEMBERS]; del and refuse likewise, with a code and a pattern for the latter.
add() {
	cni ADD "$2" CNI_CONTAINERID="$1" CNI_NETNS="/run/netns/$1" <<<"$(vconf "${@:2}")"
	succeeds
}

del() {
	cni DEL "$2" CNI_CONTAINERID="$1" CNI_NETNS="/run/netns/$1" <<<"$(vconf "${@:2}")"
	succeeds_silently
}

# refuse CODE PATTERN TYPE ADDRESS [MEMBERS]: ADD fails, and nothing has changed.
refuse() {
	kept "$4"
	cni ADD "$3" <<<"$(vconf "${@:3}")"
	[[ $status = 1 && $output == *"\"code\": $1,"*$2* ]] || fail "expected code $1 and: $2"
	given_back "$4"
}

# whole ADDRESS: a function as the host has it: interface, settings, RDMA device.
whole() {
	local name pf link

	name=$(netdev "$1")
	echo "driver $(driver "$1"), interface $name, RDMA $(ls "$pci/$1/infiniband" 2>/dev/null || :)"
	[ -z "$name" ] || attributes '' "$name" | mask
	[ -e "$pci/$1/physfn" ] || return 0
	pf=$(netdev "$(basename "$(readlink "$pci/$1/physfn")")")
	for link in "$pci/$1"/physfn/virtfn*; do
		[ "$(basename "$(readlink "$link")")" != "$1" ] ||
			ip -d link show dev "$pf" | grep "^ *vf ${link##*virtfn} "
	done
}

# An IPoIB address begins with a queue pair's number, which is new each time.
mask() {
	sed -E 's/infiniband ([0-9a-f]{2}:){4}/infiniband QP:/'
}

kept() {
	whole "$1" >"$BATS_TEST_TMPDIR/$1"
}

# given_back ADDRESS: as kept found it, nothing remembered, nothing leased.
given_back() {
	whole "$1" >"$BATS_TEST_TMPDIR/$1.now"
	diff "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_TMPDIR/$1.now" || fail "$1 is not as it was"
	[ -z "$(find /var/lib/cni/fabric-cni/host-device -type f -size +0 2>/dev/null)" ] ||
		fail 'something is remembered'
}

# in_pod POD WORDS...: each is in what ip says about net1.
in_pod() {
	local seen words

	seen=$(ip -n "$1" -d -o addr show dev net1)$(ip -n "$1" -d -o link show dev net1)
	for words in "${@:2}"; do
		[[ $seen == *"$words"* ]] || fail "expected of $1: $words; it is: $seen"
	done
}
