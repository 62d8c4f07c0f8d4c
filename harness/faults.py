# SPDX-License-Identifier: GPL-2.0
"""Allocations of a guest's kernel that fail, one at a time.

Used by the tests of balloons, in guests with a shell or without one. Only those count that have certain
functions among their callers; so the nth is the same one each time, whatever
else goes on.
"""

import collections
import contextlib
import itertools
import os

import scenarios
from guest import KIB

MANY = 100000


class Faults:
    """callers: a regular expression of the functions that count, see among(); none for a module,
    whose insertion asks for its own.

    FAULTS=all lets each allocation fail; otherwise less and less of the later ones do, but where
    each is asked for. injected: how many have failed, by what was done.
    """

    kinds = ("failslab", "fail_page_alloc")

    def __init__(self, t, callers=None):
        self.t, self.g = t, t.g
        self.every = os.environ.get("FAULTS") == "all"
        self.injected = collections.Counter()
        self.counted = collections.Counter()    # by kind, as far as the kernel does
        for kind in self.kinds:
            self.set(kind, probability=0, interval=1, times=0, space=0, verbose=0)
            for name, value in {"task-filter": 0, "ignore-gfp-wait": 0, "ignore-gfp-highmem": 0,
                                "min-order": 0, "stacktrace-depth": 32}.items():
                t.write(value, f"{self.path(kind)}/{name}")     # not all are of both kinds
        if callers:
            self.among(callers)

    @staticmethod
    def path(kind):
        return f"/sys/kernel/debug/{kind}"

    def set(self, kind, **values):
        self.g.commands([f"echo {value} > {self.path(kind)}/{name}" for name, value in values.items()])

    def among(self, callers):
        """Those count that have a function among their callers that lies between the first and
        the last of these."""
        text = sorted(self.g.symbols(f" [tT] ({callers})"))
        first, last = text[0], text[-1] + 4 * KIB
        self.t.expect(f"bytes of {callers}, plausible", last - first < 256 * KIB, True)
        for kind in self.kinds:
            self.set(kind, **{"require-start": f"{first:#x}", "require-end": f"{last:#x}"})

    def numbers(self, each=False):
        n = 1
        while True:
            yield n
            n += 1 if each or self.every else n

    # of one task

    def command(self, text):
        """For tried(): what runs a command of the guest."""
        return lambda before: self.g.task(before + text, what=text)

    def tried(self, run, label, each=False):
        """Have something done again and again, and let the nth allocation fail that this takes;
        each time, a pair: whether that went well, and whether it was the last.

        run(before) does it in a task that begins with the shell's command before; its status."""
        for n in self.numbers(each):
            status = run("".join(f"echo {MANY} > {self.path(kind)}/times; " for kind in self.kinds) +
                         f"echo {n} > /proc/self/fail-nth; ")
            failed = self.failed()
            self.injected[label] += failed
            yield not status, not failed
            if not failed:
                return

    def failed(self):
        """How many have failed since MANY may."""
        left = self.g.sh("cat " + " ".join(f"{self.path(kind)}/times" for kind in self.kinds)).split()
        return sum(MANY - int(n) for n in left)

    # of all tasks

    def alone(self, work, label, kind, prepare=None):
        """Call work(label) again and again, prepare() before, and let the nth allocation fail that
        this takes, and no other."""
        label = f"{label}, {kind}"
        for n in self.numbers():
            # The kernel counts on, and the one fails at which that is a multiple of this.
            at, rounds, left = self.counted[kind] + n, 0, 1
            while left and rounds < 9:
                if prepare:
                    prepare()
                self.set(kind, interval=at, times=1, probability=100)
                work(f"{label} {n}")
                left = int(self.t.read(f"{self.path(kind)}/times"))
                self.set(kind, probability=0, interval=1)
                rounds += 1
            self.injected[label] += rounds == 1
            self.counted[kind] = at if at > 1 else 0
            if rounds > 1:      # it takes less than n
                return

    def in_a_row(self, work, label, kind, step, times):
        """The same while so many allocations fail one after another, after n steps of bytes of
        slab, or of pages."""
        label = f"{label}, {kind}, {times} in a row"
        for n in itertools.chain([0], self.numbers()):
            self.set(kind, space=n * step, times=times, probability=100)
            work(f"{label} after {n * step}")
            left = int(self.t.read(f"{self.path(kind)}/times"))
            self.set(kind, probability=0, space=0)
            self.injected[label] += times - left
            if left == times:
                return

    @contextlib.contextmanager
    def everything(self, label):
        """All that count fail."""
        for kind in self.kinds:
            self.set(kind, times=MANY, probability=100)
        yield
        for kind in self.kinds:
            self.set(kind, probability=0)
        self.injected[label] += self.failed()

    # of a driver that is a module

    def life(self, size, plainly, in_a_task, ask, holds, rests, nothing):
        """A driver is inserted, its balloon gets as large as size and empty again, and it is removed
        while that is full; allocations of each of these fail. That is all: it ends().

        plainly, in_a_task: commands to insert and to remove it, those of the second without another
        task; ask(size): a target from the host; holds(): what the host has; rests(size, label): ask,
        and all agrees in the end; nothing(label): nothing is left of the driver."""
        insert, remove = plainly
        insert_here, remove_here = in_a_task
        prevented = 0
        self.among("do_init_module$")
        for n, (inserted, last) in enumerate(self.tried(self.command(insert_here), "insertion"), 1):
            prevented += not inserted
            if inserted and not last:       # it can do without
                self.g.sh(remove)
            if not last:
                nothing(f"insertion {n}")
        self.t.expect("insertions that failed", prevented > 0, True)
        rests(size, "inserted")
        rests(0, "empty")

        def there_and_back(label):
            for now in (size, 0):
                ask(now)
                self.g.wait(f"{label}: {now}", lambda want=now: holds() == want, 60, holds)
        self.among("balloon_device_")
        for kind in self.kinds:
            self.alone(there_and_back, "there and back", kind)
        # Of blocks of 2 MiB there are none for a while, or of either.
        self.in_a_row(there_and_back, "there and back", "fail_page_alloc", 1024, 24)
        rests(0, "after the faults of the worker")

        rests(size, "before removal")
        for n, (removed, last) in enumerate(self.tried(self.command(remove_here), "removal"), 1):
            self.t.expect(f"removal {n}: done", removed, True)
            nothing(f"removal {n}")
            if not last:
                self.g.sh(insert)
                rests(size, f"removal {n}: inserted again")
        self.ends()

    def ends(self):
        """Say what has failed. Something must have, of all that was tried."""
        scenarios.say(f"{self.g.name}: " + ", ".join(f"{n} in {what}" for what, n in self.injected.items()))
        for what, n in self.injected.items():
            self.t.expect(f"{what}: an allocation failed", n > 0, True)
