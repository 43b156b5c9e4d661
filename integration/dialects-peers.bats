# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2086,SC2154
# The dialects against the executables that they speak like: the same calls get the same answers, to
# the byte, and leave the same files. CNI_TEST_PEERS is what scripts/fetch-peers.sh has made.
bats_require_minimum_version 1.5.0
load lib.bash
load dialects.bash

setup() {
	fabric
	dialects
	peers=$(find "${CNI_TEST_PEERS:-/none}" -type f -name host-local -printf %h 2>/dev/null) || :
	[ -n "$peers" ] || cannot_run 'the peers are missing: run scripts/fetch-peers.sh'
	calls=0
}

# Ours and theirs have a directory each.
ours=/var/lib/cni/ours
theirs=/var/lib/cni/theirs

# one PROGRAM DIRECTORY COMMAND: a call with $text, $container, $ifname, $arguments; @ in the text is the
# directory. Sets said and left.
one() {
	left=0
	said=$(CNI_COMMAND=$3 CNI_CONTAINERID=$container CNI_NETNS=/run/netns/pod1 CNI_IFNAME=$ifname \
		CNI_PATH=$plugins CNI_ARGS=$arguments timeout 20 "$1" <<<"${text//@/$2}" 2>&1) || left=$?
}

# content DIRECTORY: sets $content to what its network has. Without a process: it is called often.
content() {
	local file text

	content=
	for file in "$1"/rail0/*; do
		[ -f "$file" ] || continue
		[ "${file##*/}" != lock ] || continue
		IFS= read -r -d '' text <"$file" || :
		content+="${file##*/}=$text"$'\n'
	done
}

# message TEXT: sets $message.
message() {
	[[ $1 =~ '"msg": "'(.*)'"' ]] || fail "no message: $1"
	message=${BASH_REMATCH[1]}
}

# both COMMAND: the answers are the same; where both fail, ours may go on where theirs ends. mixed: ours
# or theirs works on our directory, by turns that the seed decides.
both() {
	local program=$plugins/$plugin said_here left_here here

	[ -z "${mixed:-}" ] || ((RANDOM % 2)) || program=$peers/$plugin
	one "$program" $ours "$1"
	said_here=$said left_here=$left
	one "$peers/$plugin" $theirs "$1"
	calls=$((calls + 1))
	[ "$left_here" = "$left" ] || differ "$1" "exit status $left_here: $said_here" "$left: $said"
	if [ "$left" != 0 ]; then
		message "$said_here"
		here=$message
		message "$said"
		# A request that cannot be met is told at once; theirs looks for other addresses first.
		[[ $here == *"$message"* || $here == *'requested ip'*'gateway' || $here == *' all requested IPs:'* ]] ||
			differ "$1" "$said_here" "$said"
	elif [ "$said_here" != "$said" ]; then
		# Theirs sorts the keys of some routes.
		[ "$(jq -S . <<<"$said_here")" = "$(jq -S . <<<"$said")" ] || differ "$1" "$said_here" "$said"
	fi
}

differ() {
	fail "call $calls ($1 $container $ifname $arguments $text)" "ours: $2" "theirs: $3"
}

same_files() {
	local here

	content $ours
	here=$content
	content $theirs
	[ "$here" = "$content" ] ||
		fail "call $calls ($1 $container $ifname $arguments) left" "$here" "theirs:" "$content"
}

# A call that fails for one set has moved the cursors of those before it: theirs only.
same_cursors() {
	[ ! -d $ours/rail0 ] || cp $theirs/rail0/last_reserved_ip.* $ours/rail0/ 2>/dev/null || :
}

# networks: one configuration a line. Small, so that they run dry.
networks() {
	local filter

	while read -r filter; do
		hostlocal "$filter | .dataDir = \"@\" | .routes = [{dst: \"10.7.0.0/16\", gw: \"10.1.0.9\"}]" |
			jq -c '.cniVersion = "1.0.0"'
	done <<-'END'
	.ranges = [[{subnet: "10.1.0.0/29"}]]
	.ranges = [[{subnet: "10.1.0.0/28", rangeStart: "10.1.0.3", rangeEnd: "10.1.0.7", gateway: "10.1.0.5"}]]
	.ranges = [[{subnet: "10.1.0.0/30"}, {subnet: "10.2.0.0/29", rangeEnd: "10.2.0.3"}, {subnet: "10.3.0.0/30", gateway: "10.3.0.9"}]]
	.ranges = [[{subnet: "10.1.0.0/29"}], [{subnet: "fd00:1::/64"}]]
	.ranges = [[{subnet: "fd00:1::/125"}], [{subnet: "10.1.0.0/29", rangeStart: "10.1.0.0", rangeEnd: "10.1.0.7"}]]
	del(.ranges) | .subnet = "10.1.0.0/29" | .rangeStart = "10.1.0.2" | .gateway = "10.1.0.6"
	.subnet = "10.4.0.0/29" | .ranges = [[{subnet: "10.1.0.0/29"}, {subnet: "10.2.0.0/30"}], [{subnet: "fd00:1::fff0/124"}]]
	END
}

