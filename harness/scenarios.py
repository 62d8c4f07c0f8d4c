# SPDX-License-Identifier: GPL-2.0
"""Scenarios that run on the converted and on the unmodified kernel.

Used by balloon-tests, ppc-tests, i386-tests and vmware-tests. A scenario is a function that
gets a Run: it looks, expects, and reports what is wrong. On the unmodified
kernel some of that is known: a scenario that names the stock bug it is about is
skipped there if the bug does not show, for then it would prove nothing.

Between the two there is a kernel whose old drivers are converted in place, with
no class of balloon devices yet. It runs what stock runs, but has no excuse.

Result lines: GROUP/NAME for the converted kernel, GROUP/NAME/stock for the
unmodified one, GROUP/NAME/in-place for that in between.
"""

import argparse
import inspect
import sys
import threading
import time
import traceback

import guest

SCENARIOS = {}
OURS_ONLY = set()
STOCK_DIES = set()
PRINT = threading.Lock()
COUNT = {"ok": 0, "not ok": 0, "skip": 0}


def scenario(name, stock_bug=None, stock_expect=(), both=True, stock_dies=False,
             **options):
    """Register a function as a scenario.

    stock_bug: what the unmodified kernel does wrong here; stock_expect: regular
    expressions of what it then prints on the console; both: without it, the
    unmodified kernel is left out unless the scenario is named; stock_dies: what
    that does wrong may be the end of its guest; options: of the guest.
    """
    def register(function):
        if not both:
            OURS_ONLY.add(name)
        if stock_dies:
            STOCK_DIES.add(name)
        SCENARIOS[name] = (function, stock_bug, stock_expect, options)
        return function
    return register


def result(verdict, name, why=""):
    with PRINT:
        COUNT[verdict] += 1
        print(f"{verdict} {name}" + (f": {why}" if why else ""), flush=True)


guest.Guest.say_again = staticmethod(lambda name, text: result("skip", "boot/" + name, text))


def say(text):
    with PRINT:
        print("# " + text, file=sys.stderr, flush=True)


class Run:
    """One scenario on one kernel: "ours", "stock" or "in-place".

    ours: it has the class of balloon devices; converted: its balloon pages are
    offline pages with an owner.
    """

    def __init__(self, g, which, stock_bug):
        self.g, self.which, self.stock_bug = g, which, stock_bug
        self.ours, self.converted = which == "ours", which != "stock"
        self.problems, self.shown = [], []

    def problem(self, text, bug=False):
        """Something is wrong; with bug, it is the one that stock is known for."""
        if bug and self.stock_bug and not self.converted:
            self.shown.append(text)
        else:
            self.problems.append(text)

    def expect(self, what, got, want, bug=False):
        if got != want:
            self.problem(f"{what}: {got}, expected {want}", bug)

    def write(self, text, path, timeout=90):
        """Write a line to a file of the guest; true if that worked."""
        return self.g.sh(f"echo {text} > {path}", timeout, check=False)[0] == 0

    def read(self, path):
        return self.g.sh(f"cat {path}").strip()

    def set_block(self, name, state, timeout=90):
        return self.write(state, f"/sys/devices/system/memory/{name}/state", timeout)

    def vmstat(self, *names):
        figures = dict(l.split() for l in self.g.sh("cat /proc/vmstat").splitlines())
        return [int(figures[n]) for n in names]


def run(group, name, make_guest, image, which):
    """Run one scenario on one kernel and report it."""
    function, stock_bug, stock_expect, options = SCENARIOS[name]
    stock = which == "stock"
    label = f"{group}/{name}" + ("" if which == "ours" else f"/{which}")
    start = time.monotonic()
    say(f"{name} ({which}) starts")
    t, problem = None, None
    try:
        with make_guest(image, name=f"{group}-{name}-{which}",
                        expect=stock_expect if stock else (), interval=10,
                        progress=lambda text: say(f"{name} ({which}): {text}"),
                        **options) as g:
            t = Run(g, which, stock_bug)
            function(t)
            g.alive()
            t.expect("tasks that wait and cannot be killed", g.stuck(), [])
    except guest.Skip as e:
        result("skip", label, e)
        return
    except guest.GuestError as e:
        problem, *more = str(e).splitlines()
        for line in more:
            say(f"{name} ({which}): {line.strip()}")
        if t and stock and name in STOCK_DIES:
            t.problem(problem, bug=True)
            problem = None
    except Exception as e:              # pylint: disable=broad-exception-caught
        # A mistake of one test is not the end of the others.
        traceback.print_exc()
        problem = f"{type(e).__name__}: {e}"
    problems = (t.problems if t else []) + ([problem] if problem else [])
    shown = t.shown if t else []
    for text in shown:
        say(f"{name} ({which}): {stock_bug}: {text}")
    if problems:
        result("not ok", label, "; ".join(problems))
    elif stock_bug and stock and not shown:
        result("skip", label, f"this kernel does not show it: {stock_bug}")
    else:
        result("ok", label)
    say(f"{name} ({which}) took {time.monotonic() - start:.0f} s")


def main(group, doc, make_guest):
    """The whole of a test script. make_guest(image, **options): a guest."""
    p = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("ours", metavar="OURS", nargs="?")
    p.add_argument("stock", metavar="STOCK", nargs="?")
    p.add_argument("names", metavar="NAME", nargs="*")
    p.add_argument("--in-place", action="store_true",
                   help="STOCK is a kernel whose old drivers are converted in place")
    p.add_argument("--list", action="store_true", help="list the scenarios")
    args = p.parse_args()
    if args.list:
        for name, (function, *_) in SCENARIOS.items():
            print(f"{name:24} {inspect.getdoc(function).splitlines()[0]}")
        return 0
    if not args.stock:
        p.error("OURS and STOCK are needed; either may be -")
    wrong = set(args.names) - set(SCENARIOS)
    if wrong:
        p.error("no such scenario: " + " ".join(sorted(wrong)))
    guest.die_on_sigterm()

    start = time.monotonic()
    with guest.pool() as pool:
        other = "in-place" if args.in_place else "stock"
        jobs = [pool.submit(run, group, name, make_guest, image, which)
                for name in SCENARIOS if not args.names or name in args.names
                for which, image in (("ours", args.ours), (other, args.stock))
                if image != "-" and (which == "ours" or args.names or name not in OURS_ONLY)]
        for job in jobs:
            job.result()
    say(f"{group} tests took {time.monotonic() - start:.0f} s")
    return 1 if COUNT["not ok"] else 0
