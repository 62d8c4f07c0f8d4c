#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The contract of offline pages, as user space can see it
#
# Whatever a balloon, a hotplug driver or nobody holds at the moment: refcounts
# are 0, the two views of the kernel agree, and no counter reports misuse. What
# the kernel shows to tools is nothing that the pages have for themselves: the
# flags that tell their kind mean something else elsewhere.
# Run it in any state; it changes nothing.

. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "must be root"
[ -e $VIEW/pages ] || skip_all "no $VIEW/pages: kernel without CONFIG_OFFLINE_PAGES"

plan 8
look

missing=
for c in never_onlined skippable movable plain poisoned refs; do
	[ -n "$(column $c)" ] || missing="$missing $c"
done
is "pages: every column is there" "$missing" ""

is "refs: no offline page has a reference" "$(column refs)" 0

never=$(column never_onlined)
skippable=$(column skippable)
if [ "$never" -le "$((skippable + $(column plain) + $(column movable)))" ]; then
	pass "never onlined pages are counted under another kind too"
else
	fail "never onlined pages are counted under another kind too" \
		"never_onlined $never, skippable $skippable, plain $(column plain)"
fi

# total offline N poisoned N both N first PFN
# shellcheck disable=SC2046 # split into words
set -- $("$DIR/kpf_offline")
sum=$((skippable + $(column movable) + $(column plain)))
is "the kinds add up to what kpageflags shows" "$sum" "$3"

is "poisoned: agrees with kpageflags" "$(column poisoned)" "$7"

name="kpageflags and kpagecount: offline and poisoned, and no more"
if why=$("$DIR/kpf_offline" -x); then
	pass "$name"
else
	fail "$name" "$name: $why"
fi

# Who reads a dump finds the pages by their type, and their kind by three flags.
name="vmcoreinfo: the type and three different flags"
if note=$("$DIR/kcore_read" -n 2> /dev/null); then
	known=$(echo "$note" | grep -c -e '^NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=' \
		-e '^NUMBER(PG_offline_\(onlined\|skippable\|movable\))=[0-9]')
	bits=$(echo "$note" | sed -n 's/^NUMBER(PG_offline_.*)=//p' | sort -u | wc -l)
	is "$name" "$known $((bits))" "4 3"
else
	skip "$name" "no such note in /proc/kcore"
fi

is "misuse: nothing was reported" "$(counter misuse)" 0

finish
