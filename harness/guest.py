# SPDX-License-Identifier: GPL-2.0
"""A guest under QEMU (always TCG): start, control, observe, end.

Used by all that run one. The host talks to two sockets: QMP (device
side) and a virtio-serial port on which guest-init takes shell commands (guest
side). The console goes to a file that is watched: a splat fails the guest at
the next call, whatever that was waiting for.

QMP is spoken with the few lines below because Debian packages no client
library for Python 3 in the release this runs on.
"""

import base64
import concurrent.futures
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.path.abspath(os.environ.get("CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
    "offline-pages"))
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# What the kernel prints when something is wrong. Matched per console line.
SPLAT = re.compile(
    r"BUG:|BUG \S+ \(|WARNING:|Oops|kernel BUG at|general protection fault|Kernel panic|"
    r"INFO: (possible|task|rcu|trying|inconsistent|suspicious)|"
    r"possible (circular|recursive) locking|inconsistent lock state|"
    r"DEBUG_LOCKS_WARN_ON|unreferenced object|suspected memory leaks|self-detected stall|"
    r"pagealloc: (memory corruption|single bit error)|"
    r"offline_pages: misuse|was written while offline")


SLOW = float(os.environ.get("SLOW") or 1)       # how much longer Guest.wait() may take
MODULE = "balloon_again"      # a driver that is a module besides
WOKEN = re.compile(r"woken: (\d+|not resumed)")
RUNNING = set()


class GuestError(Exception):
    """Something about the guest went wrong; the text says what."""


class Late(GuestError):
    """What was waited for did not come."""


class Skip(Exception):
    """What a guest needs is not to be had here; the text says what."""


def in_time():
    """Raise Skip if nothing new may begin any more; lib.sh has the same."""
    late = os.environ.get("LATE")
    if late and time.time() >= int(late):
        raise Skip(f"no time left of the {os.environ['MINUTES']} minutes that all may take; a second run is quicker")


def xen_hypervisor():
    """Return the path of a Xen hypervisor."""
    done = subprocess.run([os.path.join(TOP, "harness", "xen")], check=False,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        why = done.stderr.strip().splitlines() or ["harness/xen failed"]
        raise Skip(why[-1])
    return done.stdout.strip()


def initramfs():
    """Build the initramfs and return its path."""
    out = os.path.join(CACHE, "initramfs", "x86_64.cpio")
    done = subprocess.run([os.path.join(TOP, "harness", "initramfs"), out],
                          check=False)
    if done.returncode:
        raise GuestError("harness/initramfs failed")
    return out


def initramfs_with(*programs):
    """The same, and behind it an archive with C programs of the harness."""
    usual, name = initramfs(), "-".join(programs)
    out = os.path.join(os.path.dirname(usual), name + ".cpio")
    with tempfile.TemporaryDirectory() as root:
        files = [program_file("bin/" + program, root, [os.path.join(TOP, "harness", program + ".c")], ["-Wall"])
                 for program in programs]
        with open(f"{root}/initramfs", "wb") as both:
            both.write(read(usual) + archive(*files))
        shutil.move(f"{root}/initramfs", out)
    return out


@contextlib.contextmanager
def pool(more=1):
    """Threads for as many guests as may run at a time: some more than there are processors,
    for a guest waits a good part of its time. In a with statement, which ends them all."""
    threads = concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or 2) + more)
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        end_all()
        threads.shutdown()


class Qmp:
    """Minimal QMP client: commands and their results; events are kept."""

    def __init__(self, path, timeout):
        self.sock = connect(path, timeout)
        self.sock.settimeout(60)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.events = []
        self.read()
        self("qmp_capabilities")

    def read(self):
        try:
            line = self.file.readline()
        except ConnectionError:
            line = ""
        if not line:
            raise GuestError("QEMU closed its QMP socket")
        return json.loads(line)

    def __call__(self, command, **arguments):
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        request = {"execute": command, "arguments": arguments}
        try:
            self.sock.sendall(json.dumps(request).encode() + b"\n")
            while True:
                answer = self.read()
                if "event" in answer:
                    self.events.append(answer["event"])
                elif "error" in answer:
                    raise GuestError(f"QMP {command}: {answer['error']['desc']}")
                else:
                    return answer["return"]
        except OSError as e:
            raise GuestError(f"QMP {command}: {e}") from None


