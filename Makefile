# The two commands of the README: `make study` and `make test`. Everything lands inside this folder.

PYTHON ?= python3.11
PORT ?= 8000
SERVE ?= 1
PROFILE ?= demo

VENV := .venv
BIN := $(VENV)/bin

.DELETE_ON_ERROR:
.PHONY: study test lint

study: $(VENV)/installed
	@$(BIN)/python -m srstudy.secrets_file .env
	@$(BIN)/python manage.py quickstart --profile $(PROFILE) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

$(VENV)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; name another 3.11 with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/installed: requirements.txt | $(VENV)/python
	@echo "Installing requirements into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt && touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing development requirements into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt && touch $@
