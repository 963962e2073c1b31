# What a person and CI type. Everything is installed into .venv, and again only when pyproject.toml changes.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow lint types bench docs

help: ## say what there is to type
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## make the environment in .venv and install everything into it

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "This needs Python 3.11 or later, and $(PYTHON) is not that. Name another: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) lacks the module venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo 'Installing into .venv (a few minutes the first time)'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install ## move a whole group from one instance to another, and compare
	$(BIN)/python -m demo

test: install ## run the tests, less the slow ones
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow' $(TESTS)

test-slow: install ## run the slow tests: chaos, attacks, fuzzing
	@$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m slow $(TESTS); status=$$?; \
	if [ $$status -eq 5 ]; then echo "There are no slow tests."; else exit $$status; fi

lint: install ## look for mistakes and for style
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: install ## check the types
	$(BIN)/python -m mypy

bench: install ## measure speed and memory
	$(BIN)/python -m bench

docs: install ## write the generated pages of docs/reference
	$(BIN)/python -m docs.generate
