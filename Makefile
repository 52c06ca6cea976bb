# The front door over apt, meson and ninja. Nothing is compiled by rules of its own: meson.build says how.

# What building and running need (Debian 12).
DEPS := g++ meson ninja-build pkgconf libdpdk-dev liburcu-dev libxxhash-dev libboost-program-options-dev \
        libexpected-dev libtomlplusplus-dev nlohmann-json3-dev zlib1g-dev libzstd-dev libidn2-dev libssl-dev libdb5.3-dev libsqlite3-dev libre2-dev \
        libpng-dev libfreetype-dev fonts-dejavu-core libseccomp-dev python3 iproute2 bind9-dnsutils
# What tests, benchmarks and linters need besides. dpdk-dev has dpdk-testpmd; llvm-14 makes sanitizer reports readable; qemu-user runs
# what is compiled for arm64; the libraries libevent to libunwind8 are those of PEERS.
CHECK_DEPS := libgtest-dev libgmock-dev libbenchmark-dev python3-dnspython python3-scapy knot-dnsutils tcpdump dpdk-dev bind9-utils \
              bind9-host dnsperf ldnsutils swaks libevent-2.1-7 libgnutls-dane0 libnsl2 libpython3.11 libsasl2-2 libglib2.0-0 \
              libicu72 libpcre2-8-0 libsodium23 libunwind8 libfstrm0 libprotobuf-c1 liblmdb0 libedit2 nodejs perl \
              g++-aarch64-linux-gnu qemu-user clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14 nftables strace python3-matplotlib valgrind
# Daemons that tests compare with or put before the server, and libraries of theirs: unpacked into build/peers, never installed.
# Of files that are in two of them those of the later stay.
PEERS := opensmtpd rbldnsd nsd knot unbound postfix exim4-daemon-light libidn12 rspamd libhyperscan5 libluajit-5.1-2 \
         postgrey libberkeleydb-perl libdigest-hmac-perl libio-multiplex-perl libnet-dns-perl libnet-server-perl libnetaddr-ip-perl \
         spamassassin libhtml-parser-perl libhtml-tagset-perl libhttp-date-perl libio-string-perl libsocket6-perl \
         libsys-hostname-long-perl libtimedate-perl liburi-perl \
         sqlgrey libbit-vector-perl libcarp-clan-perl libdate-calc-perl libdbd-sqlite3-perl libdbi-perl greylistd

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SOAK_RELOADS ?= 200
SOAK_ENTRIES ?= 50000
SOAK_KILLS ?= 1000
SOAK_FLOOD ?= 50000000
PYTHON := /usr/bin/python3
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# $(call install,PACKAGES): those of them that are missing; nothing is asked of the network when none is.
define install
@missing=; for package in $(1); do \
  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
  echo "installing:$$missing"; \
  $(SUDO) apt-get update -q && \
  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
fi
endef

.PHONY: all deps check-deps configure run check lint format asan tsan arm64 fuzz bench install clean help

all: configure
	@ninja -C build

configure: build/build.ninja
	@:
build/build.ninja:
	@meson setup build

deps:
	$(call install,$(DEPS))

check-deps: deps
	$(call install,$(CHECK_DEPS))
	@for peer in $(PEERS); do \
	  [ -e build/peers/.$$peer ] && continue; \
	  mkdir -p build/peers && cd build/peers && \
	  { apt-get download -q $$peer || { $(SUDO) apt-get update -q && apt-get download -q $$peer; }; } && \
	  dpkg -x $${peer}_*.deb . && rm $${peer}_*.deb && touch .$$peer && cd - >/dev/null || exit 1; \
	done

run: deps
	@$(MAKE) --no-print-directory configure
	@ninja -C build rblitzd rblitz
	@docs/examples/run

check: check-deps
	@$(PYTHON) tests/check.py release asan clang tsan arm64 lint

lint: check-deps
	@$(PYTHON) tests/check.py lint lint-tests

asan: check-deps
	@$(PYTHON) tests/check.py asan

tsan: check-deps
	@$(PYTHON) tests/check.py tsan

arm64: check-deps
	@$(PYTHON) tests/check.py arm64-all

fuzz: check-deps
	@$(PYTHON) tests/fuzz/fuzz.py --seconds $(FUZZ_SECONDS)

soak: check-deps
	@$(PYTHON) tests/check.py --build-only release
	@RBLITZ_SOAK_RELOADS=$(SOAK_RELOADS) RBLITZ_SOAK_ENTRIES=$(SOAK_ENTRIES) $(PYTHON) tests/e2e/random_reloads_test.py \
	  --rblitzd build/rblitzd --rblitz build/rblitz --check-client build/tests/check_client
	@RBLITZ_GREY_FLOOD=$(SOAK_FLOOD) build/tests/tables_test --gtest_filter='TripletTable.AFlood*'
	@RBLITZ_GREY_KILLS=$(SOAK_KILLS) $(PYTHON) tests/e2e/grey_kill_test.py --rblitzd build/rblitzd --rblitz build/rblitz \
	  --grey-fill build/tests/grey_fill --slow-disk build/tests/libslow_disk.so

format:
	@git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

bench: check-deps
	@$(PYTHON) tests/check.py --build-only bench
	@$(SUDO) bench/run $(P)

install: configure
	@meson configure build -Dprefix=$(PREFIX)
	@meson install -C build $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	@rm -rf build build-asan build-clang build-tsan build-arm64 build-fuzz

help:
	@echo 'make             release build in build/; needs no root and no network'
	@echo 'make deps        install the Debian packages that building and running need'
	@echo 'make run         build, then serve the sample data from DPDK in a network namespace of its own'
	@echo 'make check       install what tests need, build, run every test'
	@echo 'make check-deps  install what tests need'
	@echo 'make lint        clang-format, clang-tidy (all checks, of the tests too: make check has some, of the product), python syntax'
	@echo 'make format      format the sources in place'
	@echo 'make asan        the tests under AddressSanitizer and UBSan, fuzz corpora among them'
	@echo 'make tsan        the stress tests under ThreadSanitizer'
	@echo 'make arm64       the layers that need no library, cross-compiled, and all their tests under qemu'
	@echo 'make fuzz        each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make soak        SOAK_RELOADS=$(SOAK_RELOADS) reloads of random feeds under load, some of them broken on purpose;'
	@echo '                 SOAK_FLOOD=$(SOAK_FLOOD) new triplets in one greylist; SOAK_KILLS=$(SOAK_KILLS) times kill -9 of another at random moments'
	@echo 'make bench       all of docs/performance.md, half an hour; P="P1 P5" some of it. The report is build/bench/report.html'
	@echo 'make install     into PREFIX=$(PREFIX), under DESTDIR'
	@echo 'make clean       remove what was built'
