# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2086,SC2154
# cnitool inspect, held against what iproute2 made; cnitool validate on a machine with a fabric.
bats_require_minimum_version 1.5.0
load cnitool.bash

# A link of each kind, routes in three tables, a rule.
furnish() {
	ip link add link rail0 name net1 netns pod1 type macvlan mode private
	ip -n pod1 -batch - <<-'END'
	link set lo up
	link set net1 address 02:00:00:00:00:07 mtu 1400 alias mine
	link set net1 addrgenmode none
	link set net1 up
	link add name v0 type veth peer name v1
	link set v0 addrgenmode none
	addr add 10.1.0.7/24 dev net1
	addr add fd00:1::7/64 dev net1 nodad
	route add default via 10.1.0.1
	route add 10.9.0.0/16 via 10.1.0.1 table 1000 metric 7
	route add 10.8.0.0/16 nexthop via 10.1.0.3 dev net1 nexthop via 10.1.0.4 dev net1
	route add blackhole 10.6.0.0/16
	rule add from 10.1.0.7 lookup 1000 priority 99
	END
	ip -n pod1 -6 route add fd09::/32 via fd00:1::1 table 100
	ip -n pod1 -6 rule add to fd09::/32 iif lo lookup 100 priority 98
}

@test "links: kind, parent, mode, mtu, address, state" {
	furnish
	tool inspect --json $pod
	succeeds
	says_nothing
	json '.netns == "/run/netns/pod1" and ([.links[].name] | sort) == ["lo", "net1", "v0", "v1"]'
	json '.links[] | select(.name == "net1") | .kind == "macvlan" and .mode == "private" and .mtu == 1400
		and .mac == "02:00:00:00:00:07" and .up and .state == "up" and .alias == "mine"
		and .parent == "rail0" and .parentNetnsID == 0 and .attachments == []'
	json '.links[] | select(.name == "v0") | .kind == "veth" and .parent == "v1" and (.up | not)
		and .state == "down" and has("mode") == false'
	json '.links[] | select(.name == "lo") | .kind == "loopback" and .mtu == 65536'
}

@test "addresses, routes of all tables and rules" {
	furnish
	tool inspect --json $pod
	json '.addresses | map(select(.link == "net1").address) | sort == ["10.1.0.7/24", "fd00:1::7/64"]'
	json '.addresses[] | select(.address == "10.1.0.7/24") | .scope == "global" and .flags == "permanent"'
	json '.routes[] | select(.dst == "default") | .table == "main" and .via == [{gateway: "10.1.0.1", link: "net1"}]'
	json '.routes[] | select(.dst == "10.9.0.0/16") | .table == "1000" and .priority == 7'
	json '.routes[] | select(.dst == "10.8.0.0/16") | [.via[].gateway] == ["10.1.0.3", "10.1.0.4"]'
	json '.routes[] | select(.dst == "10.6.0.0/16") | .type == "blackhole"'
	json '.routes[] | select(.dst == "fd09::/32") | .table == "100" and .family == "inet6"'
	json '.routes[] | select(.dst == "10.1.0.7") | .table == "local" and .type == "local" and .source == "10.1.0.7"'
	json '.rules[] | select(.priority == 99) | .from == "10.1.0.7" and .table == "1000" and .action == "lookup"'
	json '.rules[] | select(.priority == 98) | .to == "fd09::/32" and .iif == "lo" and .family == "inet6" and .from == "all"'
	[ "$(jq '.routes | length' <<<"$output")" = "$( (ip -n pod1 -4 route show table all
		ip -n pod1 -6 route show table all) | grep -vc nexthop)" ] || fail 'the number of routes'
	[ "$(jq '.rules | length' <<<"$output")" = "$( (ip -n pod1 rule; ip -n pod1 -6 rule) | wc -l)" ] ||
		fail 'the number of rules'
}

