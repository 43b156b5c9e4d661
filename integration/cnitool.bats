# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2086,SC2154
# cnitool: lists and single configurations, cache, prevResult, arguments.
bats_require_minimum_version 1.5.0
load cnitool.bash

@test "add, check, del of a list" {
	conflist .
	remember
	tool add rail0 $pod
	succeeds
	json '.cniVersion == "1.1.0" and .interfaces[0].name == "eth0" and (.ips | length) == 2'
	link pod1 eth0 '.addr_info | map(.local) | index("10.1.0.2")'
	[ "$(leases)" = "$(container $pod)/eth0: 10.1.0.2/24 fd00:1::2/64" ] || fail "leases: $(leases)"
	tool check rail0 $pod
	succeeds_silently
	tool del rail0 $pod
	succeeds_silently
	unchanged
	[ -z "$(ls $results)" ]
}

@test "check tells what is wrong" {
	conflist .
	tool add rail0 $pod
	ip -n pod1 addr del 10.1.0.2/24 dev eth0
	tool check rail0 $pod
	tells '10\.1\.0\.2/24'
	tool del rail0 $pod
	succeeds_silently
}

@test "single configurations: .conf and .json" {
	for suffix in conf json; do
		rm -f $confs/*
		conf . >$confs/10-rail0.$suffix
		tool add rail0 $pod
		succeeds
		tool check rail0 $pod
		succeeds_silently
		tool del rail0 $pod
		succeeds_silently
		no_link pod1 eth0
	done
}

@test "a list wins over a single configuration, the first of several lists wins" {
	conf '.mtu = 1300' >$confs/00-rail0.conf
	conflist '.plugins[0].mtu = 1400' 10-a.conflist
	conflist '.plugins[0].mtu = 1350' 20-b.conflist
	tool add rail0 $pod
	link pod1 eth0 '.mtu == 1400'
}

@test "a broken file before the match is told, one after it is not read" {
	conflist .
	echo '{' >$confs/20-broken.conflist
	tool add rail0 $pod
	succeeds
	tool del rail0 $pod
	succeeds_silently
	mv $confs/20-broken.conflist $confs/00-broken.conflist
	tool add rail0 $pod
	tells '00-broken\.conflist'
	no_link pod1 eth0
}

@test "other files and directories are left out" {
	conflist .
	echo '{' >$confs/00-backup.conflist~
	mkdir $confs/00-directory.conflist
	tool add rail0 $pod
	succeeds
}

@test "a network that is not there" {
	tool add absent $pod
	tells 'absent|'"$confs"
	conflist .
	tool add absent $pod
	tells 'absent'
	tool del absent $pod
	tells 'absent'
}

@test "the interface name: -i, --ifname, CNI_IFNAME" {
	conflist .
	tool -i net5 add rail0 $pod
	json '.interfaces[0].name == "net5"'
	tool add rail0 $pod --ifname net6 -- CNI_IFNAME=net7
	json '.interfaces[0].name == "net6"'
	tool add rail0 $pod -- CNI_IFNAME=net7
	json '.interfaces[0].name == "net7"'
	for name in net5 net6 net7; do
		tool del -i $name rail0 $pod
		succeeds_silently
		no_link pod1 $name
	done
	[ -z "$(leases)" ]
}

@test "CNI_ARGS reaches the plugins" {
	conflist .
	tool add rail0 $pod -- 'CNI_ARGS=IgnoreUnknown=1;MAC=02:00:00:aa:00:07;IP=10.1.0.70'
	succeeds
	json '.interfaces[0].mac == "02:00:00:aa:00:07" and .ips[0].address == "10.1.0.70/24"'
	tool add rail0 $pod -- 'CNI_ARGS=A='
	tells 'A='
}

@test "CAP_ARGS reaches the plugins that have the capability" {
	conflist '.plugins[0].capabilities = {mac: true}'
	tool add rail0 $pod -- 'CAP_ARGS={"mac":"02:00:00:aa:00:08","ips":["10.1.0.71"]}'
	json '.interfaces[0].mac == "02:00:00:aa:00:08" and .ips[0].address == "10.1.0.2/24"'
	tool del rail0 $pod
	conflist '.plugins[0].capabilities = {mac: true, ips: true}'
	tool add rail0 $pod -- 'CAP_ARGS={"ips":["10.1.0.71"]}'
	json '.ips[0].address == "10.1.0.71/24"'
	tool del rail0 $pod
	tool add rail0 $pod -- 'CAP_ARGS={'
	tells 'CAP_ARGS'
	no_link pod1 eth0
}

@test "the cache: content, and what del takes from it" {
	conflist .
	tool add rail0 $pod -- 'CNI_ARGS=IgnoreUnknown=1;K=V'
	file=$results/rail0-$(container $pod)-eth0
	[ "$(stat -c %a $results) $(stat -c %a "$file")" = '700 600' ]
	jq -e --arg id "$(container $pod)" --slurpfile list $confs/10-rail0.conflist '.kind == "cniCacheV1"
		and .containerId == $id and .ifName == "eth0" and .networkName == "rail0"
		and .netns == "/run/netns/pod1" and .cniArgs == [["IgnoreUnknown", "1"], ["K", "V"]]
		and (.config | @base64d | fromjson) == $list[0] and (.result.ips | length) == 2' "$file"
	cmp <(jq -j '.config | @base64d' "$file") $confs/10-rail0.conflist
}

@test "a broken cache does not stop del" {
	conflist .
	file=$results/rail0-$(container $pod)-eth0
	for filter in empty '"{"' '.result.cniVersion = "9.9.9"' '.result = 5' '.config = "?"'; do
		tool add rail0 $pod
		succeeds
		jq -r "$filter" "$file" >/run/broken
		cp /run/broken "$file"
		tool del rail0 $pod
		succeeds_silently
		no_link pod1 eth0
		[ -z "$(leases)$(ls $results)" ] || fail "after $filter: $(leases) $(ls $results)"
	done
}

# A chain of our plugin and a fake one.
chain() {
	# Not a number that jq could keep.
	conflist '.plugins += [{type: "member", big: "BIG", list: [1, {"<": 1.50}]}]'
	sed -i 's/"BIG"/12345678901234567890/' $confs/10-rail0.conflist
}

@test "a chain: prevResult goes on, name and version are injected" {
	chain
	tool add rail0 $pod
	succeeds
	first=$output
	json '.ips | length == 2'
	jq -e '.name == "rail0" and .cniVersion == "1.1.0" and (.prevResult.ips | length) == 2
		and .type == "member" and (has("runtimeConfig") | not)' /run/calls.ADD
	grep -q 12345678901234567890 /run/calls.ADD
	tool check rail0 $pod
	succeeds_silently
	tool del rail0 $pod
	succeeds_silently
	for command in CHECK DEL; do
		[ "$(jq -S .prevResult /run/calls.$command)" = "$(jq -S . <<<"$first")" ]
	done
	[ "$(xargs </run/calls)" = 'ADD CHECK DEL' ]
}

@test "a chain that fails names the plugin; del cleans up" {
	chain
	remember
	tool add rail0 $pod -- MEMBER=error MEMBER_ON=ADD
	tells 'plugin type="member" failed \(add\): the member refuses; on purpose'
	[ ! -d $results ] || [ -z "$(ls $results)" ]
	tool del rail0 $pod
	succeeds_silently
	unchanged
}

@test "del after the namespace is gone" {
	conflist .
	tool add rail0 $pod
	ip netns del pod1
	tool del rail0 $pod
	succeeds_silently
	[ -z "$(leases)$(ls $results)" ]
	tool del rail0 $pod
	succeeds_silently
}

@test "check of an old version" {
	conflist '.cniVersion = "0.3.1"'
	tool add rail0 $pod
	succeeds
	tool check rail0 $pod
	tells '0\.3\.1.*CHECK'
}

@test "invalid lists" {
	for filter in 'del(.plugins)' '.plugins = []' '.plugins = 5' '.plugins[0].type = null' '.plugins = [5]' \
		'.cniVersion = "9.9.9"' '.plugins[0].type = "a/b"' '.plugins[0].type = "absent"'; do
		conflist "$filter"
		tool add rail0 $pod
		tells '10-rail0|rail0|absent|a/b|9\.9\.9'
		no_link pod1 eth0
	done
}

@test "a relative path of the namespace is made absolute" {
	conflist .
	cd /run
	tool add rail0 netns/../netns/pod1
	json '.interfaces[0].sandbox == "/run/netns/pod1"'
}

@test "usage" {
	for arguments in '' add 'add rail0' "frob rail0 $pod" "add rail0 $pod --frob" "add rail0 $pod --valid a/b"; do
		tool $arguments
		tells '--help'
		[ -z "$output" ] || fail 'expected no output'
	done
}

@test "a write error is a failure; del cleans up" {
	conflist .
	remember
	status=0
	NETCONFPATH=$confs CNI_PATH=$plugins "$plugins/cnitool" add rail0 $pod 2>/run/said >/dev/full || status=$?
	[ "$status" = 1 ]
	grep -q 'cannot write the result: No space left on device' /run/said
	tool del rail0 $pod
	succeeds_silently
	unchanged
}

@test "names with '/', '..' and control characters" {
	for name in ../rail0 rail0/../x .. '' $'rail0\n' $'\e[2J'; do
		conflist ".name = $(jq -Rs . <<<"$name" | sed 's/\\n"$/"/')"
		tool add "$name" $pod
		tells 'network name|no net configuration|name'
		no_link pod1 eth0
		[ ! -d $results ] || [ -z "$(ls $results)" ]
	done
	conflist .
	for name in ../x a/b . .. 'a b' $'a\n' 0123456789abcdef 'a:b'; do
		tool add rail0 $pod -i "$name"
		tells 'interface|CNI_IFNAME'
		tool del rail0 $pod -i "$name" --json
		fails_as_json 4 'CNI_IFNAME'
	done
	[ ! -d $results ] || [ -z "$(ls $results)" ]
	tool add rail0 $'/run/netns/\e[2J'
	tells '/run/netns/'
}

@test "a cache directory that is read-only, or full" {
	conflist .
	remember
	mount -t tmpfs -o ro,mode=755 cache /var/lib/cni
	tool add rail0 $pod
	tells 'cannot (create|write).*/var/lib/cni'
	umount /var/lib/cni
	unchanged
	mkdir -p $results
	mount -t tmpfs -o mode=700,nr_inodes=1 cache $results
	tool add rail0 $pod --json
	fails_as_json 5 "$results.*No space left on device"
	tool del rail0 $pod
	succeeds_silently
	unchanged
	umount $results
}
