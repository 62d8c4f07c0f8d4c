# SPDX-License-Identifier: GPL-2.0
"""The VMware balloon's host, behind QEMU's debugger port.

The guest's driver talks to its host with one instruction that reads an I/O
port, and QEMU has nothing at that port. So a debugger stops the guest right
there: it reads the registers, does what a host would do, writes the answer and
steps over the instruction.
"""

import bisect
import collections
import contextlib
import functools
import re
import struct
import subprocess
import threading
import time

import guest

# The general registers in the order of QEMU's stub, up to the program counter.
REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
             "r10", "r11", "r12", "r13", "r14", "r15", "rip")
PORT, MAGIC = 0x5670, 0x456c6d6f


class Stub:
    """As much of the remote protocol as is needed here."""

    def __init__(self, path, timeout=20):
        self.sock = guest.connect(path, timeout)
        self.sock.settimeout(None)
        self.data = b""
        self("QStartNoAckMode")
        self("qXfer:features:read:target.xml:0,ff")
        if self("Qqemu.PhyMemMode:1") != "OK":
            raise guest.GuestError("the debugger port cannot read physical memory")

    def send(self, text):
        text = text.encode()
        self.sock.sendall(b"$%s#%02x" % (text, sum(text) & 0xff))

    def receive(self):
        """The next packet; None when QEMU is gone."""
        while True:
            # Acknowledgements, until they are switched off, are between packets.
            found = re.match(rb"[+-]*\$([^#]*)#..", self.data, re.S)
            if found:
                self.data = self.data[found.end():]
                return found[1].decode("latin-1")
            try:
                got = self.sock.recv(1 << 16)
            except OSError:
                got = b""
            if not got:
                return None
            self.data += got

    def __call__(self, text):
        self.send(text)
        answer = self.receive()
        if answer is None:
            raise guest.GuestError("QEMU closed the debugger port")
        return answer

    def registers(self):
        data = bytes.fromhex(self("g")[:16 * len(REGISTERS)])
        return dict(zip(REGISTERS, struct.unpack(f"<{len(REGISTERS)}Q", data)))

    def set_registers(self, values):
        data = struct.pack(f"<{len(REGISTERS)}Q", *(values[r] for r in REGISTERS))
        if self("G" + data.hex()) != "OK":
            raise guest.GuestError("the debugger port does not take registers")

    # A packet holds no more than 2 KiB of memory.

    def read(self, address, length):
        """Read physical memory."""
        data = b""
        while len(data) < length:
            data += bytes.fromhex(self(f"m{address + len(data):x},"
                                       f"{min(length - len(data), 1024):x}"))
        return data

    def read_virtual(self, address, length):
        """Read memory as the guest's kernel sees it."""
        self("Qqemu.PhyMemMode:0")
        data = self(f"m{address:x},{length:x}")
        self("Qqemu.PhyMemMode:1")
        if len(data) != 2 * length:
            raise guest.GuestError(f"cannot read guest memory at {address:#x}: {data}")
        return bytes.fromhex(data)

    def write(self, address, data):
        """Write physical memory."""
        for at in range(0, len(data), 1024):
            part = data[at:at + 1024]
            if self(f"M{address + at:x},{len(part):x}:{part.hex()}") != "OK":
                raise guest.GuestError(f"cannot write guest memory at {address:#x}")

    def stop_at(self, address, there=True):
        if self(f"{'Z' if there else 'z'}1,{address:x},1") != "OK":
            raise guest.GuestError("the debugger port has no hardware breakpoints")


