# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Bad input: one error object on stdout with the code of the specification, a message that names
# the thing, exit status 1, and nothing changed.
bats_require_minimum_version 1.5.0
load lib.bash

# raw CODE REGEX STDIN [NAME=VALUE | -NAME]...: ADD with exactly this on stdin.
raw() {
	remember
	cni "${command:-ADD}" macvlan "${@:4}" <<<"$3"
	fails "$1" "$2"
	unchanged
}

# refuse CODE REGEX FILTER [NAME=VALUE | -NAME]...: ADD of the standard configuration, filtered.
refuse() {
	raw "$1" "$2" "$(conf "$3")" "${@:4}"
}

# --- environment ---------------------------------------------------------------------------------

@test "missing and empty variables" {
	for variable in CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH; do
		refuse 4 "$variable" . -$variable
		refuse 4 "$variable" . $variable=
	done
	refuse 4 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH' . -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME -CNI_PATH
}

@test "DEL, CHECK, GC, STATUS need theirs" {
	for command in DEL CHECK; do
		refuse 4 CNI_CONTAINERID . -CNI_CONTAINERID
		refuse 4 CNI_IFNAME . -CNI_IFNAME
	done
	command=CHECK refuse 4 CNI_NETNS . -CNI_NETNS
	for command in GC STATUS; do
		refuse 4 CNI_PATH . -CNI_PATH
	done
}

@test "container IDs" {
	for id in -a .a a/b 'a b' $'a\n' ü; do
		refuse 4 'CNI_CONTAINERID' . "CNI_CONTAINERID=$id"
	done
}

@test "interface names" {
	for name in . .. a/b a:b 'a b' $'a\tb' $'a\u00a0b' sixteen-letters0; do
		refuse 4 'nterface|IFNAME' . "CNI_IFNAME=$name"
	done
}

@test "a bad container ID is told before a missing interface name" {
	refuse 4 'CNI_CONTAINERID' . CNI_CONTAINERID=-bad -CNI_IFNAME
}

@test "unknown commands" {
	for command in FOO add ADDX; do
		refuse 4 "$command" .
	done
}

@test "CNI_ARGS" {
	refuse 4 'UNKNOWN' . CNI_ARGS=UNKNOWN=1
	refuse 4 'A=b=c' . 'CNI_ARGS=IgnoreUnknown=1;A=b=c'
	refuse 4 'pair' . 'CNI_ARGS=IgnoreUnknown=1;'
	refuse 4 'maybe' . CNI_ARGS=IgnoreUnknown=maybe
	refuse 7 'no-mac' . CNI_ARGS=MAC=no-mac
}

# --- stdin ---------------------------------------------------------------------------------------

@test "broken JSON" {
	for text in '' ' ' '{' '{"name":"x"' '[1,2' '{"name":}' "{'name':'x'}" '{"name":"x",}' '{"name":"x"} x' \
		'{"name":"x"}{}' '{"a":01}' '{"a":NaN}' '{"a":"\x"}' '// {}' $'\xef\xbb\xbf{}' $'{"a":"\n"}'; do
		raw 6 . "$text"
	done
}

@test "JSON that is no object" {
	for text in '[]' '"x"' 5 true; do
		raw 6 . "$text"
	done
}

