# The front door; the house is built by meson and ninja.
#
#   make          build                make demo     build, check the reference drivers on every machine, show a report
#   make test     the whole suite      make bench    nanoseconds per operation, BENCH='--quick' its options
#   make install  PREFIX=/usr/local, DESTDIR honoured

BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all setup demo test test-wild bench install clean help

all: setup
	@scripts/build $(BUILD)

setup:
	@scripts/setup

demo: setup
	@scripts/build $(BUILD) -- commands
	@scripts/demo $(BUILD)

test: setup
	@scripts/test

# Sources out of Debian's packages, compiled as they are and run: docs/WILD.md. `make test` runs them too.
test-wild: setup
	@scripts/build $(BUILD) -- commands
	@scripts/wild --build $(BUILD)

# What others' allocators need is had where it can be; what can't is named at the end.
bench: setup
	@scripts/setup bench || true
	@scripts/dpdk-headers $(BUILD)-release
	@test ! -f $(BUILD)-release/build.ninja || meson setup --reconfigure $(BUILD)-release >/dev/null
	@scripts/build $(BUILD)-release --buildtype=release -Dtests=false -- bench/dmakit-bench
	@bench/run $(BUILD)-release/bench/dmakit-bench $(BUILD)-release/bench $(BENCH)

install: setup
	@scripts/build $(BUILD)-install --prefix=$(PREFIX) -Dtests=false
	@meson install -C $(BUILD)-install --quiet
	@echo "installed below $(DESTDIR)$(PREFIX)"

clean:
	rm -rf $(BUILD) $(BUILD)-release $(BUILD)-install build-test-*

help:
	@echo 'make            build; dmakit is build/tools/dmakit'
	@echo 'make demo       install what is missing, build, check the reference drivers on every machine, show a report'
	@echo 'make test       the whole test suite: gcc, clang, sanitizers; ends with N passed, N failed'
	@echo "make test-wild  drivers out of Debian's packages, compiled as they are and run"
	@echo "make bench      nanoseconds per operation, beside floors and others' allocators; BENCH='--quick --only pool': its options"
	@echo 'make install    PREFIX=$(PREFIX); DESTDIR is honoured'
	@echo 'make clean      remove the build directories'
