# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2086,SC2154 # $dir has no blanks
# poolctl: what people see of the pools and do to them; releases that cannot be written.
bats_require_minimum_version 1.5.0
load lib.bash
load poolctl.bash

# --- looking -------------------------------------------------------------------------------------

@test "help: of all, and of each command" {
	tool --help
	ends 0
	for command in pools show find check release gc import export metrics completion; do
		shows "^  $command( |\$)"
		tool "$command" --help
		ends 0
		shows "^Usage: poolctl $command"
		tool --help
	done
}

@test "the command line" {
	for arguments in '' nonsense show 'show a b' 'pools x' '--nonsense' 'pools --fix' 'import whatever x' \
		'pools --lock-timeout soon'; do
		# shellcheck disable=SC2086 # words
		tool $arguments
		ends 2
		[ -n "$stderr" ]
		[ -z "$output" ]
	done
}

@test "completion: the script is one, and knows commands, options and pools" {
	leased a
	tool completion
	ends 0
	cat >/run/completion <<<"$output"
	complete_word() {
		bash -c '. /run/completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _poolctl
			printf "%s\n" "${COMPREPLY[@]}"' - "$@"
	}
	[ "$(complete_word poolctl me)" = metrics ]
	[ "$(complete_word poolctl show ra)" = rail0 ]
	[ "$(complete_word poolctl check --f)" = --fix ]
}

@test "no pools" {
	tool pools
	ends 0
	tool metrics
	ends 0
	tool check
	ends 0
	tool show rail0
	ends 1
	says 'no pool "rail0".*poolctl pools'
	[ ! -e /var/lib/cni/fabric-cni ]
}

@test "pools: how full, by family" {
	pool ADD '.ranges = [[{subnet: "10.1.0.0/29", exclude: ["10.1.0.6"]}], [{subnet: "fd00:1::/126"}]] | .routes = []'
	succeeds
	tool pools
	ends 0
	shows '^rail0 +ipv4 +####\.+ +20\.0% +1 +0 +0 +4 +5 +1 '
	shows '^rail0 +ipv6 +#######\.+ +33\.3% +1 +0 +0 +2 +3 +1 '
	tool pools --json
	json '.pools[0] | .pool == "rail0" and .attachments == 1 and .format == 1 and
		(.addresses | map({family, leased, capacity, excluded})) == [
			{family: "ipv4", leased: 1, capacity: 5, excluded: 1},
			{family: "ipv6", leased: 1, capacity: 3, excluded: 0}]'
}

# kept POD...: each had the next address of 10.1.0.0/24 and keeps it.
kept() {
	local name args

	for name; do
		args="CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=$name"
		pool ADD "$v4 | .sticky = \"pod\"" "CNI_CONTAINERID=$name" "$args"
		succeeds
		pool DEL "$v4" "CNI_CONTAINERID=$name"
		succeeds
	done
}

@test "what pods keep: shown as such, counted apart, no finding, not collected, released by hand" {
	kept web db
	leased a
	tool pools
	shows '^rail0 +ipv4 +#\.+ +0\.4% +1 +0 +2 +251 +254 +1 '
	tool pools --json
	json '.pools[0] | .attachments == 1 and (.addresses[0] | .leased == 1 and .kept == 2)'
	tool metrics
	shows '^fabric_cni_pool_attachments\{pool="rail0"\} 1$'
	shows '^fabric_cni_pool_addresses_leased\{pool="rail0",family="ipv4"\} 1$'
	shows '^fabric_cni_pool_addresses_kept\{pool="rail0",family="ipv4"\} 2$'
	tool show rail0
	shows '^rail0 +10\.1\.0\.1/24 +- +net1 +ns/web +rail0 +[0-9]+s +kept for ns/web$'
	tool find 10.1.0.2
	shows 'kept for ns/db$'
	tool find web
	shows '10\.1\.0\.1/24'
	tool export rail0
	json '.leases | map([.kept, .dead, .pod]) == [[true, false, "ns/web"], [true, false, "ns/db"], [false, false, null]]'
	tool check
	ends 0
	tool gc --yes
	ends 0
	says 'nothing to collect'
	tool release rail0 ns/web --yes
	ends 0
	says 'Released 1 of 1 leases'
	[[ $stderr != *'may be in use'* ]] || fail 'it is in use by nobody'
	[ "$(leases)" = 'a/net1: 10.1.0.3/24'$'\n''pod:ns/db/net1: 10.1.0.2/24' ] || fail "leases: $(leases)"
}

