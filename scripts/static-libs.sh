#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a static build against musl needs (musl-tools has the C library): the kernel's headers, libmnl.a
# out of the development package of Debian's current version, and cJSON compiled from Debian 12's source
# with its security patches. From the mirror that this machine uses; nothing is installed, and apt's own
# state is left alone.
#
# musl, because the start of a program is most of what a plugin costs: glibc asks the processor for its
# caches before main(), and a virtual machine stops for each of these questions.
#
#	static-libs.sh [DIRECTORY]
#	CC=musl-gcc PKG_CONFIG_PATH=DIRECTORY/pkgconfig meson setup BUILD -Dprefer_static=true \
#		-Dc_args='-idirafter DIRECTORY/kernel' -Dc_link_args=-static
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

target=${1:-$(dirname "$0")/../build-static-libs}
[ ! -f "$target/pkgconfig/libcjson.pc" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# from SUITE KIND COMMAND...: run apt-get COMMAND in $work against the first mirror that can.
from() {
	suite=$1 kind=$2
	shift 2
	for mirror in $(mirrors | sort -u); do
		source_line "$mirror" "$suite" | sed "s/^deb /$kind /" >"$work/sources.list"
		private_apt "$work" apt-get update &&
			(cd "$work" && private_apt . apt-get "$@") && return
	done >>"$work/log" 2>&1
	tail -n 20 "$work/log" >&2
	die "no mirror of this machine's apt gave, of $suite: $*"
}

# describe NAME VERSION FURTHER-INCLUDES
describe() {
	cat >"$target/pkgconfig/lib$1.pc" <<-END
		prefix=$target
		Name: lib$1
		Description: static
		Version: $2
		Libs: -L\${prefix}/lib -l$1
		Cflags: -I\${prefix}/include $3
	END
}

mkdir -p "$target/lib" "$target/include" "$target/kernel" "$target/pkgconfig"
target=$(realpath "$target")

for name in linux asm-generic rdma; do
	ln -sfn /usr/include/$name "$target/kernel/$name"
done
ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$target/kernel/asm"

from sid deb download libmnl-dev
dpkg-deb -x "$work"/libmnl-dev_*.deb "$work/mnl"
find "$work/mnl" -name libmnl.a -exec cp {} "$target/lib" \;
# It was compiled against glibc. What we call of it is arithmetic on a buffer; the one function beside
# it that needs more than every C library has is mnl_nlmsg_fprintf().
objcopy --weaken-symbol=__fprintf_chk --weaken-symbol=__ctype_b_loc "$target/lib/libmnl.a"
cp -r "$work/mnl/usr/include/libmnl" "$target/include"
describe mnl "$(sed -n 's/^Version: //p' "$(find "$work/mnl" -name libmnl.pc)")" ''

from bookworm deb-src source --download-only cjson
mkdir "$work/cjson"
tar -x -C "$work/cjson" --strip-components=1 -f "$work"/cjson_*.orig.tar.*
tar -x -C "$work/cjson" -f "$work"/cjson_*.debian.tar.*
sed '/^#/d' "$work/cjson/debian/patches/series" | while read -r name; do
	patch -s -p1 -d "$work/cjson" <"$work/cjson/debian/patches/$name"
done
musl-gcc -O2 -c -o "$work/cJSON.o" "$work/cjson/cJSON.c"
ar rcs "$target/lib/libcjson.a" "$work/cJSON.o"
mkdir -p "$target/include/cjson"
cp "$work/cjson/cJSON.h" "$target/include/cjson"
# Last: it says that the rest is there.
describe cjson "$(sed -n 's/^Version: \([^-]*\).*/\1/p' "$work"/cjson_*.dsc | head -n 1)" "-I$target/include/cjson"
