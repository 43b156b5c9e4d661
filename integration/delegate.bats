# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# macvlan with a foreign IPAM plugin that behaves as badly as it can (fake/fake).
bats_require_minimum_version 1.5.0
load lib.bash

log=/run/calls

# fake COMMAND BEHAVIOUR [NAME=VALUE]...
fake() {
	cni "$1" macvlan "FAKE=$2" "FAKE_LOG=$log" "${@:3}" <<<"$(conf '.ipam = {type: "fake"}')"
}

# undone CODE REGEX BEHAVIOUR: ADD fails, no link is left, and the delegate was asked to DEL.
undone() {
	rm -f $log
	remember
	fake ADD "$3"
	fails "$1" "$2"
	unchanged
	[ "$(xargs <$log)" = 'ADD DEL' ] || fail "the delegate was called: $(xargs <$log)"
}

@test "a delegate that works: ADD, DEL, and CHECK and STATUS and GC are forwarded" {
	rm -f $log
	fake ADD ''
	succeeds
	json '.ips == [{address: "10.1.0.77/24", interface: 0}]'
	config=$(conf '.ipam = {type: "fake"}')
	cni CHECK macvlan FAKE_LOG=$log <<<"$(with_result "$config" "$output")"
	succeeds_silently
	cni STATUS macvlan FAKE_LOG=$log <<<"$config"
	succeeds_silently
	cni GC macvlan FAKE_LOG=$log <<<"$(jq '.["cni.dev/valid-attachments"] = []' <<<"$config")"
	succeeds_silently
	cni DEL macvlan FAKE_LOG=$log <<<"$config"
	succeeds_silently
	[ "$(xargs <$log)" = 'ADD CHECK STATUS GC DEL' ] || fail "calls: $(xargs <$log)"
}

@test "the delegate gets the bytes as they came" {
	config=$'{ "cniVersion":"1.0.0",\t"name":"x", "type":"macvlan","master":"rail0", "big":123456789012345678901234567890,'
	config+=$' "f":1.0e+02, "s":"\\u003c/", "ipam":{"type":"fake", "b":1, "a":2, "a":3} }\n\n'
	cni ADD macvlan FAKE_STDIN=/run/stdin < <(printf '%s' "$config")
	succeeds
	cmp <(printf '%s' "$config") /run/stdin
}

@test "a caller that ignores SIGCHLD does not lose the delegate's result" {
	conf '.ipam = {type: "fake"}' >/run/config
	output=$(CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins:/run/fake \
		env --ignore-signal=CHLD "$plugins/macvlan" </run/config) || fail 'expected success'
	json '.ips == [{address: "10.1.0.77/24", interface: 0}]'
}

@test "garbage" {
	undone 6 'fake' garbage
}

@test "a truncated result" {
	undone 6 'fake' truncated
}

@test "two results" {
	undone 6 'fake' two
}

@test "nothing" {
	undone 6 'fake' nothing
}

@test "null, and a result without addresses" {
	for behaviour in null empty; do
		undone 999 'fake' $behaviour
	done
}

@test "an address that is none" {
	undone 7 '10\.1\.0\.300' bad-address
}

@test "too much" {
	undone 999 'fake' huge
}

@test "an error object: code, message and details are kept" {
	undone 111 '^the fake has no address$' error
	json '.details == "none at all"'
}

@test "an error object with exit status 0" {
	undone 111 'the fake has no address' error-exit-0
}

@test "a failure without words" {
	undone 999 'fake' silent-failure
}

@test "a failure that is told on stderr" {
	undone 999 'the fake broke' stderr-failure
}

@test "death by a signal" {
	undone 999 'fake' signal
}

@test "a result and an error object" {
	undone 999 'exit status 1.*changed its mind' result-and-error
}

@test "a list instead of a result" {
	undone 6 'must be an object' list
}

@test "a result of an unknown version" {
	undone 1 '"3\.0\.0"' unknown-version
}

@test "a result of another version than the configuration's" {
	for version in 0.2.0 0.4.0 1.1.0; do
		config=$(conf ".ipam = {type: \"fake\"} | .cniVersion = \"$version\"")
		cni ADD macvlan FAKE=old-version <<<"$config"
		succeeds
		json ".cniVersion == \"$version\" and .dns == {domain: \"d\"} and ([.ip4.ip, .ips[0].address?] | index(\"10.1.0.77/24\"))"
		[ "$(ip -n pod1 route show 10.7.0.0/16)" = '10.7.0.0/16 via 10.1.0.1 dev net1 ' ]
		cni DEL macvlan <<<"$config"
		succeeds_silently
		cni ADD macvlan FAKE=middle-version <<<"$config"
		succeeds
		[[ $version = 0.2.0 ]] || json '(.interfaces | length == 1) and .ips[0].interface == 0'
		cni DEL macvlan <<<"$config"
		succeeds_silently
	done
}

