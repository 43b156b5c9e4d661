# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# podman with its CNI backend.
bats_require_minimum_version 1.5.0
load clients.bash

setup_file() {
	needs podman crun conmon || return 0
	private_directories
	# crun takes a version 2 hierarchy beside version 1 ones for the only one.
	! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
	configure
	make_image
	podman load --quiet --input "$BATS_FILE_TMPDIR/image.tar"
}

# Without CAP_SYS_RESOURCE limits cannot be raised. Nothing of the machine's cgroups is used.
configure() {
	cat >/etc/containers/storage.conf <<-'CONF'
		[storage]
		driver = "vfs"
		runroot = "/run/containers"
		graphroot = "/var/lib/containers"
	CONF
	cat >/etc/containers/containers.conf <<-CONF
		[containers]
		cgroups = "disabled"
		default_capabilities = ["NET_RAW"]
		default_ulimits = ["nofile=256:256", "nproc=256:256"]
		[network]
		network_backend = "cni"
		cni_plugin_dirs = ["$bin"]
		network_config_dir = "$net_d"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "crun"
	CONF
}

setup() {
	may_run
	install_plugins
	fabric
	network . >"$net_d/rail0.conflist"
}

teardown() {
	is_private || return 0
	podman rm --all --force --time 0 >/dev/null
	podman pod rm --all --force >/dev/null
	no_fabric
	rm -f "$net_d"/*.conflist
}

podman() {
	bounded podman "$@"
}

# start NAME [OPTION]...: a container that sleeps, on the network rail0. podman names the interfaces of
# several networks in random order (a Go map) unless it is told.
start() {
	podman run --detach --name "$1" --network rail0:interface_name=eth0 "${@:2}" "$image"
	succeeds
}

# address NAME FAMILY: from inside.
address() {
	podman exec "$1" ip -o "$2" addr show dev eth0 scope global
	succeeds
	[[ $output =~ inet6?\ ([^/]*)/ ]] || fail "$1 has no address"
	echo "${BASH_REMATCH[1]}"
}

# has NAME ADDRESS...: on its interface and in the pool.
has() {
	local id

	podman container inspect --format '{{.Id}}' "$1"
	id=$output
	has_lines "$(leases | grep "^$id/")" "$id/eth0: ${*:2}"
	[ "$(address "$1" -4) $(address "$1" -6)" = "${2%/*} ${3%/*}" ] || fail "$1 has other addresses"
}

@test "two containers: interface, addresses, they reach each other and the wire, nothing stays" {
	remember
	start a
	start b
	has a 10.1.0.2/24 fd00:1::2/64
	has b 10.1.0.3/24 fd00:1::3/64
	podman exec a ip link show dev eth0
	[[ $output == *LOWER_UP* ]] || fail 'the link is not up'
	for target in 10.1.0.3 10.1.0.250 fd00:1::3 fd00:1::fa; do
		podman exec a ping -c 1 -W 5 "$target"
		succeeds
	done
	podman rm --force --time 0 a b
	succeeds
	nothing_left
}

@test "a container that ends by itself frees its lease" {
	remember
	podman run --rm --network rail0 "$image" ip -o addr show dev eth0
	succeeds
	[[ $output == *10.1.0.2/24* ]]
	nothing_left
}

@test "the containers of a pod share the attachment" {
	remember
	podman pod create --name p --network rail0 --infra-image "$image" --infra-command '/bin/sleep 1000'
	succeeds
	podman run --detach --pod p --name in-p "$image"
	succeeds
	start b
	[ "$(leases | wc -l)" = 2 ]
	[ "$(address in-p -4)" = 10.1.0.2 ]
	podman exec b ping -c 1 -W 5 10.1.0.2
	succeeds
	podman pod rm --force --time 0 p
	succeeds
	podman rm --force --time 0 b
	nothing_left
}

@test "containers started at once get different addresses" {
	local n jobs=()

	remember
	for n in 1 2 3 4 5 6; do
		timeout 60 podman run --detach --name "c$n" --network rail0 "$image" 3>&- &
		jobs+=($!)
	done
	for n in "${jobs[@]}"; do
		wait "$n"
	done
	[ "$(leases | cut -d: -f2- | sort -u | wc -l)" = 6 ]
	podman rm --all --force --time 0
	succeeds
	nothing_left
}

@test "an exhausted pool is podman's error, and nothing stays" {
	network "$one_address" >"$net_d/rail0.conflist"
	start a
	remember
	podman run --detach --name b --network rail0 "$image"
	[ "$status" != 0 ] || fail 'expected a failure'
	[[ $stderr == *'pool rail0 exhausted'* ]] || fail 'the message of the plugin is missing'
	podman rm --force b
	unchanged
	podman rm --force --time 0 a
	start b
	[ "$(address b -4)" = 10.1.0.7 ]
}

@test "a master that is not there is podman's error, and nothing stays" {
	network '.master = "rail9"' >"$net_d/rail0.conflist"
	remember
	podman run --detach --name a --network rail0 "$image"
	[ "$status" != 0 ] || fail 'expected a failure'
	[[ $stderr == *rail9* ]] || fail 'the message of the plugin is missing'
	podman rm --force a
	nothing_left
}

@test "addresses and MAC address on request" {
	network '.capabilities = {ips: true, mac: true}' >"$net_d/rail0.conflist"
	start a --ip 10.1.0.77 --mac-address 02:00:00:00:00:77
	has a 10.1.0.77/24 fd00:1::2/64
	podman exec a ip link show dev eth0
	[[ $output == *02:00:00:00:00:77* ]] || fail 'another MAC address'
	podman run --name b --network rail0 --ip 10.1.0.77 "$image"
	[ "$status" != 0 ] || fail 'expected a failure'
	[[ $stderr == *10.1.0.77* ]] || fail 'the address is not named'
}

@test "a running container is detached and attached again" {
	remember
	start a
	podman network disconnect rail0 a
	succeeds
	[ -z "$(leases)" ]
	podman network connect rail0 a
	succeeds
	[ "$(leases | wc -l)" = 1 ]
	podman rm --force --time 0 a
	nothing_left
}

@test "each network is an attachment of its own" {
	remember
	network '.name = "rail1" | .ipam = {type: "pool", ranges: [[{subnet: "10.2.0.0/24"}]]}' \
		>"$net_d/rail1.conflist"
	start a --network rail1:interface_name=eth1
	has_lines "$(leases | sed 's|^[^/]*/||')" 'eth0: 10.1.0.2/24 fd00:1::2/64' 'eth1: 10.2.0.1/24'
	podman network disconnect rail1 a
	succeeds
	has_lines "$(leases | sed 's|^[^/]*/||')" 'eth0: 10.1.0.2/24 fd00:1::2/64'
	podman rm --force --time 0 a
	nothing_left
}

