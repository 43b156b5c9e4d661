# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# The pool IPAM as an executable of its own, as any other plugin calls it.
bats_require_minimum_version 1.5.0
load lib.bash

# pool COMMAND FILTER [NAME=VALUE]...: the filter is applied to "ipam".
pool() {
	cni "$1" pool "${@:3}" <<<"$(ipam "$2")"
}

ipam() {
	conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($1)"
}

# gives ADDRESS...: the last ADD leased exactly these.
gives() {
	local wanted

	succeeds
	wanted=$(printf '%s\n' "$@" | jq -Rn '[inputs]')
	# shellcheck disable=SC2016
	json '.ips | map(.address) == $wanted' --argjson wanted "$wanted"
}

v4='.ranges = [[{subnet: "10.1.0.0/24"}]] | .routes = []'
# Two addresses.
small='.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.10"}]] | .routes = []'

@test "ADD, CHECK, DEL" {
	pool ADD .
	gives 10.1.0.2/24 fd00:1::2/64
	json '. == {cniVersion: "1.1.0",
		ips: [{address: "10.1.0.2/24", gateway: "10.1.0.1"}, {address: "fd00:1::2/64", gateway: "fd00:1::1"}],
		routes: [{dst: "10.7.0.0/16"}, {dst: "fd07::/32"}]}'
	[ "$(leases)" = 'pod1/net1: 10.1.0.2/24 fd00:1::2/64' ]
	checked=$(with_result "$(ipam .)" "$output")
	cni CHECK pool <<<"$checked"
	succeeds_silently
	cni DEL pool <<<"$checked"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "the result in every version" {
	pool ADD .
	for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0; do
		cni ADD pool <<<"$(ipam . | jq ".cniVersion = \"$version\"")"
		succeeds
		case $version in
		0.[12].0) json '.ip4.ip == "10.1.0.2/24" and .ip6.ip == "fd00:1::2/64"' ;;
		0.*) json '.ips | map(.version) == ["4", "6"]' ;;
		*) json '.ips | map(has("version")) == [false, false]' ;;
		esac
		json ".cniVersion == \"$version\" and (has(\"interfaces\") | not)"
	done
}

@test "two addresses of one family do not fit into 0.2.0, and none is leased" {
	cni ADD pool <<<"$(ipam '.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.2.0.0/24"}]] | .routes = []' |
		jq '.cniVersion = "0.2.0"')"
	fails 7 '0\.2\.0'
	[ -z "$(leases)" ]
}

@test "addresses go round robin, a released one comes last" {
	for container in a b; do
		pool ADD "$v4" CNI_CONTAINERID=$container
		succeeds
	done
	pool DEL "$v4" CNI_CONTAINERID=a
	pool ADD "$v4" CNI_CONTAINERID=c
	gives 10.1.0.3/24
}

@test "allocation: lowest" {
	lowest="$v4 | .allocation = \"lowest\" | .reuseDelay = 0"
	for container in a b; do
		pool ADD "$lowest" CNI_CONTAINERID=$container
	done
	pool DEL "$lowest" CNI_CONTAINERID=a
	pool ADD "$lowest" CNI_CONTAINERID=c
	gives 10.1.0.1/24
}

@test "old style: subnet at the top" {
	pool ADD '{type, subnet: "10.3.0.0/24", rangeStart: "10.3.0.7", rangeEnd: "10.3.0.9", gateway: "10.3.0.8"}'
	gives 10.3.0.7/24
	json '.ips[0].gateway == "10.3.0.8"'
	pool ADD '{type, subnet: "10.3.0.0/24", rangeStart: "10.3.0.7", rangeEnd: "10.3.0.9", gateway: "10.3.0.8"}' \
		CNI_CONTAINERID=b
	gives 10.3.0.9/24
}

@test "a flat list of ranges is one address each" {
	pool ADD '.ranges = [{subnet: "10.3.0.0/24"}, {subnet: "10.4.0.0/24"}] | .routes = []'
	gives 10.3.0.1/24 10.4.0.1/24
}

@test "the ranges of a set are alternatives, tried in order" {
	two='.ranges = [[{subnet: "10.3.0.0/24", rangeStart: "10.3.0.5", rangeEnd: "10.3.0.5"},
		{subnet: "10.4.0.0/24"}]] | .routes = []'
	pool ADD "$two"
	gives 10.3.0.5/24
	pool ADD "$two" CNI_CONTAINERID=b
	gives 10.4.0.1/24
}

