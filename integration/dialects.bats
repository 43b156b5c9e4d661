# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2086,SC2154
# Configurations of host-local and static, served by pool under their names.
bats_require_minimum_version 1.5.0
load lib.bash
load dialects.bash

setup() {
	fabric
	dialects
}

# hl COMMAND FILTER [NAME=VALUE]...
hl() {
	cni "$1" host-local "${@:3}" <<<"$(hostlocal "$2")"
}

# st COMMAND FILTER [NAME=VALUE]...
st() {
	cni "$1" static "${@:3}" <<<"$(statically "$2")"
}

files_are() {
	[ "$(lease_files)" = "$1" ] || fail "expected files: $1; they are: $(lease_files)"
}

v4='.ranges = [[{subnet: "10.1.0.0/24"}]]'
# Two addresses.
small='.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.10"}]]'

# ---- host-local ----

@test "host-local: ADD, CHECK, DEL and its files" {
	hl ADD .
	json '. == {cniVersion: "1.1.0",
		ips: [{address: "10.1.0.2/24", gateway: "10.1.0.1"}, {address: "fd00:1::2/64", gateway: "fd00:1::1"}],
		routes: [{dst: "10.7.0.0/16"}]}'
	[ "$(printf 'pod1\r\nnet1')" = "$(cat $networks/rail0/10.1.0.2)" ]
	[ "$(stat -c %a $networks/rail0 $networks/rail0/10.1.0.2 $networks/rail0/lock | paste -sd' ')" = '755 600 750' ]
	[ "$(cat $networks/rail0/last_reserved_ip.0 $networks/rail0/last_reserved_ip.1)" = 10.1.0.2fd00:1::2 ]
	files_are $'10.1.0.2 pod1 net1\nfd00:1::2 pod1 net1'
	checked=$(with_result "$(hostlocal .)" "$output")
	cni CHECK host-local <<<"$checked"
	succeeds_silently
	cni DEL host-local <<<"$checked"
	succeeds_silently
	files_are ''
	[ -z "$(leases)" ]
	cni DEL host-local <<<"$checked"
	succeeds_silently
	cni CHECK host-local <<<"$checked"
	fails 999 'host-local: Failed to find address added by container pod1'
}

@test "host-local: a second ADD fails and the lease stays" {
	hl ADD .
	hl ADD .
	fails 999 '^failed to allocate for range 0: 10\.1\.0\.2 has been allocated to pod1, duplicate allocation is not allowed'
	hl ADD . CNI_ARGS=IP=10.1.0.77
	fails 999 'duplicate allocation is not allowed'
	files_are $'10.1.0.2 pod1 net1\nfd00:1::2 pod1 net1'
	hl ADD . CNI_IFNAME=net2
	gives 10.1.0.3/24 fd00:1::3/64
}

@test "host-local: requested addresses add up, and the cursor follows them" {
	cni ADD host-local CNI_ARGS=IP=10.1.0.50 <<<"$(hostlocal . | jq '.runtimeConfig.ips = ["fd00:1::50/64"]')"
	gives 10.1.0.50/24 fd00:1::50/64
	hl ADD . CNI_CONTAINERID=b
	gives 10.1.0.51/24 fd00:1::51/64
	hl ADD . CNI_CONTAINERID=c CNI_ARGS=IP=10.1.0.51
	fails 11 '^failed to allocate for range 0: requested IP address 10\.1\.0\.51 is not available in range set 10\.1\.0\.1-10\.1\.0\.254'
	hl ADD . CNI_CONTAINERID=c CNI_ARGS=IP=10.1.0.1
	fails 7 "requested ip 10\\.1\\.0\\.1 is subnet's gateway"
	hl ADD . CNI_CONTAINERID=c CNI_ARGS=IP=10.9.0.1
	fails 7 '^failed to allocate all requested IPs: 10\.9\.0\.1'
}

