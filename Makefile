.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup services demo check test bench lock
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## make .venv with everything in the lock file and the gateway command
	@sh .ci/install-python $(VENV) requirements-dev.lock editable

services: setup
	@sh .ci/install-services

demo: setup ## simulators, gateway and platform in this terminal; q ends it. Without a terminal: 60 s by itself
	@$(BIN)/gateway demo

check: setup ## format, lint, types, import rules, fast tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "not service and not slow"

test: setup services ## everything, with real brokers, databases and servers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q --durations=15

bench: setup services ## values/s, CPU, memory, latency beside Telegraf; writes docs/benchmarks.md
	@bash tests/services/build_telegraf.sh "$${GATEWAY_TEST_CACHE:-$$HOME/.cache/gateway-test-services}" >/dev/null
	$(BIN)/python -m tests.bench.run --write docs/benchmarks.md

lock: setup ## resolve the lock files again
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --generate-hashes -o requirements.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes -o requirements-dev.lock
