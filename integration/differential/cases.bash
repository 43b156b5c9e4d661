# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The calls. each GROUP PLUGIN COMMANDS reads lines of
#
#	NAME :: change of the configuration (jq), or `= TEXT` for a stdin of its own :: variables
#
# and makes a chain of calls for each, starting with an empty pod and an empty store.

versions() {
	cat <<-'END'
	0.1.0 :: .cniVersion = "0.1.0"
	0.2.0 :: .cniVersion = "0.2.0"
	0.3.0 :: .cniVersion = "0.3.0"
	0.3.1 :: .cniVersion = "0.3.1"
	0.4.0 :: .cniVersion = "0.4.0"
	1.0.0 :: .cniVersion = "1.0.0"
	1.1.0 :: .cniVersion = "1.1.0"
	absent :: del(.cniVersion)
	END
}

strange_versions() {
	cat <<-'END'
	null :: .cniVersion = null
	empty :: .cniVersion = ""
	1.0 :: .cniVersion = "1.0"
	0.9.0 :: .cniVersion = "0.9.0"
	1.0.1 :: .cniVersion = "1.0.1"
	1.2.0 :: .cniVersion = "1.2.0"
	v1.0.0 :: .cniVersion = "v1.0.0"
	word :: .cniVersion = "newest"
	number :: .cniVersion = 1
	END
}

# With one address per family: what versions below 0.3.0 can express.
versions | each 'macvlan version' macvlan 'ADD CHECK DEL DEL'
versions | sed 's/::/:: .ipam = {} |/' | each 'macvlan version, no IPAM' macvlan 'ADD CHECK DEL'
versions | each 'ipam version' ipam 'ADD CHECK DEL DEL'
for plugin in macvlan ipam; do
	strange_versions | each "$plugin version" $plugin 'ADD CHECK DEL'
	{ versions; strange_versions; } | each "$plugin version" $plugin 'GC STATUS VERSION'
done