@test "host-local: what its configurations are told" {
	local filter message

	while IFS=@ read -r filter message; do
		hl ADD "$filter"
		fails 7 "$message"
		[ ! -e $networks ] || fail "$filter: something was made"
	done <<-'END'
	del(.ranges)@no IP ranges specified
	.ranges = [[]]@^invalid range set 0: empty range set
	.ranges = [[{subnet: "10.1.0.0/31"}]]@^invalid range set 0: Network 10.1.0.0/31 too small to allocate from
	.ranges += [[{subnet: "10.2.0.5/24"}]]@^invalid range set 2: Network has host bits set. For a subnet mask of length 24 the network address is 10.2.0.0
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.2.0.1"}]]@RangeStart 10.2.0.1 not in network 10.1.0.0/24
	.ranges = [[{subnet: "10.1.0.0/24", rangeEnd: "10.2.0.1"}]]@RangeEnd 10.2.0.1 not in network 10.1.0.0/24
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.8"}]]@RangeStart 10.1.0.9 not in network
	.ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "fd00::/64"}]]@mixed address families
	.ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "10.1.0.0/25"}]]@subnets 10.1.0.1-10.1.0.254 and 10.1.0.1-10.1.0.126 overlap
	.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.1.0.0/25"}]]@range set 0 overlaps with 1
	.ranges = [[{subnet: "x"}]]@invalid CIDR address: x
	.ranges = [[{subnet: "10.1.0.0/24", gateway: "x"}]]@invalid IP address: x
	.ranges = [{subnet: "10.1.0.0/24"}]@a list of ranges is expected
	.ranges = [["x"]]@a range, .* is expected, not a string
	.ranges = [[{subnet: "::/32"}]]@IPv4-mapped
	.dataDir = "x"@absolute path
	END
	cni ADD host-local <<<"$(hostlocal . | jq 'del(.ipam)')"
	fails 7 "IPAM config missing 'ipam' key"
	cni ADD host-local <<<"$(hostlocal '.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.2.0.0/24"}]]' |
		jq '.cniVersion = "0.2.0"')"
	fails 7 'CNI version 0.2.0 does not support more than 1 address per family'
}

@test "host-local: old style, runtimeConfig.ipRanges first, a data directory, resolvConf" {
	printf 'nameserver 10.1.0.2\ndomain x\nsearch a b\noptions c\n' >/run/resolv.conf
	cni ADD host-local <<<"$(hostlocal '{type, subnet: "10.3.0.0/24", rangeStart: "10.3.0.0", gateway: "10.9.0.9",
		dataDir: "/var/lib/cni/x", resolvConf: "/run/resolv.conf"}' | jq '.runtimeConfig.ipRanges = [[{subnet: "10.4.0.0/24"}]]')"
	gives 10.4.0.2/24 10.3.0.0/24
	json '.ips[1].gateway == "10.9.0.9" and .dns == {nameservers: ["10.1.0.2"], domain: "x", search: ["a", "b"], options: ["c"]}'
	[ -s /var/lib/cni/x/rail0/10.3.0.0 ]
	[ ! -e $networks ]
}

@test "host-local: a directory of its own is taken over" {
	occupy 10.1.0.2 a eth0
	occupy fd00:1::2 a eth0
	occupy 10.1.0.3 b
	printf 10.1.0.4 >$networks/rail0/last_reserved_ip.0
	hl ADD .
	gives 10.1.0.5/24 fd00:1::3/64
	hl ADD . CNI_CONTAINERID=a CNI_IFNAME=eth0
	fails 999 'has been allocated to a'
	hl ADD . CNI_CONTAINERID=b
	fails 999 '10\.1\.0\.3 has been allocated to b'
	hl DEL . CNI_CONTAINERID=b
	succeeds_silently
	hl DEL . CNI_CONTAINERID=a CNI_IFNAME=eth0
	succeeds_silently
	files_are $'10.1.0.5 pod1 net1\nfd00:1::3 pod1 net1'
}

@test "host-local: what others change meanwhile counts" {
	hl ADD "$v4"
	gives 10.1.0.2/24
	occupy 10.1.0.3 other net1
	hl ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.4/24
	promise=$output
	rm $networks/rail0/10.1.0.2 $networks/rail0/10.1.0.4
	cni CHECK host-local CNI_CONTAINERID=b <<<"$(with_result "$(hostlocal "$v4")" "$promise")"
	fails 999 'Failed to find address'
	hl ADD "$v4" CNI_ARGS=IP=10.1.0.2
	gives 10.1.0.2/24
	files_are $'10.1.0.2 pod1 net1\n10.1.0.3 other net1'
}

@test "host-local: empty files are nobody's" {
	mkdir -p $networks/rail0
	: >$networks/rail0/10.1.0.9
	head -c 12 /dev/zero >$networks/rail0/10.1.0.10
	for container in a b; do
		hl ADD "$small" CNI_CONTAINERID=$container
		succeeds
	done
	files_are $'10.1.0.10 b net1\n10.1.0.9 a net1'
}

