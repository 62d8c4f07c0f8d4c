# SPDX-License-Identifier: GPL-2.0
"""Guests that have no shell, and what the tests do with a balloon in one.

Used by ppc-tests and i386-tests. Such a guest has agent.c for PID 1, which takes
its requests at a second serial console and needs nothing but static programs, so
that a compiler for the architecture is all there is to install.
"""

import functools
import os
import re
import shutil
import stat
import threading

import guest
from guest import human

BALLOON = "/sys/class/balloon/balloon0"
LOCK = threading.Lock()


class AgentGuest(guest.Guest):
    """A guest for programs made by the compiler cc; machine: QEMU's command, with -machine."""

    tasks = "tasks"

    def __init__(self, image, cc, machine, console, mem="2G", smp=2, append="", args=(), **options):
        with LOCK:
            initrd = initramfs(cc)
        super().__init__(image, initrd, mem=mem, smp=smp, **options)
        self.command = [
            *machine, "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-m", mem, "-smp", str(smp), "-serial", "file:" + self.log,
            "-chardev", f"socket,id=ctl,path={self.run}/control,server=on,wait=off",
            "-serial", "chardev:ctl",
            "-qmp", f"unix:{self.run}/qmp,server=on,wait=off",
            "-kernel", image, "-initrd", initrd,
            "-append", f"console={console} panic=-1 oops=panic " + append, *args]

    def commands(self, commands):
        for command in commands:
            self.sh(command)

    def task(self, commands, what=None):
        """The agent is that task, and does more than this one thing."""
        *before, last = commands.split("; ")
        self.commands(before)
        status, _ = self.sh(last, check=False, what=what)
        self.sh("echo 0 > /proc/self/fail-nth")
        return status

    def blocks(self):
        """Memory blocks: {physical address: (name, state, valid zones)}."""
        size, rows = self.block_size(), {}
        memory = "/sys/devices/system/memory"
        last = self.zones_end() * self.page_size() // size
        for nr in range(last + 1):
            status, text = self.sh(f"cat {memory}/memory{nr}/state "
                                   f"{memory}/memory{nr}/valid_zones", check=False)
            if status == 0:
                state, zones = (text.splitlines() + [""])[:2]
                rows[nr * size] = (f"memory{nr}", state, zones)
        return rows

    def zones_end(self):
        """The first PFN behind all zones."""
        ends, end = [0], 0
        for line in self.sh("cat /proc/zoneinfo").splitlines():
            f = line.split()
            if f[:1] == ["spanned"]:
                end = int(f[1])
            elif f[:1] == ["start_pfn:"]:
                ends.append(end + int(f[1]))
        return max(ends)

    def page_size(self):
        # The rest of the line that start() has waited for may still be on its way.
        found = self.wait("the size of pages", lambda: re.search(
            r"guest-init: ready, pages of (\d+) bytes", self.console()))
        return int(found[1])

    def managed(self):
        """Managed pages of each zone, by node and zone."""
        zones, here = {}, None
        for line in self.sh("cat /proc/zoneinfo").splitlines():
            f = line.replace(",", " ").split()
            if f[:1] == ["Node"]:
                here = (int(f[1]), f[3])
            elif f[:1] == ["managed"]:
                zones[here] = int(f[1])
        return zones


@functools.lru_cache
def initramfs(cc):
    """Build it: the agent, and what the tests run."""
    out = os.path.join(guest.CACHE, "initramfs", os.path.basename(cc) + ".cpio")
    work = f"{out}.{os.getpid()}"
    os.makedirs(work, exist_ok=True)
    try:
        files = [(name, stat.S_IFDIR | 0o755, b"") for name in ("dev", "proc", "sys", "tests")]
        files += [guest.program_file(name, work, [os.path.join(guest.TOP, source)], ["-Wall"], cc)
                  for name, source in (("init", "harness/agent.c"), (
                      "tests/kpf_offline", "tools/testing/selftests/offline_pages/kpf_offline.c"))]
        with open(f"{work}/cpio", "wb") as f:
            f.write(guest.archive(*files))
        os.rename(f"{work}/cpio", out)
    finally:
        shutil.rmtree(work)
    return out


