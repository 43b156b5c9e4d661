# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# macvlan ADD: every key, argument, default and mode, and the result in every version.
bats_require_minimum_version 1.5.0
load lib.bash

l2='.ipam = {}'

# add FILTER [NAME=VALUE]...: a successful ADD.
add() {
	cni ADD macvlan "${@:2}" <<<"$(conf "$1")"
	succeeds
}

# --- the link ------------------------------------------------------------------------------------

@test "the link: kind, parent, mode, mtu and up" {
	add "$l2"
	link pod1 net1 '.linkinfo.info_kind == "macvlan" and .linkinfo.info_data.mode == "bridge"'
	link pod1 net1 '.mtu == 1500 and (.flags | index("UP"))'
	local index
	index=$(cat /sys/class/net/rail0/ifindex 2>/dev/null || ip -j link show rail0 | jq '.[0].ifindex')
	link pod1 net1 ".link_index == $index and has(\"link_netnsid\")"
}

@test "nothing of it is seen on the host" {
	# But for the master, which is promiscuous now.
	seen() { links | sed 's/promiscuity [0-9]*//'; }
	before=$(seen)
	add .
	[ "$before" = "$(seen)" ]
}

@test "every mode" {
	for mode in bridge private vepa passthru; do
		add "$l2 | .mode = \"$mode\""
		link pod1 net1 ".linkinfo.info_data.mode == \"$mode\""
		cni DEL macvlan <<<"$(conf "$l2 | .mode = \"$mode\"")"
		succeeds_silently
	done
}

@test "the default mode is bridge: absent, empty, null" {
	for mode in 'del(.mode)' '.mode = ""' '.mode = null'; do
		add "$l2 | $mode"
		link pod1 net1 '.linkinfo.info_data.mode == "bridge"'
		cni DEL macvlan <<<"$(conf "$l2 | $mode")"
		succeeds_silently
	done
}

@test "mtu" {
	add "$l2 | .mtu = 1400"
	link pod1 net1 '.mtu == 1400'
	json '.interfaces[0].mtu == 1400'
}

@test "mtu 0 is the master's" {
	ip link set rail0 mtu 1300
	add "$l2 | .mtu = 0"
	link pod1 net1 '.mtu == 1300'
	json '.interfaces[0].mtu == 1300'
}

@test "the master by an alternative name" {
	ip link property add dev rail0 altname enp65s0f0np0-of-rail0
	add "$l2 | .master = \"enp65s0f0np0-of-rail0\""
	link pod1 net1 '.linkinfo.info_kind == "macvlan"'
}

@test "the default master has the IPv4 default route" {
	ip addr add 192.0.2.2/24 dev rail0
	ip route add default via 192.0.2.1
	add "$l2 | del(.master)"
	link pod1 net1 '.linkinfo.info_kind == "macvlan"'
	cni DEL macvlan <<<"$(conf "$l2 | del(.master)")"
	succeeds_silently
	add "$l2 | .master = \"\""
}

@test "the default master has the IPv6 default route" {
	ip addr add fd00:2::2/64 dev rail0 nodad
	ip -6 route add default via fd00:2::1
	add "$l2 | del(.master)"
	link pod1 net1 '.linkinfo.info_kind == "macvlan"'
}

@test "a master that is down" {
	ip link set rail0 down
	add .
	link pod1 net1 '.flags | index("UP")'
}

@test "linkInContainer: the master is the pod's" {
	ip -n pod1 link add name inner type veth peer name other
	add "$l2 | .master = \"inner\" | .linkInContainer = true"
	link pod1 net1 '.linkinfo.info_kind == "macvlan" and .link == "inner"'
	json '.interfaces | length == 1'
}

@test "linkInContainer: the default master is the pod's" {
	ip -n pod1 link add name inner type veth peer name other
	ip -n pod1 link set other up
	ip -n pod1 link set inner up
	ip -n pod1 addr add 192.0.2.2/24 dev inner
	ip -n pod1 route add default via 192.0.2.1
	add "$l2 | del(.master) | .linkInContainer = true"
	link pod1 net1 '.link == "inner"'
}

@test "bcqueuelen" {
	add "$l2 | .bcqueuelen = 2000"
	link pod1 net1 '.linkinfo.info_data.bcqueuelen == 2000'
}

