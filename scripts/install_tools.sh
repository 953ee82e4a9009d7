#!/usr/bin/env bash
# Install the tools that tests and benchmarks need; serving needs none of them.
#   scripts/install_tools.sh [--dry-run] [COMMAND...]      all of them unless some are named:
#   system packages:
#     redis-server    the online state in Redis, and the glued peer's features
#     h2load          the native load generator of `strata bench`
#     prometheus, promtool   alert rules, and the names on the dashboard
#     haproxy         the native front of a gateway (deploy/haproxy)
#     g++, grpc++     a C++ compiler and gRPC's C++ library: the C++ echo of `strata bench peers`
#     java, mvn       a real Kafka broker (scripts/kafka.py fetches it from its published artifacts)
#   Go modules (scripts/build_go_tools.sh builds them into ~/.cache/strata/tools, and asks for the package of `go`):
#     grpcurl, ghz, grpc-health-probe   a gateway as tools see it that know its reflection alone
#     otelcol         an OpenTelemetry Collector (deploy/otelcol), which `strata bench tracing` sends to
# Exits 1, with a sentence, where it may not install; tests that need what is missing are then skipped, and say so.
set -euo pipefail

declare -A package_of=([redis-server]=redis-server [h2load]=nghttp2-client [haproxy]=haproxy
    [g++]=g++ [grpc++]="libgrpc++-dev pkg-config"
    [java]=openjdk-17-jre-headless [mvn]=maven [prometheus]=prometheus [promtool]=prometheus [go]=golang-go)
packaged=(redis-server h2load haproxy g++ grpc++ java mvn prometheus promtool)
built=(grpcurl ghz grpc-health-probe otelcol)
dry_run=()
wanted=()
to_build=()
for argument in "$@"; do
    if [ "$argument" = "--dry-run" ]; then
        dry_run=(--dry-run)
    elif [ -n "${package_of[$argument]:-}" ]; then
        wanted+=("$argument")
    elif [[ " ${built[*]} " == *" $argument "* ]]; then
        to_build+=("$argument")
    else
        echo "There is no tool called $argument here. Known: ${packaged[*]} ${built[*]}." >&2
        exit 2
    fi
done
if [ ${#wanted[@]} -eq 0 ] && [ ${#to_build[@]} -eq 0 ]; then
    wanted=("${packaged[@]}")
    to_build=("${built[@]}")
fi

is_here() {
    case "$1" in
        grpc++) pkg-config --exists grpc++ 2>/dev/null ;;  # a library has no command
        *) command -v "$1" >/dev/null ;;
    esac
}

install_packages() {
    local missing=() as_root=() command package service
    for command in "${wanted[@]}"; do
        is_here "$command" && continue
        for package in ${package_of[$command]}; do
            [[ " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
        done
    done
    if [ ${#missing[@]} -eq 0 ]; then
        echo "tools: ${wanted[*]} are installed"
        return 0
    fi
    echo "tools: installing the system packages ${missing[*]} (apt-get); a packaged service is left stopped"
    if [ ${#dry_run[@]} -gt 0 ]; then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        echo "tools: there is no apt-get here. Install ${missing[*]}, or what has ${wanted[*]}, with your own package tool." >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "tools: this needs root, and sudo asks for a password. Run: sudo $0 ${wanted[*]}" >&2
            return 1
        fi
        as_root=(sudo -n)
    fi
    said=$(mktemp)
    trap 'rm -f "$said"' EXIT
    # A run level of 1 keeps invoke-rc.d from starting a service where there is no systemd.
    quietly() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@" >"$said" 2>&1; }
    if ! quietly apt-get update -qq || ! quietly apt-get install -y -qq --no-install-recommends "${missing[@]}"; then
        tail -n 5 "$said" >&2
        echo "tools: apt-get could not install ${missing[*]}; its last words are above" >&2
        return 1
    fi
    for service in redis-server haproxy prometheus; do
        if command -v systemctl >/dev/null && [[ " ${missing[*]} " == *" $service "* ]]; then
            "${as_root[@]}" systemctl disable --now "$service" >/dev/null 2>&1 || true
        fi
    done
    echo "tools: installed"
}

# What one of the two may not install keeps nobody from the other's.
status=0
if [ ${#wanted[@]} -gt 0 ]; then
    install_packages || status=1
fi
if [ ${#to_build[@]} -gt 0 ]; then
    "$(dirname "$0")/build_go_tools.sh" "${dry_run[@]}" "${to_build[@]}" || status=1
fi
exit $status
