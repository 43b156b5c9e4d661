# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the suites of the lab share, on top of ../lib.bash; a suite loads this file alone. It runs in the
# guest, as root, in the guest's first network namespace. There are
#
#	two igb cards	card 0, card 1: 82576, 7 virtual functions each, all ports on one hub
#	netdevsim	make_netdevsim: virtual functions in name only, with every setting
#	ibstub		make_hcas, make_ib_vfs, rdma_below: see the head of ibstub/ibstub.c
#	pod1, pod2	namespaces of pods, empty; new for every test
#
# What takes long (cards, carriers) is made in setup_file or once per test; every wait has a deadline,
# because an emulated CPU on a busy host may take ten times as long. What a test has made goes with
# lab_ends, and a complaint of the guest's kernel fails the test that was running.

load ../lib.bash

setup() {
	lab_begins
}

teardown() {
	lab_ends
}

lab_begins() {
	dmesg --clear
	ip netns add pod1
	ip netns add pod2
}

# Namespaces go, and what was in them comes home. Virtual functions stay: see no_vfs, no_hcas.
lab_ends() {
	no_fabric
	no_complaints
}

no_complaints() {
	! dmesg | grep -E -A 12 "$LAB_COMPLAINTS" || fail 'the kernel complained'
}

# --- PCI -----------------------------------------------------------------------------------------

pci=/sys/bus/pci/devices

# card N: the PCI address of a card's physical function.
card() {
	printf '0000:%02x:00.0\n' $(($1 + 1))
}

# vf N CARD: the PCI address of a virtual function.
vf() {
	local link

	link=$(readlink "$pci/$(card "$2")/virtfn$1")
	echo "${link##*/}"
}

# netdev ADDRESS: the interface of a function; empty unless it is in this namespace.
netdev() {
	local directory=("$pci/$1/net"/*)

	[ ! -e "${directory[0]}" ] || echo "${directory[@]##*/}"
}

has_netdev() {
	[ -n "$(netdev "$1")" ]
}

# driver ADDRESS: the name of what a function is bound to, or nothing.
driver() {
	local link

	link=$(readlink "$pci/$1/driver") && echo "${link##*/}"
}

# bind ADDRESS DRIVER: to this driver whatever its table says; '' is the one that would have it.
bind() {
	[ ! -e "$pci/$1/driver" ] || echo "$1" >"$pci/$1/driver/unbind"
	echo "$2" >"$pci/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	[ -z "$2" ] || [ "$(driver "$1")" = "$2" ] || fail "$1 cannot be bound to $2"
}

# make_vfs COUNT CARD: new ones, with their interfaces; the physical function is up.
make_vfs() {
	local i

	modprobe igb
	modprobe igbvf
	within 20 has_netdev "$(card "$2")"
	echo 0 >"$pci/$(card "$2")/sriov_numvfs"
	echo "$1" >"$pci/$(card "$2")/sriov_numvfs"
	for ((i = 0; i < $1; i++)); do
		within 20 has_netdev "$(vf "$i" "$2")"
	done
	ip link set "$(netdev "$(card "$2")")" up
}

no_vfs() {
	echo 0 >"$pci/$(card "$1")/sriov_numvfs"
}

# vf_info PF N WORDS...: each is in what ip says about a virtual function of an interface.
vf_info() {
	local seen words

	seen=$(ip -d link show dev "$1" | grep "^ *vf $2 ")
	for words in "${@:3}"; do
		[[ $seen == *"$words"* ]] || fail "expected of vf $2 of $1: $words; it is: $seen"
	done
}

# --- links ---------------------------------------------------------------------------------------

# has_carrier POD LINK. Few processes, because this is what waits ask again and again.
has_carrier() {
	[[ $(ip ${1:+-n "$1"} -o link show dev "$2") == *LOWER_UP* ]]
}

# carrier POD LINK: up, and with carrier within 20 seconds; POD '' is this namespace. An igb port needs
# 2 to 6, more on a busy host.
carrier() {
	ip ${1:+-n "$1"} link set "$2" up
	within 20 has_carrier "$1" "$2"
}

# into POD LINK ADDRESS [NAME]: a link moves, gets a name (net1), an address, and carrier.
into() {
	ip link set "$2" netns "$1" name "${4:-net1}"
	ip -n "$1" addr add "$3" dev "${4:-net1}" nodad
	carrier "$1" "${4:-net1}"
}

