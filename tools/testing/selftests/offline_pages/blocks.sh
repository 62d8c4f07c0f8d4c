#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Offlining and onlining every removable memory block keeps the totals
#
# Takes each online block of ZONE_MOVABLE offline and back. MemTotal must come
# back exactly, and so must the number of offline pages in the end. A block that
# cannot be offlined is no failure, a total that does not come back is.

. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "must be root"
[ -e $BLOCKS/block_size_bytes ] || skip_all "no memory blocks in sysfs"

todo=
for b in "$BLOCKS"/memory*/; do
	[ "$(cat "$b/state")" = online ] || continue
	case $(cat "$b/valid_zones") in
	Movable*) todo="$todo $(basename "$b")" ;;
	esac
done
[ -n "$todo" ] || skip_all "no online memory block in ZONE_MOVABLE"

set -- $todo
plan $(($# + 1))
before=$(kpf)

cycle()
{
	total=$(meminfo MemTotal)
	if ! echo offline 2> /dev/null > "$BLOCKS/$1/state"; then
		skip "$1" "cannot be offlined"
		return
	fi
	away=$(meminfo MemTotal)
	if ! echo online_movable > "$BLOCKS/$1/state"; then
		fail "$1" "$1: cannot be onlined again"
		return
	fi
	is "$1: MemTotal fell by $((total - away)) kB" "$(meminfo MemTotal)" "$total"
}

for b in $todo; do
	cycle "$b"
done
is "offline pages after all that" "$(kpf)" "$before"

finish
