# SPDX-License-Identifier: GPL-2.0
"""Which functions of a guest's kernel it spends its instructions in.

QEMU writes down each instruction that it emulates, one to a block, and awk counts
them. That is exact, and takes about two microseconds for each: only for spans in
which the guest does nothing but what is looked at.
"""

import bisect
import collections
import contextlib
import os
import re
import subprocess

from guest import GuestError

# Its lines end with [cs_base/pc/flags/cflags] and what QEMU takes for the symbol.
COUNT = 'BEGIN { FS = "/" } /^Trace/ { n[$2]++ } END { for (pc in n) print pc, n[pc] }'
KERNEL = 1 << 63        # the addresses from here on


class Symbols:
    """The functions of a kernel that is where it was linked to be."""

    def __init__(self, lines):
        found = sorted((int(l[0], 16), l[2]) for l in map(str.split, lines) if l[1] in "tTwW")
        self.starts = [start for start, _ in found]
        # Parts that the compiler made of a function count as that function.
        self.names = [re.sub(r"\.(cold|constprop|isra|part)\b.*", "", name) for _, name in found]

    def name(self, pc):
        if pc < KERNEL:
            return "(user space)"
        at = bisect.bisect(self.starts, pc) - 1
        return self.names[at] if at >= 0 else "(unknown)"


class Profiler:
    """Counts the instructions of a running guest, span by span."""

    def __init__(self, g):
        self.g, self.symbols = g, Symbols(g.linked())

    def monitor(self, command):
        return self.g.qmp("human-monitor-command", command_line=command)

    def one_by_one(self, on):
        # Since QEMU 8.1, and before.
        for command in "one-insn-per-tb", "singlestep":
            if "unknown command" not in self.monitor(f"{command} {'on' if on else 'off'}"):
                return
        raise GuestError("this QEMU cannot translate instructions one by one")

    @contextlib.contextmanager
    def span(self):
        """Count in here; gives a Counter that has the functions' at the end. QEMU logs nothing else any more."""
        counted = collections.Counter()
        fifo = os.path.join(self.g.run, "instructions")
        os.mkfifo(fifo)
        try:
            with subprocess.Popen(["awk", COUNT, fifo], stdout=subprocess.PIPE, text=True) as awk:
                try:
                    self.one_by_one(True)
                    self.monitor(f"logfile {fifo}")
                    self.monitor("log exec,nochain")
                    yield counted
                    self.monitor("log none")
                    self.one_by_one(False)
                    # QEMU closes the other one, which ends what awk reads.
                    self.monitor(f"logfile {os.devnull}")
                except BaseException:
                    awk.kill()
                    raise
                for line in awk.communicate()[0].splitlines():
                    pc, n = line.split()
                    counted[self.symbols.name(int(pc, 16))] += int(n)
        finally:
            with contextlib.suppress(FileNotFoundError):    # the guest may be ended already
                os.unlink(fifo)
        if not counted:
            raise GuestError(f"{self.g.name}: QEMU has not logged an instruction")
