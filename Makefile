# Six verbs: demo, test, test-all, lint, bench, gallery. Each makes .venv on its first run.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SPREAD := --dist loadgroup --no-loadscope-reorder # in the order of tests/conftest.py
WORKERS = $$(($$(getconf _NPROCESSORS_ONLN) + 2)) # some wait while others compute
PINS := $(BIN)/uv pip compile -q -U --universal --generate-hashes --no-header --python-version 3.11 --fork-strategy fewest

.PHONY: help demo test test-all lint format bench gallery pins clean
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: .venv/run ## set up, then run every scenario on this machine: a line each
	$(BIN)/sessionlab run --all

test: .venv/dev ## set up, then run the tests that need neither Docker nor other balancers, nor long
	$(BIN)/pytest -n $(WORKERS) $(SPREAD) -m "not (docker or balancers or gallery or browser or long)"

test-all: .venv/dev ## set up, then run all tests: with a Docker engine, HAProxy, nginx, Chromium, the gallery of real apps
	$(BIN)/pytest -n auto $(SPREAD)

lint: .venv/dev ## formatting, ruff, mypy --strict, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/vulture

format: .venv/dev ## let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev ## print how long the lab takes, and the balancer beside HAProxy (6 rows)
	$(BIN)/python -m benchmarks.lab
	$(BIN)/python -m benchmarks.balancer --quick
	@echo "All rows: $(BIN)/python -m benchmarks.balancer; another version: --against REV_OR_DIR"
	@echo "More: python -m benchmarks.balancer.chaos (a million requests while everything changes)," \
		".idle (10,000 connections), .bodies (1 GB both ways), .peers (other Python proxies);" \
		"python -m benchmarks.workload (the load generator beside Locust)," \
		".judge (ten million operations), .report (of 100,000 requests)," \
		".mutants (histories that the checks must find broken)"

GALLERY := $(notdir $(patsubst %/,%,$(wildcard scenarios/apps/*/)))
gallery: $(GALLERY:%=.venv-gallery/%/ready) ## set up an environment for each real app in scenarios/apps

.venv-gallery/%/ready: scenarios/apps/%/requirements.txt | .venv/dev
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $(@D)
	@$(BIN)/uv pip sync -q --require-hashes --only-binary :all: --python $(@D)/bin/python $<
	@touch $@

.venv-gallery/%/ready: scenarios/apps/%/package-lock.json
	@mkdir -p $(@D)
	@cp $< $(<D)/package.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

pins: .venv/dev ## resolve the pinned requirements anew
	$(PINS) pyproject.toml -o requirements.txt
	$(PINS) --group build -c requirements.txt -o requirements-build.txt
	$(PINS) --group dev -c requirements.txt -c requirements-build.txt pyproject.toml -o requirements-dev.txt
	for app in scenarios/apps/*/requirements.in benchmarks/workload/requirements.in; do \
		$(PINS) --only-binary :all: $$app -o $${app%.in}.txt || exit; done
	for folder in scenarios/apps/express tests/lab/viewer; do \
		(cd $$folder && npm install --package-lock-only --omit-lockfile-registry-resolved) || exit; done

clean: ## remove what the targets above made
	rm -rf .venv .venv-peers .venv-gallery build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "sessionlab needs Python 3.11 or later, and '$(PYTHON)' is older or missing." \
			"Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "'$(PYTHON) -m venv' failed; Debian and Ubuntu keep it in a package: python3-venv." >&2; \
		exit 1; }

.venv/run: .venv/bin/python requirements.txt requirements-build.txt pyproject.toml
	@echo "Setting up .venv (once; about 20 s)"
	@$(PIP) install --require-hashes -r requirements.txt -r requirements-build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
