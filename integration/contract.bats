# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154,SC2016
# What runtimes and chains rely on, whatever the plugin: versions, prevResult, keys, CNI_ARGS, metadata.
bats_require_minimum_version 1.5.0
load lib.bash

versions='0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0'

# add FILTER [NAME=VALUE]...: a successful ADD.
add() {
	cni ADD macvlan "${@:2}" <<<"$(conf "$1")"
	succeeds
}

del() {
	cni DEL macvlan <<<"$(conf .)"
	succeeds_silently
}

# --- versions ------------------------------------------------------------------------------------

@test "VERSION with a dummy in every variable, with garbage on stdin and without one" {
	for plugin in macvlan pool; do
		cni VERSION $plugin CNI_CONTAINERID=dummy CNI_NETNS=dummy CNI_IFNAME=dummy CNI_PATH=dummy \
			CNI_ARGS=dummy <<<'no JSON'
		succeeds
		[ "$(wc -l <"$BATS_TEST_TMPDIR/stdout")" = 1 ]
		json '.cniVersion == "1.1.0" and (.supportedVersions | length == 7)'
		cni VERSION $plugin CNI_CONTAINERID=/ CNI_IFNAME=/ <&-
		succeeds
	done
}

@test "called by a person, whatever else is set: nothing on stdout" {
	for plugin in macvlan pool; do
		cni '' $plugin CNI_COMMAND= CNI_CONTAINERID=/ CNI_IFNAME=/ CNI_ARGS=x <<<'no JSON'
		succeeds_silently
		[[ $stderr == "CNI $plugin plugin"* ]]
	done
}

@test "an error object has the version of the configuration, code and message, and details if any" {
	for plugin in macvlan pool; do
		for version in $versions; do
			cni ADD $plugin <<<"$(conf ".cniVersion = \"$version\" | .ipam.ranges = 5")"
			fails 7 ranges
			json ".cniVersion == \"$version\" and keys == [\"cniVersion\", \"code\", \"msg\"]"
		done
		cni ADD $plugin <<<"$(conf '.cniVersion = "0.9.0"')"
		fails 1 '^incompatible CNI versions$'
		json '.details | test("^config is \"0.9.0\", plugin supports \\[\"0.1.0\" \"0.2.0\" .* \"1.1.0\"\\]$")'
		cni ADD $plugin <<<'{'
		fails 6 .
		json '.cniVersion == "1.1.0"'
	done
}

# --- prevResult ----------------------------------------------------------------------------------

# of VERSION: a result of a plugin that made eth0 and an interface of the host.
of() {
	case $1 in
	0.[12].0) echo "{\"cniVersion\":\"$1\",\"ip4\":{\"ip\":\"10.2.0.9/16\",\"gateway\":\"10.2.0.1\",\"routes\":null}}" ;;
	0.*) printf '{"cniVersion":"%s","interfaces":[{"name":"veth1"},{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"%s"}],
		"ips":[{"version":"4","interface":1,"address":"10.2.0.9/16","gateway":"10.2.0.1"}],
		"routes":[{"dst":"0.0.0.0/0"}],"dns":{"domain":"d"}}' "$1" /run/netns/pod1 ;;
	*) printf '{"cniVersion":"%s","interfaces":[{"name":"veth1"},{"name":"eth0","mac":"02:00:00:00:00:01","mtu":1400,"sandbox":"%s"}],
		"ips":[{"interface":1,"address":"10.2.0.9/16","gateway":"10.2.0.1"}],"routes":[{"dst":"0.0.0.0/0"}],
		"dns":{"domain":"d"}}' "$1" /run/netns/pod1 ;;
	esac
}

# What is said to be there must be there for CHECK.
make_eth0() {
	ip -n pod1 -batch - <<-'END'
	link set lo up
	link add name eth0 type bridge
	addr add 10.2.0.9/16 dev eth0
	link set eth0 up
	route add default via 10.2.0.1
	END
}

@test "behind another plugin: its result of any version is passed on, and CHECK and DEL take the whole" {
	make_eth0
	for before in 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		for version in 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
			config=$(conf ".cniVersion = \"$version\"")
			cni ADD macvlan <<<"$(with_result "$config" "$(of $before)")"
			succeeds
			json '.cniVersion == $version and (.interfaces | map(.name)) == ["veth1", "eth0", "net1"]
				and (.ips | map(.interface)) == [1, 2, 2] and .ips[0].address == "10.2.0.9/16"
				and (.routes | map(.dst)) == ["0.0.0.0/0", "10.7.0.0/16", "fd07::/32"]
				and .dns == {domain: "d"}
				and (.ips[0] | has("version")) == ($version < "1")
				and (.interfaces[2] | has("mtu")) == ($version >= "1.1")' --arg version $version
			whole=$(with_result "$config" "$output")
			case $version in
			0.3.*) ;;
			*)
				cni CHECK macvlan <<<"$whole"
				succeeds_silently
				ip -n pod1 route del 10.7.0.0/16
				cni CHECK macvlan <<<"$whole"
				fails 999 '10\.7\.0\.0/16'
				;;
			esac
			cni DEL macvlan <<<"$whole"
			succeeds_silently
		done
	done
	link pod1 eth0 '.linkinfo.info_kind == "bridge"'
}

