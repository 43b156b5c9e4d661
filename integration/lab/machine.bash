# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# `lab run` and `lab exec`: one boot, one command.
#
# The guest's root is the host's own, read-only over 9p, below an overlay in the guest's memory: every
# program, library and build result is there under its usual path, and nothing that is written
# survives, except below $LAB_OUT (-o). What the guest is told and what it reports goes through a
# second, writable 9p share, the job: job.sh is read by init.sh, stage2.sh is process 1 after that,
# command is what it runs, status what came of it.
# shellcheck disable=SC2154 # here, root, cache, kernels: lab

kernel=6.12 limit=300 mem=1024 cpus=1 out='' iommu=''
# Never by looking for /dev/kvm: it may be there and unable to run a kernel that knows nothing of it.
accel=tcg,thread=multi

# What the guest's kernel must not have said.
complaints='WARNING: |BUG: |Oops|general protection|blocked for more than|unregister_netdevice: waiting'

# Sets $rest to the number of arguments that were options.
options() {
	local option OPTIND

	while getopts k:t:m:c:a:o:i option; do
		case $option in
		k) kernel=$OPTARG ;;
		t) limit=$OPTARG ;;
		m) mem=$OPTARG ;;
		c) cpus=$OPTARG ;;
		a) accel=$OPTARG ;;
		o) out=$(realpath "$OPTARG") ;;
		i) iommu=1 ;;
		*) usage >&2 && exit 2 ;;
		esac
	done
	case " $kernels " in
	*" $kernel "*) ;;
	*) die "there is no kernel '$kernel', only: $kernels" ;;
	esac
	rest=$((OPTIND - 1))
}

# missing: why no machine can be started; empty: it can.
missing() {
	if [ "$(uname -m)" != x86_64 ]; then
		echo 'the kernels of the lab are for x86_64'
	elif [ ! -e "$cache/tools" ] || [ ! -e "$cache/$kernel/initrd" ]; then
		echo "QEMU and kernel $kernel are not prepared: run integration/lab/lab prepare"
	elif ! "${qemu[@]}" --version >/dev/null 2>&1; then
		echo "QEMU does not start: $("${qemu[@]}" --version 2>&1 | head -n 1)"
	fi
}

# --- the job -------------------------------------------------------------------------------------

# write_job DIRECTORY COMMAND
write_job() {
	local variable

	install -m 644 "$here/stage2.sh" "$1/stage2"
	cat >"$1/job.sh" <<-END
	modules=$cache/$kernel/lib/modules/$(<"$cache/$kernel/release")
	tmpfs=$((mem * 3 / 4))m
	END
	{
		echo "export PATH=$cache/tools/guest:${PATH@Q} HOME=/root LANG=C.UTF-8 LAB_COMPLAINTS=${complaints@Q}"
		for variable in $(compgen -e | grep -E '^CNI_TEST_|SAN_OPTIONS$' || :); do
			echo "export $variable=${!variable@Q}"
		done
		[ -z "$out" ] || cat <<-'END'
		export LAB_OUT=/run/lab-out
		mkdir $LAB_OUT
		mount -t 9p -o trans=virtio,version=9p2000.L out $LAB_OUT || exit 125
		END
		echo "cd ${PWD@Q} || exit 125"
		echo "$2"
	} >"$1/command"
}

# The cards: Intel 82576, seven virtual functions each, and all on one hub. SR-IOV needs a PCI Express
# port above the card.
add_cards() {
	local i

	for i in 0 1; do
		args+=(
			-device "pcie-root-port,id=port$i,chassis=$((i + 1)),slot=$((i + 1))"
			-netdev "hubport,id=hub$i,hubid=0"
			-device "igb,bus=port$i,netdev=hub$i,mac=52:54:00:82:57:0$((i + 1))"
		)
	done
}