@test "tables for people" {
	furnish
	tool inspect $pod
	succeeds
	shows '^INDEX +LINK +KIND +PARENT +MODE +MTU +MAC/GUID +UP +STATE +ATTACHMENT$'
	shows ' net1 +macvlan +rail0 +private +1400 +02:00:00:00:00:07 +yes +up +-$'
	shows '^net1 +fd00:1::7/64 +global '
	shows '^1000 +unicast +10\.9\.0\.0/16 +10\.1\.0\.1/net1 +- +boot +global +7$'
	shows '^99 +inet +10\.1\.0\.7 +- +- +- +- +lookup +1000$'
}

@test "a parent in a third namespace is told by its index" {
	ip -n wire link add link port name net1 netns pod1 type macvlan
	tool inspect --json $pod
	json '.links[] | select(.name == "net1") | .parent == "if\($index)"' \
		--argjson index "$(ip -n wire -j link show port | jq '.[0].ifindex')"
}

@test "an empty namespace" {
	tool inspect --json $pod
	json '(.links | length) == 1 and .addresses == [] and .routes == []'
}

@test "the attachment that a link belongs to" {
	conf . >$confs/10-rail0.conf
	for namespace in pod1 pod2; do
		tool add rail0 /run/netns/$namespace -i net1
		succeeds
	done
	echo '{' >$results/broken
	echo '{"netns": "/etc/passwd", "ifName": "net1"}' >$results/elsewhere
	id=cnitool-$(printf %s $pod | sha512sum | cut -c 1-20)
	# The path is one of several for the namespace.
	tool inspect --json "/proc/self/root$pod"
	json '.links[] | select(.name == "net1") | .attachments ==
		[{network: "rail0", containerID: $id, ifname: "net1"}]' --arg id "$id"
	json '.links[] | select(.name == "lo") | .attachments == []'
	tool inspect $pod
	shows " net1 .* rail0/$id/net1\$"
	# An interface of the result, under another name than the attachment's.
	jq -c '.ifName = "eth7"' "$results/rail0-$id-net1" >"$results/rail0-$id-eth7"
	mv "$results/rail0-$id-net1" "$results/a-copy"
	tool inspect $pod
	shows " net1 .* rail0/$id/eth7\$"
	rm -r "$results"
	touch "$results"
	tool inspect $pod --json
	fails_as_json 5 'the cache in /var/lib/cni/results: Not a directory'
}

# refuses REGEX: and nothing is on stdout.
refuses() {
	tells "$1"
	[ -z "$output" ] || fail 'expected no output'
}

@test "what is no namespace, and what cannot be written" {
	tool inspect /run/netns/absent
	refuses '/run/netns/absent: No such file or directory'
	tool inspect /etc/passwd
	refuses '/etc/passwd is not a network namespace'
	tool inspect
	refuses 'inspect needs NETNS'
	tool inspect --frobnicate $pod
	refuses "try 'cnitool inspect --help'"
	for form in '' --json; do
		run -1 --separate-stderr sh -c '"$@" >/dev/full' sh "$plugins/cnitool" inspect $form $pod
		[[ $stderr == *'cannot write the result: No space left on device'* ]]
	done
	tool inspect --help
	succeeds
	[[ $output == 'Usage: cnitool inspect'* ]]
}

@test "without the capability it says which" {
	run -1 --separate-stderr setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
		"$plugins/cnitool" inspect $pod
	[[ $stderr == *"cannot enter network namespace $pod: it needs CAP_SYS_ADMIN; run as root"* ]] ||
		fail "stderr: $stderr"
}

@test "validate looks masters up, by alternative names, too" {
	conf . >$confs/10-rail0.conf
	tool validate rail0
	succeeds
	[[ $stderr == '/run/net.d/10-rail0.conf: valid: 0 errors, 0 warnings' ]]
	ip link property add dev rail0 altname enp1s0f0np0withalongname
	conf '.master = "enp1s0f0np0withalongname"' >$confs/10-rail0.conf
	tool validate rail0
	succeeds
	conf '.master = "rail1"' >$confs/10-rail0.conf
	tool validate --json rail0
	[ "$status" = 2 ] || fail 'expected exit status 2'
	json '.valid and (.findings | length) == 1 and (.findings[0].message | test("master rail1 does not exist"))'
}
