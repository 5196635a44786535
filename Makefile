# GroupWallet. `make` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup run reset test test-deep test-walks lint bench bench-scale

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/.complete ## install everything into .venv (the other targets do it by themselves)

run: .venv/.complete ## start the product with a sandbox of phones on this machine; Ctrl-C stops it
	@$(BIN)/python -m sandbox

reset: .venv/.complete ## forget everything that make run has stored
	@$(BIN)/python -m sandbox reset

test: .venv/.complete ## run every test on real PostgreSQL, Redis, workers and web servers
	@$(BIN)/python -m pytest -n 2 --dist loadfile

test-deep: .venv/.complete ## walk through the ledger at length: 300 long random histories, a minute of the bank test
	@LEDGER_DEPTH=deep $(BIN)/python -m pytest -n 2 --dist loadfile tests/ledger/test_model.py tests/ledger/test_bank.py

test-walks: .venv/.complete ## 10,000 random walks of payers and providers, with the books beside the money (most of an hour)
	@WALKS=10000 $(BIN)/python -m pytest -n 2 tests/payments/test_random_providers.py

lint: .venv/.complete ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/.complete ## measure messages and postings per second, as ratios to their limits
	@$(BIN)/python -m benchmarks

bench-scale: .venv/.complete ## read a book of ten million entries beside a short one (builds it first, about six minutes)
	@$(BIN)/python -m benchmarks scale

.venv/.complete: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "GroupWallet needs Python 3.11 or newer; say which with: make PYTHON=python3.12")'
	@echo "Installing into .venv (about half a minute the first time) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@
