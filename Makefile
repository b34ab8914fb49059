# `make demo` and `make test` need nothing but Python 3.11 or later and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
BIN = .venv/bin
MANAGE = $(BIN)/python manage.py
PACKAGES = generation annotations evaluation daamweb

# What a failed command wrote does not count as made.
.DELETE_ON_ERROR:
.PHONY: demo dev format check test-fast test coverage database-test server-test services-test fault-test lint messages benchmark

# Python compiles what is imported when it is; to compile all of it takes as long as the rest.
PIP_INSTALL = $(BIN)/pip install --quiet --no-compile --requirement

.venv/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("daamweb needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt .venv/ready
	$(PIP_INSTALL) requirements-dev.txt
	touch $@

# HTTPS_ONLY is off because the demo is reached over plain HTTP on this machine.
.env:
	umask 077 && $(PYTHON) -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(50)); print("HTTPS_ONLY=False")' > $@

# A shell between make and what runs the processes would keep the SIGTERM that make passes on to itself: exec.
demo: .venv/ready .env
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) collectstatic --no-input --verbosity 0
	$(MANAGE) demo --port $(PORT)
	exec env PORT=$(PORT) $(BIN)/python -m daamweb.processes Procfile

# The same processes, begun anew when a source changes: the site by Django's own server, the others by watchfiles.
dev: .venv/ready-dev .env
	$(MANAGE) migrate --verbosity 0
	exec env DEBUG=True PORT=$(PORT) $(BIN)/python -m daamweb.processes Procfile.dev

format: .venv/ready-dev
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format
	$(BIN)/ruff check

# What to run before a commit.
check: lint test-fast

# Two processes; a file's tests stay together, since some share what takes long to make.
PYTEST = $(BIN)/python -m pytest
PARALLEL = -n 2 --dist loadfile --no-loadscope-reorder
ALONE = not services and not browser

# While a change is written: all but what tests/slow.py names. Tables are made without migrations.
test-fast: .venv/ready-dev
	$(PYTEST) $(PARALLEL) --no-migrations -m "not slow and $(ALONE)"

test: .venv/ready-dev
	$(PYTEST) $(PARALLEL) -m "$(ALONE)"

# The same, and how much of each package's branches it went through.
coverage: .venv/ready-dev
	mkdir -p var
	$(PYTEST) $(PARALLEL) -m "$(ALONE)" --cov --cov-report=
	@for package in $(PACKAGES); do \
		printf '%-12s %5s %% of lines and branches\n' $$package $$($(BIN)/coverage report --include "$$package/*" --format total); \
	done

# Servers come from the environment: TEST_POSTGRES_URL, TEST_REDIS_URL, TEST_RABBITMQ_URL (defaults: localhost, standard ports).
database-test server-test services-test: export DATABASE_URL = $(or $(TEST_POSTGRES_URL),postgres://postgres@127.0.0.1:5432/postgres)
# What `make test` runs and what touches a database, on PostgreSQL. All pages are visited there by
# tests/test_permissions.py; how many queries they make and where their links lead is the same on every database.
ON_ANY_DATABASE = tests/test_every_page.py tests/test_addresses.py
database-test: .venv/ready-dev
	$(PYTEST) $(PARALLEL) --no-migrations -m "django_db and $(ALONE)" $(ON_ANY_DATABASE:%=--ignore %)

# What needs real servers, processes or a browser, and waits for them most of the time. Crowds take the whole machine.
CROWDS = tests/annotations/test_crowd.py tests/door/test_slow_clients.py
server-test: .venv/ready-dev
	$(PYTEST) $(PARALLEL) -n 3 -m "services or browser" $(CROWDS:%=--ignore %)
	$(PYTEST) -m "services or browser" $(CROWDS)

services-test: .venv/ready-dev
	$(PYTEST) $(PARALLEL) -m "$(ALONE)"
	$(MAKE) server-test

# A demo of its own is left running while its workers are killed, its broker is damaged and its clock is moved. Needs Linux
# and a C compiler, for that clock.
MINUTES ?= 10
fault-test: .venv/ready-dev
	$(BIN)/python -m benchmarks.faults --minutes $(MINUTES)

lint: export SECRET_KEY = lint
lint: .venv/ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run

# Collects what annotators' pages say, and compiles what translators made of it (docs/languages.md). Needs GNU gettext.
messages: export SECRET_KEY = messages
messages: .venv/ready-dev
	$(MANAGE) makemessages --locale de --locale es --locale zh_Hans --no-wrap --no-location --no-obsolete \
		--ignore .venv --ignore admin --ignore tests --ignore benchmarks --ignore var --verbosity 0
	sed --in-place '/^"POT-Creation-Date: /d' locale/*/LC_MESSAGES/django.po
	$(MANAGE) compilemessages --verbosity 0

# All are measured, whichever misses its bar.
benchmark: .venv/ready-dev
	status=0; for benchmark in rating_load hall broker_load scale growth daam_overhead demo_maps demo_objects demo_speed displays; do \
		$(BIN)/python -m benchmarks.$$benchmark || status=1; \
	done; exit $$status
