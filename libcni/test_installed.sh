#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_installed.sh BUILD PAGE CC...: install into a directory of its own, build the example of the
# manual page against it, in C and in C++, shared and static, and run it with a fake plugin.
# Commands are called through point.
# shellcheck disable=SC2317
set -eu

build=$1 page=$2
shift 2

count=0 failed=0
# point NAME COMMAND...
point() {
	count=$((count + 1))
	name=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
		sed 's/^/# /' "$dir/log"
	fi
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
point 'install' env DESTDIR="$dir/root" meson install -C "$build" --no-rebuild --quiet
archive=$(find "$dir/root" -name libcni.a)
library=$(find "$dir/root" -name libcni.so)
lib=${library%/*}
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/root" LD_LIBRARY_PATH="$lib"

# globals FILE OPTION...: what it defines for others. Sanitizers add names with two underscores.
globals() {
	nm --defined-only --extern-only --format=posix "$@" | cut -d ' ' -f 1 | sed 's/@.*//' |
		grep -v -e '^LIBCNI_0$' -e '\.o\]*:$' -e '^__' -e '^$'
}

# only_public FILE OPTION...: all functions of the header, and nothing else.
only_public() {
	grep -o 'libcni_[a-z_]*(' "$(find "$dir/root" -name libcni.h)" | tr -d '(' | sort -u >"$dir/declared"
	globals "$@" | sort -u >"$dir/defined"
	[ "$(wc -l <"$dir/declared")" -ge 15 ] && diff "$dir/declared" "$dir/defined"
}
point 'the shared library exports what the header declares' only_public "$library" --dynamic
point 'so does the archive' only_public "$archive"
point 'the shared library has a version in its name' \
	sh -c "readelf -d '$library' | grep 'SONAME.*libcni\\.so\\.0]'"

mkdir "$dir/net" "$dir/plugins"
cat >"$dir/net/pods.conflist" <<'NET'
{ "name": "pods", "cniVersion": "1.0.0", "plugins": [ { "type": "fake" } ] }
NET
cat >"$dir/plugins/fake" <<'PLUGIN'
#!/bin/sh
cat >/dev/null
echo "$CNI_COMMAND" >>"${0%/*}/../commands"
[ "$CNI_COMMAND" != ADD ] || echo '{ "cniVersion": "1.0.0", "big": 12345678901234567890 }'
PLUGIN
chmod +x "$dir/plugins/fake"

# The example, and the same with names of the library's insides, which are the user's to have.
sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | sed '1d;$d;s/\\e/\\/g' >"$dir/attach.c"
cat "$dir/attach.c" - >"$dir/own.c" <<'OWN'
int json_parse(void);
int json_parse(void)
{
	return 1;
}
int cni_error_set(void);
int cni_error_set(void)
{
	return 1;
}
OWN
sed 's/{ 0 }/{}/' "$dir/own.c" >"$dir/own.cc"

# compile FLAGS SOURCE PROGRAM COMPILER...
compile() {
	flags=$1 source=$2 program=$3
	shift 3
	# shellcheck disable=SC2046,SC2086 # words
	"$@" ${CFLAGS:-} -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags libcni) -o "$dir/$program" \
		"$dir/$source" $(pkg-config $flags libcni)
}

# is_linked PROGRAM: with the shared library?
is_linked() {
	ldd "$dir/$1" | grep -q "libcni\\.so\\.0 => $lib/"
}

is_not_linked() {
	! ldd "$dir/$1" | grep libcni
}

attaches() {
	rm -rf "$dir/cache" "$dir/commands"
	"$dir/$1" "$dir/net" "$dir/plugins" "$dir/cache" /run/netns/none >"$dir/result" || return 1
	grep -q '"big": 12345678901234567890' "$dir/result" &&
		[ "$(tr '\n' ' ' <"$dir/commands")" = 'ADD DEL ' ] &&
		[ -z "$(ls "$dir/cache/results")" ]
}

fails() {
	! "$dir/$1" "$dir/net" /nonexistent "$dir/cache" /run/netns/none 2>"$dir/message" &&
		grep 'failed to find plugin "fake"' "$dir/message"
}

# variants WORD FLAGS LINKED
variants() {
	word=$1 flags=$2 linked=$3
	shift 3
	point "$word: the example of the manual page compiles" compile "$flags" attach.c attach "$@"
	point "$word: it is linked as it should" "$linked" attach
	point "$word: it attaches" attaches attach
	point "$word: it tells what failed" fails attach
	point "$word: names of its insides are the program's to have" \
		compile "$flags" own.c own "$@"
	point "$word: nor do they disturb" attaches own
	point "$word: C++ compiles" compile "$flags" own.cc own++ c++
	point "$word: C++ attaches" attaches own++
}
variants shared --libs is_linked "$@"
rm "$lib"/libcni.so*
variants static '--static --libs' is_not_linked "$@"

echo "1..$count"
exit $failed
