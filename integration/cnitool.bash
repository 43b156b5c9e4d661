# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of cnitool share, beyond lib.bash.
# shellcheck disable=SC2034,SC2154 # what lib.bash and bats set, and what the tests use

load lib.bash

confs=/run/net.d
results=/var/lib/cni/results
pod=/run/netns/pod1

setup() {
	fabric
	rm -rf $confs /run/calls*
	mkdir -p $confs
}

# tool ARGUMENTS... [-- NAME=VALUE...]
tool() {
	local arguments=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	captured env "NETCONFPATH=$confs" "CNI_PATH=$plugins:/run/fake" "${@:2}" timeout 60 \
		"$plugins/cnitool" "${arguments[@]}"
}

# tells REGEX: failed, and says so on stderr, which has no control characters.
tells() {
	[ "$status" = 1 ] || fail 'expected exit status 1'
	says "$1"
	[[ ${stderr//$'\n'/} != *[[:cntrl:]]* ]] || fail 'control characters on stderr'
}

# says REGEX: on stderr.
says() {
	[[ $stderr =~ $1 ]] || fail "expected on stderr: $1"
}

says_nothing() {
	[ -z "$stderr" ] || fail 'expected nothing on stderr'
}

# shows REGEX: a line of stdout.
shows() {
	grep -Eq "$1" <<<"$output" || fail "expected a line: $1"
}

# fails_as_json CODE REGEX: with --json; stderr stays empty.
fails_as_json() {
	fails "$1" "$2"
	says_nothing
}

# conflist FILTER [FILE]: a list of the standard configuration, filtered.
conflist() {
	conf 'del(.name, .cniVersion)' | jq "{cniVersion: \"1.1.0\", name: \"rail0\", plugins: [.]} | $1" \
		>"$confs/${2:-10-rail0.conflist}"
}

# members FILTER: a list of two fake plugins, filtered.
members() {
	jq -n "{cniVersion: \"1.1.0\", name: \"fakes\",
		plugins: [{type: \"member\"}, {type: \"member\", name: \"second\"}]} | $1" >$confs/20-fakes.conflist
}

# The identity that the Go tool derives from the path.
container() {
	printf 'cnitool-%s' "$(printf %s "$1" | sha512sum | cut -c 1-20)"
}
