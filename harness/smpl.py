# SPDX-License-Identifier: GPL-2.0
"""Semantic patches: find one, name its rules, run it on one file's text.

A run gives the new text and the names of the rules that matched; the latter through a one-line script rule
appended per rule to a temporary copy. Results are kept in the cache, keyed by everything that goes in.
"""
import functools
import hashlib
import json
import os
import re
import subprocess
import tempfile

TOP = os.environ.get("OVERLAY") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "offline-pages")
RULES = os.path.join(TOP, "scripts/coccinelle/offline_pages")
TIMEOUT = 600       # seconds one spatch run may take
SHOWN = 24          # lines of a rule that an error shows


class Failure(Exception):
    """What went wrong, in words meant for whoever wrote the rule or gave the tree; PATHS: with which files."""

    def __init__(self, text, paths=()):
        super().__init__(text)
        self.paths = paths


def spatch_command():
    return os.environ.get("SPATCH", "spatch")


@functools.lru_cache(maxsize=None)
def spatch_version():
    try:
        out = subprocess.run([spatch_command(), "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as err:
        raise Failure(f"spatch (Debian package coccinelle) does not run: {err}; try harness/setup build") from err
    if "Python scripting support: yes" not in out:
        raise Failure("this spatch has no Python scripting, which tells which rules matched")
    return out.splitlines()[0]


class Rule:
    """One .cocci file."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        try:
            with open(path, encoding="utf-8") as f:
                self.text = f.read()
        except OSError as err:
            raise Failure(f"rule {self.name}: cannot read it: {err.strerror} ({path})") from err
        self.purpose = " ".join(line[3:].strip() for line in self.text.splitlines()
                                if line.startswith("///")).strip()
        self.options = [word for line in re.findall(r"^// Options:(.*)$", self.text, re.M) for word in line.split()]
        self.virtual = set(re.findall(r"\w+", " ".join(re.findall(r"^virtual\s+(.*)$", self.text, re.M))))
        self.bodies = {}        # name: (number of its line, its text)
        self.names = self.find_names()

    @classmethod
    def named(cls, name):
        """NAME is a path, or the name of a conversion rule, or of one in another folder: backport/NAME."""
        if name.count(os.path.sep) > 1 or name.endswith(".cocci"):
            return cls(name)
        if os.path.sep in name:
            return cls(os.path.join(RULES, name + ".cocci"))
        return cls(os.path.join(RULES, "convert", name + ".cocci"))

    def find_names(self):
        """Names of the rules that change something, in order."""
        names = []
        text = re.sub(r"^//.*$", "", self.text, flags=re.M)
        heads = list(re.finditer(r"^@([^@\n]*(?:\n(?!@)[^@\n]*)*)@", text, re.M))
        # a rule is "@head@ metavariables @@ body": every second header-like "@...@" is its closing "@@"
        place = 0
        for head in heads:
            if head.start() < place:
                continue
            close = text.find("@@", head.end())
            if close < 0:
                raise Failure(f"rule {self.name}: '@{head[1]}@' has no closing '@@'")
            following = re.compile(r"^@", re.M).search(text, close + 2)
            place = following.start() if following else len(text)
            words = head[1].split()
            if words and words[0].partition(":")[0] in ("script", "initialize", "finalize"):
                continue
            if not re.search(r"^[-+]", text[close + 2:place], re.M):
                continue
            if not words or words[0] in ("depends", "extends", "disable", "using", "exists", "forall", "expression"):
                raise Failure(f"rule {self.name}: a rule that changes code has no name, so that nobody can say whether"
                              " it matched: write @name@")
            names.append(words[0])
            self.bodies[words[0]] = text.count("\n", 0, head.start()) + 1, text[close + 2:place]
        return names

    def sought(self, name):
        """What one rule looks for, in words and code: where it is, and the first lines of what has to be there."""
        number, body = self.bodies[name]
        lines = [re.sub("^-", " ", line) for line in body.split("\n") if line.strip() and not line.startswith("+")]
        place = os.path.relpath(self.path, TOP) if self.path.startswith(TOP) else self.path
        return f"@{name}@, {place}:{number}:\n" + indent("\n".join(lines[:SHOWN] + ["..."] * (len(lines) > SHOWN)))

    def required(self):
        return [name for name in self.names if not name.startswith("opt_")]

    def command(self, cocci, mode="patch"):
        words = [spatch_command(), "--no-includes", "--include-headers", "--very-quiet", "--no-show-diff"]
        if mode in self.virtual:
            words += ["-D", mode]
        return words + self.options + ["--sp-file", cocci]

    def run(self, path, text):
        """(new text, set of matched rule names) of this rule on a file PATH that holds TEXT."""
        probe = "".join(f'\n@script:python depends on {name}@\n@@\nprint("MATCHED {name}")\n' for name in self.names)
        key = hashlib.sha256("\0".join((spatch_version(), self.text, probe, " ".join(self.command("")),
                                        path, text)).encode("utf-8", "surrogateescape")).hexdigest()
        kept = os.path.join(CACHE, "spatch", key[:2], key[2:])
        try:
            with open(kept, encoding="utf-8", errors="surrogateescape") as f:
                head, _, body = f.read().partition("\n")
            found = json.loads(head)
            return (body if found["changed"] else text), set(found["matched"])
        except (OSError, ValueError, KeyError):
            pass
        new, matched = self.run_now(path, text, probe)
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(kept), delete=False, encoding="utf-8",
                                         errors="surrogateescape") as f:
            f.write(json.dumps({"changed": new != text, "matched": sorted(matched)}) + "\n")
            f.write(new if new != text else "")
        os.replace(f.name, kept)
        return new, matched

    def run_now(self, path, text, probe):
        with tempfile.TemporaryDirectory(prefix="spatch-") as work:
            cocci = os.path.join(work, self.name + ".cocci")
            with open(cocci, "w", encoding="utf-8") as f:
                f.write(self.text + probe)
            source = os.path.join(work, "tree", path)
            os.makedirs(os.path.dirname(source))
            write(source, text)
            alone = f"run it alone: harness/apply --rule {self.name} --file {path} --from TREE"
            try:
                done = subprocess.run(self.command(cocci) + ["--in-place", path], cwd=os.path.join(work, "tree"),
                                      capture_output=True, text=True, timeout=TIMEOUT, check=False)
            except subprocess.TimeoutExpired as err:
                raise Failure(f"rule {self.name}: spatch took more than {TIMEOUT} s on {path}\n  do: {alone}; less of"
                              " what matches anything ('...', 'when any') in the rule is quicker") from err
            if done.returncode:
                raise Failure(f"rule {self.name}: spatch failed on {path}:\n" + indent(done.stderr or done.stdout) +
                              f"  do: {alone}; spatch names a line of the rule, or does not parse the file")
            return read(source), set(re.findall(r"^MATCHED (\w+)$", done.stdout, re.M))


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
        f.write(text)


def indent(text):
    return "".join(f"    {line}\n" for line in text.rstrip().splitlines())