class Balloon:
    """What the tests do with a balloon, and what must hold at any time. A class that is derived
    from this one has its transport's name, loaned() and ask()."""

    transport = ""

    def __init__(self, t):
        self.t, self.g = t, t.g
        self.page = t.g.page_size()
        self.boot_total = t.g.meminfo()["MemTotal"]
        self.boot_managed = t.g.managed()
        self.asked = 0

    @functools.cached_property
    def block(self):
        """The size of a memory block, where there are any."""
        return self.g.block_size()

    def loaned(self):
        """Bytes that the host has, as it says."""
        raise NotImplementedError

    def ask(self, size):
        """Have the host ask for so many bytes, and remember it in asked."""
        raise NotImplementedError

    def loan(self, size, label, offline=0):
        """Set the target, wait until it is reached, and check the totals."""
        self.ask(size)
        self.g.wait(f"{label}: {human(size)} to be loaned",
                    lambda: self.loaned() == size, 120, lambda: human(self.loaned()))
        self.show(label, "idle", "target-reached", size)
        self.check(label, size, offline)

    def show(self, label, state, reason, size):
        """What the class shows, of a balloon of that size that has come to rest."""
        t = self.t
        if not t.ours:
            return
        self.g.wait(f"{label}: state {state}, {reason}", lambda: [t.read(
            f"{BALLOON}/{n}") for n in ("state", "reason")] == [state, reason], 30,
            lambda: " ".join(t.read(f"{BALLOON}/{n}") for n in ("state", "reason")))
        target = self.asked if "idle" != state else size
        for name, want in (("transport", self.transport), ("target", str(target)),
                           ("actual", str(size)), ("quarantined", "0")):
            t.expect(f"{label}: {name}", t.read(f"{BALLOON}/{name}"), want)

    def check(self, label, size, offline=0):
        """Totals, with size bytes loaned and offline bytes of memory offline."""
        t, info = self.t, self.g.meminfo()
        t.expect(f"{label}: loaned", human(self.loaned()), human(size))
        t.expect(f"{label}: MemTotal", human(info["MemTotal"]),
                 human(self.boot_total - size - offline))
        t.expect(f"{label}: Balloon:", human(info["Balloon"]), human(size))
        t.expect(f"{label}: offline pages", self.held(), size // self.page)
        managed = self.g.managed()
        t.expect(f"{label}: managed pages", sum(managed.values()) * self.page,
                 info["MemTotal"])
        if not size and not offline:
            t.expect(f"{label}: managed pages by zone", managed, self.boot_managed)
        view = self.g.view()
        if view is None:
            if t.converted:
                t.problem(f"{label}: no debugfs view")
            return
        t.expect(f"{label}: refs", view["refs"], 0)
        t.expect(f"{label}: movable pages", view["movable"], size // self.page)
        t.expect(f"{label}: misuse", self.g.counters()["misuse"], 0)

    def settle(self, label, size, about=0):
        """Wait until so much is loaned, or a little less."""
        self.g.wait(f"{label}: {human(size)} to be loaned",
                    lambda: size - about <= self.loaned() <= size, 120,
                    lambda: human(self.loaned()))

    def held(self):
        return self.g.offline()["total"]["offline"]

    def by_block(self):
        """Loaned pages in the blocks that can go offline, most first.

        Not in the last one, at the end of which is what the kernel reserved at boot.
        """
        held = self.g.offline(self.block // self.page)
        blocks = self.g.blocks()
        found = [(held.get(addr // self.page, {"offline": 0})["offline"], name)
                 for addr, (name, state, zones) in blocks.items()
                 if state == "online" and zones.split()[:1] == ["Movable"]
                 and addr != max(blocks)]
        return sorted(found, reverse=True)


class Virtio(Balloon):
    """A virtio-balloon, whose host counts in 4 KiB."""

    transport = "virtio"

    def __init__(self, t):
        super().__init__(t)
        self.ram = t.g.balloon_actual()

    def loaned(self):
        return self.ram - self.g.balloon_actual()

    def ask(self, size):
        self.asked = size
        self.g.qmp("balloon", value=self.ram - size)
