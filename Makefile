# The commands of this repository. Each calls one script; what it does stands at the script's head.
# Flags for the program: make run ARGS="--addr 127.0.0.1:8080"

.DEFAULT_GOAL := help
.PHONY: help run demo build test check dev bench soak fuzz-api deny screenshots setup clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and serve at http://127.0.0.1:3000, with its data in ./data
	@scripts/run.sh serve $(ARGS)

demo: ## The same with the demo company in it
	@scripts/run.sh demo $(ARGS)

build: ## Build what the image holds into dist/
	@scripts/build.sh

test: ## Everything: Rust, both databases, the image's run, the browser
	@scripts/test.sh

check: ## The fast loop: format, lints, house rules, engines
	@scripts/check.sh

dev: ## Serve from the sources and rebuild on every change
	@scripts/dev.sh

bench: ## Run the benchmarks
	@scripts/bench.sh

soak: ## Crashes, full disks, clocks that leap and slow clients, for long
	@scripts/soak.sh

fuzz-api: ## Ask the API 10,000 times as each role; ARGS=SEED for another run
	@scripts/fuzz-api.sh $(ARGS)

deny: ## Check the licences, sources and known faults of what is compiled in; ARGS="licenses bans sources" without network
	@scripts/deny.sh $(ARGS)

screenshots: ## Take the screenshots of every page
	@scripts/screenshots.sh

setup: ## Install what building and testing need, and nothing else
	@scripts/setup.sh test

clean: ## Remove what was built here; ARGS=--cache also what lies in the cache
	@scripts/clean.sh $(ARGS)
