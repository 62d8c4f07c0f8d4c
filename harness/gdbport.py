# SPDX-License-Identifier: GPL-2.0
"""The VMware balloon's host, behind QEMU's debugger port.

The guest's driver talks to its host with one instruction that reads an I/O
port, and QEMU has nothing at that port. So a debugger stops the guest right
there: it reads the registers, does what a host would do, writes the answer and
steps over the instruction.
"""

import bisect
import functools
import os
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

    def write(self, address, data):
        """Write physical memory."""
        for at in range(0, len(data), 1024):
            part = data[at:at + 1024]
            if self(f"M{address + at:x},{len(part):x}:{part.hex()}") != "OK":
                raise guest.GuestError(f"cannot write guest memory at {address:#x}")

    def stop_at(self, address):
        if self(f"Z1,{address:x},1") != "OK":
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
    code = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--start-address={min(ranges)[0]:#x}",
         f"--stop-address={max(ranges)[1]:#x}", vmlinux],
        check=True, text=True, stdout=subprocess.PIPE).stdout
    found = [int(a, 16) for a in re.findall(r"^\s*([0-9a-f]+):\s+in\s+\(%dx\),%eax", code, re.M)]
    return [a for a in found if any(start <= a < end for start, end in ranges)]


# Commands, and what they are called here.
START, GET_TARGET, GUEST_ID, DOORBELL = 0, 1, 4, 10
PAGES = {       # command: (locks, batched, 4 KiB frames a page)
    2: (True, False, 1), 3: (False, False, 1), 6: (True, True, 1), 7: (False, True, 1),
    8: (True, True, 512), 9: (False, True, 512)}
BASIC, BATCHED, BATCHED_2M, WIDE_TARGET = 1 << 1, 1 << 2, 1 << 3, 1 << 5
SUCCESS, WITH_CAPABILITIES = 0, 0x03000000
(INVALID_COMMAND, INVALID_PFN, LOCKED, UNLOCKED, PINNED, _, RESET) = range(1, 8)


class Host(threading.Thread):
    """Who owns which page, by the host's book.

    target is in frames of 4 KiB, as is size. refuse, if set, is called with
    (locks, pfn, frames) for each page and returns the status. wrong lists what
    the guest did against the protocol; calls counts commands, and pages the
    pages that went each way.
    """

    def __init__(self, path, places, capabilities):
        super().__init__(daemon=True)
        self.path, self.places, self.capabilities = path, places, capabilities
        self.lock = threading.Lock()
        self.target, self.refuse, self.reset = 0, None, False
        self.blocks, self.frames = {}, set()
        self.wrong, self.calls, self.starts = [], {}, 0
        self.pages = {True: 0, False: 0}
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

    def count(self):
        """Commands so far."""
        with self.lock:
            return sum(self.calls.values())

    # the protocol

    def error(self, text):
        if len(self.wrong) < 20:
            self.wrong.append(text)

    def page(self, locks, pfn, frames):
        """Lock or unlock one page; returns its status."""
        what = f"{'lock' if locks else 'unlock'} of {frames} frames at {pfn:#x}"
        mine = range(pfn, pfn + frames)
        if pfn % frames:
            self.error(f"{what}: not aligned")
            return INVALID_PFN
        if locks and not self.frames.isdisjoint(mine):
            self.error(f"{what}: locked already")
            return LOCKED
        if not locks and self.blocks.get(pfn) != frames:
            self.error(f"{what}: not locked as such")
            return UNLOCKED
        status = self.refuse(locks, pfn, frames) if self.refuse else SUCCESS
        if status == SUCCESS:
            self.pages[locks] += 1
            if locks:
                self.blocks[pfn] = frames
                self.frames.update(mine)
            else:
                del self.blocks[pfn]
                self.frames.difference_update(mine)
        return status

    def batch(self, stub, locks, frames, where, number):
        """The entries of a batch page: status in the low bits, PFN above."""
        if not 0 < number <= 512:
            self.error(f"a batch of {number} pages")
            return INVALID_PFN
        entries = list(struct.unpack(f"<{number}Q", stub.read(where << 12, 8 * number)))
        for n, entry in enumerate(entries):
            if entry & 0xfff:
                self.error(f"batch entry {n} is {entry:#x}")
            entries[n] = entry & ~0x1f | self.page(locks, entry >> 12, frames)
        stub.write(where << 12, struct.pack(f"<{number}Q", *entries))
        return SUCCESS

    def command(self, stub, r):
        """Answer one command; r is changed to the registers after it."""
        command, status = r["rcx"], SUCCESS
        self.calls[command] = self.calls.get(command, 0) + 1
        if command == START:
            self.starts += 1
            self.blocks, self.frames, self.reset = {}, set(), False
            if r["rbx"]:
                r["rcx"] = r["rbx"] & self.capabilities
                status = WITH_CAPABILITIES
        elif command in (GUEST_ID, DOORBELL):
            pass
        elif self.reset:
            status = RESET
        elif command == GET_TARGET:
            r["rbx"] = self.target
        elif command in PAGES:
            locks, batched, frames = PAGES[command]
            if batched:
                status = self.batch(stub, locks, frames, r["rbx"], r["rsi"])
            else:
                status = self.page(locks, r["rbx"], frames)
            r["rbx"] = self.target
        else:
            self.error(f"command {command}")
            status = INVALID_COMMAND
        r["rax"] = status

    def run(self):
        """Serve the guest until QEMU is gone."""
        try:
            stub = Stub(self.path)
            for place in self.places:
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
                if (r["rip"] in self.places and r["rdx"] & 0xffff == PORT and
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
    """A guest that takes QEMU for VMware, with a host for its balloon."""

    def __init__(self, image, initrd, mem="2G", capabilities=BASIC | BATCHED |
                 BATCHED_2M | WIDE_TARGET, **options):
        vmlinux = os.path.join(os.path.dirname(image), "../../../vmlinux")
        if not os.path.isfile(vmlinux):
            raise guest.Skip(f"no vmlinux of {image}, to look for port reads in")
        places = port_reads(vmlinux)
        if not places:
            raise guest.Skip("the VMware balloon of this kernel reads no port")
        super().__init__(image, initrd, mem=mem, smp=1, **options)
        c = self.command
        c[c.index("-M") + 1] = "pc,vmport=on"
        # Stopped until the breakpoints are set.
        c += ["-smbios", "type=1,serial=VMware-0", "-cpu", "qemu64,-hypervisor",
              "-gdb", f"unix:{self.run}/gdb,server=on,wait=off", "-S"]
        self.host = Host(f"{self.run}/gdb", places, capabilities)

    def start(self):
        self.host.start()
        return super().start()

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
