# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2086,SC2154
# cnitool: what the cache has, and the removal of what is not valid.
bats_require_minimum_version 1.5.0
load cnitool.bash

one=$(container $pod)
two=$(container /run/netns/pod2)

# gc ARGUMENTS...: of rail0, not on a terminal.
gc() {
	tool gc rail0 "$@" </dev/null
}

# Two pods on rail0, and one of them on another network, too.
attach() {
	conflist "${1:-.}"
	conf '.name = "other" | .ipam = {type: "pool", ranges: [[{subnet: "10.2.0.0/24"}]]}' >$confs/other.conf
	for arguments in "rail0 $pod" 'rail0 /run/netns/pod2' "other $pod -i net1"; do
		tool add $arguments
		succeeds
	done
}

# cached: the files of the cache, on one line.
cached() {
	(cd $results && echo *)
}

# keeps_one: the first pod and the other network are as they were, the second pod is gone.
keeps_one() {
	[ "$(cached)" = "other-$one-net1 rail0-$one-eth0" ] || fail "cached: $(cached)"
	no_link pod2 eth0
	[ "$(leases)" = "$one/eth0: 10.1.0.2/24 fd00:1::2/64
$one/net1: 10.2.0.1/24" ] || fail "leases: $(leases)"
	tool check rail0 $pod
	succeeds_silently
}

# keeps_all: nothing was removed.
keeps_all() {
	[ "$(cached)" = "other-$one-net1 $(printf 'rail0-%s-eth0\n' "$one" "$two" | sort | xargs)" ] ||
		fail "cached: $(cached)"
	link pod1 eth0 true
	link pod2 eth0 true
	[ "$(leases | wc -l)" = 3 ] || fail "leases: $(leases)"
}

@test "attachments: a table, and JSON" {
	tool attachments
	succeeds
	[ "$output" = 'NETWORK  CONTAINER  IFNAME  NETNS  ADDRESSES' ]
	tool attachments --json
	json '. == {attachments: []}'
	attach
	tool attachments
	succeeds
	says_nothing
	[ "$(wc -l <<<"$output")" = 4 ]
	shows "^rail0 +$one +eth0 +$pod +10\\.1\\.0\\.2/24,fd00:1::2/64\$"
	tool attachments --json
	json '.attachments | length == 3'
	tool attachments --json other
	json '.attachments | length == 1 and (.[0] | .network == "other" and .containerID == $id and .ifname == "net1"
		and .netns == "/run/netns/pod1" and .args == "" and .addresses == ["10.2.0.1/24"]
		and (.file | endswith("/other-\($id)-net1")) and .result.ips[0].address == "10.2.0.1/24")' --arg id "$one"
}

@test "attachments: files that are none are passed over, names cannot play with the terminal" {
	attach
	echo '{' >$results/broken
	echo '{"kind":"cniCacheV1"}' >$results/empty
	: >$results/zero
	mkdir $results/directory
	tool add rail0 $pod -i $'a\e[2J'
	succeeds
	tool attachments
	succeeds
	[ "$(wc -l <<<"$output")" = 5 ] || fail 'expected four attachments'
	shows ' a\\x1b\[2J '
	tool del rail0 $pod -i $'a\e[2J'
	succeeds_silently
}

@test "gc without a list removes everything of the network, and only of it" {
	attach
	gc $pod
	succeeds_silently
	says "removed $one/eth0 in $pod"
	says "removed $two/eth0 in /run/netns/pod2"
	[ "$(cached)" = "other-$one-net1" ]
	[ "$(leases)" = "$one/net1: 10.2.0.1/24" ] || fail "leases: $(leases)"
	no_link pod1 eth0
	no_link pod2 eth0
	link pod1 net1 true
	gc
	succeeds_silently
	says_nothing
}

@test "gc --valid keeps what is valid" {
	attach
	gc --valid "$one/eth0" --valid "$one/net9"
	succeeds_silently
	[ "$stderr" = "removed $two/eth0 in /run/netns/pod2" ] || fail 'expected one line'
	keeps_one
	gc --valid "$one/eth0" --json
	json '. == {removed: [], left: []}'
}

@test "gc at 1.1.0 frees leases that no cache knows, and keeps valid ones" {
	attach
	tool del other $pod -i net1
	ip netns add lost
	cni ADD macvlan CNI_CONTAINERID=lost CNI_NETNS=/run/netns/lost <<<"$(conf .)"
	succeeds
	ip netns del lost
	[[ $(leases) == *lost/net1:* ]] || fail "leases: $(leases)"
	gc --valid "$one/eth0" --valid "$two/eth0"
	succeeds_silently
	says_nothing
	[ "$(leases | wc -l)" = 2 ] && [[ $(leases) != *lost* ]] || fail "leases: $(leases)"
	tool check rail0 $pod
	succeeds_silently
	tool check rail0 /run/netns/pod2
	succeeds_silently
}

@test "gc below 1.1.0 detaches what is cached, and asks no plugin" {
	attach '.cniVersion = "1.0.0"'
	gc --valid "$one/eth0" --trace
	succeeds_silently
	says 'trace: DEL macvlan '
	[[ $stderr != *' GC '* ]]
	keeps_one
}