def connect(path, timeout):
    end = time.monotonic() + timeout
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except OSError as e:
            sock.close()
            if time.monotonic() > end:
                raise GuestError(f"QEMU opened no {os.path.basename(path)} "
                                 f"socket in {timeout} s: {e}") from None
            time.sleep(0.05)


def read(path):
    """What a file of the host has."""
    with open(path, "rb") as f:
        return f.read()


def build_of(image):
    """The build directory that a kernel lies in."""
    for up in (".", "../../.."):
        where = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(image)), up))
        if os.path.isfile(where + "/vmlinux"):
            return where
    raise Skip(f"no build directory around {image}")


def program_file(name, work, sources, options=(), cc=os.environ.get("CC", "gcc")):
    """Make a C program for the guest, which has no libraries, in the directory work; what
    archive() takes."""
    out = os.path.join(work, os.path.basename(name))
    done = subprocess.run([cc, "-O2", "-static", *options, "-o", out,
                           *sources, "-lrt", "-lpthread", "-lm"], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        why = [l for l in done.stdout.splitlines() if "error" in l or "undefined" in l]
        raise GuestError(f"{name} cannot be built: {(why or [''])[0]}")
    sys.stderr.write(done.stdout)
    return name, stat.S_IFREG | 0o755, read(out)


def archive(*files):
    """What the kernel unpacks into its first file system, of (name, mode, data)."""
    text = b""
    for number, (name, mode, data) in enumerate((*files, ("TRAILER!!!", 0, b""))):
        name = name.encode() + b"\0"
        head = "070701" + "".join(f"{n:08X}" for n in (
            number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0))
        head = head.encode() + name
        text += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return text


class Guest:
    """One guest; use it in a with statement, which ends QEMU in every case.

    args: more QEMU arguments; append: more of the kernel's command line;
    expect: regular expressions of console lines that are no splat here;
    module: the source of a driver that it has as a module besides, in /MODULE.ko, or
    several, of which it is the first that its kernel's tree has;
    progress: called with a line of text every interval seconds of a wait.
    """

    # Inflations and deflations in /proc/vmstat are those of its balloon.
    counts_events = True
    # A command that prints the line of each task in /proc/PID/stat.
    tasks = "for p in /proc/[0-9]*; do read -r l < $p/stat && echo \"$l\"; done 2> /dev/null"

    def __init__(self, image, initrd, name="guest", mem="1G", smp=2, args=(),
                 append="", expect=(), *, module=None, timeout=120, progress=None, interval=3):
        for path in (image, initrd):
            if not os.path.isfile(path):
                raise GuestError(f"{path}: no such file")
        self.name, self.timeout, self.module = name, timeout, module
        self.progress, self.interval = progress, interval
        self.expect = [re.compile(e) for e in expect]
        self.numbers = itertools.count(1)
        self.checked = 0
        self.qemu = self.qmp = self.control = None
        self.sleeps = 0         # from which it is back, before the last one
        self.logs = os.path.join(CACHE, "log")
        os.makedirs(self.logs, exist_ok=True)
        self.log = os.path.join(self.logs, name.replace("/", "-") + ".console")
        self.run = tempfile.mkdtemp(prefix="offline-pages-")
        # On a busy machine the kernel's test of its timer fails: leave it out.
        self.command = [
            "qemu-system-x86_64", "-accel", "tcg", "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot", "-M", "q35",
            "-m", mem, "-smp", str(smp),
            "-serial", "file:" + self.log,
            "-qmp", f"unix:{self.run}/qmp,server=on,wait=off",
            "-chardev", f"socket,id=ctl,path={self.run}/control,server=on,wait=off",
            "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=ctl,name=control",
            "-kernel", image, "-initrd", initrd,
            "-append", "console=ttyS0 panic=-1 oops=panic nokaslr no_timer_check "
                       "kunit.autorun=0 " + append, *args]

    def __enter__(self):
        in_time()
        try:
            return self.start()
        except BaseException:
            self.end()
            raise

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.qemu.poll() is None:
                self.look_for_leaks()
        finally:
            self.end()

    def start(self):
        """Start QEMU and wait for the guest. An emulated guest has been seen to stop for
        good where its clocksource changes, before drivers are probed and KUnit runs, once in
        some thousand boots on a busy machine. It gets a second try, which is said to be one."""
        RUNNING.add(self)
        self.prepare()
        self.launch()
        try:
            self.ready()
        except Late as e:
            console = self.console()
            if "clocksource: Switched" in console or "Kernel command line" not in console:
                raise
            shutil.copyfile(self.log, self.log + ".hung")
            print(f"# {e}", file=sys.stderr)
            self.say_again(self.name, f"stopped before it had a clock, and was started once more (see {self.log}.hung)")
            self.stop()
            self.launch()
            self.ready()
        return self

    def prepare(self):
        """What takes its time, or is to be there, before QEMU is."""
        if self.module:
            self.build_module()

    def build_module(self):
        """Put the module, for this kernel, where the guest finds it."""
        out, where = os.path.join(self.run, MODULE + ".ko"), self.build()
        if not os.path.exists(where + "/vmlinux.symvers"):
            raise Skip("this kernel takes no modules")
        sources = [self.module] if isinstance(self.module, str) else self.module
        try:
            subprocess.run([os.path.join(TOP, "harness", "module"), where, out, *sources],
                           check=True)
        except subprocess.CalledProcessError:
            raise GuestError(f"{sources[0]} cannot be built as a module") from None
        self.bring((MODULE + ".ko", stat.S_IFREG | 0o644, read(out)))

    def bring(self, *files):
        """Have more files in its first file system, of (name, mode, data)."""
        c, both = self.command, os.path.join(self.run, "initrd")
        text = read(c[c.index("-initrd") + 1]) + archive(*files)
        with open(both, "wb") as f:
            f.write(text)
        c[c.index("-initrd") + 1] = both

    def build(self):
        """The build directory of its kernel."""
        return build_of(self.command[self.command.index("-kernel") + 1])

    def bring_programs(self, programs):
        """Have C programs of its kernel's tree in /tests: {name: (sources, options)}. Sources are
        relative to the tree, which {tree} in an option stands for. What a compiler warns of in
        them is not for us to mend."""
        tree = os.path.join(self.build(), "source")
        self.bring(*(program_file(f"tests/{name}", self.run, [os.path.join(tree, s) for s in sources],
                                  ["-w", *(o.format(tree=tree) for o in options)])
                     for name, (sources, options) in programs.items()))

    def launch(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log)
        self.checked = 0
        command = self.command
        if shutil.which("setpriv"):     # QEMU ends even if this is killed
            command = ["setpriv", "--pdeathsig", "TERM", "--"] + command
        self.errors = open(os.path.join(self.run, "stderr"), "w+",
                           encoding="utf-8")
        try:
            self.qemu = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self.errors,
                stderr=self.errors, start_new_session=True)
        except FileNotFoundError:
            raise GuestError("qemu-system-x86_64 is not installed") from None
        try:
            self.qmp = Qmp(self.run + "/qmp", 20)
            self.control = connect(self.run + "/control", 20)
        except GuestError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.qemu.wait(5)
            self.alive()        # QEMU's own message says more
            raise

    def ready(self):
        """Wait until the guest takes commands."""
        self.wait("guest-init to start",
                  lambda: "guest-init: ready" in self.console(), self.timeout)

    def stop(self):
        """End QEMU, gently first."""
        if self.qemu and self.qemu.poll() is None:
            with contextlib.suppress(Exception):
                self.qmp("quit")
                self.qemu.wait(5)
            for sig in (signal.SIGTERM, signal.SIGKILL):
                if self.qemu.poll() is not None:
                    break
                self.qemu.send_signal(sig)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.qemu.wait(5)

    def end(self):
        """No guest any more, and nothing left of it; safe at any time and more than once."""
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)
        RUNNING.discard(self)

    @staticmethod
    def say_again(name, text):
        """Say that a guest was started a second time; for tests, it is a result."""
        print(f"# {name}: {text}", file=sys.stderr, flush=True)

    # observing

    def console(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=15):
        return "\n".join("    " + l for l in self.console().splitlines()[-lines:])

    def splats(self):
        """Console lines that report something wrong and are not expected."""
        return [l.strip() for l in self.console().splitlines()
                if SPLAT.search(l) and not any(e.search(l) for e in self.expect)]

    def alive(self):
        """Raise if the guest crashed, complained, or is gone."""
        try:
            size = os.path.getsize(self.log)
        except OSError:
            size = 0
        if size != self.checked:
            self.checked = size
            bad = self.splats()
            if bad:
                time.sleep(0.5)         # let the rest reach the log
                raise GuestError(f"{self.name}: console: {bad[0]} (see {self.log})")
        if self.qemu.poll() is not None:
            self.errors.seek(0)
            why = self.errors.read().strip() or "no message"
            raise GuestError(f"{self.name}: QEMU ended (status "
                             f"{self.qemu.returncode}): {why}\n{self.tail()}")

    def stuck(self, seconds=20):
        """Tasks that cannot be killed and have been waiting for something all that time; an
        emulated machine does nothing for as long. None in a guest that is off."""
        if self.qemu.poll() is not None or self.qmp("query-status")["status"] == "shutdown":
            return []

        def now():
            stats = self.sh(self.tasks)
            return {l.rsplit(")", 1)[0] + ")" for l in stats.splitlines() if l.rsplit(")", 1)[1].split()[0] == "D"}
        end, waiting = time.monotonic() + seconds * SLOW, now()
        while waiting and time.monotonic() < end:
            time.sleep(0.5)
            waiting &= now()
        return sorted(waiting)

    def look_for_leaks(self):
        """Raise if nobody points to some of the kernel's memory any more, as far as a kernel
        that looks for that knows. What was allocated a moment ago does not count yet."""
        path = "/sys/kernel/debug/kmemleak"
        try:
            config = read(self.build() + "/.config")
        except (Skip, OSError):
            return
        if b"\nCONFIG_DEBUG_KMEMLEAK=y" not in config:
            return
        found = self.sh(f"sleep 6; for i in 1 2; do echo scan > {path} || exit 1; done; cat {path}", 300,
                        what="kmemleak to look at all memory")
        if found:
            raise GuestError(f"{self.name}: {found.count('unreferenced object')} leaks\n{found}")

    def commands(self, commands):
        """Run several, each of which must go well."""
        self.sh(" && ".join(commands))

    def task(self, commands, what=None):
        """Run commands, with "; " between them, in one task; the status of the last one."""
        return self.sh(f"({commands}) 2> /dev/null", check=False, what=what)[0]

    def symbols(self, pattern):
        """Addresses of the kernel's symbols with that in their lines of /proc/kallsyms."""
        return [int(l.split()[0], 16) for l in self.sh(f"grep -E '{pattern}' /proc/kallsyms").splitlines()]

    def linked(self):
        """The lines of its kernel's System.map, where symbols are if it is where it was linked to be."""
        return read(self.build() + "/System.map").decode().splitlines()

    def wait(self, what, condition, timeout=60, status=None):
        """Wait until condition() is true; status() describes the state."""
        start = shown = time.monotonic()
        timeout *= SLOW
        while True:
            self.alive()
            value = condition()
            if value:
                return value
            now = time.monotonic()
            if now - start > timeout:
                last = f"; last seen: {status()}" if status else ""
                raise Late(f"{self.name}: waited {timeout} s for {what}"
                           f"{last}\n{self.tail()}")
            if self.progress and now - shown >= self.interval:
                shown = now
                self.progress(f"{what}, {now - start:.0f} s" +
                              (f": {status()}" if status else ""))
            # Most conditions run something in the guest: not all the time.
            time.sleep(min(0.1 + (now - start) / 20, 0.3))

    # controlling

    def tell(self, command):
        """Have the guest run a shell command, which it may not live to answer: it restarts, say."""
        nr = next(self.numbers)
        self.control.settimeout(10)
        self.control.sendall(f"{nr} {base64.b64encode(command.encode()).decode()}\n".encode())
        return nr

    def restart(self):
        """Have the guest reboot, and wait until it is about to."""
        self.tell("sleep 0.3; reboot -f")
        self.wait("the guest to restart", lambda: "reboot: Restarting system" in self.console(), 60)

    def starts_again(self, timeout=60, kernels=2):
        """Wait for a second kernel to be there, or for as many as that."""
        self.wait("the guest to start again",
                  lambda: self.console().count("guest-init: ready") == kernels, timeout)

    def sh(self, command, timeout=60, check=True, what=None):
        """Run a shell command in the guest and return what it printed.

        With check=False: return (status, output) instead of raising.
        what: name of the wait, if the command itself says too little.
        """
        what = what or f"the guest to run: {command.strip().splitlines()[0][:70]}"
        data = b""

        def answer():
            nonlocal data
            self.control.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                got = self.control.recv(1 << 20)
                if not got:
                    raise GuestError(f"{self.name}: control port closed")
                data += got
            head, newline, body = data.partition(b"\n")
            if not newline:
                return None
            fields = head.split()
            if len(fields) != 3 or int(fields[0]) > nr:
                raise GuestError(f"{self.name}: control port out of step: {head!r}")
            if len(body) < int(fields[2]):
                return None
            if int(fields[0]) < nr:     # of what nobody waited for
                data = body[int(fields[2]):]
                return None
            return int(fields[1]), body.decode(errors="replace")

        nr = self.tell(command)
        status, output = self.wait(what, answer, timeout)
        self.alive()
        if not check:
            return status, output
        if status:
            raise GuestError(f"{self.name}: exit status {status} from: "
                             f"{command.strip()}\n{output.rstrip()}")
        return output

    def fall_asleep(self, what, before=""):
        """Let it sleep, in a second; the console says "woken:" and the status afterwards.
        before: what the shell does that writes it."""
        self.sleeps = len(WOKEN.findall(self.console()))
        self.sh(f"(sleep 1; ({before}echo {what} > /sys/power/state); echo \"woken: $?\" > /dev/console) "
                "> /dev/null 2>&1 &")

    def woken(self):
        """The status of going to sleep, once it is back from that."""
        found = WOKEN.findall(self.console())[self.sleeps:]
        return found[0] if found else None

    def back(self):
        """Wait until it is awake and takes commands; the status of going to sleep."""
        status = self.wait("the guest to be back", self.woken, 60)
        self.reconnect()
        return status

    def reconnect(self):
        """Its port has forgotten that somebody listens."""
        self.control.close()
        self.control = connect(self.run + "/control", 20)

    def auto_online(self, how="online_movable"):
        """What becomes of memory that is added."""
        self.sh(f"echo {how} > /sys/devices/system/memory/auto_online_blocks")

    # memory, as the guest and as the devices tell it

    def counts_balloons(self):
        """Whether /proc/meminfo has "Balloon:", which the unmodified 6.12 has not."""
        return "\nBalloon:" in self.sh("cat /proc/meminfo")

    def meminfo(self):
        """Figures of /proc/meminfo in bytes, per-CPU counters folded in."""
        fields = (l.split() for l in self.sh(
            "cat /proc/sys/vm/stat_refresh /proc/meminfo").splitlines())
        info = {f[0].rstrip(":"): int(f[1]) * KIB for f in fields if f[-1] == "kB"}
        if self.counts_events and "Balloon" not in info:
            vm = self.vmstat()
            info["Balloon"] = self.page_size() * (vm.get("balloon_inflate", 0) -
                                                  vm.get("balloon_deflate", 0))
        return info

    def page_size(self):
        return 4 * KIB

    def zones(self):
        """{(node, zone): {"spanned", "present", "managed": pages, "start_pfn": PFN}},
        empty ones left out."""
        zones, here = {}, None
        for line in self.sh("grep -E '^Node|^ *(spanned|present|managed|start_pfn)' "
                            "/proc/zoneinfo").splitlines():
            f = re.sub("[,:]", " ", line).split()
            if f[0] == "Node":
                here = zones.setdefault((int(f[1]), f[3]), {})
            else:
                here[f[0]] = int(f[1])
        return {k: v for k, v in zones.items() if v.get("present")}

    def vmstat(self):
        """/proc/vmstat, per-CPU counters folded in."""
        return {n: int(v) for n, v in (l.split() for l in self.sh(
            "cat /proc/sys/vm/stat_refresh /proc/vmstat").splitlines())}

    def balloon_by_node(self):
        """{node: nr_balloon_pages}, of a kernel that counts them."""
        return {int(n): int(v) for n, v in re.findall(
            r"/node(\d+)/\w+:nr_balloon_pages (\d+)",
            self.sh("cat /proc/sys/vm/stat_refresh; grep nr_balloon_pages "
                    "/sys/devices/system/node/node*/vmstat /dev/null || [ $? = 1 ]"))}

    def offline(self, block_pages=0, start=0, end=""):
        """Offline pages from PFN start on, up to PFN end, by kpageflags: in total
        (key "total"), with block_pages also by block (key first PFN)."""
        result = {}
        option = f"-b {block_pages}" if block_pages else ""
        for line in self.sh(f"kpf_offline {option} {start} {end}", 120,
                            what="kpageflags to be counted").splitlines():
            f = line.split()
            key = f[0] if f[0] == "total" else int(f[0], 0)
            result[key] = {f[i]: int(f[i + 1], 0) for i in range(1, len(f), 2)}
        return result

    def offline_by_zone(self):
        """The same by zone, for zones that do not overlap."""
        zones = self.zones()
        text = self.sh("".join(
            f"kpf_offline {z['start_pfn']} {z['start_pfn'] + z['spanned']} || exit\n"
            for z in zones.values()), 120, what="kpageflags to be counted by zone")
        lines = (line.split() for line in text.splitlines())
        return {zone: {f[i]: int(f[i + 1], 0) for i in range(1, len(f), 2)}
                for zone, f in zip(zones, lines)}

    def view_rows(self):
        """Lines of the offline page core's debugfs view, the last one for the
        total; None without it."""
        status, text = self.sh("cat /sys/kernel/debug/offline_pages/pages",
                               check=False)
        if status:
            return None
        head, *lines = [l.split() for l in text.splitlines()]
        if not lines or lines[-1][0] != "total":
            raise GuestError(f"{self.name}: debugfs pages: no total line:\n{text}")
        return [{n: v if n in ("node", "zone", "owner") else int(v)
                 for n, v in zip(head, line)} for line in lines]

    def view(self):
        """Total line of the debugfs view; None without it."""
        rows = self.view_rows()
        return rows and rows[-1]

    def counters(self):
        """The core's counters; None on a kernel without it."""
        status, text = self.sh("cat /sys/kernel/debug/offline_pages/counters",
                               check=False)
        if status:
            return None
        return {l.split()[0]: int(l.split()[1]) for l in text.splitlines()}

    def blocks(self):
        """Memory blocks: {physical address: (name, state, valid zones)}."""
        size, rows = self.block_size(), {}
        for line in self.sh("cd /sys/devices/system/memory && grep -s . "
                            "memory*/phys_index memory*/state "
                            "memory*/valid_zones").splitlines():
            name, attribute, value = re.match(r"(\w+)/(\w+):(.*)", line).groups()
            rows.setdefault(name, {})[attribute] = value
        return {int(r["phys_index"], 16) * size:
                (name, r["state"], r["valid_zones"]) for name, r in rows.items()}

    def block_size(self):
        return int(self.sh("cat /sys/devices/system/memory/block_size_bytes"), 16)

    def fragment(self, name, size):
        """Break memory up with a file that keeps every second page of size."""
        self.sh("cd /tmp && { [ -d holes ] || { mkdir holes && mount -t tmpfs -o "
                "size=100% holes holes; }; } && "
                f"holes holes/{name} {size // MIB}", 120, what="memory to be broken up")

    def canaries(self):
        """Look whether all pages of those files are there: a status, 0, and what is wrong."""
        status, text = self.sh("for f in /tmp/holes/*; do holes -c $f || exit; done",
                               120, check=False, what="files to be checked")
        return status, text.strip()

    def vmem_size(self, dev="vmem0"):
        return self.qmp("qom-get", path="/machine/peripheral/" + dev, property="size")

    def vmem_range(self, dev="vmem0"):
        for d in self.qmp("query-memory-devices"):
            if d["data"].get("id") == dev:
                return d["data"]["memaddr"], d["data"]["max-size"]
        raise GuestError(f"{self.name}: QEMU has no memory device {dev}")

    def vmem_request(self, size, dev="vmem0", timeout=90):
        """Ask for a new size and wait until the device has it."""
        self.qmp("qom-set", path="/machine/peripheral/" + dev,
                 property="requested-size", value=size)
        self.wait(f"{dev} to reach {human(size)}",
                  lambda: self.vmem_size(dev) == size, timeout,
                  lambda: human(self.vmem_size(dev)))

    def balloon_actual(self):
        return self.qmp("query-balloon")["actual"]

    def balloon_request(self, actual, timeout=90):
        """Ask for a new guest size and wait until the balloon has made it."""
        self.qmp("balloon", value=actual)
        self.wait(f"the balloon to make the guest {human(actual)}",
                  lambda: self.balloon_actual() == actual, timeout,
                  lambda: human(self.balloon_actual()))


