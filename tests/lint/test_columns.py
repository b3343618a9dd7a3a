#!/usr/bin/env python3
"""columns.py finds the lines that it is for, and no other."""

import os
import subprocess
import sys
import tempfile
import unittest

COLUMNS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "columns.py")


class Columns(unittest.TestCase):
    def look_at(self, *lines, name="a.c"):
        with tempfile.TemporaryDirectory() as top:
            os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
            with open(os.path.join(top, name), "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            return subprocess.run([sys.executable, COLUMNS, top], stdout=subprocess.PIPE, text=True, check=False)

    def test_lines_of_100_columns_are_fine(self):
        self.assertEqual(self.look_at("x" * 98 + " y", "\t" * 11 + "  return 1;").returncode, 0)

    def test_a_tab_is_eight_columns(self):
        done = self.look_at("\t" * 11 + "  return 123;")
        self.assertEqual((done.returncode, done.stdout), (1, "a.c:1: 101 columns, and 100 are enough\n"))

    def test_a_longer_one_is_named_with_its_place(self):
        done = self.look_at("int a;", "x" * 99 + " y", name="core/a.h")
        self.assertEqual((done.returncode, done.stdout), (1, os.path.join("core", "a.h") + ":2: 101 columns, and 100 are enough\n"))

    def test_characters_count_and_not_bytes(self):
        self.assertEqual(self.look_at("/* " + "…" * 94 + " */").returncode, 0)

    def test_what_can_not_be_broken_may_be_longer(self):
        self.assertEqual(self.look_at('\t"' + "words " * 20 + '"', "\t" + "test_" * 30 + ",", " *\tname\t" + "word " * 30).returncode, 0)

    def test_a_sentence_of_a_comment_may_not(self):
        self.assertEqual(self.look_at(" * " + "word " * 30).returncode, 1)

    def test_what_was_built_is_not_looked_at(self):
        self.assertEqual(self.look_at("x" * 99 + " y", name="build-x/a.c").returncode, 0)


if __name__ == "__main__":
    unittest.main()