@test "bcqueuelen 0 is the kernel's default" {
	add "$l2 | .bcqueuelen = 0"
	link pod1 net1 '.linkinfo.info_data.bcqueuelen == 1000'
}

@test "an interface name of the host is free in the pod" {
	cni ADD macvlan CNI_IFNAME=rail0 <<<"$(conf "$l2")"
	succeeds
	link pod1 rail0 '.linkinfo.info_kind == "macvlan"'
	json '.interfaces[0].name == "rail0"'
}

@test "the longest interface name" {
	cni ADD macvlan CNI_IFNAME=net123456789012 <<<"$(conf "$l2")"
	succeeds
	link pod1 net123456789012 '.ifname == "net123456789012"'
}

@test "two interfaces of one pod on one network" {
	add .
	cni ADD macvlan CNI_IFNAME=net2 <<<"$(conf .)"
	succeeds
	json '.ips[0].address == "10.1.0.3/24"'
	cni DEL macvlan <<<"$(conf .)"
	succeeds_silently
	no_link pod1 net1
	link pod1 net2 '.addr_info | map(.local) | index("10.1.0.3")'
}

# --- the link-layer address ----------------------------------------------------------------------

@test "mac of the configuration" {
	add "$l2 | .mac = \"02:00:00:AA:00:01\""
	link pod1 net1 '.address == "02:00:00:aa:00:01"'
	json '.interfaces[0].mac == "02:00:00:aa:00:01"'
}

@test "mac of CNI_ARGS beats the configuration's" {
	add "$l2 | .mac = \"02:00:00:aa:00:01\"" 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=p;MAC=02:00:00:aa:00:02'
	link pod1 net1 '.address == "02:00:00:aa:00:02"'
}

@test "mac of runtimeConfig beats both" {
	add "$l2 | .mac = \"02:00:00:aa:00:01\" | .RuntimeConfig.mac = \"02:00:00:aa:00:03\"" \
		CNI_ARGS=MAC=02:00:00:aa:00:02
	link pod1 net1 '.address == "02:00:00:aa:00:03"'
}

@test "the mac in every notation" {
	for mac in 02-00-00-aa-00-04 0200.00aa.0004; do
		add "$l2 | .mac = \"$mac\""
		link pod1 net1 '.address == "02:00:00:aa:00:04"'
		cni DEL macvlan <<<"$(conf "$l2")"
	done
}

@test "without a mac the kernel's is told" {
	add "$l2"
	mac=$(jq -r '.interfaces[0].mac' <<<"$output")
	link pod1 net1 ".address == \"$mac\""
}

# --- addresses, routes, dns ----------------------------------------------------------------------

@test "addresses, prefixes and the broadcast address" {
	add .
	link pod1 net1 '[.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"]
		== ["10.1.0.2/24", "fd00:1::2/64"]'
	link pod1 net1 '.addr_info | map(select(.family == "inet")) | .[0].broadcast == "10.1.0.255"'
}

@test "dual stack is up at once and no address is tentative" {
	start=${EPOCHREALTIME/./}
	add .
	end=${EPOCHREALTIME/./}
	link pod1 net1 '.addr_info | map(select(.scope == "global" and .tentative)) | length == 0'
	[ $((end - start)) -lt 1000000 ]
	within 5 inside pod1 ping -c 1 -W 1 10.1.0.250
	within 5 inside pod1 ping -c 1 -W 1 fd00:1::fa
}

@test "IPv6 that is switched off in the pod is switched on for the interface" {
	inside pod1 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	add .
	link pod1 net1 '.addr_info | map(.local) | index("fd00:1::2")'
}

@test "routes without gateway take the first gateway of their family" {
	add .
	[ "$(ip -n pod1 route show 10.7.0.0/16)" = '10.7.0.0/16 via 10.1.0.1 dev net1 ' ]
	ip -n pod1 -6 route show fd07::/32 | grep -q 'via fd00:1::1 dev net1'
}

@test "no default route unless the IPAM says so" {
	add .
	[ -z "$(ip -n pod1 route show default)$(ip -n pod1 -6 route show default)" ]
	cni DEL macvlan <<<"$(conf .)"
	add '.ipam.routes = [{dst: "0.0.0.0/0"}, {dst: "::/0"}]'
	[ "$(ip -n pod1 route show default)" = 'default via 10.1.0.1 dev net1 ' ]
	ip -n pod1 -6 route show default | grep -q 'via fd00:1::1 dev net1'
}

