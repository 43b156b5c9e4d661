# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2086,SC2154
# cnitool: networks, version, status; --trace, --timeout, --json; plugins that misbehave; help and
# completion.
bats_require_minimum_version 1.5.0
load cnitool.bash

@test "networks: in the order in which they are looked for, the first of a name is used" {
	tool networks
	succeeds
	[ "$output" = 'NETWORK  VERSION  USED  FILE' ]
	conflist . 20-rail0.conflist
	conflist '.cniVersion = "1.0.0" | .cniVersions = ["0.4.0", "1.1.0"] | .name = "rail1"' 10-rail1.conflist
	conf 'del(.cniVersion)' >$confs/00-rail0.conf
	: >$confs/notes.txt
	tool networks
	succeeds
	says_nothing
	[ "$(awk '{print $1, $2, $3, $4}' <<<"$output")" = "NETWORK VERSION USED FILE
rail1 1.1.0 yes $confs/10-rail1.conflist
rail0 1.1.0 yes $confs/20-rail0.conflist
rail0 0.1.0 no $confs/00-rail0.conf" ]
	tool networks --json
	json '.directory == $dir and ([.networks[] | "\(.name) \(.used)"] == ["rail1 true", "rail0 true", "rail0 false"])' \
		--arg dir $confs
}

@test "networks: broken files are told, and make it fail" {
	conflist .
	echo '{' >$confs/00-broken.conflist
	echo '{"cniVersion": "1.0.0", "name": "b", "plugins": []}' >$confs/30-empty.conflist
	tool networks
	tells '00-broken\.conflist'
	says '30-empty\.conflist'
	shows '^rail0 '
	[ "$(wc -l <<<"$output")" = 2 ]
	tool networks --json
	[ "$status" = 1 ]
	says_nothing
	json '(.networks | length) == 3 and ([.networks[] | select(.msg) | .file | sub(".*/"; "")] | sort)
		== ["00-broken.conflist", "30-empty.conflist"] and all(.networks[] | select(.msg); .code > 0)'
	tool networks -- NETCONFPATH=/run/absent
	succeeds
	tool networks --json -- NETCONFPATH=/etc/passwd
	fails_as_json 5 '/etc/passwd'
}

@test "names and versions cannot play with the terminal" {
	jq -n '{cniVersion: "1\u001b[2J", name: "a\u001b[2J", plugins: [{type: "member"}]}' >$confs/10-a.conflist
	tool networks
	shows '^a\\x1b\[2J '
	tool version $'a\e[2J'
	shows '^Network a\\x1b\[2J, version 1\\x1b\[2J$'
}

@test "version: every plugin, its file and verdict" {
	conflist '.plugins += [{type: "member", name: "last"}]'
	tool version rail0
	succeeds
	says_nothing
	shows '^Network rail0, version 1\.1\.0$'
	shows "^macvlan +- +yes +[0-9.,]*,1\\.1\\.0 +$plugins/macvlan\$"
	shows '^member +last +yes +0\.3\.1,0\.4\.0,1\.0\.0,1\.1\.0 +/run/fake/member$'
	tool version rail0 --json
	json '.name == "rail0" and .cniVersion == "1.1.0" and ([.plugins[].type] == ["macvlan", "member"])
		and all(.plugins[]; .usable) and .plugins[1].name == "last" and .plugins[1].file == "/run/fake/member"'
}

@test "version: a plugin that does not answer, is too old, or is not there" {
	members '.plugins[1].type = "absent"'
	tool version fakes -- MEMBER=old MEMBER_ON=VERSION
	tells 'plugin member does not support version 1\.1\.0 of the network: .*/run/fake/member'
	says 'absent'
	shows '^member +- +no +0\.1\.0,0\.2\.0 +/run/fake/member$'
	shows '^absent +second +no +- +-$'
	tool version fakes --json -- MEMBER=garbage MEMBER_ON=VERSION
	[ "$status" = 1 ]
	says_nothing
	json '[.plugins[] | .usable] == [false, false] and all(.plugins[]; .supported == [] and .error.code > 0
		and (.error.msg | length) > 0)'
	tool version absent --json
	fails_as_json 7 'absent'
}

