# MailDedup: what a developer types. `make run` and `make test` work on a fresh Debian 12 with a Swift 6.3 toolchain.

# The layers of Package.swift are a promise: an import that it does not list fails the build.
SWIFT_FLAGS = --explicit-target-dependency-import-check error
BIN = $$(swift build --show-bin-path)

.PHONY: help run build release deb test test-quick test-swift test-interop test-model test-fleet coverage coverage-interop bench bench-compare bench-setup lint score fuzz fuzz-octets fuzz-visitor demo demo-fleet demo-mails setup clean

help:
	@echo "make run         installs what is missing, builds, and runs the relay with ./dedup.conf"
	@echo "make test-quick  the same without what installs much or takes long: under five minutes once it is built"
	@echo "make test        installs what is missing, then all tests: Swift, lint, and the real peers"
	@echo "make demo        replays a real Django outage through the relay and shows what arrives"
	@echo "make demo-fleet  the same over three relays that share an engine: one mail, also when one of them is killed"
	@echo "make build       debug build              make release   optimised build"
	@echo "make deb         the Debian package, into dist/ (an optimised build: about a quarter of an hour)"
	@echo "make test-swift  the Swift tests alone    make test-interop   Django, PostgreSQL and a sink alone"
	@echo "make test-fleet  200 schedules of faults over three relays and their engine; make test runs ten"
	@echo "make coverage    how many lines the Swift tests run, by target and room; coverage-interop: with the real peers"
	@echo "make lint        formatting and layers    make demo-mails     records the outage of the demo anew"
	@echo "make bench       rates, latencies and memory beside Postfix, OpenSMTPD and sinks, with the optimised build"
	@echo "make bench-compare BASELINE=run.json   the same, and what changed since that run"
	@echo "make score       fingerprints of the labelled set in ../shared, scored"
	@echo "make fuzz        libFuzzer over reader and session, FUZZ_SECONDS=60 each, then HOSTILE_REQUESTS=20000 visits"
	@echo "make clean       removes what was built"

run:
	@echo "[1/3] what is missing on this machine"
	@Scripts/setup build
	@echo "[2/3] building (the first time takes a few minutes)"
	@Scripts/build $(SWIFT_FLAGS)
	@echo "[3/3] running the relay; ^C stops it"
	@mkdir -p var
	@exec "$(BIN)/maildedup" --config dedup.conf

setup:
	@Scripts/setup test

build:
	@Scripts/setup build
	@Scripts/build $(SWIFT_FLAGS)

release:
	@Scripts/setup build
	swift build $(SWIFT_FLAGS) -c release

# In a folder of its own: with a static runtime every object is another one.
DEB_FLAGS = $(SWIFT_FLAGS) -c release --static-swift-stdlib --scratch-path .build/deb

deb:
	@Scripts/setup deb
	swift build $(DEB_FLAGS)
	@Scripts/deb "$$(swift build $(DEB_FLAGS) --show-bin-path)"

test:
	@echo "[1/6] what is missing on this machine"
	@Scripts/setup test
	@echo "[2/6] Swift: build and tests"
	@$(MAKE) --no-print-directory test-swift
	@echo "[3/6] formatting and layers"
	@$(MAKE) --no-print-directory lint
	@echo "[4/6] fuzzing, 20 s for each target"
	@FUZZ_SEED=1 $(MAKE) --no-print-directory fuzz-octets FUZZ_SECONDS=20
	@echo "[5/6] the protocol of the fleet, every order of steps"
	@$(MAKE) --no-print-directory test-model
	@echo "[6/6] real peers: Django, PostgreSQL, Postfix, mail clients"
	@$(MAKE) --no-print-directory test-interop

# What needs nothing but Python beside the relay.
QUICK = $(addprefix Tests/Interop/test_,$(addsuffix .py,\
	bad_input doors newcomer purge queue_verbs reload secrets suggest summary verbs))

test-quick:
	@Scripts/setup quick
	@$(MAKE) --no-print-directory test-swift
	@$(MAKE) --no-print-directory lint
	@MAILDEDUP_BIN_DIR="$(BIN)" .venv/bin/python -B -m pytest -q $(QUICK)
	@echo "test-quick leaves out: fuzzing, PostgreSQL, Postfix, other Djangos, mail clients, the browser, the Debian package,"
	@echo "systemd, clocks, faults of the disk, hostile visitors, conformance. make test has all of it."

