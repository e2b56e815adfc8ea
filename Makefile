# The way in. Everything works on a bare Debian 12 that has `make`: what is missing gets installed.

GAMES   ?= 1000000
STATE   ?= state/first
WORKERS ?= $(JOBS)
JOBS    ?= $(shell nproc)
SECONDS_EACH ?= 60
PREFIX  ?= /usr/local
DESTDIR ?=
# Where `make torture` kills full-size saves: on a disk, with 500 MB free.
TORTURE_DIR ?= /var/tmp
# Where `make boot-test` keeps the system that it boots: 600 MB.
BOOT_DIR ?= /var/tmp/kiln-boot

KILN = build/release/kiln
# Debian's own: the first python3 on a PATH may be another one, without Debian's NumPy.
PYTHON = /usr/bin/python3
# The thread sanitizer of Debian 12 gives up where addresses are randomised too widely.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

static_presets = release-static release-arm64 release-neoverse-n1
packaged = $(static_presets:%=build/%/kiln)
torture_parts = torture-states torture-kill torture-run

sources = $(shell find core platform app perf tests -name '*.cpp')
headers = $(shell find core platform app perf tests -name '*.hpp')

.PHONY: help deps deps-dev deps-python build train test bench bench-python baseline instructions \
	profile release static install wheel format lint lint-python clang asan tsan fuzz arm64-release \
	arm64 torture $(torture_parts) boot-test formats-test kernel-test static-programs package package-test \
	clean

help: ## print this
	@echo 'make TARGET [GAMES=$(GAMES)] [STATE=$(STATE)] [WORKERS=n] [JOBS=n] [PREFIX=$(PREFIX)]' \
		'[SECONDS_EACH=$(SECONDS_EACH)]'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## install the Debian packages that build, test and train need
	@toolchains/install-deps.sh build library

deps-python: deps ## install the packages of the Python package and of the tests
	@toolchains/install-deps.sh python

deps-dev: deps ## install the packages of the other targets: clang, lint, ARM64
	@toolchains/install-deps.sh dev

build: deps ## build build/release/kiln
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

train: build ## train Othello for GAMES games in STATE, then play against the fixed opponents
	$(KILN) memory --plan
# lambda 0.7 learns faster than the default in short runs (perf/learning.md)
	$(KILN) train --games $(GAMES) --lambda 0.7 --state $(STATE) --workers $(WORKERS) --resume
	$(KILN) evaluate --model $(STATE) --opponent random --games 400 --depth 1
	$(KILN) evaluate --model $(STATE) --opponent corner --games 400 --depth 1
# the control: the same player without training
	$(KILN) evaluate --untrained --opponent corner --games 400 --depth 1

test: deps deps-python ## build with debug checks and run every test
	cmake --preset dev -DKILN_PYTHON=ON
	cmake --build --preset dev -j $(JOBS)
	ctest --preset dev

bench: build ## measure speed; compare with this kind of machine's baseline, if there is one
	@baseline=perf/baselines/$$($(KILN) bench --kind).json; \
	if [ -e "$$baseline" ]; then set -x; $(KILN) bench --compare "$$baseline"; \
	else set -x; $(KILN) bench; fi