@test "gc --valid-file: lines, an array, stdin, what attachments --json says" {
	attach
	printf '# kept\n\n%s/eth0\n' "$one" >/run/valid
	gc --valid-file /run/valid --dry-run --json
	json '[.stale[].containerID] == [$two]' --arg two "$two"
	jq -n --arg id "$one" '[{containerID: $id, ifname: "eth0"}]' >/run/valid
	gc --valid-file /run/valid --dry-run --json
	json '[.stale[].containerID] == [$two]' --arg two "$two"
	tool attachments --json rail0
	jq .attachments <<<"$output" >/run/valid
	tool gc rail0 --valid-file - --json </run/valid
	json '. == {removed: [], left: []}'
	keeps_all
	tool gc rail0 --valid-file - --valid "$one/eth0" <<<'someone/else'
	succeeds_silently
	keeps_one
	echo '[]' >/run/valid
	gc --valid-file /run/valid
	succeeds_silently
	[ "$(cached)" = "other-$one-net1" ]
}

@test "gc removes nothing if the list is not certain" {
	attach
	: >/run/valid
	gc --valid-file /run/valid
	tells '/run/valid: no attachment is in it.*\[\]'
	tool gc rail0 --valid-file - </dev/null
	tells 'stdin: no attachment is in it'
	gc --valid-file /run/absent
	tells '/run/absent: No such file'
	echo "$one eth0" >/run/valid
	gc --valid-file /run/valid --json
	fails_as_json 7 '/run/valid: line 1: .* must be CONTAINERID/IFNAME'
	gc --valid ../x
	tells '\-\-valid: CNI_CONTAINERID "\.\."'
	gc --valid "$one"
	tells 'must be CONTAINERID/IFNAME'
	gc --valid $'a\e[2J/eth0'
	tells 'CNI_CONTAINERID "a\\x1b\[2J"'
	keeps_all
}

@test "gc --dry-run tells what would go, and removes nothing" {
	attach
	gc --dry-run --valid "$one/eth0"
	succeeds
	says_nothing
	[ "$(wc -l <<<"$output")" = 2 ]
	shows "^rail0 +$two +eth0 +/run/netns/pod2 "
	gc --dry-run --json
	json '.stale | length == 2'
	keeps_all
}

# terminal ANSWER ARGUMENTS...: gc of rail0 with an answer typed on a terminal.
terminal() {
	local answer=$1

	shift
	status=0
	printf %s "$answer" | NETCONFPATH=$confs CNI_PATH=$plugins timeout 60 \
		script -qec "$plugins/cnitool gc rail0 $*" /dev/null >"$BATS_TEST_TMPDIR/terminal" || status=$?
	stderr=$(tr -d '\r' <"$BATS_TEST_TMPDIR/terminal")
	output=
}

@test "gc asks on a terminal" {
	attach
	for answer in $'n\n' $'\n' $'no\n' $'\4'; do
		terminal "$answer"
		[ "$status" = 1 ] || fail 'expected exit status 1'
		says "to be removed: $two/eth0 in /run/netns/pod2"
		says 'remove 2 cached attachments of network rail0.*\[y/N\]'
		says 'nothing was removed'
		keeps_all
	done
	terminal $'y\n' --valid "$one/eth0"
	succeeds
	says 'remove 1 cached attachment of network rail0, .* other than 1 valid one'
	says "removed $two/eth0 in /run/netns/pod2"
	keeps_one
	terminal '' --yes
	succeeds
	[[ $stderr != *'[y/N]'* ]]
	[ "$(cached)" = "other-$one-net1" ]
}

@test "gc goes on after errors, and tells them" {
	members .
	tool add fakes $pod
	succeeds
	tool gc fakes -- MEMBER=error MEMBER_ON=GC </dev/null
	tells 'failed to GC plugin member: the member refuses.*failed to GC plugin member: the member refuses'
	says "removed $one/eth0 in $pod"
	[ -z "$(ls $results)" ]
	[ "$(xargs </run/calls)" = 'ADD ADD DEL DEL GC GC' ]
	jq -e '.["cni.dev/valid-attachments"] == [] and .["cni.dev/attachments"] == []' /run/calls.GC
}

@test "gc: an attachment that cannot be removed is left, and told" {
	members .
	tool add fakes $pod
	tool gc fakes --json -- MEMBER=error MEMBER_ON=DEL </dev/null
	fails_as_json 123 "failed to delete stale attachment $one eth0: .*the member refuses"
	json '.details == "on purpose" and .removed == [] and [.left[].containerID] == [$one]' --arg one "$one"
	[ "$(cached)" = "fakes-$one-eth0" ]
	tool gc fakes --json </dev/null
	succeeds
	json '.left == [] and [.removed[].containerID] == [$one]' --arg one "$one"
	[ -z "$(ls $results)" ]
}

@test "gc tells plugins which attachments are valid, by both keys" {
	members .
	tool gc fakes --valid a/eth0 --valid b/net1 </dev/null
	succeeds_silently
	jq -e '[.["cni.dev/valid-attachments", "cni.dev/attachments"]] == [
		[{containerID: "a", ifname: "eth0"}, {containerID: "b", ifname: "net1"}],
		[{containerID: "a", ifname: "eth0"}, {containerID: "b", ifname: "net1"}]]' /run/calls.GC
}

@test "gc leaves a network with disableGC alone" {
	attach '.disableGC = true'
	for form in '' --dry-run --json; do
		gc $form
		succeeds
		says 'network rail0 has disableGC: nothing is removed'
	done
	keeps_all
}

@test "gc of a network that is not there, and without a network" {
	attach
	tool gc absent </dev/null
	tells 'no net configuration with name "absent"'
	tool gc absent --json </dev/null
	fails 7 'absent'
	tool gc </dev/null
	tells 'gc needs NETWORK \[NETNS\]'
	keeps_all
}
