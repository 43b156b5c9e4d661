# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# host-device on the kernel: selection, what the pod gets, what the host gets back, and when.
bats_require_minimum_version 1.5.0
load lib.bash
load hostdevice.bash

setup() {
	fabric
	device
	kept
}

teardown() {
	no_device
	no_fabric
	! mountpoint -q /sys/bus || umount -l /sys/bus
}

l2='.ipam = {}'

add() {
	cni ADD host-device "${@:2}" <<<"$(hconf "$1")"
	succeeds
}

del() {
	cni DEL host-device "${@:2}" <<<"$(hconf "${1:-.}")"
}

# gives_back FILTER: DEL succeeds, and everything is as before.
gives_back() {
	del "${1:-.}"
	succeeds_silently
	given_back
}

# refuse CODE REGEX FILTER [NAME=VALUE]...: ADD fails and changes nothing.
refuse() {
	cni ADD host-device "${@:4}" <<<"$(hconf "$3")"
	fails "$1" "$2"
	given_back
}

# --- ADD and DEL ---------------------------------------------------------------------------------

@test "the device goes, and comes back as it was" {
	add .
	[ -z "$(ip link show eth5 2>/dev/null)" ]
	link pod1 net1 '.flags | index("UP")'
	link pod1 net1 '[.addr_info[].local] | (index("10.1.0.2") and index("fd00:1::2"))'
	json '.interfaces == [{name: "net1", mac: "02:00:00:00:05:05", mtu: 1400, sandbox: "/run/netns/pod1"}]'
	gives_back
	del
	succeeds_silently
	given_back
}

@test "mtu and mac" {
	add '.mtu = 1300 | .mac = "02:00:00:00:00:77"'
	link pod1 net1 '.mtu == 1300 and .address == "02:00:00:00:00:77"'
	gives_back
}

@test "addresses are announced; where the MTU leaves no IPv4 there are none" {
	add .
	[ "$(inside pod1 cat /proc/sys/net/ipv4/conf/net1/arp_notify)" = 1 ]
	gives_back
	ip link add small5 type ifb
	ip link set small5 mtu 60
	kept
	add "$l2 | .device = \"small5\""
	gives_back "$l2"
	add "$l2 | .device = \"small5\" | .mtu = 1400"
	link pod1 net1 '.mtu == 1400'
	gives_back "$l2"
	ip link set small5 mtu 1400
	kept
	add "$l2 | .device = \"small5\" | .mtu = 60"
	link pod1 net1 '.mtu == 60'
	gives_back "$l2"
	ip link del small5
}

@test "the mac: runtimeConfig, args.cni, CNI_ARGS, configuration" {
	local all='.mac = "02:00:00:00:00:01"'
	add "$l2 | $all"
	json '.interfaces[0].mac == "02:00:00:00:00:01"'
	gives_back "$l2"
	add "$l2 | $all" 'CNI_ARGS=MAC=02:00:00:00:00:02'
	json '.interfaces[0].mac == "02:00:00:00:00:02"'
	gives_back "$l2"
	all+=' | .args.cni = {mac: "02:00:00:00:00:03", debug: true}'
	add "$l2 | $all" 'CNI_ARGS=MAC=02:00:00:00:00:02'
	json '.interfaces[0].mac == "02:00:00:00:00:03"'
	gives_back "$l2"
	all+=' | .runtimeConfig.mac = "02:00:00:00:00:04"'
	add "$l2 | $all" 'CNI_ARGS=MAC=02:00:00:00:00:02'
	json '.interfaces[0].mac == "02:00:00:00:00:04"'
	gives_back "$l2"
}

@test "results: mtu from 1.1.0 only, old shapes, dns" {
	add '.cniVersion = "1.0.0"'
	json '.interfaces[0] | keys == ["mac", "name", "sandbox"]'
	gives_back
	add '.cniVersion = "0.3.1" | .dns = {nameservers: ["10.1.0.53"]}'
	json '.ips[0].version == "4" and .dns.nameservers == ["10.1.0.53"]'
	gives_back
}

