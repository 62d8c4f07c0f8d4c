# SPDX-License-Identifier: GPL-2.0
"""A hypervisor that lends memory, behind QEMU's debugger port.

QEMU has no shared memory for its pseries guests: it refuses to loan pages, and
does not say how many it wants. So a debugger stops the guest where the driver
calls the hypervisor, reads the registers, does what PowerVM would do, writes
the answer and steps over the call.
"""

import functools
import re
import struct
import subprocess
import threading

import guest
from gdbport import Stub

CROSS = "powerpc64le-linux-gnu-"
FRAME = 4096                    # what the hypervisor calls a page
H_PAGE_INIT = 0x2c
STATE_CHANGE, UNUSED, LOANED = 1 << 35, 3 << 33, 1 << 32
SUCCESS, HARDWARE, PARAMETER = 0, -1, -4
FW_FEATURE_CMO = 0x02000000
# Where registers are in the stub's packet with all of them, in bytes.
R3, R4, R5, R6, NIP, LR = 3 * 8, 4 * 8, 5 * 8, 6 * 8, 32 * 8, 32 * 8 + 20


class Places:
    """Addresses in a kernel: where the driver starts, and where it calls."""

    def __init__(self, vmlinux):
        symbols = [(int(address, 16), name) for address, _, name in
                   re.findall(r"^(\w+) ([tTdD]) (\S+)$", self.tool("nm", "-n", vmlinux), re.M)]
        named = {name: address for address, name in symbols}
        mine = [n for n, (_, name) in enumerate(symbols)
                if re.match(r"cmm_|plpar_page_set_", name) and
                name not in ("cmm_init", "cmm_exit")]
        if not mine or "cmm_init" not in named:
            raise guest.Skip("this kernel has no collaborative memory manager")
        self.init = named["cmm_init"]
        self.features = named["powerpc_firmware_features"]
        code = "".join(self.tool("objdump", "-d", "--no-show-raw-insn",
                                 f"--start-address={symbols[n][0]:#x}",
                                 f"--stop-address={symbols[n + 1][0]:#x}", vmlinux)
                       for n in mine if symbols[n + 1][0] - symbols[n][0] < 1 << 16)
        self.page_init, self.get_mpp = (
            {int(a, 16) for a in re.findall(rf"^\s*(\w+):\s+bl\s+\w+ <{name}[+>]", code, re.M)}
            for name in ("plpar_hcall_norets", "h_get_mpp"))
        if not self.page_init or not self.get_mpp:
            raise guest.Skip("the driver of this kernel calls no hypervisor")

    @staticmethod
    def tool(name, *args):
        return subprocess.run([CROSS + name, *args], check=True, text=True,
                              stdout=subprocess.PIPE).stdout


places = functools.lru_cache(Places)


def honest(request):
    return request, SUCCESS


def always(request, status=SUCCESS):
    """Whatever it is that is wanted."""
    return lambda _: (request, status)


class Hypervisor(threading.Thread):
    """Who has which page, by the hypervisor's book.

    target is in bytes. answer(request) is what the guest is told of it: how many
    bytes more than now, and the status. refuse, if set, is called with (loan,
    address) for each frame and returns the status. wrong lists what the guest did
    against the protocol; asked counts questions, done the changes of state that
    went each way.
    """

    def __init__(self, path, vmlinux):
        super().__init__(daemon=True)
        self.path, self.places = path, places(vmlinux)
        self.lock = threading.Lock()
        self.target, self.answer, self.refuse = 0, honest, None
        self.loaned, self.wrong = set(), []
        self.asked, self.done = 0, {True: 0, False: 0}
        self.problem, self.stub = None, None
        self.back = None        # where the driver's start returns to

    # what a test asks

    def size(self):
        with self.lock:
            return len(self.loaned) * FRAME

    def pages(self, size):
        """{PFN: loaned frames} for pages of that size."""
        pages = {}
        with self.lock:
            for address in self.loaned:
                pages[address // size] = pages.get(address // size, 0) + 1
        return pages

    # the protocol

    def error(self, text):
        if len(self.wrong) < 20:
            self.wrong.append(text)

    def set_state(self, token, flags, address, length):
        """H_PAGE_INIT for one frame."""
        loan = flags == STATE_CHANGE | UNUSED | LOANED
        what = f"{'loan' if loan else 'activate'} {address:#x}"
        if token != H_PAGE_INIT or length or address % FRAME or not (
                loan or flags == STATE_CHANGE):
            self.error(f"call {token:#x} ({flags:#x}, {address:#x}, {length:#x})")
            return PARAMETER
        status = self.refuse(loan, address) if self.refuse else SUCCESS
        if status == SUCCESS:
            self.done[loan] += 1
            if loan and address in self.loaned:
                self.error(f"{what}: loaned already")
            (self.loaned.add if loan else self.loaned.discard)(address)
        return status

    def get_mpp(self, where):
        """Fill in the structure of h_get_mpp(): the request is its sixth word."""
        self.asked += 1
        request, status = self.answer(self.target - len(self.loaned) * FRAME)
        self.write(where, struct.pack("<5Qq1Q", 0, 0, 0, 0, 0, request, 0))
        return status

    # the debugger

    def read(self, address, length):
        return bytes.fromhex(self.stub(f"m{address:x},{length:x}"))

    def write(self, address, data):
        if self.stub(f"M{address:x},{len(data):x}:{data.hex()}") != "OK":
            raise guest.GuestError(f"cannot write guest memory at {address:#x}")

    def feature(self, on):
        """Whether the firmware says that memory is shared. It does so to the driver
        alone: virtual I/O would make something of it, too."""
        now, = struct.unpack("<Q", self.read(self.places.features, 8))
        now = now | FW_FEATURE_CMO if on else now & ~FW_FEATURE_CMO
        self.write(self.places.features, struct.pack("<Q", now))

    def stopped(self):
        """Do what the guest stopped for. One packet to read and one to write
        registers: this is done for every frame."""
        registers = bytearray.fromhex(self.stub("g"))

        def register(where):
            return struct.unpack_from("<Q", registers, where)[0]

        at = register(NIP)
        if at in (self.places.init, self.back):
            self.stub(f"z1,{at:x},1")
            self.feature(self.back is None)
            if self.back is None:
                self.back = register(LR)
                self.stub.stop_at(self.back)
            return
        if at in self.places.get_mpp:
            status = self.get_mpp(register(R3))
        elif at in self.places.page_init:
            status = self.set_state(*(register(r) for r in (R3, R4, R5, R6)))
        else:
            raise guest.GuestError(f"stopped at {at:#x}, where no call is")
        struct.pack_into("<q", registers, R3, status)
        struct.pack_into("<Q", registers, NIP, at + 4)
        if self.stub("G" + registers.hex()) != "OK":
            raise guest.GuestError("the debugger port does not take registers")

    def run(self):
        """Serve the guest until QEMU is gone."""
        try:
            self.stub = Stub(self.path)
            self.stub("Qqemu.PhyMemMode:0")
            for place in {self.places.init} | self.places.page_init | self.places.get_mpp:
                self.stub.stop_at(place)
            self.stub.send("c")
            while True:
                stop = self.stub.receive()
                if stop is None or stop[:1] in "WX":
                    return
                with self.lock:
                    self.stopped()
                self.stub.send("c")
        except (guest.GuestError, OSError, ValueError, struct.error) as e:
            self.problem = str(e)
