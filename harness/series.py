# SPDX-License-Identifier: GPL-2.0
"""The series: read the steps, and make them on a tree held in memory.

A step is a file series/NN-name: a head of "Key: value" lines (a line that starts with a blank continues the one
above), an empty line, the body of its commit message. The keys are described in series/README.
"""
import concurrent.futures
import copy
import fnmatch
import functools
import glob
import os
import re
import textwrap

from smpl import RULES, TOP, Failure, Rule, read

PATTERN = r"/((?:\\.|[^/\\])*)/"
INSERT = re.compile(rf"(\S+)\s+(after|before)\s+{PATTERN}\s*(?:\|\s?(.*)|from\s+(\S+))$", re.S)
COMMENT = re.compile(rf"(\S+)\s+above\s+{PATTERN}\s+from\s+(\S+)$")
DROP = re.compile(rf"(\S+)\s+{PATTERN}(?:\s+to\s+{PATTERN})?$")
GONE = re.compile(rf"(\S+)\s+{PATTERN}$")
NOW = re.compile(rf"(\S+)\s+(\d+)\s+{PATTERN}$")
TRAILERS = ("Fixes", "Cc")
WHEN = re.compile(rf"(not\s+)?(\S+)(?:\s+{PATTERN})?$")


class Condition:
    """What a tree has, before the first step, or has not: [not] FILE [/REGEX/]."""

    def __init__(self, text):
        self.text = " ".join(text.split())
        match = WHEN.match(self.text)
        if not match:
            raise Failure(f"not a condition: {text}\n  do: write it as [not] FILE [/REGEX/], see series/README")
        self.negated, self.path, self.pattern = bool(match[1]), match[2], match[3]

    def holds(self, tree):
        text = tree.original(self.path)
        return (text is not None and (not self.pattern or bool(re.search(self.pattern, text, re.M)))) != self.negated


class Backport(Rule):
    """A rule that fits files of this repository to a kernel that lacks something: // When: and // Files: lines."""

    def __init__(self, path):
        super().__init__(path)
        self.when = [Condition(line) for line in re.findall(r"^// When:(.*)$", self.text, re.M)]
        self.files = " ".join(re.findall(r"^// Files:(.*)$", self.text, re.M)).split()
        if not self.when or not self.files:
            raise Failure(f"backport rule {self.name}: needs lines '// When: [not] FILE /REGEX/' and"
                          " '// Files: FILE...'")

    def suits(self, path, tree):
        return any(fnmatch.fnmatch(path, one) for one in self.files) and all(one.holds(tree) for one in self.when)


@functools.lru_cache(maxsize=None)
def backports():
    return [Backport(path) for path in sorted(glob.glob(os.path.join(RULES, "backport", "*.cocci")))]


