#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every test that this machine can run: installs what they need (as root), builds three times (gcc,
# gcc with sanitizers, clang), runs unit and integration tests, container runtimes, static checks,
# fuzzers for a while and the demo. The last line is `N passed, M failed, K skipped`; the exit status
# is 1 if anything failed.
#
# CNI_TEST_STRICT=1 (CI): what cannot run here counts as failed, not as skipped.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR/..
. scripts/lib.sh

passed=0 failed=0 skipped=0
logs=build-test/logs

now() {
	date +%s
}

# tally PASSED FAILED SKIPPED: what a stage adds.
tally() {
	if [ "${CNI_TEST_STRICT:-}" = 1 ]; then
		set -- "$1" $(($2 + $3)) 0
	fi
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# The points of a run of `meson test`: passed, failed, skipped. A test that died, hung or told less
# than it had planned is a failure of its own.
points() {
	jq -rs 'map({
			bad: (.result | IN("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")),
			lines: ((.stdout // "") | split("\n"))
		} | .skip = (.lines | map(select(test("^(ok .*|1\\.\\.0 *)# skip"; "i"))) | length)
		| .ok = (.lines | map(select(test("^ok "))) | length)
		| .ok -= (.lines | map(select(test("^ok .*# skip"; "i"))) | length)
		| .not = (.lines | map(select(test("^not ok "))) | length)
		| if .bad and .not == 0 then .not = 1 else . end)
		| "\(map(.ok) | add // 0) \(map(.not) | add // 0) \(map(.skip) | add // 0)"' "$1"
}

# run NAME COMMAND...: with progress, duration, a log, and the end of the log if it fails.
run() {
	name=$1
	shift
	log=$logs/$(printf %s "$name" | tr -c 'a-z0-9' -).log
	start=$(now)
	printf '%-44s ' "$name"
	if ("$@") >"$log" 2>&1; then
		good=true
		word=ok
	else
		good=false
		word=FAILED
	fi
	printf '%-7s %4d s' $word $(($(now) - start))
}

show_log() {
	echo "---- $log"
	tail -n "${1:-60}" "$log"
	echo '----'
}

# stage NAME COMMAND...: one point.
stage() {
	run "$@"
	echo
	if $good; then
		tally 1 0 0
	else
		tally 0 1 0
		show_log
	fi
	$good
}

# What the tests that failed said about it: meson leaves that out of what it prints.
reasons() {
	jq -r 'select(.result | IN("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"))
		| "---- \(.name): \(.result)", (.stdout // "")' "$1" | sed -n '/^----/p; /^not ok/,/^ok/{/^ok/!p}' | head -n 200
}

# suite NAME BUILD SUITE: the points of its TAP. Meson's 30 s for what hangs are too few for a unit test
# with sanitizers on a busy machine; the other suites name theirs.
suite() {
	json=$2/meson-logs/$3.json times=1
	rm -f "$json"
	[ "$3" != unit ] || times=5
	run "$1" meson test -C "$2" --suite "$3" -t $times --no-rebuild --logbase "$3" --print-errorlogs
	counts='0 1 0'
	[ ! -s "$json" ] || counts=$(points "$json")
	# shellcheck disable=SC2086 # three numbers
	set -- $counts
	printf '   %d passed, %d failed, %d skipped\n' "$@"
	tally "$@"
	if ! $good; then
		show_log 60
		[ ! -s "$json" ] || reasons "$json"
	fi
}

sources() {
	jq -r '.[].file' build-clang/compile_commands.json | sed 's|^\.\./||' | sort -u
}

# Without the paths that the analyzer explains, each finding once.
lint_c() {
	sources | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-clang >$logs/clang-tidy.full 2>&1 && return
	grep -E ': (error|warning):' $logs/clang-tidy.full | sort -u
	return 1
}

check_c() {
	sources | xargs cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability \
		--inline-suppr --std=c11 -j "$(nproc)" -D_GNU_SOURCE -DVERSION='"0"' -I. \
		--suppress=missingIncludeSystem
}

check_scripts() {
	git ls-files --cached --others --exclude-standard '*.sh' '*.bats' '*.bash' .ci/run integration/fake \
		integration/lab/lab |
		xargs shellcheck -x -P SCRIPTDIR
}

# Each from its corpus in testdata/fuzz, for so many seconds. What they find lies in build-fuzz.
fuzzers='journal snapshot config' fuzz_seconds=20

build_fuzzers() {
	[ -f build-fuzz/build.ninja ] ||
		meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
	for name in $fuzzers; do
		meson compile -C build-fuzz "fuzz_$name" || return
	done
}

fuzz() {
	mkdir -p "build-fuzz/corpus/$1"
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "build-fuzz/ipam/fuzz_$1" \
		-max_total_time=$fuzz_seconds -timeout=20 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="build-fuzz/$1-" "build-fuzz/corpus/$1" "testdata/fuzz/$1"
}

check_pages() {
	git ls-files --cached --others --exclude-standard '*.[38]' | xargs mandoc -T lint -W warning
}

mkdir -p $logs
begin=$(now)
if ! stage 'packages' install_packages build demo test clients lab; then
	echo "$passed passed, $failed failed, $skipped skipped"
	exit 1
fi

if stage 'build (gcc)' build build-test; then
	suite 'unit tests' build-test unit
	suite 'integration tests' build-test integration
	# Without them, the tests that need them say what that means.
	run 'peers' scripts/fetch-peers.sh
	echo
	$good || show_log
	run 'clients in Go' scripts/go-clients.sh
	echo
	$good || show_log 10
	suite 'differential tests' build-test differential
	suite 'clients' build-test clients
	run 'lab: kernels and modules' integration/lab/lab prepare
	echo
	$good || show_log 10
	suite 'lab' build-test lab
fi
if stage 'build (gcc, sanitizers)' build build-asan -Db_sanitize=address,undefined; then
	suite 'unit tests (sanitizers)' build-asan unit
	suite 'integration tests (sanitizers)' build-asan integration
fi
export CC=clang
if stage 'build (clang)' build build-clang; then
	stage 'clang-tidy' lint_c || :
	stage 'cppcheck' check_c || :
fi
if stage 'build (fuzzers)' build_fuzzers; then
	for name in $fuzzers; do
		stage "fuzz: $name, $fuzz_seconds s" fuzz "$name" || :
	done
fi
unset CC
stage 'shellcheck' check_scripts || :
stage 'manual pages' check_pages || :
stage 'demo' scripts/demo.sh || :

echo "took $(($(now) - begin)) s; logs are in $logs and build-*/meson-logs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
