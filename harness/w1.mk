# SPDX-License-Identifier: GPL-2.0
# Compile objects of a kernel again, with the warnings of W=1. Its directory stays as it is, but for w1/.
# usage: make -s -k -f w1.mk TREE=tree BUILD=build-directory [CC=compiler | CROSS_COMPILE=prefix] OBJECT...
#        make -s -f w1.mk ... mistakes    a file of mistakes that only W=1 sees, as if it were mm/page_alloc.c
HERE := $(dir $(realpath $(lastword $(MAKEFILE_LIST))))
CC = $(CROSS_COMPILE)gcc
include $(BUILD)/include/config/auto.conf
include $(TREE)/scripts/Kbuild.include
include $(TREE)/scripts/Makefile.compiler
asked := $(firstword $(wildcard $(TREE)/scripts/Makefile.warn $(TREE)/scripts/Makefile.extrawarn))

# What the kernel asks the compiler for, without and with W=1. What it does not ask for any more has to go, too:
# -Wno-something wins over -Wall, wherever they stand.
KBUILD_CFLAGS :=
KBUILD_CPPFLAGS :=
KBUILD_EXTRA_WARN :=
include $(asked)
usual := $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS)
KBUILD_CFLAGS :=
KBUILD_CPPFLAGS :=
KBUILD_CFLAGS-y :=
KBUILD_EXTRA_WARN := 1
include $(asked)
more := $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS)
export WITHOUT := $(filter-out $(more),$(usual))

recompile = mkdir -p $(BUILD)/w1/$(dir $@) && $(HERE)recompile $(BUILD) $(1) $(filter-out $(usual),$(more)) \
	-Wp,-MMD,w1/$@.d -c -o w1/$@ $(2)
.PHONY: $(MAKECMDGOALS)
$(filter %.o,$(MAKECMDGOALS)):
	$(call recompile,$@,$(TREE)/$(@:.o=.c))
mistakes:
	$(call recompile,mm/page_alloc.o,$(HERE)w1_test.c)
