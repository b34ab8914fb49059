# `make demo` and `make test` need nothing but Python 3.11 or later and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
BIN = .venv/bin
MANAGE = $(BIN)/python manage.py

# What a failed command wrote does not count as made.
.DELETE_ON_ERROR:
.PHONY: demo test services-test lint benchmark

.venv/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("daamweb needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt .venv/ready
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@

# HTTPS_ONLY is off because the demo is reached over plain HTTP on this machine.
.env:
	umask 077 && $(PYTHON) -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(50)); print("HTTPS_ONLY=False")' > $@

demo: .venv/ready .env
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) collectstatic --no-input --verbosity 0
	$(MANAGE) demo --port $(PORT)
	PORT=$(PORT) $(BIN)/honcho start

test: .venv/ready-dev
	$(BIN)/python -m pytest -m "not services and not browser"

# Servers come from the environment: TEST_POSTGRES_URL, TEST_REDIS_URL, TEST_RABBITMQ_URL (defaults: localhost, standard ports).
services-test: .venv/ready-dev
	DATABASE_URL=$${TEST_POSTGRES_URL:-postgres://postgres@127.0.0.1:5432/postgres} $(BIN)/python -m pytest

lint: export SECRET_KEY = lint
lint: .venv/ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run

# All are measured, whichever misses its bar.
benchmark: .venv/ready-dev
	status=0; for benchmark in scale daam_overhead demo_maps demo_objects demo_speed; do \
		$(BIN)/python -m benchmarks.$$benchmark || status=1; \
	done; exit $$status
