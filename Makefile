.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit integration conformance soak alerts longest stack stack-stop setup install servers oldest-servers
NODE := node_modules/.bin/node
# Hundreds of processes load the same modules: each after the first finds them compiled.
export NODE_COMPILE_CACHE := $(CURDIR)/.cache/compiled

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: setup ## Show it all on real servers and 36,000 films; ONCE=1 ends by itself
	@$(NODE) dev/demo/main.ts

# Elasticsearch lives for minutes here: compiling well costs it more than it gains.
test: export JAVA_TOOL_OPTIONS := -XX:TieredStopAtLevel=1
test: install ## Lint, types, unit tests, and integration tests on real servers; PG=14 ES=8 on these versions alone
	@echo 'Linting, checking types, testing without servers, and fetching what is missing of the servers …'
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target lint types unit servers
	@$(MAKE) --no-print-directory --jobs=2 integration $(if $(PG)$(ES)$(DECODER),,oldest-servers)
	@$(if $(PG)$(ES)$(DECODER),,$(MAKE) --no-print-directory conformance)

lint types:
	@npm run --silent $@

unit integration conformance:
	@npm run --silent test:$@

soak: setup ## Random faults for MINUTES=30, then random changes of schemas and definitions for as long, comparing every document
	@npm run --silent soak

alerts: setup ## Have Prometheus scrape a service in one fault after another: each alert fires in its own alone
	@npm run --silent alerts

longest: setup ## Documents that are longer than Node or Postgres can hold (takes 5 GB of memory)
	@npm run --silent longest

stack: setup ## Start Postgres, Redis and Elasticsearch in the background
	@$(NODE) dev/stack/main.ts start

stack-stop: setup ## Stop what `make stack` started
	@$(NODE) dev/stack/main.ts stop

setup: install servers ## Install and fetch what all of these need, once

install:
	@sh dev/bootstrap.sh

servers: install
	@$(NODE) dev/stack/prepare.ts

# Those of the conformance tests.
oldest-servers: install
	@PG=14 ES=8 $(NODE) dev/stack/prepare.ts