@test "pools: networks that share a pool count once, a change of ranges is recorded" {
	pool ADD "$v4 | .pool = \"rail0\""
	cni ADD pool CNI_CONTAINERID=b <<<"$(conf "del(.master, .mode) | .name = \"other\" | .ipam |=
		($v4 | .pool = \"rail0\" | .ranges[0] += [{subnet: \"10.2.0.0/24\"}])")"
	succeeds
	tool pools --json
	json '.pools[0].addresses[0].capacity == 508'
	pool ADD '.ranges = [[{subnet: "10.1.0.0/25"}]] | .routes = []' CNI_CONTAINERID=c
	tool pools --json
	json '.pools[0].addresses[0].capacity == 508'
	cni ADD pool CNI_CONTAINERID=b <<<"$(conf "del(.master, .mode) | .name = \"other\" | .ipam |=
		(.pool = \"rail0\" | .ranges = [[{subnet: \"10.1.0.0/25\"}]] | .routes = [])")"
	tool pools --json
	json '.pools[0].addresses[0].capacity == 126'
}

@test "pools: ranges of a configuration" {
	leased a
	rm $dir/ranges
	tool pools
	shows '^rail0 +ipv4 +\? +- +1 +0 +0 +- +- '
	mkdir /run/net.d
	conf 'del(.ipam.ranges[1]) | .ipam.ranges[0][0] |= {subnet: "10.1.0.0/30"} | {name, cniVersion, plugins: [.]}' \
		>/run/net.d/10-rail0.conflist
	tool pools --config /run/net.d --json
	json '.pools[0].addresses[0].capacity == 2'
	tool pools --config /run/net.d/10-rail0.conflist --json
	json '.pools[0].addresses[0].capacity == 2'
	tool pools --config /run/net.d/none
	ends 1
	says '/run/net.d/none'
	rm -r /run/net.d
}

@test "the ranges are recorded once, and no system call is made for it again" {
	leased a
	before=$(stat -c '%i %y' $dir/ranges)
	leased b
	[ "$before" = "$(stat -c '%i %y' $dir/ranges)" ]
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	config=$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($v4)")
	ASAN_OPTIONS=detect_leaks=0 CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 \
		CNI_PATH=$plugins strace -qq -o /run/trace "$plugins/pool" <<<"$config" >/dev/null
	! grep -E 'ranges|pending-del' /run/trace || fail 'the files of people are touched'
}

@test "metrics: the text format of Prometheus" {
	pool ADD "$v4 | .reuseDelay = \"1h\""
	pool ADD "$v4 | .reuseDelay = \"1h\"" CNI_CONTAINERID=b
	pool DEL "$v4 | .reuseDelay = \"1h\""
	tool metrics
	ends 0
	# HELP and TYPE stand before each name, once; every value has both.
	awk '/^# HELP/ { help[$3]++; next } /^# TYPE/ { if ($4 != "gauge" || !help[$3]) exit 1; type[$3]++; next }
		{ split($1, name, "{"); if (help[name[1]] != 1 || type[name[1]] != 1 || $2 !~ /^[0-9]+$/) exit 1 }' \
		<<<"$output" || fail 'not in the format'
	shows '^fabric_cni_pool_readable\{pool="rail0"\} 1$'
	shows '^fabric_cni_pool_attachments\{pool="rail0"\} 1$'
	shows '^fabric_cni_pool_addresses_leased\{pool="rail0",family="ipv4"\} 1$'
	shows '^fabric_cni_pool_addresses_cooling\{pool="rail0",family="ipv4"\} 1$'
	shows '^fabric_cni_pool_addresses_capacity\{pool="rail0",family="ipv4"\} 254$'
	shows '^fabric_cni_pool_format_version\{pool="rail0"\} 1$'
	shows "^fabric_cni_pool_journal_bytes\\{pool=\"rail0\"\\} $(stat -c %s $dir/journal)\$"
	shows "^fabric_cni_pool_changed_timestamp_seconds\\{pool=\"rail0\"\\} $(stat -c %Y $dir/journal)\$"
	mkdir -m 700 $dir/../broken
	touch $dir/../broken/lock
	echo garbage >$dir/../broken/leases
	tool metrics
	ends 1
	says 'broken'
	shows '^fabric_cni_pool_readable\{pool="broken"\} 0$'
	shows '^fabric_cni_pool_attachments\{pool="rail0"\} 1$'
}

