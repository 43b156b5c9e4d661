# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2016
# ipoib on an InfiniBand fabric: the data path, every key, every operation, the configurations that
# operators render, and every error.
bats_require_minimum_version 1.5.0
load ipoib.bash

l2='.ipam = {}'

# refused CODE REGEX FILTER: ADD fails and leaves nothing.
refused() {
	remember
	cni ADD ipoib <<<"$(conf "$3")"
	fails "$1" "$2"
	unchanged
	no_link pod1 net1
}

# --- the data path -------------------------------------------------------------------------------

# reach FILTER FILTER [PING ARGUMENT]...: two pods reach each other, in both families.
reach() {
	local one two

	one=$(attach pod1 "$1")
	two=$(attach pod2 "$2")
	answers pod1 "${two% *}" "${@:3}"
	answers pod1 "${two#* }" "${@:3}"
	answers pod2 "${one% *}" "${@:3}"
	del "$1"
	del "$2" CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
}

@test "two pods on one adapter: datagrams" {
	reach . .
	reach '.pkey = "0x8001"' '.pkey = 1'
}

@test "two pods on two adapters: datagrams" {
	reach . '.master = "ib1"'
	reach '.pkey = "0x8002"' '.master = "ib1" | .pkey = "0x8002"'
}

@test "two pods on one adapter: connections, with packets that no datagram holds" {
	reach '.mode = "connected"' '.mode = "connected"' -s 30000
}

@test "two pods on two adapters: connections" {
	reach '.mode = "connected" | .pkey = 32769' '.mode = "connected" | .pkey = 32769 | .master = "ib1"' -s 30000
}

@test "pods of different partitions do not reach each other" {
	local two

	attach pod1 '.pkey = "0x8001"'
	two=$(attach pod2 '.pkey = "0x8002"')
	silent pod1 "${two% *}"
	silent pod1 "${two#* }"
}

# --- the link ------------------------------------------------------------------------------------

@test "the link: kind, partition, mode and mtu of the master, umcast, proxy_arp, alias, up" {
	add .
	link pod1 net1 '.linkinfo.info_kind == "ipoib" and (.linkinfo.info_data | .pkey // .key) == "0xffff"
		and .linkinfo.info_data.mode == "datagram" and .linkinfo.info_data.umcast == "0001"'
	link pod1 net1 '.mtu == 2044 and (.flags | index("UP")) and (.ifalias | test("^fabric-cni [0-9a-f]{16}$"))'
	[ "$(inside pod1 cat /proc/sys/net/ipv4/conf/net1/proxy_arp)" = 1 ]
	[ "$(inside pod1 cat /proc/sys/net/ipv4/conf/net1/arp_notify)" = 1 ]
	[ "$(inside pod1 cat /proc/sys/net/ipv6/conf/net1/ndisc_notify)" = 1 ]
	no_children
}