@test "the rollback fails as well: the first error is told, the link is gone" {
	remember
	fake ADD error 'FAKE_ON=ADD DEL'
	fails 111 '^the fake has no address$'
	unchanged
}

# What the runtime does then is in the manual: it kills us, and sends DEL.
@test "a delegate that hangs on ADD: killed, and nothing stays after DEL" {
	conf '.ipam = {type: "fake"}' >/run/config
	rm -f $log
	remember
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=/run/fake \
		FAKE=hang FAKE_LOG=$log timeout --foreground -s KILL 1 "$plugins/macvlan" </run/config || status=$?
	[ "$status" = 137 ] || fail 'expected that it waits'
	kill "$(</run/hanging)"
	link pod1 net1 '.linkinfo.info_kind == "macvlan"'
	fake DEL ''
	succeeds_silently
	unchanged
	[ "$(xargs <$log)" = 'ADD DEL' ] || fail "the delegate was called: $(xargs <$log)"
}

@test "a delegate that hangs on DEL: the link is gone before, the next DEL completes it" {
	remember
	fake ADD ''
	succeeds
	conf '.ipam = {type: "fake"}' >/run/config
	rm -f $log
	CNI_COMMAND=DEL CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=/run/fake \
		FAKE=hang FAKE_ON=DEL timeout --foreground -s KILL 1 "$plugins/macvlan" </run/config || status=$?
	[ "$status" = 137 ] || fail 'expected that it waits'
	kill "$(</run/hanging)"
	no_link pod1 net1
	fake DEL ''
	succeeds_silently
	unchanged
	[ "$(xargs <$log)" = DEL ] || fail "the delegate was called: $(xargs <$log)"
}

# Nobody reads its result any more, so that it takes the lease back.
@test "a pool that is executed and outlives its caller leases nothing" {
	mkdir -p /run/slow
	cat >/run/slow/pool <<-END
	#!/bin/sh
	echo \$\$ >/run/hanging
	until [ -e /run/go ]; do sleep 0.05; done
	exec $plugins/pool
	END
	chmod +x /run/slow/pool
	rm -f /run/go
	conf . >/run/config
	remember
	CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=/run/slow \
		timeout --foreground -s KILL 1 "$plugins/macvlan" </run/config || status=$?
	[ "$status" = 137 ] || fail 'expected that it waits'
	cni DEL macvlan <<<"$(conf .)"
	succeeds_silently
	touch /run/go
	ended() { ! kill -0 "$(</run/hanging)"; }
	within 10 ended
	unchanged
	# It had got so far.
	grep -q '"op":"add"' "$(find /var/lib/cni -name journal)"
}

@test "errors of CHECK, STATUS, GC and DEL are relayed; DEL has removed the link" {
	fake ADD ''
	succeeds
	config=$(conf '.ipam = {type: "fake"} | .["cni.dev/valid-attachments"] = []')
	config=$(with_result "$config" "$output")
	for command in CHECK STATUS GC DEL; do
		cni $command macvlan FAKE=error FAKE_ON=$command <<<"$config"
		fails 111 '^the fake has no address$'
		json '.details == "none at all"'
		[ $command = DEL ] || cni $command macvlan FAKE=signal FAKE_ON=$command <<<"$config"
		[ $command = DEL ] || fails 999 'signal 9'
	done
	no_link pod1 net1
	fake DEL ''
	succeeds_silently
}

@test "what a delegate prints on CHECK, STATUS, GC and DEL is no answer, unless it is an error object" {
	fake ADD ''
	succeeds
	config=$(conf '.ipam = {type: "fake"} | .["cni.dev/valid-attachments"] = []')
	config=$(with_result "$config" "$output")
	for command in CHECK STATUS GC DEL; do
		cni $command macvlan FAKE=garbage FAKE_ON=$command <<<"$config"
		succeeds_silently
		cni $command macvlan FAKE=error-exit-0 FAKE_ON=$command <<<"$config"
		fails 111 'the fake has no address'
	done
}

@test "GC without a list never reaches the delegate" {
	rm -f $log
	fake GC ''
	fails 7 'attachments'
	cni GC macvlan FAKE_LOG=$log <<<"$(conf '.ipam = {type: "fake"} | .["cni.dev/attachments"] = "all"')"
	fails 7 'attachments'
	[ ! -e $log ] || fail "the delegate was called: $(xargs <$log)"
	cni GC macvlan <<<"$(conf '.ipam = {}')"
	fails 7 'attachments'
}