# requested TEXT: one or two addresses somewhere near the ranges, in one of the three places.
requested() {
	local -a near=(10.1.0.2 10.1.0.3 10.1.0.4 10.1.0.6 10.2.0.2 fd00:1::3 fd00:1::fff5 10.1.0.1 10.9.0.9)
	local one=${near[RANDOM % ${#near[@]}]} other=fd00:1::$((RANDOM % 9 + 2))

	case $((RANDOM % 4)) in
	0) arguments="IP=$one" ;;
	1) text=${1%\}},'"args":{"cni":{"ips":["'$one'"]}}}' ;;
	2) text=${1%\}},'"runtimeConfig":{"ips":["'$one'/24"]}}' ;;
	3) arguments="IgnoreUnknown=1;IP=$one" text=${1%\}},'"runtimeConfig":{"ips":["'$other'/64"]}}' ;;
	esac
}

# walk SEED CONF CALLS: as containers come and go.
walk() {
	local base=$2 command key i
	local -A promise=()

	RANDOM=$1
	rm -rf $ours $theirs
	for ((i = 0; i < $3; i++)); do
		container=c$((RANDOM % 7)) ifname=eth$((RANDOM % 2)) arguments='' text=$base
		key=$container/$ifname
		case $((RANDOM % 10)) in
		[0-4]) command=ADD ;;
		5)
			command=ADD
			# A second address for one interface is theirs only.
			[ -n "${promise[$key]:-}" ] || requested "$base"
			;;
		[6-8]) command=DEL ;;
		9)
			command=CHECK
			text=${base%\}},'"prevResult":'${promise[$key]:-'{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.2/29"}]}'}'}'
			;;
		esac
		both $command
		case $command$left in
		ADD0) promise[$key]=$said ;;
		DEL0) unset "promise[$key]" ;;
		ADD*) same_cursors ;;
		esac
		same_files $command
	done
}

# walks SEED
walks() {
	local seed=$1 conf

	plugin=host-local
	while read -r conf <&9; do
		walk $((seed++)) "$conf" 40
	done 9< <(networks)
	echo "# $BATS_TEST_DESCRIPTION: $calls calls each" >&3
}

@test "host-local: the same calls, the same answers and files" {
	walks 4711
}

@test "host-local: by turns on one directory" {
	mixed=1
	walks 815
}

@test "host-local: files of its older versions, foreign ones, lost cursors" {
	local directory

	plugin=host-local text=$(hostlocal '.ranges = [[{subnet: "10.1.0.0/28"}]] | .dataDir = "@"') ifname=eth0 arguments=
	for directory in $ours $theirs; do
		mkdir -p $directory/rail0
		printf old >$directory/rail0/10.1.0.2
		printf 'older\n' >$directory/rail0/10.1.0.3
		printf 'c1\r\neth0\n' >$directory/rail0/10.1.0.4
		printf 'c1\r\neth1' >$directory/rail0/10.1.0.5
		printf 'x' >$directory/rail0/notes
		printf rubbish >$directory/rail0/last_reserved_ip.0
	done
	for container in c1 old older c2 c1 c3; do
		both ADD
		same_files ADD
	done
	for container in old older c1 c2 c1 none; do
		both DEL
		same_files DEL
		both ADD
		same_files ADD
	done
	printf 10.77.0.1 | tee $ours/rail0/last_reserved_ip.0 >$theirs/rail0/last_reserved_ip.0
	container=c9
	both ADD
	same_files ADD
}

@test "host-local: configurations that are refused" {
	local filter

	plugin=host-local container=c1 ifname=eth0 arguments=
	while read -r filter; do
		text=$(hostlocal ". | $filter | .dataDir = \"@\"")
		both ADD
		[ "$left" = 1 ] || fail "not refused: $filter"
		[ ! -e $ours ] || fail "something was made: $filter"
	done <<-'END'
	del(.ranges)
	.ranges = []
	.ranges = [[]]
	.ranges = [[{subnet: "10.1.0.0/31"}]]
	.ranges = [[{subnet: "10.1.0.0/32"}]]
	.ranges = [[{subnet: "fd00::/127"}]]
	.ranges = [[{subnet: "10.1.0.5/24"}]]
	.ranges = [[{subnet: "fd00::5/64"}]]
	.ranges = [[{subnet: "10.1.0.0"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.2.0.1"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeEnd: "10.2.0.1"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeEnd: "10.1.0.0"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.8"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.2.0.9", rangeEnd: "10.1.0.8"}]]
	.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "x"}]]
	.ranges = [[{subnet: "10.1.0.0/24", gateway: "x"}]]
	.ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "fd00::/64"}]]
	.ranges = [[{subnet: "10.1.0.0/24"}, {subnet: "10.1.0.0/25"}]]
	.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.1.0.128/25"}]]
	.ranges = [[{subnet: "10.1.0.0/24"}], [{subnet: "10.2.0.0/24"}], [{subnet: "10.1.0.128/25"}]]
	END
	for arguments in IP=10.1.0.1 IP=10.9.0.1 IP=10.1.0.0 IP=10.1.0.255 IP=fd00:1::1; do
		text=$(hostlocal '.dataDir = "@"')
		both ADD
		[ "$left" = 1 ] || fail "not refused: $arguments"
	done
}