@test "cnitool inspect tells the parent, whatever has its index in the pod" {
	inside pod1 ip link add index "$(</sys/class/net/ib0/ifindex)" name dummy9 type dummy
	add .
	[[ $("$plugins/cnitool" inspect --json /run/netns/pod1 | jq -c '.links[] | select(.name == "net1")
		| [.kind, .parent, (.guid | length)]') == '["ipoib","ib0",23]' ]]
}

@test "the result: the address of twenty octets, sandbox, mtu, addresses and routes" {
	local mac

	add .
	mac=$(ip -n pod1 -j link show net1 | jq -r '.[0].address')
	[ ${#mac} = 59 ]
	json '.interfaces == [{name: "net1", mac: $mac, mtu: 2044, sandbox: "/run/netns/pod1"}]' --arg mac "$mac"
	json '[.ips[] | .interface] == [0, 0] and (.routes | length) == 2'
	[ "$(ip -n pod1 -j route show dev net1 | jq 'any(.dst == "10.7.0.0/16")')" = true ]
}

@test "pkey as a number and as texts" {
	local pkey

	for pkey in 1 32769 '"0x8001"' '"0x1"' '"32769"'; do
		add "$l2 | .pkey = $pkey"
		link pod1 net1 '(.linkinfo.info_data | .pkey // .key) == "0x8001"'
		del "$l2"
	done
	for pkey in null '""'; do
		add "$l2 | .pkey = $pkey"
		link pod1 net1 '(.linkinfo.info_data | .pkey // .key) == "0xffff"'
		del "$l2"
	done
	# The table has it for a limited member.
	add "$l2 | .pkey = 3"
	link pod1 net1 '(.linkinfo.info_data | .pkey // .key) == "0x8003"'
}

@test "mtu: configured, and the master's" {
	add "$l2 | .mtu = 1500"
	json '.interfaces[0].mtu == 1500'
	within 20 has_carrier pod1 net1
	link pod1 net1 '.mtu == 1500'
	del "$l2"
	ip link set ib0 mtu 1400
	add "$l2"
	json '.interfaces[0].mtu == 1400'
	within 20 has_carrier pod1 net1
	link pod1 net1 '.mtu == 1400'
	ip link set ib0 mtu 2044
}

@test "mode: configured, and the master's" {
	add "$l2 | .mode = \"connected\""
	link pod1 net1 '.linkinfo.info_data.mode == "connected" and .mtu == 65520'
	json '.interfaces[0].mtu == 65520'
	del "$l2"
	add "$l2 | .mode = \"connected\" | .mtu = 9000"
	link pod1 net1 '.mtu == 9000'
	del "$l2"
	echo connected >/sys/class/net/ib1/mode
	add "$l2 | .master = \"ib1\""
	link pod1 net1 '.linkinfo.info_data.mode == "connected" and .mtu == 65520'
	del "$l2"
	add "$l2 | .master = \"ib1\" | .mode = \"datagram\""
	link pod1 net1 '.linkinfo.info_data.mode == "datagram" and .mtu <= 4092'
	echo datagram >/sys/class/net/ib1/mode
	ip link set ib1 mtu 2044
	carrier '' ib1
}

@test "umcast off" {
	add "$l2 | .umcast = false"
	link pod1 net1 '.linkinfo.info_data.umcast == "0000"'
}

@test "the master by an alternative name" {
	ip link property add dev ib0 altname ibP257p0s0-of-the-lab
	add "$l2 | .master = \"ibP257p0s0-of-the-lab\""
	ip link property del dev ib0 altname ibP257p0s0-of-the-lab
}

@test "the master in the container" {
	ip link set ib1 netns pod1
	carrier pod1 ib1
	add '.master = "ib1" | .linkInContainer = true | .pkey = "0x8001"'
	link pod1 net1 '.link == "ib1" and (.linkinfo.info_data | .pkey // .key) == "0x8001"'
	within 20 has_carrier pod1 net1
	cni CHECK ipoib <<<"$(with_result "$(conf '.master = "ib1" | .linkInContainer = true | .pkey = "0x8001"')" "$output")"
	succeeds_silently
	del '.linkInContainer = true'
	ip -n pod1 link set ib1 netns 1
	carrier '' ib1
}

@test "dns of the configuration is in the result" {
	add "$l2 | .dns = {nameservers: [\"10.9.9.9\"], domain: \"x.example\"}"
	json '.dns == {nameservers: ["10.9.9.9"], domain: "x.example"}'
}

@test "a link of the host that has the pod's name is not in the way" {
	ip link add name net1 type dummy
	add .
	link pod1 net1 '.linkinfo.info_kind == "ipoib"'
	del .
	no_link pod1 net1
	ip link del net1
}

@test "two interfaces of one network in one pod" {
	add .
	add . CNI_IFNAME=net2
	link pod1 net2 '.linkinfo.info_kind == "ipoib"'
	del .
	link pod1 net2 '.linkinfo.info_kind == "ipoib"'
	del . CNI_IFNAME=net2
}

# --- operations ----------------------------------------------------------------------------------

@test "ADD, CHECK, DEL, DEL again, in every version" {
	local version config

	for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		remember
		config=$(conf ".cniVersion = \"$version\"")
		cni ADD ipoib <<<"$config"
		succeeds
		within 20 has_carrier pod1 net1
		if [[ ! $version < 0.4.0 ]]; then
			cni CHECK ipoib <<<"$(with_result "$config" "$output")"
			succeeds_silently
		fi
		cni DEL ipoib <<<"$config"
		succeeds_silently
		cni DEL ipoib <<<"$config"
		succeeds_silently
		unchanged
	done
}

@test "CHECK tells what has changed" {
	local config result

	config=$(conf .)
	attach pod1 .
	result=$output
	checked() {
		cni CHECK ipoib <<<"$(with_result "$(conf "${2:-.}")" "$result")"
		fails "${3:-999}" "$1"
	}
	checked 'net1 is in partition 0xffff, not 0x8001' '.pkey = "0x8001"'
	checked 'net1 is not in connected mode' '.mode = "connected"'
	checked 'umcast of net1 is 1, not 0' '.umcast = false'
	checked 'net1 is not a child of master ib1' '.master = "ib1"'
	ip -n pod1 link set net1 mtu 1500
	cni CHECK ipoib <<<"$(with_result "$config" "$result")"
	succeeds_silently # lower, as the broadcast group of a partition may have it
	echo 0 >/sys/class/infiniband/ibs0/stub_link
	within 20 without_carrier pod1 net1
	checked 'net1 has no carrier: the subnet manager'
	cni STATUS ipoib <<<"$config"
	fails 51 'master ib0 has no carrier: its port is not active, or no subnet manager'
	echo 1 >/sys/class/infiniband/ibs0/stub_link
	within 20 has_carrier '' ib0
	within 20 has_carrier pod1 net1
	ip -n pod1 addr del "$(jq -r '.ips[0].address' <<<"$result")" dev net1
	checked 'address .* is no longer on net1'
	ip -n pod1 link set net1 down
	checked 'net1 is down'
	ip -n pod1 link del net1
	checked 'look up net1 in /run/netns/pod1: No such device'
}

without_carrier() {
	! has_carrier "$@"
}

@test "STATUS" {
	cni STATUS ipoib <<<"$(conf .)"
	succeeds_silently
	cni STATUS ipoib <<<"$(conf '.master = "nosuch"')"
	fails 50 'master nosuch does not exist on this host'
}

@test "DEL without a master, with a namespace that is gone, with a configuration that is broken" {
	add .
	del 'del(.master)'
	no_link pod1 net1
	add .
	del '.master = "nosuch" | .mtu = 1'
	no_link pod1 net1
	del . CNI_NETNS=/run/netns/nosuch
	del . CNI_NETNS=
}

@test "DEL removes no link that another attachment, or somebody else, made" {
	add .
	cni DEL ipoib CNI_CONTAINERID=other <<<"$(conf .)"
	succeeds_silently
	link pod1 net1 '.linkinfo.info_kind == "ipoib"'
}

@test "dhcp is refused, and DEL succeeds all the same" {
	refused 7 'ipam type dhcp is not possible on InfiniBand' '.ipam = {type: "dhcp"}'
	cni STATUS ipoib <<<"$(conf '.ipam = {type: "dhcp"}')"
	fails 7 'ipam type dhcp is not possible on InfiniBand'
	add "$l2"
	del '.ipam = {type: "dhcp"}'
	no_link pod1 net1
}

# --- what operators render -----------------------------------------------------------------------

@test "the configurations that operators render, as they are" {
	local file config master type

	for file in "$BATS_TEST_DIRNAME"/../../testdata/networks/{I1,I2,I3,hand8}.json; do
		config=$(<"$file")
		master=$(jq -r .master <<<"$config")
		type=$(jq -r .ipam.type <<<"$config")
		[ "$master" = ib0 ] || ip link property add dev ib0 altname "$master"
		printf '%s\n' '#!/bin/sh' 'cat >/dev/null' '[ "$CNI_COMMAND" != ADD ] ||' \
			'	echo "{\"cniVersion\":\"0.3.1\",\"ips\":[{\"version\":\"4\",\"address\":\"10.1.0.77/24\"}]}"' \
			>"/run/fake/$type"
		chmod +x "/run/fake/$type"
		cni ADD ipoib <<<"$config"
		succeeds
		json '(.ips[0].address // .ip4.ip) == "10.1.0.77/24"'
		link pod1 net1 '.linkinfo.info_kind == "ipoib"'
		cni DEL ipoib <<<"$config"
		succeeds_silently
		no_link pod1 net1
		[ "$master" = ib0 ] || ip link property del dev ib0 altname "$master"
	done
}

@test "an empty master is a clear error, and no hindrance to DEL" {
	local config

	config=$(<"$BATS_TEST_DIRNAME/../../testdata/networks/I4.json")
	cni ADD ipoib <<<"$config"
	fails 7 'there is no "master": set it to the IPoIB interface'
	cni DEL ipoib <<<"$config"
	succeeds_silently
}

# --- bad input -----------------------------------------------------------------------------------

@test "masters that cannot carry a child" {
	ip link add name eth9 type dummy
	refused 7 'master eth9 is an Ethernet interface, .*: use macvlan' '.master = "eth9"'
	ip link del eth9
	refused 7 'master lo is not an IPoIB interface' '.master = "lo"'
	refused 11 'master nosuch does not exist on this host' '.master = "nosuch"'
	refused 7 'there is no "master"' 'del(.master)'
	refused 7 'master "a/b" is no name that a link can have' '.master = "a/b"'
	ip link add link ib0 name ib0.8001 type ipoib pkey 0x8001
	refused 7 'master ib0.8001 is itself a child: name its parent' '.master = "ib0.8001"'
	ip link del ib0.8001
	ip link set ib1 down
	refused 11 'master ib1 is down: set it up' '.master = "ib1"'
	carrier '' ib1
}

@test "macvlan on an InfiniBand master says which plugin to use" {
	cni ADD macvlan <<<"$(conf '.type = "macvlan"')"
	fails 7 'master ib0 is an InfiniBand interface, .*: use ipoib'
}

@test "partition keys that are none" {
	refused 7 'pkey 0x0000 is no partition: 0 is reserved' '.pkey = 0'
	refused 7 'pkey 0x8000 is no partition: 0 is reserved' '.pkey = "0x8000"'
	refused 7 '"pkey" must be a partition key from 1 to 0xffff' '.pkey = 65536'
	refused 7 '"pkey" must be a partition key from 1 to 0xffff' '.pkey = "0x8001x"'
	refused 7 '"pkey" must be a partition key from 1 to 0xffff' '.pkey = -1'
	refused 7 '"pkey" must be a partition key from 1 to 0xffff' '.pkey = {}'
	refused 11 'partition 0x8abc is not in the table of port 1 of ibs0, .*: the subnet manager must' '.pkey = "0xabc"'
}

@test "mtu above the master's, below what IP needs, no number" {
	refused 7 'mtu 2045 is above that of master ib0: up to 2044 is possible in datagram mode' '.mtu = 2045'
	refused 7 'mtu 67 is too small: 68' '.mtu = 67'
	refused 7 '"mtu" must be an integer from 0 to 65520' '.mtu = 65521'
	refused 7 '"mtu" must be an integer from 0 to 65520' '.mtu = "1500"'
}

@test "an unknown mode" {
	refused 7 'unknown IPoIB mode "fast": datagram and connected are known' '.mode = "fast"'
}

@test "a name that is taken stays" {
	ip link add link ib0 netns pod1 name net1 type ipoib
	cni ADD ipoib <<<"$(conf .)"
	fails 999 'interface net1 already exists in /run/netns/pod1'
	link pod1 net1 '.linkinfo.info_kind == "ipoib" and (has("ifalias") | not)'
	[ -z "$(leases)" ]
}

@test "an IPAM that fails" {
	FAKE=error refused 111 'the fake has no address' '.ipam = {type: "fake"}'
}

@test "the namespace dies while ADD runs" {
	cat >/run/fake/killer <<-'END'
	#!/bin/sh
	cat >/dev/null
	[ "$CNI_COMMAND" = ADD ] || exit 0
	ip netns del "$CNI_CONTAINERID"
	[ -z "${KILLER_FAILS:-}" ] || exit 1
	echo '{"ips":[{"address":"10.1.0.77/24"}]}'
	END
	chmod +x /run/fake/killer
	# A failed ADD has removed its link from the dying namespace.
	cni ADD ipoib KILLER_FAILS=1 <<<"$(conf '.ipam = {type: "killer"}')"
	fails 999 'killer'
	sleep 1
	no_children
	# One that succeeded leaves what DEL finds on the host.
	ip netns add pod1
	add '.ipam = {type: "killer"}'
	within 20 stranded ''
	del '.ipam = {type: "killer"}'
	no_children
}

# --- strays --------------------------------------------------------------------------------------

@test "DEL removes what a dead namespace left, under any name" {
	add .
	strand pod1
	del . CNI_NETNS=
	no_children
	[ -z "$(leases)" ]

	# Its name is taken on the host: it comes back under another one.
	ip netns add pod1
	add .
	ip link add name net1 type dummy
	strand pod1
	[[ $(children) == dev* ]]
	del .
	no_children
	ip link show net1
	ip link del net1
}

@test "the next ADD of the name removes what a dead namespace left" {
	add . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	strand pod2
	[ "$(children)" = net1 ]
	add .
	no_children
	link pod1 net1 '.linkinfo.info_kind == "ipoib"'
}

@test "GC removes what dead namespaces left, and keeps what is valid" {
	add .
	add . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	strand pod2
	cni GC ipoib -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/valid-attachments"] = [
		{containerID: "pod1", ifname: "net1"}, {containerID: "pod2", ifname: "net1"}]')"
	succeeds_silently
	[ "$(children)" = net1 ]
	cni GC ipoib -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/valid-attachments"] = [
		{containerID: "pod1", ifname: "net1"}]')"
	succeeds_silently
	no_children
	link pod1 net1 '.linkinfo.info_kind == "ipoib"'
	[ "$(leases | cut -d: -f1)" = pod1/net1 ]
}

@test "nothing removes a child of the host that is not ours, whatever its name" {
	ip link add link ib0 name net1 type ipoib
	ip link set net1 alias 'somebody else'
	ip link add link ib0 name ib0.8001 type ipoib pkey 0x8001
	add .
	del .
	del . CNI_NETNS=
	cni GC ipoib -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/valid-attachments"] = []')"
	succeeds_silently
	ip link set net1 alias ''
	del .
	del . CNI_NETNS=
	[ "$(children | sort | tr '\n' ' ')" = 'ib0.8001 net1 ' ]
	ip link del net1
	ip link del ib0.8001
}

# orphan: what an ADD leaves that is killed before it has moved its link into the pod.
orphan() {
	ip link add link ib0 name "cni$(printf %.12s "$1")" type ipoib
}

@test "an orphan on the host is removed by DEL, by GC, and by the next ADD" {
	local id

	add "$l2"
	id=$(ip -n pod1 -j link show net1 | jq -r '.[0].ifalias | split(" ")[1]')
	orphan "$id"
	del "$l2"
	no_children

	orphan "$id"
	cni GC ipoib -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf "$l2 | .[\"cni.dev/valid-attachments\"] = []")"
	succeeds_silently
	no_children

	orphan "$id"
	add "$l2"
	no_children

	orphan "$id"
	del "$l2" CNI_NETNS=
	no_children
}
