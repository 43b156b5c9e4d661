#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build the runtimes of the Go world that suite `clients` runs against our plugins into DIRECTORY
# (default: build-clients/bin): cnitool and Multus, from the module proxy that `go env GOPROXY` names,
# verified by the checksum database. Nothing is done where these versions are there already.
#
#	scripts/go-clients.sh [DIRECTORY]
set -eu
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR/..
. scripts/lib.sh

cni=github.com/containernetworking/cni@v1.3.0
multus=gopkg.in/k8snetworkplumbingwg/multus-cni.v4@v4.2.2
# What is needed at least, and what is fetched where Go is older.
wanted=1.24.6

# module NAME@VERSION: the directory of its sources.
module() {
	fetched=$(go mod download -json "$1") ||
		die "module $1 cannot be had: $(printf %s "$fetched" | jq -r '.Error // empty'); is GOPROXY reachable?"
	printf %s "$fetched" | jq -r .Dir
}

# A toolchain is a module like any other, but before Go 1.21 its programs lose their mode.
newer_go() {
	have=$(go env GOVERSION)
	have=${have#go}
	[ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ] || return 0
	tree=$(module "golang.org/toolchain@v0.0.1-go$wanted.$(go env GOOS)-$(go env GOARCH)")
	mkdir -p "$directory/../go"
	cp -R "$tree/." "$directory/../go"
	chmod -R u+w "$directory/../go"
	find "$directory/../go/bin" "$directory/../go/pkg/tool" -type f -exec chmod +x {} +
	PATH=$directory/../go/bin:$PATH
	unset GOROOT
}

# build_client NAME MODULE PACKAGE. In the module's own directory its own go.sum pins all that it needs;
# `go install MODULE@VERSION` would ask for the list of versions, which not every proxy serves.
build_client() {
	sources=$(module "$2")
	(cd "$sources" && go build -mod=readonly -ldflags='-s -w' -o "$directory/$1.new" "$3") ||
		die "$1 of module $2 could not be built"
	mv "$directory/$1.new" "$directory/$1"
	echo "$1 of $2: $directory/$1"
}

mkdir -p "${1:-build-clients/bin}"
directory=$(cd "${1:-build-clients/bin}" && pwd)
[ "$(cat "$directory/modules" 2>/dev/null)" != "$cni $multus" ] || exit 0

install_packages clients
command -v go >/dev/null || install_packages go
export HOME="${HOME:-$directory}" CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=
newer_go
build_client cnitool $cni ./cnitool
build_client multus $multus ./cmd/multus
echo "$cni $multus" >"$directory/modules"
