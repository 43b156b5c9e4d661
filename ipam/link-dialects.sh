#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Link names of other IPAM plugins to `pool`. What somebody else has installed under such a name stays, and
# that is an error.
#
#	link-dialects.sh DIRECTORY NAME...	below $DESTDIR, if that is set
set -eu

directory=${DESTDIR:-}$1
shift
failed=0
for name; do
	file=$directory/$name
	[ "$(readlink "$file")" != pool ] || continue
	if [ -e "$file" ] || [ -L "$file" ]; then
		echo "$file is there and no link to pool: remove it first if pool shall serve its networks" >&2
		failed=1
	else
		ln -s pool "$file"
	fi
done
exit $failed
