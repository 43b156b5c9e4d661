#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures ipoib against the kernel's floor where ib0 is an IPoIB interface with a carrier. The lab has
# one; BUILD is a release build with bench/floor and bench/measure:
#
#	integration/lab/lab exec 'modprobe ib_ipoib; modprobe ibstub hcas=1; ip link set ib0 up; bench/ipoib.sh BUILD'
#
# Prints a line for ADD and for DEL, each with the medians in milliseconds and the median of the ratios
# within a round, wall and CPU. Exit status 1: ADD is above 1.3 times the floor.
set -eu

build=$1 rounds=${2:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/plugins"
cp "$build/ipoib/ipoib" "$build/ipam/pool" "$work/plugins"
cat >"$work/ours.json" <<-END
{"cniVersion":"1.0.0","name":"ibnet","type":"ipoib","master":"ib0","ipam":{"type":"pool","reuseDelay":"0s","dataDir":"$work/store",
 "ranges":[[{"subnet":"10.1.0.0/16","gateway":"10.1.0.1"}]],"routes":[{"dst":"10.2.0.0/16"}]}}
END
ip netns add ours-0
ip netns add floor-0
for ((i = 0; i < 200; i++)); do
	[[ $(ip -o link show ib0) != *LOWER_UP* ]] || break
	sleep 0.1
done
measure() {
	"$build/bench/measure" "$@" ipoib ADD DEL -- ours "$work/ours.json" "$work/plugins/ipoib" \
		-- floor /dev/null "$build/bench/floor" -i ib0 10.1.255.250/16 10.2.0.0/16 10.1.0.1
}
{
	measure -n "$rounds"
	measure -t -n 3 -w 1
} >"$work/results"
jq -rs 'def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
	def of($step; $name; $metric): map(select(.step == $step and .name == $name and has($metric)))[0][$metric];
	. as $all | [("ADD", "DEL") as $step | $all
	| { step: $step, calls: [of($step; "ours"; "calls")[0], of($step; "floor"; "calls")[0]] }
	+ ([("wall", "cpu") as $metric | of($step; "ours"; $metric) as $ours | of($step; "floor"; $metric) as $floor
		| { key: $metric, value: { ours: ($ours | median / 1000), floor: ($floor | median / 1000),
			ratio: ([range($ours | length) | $ours[.] / $floor[.]] | median) } }] | from_entries)]
	| (.[] | tojson), if .[0].wall.ratio > 1.3 then "ADD is above 1.3 times the floor" | halt_error(1) else empty end' "$work/results"
