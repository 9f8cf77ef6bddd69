# Every target does its own set-up in .venv, once: a stamp file there says what is installed, and pyproject.toml being
# newer than the stamp makes it again. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# The Python to make .venv with; unless it is given (make PYTHON=...), the first of these that is 3.11 or later.
PYTHON ?=
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11

# Where PyTorch's CPU build is when no index that pip knows has it (see CONTRIBUTING.md).
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_VERSION = $(shell sed -n 's/^oracle = \["torch==\(.*\)"\].*/\1/p' pyproject.toml)

# The stamps below all install into one .venv.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test test-oracle test-programs test-layers check-op test-browser bench lint format clean

help:
	@echo "make demo         train on handwritten digits, draw the graph, compare both modes; results in out/"
	@echo "make test         run the tests (those that compare with PyTorch skip if it isn't installed)"
	@echo "make test-oracle  install PyTorch's CPU build and run the tests that compare with it"
	@echo "make test-programs  run ten thousand random programs of in-place writes on PyTorch and here"
	@echo "make test-browser  install a headless Chromium if there is none and show it the player's pages"
	@echo "make test-layers  check only that each module imports from its own layer or one below"
	@echo "make check-op OP=NAME  check all that follows from one op's declaration"
	@echo "make bench        install the peers (PyTorch, JAX, autograd, MyGrad) and run the benchmarks"
	@echo "make lint         ruff and mypy"
	@echo "make format       let ruff format the code and mend what it can"
	@echo "make clean        remove .venv, out/ and what tools left behind"

demo: $(VENV)/.has-cli
	$(BIN)/tinygrad-edu demo --out out

test: $(VENV)/.has-test
	$(BIN)/python -m pytest -n 2 -q

test-oracle: $(VENV)/.has-test $(VENV)/.has-oracle
	TINYGRAD_EDU_REQUIRE_ORACLE=1 $(BIN)/python -m pytest -n 2 -q -m oracle

# Ten thousand random programs of views and in-place writes, on PyTorch and here; `make test-oracle` runs a few hundred.
test-programs: $(VENV)/.has-test $(VENV)/.has-oracle
	TINYGRAD_EDU_REQUIRE_ORACLE=1 TINYGRAD_EDU_PROGRAMS=10000 $(BIN)/python -m pytest -n 2 -q tests/inplace/test_programs.py

test-browser: $(VENV)/.has-test $(VENV)/.has-browser
	$(BIN)/python -m tests.browser.chromium
	TINYGRAD_EDU_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q tests/browser

test-layers: $(VENV)/.has-test
	$(BIN)/python -m pytest -q tests/test_layers.py

check-op: $(VENV)/.has-test
	@test -n "$(OP)" || { echo "which op? make check-op OP=name" >&2; exit 1; }
	$(BIN)/python -m pytest -q tests/ops/test_registry.py -k "$(OP)"

# One thread each: a ratio between libraries that thread differently says nothing about either.
bench: $(VENV)/.has-test $(VENV)/.has-bench
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest tests/benchmarks

lint: $(VENV)/.has-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.has-lint
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.has-python:
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  "$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$$python can't make a virtual environment: it has no ensurepip or venv module." >&2; \
	    echo "On Debian and Ubuntu: sudo apt install python3-venv" >&2; \
	    exit 1; }; \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) && touch $@; \
	  exit; \
	done; \
	echo "No Python 3.11 or later was found (tried: $(or $(PYTHON),$(PYTHONS)))." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	exit 1

# PyTorch first and by itself, so that the extras that ask for it find it and pip has no reason to fetch the CUDA build.
$(VENV)/.has-oracle $(VENV)/.has-bench: $(VENV)/.has-torch
$(VENV)/.has-torch: pyproject.toml $(VENV)/.has-python
	@test -n "$(TORCH_VERSION)" || { echo "pyproject.toml has no line oracle = [\"torch==...\"]" >&2; exit 1; }
	@echo "Installing the CPU build of PyTorch $(TORCH_VERSION) into $(VENV)"
	@# PyPI never has a "+cpu" version, so the first fails at once unless pip was pointed at a folder or index with one.
	@# On macOS the CPU index has the plain version only; == takes either.
	@$(PIP) install -q "torch==$(TORCH_VERSION)+cpu" 2>/dev/null || \
	  $(PIP) install -q --index-url $(TORCH_INDEX) "torch==$(TORCH_VERSION)"
	@touch $@

$(VENV)/.has-%: pyproject.toml $(VENV)/.has-python
	@echo "Installing what \`$*\` needs into $(VENV) (once; about a minute)"
	@$(PIP) install -q -e ".[$*]"
	@touch $@
