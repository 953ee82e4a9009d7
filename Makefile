# Strata. `make up` is all a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

bin := .venv/bin
export PYTHON

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: setup
setup:  ## make .venv what requirements.lock says
	@scripts/setup.sh

.PHONY: up
up: setup  ## set up, prepare the demonstration, serve until Ctrl-C
	@exec $(bin)/strata up

.PHONY: test
test: setup  ## everything a commit must pass: checks, then the four tiers of tests
	@scripts/check.sh
	@scripts/install_tools.sh || true
	@$(bin)/python scripts/install_peers.py || true
	@$(bin)/python -m pytest tests/unit tests/contract tests/integration tests/e2e

.PHONY: unit
unit: setup  ## the quick tests only (contract suites start real servers: make test)
	@$(bin)/python -m pytest tests/unit -m "not integration and not e2e"

.PHONY: check
check: setup  ## style, types, import arrows, protos, generated code
	@scripts/check.sh

.PHONY: loadtest
loadtest: setup  ## hold the running platform (or one of its own) to loadtests/budget.yaml; ARGS="--profile ci"
	@$(bin)/python scripts/with_platform.py strata loadtest $(ARGS)

.PHONY: bench
bench: setup  ## cost of a call beside echoes, the glued stack and other servers; latency by load; live events; overload; traces; models; users in the store; algorithms
	@scripts/install_tools.sh h2load redis-server haproxy
	@scripts/install_tools.sh g++ grpc++ || true
	@$(bin)/python scripts/install_peers.py || true
	@$(bin)/strata up --prepare-only
	@$(bin)/strata bench $(ARGS)
	@$(bin)/strata bench peers $(filter --quick,$(ARGS))
	@$(bin)/strata bench offered
	@$(bin)/strata bench live
	@$(bin)/strata bench overload
	@if scripts/install_tools.sh otelcol; then $(bin)/strata bench tracing $(filter --quick,$(ARGS)); fi
	@$(bin)/strata bench models
	@$(bin)/strata bench users --quick
	@$(bin)/strata lab algorithms
	@$(bin)/strata lab scale

.PHONY: prove
prove: setup  ## the long proofs: online = offline at 2,000,000 instants, 400 kills, chaos, releases, an hour of soak, freshness, leaks, quality, identity; results in loadtests/out
	@scripts/install_tools.sh redis-server java mvn
	@$(bin)/strata up --prepare-only
	@scripts/prove_parity.sh
	@$(bin)/strata prove crashes --kills 200 --with-gateway --json loadtests/out/crashes.json
	@$(bin)/strata prove crashes --kills 200 --with-gateway --log kafka --state redis --json loadtests/out/crashes-kafka.json
	@$(bin)/strata prove chaos --json loadtests/out/chaos.json
	@$(bin)/strata prove chaos --state lmdb --json loadtests/out/chaos-lmdb.json
	@$(bin)/strata prove releases --json loadtests/out/releases.json
	@$(bin)/strata prove soak --json loadtests/out/soak.json --picture loadtests/out/soak.svg
	@$(bin)/strata prove freshness --json loadtests/out/freshness.json
	@$(bin)/strata prove freshness --log kafka --state redis --json loadtests/out/freshness-kafka.json
	@$(bin)/strata lab leaks --json loadtests/out/leaks.json
	@$(bin)/strata lab quality --json loadtests/out/quality.json
	@$(bin)/strata segments windows value_tiers --windows 20 --json loadtests/out/windows.json

.PHONY: protos
protos: setup  ## write strata/v1 and strata/registry/v1 from protos/
	@scripts/generate_protos.sh

.PHONY: lock
lock: setup  ## write requirements.lock from pyproject.toml
	@$(bin)/uv pip compile pyproject.toml --quiet --all-extras --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --output-file requirements.lock

.PHONY: clean
clean:  ## remove .venv, caches and everything the demonstration wrote
	@scripts/clean.sh
