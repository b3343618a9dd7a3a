#!/usr/bin/env python3
"""No line of C beyond 100 columns (tabs: 8), so that two files fit beside each other.

columns.py DIRECTORY: reads the C files that are in it. Not broken are string literals, names that are as long by themselves, and drawings
and tables in comments (a tab, or two spaces, between words).
"""

import os
import re
import sys

COLUMNS = 100
LEFT_OUT = ("build", ".", "docs")


def c_files(top):
    for directory, names, files in os.walk(top):
        if directory == top:
            names[:] = [name for name in names if not name.startswith(LEFT_OUT)]
        yield from (os.path.join(directory, name) for name in files if name.endswith((".c", ".h")))


def can_be_broken(line):
    text = line.strip()
    if '"' in text:
        return False
    if re.match(r"/?\*", text):
        return not re.search(r"\S(\t| {2,})\S", text.lstrip("/* \t"))
    return " " in text


def too_long(top):
    for path in sorted(c_files(top)):
        with open(path, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                columns = len(line.rstrip("\n").expandtabs(8))
                if columns > COLUMNS and can_be_broken(line):
                    yield f"{os.path.relpath(path, top)}:{number}: {columns} columns, and {COLUMNS} are enough"


def main():
    found = list(too_long(sys.argv[1]))
    print("\n".join(found) if found else "no line is too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
