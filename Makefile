# Daily work. `make` alone lists the targets. Each is one line over bin/berth or a script of package.json.
.DEFAULT_GOAL := help
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
NODE = $$(toolchain/node.sh)
NPM = PATH="$$(dirname $(NODE)):$$PATH" npm run --silent
# Only a target that takes one is given it, so that make test SERVICE=... is told of its mistake by nobody else.
SERVICE ?=
# Options for bin/berth: make dev-logs ARGS="--tenant acme".
ARGS ?=
.PHONY: help setup demo start stop status dev-up dev-down dev-logs dev-logs-service dev-shell dev-restart \
  pgadmin-open doctor db-test db-reset build build-service test test-fast test-faults test-service bench \
  verify format lint security-scan

help: ## This list
	@awk -F ':.*## ' '/^## /{print "\n" substr($$0, 4)} /^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nSERVICE is one of: %s\n' "$$(bin/berth parts 2>/dev/null || echo 'see bin/berth parts, after make setup')"

## First steps
setup: ## Install what is missing: Node, Docker engine, Pulumi, plugins, images
	@bin/setup
demo: setup ## Everything up, a staff account and the tenant "demo" made, its login proved
	@bin/berth demo

## An environment to work in
dev-up: setup ## Everything up; says where all of it is. Changed code is taken up by itself
	@bin/berth up
dev-down: ## Control plane and platform down; all data stay
	@bin/berth down
dev-logs: ## What all parts write, until ctrl-C: make dev-logs ARGS="--tenant acme"
	@bin/berth logs --follow $(ARGS)
dev-logs-service: ## What one part writes: make dev-logs-service SERVICE=tenant-service
	@bin/berth logs --follow $(ARGS) -- "$(SERVICE)"
dev-shell: ## psql, redis-cli or a shell: make dev-shell SERVICE=postgres
	@bin/berth shell -- "$(SERVICE)"
dev-restart: ## Restart the control plane with the code of now, or one part with SERVICE=
	@bin/berth restart -- $(SERVICE)
pgadmin-open: ## Say where pgAdmin is and how one signs in; on a desktop open it
	@bin/berth pgadmin
doctor: ## What is wrong with this machine or this environment, and what mends it
	@bin/berth doctor $(ARGS)
db-test: ## Each login against each database: what must work, and what must be refused
	@bin/berth db-test
db-reset: setup ## Begin anew with empty databases and no tenants; asks first
	@bin/berth db-reset $(ARGS)

## To run Berth
start: setup ## Platform and control plane up
	@bin/berth start
stop: ## Control plane down (the platform and the tenants stay up)
	@bin/berth stop
status: ## What runs
	@bin/berth status
build: setup ## Images of the services: berth-user, berth-tenant, berth-instance
	@bin/berth build
build-service: setup ## One image: make build-service SERVICE=user-service
	@bin/berth build -- "$(SERVICE)"

## To change Berth
test: setup ## All tests, real parts included, and a quarter of the kill table
	@$(NODE) test/run.ts all
test-fast: setup ## Tests without Odoo: ten minutes
	@$(NODE) test/run.ts fast
test-service: setup ## What belongs to one part: make test-service SERVICE=provisioner
	@$(NODE) test/run-service.ts "$(SERVICE)"
test-faults: setup ## The whole kill table, printed, and the engine's faults
	@FAULTS=all $(NODE) test/run.ts faults
bench: setup ## Berth against the same work by hand
	@$(NPM) bench
verify: ## Format, lint, import directions, types, dead code (after one setup)
	@$(NPM) verify
format: ## Format the tree (after one setup)
	@$(NPM) format
lint: ## Lint, import directions, types, dead code (after one setup)
	@$(NPM) lint && $(NPM) imports && $(NPM) types && $(NPM) unused
security-scan: ## Known advisories, secrets in the tree, unsafe patterns
	@$(NODE) toolchain/security/main.ts $(ARGS)
