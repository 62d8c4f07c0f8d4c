# SPDX-License-Identifier: GPL-2.0
# Print what one directory's makefile adds to the kernel in a configuration: its objects and directories.
# usage: make -s -f objects.mk TREE=tree DIR=mm BUILD=build-directory SRCARCH=x86
include $(BUILD)/include/config/auto.conf
srctree := $(TREE)
objtree := $(BUILD)
obj := $(DIR)
src := $(TREE)/$(DIR)
include $(or $(wildcard $(src)/Kbuild),$(src)/Makefile)
listed := $(obj-y) $(obj-m) $(lib-y) $(lib-m)
parts := $(foreach o,$(filter %.o,$(listed)),$($(o:.o=-y)) $($(o:.o=-m)) $($(o:.o=-objs)))
modules := $(foreach o,$(filter %.o,$(obj-m)),$(or $(strip $($(o:.o=-y)) $($(o:.o=-m)) $($(o:.o=-objs))),$(o)))
.DEFAULT_GOAL := list
.PHONY: list
list:
	@:
$(info in $(listed) $(parts))
$(info module $(modules))