@test "routes with every attribute" {
	local routes='[
		{dst: "10.8.0.0/16", gw: "10.1.0.9", mtu: 1400, advmss: 1300, priority: 77},
		{dst: "10.8.0.0/16", gw: "10.1.0.9", table: 100},
		{dst: "198.51.100.0/24", scope: 253, priority: 5},
		{dst: "fd08::/32", gw: "fd00:1::9", mtu: 1400, advmss: 1300, priority: 78, table: 100}]'

	add ".ipam.routes = $routes"
	json ".routes == $routes"
	ip -n pod1 -j route show 10.8.0.0/16 | jq -e '.[0] | .gateway == "10.1.0.9" and .metric == 77
		and .metrics == [{mtu: 1400, advmss: 1300}]'
	ip -n pod1 -j route show table 100 10.8.0.0/16 | jq -e '.[0].gateway == "10.1.0.9"'
	ip -n pod1 -j -6 route show table 100 fd08::/32 | jq -e '.[0] | .gateway == "fd00:1::9"
		and .metric == 78 and .metrics == [{mtu: 1400, advmss: 1300}]'
	ip -n pod1 -d -j route show 198.51.100.0/24 |
		jq -e '.[0] | .scope == "link" and (has("gateway") | not) and .metric == 5'
}

@test "dns of the configuration is the result's, not the IPAM's" {
	add '.dns = {nameservers: ["10.1.0.53"], domain: "example.net", search: ["a", "b"], options: ["c"]}
		| .ipam.dns = {nameservers: ["10.1.0.54"]}'
	json '.dns == {nameservers: ["10.1.0.53"], domain: "example.net", search: ["a", "b"], options: ["c"]}'
}

@test "layer 2: ipam absent, null, empty, without type" {
	for ipam in 'del(.ipam)' '.ipam = null' '.ipam = {}' '.ipam = {type: ""}'; do
		add "$ipam"
		link pod1 net1 '.flags | index("UP")'
		json 'has("ips") | not'
		[ -z "$(leases)" ]
		cni DEL macvlan <<<"$(conf "$ipam")"
		succeeds_silently
		no_link pod1 net1
	done
}

# --- telling the neighbours ----------------------------------------------------------------------

@test "arp_notify and ndisc_notify are set" {
	add .
	[ "$(inside pod1 cat /proc/sys/net/ipv4/conf/net1/arp_notify)" = 1 ]
	[ "$(inside pod1 cat /proc/sys/net/ipv6/conf/net1/ndisc_notify)" = 1 ]
}

# neighbour ADDRESS: the link-layer address that the wire knows for it.
neighbour() {
	ip -n wire -j neigh show "$1" dev port | jq -r '.[0].lladdr'
}

@test "a neighbour that knew the address under another mac learns the new one" {
	for address in 10.1.0.2 fd00:1::2; do
		ip -n wire neigh replace $address lladdr 02:00:00:00:00:99 dev port nud reachable
	done
	add '.mac = "02:00:00:aa:00:05"'
	knows() { [ "$(neighbour "$1")" = 02:00:00:aa:00:05 ]; }
	within 2 knows 10.1.0.2
	within 2 knows fd00:1::2
}

# --- the result ----------------------------------------------------------------------------------