@test "host-local: what was leased before the last boot is reclaimed when nothing else is free" {
	occupy 10.1.0.9 old net1
	occupy 10.1.0.10 living net1
	touch -d 2001-01-01 $networks/rail0/10.1.0.9
	hl ADD "$small"
	gives 10.1.0.9/24
	hl ADD "$small" CNI_CONTAINERID=b
	fails 11 '^failed to allocate for range 0: no IP addresses available in range set: 10\.1\.0\.9-10\.1\.0\.10$'
	files_are $'10.1.0.10 living net1\n10.1.0.9 pod1 net1'
}

@test "host-local: what is no lease is left alone" {
	mkdir -p $networks/rail0/10.1.0.9
	echo 'two words' >$networks/rail0/10.1.0.10
	ln -s nowhere $networks/rail0/10.1.0.99
	echo notes >$networks/rail0/README
	hl ADD "$small"
	fails 11 'no IP addresses available'
	[ -d $networks/rail0/10.1.0.9 ]
	[ "$(cat $networks/rail0/10.1.0.10 $networks/rail0/README)" = $'two words\nnotes' ]
}

@test "host-local: CHECK compares with prevResult" {
	hl ADD "$v4"
	cni CHECK host-local <<<"$(with_result "$(hostlocal "$v4")" "$(jq '.ips[0].address = "10.1.0.99/24"' <<<"$output")")"
	fails 999 '10\.1\.0\.2'
}

@test "host-local: GC keeps what is listed" {
	for container in a b c; do
		hl ADD "$v4" CNI_CONTAINERID=$container
	done
	occupy 10.1.0.77 c
	cni GC host-local <<<"$(hostlocal "$v4")"
	fails 7 'valid-attachments'
	cni GC host-local <<<"$(hostlocal "$v4" | jq '."cni.dev/valid-attachments" = [{containerID: "b", ifname: "net1"}]')"
	succeeds_silently
	files_are '10.1.0.3 b net1'
	[ -f $networks/rail0/last_reserved_ip.0 ]
	[ -f $networks/rail0/lock ]
}

@test "host-local: STATUS" {
	hl STATUS "$small"
	succeeds_silently
	for container in a b; do
		hl ADD "$small" CNI_CONTAINERID=$container
	done
	hl STATUS "$small"
	fails 50 'no IP addresses available'
	hl STATUS '.ranges = "x"'
	fails 7 'ranges'
}

@test "host-local: DEL needs neither ranges nor a namespace" {
	hl ADD .
	hl DEL '.ranges = "x"' -CNI_NETNS
	succeeds_silently
	files_are ''
	hl DEL . CNI_CONTAINERID=unknown
	succeeds_silently
}

@test "host-local: its lock is waited for" {
	hl ADD "$v4"
	is_locked() {
		! flock -n $networks/rail0/lock true
	}
	flock $networks/rail0/lock sh -c 'sleep 1; : >/run/released' 3>&- &
	within 5 is_locked
	hl ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.3/24
	[ -e /run/released ]
	wait
}

@test "host-local: a DEL that cannot remove the file is remembered" {
	# As old versions wrote them, without interface.
	occupy 10.1.0.9 old
	hl ADD "$v4"
	if ! chattr +a $networks/rail0 2>/dev/null; then
		mount --bind -o ro $networks/rail0 $networks/rail0
		mount -o remount,bind,ro $networks/rail0
	fi
	hl DEL "$v4"
	succeeds_silently
	hl DEL "$v4" CNI_CONTAINERID=old
	succeeds_silently
	files_are $'10.1.0.2 pod1 net1\n10.1.0.9 old'
	chattr -a $networks/rail0 2>/dev/null || umount $networks/rail0
	hl ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.3/24
	hl DEL "$v4" CNI_CONTAINERID=c
	succeeds_silently
	files_are '10.1.0.3 b net1'
}

