# The two commands that matter: `make grade KATA=kata-2` and `make test`. Each makes the environment when it is missing.
PYTHON ?= python3
KATA ?= kata-1
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The tests that a version of a library or of Python can break: protocol, probes, grading, serving.
CORE := tests/protocol tests/probe tests/grading tests/serving tests/test_kit.py tests/test_wire.py
# A part of them that takes less than a minute, for each version in CI: make lowest SCOPE=QUICK.
QUICK := tests/protocol/test_http1.py tests/probe/test_response.py tests/probe/test_waiting.py tests/grading/test_plugin.py \
	tests/grading/test_comparison.py tests/serving/child tests/serving/test_warm.py tests/test_kit.py
SCOPE ?= CORE
# With them, the solution of each kata has to get full marks.
KATAS := kata-1 kata-2 kata-3
grade_solutions = for kata in $(KATAS); do \
	$(1)/bin/python -m grader $$kata --app solutions/$$kata-*/app.py --color never > $(1)/report || { cat $(1)/report; exit 1; }; \
	done
# What these tests import beside the product itself.
CORE_NEEDS := hypothesis httpx-sse pytest-xdist
# Newer Pythons: pyenv's, or the system's.
NEWER := 3.12 3.13 3.14
find_python = $(firstword $(wildcard $(HOME)/.pyenv/versions/$(1).*/bin/python3 /usr/local/bin/python$(1) /usr/bin/python$(1)))

.PHONY: help setup grade test test-whole lowest lowest-katas pythons browser check verify mutate fairness fresh attacks killed equal audit diagnoses clauses bench examples clean

help: ## show this list
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## make the environment in .venv

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Stream Katas needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python cannot make environments; on Debian: apt install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Stream Katas into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[verify,fast,dask]' --group dev
	@$(BIN)/python -m compileall -q grader stream_katas.py
	@touch $(READY)

grade: $(READY) ## grade a kata: make grade KATA=kata-2
	@$(BIN)/grade $(KATA)

test: $(READY) ## run the tests of each module: four to five minutes
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-whole: $(READY) ## run the other tests, which grade whole apps and classes: a quarter of an hour
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "whole and not long" $(ARGS)

lowest: $(READY) ## run the core tests with the lowest versions of the libraries that pyproject.toml declares
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-lowest
	@VIRTUAL_ENV=.venv-lowest $(BIN)/uv pip install -q --resolution lowest-direct --editable '.[verify,fast]'
	@VIRTUAL_ENV=.venv-lowest $(BIN)/uv pip install -q $(CORE_NEEDS)
	@.venv-lowest/bin/python -m pytest -q -n 2 -p no:cacheprovider $($(SCOPE))
	@$(call grade_solutions,.venv-lowest)

lowest-katas: lowest ## and grade every app of every kata with them
	@.venv-lowest/bin/python -m grader verify

pythons: $(NEWER:%=python-%) ## run the core tests with each newer Python that this machine has

python-%: $(READY)
	@python=$(call find_python,$*); \
	if [ -z "$$python" ]; then \
		echo "This machine has no Python $*: it is skipped."; \
	else \
		echo "Python $*:" && \
		$(BIN)/uv venv -q --clear --python $$python .venv-$* && \
		VIRTUAL_ENV=.venv-$* $(BIN)/uv pip install -q --editable '.[verify,fast]' $(CORE_NEEDS) && \
		.venv-$*/bin/python -m pytest -q -n 2 -p no:cacheprovider $($(SCOPE)) && \
		$(call grade_solutions,.venv-$*); \
	fi

browser: ## install Debian's Chromium, in which tests open the report's page (without it, they are skipped)
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then \
		echo "This browser is there already; nothing is installed."; \
	elif ! command -v apt-get > /dev/null || [ "$$(id -u)" != 0 ]; then \
		echo "There is no Chromium, and it can be installed only by root on Debian: without one, tests of the page are skipped."; \
	else \
		echo "Installing Debian's chromium ..."; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium; } || \
			echo "Chromium could not be installed: without it, tests of the page are skipped."; \
	fi

check: $(READY) ## formatting, lint, types, import contracts, unused code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.dead_code

verify: $(READY) ## prove that every kata is sound and fair
	@$(BIN)/grade verify

mutate: $(READY) ## grade mutants, too: all of them, or make mutate SAMPLE=200
	@$(BIN)/grade verify --mutate $(if $(SAMPLE),--sample $(SAMPLE))

fairness: $(READY) ## grade right apps that are unusual in one way each, or written from the READMEs alone
	@$(BIN)/python -m pytest -n 2 -m long tests/fairness

fresh: $(READY) ## run the README's first commands with the system's own Python, which pip must not change
	@$(BIN)/python -m pytest -m "long or not long" tests/test_set_up.py

attacks: $(READY) ## grade hostile submissions in each jail that this machine offers
	@$(BIN)/python -m pytest -n 2 -m "long or not long" tests/attacks tests/cli/classes/test_hostile.py

killed: $(READY) ## kill a class that is graded at 50 random moments, and compare its ledger
	@$(BIN)/python -m pytest -m long tests/cli/classes/test_killed.py

equal: $(READY) ## grade every reference app warm and cold, and compare
	@$(BIN)/python -m pytest -n 2 -m "long or not long" tests/katas/test_warm_and_cold.py

audit: $(READY) ## grade every app 25 times on a busy machine (hours)
	@$(BIN)/grade verify --repeat 25 --load 4 --resume audit.jsonl

diagnoses: $(READY) ## record what the grader reports of each wrong app
	@$(BIN)/python -m tests.katas.diagnoses

clauses: $(READY) ## write docs/clauses.md: the contracts, clause by clause
	@$(BIN)/python -m tests.katas.clauses

bench: $(READY) ## measure grading against a bare boot, grades a second, and memory
	@$(BIN)/python benchmarks/grade_over_boot.py
	@$(BIN)/python benchmarks/grades_a_second.py
	@$(BIN)/python benchmarks/memory.py

examples: example-1 example-2 example-3 example-4 ## run the four worked examples

example-%: $(READY)
	@$(BIN)/python examples/example_$*.py

clean: ## remove the environment and caches
	rm -rf $(VENV) .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