@test "status: ready, or the code of the plugin" {
	members .
	tool status fakes
	succeeds_silently
	says_nothing
	tool status fakes $pod --json -- CNI_IFNAME=net1
	json '. == {}'
	tool status fakes -- MEMBER=not-ready MEMBER_ON=STATUS
	tells 'the member is not ready'
	tool status fakes --json -- MEMBER=not-ready MEMBER_ON=STATUS
	fails_as_json 50 'the member is not ready'
	conflist '.plugins[0].master = "rail9"'
	tool status rail0 --json
	fails_as_json 50 'rail9'
	members '.cniVersion = "1.0.0"'
	rm /run/calls
	tool status fakes -- MEMBER=not-ready MEMBER_ON=STATUS
	succeeds_silently
	[ ! -e /run/calls ]
}

@test "--trace: each plugin, its file, time and end" {
	members .
	tool add --trace fakes $pod
	succeeds
	# shellcheck disable=SC2001 # a pattern
	[ "$(sed 's/[0-9]*\.[0-9]\{3\} ms/T/' <<<"$stderr")" = 'trace: ADD member file=/run/fake/member T ok
trace: ADD member name=second file=/run/fake/member T ok' ] || fail 'expected two lines'
	tool del fakes $pod --trace -- MEMBER=error MEMBER_ON=DEL
	tells 'trace: DEL member name=second file=/run/fake/member [0-9]+\.[0-9]{3} ms error 123: .*the member refuses'
	[[ $stderr != *stdin* ]]
	tool status fakes --trace --json
	json '. == {}'
	says 'trace: STATUS member '
	tool version fakes --trace
	says 'trace: VERSION member '
	tool gc fakes --trace </dev/null
	says 'trace: DEL member .*trace: GC member '
	members '.plugins[1].type = "absent"'
	tool add fakes $pod --trace
	tells 'trace: ADD absent name=second file=none 0\.000 ms error'
}

@test "--trace=full: stdin and stdout, too" {
	members '.plugins[0].big = 7'
	tool add --trace=full fakes $pod
	succeeds
	jq -e '.name == "fakes" and .big == 7 and .type == "member"' \
		<<<"$(sed -n 's/^trace:   stdin: //p' <<<"$stderr" | head -n 1)"
	jq -e '.ips[0].address == "10.5.0.2/24"' <<<"$(sed -n 's/^trace:   stdout: //p' <<<"$stderr" | head -n 1)"
	[ "$(grep -c '^trace:   stdin: ' <<<"$stderr")" = 2 ]
	tool check fakes $pod --trace=full -- MEMBER=garbage MEMBER_ON=CHECK
	succeeds_silently
	says 'trace:   stdout: no JSON at all'
	tool check fakes $pod --trace=full -- MEMBER=escapes MEMBER_ON=CHECK
	tells 'is what it says'
}

@test "--timeout: a plugin that hangs is killed" {
	members .
	for fault in hang hanging-child; do
		start=$SECONDS
		tool add fakes $pod --timeout 0.3 --trace -- MEMBER=$fault MEMBER_ON=ADD
		tells 'plugin type="member" failed \(add\): .*0\.3|300'
		says 'trace: ADD member file=/run/fake/member [0-9.]+ ms error 11: '
		[ $((SECONDS - start)) -lt 10 ] || fail 'it was waited for'
		[ ! -d $results ] || [ -z "$(ls $results)" ]
	done
	tool del fakes $pod --timeout 0.3 --json -- MEMBER=hang MEMBER_ON=DEL
	fails_as_json 11 'member'
	tool status fakes --timeout=0.3 --json -- MEMBER=hang MEMBER_ON=STATUS
	fails_as_json 11 'member'
	tool version fakes --timeout=0.3 --json -- MEMBER=hang MEMBER_ON=VERSION
	json 'all(.plugins[]; .error.code == 11)'
	tool gc fakes --timeout=0.3 --json -- MEMBER=hang MEMBER_ON=GC </dev/null
	fails_as_json 11 'member'
	tool add fakes $pod --timeout 20
	succeeds
}

@test "--json: the result, {}, or one error object" {
	conflist .
	tool add rail0 $pod --json
	json '.cniVersion == "1.1.0" and (.ips | length) == 2'
	tool check rail0 $pod --json
	json '. == {}'
	ip -n pod1 addr del 10.1.0.2/24 dev eth0
	tool check rail0 $pod --json
	[ "$status" = 1 ]
	says_nothing
	json '.code > 0 and (.msg | test("10\\.1\\.0\\.2/24"))'
	tool del rail0 $pod --json
	json '. == {}'
	tool add rail0 $pod --json -- CNI_ARGS=A=
	fails_as_json 4 'CNI_ARGS'
	tool add rail0 $pod --json -- 'CAP_ARGS={'
	fails_as_json 6 'CAP_ARGS'
	tool add rail0 $pod --json -- CNI_PATH=
	fails_as_json 7 'CNI_PATH'
	tool inspect /etc/passwd --json
	fails_as_json 8 '/etc/passwd is not a network namespace'
	tool validate /run/absent --json
	fails_as_json 5 'cannot read /run/absent'
	tool validate absent --json
	fails_as_json 7 'absent'
	members .
	tool add fakes $pod --json -- MEMBER=error MEMBER_ON=ADD
	fails_as_json 123 'the member refuses'
	json '.details == "on purpose"'
}

# Wrong in one way each; the code and the words that say so.
@test "plugins that misbehave" {
	members '.plugins = [.plugins[0]]'
	while read -r fault code words; do
		tool add fakes $pod -- MEMBER="$fault" MEMBER_ON=ADD
		tells "plugin type=\"member\" failed \\(add\\): .*$words"
		tool add fakes $pod --json -- MEMBER="$fault" MEMBER_ON=ADD
		fails_as_json "$code" "$words"
		[ ! -d $results ] || [ -z "$(ls $results)" ] || fail "cached after $fault"
		tool del fakes $pod
		succeeds_silently
	done <<-'END'
	garbage 6 JSON
	nothing 6 result
	huge 999 more than 8388608 bytes
	error-exit-0 123 refuses
	signal 999 killed by signal 9
	escapes 999 what it says
	error 123 refuses
	END
	tool add fakes $pod -- MEMBER=deaf MEMBER_ON=ADD
	succeeds
	tool del fakes $pod -- MEMBER=deaf MEMBER_ON=DEL
	succeeds_silently
}

commands='add check del gc status version networks attachments validate inspect completion help'

@test "help: every command, every option, exit status, environment" {
	tool help
	succeeds
	whole=$output
	tool --help
	[ "$output" = "$whole" ]
	for word in $commands NETCONFPATH CNI_PATH CNI_ARGS CAP_ARGS CNI_IFNAME 'Exit status:'; do
		shows "^ *$word"
	done
	for command in $commands; do
		tool help "$command"
		succeeds
		says_nothing
		help=$output
		[[ $output == "Usage: cnitool $command"* ]]
		shows '^  -h, --help '
		tool --help "$command" ignored
		[ "$output" = "$help" ]
	done
	tool help frob
	tells 'unknown command "frob"'
	for arguments in --help 'gc --help' 'completion bash' networks attachments; do
		run -1 --separate-stderr sh -c 'exec "$@" >/dev/full' sh "$plugins/cnitool" $arguments
		[[ $stderr == *'cannot write the result: No space left on device'* ]]
	done
}

@test "the manual page has every command and option" {
	page=$(mandoc -T ascii "$BATS_TEST_DIRNAME/../libcni/cnitool.8" | col -b)
	tool --help
	while read -r word; do
		grep -Fq -e "$word" <<<"$page" || fail "not in the manual page: $word"
	done < <(printf '%s\n' $commands; grep -Eo -- '--[a-z-]+' <<<"$output" | sort -u)
}

# candidates WORD...: what bash offers for the last word of a command line.
candidates() {
	NETCONFPATH=$confs PATH=$plugins:$PATH bash --norc -c '
		source <(cnitool completion bash)
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_cnitool cnitool "${*: -1}" "${*: -2:1}"
		echo "${COMPREPLY[@]}"' bash cnitool "$@"
}

# offers WANT WORD...
offers() {
	local want=$1 got

	shift
	got=$(candidates "$@")
	[ "$got" = "$want" ] || fail "cnitool $*: expected $want, got $got"
}

@test "completion in bash" {
	conflist .
	members .
	conflist '.name = "$(touch /run/owned) x"' 30-evil.conflist
	offers "$commands" ''
	offers 'networks' n
	offers 'rail0 fakes' add ''
	offers 'rail0' add --json r
	offers '/run/netns/pod1 /run/netns/pod2 /run/netns/wire' del rail0 ''
	offers '/run/netns/pod1 /run/netns/pod2' -i net1 del rail0 /run/netns/p
	offers '/run/netns/pod1 /run/netns/pod2' del --ifname = net1 rail0 /run/netns/p
	offers '--valid --valid-file' gc rail0 --v
	offers '--json --help -h' networks -
	offers '--trace --trace=full' add --tr
	offers 'full' add --trace = f
	offers '' add --trace x --timeout ''
	offers '' add --ifname ''
	offers '' gc rail0 --valid-file /run/
	offers 'bash zsh fish' completion ''
	offers 'gc' help g
	offers 'rail0 fakes' validate ''
	offers '' frob ''
	offers '' networks ''
	[ ! -e /run/owned ]
}

@test "completion in zsh" {
	type -P zsh >/dev/null || cannot_run 'zsh is not installed'
	conflist .
	mkdir -p /run/zsh
	"$plugins/cnitool" completion zsh >/run/zsh/_cnitool
	# What the completion function is called with, and what it hands to the shell.
	cat >/run/zsh/ask <<-'END'
	compdef() { : }
	compadd() { print -r -- "${(@P)2}" }
	_files() { print files }
	source /run/zsh/_cnitool
	words=("$@") CURRENT=$#
	_cnitool
	END
	ask() {
		NETCONFPATH=$confs PATH=$plugins:$PATH zsh -f /run/zsh/ask cnitool "$@"
	}
	[ "$(ask n)" = networks ]
	[ "$(ask del rail0 '')" = '/run/netns/pod1 /run/netns/pod2 /run/netns/wire' ]
	[ "$(ask add --tr)" = '--trace --trace=full' ]
	[ "$(ask gc rail0 --valid-file '')" = files ]
}

@test "completion in fish" {
	type -P fish >/dev/null || cannot_run 'fish is not installed'
	conflist .
	ask() {
		HOME=/run/tmp NETCONFPATH=$confs PATH=$plugins:$PATH fish --no-config -c '
			cnitool completion fish | source
			complete -C "$argv"' "$1"
	}
	[ "$(ask 'cnitool n')" = 'networks	list the networks of NETCONFPATH' ]
	[ "$(ask 'cnitool del rail0 /run/netns/p' | cut -f 1 | xargs)" = '/run/netns/pod1 /run/netns/pod2' ]
	[ "$(ask 'cnitool add --tr' | cut -f 1 | xargs)" = '--trace --trace=full' ]
	[ "$(ask 'cnitool completion ' | cut -f 1 | xargs)" = 'bash fish zsh' ]
	[ "$(ask 'cnitool gc rail0 --valid-file /run/net.d/1' | cut -f 1)" = /run/net.d/10-rail0.conflist ]
}

@test "completion of another shell" {
	tool completion tcsh
	tells 'no completion for the shell "tcsh": there is one for bash\|zsh\|fish'
}
