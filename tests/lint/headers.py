#!/usr/bin/env python3
"""Every header a driver can include stands alone: compiled with no libc header in sight; and beside libc's, before and after them.

headers.py INCLUDE-DIRECTORY COMPILER...
"""

import concurrent.futures
import os
import subprocess
import sys

LIBC = ("stdio.h stdlib.h string.h errno.h limits.h stdint.h unistd.h fcntl.h time.h signal.h pthread.h poll.h sys/types.h sys/stat.h "
        "sys/ioctl.h sys/mman.h sys/time.h sys/uio.h").split()


def headers(include):
    for top in ("linux", "asm", "scsi"):
        for directory, _, files in os.walk(os.path.join(include, top)):
            for name in sorted(files):
                if name.endswith(".h"):
                    yield os.path.relpath(os.path.join(directory, name), include)


def lines(names):
    return "".join(f"#include <{name}>\n" for name in names)


def cases(header):
    """(what, source, whether libc is out of sight)"""
    yield f"<{header}> alone", lines([header]), True
    yield f"<{header}> twice", lines([header, header]), True
    yield f"<{header}> before libc's", lines([header, *LIBC]), False
    yield f"<{header}> after libc's", lines([*LIBC, header]), False


def compile_one(compiler, include, own, case):
    what, source, alone = case
    flags = ["-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-sign-compare", "-Werror", "-x", "c", "-"]
    flags += ["-nostdinc", "-isystem", own] if alone else ["-D_GNU_SOURCE"]
    # -I, not -isystem: warnings of ours are to be seen
    done = subprocess.run([*compiler, "-D__KERNEL__", "-DMODULE", '-DKBUILD_MODNAME="lint"', '-DKBUILD_BASENAME="lint"', "-I", include, *flags],
                          input=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return what, done.returncode, done.stdout


def main(include, *compiler):
    own = subprocess.run([*compiler, "-print-file-name=include"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    todo = [case for header in headers(include) for case in cases(header)]
    if not todo:
        print(f"no header below {include}")
        return 1
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for what, status, output in pool.map(lambda case: compile_one(compiler, include, own, case), todo):
            if status:
                failed += 1
                print(f"{what}:\n" + "\n".join(output.splitlines()[:12]))
    print(f"{len(todo)} compiled, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
