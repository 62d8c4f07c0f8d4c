#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0
"""What the KUnit suites of a guest found, by the log of its console.

  harness/kunit_results.py LOG TREE [KIND]

TREE is the kernel tree that kunit.py is taken from, which reads the log; KIND
names the results, and is kunit for a guest in which no case may be skipped.

guest-tests and kunit-tests use it, too.
"""

import contextlib
import json
import os
import re
import subprocess
import sys

import guest
import scenarios

# Cases provoke warnings on purpose and fail by themselves if one is missing. A kernel tells where
# one came from by file or, without verbose bugs, by function.
PROVOKED = re.compile(r"WARNING: (CPU: \d+ PID: \d+ at )?(\S*offline_pages|register_offline_page_owner\+)|"
                      r"offline_pages: misuse|"
                      r"was written while offline")

# The guest that guest-tests boots has the zones, nodes and options that the
# suites need: each case runs there, but for parameters that mean nothing to it.
# As (case, why, parameters).
NOTHING_TO_DO = (
    ("offline_pages/wait_for_walkers", "takes no pages",
     ("reserve_offline_page_range",)),
    ("balloon_device/back_off_erratic", "about taking pages only",
     ("not given back", "busy when giving back")),
    ("balloon_device/back_off_and_deflate", "nothing can be given back meanwhile",
     ("busy", "not given back", "busy when giving back")),
)
# Other kernels have other options, zones and nodes: there a skip is only told.
# Those are the ones of kunit-tests, and the long term series, by its VERSION.
STRICT = "kunit"
LENIENT_SERIES = ("6",)


def series(tree):
    """The first part of the version of the kernel tree."""
    with open(os.path.join(tree, "Makefile"), encoding="utf-8") as f:
        found = re.search(r"^VERSION\s*=\s*(\S+)", f.read(), re.M)
    return found.group(1) if found else ""


def may_skip(case, why):
    """May this case be skipped for this reason in a guest that has it all?"""
    name, _, param = case.rpartition("/")
    return any((name, why) == (n, w) and param in params for n, w, params in NOTHING_TO_DO)


def cases(node, path=()):
    """Flatten kunit.py's JSON into (name, status) of each case."""
    for case in node.get("test_cases", ()):
        yield "/".join((*path, case["name"])), case["status"]
    for sub in node.get("sub_groups", ()):
        yield from cases(sub, (*path, sub["name"]))


def report(log, tree, prefix, result):
    """Call result(status, name, why) for the console as a whole and for each case
    in LOG, the names starting with PREFIX. TREE is the kernel tree that kunit.py
    is taken from."""
    text = ""
    with contextlib.suppress(FileNotFoundError), open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    bad = [line.strip() for line in text.splitlines()
           if guest.SPLAT.search(line) and not PROVOKED.search(line)]
    result("not ok" if bad else "ok", f"{prefix}/console", bad[0] if bad else "")
    strict = prefix == STRICT and series(tree) not in LENIENT_SERIES
    out = os.path.splitext(log)[0] + ".json"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(out)
    parsed = subprocess.run(
        [sys.executable, "-B", os.path.join(tree, "tools/testing/kunit/kunit.py"),
         "parse", "--json=" + out, log], check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with open(out, encoding="utf-8") as f:
            found = list(cases(json.load(f)))
    except (OSError, ValueError) as e:
        result("not ok", f"{prefix}/parse", f"kunit.py gave no result: {e}; it said: "
               + " ".join(parsed.stdout.split()[-30:]))
        return
    if not found:
        result("not ok", f"{prefix}/suites", f"no case of offline_pages ran (see {log})")
    for case, status in found:
        # A log that ends too early may have cases of no suite.
        group, leaf = ("/" + case).split("/")[-2:]
        start = max(text.find(f"# Subtest: {group}\n"), 0)
        end = re.search(rf"(?:not )?ok \d+ {re.escape(leaf)}(?: # SKIP (.*))?\n",
                        text[start:])
        if status == "PASS":
            result("ok", f"{prefix}/{case}")
        elif status == "SKIP":
            why = end and end.group(1) or "by the case"
            if strict and not may_skip(case, why):
                result("not ok", f"{prefix}/{case}", f"skipped, and the guest has it all: {why}")
            else:
                result("skip", f"{prefix}/{case}", why)
        else:
            # What it expected stands before its result line.
            at = end and re.findall(r"FAILED at (\S+)", text[:start + end.start()])
            result("not ok", f"{prefix}/{case}",
                   f"{status} at {at[-1] if at else 'unknown'} (see {log})")


def main():
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    if not os.path.exists(sys.argv[1]):
        sys.exit(f"kunit_results.py: {sys.argv[1]}: no such file")
    report(*(sys.argv[1:] + ["log"])[:3], scenarios.result)
    return 1 if scenarios.COUNT["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
