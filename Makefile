# auscult: the commands. `make run` and `make test` set up what they need (scripts/bootstrap.py).
#   PYTHON=python3.12   the Python to make .venv with
#   ARGS="..."          arguments for the program behind the target
#   FULL=1              `make run` with the heavy models (deep, forecast, boost) too

PYTHON ?= python3
ARGS ?=
BOOTSTRAP = $(PYTHON) scripts/bootstrap.py
BIN = .venv/bin

.DEFAULT_GOAL = help
.PHONY: help run test check bench campaign services

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## show auscult against soundstage, a living miniature platform
	@$(BOOTSTRAP) $(if $(FULL),full,run)
	@$(if $(FULL),,echo "auscult: base and audio; 'make run FULL=1' adds the heavy models (deep, forecast, boost)" >&2)
	@$(BIN)/soundstage show $(ARGS)

test: ## every test but the campaigns
	@$(BOOTSTRAP) test
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),scripts/test.sh)

check: ## format, lint, types, import contracts, house rules
	@$(BOOTSTRAP) test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -q tests/test_house.py tests/test_house_docs.py

bench: ## measure; one line "name value unit floor goal" each; fails below a floor
	@$(BOOTSTRAP) test
	@$(BIN)/python -m tests.benchmarks $(ARGS)

campaign: ## long seeded campaigns (hours)
	@$(BOOTSTRAP) test
	@$(BIN)/python -m pytest -m campaign --timeout 7200 $(ARGS)

services: ## install the Debian packages that integration tests start; no daemon stays
	@scripts/services.sh
