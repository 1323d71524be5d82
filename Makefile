PYTHON = .venv/bin/python
# Who waited in vain is tried once more and named; who saw something wrong is not (ADR 0045).
PYTEST = $(PYTHON) -m pytest --durations=15 --durations-min=2 -rR --reruns=1 --only-rerun=NotInTime --only-rerun=TimeoutError
SYSTEM = CONCLAVE_TEST_TLS=$(TLS) $(PYTEST) tests
CHECK_STATE = var/check
TLS ?= $(CONCLAVE_TLS)

# The longest first.
SIDE_BY_SIDE = test-attacks test-browser test-quick test-system test-deaths check test-provider

.PHONY: run test $(SIDE_BY_SIDE) test-alone lock

run: ## The whole system on this machine, until Ctrl-C; TLS=1: by HTTPS
	@deploy/setup.sh run
	@CONCLAVE_TLS=$(TLS) $(PYTHON) -m config.embedded up

test: ## Static checks, both sites' tests, real browsers and media servers; TLS=1: by HTTPS
	@deploy/setup.sh test
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target $(SIDE_BY_SIDE); side_by_side=$$?; \
	$(MAKE) --no-print-directory test-alone && exit $$side_by_side

test-provider:
	@$(PYTEST) tests/provider --ds=config.settings.provider

test-quick: ## What needs neither the running system nor a browser
	@$(PYTEST) tests --part=quick

test-system: ## What needs the running system and no browser
	@$(SYSTEM) --part=system

test-browser: ## What needs a browser
	@$(SYSTEM) --part=browser --only-rerun='(Locator|Page) expected'

test-attacks: ## What attacks a browser's page
	@$(SYSTEM) --part=attacks

test-deaths: ## Three browsers in a conference while every process dies in turn
	@$(SYSTEM) --part=deaths

test-alone: ## What measures the running system's seconds: nothing else should run
	@$(SYSTEM) --part=alone

check: ## What can be told without running anything
	$(PYTHON) -m ruff check --quiet .
	$(PYTHON) -m ruff format --quiet --check .
	@$(PYTHON) -m tests.scratch_state $(CHECK_STATE)
	CONCLAVE_STATE=$(CHECK_STATE) $(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	npm run --silent types

lock: ## Pin the dependencies anew
	@deploy/lock.sh
