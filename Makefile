# `make` or `make help` lists what can be done.

HELP = awk -F ':.*\#\# ' '/^[a-z-]+:.*\#\# /{printf "  make %-8s %s\n", $$1, $$2}' Makefile
PY = .venv/bin/python
# Tests wait nearly as long as they work, so one core has something to do for more than one process.
PROCESSES = $(shell n=$$((3 * $$(getconf _NPROCESSORS_ONLN) / 2)); echo $$((n < 8 ? n : 8)))

# An environment whose Python was upgraded away under it is built anew.
STALE := $(shell $(PY) -c 'import gunicorn' 2>/dev/null || rm -f .venv/for-running .venv/for-developing)

.PHONY: help run test days faults soak attack bench simulate lint types check lock clean

help: ## this list
	@$(HELP)

run: .venv/for-running ## run all of calhooks; on loopback, webhooks may reach this machine
	@case "$${CALHOOKS_HOST:-127.0.0.1}" in localhost|127.*|::1|\[::1\]) \
		export CALHOOKS_EGRESS_ALLOW="$${CALHOOKS_EGRESS_ALLOW-127.0.0.0/8,::1/128}";; esac; \
	exec $(PY) app.py

test: .venv/for-developing ## run every test, three processes for two cores; ARGS="-k name" for some of them
	@$(PY) -m pytest -n $(PROCESSES) --dist worksteal $(ARGS)

days: .venv/for-developing ## run every test on the days that are hardest to be right on; DAY=leap-day for one, ARGS as for test
	@failed=; for day in $(or $(DAY),$$(tools/on-day)); do \
		tools/on-day $$day && tools/on-day $$day $(MAKE) --no-print-directory test || failed=1; \
	done; test -z "$$failed"

faults: .venv/for-developing ## kill, stop and starve real processes under load; ARGS="-k redis" for some faults
	@$(PY) -m pytest tests/faults -n $(PROCESSES) -q -o timeout=900 $(ARGS)

soak: .venv/for-developing ## eight minutes of bookings, whose memory, descriptors and latency must stay flat
	@SOAK_SECONDS=480 $(PY) -m pytest tests/faults -q -o timeout=1200 -k stay_flat

attack: .venv/for-developing ## attack a calhooks of its own and print what held; ARGS="fuzz --seed a" for one attack
	@$(PY) -m tests.attack $(ARGS)

lint: .venv/for-developing ## look for mistakes and for another style than ours
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: .venv/for-developing ## check the types
	@$(PY) -m mypy

bench: .venv/for-developing ## measure, beside baselines; ROWS="worker claim" some rows, QUICK=1 a tenth, DATABASE_URL=… on PostgreSQL
	@$(PY) -m bench $(if $(QUICK),--quick) $(ROWS)

simulate: .venv/for-developing ## a day of 10,000 receivers of every temper, simulated; ARGS="--temper flaps --seed 2"
	@$(PY) -m bench.simulate $(ARGS)

check: lint types test ## lint, types and test

lock: ## write requirements.lock and requirements-dev.lock, after a change to requirements.txt or requirements-dev.txt
	@PYTHON=$(PY) tools/lock-requirements

clean: ## remove the virtual environment and the caches; your data stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/for-running: requirements.lock tools/make-venv
	@tools/make-venv requirements.lock
	@touch $@

.venv/for-developing: requirements.lock requirements-dev.lock tools/make-venv
	@tools/make-venv requirements-dev.lock
	@touch .venv/for-running $@
