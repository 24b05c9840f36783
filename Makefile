# `make train` and `make test` do all the set-up on a machine with Python 3.11 or 3.13, make and git; the other one:
# `make test PYTHON=python3.13 VENV=.venv313`.
VENV ?= .venv
PYTHON ?= python3.11
# The tested versions, of each Python: what exists for one need not exist for another.
RELEASE = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
CONSTRAINTS := .ci/constraints-$(RELEASE).txt
STAMP := $(VENV)/.installed
ARGS ?=
# Test files run side by side in so many processes; each takes about 2 GiB.
JOBS ?= 2

# Real clips and weights, where a machine has them; tests that use them skip without.
export DARKHAR_TEST_CLIPS DARKHAR_TEST_MODELS

.PHONY: help install train test test-slow chaos mutate bench results enhancements smoke lint format picture contact
.PHONY: twins lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml $(CONSTRAINTS)
	@echo "installing darkhar and its libraries into $(VENV): some minutes, 3.4 GB"
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

install: $(STAMP) ## make .venv and install darkhar with the tested versions

train: $(STAMP) ## train on the embedded data set (ARGS="enhance=histeq ..." for more)
	$(VENV)/bin/darkhar train $(ARGS)

test: $(STAMP) ## run the tests (ARGS="-k folds" for some)
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile -m 'not slow' $(ARGS)

test-slow: $(STAMP) ## run the tests that take longer
	$(VENV)/bin/python -m pytest -m slow $(ARGS)

chaos: $(STAMP) ## kill, stop and crowd runs in every way and compare their tables; hours (ARGS="features tenth" for some)
	$(VENV)/bin/python -m tests.chaos $(ARGS)

mutate: $(STAMP) ## check 2,400 clips with bytes changed at random (ARGS="20000 7" for more, from another seed)
	$(VENV)/bin/python -m tests.tools.mutate $(or $(ARGS),2400)

bench: $(STAMP) ## measure speed and memory, each a ratio taken in one run (ARGS="extraction histeq" for some)
	$(VENV)/bin/python -m tests.benchmarks $(ARGS)

results: $(STAMP) ## train the README's experiments on real clips, three seeds each (ARGS=FOLDER_OF_EE6222)
	$(VENV)/bin/python -m tests.benchmarks.results $(ARGS)

enhancements: $(STAMP) ## draw every enhancement on your clips (ARGS="CLIP ...")
	$(VENV)/bin/darkhar figures only=enhancement 'enhance=glob(*)' $(ARGS)

smoke: $(STAMP) ## run the smoke experiment into a throw-away folder
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
	$(VENV)/bin/darkhar train experiment=smoke dataset.data_dir="$$place/data" hydra.run.dir="$$place/run" $(ARGS) && \
	test -f "$$place/run/DONE"

lint: $(STAMP) ## check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python -m mypy

format: $(STAMP) ## put style right
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

picture: $(STAMP) ## draw the README's picture from the embedded data set
	$(VENV)/bin/python -m tests.tools.picture

contact: $(STAMP) ## write a contact sheet of the embedded data set to outputs/ (ARGS=4 for four clips of each action)
	$(VENV)/bin/python -m tests.tools.contact_sheet $(ARGS)

twins: $(STAMP) ## train on synthetic clips by day and in the dark, with each enhancement (ARGS=full for 2,400 clips)
	$(VENV)/bin/python -m tests.benchmarks.twins $(ARGS)

lock: ## write the versions of this environment into the constraints file
	$(VENV)/bin/python -m pip freeze --exclude-editable > $(CONSTRAINTS)

clean: ## remove the environment and build leftovers (outputs stay)
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache
