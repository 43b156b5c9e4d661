# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# macvlan after ADD: CHECK, DEL, GC, STATUS, VERSION.
bats_require_minimum_version 1.5.0
load lib.bash

# attach: ADD, and from then on $checked is what CHECK gets.
attach() {
	cni ADD macvlan <<<"$(conf "${1:-.}")"
	succeeds
	checked=$(with_result "$(conf "${1:-.}")" "$output")
}

check() {
	cni CHECK macvlan <<<"$checked"
}

# --- CHECK ---------------------------------------------------------------------------------------

@test "CHECK finds everything as ADD promised" {
	for version in 0.4.0 1.0.0 1.1.0; do
		attach ".cniVersion = \"$version\" | .mtu = 1400 | .mac = \"02:00:00:aa:00:01\""
		check
		succeeds_silently
		cni DEL macvlan <<<"$checked"
		succeeds_silently
	done
}

@test "CHECK: layer 2" {
	attach '.ipam = {}'
	check
	succeeds_silently
}

@test "CHECK: routes with table and metric" {
	attach '.ipam.routes = [{dst: "10.8.0.0/16", table: 100, priority: 5}, {dst: "::/0", mtu: 1400}]'
	check
	succeeds_silently
	ip -n pod1 route del 10.8.0.0/16 table 100
	check
	fails 999 10.8.0.0/16
}

@test "CHECK tolerates what later plugins add" {
	attach
	ip -n pod1 addr add 192.0.2.9/24 dev net1
	ip -n pod1 route add 203.0.113.0/24 via 10.1.0.1
	check
	succeeds_silently
}

# broken REGEX COMMAND...: after the command CHECK fails and names the thing.
broken() {
	attach "${filter:-.}"
	"${@:2}"
	check
	fails 999 "$1"
}

@test "CHECK: the mode was changed" {
	broken 'net1.*mode.*bridge' ip -n pod1 link set net1 type macvlan mode private
}

@test "CHECK: the mac was changed" {
	broken '02:00:00:aa:00:99' ip -n pod1 link set net1 address 02:00:00:aa:00:99
}

@test "CHECK: the mtu was changed" {
	broken '1300' ip -n pod1 link set net1 mtu 1300
}

@test "CHECK: the configured mtu was changed" {
	filter='.mtu = 1400 | .cniVersion = "1.0.0"' broken '1300' ip -n pod1 link set net1 mtu 1300
}

@test "CHECK: the IPv4 address was removed" {
	broken '10.1.0.2/24' ip -n pod1 addr del 10.1.0.2/24 dev net1
}

@test "CHECK: the IPv6 address was removed" {
	broken 'fd00:1::2/64' ip -n pod1 addr del fd00:1::2/64 dev net1
}

@test "CHECK: the prefix of an address was changed" {
	attach
	ip -n pod1 addr del 10.1.0.2/24 dev net1
	ip -n pod1 addr add 10.1.0.2/16 dev net1
	ip -n pod1 route add 10.7.0.0/16 via 10.1.0.1
	check
	fails 999 '10.1.0.2/24'
}

@test "CHECK: the IPv4 route was removed" {
	broken '10.7.0.0/16' ip -n pod1 route del 10.7.0.0/16
}

@test "CHECK: the IPv6 route was removed" {
	broken 'fd07::/32' ip -n pod1 route del fd07::/32
}

@test "CHECK: a route has another gateway" {
	broken '10.7.0.0/16' ip -n pod1 route replace 10.7.0.0/16 via 10.1.0.9
}

@test "CHECK: the link is down" {
	broken 'net1' ip -n pod1 link set net1 down
}

@test "CHECK: the link is gone" {
	broken 'net1' ip -n pod1 link del net1
}

@test "CHECK: another kind of link has the name" {
	attach '.ipam = {}'
	ip -n pod1 link del net1
	ip -n pod1 link add name net1 type veth peer name other
	check
	fails 999 'net1.*veth|macvlan'
}

