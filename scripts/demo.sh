#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two pods on a macvlan network with addresses from the pool, in namespaces of their own: nothing
# of this machine is touched. Installs what the build needs (as root), builds, shows, cleans up.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR/..
. scripts/lib.sh

step() {
	printf '\n== %s\n' "$*"
}

# Every wait has an end.
limited() {
	timeout 20 "$@"
}

in_pod() {
	pod=$1
	shift
	limited nsenter --net="/run/netns/$pod" "$@"
}

# What an operator renders for this resource of the NVIDIA Network Operator:
#
#	kind: MacvlanNetwork
#	metadata: {name: rail0}
#	spec: {master: rail0, mode: bridge, mtu: 1500, ipam: '{"type": "pool", "ranges": ...}'}
#
# with a version that has CHECK, which the rendered 0.3.1 has not.
configuration() {
	cat <<-'END'
	{ "cniVersion":"1.1.0", "name":"rail0", "type":"macvlan","master": "rail0","mode" : "bridge","mtu" : 1500,"ipam":{"type":"pool","ranges":[[{"subnet":"10.1.0.0/24","gateway":"10.1.0.1"}],[{"subnet":"fd00:1::/64","gateway":"fd00:1::1"}]],"routes":[{"dst":"10.0.0.0/8"},{"dst":"fd00::/16"}]} }
	END
}

make_fabric() {
	ip link add name rail0 type veth peer name switch-port
	ip link set rail0 up
	ip link set switch-port up
	ip netns add pod-a
	ip netns add pod-b
	mkdir -p /run/net.d
	configuration >/run/net.d/rail0.conf
	cat /run/net.d/rail0.conf
}

show_interfaces() {
	for pod in pod-a pod-b; do
		ip -n $pod -details -json address show dev net1 | jq -r --arg pod $pod '.[0] |
			[.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] as $ips |
			[$pod, .ifname, .linkinfo.info_kind, .address, .mtu, $ips[]] | @tsv'
	done | column -t -N POD,LINK,KIND,MAC,MTU,IPv4,IPv6
}

# The store is text: a line for each transaction, with its checksum behind it.
leases() {
	find /var/lib/cni -name journal -exec sed 's/ \*[0-9a-f]*$//' {} + | jq -rs '
		reduce .[] as $line ({};
			if $line.op == "add" then .["\($line.cid) \($line.if)"] = $line.ips
			elif $line.op == "del" then del(.["\($line.cid) \($line.if)"])
			else . end)
		| to_entries[] | "\(.key) \(.value | join(" "))"'
}

show_leases() {
	leases | column -t -N CONTAINER,LINK,IPv4,IPv6
}

address() {
	ip -n "$1" -json "$2" address show dev net1 | jq -r '.[0].addr_info | map(select(.scope == "global"))[0].local'
}

inside() {
	mount -t tmpfs -o mode=755 run /run
	# /var/lib/cni need not exist, and a mount point cannot be made without touching the machine.
	state=/var/lib
	[ ! -d /var/lib/cni ] || state=/var/lib/cni
	mount -t tmpfs -o mode=755 state $state
	export NETCONFPATH=/run/net.d CNI_IFNAME=net1
	ip link set lo up

	step 'A fabric port "rail0", two pods, and the network as an operator renders it'
	make_fabric

	step 'cnitool add'
	for pod in pod-a pod-b; do
		limited cnitool add rail0 /run/netns/$pod >/run/result.$pod || die "cnitool add failed for $pod"
		echo "$pod: $(jq -r '.ips | map(.address) | join(", ")' /run/result.$pod)"
	done

	step 'Interfaces'
	show_interfaces
	step 'Leases'
	show_leases

	step 'pod-a reaches pod-b'
	for family in -4 -6; do
		in_pod pod-a ping $family -c 2 -i 0.2 -W 2 "$(address pod-b $family)" ||
			die "pod-a does not reach pod-b over IPv${family#-}"
	done

	step 'cnitool check'
	for pod in pod-a pod-b; do
		limited cnitool check rail0 /run/netns/$pod || die "cnitool check failed for $pod"
		echo "$pod: as promised"
	done

	step 'cnitool del'
	for pod in pod-a pod-b; do
		limited cnitool del rail0 /run/netns/$pod || die "cnitool del failed for $pod"
		links=$(ip -n $pod -o link show | grep -vc ' lo:') || :
		echo "$pod: $links links left"
		[ "$links" = 0 ] || die "$pod still has a link"
	done
	left=$(leases | wc -l)
	cached=$(find /var/lib/cni/results -type f | wc -l)
	echo "leases left: $left, cached results left: $cached"
	[ "$left$cached" = 00 ] || die 'something was left behind'
}

if [ "${1:-}" = --inside ]; then
	inside
	exit 0
fi

step 'Packages'
install_packages build demo
echo 'all there'

step 'Build'
log=$(mktemp)
tree=
trap 'rm -rf "$log" "$tree"' EXIT
trap 'exit 1' HUP INT TERM
build build-demo >"$log" 2>&1 || {
	tail -n 40 "$log" >&2
	die 'the build failed'
}
tree=$(mktemp -d)
DESTDIR=$tree meson install -C build-demo --no-rebuild --quiet >/dev/null
plugins=$(dirname "$(find "$tree" -name macvlan -type f)")
tools=$(dirname "$(find "$tree" -name cnitool -type f)")
(cd "$tree" && find . -type f -printf '%s %P\n') | column -t -N BYTES,INSTALLED

# Root needs no user namespace; a plain user can be root in one.
map=--map-root-user
[ "$(id -u)" != 0 ] || map=
# shellcheck disable=SC2086 # none or one word
CNI_PATH=$plugins PATH=$tools:$PATH:/usr/sbin:/sbin \
	unshare $map --net --mount --kill-child scripts/demo.sh --inside || exit 1

step 'Done: nothing of this machine was touched'
