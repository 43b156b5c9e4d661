# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2034
# What the tests of host-device share: beside the fabric there is
#
#	eth5		the device: a veth with everything set that a device can have, up, with addresses
#			and routes
#
# and a description of it that does not depend on its index.

# shellcheck disable=SC2034 # for the tests
devices=/var/lib/cni/fabric-cni/host-device

device() {
	ip -batch - <<-'END'
	link add name eth5 type veth peer name far5
	link set far5 addrgenmode none
	link set eth5 addrgenmode none address 02:00:00:00:05:05 mtu 1400 txqueuelen 77 alias home
	link property add dev eth5 altname enp5s0f0np0
	link set far5 up
	link set eth5 up
	addr add 10.5.0.2/24 dev eth5 label eth5:a
	addr add 10.5.1.2/32 dev eth5
	addr add fd05::2/64 dev eth5 nodad
	route add 10.55.0.0/16 via 10.5.0.1 metric 7 src 10.5.1.2 mtu 1300
	route add 10.56.0.0/16 dev eth5 table 77
	route add fd55::/32 via fd05::1 metric 9
	END
	within 5 device_is_up
}

device_is_up() {
	[[ $(ip -o link show eth5) == *' state UP '* ]]
}

no_device() {
	local file

	for file in /run/netns/*; do
		ip -n "${file##*/}" link del net1 2>/dev/null || :
	done
	ip link del far5 2>/dev/null || :
}

# home: all that is to be as before, in this namespace; not what the kernel tells a little later.
home() {
	links | sed 's/^[0-9]*: //; s/@if[0-9]*:/:/; s/@far5:/:/; s/ qdisc [a-z]*//; s/ state [A-Z]*//; s/NO-CARRIER,//
		s/,LOWER_UP//; s/ linkdown//' | grep -v 'far5' | sort
}

# claims: what host-device remembers; the empty files of free devices aside.
claims() {
	find "$devices" -type f -size +0 2>/dev/null | sort || :
}

# hconf FILTER: the standard configuration as host-device's, with a jq filter applied.
hconf() {
	conf '.name = "rail5" | .type = "host-device" | .device = "eth5" | del(.master, .mode) | '"$1"
}

# kept; ...; given_back: the host is as it was, nothing is remembered, nothing leased, the pod empty.
kept() {
	home >"$BATS_TEST_TMPDIR/home"
}

given_back() {
	home >"$BATS_TEST_TMPDIR/home.now"
	diff "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/home.now" || fail 'the host is not as it was'
	[ -z "$(claims)" ] || fail "something is remembered: $(claims)"
	[ -z "$(leases)" ] || fail "something is leased: $(leases)"
	[ ! -e /run/netns/pod1 ] || no_link pod1 net1
}

# bus DEVICES: a sysfs with this jq description: {"pci/0000:3b:00.2": {driver, net: {NAME: {FILE: TEXT}}}}
bus() {
	mkdir -p /run/bus
	jq -r 'to_entries[] | .key as $device
		| "mkdir -p /run/bus/\($device | sub("/"; "/devices/"))",
		  (.value.driver // empty | "mkdir -p /run/bus/drivers/\(.)
			ln -s /run/bus/drivers/\(.) /run/bus/\($device | sub("/"; "/devices/"))/driver"),
		  (.value | paths(type == "string") as $p | select($p[0] != "driver")
			| "mkdir -p \"/run/bus/\($device | sub("/"; "/devices/"))/\($p[:-1] | join("/"))\"
			echo \(getpath($p)) >\"/run/bus/\($device | sub("/"; "/devices/"))/\($p | join("/"))\"")
		' <<<"$1" | sh
	mount --bind /run/bus /sys/bus
}

no_bus() {
	umount /sys/bus
	rm -rf /run/bus
}
