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

pool='"ipam": {"type": "pool", "ranges": [[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}]]}'

# vconf TYPE ADDRESS [MEMBERS [IPAM]]: a configuration for a function, with further members. No jq: see README.md.
vconf() {
	printf '{"cniVersion": "1.1.0", "name": "rail", "type": "%s", "deviceID": "%s"%s, %s}' "$1" "$2" \
		"${3:+, $3}" "${4:-$pool}"
}

# add POD TYPE ADDRESS [MEMBERS]; del likewise.
add() {
	cni ADD "$2" CNI_CONTAINERID="$1" CNI_NETNS="/run/netns/$1" <<<"$(vconf "${@:2}")"
	succeeds
}

del() {
	cni DEL "$2" CNI_CONTAINERID="$1" CNI_NETNS="/run/netns/$1" <<<"$(vconf "${@:2}")"
	succeeds_silently
}

# refuse CODE PATTERN TYPE ADDRESS [MEMBERS [IPAM]]: ADD fails and remembers nothing; that nothing has changed is for
# the end of the test.
refuse() {
	cni ADD "$3" <<<"$(vconf "${@:3}")"
	[[ $status = 1 && $output == *"\"code\": $1,"*$2* ]] || fail "expected code $1 and: $2"
	nothing_remembered
}

nothing_remembered() {
	local file

	for file in /var/lib/cni/fabric-cni/host-device/*; do
		[ ! -s "$file" ] || fail "something is remembered: $file"
	done
}

# whole ADDRESS: a function as the host has it: interface, settings, RDMA device.
whole() {
	local name pf link

	name=$(netdev "$1")
	echo "driver $(driver "$1"), interface $name, RDMA" "$pci/$1/infiniband"/*
	[ -z "$name" ] || attributes '' "$name" | mask
	[ -e "$pci/$1/physfn" ] || return 0
	pf=("$pci/$1/physfn/net"/*)
	for link in "$pci/$1"/physfn/virtfn*; do
		[[ ! $link -ef $pci/$1 ]] || ip -d link show dev "${pf##*/}" | grep "^ *vf ${link##*virtfn} "
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
	nothing_remembered
}

# in_pod POD WORDS...: each is in what ip says about net1.
in_pod() {
	local seen words

	seen=$(ip -n "$1" -d -o addr show dev net1)$(ip -n "$1" -d -o link show dev net1)
	for words in "${@:2}"; do
		[[ $seen == *"$words"* ]] || fail "expected of $1: $words; it is: $seen"
	done
}

# dress LINK: everything that a device can have, and that DEL is to restore.
dress() {
	ip -batch - <<-END
	link set $1 mtu 1400 txqueuelen 77 alias home
	link property add dev $1 altname enp5s0f0np0
	link set $1 up
	addr add 10.5.0.2/24 dev $1
	addr add fd05::2/64 dev $1 nodad
	route add 10.55.0.0/16 via 10.5.0.1 metric 7
	route add fd55::/32 via fd05::1 metric 9
	END
}

# rendered FILE ADDRESS [FILTER]: a configuration of testdata/networks as Multus hands it over: the device is in
# every member, and the pod's wishes with it.
rendered() {
	jq -c --arg id "$2" "def hand: .deviceID = \$id | .pciBusID = \$id | ${3:-.};
		if .plugins then .plugins[] |= hand else hand end" "$BATS_TEST_DIRNAME/../../testdata/networks/$1.json"
}

# Any IPAM plugin that a configuration may name answers 10.1.0.77/24 and keeps what it was asked.
any_ipam() {
	local type

	for type in nv-ipam whereabouts host-local; do
		ln -sf fake "/run/fake/$type"
	done
	export FAKE_STDIN=/run/asked
}

# run_network add|del CONF: a list or a single configuration, through cnitool, as net1 of pod1.
run_network() {
	local kind=conf name

	[[ $2 != *'"plugins"'* ]] || kind=conflist
	name=${2#*\"name\":\"}
	mkdir -p /run/net.d
	rm -f /run/net.d/*
	echo "$2" >"/run/net.d/10-net.$kind"
	NETCONFPATH=/run/net.d CNI_PATH=$plugins:/run/fake CNI_IFNAME=net1 captured timeout 60 \
		"$plugins/cnitool" "$1" "${name%%\"*}" /run/netns/pod1
	succeeds
}
