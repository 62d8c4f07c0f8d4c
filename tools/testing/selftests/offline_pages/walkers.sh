#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# PFN walkers run over everything while pages are offline
#
# Reads all of /proc/kpageflags, kpagecount, kpagecgroup, kcore, pagetypeinfo
# and triggers compaction. Nothing may crash, and the number of offline pages
# must be the same after each.

. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "must be root"

plan 6
before=$(kpf)

walk()
{
	name=$1
	file=$2
	shift 2

	if [ ! -e "$file" ]; then
		skip "$name" "no $file"
		return
	fi
	if ! why=$("$@" 2>&1); then
		fail "$name" "$name: $why"
		return
	fi
	is "$name" "$(kpf)" "$before"
}

readall()
{
	cat "$1" > /dev/null
}

compact()
{
	echo 1 > /proc/sys/vm/compact_memory
}

walk kpageflags /proc/kpageflags readall /proc/kpageflags
walk kpagecount /proc/kpagecount readall /proc/kpagecount
walk kpagecgroup /proc/kpagecgroup readall /proc/kpagecgroup
walk pagetypeinfo /proc/pagetypeinfo readall /proc/pagetypeinfo
walk kcore /proc/kcore "$DIR/kcore_read"
walk compaction /proc/sys/vm/compact_memory compact

finish