@test "behind another plugin: its result is passed on" {
	local before='{"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": "/run/netns/pod1"}],
		"ips": [{"address": "192.0.2.7/24", "interface": 0}], "dns": {"domain": "x.example"}}'

	add ".prevResult = $before"
	json '[.interfaces[].name] == ["eth0", "net1"] and .dns.domain == "x.example"'
	json '[.ips[] | [.address, .interface]] == [["192.0.2.7/24", 0], ["10.1.0.2/24", 1], ["fd00:1::2/64", 1]]'
	cni CHECK host-device <<<"$(with_result "$(hconf .)" "$output")"
	succeeds_silently
	gives_back
	refuse 6 'a result must be an object' '.prevResult = []'
}

@test "a device that was down comes back down" {
	ip link set eth5 down
	kept
	add "$l2"
	gives_back "$l2"
}

@test "a port goes back to its bridge" {
	ip link add br5 type bridge
	ip link set eth5 master br5
	add "$l2"
	del "$l2"
	succeeds_silently
	ip -j link show eth5 | jq -e '.[0].master == "br5"'
	ip link del br5
}

@test "what the pod changed is undone" {
	add .
	ip -n pod1 -batch - <<-'END'
	link set net1 down
	link set net1 address 02:00:00:00:09:09 mtu 1200 txqueuelen 5 promisc on
	link property add dev net1 altname podname
	link property del dev net1 altname enp5s0f0np0
	link set net1 name other
	addr add 192.0.2.1/24 dev other
	END
	gives_back
}

@test "the pod renamed the device and removed every mark but the alias" {
	add .
	local mark
	mark=$(ip -n pod1 -j link show net1 | jq -r '.[0].altnames[] | select(startswith("cni"))')
	ip -n pod1 link property del dev net1 altname "$mark"
	ip -n pod1 link set net1 down
	ip -n pod1 link set net1 name other
	gives_back
}

@test "the names in pod and host collide" {
	ip -n pod1 link add eth5 type veth peer name x5
	ip link add net1 type veth peer name y5
	kept
	add .
	gives_back
	ip link del net1
}

@test "an altname of the device is the name that it gets" {
	ip link property add dev eth5 altname net1
	kept
	add "$l2"
	gives_back "$l2"
}

# --- DEL that is late, twice, blocked, without this or that --------------------------------------

@test "DEL fails while the name is taken, leaves the device usable, and works then" {
	add .
	ip link add eth5 type veth peer name z5
	del
	fails 999 'another link is called eth5'
	link pod1 net1 '(.flags | index("UP")) and any(.addr_info[]; .local == "10.1.0.2")'
	ip link del eth5
	gives_back
}

@test "DEL without a namespace, and with one that is somewhere else" {
	for netns in CNI_NETNS= CNI_NETNS=/run/netns/nowhere; do
		add .
		cni DEL host-device "$netns" <<<"$(hconf .)"
		succeeds_silently
		given_back
	done
}

# The kernel does that with hardware when a namespace ends; a veth has to be pushed by hand.
@test "the kernel gave the device back under the pod's name, or another" {
	for name in net1 dev7; do
		add .
		ip -n pod1 link set net1 netns $$ name "$name"
		ip netns del pod1
		del
		succeeds_silently
		given_back
		ip netns add pod1
	done
}

@test "DEL with a broken configuration and a vanished IPAM" {
	add .
	cni DEL host-device CNI_PATH=/nowhere <<<'{"cniVersion": "1.1.0", "name": "rail5", "type": "host-device", "mtu": "x", "ipam": {"type": "nope"}}'
	succeeds_silently
	home >"$BATS_TEST_TMPDIR/home.now"
	diff "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/home.now"
	[ -z "$(claims)" ]
}

@test "the device vanished: DEL releases the address" {
	add .
	ip -n pod1 link del net1
	del
	succeeds_silently
	[ -z "$(leases)$(claims)" ]
}

