# SPDX-License-Identifier: GPL-2.0
"""A guest whose memory is accounted for to the page, whatever is done to it.

Used by guest-tests and stress. A Run knows what the guest had after boot, and
checks that every figure of its memory agrees with what a virtio-mem device and
a balloon have now: MemTotal, zones, the kinds of offline pages, the devices' own.
"""

import re
import time

import gdbport
import guest
from guest import GIB, MIB, human

PAGE = 4096
AT_ONCE = 5         # seconds that a busy machine may need for nothing
UNKNOWN = "not counted"


class Run:
    """One scenario on one kernel: what it found, and the totals of each step.

    Some of what stock gets wrong is known. A scenario that does not get to see
    it there is skipped on stock: what it says about ours would prove nothing.
    """

    def __init__(self, g, ours):
        self.g, self.ours = g, ours
        self.counts = ours or g.counts_balloons()
        self.problems, self.notes, self.steps = [], [], {}
        self.bugs = {}          # those stock is known for: was it shown?
        g.auto_online()
        self.block_size = g.block_size()
        self.boot_total = g.meminfo()["MemTotal"]
        self.boot_zones = g.zones()
        self.ranges = [g.vmem_range(d["data"]["id"]) for d in
                       g.qmp("query-memory-devices") if d["type"] == "virtio-mem"]
        self.boot_blocks = {addr for addr, (_, state, _) in g.blocks().items() if state == "online"
                            and not any(start <= addr < start + size for start, size in self.ranges)}
        # Without a balloon only hotplugged memory, all above 4 GiB, has some.
        virtio = any("virtio-balloon" in a for a in g.command)
        balloon = virtio or isinstance(g, guest.Dom0)
        self.first = 0 if balloon else 4 * GIB // PAGE
        if virtio:
            self.ram = g.balloon_actual()
            self.boot_reserved = self.reserved(g.offline_by_zone())

    def offline(self, block_pages=0):
        return self.g.offline(block_pages, self.first)

    def expect(self, what, got, want, stock_bug=None):
        """A wrong figure is a problem; on stock, a known bug is but a note."""
        if stock_bug:
            self.bugs.setdefault(stock_bug, False)
        if got == want:
            return
        text = f"{what}: {got}, expected {want}"
        if stock_bug and not self.ours:
            self.bugs[stock_bug] = True
            self.notes.append(f"{text} ({stock_bug})")
        else:
            self.problems.append(text)

    def at_least(self, what, got, want):
        if got < want:
            self.problems.append(f"{what}: {got}, expected {want} or more")

    def total(self):
        return self.g.meminfo()["MemTotal"]

    def delta(self):
        return self.total() - self.boot_total

    def wait_delta(self, want, label):
        """Wait until MemTotal is that much above its value after boot."""
        self.g.wait(f"{label}: MemTotal to be boot {want / MIB:+g} MiB",
                    lambda: self.delta() == want, 60,
                    lambda: f"boot {self.delta() / MIB:+g} MiB")

    def settle(self, label):
        """Wait until onlining is through: managed pages come before present."""
        def quiet():
            before = self.g.zones()
            time.sleep(0.3)
            return before == self.g.zones()
        self.g.wait(f"{label}: zones to settle", quiet, 30)

    def vmem_online(self):
        """Bytes of online memory blocks of all virtio-mem devices."""
        return self.block_size * sum(
            state == "online" for addr, (_, state, _) in self.g.blocks().items()
            if any(start <= addr < start + size for start, size in self.ranges))

    def boot_offline(self):
        """Bytes of memory that was online after boot, and is in blocks that are offline, or gone."""
        online = {addr for addr, (_, state, _) in self.g.blocks().items() if state == "online"}
        return self.block_size * len(self.boot_blocks - online)

    def plug(self, size, label):
        """Resize the virtio-mem device, with every block online."""
        self.g.vmem_request(size)
        self.wait_delta(size, label)
        self.step(label)

    def partly(self):
        """Partly plugged online blocks: {block name: offline pages}."""
        names = {a: n for a, (n, _, _) in self.g.blocks().items()}
        held = self.offline(self.block_size // PAGE)
        return {names[pfn * PAGE]: f["offline"] for pfn, f in held.items()
                if pfn != "total" and f["offline"]}

    def set_block(self, name, state, timeout=90):
        """Write a block's state; returns the shell's status."""
        return self.g.sh(f"echo {state} > /sys/devices/system/memory/{name}/state",
                         timeout, check=False)[0]

    def refused_at_once(self, block, owner):
        """Plain pages keep a block online: no long attempt, and their owner is named."""
        g = self.g
        addr = next(a for a, (n, _, _) in g.blocks().items() if n == block)
        before, start = len(g.console()), time.monotonic()
        status = self.set_block(block, "offline")
        took = time.monotonic() - start
        self.expect(f"offlining {block} is refused", status != 0, True)
        self.expect(f"{block}: state", g.blocks()[addr][1], "online")
        if not self.ours:
            return
        if took > AT_ONCE:
            self.problems.append(f"offlining {block} was refused after {took:.1f} s, not at once")
        said = g.wait("a message that names the page and its owner", lambda: re.search(
            r"memory offlining failed: page (0x[0-9a-f]+) is offline \((\w+)[^)]*\), "
            r"held by (.+?), and cannot be moved", g.console()[before:]), 10)
        pfn, kind, name = said.groups()
        self.expect(f"kind and owner of page {pfn} in the message", (kind, name),
                    ("plain", owner))
        self.expect(f"page {pfn} of the message is in {block}",
                    addr <= int(pfn, 16) * PAGE < addr + self.block_size, True)

    def hidden(self, label, pfns):
        """Offline pages may have content: /proc/kcore shows none of it.

        The debugger puts it there, and sees it there. A page of the kernel's
        code, read the same two ways, shows that these are the same pages.
        """
        g, content, path = self.g, bytes(range(1, 17)), self.g.run + "/gdb"
        code = int(re.search(r"(\w+)-\w+ : Kernel code",
                             g.sh("cat /proc/iomem"))[1], 16) // PAGE + 256
        g.qmp("stop")
        g.qmp("human-monitor-command",
              command_line=f"gdbserver unix:{path},server=on,wait=off")
        stub = gdbport.Stub(path)
        for pfn in pfns:
            stub.write(pfn * PAGE, content)
        there = {pfn: stub.read(pfn * PAGE, len(content)).hex() for pfn in (code, *pfns)}
        stub.sock.close()
        g.qmp("cont")
        for pfn in pfns:
            self.expect(f"{label}: content of page {pfn:#x}", there[pfn], content.hex())
        lines = (l.split() for l in g.sh(
            f"kcore_read {' '.join(map(str, there))}").splitlines())
        seen = {int(f[0], 0): (int(f[2]), f[3]) for f in lines}
        self.at_least(f"{label}: bytes of kernel code in kcore", seen[code][0], 100)
        self.expect(f"{label}: kernel code in kcore", seen[code][1], there[code])
        for pfn in pfns:
            self.expect(f"{label}: bytes other than 0 of page {pfn:#x} in kcore",
                        seen[pfn][0], 0)
            self.expect(f"{label}: page {pfn:#x} is still offline",
                        g.offline(0, pfn, pfn + 1)["total"]["offline"], 1)

    def selftest(self, name, timeout=120):
        """Run a guest-side test and take over what it reports."""
        status, text = self.g.sh(f"{name}.sh", timeout, check=False)
        if status == 4:
            if self.ours:
                self.problems.append(f"{name}.sh skipped: {text.strip()}")
            return
        bad = [l for l in text.splitlines() if l.startswith("not ok") or
               # Whatever this one can skip is there in a guest of ours.
               name == "contract" and "# SKIP" in l]
        why = [l[2:] for l in text.splitlines() if l.startswith("# ")]
        if status or bad:
            self.problems.append(f"{name}.sh: status {status}: "
                                 + "; ".join(why or bad or text.splitlines()[-1:]))

    def step(self, label, by_zone=True, movable=0, plain=0, left_behind=False,
             record=True, held=None):
        """Record the totals under label and check what holds at any time.

        by_zone: managed pages are compared by zone (while a balloon is
        inflated, where its pages come from is not determined); movable, plain:
        pages that a balloon has; left_behind: offline pages lost their owner;
        record=False: stock is known to have other totals here; held: offline
        pages by kpageflags, if they were counted already.
        """
        g = self.g
        self.settle(label)
        info, zones = g.meminfo(), g.zones()
        held = held or self.offline()["total"]
        managed = {z: f["managed"] - self.boot_zones.get(z, {}).get("managed", 0)
                   for z, f in zones.items()}
        if record:
            self.steps[label] = {
                "MemTotal since boot": info["MemTotal"] - self.boot_total,
                "Balloon": info.get("Balloon", UNKNOWN),
                "offline pages": held["offline"],
                **{f"present {z}": f["present"] for z, f in zones.items()},
                **({f"managed since boot {z}": m for z, m in managed.items()}
                   if by_zone else {})}
        self.expect(f"{label}: managed pages of all zones",
                    sum(managed.values()) * PAGE, info["MemTotal"] - self.boot_total)
        if self.ranges:
            self.expect(f"{label}: MemTotal since boot against online blocks",
                        self.delta(), self.vmem_online() - self.boot_offline() -
                        held["offline"] * PAGE)
        view = g.view()
        if view is None:
            if self.ours:
                self.problems.append(f"{label}: no debugfs view")
            return
        self.expect(f"{label}: refs", view["refs"], 0)
        if not left_behind:
            self.expect(f"{label}: plain", view["plain"], plain)
        self.expect(f"{label}: movable", view["movable"], movable)
        self.expect(f"{label}: kinds against kpageflags", view["skippable"] +
                    view["movable"] + view["plain"], held["offline"])
        self.expect(f"{label}: misuse", g.counters()["misuse"], 0)

    # a virtio-balloon

    def kept(self, figures):
        """How many of the pages in a line of kpf_offline nobody is given. A poisoned
        page is offline, out of a balloon, too; the unmodified 6.12 only poisons it."""
        if self.counts:
            return figures["offline"]
        return figures["offline"] + figures["poisoned"] - figures["both"]

    def reserved(self, held):
        """{zone: pages that are present, and neither managed nor kept}. No
        balloon, and no offlining of movable memory, ever changes it."""
        return {z: f["present"] - f["managed"] - self.kept(held[z])
                for z, f in self.g.zones().items()}

    def migrated(self):
        return self.g.vmstat()["balloon_migrate"]

    def resize(self, size, label, **options):
        """Make the balloon hold size bytes, and check it."""
        self.g.balloon_request(self.ram - size)
        self.ballooned(size, label, **options)

    def ballooned(self, size, label, away=0, lost=0, poisoned=None,
                  lost_bug=None, node_bug=None, record=True, unplugged=0, stays_managed=False):
        """Check all that is known of a balloon that holds size bytes.

        away: bytes of memory blocks that are offline; lost: poisoned pages that
        are offline, and were taken out of the balloon; poisoned: all that there
        ever were, if more than those; *_bug: why stock gets the totals with
        lost pages, or the figures of a node, wrong; unplugged: pages of a
        virtio-mem device in blocks that are online; stays_managed: the balloon
        is part of MemTotal.
        """
        g, pages = self.g, size // PAGE
        g.wait(f"{label}: Balloon: to be {human(size)}",
               lambda: g.meminfo()["Balloon"] == size, 60,
               lambda: human(g.meminfo()["Balloon"]))
        self.settle(label)
        self.expect(f"{label}: balloon device", self.ram - g.balloon_actual(), size)
        self.expect(f"{label}: MemTotal since boot", self.delta(),
                    -away - lost * PAGE - (0 if stays_managed else size), lost_bug)
        self.expect(f"{label}: HardwareCorrupted:", g.meminfo()["HardwareCorrupted"],
                    (lost if poisoned is None else poisoned) * PAGE)
        zones = g.offline_by_zone()
        held = {c: sum(z[c] for z in zones.values()) for c in ("offline", "poisoned", "both")}
        self.expect(f"{label}: offline pages", self.kept(held), pages + lost + unplugged)
        change = {zone: pages - self.boot_reserved.get(zone, 0)
                  for zone, pages in self.reserved(zones).items()}
        if stays_managed:       # both managed and kept
            change = {"all": sum(change.values()) + pages}
        self.expect(f"{label}: pages neither managed nor kept, since boot, by zone",
                    {z: n for z, n in change.items() if n}, {}, lost_bug)
        by_node = g.balloon_by_node()
        self.expect(f"{label}: nr_balloon_pages of the nodes", by_node,
                    {node: sum(z["offline"] - (z["both"] if lost else 0)
                               for (n, _), z in zones.items() if n == node) - unplugged
                     for node in by_node}, node_bug)
        if not lost and not poisoned:   # those are never deflated
            vm = g.vmstat()
            self.expect(f"{label}: balloon_inflate less balloon_deflate",
                        vm["balloon_inflate"] - vm["balloon_deflate"], pages)
        rows = g.view_rows()
        if rows:
            sums = {held: {c: sum(r[c] for r in rows[:-1] if (r["owner"] != "-") == held)
                           for c in ("movable", "plain", "skippable", "poisoned", "refs")}
                    for held in (True, False)}
            self.expect(f"{label}: pages of the balloon", sums[True], dict(
                movable=pages, plain=0, skippable=unplugged, poisoned=0, refs=0))
            self.expect(f"{label}: poisoned pages that are nobody's",
                        sums[False]["poisoned"], lost)
        self.step(label, by_zone=not size, movable=pages, record=record, held=held)

    def driver(self, what, label):
        """Unbind or bind the driver."""
        status = self.g.sh("cd /sys/bus/virtio/drivers/virtio_balloon && "
                           "for d in /sys/bus/virtio/devices/*; do "
                           "[ $(cat $d/device) != 0x0005 ] || echo ${d##*/} > "
                           f"{what}; done", check=False)[0]
        self.expect(f"{label}: {what}", status, 0)

    def canaries(self, label):
        """No page of the files that break it up may be lost."""
        self.expect(f"{label}: files", self.g.canaries(), (0, ""))

    def background(self, name, script):
        """Run a script in the guest beside all the rest, its output in a file."""
        self.g.sh(f"( {script}\n) > /tmp/{name} 2>&1 &")

    def movable(self):
        """Movable blocks without holes, which are those that can be offlined."""
        ram = [[int(a, 16) for a in r] for r in re.findall(
            r"(\w+)-(\w+) : System RAM", self.g.sh("cat /proc/iomem"))]
        return {n: a for a, (n, s, z) in self.g.blocks().items()
                if s == "online" and z.startswith("Movable") and any(
                    start <= a and a + self.block_size - 1 <= end for start, end in ram)}

    def fullest(self, nr, node=0):
        """The nr movable blocks with most balloon pages: [(address, name, pages)]."""
        held, blocks = self.partly(), self.movable()
        here = self.g.sh(f"cd /sys/devices/system/node/node{node} && ls -d memory*")
        found = sorted(((held.get(n, 0), blocks[n], n) for n in blocks
                        if n in here.split()), reverse=True)[:nr]
        return [(a, n, h) for h, a, n in found]
