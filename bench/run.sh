#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures our plugins against installed peers and the kernel's floor: README.md says how.
set -euo pipefail

usage() {
	cat <<-EOF
	usage: bench/run.sh [--quick] [--full] [--static] [--gate] [--json FILE] [--plugins DIR] [--peers DIR]
	  --quick        20 rounds instead of 60
	  --full         a pool of 1,000,000 leases as well
	  --static       measure a static build, ours and the floor, by the budgets of the release
	  --gate         exit status 1 if a hard gate is missed
	  --json FILE    write the values of all rounds and the judged rows
	  --plugins DIR  measure the executables in DIR instead of building ours
	  --peers DIR    measure against the executables in DIR, of another version say
	EOF
	exit "$1"
}

rounds=60 full=false static=false gate=false json='' plugins='' peers=''
while [ $# -gt 0 ]; do
	case $1 in
	--quick) rounds=20 ;;
	--full) full=true ;;
	--static) static=true ;;
	--gate) gate=true ;;
	--json) json=$(realpath -m "${2:?--json needs a file}") && shift ;;
	--plugins) plugins=$(realpath -e "${2:?--plugins needs a directory}") && shift ;;
	--peers) peers=$(realpath -e "${2:?--peers needs a directory}") && shift ;;
	--help) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
	shift
done

bench=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$bench")
# shellcheck source-path=SCRIPTDIR source=../scripts/lib.sh
. "$root/scripts/lib.sh"
build=$root/build-bench
! $static || build=$root/build-bench-static
# Calls of a peer that take seconds are few.
few=$((rounds / 10))
# That many pods get one each at the same time.
devices=16

# ---- Before the namespaces: packages and programs ----

# What is there already may have been set up by an older script.
setup() {
	local flags

	[ ! -f "$build/build.ninja" ] || set -- --reconfigure
	if $static; then
		"$root/scripts/static-libs.sh" "$root/build-static-libs" || return
		flags="-idirafter $root/build-static-libs/kernel"
		[ "$(uname -m)" != x86_64 ] || flags+=' -march=x86-64-v2'
		set -- -Dprefer_static=true -Dc_args="$flags" -Dc_link_args='-static -Wl,-z,noseparate-code' \
			-Db_lto=true -Db_pie=false "$@"
		local -x CC=musl-gcc PKG_CONFIG_PATH=$root/build-static-libs/pkgconfig
	fi
	meson setup "$build" "$root" -Dbuildtype=release "$@"
}

build_programs() {
	local targets=(bench/floor bench/measure bench/preload bench/store) log

	[ -n "$plugins" ] || targets+=(macvlan/macvlan hostdevice/host-device ipam/pool)
	log=$(mktemp)
	# What they say is worth reading only if they fail.
	setup >"$log" || { cat "$log" >&2 && die 'meson setup failed'; }
	ninja -C "$build" "${targets[@]}" >"$log" || { cat "$log" >&2 && die 'the build failed'; }
	rm "$log"
	[ -n "$plugins" ] && return
	# Plugins are siblings in one directory, as an installation leaves them.
	plugins=$build/plugins
	mkdir -p "$plugins"
	install --strip "$build/macvlan/macvlan" "$build/hostdevice/host-device" "$build/ipam/pool" "$plugins"
}

if [ -z "${BENCH_INSIDE-}" ]; then
	# The demo's packages have jq.
	install_packages build demo bench
	! $static || install_packages static
	build_programs
	arguments=(--plugins "$plugins")
	[ -z "$peers" ] || arguments+=(--peers "$peers")
	[ "$rounds" = 60 ] || arguments+=(--quick)
	! $full || arguments+=(--full)
	! $static || arguments+=(--static)
	! $gate || arguments+=(--gate)
	[ -z "$json" ] || arguments+=(--json "$json")
	user=()
	[ "$(id -u)" = 0 ] || user=(--map-root-user)
	BENCH_INSIDE=1 exec unshare --net --mount "${user[@]}" "$bench/run.sh" "${arguments[@]}"
fi

# ---- Inside: nothing of the machine is touched from here on, but for one directory ----

