# What a newcomer needs: `make run` starts Regain on its embedded default, `make test` runs every test.
# Nothing else has to be set up: tools are built into .tools/bin at the versions pinned here, and Debian
# packages are installed where this runs as root.

MINIO_VERSION         := v0.0.0-20260212201848-7aac2a2c5b7c
VERSITYGW_VERSION     := v1.8.0
STATICCHECK_VERSION   := v0.8.2
GOLANGCI_LINT_VERSION := v2.15.0

TOOLS := $(CURDIR)/.tools
BIN   := $(TOOLS)/bin
# The tests find the servers that they start here.
export REGAIN_TOOLS := $(BIN)

# `make test PKG=./cases/... RUN=TestAppeal` runs a part. All of it begins with what is quick.
SLOW := $(addprefix regain/,server/web chaos cases server/api fuzz e2e)
PKG  ?= $(filter-out $(SLOW),$(shell go list ./...)) $(SLOW)
RUN ?=

.DEFAULT_GOAL := help
.PHONY: help run demo screenshots build test test-short fuzz bench lint tools packages assets clean chaos soak

help: ## Show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: assets ## Start Regain here: SQLite and local disk in ./data, http://127.0.0.1:8080
	go run . serve --dev

demo: assets ## Start Regain with forty made-up cases, in ./data/demo; who can sign in is printed once
	go run . serve --dev --demo --data data/demo

build: assets ## Build the binary ./regain
	go build -trimpath -o regain .

test: packages tools assets ## Run every test, against real servers
	go vet ./...
	go test -timeout 20m $(if $(RUN),-run '$(RUN)') $(PKG)

test-short: ## Run the tests with what is installed already
	go test -short $(PKG)

# How long each fuzzer runs; FUZZ_SEED=… replays a run of the API's.
FUZZ_MINUTES ?= 1
export FUZZ_MINUTES FUZZ_SEED

fuzz: packages ## Fuzz the API by its description, the pages by their forms, and every parser, FUZZ_MINUTES each
	scripts/fuzz

bench: packages tools ## Measure what docs/performance.md speaks of, in about BENCH_SECONDS (360)
	BENCH_SECONDS=$(or $(BENCH_SECONDS),360) go test -count=1 -p 1 -timeout 60m -run '^TestSpeed$$' -v ./rules ./bench

chaos: packages tools ## Kill and break everything for long: CHAOS_KILLS=200 on each stack, CHAOS_OUTAGES=20, CHAOS_NETWORK=4000 (ms)
	CHAOS_KILLS=$(or $(CHAOS_KILLS),200) CHAOS_OUTAGES=$(or $(CHAOS_OUTAGES),20) CHAOS_NETWORK=$(or $(CHAOS_NETWORK),4000) CHAOS_STOPS=$(or $(CHAOS_STOPS),20) \
		go test -timeout 2h -v $(if $(RUN),-run '$(RUN)') ./chaos

soak: packages tools ## Let clients work for SOAK_MINUTES (5) on each stack; goroutines, descriptors and memory stay flat
	SOAK_MINUTES=$(or $(SOAK_MINUTES),5) go test -timeout $$(( 3 * $(or $(SOAK_MINUTES),5) + 10 ))m -v -run TestSoak ./chaos

lint: $(BIN)/staticcheck-$(STATICCHECK_VERSION) $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION) ## Check formatting and style
	@unformatted="$$(gofmt -l $$(git ls-files '*.go'))"; if [ -n "$$unformatted" ]; then echo "not gofmt-clean: $$unformatted"; exit 1; fi
	go vet ./...
	$(BIN)/staticcheck ./...
	$(BIN)/golangci-lint run

# A stamp with the version in its name makes a changed pin install anew.
define install_tool
$(BIN)/$(1)-$(2):
	@mkdir -p $(BIN)
	@echo "building $(1) $(2)"
	@GOBIN=$(BIN) GOFLAGS= go install $(3)@$(2)
	@rm -f $(BIN)/$(1)-* && touch $$@
endef
$(eval $(call install_tool,staticcheck,$(STATICCHECK_VERSION),honnef.co/go/tools/cmd/staticcheck))
$(eval $(call install_tool,golangci-lint,$(GOLANGCI_LINT_VERSION),github.com/golangci/golangci-lint/v2/cmd/golangci-lint))
$(eval $(call install_tool,minio,$(MINIO_VERSION),github.com/minio/minio))
$(eval $(call install_tool,versitygw,$(VERSITYGW_VERSION),github.com/versity/versitygw/cmd/versitygw))

tools: $(BIN)/minio-$(MINIO_VERSION) $(BIN)/versitygw-$(VERSITYGW_VERSION)

packages:
	@scripts/packages

assets: ## Fetch and build what the pages load: styles, icons, scripts
	@scripts/assets

# PICTURES=staff takes those whose names begin so.
screenshots: packages assets ## Take the pictures of all pages anew, in docs/screenshots, with the demo's data
	rm -f docs/screenshots/$(PICTURES)*.png
	REGAIN_SCREENSHOTS=$(CURDIR)/docs/screenshots REGAIN_PICTURES=$(PICTURES) go test -count=1 -timeout 20m -run '^TestScreenshots$$' ./demo

clean: ## Remove what was built and the local data
	rm -rf regain data $(TOOLS) server/web/node_modules
