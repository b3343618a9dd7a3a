#!/usr/bin/env python3
"""STR-12: a driver under failure of each of its calls in turn.

fail_each.py [--append TEXT] [--linux VERSION] MACHINE DRIVER.c TEST.c: builds the program once and runs it with --fail 1, 2, 3, ... until there is no such
call. Every run must end without a finding, a leak, a crash or a hang. Prints the command of each run that does not.
"""

import argparse
import concurrent.futures
import itertools
import os
import subprocess
import sys
import tempfile

NOTHING_WRONG, NO_SUCH_CALL = 0, 3
AT_ONCE, MOST = 2, 2000


def run(program, arguments, number):
    command = [program, "--fail", str(number)] + arguments
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120,
                          check=False)
    return number, done


def build(options, program):
    cc = os.path.join(os.environ["DMAKIT_BUILD"], "dmakit-cc")
    linux = ["--linux", options.linux] if options.linux else []
    subprocess.run([cc] + linux + ["-o", program] + options.sources, check=True, timeout=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--append")
    parser.add_argument("--linux")
    parser.add_argument("machine")
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()
    arguments = ["--machine", options.machine] + (["--append", options.append] if options.append else [])
    wrong, calls = [], None
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        program = os.path.join(directory, "program")
        build(options, program)
        # A program that is wrong without a failure would be so at each number, and would never say that there is no such call.
        whole = subprocess.run([program] + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               timeout=120, check=False)
        if whole.returncode != NOTHING_WRONG:
            print("%s, when no call fails: status %d\n%s" % (" ".join(options.sources), whole.returncode, whole.stdout))
            return 1
        for first in itertools.count(1, AT_ONCE):
            for number, done in pool.map(lambda n: run(program, arguments, n), range(first, first + AT_ONCE)):
                if done.returncode == NO_SUCH_CALL:
                    calls = number - 1 if calls is None else calls
                elif done.returncode != NOTHING_WRONG:
                    wrong.append(number)
                    print("--fail %d %s: status %d\n%s" % (number, " ".join(arguments), done.returncode, done.stdout))
            if calls is not None or first > MOST:
                break
    print("%s on %s: %s calls, each failed once, %d with something wrong" % (options.sources[0], options.machine, calls, len(wrong)))
    return 1 if wrong or not calls else 0


if __name__ == "__main__":
    sys.exit(main())