wheel: deps-python ## build the Python package as build/wheel/kiln-*.whl
	rm -f build/wheel/*.whl
	$(PYTHON) -m pip wheel --no-deps --wheel-dir build/wheel .

bench-python: build wheel ## measure the Python package beside its targets
	$(PYTHON) -m venv build/venv
	build/venv/bin/pip install --quiet --force-reinstall build/wheel/kiln-*.whl
	build/venv/bin/python -m kiln.bench --kiln $(KILN) --wheel build/wheel/kiln-*.whl

formats-test: build deps-python ## compare files with the packages that define their formats (network)
	$(PYTHON) -m venv build/formats
	build/formats/bin/pip install --quiet --requirement tests/formats/requirements.txt
	KILN=$(KILN) build/formats/bin/python tests/formats/packages_test.py

lint-python: deps-python ## check layout and types of the Python package
	$(PYTHON) -m venv build/lint
	build/lint/bin/pip install --quiet --requirement app/python/requirements-lint.txt
	build/lint/bin/ruff check app/python tests/python
	build/lint/bin/mypy --strict app/python/kiln
	for example in app/python/examples/*.py; do \
		MYPYPATH=app/python build/lint/bin/mypy --strict $$example || exit 1; done

baseline: build deps-dev ## measure, and keep figures and instruction counts in perf/baselines
	@mkdir -p perf/baselines
	$(KILN) bench --save-baseline perf/baselines/$$($(KILN) bench --kind).json
	perf/instructions.py $(KILN) perf/baselines --record

instructions: build deps-dev ## count instructions of fixed work; compare with perf/baselines
	perf/instructions.py $(KILN) perf/baselines

profile: build deps-dev ## tell in which functions the time goes
	perf/profile.py $(KILN) > build/profile.md
	@cat build/profile.md

release: build ## build what is shipped; print its size and checksum
	@size $(KILN)
	@sha256sum $(KILN)

static: deps-dev ## build and try it without shared libraries: it runs on any distribution
	toolchains/fetch-mimalloc.sh
	cmake --preset release-static
	cmake --build --preset release-static -j $(JOBS)
	@size build/release-static/kiln
	@sha256sum build/release-static/kiln
	KILN=build/release-static/kiln python3 tests/release/smoke_test.py

install: build ## install to PREFIX, below DESTDIR
	DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX) --strip

format: deps-dev ## lay out the sources as .clang-format says
	clang-format-14 -i $(sources) $(headers)

lint: deps-dev ## check the layout and run clang-tidy
	clang-format-14 --dry-run -Werror $(sources) $(headers)
	cmake --preset clang
	printf '%s\n' $(sources) | \
		xargs -P $(JOBS) -n 1 clang-tidy-14 -p build/clang --quiet --warnings-as-errors='*'

clang: deps-dev deps-python ## build and test with the second compiler
	cmake --preset clang
	cmake --build --preset clang -j $(JOBS)
	ctest --preset clang

asan: deps deps-python ## test with the address and undefined behaviour sanitizers
	cmake --preset asan-ubsan
	cmake --build --preset asan-ubsan -j $(JOBS)
	ctest --preset asan-ubsan

tsan: deps deps-python ## test with the thread sanitizer
	cmake --preset tsan
	$(FIXED_ADDRESSES) cmake --build --preset tsan -j $(JOBS)
	$(FIXED_ADDRESSES) ctest --preset tsan

fuzz: deps-dev ## run every fuzzer for SECONDS_EACH seconds
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	tests/fuzz/run.sh build/fuzz/tests/fuzz $(SECONDS_EACH)

arm64-release: deps-dev ## build it static for ARM64: any (release-arm64) and Neoverse N1
	toolchains/make-sysroot.sh
	toolchains/fetch-mimalloc.sh
	cmake --preset release-arm64
	cmake --build --preset release-arm64 -j $(JOBS)
	cmake --preset release-neoverse-n1
	cmake --build --preset release-neoverse-n1 -j $(JOBS)
	@size build/release-arm64/kiln build/release-neoverse-n1/kiln
	@sha256sum build/release-arm64/kiln build/release-neoverse-n1/kiln

arm64: static arm64-release ## build for ARM64 and test under emulation
	cmake --preset arm64
	cmake --build --preset arm64 -j $(JOBS)
	ctest --preset arm64

static-programs: deps-dev
	toolchains/fetch-mimalloc.sh $(if $(fresh),--newest)
	toolchains/make-sysroot.sh $(if $(fresh),--newest)
	for preset in $(static_presets); do \
		cmake --preset $$preset && cmake --build --preset $$preset -j $(JOBS) --target kiln \
			$(if $(fresh),--clean-first) || exit 1; done

# What is given away contains libraries of others: the newest there are, and no object of before.
package: fresh = yes
package: static-programs ## make Debian packages and archives of static programs, x86-64 and ARM64
	rm -rf build/packages
	deploy/package/make.sh build/packages $(packaged)
	@cat build/packages/SHA256SUMS

package-test: package build/promtool ## install, upgrade and remove them on a bare Debian 12 (root, network)
	@toolchains/install-deps.sh boot
	python3 tests/package/version_test.py
	build/promtool check rules deploy/prometheus/kiln.rules.yml
	build/promtool test rules deploy/prometheus/kiln.rules.test.yml
	build/promtool check config --syntax-only deploy/prometheus/scrape.yml
	python3 tests/package/package_test.py build/packages $(BOOT_DIR) $(packaged)

# Out of its package and not installed, which would start a server on this machine.
build/promtool:
	rm -rf $@.part && mkdir -p $@.part
	cd $@.part && apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb .
	mv $@.part/usr/bin/promtool $@
	rm -rf $@.part

torture: ## lose power and get killed at every call of a save, at full length
	@$(MAKE) --no-print-directory -k $(torture_parts)

torture-states: deps
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS) --target crash_states
	build/dev/tests/crash_states 1000000

torture-kill: build
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS) --target kill_at_syscall
	build/dev/tests/kill_at_syscall $(KILN) $(TORTURE_DIR) --full
	build/dev/tests/kill_at_syscall $(KILN) $(TORTURE_DIR) --full --caller

torture-run: build
	KILN=$(KILN) TMPDIR=$(TORTURE_DIR) python3 tests/system/crash_test.py \
		Torture.a_run_killed_a_hundred_times

boot-test: build ## boot a Debian 12 in a container and try the service on it (root, network)
	@toolchains/install-deps.sh boot
	python3 tests/service/boot_test.py $(KILN) $(BOOT_DIR)

kernel-test: static-programs ## boot an ARM64 kernel in an emulator and try what is released on it
	@toolchains/install-deps.sh kernel
	toolchains/fetch-arm64-kernel.sh
	KILN=build/release-arm64/kiln NATIVE_KILN=build/release-static/kiln \
		ARM64_KERNEL=build/arm64-kernel python3 tests/kernel/kernel_test.py

clean: ## remove everything built; state/ stays
	rm -rf build
