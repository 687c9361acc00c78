# The only entry. Everything happens in .venv/, which the targets make when it is missing or out of date.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
JOBS ?= 2
# 100 % of lines and branches is asked of the parts that everything else stands on.
MEASURED := --cov=telamon.core --cov=telamon.catalog --cov=telamon.policy --cov=telamon.ledger
CHECKED := src tests tools bench

.PHONY: help up test lint format bench proofs docs new-control lock clean
.DEFAULT_GOAL := help

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: requirements/run.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.lock requirements/torch.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements/dev.lock
	$(PIP) install --no-deps -r requirements/torch.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/.run

# Peers stand apart: they pin libraries that we use in other versions.
.venv/peers: requirements/peers.lock | .venv/.dev
	$(PIP) install --require-hashes --target $@ --upgrade -r requirements/peers.lock
	@touch $@

up: .venv/.run ## Make a demo system, check it, show the attack and its end (ARGS=--once to stop there).
	@$(BIN)/telamon up $(ARGS)

# Where no PostgreSQL server can be started, the tests of that store are skipped, and it is not measured.
test: .venv/.dev ## Run the tests, with coverage of the parts that everything stands on.
	UNMEASURED="$$($(BIN)/python tools/postgres_server.py)" $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(MEASURED) --cov-branch --cov-report=term:skip-covered \
		--cov-fail-under=100 $(ARGS)

lint: .venv/.dev ## Check style, types, imports, dependencies and the changelog's fragments.
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src
	$(BIN)/towncrier build --draft --version 0 >/dev/null

format: .venv/.dev ## Format the code and fix what can be fixed safely.
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

bench: .venv/.dev .venv/peers ## Print the numbers that the README and the docs claim (CPU time, memory, ratios to peers).
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

proofs: .venv/.dev ## Run every experiment of every control.
	$(BIN)/telamon prove --all

docs: .venv/.dev ## Build the site from the code, strictly, into site/.
	$(BIN)/mkdocs build --strict

new-control: .venv/.dev ## Start a control: NAME=my-control WING=artifact MITIGATION=AML.M0014.
	$(BIN)/python tools/new_control.py --name "$(NAME)" --wing "$(WING)" --mitigation "$(MITIGATION)"

lock: .venv/.dev ## Renew requirements/*.lock from pyproject.toml.
	$(BIN)/python tools/lock.py

clean: ## Remove what the targets made.
	rm -rf .venv site .coverage .hypothesis .mypy_cache .ruff_cache