@test "a late DEL does not touch what another pod has" {
	add .
	# As after a restart of the node agent: the first owner's file is there, the claim is not its.
	cp -a "$devices" /run/old
	gives_back
	add . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	cp -n /run/old/*.json "$devices"
	rm -rf /run/old
	del
	succeeds_silently
	link pod2 net1 '(.flags | index("UP")) and any(.addr_info[]; .local == "10.1.0.3")'
	del . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	succeeds_silently
	given_back
}

# --- state ---------------------------------------------------------------------------------------

@test "modes of files and directories" {
	add "$l2"
	[ "$(stat -c %a "$devices")" = 700 ]
	for file in "$devices"/*; do
		[ "$(stat -c %a "$file")" = 600 ]
	done
	gives_back "$l2"
}

@test "members of other modules and versions are kept" {
	add "$l2"
	for file in "$devices"/*.json; do
		jq '.later = {pf: "p0", big: 12345678901234567890} | .future = [1]' "$file" >/run/x
		cp /run/x "$file"
	done
	gives_back "$l2"
}

@test "a torn, empty or foreign state file: the device goes home by its alias" {
	for text in '' '{"format": 1, "net' '{"format": 99}' '[]'; do
		add .
		for file in "$devices"/*.json; do
			printf %s "$text" >"$file"
		done
		del
		succeeds_silently
		ip link show eth5 >/dev/null
		ip -j link show eth5 | jq -e '(.[0].ifalias // "") == "" and .[0].altnames == ["enp5s0f0np0"]'
		[ -z "$(claims)$(leases)" ]
		no_device
		device
	done
}

@test "all state is lost: the device goes home by its alias" {
	add .
	rm -r "$devices"
	del
	succeeds_silently
	ip link show eth5 >/dev/null
	[ -z "$(leases)" ]
}

@test "a state of before the restart is dropped" {
	add .
	sed -i 's/"boot": "[^"]*"/"boot": "another"/' "$devices"/*.json
	ip -n pod1 link set net1 netns $$ name eth5
	del
	succeeds_silently
	[ -z "$(claims)$(leases)" ]
}

@test "what the reference plugin moved goes home by its alias" {
	ip link set eth5 alias eth5
	ip link set eth5 netns pod1 name net1
	del "$l2"
	succeeds_silently
	ip link show eth5 >/dev/null
}

@test "the state cannot be written: nothing changes" {
	mkdir -p "${devices%/*}"
	mount -t tmpfs -o ro none "${devices%/*}"
	cni ADD host-device <<<"$(hconf "$l2")"
	umount "${devices%/*}"
	fails 5 host-device
	given_back
}

# --- claims --------------------------------------------------------------------------------------

@test "a device serves one pod" {
	add .
	cni ADD host-device CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(hconf .)"
	fails 11 'eth5 is claimed by container pod1 \(interface net1'
	cni ADD host-device <<<"$(hconf .)"
	fails 999 'net1 already exists'
	cni ADD host-device CNI_IFNAME=net2 <<<"$(hconf .)"
	fails 11 'claimed by container pod1'
	gives_back
}

@test "two pods at once: one of them gets it" {
	for pod in pod1 pod2; do
		CNI_COMMAND=ADD CNI_CONTAINERID=$pod CNI_NETNS=/run/netns/$pod CNI_IFNAME=net1 \
			CNI_PATH=$plugins timeout 60 "$plugins/host-device" <<<"$(hconf .)" >/run/$pod.out &
	done
	wait
	[ "$(jq -s '[.[] | select(.interfaces)] | length' /run/pod1.out /run/pod2.out)" = 1 ]
	[ "$(leases | wc -l)" = 1 ]
	del
	del . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	given_back
}

@test "DEL never came: the next ADD finds and restores the device" {
	add .
	ip -n pod1 link set net1 netns $$ name dev3
	ip netns del pod1
	add . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	del . CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2
	succeeds_silently
	ip netns add pod1
	home >"$BATS_TEST_TMPDIR/home.now"
	diff "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/home.now"
	del
	given_back
}

@test "DEL never came: GC restores the device" {
	add .
	cni GC host-device <<<"$(hconf '."cni.dev/valid-attachments" = [{containerID: "pod1", ifname: "net1"}]')"
	succeeds_silently
	link pod1 net1 '.flags | index("UP")'
	cni GC host-device <<<"$(hconf '.name = "another" | ."cni.dev/valid-attachments" = []')"
	succeeds_silently
	link pod1 net1 '.flags | index("UP")'
	cni GC host-device <<<"$(hconf '."cni.dev/valid-attachments" = []')"
	succeeds_silently
	given_back
}

# --- CHECK, STATUS -------------------------------------------------------------------------------

@test "CHECK" {
	add .
	local promised
	promised=$(with_result "$(hconf .)" "$output")
	cni CHECK host-device <<<"$promised"
	succeeds_silently
	ip -n pod1 link set net1 mtu 1280
	cni CHECK host-device <<<"$promised"
	fails 999 'mtu of net1 is 1280'
	ip -n pod1 link set net1 mtu 1400
	ip -n pod1 addr del 10.1.0.2/24 dev net1
	cni CHECK host-device <<<"$promised"
	fails 999 '10.1.0.2/24'
	ip -n pod1 link set net1 alias x
	cni CHECK host-device <<<"$promised"
	fails 999 'not the device of this attachment'
	gives_back
}

@test "STATUS" {
	cni STATUS host-device <<<"$(hconf .)"
	succeeds_silently
	add .
	cni STATUS host-device <<<"$(hconf .)"
	succeeds_silently
	cni STATUS host-device <<<"$(hconf '.device = "eth9"')"
	fails 50 'eth9 does not exist'
	cni STATUS host-device <<<"$(hconf 'del(.device)')"
	succeeds_silently
	gives_back
}

# --- selection -----------------------------------------------------------------------------------

@test "by alternative name, hwaddr" {
	add "$l2 | .device = \"enp5s0f0np0\""
	gives_back "$l2"
	add "$l2 | del(.device) | .hwaddr = \"02:00:00:00:05:05\""
	gives_back "$l2"
	refuse 11 'hwaddr 02:00:00:00:05:06 does not exist' 'del(.device) | .hwaddr = "02:00:00:00:05:06"'
}

@test "by PCI address, wherever it comes from; pciID in the result" {
	bus '{"pci/0000:3b:00.2": {"driver": "mlx5_core", "net": {"eth5": {"dev_port": "0"}}}}'
	for key in '.pciBusID' '.deviceID' '.runtimeConfig.deviceID'; do
		add "$l2 | del(.device) | $key = \"0000:3b:00.2\""
		json '.interfaces[0].pciID == "0000:3b:00.2"'
		gives_back "$l2"
	done
	# What Multus adds to the published configuration: no device, but a slot number.
	add "$l2 | .deviceID = \"7\" | .pciBusID = \"7\""
	gives_back "$l2"
	refuse 7 '"7" is neither a PCI nor an auxiliary device' 'del(.device) | .deviceID = "7"'
	no_bus
}

@test "precedence: device, hwaddr, runtimeConfig.deviceID, pciBusID, deviceID" {
	bus '{"pci/0000:00:00.1": {"driver": "x", "net": {"eth5": {"ifindex": "1"}}}}'
	local wrong='.deviceID = "0000:00:00.9"'
	add "$l2 | del(.device) | $wrong | .pciBusID = \"0000:00:00.1\""
	gives_back "$l2"
	wrong+=' | .pciBusID = "0000:00:00.8"'
	add "$l2 | del(.device) | $wrong | .runtimeConfig.deviceID = \"0000:00:00.1\""
	gives_back "$l2"
	wrong+=' | .runtimeConfig.deviceID = "0000:00:00.7"'
	add "$l2 | del(.device) | $wrong | .hwaddr = \"02:00:00:00:05:05\""
	gives_back "$l2"
	add "$l2 | $wrong | .hwaddr = \"02:00:00:00:05:99\""
	gives_back "$l2"
	no_bus
}

@test "auxiliary devices, virtio, several ports, representors, children" {
	bus '{"auxiliary/mlx5_core.sf.2": {"net": {"eth5": {"dev_port": "0"}}},
		"pci/0000:00:03.0": {"driver": "virtio-pci", "virtio0": {"net": {"eth5": {"dev_port": "0"}}}},
		"pci/0000:3b:00.0": {"driver": "mlx5_core", "net": {
			"aaa1": {"dev_port": "1", "ifindex": "4", "iflink": "4"},
			"aaa2": {"dev_port": "0", "phys_port_name": "pf0vf1"},
			"aaa3": {"dev_port": "0", "ifindex": "5", "iflink": "4"},
			"eth5": {"dev_port": "0", "phys_port_name": "p0", "ifindex": "4", "iflink": "4"}}}}'
	for id in mlx5_core.sf.2 0000:00:03.0 0000:3b:00.0; do
		add "$l2 | del(.device) | .pciBusID = \"$id\""
		gives_back "$l2"
	done
	no_bus
}

@test "a function that a process drives: nothing moves, addresses are leased, one pod has it" {
	bus '{"pci/0000:3b:00.3": {"driver": "vfio-pci"}}'
	local vfio='del(.device) | .deviceID = "0000:3b:00.3"'
	add "$vfio"
	json '.interfaces == [{name: "net1", sandbox: "/run/netns/pod1", pciID: "0000:3b:00.3"}]'
	json '[.ips[].address] == ["10.1.0.2/24", "fd00:1::2/64"]'
	no_link pod1 net1
	local promised
	promised=$(with_result "$(hconf "$vfio")" "$output")
	cni CHECK host-device <<<"$promised"
	succeeds_silently
	cni ADD host-device CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 <<<"$(hconf "$vfio")"
	fails 11 '0000:3b:00.3 is claimed by container pod1'
	no_bus
	gives_back "$vfio"
}

# --- bad input -----------------------------------------------------------------------------------

@test "bad input changes nothing" {
	refuse 7 '^specify either "device", "hwaddr", "kernelpath" or "pciBusID"$' 'del(.device)'
	refuse 7 '^specify either "device", "hwaddr", "kernelpath" or "pciBusID"$' '.device = ""'
	refuse 11 'device eth9 does not exist' '.device = "eth9"'
	refuse 7 'no name that a link can have' '.device = "a/b"'
	refuse 7 'loopback' '.device = "lo"'
	refuse 7 'no link-layer address' '.hwaddr = "zz"'
	refuse 7 'not below /sys/devices/' '.kernelpath = "/etc"'
	refuse 11 'does not exist' 'del(.device) | .kernelpath = "/sys/devices/nothing"'
	refuse 11 '0000:3b:00.2' 'del(.device) | .pciBusID = "0000:3b:00.2"'
	refuse 7 'neither a PCI' 'del(.device) | .pciBusID = "../../../etc"'
	refuse 7 'mtu 99999 .*68 to 65535' '.mtu = 99999'
	refuse 7 'mtu' '.mtu = "1500"'
	refuse 7 'group address' '.mac = "01:00:00:00:00:01"'
	refuse 7 'not an Ethernet address' '.mac = "0:1"'
	refuse 2 'useInterfaceNetwork' '.useInterfaceNetwork = true'
	refuse 7 'nope' '.ipam.type = "nope"'
	bus '{"pci/0000:3b:00.4": {}, "pci/0000:3b:00.5": {"driver": "mlx5_core"}}'
	refuse 11 'bound to no driver' 'del(.device) | .deviceID = "0000:3b:00.4"'
	refuse 11 'no network interface' 'del(.device) | .deviceID = "0000:3b:00.5"'
	no_bus
	# What cannot be read: files where directories should be, and a link that leads nowhere.
	bus '{"pci/0000:3b:00.6": {"driver": "mlx5_core", "net": "eth5"}, "pci/0000:3b:00.7": {"driver": "mlx5_core"}}'
	refuse 5 'cannot read the interfaces of deviceID 0000:3b:00.6.*Not a directory' 'del(.device) | .deviceID = "0000:3b:00.6"'
	ln -sfn /proc/self/environ /run/bus/pci/devices/0000:3b:00.7/net
	refuse 5 'cannot read the interfaces' 'del(.device) | .deviceID = "0000:3b:00.7"'
	ln -s nowhere /run/bus/pci/devices/0000:3b:00.8
	refuse 11 'neither a PCI' 'del(.device) | .deviceID = "0000:3b:00.8"'
	no_bus
	ip -n pod1 link add net1 type veth peer name q5
	cni ADD host-device <<<"$(hconf .)"
	fails 999 'net1 already exists'
	ip -n pod1 link del net1
	given_back
}

@test "a name of the device is taken in the pod: it stays, or comes back" {
	ip -n pod1 link add w5 type veth peer name q5
	ip -n pod1 link property add dev w5 altname enp5s0f0np0
	refuse 999 'move eth5' .
}
