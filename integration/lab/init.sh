#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash disable=SC2154
# The first process of the guest, out of the initramfs: makes the root out of the host's, with a tmpfs
# on top, and hands over to stage2.sh in there. What it says goes to the serial console.
#
# The hand-over is a switch_root by process 1 itself, not a chroot by a child: the kernel starts
# /sbin/modprobe with the root of its own threads, and would look for it in here.
export PATH=/bin
/bin/busybox --install -s /bin 2>/dev/null

fail() {
	echo "lab: $1 failed"
	poweroff -f
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
	insmod "/mods/$module" || fail "insmod $module"
done </mods/order

p9=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o $p9,ro,cache=loose host /lower || fail "mounting the host's root"
mount -t 9p -o $p9,cache=none job /run || fail 'mounting the job'
# It sets $modules and $tmpfs.
# shellcheck source=/dev/null
. /run/job.sh

mount -t tmpfs -o "size=$tmpfs,mode=755" upper /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work,xino=off,index=off,metacopy=off \
	root /root || fail 'mounting the overlay'

mount -t tmpfs -o mode=755 run /root/run
mkdir -p /root/run/job /root/run/lock /root/run/netns
mount --move /run /root/run/job
mkdir -p "/root/lib/modules/$(uname -r)"
mount --bind "/lower$modules" "/root/lib/modules/$(uname -r)" || fail 'binding the modules'
for directory in proc sys dev; do
	mount --move /$directory /root/$directory
done
exec switch_root /root /bin/bash /run/job/stage2
