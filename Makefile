# Daily work. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo start stop status build build-service test test-fast test-faults verify format bench
SHELL := /bin/bash
NODE = $$(toolchain/node.sh)

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: ## Install what is missing: Node, Docker engine, Pulumi, plugins, images
	@bin/setup

demo: setup ## Everything up, a staff account and the tenant "demo" made, its login proved
	@bin/berth demo

start: setup ## Platform and control plane up
	@bin/berth start

stop: ## Control plane down (the platform and the tenants stay up)
	@bin/berth stop

status: ## What runs
	@bin/berth status

build: setup ## Images of the services: berth-user, berth-tenant, berth-instance
	@$(NODE) toolchain/services/main.ts

build-service: setup ## Image of one of them: make build-service SERVICE=user
	@$(NODE) toolchain/services/main.ts $(or $(SERVICE),$(error say which: make build-service SERVICE=user))

test: setup ## All tests, real parts included, and a quarter of the kill table
	@$(NODE) test/run.ts all

test-fast: setup ## Tests without Odoo: ten minutes
	@$(NODE) test/run.ts fast

test-faults: setup ## The whole kill table, printed, and the engine's faults
	@FAULTS=all $(NODE) test/run.ts faults

bench: setup ## Berth against the same work by hand
	@PATH="$$(dirname $(NODE)):$$PATH" npm run --silent bench

verify: ## Format, lint, import directions, types, dead code (after one setup)
	@PATH="$$(dirname $(NODE)):$$PATH" npm run --silent verify

format: ## Format the tree (after one setup)
	@PATH="$$(dirname $(NODE)):$$PATH" npm run --silent format
