#!/usr/bin/env python3
"""What dmakit writes for machines: the timeline in the JSON."""

import json
import os
import unittest

from support import DMAKIT_CC, MASK, SOURCE, Command, driver

try:
    import jsonschema
except ImportError:
    jsonschema = None

# Coherent memory, a mapping that stays, and one that is unmapped twice.
CARD = driver(before="static void *data;\nstatic dma_addr_t ring;\nstatic void *ring_cpu;", probe="""
	struct device *dev = &pdev->dev;
	dma_addr_t dma;

	@MASK@data = kmalloc(256, GFP_KERNEL);
	ring_cpu = dma_alloc_coherent(dev, 4096, &ring, GFP_KERNEL);
	if (!data || !ring_cpu)
		return -ENOMEM;
	dma = dma_map_single(dev, data, 256, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	dma_sync_single_for_cpu(dev, dma, 64, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
""".replace("@MASK@", MASK), remove="dma_free_coherent(&pdev->dev, 4096, ring_cpu, ring);\n\tkfree(data);")


class Timeline(Command):
    def build(self, source):
        self.write("card.c", source)
        self.run_command(DMAKIT_CC, "-o", "card", "card.c", status=0)
        return os.path.join(self.here, "card")

    def run_card(self, *args, status):
        done = self.run_command(self.build(CARD), "--json", "out.json", *args, status=status)
        with open(os.path.join(self.here, "out.json"), encoding="utf-8") as file:
            report = json.load(file)
        if jsonschema:
            with open(os.path.join(SOURCE, "docs/report.schema.json"), encoding="utf-8") as file:
                jsonschema.validate(report, json.load(file))
        return report["runs"][0], done

    def test_there_is_none_unless_it_is_asked_for(self):
        run, _ = self.run_card(status=1)
        self.assertIsNone(run["timeline"])

    def test_it_tells_who_did_what_where(self):
        run, _ = self.run_card("--timeline", status=1)
        timeline = run["timeline"]
        rows = [dict(zip(timeline["columns"], row + [None] * 13)) for row in timeline["events"]]
        words = [timeline["whats"][row["what"]] for row in rows]
        self.assertEqual(words, ["bind", "alloc", "map", "sync_for_cpu", "unmap", "unmap", "finding", "probed", "free", "unbind"])
        mapped, again, finding = rows[2], rows[5], rows[6]
        buffer = timeline["buffers"][mapped["buffer"]]
        self.assertEqual((buffer["kind"], buffer["size"], buffer["direction"]), ("single", 256, "DMA_TO_DEVICE"))
        self.assertEqual(buffer["from"], mapped["time"])
        self.assertEqual(buffer["until"], rows[4]["time"])
        self.assertEqual((again["buffer"], again["at"]), (None, buffer["dma"]))
        self.assertEqual(run["findings"][finding["id"]]["rule"], "STR-04")
        place = timeline["sites"][mapped["site"]]
        self.assertEqual((place["function"], os.path.basename(place["file"])), ("card_probe", "card.c"))
        self.assertEqual(timeline["devices"][mapped["device"]]["driver"], "card")
        self.assertEqual(timeline["threads"][mapped["thread"]]["name"], "main")
        self.assertEqual((timeline["seen"], timeline["dropped"]), (10, 0))

    def test_CHK_06_a_finding_that_does_not_count_is_named_too(self):
        run, _ = self.run_card("--timeline", "--driver", "nobody", status=0)
        row = run["timeline"]["events"][6]
        self.assertEqual(run["timeline"]["whats"][row[1]], "finding")
        self.assertEqual((run["findings"] + run["suppressed"])[row[10]]["rule"], "STR-04")

    def test_its_length_is_a_number(self):
        run, _ = self.run_card("--timeline=4", status=1)
        self.assertEqual((len(run["timeline"]["events"]), run["timeline"]["dropped"]), (4, 6))
        for bad in ("1", "-2", "many", "5x", ""):
            done = self.run_command(os.path.join(self.here, "card"), f"--timeline={bad}", status=2)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
