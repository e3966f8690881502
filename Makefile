# Throughline: demo and test are the two commands of the README; both set up .venv themselves and install once.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check

.PHONY: demo test lint bench models clean
.DEFAULT_GOAL := demo

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Throughline needs Python 3.11 or newer; found none. Install it, or give PYTHON=path."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv is not complete; on Debian and Ubuntu: sudo apt install python3-venv. Then run make again."; exit 1; }

$(VENV)/run-ready: requirements.txt | $(VENV)/bin/python
	@echo "Installing what running needs (once, a few minutes) ..."
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/test-ready: requirements-dev.txt requirements-synth.txt $(VENV)/run-ready
	@echo "Installing what the tests need (once) ..."
	$(INSTALL) -r requirements-dev.txt
	@touch $@

demo: $(VENV)/run-ready ## Track the people of examples/demo across its cameras and score the result against the truth.
	$(RUN) run_pipeline.py --videos examples/demo --output out/demo --overwrite
	$(RUN) -m evaluation identities examples/demo/truth out/demo
	@echo "Look at out/demo/annotated/*.mp4 and out/demo/tracks.json"

test: $(VENV)/test-ready lint ## Lint, types, import direction, and all tests.
	$(RUN) -m pytest -n 2 --dist loadgroup

lint: $(VENV)/test-ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy core trackers reid evaluation synth models pipeline run_pipeline.py

bench: $(VENV)/test-ready ## Measure speed against the bare detector and write benchmarks/results/.
	$(RUN) -m benchmarks.overhead

models: $(VENV)/test-ready ## Make the bundled weights again (hours): see models/*/CARD.md.
	@echo "See models/detector/CARD.md and models/reid/CARD.md for the commands and what they need."

clean: ## Remove what make itself made; the results of other runs in out/ stay.
	rm -rf $(VENV) build out/demo