test-swift:
	@Scripts/build --build-tests $(SWIFT_FLAGS)
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=16 swift test --skip-build $(SWIFT_FLAGS)

test-interop:
	@Scripts/setup test
	@Scripts/build $(SWIFT_FLAGS)
	@Scripts/interop "$(BIN)"

test-model:
	@Scripts/model

# About half a minute each.
FLEET_SEEDS = 200

test-fleet:
	@Scripts/setup test
	@Scripts/build $(SWIFT_FLAGS)
	@MAILDEDUP_BIN_DIR="$(BIN)" FLEET_SEEDS=$(FLEET_SEEDS) .venv/bin/python -B -m pytest -q -s Tests/Interop/test_fleet_faults.py

# In a folder of its own: every object is another one with its counters.
COVERAGE = .build/coverage
COVERAGE_FLAGS = $(SWIFT_FLAGS) --enable-code-coverage --scratch-path $(COVERAGE)
COVERAGE_PROFILES = $(CURDIR)/$(COVERAGE)/interop

coverage:
	@Scripts/build --build-tests $(COVERAGE_FLAGS)
	swift test --skip-build $(COVERAGE_FLAGS)
	@Scripts/coverage $(COVERAGE)

# Eight files for all processes that the suite starts (%8m): one each would fill the disk.
coverage-interop: coverage
	@Scripts/setup test
	@rm -rf $(COVERAGE_PROFILES) && mkdir -m 1777 $(COVERAGE_PROFILES)
	@LLVM_PROFILE_FILE=$(COVERAGE_PROFILES)/%8m.profraw Scripts/interop "$(CURDIR)/$(COVERAGE)/debug" \
		|| echo "what failed there may have failed for the counters; make test-interop says whether it works"
	@Scripts/coverage $(COVERAGE) $(COVERAGE_PROFILES)

lint:
	swift format lint --strict -r Sources Tests Package.swift Fuzz/Package.swift Fuzz/Sources/FuzzFingerprint Fuzz/Sources/FuzzSession Fuzz/Sources/FuzzHostile
	@python3 -B Scripts/lint

FUZZ_SECONDS = 60

# Over all versions of Django together; a thousand take about half a minute.
HOSTILE_REQUESTS = 20000

fuzz: fuzz-octets fuzz-visitor

fuzz-octets:
	@Scripts/fuzz $(FUZZ_SECONDS)

fuzz-visitor:
	@Scripts/setup test
	@swift build $(SWIFT_FLAGS)
	HOSTILE_REQUESTS=$(HOSTILE_REQUESTS) MAILDEDUP_BIN_DIR="$(BIN)" \
		.venv/bin/python -B -m pytest -o timeout=0 -rP Tests/Interop/test_hostile_visitor.py

# What the package holds: optimised, and linked statically with the runtime of Swift.
BENCH_BIN = .build/bench-bin
BENCH_ROUNDS ?= 3
BENCH = MAILDEDUP_BIN_DIR="$(CURDIR)/$(BENCH_BIN)" .venv/bin/python -B Benchmarks/suite \
	--rounds $(BENCH_ROUNDS) --json $(BENCH_BIN)/run.json

bench: bench-setup
	$(BENCH)

bench-compare: bench-setup
	@test -f "$(BASELINE)" || { echo "BASELINE=FILE: the JSON of an earlier run, such as Benchmarks/baseline.json"; exit 2; }
	$(BENCH) --compare "$(BASELINE)"

bench-setup:
	@Scripts/setup bench
	@Scripts/link-static $(BENCH_BIN) release
	@swift build -c release --package-path Benchmarks/StormFloor --scratch-path .build/storm-floor

score:
	@swift build $(SWIFT_FLAGS) --product dedupctl
	@DEDUPCTL="$(BIN)/dedupctl" Scripts/score

demo:
	@Scripts/setup demo
	@swift build $(SWIFT_FLAGS)
	@MAILDEDUP_BIN_DIR="$(BIN)" Scripts/demo/run

demo-fleet:
	@Scripts/setup demo-fleet
	@swift build $(SWIFT_FLAGS)
	@MAILDEDUP_BIN_DIR="$(BIN)" Scripts/demo/fleet

demo-mails:
	@Scripts/setup peers
	.venv/bin/python -B Scripts/demo/record

clean:
	rm -rf .build .venv
