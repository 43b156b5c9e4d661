# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# For scripts that speak TAP: nothing can be tested here. CNI_TEST_STRICT=1 (CI) turns that into a
# failure.
cannot_run() {
	if [ "${CNI_TEST_STRICT:-}" = 1 ]; then
		printf '1..1\nnot ok 1 - cannot run here: %s\n' "$1"
		exit 1
	fi
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}