@functools.lru_cache
def port_reads(vmlinux):
    """Addresses of the driver's instructions that read a port."""
    symbols = []
    for line in subprocess.run(["nm", "-n", vmlinux], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        address, kind, name = line.split()
        if kind in "tT":
            symbols.append((int(address, 16), name))
    addresses = [a for a, _ in symbols]
    ranges = [(a, addresses[bisect.bisect_right(addresses, a)]) for a, name in symbols
              if re.match(r"_*vmballoon_", name) and not re.search("(init|exit)$", name)]
    if not ranges:
        raise guest.Skip("this kernel has no VMware balloon")
    found = ports_in(vmlinux, f"--start-address={min(ranges)[0]:#x}",
                     f"--stop-address={max(ranges)[1]:#x}")
    return [a for a in found if any(start <= a < end for start, end in ranges)]


def ports_in(path, *options):
    """Addresses of all such instructions in a part of a file."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", *options, path],
                          check=True, text=True, stdout=subprocess.PIPE).stdout
    return [int(a, 16) for a in re.findall(r"^\s*([0-9a-f]+):\s+in\s+\(%dx\),%eax", code, re.M)]


class Module:
    """Where the driver's module reads ports. It lies in another place each time.

    The guest is stopped where the kernel is about to start a module; somewhere in
    that one's struct module is the address of its code.
    """

    ROOM, CODE = 2048, 0xffffffff80000000

    def __init__(self, vmlinux, path):
        found = re.search(r"^(\w+) [tT] do_init_module$", subprocess.run(
            ["nm", vmlinux], check=True, text=True, stdout=subprocess.PIPE).stdout, re.M)
        if not found:
            raise guest.Skip("this kernel has no do_init_module(), where to find the module")
        self.start, self.path = int(found[1], 16), path
        self.places = []

    @functools.cached_property
    def code(self):
        """Its code, and where in that it reads ports; the file is there when QEMU is."""
        text = self.path + ".text"
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", self.path, text], check=True)
        return guest.read(text), ports_in(self.path, "-j", ".text")

    def started(self, stub, r):
        """Take down where the module that is about to start reads ports."""
        code, ports = self.code
        where = r["rdi"]
        words = struct.unpack(f"<{self.ROOM // 8}Q", b"".join(
            stub.read_virtual(where + n, 512) for n in range(0, self.ROOM, 512)))
        for place in self.places:
            stub.stop_at(place, False)
        self.places = []
        for base in sorted({w for w in words if w >= self.CODE and w % 4096 == 0}):
            with contextlib.suppress(guest.GuestError):
                if ports and all(stub.read_virtual(base + p - 2, 3) == code[p - 2:p + 1]
                                 for p in ports):
                    self.places = [base + p for p in ports]
                    break
        if not self.places:
            raise guest.GuestError("the module that starts is not found in memory")
        for place in self.places:
            stub.stop_at(place)


# Commands, and what they are called here.
START, GET_TARGET, GUEST_ID, DOORBELL_SET = 0, 1, 4, 10
PAGES = {       # command: (locks, batched, 4 KiB frames a page)
    2: (True, False, 1), 3: (False, False, 1), 6: (True, True, 1), 7: (False, True, 1),
    8: (True, True, 512), 9: (False, True, 512)}
BASIC, BATCHED, BATCHED_2M, DOORBELL, WIDE_TARGET = (1 << n for n in range(1, 6))
NEEDS = {2: BASIC, 3: BASIC, 6: BATCHED, 7: BATCHED, 8: BATCHED_2M, 9: BATCHED_2M,
         DOORBELL_SET: DOORBELL}
SUCCESS, WITH_CAPABILITIES = 0, 0x03000000
(INVALID_COMMAND, INVALID_PFN, LOCKED, UNLOCKED, PINNED, NOT_NEEDED, RESET,
 BUSY) = range(1, 9)
NO_DOORBELL = 0xffffffff
# struct page: without randomization, in a kernel of four page table levels.
VMEMMAP, PAGE_STRUCT, PAGE_TYPE = 0xffffea0000000000, 64, 48


class Host(threading.Thread):
    """Who owns which page, by the host's book.

    target is in frames of 4 KiB, as is size. refuse, if set, is called with
    (locks, pfn, frames) for each page and returns the status. wrong lists what
    the guest did against the protocol; calls counts commands, failed those that
    did not succeed, pages the pages that went each way, and refused, by
    direction and frames, those that did not. offered, by frames, are pages that
    it was to lock, and forgotten are those that it had and forgot.

    What a host may do instead of being good: capabilities None: it answers START
    like one that knows the basic commands only. claims: it says that it has
    these capabilities. reset: it has forgotten everything, until the next
    START; reset_after: it does so after that many more commands about pages.
    instead(command) is a status with which it does nothing, or None.
    meddle(command, registers) changes its answer, scribble(locks, n, entry) the
    one to a page of a batch; in the book is what a good host had answered.
    """

    def __init__(self, path, places, capabilities, module=None):
        super().__init__(daemon=True)
        self.path, self.places, self.capabilities = path, places, capabilities
        self.module = module
        self.lock = threading.Lock()
        self.target, self.refuse, self.reset = 0, None, False
        self.claims = self.reset_after = self.instead = self.meddle = self.scribble = None
        self.blocks, self.frames = {}, set()
        self.wrong, self.calls, self.starts, self.stops = [], {}, 0, 0
        self.pages, self.forgotten = {True: 0, False: 0}, 0
        self.failed, self.refused, self.offered = (collections.Counter() for _ in range(3))
        # What the guest said since the last START.
        self.agreed, self.kind, self.limit, self.doorbell = 0, None, None, None
        # Look into struct page; what is seen there first has to stay so.
        self.typed, self.type = False, None
        self.problem = None

    # what a test asks

    def size(self, frames=None):
        """Frames that are locked: all, or those in pages of so many frames."""
        with self.lock:
            return (len(self.frames) if frames is None else
                    frames * sum(f == frames for f in self.blocks.values()))

    def held(self):
        """A copy of the book: {first PFN: frames}."""
        with self.lock:
            return dict(self.blocks)

    def held_by(self, block):
        """The book by blocks of so many frames: {first PFN of the block: frames}."""
        count = {}
        for pfn, frames in self.held().items():
            count[pfn - pfn % block] = count.get(pfn - pfn % block, 0) + frames
        return count

    def count(self, *commands):
        """Commands so far, or those given."""
        with self.lock:
            return sum(n for c, n in self.calls.items() if c in commands or not commands)

    # the protocol

    def error(self, text):
        if len(self.wrong) < 20:
            self.wrong.append(text)

    def book(self, locks, pfn, frames):
        if locks:
            self.blocks[pfn] = frames
            self.frames.update(range(pfn, pfn + frames))
        else:
            del self.blocks[pfn]
            self.frames.difference_update(range(pfn, pfn + frames))

    def page(self, locks, pfn, frames):
        """Lock or unlock one page; returns its status."""
        what = f"{'lock' if locks else 'unlock'} of {frames} frames at {pfn:#x}"
        if locks:
            self.offered[frames] += 1
        if pfn % frames:
            self.error(f"{what}: not aligned")
            return INVALID_PFN
        if locks and not self.frames.isdisjoint(range(pfn, pfn + frames)):
            self.error(f"{what}: locked already")
            return LOCKED
        if not locks and self.blocks.get(pfn) != frames:
            self.error(f"{what}: not locked as such")
            return UNLOCKED
        status = self.refuse(locks, pfn, frames) if self.refuse else SUCCESS
        self.pages[locks] += status == SUCCESS
        # A host that says that it has a page, or has not, means it.
        if status in (SUCCESS, LOCKED if locks else UNLOCKED):
            self.book(locks, pfn, frames)
        else:
            self.refused[locks, frames] += 1
        return status

    def look(self, stub, what, pfns):
        """The pages are the balloon's own, whatever happens to them: the type
        that an offline page has, and a reference count of 0."""
        for pfn in pfns:
            at = stub.read_virtual(VMEMMAP + pfn * PAGE_STRUCT + PAGE_TYPE, 8)
            seen = struct.unpack("<II", at)
            self.type = self.type or (seen[0], 0)
            if seen != self.type:
                self.error(f"{what} of {pfn:#x}: type {seen[0]:#x}, {seen[1]} references")

    def batch(self, stub, locks, frames, where, number):
        """The entries of a batch page: status in the low bits, PFN above."""
        if not 0 < number <= 512:
            self.error(f"a batch of {number} pages")
            return INVALID_PFN
        entries = list(struct.unpack(f"<{number}Q", stub.read(where << 12, 8 * number)))
        if self.typed:
            self.look(stub, "lock" if locks else "unlock",
                      {entries[0] >> 12, (entries[-1] >> 12) + frames - 1})
        for n, entry in enumerate(entries):
            if entry & 0xfff:
                self.error(f"batch entry {n} is {entry:#x}")
            entries[n] = entry & ~0x1f | self.page(locks, entry >> 12, frames)
            if self.scribble:
                entries[n] = self.scribble(locks, n, entries[n])
        stub.write(where << 12, struct.pack(f"<{number}Q", *entries))
        return SUCCESS

    def forget(self):
        self.forgotten += len(self.blocks)
        self.blocks, self.frames = {}, set()

    def start_command(self, r):
        """START, with capabilities that are wanted; with none it is the end."""
        self.forget()
        self.reset, self.reset_after = False, None
        wanted = r["rbx"]
        self.agreed, self.kind, self.limit, self.doorbell = 0, None, None, None
        if not wanted:
            self.stops += 1
        elif self.capabilities is None:
            self.agreed = BASIC
        else:
            r["rcx"] = wanted & self.capabilities if self.claims is None else self.claims
            self.agreed = r["rcx"] & wanted
            return WITH_CAPABILITIES
        return SUCCESS

    def page_command(self, stub, command, r):
        locks, batched, frames = PAGES[command]
        if batched:
            status = self.batch(stub, locks, frames, r["rbx"], r["rsi"])
        else:
            if self.typed:
                self.look(stub, "lock" if locks else "unlock", [r["rbx"]])
            status = self.page(locks, r["rbx"], frames)
        r["rbx"] = self.target
        return status

    def command(self, stub, r):
        """Answer one command; r is changed to the registers after it."""
        command, status = r["rcx"], SUCCESS
        self.calls[command] = self.calls.get(command, 0) + 1
        if command in PAGES and self.reset_after is not None:
            self.reset_after -= 1
            self.reset |= self.reset_after < 0
        self.starts += command == START and r["rbx"] != 0
        denied = self.instead(command) if self.instead else None
        if denied is not None:
            status = denied
        elif command == START:
            status = self.start_command(r)
        elif command == GUEST_ID:
            self.kind = r["rbx"]
        elif command == DOORBELL_SET and r["rbx"] & NO_DOORBELL == NO_DOORBELL:
            self.doorbell = None
        elif not self.agreed & NEEDS.get(command, -1):
            self.error(f"command {command} without the capability for it")
            status = INVALID_COMMAND
        elif command == DOORBELL_SET:
            self.doorbell = r["rbx"], r["rsi"]
        elif self.reset:
            self.forget()
            status = RESET
        elif command == GET_TARGET:
            self.limit = r["rbx"]
            r["rbx"] = self.target
        elif not (self.capabilities or BASIC) & NEEDS.get(command, 0):
            status = INVALID_COMMAND        # claimed, and not true
        elif command in PAGES:
            status = self.page_command(stub, command, r)
        else:
            self.error(f"command {command}")
            status = INVALID_COMMAND
        r["rax"] = status
        if self.meddle:
            self.meddle(command, r)
        if r["rax"] != SUCCESS and (command != START or r["rax"] != WITH_CAPABILITIES):
            self.failed[command] += 1

    def run(self):
        """Serve the guest until QEMU is gone."""
        try:
            stub = Stub(self.path)
            for place in self.places + ([self.module.start] if self.module else []):
                stub.stop_at(place)
            stub.send("c")
            while True:
                stop = stub.receive()
                if stop is None or stop[:1] in "WX":
                    return
                thread = re.search(r"thread:([^;]+);", stop)
                if thread:
                    stub("Hg" + thread[1])
                r = stub.registers()
                if self.module and r["rip"] == self.module.start:
                    self.module.started(stub, r)
                    self.places = self.module.places
                    stub("s")           # not to stop there again
                elif (r["rip"] in self.places and r["rdx"] & 0xffff == PORT and
                        r["rax"] & 0xffffffff == MAGIC):
                    with self.lock:
                        self.command(stub, r)
                    r["rip"] += 1       # the instruction has one byte
                    stub.set_registers(r)
                else:
                    raise guest.GuestError(f"stopped where no command is: {stop} {r}")
                stub.send("c")
        except (guest.GuestError, OSError, ValueError, struct.error) as e:
            self.problem = str(e)


class Vmware(guest.Guest):
    """A guest that takes QEMU for VMware, with a host for its balloon.

    reboots: it is started again when it restarts.
    """

    def __init__(self, image, initrd, mem="2G", capabilities=BASIC | BATCHED |
                 BATCHED_2M | WIDE_TARGET, reboots=False, **options):
        vmlinux = guest.build_of(image) + "/vmlinux"
        places = port_reads(vmlinux)
        if not places:
            raise guest.Skip("the VMware balloon of this kernel reads no port")
        super().__init__(image, initrd, mem=mem, smp=1, **options)
        c = self.command
        c[c.index("-M") + 1] = "pc,vmport=on"
        if reboots:
            c.remove("-no-reboot")
        # Stopped until the breakpoints are set.
        c += ["-smbios", "type=1,serial=VMware-0", "-cpu", "qemu64,-hypervisor",
              "-gdb", f"unix:{self.run}/gdb,server=on,wait=off", "-S"]
        self.host = Host(f"{self.run}/gdb", places, capabilities, self.module and
                         Module(vmlinux, f"{self.run}/{guest.MODULE}.ko"))

    def prepare(self):
        super().prepare()
        self.host.start()

    def alive(self):
        super().alive()
        if self.host.problem:
            raise guest.GuestError(f"{self.name}: the balloon's host: {self.host.problem}")

    def follow(self, target, size=None, timeout=90):
        """Set the target in frames; wait until the balloon has size frames.

        Not given: what the driver makes of it, which stops at whole 2 MiB when it
        inflates by them, and does not deflate by less than that.
        """
        self.host.target = target
        self.wait(f"the balloon to follow a target of {target} frames",
                  lambda: self.reached(target, size), timeout,
                  lambda: f"{self.host.size()} frames")

    def reached(self, target, size):
        now = self.host.size()
        if size is not None:
            return now == size
        if now == target or (target and target < now < target + 512):
            time.sleep(0.2)
            return self.host.size() == now
        return False