# answers POD ADDRESS [PING ARGUMENT]...
answers() {
	inside "$1" ping -q -c 2 -i 0.2 -w 10 "${@:3}" "$2"
}

# silent POD ADDRESS: no answer.
silent() {
	! inside "$1" ping -q -c 2 -i 0.2 -W 1 "$2"
}

# attributes POD LINK: what a plugin that borrows a device has to give back, but for the settings of its
# virtual functions. Compare two of them.
attributes() {
	local at=(ip ${1:+-n "$1"})

	[[ $("${at[@]}" -o link show dev "$2") != *[\<,]UP[,\>]* ]] || echo up
	"${at[@]}" -d addr show dev "$2" | sed -E -e 's/^[0-9]+: //' -e 's/<[^>]*>//' \
		-e 's/ (state|qdisc|promiscuity|allmulti|numtxqueues|numrxqueues|link-netns|link-netnsid) [^ ]+//g' \
		-e '/ scope link|valid_lft/d'
	"${at[@]}" route show dev "$2"
	"${at[@]}" -6 route show dev "$2" | grep -v '^fe80::' || :
}

# make_netdevsim COUNT: eth-like interfaces with COUNT virtual functions; prints the physical function's.
make_netdevsim() {
	local device=/sys/bus/netdevsim/devices/netdevsim1

	modprobe netdevsim
	echo '1 1' >/sys/bus/netdevsim/new_device
	within 10 test -d $device/net
	echo "$1" >$device/sriov_numvfs
	ls $device/net
}

no_netdevsim() {
	echo 1 >/sys/bus/netdevsim/del_device
}

# --- RDMA ----------------------------------------------------------------------------------------

# netns_mode exclusive|shared: RDMA devices belong to one namespace, or to all. The kernel refuses while
# there is any other namespace, and one may still be dying: pods are made afterwards.
netns_mode() {
	modprobe ib_core
	no_fabric
	within 20 rdma system set netns "$1"
	ip netns add pod1
	ip netns add pod2
}

# rdma_below NAME LINK: a RoCE device below the same PCI function as an interface.
rdma_below() {
	modprobe ib_uverbs
	modprobe ibstub
	rdma link add "$1" type stubroce netdev "$2"
}

# has_rdma POD NAME
has_rdma() {
	${1:+inside "$1"} rdma dev show "$2" >/dev/null 2>&1
}

# rdma_home NAME POD: what belongs to a pod returns to this namespace, which needs a name for that.
rdma_home() {
	touch /run/netns/home
	mount --bind /proc/self/ns/net /run/netns/home
	inside "$2" rdma dev set "$1" netns home
	umount /run/netns/home
	rm /run/netns/home
}

# --- InfiniBand ----------------------------------------------------------------------------------

# make_hcas COUNT [PARAMETER]...: adapters with ib0, ib1, ... up and with carrier.
make_hcas() {
	local i

	modprobe ib_ipoib
	! grep -q '^ibstub ' /proc/modules || modprobe -r ibstub
	modprobe ibstub hcas="$1" "${@:2}"
	for ((i = 0; i < $1; i++)); do
		within 20 test -e "/sys/class/net/ib$i"
		carrier '' "ib$i"
	done
}

no_hcas() {
	modprobe -r ibstub
}

# make_ib_vfs COUNT CARD: the card's physical function and virtual functions become InfiniBand adapters.
make_ib_vfs() {
	local i

	modprobe ib_ipoib
	modprobe ibstub
	bind "$(card "$2")" ibstub
	within 20 has_netdev "$(card "$2")"
	echo 0 >"$pci/$(card "$2")/sriov_drivers_autoprobe"
	echo "$1" >"$pci/$(card "$2")/sriov_numvfs"
	for ((i = 0; i < $1; i++)); do
		bind "$(vf "$i" "$2")" ibstub
		within 20 has_netdev "$(vf "$i" "$2")"
	done
}

no_ib_vfs() {
	no_vfs "$1"
	echo 1 >"$pci/$(card "$1")/sriov_drivers_autoprobe"
	bind "$(card "$1")" ''
}

# child POD PARENT PKEY ADDRESS [OPTION]...: an IPoIB child as net1 of a pod, made there.
child() {
	ip link add link "$2" netns "$1" name net1 type ipoib pkey "$3" "${@:5}"
	ip -n "$1" addr add "$4" dev net1
	carrier "$1" net1
}
