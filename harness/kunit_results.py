# SPDX-License-Identifier: GPL-2.0
"""What the KUnit suites of a guest found, by the log of its console.

Used by guest-tests and kcsan-tests. The kernel's own kunit.py reads the log.
"""

import contextlib
import json
import os
import re
import subprocess
import sys

# Cases provoke warnings on purpose and fail by themselves if one is missing.
PROVOKED = re.compile(r"WARNING: (CPU: \d+ PID: \d+ at )?\S*offline_pages|offline_pages: misuse|"
                      r"was written while offline")


def cases(node, path=()):
    """Flatten kunit.py's JSON into (name, status) of each case."""
    for case in node.get("test_cases", ()):
        yield "/".join((*path, case["name"])), case["status"]
    for sub in node.get("sub_groups", ()):
        yield from cases(sub, (*path, sub["name"]))


def report(log, tree, prefix, result):
    """Call result(status, name, why) for each case in LOG, the names starting
    with PREFIX. TREE is the kernel tree that kunit.py is taken from."""
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
        with open(log, encoding="utf-8", errors="replace") as f:
            text = f.read()
    except (OSError, ValueError) as e:
        result("not ok", f"{prefix}/parse", f"kunit.py gave no result: {e}; it said: "
               + " ".join(parsed.stdout.split()[-30:]))
        return
    if not found:
        result("not ok", f"{prefix}/suites", f"no case of offline_pages ran (see {log})")
    for case, status in found:
        *_, group, leaf = case.split("/")
        start = max(text.find(f"# Subtest: {group}\n"), 0)
        end = re.search(rf"(?:not )?ok \d+ {re.escape(leaf)}(?: # SKIP (.*))?\n",
                        text[start:])
        if status == "PASS":
            result("ok", f"{prefix}/{case}")
        elif status == "SKIP":
            result("skip", f"{prefix}/{case}", end and end.group(1) or "by the case")
        else:
            # What it expected stands before its result line.
            at = end and re.findall(r"FAILED at (\S+)", text[:start + end.start()])
            result("not ok", f"{prefix}/{case}",
                   f"{status} at {at[-1] if at else 'unknown'} (see {log})")
