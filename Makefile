PYTHON = .venv/bin/python
PYTEST = $(PYTHON) -m pytest --durations=15 --durations-min=2
CHECK_STATE = var/check
TLS ?= $(CONCLAVE_TLS)

.PHONY: run test test-provider test-quick test-deaths check lock

run: ## The whole system on this machine, until Ctrl-C; TLS=1: by HTTPS
	@deploy/setup.sh run
	@CONCLAVE_TLS=$(TLS) $(PYTHON) -m config.embedded up

test: ## Static checks, both sites' tests, real browsers and media servers; TLS=1: by HTTPS
	@deploy/setup.sh test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check test-provider test-quick
	@CONCLAVE_TEST_TLS=$(TLS) $(PYTEST) tests --part=system

test-provider:
	@$(PYTEST) tests/provider --ds=config.settings.provider

test-quick: ## What needs neither the running system nor a browser
	@$(PYTEST) tests --part=quick

test-deaths: ## Three browsers in a conference while every process dies in turn; some minutes, on a machine that does nothing else
	@$(PYTEST) tests --part=deaths

check: ## What can be told without running anything
	$(PYTHON) -m ruff check --quiet .
	$(PYTHON) -m ruff format --quiet --check .
	@$(PYTHON) -m tests.scratch_state $(CHECK_STATE)
	CONCLAVE_STATE=$(CHECK_STATE) $(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	npm run --silent types

lock: ## Pin the dependencies anew
	@deploy/lock.sh
