# make demo: the main job on a synthetic recording, result in build/demo
# make test: everything that must hold
# make results: the estimates of docs/results.md, the pictures beside them
# make bench: all methods on synthetic recordings, and on those in the folder that RECORDINGS names:
#   docs/benchmarks.md with its picture, the picture book and JSON in build/bench
# make fuzz: a million damaged captures, COUNT=… others, SEED=… of another kind
# Each makes a virtual environment in .venv first. PYTHON=… picks another interpreter.

PYTHON ?= python3
VENV := .venv
RECORDINGS ?=
COUNT ?= 1000000
SEED ?= 0
BIN := $(VENV)/bin

.PHONY: demo test results bench fuzz check-tools clean
.DELETE_ON_ERROR:

demo: $(VENV)/.sim
	$(BIN)/probecodec demo --force --out build/demo

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

results: $(VENV)/.dev
	$(BIN)/probecodec estimate --all --force --markdown docs/results.md --pictures build/results
	cp build/results/energy-per-sample.svg docs/
	$(BIN)/python -m probecodec.estimate.growth --force docs/cost.png

bench: $(VENV)/.bench
	mkdir -p build/bench
	$(BIN)/probecodec bench --synthetic $(RECORDINGS) --force --markdown docs/benchmarks.md \
		--html build/bench/book.html --json build/bench/bench.json

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.host.fuzz --count $(COUNT) --seed $(SEED)

check-tools:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found; install it: apt-get install python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module was not found; install it: apt-get install python3-venv" >&2; exit 2; }
	@for tool in g++ perl; do command -v $$tool >/dev/null || { echo "$$tool was not found; install it: apt-get install $$tool" >&2; exit 2; }; done

# One environment, grown by the extras that a target needs.
$(VENV)/.%: pyproject.toml | check-tools
	@echo "Installing the extra '$*' into $(VENV): this takes a minute or two."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) build