@test "behind another plugin, before 0.3.0: one address of a family fits" {
	only6='.ipam |= (del(.ranges[0]) | .routes = [])'
	for before in 0.1.0 0.2.0; do
		add "$only6 | .cniVersion = \"0.2.0\" | .prevResult = $(of $before)"
		json '.ip4.ip == "10.2.0.9/16" and .ip6.ip == "fd00:1::2/64"'
		cni DEL macvlan <<<"$(conf "$only6")"
		rm -rf /var/lib/cni/*
	done
	remember
	cni ADD macvlan <<<"$(conf ".cniVersion = \"0.2.0\" | .prevResult = $(of 0.2.0)")"
	fails 7 '0\.2\.0'
	unchanged
}

@test "before another plugin: CHECK and DEL take what that one added" {
	make_eth0
	add .
	result=$(jq -c '.interfaces += [{name: "eth0", sandbox: "/run/netns/pod1"}, {name: "veth1"}]
		| .ips += [{address: "10.2.0.9/16", gateway: "10.2.0.1", interface: 1}]
		| .routes += [{dst: "0.0.0.0/0", gw: "10.2.0.1"}]' <<<"$output")
	for version in 0.4.0 1.0.0 1.1.0; do
		config=$(conf ".cniVersion = \"$version\"")
		cni CHECK macvlan <<<"$(with_result "$config" "$result")"
		succeeds_silently
	done
	ip -n pod1 addr del 10.1.0.2/24 dev net1
	cni CHECK macvlan <<<"$(with_result "$config" "$result")"
	fails 999 '10\.1\.0\.2/24'
	cni DEL macvlan <<<"$(with_result "$config" "$result")"
	succeeds_silently
	no_link pod1 net1
}

@test "prevResult of every version and its members null: CHECK" {
	add '.ipam = {}'
	result=$output
	for before in 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		for version in 0.4.0 1.0.0 1.1.0; do
			cni CHECK macvlan <<<"$(with_result "$(conf ".ipam = {} | .cniVersion = \"$version\"")" \
				"$(jq ".cniVersion = \"$before\" | .ips = null | .routes = null | .dns = null" <<<"$result")")"
			succeeds_silently
		done
	done
}

@test "a prevResult that is none: ADD does nothing, DEL everything" {
	remember
	for bad in 6:'"x"' 6:5 6:'[]' 1:'{"cniVersion": "3.0.0"}' 6:'{"cniVersion": 1}' \
		7:'{"ips": [{"address": "10.1.0.300/24"}]}' 7:'{"interfaces": [{"name": 5}]}' 7:'{"ips": [5]}' \
		7:'{"routes": [{"dst": "x"}]}' 7:'{"dns": []}'; do
		cni ADD macvlan <<<"$(conf ".prevResult = ${bad#*:}")"
		fails "${bad%%:*}" .
		unchanged
		add .
		cni DEL macvlan <<<"$(conf ".prevResult = ${bad#*:}")"
		succeeds_silently
		[ -z "$(leases)" ] || fail "leases: $(leases)"
		rm -rf /var/lib/cni/*
	done
}

@test "the pool does not care for the results of others on ADD" {
	for before in $versions; do
		cni ADD pool <<<"$(with_result "$(conf '.cniVersion = "1.0.0"')" "$(of "$before")")"
		succeeds
		json 'has("interfaces") | not'
		json '.ips | map(.address) == ["10.1.0.2/24", "fd00:1::2/64"]'
	done
}

# --- routes --------------------------------------------------------------------------------------

@test "routes are set as they are configured; a result tells their attributes from 1.1.0 on" {
	mkdir -p /run/foreign
	cp "$plugins/pool" /run/foreign/
	routes='.ipam.routes = [{dst: "10.8.0.0/16", mtu: 1400, advmss: 1300, priority: 77},
		{dst: "10.9.0.0/16", table: 100}, {dst: "198.51.100.0/24", scope: 253}]'
	for version in $versions; do
		for path in "$plugins" /run/foreign; do
			# An IPAM that is executed has nothing but its result to tell them.
			[ "$path" = "$plugins" ] || [ "$version" = 1.1.0 ] || continue
			add "$routes | .cniVersion = \"$version\"" "CNI_PATH=$path"
			json '([(.routes? // []), (.ip4.routes? // [])] | add | map(has("table") or has("mtu")) | any)
				== ($version == "1.1.0")' --arg version "$version"
			now=$(ip -n pod1 -d route show table all dev net1 proto boot | sort)
			[[ $now == *'10.9.0.0/16 via 10.1.0.1 table 100'* && $now == *'metric 77 mtu 1400 advmss 1300'* &&
				$now == *'198.51.100.0/24'*'scope link'* ]] || fail "$version: routes: $now"
			del
		done
	done
}

# --- keys ----------------------------------------------------------------------------------------

@test "keys in any case, the last of duplicates, null as absent" {
	text=$(conf '.ipam = {}')
	cni ADD macvlan <<<"${text%\}},\"mtu\":1300,\"MTU\":1350,\"Mtu\":1400,\"mtu\":null,\"MODE\":\"private\"}"
	succeeds
	link pod1 net1 '.mtu == 1400 and .linkinfo.info_data.mode == "private"'
	del
	add '.ipam |= (.Ranges = .ranges | del(.ranges) | .ROUTES = .routes | del(.routes))'
	json '(.ips | length == 2) and (.routes | length == 2)'
	del
	add '.ipam |= (.routes = null | .dns = null | .exclude = null | .dataDir = null | .resolvConf = null)
		| .dns = {nameservers: null, domain: null} | .runtimeConfig = null | .args = null | .mac = null
		| .mtu = null | .capabilities = null | .prevResult = null | .linkInContainer = null | .bcqueuelen = null'
	json '(has("routes") or has("dns")) | not'
}

@test "runtimeConfig and args with capital letters and null lists" {
	add '.RuntimeConfig = {MAC: "02:00:00:00:00:07", IPs: ["10.1.0.66/24"], portMappings: null}
		| .args = {cni: {ips: null}}'
	link pod1 net1 '.address == "02:00:00:00:00:07"'
	json '.ips[0].address == "10.1.0.66/24"'
	del
	add '.runtimeConfig = {mac: null, ips: null} | .Args = {CNI: {IPs: ["10.1.0.67"], labels: null}}'
	json '.ips[0].address == "10.1.0.67/24"'
	del
	add '.runtimeConfig = {ips: []} | .args = {cni: null}'
	json '.ips[0].address | test("^10.1.0.")'
}

@test "what Multus and device plugins add to every delegate is tolerated" {
	for id in 0000:3b:00.2 mlx5_core.sf.4 7 ''; do
		add ".deviceID = \"$id\" | .pciBusID = \"$id\" | .runtimeConfig = {deviceID: \"$id\",
			CNIDeviceInfoFile: \"/run/x\", infinibandGUID: \"\", bandwidth: {}} | .capabilities = {deviceID: true}"
		json '(.interfaces | length == 1) and (.interfaces[0] | has("pciID") | not)'
		del
	done
}

# --- the link-layer address ----------------------------------------------------------------------

# mac WANTED FILTER [NAME=VALUE]...
mac() {
	add ".ipam = {} | $2" "${@:3}"
	link pod1 net1 ".address == \"02:00:00:00:00:0$1\""
	del
}

@test "mac: runtimeConfig, then args.cni, then CNI_ARGS, then the configuration" {
	conf='.mac = "02:00:00:00:00:01"'
	args='.args.cni.mac = "02:00:00:00:00:03"'
	runtime='.runtimeConfig.mac = "02:00:00:00:00:04"'
	mac 1 "$conf"
	mac 2 "$conf" CNI_ARGS=MAC=02:00:00:00:00:02
	mac 3 "$conf | $args" CNI_ARGS=MAC=02:00:00:00:00:02
	mac 4 "$conf | $args | $runtime" CNI_ARGS=MAC=02:00:00:00:00:02
	mac 4 "$args | $runtime"
	mac 3 "$args | .runtimeConfig.mac = \"\""
}

@test "args.cni.mac that is no text, and args of any shape: the next source counts" {
	for args in '{"cni": {"mac": 5}}' '{"cni": {"mac": null}}' '{"cni": {"mac": ["x"]}}' '{"cni": {"mac": ""}}' \
		'{"cni": {"mac": true, "x": {"y": [1]}}}' '{"cni": []}' '{"cni": "x"}' '{}' null '"x"' 5 '[]'; do
		mac 1 ".mac = \"02:00:00:00:00:01\" | .args = $args"
	done
	remember
	cni ADD macvlan <<<"$(conf '.args.cni.mac = "x"')"
	fails 7 '"x"'
	unchanged
}

# --- CNI_ARGS ------------------------------------------------------------------------------------

@test "CNI_ARGS as Multus sends them: keys twice, the last counts, values empty" {
	twice='IgnoreUnknown=true;K8S_POD_NAMESPACE=;K8S_POD_NAME=;K8S_POD_UID=;IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=p'
	add . "CNI_ARGS=$twice;MAC=02:00:00:00:00:01;MAC=02:00:00:00:00:02;IP=10.1.0.7/24;IP=10.1.0.8/24,fd00:1::8/64"
	link pod1 net1 '.address == "02:00:00:00:00:02"'
	json '.ips | map(.address) == ["10.1.0.8/24", "fd00:1::8/64"]'
	grep '"pod":"team/p"' "$(find /var/lib/cni -name journal)"
	del
	add . "CNI_ARGS=IgnoreUnknown=1;MAC=;IP=;K8S_POD_NAMESPACE=;K8S_POD_NAME=;=;A="
	json '.ips | length == 2'
}

@test "CNI_ARGS: pool checks them as macvlan does, and DEL does not" {
	for plugin in macvlan pool; do
		for args in 'X=y' 'IgnoreUnknown=0;X=y' 'IgnoreUnknown=maybe' 'IgnoreUnknown=1;' 'IgnoreUnknown=1;X' \
			'IgnoreUnknown=1;X=y=z' 'ignoreunknown=1'; do
			remember
			cni ADD $plugin "CNI_ARGS=$args" <<<"$(conf .)"
			fails 4 'CNI_ARGS'
			unchanged
			cni DEL $plugin "CNI_ARGS=$args" <<<"$(conf .)"
			succeeds_silently
		done
	done
}

# --- the namespace -------------------------------------------------------------------------------

@test "CNI_NETNS_OVERRIDE is 1 or true, and nothing else" {
	remember
	for value in '' 0 false yes 2 on 'true '; do
		cni ADD macvlan CNI_NETNS=/proc/self/ns/net "CNI_NETNS_OVERRIDE=$value" <<<"$(conf .)"
		fails 8 'should not be the same'
		unchanged
	done
	cni ADD pool CNI_NETNS=/proc/self/ns/net <<<"$(conf .)"
	fails 8 'should not be the same'
	unchanged
	for value in 1 true TRUE True; do
		cni ADD pool CNI_NETNS=/proc/self/ns/net "CNI_NETNS_OVERRIDE=$value" <<<"$(conf .)"
		succeeds
	done
}

# --- GC ------------------------------------------------------------------------------------------

@test "GC: of two lists the one of the specification counts, and null is an empty one" {
	add .
	cni GC macvlan -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/attachments"] = []
		| .["cni.dev/valid-attachments"] = [{containerID: "pod1", ifname: "net1"}]')"
	succeeds_silently
	[ -n "$(leases)" ]
	cni GC pool -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME \
		<<<"$(conf '.["CNI.DEV/Attachments"] = [{ContainerID: "pod1", IfName: "net1"}]')"
	succeeds_silently
	[ -n "$(leases)" ]
	cni GC macvlan -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME <<<"$(conf '.["cni.dev/attachments"] = null')"
	succeeds_silently
	[ -z "$(leases)" ] || fail "leases: $(leases)"
}

@test "GC: a list that is none frees nothing" {
	add .
	before=$(leases)
	for list in '{}' '"x"' 5 '["pod1"]' '[{"containerID": "pod1"}]' '[{"ifname": "net1"}]' \
		'[{"containerID": 5, "ifname": "net1"}]' '[null]'; do
		for plugin in macvlan pool; do
			cni GC $plugin <<<"$(conf ".[\"cni.dev/valid-attachments\"] = $list")"
			fails 7 .
			[ "$before" = "$(leases)" ]
		done
	done
}

# --- the tests' own means ------------------------------------------------------------------------

@test "leases of one interface in two pools" {
	for pool in a b; do
		cni ADD pool <<<"$(conf ".ipam.pool = \"$pool\" | del(.ipam.ranges[1]) | .ipam.routes = []")"
		succeeds
	done
	[ "$(leases)" = $'pod1/net1: 10.1.0.2/24\npod1/net1: 10.1.0.2/24' ] || fail "leases: $(leases)"
	cni DEL pool <<<"$(conf '.ipam.pool = "a"')"
	succeeds_silently
	[ "$(leases)" = 'pod1/net1: 10.1.0.2/24' ] || fail "leases: $(leases)"
}
