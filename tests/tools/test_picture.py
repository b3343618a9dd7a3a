#!/usr/bin/env python3
"""README's picture, docs/report.svg, says what today's commands say: the same lines, but for addresses that differ from run to run."""

import html
import os
import re
import unittest

from support import BUILD, SOURCE, Command


def lines_of(path):
    """The picture's text, a line for each height; what depends on the run or on where dmakit was built is left out."""
    with open(path, encoding="utf-8") as picture:
        pieces = re.findall(r'<text x="[^"]*" y="([^"]*)"[^>]*>([^<]*)</text>', picture.read())
    lines = {}
    for height, text in pieces:
        lines[float(height)] = lines.get(float(height), "") + html.unescape(text) + " "
    lines = [re.sub(r"(CPU|physical|DMA) 0x[0-9a-f]+", r"\1 0x...", " ".join(lines[height].split())) for height in sorted(lines)]
    return [line for line in lines if "frames of dmakit" not in line and "(/" not in line.replace(" ", "")]


class Picture(Command):
    def test_the_picture_in_readme_is_what_is_printed(self):
        new = os.path.join(self.here, "new.svg")
        self.run_command(os.path.join(SOURCE, "scripts/report-picture"), "--readme", os.path.dirname(BUILD), new, status=0)
        self.assertEqual(lines_of(os.path.join(SOURCE, "docs/report.svg")), lines_of(new),
                         "draw it anew: scripts/report-picture --readme BUILD-DIRECTORY")

    def test_wrong_use_draws_nothing(self):
        for args in [], ["--readme"], ["--help"], ["a.svg", "title"]:
            done = self.run_command(os.path.join(SOURCE, "scripts/report-picture"), *args, status=2)
            self.assertIn("Usage: scripts/report-picture", done.stderr)
        self.run_command(os.path.join(SOURCE, "scripts/report-picture"), "a.svg", "nothing", "true", status=1)
        self.assertEqual(os.listdir(self.here), [])


if __name__ == "__main__":
    unittest.main()
