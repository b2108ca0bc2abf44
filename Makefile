# Everything one does with the project.  The first target run makes `.venv`; after that it is quick.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help serve test proofs clients lint lint-infra lint-security bench faults mutants fuzz fuzz-doors fuzz-http storm replay requirements package deploy clean

# Any Python from 3.11 on will do; name another with `make PYTHON=…`.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null | grep True),$(p))) python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEPLOYED := $(wildcard app.py) chalicelib infra
CODE := $(DEPLOYED) tests

# Where it is set, each of the hundreds of processes that tests start would compile all anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# Installed by pip, and installs the rest: seconds where pip takes minutes.  It knows nothing of pip's
# settings but the index here; where it gets nothing, pip is asked.
UV := $(BIN)/uv
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
PIP := -m pip install --quiet --disable-pip-version-check --no-compile

# $(call install,environment,list)
define install
	@test -x $1/bin/python || $(PYTHON) -m venv $1
	@$(UV) pip install --quiet --python $1/bin/python --require-hashes -r $2 \
		|| $1/bin/python $(PIP) --require-hashes -r $2
endef

$(UV): infra/requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tessera needs Python 3.11 or later; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) --require-hashes -r $<
	@touch $@

$(READY): $(UV) requirements.txt requirements-dev.txt pyproject.toml
	@echo "Making $(VENV) from the pinned list with $(PYTHON): this once." >&2
	$(call install,$(VENV),requirements-dev.txt)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . \
		|| $(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m tests.set_up
	@touch $@

serve: $(READY) ## run the API on 127.0.0.1:$PORT (8000) with its state under .local/
	@exec $(BIN)/tessera serve $(ARGS)

# Long proofs, each in a process of its own: they share an engine, or wear it down.  The first ones
# take longest, for when several run at once.
APART := tests/faults tests/openapi tests/engine/test_storm.py tests/fuzz \
	tests/mutants/test_campaign.py
PROOFS := prove/deployed $(APART:%=prove/%)
.PHONY: $(PROOFS)

# A file's tests stay together: what they share, an engine say, is made once.
SHARED := -n auto --maxprocesses 4 --dist loadfile

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -m "not deployed" $(APART:%=--ignore=%) --ignore=tests/clients $(SHARED) $(ARGS)

proofs: $(PROOFS) ## run what `make test` leaves out: faults, fuzz, schemathesis, storm, deployment

# Functions run with the engine's own interpreter, which must have nothing of ours.
CLOUD := .venv-cloud

$(CLOUD)/.ready: $(UV) infra/requirements-cloud.txt
	$(call install,$(CLOUD),infra/requirements-cloud.txt)
	@touch $@

prove/deployed: $(READY) $(CLOUD)/.ready
	$(BIN)/python -m pytest -m deployed tests/infra

$(APART:%=prove/%): prove/%: $(READY)
	$(BIN)/python -m pytest $*

# Generators and linters of the API's document come from two registries: Node.js has to be there.
CLIENTS := build/clients

$(CLIENTS)/.ready: $(UV) tests/clients/package-lock.json tests/clients/requirements.txt
	@command -v npm > /dev/null || { echo "make clients needs Node.js 20 or later, with npm." >&2; exit 1; }
	mkdir -p $(CLIENTS)
	cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --loglevel=error
	$(call install,$(CLIENTS)/python,tests/clients/requirements.txt)
	@touch $@

clients: $(READY) $(CLIENTS)/.ready ## lint the API's document, and generate, compile and try clients
	$(BIN)/python -m pytest tests/clients

lint: $(READY) ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE) .ci/*.py
	$(BIN)/lint-imports

# The linters that bring a hundred distributions have an environment of their own.
LINT := .venv-lint

$(LINT)/.ready: $(UV) infra/requirements-lint.txt
	$(call install,$(LINT),infra/requirements-lint.txt)
	@touch $@

lint-infra: $(READY) $(LINT)/.ready ## check both templates with cfn-lint and checkov
	mkdir -p build/lint
	$(BIN)/python -m infra.data > build/lint/data.json
	$(BIN)/python -m infra.packaging --stage prod --template-only --out build/lint
	$(LINT)/bin/cfn-lint --append-rules cfn_lint_serverless.rules --template build/lint/*.json
	$(BIN)/python .ci/without_paths.py build/lint build/checkov
	LOG_LEVEL=ERROR $(LINT)/bin/checkov --framework cloudformation --directory build/checkov \
		--compact --quiet --skip-download

lint-security: $(READY) $(LINT)/.ready ## check the code with bandit and our own rules, and search for secrets
	$(LINT)/bin/bandit --quiet --configfile pyproject.toml --recursive $(DEPLOYED)
	$(LINT)/bin/python .ci/apply_rules.py $(DEPLOYED)
	$(BIN)/python .ci/find_secrets.py

bench: $(READY) ## measure, without judging
	$(BIN)/python -m tests.bench $(ARGS)

faults: N = 500
faults: $(READY) ## play N histories with faults, then every order of two workers: make faults N=10000
	$(BIN)/python -m tests.faults $(N) $(ARGS)

mutants: N = 600
mutants: $(READY) ## plant N mistakes where value and time move, list what the tests let live: make mutants ARGS='--seed 7'
	$(BIN)/python -m tests.mutants $(N) $(ARGS)

N ?= 1000000
fuzz: $(READY) ## send N bad requests in-process: make fuzz N=20000 ARGS='--seed 7'
	$(BIN)/python -m tests.fuzz --requests $(N) $(ARGS)

fuzz-doors: $(READY) ## fuzz every parser of strangers' bytes, guided by coverage: make fuzz-doors N=10000000
	$(call install,$(VENV),tests/fuzz/requirements-doors.txt)
	$(BIN)/python -m tests.fuzz.knocking --executions $(N) $(ARGS)

fuzz-http: $(READY) ## schemathesis with all checks over HTTP: make fuzz-http ARGS='--seconds 300'
	$(BIN)/python -m tests.openapi $(ARGS)

storm: $(READY) ## 50 clients on one member through a bad line: make storm ARGS='--operations 2000'
	$(BIN)/python -m tests.engine $(ARGS)

replay: $(READY) ## play the CDNOW purchases over HTTP: make replay ARGS='--limit 1000 --check'
	$(BIN)/tessera replay cdnow $(ARGS)

STAGE ?= dev

package: $(READY) ## make what Lambda runs: make package STAGE=prod
	$(BIN)/python -m infra.packaging --stage $(STAGE) $(ARGS)

deploy: $(READY) ## preview, confirm, deploy: make deploy STAGE=prod; back: RELEASE=…
	$(BIN)/python -m infra.deploy --stage $(STAGE) $(if $(RELEASE),--release $(RELEASE)) $(ARGS)

COMPILE := $(UV) pip compile --quiet --generate-hashes --no-header --python $(BIN)/python $(ARGS)

requirements: $(READY) ## compile the pinned lists anew
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	set -e; for list in infra/requirements-{cloud,lint,uv} tests/clients/requirements \
		tests/fuzz/requirements-doors tests/bench/requirements-rival; do \
		$(COMPILE) --output-file $$list.txt $$list.in; done

clean: ## remove what was made; .local/ (the server's state) stays
	rm -rf $(VENV) $(LINT) $(CLOUD) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