@test "exclusions: network, address, span" {
	pool ADD '.ranges = [[{subnet: "10.1.0.0/24", exclude: ["10.1.0.0/28", "10.1.0.16", "10.1.0.17-10.1.0.20"]}]]
		| .routes = []'
	gives 10.1.0.21/24
}

@test "gateway: none by default, first, an address" {
	pool ADD "$v4"
	gives 10.1.0.1/24
	json '.ips[0] | has("gateway") | not'
	pool ADD '.ranges = [[{subnet: "10.3.0.0/24", gateway: "first"}]] | .pool = "b" | .routes = []'
	gives 10.3.0.2/24
	json '.ips[0].gateway == "10.3.0.1"'
	pool ADD '.ranges = [[{subnet: "10.3.0.0/24", gateway: "none"}]] | .pool = "c" | .routes = []'
	gives 10.3.0.1/24
	pool ADD '.ranges = [[{subnet: "10.3.0.0/24", gateway: "10.3.0.1"}]] | .pool = "d" | .routes = []'
	gives 10.3.0.2/24
	json '.ips[0].gateway == "10.3.0.1"'
}

@test "defaultGateway adds the default routes" {
	pool ADD '.defaultGateway = true | .routes = []'
	json '.routes | map(.dst) | sort == ["0.0.0.0/0", "::/0"]'
}

@test "/31, /32, /127, /128" {
	for subnet in 10.5.0.0/31 10.5.0.9/32 fd05::/127 fd05::9/128; do
		pool ADD ".ranges = [[{subnet: \"$subnet\"}]] | .routes = [] | .pool = \"${subnet//[:\/]/-}\""
		gives $subnet
	done
}

@test "pools of the same name share addresses, others do not" {
	pool ADD "$v4 | .pool = \"shared\""
	gives 10.1.0.1/24
	cni ADD pool CNI_CONTAINERID=b <<<"$(ipam "$v4 | .pool = \"shared\"" | jq '.name = "another"')"
	gives 10.1.0.2/24
	cni ADD pool CNI_CONTAINERID=b <<<"$(ipam "$v4" | jq '.name = "another"')"
	gives 10.1.0.1/24
}

@test "dataDir" {
	pool ADD "$v4 | .dataDir = \"/run/elsewhere\""
	succeeds
	[ -z "$(leases)" ]
	[ -n "$(find /run/elsewhere -name journal)" ]
	rm -r /run/elsewhere
}

@test "routes and dns are passed on" {
	pool ADD "$v4"' | .routes = [{dst: "10.8.0.0/16", gw: "10.1.0.9", mtu: 1400, table: 100}]
		| .dns = {nameservers: ["10.1.0.53"], search: ["x"]}'
	json '.routes == [{dst: "10.8.0.0/16", gw: "10.1.0.9", mtu: 1400, table: 100}]
		and .dns == {nameservers: ["10.1.0.53"], search: ["x"]}'
}

@test "resolvConf" {
	printf 'nameserver 10.1.0.53\nsearch a b\noptions ndots:2\n' >/run/resolv.conf
	pool ADD "$v4 | .resolvConf = \"/run/resolv.conf\""
	json '.dns == {nameservers: ["10.1.0.53"], search: ["a", "b"], options: ["ndots:2"]}'
}

# --- requested addresses -------------------------------------------------------------------------

@test "a requested address by CNI_ARGS" {
	pool ADD "$v4" 'CNI_ARGS=IgnoreUnknown=1;IP=10.1.0.50'
	gives 10.1.0.50/24
}

@test "requested addresses by args.cni.ips" {
	cni ADD pool <<<"$(ipam . | jq '.args.cni.ips = ["10.1.0.51", "fd00:1::51"]')"
	gives 10.1.0.51/24 fd00:1::51/64
}

@test "requested addresses by runtimeConfig.ips" {
	cni ADD pool <<<"$(ipam . | jq '.runtimeConfig.ips = ["fd00:1::52/64", "10.1.0.52/24"]')"
	gives 10.1.0.52/24 fd00:1::52/64
}

# refused CODE REGEX ADDRESS: ADD that requests the address fails, and nothing is leased beside.
refused() {
	local before

	before=$(leases)
	pool ADD '.ranges[0][0].exclude = ["10.1.0.60/31"]' CNI_CONTAINERID=refused "CNI_ARGS=IP=$3"
	fails "$1" "$2"
	[ "$before" = "$(leases)" ] || fail "leases: $(leases)"
}