@test "truncated configuration: every prefix" {
	text=$(conf '.ipam = {}')
	remember
	for ((length = 0; length < ${#text}; length += 7)); do
		cni ADD macvlan <<<"${text:0:length}"
		fails 6 .
	done
	unchanged
}

@test "a configuration above 8 MiB" {
	remember
	cni ADD macvlan < <(printf '{"name":"x","type":"macvlan","a":"'; head -c 8400000 /dev/zero | tr '\0' a; printf '"}')
	[ "$status" = 1 ]
	json '(.code == 5 or .code == 6) and (.msg | test("8"))'
	unchanged
}

@test "a configuration just below 8 MiB is read" {
	cni ADD macvlan < <(printf '{"cniVersion":"1.0.0","name":"x","type":"macvlan","master":"rail0","a":"'
		head -c 8300000 /dev/zero | tr '\0' a; printf '"}')
	succeeds
}

@test "deep nesting" {
	brackets() { head -c 200000 /dev/zero | tr '\0' "$1"; }
	raw 6 . "{\"name\":\"x\",\"a\":$(brackets '[')"
	raw 6 . "{\"name\":\"x\",\"a\":$(brackets '[')$(brackets ']')}"
}

@test "stdin that cannot be read" {
	remember
	cni ADD macvlan 0</run
	fails 5 .
	cni ADD macvlan 0<&-
	fails 5 .
	unchanged
}

# --- names, versions -----------------------------------------------------------------------------

@test "network names" {
	refuse 7 'name' 'del(.name)'
	refuse 7 'name' '.name = ""'
	refuse 7 'name' '.name = null'
	for name in a/b '../x' '-x' 'a b'; do
		refuse 7 'name' ".name = \"$name\""
	done
	refuse 6 'name' '.name = 5'
}

@test "versions" {
	for version in 0.9.0 1.0 1.0.1 2.0.0 v1.0.0 x; do
		refuse 1 '.' ".cniVersion = \"$version\""
		json ".details | test(\"${version//./\\\\.}\")"
	done
	refuse 6 'cniVersion' '.cniVersion = 1'
}

# --- the plugin's own keys -----------------------------------------------------------------------

@test "wrong types" {
	refuse 7 'master' '.master = 5'
	refuse 7 'mode' '.mode = 5'
	refuse 7 'mtu' '.mtu = "1500"'
	refuse 7 'mtu' '.mtu = 1500.5'
	refuse 7 'mtu' '.mtu = true'
	refuse 7 'mac' '.mac = 5'
	refuse 7 'linkInContainer' '.linkInContainer = "yes"'
	refuse 7 'bcqueuelen' '.bcqueuelen = "many"'
	refuse 7 'ipam' '.ipam = "pool"'
	refuse 7 'type' '.ipam.type = 5'
	refuse 7 'dns' '.dns = "10.0.0.1"'
	refuse 7 'nameservers' '.dns.nameservers = "10.0.0.1"'
	refuse 7 'runtimeConfig' '.runtimeConfig = 5'
}

@test "floating point where an integer belongs" {
	text=$(conf '.ipam = {}')
	for number in 1500.0 1.5e3 1e400 99999999999999999999; do
		raw 7 'mtu' "${text%\}},\"mtu\":$number}"
	done
}

@test "unknown mode" {
	refuse 7 'mode.*"steep"' '.mode = "steep"'
	refuse 7 'mode.*"source"' '.mode = "source"'
	refuse 7 'mode.*"Bridge"' '.mode = "Bridge"'
}

@test "bad MAC" {
	for mac in x 02:00:00:00:00 02:00:00:00:00:00:00 02:00:00:00:00:0g 01:00:5e:00:00:01 00:00:00:00:00:00 \
		02:00:00:00:00:00:00:01; do
		refuse 7 "$mac" ".mac = \"$mac\""
		refuse 7 "$mac" ".runtimeConfig.mac = \"$mac\""
	done
}

@test "bad MTU names the bound" {
	refuse 7 '1500' '.mtu = 9000'
	refuse 7 'mtu' '.mtu = -1'
	refuse 7 'mtu' '.mtu = 4294967296'
	refuse 7 'bcqueuelen' '.bcqueuelen = -1'
	refuse 7 'bcqueuelen' '.bcqueuelen = 4294967296'
}

@test "an MTU that the kernel refuses" {
	remember
	cni ADD macvlan <<<"$(conf '.mtu = 1')"
	[ "$status" = 0 ] || fails 999 'rail0|mtu'
	cni DEL macvlan <<<"$(conf .)"
	unchanged
}

@test "missing master: try again later" {
	refuse 11 'absent0' '.master = "absent0"'
	refuse 11 'absent0' '.master = "absent0" | .linkInContainer = true'
	refuse 11 'default route' 'del(.master)'
	refuse 11 'default route' 'del(.master) | .linkInContainer = true'
}

@test "a master that cannot exist" {
	refuse 7 'name-longer-than-127' ".master = (\"name-longer-than-127\" + \"x\" * 120)"
}

@test "a master that is no Ethernet interface" {
	refuse 7 'lo' '.master = "lo"'
}

@test "a master that a bridge holds" {
	ip link add name br0 type bridge
	ip link set rail0 master br0
	refuse 999 'rail0.*br0' .
	ip link del br0
}

@test "a master that a passthru macvlan holds" {
	ip link add link rail0 name holder type macvlan mode passthru
	refuse 999 'rail0' .
	ip link del holder
}

@test "passthru on a master with macvlans" {
	ip link add link rail0 name holder type macvlan mode bridge
	refuse 999 'rail0' '.mode = "passthru"'
	ip link del holder
}

# --- the namespace -------------------------------------------------------------------------------

@test "missing and invalid namespaces" {
	touch /run/regular
	for netns in /run/netns/absent /run/regular /run /dev/null relative /run/regular/x; do
		refuse 8 "$netns" . "CNI_NETNS=$netns"
		command=CHECK refuse 8 "$netns" '.prevResult = {cniVersion: "1.1.0"}' "CNI_NETNS=$netns"
	done
}

@test "another kind of namespace" {
	refuse 8 '/proc/self/ns/mnt' . CNI_NETNS=/proc/self/ns/mnt
}

@test "a namespace that is ours" {
	refuse 8 '/proc/self/ns/net' . CNI_NETNS=/proc/self/ns/net
	refuse 8 '/proc/self/ns/net' '.ipam = {}' CNI_NETNS=/proc/self/ns/net
	command=CHECK refuse 8 '/proc/self/ns/net' '.prevResult = {cniVersion: "1.1.0"}' CNI_NETNS=/proc/self/ns/net
}

@test "a namespace that is ours, with CNI_NETNS_OVERRIDE" {
	cni ADD macvlan CNI_NETNS=/proc/self/ns/net CNI_NETNS_OVERRIDE=TRUE <<<"$(conf '.ipam = {}')"
	succeeds
	cni CHECK macvlan CNI_NETNS=/proc/self/ns/net CNI_NETNS_OVERRIDE=1 \
		<<<"$(with_result "$(conf '.ipam = {}')" "$output")"
	succeeds_silently
	cni DEL macvlan CNI_NETNS=/proc/self/ns/net CNI_NETNS_OVERRIDE=1 <<<"$(conf '.ipam = {}')"
	succeeds
	run ! ip link show net1
}

# --- the pool ------------------------------------------------------------------------------------

# pool CODE REGEX FILTER: the filter is applied to "ipam"; alone and through macvlan.
pool() {
	refuse "$1" "$2" ".ipam |= ($3)" "${@:4}"
	cni ADD pool "${@:4}" <<<"$(conf ".ipam |= ($3)")"
	fails "$1" "$2"
	unchanged
}

# range REGEX MEMBERS: of the only range.
range() {
	pool 7 "$1" ".routes = [] | .ranges = [[{$2}]]"
}

@test "pool: no range" {
	pool 7 'range' 'del(.ranges)'
	pool 7 'range' '.ranges = []'
	pool 7 'range' '.ranges = [[]]'
	pool 7 'range' '.ranges = "10.1.0.0/24"'
	pool 7 'subnet' '.ranges = [[{}]]'
}

@test "pool: bad CIDR" {
	for subnet in garbage 10.1.0.0 10.1.0.0/33 10.1.0/24 10.1.0.01/24 10.1.0.0/-1 10.1.0.0/024 fd00::/129 fd00::%eth0/64; do
		range "$subnet" "subnet: \"$subnet\""
	done
	range 'subnet' 'subnet: 5'
}

@test "pool: host bits in the subnet" {
	range '10\.1\.0\.5/24' 'subnet: "10.1.0.5/24"'
}

@test "pool: start and end" {
	range '10\.1\.0\.20' 'subnet: "10.1.0.0/24", rangeStart: "10.1.0.20", rangeEnd: "10.1.0.10"'
	range '10\.2\.0\.1' 'subnet: "10.1.0.0/24", rangeStart: "10.2.0.1"'
	range '10\.2\.0\.1' 'subnet: "10.1.0.0/24", rangeEnd: "10.2.0.1"'
	range 'fd00::1' 'subnet: "10.1.0.0/24", rangeStart: "fd00::1"'
	range 'garbage' 'subnet: "10.1.0.0/24", rangeStart: "garbage"'
}

@test "pool: exclusions and gateway" {
	range 'garbage' 'subnet: "10.1.0.0/24", exclude: ["garbage"]'
	range '10\.1\.0\.9-10\.1\.0\.1' 'subnet: "10.1.0.0/24", exclude: ["10.1.0.9-10.1.0.1"]'
	range 'exclude' 'subnet: "10.1.0.0/24", exclude: "10.1.0.9"'
	range 'garbage' 'subnet: "10.1.0.0/24", gateway: "garbage"'
	range 'fd00::1' 'subnet: "10.1.0.0/24", gateway: "fd00::1"'
}

@test "pool: overlapping ranges" {
	pool 7 '10\.1\.0\.' '.routes = [] | .ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.1.0.0/16"}]]'
	pool 7 '10\.1\.0\.' '.routes = [] | .ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "10.1.0.128/25"}]]'
}

@test "pool: mixed families in a set" {
	pool 7 'famil' '.ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "fd00:1::/64"}]]'
}

@test "pool: nothing usable" {
	pool 11 'rail0.*0 usable' '.routes = [] | .ranges = [[{subnet: "10.1.0.0/30", exclude: ["10.1.0.0/30"]}]]'
}

@test "pool: a key that is nearly ours" {
	pool 7 'rangs|ranges' '.rangs = []'
	range 'rangeStrt|rangeStart' 'subnet: "10.1.0.0/24", rangeStrt: "10.1.0.5"'
	pool 7 'gateay|gateway|excludes' '.ranges[0][0].excludes = []'
}

@test "pool: values" {
	pool 7 'allocation' '.allocation = "random"'
	pool 7 'reuseDelay' '.reuseDelay = "soon"'
	pool 7 'reuseDelay' '.reuseDelay = -1'
	pool 7 'lockTimeout' '.lockTimeout = []'
	pool 7 'sticky' '.sticky = "node"'
	pool 7 'durability' '.durability = "none"'
	pool 7 'scope' '.scope = "galaxy"'
	pool 7 'pool' '.pool = "../../etc"'
	pool 7 'dataDir' '.dataDir = 5'
}

@test "pool: scope cluster never falls back to the node" {
	pool 7 'cluster' '.scope = "cluster"'
}

@test "pool: routes and dns" {
	pool 7 'routes' '.routes = "x"'
	pool 7 'garbage' '.routes = [{dst: "garbage"}]'
	pool 7 'dst' '.routes = [{}]'
	pool 7 'garbage' '.routes = [{dst: "10.7.0.0/16", gw: "garbage"}]'
	pool 7 'mtu' '.routes = [{dst: "10.7.0.0/16", mtu: "x"}]'
	pool 7 'nameservers' '.dns = {nameservers: 5}'
}

@test "pool: a resolvConf that is not there" {
	pool 5 '/run/absent' '.resolvConf = "/run/absent"'
}

@test "pool: exhausted" {
	tiny='.routes = [] | .ranges = [[{subnet: "10.1.0.9/32"}]]'
	cni ADD pool CNI_CONTAINERID=first <<<"$(conf ".ipam |= ($tiny)")"
	succeeds
	pool 11 'exhausted' "$tiny"
}

@test "a route that the kernel refuses is undone" {
	refuse 999 '10\.9\.0\.0/16' '.ipam.routes = [{dst: "10.9.0.0/16", gw: "192.0.2.1"}]'
}

@test "a route without any gateway of its family" {
	cni ADD macvlan <<<"$(conf 'del(.ipam.ranges[][].gateway)')"
	succeeds
	[ -n "$(ip -n pod1 route show 10.7.0.0/16)" ]
}

# --- stdout --------------------------------------------------------------------------------------

@test "a result that cannot be delivered is undone" {
	remember
	status=0
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
		"$plugins/macvlan" <<<"$(conf .)" >/dev/full || status=$?
	[ "$status" = 1 ]
	unchanged
	status=0
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins \
		"$plugins/macvlan" <<<"$(conf .)" >&- || status=$?
	[ "$status" = 1 ]
	unchanged
}
