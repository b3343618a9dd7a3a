#!/usr/bin/env python3
"""The walls of docs/ARCHITECTURE.md: its table says which directory may include and call which; this reads the #include lines of
every source and the symbol table of every part's archive, and names each arrow that points the wrong way.

layering.py SOURCE-ROOT BUILD-ROOT ARCHIVE...

Also here: no global symbol without the prefix dmk_, and no absolute path of somebody's machine in a source.
"""

import fnmatch
import os
import re
import subprocess
import sys

LIBRARIES = {  # the headers of the libraries that the table names
    "libfdt": ("libfdt.h", "fdt.h", "libfdt_env.h"),
    "libdw": ("elfutils/*", "dwarf.h", "libelf.h", "gelf.h"),
    "jansson": ("jansson.h",),
}
COMPILER = ("stdbool.h", "stddef.h", "stdarg.h", "stdint.h", "stdatomic.h", "stdalign.h", "limits.h", "float.h", "stdnoreturn.h",
            "cpuid.h", "*intrin.h")  # freestanding: the compiler brings them
FIRM = ("linux/", "asm/", "dmakit/")  # everything else in <> that is no library's is libc's
ABOVE = ("check", "tools", "drivers")  # called by nobody but who may call "all"


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read_table(text):
    """{directory: (may include, may call)} from the first table whose header starts with 'directory'."""
    rows = {}
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            if inside and rows:
                break
            continue
        row = cells(line)
        if row[0] == "directory":
            inside = True
        elif inside and not set(row[0]) <= set("-: "):
            for directory in re.findall(r"`([^`]+)`", row[0]):
                rows[directory.rstrip("/")] = (row[1], row[2])
    if not rows:
        raise SystemExit("layering: docs/ARCHITECTURE.md has no table of directories")
    return rows


def expand(token):
    """dmakit/{a,b}.h -> dmakit/a.h dmakit/b.h"""
    match = re.match(r"(.*)\{([^}]*)\}(.*)", token)
    if not match:
        return [token]
    return [match[1] + part.strip() + match[3] for part in match[2].split(",")]


class Plan:
    def __init__(self, root):
        self.root = root
        with open(os.path.join(root, "docs/ARCHITECTURE.md"), encoding="utf-8") as plan:
            text = plan.read()
        self.rows = read_table(text)
        match = re.search(r"`([a-z ]+)` are freestanding", text)
        self.freestanding = [f"dmakit/{name}.h" for name in match[1].split()] if match else []

    def row_of(self, path):
        """The longest directory (or file) of the table that holds the path."""
        best = None
        for name in self.rows:
            if path.startswith(name + "/") or fnmatch.fnmatch(path, name):
                if best is None or len(name) > len(best):
                    best = name
        if best is None and path.startswith("machine/") and "machine/machine.c" in self.rows:
            return "machine/machine.c"  # what lies beside the list belongs to it
        return best

    def closure(self, header):
        """A header and all it includes, of ours."""
        seen, todo = set(), [header]
        while todo:
            name = todo.pop()
            path = os.path.join(self.root, "include", name)
            if name in seen or not os.path.exists(path):
                continue
            seen.add(name)
            todo += [included for _, included, _ in includes(path)]
        return seen

    def may_include(self, row):
        """A list of patterns for the names in <>, and whether libc is among them."""
        text = self.rows[row][0]
        # the part before "sim:" is for all, what follows for that directory only
        patterns, libc = [], False
        for piece in text.split(";"):
            owner = re.match(r"\s*(\w+):", piece)
            if owner and not row.endswith(owner[1]):
                continue
            libc |= re.search(r"\blibc\b(?!'s)", piece) is not None
            for library, headers in LIBRARIES.items():
                if re.search(rf"\b{library}\b", piece):
                    patterns += headers
            if "freestanding ones" in piece:
                patterns += self.freestanding
                piece = piece.replace("`dmakit/`", "")
            if "each other" in piece or row.startswith("include/"):
                patterns += [f"{os.path.basename(name)}/*" for name in self.rows
                             if name.startswith("include/") and self.rows[name] == self.rows[row]]
            for token in re.findall(r"`([^`]+)`", piece):
                for name in expand(token):
                    patterns.append(name + "*" if name.endswith("/") else name)
                    if "what that needs" in piece:
                        patterns += sorted(self.closure(name))
        return patterns, libc


