# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the scripts share; they source it at the root of the repository.

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Debian 12 packages for a purpose.
packages_for() {
	case $1 in
	build) echo 'gcc libc6-dev meson ninja-build pkg-config libmnl-dev libnl-3-dev libnl-route-3-dev libcjson-dev libmd-dev' ;;
	demo) echo 'bsdextrautils iproute2 iputils-ping jq util-linux' ;;
	test) echo 'bats clang clang-tidy containernetworking-plugins cppcheck fish g++ git libclang-rt-dev mandoc shellcheck strace zsh' ;;
	peers) echo 'containernetworking-plugins' ;;
	clients) echo 'busybox-static conmon containerd containernetworking-plugins crun curl jq podman protobuf-compiler python3 runc' ;;
	static) echo 'binutils gcc musl-tools' ;;
	bench) echo 'containernetworking-plugins iproute2 jq util-linux' ;;
	go) echo 'ca-certificates golang-go' ;;
	# QEMU itself comes with `integration/lab/lab prepare`, as the kernels do.
	lab) echo 'bats busybox-static cpio gcc-12 iproute2 iputils-ping jq kmod libc6-dev libelf1 make procps util-linux xz-utils zstd' ;;
	*) die "no packages are known for '$1'" ;;
	esac
}

# install_packages PURPOSE...: install by apt what is missing, and only then touch the network.
install_packages() {
	missing=
	for purpose; do
		for package in $(packages_for "$purpose"); do
			case $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || :) in
			installed) ;;
			*) missing="$missing $package" ;;
			esac
		done
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null ||
		die "this system has no apt; install what these Debian packages contain:$missing"
	[ "$(id -u)" = 0 ] || die "run as root, or install first:$missing"
	echo "Installing$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >/dev/null || die 'apt-get update failed'
	# Word splitting is wanted.
	# shellcheck disable=SC2086
	apt-get install -q -y --no-install-recommends $missing >/dev/null ||
		die "apt-get could not install$missing"
}

# build DIRECTORY [MESON-OPTION...]: configure once, compile.
build() {
	directory=$1
	shift
	[ -f "$directory/build.ninja" ] || meson setup "$directory" "$@"
	meson compile -C "$directory"
}

# The mirrors in sources.list and its companions, in both formats.
mirrors() {
	list='' parts=''
	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	for file in "$list" "$parts"/*.list; do
		[ ! -f "$file" ] || sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*\) .*/\2/p' "$file"
	done
	for file in "$parts"/*.sources; do
		[ ! -f "$file" ] || sed -n 's/^URIs:[[:space:]]*//p' "$file" | tr ' ' '\n'
	done
}

# source_line MIRROR SUITE: for a sources.list, with Debian's keys.
source_line() {
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	options=
	[ ! -r $keys ] || options="[signed-by=$keys]"
	echo "deb $options $1 $2 main"
}

# private_apt DIRECTORY PROGRAM ARGUMENT...: a program of apt with lists, caches and the sources.list
# of a directory; the machine's own are neither read nor changed.
private_apt() {
	directory=$1 program=$2
	shift 2
	mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
	directory=$(realpath "$directory")
	"$program" -q -o Dir::Etc::sourcelist="$directory/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$directory/lists" -o Dir::Cache="$directory/cache" \
		-o APT::Sandbox::User= -o Acquire::Retries=3 "$@"
}
