# Two commands matter: `make demo` shows the product, `make test` checks it.
# Everything is installed into .venv; nothing else on the machine is touched.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null || echo $(VENV)/bin/uv)
# Compiled here once: where Python may not write bytecode, every start would compile everything anew.
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python
COMPILE = $(BIN)/python -m compileall -q
# two for each core: many tests wait for processes and servers
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 8 ? 2 * n : 16)))

LIBRARIES := src/tower_anime/web/static/vendor/package-lock.json

.PHONY: demo serve web screenshots test test-slow test-again goldens check format bench lock clean help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

# uv from the PATH, else one inside the environment, installed by its own pip
$(BIN)/python:
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python '>=3.11,<3.15' $(VENV); \
	elif ! $(PYTHON) -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,15))' 2>/dev/null; then \
	  echo "Python 3.11 to 3.14 is needed (found: $$($(PYTHON) --version 2>&1)). On Debian or Ubuntu: apt install python3 python3-venv" >&2; exit 1; \
	elif ! $(PYTHON) -m venv $(VENV) >/dev/null 2>&1; then \
	  rm -rf $(VENV); echo "Python has no venv module. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; fi

$(VENV)/.uv: | $(BIN)/python
	@command -v uv >/dev/null 2>&1 || $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@command -v uv >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@touch $@

$(VENV)/.core: requirements.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing (a minute when the caches are cold) …" >&2
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --editable .
	@$(COMPILE) src
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements-jellyfin.lock $(VENV)/.core
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --require-hashes --no-deps -r requirements-jellyfin.lock
	@touch $@

demo: $(VENV)/.core ## Prompt in, approved picture in the library, on the built-in sandbox
	@$(BIN)/tower-anime demo

serve: $(VENV)/.core ## Start the server on http://127.0.0.1:44451
	@$(MAKE) --no-print-directory web || echo "Starting without them: lists and links work, live parts do not." >&2
	@$(BIN)/tower-anime serve

web: $(LIBRARIES) ## Fetch what the pages use in the browser (htmx, idiomorph, ECharts)

$(LIBRARIES): package-lock.json tools/browser_libraries.py | $(VENV)/.uv
	@$(BIN)/python tools/browser_libraries.py
	@touch $@

screenshots: $(VENV)/.dev $(LIBRARIES) ## Make the pictures of README and docs
	@$(BIN)/python -m tests.browser.screenshots

test: $(VENV)/.dev $(LIBRARIES) ## Run the tests (at most 5 minutes)
	@$(COMPILE) src tests
	@$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-slow: $(VENV)/.dev $(LIBRARIES) ## Run the long tests
	@$(COMPILE) src tests
	@$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -q -m slow --timeout 900

test-again: $(VENV)/.dev $(LIBRARIES) ## Run what failed last once more, one test at a time
	@$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -q -m "slow or not slow" --last-failed --last-failed-no-failures none --maxfail 1 --timeout 900

goldens: $(VENV)/.dev ## Write anew what the synthetic pictures measure; read the difference
	@$(BIN)/python -m tests.goldens

check: $(VENV)/.dev ## Format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## Print the README's figures
	@$(BIN)/python -m tests.bench

lock: $(VENV)/.uv ## Renew the hashed lock files
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --custom-compile-command 'make lock' pyproject.toml -o requirements.lock
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --custom-compile-command 'make lock' --group test --group check -c requirements.lock -o requirements-dev.lock

clean: ## Remove what was built
	@rm -rf $(VENV) node_modules src/tower_anime/web/static/vendor .mypy_cache .ruff_cache .pytest_cache build dist
