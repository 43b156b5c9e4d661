# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
# containerd: pods through its CRI service, and `ctr run --cni`.
bats_require_minimum_version 1.5.0
load clients.bash

socket=/run/containerd/containerd.sock
protocol=$BATS_TEST_DIRNAME

setup_file() {
	needs containerd ctr runc curl protoc || return 0
	private_directories
	configure
	make_image
	export CONTAINERD_SNAPSHOTTER=native
	start_daemon
	bounded ctr images import "$BATS_FILE_TMPDIR/image.tar"
	succeeds
	bounded ctr -n k8s.io images import "$BATS_FILE_TMPDIR/image.tar"
	succeeds
}

teardown_file() {
	[ ! -e $daemon ] || kill "$(<$daemon)"
}

# Without CAP_SYS_RESOURCE an oom_score_adj cannot be lowered. The machine's cgroups are not used.
configure() {
	cat >/run/containerd.toml <<-CONF
		version = 2
		root = "/var/lib/containerd"
		state = "/run/containerd"
		disabled_plugins = ["io.containerd.internal.v1.opt"]
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "$image"
		restrict_oom_score_adj = true
		disable_apparmor = true
		disable_cgroup = true
		[plugins."io.containerd.grpc.v1.cri".containerd]
		snapshotter = "native"
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "$bin"
		conf_dir = "$net_d"
	CONF
}

daemon=/run/containerd.pid

start_daemon() {
	containerd --config /run/containerd.toml >>/run/containerd.log 2>&1 3>&- &
	echo $! >$daemon
	disown $!
	within 20 timeout 5 ctr version
}

setup() {
	may_run
	install_plugins
	# The CRI service brings lo up with it in every pod.
	cp /usr/lib/cni/loopback "$bin"
	fabric
	load_network .
}

teardown() {
	is_private || return 0
	remove_all
	no_fabric
}

# cri METHOD, the request as text on stdin: $status is that of gRPC, $output the reply as text,
# $stderr the error's message. A message on the wire: no compression (0), length (4 bytes), data.
cri() {
	local dir length

	dir=$(mktemp -d -p "$BATS_TEST_TMPDIR")
	protoc --proto_path="$protocol" --encode="$1Request" cri.proto >"$dir/request"
	length=$(printf '%08x' "$(stat -c %s "$dir/request")")
	# shellcheck disable=SC2001
	{ printf %b "\\0$(sed 's/../\\x&/g' <<<"$length")" && cat "$dir/request"; } >"$dir/frame"
	curl --silent --show-error --max-time 60 --http2-prior-knowledge --unix-socket "$socket" \
		--header 'content-type: application/grpc' --header 'te: trailers' \
		--data-binary "@$dir/frame" --dump-header "$dir/header" --output "$dir/reply" \
		"http://localhost/runtime.v1.RuntimeService/$1"
	status=$(sed -n 's/^grpc-status: *\([0-9]*\).*/\1/p' "$dir/header")
	stderr=$(sed -n 's/^grpc-message: *//p' "$dir/header")
	output=
	[ ! -s "$dir/reply" ] ||
		output=$(tail -c +6 "$dir/reply" | protoc --proto_path="$protocol" --decode="$1Response" cri.proto)
}

# strings FIELD: of a reply.
strings() {
	sed -n "s/^ *$1: \"\(.*\)\"\$/\\1/p" <<<"$output"
}

# The daemon reads networks when their directory changes: wait until the one is ready.
load_network() {
	rm -f "$net_d"/*
	within 10 not_ready
	network "$1" >/run/network
	cp /run/network "$net_d/rail0.conflist"
	within 10 ready
}

ready() {
	cri Status <<<''
	[[ $(tr -d ' \n' <<<"$output") == *'type:"NetworkReady"status:true'* ]]
}

not_ready() {
	! ready
}

# metadata NAME: of a pod.
metadata() {
	echo "metadata { name: \"$1\" uid: \"uid-$1\" namespace: \"tests\" }"
}

# run_pod NAME: try; start_pod NAME: it runs, and $pod is its ID.
run_pod() {
	cri RunPodSandbox <<<"config { $(metadata "$1") }"
}

start_pod() {
	run_pod "$1"
	succeeds
	pod=$(strings pod_sandbox_id)
}

# start_container NAME POD: $container is its ID.
start_container() {
	cri CreateContainer <<<"pod_sandbox_id: \"$2\" sandbox_config { $(metadata "$1") }
		config { metadata { name: \"main\" } image { image: \"$image\" } }"
	succeeds
	container=$(strings container_id)
	cri StartContainer <<<"container_id: \"$container\""
	succeeds
}

# in_container CONTAINER COMMAND...: $output is what it printed.
in_container() {
	local id=$1

	shift
	cri ExecSync <<<"container_id: \"$id\" timeout: 20 $(printf 'cmd: "%s" ' "$@")"
	succeeds
	[[ $output != *exit_code* ]] || fail 'the command failed'
}

stop() {
	cri StopPodSandbox <<<"pod_sandbox_id: \"$1\""
	succeeds
}

remove() {
	cri RemovePodSandbox <<<"pod_sandbox_id: \"$1\""
	succeeds
}

remove_all() {
	local id

	cri ListPodSandbox <<<''
	for id in $(strings id); do
		remove "$id"
	done
}

# fails_to_run NAME REGEX: the error of the interface has the plugin's message.
fails_to_run() {
	run_pod "$1"
	[[ $status != 0 && $stderr =~ $2 ]] || fail "expected an error like $2"
}

dead() {
	! kill -0 "$1"
}

# has POD ADDRESS...: in the pool and as containerd tells it.
has() {
	has_lines "$(leases | grep "^$1/")" "$1/eth0: ${*:2}"
	cri PodSandboxStatus <<<"pod_sandbox_id: \"$1\""
	succeeds
	shift
	has_lines "$(strings 'ip')" "${@/%\/*/}"
}

