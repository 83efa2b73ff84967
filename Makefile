.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
WORKERS := 2
SHARED := -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
# Compiled once, and not again by every process that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup services demo check test lint bench texts lock
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## make .venv with everything in the lock file and the gateway command
	@sh .ci/install-python $(VENV) requirements-dev.lock editable

services: setup
	@sh .ci/install-services

demo: setup ## simulators, gateway and platform in this terminal; q ends it. Without a terminal: 60 s by itself
	@$(BIN)/gateway demo

check: lint ## format, lint, types, import rules, unit and contract tests: a minute on two cores
	$(BIN)/pytest -q $(SHARED) --quick -m "not service and not slow" tests/unit tests/contract tests/tidy

test: lint services ## everything, with real brokers, databases and servers: up to twelve minutes
	$(BIN)/pytest -q $(SHARED) --durations=15

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup services ## values/s, CPU, memory, latency beside Telegraf; writes docs/benchmarks.md
	@bash tests/services/build_telegraf.sh "$${GATEWAY_TEST_CACHE:-$$HOME/.cache/gateway-test-services}" >/dev/null
	$(BIN)/python -m tests.bench.run --write docs/benchmarks.md

texts: setup ## bring the catalogues of the interface's words up to date with the code
	$(BIN)/python -m tests.unit.texts.catalogues

lock: setup ## resolve the lock files again
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --generate-hashes -o requirements.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes -o requirements-dev.lock
