.DEFAULT_GOAL := help
.PHONY: help demo test lint types soak alerts stack stack-stop setup
NODE := node_modules/.bin/node
# Hundreds of processes load the same modules: each after the first finds them compiled.
export NODE_COMPILE_CACHE := $(CURDIR)/.cache/compiled

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: setup ## Show it all on real servers and 36,000 films; ONCE=1 ends by itself
	@$(NODE) dev/demo/main.ts

# Elasticsearch lives for minutes here: compiling well costs it more than it gains.
test: export JAVA_TOOL_OPTIONS := -XX:TieredStopAtLevel=1
test: setup ## Lint, types, unit tests, and integration tests on real servers; PG=14 ES=8 on these versions alone
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint types
	@npm test --silent
	@$(if $(PG)$(ES)$(DECODER),,npm run --silent test:conformance)

lint types:
	@npm run --silent $@

soak: setup ## Random edits and random faults for MINUTES=30, comparing every document with its rows
	@npm run --silent soak

alerts: setup ## Have Prometheus scrape a service in one fault after another: each alert fires in its own alone
	@npm run --silent alerts

stack: setup ## Start Postgres, Redis and Elasticsearch in the background
	@$(NODE) dev/stack/main.ts start

stack-stop: setup ## Stop what `make stack` started
	@$(NODE) dev/stack/main.ts stop

setup: ## Install and fetch what all of these need, once
	@sh dev/bootstrap.sh && $(NODE) dev/stack/prepare.ts