@test "host-local: an ADD that fails has not moved the cursor" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	hl ADD "$v4"
	config=$(hostlocal "$v4")
	ASAN_OPTIONS=detect_leaks=0 CNI_COMMAND=ADD CNI_CONTAINERID=b CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
		strace -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=ENOSPC $plugins/host-local <<<"$config" >/run/output &&
		fail "expected a failure: $(cat /run/output)"
	grep -q 'No space left' /run/output
	[ "$(cat $networks/rail0/last_reserved_ip.0)" = 10.1.0.2 ] || fail "the cursor: $(cat $networks/rail0/last_reserved_ip.0)"
	files_are '10.1.0.2 pod1 net1'
}

@test "host-local: what others have released cannot be noted: the cause is told" {
	hl ADD "$v4"
	rm $networks/rail0/10.1.0.2
	mount --bind -o ro $networks/.fabric-cni $networks/.fabric-cni
	mount -o remount,bind,ro $networks/.fabric-cni
	hl ADD "$v4" CNI_CONTAINERID=b
	fails 5 'write .*/journal.*Read-only file system'
	umount $networks/.fabric-cni
	hl ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.3/24
}

@test "host-local: GC leaves alone what nobody can read" {
	hl ADD "$v4"
	occupy 10.1.0.5 'no owner at all'
	mkdir $networks/rail0/10.1.0.6
	cni GC host-local <<<"$(hostlocal "$v4" | jq '."cni.dev/valid-attachments" = []')"
	succeeds_silently
	files_are '10.1.0.5 no owner at all'
	[ -d $networks/rail0/10.1.0.6 ]
	hl ADD "$v4 | .ranges[0][0].rangeStart = \"10.1.0.5\" | .ranges[0][0].rangeEnd = \"10.1.0.7\""
	gives 10.1.0.7/24
}

@test "host-local: 40 ADDs at once, no address twice" {
	text=$(hostlocal .)
	for i in {1..40}; do
		CNI_COMMAND=ADD CNI_CONTAINERID=c$i CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
			$plugins/host-local <<<"$text" >"$BATS_TEST_TMPDIR/$i" &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/[0-9]* | jq -r '.ips[].address' | sort -u | wc -l)" = 80 ]
	[ "$(lease_files | wc -l)" = 80 ]
}

@test "host-local: poolctl sees and frees its leases" {
	hl ADD "$v4"
	occupy 10.1.0.77 other net1
	run -0 $plugins/poolctl --data-dir $networks/.fabric-cni show rail0 --json
	[[ $output == *10.1.0.2* && $output == *10.1.0.77* ]]
	run -0 $plugins/poolctl --data-dir $networks/.fabric-cni release --yes rail0 10.1.0.77
	files_are '10.1.0.2 pod1 net1'
	run -0 $plugins/poolctl --data-dir $networks/.fabric-cni check
}

