# SPDX-License-Identifier: Apache-2.0
# TAP from what the two worlds did, a point for each call and for each difference that is documented:
#
#	jq -nr --slurpfile ours FILE --slurpfile peer FILE --rawfile table differences.md -f compare.jq
#
# What can differ: the outcome, "success", "error 7" or what is neither, as "PEER'S > OURS"; and, by
# one word each, the facts of parts().

# MAC addresses that the cases ask for start like this; others are the kernel's choice.
def mac: if type == "string" and startswith("02:00:00") then . else "random" end;

def is_error: type == "object" and has("code");
def is_result: is_error | not;
def outcome: [.out[] | select(is_error) | .code] as $codes
	| if .status == 0 and $codes == [] and (.out | length) <= 1 then "success"
	elif .status == 1 and ($codes | length) == 1 and (.out | length) == 1 then "error \($codes[0])"
	else "status \(.status) with \(.out | length) values and code \($codes | map(tostring) | join(" "))" end;

# Indices and counters differ between any two runs; operstate follows a little later; ip prints `{}`
# for links of other families.
def links: map(select(has("ifname"))
	| del(.ifindex, .link_index, .link, .link_netnsid, .ifalias, .operstate)
	| .address |= mac
	| if has("addr_info") then .addr_info |= map(select(.scope != "link")
		| del(.valid_life_time, .preferred_life_time, .nodad)) else . end) | sort_by(.ifname);

# Routes to link-local addresses follow the MAC, and so their number.
def routes: map(map(select(.dst == "fe80::/64" or (.dst | startswith("fe80:") | not)) | del(.flags)) | sort);

def parts: {
	result: [.out[] | select(is_result) | if type == "object" and has("interfaces")
		then .interfaces |= map(.mac |= mac | del(.mtu)) else . end],
	mtu: [.out[] | select(is_result) | .interfaces[]?.mtu],
	link: .pod | links,
	nodad: [.pod[] | .addr_info[]? | select(.scope == "global") | .nodad],
	routes: .routes | routes,
	host: .host | links,
	leases: .leases | split(";") | map(split(": ") | [.[0], (.[1] | split(" ") | map(sub("/.*"; "")) | sort)])
};

# The result of a call that failed on one side needs no mention.
def differences($ours; $peer):
	if ($ours | outcome) != ($peer | outcome) then "\($peer | outcome) > \($ours | outcome)" else empty end,
	(($ours | parts) as $a | ($peer | parts) as $b | $a | keys_unsorted[]
		| select($a[.] != $b[.])
		| select((. != "result" and . != "mtu") or ($ours | outcome) == ($peer | outcome)));

# | `calls, a regular expression` | `what differs`, `...` | why |
def rows: split("\n") | map(select(startswith("| `")) | split(" | ")
	| { calls: (.[0] | ltrimstr("| `") | rtrimstr("`") | gsub("\\\\[|]"; "|")),
		what: (.[1] | gsub("`"; "") | split(", ")) });

def shown($fact): if $fact | contains(" > ") then .out else parts[$fact] end | tojson;

($table | rows) as $rows
| [range([$ours, $peer | length] | max) | { ours: $ours[.], peer: $peer[.], name: $ours[.].name }
	| .differences = [differences(.ours; .peer)]
	| .name as $name | .differences as $differences
	| .explained = [$rows | to_entries[] | select($differences != [])
		| select(.value.calls as $calls | $name | test("^(\($calls))$"))
		| .key as $key | .value.what[] | select([.] | inside($differences)) | [$key, .]]
	| .left = $differences - [.explained[][1]]
	| if .peer.name != $name then .left += ["order of calls"] else . end] as $calls
| ([$calls[].explained[]] | unique) as $used
| [$rows | to_entries[] | .key as $key | .value.calls as $name | .value.what[]
	| { name: "\($name): \(.)", used: ([[$key, .]] | inside($used)) }] as $documented
| "1..\([$calls, $documented | length] | add)",
	($calls | to_entries[] | (.key + 1) as $i | .value
		| if .left == [] then
			"ok \($i) - \(.name)\(if .differences == [] then "" else ", other on purpose" end)"
		else
			"not ok \($i) - \(.name): \(.left | join(", "))",
			(.left[] as $fact | "#  peer, \($fact): \(.peer | shown($fact))", "#  ours, \($fact): \(.ours | shown($fact))")
		end),
	($documented | to_entries[] | (.key + 1 + ($calls | length)) as $i | .value
		| "\(if .used then "" else "not " end)ok \($i) - documented and seen: \(.name)")
