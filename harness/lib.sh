# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the shell parts of the harness share: where things are, how to speak, how to wait.
# Sourced, not run.

set -euo pipefail
export LC_ALL=C

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HARNESS=$TOP/harness
: "${KERNEL:=7.3}" "${LINUX:=}" "${JOBS:=$(nproc)}"
: "${CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/offline-pages}"
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac
export KERNEL LINUX JOBS CACHE
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
export CCACHE_BASEDIR=$CACHE CCACHE_NOHASHDIR=1
# the same every time, so that nothing is compiled again for the sake of the date
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=user KBUILD_BUILD_HOST=host
LOGS=$CACHE/log
mkdir -p "$LOGS"

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
# harness/fetch finds more, but only when packages were installed
[[ $KERNEL =~ ^[1-9][0-9]*\.[0-9]+$ ]] ||
	die "KERNEL=$KERNEL: not a series of Linux, as 7.3 and 6.12 are;" \
		"a tree is given with LINUX=path"

# Which kernel the directories below belong to: the series, or the given tree.
kernel_label() {
	if [ -n "$LINUX" ]; then
		printf '%s-%s\n' "$(basename "$LINUX")" \
			"$(realpath "$LINUX" | sha256sum | cut -c1-8)"
	else
		printf '%s\n' "$KERNEL"
	fi
}

# OFFLINE_PAGES_TREE: for harness/steps, whose tree is converted only in part.
converted_tree() {
	printf '%s\n' "${OFFLINE_PAGES_TREE:-$CACHE/converted/$(kernel_label)/tree}"
}
tree_of() { if [ "$1" = stock ]; then "$HARNESS/fetch"; else converted_tree; fi; }
# changed_files: what the series changes in the tree of this kernel, and leaves there or not
changed_files() {
	"$HARNESS/apply" --list --files --from "$("$HARNESS/fetch")" |
		sed -n 's/^change //p' | sort -u
}
build_dir() { printf '%s/build/%s/%s-%s-%s\n' "$CACHE" "$(kernel_label)" "$1" "$2" "$3"; }

# make_args ARCH: what make needs to build for ARCH here, and in CROSS what the names of its
# compilers begin with.
make_args() {
	case $1 in
	x86_64 | i386) MAKE_ARGS=("ARCH=$1") CROSS=x86_64-linux-gnu- ;;
	ppc64le | ppc64) MAKE_ARGS=(ARCH=powerpc) CROSS=power${1#p}-linux-gnu- ;;
	arm64) MAKE_ARGS=(ARCH=arm64) CROSS=aarch64-linux-gnu- ;;
	s390x) MAKE_ARGS=(ARCH=s390) CROSS=s390x-linux-gnu- ;;
	*) die "unknown architecture '$1' (x86_64, i386, ppc64le, ppc64, arm64, s390x)" ;;
	esac
	if [ "$(uname -m)" = "${1/i386/x86_64}" ]; then CROSS=; fi
	if [ -n "$CROSS" ]; then MAKE_ARGS+=("CROSS_COMPILE=$CROSS"); fi
	if command -v ccache >/dev/null; then MAKE_ARGS+=("CC=$(compiler) ${CROSS}gcc -pipe"); fi
}

# compiler: harness/cc, by a name that is the same for every checkout; else another one would
# compile all anew.
compiler() {
	local link=$CACHE/cc
	if [ "$(readlink "$link")" != "$HARNESS/cc" ]; then
		ln -s "$HARNESS/cc" "$link.$$"
		mv -fT "$link.$$" "$link"
	fi
	printf '%s\n' "$link"
}

# with_progress TEXT LOG COUNTER COMMAND...: run COMMAND with its output in LOG and, every five
# seconds, print a line with TEXT, what the shell function COUNTER prints, and the time gone by.
with_progress() {
	local text=$1 log=$2 counter=$3 start=$SECONDS pid rc=0 ticks=0
	shift 3
	"$@" </dev/null >"$log" 2>&1 &
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null || true" EXIT
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		ticks=$((ticks + 1))
		if [ $((ticks % 25)) -eq 0 ]; then
			say "  $text: $("$counter" "$log") $((SECONDS - start)) s"
		fi
	done
	wait "$pid" || rc=$?
	trap - EXIT
	return "$rc"
}
nothing() { :; }
objects() { printf '%s objects,' "$(grep -cE '^ +(CC|AS|LD|AR|HOSTCC|CC \[M\]) ' "$1" || true)"; }

# late NAME: may nothing new begin any more? Then NAME's result line is printed. LATE is when, in
# seconds since 1970; harness/test makes it of MINUTES.
late() {
	[ -n "${LATE:-}" ] && [ "$(date +%s)" -ge "$LATE" ] || return 1
	printf 'skip %s: %s\n' "$1" \
		"no time left of the $MINUTES minutes that all may take; a second run is quicker"
}

# Result lines of a script that names their group in RESULTS. Its exit status is rc, which not_ok
# sets.
ok() { printf 'ok %s/%s\n' "$RESULTS" "$1"; }
not_ok() { printf 'not ok %s/%s: %s\n' "$RESULTS" "$1" "$2"; rc=1; }
skip() { printf 'skip %s/%s: %s\n' "$RESULTS" "$1" "$2"; }
count() { grep -c . <<<"$1" || true; }

# listed: git has to tell what ours() lists, or checks have nothing to look at.
listed() {
	git -C "$TOP" ls-files --error-unmatch README.md >/dev/null ||
		die "git does not list the files of this repository, which are to be checked"
}

# ours PATTERN...: files of this repository, in it or not yet
ours() {
	git -C "$TOP" ls-files -co --exclude-standard -- "$@" | sort -u
}