# run_container NAME [OPTION...] -- COMMAND...: by ctr, without a pod.
run_container() {
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	bounded ctr run --cni --cgroup '' "${options[@]}" "$image" "$name" "$@"
}

remove_container() {
	bounded ctr task delete --force "$1"
	bounded ctr container delete "$1"
	succeeds
}

# --- pods ----------------------------------------------------------------------------------------

@test "two pods: interface, addresses, they reach each other and the wire, nothing stays" {
	local a target

	remember
	start_pod a
	a=$pod
	start_pod b
	has "$a" 10.1.0.2/24 fd00:1::2/64
	has "$pod" 10.1.0.3/24 fd00:1::3/64
	start_container a "$a"
	in_container "$container" ip link show dev eth0
	[[ $output == *LOWER_UP* ]] || fail 'the link is not up'
	for target in 10.1.0.3 10.1.0.250 fd00:1::3 fd00:1::fa; do
		in_container "$container" ping -c 1 -W 5 "$target"
	done
	stop "$a"
	has_lines "$(leases)" "$pod/eth0: 10.1.0.3/24 fd00:1::3/64"
	stop "$pod"
	[ -z "$(leases)" ]
	remove "$a"
	remove "$pod"
	nothing_left
}

@test "the pool tells which pod holds a lease" {
	start_pod a
	grep -q '"pod":"tests/a","uid":"uid-a"' /var/lib/cni/fabric-cni/ipam/rail0/journal
}

@test "pods started at once get different addresses" {
	local n jobs=()

	remember
	for n in 1 2 3 4 5 6; do
		start_pod "p$n" &
		jobs+=($!)
	done
	for n in "${jobs[@]}"; do
		wait "$n"
	done
	[ "$(leases | cut -d: -f2- | sort -u | wc -l)" = 6 ]
	remove_all
	nothing_left
}

@test "what containerd calls: ADD, DEL, and DEL without a namespace each time it is asked again" {
	remember
	spy
	start_pod a
	stop "$pod"
	stop "$pod"
	remove "$pod"
	called 1 "^ADD $pod eth0 netns=/[^ ]+ status=0\$"
	called 1 "^DEL $pod eth0 netns=/[^ ]+ status=0\$"
	called 2 "^DEL $pod eth0 netns= status=0\$"
	called 4 ''
	nothing_left
}

@test "an exhausted pool is containerd's error, and nothing stays" {
	local a

	load_network "$one_address"
	start_pod a
	a=$pod
	remember
	spy
	fails_to_run b 'pool rail0 exhausted'
	called 1 '^ADD .* status=1$'
	called 1 '^DEL .* status=0$'
	unchanged
	remove "$a"
	start_pod b
	has "$pod" 10.1.0.7/24
}

@test "a master that is not there is containerd's error, and nothing stays" {
	load_network '.master = "rail9"'
	remember
	fails_to_run a rail9
	nothing_left
}

@test "a pod whose namespace is gone frees its lease" {
	local file

	start_pod a
	file=$(sed -n 's|.*"ns":"/var\(/run/netns/[^"]*\)".*|\1|p' \
		/var/lib/cni/fabric-cni/ipam/rail0/journal)
	umount "$file"
	rm "$file"
	spy
	remove "$pod"
	called 0 'status=[^0]'
	[ -z "$(leases)" ]
}

@test "a daemon that was killed finds its pods again" {
	local pid

	remember
	start_pod a
	pid=$(<$daemon)
	kill -KILL "$pid"
	within 10 dead "$pid"
	start_daemon
	within 10 ready
	has "$pod" 10.1.0.2/24 fd00:1::2/64
	remove "$pod"
	nothing_left
}

# --- ctr -----------------------------------------------------------------------------------------

@test "ctr run --cni: it reaches a pod and frees its lease by a DEL without a namespace" {
	remember
	spy
	start_pod a
	run_container x --rm -- ping -c 1 -W 5 10.1.0.2
	succeeds
	called 1 '^ADD default-x eth0 netns=/proc/[0-9]+/ns/net status=0$'
	called 1 '^DEL default-x eth0 netns= status=0$'
	has_lines "$(leases)" "$pod/eth0: 10.1.0.2/24 fd00:1::2/64"
	remove "$pod"
	nothing_left
}

@test "ctr run --cni: an exhausted pool is its error" {
	load_network "$one_address"
	start_pod a
	remember
	run_container y --rm -- sleep 0
	[ "$status" != 0 ] || fail 'expected a failure'
	[[ $stderr == *'pool rail0 exhausted'* ]] || fail 'the message of the plugin is missing'
	unchanged
	remove_container y
}

@test "ctr run --cni --detach: ctr does not call DEL, the next container gets the address" {
	spy
	load_network "$one_address"
	run_container x --detach -- sleep 1000
	succeeds
	remove_container x
	called 0 ^DEL
	has_lines "$(leases)" 'default-x/eth0: 10.1.0.7/24'
	start_pod a
	has "$pod" 10.1.0.7/24
}
