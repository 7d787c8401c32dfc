# Everything a newcomer needs: `make run` and `make test`. `make help` tells the rest.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
# The first Python that is new enough, unless PYTHON names one.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)

PYTHON_CLIENT := clients/python
TYPESCRIPT_CLIENT := clients/typescript

.PHONY: help run test check docs plans mutants format sandbox migrate bench clients mock lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN)/.run ## serve on :8000 with a database of its own; settings come from the environment
	@exec $(BIN)/tripsync serve $(ARGS)

test: $(BIN)/.dev $(PYTHON_CLIENT)/tripsync_client/generated/messages.py ## run the whole suite against a real PostgreSQL; ARGS go to pytest
	@$(BIN)/python -m pytest $(ARGS)

check: $(BIN)/.dev docs ## lint, formatting, types, the API documents, links, every query and migration
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.linters
	@$(BIN)/tripsync sql check
	@$(BIN)/tripsync migrate --check

docs: $(BIN)/.dev ## build docs/ as a site with a search, and check its links; see build/guide/index.html
	@$(BIN)/sphinx-build --fail-on-warning --fresh-env --quiet --jobs auto -c docs/site -d build/guide.cache . build/guide
	@echo "build/guide/index.html"

plans: $(BIN)/.dev ## plan every query on a database of a thousand riders; none may read a whole table
	@$(BIN)/tripsync sql explain --all --seeded $(ARGS)

format: $(BIN)/.dev ## put the code into its one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

sandbox: $(BIN)/.run ## serve a database full of riders, with tokens that never change
	@exec $(BIN)/tripsync sandbox

migrate: $(BIN)/.run ## bring the schema of DATABASE_URL (or the embedded database) up to date
	@$(BIN)/tripsync migrate $(ARGS)

mutants: $(BIN)/.dev ## break queries and rules one place at a time, and see whether a test notices
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(BIN)/.dev ## measure it beside references; eight minutes; writes docs/explanation/speed.md
	@$(BIN)/python -m tests.bench $(ARGS)

clients: $(PYTHON_CLIENT)/tripsync_client/generated/messages.py ## build what others install, into dist/
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist $(PYTHON_CLIENT) > /dev/null
	@ls dist/tripsync_client-*.whl
	@$(BIN)/python -m tests.clients.typescript
	@$(BIN)/python -m tests.clients.postman

mock: $(BIN)/.dev ## answer with the examples of the API's document, on :4010, without a database
	@exec $(BIN)/python -m tests.clients.mock $(ARGS)

# It has an environment of its own: its generator and pgqueuer want different versions of typer.
$(PYTHON_CLIENT)/.venv/.done: $(PYTHON_CLIENT)/requirements.lock $(BIN)/.dev
	@$(BIN)/python -m venv --clear $(PYTHON_CLIENT)/.venv
	@$(BIN)/python install.py $< $(PYTHON_CLIENT)/.venv/bin/python
	@touch $@

$(PYTHON_CLIENT)/tripsync_client/generated/messages.py: $(PYTHON_CLIENT)/.venv/.done \
		$(PYTHON_CLIENT)/generate.py $(PYTHON_CLIENT)/generator.yaml docs/reference/openapi.json docs/reference/asyncapi.json
	@$(PYTHON_CLIENT)/.venv/bin/python $(PYTHON_CLIENT)/generate.py docs/reference $(PYTHON_CLIENT)

# What is asked for and needed by none of what we call: numpy (60 MB) by rustworkx, Django by the
# wheel that carries the pages' scripts.
NOT_NEEDED := numpy django asgiref
lock: $(BIN)/.dev ## bring the two lock files up to setup.cfg; ARGS=--upgrade takes newer versions
	@$(BIN)/uv pip compile setup.cfg --universal --python-version 3.11 --generate-hashes --quiet \
		--no-header --no-emit-index-url --no-emit-find-links $(NOT_NEEDED:%=--no-emit-package=%) \
		$(ARGS) -o requirements.lock
	@$(BIN)/uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--no-header --no-emit-index-url --no-emit-find-links $(NOT_NEEDED:%=--no-emit-package=%) \
		$(ARGS) -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile $(PYTHON_CLIENT)/pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --quiet --no-header --no-emit-index-url --no-emit-find-links \
		$(ARGS) -o $(PYTHON_CLIENT)/requirements.lock

clean: ## remove the environment and everything that was built; data under var/ stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	rm -rf $(PYTHON_CLIENT)/.venv $(PYTHON_CLIENT)/build $(PYTHON_CLIENT)/*.egg-info $(PYTHON_CLIENT)/tripsync_client/generated tests/linters/node_modules
	rm -rf $(TYPESCRIPT_CLIENT)/node_modules $(TYPESCRIPT_CLIENT)/dist $(TYPESCRIPT_CLIENT)/src/generated clients/postman/node_modules clients/mock/node_modules

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "TripSync needs Python 3.11 or later; install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made; on Debian: apt install python3-venv" >&2; exit 1; }

$(BIN)/.run: $(BIN)/python install.py requirements.lock setup.cfg setup.py pyproject.toml
	@$(BIN)/python install.py requirements.lock
	@touch $@

$(BIN)/.dev: $(BIN)/.run requirements-dev.lock
	@$(BIN)/python install.py requirements-dev.lock
	@touch $@