@test "looking does not end the cooling of addresses" {
	hot="$v4"' | .reuseDelay = "1h" | .allocation = "lowest"'
	pool ADD "$hot"
	pool DEL "$hot"
	tool pools
	tool show rail0
	tool check
	pool ADD "$hot"
	succeeds
	json '.ips[0].address == "10.1.0.2/24"'
}

@test "show and find: by address, container, its beginning, pod" {
	pool ADD . CNI_CONTAINERID=0123456789abcdef 'CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web'
	pool ADD . CNI_CONTAINERID=other
	tool show rail0
	ends 0
	shows '^rail0 +10\.1\.0\.2/24,fd00:1::2/64 +0123456789abc +net1 +ns/web +rail0 +[0-9]+s +in use$'
	[ "$(wc -l <<<"$output")" = 3 ]
	for what in 10.1.0.2 fd00:1::2 0123456789abcdef 01234567 ns/web web; do
		tool find $what --json
		ends 0
		json '.leases | length == 1 and .[0].containerID == "0123456789abcdef" and .[0].pod == "ns/web"'
	done
	for what in 10.1.0.9 0123456 nobody ns/we; do
		tool find $what
		ends 3
		says "no lease of \"$what\""
	done
	pool ADD . CNI_CONTAINERID=third "CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=a"$'\e'"[2J"
	tool find third
	shows 'ns/a\?\[2J'
	tool find third --json
	json '.leases[0].pod == "ns/a\u001b[2J"'
	pool DEL . CNI_CONTAINERID=third
	tool export rail0
	json '.pool == "rail0" and (.leases | map(.addresses[0])) == ["10.1.0.2/24", "10.1.0.3/24"]'
}

@test "--data-dir" {
	pool ADD "$v4 | .dataDir = \"/run/elsewhere\""
	tool pools
	[ "$(wc -l <<<"$output")" = 1 ]
	tool --data-dir /run/elsewhere show rail0
	ends 0
	shows '10\.1\.0\.1/24'
	rm -r /run/elsewhere
}

@test "the lock is held by somebody else, the output cannot be written" {
	leased a
	exec 7<$dir/lock
	flock 7
	tool show rail0 --lock-timeout 100ms
	exec 7<&-
	ends 1
	says 'locked'
	status=0
	"$plugins/poolctl" pools >/dev/full 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	stderr=$(<"$BATS_TEST_TMPDIR/stderr")
	ends 1
	says 'No space left'
}

# --- changing ------------------------------------------------------------------------------------

@test "release says what it will do and needs a yes" {
	leased a b
	tool release rail0 a
	ends 4
	shows '10\.1\.0\.1/24 +a '
	says 'may be in use'
	says 'This will release 1 lease of pool rail0'
	says '--yes'
	tool release rail0 a --dry-run
	ends 0
	[ "$(leases)" = 'a/net1: 10.1.0.1/24'$'\n''b/net1: 10.1.0.2/24' ]
	tool release rail0 10.1.0.1 --yes
	ends 0
	says 'Released 1 of 1'
	[ "$(leases)" = 'b/net1: 10.1.0.2/24' ]
	tool release rail0 a --yes
	ends 3
	says 'no lease of "a"'
}