@test "host-local: 40 of ours and 40 of theirs at once, no address twice" {
	text=$(hostlocal '.ranges = [[{subnet: "10.1.0.0/24"}]]')
	for i in {1..40}; do
		for program in $plugins "$peers"; do
			CNI_COMMAND=ADD CNI_CONTAINERID=${program//[^a-z]/}$i CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 \
				CNI_PATH=$plugins "$program/host-local" <<<"$text" >"$BATS_TEST_TMPDIR/${program//[^a-z]/}$i" &
		done
	done
	wait
	cat "$BATS_TEST_TMPDIR"/*[0-9] | jq -r '.ips[].address' >/run/given
	[ "$(wc -l </run/given)" = 80 ]
	[ "$(sort -u /run/given | wc -l)" = 80 ]
	[ "$(lease_files | wc -l)" = 80 ]
	for i in {1..40}; do
		for program in $plugins "$peers"; do
			# Each frees what the other has leased.
			other=$plugins
			[ "$program" = "$peers" ] || other=$peers
			CNI_COMMAND=DEL CNI_CONTAINERID=${program//[^a-z]/}$i CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 \
				CNI_PATH=$plugins "$other/host-local" <<<"$text" &
		done
	done
	wait
	[ -z "$(lease_files)" ] || fail "left: $(lease_files)"
}

@test "static: the same calls, the same answers" {
	local line version promise

	plugin=static container=c1 ifname=eth0
	while read -r line; do
		for version in 0.2.0 0.4.0 1.0.0 1.1.0; do
			arguments=
			[[ $line != *@@* ]] || arguments=${line#*@@}
			text=$(statically . | jq -c ".cniVersion = \"$version\" | ${line%@@*}")
			both ADD
			if [ "$left" = 0 ]; then
				text=$(jq -c --argjson result "$said" '.prevResult = $result' <<<"$text")
				[ $version = 0.2.0 ] || both CHECK
			fi
			both DEL
		done
	done <<-'END'
	.ipam.addresses = [{address: "10.1.0.5/24", gateway: "10.1.0.1"}]
	.ipam.addresses = [{address: "10.1.0.5/24"}, {address: "fd00:1::5/64", gateway: "fd00:1::1"}]
	.ipam.addresses = [{address: "10.1.0.5/24"}, {address: "10.2.0.5/16"}]
	.ipam.addresses = [{address: "10.1.0.5/24"}] | .ipam.routes = [{dst: "0.0.0.0/0"}, {dst: "10.7.0.0/16", gw: "10.1.0.9"}]
	.ipam.addresses = [{address: "10.1.0.5/24"}] | .ipam.routes = [{dst: "10.7.0.0/16"} + if .cniVersion == "1.1.0" then {mtu: 1400, advmss: 1300, priority: 7, table: 100, scope: 253} else {} end]
	.ipam.addresses = [{address: "10.1.0.5/24"}] | .ipam.dns = {nameservers: ["10.1.0.2"], domain: "a", search: ["b", "c"], options: ["d"]}
	.ipam.addresses = [{address: "10.1.0.5/24", gateway: "10.9.0.1"}]
	.ipam.addresses = [{address: "10.1.0.5/32"}, {address: "fd00::1/128"}]
	.ipam.addresses = [{address: "10.1.0.5/24"}] @@IP=10.2.0.6/24
	. @@IP=10.1.0.6/24
	. @@IP=10.1.0.6/24,fd00:1::6/64;GATEWAY=10.1.0.1,fd00:1::1
	.ipam.addresses = [{address: "10.1.0.5/24"}] @@IP=fd00:1::6/64;GATEWAY=10.1.0.1
	. @@IP=10.1.0.6/24;GATEWAY=10.9.0.1
	.args.cni.ips = ["10.1.0.7/24"] | .ipam.addresses = [{address: "10.1.0.5/24"}]
	.args.cni.ips = ["10.1.0.7/24"] | .ipam.addresses = [{address: "bad"}] @@IP=10.2.0.6/24
	.runtimeConfig.ips = ["10.1.0.8/24", "fd00::8/64"] | .args.cni.ips = ["10.1.0.7/24"]
	.runtimeConfig.ips = [] | .ipam.addresses = [{address: "10.1.0.5/24"}]
	.ipam.addresses = [{address: "10.1.0.5"}]
	.ipam.addresses = [{address: "10.1.0.500/24"}]
	.ipam.addresses = [{address: ""}]
	. @@IP=10.1.0.6
	. @@IP=10.1.0.6/24;GATEWAY=x
	. @@IP=10.1.0.6/24;A=b
	. @@IgnoreUnknown=1;IP=10.1.0.6/24;K8S_POD_NAME=x
	.args.cni.ips = ["10.1.0.7"]
	.runtimeConfig.ips = ["x"]
	.runtimeConfig.ips = ["10.1.0.8/24"] | .args.cni.ips = ["bad"]
	END
	echo "# $calls calls each" >&3
}