version=$peers
if [ -z "$peers" ]; then
	peers=$(dirname "$(dpkg -L containernetworking-plugins | grep '/host-local$')")
	version="containernetworking-plugins $(dpkg-query -W -f '${Version}' containernetworking-plugins)"
fi
# On the file system of the build: a store on tmpfs would flatter everybody.
work=$(mktemp -d "$build/store.XXXXXX")
results=$work/results
trap 'rm -rf "$work"' EXIT
: >"$results"

prepare_network() {
	local name

	mount -t tmpfs tmpfs /run
	ip link set lo up
	ip link add fab0 type veth peer name fab0-switch
	ip link set fab0 up
	ip link set fab0-switch up
	for name in ours peer floor dual single full empty l10 l60000 l1000000; do
		ip netns add $name-0
	done
	for ((i = 1; i < 64; i++)); do
		ip netns add ours-$i
		ip netns add peer-$i
	done
	for ((i = 1; i < devices; i++)); do
		ip netns add floor-$i
	done
	echo 0 >/proc/sys/net/ipv6/conf/fab0/accept_dad
}

# configuration FILE IPAM-TYPE STORE SUBNET: a macvlan network; the plugins below it get it as well.
configuration() {
	local ranges="[{\"subnet\":\"$4\",\"gateway\":\"${4%.*}.1\"}]"
	local routes='{"dst":"10.2.0.0/16"}' extra=

	if [ "${5-}" = dual ]; then
		ranges+=',[{"subnet":"fd00:1::/64","gateway":"fd00:1::1"}]'
		routes+=',{"dst":"fd00:2::/64"}'
	fi
	[ "$2" != pool ] || extra=',"reuseDelay":"0s"'
	mkdir -p "$work/$3"
	cat >"$work/$1.json" <<-EOF
	{"cniVersion":"1.0.0","name":"rail0","type":"macvlan","master":"fab0","mode":"bridge","ipam":{"type":"$2","ranges":[$ranges],"routes":[$routes],"dataDir":"$work/$3"$extra}}
	EOF
}

# preload KIND STORE FIRST COUNT
preload() {
	"$build/bench/preload" "$1" "$work/$2" rail0 "$3" "$4"
}

measure() {
	echo "measuring: $*" | sed 's/ -- .*//; s/-[nwps] *[0-9]* //g' >&2
	"$build/bench/measure" "$@" >>"$results"
}

address=(10.1.255.250/16 10.2.0.0/16 10.1.0.1)
floor=("$build/bench/floor" fab0 "${address[@]}")

# Whoever does less than the others is not faster. (The peer's host-device announces nothing.)
check_link() {
	ip -n "$1" -d -j address show dev net1 | jq -e --arg kind "$2" '.[0]
		| (.flags | index("UP")) and .linkinfo.info_kind == $kind
		and (.linkinfo.info_data.mode == "bridge" or $kind != "macvlan")
		and ([.addr_info[] | select(.family == "inet") | .local[:5], .prefixlen]
			== ["10.1.", 16])' &&
		ip -n "$1" -j route | jq -e 'any(.dst == "10.2.0.0/16" and .gateway == "10.1.0.1")' &&
		{ [ "$1 $2" = 'peer-0 veth' ] ||
			ip netns exec "$1" grep -q 1 /proc/sys/net/ipv4/conf/net1/arp_notify; }
}

# The links of the host. (The peer leaves its alias.)
host() {
	ip -j link | jq -c '[.[] | [.ifname, .address, .mtu, .txqlen, (.flags | index("UP") != null)]] | sort[]'
}

# check_work KIND NAME CONFIG EXECUTABLE...
check_work() {
	local kind=$1 before after
	shift

	before=$(host)
	"$build/bench/measure" -n 1 -w 0 check ADD -- "$@" >/dev/null
	check_link "$1-0" "$kind" >/dev/null || {
		ip -n "$1-0" -d address >&2
		ip -n "$1-0" route >&2
		die "$1: net1 is not what was asked for"
	}
	"$build/bench/measure" -n 1 -w 0 check DEL -- "$@" >/dev/null
	! ip -n "$1-0" link show dev net1 2>/dev/null || die "$1: net1 is still there after DEL"
	after=$(host)
	[ "$before" = "$after" ] || {
		diff <(echo "$before") <(echo "$after") >&2
		die "$1: the host is another one after DEL"
	}
}

