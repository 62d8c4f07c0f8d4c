# SPDX-License-Identifier: GPL-2.0
# Everything here only calls a script in harness/, each of which can be run alone. "make help" tells what there is.

KERNEL ?= 7.3
LINUX ?=
BENCH ?=
STRESS ?=
MINUTES ?=
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/offline-pages
JOBS ?= $(shell nproc)
export KERNEL LINUX CACHE JOBS MINUTES STRESS

.DEFAULT_GOAL := help
.PHONY: help demo test stress bench apply series series-check size setup fetch tree config build boot golden check matrix steps

help:
	@echo 'make demo               build a converted kernel and walk a guest with real devices through plugging,'
	@echo '                        ballooning and offlining, with a table of its offline pages after each step'
	@echo 'make test               every check; ends with "N passed, N failed, N skipped"'
	@echo 'make stress             a storm: everything that moves offline pages at once, at random, for an hour, with all'
	@echo "                        figures compared after each phase. SEED=3 gives another one, STRESS='--minutes 10'"
	@echo "                        passes options on. Then failing allocations, hostile hosts, the kernel's selftests,"
	@echo "                        gcc's analyzer, the kernel's own coccicheck, memory checkers, a big-endian and a"
	@echo "                        32-bit guest"
	@echo 'make bench              what the balloon costs, next to the unmodified kernel: guest instructions, device round'
	@echo '                        trips and speed; a table, out/bench.json and a report with plots, out/bench.html.'
	@echo "                        BENCH='--only whole --size 4' passes options on; harness/bench --help lists them"
	@echo 'make apply LINUX=path   convert your tree: a clean git tree gets a new branch with a commit per step,'
	@echo '                        a plain tree is left as it is and converted into a copy, printed last'
	@echo 'make series             write the steps as a git branch, and as mails with a cover letter; SIGNOFF=1 signs them off'
	@echo 'make series-check       the same, and then build and boot every commit, for as long as that takes'
	@echo 'make size               lines of the balloon transports, next to the drivers that they replace'
	@echo
	@echo 'single steps, each doing first what it needs:'
	@echo '  make setup            install missing Debian packages (as root)'
	@echo '  make fetch            get the kernel source; prints its place'
	@echo '  make tree             convert it for building here'
	@echo '  make config           make and verify the configuration of the guest kernel'
	@echo '  make build            build the guest kernel; prints the image'
	@echo '  make boot             boot it, and run the command lines of standard input; harness/boot --help has options'
	@echo '  make golden           golden tests of the semantic patches (no kernel needed)'
	@echo '  make check            sparse, W=1, checkpatch, kernel-doc, coccicheck and the like'
	@echo '  harness/kunit_results.py LOG TREE   what the KUnit suites found, by the log of a console'
	@echo '  make matrix           compile what is touched for four architectures and many configurations'
	@echo '  make steps            compile what is touched after each step of the series'
	@echo
	@echo 'variables:'
	@echo '  KERNEL=$(KERNEL)            series to fetch: 7.3, 6.12, or another one between or beyond that Debian offers'
	@echo '  LINUX=path            any kernel tree near that, instead of fetching one; demo, test and the single'
	@echo '                        steps convert a copy of it'
	@echo '  CACHE=$(CACHE)'
	@echo '  JOBS=$(JOBS)                compilers at a time; most tests run one guest more'
	@echo '  MINUTES=$(MINUTES)              test: what has not begun after so many (55; 0: no limit) is skipped, and says so'

demo: build
	harness/setup guest
	harness/demo "$$(harness/build x86_64 guest)"

test:
	harness/test

stress:
	harness/test setup fetch convert build stock storm faults hostile selftests analyzer heavy big-endian 32-bit

bench: tree
	harness/setup guest bench
	harness/bench $(BENCH)

ifneq ($(LINUX),)
apply:
	@harness/setup build
	@harness/apply --tree '$(LINUX)'
else
apply:
	@echo 'Which tree? make apply LINUX=path' >&2; exit 2
endif

series: fetch
	@harness/mkseries

series-check: tree
	@harness/setup cross
	@harness/setup guest
	@harness/mkseries --check

size: fetch
	@harness/size

setup:
	harness/setup

fetch:
	@harness/setup build
	@harness/fetch

tree: fetch
	@harness/convert

config: tree
	@harness/config x86_64 guest

boot: build
	@harness/setup guest
	@harness/boot "$$(harness/build x86_64 guest)"

build: config
	@harness/build x86_64 guest

golden:
	@harness/setup build
	@harness/golden

check: build
	@harness/setup check
	@harness/check

matrix: tree
	@harness/setup cross
	@harness/matrix

steps: fetch
	@harness/steps
