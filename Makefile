# The two commands of the README: `make study` and `make test`. Everything lands inside this folder.

PYTHON ?= python3.11
PORT ?= 8000
SERVE ?= 1
# 1: use the weights that are shipped; 0: train. Whoever names a profile wants to train.
PRETRAINED ?= $(if $(filter command environment,$(origin PROFILE)),0,1)
PROFILE ?= demo

VENV := .venv
BIN := $(VENV)/bin

# pip says what it fetches and, on a terminal, how long each file still takes.
define install
@echo "Installing $$(grep -c '^[A-Za-z]' $(1)) packages of $(1), and what they need, into $(VENV) (once) ..."
@$(BIN)/python -m pip install --progress-bar on --disable-pip-version-check --no-input -r $(1) && touch $@
endef

.DELETE_ON_ERROR:
.PHONY: study test lint messages

study: $(VENV)/installed
	@$(BIN)/python -m srstudy.secrets_file .env
	@$(BIN)/python manage.py quickstart $(if $(filter 1,$(PRETRAINED)),--pretrained,--profile $(PROFILE)) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(VENV)/installed-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# Raters' pages in other languages: collects their sentences and compiles what is translated (GNU gettext).
MESSAGES := --locale ko --no-location --no-wrap --ignore '.venv/*' --ignore 'tests/*' --ignore 'benchmarks/*'
messages: $(VENV)/installed-dev
	$(BIN)/python manage.py makemessages $(MESSAGES)
	$(BIN)/python manage.py compilemessages --locale ko --ignore '.venv/*'

$(VENV)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; name another 3.11 with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/installed: requirements.txt | $(VENV)/python
	$(call install,$<)

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(call install,$<)
