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
	test) echo 'bats clang clang-tidy containernetworking-plugins cppcheck fish g++ git mandoc shellcheck strace zsh' ;;
	peers) echo 'containernetworking-plugins' ;;
	clients) echo 'busybox-static conmon containerd containernetworking-plugins crun curl jq podman protobuf-compiler python3 runc' ;;
	bench) echo 'containernetworking-plugins iproute2 jq util-linux' ;;
	go) echo 'ca-certificates golang-go' ;;
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
