# Every target makes the virtual environment it needs: uv where it is found, else venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
DEMO_STATE := $(CURDIR)/.demo

.PHONY: demo test check bench bench-more torture soak pictures lock clean

demo: $(VENV)/.runtime
	@sh sample_data/demo.sh $(BIN)/orderdrop "$(DEMO_STATE)"

test: $(VENV)/.dev
	$(BIN)/pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Writes docs/performance.md; with SIZE=small everything runs once, briefly, and nothing is written.
bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench

# Single parts: starts cold and warm, the marketplace itself, ledger, reading, writing, dropping.
bench-more: $(VENV)/.dev
	$(BIN)/python -m tests.bench.starting
	$(BIN)/python -m tests.bench.marketplace
	$(BIN)/python -m tests.bench.ledger
	$(BIN)/python -m tests.bench.reading
	$(BIN)/python -m tests.bench.reconciling
	$(BIN)/python -m tests.bench.dropping

# Kills runs, lets faults rage, compares the books; without SEED it draws one and prints it.
KILLS ?= 1000
torture: $(VENV)/.dev
	$(BIN)/python -m tests.torture --kills $(KILLS) $(if $(SEED),--seed $(SEED))

# Drops workbooks in every way and kills the watcher meanwhile, then compares the books.
MINUTES ?= 30
soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# The pictures in docs/, of what is given back; needs LibreOffice and pdftoppm.
pictures: $(VENV)/.dev
	$(BIN)/python -m tests.pictures

# Exact versions and hashes, for every platform, without addresses.
lock: $(VENV)/.made
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --extra dev -c requirements.lock \
	  pyproject.toml -o requirements-dev.lock

ifdef UV
$(VENV)/.made:
	uv venv -q --python $(PYTHON) $(VENV) && touch $@
INSTALL = uv pip install -q --python $(BIN)/python
COMPILED = --compile-bytecode
else
$(VENV)/.made:
	$(PYTHON) -m venv $(VENV) && touch $@
INSTALL = $(BIN)/python -m pip install -q --disable-pip-version-check
COMPILED = --compile
endif

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	$(INSTALL) $(COMPILED) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(INSTALL) $(COMPILED) --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) $(DEMO_STATE)
