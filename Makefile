# The targets of the project; `make help` lists them. Everything that needs more than a line is a script.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Arguments of the demo, for instance ARGS="--once --scale 0.1"
ARGS ?=
# What to test, for instance PKG=./rewrite/...
PKG ?= ./...

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: demo
demo: ## Install what is missing, build, and run the demo (ARGS=--once shows the tour and ends)
	scripts/setup.sh demo
	$(MAKE) --no-print-directory build
	bin/postern demo $(ARGS)

.PHONY: build
build: ## Build bin/postern
	@scripts/setup.sh build
	$(GO) build -o bin/postern ./cmd/postern

.PHONY: lambda
lambda: ## Build bin/lambda/bootstrap, the AWS Lambda function behind Redshift's keyed masks (docs/lambda.md)
	@scripts/setup.sh build
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -tags lambda.norpc -trimpath -o bin/lambda/bootstrap ./cmd/postern-lambda

.PHONY: test
test: ## Install what is missing and run all tests against a real PostgreSQL (PKG=./folder/... for some)
	scripts/setup.sh test
	$(GO) vet $(PKG)
	@mkdir -p bin
	$(GO) build -o bin/testsum ./internal/testsum
	$(GO) test -json -count=1 -timeout 45m $(PKG) | bin/testsum $(if $(filter ./...,$(PKG)),-required testdata/required-tests.txt)

.PHONY: lint
lint: ## Run golangci-lint, built from source at the version of tools/go.mod
	@scripts/setup.sh build
	$(GO) tool -modfile=tools/go.mod golangci-lint run

.PHONY: fuzz
fuzz: ## Run every fuzz target (FUZZTIME=20s each)
	@scripts/setup.sh test
	scripts/fuzz.sh

.PHONY: oracle
oracle: ## Ask 100,000 generated queries through Postern and of sanitised copies (QUERIES=…)
	@scripts/setup.sh test
	POSTERN_ORACLE_QUERIES=$(or $(QUERIES),100000) $(GO) test ./internal/difftest -count=1 -timeout 60m -v -run '^TestGenerated$$'

.PHONY: bench
bench: ## Install what is missing and run the comparison of direct, PgBouncer and Postern
	scripts/setup.sh test
	$(MAKE) --no-print-directory build
	$(GO) run ./bench $(ARGS)

.PHONY: bench-size
bench-size: ## Measure publishing and deciding with many sources, policies and people
	scripts/bench-size.sh

.PHONY: bench-revocation
bench-revocation: ## Measure how soon a revocation is effective in 200 open sessions
	scripts/bench-revocation.sh

.PHONY: bench-push
bench-push: ## Measure push with 5,000 tables and 2,000 people: the syncs, and how soon a change is seen at the warehouse
	scripts/setup.sh test
	scripts/bench-push.sh

.PHONY: bench-fence
bench-fence: ## Measure row filters rewritten, as a barrier view and as row-level security
	scripts/setup.sh test
	scripts/bench-fence.sh

.PHONY: test-redshift
test-redshift: ## Ask the Redshift of REDSHIFT_TEST_DSN what only a live cluster can prove; without one, print that none of it was run
	@scripts/setup.sh build
	$(GO) run ./internal/rslive/run

.PHONY: conformance
conformance: clients oracle test-18 test-16-17 ## Run what takes too long for every change: outside clients, the oracle's 100,000 queries, and PostgreSQL 16 to 18

.PHONY: test-18
test-18: ## Run on PostgreSQL 18, out of an npm package, what depends on the server's version; it fails where that cannot be fetched
	@scripts/setup.sh test
	scripts/test-18.sh

.PHONY: test-16-17
test-16-17: ## Run on PostgreSQL 16 and 17, out of the same npm package, what of push depends on the server's version
	@scripts/setup.sh test
	scripts/test-16-17.sh

.PHONY: clients
clients: ## Run clients from PyPI, npm and Maven through Postern: connect, look around, query, page, copy
	@scripts/setup.sh test
	scripts/conformance.sh

.PHONY: capture
capture: ## Write what the clients of the conformance suite send to testdata/corpus
	@scripts/setup.sh test
	scripts/conformance.sh capture

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
