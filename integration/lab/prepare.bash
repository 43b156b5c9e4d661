# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# `lab prepare`: QEMU, kernels and modules, out of Debian's packages, into the cache; nothing is
# installed. Every part is made beside its place and moved there when it is whole, so that an
# interrupted run goes on where it was, and one that finds everything does nothing.
#
#	$cache/tools/		QEMU of the backports: Debian 12's own has no SR-IOV card
#	  guest/jq		a jq that starts five times as fast, for an emulated CPU
#	$cache/KERNEL/		an unpacked kernel package, its modules uncompressed (an emulated
#				CPU takes its time over xz), and those that the lab builds among them
#	  release		what uname -r says in there
#	  vmlinux		uncompressed: started through PVH
#	  initrd		busybox and what it takes to reach the host's files
#	  headers/, netdevsim/	what the modules are built from
# shellcheck disable=SC2154 # cache, here: lab

say() {
	printf 'lab: %s\n' "$*" >&2
}

# current TARGET SOURCE...: TARGET is there, and no SOURCE is younger.
current() {
	local target=$1 source

	shift
	[ -e "$target" ] || return 1
	for source; do
		[ ! "$source" -nt "$target" ] || return 1
	done
}

# --- packages ------------------------------------------------------------------------------------

# The sources: this release, its security updates and its backports, from the mirrors of the machine.
apt_lists=
update_lists() {
	local mirror suite codename

	[ -z "$apt_lists" ] || return 0
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ "$codename" = bookworm ] ||
		die "the kernels and QEMU come from Debian 12 (bookworm); this is ${codename:-not Debian}"
	mkdir -p "$cache/apt"
	for mirror in $(mirrors | grep debian | sort -u); do
		case $mirror in
		*security*) set -- "$codename-security" ;;
		*) set -- "$codename" "$codename-backports" ;;
		esac
		for suite; do
			source_line "$mirror" "$suite"
		done
	done >"$cache/apt/sources.list"
	say "reading the package lists of $codename, its security updates and its backports"
	private_apt "$cache/apt" apt-get -q update >"$cache/apt/log" 2>&1 || {
		tail -n 5 "$cache/apt/log" >&2
		die "the package lists cannot be read (apt's words are above)"
	}
	apt_lists=1
}

# newest REGEX: the package of that name with the highest version in its name.
newest() {
	private_apt "$cache/apt" apt-cache search --names-only "^$1\$" | awk '{ print $1 }' | sort -V | tail -n 1
}

