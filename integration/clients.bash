# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of container runtimes share, beyond lib.bash. The runtimes see our plugins in the
# directory where they look for plugins, and the networks in theirs; both are private, and so are
# /etc, /opt, /var/lib and shared memory.
# shellcheck disable=SC2034,SC2154 # what lib.bash and bats set, and what the tests use

load lib.bash

bin=/opt/cni/bin
net_d=/etc/cni/net.d
image=localhost/busybox:test
calls=/run/calls
missing=${missing:-}

# needs EXECUTABLE...: a runtime needs them, and root that is no user's. For setup_file, where bats
# cannot skip: may_run does it, first thing in setup.
needs() {
	local tool

	read -r _ _ tool </proc/self/uid_map
	[ "$tool" = 4294967295 ] || missing='container runtimes need the root of the machine'
	for tool in busybox "$@"; do
		type -P "$tool" >/dev/null || missing="$tool is not installed"
	done
	# Debian's loopback is in this package, and host-local.
	[ -x /usr/lib/cni/loopback ] || missing='containernetworking-plugins is not installed'
	[ -d "$plugins" ] || missing='it is to be run by run.sh'
	export missing
	[ -z "$missing" ]
}

may_run() {
	[ -z "$missing" ] || cannot_run "$missing"
	is_private
}

# The tests empty directories and remove all containers: never those of the machine. bats calls
# teardown after a skip, too.
is_private() {
	[ -e /etc/private-to-the-tests ]
}

# bounded COMMAND...: leaves $status, $output and $stderr; takes a minute at most.
bounded() {
	captured timeout --kill-after=5 60 "$@" 3>&-
}

# The runtimes' defaults name directories that need not exist on this machine.
private_directories() {
	mkdir /run/etc
	cp -a /etc/. /run/etc
	mount --bind /run/etc /etc
	mount -t tmpfs -o mode=755 opt /opt
	mount -t tmpfs -o mode=755 state /var/lib
	mount -t tmpfs -o mode=1777 shm /dev/shm
	rm -rf "$net_d"
	mkdir -p "$bin" "$net_d" /var/lib/cni
	ip link set lo up
	touch /run/etc/private-to-the-tests
}

# An image in docker's archive format: one layer with busybox alone, which sleeps.
make_image() {
	local dir=$BATS_FILE_TMPDIR/image digest applet

	mkdir -p "$dir/root/bin"
	cp "$(command -v busybox)" "$dir/root/bin/busybox"
	for applet in ip ping sleep; do
		ln -s busybox "$dir/root/bin/$applet"
	done
	tar -C "$dir/root" -cf "$dir/layer.tar" .
	digest=$(sha256sum "$dir/layer.tar")
	jq -n --arg digest "sha256:${digest%% *}" --arg machine "$(machine)" '{
		architecture: $machine, os: "linux", rootfs: {type: "layers", diff_ids: [$digest]},
		config: {Cmd: ["/bin/sleep", "1000"], Env: ["PATH=/bin"]}}' >"$dir/config.json"
	jq -n --arg image "$image" '[{Config: "config.json", RepoTags: [$image],
		Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$BATS_FILE_TMPDIR/image.tar" manifest.json config.json layer.tar
}

# As images name it.
machine() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

install_plugins() {
	rm -rf "${bin:?}"/* "$calls"
	cp "$plugins/macvlan" "$plugins/pool" "$bin"
}

# From here on, $calls tells who called macvlan how.
spy() {
	cp --remove-destination /run/fake/spy "$bin/macvlan"
	: >"$calls"
}

# called COUNT REGEX: so many calls were of this kind.
called() {
	local count

	count=$(grep -Ec "$2" "$calls") || :
	[ "$count" = "$1" ] || fail "expected $1 calls like $2, there were $count:" "$(cat "$calls")"
}

# network FILTER: the standard configuration with a jq filter applied, as a list of one plugin, of
# the newest version that the runtimes of Debian 12 know.
network() {
	conf ".cniVersion = \"1.0.0\" | $1" | jq '{name, cniVersion, plugins: [del(.name, .cniVersion)]}'
}

# A pool of one address.
one_address='.ipam.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.7", rangeEnd: "10.1.0.7"}]]'

# Nothing of what was remembered has changed, and no result is cached.
nothing_left() {
	unchanged
	[ -z "$(find /var/lib/cni -path '*/results/*' -type f)" ] ||
		fail "results are left: $(ls /var/lib/cni/results)"
}

# has_lines TEXT LINE...: all of them and no others, in this order.
has_lines() {
	diff <(printf '%s\n' "${@:2}") <(printf '%s\n' "$1") || fail 'expected the lines marked <'
}
