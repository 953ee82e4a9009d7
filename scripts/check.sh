#!/usr/bin/env bash
# Style, types, import arrows, protos and generated code. Every check runs; the exit code is 1 when any failed.
#   scripts/check.sh [NAME ...]     only those named
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

lint()      { $bin/ruff check --quiet; }
format()    { $bin/ruff format --check --quiet; }
types()     { $bin/mypy --no-error-summary; }
arrows()    { $bin/lint-imports --no-logo; }
protos()    { $bin/buf lint protos; }
# The baseline holds the contract as released; scripts/release_protos.sh moves it.
breaking()  { $bin/buf breaking protos --against protos/baseline.binpb; }
generated() {
    scripts/generate_protos.sh "$scratch" && diff -r --exclude=__pycache__ --exclude=__init__.py \
        "$scratch/strata/v1" strata/v1 && diff -r --exclude=__pycache__ --exclude=__init__.py \
        "$scratch/strata/registry/v1" strata/registry/v1
}

failed=()
for name in "${@:-lint format types arrows protos breaking generated}"; do
    for check in $name; do
        began=$SECONDS
        if output=$("$check" 2>&1); then
            printf 'check: %-10s ok    %3d s\n' "$check" $((SECONDS - began))
        else
            printf 'check: %-10s FAILED\n%s\n' "$check" "$output"
            failed+=("$check")
        fi
    done
done
if ((${#failed[@]})); then
    echo "check: failed: ${failed[*]}" >&2
    exit 1
fi