@test "the delegate has our environment, with the command alone replaced" {
	rm -f /run/env
	fake ADD error FAKE_ENV=/run/env CNI_ARGS='IgnoreUnknown=1;A=b' CNI_NETNS_OVERRIDE=1
	fails 111 .
	variables="CNI_ARGS=IgnoreUnknown=1;A=b
CNI_COMMAND=%s
CNI_CONTAINERID=pod1
CNI_IFNAME=net1
CNI_NETNS=/run/netns/pod1
CNI_NETNS_OVERRIDE=1
CNI_PATH=$plugins:/run/fake
"
	# shellcheck disable=SC2059 # the variable is the format
	diff <(printf "$variables" ADD; printf "$variables" DEL) <(grep -v '^CNI_TEST_' /run/env)
}

@test "the first file of that name in CNI_PATH is the delegate" {
	mkdir -p /run/first/fake /run/second
	cp /run/fake/fake /run/second/fake
	cni ADD macvlan FAKE_ENV=/run/env CNI_PATH=/run/absent:/run/first:/run/second:/run/fake FAKE=nothing \
		<<<"$(conf '.ipam = {type: "fake"}')"
	fails 6 '/run/second/fake'
}

@test "stdin closed early: the answer counts" {
	head=$(conf '.ipam = {type: "fake"}')
	blanks=$(printf '%*s' 300000 '')
	cni ADD macvlan FAKE=deaf <<<"$head$blanks"
	succeeds
	json '.ips[0].address == "10.1.0.77/24"'
}

@test "a route that the kernel refuses: the delegate's lease is given back" {
	undone 999 '10\.9\.0\.0/16' unreachable
}

@test "the result does not fit the version" {
	rm -f $log
	remember
	cni ADD macvlan FAKE=two-addresses FAKE_LOG=$log <<<"$(conf '.ipam = {type: "fake"} | .cniVersion = "0.2.0"')"
	fails 7 '0\.2\.0'
	unchanged
	[ "$(xargs <$log)" = 'ADD DEL' ]
}

@test "a delegate that is not installed, or is none" {
	for type in absent fake/fake ../fake .. ''; do
		remember
		cni ADD macvlan <<<"$(conf ".ipam = {type: \"$type\", x: 1}")"
		[ -n "$type" ] || break
		fails 7 "${type##*/}"
		unchanged
	done
	succeeds
}

@test "a delegate that cannot be looked for: DEL fails, and completes when it can" {
	fake ADD ''
	succeeds
	ln -sf loop /run/loop
	rm -f $log
	fake DEL '' CNI_PATH=/run/loop
	fails 5 'fake'
	no_link pod1 net1
	[ ! -e $log ] || fail 'the delegate was called'
	fake DEL ''
	succeeds_silently
	[ "$(xargs <$log)" = DEL ]
}

@test "a delegate that cannot be executed" {
	echo 'no program' >/run/fake/data
	remember
	cni ADD macvlan <<<"$(conf '.ipam = {type: "data"}')"
	fails 999 'data'
	unchanged
}

@test "the stderr of a delegate that succeeds is passed on" {
	cat >/run/fake/talker <<-'END'
	#!/bin/sh
	cat >/dev/null
	echo told >&2
	[ "$CNI_COMMAND" != ADD ] || echo '{"ips":[{"address":"10.1.0.78/24"}]}'
	END
	chmod +x /run/fake/talker
	cni ADD macvlan <<<"$(conf '.ipam = {type: "talker"}')"
	succeeds
	[[ $stderr == *told* ]]
}

@test "host-local as the delegate" {
	[ -x /usr/lib/cni/host-local ] || cannot_run 'containernetworking-plugins is not installed'
	cp /usr/lib/cni/host-local /run/fake/
	config=$(conf '.cniVersion = "1.0.0" | .ipam = {type: "host-local", routes: [{dst: "10.7.0.0/16"}],
		ranges: [[{subnet: "10.1.0.0/24"}], [{subnet: "fd00:1::/64"}]]}')
	cni ADD macvlan <<<"$config"
	succeeds
	json '.ips | map(.address) == ["10.1.0.2/24", "fd00:1::2/64"]'
	cni CHECK macvlan <<<"$(with_result "$config" "$output")"
	succeeds_silently
	cni DEL macvlan <<<"$config"
	succeeds_silently
	[ ! -e /var/lib/cni/networks/rail0/10.1.0.2 ]
}
