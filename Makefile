# Signet's tasks. "make help" lists them; .ci/run is what CI calls.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
PKG      ?= ./...
BIN      := bin
SERVICES := scripts/services
# -count=1: a result from the cache says nothing about today's servers.
# -p 2: each package's tests are parallel already, and hold databases open.
# -parallel: a test waits (for a browser, a worker, the end of a code's life) as
# much as it computes.
# -gcflags: SQLite is C in translation and nothing that we could mend; what calls
# it is watched for races, as all else is. Its own watch took a quarter of the time.
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)
TESTFLAGS ?= -race -count=1 -timeout 40m -p 2 -parallel $(shell echo $$((2 * $(PROCESSORS)))) -gcflags=modernc.org/sqlite/lib=-race=false

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)


.PHONY: run
run: ## the demo: provider, mailbox and two sample apps, all embedded
	$(GO) run ./cmd/signet demo

.PHONY: build
build: ## static binaries in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/...

.PHONY: test
test: browser-deps ## every test; installs and starts what they need (PKG=./internal/op/... for some)
	$(SERVICES) run -- $(GO) test $(TESTFLAGS) $(PKG)

.PHONY: bench
bench: ## the benchmarks, on embedded stores and on Postgres + Redis (ARGS="-quick", or "-h" for options)
	$(if $(filter -quick -h,$(ARGS)),,$(SERVICES) run --) $(GO) run ./test/bench $(ARGS)

.PHONY: services
services: ## start Postgres and Redis for tests, leave them running, print the exports
	@$(SERVICES) start

.PHONY: services-stop
services-stop: ## stop what "make services" started
	@$(SERVICES) stop

.PHONY: compose
compose: ## everything in containers: provider, Postgres, Redis, mail catcher, two apps
	scripts/compose-secrets
	docker compose up --build --detach

.PHONY: browser-deps
browser-deps: ## install the npm packages that tests use (openid-client, axe)
	@scripts/npm-deps

.PHONY: fmt
fmt: ## format the Go files
	@gofmt -w $$(git ls-files --cached --others --exclude-standard '*.go')

.PHONY: passwords
passwords: ## write the list of common passwords anew, from the npm package that is locked
	npm ci --prefix internal/account/wellknown/source --ignore-scripts --no-audit --no-fund
	$(GO) run ./internal/account/wellknown/internal/listgen \
		< internal/account/wellknown/source/node_modules/@zxcvbn-ts/language-common/src/passwords.json \
		> internal/account/wellknown/passwords.txt

.PHONY: docs
docs: ## write the generated reference pages
	$(GO) generate ./...

# ---- what CI runs -----------------------------------------------------------

.PHONY: check
check: ## what CI runs: lint, docs, static build, every test, a start of the binaries
	@.ci/run

.PHONY: smoke
smoke: build ## start the built binaries, ask them a few questions, stop them
	@scripts/smoke

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, go.mod, shellcheck where it is installed
	@GO="$(GO)" scripts/lint

.PHONY: docs-check
docs-check: ## are the generated pages those that the code makes today?
	@GO="$(GO)" scripts/docs-check

.PHONY: vuln
vuln: ## known vulnerabilities in what is called (needs vuln.go.dev)
	$(GO) tool govulncheck ./...

.PHONY: clean
clean: services-stop ## remove what these targets made
	rm -rf $(BIN) .cache