def includes(path):
    """(line number, name, quoted) of each #include."""
    with open(path, encoding="utf-8", errors="replace") as source:
        for number, line in enumerate(source, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match[2], match[1] == '"'


def sources(root):
    for directory, below, files in os.walk(root):
        below[:] = [name for name in sorted(below) if not name.startswith((".", "build")) and name != "__pycache__"]
        for name in sorted(name for name in files if name != ".git"):
            yield os.path.relpath(os.path.join(directory, name), root)


def check_include(plan, path, number, name, quoted, allowed):
    patterns, libc = allowed
    if quoted:
        if "/" not in name:
            return None  # beside it
        here = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if plan.row_of(here) in (plan.row_of(path), None) or not os.path.exists(os.path.join(plan.root, here)):
            return None
        if any(fnmatch.fnmatch(here, pattern) for pattern in patterns):
            return None  # the table names that directory
        return f'{path}:{number}: includes "{name}", which is {plan.row_of(here)}\'s'
    if any(fnmatch.fnmatch(name, pattern) for pattern in (*patterns, *COMPILER)):
        return None
    foreign = name.startswith(FIRM) or any(fnmatch.fnmatch(name, p) for headers in LIBRARIES.values() for p in headers)
    if libc and not foreign:
        return None
    return f"{path}:{number}: {plan.row_of(path)} may not include <{name}>"


def check_includes(plan):
    wrong = []
    for path in sources(plan.root):
        row = plan.row_of(path)
        if not path.endswith((".c", ".h")) or row is None:
            continue
        allowed = plan.may_include(row)
        for number, name, quoted in includes(os.path.join(plan.root, path)):
            wrong.append(check_include(plan, path, number, name, quoted, allowed))
    return [line for line in wrong if line]


# --- symbols ----------------------------------------------------------------------------------------------------------------


def nm(archive):
    """(defined, undefined) global symbols of an archive; what its own members give each other is not undefined."""
    listing = subprocess.run(["nm", "-g", archive], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    defined, undefined = set(), set()
    for line in listing.stdout.splitlines():
        match = re.match(r"(?:[0-9a-f]+)?\s+([A-Za-z])\s+(\S+)$", line)
        if match and match[1] in "Uwv":
            undefined.add(match[2])
        elif match:
            defined.add(match[2])
    return defined, undefined - defined


def row_of_archive(plan, build, archive):
    directory = os.path.relpath(os.path.dirname(archive), build)
    return plan.row_of(directory) or plan.row_of(directory + "/machine.c")


def may_call(plan, row):
    """(parts, patterns, libc): parts is a predicate over the row that defines a symbol."""
    text = plan.rows[row][1]
    refused = re.findall(r"not ([a-z/]+(?: other)?)", text)
    positive = re.sub(r"not [a-z/]+( other)?", "", text)
    patterns = re.findall(r"`([^`]+)`", text)
    words = set(re.findall(r"[a-z]+", re.sub(r"`[^`]+`", "", positive)))

    def part(owner):
        short = owner.split("/")[-1]
        if "all" in words or owner == row:
            return True
        if owner in ABOVE:
            return False
        if row.startswith("machine/machine"):
            return owner.startswith("machine/")
        if refused:
            if "each other" in refused and owner.startswith("machine/") and owner != "machine/machine.c":
                return False
            return short not in refused
        return short in words

    return part, patterns, bool({"libc", "all", "entry"} & words) or row.startswith("drivers")


def check_calls(plan, build, archives):
    tables = {archive: nm(archive) for archive in archives}
    rows = {archive: row_of_archive(plan, build, archive) for archive in archives}
    owner = {symbol: rows[archive] for archive in archives for symbol in tables[archive][0]}
    wrong = []
    for archive in archives:
        row = rows[archive]
        if row is None:
            wrong.append(f"{archive}: its directory is not in the table")
            continue
        part, patterns, libc = may_call(plan, row)
        for symbol in sorted(tables[archive][1]):
            if any(fnmatch.fnmatch(symbol, pattern) for pattern in patterns) or symbol.startswith(("_", "dmk_dmk")):
                continue
            if symbol in owner and not part(owner[symbol]):
                wrong.append(f"{row} may not call {symbol}, which is {owner[symbol]}'s")
            elif symbol not in owner and not libc:
                wrong.append(f"{row} may not call {symbol}")
    return wrong


def check_names(plan, build, archives):
    """Nothing may collide with a name of the program that dmakit is linked into."""
    wrong = []
    for archive in archives:
        row = row_of_archive(plan, build, archive)
        for symbol in sorted(nm(archive)[0]):
            if symbol.startswith(("dmk_", "__odr_asan", "__asan", "__tsan")) or (row == "tools" and symbol == "main"):
                continue
            if symbol == "_.stapsdt.base":  # of each object with static probes, hidden, and one in a program
                continue
            wrong.append(f"{row} defines the global symbol {symbol}, which lacks the prefix dmk_")
    return wrong


# --- paths --------------------------------------------------------------------------------------------------------------------

PLACE = re.compile(r"(?<![\w./*>\]})-])/(?:home|root|work|Users|build)/[\w.-]+")


def check_paths(plan):
    wrong = []
    for path in sources(plan.root):
        with open(os.path.join(plan.root, path), encoding="utf-8", errors="replace") as source:
            for number, line in enumerate(source, 1):
                match = PLACE.search(line)
                if match:
                    wrong.append(f"{path}:{number}: a path of one machine: {match[0]}")
    return wrong


def main(root, build, *archives):
    plan = Plan(root)
    wrong = check_includes(plan) + check_calls(plan, build, archives) + check_names(plan, build, archives) + check_paths(plan)
    for line in wrong:
        print(line)
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