@test "a requested address that is taken, excluded, the gateway, outside, network or broadcast" {
	pool ADD . CNI_ARGS=IP=10.1.0.50
	refused 11 '10\.1\.0\.50.*pod1' 10.1.0.50
	refused 7 '10\.1\.0\.61.*exclu' 10.1.0.61
	refused 7 '10\.1\.0\.1 .*gateway' 10.1.0.1
	refused 7 '192\.0\.2\.1' 192.0.2.1
	refused 7 '10\.1\.0\.0' 10.1.0.0
	refused 7 '10\.1\.0\.255' 10.1.0.255
	refused 7 'garbage' garbage
}

@test "a requested address other than the one held" {
	pool ADD .
	before=$(leases)
	pool ADD . CNI_ARGS=IP=10.1.0.50
	fails 7 '10\.1\.0\.2.*10\.1\.0\.50'
	[ "$before" = "$(leases)" ]
}

# --- repetition, exhaustion ----------------------------------------------------------------------

@test "repeated ADD gives the same addresses and writes nothing" {
	pool ADD .
	first=$output
	journal=$(find /var/lib/cni -name journal -exec cksum {} +)
	pool ADD .
	[ "$first" = "$output" ]
	[ "$journal" = "$(find /var/lib/cni -name journal -exec cksum {} +)" ]
}

@test "repeated ADD after the ranges moved leases anew, and frees the old one" {
	pool ADD "$v4"
	pool ADD '.ranges = [[{subnet: "10.4.0.0/24"}]] | .routes = []'
	gives 10.4.0.1/24
	[ "$(leases)" = 'pod1/net1: 10.4.0.1/24' ]
}

@test "repeated ADD after a set was added leases only the missing one" {
	pool ADD "$v4"
	pool ADD '.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "fd00:1::/64"}]] | .routes = []'
	gives 10.1.0.1/24 fd00:1::1/64
}

@test "exhaustion" {
	for container in a b; do
		pool ADD "$small" CNI_CONTAINERID=$container
		succeeds
	done
	before=$(leases)
	pool ADD "$small" CNI_CONTAINERID=c
	fails 11 'rail0.*exhausted'
	[ "$before" = "$(leases)" ]
	pool STATUS "$small"
	fails 50 'rail0'
	# An owner keeps what it has, and what is released is given out again though it is cooling.
	pool ADD "$small" CNI_CONTAINERID=a
	gives 10.1.0.9/24
	pool DEL "$small" CNI_CONTAINERID=b
	pool ADD "$small" CNI_CONTAINERID=c
	gives 10.1.0.10/24
}

@test "all or nothing: the second set is exhausted" {
	two='.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "fd00:1::5/128"}]] | .routes = []'
	pool ADD "$two" CNI_CONTAINERID=a
	gives 10.1.0.1/24 fd00:1::5/128
	before=$(leases)
	pool ADD "$two" CNI_CONTAINERID=b
	fails 11 'exhausted'
	[ "$before" = "$(leases)" ]
}

@test "64 at once get 64 addresses" {
	config=$(ipam "$v4")
	export CNI_COMMAND=ADD CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins
	for container in {1..64}; do
		CNI_CONTAINERID=c$container "$plugins/pool" <<<"$config" >"$BATS_TEST_TMPDIR/result$container" 3>&- &
	done
	wait
	[ "$(jq -r '.ips[0].address' "$BATS_TEST_TMPDIR"/result* | sort -u | wc -l)" = 64 ]
	[ "$(leases | wc -l)" = 64 ]
	CNI_COMMAND=DEL
	for container in {1..64}; do
		CNI_CONTAINERID=c$container "$plugins/pool" <<<"$config" 3>&- &
	done
	wait
	[ -z "$(leases)" ]
}

# --- DEL, CHECK, GC, STATUS ----------------------------------------------------------------------

@test "DEL twice, of something unknown, with a pool that does not exist" {
	pool DEL .
	succeeds_silently
	pool ADD .
	for _ in 1 2; do
		pool DEL . -CNI_NETNS
		succeeds_silently
		[ -z "$(leases)" ]
	done
}

