# SPDX-License-Identifier: Apache-2.0
#
# The measurements of one run (an array, as `jq --slurp` gives it) judged by $budgets[0], those of a static
# build ($static) by what "static" puts in their place:
# { rows: [...], missed: [names of gates], table: "text" }. Names and terms are those of README.md.

def quantile($q): sort | .[((length - 1) * $q) | round];
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

# The metric of budgets.json -> the series of the driver that it is made from.
def source: { rate: "elapsed", p99: "wall" }[.] // .;

def is_time: . == "wall" or . == "cpu";

# One number for a measurement.
def value($metric):
	.[$metric | source] as $series
	| if $metric == "rate" then .parallel * 1e6 / ($series | median)
	  elif $metric == "p99" then ($series | quantile(0.99)) / 1000
	  elif $metric | is_time then ($series | median) / 1000
	  else $series | median end;

# How many times $a is $b: times pairwise, within a round, and then the median.
def ratio($metric; $a; $b):
	if $metric | is_time then
		[range($a[$metric] | length) | $a[$metric][.] / $b[$metric][.]] | median
	else ($a | value($metric)) / ($b | value($metric)) end;

def find($all; $name):
	(.metric | source) as $series
	| . as $row
	| first($all[]
		| select(.case == $row.case and .step == $row.step and .name == $name
			and has($series)))
		// null;

def factor($metric; $ours; $peer):
	if $ours and $peer then
		if $metric == "rate" then ratio($metric; $ours; $peer)
		else ratio($metric; $peer; $ours) end
	else null end;

# What the budget speaks of: times better than the peer, times the base, or the value itself.
def verdict:
	(if .at_least then .factor elif .base then .of_base else .value end) as $got
	| if $got == null or (.at_least or .at_most or .value_at_least | not) then ""
	  elif (.at_least and $got >= .at_least) or (.at_most and $got <= .at_most)
		or (.value_at_least and $got >= .value_at_least) then "ok"
	  else "MISSED" end;

def judge($all):
	.metric as $metric
	| find($all; .ours // "ours") as $ours
	| find($all; "peer") as $peer
	| find($all; .base // "floor") as $base
	| . + {
		value: ($ours | if . then value($metric) else null end),
		spread: (if $ours and ($metric | is_time) then
			$ours[$metric] | [min, quantile(0.9)] | map(. / 1000) else null end),
		peer: ($peer | if . then value($metric) else null end),
		base_value: ($base | if . then value($metric) else null end),
		factor: factor($metric; $ours; $peer),
		best: factor($metric; if .base then null else $base end; $peer),
		of_base: (if $ours and $base then ratio($metric; $ours; $base) else null end),
	  }
	| . + { verdict: verdict };

# ---- Text ----

def number:
	if . == null then "-"
	elif . >= 100 then round | tostring
	else (if . >= 10 then 10 elif . >= 1 then 100 else 1000 end) as $digits
		| (. * $digits | round) / $digits | tostring end;

def times: if . == null then "-" else number + "x" end;

def ours_text: (.value | number)
	+ if .spread then " [\(.spread[0] | number)..\(.spread[1] | number)]" else "" end;

def budget_text:
	if .at_least then ">= \(.at_least)x"
	elif .at_most and .base then "<= \(.at_most)x"
	elif .at_most then "<= \(.at_most)"
	elif .value_at_least then ">= \(.value_at_least)"
	else "" end;

def verdict_text:
	if .verdict == "" then ""
	elif .release and ($static | not) then "(\(.verdict))"
	elif .gate and .verdict == "MISSED" then "MISSED, a gate"
	else .verdict end;

def pad($width): . + (" " * ($width - length) // "");

def lay_out:
	. as $lines
	| [range($lines[0] | length) as $i | [$lines[][$i] | length] | max] as $widths
	| $lines | map([range(length) as $i | .[$i] | pad($widths[$i])] | join("  ")
		| sub(" +$"; "")) | join("\n");

def peer_table:
	[["", "ours [min..p90]", "peer", "floor", "factor", "best", "/floor", "budget", "verdict"]]
	+ map([.what, ours_text, (.peer | number), (.base_value | number), (.factor | times),
		(.best | times), (.of_base | times), budget_text, verdict_text]) | lay_out;

def base_table:
	[["", "ours [min..p90]", "base", "ratio", "budget", "verdict"]]
	+ map([.what, ours_text, (.base_value | number), (.of_base | times), budget_text,
		verdict_text]) | lay_out;

. as $all
| [$budgets[0][] | . + (if $static then .static // {} else {} end) | judge($all)
	| select(.value != null or (.base | not) and .peer != null)] as $rows
| {
	rows: $rows,
	missed: [$rows[] | select(.gate and .verdict == "MISSED") | .what],
	table: "\($rows | map(select(.base | not)) | peer_table)\n\n\($rows | map(select(.base)) | base_table)",
  }