@test "result: 0.1.0 and 0.2.0, and no version is 0.1.0" {
	for version in '"0.1.0"' '"0.2.0"' '""' null; do
		add ".cniVersion = $version"
		jq -e --argjson version "$version" '. == {
			cniVersion: (if $version == null or $version == "" then "0.1.0" else $version end),
			ip4: {ip: "10.1.0.2/24", gateway: "10.1.0.1", routes: [{dst: "10.7.0.0/16"}]},
			ip6: {ip: "fd00:1::2/64", gateway: "fd00:1::1", routes: [{dst: "fd07::/32"}]},
			dns: {}}' <<<"$output"
		cni DEL macvlan <<<"$(conf ".cniVersion = $version")"
		succeeds_silently
		rm -rf /var/lib/cni/*
	done
}

# modern VERSION FILTER: ADD's result is exactly the jq object given.
modern() {
	add ".cniVersion = \"$1\" | .mac = \"02:00:00:aa:00:06\" | .mtu = 1400"
	json ". == ($2)"
	cni DEL macvlan <<<"$(conf ".cniVersion = \"$1\"")"
	succeeds_silently
	rm -rf /var/lib/cni/*
}

@test "result: 0.3.0, 0.3.1, 0.4.0" {
	for version in 0.3.0 0.3.1 0.4.0; do
		modern $version "{cniVersion: \"$version\",
			interfaces: [{name: \"net1\", mac: \"02:00:00:aa:00:06\", sandbox: \"/run/netns/pod1\"}],
			ips: [{version: \"4\", interface: 0, address: \"10.1.0.2/24\", gateway: \"10.1.0.1\"},
				{version: \"6\", interface: 0, address: \"fd00:1::2/64\", gateway: \"fd00:1::1\"}],
			routes: [{dst: \"10.7.0.0/16\"}, {dst: \"fd07::/32\"}], dns: {}}"
	done
}

@test "result: 1.0.0" {
	modern 1.0.0 '{cniVersion: "1.0.0",
		interfaces: [{name: "net1", mac: "02:00:00:aa:00:06", sandbox: "/run/netns/pod1"}],
		ips: [{interface: 0, address: "10.1.0.2/24", gateway: "10.1.0.1"},
			{interface: 0, address: "fd00:1::2/64", gateway: "fd00:1::1"}],
		routes: [{dst: "10.7.0.0/16"}, {dst: "fd07::/32"}]}'
}

@test "result: 1.1.0 has the mtu" {
	modern 1.1.0 '{cniVersion: "1.1.0",
		interfaces: [{name: "net1", mac: "02:00:00:aa:00:06", mtu: 1400, sandbox: "/run/netns/pod1"}],
		ips: [{interface: 0, address: "10.1.0.2/24", gateway: "10.1.0.1"},
			{interface: 0, address: "fd00:1::2/64", gateway: "fd00:1::1"}],
		routes: [{dst: "10.7.0.0/16"}, {dst: "fd07::/32"}]}'
}

@test "result: layer 2 in every version" {
	for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		add "$l2 | .cniVersion = \"$version\""
		link pod1 net1 '.flags | index("UP")'
		case $version in
		0.[12].0) json '(.ip4 // .ip6 // .interfaces) == null' ;;
		*) json '(.interfaces | length) == 1 and (.ips // []) == []' ;;
		esac
		json ".cniVersion == \"$version\""
		cni DEL macvlan <<<"$(conf "$l2 | .cniVersion = \"$version\"")"
		succeeds_silently
	done
}

@test "result: four blanks of indentation, no newline at the end" {
	add "$l2"
	[[ $output == '{'$'\n    "'* ]]
	[ "$(tail -c 1 "$BATS_TEST_TMPDIR/stdout")" = '}' ]
}

@test "the sandbox is CNI_NETNS as it came" {
	cni ADD macvlan CNI_NETNS=/run/netns/../netns//pod1 <<<"$(conf "$l2")"
	succeeds
	json '.interfaces[0].sandbox == "/run/netns/../netns//pod1"'
}

# --- as operators render it ----------------------------------------------------------------------

@test "the configuration of a MacvlanNetwork" {
	cni ADD macvlan "CNI_ARGS=IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u" <<-'END'
	{ "cniVersion":"0.3.1", "name":"rdma-net", "type":"macvlan","master": "rail0","mode" : "bridge","mtu" : 1500,"ipam":{"type":"pool","ranges":[[{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.100"}]]} }
	END
	succeeds
	json '.ips[0].address == "10.1.0.100/24" and .cniVersion == "0.3.1"'
	link pod1 net1 '.mtu == 1500'
}

@test "two pods reach each other over IPv4 and IPv6" {
	add .
	cni ADD macvlan CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(conf .)"
	succeeds
	json '.ips | map(.address) == ["10.1.0.3/24", "fd00:1::3/64"]'
	within 5 inside pod1 ping -c 1 -W 1 10.1.0.3
	within 5 inside pod1 ping -c 1 -W 1 fd00:1::3
}