@test "CHECK: the parent is another link" {
	attach '.ipam = {}'
	ip link add name rail1 type veth peer name rail1-port
	ip -n pod1 link del net1
	mac=$(jq -r '.prevResult.interfaces[0].mac' <<<"$checked")
	ip link add link rail1 name net1 address "$mac" netns pod1 type macvlan mode bridge
	ip -n pod1 link set net1 up
	check
	ip link del rail1
	fails 999 'rail0'
}

@test "CHECK: the master is gone" {
	attach
	ip link del rail0
	check
	[ "$status" = 1 ]
	json '.msg | test("rail0|net1")'
}

@test "CHECK: the lease is gone" {
	attach
	cni DEL pool <<<"$(conf .)"
	succeeds_silently
	check
	fails 999 'pod1.*net1.*rail0'
}

@test "CHECK: the result names another sandbox, or not the interface" {
	attach '.ipam = {}'
	checked=$(jq -c '.prevResult.interfaces[0].sandbox = "/run/netns/pod2"' <<<"$checked")
	check
	[ "$status" = 1 ]
	json '.msg | test("/run/netns/pod1")'
	checked=$(jq -c '.prevResult.interfaces = []' <<<"$checked")
	check
	[ "$status" = 1 ]
	json '.msg | test("net1")'
}

@test "CHECK without prevResult" {
	attach
	cni CHECK macvlan <<<"$(conf .)"
	fails 7 'prevResult'
}

@test "CHECK of an old version" {
	for version in 0.1.0 0.3.1; do
		cni CHECK macvlan <<<"$(conf ".cniVersion = \"$version\"")"
		fails 1 '^config version does not allow CHECK$'
	done
}

# --- DEL -----------------------------------------------------------------------------------------

@test "DEL restores everything" {
	remember
	attach
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	unchanged
}

@test "DEL without prevResult, twice, and of something unknown" {
	remember
	attach
	for _ in 1 2; do
		cni DEL macvlan <<<"$(conf .)"
		succeeds_silently
		unchanged
	done
	cni DEL macvlan CNI_CONTAINERID=unknown CNI_IFNAME=net9 <<<"$(conf .)"
	succeeds_silently
	unchanged
}

@test "DEL without CNI_NETNS frees the addresses" {
	attach
	for netns in -CNI_NETNS CNI_NETNS=; do
		cni DEL macvlan $netns <<<"$checked"
		succeeds_silently
		[ -z "$(leases)" ]
	done
}

