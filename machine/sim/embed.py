#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile devicetree sources and write them into one C file, as dmk_sim_builtins[].

Usage: embed.py DTC OUT.c PROFILE.dts...
"""
import pathlib
import subprocess
import sys


def main():
    dtc, out, sources = sys.argv[1], sys.argv[2], sys.argv[3:]
    text = ["/* Made by embed.py from machine/profiles; not to be edited. */", '#include "sim.h"', ""]
    rows = []
    for number, source in enumerate(sources):
        dtb = subprocess.run([dtc, "-q", "-I", "dts", "-O", "dtb", source],
                             check=True, stdout=subprocess.PIPE).stdout
        name = pathlib.Path(source).stem
        # libfdt reads 8-byte fields where it finds them
        text.append(f"static const unsigned char dtb_{number}[] __attribute__((aligned(8))) = {{")
        for at in range(0, len(dtb), 24):
            text.append("\t" + ",".join(str(byte) for byte in dtb[at:at + 24]) + ",")
        text.append("};")
        rows.append(f'\t{{ "{name}", dtb_{number}, sizeof(dtb_{number}) }},')
    text += ["", "const struct sim_builtin dmk_sim_builtins[] = {", *rows, "\t{ 0 },", "};", ""]
    pathlib.Path(out).write_text("\n".join(text), encoding="ascii")


if __name__ == "__main__":
    main()
