# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Shared by the offline_pages tests: KTAP output, the debugfs view, memory blocks.
# Plain POSIX shell, so that a guest with nothing but busybox can run it.

DIR=$(dirname "$0")
VIEW=/sys/kernel/debug/offline_pages
BLOCKS=/sys/devices/system/memory
KSFT_FAIL=1
KSFT_SKIP=4
nr=0
failed=0

plan()
{
	echo "TAP version 13"
	echo "1..$1"
}

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit $KSFT_SKIP
}

pass()
{
	nr=$((nr + 1))
	echo "ok $nr $*"
}

skip()
{
	nr=$((nr + 1))
	echo "ok $nr $1 # SKIP $2"
}

fail()
{
	nr=$((nr + 1))
	failed=$((failed + 1))
	echo "# $2"
	echo "not ok $nr $1"
}

# is NAME VALUE EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "$1: $2, expected $3"
	fi
}

finish()
{
	[ $failed = 0 ] || exit $KSFT_FAIL
	exit 0
}

# look: take the debugfs view. The kernel looks at every page for it.
look()
{
	pages=$(cat $VIEW/pages)
}

# column NAME: the figure in the total line of the view taken last. The header
# names the columns, so that new ones may be added without harm.
column()
{
	echo "$pages" | awk -v want="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i - NF }
		$1 == "total" { if (want in at) print $(NF + at[want]) }'
}

counter()
{
	awk -v want="$1" '$1 == want { print $2 }' $VIEW/counters
}

# kpf: the number of offline pages by kpageflags
kpf()
{
	"$DIR/kpf_offline" | awk '$1 == "total" { print $3 }'
}

meminfo()
{
	awk -v want="$1:" '$1 == want { print $2 }' /proc/meminfo
}