for plugin in macvlan ipam; do
	for variable in CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH; do
		each "$plugin environment" $plugin 'ADD CHECK DEL GC STATUS VERSION' <<-END
		$variable unset :: . :: -$variable
		$variable empty :: . :: $variable=
		END
	done
	each "$plugin environment" $plugin 'ADD DEL' <<-'END'
	nothing :: . :: -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME -CNI_PATH
	container ID with a slash :: . :: CNI_CONTAINERID=a/b
	container ID with a dot first :: . :: CNI_CONTAINERID=.a
	container ID with all signs :: . :: CNI_CONTAINERID=0_A.b-c
	container ID with a space :: . :: CNI_CONTAINERID=a\x20b
	container ID with a line end :: . :: CNI_CONTAINERID=a\n
	bad container ID, no name of the interface :: . :: CNI_CONTAINERID=.a -CNI_IFNAME
	interface . :: . :: CNI_IFNAME=.
	interface .. :: . :: CNI_IFNAME=..
	interface with a slash :: . :: CNI_IFNAME=a/b
	interface with a colon :: . :: CNI_IFNAME=a:b
	interface with a space :: . :: CNI_IFNAME=a\x20b
	interface with a wide space :: . :: CNI_IFNAME=a\xe3\x80\x80b
	interface of 15 characters :: . :: CNI_IFNAME=abcdefghijklmno
	interface of 16 characters :: . :: CNI_IFNAME=abcdefghijklmnop
	bad name of the interface, no path :: . :: CNI_IFNAME=a/b -CNI_PATH
	END
	each "$plugin command" $plugin 'FOO add VERSION' <<-'END'
	good JSON :: .
	bad JSON :: = {
	no JSON, dummy environment :: =  :: CNI_CONTAINERID=dummy CNI_NETNS=dummy CNI_IFNAME=dummy CNI_PATH=dummy
	no environment :: . :: -CNI_CONTAINERID -CNI_NETNS -CNI_IFNAME -CNI_PATH
	END
	each "$plugin command" $plugin 'ADD' <<-'END'
	empty :: . :: CNI_COMMAND=
	unset :: . :: -CNI_COMMAND
	unset, all else bad :: . :: -CNI_COMMAND CNI_CONTAINERID=.a CNI_IFNAME=..
	END
	each "$plugin JSON" $plugin 'ADD DEL' <<-'END'
	nothing :: =
	only space :: =  \n
	half :: = {"name": "rail0"
	two values :: = {"name": "rail0"} {}
	text behind :: = {"name": "rail0"} x
	trailing comma :: = {"name": "rail0",}
	comment :: = {"name": "rail0" /* x */}
	single quotes :: = {'name': 'rail0'}
	byte order mark :: = \xef\xbb\xbf{"name": "rail0"}
	leading zero :: = {"name": "rail0", "mtu": 01}
	NaN :: = {"name": "rail0", "mtu": NaN}
	raw tab in a string :: = {"name": "ra\til0"}
	bad escape :: = {"name": "\\\\x"}
	array :: = []
	text :: = "rail0"
	null :: = null
	no name :: del(.name)
	name null :: .name = null
	name empty :: .name = ""
	name number :: .name = 1
	name with a slash :: .name = "a/b"
	name with a dot first :: .name = ".a"
	name with a space :: .name = "a b"
	name twice :: = {"cniVersion": "1.0.0", "name": "a/b", "name": ""}
	END
	each "$plugin keys" $plugin 'ADD CHECK DEL' <<-'END'
	upper case :: with_entries(.key |= if . == "ipam" then "IPAM" else ascii_upcase end)
	unknown :: .unknown = {"a": [1, 2.5, null]} | .number = 1e400
	null lists :: .ipam.routes = null | .runtimeConfig = null | .args = null
	END
done

each 'macvlan key' macvlan 'ADD CHECK DEL' <<'END'
mode absent :: del(.mode)
mode empty :: .mode = ""
mode private :: .mode = "private"
mode vepa :: .mode = "vepa"
mode passthru :: .mode = "passthru"
mode source :: .mode = "source"
mode unknown :: .mode = "Bridge"
mode number :: .mode = 1
mtu 0 :: .mtu = 0
mtu 1400 :: .mtu = 1400
mtu of the master :: .mtu = 1500
mtu too large :: .mtu = 1501
mtu negative :: .mtu = -1
mtu text :: .mtu = "1400"
mtu fraction :: .mtu = 1400.5
mtu null :: .mtu = null
mac :: .mac = "02:00:00:00:00:01"
mac upper case :: .mac = "02:00:00:00:00:AB"
mac with dashes :: .mac = "02-00-00-00-00-02"
mac with dots :: .mac = "0200.0000.0003"
mac empty :: .mac = ""
mac group :: .mac = "01:00:00:00:00:01"
mac zero :: .mac = "00:00:00:00:00:00"
mac of 8 octets :: .mac = "02:00:00:00:00:00:00:01"
mac rubbish :: .mac = "x"
mac number :: .mac = 2
bcqueuelen :: .bcqueuelen = 10
bcqueuelen negative :: .bcqueuelen = -1
bcqueuelen text :: .bcqueuelen = "10"
master missing :: .master = "none0"
master number :: .master = 1
master too long :: .master = "abcdefghijklmnopq"
no default route :: del(.master)
linkInContainer :: .linkInContainer = true
linkInContainer false :: .linkInContainer = false
linkInContainer text :: .linkInContainer = "true"
dns :: .dns = {"nameservers": ["10.1.0.2"], "domain": "a", "search": ["b"], "options": ["c"]}
dns of another type :: .dns = "10.1.0.2"
ipam absent :: del(.ipam)
ipam empty :: .ipam = {}
ipam null :: .ipam = null
ipam text :: .ipam = "pool"
ipam type empty :: .ipam.type = ""
ipam type missing :: .ipam.type = "nope"
ipam type with a slash :: .ipam.type = "a/b"
ipam type number :: .ipam.type = 1
ipam broken :: .ipam.ranges = "x"
routes none :: del(.ipam.routes)
route with a gateway :: .ipam.routes = [{"dst": "10.7.0.0/16", "gw": "10.1.0.2"}]
default route :: .ipam.routes = [{"dst": "0.0.0.0/0"}]
both default routes :: .ipam.routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
route attributes :: .ipam.routes = [{"dst": "10.7.0.0/16", "priority": 7, "table": 100}]
route metric :: .ipam.routes = [{"dst": "10.7.0.0/16", "mtu": 1300, "advmss": 1200}]
route unreachable :: .ipam.routes = [{"dst": "10.7.0.0/16", "gw": "10.99.0.1"}]
one family :: .ipam.ranges = [[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}]] | .ipam.routes = []
other family :: .ipam.ranges = [[{"subnet": "fd00:1::/64", "gateway": "fd00:1::1"}]] | .ipam.routes = []
END
ip addr add 10.1.0.240/24 dev rail0
ip route add default via 10.1.0.250
each 'macvlan key' macvlan 'ADD CHECK DEL' <<'END'
master of the default route :: del(.master)
master empty :: .master = ""
END
ip addr flush dev rail0
each 'macvlan called again' macvlan 'ADD ADD CHECK DEL' <<'END'
same interface :: .
no IPAM :: .ipam = {}
END

for plugin in macvlan ipam; do
	each "$plugin CNI_ARGS" $plugin 'ADD DEL' <<-'END'
	of a runtime :: . :: CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=n;K8S_POD_NAME=p;K8S_POD_UID=u
	IgnoreUnknown true :: . :: CNI_ARGS=IgnoreUnknown=TRUE;A=b
	IgnoreUnknown 0 :: . :: CNI_ARGS=IgnoreUnknown=0;A=b
	IgnoreUnknown maybe :: . :: CNI_ARGS=IgnoreUnknown=maybe
	IgnoreUnknown in lower case :: . :: CNI_ARGS=ignoreunknown=1;A=b
	unknown :: . :: CNI_ARGS=A=b
	no pair :: . :: CNI_ARGS=IgnoreUnknown=1;A
	semicolon at the end :: . :: CNI_ARGS=IgnoreUnknown=1;
	two equal signs :: . :: CNI_ARGS=IgnoreUnknown=1;A=b=c
	empty value :: . :: CNI_ARGS=IgnoreUnknown=1;A=
	twice :: . :: CNI_ARGS=IgnoreUnknown=0;IgnoreUnknown=1;A=b
	END
done
each 'macvlan MAC' macvlan 'ADD CHECK DEL' <<'END'
CNI_ARGS :: . :: CNI_ARGS=MAC=02:00:00:00:00:03
CNI_ARGS before mac :: .mac = "02:00:00:00:00:01" :: CNI_ARGS=MAC=02:00:00:00:00:03
CNI_ARGS rubbish :: . :: CNI_ARGS=MAC=x
runtimeConfig :: .runtimeConfig = {"mac": "02:00:00:00:00:04"}
runtimeConfig before CNI_ARGS :: .runtimeConfig = {"mac": "02:00:00:00:00:04"} :: CNI_ARGS=MAC=02:00:00:00:00:03
RuntimeConfig :: .RuntimeConfig = {"MAC": "02:00:00:00:00:05"}
runtimeConfig empty :: .mac = "02:00:00:00:00:01" | .runtimeConfig = {"mac": ""}
runtimeConfig null :: .mac = "02:00:00:00:00:01" | .runtimeConfig = {"mac": null}
runtimeConfig number :: .runtimeConfig = {"mac": 1}
runtimeConfig of another type :: .runtimeConfig = "x"
runtimeConfig unknown :: .runtimeConfig = {"bandwidth": {"ingressRate": 1}}
END

each 'macvlan prevResult' macvlan 'ADD CHECK DEL' <<'END'
unchanged :: .
absent :: del(.prevResult)
null :: .prevResult = null
empty :: if .prevResult then .prevResult = {} else . end
text :: if .prevResult then .prevResult = "x" else . end
of 1.0.0 :: if .prevResult then .prevResult.cniVersion = "1.0.0" else . end
of 0.4.0 :: if .prevResult then .prevResult.cniVersion = "0.4.0" else . end
of an unknown version :: if .prevResult then .prevResult.cniVersion = "3.0.0" else . end
without a version :: del(.prevResult.cniVersion?)
another interface :: if .prevResult then .prevResult.interfaces[0].name = "net9" else . end
another sandbox :: if .prevResult then .prevResult.interfaces[0].sandbox = "/run/netns/pod2" else . end
another MAC :: if .prevResult then .prevResult.interfaces[0].mac = "02:00:00:00:00:09" else . end
without a MAC :: if .prevResult then del(.prevResult.interfaces[0].mac) else . end
without interfaces :: if .prevResult then del(.prevResult.interfaces) else . end
an interface of the host before :: if .prevResult then .prevResult |= (.interfaces |= [{"name": "x"}] + . | .ips[].interface = 1) else . end
another address :: if .prevResult then .prevResult.ips[0].address = "10.1.0.99/24" else . end
another prefix :: if .prevResult then .prevResult.ips[0].address |= sub("/24"; "/25") else . end
without addresses :: if .prevResult then del(.prevResult.ips) else . end
address of another index :: if .prevResult then .prevResult.ips[0].interface = 7 else . end
another route :: if .prevResult then .prevResult.routes[0].dst = "10.9.0.0/16" else . end
without routes :: if .prevResult then del(.prevResult.routes) else . end
a bad address :: if .prevResult then .prevResult.ips[0].address = "10.1.0.300/24" else . end
END
each 'macvlan changed since' macvlan 'ADD CHECK' <<'END'
another mode :: if .prevResult then .mode = "vepa" else . end
another mtu :: if .prevResult then .mtu = 1400 else . end
another master :: if .prevResult then .master = "none0" else . end
END

echo text >/run/file
printf "nameserver 10.1.0.2\nsearch a b\noptions c\n" >/run/resolv.conf
for plugin in macvlan ipam; do
	each "$plugin namespace" $plugin 'ADD CHECK DEL' <<-'END'
	gone :: . :: CNI_NETNS=/run/netns/none
	in a directory that is gone :: . :: CNI_NETNS=/run/none/none
	a file :: . :: CNI_NETNS=/run/file
	a directory :: . :: CNI_NETNS=/run
	below a file :: . :: CNI_NETNS=/run/file/x
	another kind of namespace :: . :: CNI_NETNS=/proc/self/ns/uts
	our own :: . :: CNI_NETNS=/proc/self/ns/net
	our own, allowed :: . :: CNI_NETNS=/proc/self/ns/net CNI_NETNS_OVERRIDE=1
	our own, not allowed :: . :: CNI_NETNS=/proc/self/ns/net CNI_NETNS_OVERRIDE=no
	END
done

four='.ipam.ranges = [[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}]] | .ipam.routes = []'
each 'ipam ranges' ipam 'ADD ADD CHECK DEL' <<END
one :: $four
start and end :: $four | .ipam.ranges[0][0] += {"rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.9"}
start on the gateway :: $four | .ipam.ranges[0][0] += {"rangeStart": "10.1.0.1", "rangeEnd": "10.1.0.3"}
start behind the end :: $four | .ipam.ranges[0][0] += {"rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.8"}
start outside :: $four | .ipam.ranges[0][0].rangeStart = "10.2.0.1"
end outside :: $four | .ipam.ranges[0][0].rangeEnd = "10.2.0.1"
host bits :: $four | .ipam.ranges[0][0].subnet = "10.1.0.5/24"
no prefix :: $four | .ipam.ranges[0][0].subnet = "10.1.0.0"
leading zeros :: $four | .ipam.ranges[0][0].subnet = "10.01.0.0/24"
no subnet :: $four | del(.ipam.ranges[0][0].subnet)
too small :: $four | .ipam.ranges[0][0] = {"subnet": "10.1.0.0/32"}
point to point :: $four | .ipam.ranges[0][0] = {"subnet": "10.1.0.4/31"}
gateway outside :: $four | .ipam.ranges[0][0].gateway = "10.9.0.1"
gateway rubbish :: $four | .ipam.ranges[0][0].gateway = "x"
gateway of the other family :: $four | .ipam.ranges[0][0].gateway = "fd00::1"
two alternatives :: $four | .ipam.ranges[0] += [{"subnet": "10.2.0.0/24", "gateway": "10.2.0.1"}]
alternatives that overlap :: $four | .ipam.ranges[0] += [{"subnet": "10.1.0.0/25"}]
alternatives of two families :: $four | .ipam.ranges[0] += [{"subnet": "fd00::/64"}]
two sets :: $four | .ipam.ranges += [[{"subnet": "10.2.0.0/24", "gateway": "10.2.0.1"}]]
sets that overlap :: $four | .ipam.ranges += [[{"subnet": "10.1.0.0/25", "gateway": "10.1.0.1"}]]
empty set :: $four | .ipam.ranges += [[]]
no sets :: .ipam.ranges = []
ranges absent :: del(.ipam.ranges)
ranges of another type :: .ipam.ranges = {}
one subnet, old style :: del(.ipam.ranges) | .ipam += {"subnet": "10.1.0.0/24", "gateway": "10.1.0.1", "routes": []}
one subnet and ranges :: $four | .ipam += {"subnet": "10.2.0.0/24", "gateway": "10.2.0.1"}
ipRanges :: $four | .runtimeConfig.ipRanges = [[{"subnet": "10.2.0.0/24", "gateway": "10.2.0.1"}]]
ipRanges only :: del(.ipam.ranges) | .ipam.routes = [] | .runtimeConfig.ipRanges = [[{"subnet": "10.2.0.0/24", "gateway": "10.2.0.1"}]]
both families :: .
no ipam :: del(.ipam)
END
each 'ipam request' ipam 'ADD CHECK DEL' <<END
CNI_ARGS :: $four :: CNI_ARGS=IP=10.1.0.50
CNI_ARGS with a prefix :: $four :: CNI_ARGS=IP=10.1.0.50/24
CNI_ARGS rubbish :: $four :: CNI_ARGS=IP=x
CNI_ARGS outside :: $four :: CNI_ARGS=IP=10.2.0.50
CNI_ARGS gateway :: $four :: CNI_ARGS=IP=10.1.0.1
CNI_ARGS network address :: $four :: CNI_ARGS=IP=10.1.0.0
CNI_ARGS broadcast address :: $four :: CNI_ARGS=IP=10.1.0.255
args.cni.ips :: $four | .args.cni.ips = ["10.1.0.51"]
args.cni.ips with a prefix :: $four | .args.cni.ips = ["10.1.0.51/24"]
args.cni.ips rubbish :: $four | .args.cni.ips = ["x"]
runtimeConfig.ips :: $four | .runtimeConfig.ips = ["10.1.0.52"]
runtimeConfig.ips with a prefix :: $four | .runtimeConfig.ips = ["10.1.0.52/24"]
runtimeConfig.ips null :: $four | .runtimeConfig.ips = null
runtimeConfig.ips of another type :: $four | .runtimeConfig.ips = "10.1.0.52"
runtimeConfig.ips, one too many :: $four | .runtimeConfig.ips = ["10.1.0.52", "10.1.0.53"]
runtimeConfig.ips twice the same :: $four | .runtimeConfig.ips = ["10.1.0.52", "10.1.0.52"]
runtimeConfig.ips of both families :: .runtimeConfig.ips = ["fd00:1::52", "10.1.0.52"]
END
each 'ipam result' ipam 'ADD CHECK DEL' <<END
routes :: $four | .ipam.routes = [{"dst": "10.7.0.0/16", "gw": "10.1.0.2"}, {"dst": "0.0.0.0/0"}]
route attributes :: $four | .ipam.routes = [{"dst": "10.7.0.0/16", "mtu": 1300, "advmss": 1200, "priority": 5, "table": 100, "scope": 253}]
route attributes before 1.1.0 :: $four | .cniVersion = "1.0.0" | .ipam.routes = [{"dst": "10.7.0.0/16", "mtu": 1300, "priority": 5}]
route with host bits :: $four | .ipam.routes = [{"dst": "10.7.1.1/16"}]
route rubbish :: $four | .ipam.routes = [{"dst": "x"}]
route without dst :: $four | .ipam.routes = [{"gw": "10.1.0.2"}]
resolvConf :: $four | .ipam.resolvConf = "/run/resolv.conf"
resolvConf missing :: $four | .ipam.resolvConf = "/run/none"
dns of the network :: $four | .dns = {"nameservers": ["10.1.0.2"]}
IPv4 in IPv6 :: $four | .ipam.routes = [{"dst": "::ffff:10.7.0.0/112"}]
long IPv6 :: .ipam.ranges = [[{"subnet": "FD00:0001:0000:0000::/64", "gateway": "fd00:1:0::0001"}]] | .ipam.routes = []
END
each 'ipam of another pod' ipam 'DEL CHECK' <<END
unknown :: $four
broken ranges :: .ipam.ranges = "x"
END
for plugin in macvlan ipam; do
	each "$plugin GC" $plugin 'ADD GC' <<-'END'
	in use :: ."cni.dev/valid-attachments" = [{"containerID": "pod1", "ifname": "net1"}]
	in use, old key :: ."cni.dev/attachments" = [{"containerID": "pod1", "ifname": "net1"}]
	no longer in use :: ."cni.dev/valid-attachments" = []
	END
	each "$plugin STATUS" $plugin 'STATUS' <<-'END'
	ready :: .
	master missing :: .master = "none0"
	ranges broken :: .ipam.ranges = "x"
	END
done