class Step:
    """One step: actions are (key, line number, arguments)."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self.subject = ""
        self.actions = []
        self.trailers = []      # of the commit message
        self.when = None        # of the actions that follow
        self.conditions = {}    # line number: conditions of the action there
        head, _, body = read(path).partition("\n\n")
        self.body = body.strip()
        lines = []
        for number, line in enumerate(head.split("\n"), 1):
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and lines:
                lines[-1][1] += " " + line.strip()
            elif line:
                lines.append([number, line])
        for number, line in lines:
            key, colon, value = line.partition(":")
            self.take(key.strip() if colon else "", value.strip(), number)
        if not self.subject:
            raise self.wrong(1, "no Subject:")

    def message(self, body, *trailers):
        """Of the commit. What trails it is one block, at its end."""
        trailers = "\n".join([*self.trailers, *trailers])
        return "\n\n".join([self.subject, body.rstrip()] + ([trailers] if trailers else [])) + "\n"

    def wrong(self, number, what):
        return Failure(f"series/{self.name}:{number}: {what}")

    def take(self, key, value, number):
        forms = {"Insert": INSERT, "Comment": COMMENT, "Drop": DROP, "Gone": GONE, "Now": NOW}
        if key == "Subject":
            self.subject = value
            return
        if key in TRAILERS:
            self.trailers.append(f"{key}: {value}")
            return
        if key == "When":
            try:
                self.when = None if value == "always" else (self.when or []) + [Condition(value)]
            except Failure as err:
                raise self.wrong(number, str(err)) from err
            return
        if self.when:
            self.conditions[number] = self.when
        if key in ("Add", "Remove", "Rule"):
            words = value.split()
            if len(words) < (2 if key == "Rule" else 1):
                raise self.wrong(number, f"{key}: names no file")
            self.actions.append((key, number, words))
            return
        if key not in forms:
            raise self.wrong(number, f"unknown key '{key}'\n  do: write one of {', '.join(forms)}, see series/README")
        match = forms[key].match(value)
        if not match:
            raise self.wrong(number, f"{key}: does not have the form that series/README gives: {value}")
        self.actions.append((key, number, match.groups()))

    def fit(self, tree):
        """This step with only the actions that are meant for the tree."""
        fitting = copy.copy(self)
        fitting.actions = [action for action in self.actions
                           if all(one.holds(tree) for one in self.conditions.get(action[1], ()))]
        return fitting

    def added(self):
        return [path for key, _, args in self.actions if key == "Add" for path in args]

    def removed(self):
        return [path for key, _, args in self.actions if key == "Remove" for path in args]

    def files(self):
        """Every file this step touches, in order, each once."""
        found = {}
        for key, _, args in self.actions:
            if key in ("Add", "Remove"):
                found.update(dict.fromkeys(args))
            elif key == "Rule":
                found.update(dict.fromkeys(args[1:]))
            elif key in ("Insert", "Comment", "Drop"):
                found[args[0]] = None
        return list(found)


def load(tree=None):
    """The steps; with a tree, those that are meant for it."""
    folder = os.path.join(TOP, "series")
    names = sorted(name for name in os.listdir(folder) if re.match(r"\d\d+-[\w-]+$", name)) \
        if os.path.isdir(folder) else []
    if not names:
        raise Failure(f"no steps in {folder}")
    steps = [Step(os.path.join(folder, name)) for name in names]
    return [step for step in (one.fit(tree) for one in steps) if step.actions] if tree else steps


def unnamed(path, text):
    """A text without the people in it, whom mkseries adds to MAINTAINERS."""
    return re.sub(r"^M:\t.*\n", "", text, flags=re.M) if path == "MAINTAINERS" else text


class Tree:
    """A kernel tree and, on top of it, what the steps made of it so far: a text, or None for a file that is gone.
    The tree itself is only read.
    """

    def __init__(self, root, jobs=2, original=None):
        """ORIGINAL: gives the text of a file before the first step, or None, if the tree was converted already."""
        self.root = root
        self.jobs = jobs
        self.new = {}
        self.at = None          # the name of the step that is being made
        self.failed = {}        # path: where it did not fit first
        if original:
            self.original = original

    def original(self, path):
        try:
            return read(os.path.join(self.root, path))
        except OSError:
            return None

    def has(self, path):
        if path in self.new:
            return self.new[path] is not None
        return os.path.isfile(os.path.join(self.root, path))

    def get(self, path):
        if self.new.get(path, "") is None:
            raise Failure(f"{path}: an earlier step removed it\n"
                          "  do: name the file in a step before that, or not at all")
        if path in self.new:
            return self.new[path]
        try:
            return read(os.path.join(self.root, path))
        except OSError as err:
            raise Failure(f"{path}: not in this tree ({err.strerror}); the series does not fit it, or names the file"
                          " wrongly\n  do: see what became of the file, and name that") from err

    def apply(self, step, problems=None):
        """Make one step. Gives the files it changed. Raises Failure; with a list of PROBLEMS, adds them to that
        instead, and goes on, to see all that does not fit.
        """
        before = {path: self.get(path) if self.has(path) else None for path in step.files()}
        self.at, follow = step.name, {}
        for key, number, args in step.actions:
            place = f"series/{step.name}:{number}"
            try:
                if key == "Rule":
                    self.rule(args[0], args[1:])
                else:
                    getattr(self, key.lower())(*args)
            except Failure as err:
                if problems is None:
                    raise Failure(f"{place}: {err}") from err
                path = args[0]
                if path in self.failed and (key in ("Gone", "Now") or not self.has(path)):
                    follow[path] = follow.get(path, 0) + 1
                    continue
                for path in err.paths or args[:key != "Rule"]:
                    self.failed.setdefault(path, place)
                problems.append(f"{place}: {err}")
        if problems is not None:
            problems += [f"series/{step.name}: {path}: {count} more of what is done or checked here fail, too\n"
                         f"  do: first mend {self.failed[path]}" for path, count in follow.items()]
        return [path for path in step.files() if (self.get(path) if self.has(path) else None) != before[path]]

    def again(self, steps):
        """Everything a second time: rules, insertions and comments of a converted tree must change nothing. What is
        removed in the end needs no second look.
        """
        jobs = []
        drops = [args for step in steps for key, _, args in step.actions if key == "Drop"]
        for step in steps:
            for key, number, args in step.actions:
                if key == "Insert" and any(path == args[0] and re.search(pattern, self.inserted(*args[3:]), re.M)
                                           for path, pattern, _ in drops):
                    continue        # a later step drops it
                if key == "Add":
                    jobs += [(step, number, rule, path) for path in args if self.has(path)
                             for rule in backports() if rule.suits(path, self)]
                elif key == "Rule":
                    rule = Rule.named(args[0])
                    jobs += [(step, number, rule, path) for path in args[1:] if self.has(path)]
                elif key in ("Insert", "Comment", "Drop") and self.has(args[0]):
                    old = self.get(args[0])
                    getattr(self, key.lower())(*args, again=True)
                    if self.get(args[0]) != old:
                        raise Failure(f"series/{step.name}:{number}: {key}: a second application changes {args[0]};"
                                      " it must find what the first one left\n  do: let its pattern match nothing that"
                                      " it has made itself")
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            texts = pool.map(lambda job: job[2].run(job[3], self.get(job[3]))[0], jobs)
            for (step, number, rule, path), text in zip(jobs, texts):
                if text != self.get(path):
                    raise Failure(f"series/{step.name}:{number}: rule {rule.name}: a second application changes {path}"
                                  f"; look with: harness/apply --again {rule.name} --file {path}\n"
                                  "  do: every rule must only match code that it has not converted yet")

    def rule(self, name, paths):
        rule = Rule.named(name)
        wrong = [f"rule {rule.name}: {path}: not in this tree\n  looked for: {rule.purpose}\n"
                 "  do: see what became of that file there" for path in paths if not self.has(path)]
        bad = [path for path in paths if not self.has(path)]
        paths = [path for path in paths if self.has(path)]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            results = list(pool.map(lambda path: rule.run(path, self.get(path)), paths))
        matched = set()
        for path, (text, names) in zip(paths, results):
            if text == self.get(path):
                wrong.append(f"rule {rule.name}: changed nothing in {path}\n"
                             f"  looked for: {rule.purpose or ', '.join(rule.names)}\n"
                             f"  rules that matched there: {', '.join(sorted(names)) or 'none'}\n"
                             f"  do: compare the code with the rule ({self.look(rule, path)}),"
                             " or take the file off the step's list")
                bad.append(path)
            matched |= names
        missed = [one for one in rule.required() if one not in matched]
        if missed and matched:
            wrong.append(f"rule {rule.name}: partial match: {', '.join(missed)} matched in none of {' '.join(paths)}\n"
                         f"  looked for: {rule.purpose}\n" + "".join(f"  {rule.sought(one)}" for one in missed) +
                         f"  do: fit that rule to the code ({self.look(rule, ' '.join(paths))});"
                         " one that may match nothing is called opt_...")
            bad += paths
        for path, (text, _) in zip(paths, results):     # when something is wrong, too: later steps have less to say
            self.new[path] = text
        if wrong:
            raise Failure("\n".join(wrong), bad)

    def look(self, rule, paths):
        """The command that shows what a rule does to files, as they are before this step."""
        before = f" --before {self.at}" if self.at else ""
        return f"harness/apply --rule {rule.name} --file {paths}{before} --from {self.root}"

    def ours(self, path):
        """A file of this repository as the tree needs it."""
        try:
            text = read(os.path.join(TOP, path))
        except OSError as err:
            raise Failure(f"Add: {path}: not in this repository ({err.strerror})") from err
        for rule in backports():
            if not rule.suits(path, self):
                continue
            text, matched = rule.run(path, text)
            missed = [one for one in rule.required() if one not in matched]
            if missed:
                raise Failure(f"Add: {path}: backport rule {rule.name}: {', '.join(missed)} matched nothing\n"
                              f"  looked for: {rule.purpose}\n  do: take the file off the rule's list, or fit the rule")
        return text

    def add(self, *paths):
        for path in paths:
            ours = self.ours(path)
            if self.has(path) and self.get(path) != ours:
                raise Failure(f"Add: {path}: the tree has a file of that name with other content\n"
                              "  do: use a tree without it")
            self.new[path] = ours

    def remove(self, *paths):
        for path in paths:
            self.get(path)
            self.new[path] = None

    def drop(self, path, pattern, last, again=False):
        if again and not re.search(pattern, self.get(path), re.M):
            return
        lines, place = self.anchor(path, pattern, "Drop")
        end = place
        while last and not re.search(last, lines[end].rstrip("\n")):
            end += 1
            if end == len(lines):
                raise Failure(f"Drop: {path}: no line below /{pattern}/ matches /{last}/\n"
                              "  do: fit the second expression to the tree")
        blank = [0 < at < len(lines) and not lines[at].strip() for at in (place - 1, end + 1)]
        del lines[place:end + 1 + all(blank)]
        self.new[path] = "".join(lines)

    def anchor(self, path, pattern, what):
        """(lines of the file, index of the one line that matches)."""
        lines = self.get(path).splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if re.search(pattern, line.rstrip("\n"))]
        if len(found) != 1:
            raise Failure(f"{what}: {path}: /{pattern}/ matches {len(found)} lines, and must match one\n"
                          "  do: fit the expression to the tree")
        return lines, found[0]

    @staticmethod
    def inserted(text, source):
        if source:
            return read(os.path.join(TOP, source))
        return re.sub(r"\\([tn\\])", lambda found: {"t": "\t", "n": "\n"}.get(found[1], found[1]), text) + "\n"

    def insert(self, path, where, pattern, text, source, again=False):
        text = self.inserted(text, source)
        if "\n" + unnamed(path, text) in "\n" + unnamed(path, self.get(path)):
            if again:
                return
            raise Failure(f"Insert: {path}: the text is already there: {text.strip()}\n"
                          "  do: leave the line out for this tree, with a When: before it")
        lines, place = self.anchor(path, pattern, "Insert")
        lines.insert(place + (where == "after"), text)
        self.new[path] = "".join(lines)

    def comment(self, path, pattern, source, again=False):
        lines, place = self.anchor(path, pattern, "Comment")
        indent = re.match(r"\s*", lines[place])[0]
        start = place - 1
        if not lines[start].rstrip().endswith("*/"):
            raise Failure(f"Comment: {path}: no comment ends directly above /{pattern}/\n"
                          "  do: fit the expression to the tree, or insert the comment")
        while start > 0 and "/*" not in lines[start]:
            start -= 1
        if not lines[start].lstrip().startswith("/*"):
            raise Failure(f"Comment: {path}: the comment above /{pattern}/ starts behind code\n"
                          "  do: fit the expression to the tree")
        try:
            text = read(os.path.join(TOP, source)).strip("\n")
        except OSError as err:
            raise Failure(f"Comment: {source}: not in this repository ({err.strerror})") from err
        if not text.startswith("/*"):
            text = "/*\n" + "\n".join(f" * {line}".rstrip() for line in text.split("\n")) + "\n */"
        text = textwrap.indent(text, indent) + "\n"
        if not again and "".join(lines[start:place]) == text:
            raise Failure(f"Comment: {path}: the comment is already there\n"
                          "  do: leave the line out for this tree, with a When: before it")
        self.new[path] = "".join(lines[:start]) + text + "".join(lines[place:])

    def gone(self, path, pattern):
        found = re.search(pattern, self.get(path), re.M)
        if found:
            line = self.get(path).count("\n", 0, found.start()) + 1
            raise Failure(f"Gone: {path}:{line}: still has /{pattern}/\n  do: a rule of this step has to remove it")

    def now(self, path, count, pattern):
        found = len(re.findall(pattern, self.get(path), re.M))
        if found != int(count):
            raise Failure(f"Now: {path}: /{pattern}/ occurs {found} times, not {count}\n"
                          "  do: see which rule of this step matched too little or too much")
