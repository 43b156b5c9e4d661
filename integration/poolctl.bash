# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of poolctl share.
# shellcheck disable=SC2034,SC2154 # variables of lib.bash, and for the tests

dir=/var/lib/cni/fabric-cni/ipam/rail0
v4='.ranges = [[{subnet: "10.1.0.0/24"}]] | .routes = []'

setup() {
	rm -rf /run/fabric-cni /run/networks /run/nv
	fabric
}

# tool ARGUMENT...: poolctl, without a terminal. Leaves $status, $output and $stderr.
tool() {
	captured timeout 60 "$plugins/poolctl" "$@" </dev/null
}

# pool COMMAND FILTER [NAME=VALUE]...: the filter is applied to "ipam".
pool() {
	cni "$1" pool "${@:3}" <<<"$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($2)")"
}

# leased CONTAINER...: each gets the next address of 10.1.0.0/24, from .1 on.
leased() {
	local container

	for container; do
		pool ADD "$v4" "CNI_CONTAINERID=$container"
		succeeds
	done
}

# ends STATUS
ends() {
	[ "$status" = "$1" ] || fail "expected exit status $1"
}

# says REGEX: on stderr.
says() {
	grep -Eq -- "$1" <<<"$stderr" || fail "expected on stderr: $1"
}

# shows REGEX: on stdout.
shows() {
	grep -Eq -- "$1" <<<"$output" || fail "expected on stdout: $1"
}

# finds KIND...: check finds these, each once or more, and nothing else; twice, because it changes nothing.
finds() {
	local kinds before

	kinds=$(printf '%s\n' "$@" | sort)
	before=$(cat $dir/* 2>/dev/null | cksum)
	for _ in 1 2; do
		tool check --json
		ends 3
		[ "$(jq -r '.findings[].kind' <<<"$output" | sort -u)" = "$kinds" ] || fail "expected: $*"
	done
	[ "$before" = "$(cat $dir/* 2>/dev/null | cksum)" ] || fail 'check changed a file'
}

# repairs: --fix says what it does, and the next check is clean.
repairs() {
	tool check --fix rail0
	ends 4
	says 'This will repair'
	says '--yes'
	tool check --fix --yes rail0
	ends 0
	says '0 findings left'
	clean
}

clean() {
	tool check
	ends 0
	says 'Pool rail0: 0 findings'
}

# A mount over the file of the kernel: leases made meanwhile are of another boot.
other_boot() {
	echo 11111111-2222-3333-4444-555555555555 >/run/boot
	mount --bind /run/boot /proc/sys/kernel/random/boot_id
	"$@"
	umount /proc/sys/kernel/random/boot_id
}
