#!/usr/bin/env python3
"""The benchmark as a command: what it says to wrong input, what it writes, and that every machine's rows still run. No figure is judged."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

BENCH, CURVES = sys.argv[1:3]
ROW_KEYS = {"name", "kind", "machine", "checker", "threads", "live", "bytes", "min_ns", "median_ns", "beside", "goal", "curve"}


def run(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, check=False)


class Bench(unittest.TestCase):
    def assert_refused(self, word, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(word, done.stderr)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))

    def measured(self, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "bench.json")
            done = run("--repeats", "3", "--json", path, *arguments)
            self.assertEqual(done.returncode, 0, done)
            with open(path, encoding="utf-8") as file:
                return done.stdout, json.load(file)

    def test_help_says_what_there_is(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("--quick", "--repeats", "--only", "--json", "--list"):
            self.assertIn(option, done.stdout)

    def test_wrong_input_is_refused_in_one_line(self):
        self.assert_refused("--fast", "--fast")
        self.assert_refused("missing after --only", "--only")
        self.assert_refused("not 2", "--repeats", "2")
        self.assert_refused("not many", "--repeats", "many")
        self.assert_refused("not 18446744073709551619", "--repeats", "18446744073709551619")
        self.assert_refused("zebra", "zebra")
        self.assert_refused("zebra", "--only", "zebra")
        self.assert_refused("/no/such/place", "--json", "/no/such/place")

    def test_a_list_measures_nothing(self):
        done = run("--list", "--only", "direct map")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("    direct map + unmap\n", done.stdout)
        self.assertIn("    address arithmetic\n", done.stdout)  # what it is compared with
        self.assertNotIn("pool", done.stdout)

    def test_figures_goals_and_what_stands_beside(self):
        text, figures = self.measured("--only", "pool alloc + free, 64 B")
        self.assertEqual((figures["format"], figures["version"], figures["repeats"]), ("dmakit bench", 1, 3))
        rows = {row["name"]: row for row in figures["rows"] if not row["checker"]}
        for row in figures["rows"]:
            self.assertEqual(set(row), ROW_KEYS)
            self.assertGreater(row["median_ns"], 0)
            self.assertLessEqual(row["min_ns"], row["median_ns"])
            self.assertIn(row["name"], text)
        pool = rows["pool alloc + free, 64 B"]
        floor = next(beside for beside in pool["beside"] if beside["name"] == "inline free list")
        self.assertAlmostEqual(floor["ratio_min"], pool["min_ns"] / rows["inline free list"]["min_ns"], delta=0.01 * floor["ratio_min"])
        self.assertEqual(pool["goal"]["met"], pool["min_ns"] <= pool["goal"]["ns"])
        self.assertEqual(pool["curve"], {"name": "dma_pool, 64 B", "axis": "threads", "at": 1})
        self.assertEqual(rows["pool alloc + free, 64 B, 2 threads"]["threads"], 2)

    def test_rows_of_each_machine_run(self):
        for row in ("search that fails", "freed by another thread", "1,024 live", "list, per", "page table", "simulated", "frames kept",
                    "hooks of", "DMA "):
            text, figures = self.measured("--only", row)
            self.assertTrue(any(row in measured["name"] for measured in figures["rows"]), row)
            self.assertIn("goals: ", text)

    def test_curves_are_drawn(self):
        with tempfile.TemporaryDirectory() as directory:
            figures, picture = os.path.join(directory, "bench.json"), os.path.join(directory, "curves.svg")
            self.assertEqual(run("--repeats", "3", "--only", "IOVA alloc + free", "--json", figures).returncode, 0)
            subprocess.run([CURVES, figures, picture], check=True)
            root = xml.etree.ElementTree.parse(picture).getroot()
            self.assertTrue(any("IOVA, 1 page" in (part.text or "") for part in root.iter()))
            self.assertEqual(len([part for part in root.iter() if part.tag.endswith("polyline")]), 2)

    def test_curves_of_something_else_are_refused(self):
        done = subprocess.run([CURVES, __file__, "/dev/null"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is not what dmakit-bench --json writes", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
