#!/usr/bin/env python3
"""The test of headers fires: a small tree of headers that are right, and the same with one more that is not."""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = shlex.split(os.environ.get("CC", "cc"))

GOOD = {f"linux/good{i}.h": f"#ifndef GOOD{i}\n#define GOOD{i}\nstruct good{i} {{ int x; }};\n#endif\n" for i in range(3)}

# what is wrong, the header, and what is said of it
BAD = [
    ("it needs a type of another header", "struct bad { u32 x; };", "<linux/bad.h> twice", "u32"),
    ("it has no guard", "struct bad { int x; };", "<linux/bad.h> twice", "redefinition"),
    ("it includes libc", "#pragma once\n#include <stdio.h>", "<linux/bad.h> twice", "stdio.h"),
    ("it has a warning", "#pragma once\nstatic inline int bad(void) { }", "<linux/bad.h> twice", "-W"),
    ("libc has the same structure", "#pragma once\nstruct pollfd { long x; };", "<linux/bad.h> after libc's", "redefinition"),
    ("libc has the same macro", "#pragma once\n#define EAGAIN 99", "<linux/bad.h> after libc's", "EAGAIN"),
    ("it hides a name of libc's", "#pragma once\n#define pthread_create(", "<linux/bad.h> before libc's", "pthread_create"),
]


def lint(tree, *options):
    with tempfile.TemporaryDirectory() as top:
        for path, text in tree.items():
            os.makedirs(os.path.join(top, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        return subprocess.run([sys.executable, os.path.join(HERE, "headers.py"), *options, top, *COMPILER],
                              stdout=subprocess.PIPE, text=True, check=False, env=dict(os.environ, LC_ALL="C"))


class Headers(unittest.TestCase):
    def test_headers_that_are_right_pass(self):
        for options in [], ["--each"]:
            done = lint(GOOD, *options)
            self.assertEqual((done.returncode, done.stdout), (0, "3 headers, 0 complaints\n"))

    def test_each_mistake_is_found_and_the_header_named(self):
        for what, text, where, said in BAD:
            with self.subTest(what):
                done = lint({**GOOD, "linux/bad.h": text})
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(where, done.stdout)
                self.assertIn(said, done.stdout)
                self.assertNotIn("<linux/good", done.stdout)

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(lint({"linux/readme": ""}).returncode, 1)


if __name__ == "__main__":
    unittest.main()
