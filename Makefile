# One target for each thing a person does. `make` alone lists them.

# The first Python for which all libraries come compiled; name another with PYTHON=...
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$name"; exit; }; done; echo python3)
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
PYTEST := -n auto --maxprocesses 4 --dist loadgroup
# HOST and PORT given to make, on its command line or in the environment, reach the server.
export HOST PORT

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check lint types migrations pytest bench bench-chat format messages lock clean proofs

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: ## Build .venv from the lock (does nothing when it is up to date)
	@command -v $(PYTHON) >/dev/null || { echo "MemoryOS needs Python 3.11 to 3.13: install one first." >&2; exit 1; }
	@$(PYTHON) .ci/install.py requirements.txt

install-dev:
	@command -v $(PYTHON) >/dev/null || { echo "MemoryOS needs Python 3.11 to 3.13: install one first." >&2; exit 1; }
	@$(PYTHON) .ci/install.py requirements-dev.txt

run: install ## Run MemoryOS: database, web server and background jobs (HOST, PORT)
	@exec $(MANAGE) serve

test: install-dev check pytest ## Everything a change has to pass: lint, types, migrations, tests

check: lint types migrations

lint: install-dev ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install-dev ## Check types
	$(BIN)/mypy

migrations: install-dev
	DJANGO_SETTINGS_MODULE=tests.settings $(MANAGE) makemigrations --check --dry-run

pytest: install-dev ## Run the tests only (ARGS="-k recall")
	$(BIN)/python -m pytest -m "not proof" $(PYTEST) $(ARGS)

proofs: install-dev ## Run the slow tests: killed processes, load, the evaluation commands, some minutes
	$(BIN)/python -m pytest -m proof $(PYTEST) $(ARGS)

bench: install ## Measure memory beside a million pages, the dashboard, the chat, a quarter of an hour (ARGS="--pages 1000")
	@$(MANAGE) bench $(ARGS)
	@$(MANAGE) bench_dashboard
	@$(MANAGE) bench_files
	@$(MANAGE) bench_chat

bench-chat: install ## Measure the chat only, three minutes (ARGS="--answers 20")
	@$(MANAGE) bench_chat $(ARGS)

format: install-dev ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

messages: install-dev ## Bring the catalogues in locale/ up to date with the sources (needs GNU gettext)
	$(MANAGE) makemessages --all --domain django $(MESSAGES)
	$(MANAGE) makemessages --all --domain djangojs $(MESSAGES)
	$(MANAGE) compilemessages --ignore .venv --ignore var

MESSAGES := --add-location file --no-wrap --no-obsolete --ignore .venv --ignore var --ignore tests --ignore staticfiles

lock: install-dev ## Renew the locked versions within the bounds of pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --upgrade $(LOCK) --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --upgrade $(LOCK) --extra dev --constraint requirements.txt \
		--output-file requirements-dev.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

clean: ## Remove what was built and cached; keeps var/, where the data is
	rm -rf .venv .venv.lock .mypy_cache .pytest_cache .ruff_cache .coverage htmlcov staticfiles
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
