#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of the hot paths, counted by valgrind and held to a table with a tolerance of 5 %.

Usage: counts.py TABLE COMPILER [HOT... [--update]]     exit status 0: as in the table; 1: not; 77: skipped, and why

Times differ from run to run and counts do not, but they are one compiler's, so the table names it. A count that is lower by more than the
tolerance fails too: the table says what is true. Rows that differ in "8 channels" and "4,096 channels" alone are to be equal, within the
same tolerance. --update writes the table anew; without HOT there is nothing built to count."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOLERANCE, LEAST = 0.05, 1.0  # an instruction more or less of a path of ten is no change
MEND = "where that is meant: scripts/counts --update, and say why in the commit"
# valgrind shows the processor that it runs on, as far as it knows it, and memcpy() is chosen by it: the oldest one.
SAME_MEMCPY = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load"


def skip(why):
    print(f"SKIPPED, NOTHING WAS COUNTED: {why}")
    return 77


def read_table(path):
    """The compiler, and {path: instructions}."""
    compiler, table = "", {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("compiler: "):
                compiler = line.split(": ", 1)[1].strip()
            elif line.strip() and not line.startswith("#"):
                name, number = line.rsplit(None, 1)
                table[name] = float(number)
    return compiler, table


def write_table(path, compiler, counts):
    with open(path, encoding="utf-8") as file:
        head = [line for line in file if line.startswith("#")]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines([*head, f"compiler: {compiler}\n\n"])
        file.writelines(f"{name:48} {count:8.1f}\n" for name, count in counts.items())


def count(hot):
    """{path: instructions of one operation}"""
    counts = {}
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=no", "--dump-line=no", "--fair-sched=no",
             f"--callgrind-out-file={directory}/out", hot], capture_output=True, text=True, check=False,
            env=dict(os.environ, GLIBC_TUNABLES=SAME_MEMCPY))
        if done.returncode:
            sys.exit(f"counts: {hot} failed under valgrind\n{done.stderr}")
        times = {name: int(number) for number, name in (line.split(" ", 1) for line in done.stdout.splitlines())}
        for name in os.listdir(directory):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                text = file.read()
            path = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if path and total and path[1] in times:
                counts[path[1]] = int(total[1]) / times[path[1]]
    missing = [name for name in times if name not in counts]
    if missing or not times:
        sys.exit(f"counts: valgrind wrote nothing about {missing or 'anything'}\n{done.stderr}")
    return {name: counts[name] for name in times}


def is_near(counted, expected):
    return abs(counted - expected) <= max(LEAST, TOLERANCE * expected)


def uneven(counts):
    """What is not the same with few channels and with many."""
    pairs = [(name.replace("4,096 channels", "8 channels"), name) for name in counts if "4,096 channels" in name]
    return [f"{many}: {counts[many]:.1f}, with 8 {counts.get(few, 0):.1f}" for few, many in pairs
            if few not in counts or not is_near(counts[many], counts[few])]


def compare(counts, table):
    wrong = 0
    for name in [*counts, *(name for name in table if name not in counts)]:
        counted, expected = counts.get(name), table.get(name)
        good = counted is not None and expected is not None and is_near(counted, expected)
        wrong += not good
        print(f"{name:48} {counted or 0:8.1f}  table {expected or 0:8.1f}"
              + ("" if good else "  NOT WITHIN 5 %" if counted and expected else "  NOT IN BOTH"))
    if wrong:
        print(f"{wrong} not as in the table; {MEND}")
    for pair in uneven(counts):
        print(f"NOT THE SAME: {pair}")
    return 1 if wrong or uneven(counts) else 0


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    update = "--update" in sys.argv
    if len(arguments) < 2 or (update and len(arguments) < 3):
        print(__doc__, file=sys.stderr)
        return 2
    path, compiler = arguments[:2]
    known, table = read_table(path)
    if not shutil.which("valgrind"):
        return skip("valgrind is not installed (scripts/setup installs it)")
    if len(arguments) == 2 or (compiler != known and not update):
        return skip(f"the table is of {known}, and this build's compiler is {compiler}")
    counts = {}
    for hot in arguments[2:]:
        counts.update(count(hot))
    if update:
        write_table(path, compiler, counts)
        return 0
    return compare(counts, table)


if __name__ == "__main__":
    sys.exit(main())
