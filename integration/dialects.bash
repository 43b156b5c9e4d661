# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2086,SC2154,SC2231
# What the tests of the dialects share. The links are those that a node would have.

networks=/var/lib/cni/networks

dialects() {
	ln -sf pool $plugins/host-local
	ln -sf pool $plugins/static
	ln -sf pool $plugins/whereabouts
}

# hostlocal FILTER: the filter is applied to "ipam".
hostlocal() {
	conf "del(.master, .mode) | .type = \"bridge\" | .ipam = {type: \"host-local\",
		ranges: [[{subnet: \"10.1.0.0/24\"}], [{subnet: \"fd00:1::/64\"}]], routes: [{dst: \"10.7.0.0/16\"}]}
		| .ipam |= ($1)"
}

# statically FILTER
statically() {
	conf "del(.master, .mode) | .type = \"bridge\" | .ipam = {type: \"static\"} | .ipam |= ($1)"
}

# lease_files: "ADDRESS CONTAINER IFNAME" of each, as host-local itself would read them.
lease_files() {
	local file

	for file in $networks/rail0/[0-9a-f]*[.:]*; do
		[ ! -f "$file" ] || printf '%s %s\n' "${file##*/}" "$(tr -d '\r' <"$file" | paste -sd' ')"
	done
}

# occupy ADDRESS CONTAINER [IFNAME]: as host-local does it. Without an interface: as it once did.
occupy() {
	mkdir -p $networks/rail0
	printf '%s' "$2${3:+$'\r\n'$3}" >$networks/rail0/"$1"
}

# gives ADDRESS...: the last ADD leased exactly these.
gives() {
	local wanted

	succeeds
	wanted=$(printf '%s\n' "$@" | jq -Rn '[inputs]')
	# shellcheck disable=SC2016
	json '.ips | map(.address) == $wanted' --argjson wanted "$wanted"
}