@test "DEL with a broken configuration frees the addresses" {
	for filter in '.ranges = []' '.ranges = 7' '.ranges = [[{subnet: "x"}]]' '.routes = 7' '.reuseDelay = "soon"'; do
		pool ADD .
		pool DEL "$filter" CNI_ARGS=broken
		succeeds_silently
		[ -z "$(leases)" ] || fail "$filter: $(leases)"
	done
}

@test "DEL frees only the interface of that container" {
	pool ADD "$v4"
	pool ADD "$v4" CNI_IFNAME=net2
	pool ADD "$v4" CNI_CONTAINERID=pod2
	pool DEL "$v4"
	[ "$(leases)" = 'pod1/net2: 10.1.0.2/24'$'\n''pod2/net1: 10.1.0.3/24' ] || fail "leases: $(leases)"
}

# of_pod COMMAND POD CONTAINER [FILTER]
of_pod() {
	pool "$1" "$small | .sticky = \"pod\" | ${4:-.}" "CNI_CONTAINERID=$3" \
		"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=$2;K8S_POD_UID=$3"
	if [ "$1" = DEL ]; then
		succeeds_silently
	fi
}

@test "sticky: a pod keeps its address from its DEL to its next ADD" {
	of_pod ADD web c1
	gives 10.1.0.9/24
	of_pod DEL web c1
	of_pod DEL web c1
	[ "$(leases)" = 'pod:ns/web/net1: 10.1.0.9/24' ] || fail "leases: $(leases)"
	of_pod ADD db c2 '.allocation = "lowest"'
	gives 10.1.0.10/24
	of_pod ADD web c3
	gives 10.1.0.9/24
	of_pod DEL web c1
	[ "$(leases)" = 'c2/net1: 10.1.0.10/24'$'\n''c3/net1: 10.1.0.9/24' ] || fail "leases: $(leases)"
}

@test "sticky: a pool that is full gives up what was kept first" {
	for name in web db; do
		of_pod ADD $name $name
		of_pod DEL $name $name
	done
	pool STATUS "$small"
	succeeds_silently
	of_pod ADD other c3
	gives 10.1.0.9/24
	of_pod ADD web c4
	gives 10.1.0.10/24
	of_pod ADD db c5
	fails 11 'exhausted'
}

@test "sticky: our macvlan keeps a pod's address over DEL and ADD" {
	local args='CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web'
	local config

	config=$(conf '.ipam.sticky = "pod"')
	cni ADD macvlan "$args" <<<"$config"
	gives 10.1.0.2/24 fd00:1::2/64
	cni DEL macvlan "$args" <<<"$config"
	succeeds_silently
	cni ADD macvlan "$args" CNI_CONTAINERID=again <<<"$config"
	gives 10.1.0.2/24 fd00:1::2/64
	[ "$(leases)" = 'again/net1: 10.1.0.2/24 fd00:1::2/64' ] || fail "leases: $(leases)"
	cni DEL macvlan "$args" CNI_CONTAINERID=again <<<"$config"
	# The kernel refuses the route, after the lease.
	cni ADD macvlan "$args" CNI_CONTAINERID=third <<<"$(jq '.ipam.routes = [{dst: "10.9.0.0/16", gw: "172.16.0.1"}]' <<<"$config")"
	fails 999 'add route to 10\.9\.0\.0/16'
	[ "$(leases)" = 'pod:ns/web/net1: 10.1.0.2/24 fd00:1::2/64' ] || fail "leases: $(leases)"
}

@test "CHECK: no lease, another container's, another address" {
	pool ADD .
	checked=$(with_result "$(ipam .)" "$output")
	cni CHECK pool CNI_CONTAINERID=other <<<"$checked"
	fails 999 'other'
	cni CHECK pool <<<"$(jq '.prevResult.ips[0].address = "10.1.0.77/24"' <<<"$checked")"
	fails 999 '10\.1\.0\.2'
	cni CHECK pool <<<"$(jq 'del(.prevResult.ips[1])' <<<"$checked")"
	fails 999 'fd00:1::2'
	cni DEL pool <<<"$checked"
	cni CHECK pool <<<"$checked"
	fails 999 'pod1'
}

