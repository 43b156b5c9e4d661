# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Process 1 of the guest once the root is there: runs the command, stores its status, powers off.
say() {
	local up

	read -r up _ </proc/uptime
	echo "lab: $* at $up s" >/dev/console
}

mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
ln -snf /proc/self/fd /dev/fd
ln -snf fd/0 /dev/stdin
ln -snf fd/1 /dev/stdout
ln -snf fd/2 /dev/stderr
# As on a host that systemd brought up.
mount --make-rshared /
ip link set lo up
echo lab >/proc/sys/kernel/hostname

# A virtio port can be opened only once, and a command may open /dev/stderr again: so it writes to a
# fifo, which cat carries to the port.
for port in /sys/class/virtio-ports/*; do
	case $(<"$port/name") in
	stdout) out=/dev/${port##*/} ;;
	stderr) err=/dev/${port##*/} ;;
	esac
done
mkfifo /run/stdout /run/stderr
cat /run/stdout >"$out" &
readers=$!
cat /run/stderr >"$err" &
readers+=" $!"

say 'the command starts'
bash /run/job/command </dev/null >/run/stdout 2>/run/stderr
status=$?
say "the command ended with $status"

# What the command left running may still hold the fifos: let the output drain, but not for ever.
for ((i = 0; i < 40; i++)); do
	# shellcheck disable=SC2086 # words
	kill -0 $readers 2>/dev/null || break
	sleep 0.05
done
echo "$status" >/run/job/status.new
mv /run/job/status.new /run/job/status
# Process 1 must not return: the kernel powers off.
echo o >/proc/sysrq-trigger
while :; do
	read -r -t 10 _ <>/run/stdout
done
