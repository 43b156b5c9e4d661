# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2086,SC2154 # $dir has no blanks
# poolctl check: each inconsistency is planted, found, and repaired where that is safe.
bats_require_minimum_version 1.5.0
load lib.bash
load poolctl.bash

@test "check: a sound pool" {
	leased a b c
	pool DEL "$v4" CNI_CONTAINERID=b
	clean
}

@test "check: an address leased twice, both alive: nothing can be repaired" {
	leased a
	pool ADD "$v4 | .pool = \"other\"" CNI_CONTAINERID=x
	pool ADD "$v4 | .pool = \"other\" | .reuseDelay = 0" CNI_CONTAINERID=b CNI_ARGS=IP=10.1.0.9
	pool DEL "$v4 | .pool = \"other\"" CNI_CONTAINERID=x
	# The second line is b's; its address becomes that of a.
	pool ADD "$v4 | .pool = \"third\"" CNI_CONTAINERID=x CNI_ARGS=IP=10.1.0.9
	pool ADD "$v4 | .pool = \"third\"" CNI_CONTAINERID=b CNI_ARGS=IP=10.1.0.1
	sed -n 3p $dir/../third/journal >>$dir/journal
	rm -r $dir/../third $dir/../other
	finds leased-twice
	json '.findings[0] | (.fixable | not) and (.message | test("10.1.0.1 .*a net1.*b net1"))'
	tool check --fix --yes
	ends 3
	grep -q '"cid":"b"' $dir/journal
}

@test "check: an address leased twice, one of them dead" {
	leased a
	ip netns add gone
	pool ADD "$v4 | .pool = \"third\"" CNI_CONTAINERID=x CNI_ARGS=IP=10.1.0.9
	pool ADD "$v4 | .pool = \"third\"" CNI_CONTAINERID=b CNI_ARGS=IP=10.1.0.1 CNI_NETNS=/run/netns/gone
	sed -n 3p $dir/../third/journal >>$dir/journal
	rm -r $dir/../third
	ip netns del gone
	finds leased-twice
	repairs
	[ "$(leases)" = 'a/net1: 10.1.0.1/24' ] || fail "leases: $(leases)"
	says '0 findings'
	ls -d $dir/../../saved/rail0-*
	leased c
	json '.ips[0].address == "10.1.0.2/24"'
}

@test "check: two leases of one interface in the snapshot" {
	with_snapshot
	pool ADD "$v4 | .pool = \"third\"" CNI_CONTAINERID=a CNI_ARGS=IP=10.1.0.9
	sed -i "\$d" $dir/leases
	sed -n 2p $dir/../third/journal >>$dir/leases
	rm -r $dir/../third
	finds second-lease trailer
	tool check --fix --yes
	ends 3
}

@test "check: a lease outside every range" {
	leased a
	pool ADD '.ranges = [[{subnet: "10.2.0.0/24"}]] | .routes = []' CNI_CONTAINERID=b
	finds outside
	json '.findings[0].message | test("10.1.0.1 of a net1")'
	tool check --fix --yes
	ends 3
	[ "$(leases)" = 'a/net1: 10.1.0.1/24'$'\n''b/net1: 10.2.0.1/24' ]
}

@test "check: what a pod keeps outside every range" {
	pool ADD "$v4 | .sticky = \"pod\"" CNI_CONTAINERID=b 'CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web'
	pool DEL "$v4" CNI_CONTAINERID=b
	pool ADD '.ranges = [[{subnet: "10.2.0.0/24"}]] | .routes = []'
	finds outside
	json '.findings[0].message | test("kept for ns/web.*poolctl release rail0 pod:ns/web")'
	tool release rail0 pod:ns/web --yes
	ends 0
	clean
}

@test "check: a lease of a namespace that is gone, and of another one of that path" {
	leased a
	: >/run/held
	for name in gone other; do
		ip netns add $name
		pool ADD "$v4" CNI_CONTAINERID=$name CNI_NETNS=/run/netns/$name
		# The number of one that lives is not given to another one.
		[ $name = gone ] || mount --bind /run/netns/other /run/held
		ip netns del $name
	done
	ip netns add other
	finds dead
	json '.findings | length == 2'
	repairs
	umount /run/held
	[ "$(leases)" = 'a/net1: 10.1.0.1/24' ]
}

@test "check: a lease of an old boot" {
	other_boot leased old
	leased a
	finds old-boot
	repairs
	[ "$(leases)" = 'a/net1: 10.1.0.2/24' ]
}