@test "on a terminal it asks" {
	command -v script >/dev/null || cannot_run 'script is not installed'
	leased a
	printf 'n\n' | script -qec "$plugins/poolctl release rail0 a" /dev/null >/run/typescript || status=$?
	grep -q 'Go on?' /run/typescript
	[ -n "$(leases)" ]
	printf 'y\n' | script -qec "$plugins/poolctl release rail0 a" /dev/null >/run/typescript
	[ -z "$(leases)" ]
}

@test "gc releases what the dead hold, and nothing else" {
	leased a
	ip netns add gone
	pool ADD "$v4" CNI_CONTAINERID=b CNI_NETNS=/run/netns/gone
	ip netns del gone
	other_boot leased old
	tool gc
	ends 4
	shows ' b .* dead$'
	shows ' old .* dead$'
	[[ $output != *' a '* ]]
	tool gc rail0 --yes
	ends 0
	[ "$(leases)" = 'a/net1: 10.1.0.1/24' ]
	tool gc --yes
	ends 0
	says 'nothing to collect'
}

@test "gc and check --fix leave to a pod what it held when it died" {
	for command in 'gc --yes' 'check --fix --yes'; do
		other_boot pool ADD "$v4 | .sticky = \"pod\"" 'CNI_ARGS=K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web'
		# shellcheck disable=SC2086 # words
		tool $command
		ends 0
		[ "$(leases)" = 'pod:ns/web/net1: 10.1.0.1/24' ] || fail "leases: $(leases)"
	done
}

@test "import goes before what pods keep" {
	kept web
	mkdir -p /run/networks/rail0
	printf 'c1\r\nnet1' >/run/networks/rail0/10.1.0.1
	tool import host-local /run/networks/rail0 --yes
	ends 0
	[ "$(leases)" = 'c1/net1: 10.1.0.1/24' ] || fail "leases: $(leases)"
}

