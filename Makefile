# Everything runs in .venv, made from the pinned set in constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# `make` alone shows that everything works
.DEFAULT_GOAL := demo
.PHONY: install demo test check scripts bench clean

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/avel synth demo/data --videos 84 --noisy 0 --seed 20261121 --only-test 6
	$(BIN)/avel localize demo/data/AVE --model synthetic --truth demo/data --out demo/results
	@echo "open demo/results/*.html in a browser"

test: check
	@command -v chromium >/dev/null || echo "no browser: pages are not tested; apt-get install chromium"
	$(BIN)/python -m pytest -n 2

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p avel -m tests.api.typed

# the pages' scripts, whose types are in comments; needs npm, nothing else does
TSC := npx --yes -p typescript@5 tsc --allowJs --checkJs --noEmit --strict --noUncheckedIndexedAccess \
	--target es2022 --lib es2022,dom,dom.iterable
SCRIPT = $(addprefix pipeline/report/,$(addsuffix .js,$(1)))
SERVED = $(addprefix pipeline/server/,$(addsuffix .js,$(1)))
VIDEO = looks times data tracks blocks lanes list player overlay pointer page
SHARED = ask words live changes teach
scripts:
	$(TSC) $(call SCRIPT,$(VIDEO))
	$(TSC) $(call SCRIPT,looks times data index)
	$(TSC) $(call SCRIPT,looks times data still)
	$(TSC) $(call SCRIPT,looks times data) $(call SERVED,$(SHARED) upload choose card home)
	$(TSC) $(call SCRIPT,$(VIDEO)) $(call SERVED,$(SHARED) draft combobox grips frame form keep editor video)

# the notebook is kept in the tree, the reference is not
docs: $(STAMP)
	$(BIN)/python docs/make_tour.py
	$(BIN)/python docs/make_reference.py build/reference
	@echo "open build/reference/index.html in a browser"

bench: $(STAMP)
	$(BIN)/python -m benchmarks.decode
	$(BIN)/python -m benchmarks.cache
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.structure

# Strict editable mode: mypy cannot follow the mapped folders through an import hook.
$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]" --config-settings editable_mode=strict
	touch $@

clean:
	rm -rf $(VENV) demo build *.egg-info
