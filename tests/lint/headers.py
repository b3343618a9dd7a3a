#!/usr/bin/env python3
"""Every header a driver can include stands alone: compiled with no libc header in sight; and beside libc's, before and after them.

headers.py [--each] INCLUDE-DIRECTORY COMPILER...

A compiler takes longer to start than to read a header, so what can share a run does: the headers beside libc's are read some at a
time, and by themselves only when that fails, to say which it is. With --each all are read by themselves.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile

LIBC = ("stdio.h stdlib.h string.h errno.h limits.h stdint.h unistd.h fcntl.h time.h signal.h pthread.h poll.h sys/types.h sys/stat.h "
        "sys/ioctl.h sys/mman.h sys/time.h sys/uio.h").split()
AT_ONCE = 16  # headers beside libc's in one source, sources in one run of the compiler


def headers(include):
    for top in ("linux", "asm", "scsi", "drivers"):
        for directory, _, files in os.walk(os.path.join(include, top)):
            for name in sorted(files):
                if name.endswith(".h"):
                    yield os.path.relpath(os.path.join(directory, name), include)


def lines(names):
    return "".join(f"#include <{name}>\n" for name in names)


def some(items, n):
    return [items[at : at + n] for at in range(0, len(items), n)]


class Case:
    """Sources that the compiler reads one by one, in one run; those it is made of when that goes wrong."""

    def __init__(self, what, sources, alone, parts=()):
        self.what, self.sources, self.alone, self.parts = what, sources, alone, parts


def by_itself(header):
    # What is wrong with it once is wrong with it twice.
    return Case(f"<{header}> twice", [lines([header, header])], True)


def beside(names, before):
    what = f"<{names[0]}>" if len(names) == 1 else f"{len(names)} headers from <{names[0]}> to <{names[-1]}>"
    if before:
        return Case(f"{what} before libc's", [lines([*names, *LIBC])], False)
    return Case(f"{what} after libc's", [lines([*LIBC, *names])], False)


def cases(names, each):
    single = [by_itself(name) for name in names]
    for group in [[one] for one in single] if each else some(single, AT_ONCE):
        yield Case(f"{group[0].what} to {group[-1].what}", [source for one in group for source in one.sources], True, group)
    for before in (True, False):
        for group in some(names, 1 if each else AT_ONCE):
            case = beside(group, before)
            if len(group) > 1:
                case.parts = [beside([name], before) for name in group]
            yield case


class Compiler:
    def __init__(self, command, include):
        self.command, self.include = command, include
        self.own = subprocess.run([*command, "-print-file-name=include"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def run(self, case):
        """What it says of the sources; empty: nothing, and all is well."""
        flags = ["-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-sign-compare", "-Werror"]
        flags += ["-nostdinc", "-isystem", self.own] if case.alone else ["-D_GNU_SOURCE"]
        flags += ["-D__KERNEL__", "-DMODULE", '-DKBUILD_MODNAME="lint"', '-DKBUILD_BASENAME="lint"']
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, f"{i}.c") for i in range(len(case.sources))]
            for path, source in zip(paths, case.sources):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(source)
            # -I, not -isystem: warnings of ours are to be seen
            done = subprocess.run([*self.command, *flags, "-I", self.include, *paths], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
        return (done.stdout or "the compiler failed") if done.returncode else ""

    def complaints(self, case):
        """(what, output) of all that is wrong."""
        output = self.run(case)
        if not output:
            return []
        parts = [complaint for part in case.parts for complaint in self.complaints(part)]
        return parts or [(case.what, output)]


def main(*arguments):
    each = arguments[:1] == ("--each",)
    include, *command = arguments[1:] if each else arguments
    names = list(headers(include))
    if not names:
        print(f"no header below {include}")
        return 1
    compiler = Compiler(command, include)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for complaints in pool.map(compiler.complaints, cases(names, each)):
            for what, output in complaints:
                failed += 1
                print(f"{what}:\n" + "\n".join(output.splitlines()[:12]))
    print(f"{len(names)} headers, {failed} complaints")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