@test "DEL after the namespace vanished" {
	attach
	ip netns del pod1
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "DEL when the path is no namespace any more" {
	attach
	umount /run/netns/pod1
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "DEL when the path leads through a file, or is a directory" {
	attach
	for netns in /run/netns/pod1/net /run; do
		cni DEL macvlan CNI_NETNS=$netns <<<"$checked"
		succeeds_silently
		[ -z "$(leases)" ]
	done
}

@test "DEL in a namespace that is ours leaves our links alone" {
	attach
	cni DEL macvlan CNI_NETNS=/proc/self/ns/net CNI_IFNAME=rail0 <<<"$checked"
	ip link show rail0
	cni DEL macvlan CNI_NETNS=/proc/self/ns/net <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "DEL after the master is gone" {
	attach
	ip link del rail0
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "DEL when the link is gone" {
	attach
	ip -n pod1 link del net1
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "DEL leaves somebody else's link of another kind" {
	attach
	ip -n pod1 link del net1
	ip -n pod1 link add name net1 type veth peer name other
	cni DEL macvlan <<<"$checked"
	succeeds_silently
	link pod1 net1 '.linkinfo.info_kind == "veth"'
	[ -z "$(leases)" ]
}

@test "DEL with a configuration that became invalid" {
	for filter in '.mode = "steep"' '.mtu = -5' '.mac = "no mac"' '.master = "gone"' '.mtu = "x"' \
		'.prevResult = {"cniVersion": "9.9.9"}' '.prevResult = 5' '.dns = 7' \
		'.ipam.ranges = []' '.ipam.ranges = [[{subnet: "garbage"}]]'; do
		attach
		cni DEL macvlan CNI_ARGS=broken <<<"$(conf "$filter")"
		succeeds_silently
		no_link pod1 net1
		[ -z "$(leases)" ] || fail "$filter: $(leases)"
	done
}

@test "DEL removes the link even where the IPAM plugin is not installed" {
	attach
	cni DEL macvlan <<<"$(conf '.ipam = {type: "no-such-ipam"}')"
	succeeds_silently
	no_link pod1 net1
}

@test "a second DEL does not touch a later attachment" {
	attach
	cni DEL macvlan <<<"$checked"
	cni ADD macvlan CNI_CONTAINERID=later <<<"$(conf .)"
	succeeds
	before=$(leases)
	cni DEL macvlan CNI_NETNS= <<<"$checked"
	succeeds_silently
	[ "$before" = "$(leases)" ]
	link pod1 net1 '.flags | index("UP")'
}

# --- repeated ADD --------------------------------------------------------------------------------

@test "ADD of an interface that exists changes nothing" {
	attach
	within 10 settled
	remember
	cni ADD macvlan <<<"$(conf .)"
	fails 999 'net1'
	unchanged
	cni DEL macvlan <<<"$checked"
	ip -n pod1 link add name net1 type veth peer name other
	remember
	cni ADD macvlan <<<"$(conf .)"
	fails 999 'net1'
	unchanged
}

@test "ADD, DEL, ADD again" {
	for _ in 1 2 3; do
		attach
		cni DEL macvlan <<<"$checked"
		succeeds_silently
	done
}

# --- GC ------------------------------------------------------------------------------------------

@test "GC is forwarded: leases of unknown attachments go" {
	attach
	cni ADD macvlan CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(conf .)"
	succeeds
	for key in cni.dev/valid-attachments cni.dev/attachments; do
		cni GC macvlan -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME \
			<<<"$(conf ".[\"$key\"] = [{containerID: \"pod2\", ifname: \"net1\"}]")"
		succeeds_silently
		[[ $(leases) == *pod2* && $(leases) != *pod1* ]] || fail "leases: $(leases)"
	done
	cni GC macvlan -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/valid-attachments"] = []')"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "GC without the list of attachments frees nothing" {
	attach
	before=$(leases)
	cni GC macvlan <<<"$(conf .)"
	fails 7 'attachments'
	[ "$before" = "$(leases)" ]
}

@test "GC of an old version" {
	cni GC macvlan <<<"$(conf '.cniVersion = "1.0.0"')"
	fails 1 '^config version does not allow GC$'
}

# --- STATUS, VERSION -----------------------------------------------------------------------------

@test "STATUS: ready" {
	cni STATUS macvlan -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf .)"
	succeeds_silently
	cni STATUS macvlan <<<"$(conf '.ipam = {}')"
	succeeds_silently
}

@test "STATUS: the master is missing" {
	cni STATUS macvlan <<<"$(conf '.master = "absent0"')"
	fails 50 'absent0'
}

@test "STATUS: no default route to take the master from" {
	cni STATUS macvlan <<<"$(conf 'del(.master)')"
	fails 50 'default route'
}

@test "STATUS: the pool is exhausted" {
	small='.ipam.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.9"}]] | .ipam.routes = []'
	attach "$small"
	cni STATUS macvlan <<<"$(conf "$small")"
	fails 50 'rail0'
}

@test "STATUS: the configuration is invalid" {
	cni STATUS macvlan <<<"$(conf '.ipam.ranges = []')"
	fails 7 'range'
}

@test "STATUS of an old version" {
	cni STATUS macvlan <<<"$(conf '.cniVersion = "1.0.0"')"
	fails 1 '^config version does not allow STATUS$'
}

@test "VERSION" {
	for plugin in macvlan pool; do
		cni VERSION $plugin -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME -CNI_PATH </dev/null
		succeeds
		json '.cniVersion == "1.1.0" and .supportedVersions ==
			["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]'
	done
}

@test "called by a person: tells what it is, exit status 0" {
	for plugin in macvlan pool; do
		cni '' $plugin -CNI_COMMAND </dev/null
		succeeds_silently
		[[ $stderr == *"CNI $plugin plugin"*1.1.0* ]] || fail 'expected name and versions'
	done
}