@test "check: a lease without a result in the cache" {
	leased a b
	mkdir /var/lib/cni/results
	echo '{}' >/var/lib/cni/results/rail0-a-net1
	finds orphan
	json '.findings[0].message | test("b net1")'
	tool check --fix --yes
	ends 3
	[ "$(leases | wc -l)" = 2 ]
	rm /var/lib/cni/results/*
	echo '{}' >/var/lib/cni/results/another-network-x-net1
	clean
}

# spoil FILE LINE PLACE...: change letters of a line.
spoil() {
	local file=$1 line=$2 at

	shift 2
	for at; do
		sed -i "${line}s/./~/$at" "$file"
	done
}

@test "check: what is written anew ends no lease of an owner that was replaced once" {
	leased c
	sticky="$v4 | .sticky = \"pod\""
	pod='CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web;K8S_POD_UID=u'
	pool ADD "$sticky" CNI_CONTAINERID=a "$pod"
	pool ADD "$sticky" CNI_CONTAINERID=b "$pod"
	grep -q '"cid":"b".*"rcid":"a"' $dir/journal
	# The record of c in the index is that of a from now on, and so before b's.
	pool DEL "$v4" CNI_CONTAINERID=c
	leased a
	before=$(leases)
	[ "$(wc -l <<<"$before")" = 2 ] || fail "leases: $before"
	spoil $dir/journal 3 12
	finds checksum
	repairs
	[ "$before" = "$(leases)" ] || fail "expected: $before, leases: $(leases)"
}

@test "check: a line with one wrong byte is restored" {
	leased a b c
	before=$(leases)
	for at in 12 100; do
		spoil $dir/journal 3 $at
		finds checksum
		repairs
		[ "$before" = "$(leases)" ] || fail "leases: $(leases)"
		spoil $dir/leases 3 $at
		finds checksum
		repairs
		[ "$before" = "$(leases)" ] || fail "leases: $(leases)"
		rm $dir/leases $dir/index $dir/journal $dir/ranges
		leased a b c
	done
}

@test "check: the journal is emptied only when what is written anew has its name for good" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	leased a b c
	spoil $dir/journal 3 12
	before=$(cksum <$dir/journal)
	# Of the saved journal and index, of the new file, of the directory.
	status=0
	ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=4 \
		"$plugins/poolctl" check rail0 --fix --yes 2>/run/stderr || status=$?
	[ "$status" = 1 ] || fail "exit status $status: $(cat /run/stderr)"
	grep -q 'Input/output error' /run/stderr
	[ "$before" = "$(cksum <$dir/journal)" ] || fail 'the journal is empty'
	tool check rail0 --fix --yes
	ends 0
	[ "$(leases | wc -l)" = 3 ]
}

@test "check: what a line leased that nobody can read stays leased" {
	leased a b c
	spoil $dir/journal 3 20 40
	finds damaged-line
	pool ADD "$v4" CNI_CONTAINERID=d
	fails 5 'damaged at line 3'
	repairs
	tool find 10.1.0.2
	shows ' lost-10\.1\.0\.2 +lost '
	leased e
	json '.ips[0].address == "10.1.0.4/24"'
	for address in 10.1.0.1 10.1.0.2 10.1.0.3; do
		pool ADD "$v4" CNI_CONTAINERID=z "CNI_ARGS=IP=$address"
		fails 11 "$address is leased"
	done
	tool release rail0 10.1.0.2 --yes
	ends 0
}

@test "check: without an index nobody knows what the line leased: refused" {
	leased a b c
	spoil $dir/journal 3 20 40
	rm $dir/index
	finds damaged-line
	before=$(cksum $dir/journal)
	tool check --fix --yes
	ends 3
	says 'no index of this boot'
	[ "$before" = "$(cksum $dir/journal)" ]
}

@test "check: a torn tail" {
	leased a b
	printf '{"seq":3,"op":"add","ips":["10.1.0' >>$dir/journal
	finds torn-tail
	repairs
	[ "$(leases | wc -l)" = 2 ]
}

@test "check: the end of the journal is cut off, what was leased there stays leased" {
	leased a b c
	truncate -s "$(head -n 3 $dir/journal | wc -c)" $dir/journal
	pool ADD "$v4" CNI_CONTAINERID=d
	fails 5 'leases are missing'
	finds gap
	repairs
	tool find 10.1.0.3
	shows ' lost-10\.1\.0\.3 +lost '
	leased d
	json '.ips[0].address == "10.1.0.4/24"'
	[ "$(leases | grep -c '^[ab]/')" = 2 ]
}

@test "check: garbage in the middle" {
	leased a b
	sed -i '2a garbage' $dir/journal
	finds damaged-line gap
	repairs
	[ "$(leases)" = 'a/net1: 10.1.0.1/24'$'\n''b/net1: 10.1.0.2/24' ] || fail "leases: $(leases)"
	pool DEL "$v4" CNI_CONTAINERID=a
	[ "$(leases)" = 'b/net1: 10.1.0.2/24' ] || fail "leases: $(leases)"
}

@test "check: a transaction is missing" {
	leased a b c
	sed -i 3d $dir/journal
	finds gap
	repairs
	tool find 10.1.0.2
	shows 'lost-10\.1\.0\.2'
	leased d
	json '.ips[0].address == "10.1.0.4/24"'
}

@test "check: an index that contradicts the text" {
	leased a b
	at=$(od -An -v -tx1 -w8 $dir/index | grep -n '^ 01 00 01 0a ff ff 00 00' | head -1 | cut -d: -f1)
	printf '\x77' | dd of=$dir/index bs=1 seek=$(((at - 1) * 8)) conv=notrunc status=none
	finds index
	repairs
	pool ADD "$v4" CNI_CONTAINERID=z CNI_ARGS=IP=10.1.0.1
	fails 11 'container a'
}

# A pool with a snapshot: a and b are in it.
with_snapshot() {
	leased a b
	spoil $dir/journal 2 20
	tool check --fix --yes
	ends 0
	[ "$(head -c 30 $dir/leases)" = '{"format":1,"file":"leases","p' ]
}

@test "check: a snapshot without trailer, with another number of lines, and none" {
	with_snapshot
	before=$(leases)
	sed -i "\$d" $dir/leases
	finds trailer
	repairs
	[ "$before" = "$(leases)" ]
	sed -i '/"cid":"a"/d' $dir/leases
	finds trailer
	repairs
	tool find 10.1.0.1
	shows 'lost-10\.1\.0\.1'
	rm $dir/leases
	finds missing
	repairs
	tool pools --json
	json '.pools[0].attachments == 2'
	leased c
	json '.ips[0].address == "10.1.0.3/24"'
}

@test "check: modes and owners" {
	leased a
	chmod 644 $dir/journal
	chmod 755 $dir
	finds mode
	repairs
	[ "$(stat -c %a $dir $dir/journal | paste -sd ' ')" = '700 600' ]
	chown 1 $dir/index 2>/dev/null || return 0
	finds owner
	repairs
}

@test "check: foreign and left-over files" {
	leased a
	echo x >$dir/notes.txt
	finds foreign-file
	tool check --fix --yes
	ends 3
	[ -e $dir/notes.txt ]
	rm $dir/notes.txt
	echo x >$dir/leases.tmp
	finds left-over
	repairs
	[ ! -e $dir/leases.tmp ]
}

@test "check: a newer format is left alone" {
	leased a
	sed -i '1s/.*/{"format":2,"file":"journal","pool":"rail0"} *NEWER/' $dir/journal
	before=$(cat $dir/* | cksum)
	finds format
	tool check --fix --yes
	ends 3
	says 'left alone'
	[ "$before" = "$(cat $dir/* | cksum)" ]
	[ ! -e $dir/../../saved ]
}

@test "check: so is a newer file of ranges" {
	leased a
	echo '{"format":2,"networks":[]}' >$dir/ranges
	finds format
	tool check --fix --yes
	ends 3
	[ "$(cat $dir/ranges)" = '{"format":2,"networks":[]}' ]
}

@test "check: a cursor outside every range" {
	pool ADD '.routes = []'
	pool ADD "$v4"
	finds cursor
	repairs
	leased b
	json '.ips[0].address == "10.1.0.3/24"'
}

@test "check: a file of ranges that is none" {
	leased a
	echo '{"format":1,"networks":[{"name":"rail0","ipam":{"ranges":[{"subnet":"x"}]}}]}' >$dir/ranges
	finds ranges
	echo garbage >$dir/ranges
	finds ranges
	repairs
	leased b
	jq -e '.networks[0].name == "rail0"' $dir/ranges
}

@test "check in a pool that is in use" {
	config=$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($v4)")
	leased a
	export CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins
	for container in {1..40}; do
		CNI_COMMAND=ADD CNI_CONTAINERID=c$container "$plugins/pool" <<<"$config" >/dev/null 3>&-
		[ $((container % 3)) != 0 ] || CNI_COMMAND=DEL CNI_CONTAINERID=c$container "$plugins/pool" <<<"$config" 3>&-
	done &
	worker=$!
	for _ in {1..20}; do
		clean
	done
	wait "$worker"
	clean
	[ "$(leases | wc -l)" = 28 ]
}