# instructions NAME CONFIG EXECUTABLE...: in user mode, of one ADD and one DEL; where valgrind is
# and can run it.
instructions() {
	local name=$1 config=$2 step count
	shift 2

	command -v valgrind >/dev/null || return 0
	for step in ADD DEL; do
		count=$(CNI_COMMAND=$step CNI_CONTAINERID=bench-$name CNI_IFNAME=net1 \
			CNI_NETNS=/run/netns/$name-0 CNI_PATH=${1%/*} \
			valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 \
			<"$config" | sed -n 's/^==.*Collected : //p') || true
		[ -n "$count" ] || continue
		printf '{"case":"macvlan","step":"%s","name":"%s","instructions":[%s]}\n' \
			$step "$name" "$count" >>"$results"
	done
}

measure_macvlan() {
	local contestants=(-- ours "$work/ours.json" "$plugins/macvlan"
		-- peer "$work/peer.json" "$peers/macvlan" -- floor /dev/null "${floor[@]}")
	local pair=(-- ours "$work/ours.json" "$plugins/macvlan"
		-- peer "$work/peer.json" "$peers/macvlan")

	measure -n $rounds macvlan ADD DEL "${contestants[@]}"
	measure -t -n 5 -w 1 macvlan ADD DEL "${contestants[@]}"
	instructions ours "$work/ours.json" "$plugins/macvlan"
	instructions floor /dev/null "${floor[@]}"
	measure -n $rounds version VERSION "${contestants[@]}"
	measure -n $((few + 1)) -w 1 -p 64 burst ADD DEL "${pair[@]}"
}

# add_devices FIRST LAST: each pod has a veth of its own.
add_devices() {
	local name i

	for name in ours peer floor; do
		for ((i = $1; i <= $2; i++)); do
			ip link add hd-$name-$i type veth peer name hf-$name-$i
			ip link set hf-$name-$i up
		done
	done
}

# device_configuration CONTESTANT IPAM-TYPE
device_configuration() {
	configuration "hd-$1" "$2" "hd-store-$1" 10.1.0.0/16
	jq -c --arg device "hd-$1-{n}" '.type = "host-device" | .device = $device | del(.master, .mode)' \
		"$work/hd-$1.json" >"$work/hd" && mv "$work/hd" "$work/hd-$1.json"
}

measure_host_device() {
	local ours=(ours "$work/hd-ours.json" "$plugins/host-device")
	local peer=(peer "$work/hd-peer.json" "$peers/host-device")
	local floor=(floor /dev/null "$build/bench/floor" -d 'hd-floor-{n}' "${address[@]}")
	local contestants=(-- "${ours[@]}" -- "${peer[@]}" -- "${floor[@]}")

	device_configuration ours pool
	device_configuration peer host-local
	add_devices 0 0
	check_work veth "${ours[@]}"
	check_work veth "${peer[@]}"
	check_work veth "${floor[@]}"
	measure -n $rounds -s 60 host-device ADD DEL "${contestants[@]}"
	measure -t -n 5 -w 1 host-device ADD DEL "${contestants[@]}"
	# Not before: the peer looks at every link of the host.
	add_devices 1 $((devices - 1))
	measure -n $((few + 1)) -w 1 -p $devices host-device-burst ADD DEL "${contestants[@]}"
}

measure_dual() {
	configuration dual pool dual-store 10.1.0.0/16 dual
	configuration single pool dual-store 10.1.0.0/16
	configuration peer-dual host-local peer-dual-store 10.1.0.0/16 dual
	measure -n $rounds dual ADD DEL \
		-- dual "$work/dual.json" "$plugins/macvlan" \
		-- single "$work/single.json" "$plugins/macvlan"
	measure -n $((few / 2 + 1)) -w 1 dual-peer ADD DEL \
		-- ours "$work/dual.json" "$plugins/macvlan" \
		-- peer "$work/peer-dual.json" "$peers/macvlan"
}

measure_ipam() {
	local leases n warmup pair

	for leases in 10 60000; do
		configuration pool-$leases pool pool-$leases 10.1.0.0/16
		configuration host-local-$leases host-local host-local-$leases 10.1.0.0/16
		preload pool pool-$leases 10.1.0.2 $leases
		preload host-local host-local-$leases 10.1.0.2 $leases
		pair=(-- ours "$work/pool-$leases.json" "$plugins/pool"
			-- peer "$work/host-local-$leases.json" "$peers/host-local")
		[ $leases = 10 ] && n=$rounds warmup=3 || n=$few warmup=1
		measure -n $n -w $warmup ipam-$leases ADD CHECK DEL "${pair[@]}"
		[ $leases != 10 ] || measure -t -n 3 -w 1 ipam-10 ADD CHECK DEL "${pair[@]}"
	done
	# Of the peer, 64 at once take minutes with so many leases.
	measure -n $((few + 1)) -w 1 -p 64 ipam-burst ADD DEL -- ours "$work/pool-60000.json" "$plugins/pool"
}

# store CASE LEASES ROUNDS
store() {
	echo "measuring: store $*" >&2
	mkdir -p "$work/store-$1-$2"
	"$build/bench/store" "$1" "$work/store-$1-$2" "$2" "$3" >>"$results"
	rm -r "$work/store-$1-$2"
}

measure_store() {
	store operations 10 $rounds
	store operations 60000 $rounds
	store compaction 100000 7
	! $full || store operations 1000000 $rounds
	! $full || store rebuild 1000000 5
}

measure_growth() {
	local contestants=() leases

	for leases in 10 60000 1000000; do
		[ $leases != 1000000 ] || $full || continue
		configuration l$leases pool growth-$leases 10.64.0.0/10
		preload pool growth-$leases 10.64.0.2 $leases
		contestants+=(-- "l$leases" "$work/l$leases.json" "$plugins/pool")
	done
	measure -n $rounds growth ADD CHECK DEL "${contestants[@]}"
	measure -t -n 3 -w 1 growth ADD CHECK DEL "${contestants[@]}"
}

# One address is free, and the cursor has just gone past it.
measure_last() {
	configuration full pool last-full 10.1.0.0/16
	configuration empty pool last-empty 10.1.0.0/16
	configuration last-peer host-local last-peer 10.1.0.0/16
	preload pool last-full 10.1.0.3 65532
	preload host-local last-peer 10.1.0.3 65532
	measure -n $rounds last ADD DEL \
		-- full "$work/full.json" "$plugins/pool" -- empty "$work/empty.json" "$plugins/pool"
	measure -n $((few / 2 + 1)) -w 1 last-peer ADD DEL \
		-- ours "$work/full.json" "$plugins/pool" \
		-- peer "$work/last-peer.json" "$peers/host-local"
}

report() {
	jq --slurp --argjson static $static --slurpfile budgets "$bench/budgets.json" -f "$bench/report.jq" "$results" \
		>"$work/report"
	echo
	echo "Linux $(uname -r), $(nproc) processors, $rounds rounds, load $(cut -d' ' -f1 /proc/loadavg)"
	echo "peer: $version; ours: $plugins$(! $static || echo ' (static)')"
	echo
	jq -r .table "$work/report"
	[ -z "$json" ] || jq --slurp --arg kernel "$(uname -r)" --argjson processors "$(nproc)" \
		--slurpfile report "$work/report" \
		'{ $kernel, $processors, rows: $report[0].rows, measurements: . }' "$results" >"$json"
	! $gate || jq -e '.missed == []' "$work/report" >/dev/null
}

prepare_network
configuration ours pool ours-store 10.1.0.0/16
configuration peer host-local peer-store 10.1.0.0/16
check_work macvlan ours "$work/ours.json" "$plugins/macvlan"
check_work macvlan peer "$work/peer.json" "$peers/macvlan"
check_work macvlan floor /dev/null "${floor[@]}"
measure_macvlan
measure_host_device
measure_dual
measure_ipam
measure_store
measure_growth
measure_last
report
