#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rule pages: each has its parts and reads well in a terminal; each rule that the checker reports has one."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
pages = {page.stem: page.read_text() for page in (root / "docs/rules").glob("*.md")}
reported = re.findall(r'\{"([A-Z]{3}-\d\d)"', (root / "check/rules.c").read_text())
complaints = []


def parts(text):
    return dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S))


for rule, text in sorted(pages.items()):
    part = parts(text)
    lines = text.splitlines()
    if not re.match(rf"# {rule}: \S", text):
        complaints.append(f"{rule}: the first line is not its title")
    for name in ("Why", "Checked", "See also"):
        if not part.get(name, "").strip():
            complaints.append(f"{rule}: nothing under \"{name}\"")
    if "Wrong" in part and "Right" not in part:
        complaints.append(f"{rule}: a wrong example without a right one")
    if text.count("```") % 2:
        complaints.append(f"{rule}: an open fence")
    if len(lines) > 40 or any(len(line) > 80 for line in lines):
        complaints.append(f"{rule}: more than 40 lines, or a line of more than 80 columns")
    for other in re.findall(r"\b[A-Z]{3}-\d\d\b", text):
        if other not in pages:
            complaints.append(f"{rule}: speaks of {other}, which has no page")
for rule in reported:
    if rule not in pages:
        complaints.append(f"{rule}: reported by the checker, and has no page")
if len(set(reported)) < 20:
    complaints.append("the table of rules was not understood")

print("\n".join(complaints) or f"{len(pages)} pages, {len(set(reported))} rules reported")
sys.exit(1 if complaints else 0)
