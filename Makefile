# make run, make test: both set up the environment first, once.
# DATA (a path, "synthetic" or "auto"), PROFILE (smoke, cpu, gpu), RUN (a folder), ARGS (more).

PYTHON ?= python3
# Not ?=: these names are too common to be taken from the environment.
DATA = auto
PROFILE = auto
RUN = auto
ARGS =
PORT = 8000
MINUTES = 10
BIN := .venv/bin
PIP := --disable-pip-version-check --no-warn-script-location --root-user-action=ignore
# A test keeps one core busy, and each process that has TensorFlow some GB.
WORKERS = -n auto --maxprocesses 4
# The processes share the cores: with threads for each, scikit-learn takes five times as long.
# Not for the notebooks: neighbours at equal distances, and so ADASYN's counts, follow the threads.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest
# Of the rooms that lie in another, those for users; the first pattern leaves out what has --help.
API = fer_utils '!fer_utils\.(cli|commands|plain_errors)' '!fer_utils\.\w+\.' \
  $(addprefix fer_utils.,augment.bank augment.layers $(addprefix datasets.,ckplus \
  facial_expressions fer2013 ferplus folder sequences synthetic)) '!fer_utils\.\w+\.\w+\.'
API_DIR = build/api
RUN_ARGS = --data "$(DATA)" --profile "$(PROFILE)" --run "$(RUN)" $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup run submission test test-all fuzz coverage mutants lint api notebooks web web-build browser lock licences audit bench clean clean-runs

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready  ## virtual environment with the pinned dependencies; nothing to do the second time

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}: make PYTHON=python3.12 setup")'
	@echo "setting up .venv (some minutes, the first time only)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install $(PIP) -r requirements.lock
	@$(BIN)/python -m pip install $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

run: setup  ## the suite from data to submission; DATA=/path PROFILE=cpu for real data
	@$(BIN)/python -m fer_utils run $(RUN_ARGS)

submission: setup  ## the shortest way to a CSV: what the submission needs, nothing else
	@$(BIN)/python -m fer_utils run --only 18_write_submission $(RUN_ARGS)

test: setup lint  ## all that must hold: ruff, mypy, pytest on both backends, nbval over the notebooks
	@$(PYTEST) $(WORKERS) --dist loadfile
	@KERAS_BACKEND=jax $(PYTEST) -m "backend and not slow" $(WORKERS) --dist loadfile
	@$(BIN)/python -m fer_utils run --data synthetic --profile smoke
	@$(BIN)/python -m pytest --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg notebooks $(WORKERS) --dist loadscope

test-all: test  ## the slow rest too: the large networks on both backends
	@$(PYTEST) -m slow
	@KERAS_BACKEND=jax $(PYTEST) -m "backend and slow"

fuzz: setup  ## spoilt files for each reader, MINUTES=10 each; ARGS="-k csv" for one
	@FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest tests/test_fuzz.py -s -p no:xdist $(ARGS)

coverage: setup  ## how many of the package's lines the fast tests reach, at least 90%; ARGS=tests/test_x.py for parts
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html $(WORKERS) --dist loadfile $(ARGS)

# One OpenMP thread: with more, scikit-learn hangs in mutmut's forks, which would look like noticing.
mutants: setup  ## change three rooms in thousands of small ways: the tests must notice at least 85%
	@$(BIN)/python -m pip install $(PIP) --quiet "mutmut>=3.8"
	@rm -rf mutants
	@OMP_NUM_THREADS=1 $(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results --all true | awk -F '[.:] *' ' \
	  {all[$$2]++; if ($$NF ~ /killed|timeout/) found[$$2]++} \
	  END {for (room in all) {share = 100 * found[room] / all[room]; low += share < 85; \
	    printf "%-10s %4d of %4d noticed, %.1f%%\n", room, found[room], all[room], share}; exit low > 0}'
	@echo "the others: $(BIN)/mutmut results; what one is: $(BIN)/mutmut show NAME"

lint: setup  ## ruff's checks and formatting, mypy's types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --no-error-summary --cache-dir=/dev/null

api: setup  ## the package's reference as HTML, from its docstrings, in build/api
	@KERAS_BACKEND=numpy $(BIN)/pdoc -d google --no-show-source -t docs/api -o "$(API_DIR)" $(API)
	@echo "$(API_DIR)/fer_utils.html"

notebooks: setup  ## run the suite on synthetic faces and put its outputs into notebooks/
	@$(BIN)/python -m fer_utils run --data synthetic --profile smoke
	@$(BIN)/python -m fer_utils outputs

web:  ## build the web page and serve it, to this machine alone; PORT=8000
	@$(PYTHON) -c 'import socket, sys; t = "$(PORT)"; p = int(t) if t.isdigit() else 0; sys.exit(f"no port {t}: give 1024 to 65535" if not 1024 <= p <= 65535 else f"port {p} is in use: make web PORT={p + 1}" if socket.socket().connect_ex(("127.0.0.1", p)) == 0 else 0)'
	@$(MAKE) --no-print-directory web-build
	@echo "http://localhost:$(PORT)/ (Ctrl-C ends it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory webapp/dist $(PORT)

web-build: setup webapp/model/model.json webapp/detector/full.onnx  ## the web page with the network "small", in webapp/dist
	@cd webapp && npm run --silent build

webapp/model/model.json: fer_utils/weights/small.npz fer_utils/weights/small.md $(wildcard fer_utils/export/*.py) fer_utils/sentences.py fer_utils/labels.py fer_utils/faces/crops.py | setup
	@$(BIN)/python -m fer_utils export small webapp/model

webapp/detector/full.onnx: webapp/detector.py webapp/node_modules/.ready | setup
	@$(BIN)/python webapp/detector.py webapp/detector

webapp/node_modules/.ready: webapp/package.json webapp/package-lock.json
	@sh webapp/install.sh node npm
	@cd webapp && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

browser: web-build  ## what the web page's tests need: node, Chromium, the built page
	@sh webapp/install.sh chromium

lock: setup  ## pin the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

licences: setup  ## docs/licences.md's tables: the licence of each pinned package
	@$(BIN)/python docs/licences.py

audit:  ## known vulnerabilities of the pinned packages, as PyPI and npm know them; needs the network
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install $(PIP) --quiet pip-audit
	@build/audit/bin/pip-audit -r requirements.lock --no-deps --disable-pip --strict; pip=$$?; \
	  cd webapp && npm audit && exit $$pip

bench: setup  ## speed beside what people use today, into docs/results/performance.md; on a quiet machine
	@$(BIN)/python benchmarks/performance.py

clean:  ## remove caches and the built page; .venv and runs stay
	rm -rf .pytest_cache .ruff_cache .coverage* htmlcov mutants build/api webapp/dist webapp/model webapp/detector

clean-runs:  ## remove runs/, all that was trained: perhaps hours of work
	rm -rf runs