# unpack DIRECTORY PACKAGE[=VERSION]...: download, unpack, forget.
unpack() {
	local directory=$1 debs=$cache/debs deb

	shift
	rm -rf "$debs"
	mkdir -p "$debs" "$directory"
	(cd "$debs" && private_apt "$cache/apt" apt-get download "$@") >"$cache/apt/log" 2>&1 || {
		tail -n 5 "$cache/apt/log" >&2
		die "cannot download: $*"
	}
	for deb in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$directory" "${excluded[@]/#/--exclude=}"
	done
	rm -rf "$debs"
}
excluded=()

# --- tools ---------------------------------------------------------------------------------------

# Its libraries come along unless the machine has them: what apt would install, and QEMU's own
# packages in any case.
prepare_tools() {
	local new=$cache/tools.new packages

	[ ! -e "$cache/tools" ] || return 0
	update_lists
	packages=$(private_apt "$cache/apt" apt-get install --simulate --reinstall --no-install-recommends \
		--target-release bookworm-backports qemu-system-x86 qemu-system-common qemu-system-data seabios |
		sed -n 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p')
	[ -n "$packages" ] || die 'the backports have no qemu-system-x86'
	say "QEMU: $(wc -w <<<"$packages") packages; gojq"
	rm -rf "$new"
	# shellcheck disable=SC2086 # words
	unpack "$new" $packages gojq
	mkdir "$new/guest"
	ln -s ../usr/bin/gojq "$new/guest/jq"
	mv "$new" "$cache/tools"
	"${qemu[@]}" -device igb,help >/dev/null || die "QEMU of the backports has no igb card: remove $cache/tools"
}

# --- kernels -------------------------------------------------------------------------------------

# A bzImage holds the kernel as one compressed stream: try where one seems to begin.
# extract_vmlinux IMAGE TARGET
extract_vmlinux() {
	local tool magic at

	while read -r tool magic; do
		# shellcheck disable=SC2013 # words
		for at in $(LC_ALL=C grep -obUaP "$magic" "$1" | cut -d: -f1); do
			# What follows the stream is an error to the tool; what counts is what came out.
			tail -c +$((at + 1)) "$1" | "$tool" -dc >"$2" 2>/dev/null || :
			[ "$(head -c 4 "$2" | od -An -tx1)" != ' 7f 45 4c 46' ] || return 0
		done
	done <<-'END'
	zstd \x28\xb5\x2f\xfd
	xz \xfd7zXZ\x00
	gzip \x1f\x8b\x08
	END
	die "no kernel was found in $1"
}

# make_initrd DIRECTORY RELEASE: the modules that lead to the host's files, with what they depend on.
make_initrd() {
	local work=$1/initrd.d file module

	rm -rf "$work"
	mkdir -p "$work"/{bin,dev,proc,sys,mods,lower,upper,run,root}
	cp "$(command -v busybox)" "$work/bin/busybox"
	install -m 755 "$here/init.sh" "$work/init"
	for module in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
		modprobe -d "$1" -S "$2" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		cp "$file" "$work/mods/"
		echo "${file##*/}" >>"$work/mods/order"
	done
	(cd "$work" && find . | cpio --quiet -o -H newc) >"$1/initrd.new"
	rm -rf "$work"
	mv "$1/initrd.new" "$1/initrd"
}

# prepare_netdevsim KERNEL DIRECTORY VERSION: its source out of the kernel's; Debian builds it for nobody.
prepare_netdevsim() {
	local work=$2/source

	unpack "$work" "linux-source-$1=$3"
	xz -dc -T0 "$work/usr/src/linux-source-$1.tar.xz" |
		tar -x -C "$2" --strip-components=3 "linux-source-$1/drivers/net/netdevsim"
	rm -rf "$work"
}

prepare_kernel() {
	local new=$cache/$1.new image release headers version

	[ ! -e "$cache/$1" ] || return 0
	update_lists
	image=$(newest "linux-image-${1//./\\.}\\.[0-9][0-9.]*([+][a-z0-9]+)?(-[0-9]+)?-amd64")
	[ -n "$image" ] || die "no mirror of this machine's apt has a linux-image-$1 for amd64"
	release=${image#linux-image-}
	rm -rf "$new"
	say "kernel $1: $release"
	excluded=('./lib/modules/*/kernel/'{sound,drivers/{gpu,media,staging,iio,net/wireless}})
	unpack "$new" "$image"
	excluded=()
	find "$new/lib/modules" -name '*.ko.xz' -print0 | xargs -0 -r -n 100 -P "$(nproc)" xz -d
	depmod -b "$new" "$release"
	extract_vmlinux "$new/boot/vmlinuz-$release" "$new/vmlinux"
	rm -r "${new:?}/boot"

	say "kernel $1: headers"
	headers=$(private_apt "$cache/apt" apt-cache depends "linux-headers-$release" |
		awk '$1 == "Depends:" && $2 ~ /^linux-(headers|kbuild)-/ { print $2 }')
	# shellcheck disable=SC2086 # words
	unpack "$new/headers" "linux-headers-$release" $headers

	say "kernel $1: the source of netdevsim"
	version=$(private_apt "$cache/apt" apt-cache show "$image" | sed -n 's/^Version: //p' | head -n 1)
	prepare_netdevsim "$1" "$new" "$version"
	echo "$release" >"$new/release"
	mv "$new" "$cache/$1"
}

# --- modules -------------------------------------------------------------------------------------

# prepare_module KERNEL NAME SOURCE...: built outside the tree; a change of the source builds it again.
prepare_module() {
	local kernel=$cache/$1 name=$2 release module work headers

	shift 2
	release=$(<"$kernel/release")
	module=$kernel/lib/modules/$release/updates/$name.ko
	work=$kernel/build-$name
	headers=$kernel/headers/usr/src/linux-headers-$release
	! current "$module" "$@" || return 0
	say "kernel ${kernel##*/}: module $name"
	rm -rf "$work"
	mkdir -p "$work" "${module%/*}"
	cp "$@" "$work/"
	# The one absolute path in there names their common half, and the cache may have been moved.
	sed -i 's#^include .*/linux-headers-#include ../linux-headers-#' "$headers/Makefile"
	# Type information for BPF would need pahole and serves nothing here. Warnings are errors in what is
	# ours, and Debian's compiler for the kernel is gcc-12.
	make -s -j "$(nproc)" -C "$headers" M="$work" CC=gcc-12 \
		CONFIG_DEBUG_INFO_BTF_MODULES='' ${module_flags:+"${module_flags[@]}"} modules >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		die "module $name cannot be built for $release"
	}
	strip --strip-debug "$work/$name.ko"
	mv "$work/$name.ko" "$module"
	depmod -b "$kernel" "$release"
	rm -rf "$work"
}

prepare_modules() {
	local kernel=$cache/$1 release

	module_flags=(W=1 KCFLAGS=-Werror)
	prepare_module "$1" ibstub "$here"/ibstub/*
	# obj-m is decided by the kernel's configuration, and by nothing in the source.
	module_flags=(CONFIG_NETDEVSIM=m)
	prepare_module "$1" netdevsim "$kernel"/netdevsim/*
	release=$(<"$kernel/release")
	current "$kernel/initrd" "$here/init.sh" "$kernel/release" || make_initrd "$kernel" "$release"
}

prepare() {
	local kernel

	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock -w 900 9 || die "another run has been preparing $cache for 15 minutes"
	prepare_tools
	for kernel; do
		prepare_kernel "$kernel"
		prepare_modules "$kernel"
	done
	exec 9>&-
}
