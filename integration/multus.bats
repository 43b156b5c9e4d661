# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# Multus (thin) as the caller of our plugins: a cluster network and secondary networks for each pod.
bats_require_minimum_version 1.5.0
load lib.bash

# Multus keeps its state below, so that a leftover is seen.
state=/var/lib/cni/multus
api=/run/api

# Each network has a subnet of its own, 10.1, 10.2 and 10.3, and they share the master.
setup() {
	[ -x "$CNI_TEST_CLIENTS/multus" ] || cannot_run 'no Multus; scripts/go-clients.sh builds it'
	ln -sf "$CNI_TEST_CLIENTS/multus" "$plugins/multus"
	fabric
	ip link set lo up
	ip -n wire addr add 10.2.0.250/24 dev port
	ip -n wire addr add 10.3.0.250/24 dev port
	cluster=$(net cluster 1)
	list=$(net list 2 '{cniVersion, name, plugins: [del(.cniVersion, .name)]}')
	single=$(net single 3)
}

teardown() {
	[ ! -e $api/pid ] || kill "$(<$api/pid)" || :
	rm -rf $api
	no_fabric
}

# net NAME SUBNET [FILTER]: a macvlan network with a pool on 10.SUBNET.0.0/24.
net() {
	conf ".name = \"$1\" | .cniVersion = \"1.0.0\" | .ipam = {type: \"pool\",
		ranges: [[{subnet: \"10.$2.0.0/24\", gateway: \"10.$2.0.1\"}]]} | ${3-.}"
}

# delegating NETWORK...: Multus with these networks, the first of them the cluster's.
delegating() {
	jq -cs --arg state $state --arg bin "$plugins" '{
		cniVersion: "1.0.0", name: "multus", type: "multus", logToStderr: false,
		logFile: "/run/tmp/multus.log", cniDir: $state, binDir: $bin, delegates: .}' <<<"$*"
}

# multus COMMAND POD CONF [NAME=VALUE | -NAME]...
multus() {
	cni "$1" multus "CNI_CONTAINERID=$2" "CNI_NETNS=/run/netns/$2" CNI_IFNAME=eth0 \
		'CNI_ARGS=IgnoreUnknown=1' "${@:4}" <<<"$3"
}

# address POD LINK
address() {
	ip -n "$1" -4 -j addr show dev "$2" | jq -r '.[0].addr_info[0].local'
}

# reaches POD LINK PEER: over that link.
reaches() {
	inside "$1" ping -q -c 1 -W 5 -I "$2" "$(address "$3" "$2")" ||
		fail "$1 does not reach $3 over $2"
}

# Every lease free, every link gone, no state of Multus or of libcni.
nothing_left() {
	unchanged
	[ -z "$(find $state -type f)" ] || fail "left: $(find $state -type f)"
}

@test "ADD: every interface, the addresses reach another pod, the cluster network's result" {
	conf=$(delegating "$cluster" "$list" "$single")
	remember
	multus ADD pod2 "$conf"
	succeeds
	multus ADD pod1 "$conf"
	succeeds
	json '.cniVersion == "1.0.0" and .ips[0].address == "10.1.0.3/24" and .interfaces[0].name == "eth0"
		and .interfaces[0].sandbox == "/run/netns/pod1"'
	[ "$(leases)" = 'pod1/eth0: 10.1.0.3/24
pod1/net1: 10.2.0.3/24
pod1/net2: 10.3.0.3/24
pod2/eth0: 10.1.0.2/24
pod2/net1: 10.2.0.2/24
pod2/net2: 10.3.0.2/24' ] || fail "leases: $(leases)"
	for name in eth0 net1 net2; do
		reaches pod1 $name pod2
	done
	multus CHECK pod1 "$conf"
	succeeds_silently
	multus DEL pod1 "$conf"
	succeeds_silently
	[ "$(leases | wc -l)" = 3 ] || fail "leases: $(leases)"
	inside pod2 ping -q -c 1 -W 5 10.2.0.250
	multus DEL pod2 "$conf"
	succeeds_silently
	nothing_left
}

@test "CHECK tells which network lacks what; 0.3.1 has none" {
	conf=$(delegating "$cluster" "$list" "$single")
	multus ADD pod1 "$conf"
	succeeds
	ip -n pod1 addr del 10.3.0.2/24 dev net2
	multus CHECK pod1 "$conf"
	fails 999 'address 10\.3\.0\.2/24 .*net2'
	multus DEL pod1 "$conf"
	succeeds_silently
	conf=$(delegating "$cluster" "$(net old 2 '.cniVersion = "0.3.1"')")
	multus ADD pod1 "$conf"
	succeeds
	multus CHECK pod1 "$conf"
	fails 999 'configuration version \\?"0\.3\.1\\?" does not support the CHECK command'
}

# What runtimes send at the end of a pod, and once more after that.
@test "DEL with CNI_NETNS empty or absent, with the namespace gone, and twice" {
	conf=$(delegating "$cluster" "$list" "$single")
	remember
	for how in CNI_NETNS= -CNI_NETNS; do
		multus ADD pod1 "$conf"
		succeeds
		multus DEL pod1 "$conf" "$how"
		succeeds_silently
		[ -z "$(leases)$(find $state -type f)" ] || fail "with $how, left: $(leases; find $state -type f)"
		ip netns del pod1
		ip netns add pod1
	done
	multus ADD pod1 "$conf"
	succeeds
	ip netns del pod1
	multus DEL pod1 "$conf"
	succeeds_silently
	multus DEL pod1 "$conf" CNI_NETNS=
	succeeds_silently
	ip netns add pod1
	nothing_left
}

# Multus never repeats a failed DEL: what it can do must be done in the first.
@test "DEL when the master and the plugin's other state are gone" {
	conf=$(delegating "$cluster" "$list" "$single")
	multus ADD pod1 "$conf"
	succeeds
	ip link del rail0
	rm -rf $state/results
	multus DEL pod1 "$conf"
	succeeds_silently
	[ -z "$(leases)" ] || fail "leases: $(leases)"
}

@test "an exhausted pool: everything is rolled back, the message names the pool" {
	conf=$(delegating "$cluster" "$list" "$(net single 3 '.ipam.ranges[0][0] +=
		{rangeStart: "10.3.0.9", rangeEnd: "10.3.0.9"}')")
	multus ADD pod2 "$conf"
	succeeds
	within 10 settled
	remember
	multus ADD pod1 "$conf"
	fails 999 'error adding container to network .*single.*: pool single exhausted: 1 usable, 1 leased'
	# Multus keeps what it cached until the runtime's DEL.
	multus DEL pod1 "$conf"
	succeeds_silently
	unchanged
}

@test "a master that does not exist: everything is rolled back, the message names it" {
	conf=$(delegating "$cluster" "$list" "$(net single 3 '.master = "rail9"')")
	remember
	multus ADD pod1 "$conf"
	fails 999 'error adding container to network .*single.*: .*rail9'
	unchanged
}

# Multus puts its own arguments before those of the runtime, so that keys come twice, and empty.
@test "CNI_ARGS: doubled keys, empty values, trailing separators" {
	args='IgnoreUnknown=1;K8S_POD_NAMESPACE=;K8S_POD_NAME=;K8S_POD_INFRA_CONTAINER_ID=;K8S_POD_UID='
	conf=$(delegating "$cluster" "$single")
	remember
	for form in "$args" "IgnoreUnknown=true;$args" 'IgnoreUnknown=1;K8S_POD_UID=a;K8S_POD_UID=b'; do
		multus ADD pod1 "$conf" "CNI_ARGS=$form"
		succeeds
		json '.ips[0].address | startswith("10.1.0.")'
		multus DEL pod1 "$conf" "CNI_ARGS=$form"
		succeeds_silently
		nothing_left
	done
}

# Multus asks the cluster network only, if that is a list, and sends the attachments that it has cached as those in use.
@test "STATUS and GC of the cluster network" {
	conf=$(delegating "$(net cluster 1 '{cniVersion: "1.1.0", name, plugins: [del(.cniVersion, .name)]}')" \
		"$single" | jq -c '.cniVersion = "1.1.0"')
	multus ADD pod1 "$conf"
	succeeds
	cni ADD macvlan CNI_CONTAINERID=lost CNI_NETNS=/run/netns/pod2 <<<"$cluster"
	succeeds
	multus STATUS pod1 "$conf"
	succeeds_silently
	multus GC pod1 "$conf"
	succeeds_silently
	[ "$(leases)" = 'pod1/eth0: 10.1.0.2/24
pod1/net1: 10.3.0.2/24' ] || fail "leases: $(leases)"
	multus STATUS pod1 "$(jq -c '.delegates[0].plugins[0].ipam.type = "absent"' <<<"$conf")"
	fails 999 'absent'
}

# A rendered configuration with the pool in place of its IPAM plugin, and what it needs of the node.
rendered() {
	jq -c '(.plugins[0] // .).ipam = {type: "pool", ranges: [[{
		subnet: "10.2.0.0/24", rangeStart: "10.2.0.7", rangeEnd: "10.2.0.7"}]]}' "$1"
}

make_masters() {
	local name end

	for name in ens1f0 ens1f0np0 ens2f0; do
		ip link add name $name mtu 9000 type veth peer name $name-port mtu 9000
		for end in $name $name-port; do
			ip link set "$end" addrgenmode none up
		done
	done
	# A network without a master goes over the default route.
	ip route add default dev rail0
}

# The members tuning and sbr of one of them are those of Debian.
@test "every MacvlanNetwork that the NVIDIA Network Operator renders, with the pool" {
	[ -x /usr/lib/cni/sbr ] || cannot_run 'containernetworking-plugins is not installed'
	make_masters
	for file in "$BATS_TEST_DIRNAME"/../testdata/networks/M*.json; do
		secondary=$(rendered "$file")
		conf=$(delegating "$cluster" "$secondary")
		rm -rf /var/lib/cni/*
		remember
		multus ADD pod1 "$conf" "CNI_PATH=$plugins:/usr/lib/cni"
		succeeds
		mtu=$(jq '[(.plugins[0]? // .) | .mtu // 1500][0]' <<<"$secondary")
		link pod1 net1 ".mtu == $mtu and .linkinfo.info_kind == \"macvlan\" and
			(.addr_info | map(.local) | index(\"10.2.0.7\"))" || fail "$file"
		[[ $(leases) == *'pod1/net1: 10.2.0.7/24'* ]] || fail "$file: $(leases)"
		multus DEL pod1 "$conf" "CNI_PATH=$plugins:/usr/lib/cni"
		succeeds_silently
		nothing_left
	done
}

# nad NAME CONF: a NetworkAttachmentDefinition of the API server.
nad() {
	jq -c --arg name "$1" '{kind: "NetworkAttachmentDefinition", apiVersion: "k8s.cni.cncf.io/v1",
		metadata: {name: $name, namespace: "team"}, spec: {config: tojson}}' <<<"$2" \
		>"$api/apis/k8s.cni.cncf.io/v1/namespaces/team/network-attachment-definitions/$1.json"
}

# pod ANNOTATION: pod1 of the API server, with these networks.
pod() {
	jq -nc --arg networks "$1" '{kind: "Pod", apiVersion: "v1", metadata: {name: "pod1", namespace: "team",
		uid: "uid-1", annotations: {"k8s.v1.cni.cncf.io/networks": $networks}}}' \
		>$api/api/v1/namespaces/team/pods/pod1.json
}

# What Multus wrote to the pod's status.
network_status() {
	jq '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"] | fromjson' \
		$api/api/v1/namespaces/team/pods/pod1.json
}

answering() {
	: <>/dev/tcp/127.0.0.1/8080
}

api_server() {
	command -v python3 >/dev/null || cannot_run 'python3 is not installed'
	mkdir -p $api/api/v1/namespaces/team/pods \
		$api/apis/k8s.cni.cncf.io/v1/namespaces/team/network-attachment-definitions
	python3 "$BATS_TEST_DIRNAME/api-server.py" $api 8080 3>&- &
	echo $! >$api/pid
	within 20 answering
	jq -n '{kind: "Config", apiVersion: "v1", "current-context": "stub",
		clusters: [{name: "stub", cluster: {server: "http://127.0.0.1:8080"}}],
		contexts: [{name: "stub", context: {cluster: "stub", user: ""}}]}' >$api/kubeconfig
	nad list "$list"
	# Multus fills in the name.
	nad single "$(jq -c 'del(.name)' <<<"$single")"
	nad plain "$(net plain 3 '.ipam.ranges += [[{subnet: "fd00:3::/64"}]]')"
	nad capable "$(net capable 3 '.ipam.ranges += [[{subnet: "fd00:3::/64"}]]
		| .capabilities = {ips: true, mac: true}')"
	conf=$(delegating "$cluster" | jq -c --arg file $api/kubeconfig '.kubeconfig = $file')
	kube='IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID=pod1;K8S_POD_UID=uid-1'
}

@test "NetworkAttachmentDefinitions: by name, with an interface name, and the network status" {
	api_server
	pod 'list, team/single@rail'
	remember
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	json '.ips[0].address == "10.1.0.2/24"'
	[ "$(leases)" = 'pod1/eth0: 10.1.0.2/24
pod1/net1: 10.2.0.2/24
pod1/rail: 10.3.0.2/24' ] || fail "leases: $(leases)"
	for net in 1:eth0 2:net1 3:rail; do
		inside pod1 ping -q -c 1 -W 5 -I ${net#*:} 10.${net%:*}.0.250
	done
	network_status | jq -e 'map([.name, .interface, .ips]) == [["cluster", "eth0", ["10.1.0.2"]],
		["team/list", "net1", ["10.2.0.2"]], ["team/single", "rail", ["10.3.0.2"]]]
		and all(.mac | test("^([0-9a-f]{2}:){5}"))' || fail "status: $(network_status)"
	! grep -v ' 20[01]$' $api/requests || fail 'the API server does not know a request'
	multus CHECK pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	nothing_left
}

# By runtimeConfig where the configuration declares the capability, else by CNI_ARGS.
@test "an annotation with interface, ips and mac" {
	api_server
	remember
	for network in capable plain; do
		pod "[{\"name\": \"$network\", \"interface\": \"rail7\", \"ips\": [\"10.3.0.77/24\", \"fd00:3::77/64\"],
			\"mac\": \"02:00:00:00:07:07\"}]"
		multus ADD pod1 "$conf" "CNI_ARGS=$kube"
		succeeds
		link pod1 rail7 '.address == "02:00:00:00:07:07" and
			(.addr_info | map(.local) | contains(["10.3.0.77", "fd00:3::77"]))'
		network_status | jq -e '.[1] | .mac == "02:00:00:00:07:07" and .ips == ["10.3.0.77", "fd00:3::77"]' ||
			fail "status: $(network_status)"
		multus CHECK pod1 "$conf" "CNI_ARGS=$kube"
		succeeds_silently
		multus DEL pod1 "$conf" "CNI_ARGS=$kube"
		succeeds_silently
		nothing_left
	done
}

@test "an address that cannot be had: the pod gets nothing, the message names it" {
	api_server
	remember
	for ips in 10.3.0.300/24:'10\.3\.0\.300' 10.9.0.1/24:'10\.9\.0\.1'; do
		pod "[{\"name\": \"list\"}, {\"name\": \"single\", \"ips\": [\"${ips%:*}\"]}]"
		multus ADD pod1 "$conf" "CNI_ARGS=$kube"
		fails 999 "${ips#*:}"
		unchanged
	done
	pod '[{"name": "single", "ips": ["10.3.0.77/24"]}, {"name": "single", "ips": ["10.3.0.77/24"]}]'
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	fails 999 'team/pod1/uid-1:single.*10\.3\.0\.77'
	unchanged
}

@test "cni-args of an annotation reach a single configuration and a list" {
	api_server
	pod '[{"name": "single", "cni-args": {"ips": ["10.3.0.78/24"], "x": [1]}},
		{"name": "list", "cni-args": {"ips": ["10.2.0.78"], "x": null}}]'
	remember
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	[ "$(leases)" = 'pod1/eth0: 10.1.0.2/24
pod1/net1: 10.3.0.78/24
pod1/net2: 10.2.0.78/24' ] || fail "leases: $(leases)"
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	nothing_left
}

# spied: Multus calls macvlan through a script that keeps each stdin in /run/stdin.
spied() {
	mkdir -p /run/spied
	ln -sf "$plugins/multus" /run/spied/multus
	cat >/run/spied/macvlan <<-END
	#!/bin/sh
	input=\$(cat)
	printf '%s\\n' "\$input" >>/run/stdin
	printf '%s' "\$input" | $plugins/macvlan
	END
	chmod +x /run/spied/macvlan
	rm -f /run/stdin
	conf=$(jq -c '.binDir = "/run/spied"' <<<"$conf")
}

# The device plugin's allocation comes from the kubelet's checkpoint.
@test "the device of a resource is injected into a single configuration and a list, and tolerated" {
	api_server
	mount -t tmpfs kubelet /var/lib
	mkdir -p /var/lib/cni /var/lib/kubelet/device-plugins
	jq -n '{Data: {PodDeviceEntries: [{PodUID: "uid-1", ContainerName: "c", ResourceName: "team/rail",
		DeviceIDs: {"-1": ["0000:3b:00.2", "mlx5_core.sf.4"]}, AllocResp: ""}], RegisteredDevices: {}}, Checksum: 1}' \
		>/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint
	for name in list single; do
		file=$api/apis/k8s.cni.cncf.io/v1/namespaces/team/network-attachment-definitions/$name.json
		jq '.metadata.annotations = {"k8s.v1.cni.cncf.io/resourceName": "team/rail"}
			| .spec.config |= (fromjson | (.plugins[]?, select(has("plugins") | not)) |= (.capabilities = {deviceID: true})
				| tojson)' "$file" >"$file.new"
		mv "$file.new" "$file"
	done
	pod list,single
	spied
	remember
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	jq -es 'map([.deviceID, .pciBusID, .runtimeConfig.deviceID]) == [[null, null, null],
		["0000:3b:00.2", "0000:3b:00.2", "0000:3b:00.2"],
		["mlx5_core.sf.4", "mlx5_core.sf.4", "mlx5_core.sf.4"]]' /run/stdin || fail "stdin: $(</run/stdin)"
	network_status | jq -e 'map(.ips) == [["10.1.0.2"], ["10.2.0.2"], ["10.3.0.2"]]' ||
		fail "status: $(network_status)"
	multus CHECK pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	nothing_left
	umount /var/lib
}

@test "mac of cni-args: before the annotation's in CNI_ARGS, after that in runtimeConfig" {
	api_server
	spied
	remember
	for network in single:03 plain:03 list:03 capable:07; do
		pod "[{\"name\": \"${network%:*}\", \"mac\": \"02:00:00:00:07:07\",
			\"cni-args\": {\"mac\": \"02:00:00:00:07:03\", \"labels\": {\"a\": 1}, \"n\": 5}}]"
		multus ADD pod1 "$conf" "CNI_ARGS=$kube"
		succeeds
		link pod1 net1 ".address == \"02:00:00:00:07:${network#*:}\""
		jq -es 'any(.args.cni.mac == "02:00:00:00:07:03" and .args.cni.n == 5)' /run/stdin ||
			fail "stdin: $(</run/stdin)"
		multus CHECK pod1 "$conf" "CNI_ARGS=$kube"
		succeeds_silently
		multus DEL pod1 "$conf" "CNI_ARGS=$kube"
		succeeds_silently
		nothing_left
		rm -f /run/stdin
	done
	pod '[{"name": "single", "cni-args": {"mac": 5, "labels": null}}]'
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	nothing_left
}

@test "default-route: the pod's default route goes over the secondary network" {
	api_server
	pod '[{"name": "single", "default-route": ["10.3.0.250"]}]'
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	ip -n pod1 -j route show default | jq -e 'map([.gateway, .dev]) == [["10.3.0.250", "net1"]]'
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	[ -z "$(leases)" ] || fail "leases: $(leases)"
}

@test "DEL when the pod is gone from the API, and when Multus's own state is" {
	api_server
	pod list,single
	remember
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	mv $api/api/v1/namespaces/team/pods/pod1.json $api/pod1.json
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	nothing_left
	mv $api/pod1.json $api/api/v1/namespaces/team/pods/pod1.json
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	succeeds
	rm -rf $state
	multus DEL pod1 "$conf" "CNI_ARGS=$kube"
	succeeds_silently
	unchanged
}

@test "a NetworkAttachmentDefinition that does not exist: nothing was done" {
	api_server
	pod list,absent
	remember
	multus ADD pod1 "$conf" "CNI_ARGS=$kube"
	fails 999 'absent'
	unchanged
}