@test "a network that podman made, with the IPAM of Debian's containernetworking-plugins" {
	cp /usr/lib/cni/host-local "$bin"
	podman network create --driver macvlan --opt parent=rail0 --subnet 10.3.0.0/24 made
	succeeds
	remember
	podman run --rm --network made "$image" ip -o addr show dev eth0
	succeeds
	[[ $output == *10.3.0.2/24* ]] || fail 'no address'
	nothing_left
	[ -z "$(find /var/lib/cni -name '10.3.0.*')" ]
}

@test "what podman calls: VERSION with dummies, ADD, DEL; a DEL after that finds nothing to do" {
	local id

	spy
	start a
	id=$output
	podman rm --force --time 0 a
	called 2 '^VERSION  dummy netns=dummy status=0$'
	called 1 "^ADD $id eth0 netns=/run/netns/[^ ]+ status=0\$"
	called 1 "^DEL $id eth0 netns=/run/netns/[^ ]+ status=0\$"
	called 4 ''
	[ -z "$(leases)" ]
	remember
	cni DEL macvlan "CNI_CONTAINERID=$id" CNI_IFNAME=eth0 CNI_NETNS= <<<"$(conf '.cniVersion = "1.0.0"')"
	succeeds_silently
	unchanged
}

@test "a namespace that is gone: podman does not call DEL, the next container gets the address" {
	spy
	network "$one_address" >"$net_d/rail0.conflist"
	start a
	podman container inspect --format '{{.NetworkSettings.SandboxKey}}' a
	umount "$output"
	podman rm --force --time 0 a
	called 0 ^DEL
	[ "$(leases | wc -l)" = 1 ]
	start b
	[ "$(address b -4)" = 10.1.0.7 ]
}