@test "import host-local" {
	mkdir -p /run/networks/rail0
	printf 'a\r\nnet1' >/run/networks/rail0/10.1.0.5
	printf 'a\r\nnet1' >/run/networks/rail0/fd00:1::5
	printf 'b\r\nnet2\r\n' >/run/networks/rail0/10.1.0.6
	printf 'old-format' >/run/networks/rail0/10.1.0.7
	printf 'before\r\nnet1' >/run/networks/rail0/10.1.0.8
	touch -d 1990-01-01 /run/networks/rail0/10.1.0.8
	: >/run/networks/rail0/10.1.0.9
	echo 10.1.0.9 >/run/networks/rail0/last_reserved_ip.0
	: >/run/networks/rail0/lock
	conf . >/run/rail0.conf
	tool import host-local /run/networks/rail0 --config /run/rail0.conf
	ends 4
	[ -z "$(leases)" ]
	tool import host-local /run/networks/rail0/ --config /run/rail0.conf --yes
	ends 0
	says '10\.1\.0\.7 is left out.*--ifname'
	says '10\.1\.0\.9 is left out.*empty'
	says '3 leases imported, 0 were there, 0 refused'
	[ "$(leases)" = "a/net1: 10.1.0.5/24 fd00:1::5/64
b/net2: 10.1.0.6/24
before/net1: 10.1.0.8/24" ] || fail "leases: $(leases)"
	tool import host-local /run/networks/rail0 --ifname net9 --yes
	says '1 leases imported, 3 were there'
	tool find before
	shows 'dead$'
	# Adopted: the repeated ADD keeps it, others do not get it, DEL ends it.
	pool ADD . CNI_CONTAINERID=a
	json '.ips | map(.address) == ["10.1.0.5/24", "fd00:1::5/64"]'
	pool ADD . CNI_CONTAINERID=c CNI_ARGS=IP=10.1.0.6
	fails 11 'b, interface net2'
	pool DEL . CNI_CONTAINERID=b CNI_IFNAME=net2
	tool find b
	ends 3
}

@test "import host-local: conflicts are told, a plugin at work is not disturbed" {
	leased x
	mkdir -p /run/networks/rail0
	printf 'a\r\nnet1' >/run/networks/rail0/10.1.0.1
	printf 'b\r\nnet1' >/run/networks/rail0/10.1.0.2
	: >/run/networks/rail0/lock
	exec 7</run/networks/rail0/lock
	flock 7
	tool import host-local /run/networks/rail0 --yes
	exec 7<&-
	ends 1
	says 'is locked'
	tool import host-local /run/networks/rail0 --yes
	ends 1
	says '10\.1\.0\.1 of a net1 is not imported: x net1 has it'
	[ "$(leases)" = "b/net1: 10.1.0.2/24
x/net1: 10.1.0.1/24" ] || fail "leases: $(leases)"
	tool import host-local /run/none --yes
	ends 1
	says '/run/none'
}

@test "import host-local: 60,000 files" {
	mkdir -p /run/networks/rail0
	: >/run/networks/rail0/lock
	echo 10.1.234.95 >/run/networks/rail0/last_reserved_ip.0
	# In a shell of its own: that of bats looks at every command.
	# shellcheck disable=SC2016
	(cd /run/networks/rail0 && bash -c 'for i in {2..60001}; do
		printf "container%d\r\nnet1" $((i - 2)) >10.1.$((i / 256)).$((i % 256))
	done')
	conf '.ipam.ranges = [[{subnet: "10.1.0.0/16"}]] | .ipam.routes = []' >/run/rail0.conf
	start=$(date +%s%3N)
	tool import host-local /run/networks/rail0 --config /run/rail0.conf --yes
	took=$(($(date +%s%3N) - start))
	ends 0
	says '60000 leases imported, 0 were there, 0 refused'
	echo "# 60,000 leases were imported in $took ms" >&3
	[ -n "${CNI_TEST_SANITIZED:-}" ] || [ $took -lt 10000 ]
	rm -r /run/networks/rail0
	# Every lease, by owner and address, and again from the text alone.
	for _ in 1 2; do
		tool show rail0 --json
		# shellcheck disable=SC2016
		json '[.leases[] | (.containerID | ltrimstr("container") | tonumber + 2) as $n
			| select(.ifname == "net1" and .addresses == ["10.1.\($n / 256 | floor).\($n % 256)/16"])] | length == 60000'
		rm -f $dir/index
	done
	tool check
	ends 0
	pool ADD '.ranges = [[{subnet: "10.1.0.0/16"}]] | .routes = []' CNI_CONTAINERID=container31
	json '.ips[0].address == "10.1.0.33/16"'
}

@test "import nv-ipam: the checksum counts" {
	mkdir /run/nv
	printf %s '{"version":1,"checksum":2770399204,"pools":{"cidrpool/rail1":{"name":"cidrpool/rail1","entries":{"d_net1":{"container_id":"d","interface_name":"net1","ip_address":"10.8.0.3","metadata":{"create_time":"2000-01-02T03:04:05.6Z","pod_uuid":"u","pod_name":"p","pod_namespace":"ns","device_id":""}}}},"rail0":{"name":"rail0","entries":{"c_net1":{"container_id":"c","interface_name":"net1","ip_address":"10.7.0.3","metadata":{"create_time":"2100-01-02T03:04:05.6Z","pod_uuid":"u","pod_name":"web","pod_namespace":"ns","device_id":"0000:01:00.1"}}}}}}' >/run/nv/store
	tool import nv-ipam /run/nv --yes
	ends 0
	tool find 10.7.0.3 --json
	json '.leases[0] | .pool == "rail0" and .containerID == "c" and .ifname == "net1" and .pod == "ns/web"
		and .podUID == "u" and (.dead | not)'
	tool find 10.8.0.3 --json
	json '.leases[0] | .pool == "rail1" and .dead'
	sed -i s/10.7.0.3/10.7.0.4/ /run/nv/store
	tool import nv-ipam /run/nv/store --yes
	ends 1
	says 'checksum'
	echo '{}' >/run/nv/store
	tool import nv-ipam /run/nv --yes
	ends 1
	says 'no store of nv-ipam'
	for option in --pool --ifname; do
		tool import nv-ipam /run/nv --yes $option x
		ends 2
		says "$option.*host-local"
	done
}

# boot: when the machine began, by the clock that it had then if that is known.
boot() {
	local made began

	made=$(stat -c %W /dev)
	began=$(($(date +%s) - $(cut -d. -f1 /proc/uptime)))
	[ "$made" -gt 0 ] && [ "$made" -lt $began ] && began=$made
	echo $began
}

@test "import host-local: a clock that was set since the boot makes nobody old" {
	[ "$(stat -c %W /dev)" -gt 0 ] || cannot_run 'the file system of /dev has no times of birth'
	mkdir -p /run/networks/rail0
	printf 'a\r\nnet1' >/run/networks/rail0/10.1.0.1
	printf 'b\r\nnet1' >/run/networks/rail0/10.1.0.2
	touch -d '5 seconds ago' /run/networks/rail0/10.1.0.1
	touch -d "@$(($(boot) - 60))" /run/networks/rail0/10.1.0.2
	# By the clock, the machine began a second ago.
	unshare --time --boottime "-$(($(cut -d. -f1 /proc/uptime) - 1))" \
		"$plugins/poolctl" import host-local /run/networks/rail0 --yes
	tool show rail0 --json
	json '.leases | map(.containerID + " " + (.dead | tostring)) == ["a false", "b true"]'
	rm -r /run/networks/rail0
}

# checksum TEXT: as nv-ipam has it of its store.
checksum() {
	local LC_ALL=C sum=$((0x811c9dc5)) i

	for ((i = 0; i < ${#1}; i++)); do
		sum=$(((sum ^ $(printf %d "'${1:i:1}")) * 0x01000193 & 0xffffffff))
	done
	echo $sum
}

@test "import nv-ipam: the time of a lease is in its zone" {
	local text

	mkdir /run/nv
	for age in 60 -60; do
		for zone in UTC+12@-12:00 UTC-14@+14:00; do
			text='{"version":1,"checksum":0,"pools":{"rail0":{"name":"rail0","entries":{"c_net1":{"container_id":"c","interface_name":"net1","ip_address":"10.7.0.3","metadata":{"create_time":"'
			text+=$(TZ=${zone%@*} date -d "@$(($(boot) + age))" +%Y-%m-%dT%H:%M:%S.123456789)${zone#*@}'"}}}}}}'
			echo -n "${text/'"checksum":0'/'"checksum":'$(checksum "$text")}" >/run/nv/store
			tool import nv-ipam /run/nv --yes
			ends 0
			tool find 10.7.0.3 --json
			json ".leases[0].dead == ($age < 0)"
			tool release rail0 c --yes
		done
	done
}

# --- releases that cannot be written -------------------------------------------------------------

# full_del CONTAINER: DEL while the disk is full.
full_del() {
	config=$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($v4)")
	ASAN_OPTIONS=detect_leaks=0 CNI_COMMAND=DEL CNI_CONTAINERID=$1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 \
		CNI_PATH=$plugins captured strace -qq -o /dev/null -e trace=pwrite64 \
		-e inject=pwrite64:error=ENOSPC "$plugins/pool" <<<"$config"
}

@test "64 processes at once: half of them end a lease, half make one" {
	leased old{1..32}
	export CNI_NETNS=/run/netns/pod1 CNI_IFNAME=net1 CNI_PATH=$plugins
	config=$(conf "del(.master, .mode) | .type = \"bridge\" | .ipam |= ($v4)")
	: >/run/failures
	for i in {1..32}; do
		for call in "DEL old$i" "ADD new$i"; do
			CNI_COMMAND=${call% *} CNI_CONTAINERID=${call#* } timeout 30 "$plugins/pool" <<<"$config" \
				>"$BATS_TEST_TMPDIR/${call#* }" 3>&- || echo "$call" >>/run/failures &
		done
	done
	wait
	[ ! -s /run/failures ] || fail "failed: $(cat /run/failures)"
	for _ in 1 2; do
		[ "$(leases | grep -c '^new')" = 32 ] || fail "leases: $(leases)"
		[ "$(leases | wc -l)" = 32 ]
		clean
		rm -f $dir/index
	done
	# Each was told the address that it has.
	leases >/run/leases
	for i in {1..32}; do
		grep -qx "new$i/net1: $(jq -r '.ips[0].address' "$BATS_TEST_TMPDIR/new$i")" /run/leases
	done
	[ "$(jq -r '.ips[0].address' "$BATS_TEST_TMPDIR"/new* | sort -u | wc -l)" = 32 ]
}

@test "DEL on a full disk succeeds and is made up for" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	leased a b
	full_del a
	succeeds_silently
	[ "$(leases | wc -l)" = 2 ]
	finds deferred
	repairs
	[ "$(leases)" = 'b/net1: 10.1.0.2/24' ]
	[ ! -e $dir/pending-del ]
	full_del b
	tool metrics
	shows '^fabric_cni_pool_deferred_releases\{pool="rail0"\} 1$'
	tool gc --yes
	[ -z "$(leases)" ]
}

@test "DEL on a read-only file system succeeds and is made up for" {
	mkdir /run/disk
	mount -t tmpfs none /run/disk
	there="$v4 | .dataDir = \"/run/disk\""
	pool ADD "$there"
	mount -o remount,ro /run/disk
	pool DEL "$there"
	succeeds_silently
	[ -n "$(find /run/fabric-cni -type f)" ]
	mount -o remount,rw /run/disk
	pool DEL "$there" CNI_CONTAINERID=another
	succeeds_silently
	tool --data-dir /run/disk find 10.1.0.1
	ends 3
	[ -z "$(find /run/fabric-cni -type f)" ]
	umount /run/disk
}

@test "DEL of a pool whose lock is busy succeeds and is made up for" {
	leased a b
	exec 7<$dir/lock
	flock 7
	pool DEL "$v4 | .lockTimeout = \"100ms\"" CNI_CONTAINERID=a
	exec 7<&-
	succeeds_silently
	pool DEL "$v4" CNI_CONTAINERID=b
	[ -z "$(leases)" ]
}

@test "an ADD after a deferred DEL keeps its address" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	leased a
	full_del a
	succeeds
	leased a
	json '.ips[0].address == "10.1.0.1/24"'
	pool DEL "$v4" CNI_CONTAINERID=nobody
	tool gc --yes
	tool check --fix --yes
	[ "$(leases)" = 'a/net1: 10.1.0.1/24' ]
	pool DEL "$v4" CNI_CONTAINERID=a
	[ -z "$(leases)" ]
}

@test "a pool that is full takes what was deferred" {
	command -v strace >/dev/null || cannot_run 'strace is not installed'
	one='.ranges = [[{subnet: "10.1.0.0/24", rangeStart: "10.1.0.1", rangeEnd: "10.1.0.1"}]] | .routes = []'
	leased a
	full_del a
	pool ADD "$one" CNI_CONTAINERID=b
	succeeds
	[ "$(leases)" = 'b/net1: 10.1.0.1/24' ]
}

@test "a DEL that can be noted nowhere is to be repeated" {
	leased a
	exec 7<$dir/lock
	flock 7
	echo x >$dir/pending-del
	echo x >/run/fabric-cni
	pool DEL "$v4 | .lockTimeout = \"100ms\"" CNI_CONTAINERID=a
	fails 11 'locked.*pending-del'
	exec 7<&-
	rm /run/fabric-cni $dir/pending-del
	pool DEL "$v4" CNI_CONTAINERID=a
	succeeds_silently
	[ -z "$(leases)" ]
}