# describe: the machine, as QEMU's $args.
describe() {
	local append="console=ttyS0 loglevel=6 panic=-1 oops=panic mitigations=off nokaslr audit=0"

	append+=" cryptomgr.notests=1 net.ifnames=0 cgroup_no_v1=all random.trust_cpu=on"
	append+=" rcupdate.rcu_expedited=1${iommu:+ intel_iommu=on iommu=pt intremap=off}"
	# On a busy host, the kernel finds its timer too late and gives up.
	append+=" no_timer_check"
	# Commas are QEMU's.
	# shellcheck disable=SC2054
	args=(
		-accel "$accel" -machine q35,usb=off,smbus=off,sata=off,vmport=off -m "$mem" -smp "$cpus"
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$cache/$kernel/vmlinux" -initrd "$cache/$kernel/initrd" -append "$append"
		-chardev "file,id=console,path=$job/console" -serial chardev:console
		-device virtio-serial-pci -device virtio-rng-pci
		-chardev "file,id=out,path=$job/out" -device virtserialport,chardev=out,name=stdout
		-chardev "file,id=err,path=$job/err" -device virtserialport,chardev=err,name=stderr
		-virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
		-virtfs "local,path=$job/share,mount_tag=job,security_model=none"
	)
	case $accel in
	tcg*) args+=(-cpu Nehalem) ;;
	*) args+=(-cpu host) ;;
	esac
	[ -z "$out" ] || args+=(-virtfs "local,path=$out,mount_tag=out,security_model=none")
	# VFIO wants one; it costs everybody seconds.
	[ -z "$iommu" ] || args+=(-device intel-iommu)
	add_cards
}

# --- one boot ------------------------------------------------------------------------------------

# What the machine leaves behind goes with the shell, however that ends.
job='' machine=''
clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null || :
	rm -rf "$job"
}

# keep_log NAME: the console, for people.
keep_log() {
	local log=$cache/logs/$1-$kernel.console

	mkdir -p "$cache/logs"
	cp "$job/console" "$log" 2>/dev/null || :
	printf 'lab: the console of the machine is in %s\n' "$log" >&2
}

# judge NAME STATUS-OF-QEMU: exits with the command's status, or as `lab --help` says.
judge() {
	local status

	if [ -s "$job/share/status" ]; then
		status=$(<"$job/share/status")
	else
		status=125
		[ "$2" != 124 ] || status=124
		printf 'lab: the machine gave no exit status within %s s (QEMU: %s)\n' "$limit" "$2"
		cat "$job/qemu.log"
		tail -n 40 "$job/console" 2>/dev/null || :
	fi >&2
	if grep -qaE "$complaints" "$job/console" 2>/dev/null; then
		printf "lab: the guest's kernel complained:\n" >&2
		grep -aE -A 12 "$complaints" "$job/console" | head -n 60 >&2
		[ "$status" != 0 ] || status=126
	fi
	[ "$status" = 0 ] || keep_log "$1"
	exit "$status"
}

# boot NAME COMMAND: does not return.
boot() {
	local status=0 readers

	job=$(mktemp -d)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir "$job/share"
	write_job "$job/share" "$2"
	describe

	# The ports' far ends are fifos: output is seen as it comes. Should our own reader go away, the rest
	# is thrown away, because a full fifo would stall the guest.
	mkfifo "$job/out" "$job/err"
	{ cat "$job/out" || cat "$job/out" >/dev/null; } 2>/dev/null &
	readers=$!
	{ cat "$job/err" >&2 || cat "$job/err" >/dev/null; } &
	readers+=" $!"
	timeout --foreground -k 5 "$limit" "${qemu[@]}" "${args[@]}" </dev/null >"$job/qemu.log" 2>&1 &
	machine=$!
	wait "$machine" || status=$?
	machine=
	# Had QEMU died before it opened them, the readers would wait for ever.
	: <>"$job/out"
	: <>"$job/err"
	# shellcheck disable=SC2086 # words
	wait $readers || :
	judge "$1" "$status"
}

# --- commands ------------------------------------------------------------------------------------

machine_exec() {
	local why

	options "$@"
	shift "$rest"
	[ $# -gt 0 ] || { usage >&2 && exit 2; }
	why=$(missing)
	[ -z "$why" ] || die "$why"
	if [ $# = 1 ]; then
		boot exec "exec bash -c ${1@Q}"
	else
		boot exec "exec ${*@Q}"
	fi
}

# In the guest's own network namespace, where the cards are; with mounts of the suites' own. One that
# needs an IOMMU says so in a line: # lab: iommu
machine_run() {
	local why name

	options "$@"
	shift "$rest"
	[ $# -gt 0 ] || { usage >&2 && exit 2; }
	# shellcheck source=../cannot_run.sh source-path=SCRIPTDIR
	. "$here/../cannot_run.sh"
	why=$(missing)
	[ -z "$why" ] || cannot_run "$why"
	! grep -qx '# lab: iommu' "$@" || iommu=1
	name=${1##*/}
	boot "${name%.bats}" "exec unshare --mount ${here@Q}/../run.sh --inside ${*@Q}"
}
