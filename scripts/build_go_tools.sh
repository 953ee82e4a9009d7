#!/usr/bin/env bash
# Build the tools that are published as Go modules only, once, into ~/.cache/strata/tools ($XDG_CACHE_HOME obeyed).
#   scripts/build_go_tools.sh [--dry-run] COMMAND...      scripts/install_tools.sh calls it:
#     grpcurl, ghz, grpc-health-probe   how others call, load and probe a gRPC server
#     otelcol                           an OpenTelemetry Collector (deploy/otelcol)
# Modules come from where Go is set up to fetch them, checked against Go's checksum database. The first build of all
# four takes about two minutes on 2 cores. Exits 1, with a sentence, when one could not be built; the others are.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/strata/tools
least_go=1.26.0
newer_go=1.26.8
builder=go.opentelemetry.io/collector/cmd/builder@v0.165.0
declare -A module_of=([grpcurl]=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
    [ghz]=github.com/bojand/ghz/cmd/ghz@v0.121.0
    [grpc-health-probe]=github.com/grpc-ecosystem/grpc-health-probe@v0.4.63
    [otelcol]=$builder)

dry_run=no
if [ "${1:-}" = "--dry-run" ]; then
    dry_run=yes
    shift
fi
# Beside each tool stands what it was built from, so that another version here is another build.
origin_of() {
    echo "${module_of[$1]}"
    [ "$1" != otelcol ] || cat "$here/../deploy/otelcol/builder.yaml"
}
missing=()
for command in "$@"; do
    if [ -z "${module_of[$command]:-}" ]; then
        echo "No Go module of the name $command is built here. Known: ${!module_of[*]}." >&2
        exit 2
    fi
    if [ ! -x "$tools/$command" ] || [ "$(cat "$tools/.$command" 2>&1)" != "$(origin_of "$command")" ]; then
        missing+=("$command")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "tools: $* are in $tools"
    exit 0
fi
echo "tools: building ${missing[*]} with Go into $tools, half a minute each the first time"
if [ "$dry_run" = yes ]; then
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() { "$@" >"$work/said" 2>&1; }

# What Go says of itself decides, not a switch to another version halfway.
export GOTOOLCHAIN=local GOBIN=$work/bin CGO_ENABLED=0
if ! command -v go >/dev/null && ! "$here/install_tools.sh" go; then
    echo "tools: ${missing[*]} need Go $least_go or newer, and there is no go here; the reason is above" >&2
    exit 1
fi
have=$(go env GOVERSION)
if ! printf '%s\n' "$least_go" "${have#go}" | sort -V -C; then
    # Any Go can fetch a newer one as the module that Go itself publishes, Debian's old one too.
    toolchain=golang.org/toolchain@v0.0.1-go$newer_go.$(go env GOOS)-$(go env GOARCH)
    echo "tools: $have is older than $least_go; fetching Go $newer_go"
    if ! quietly go mod download "$toolchain"; then
        tail -n 5 "$work/said" >&2
        echo "tools: ${missing[*]} need Go $least_go or newer; here is $have, and $newer_go could not be had" >&2
        exit 1
    fi
    newer=$(go env GOMODCACHE)/$toolchain
    chmod -R u+x "$newer/bin" "$newer/pkg/tool"
    export GOROOT=$newer PATH=$newer/bin:$PATH
fi

build() {
    quietly go install -trimpath -ldflags='-s -w' "${module_of[$1]}" || return 1
    [ "$1" = otelcol ] || return 0
    # The builder writes a program of the components named, below where it is called, and compiles it.
    cp "$here/../deploy/otelcol/builder.yaml" "$work/builder.yaml"
    (cd "$work" && quietly bin/builder --config=builder.yaml --ldflags='-s -w') || return 1
    mv "$work/otelcol/otelcol" "$work/bin/otelcol"
}
mkdir -p "$tools"
status=0
for command in "${missing[@]}"; do
    began=$SECONDS
    if build "$command"; then
        mv "$work/bin/$command" "$tools/$command"
        origin_of "$command" >"$tools/.$command"
        echo "tools: built $command in $((SECONDS - began)) s"
    else
        tail -n 5 "$work/said" >&2
        echo "tools: $command could not be built from ${module_of[$command]}; the last words are above" >&2
        status=1
    fi
done
exit $status