class Dom0(Guest):
    """A guest whose kernel is the PVH dom0 of a Xen hypervisor.

    xen_args: what Xen is told about its dom0, e.g. "dom0_mem=512M". The console
    is Xen's, to which both write. PVH needs an IOMMU, behind which the control
    port has to stand as well: a device does not see the dom0's addresses
    otherwise. TCG does not tell the length of an instruction that exits, and
    Xen does not find it out itself for rdtscp; with SMAP or SMEP it does not
    get along with TCG either. Without the 64-bit PCI window, memory that the
    dom0 adds lies at 4 GiB and not behind millions of PFNs to walk over.
    """

    counts_events = False       # Xen's is not among them

    def __init__(self, image, initrd, *args, xen_args="", **options):
        xen = xen_hypervisor()
        super().__init__(image, initrd, *args, **options)
        c = self.command
        value = {o: c.index(o) + 1 for o in ("-kernel", "-initrd", "-append")}
        append = c[value["-append"]].replace("console=ttyS0", "console=hvc0")
        c[value["-kernel"]] = xen
        c[value["-initrd"]] = f"{image} {append},{initrd}"
        c[value["-append"]] = ("console=com1 com1=115200 noreboot loglvl=all "
                               "dom0=pvh " + xen_args)
        c[c.index("virtio-serial-pci")] += ",disable-legacy=on,iommu_platform=on"
        c += ["-device", "amd-iommu", "-cpu", "max,-smap,-smep,-rdtscp",
              "-global", "q35-pcihost.pci-hole64-size=0"]
        self.expect.append(re.compile(r"^\(XEN\) WARNING: PVH is an experimental"))


def end_all():
    """End the guests that other threads are still using."""
    for g in list(RUNNING):
        g.end()


def vmem_args(size="4G", block="2M", requested="0", dev="vmem0", node=None):
    """QEMU arguments of a virtio-mem device."""
    where = f",node={node}" if node is not None else ""
    return ["-object", f"memory-backend-ram,id={dev}-ram,size={size},reserve=off",
            "-device", f"virtio-mem-pci,id={dev},memdev={dev}-ram,"
                       f"block-size={block},requested-size={requested}{where}"]


BALLOON_ARGS = ["-device", "virtio-balloon-pci,id=balloon0"]


def human(size):
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size / MIB:.2f} MiB" if size % KIB == 0 and size else f"{size} B"


def die_on_sigterm():
    """Let SIGTERM and SIGHUP unwind like Ctrl-C, so that guests are ended."""
    def stop(signum, _frame):
        sys.exit(128 + signum)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
