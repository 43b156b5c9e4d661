#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# archive.sh OUTPUT ARCHIVE...: one archive of all, in which only libcni_* is global. Names such as
# json_parse must be the user's to define.
set -eu

output=$1
shift
object=$output.o
ld -r -o "$object" --whole-archive "$@"
objcopy --wildcard --keep-global-symbol='libcni_*' "$object"
rm -f "$output"
ar rcs "$output" "$object"
