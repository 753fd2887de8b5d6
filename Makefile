# Set-up, tests and checks. A target that needs .venv makes it when it is missing and installs
# again when the metadata changes, so a fresh clone needs one command.

.DEFAULT_GOAL := help
.PHONY: help forecast test check notebooks wheel clean
# Two targets at once would install into one .venv.
.NOTPARALLEL:
# A .venv whose making failed half-way is made anew.
.DELETE_ON_ERROR:

# PyMC imports four times slower without byte code.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# Extra arguments for pytest, such as ARGS='-m "not slow"'.
ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

forecast: .venv/.runtime ## Forecast the founding case as of 24 June 2011: a table and a page
	@mkdir -p reports/out
	$(BIN)/ratify forecast sebac-2011 --as-of 2011-06-24 --report reports/out/sebac-2011.html --force

# One file's tests stay on one worker, so a fit that they share is made once. Files are begun in the
# order of tests/conftest.py, not by how many tests they have.
test: .venv/.dev ## Run the tests; ARGS='-m "not slow"' leaves out the fits
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev ## Check format, lint, types and import directions
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

notebooks: .venv/.dev ## Run the notebooks afresh and render them to docs/notebooks/
	$(BIN)/jupyter nbconvert --to html --execute --output-dir docs/notebooks model/notebooks/*.ipynb

# build/ goes first: setuptools packs whatever an earlier build left in it.
wheel: .venv/.dev ## Build the wheel into dist/
	rm -rf build dist
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove what builds and checks left; .venv and reports/out stay
	rm -rf build dist model/*.egg-info
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find model data reports tests -name __pycache__ -prune -exec rm -rf {} +

# A name on the PATH may be a shim for a version that is not installed, so each is run.
.venv/bin/python:
	@for python in python3 python3.14 python3.13 python3.12; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	        echo "Making .venv with $$($$python --version)"; \
	        exec $$python -m venv --clear .venv; \
	    fi; \
	done; \
	echo 'error: no Python 3.12 or newer was found; install one, then run make again' >&2; \
	exit 1

.venv/.runtime: setup.cfg pyproject.toml | .venv/bin/python
	@echo 'Installing what a forecast needs into .venv'
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.dev: setup.cfg pyproject.toml | .venv/bin/python
	@echo 'Installing what the tests and checks need into .venv'
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch .venv/.runtime $@
