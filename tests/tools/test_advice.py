#!/usr/bin/env python3
"""Advice, end to end: a driver that does more than it needs is told so, with its lines, and is a success all the same."""

import json
import os
import unittest

from support import SOURCE, Command, driver, line_of

try:
    import jsonschema
except ImportError:
    jsonschema = None

# One buffer, mapped for each of ten transfers, and synced where the map has done it already.
WASTES = """{
		void *data = devm_kzalloc(&pdev->dev, 4096, GFP_KERNEL);
		dma_addr_t dma;
		int i;

		if (!data || dma_set_mask(&pdev->dev, DMA_BIT_MASK(64)))
			return -EIO;
		for (i = 0; i < 10; i++) {
			dma = dma_map_single(&pdev->dev, data, 4096, DMA_TO_DEVICE);
			if (dma_mapping_error(&pdev->dev, dma))
				return -ENOMEM;
			dma_sync_single_for_device(&pdev->dev, dma, 4096, DMA_TO_DEVICE);
			dma_unmap_single(&pdev->dev, dma, 4096, DMA_TO_DEVICE);
		}
	}"""


class Advice(Command):
    def setUp(self):
        super().setUp()
        self.source = driver(probe=WASTES)
        self.write("card.c", self.source)

    def place(self, part):
        return "card.c:%d in " % line_of(self.source, part)

    def report(self, *args):
        self.dmakit("check", "--json", "report.json", *args, "card.c", status=0)
        with open(os.path.join(self.here, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        if jsonschema:
            with open(os.path.join(SOURCE, "docs/report.schema.json"), encoding="utf-8") as file:
                jsonschema.validate(report, json.load(file))
        return report

    def test_short_is_a_few_sentences_with_lines(self):
        done = self.dmakit("check", "card.c", status=0)
        self.assertIn("no finding", done.stdout)
        self.assertIn(self.place("dma_map_single(") + "card_probe\n    9 of 10 mappings lend what this line lent before, 1 buffer in all",
                      done.stdout)
        self.assertIn(self.place("dma_sync_single") + "card_probe\n    each of the 10 syncs came after the map", done.stdout)
        self.assertLess(done.stdout.index("advice:"), done.stdout.index("no finding"))
        self.assertLess(done.stdout.index("9 of 10 mappings"), done.stdout.index("each of the 10"))

    def test_none_is_none_also_where_a_call_fails_on_purpose(self):
        for args in (("--advice", "none"), ("--fail", "2")):
            self.assertIsNone(self.report(*args)["runs"][0]["advice"])
            self.assertNotIn("advice", self.dmakit("check", *args, "card.c", status=0).stdout)

    def test_all_machines_and_numbers(self):
        args = ("--advice", "all", "--machine", "pc", "--machine", "arm-noncoherent")
        runs = self.report(*args)["runs"]
        moved = {}
        for run in runs:
            sections = {section["id"]: section for section in run["advice"]["sections"]}
            names = [column["id"] for column in sections["syncs"]["columns"]]
            row = sections["syncs"]["rows"][0]
            cells = dict(zip(names, row["cells"]))
            self.assertEqual((cells["syncs"], cells["beside_map"]), (10, 10))
            frame = next(frame for frame in row["where"] if not frame["dmakit"])
            self.assertEqual((frame["function"], frame["line"]), ("card_probe", line_of(self.source, "dma_sync_single")))
            self.assertIn("leave it out", row["advice"])
            moved[run["machine"]] = cells["moved"]
            self.assertEqual(set(sections), {"bounced", "again", "consistent", "direction", "syncs", "partial", "unmaps", "sites",
                                             "limits"})
        self.assertEqual(moved, {"pc": 0, "arm-noncoherent": 40960})
        text = self.dmakit("check", *args, "card.c", status=0).stdout
        self.assertIn("leave it out (40.0 KiB copied or cleaned)", " ".join(text.split()))
        self.assertIn("what an unmap is for:", text)
        self.assertIn("on all 2 machines", text)

    def test_a_word_that_is_none_of_the_three(self):
        self.assertIn("--advice is none, short or all, not \"some\"", self.dmakit("check", "--advice", "some", "card.c", status=2).stderr)


if __name__ == "__main__":
    unittest.main()
