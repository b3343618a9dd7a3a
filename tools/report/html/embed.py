#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Put a report's page together and write it into a C file, as what stands before and after its data.

Usage: embed.py OUT.c page.html page.css SCRIPT.js...

The page allows no other script and no other style than its own, by their hashes.
"""
import base64
import hashlib
import pathlib
import sys

DATA = "@DATA@"


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page(names):
    html, css, *scripts = (pathlib.Path(name).read_text(encoding="utf-8") for name in names)
    js = "".join(scripts)
    # the element's text is what is hashed, to the last newline
    for mark, text in (("@STYLE-HASH@", digest(css)), ("@SCRIPT-HASH@", digest(js)), ("@STYLE@", css), ("@SCRIPT@", js)):
        if html.count(mark) != 1:
            sys.exit(f"embed.py: {mark} is not once in the page")
        html = html.replace(mark, text)
    return html.split(DATA)


def c_array(name, text):
    data = text.encode() + b"\0"
    rows = ["\t" + ",".join(str(byte) for byte in data[at:at + 24]) + "," for at in range(0, len(data), 24)]
    return [f"const char {name}[] = {{", *rows, "};"]


def main():
    before, after = page(sys.argv[2:])
    text = ["/* Made by embed.py; not to be edited. */", '#include "report/html_write.h"', "",
            *c_array("dmk_html_before_data", before), "", *c_array("dmk_html_after_data", after), ""]
    pathlib.Path(sys.argv[1]).write_text("\n".join(text), encoding="ascii")


if __name__ == "__main__":
    main()
