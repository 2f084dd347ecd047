# Every target installs what it needs into $(VENV) first; nothing is installed again until the pins change.

VENV ?= .venv
BIN := $(VENV)/bin
PINS := pyproject.toml constraints.txt .ci/setup.sh
# Waiting threads of torch must not spin: rendering workers share the cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: evolve test check bench bench-learning bench-render bench-envs bench-spatial seed setup
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make evolve          watch a model improve itself;  ARGS='--resume runs/NAME' continues"
	@echo "make test            all tests;  ARGS='-k canvas' picks some"
	@echo "make check           ruff, mypy, import-linter"
	@echo "make seed            make the embedded model's warm-up anew"
	@echo "make bench           every benchmark;  make bench-learning, bench-render, bench-envs, bench-spatial: one"
	@echo "make setup           install only"

evolve: $(VENV)/.installed-train
	$(BIN)/zerosight evolve $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	@# mypy knows a package by its folder's name, which for a clone can be anything.
	@mkdir -p .mypy_cache/named && ln -sfn ../.. .mypy_cache/named/zerosight
	$(BIN)/mypy -p zerosight
	$(BIN)/lint-imports

bench: bench-learning bench-render bench-envs bench-spatial

bench-render: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.rendering $(ARGS)

bench-envs: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.worlds $(ARGS)

bench-spatial: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.spatial $(ARGS)

bench-learning: $(VENV)/.installed-train
	$(BIN)/python -m zerosight.benchmarks.learning $(ARGS)

seed: $(VENV)/.installed-train
	$(BIN)/python -m zerosight.train.make_seed $(ARGS)

setup: $(VENV)/.installed-dev

$(VENV)/.installed-train: $(PINS)
	.ci/setup.sh $(VENV) train

$(VENV)/.installed-dev: $(PINS)
	.ci/setup.sh $(VENV) train,spatial,dev