@test "GC keeps what is valid, of this network only" {
	for container in a b c; do
		pool ADD "$v4 | .pool = \"shared\"" CNI_CONTAINERID=$container
	done
	cni ADD pool CNI_CONTAINERID=d <<<"$(ipam "$v4 | .pool = \"shared\"" | jq '.name = "another"')"
	cni GC pool -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(ipam "$v4 | .pool = \"shared\"" |
		jq '.["cni.dev/valid-attachments"] = [{containerID: "b", ifname: "net1"}, {containerID: "c", ifname: "net9"}]')"
	succeeds_silently
	[ "$(leases)" = 'b/net1: 10.1.0.2/24'$'\n''d/net1: 10.1.0.4/24' ] || fail "leases: $(leases)"
}

@test "GC without the list frees nothing" {
	pool ADD .
	pool GC .
	fails 7 'attachments'
	[ -n "$(leases)" ]
}

@test "STATUS" {
	pool STATUS .
	succeeds_silently
	pool STATUS '.ranges = []'
	fails 7 'range'
}

@test "a killed writer's torn line is cut off" {
	pool ADD "$v4"
	journal=$(find /var/lib/cni -name journal)
	printf '{"seq":9,"op":"add","ips":["10.1.0.2/24"],"cid":"to' >>"$journal"
	pool ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.2/24
	[ "$(leases)" = 'b/net1: 10.1.0.2/24'$'\n''pod1/net1: 10.1.0.1/24' ] || fail "leases: $(leases)"
}

@test "the index may be deleted or broken at any time" {
	pool ADD "$v4"
	index=$(find /var/lib/cni -name index)
	rm "$index"
	pool ADD "$v4" CNI_CONTAINERID=b
	gives 10.1.0.2/24
	head -c 100 /dev/urandom >"$index"
	pool ADD "$v4" CNI_CONTAINERID=c
	gives 10.1.0.3/24
	pool ADD "$v4"
	gives 10.1.0.1/24
}

@test "the lock is held by somebody else" {
	pool ADD "$v4"
	lock=$(find /var/lib/cni -name lock)
	exec 7<"$lock"
	flock 7
	pool ADD "$v4 | .lockTimeout = \"200ms\"" CNI_CONTAINERID=b
	exec 7<&-
	fails 11 'lock'
	pool ADD "$v4 | .lockTimeout = \"200ms\"" CNI_CONTAINERID=b
	succeeds
}

@test "a store that cannot be written" {
	mkdir /run/read-only
	mount -t tmpfs -o ro none /run/read-only
	pool ADD "$v4 | .dataDir = \"/run/read-only\""
	[ "$status" = 1 ]
	json '.msg | test("/run/read-only")'
	pool STATUS "$v4 | .dataDir = \"/run/read-only\""
	[ "$status" = 1 ]
	umount /run/read-only
}

# --- as other plugins call it --------------------------------------------------------------------

@test "the macvlan of Debian's containernetworking-plugins delegates to it" {
	[ -x /usr/lib/cni/macvlan ] || cannot_run 'containernetworking-plugins is not installed'
	mkdir -p /run/foreign
	cp /usr/lib/cni/macvlan /run/foreign/
	cp "$plugins/pool" /run/foreign/
	foreign() {
		status=0
		output=$(CNI_COMMAND=$1 CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 \
			CNI_PATH=/run/foreign /run/foreign/macvlan <<<"$2") || status=$?
	}
	# Its CHECK looks for routes as the result has them: a gateway that was filled in is not found.
	config=$(conf '.cniVersion = "1.0.0" | .ipam.routes = [{dst: "10.7.0.0/16", gw: "10.1.0.1"}]')
	foreign ADD "$config"
	gives 10.1.0.2/24 fd00:1::2/64
	link pod1 net1 '.addr_info | map(.local) | index("fd00:1::2")'
	foreign CHECK "$(with_result "$config" "$output")"
	succeeds_silently
	foreign DEL "$config"
	succeeds_silently
	[ -z "$(leases)" ]
}

@test "our macvlan with pool in another directory executes it: same store, same result" {
	mkdir -p /run/foreign
	cp "$plugins/pool" /run/foreign/
	cni ADD macvlan CNI_PATH=/run/foreign <<<"$(conf .)"
	gives 10.1.0.2/24 fd00:1::2/64
	cni ADD macvlan CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(conf .)"
	gives 10.1.0.3/24 fd00:1::3/64
	cni DEL macvlan CNI_PATH=/run/foreign CNI_CONTAINERID=pod2 <<<"$(conf .)"
	succeeds_silently
	cni DEL macvlan <<<"$(conf .)"
	[ -z "$(leases)" ]
}