@test "host-local: poolctl repairs its files, too" {
	ip netns add gone
	hl ADD "$v4" CNI_NETNS=/run/netns/gone
	hl ADD "$v4" CNI_CONTAINERID=b
	ip netns del gone
	occupy 10.1.0.77 other net1
	run -3 $plugins/poolctl --data-dir $networks/.fabric-cni check
	run -0 $plugins/poolctl --data-dir $networks/.fabric-cni check --fix --yes
	files_are $'10.1.0.3 b net1\n10.1.0.77 other net1'
	run -0 $plugins/poolctl --data-dir $networks/.fabric-cni show rail0
	[[ $output != *10.1.0.2/* && $output == *10.1.0.3/* && $output == *10.1.0.77/* ]]
}

# ---- static ----

@test "static: addresses, routes and dns as they are configured" {
	filter='.addresses = [{address: "10.1.0.5/24", gateway: "10.1.0.1"}, {address: "fd00:1::5/64"}]
		| .routes = [{dst: "0.0.0.0/0"}] | .dns = {nameservers: ["10.1.0.2"]}'
	st ADD "$filter"
	json '. == {cniVersion: "1.1.0", ips: [{address: "10.1.0.5/24", gateway: "10.1.0.1"}, {address: "fd00:1::5/64"}],
		routes: [{dst: "0.0.0.0/0"}], dns: {nameservers: ["10.1.0.2"]}}'
	promise=$output
	cni CHECK static <<<"$(with_result "$(statically "$filter")" "$promise")"
	succeeds_silently
	cni CHECK static <<<"$(with_result "$(statically "$filter")" "$(jq '.ips |= .[1:]' <<<"$promise")")"
	fails 999 'static: Failed to match addr 10\.1\.0\.5 on interface net1'
	cni CHECK static <<<"$(with_result "$(statically "$filter")" "$(jq '.ips[0].gateway = "10.1.0.2"' <<<"$promise")")"
	fails 999 'Failed to match addr'
	st DEL "$filter" -CNI_NETNS
	succeeds_silently
	st STATUS "$filter"
	succeeds_silently
	cni GC static <<<"$(statically . | jq '."cni.dev/valid-attachments" = []')"
	succeeds_silently
	[ -z "$(ls -A /var/lib/cni)" ]
}

@test "static: CNI_ARGS add, args.cni.ips and runtimeConfig.ips replace" {
	one='.addresses = [{address: "10.1.0.5/24"}]'
	st ADD "$one" 'CNI_ARGS=IP=10.1.0.6/24, fd00:1::6/64;GATEWAY=10.1.0.1,fd00:1::1'
	json '.ips == [{address: "10.1.0.5/24"}, {address: "10.1.0.6/24", gateway: "10.1.0.1"}, {address: "fd00:1::6/64", gateway: "fd00:1::1"}]'
	text=$(statically '.addresses = [{address: "x"}]' | jq '.args.cni.ips = ["10.2.0.7/24"]')
	cni ADD static CNI_ARGS=IP=10.1.0.6/24 <<<"$text"
	json '.ips == [{address: "10.2.0.7/24"}]'
	cni ADD static <<<"$(jq '.runtimeConfig.ips = ["10.3.0.8/24", "fd00::8/64"]' <<<"$text")"
	json '.ips == [{address: "10.3.0.8/24"}, {address: "fd00::8/64"}]'
}

@test "static: what its configurations are told" {
	local filter arguments message

	while IFS=@ read -r filter arguments message; do
		cni ADD static "CNI_ARGS=$arguments" <<<"$(statically . | jq "$filter")"
		fails 7 "$message"
	done <<-'END'
	.ipam.addresses = [{address: "10.1.0.5"}]@@the 'address' field is expected to be in CIDR notation, got: '10.1.0.5'
	.ipam.addresses = [{}]@@the 'address' field is expected to be in CIDR notation, got: ''
	.ipam.addresses = [{address: "10.1.0.5/24", gateway: "x"}]@@invalid gateway address: x
	.ipam.addresses = ["10.1.0.5/24"]@@is expected, not a string
	.@IP=10.1.0.5@the 'ip' field is expected to be in CIDR notation, got: '10.1.0.5'
	.@IP=10.1.0.5/24 x,10.1.0.6/24@the 'ip' field is expected to be in CIDR notation, got: '10.1.0.5/24 x'
	.@IP=10.1.0.5/24;GATEWAY=y@invalid gateway address: y
	.@IP=10.1.0.5/24;GATEWAY=10.1.0.1 10.1.0.2@invalid gateway address: 10.1.0.1 10.1.0.2
	.args.cni.ips = ["10.1.0.5"]@@an entry in the 'ips' field is NOT in CIDR notation, got: '10.1.0.5'
	.runtimeConfig.ips = [7]@@an entry in the 'ips' field is NOT in CIDR notation
	del(.ipam)@@IPAM config missing 'ipam' key
	.cniVersion = "0.2.0" | .ipam.addresses = [{address: "10.1.0.5/24"}, {address: "10.2.0.5/24"}]@@does not support more than 1 address per family
	.ipam.addresses = [range(33) | {address: "10.1.0.5/24"}]@@more than 32 addresses
	END
}

# ---- whereabouts ----

# wa COMMAND FILTER [NAME=VALUE]...: for a pod of the container's name.
wa() {
	local container=pod1 variable

	for variable in "${@:3}"; do
		case $variable in CNI_CONTAINERID=*) container=${variable#*=} ;; esac
	done
	cni "$1" whereabouts "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=$container" "${@:3}" \
		<<<"$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam = {type: \"whereabouts\"} | .ipam |= ($2)")"
}

published='.range = "192.168.2.225/28" | .exclude = ["192.168.2.229/30", "192.168.2.236/32"]'

@test "whereabouts: the published node-local configurations" {
	local i

	for i in {1..9}; do
		wa ADD "$published" CNI_CONTAINERID=c$i
		succeeds
		jq -r '.ips[].address' <<<"$output"
	done >/run/given
	[ "$(paste -sd' ' /run/given)" = '192.168.2.225/28 192.168.2.226/28 192.168.2.227/28 192.168.2.232/28 192.168.2.233/28 192.168.2.234/28 192.168.2.235/28 192.168.2.237/28 192.168.2.238/28' ]
	wa ADD "$published" CNI_CONTAINERID=c10
	fails 11 'exhausted'
	wa STATUS "$published"
	fails 50 'exhausted'
	wa DEL "$published" CNI_CONTAINERID=c3
	wa ADD "$published" CNI_CONTAINERID=c10
	gives 192.168.2.227/28
	# Another network of whereabouts does not get what this one has.
	wa ADD '.range = "192.168.2.0/24" | .range_start = "192.168.2.225"' CNI_CONTAINERID=d
	gives 192.168.2.228/24
}

@test "whereabouts: a DEL ends the lease" {
	wa ADD '.range = "10.1.0.0/24"'
	succeeds
	wa DEL '.range = "10.1.0.0/24"'
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "whereabouts: forms of a range, ends, several ranges, gateway" {
	wa ADD '.range = "192.168.002.010-192.168.002.012/24" | .gateway = "192.168.2.1"
		| .ipRanges = [{range: "fd00:1::/64", range_start: "fd00:1::9"}, {range: "10.3.0.0/30"}]
		| .routes = [{dst: "10.7.0.0/16"}] | .dns = {domain: "x"}'
	gives 192.168.2.10/24 fd00:1::9/64 10.3.0.1/30
	json '.ips | map(.gateway) == ["192.168.2.1", null, "192.168.2.1"]'
	json '.routes == [{dst: "10.7.0.0/16"}] and .dns == {domain: "x"}'
	wa ADD '.range = "192.168.2.0/24" | .range_start = "rubbish" | .range_end = "10.1.1.1"' CNI_CONTAINERID=b
	gives 192.168.2.1/24
	# Decimal, whatever the zeros.
	wa ADD '.range = "192.168.3.0/24" | .range_start = "00192.00168.3.044" | .range_end = "192.168.003.044" | .gateway = "192.168.003.001"' \
		CNI_CONTAINERID=c
	gives 192.168.3.44/24
	json '.ips[0].gateway == "192.168.3.1"'
	wa ADD '.range = "192.168.3.0/24" | .range_start = "192.168.3.044" | .range_end = "192.168.3.044"' CNI_CONTAINERID=d
	fails 11 'exhausted'
	# The two ends in "range": the last one counts, the first where there is no other.
	wa ADD '.range = "10.4.0.10-10.4.0.11/24" | .range_start = "10.4.0.11" | .range_end = "10.4.0.99"' CNI_CONTAINERID=e
	gives 10.4.0.11/24
	wa ADD '.range = "10.4.0.10-10.4.0.11/24" | .range_start = "10.4.0.11" | .range_end = "10.4.0.99"' CNI_CONTAINERID=f
	fails 11 'exhausted'
}

@test "whereabouts: static addresses and those of CNI_ARGS are added, and not given out" {
	wa ADD '.range = "10.1.0.0/24" | .addresses = [{address: "10.1.0.1/24", gateway: "10.1.0.9"}]' \
		'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;IP=10.1.0.2/24;GATEWAY=10.1.0.8'
	gives 10.1.0.3/24 10.1.0.1/24 10.1.0.2/24
	json '.ips | map(.gateway) == [null, "10.1.0.9", "10.1.0.8"]'
	promise=$output
	cni CHECK whereabouts 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;IP=10.1.0.2/24;GATEWAY=10.1.0.8' \
		<<<"$(with_result "$(conf 'del(.master, .mode) | .type = "bridge" | .ipam = {type: "whereabouts", range: "10.1.0.0/24",
			addresses: [{address: "10.1.0.1/24", gateway: "10.1.0.9"}]}')" "$promise")"
	succeeds_silently
	wa ADD '.range = "10.2.0.0/24" | .addresses = [{address: "10.1.0.3/24"}]' CNI_CONTAINERID=b
	fails 11 '10\.1\.0\.3 is leased to container pod1'
}

@test "whereabouts: what asks for a cluster is refused" {
	local filter message

	while IFS=@ read -r filter message; do
		wa ADD ".range = \"192.168.2.0/24\" | $filter"
		fails 7 "$message.* unique in the cluster"
		wa STATUS ".range = \"192.168.2.0/24\" | $filter"
		fails 7 "$message.* unique in the cluster"
		wa DEL ".range = \"192.168.2.0/24\" | $filter"
		succeeds_silently
		[ -z "$(ls -A /var/lib/cni)" ] || fail "$filter: something was leased"
	done <<-'END'
	.datastore = "kubernetes" | .kubernetes = {kubeconfig: "/etc/cni/net.d/whereabouts.d/whereabouts.kubeconfig"}@kubernetes.kubeconfig
	.datastore = "kubernetes"@datastore
	.datastore = "etcd" | .etcd_host = "10.1.0.2:2379"@datastore
	.etcd_host = "10.1.0.2:2379"@etcd_host
	.node_slice_size = "/26"@node_slice_size
	END
	echo '{"kubernetes": {"kubeconfig": "/x"}}' >/run/flat.conf
	wa ADD '.range = "192.168.2.0/24" | .configuration_path = "/run/flat.conf"'
	fails 7 '/run/flat.conf: "kubernetes.kubeconfig" asks whereabouts for addresses that are unique in the cluster'
	echo '{' >/run/flat.conf
	wa ADD '.range = "192.168.2.0/24" | .configuration_path = "/run/flat.conf"'
	fails 6 '/run/flat.conf'
	[ -z "$(ls -A /var/lib/cni)" ]
}

@test "whereabouts: what its configurations are told" {
	local filter message

	while IFS=@ read -r filter message; do
		wa ADD "$filter"
		fails 7 "$message"
	done <<-'END'
	.@it needs a "range" or "ipRanges"
	.range = "x"@invalid CIDR "x"
	.range = "10.9.0.1-10.1.0.5/24"@invalid range start for CIDR 10.1.0.0/24: 10.9.0.1
	.range = "x-10.1.0.5/24"@invalid range start
	.range = "10.1.0.1-x"@invalid CIDR "x"
	.range = "10.1.0.0/31"@net mask is too short
	.range = "10.1.0.0/24" | .exclude = ["x"]@could not parse exclude range: x
	.range = "10.1.0.0/24" | .gateway = "x"@invalid gateway IP
	.ipRanges = [{range: "10.1.0.0/24", range_start: "x"}]@ipam.ipRanges\[0\]: range_start "x" is no IP address
	.ipRanges = [{range: "10.1.0.0/24"}, {range: "10.1.0.0/25"}]@overlaps
	.ipRanges = ["x"]@is expected, not a string
	.range = "10.1.0.0/24" | .kubernetes = {kubeconfig: 5}@kubeconfig
	.range = "10.1.0.0/24" | .kubernetes = "/etc/kubeconfig"@kubernetes
	.range = "10.1.0.0/24" | .network_name = "x" | .enable_overlapping_ranges = "true"@enable_overlapping_ranges
	.range = "10.1.0.0/24" | .network_name = 5 | .enable_overlapping_ranges = false@network_name
	END
	wa ADD '.range = "10.1.0.0/24"' CNI_ARGS=IgnoreUnknown=1
	fails 4 'K8S_POD_NAME'
	[ -z "$(leases)" ]
}

# ---- Which program runs ----

# programs CONF: how many were started for an ADD of macvlan, itself included.
programs() {
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=${2:-$plugins} \
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=execve -o /run/trace $plugins/macvlan <<<"$1" \
		>"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || cat "$BATS_TEST_TMPDIR/stdout"
	grep -c 'execve(.*= 0$' /run/trace
}

@test "a link to our executable is served in-process" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	[ "$(programs "$(conf '.ipam.type = "host-local"')")" = 1 ]
	files_are $'10.1.0.2 pod1 net1\nfd00:1::2 pod1 net1'
	cni DEL macvlan <<<"$(conf '.ipam.type = "host-local"')"
	succeeds_silently
	files_are ''
	[ "$(programs "$(conf '.ipam = {type: "static", addresses: [{address: "10.1.0.9/24"}]}')")" = 1 ]
	link pod1 net1 '[.addr_info[] | select(.family == "inet") | .local] == ["10.1.0.9"]'
}

@test "somebody else's host-local is executed" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	mkdir /run/other
	cat >/run/other/host-local <<-'END'
	#!/bin/sh
	cat >/dev/null
	[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.0.42/24"}]}'
	END
	chmod +x /run/other/host-local
	[ "$(programs "$(conf '.ipam.type = "host-local"')" /run/other:$plugins)" -gt 1 ]
	link pod1 net1 '[.addr_info[] | select(.family == "inet") | .local] == ["10.1.0.42"]'
	[ ! -e $networks ]
}

@test "without links, configurations of others are not served in-process" {
	rm $plugins/host-local
	cni ADD macvlan <<<"$(conf '.ipam.type = "host-local"')"
	[ "$status" != 0 ] || fail 'expected a failure'
	[[ $output == *host-local* ]]
	no_link pod1 net1
}

@test "the name of the executable chooses where ipam.type is none of a dialect" {
	ln -sf pool $plugins/my-ipam
	cni ADD my-ipam <<<"$(hostlocal '.type = "my-ipam"')"
	gives 10.1.0.1/24 fd00:1::1/64
	cni ADD host-local CNI_CONTAINERID=b <<<"$(hostlocal '.type = "my-ipam"')"
	gives 10.1.0.2/24 fd00:1::2/64
	files_are $'10.1.0.2 b net1\nfd00:1::2 b net1'
	cni DEL host-local CNI_CONTAINERID=b <<<"$(hostlocal '.type = "my-ipam"')"
	files_are ''
}

@test "nv-ipam is not served: executed where it is, refused under a link" {
	local command config

	config=$(conf '.ipam = {type: "nv-ipam", poolName: "my-pool"}')
	cni ADD macvlan <<<"$config"
	[ "$status" != 0 ] && [[ $output == *nv-ipam* ]] || fail 'expected it to be looked for'
	ln -s pool $plugins/nv-ipam
	for command in ADD CHECK; do
		cni $command nv-ipam <<<"$(with_result "$config" '{"ips": []}')"
		fails 7 'let the nv-ipam plugin serve this network'
	done
	cni STATUS nv-ipam <<<"$config"
	fails 7 'let the nv-ipam plugin serve this network'
	# In the plugin's own process, too.
	cni ADD macvlan <<<"$config"
	fails 7 'let the nv-ipam plugin serve this network'
	no_link pod1 net1
	cni DEL nv-ipam <<<"$config"
	succeeds_silently
	cni DEL macvlan <<<"$config"
	succeeds_silently
	cni GC nv-ipam <<<"$(jq '."cni.dev/valid-attachments" = []' <<<"$config")"
	succeeds_silently
	rm $plugins/nv-ipam
	[ -z "$(ls -A /var/lib/cni)" ]
	cat >$plugins/nv-ipam <<-'END'
	#!/bin/sh
	echo "$CNI_COMMAND $(jq -c .ipam)" >>/run/nv-ipam.calls
	[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.0.42/24"}]}'
	END
	chmod +x $plugins/nv-ipam
	cni ADD macvlan <<<"$config"
	succeeds
	link pod1 net1 '[.addr_info[] | select(.family == "inet") | .local] == ["10.1.0.42"]'
	cni DEL macvlan <<<"$config"
	succeeds_silently
	rm $plugins/nv-ipam
	[ "$(cat /run/nv-ipam.calls)" = 'ADD {"type":"nv-ipam","poolName":"my-pool"}
DEL {"type":"nv-ipam","poolName":"my-pool"}' ] || fail "calls: $(cat /run/nv-ipam.calls)"
	[ -z "$(ls -A /var/lib/cni)" ]
}

@test "links are made where they are asked for, over nobody else's file" {
	script=$BATS_TEST_DIRNAME/../ipam/link-dialects.sh
	mkdir -p /run/root/opt/cni/bin
	echo theirs >/run/root/opt/cni/bin/static
	ln -s elsewhere /run/root/opt/cni/bin/whereabouts
	DESTDIR=/run/root run -1 "$script" /opt/cni/bin host-local static whereabouts
	[[ $output == *bin/static*remove*bin/whereabouts*remove* ]]
	[ "$(readlink /run/root/opt/cni/bin/host-local)" = pool ]
	[ "$(cat /run/root/opt/cni/bin/static)" = theirs ]
	[ "$(readlink /run/root/opt/cni/bin/whereabouts)" = elsewhere ]
	rm /run/root/opt/cni/bin/static /run/root/opt/cni/bin/whereabouts
	DESTDIR=/run/root run -0 "$script" /opt/cni/bin host-local static whereabouts
	[ -z "$output" ]
	[ "$(readlink /run/root/opt/cni/bin/static)" = pool ]
}
