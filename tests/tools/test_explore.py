#!/usr/bin/env python3
"""dmakit check --explore: what only some seeds show is found, counted, and shown again by the printed command."""

import json
import os
import re
import shlex
import unittest
from xml.etree import ElementTree

from support import DMAKIT, Check, driver, line_of

# The second mapping has the address of the first as long as addresses are taken again newest first.
STALE = driver(probe="""struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t first, second;

	if (!page || dma_set_mask(&pdev->dev, DMA_BIT_MASK(32)))
		return -ENOMEM;
	first = dma_map_page(&pdev->dev, page, 0, 4096, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, first))
		return -ENOMEM;
	dma_unmap_page(&pdev->dev, first, 4096, DMA_TO_DEVICE);
	second = dma_map_page(&pdev->dev, page, 0, 4096, DMA_TO_DEVICE);
	if (!dma_mapping_error(&pdev->dev, second))
		dma_unmap_page(&pdev->dev, first, 4096, DMA_TO_DEVICE); /* stale */
	__free_page(page);""")

# A thread says that it is done before it is: who is quicker than it unmaps what is not mapped yet.
RACE = driver(before="""#include <linux/kthread.h>
static DEFINE_SPINLOCK(lock);
static struct device *card;
static struct page *page;
static dma_addr_t dma;
static bool mapped;
static struct task_struct *mapper;

static int map(void *data)
{
	spin_lock(&lock);
	mapped = true;
	spin_unlock(&lock);
	WRITE_ONCE(dma, dma_map_page(card, page, 0, 4096, DMA_TO_DEVICE)); /* too late */
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static bool is_mapped(void)
{
	bool is;

	spin_lock(&lock);
	is = mapped;
	spin_unlock(&lock);
	return is;
}""", probe="""card = &pdev->dev;
	dma = DMA_MAPPING_ERROR;
	mapped = false;
	page = alloc_page(GFP_KERNEL);
	mapper = page && !dma_set_mask(card, DMA_BIT_MASK(32)) ? kthread_run(map, NULL, "mapper") : ERR_PTR(-ENOMEM);
	if (IS_ERR(mapper))
		return -ENOMEM;
	while (!is_mapped())
		usleep_range(10, 20);
	if (READ_ONCE(dma) == DMA_MAPPING_ERROR) /* the race */
		WARN_ON(1);""", remove="""kthread_stop(mapper);
	if (!dma_mapping_error(card, dma))
		dma_unmap_page(card, dma, 4096, DMA_TO_DEVICE);
	__free_page(page);""")


class Explore(Check):
    def explore(self, source, seeds, *args, status):
        return self.check(source, "--explore", str(seeds), *args, status=status)

    def again(self, done):
        """The printed commands, as words."""
        return [shlex.split(line)[2:] for line in re.findall(r"(?m)^  again +(dmakit check .*)$", done.stdout)]

    def test_a_clean_driver_is_clean_with_each_seed(self):
        done = self.explore(driver(), 20, status=0)
        self.assertIn("pc: 20 seeds from 1 on, 20 with nothing wrong", done.stdout)
        self.assertIn("no finding with any of these seeds", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_an_address_that_is_used_after_it_was_given_back_is_found_by_the_order_of_reuse(self):
        self.check(STALE, "--machine", "pc-iommu-strict", status=0)
        done = self.explore(STALE, 4, "--machine", "pc-iommu-strict", status=1)
        self.assertIn("error STR-04", done.stdout)
        self.assertIn("card.c:%d" % line_of(STALE, "/* stale */"), done.stdout)
        self.assertIn("seen      with 1 of 4 seeds, the first 4\n", done.stdout)
        words = self.again(done)[0]
        self.assertIn("dmakit.iova_reuse=last", words[words.index("--append") + 1])
        self.assertIn("error STR-04", self.run_command(DMAKIT, "check", *words, status=1).stdout)

    def test_what_the_user_said_does_not_vary(self):
        done = self.explore(STALE, 4, "--machine", "pc-iommu-strict", "--append", "dmakit.iova_reuse=newest", status=0)
        self.assertIn("4 with nothing wrong", done.stdout)

    def test_a_race_is_found_and_shown_again(self):
        done = self.explore(RACE, 16, status=1)
        self.assertIn("problem: ", done.stdout)
        held_up = [words for words in self.again(done) if "interleave" in " ".join(words)]
        # A race that the quickest seed showed without being held up is shown again by any that is.
        words = held_up[0] if held_up else ["--append", "dmakit.interleave=4", "--seed", "4", "card.c"]
        shown = any(self.run_command(DMAKIT, "check", *words).returncode == 1 for _ in range(20))
        self.assertTrue(shown, words)

    def test_the_json_report_has_all_of_it(self):
        run = self.report(STALE, "--explore", "8", "--seed", "3", "--machine", "pc-iommu-strict", status=1)["runs"][0]
        explore = run["explore"]
        self.assertEqual((run["seed"], run["status"], run["fail_each"]), ("3", 1, None))
        self.assertEqual((explore["first"], explore["seeds"], explore["runs"], explore["stopped"]), ("3", 8, 8, False))
        trouble = explore["troubles"][0]
        self.assertEqual((trouble["kind"], trouble["finding"]["rule"]), ("finding", "STR-04"))
        self.assertIn(f"--seed {trouble['first']} ", trouble["repeat"])
        self.assertEqual(explore["clean"], 8 - trouble["runs"])

    def test_a_code_host_and_a_build_server_are_told(self):
        self.explore(STALE, 4, "--machine", "pc-iommu-strict", "--sarif", "report.sarif", "--junit", "report.xml", status=1)
        with open(os.path.join(self.here, "report.sarif"), encoding="utf-8") as file:
            results = json.load(file)["runs"][0]["results"]
        self.assertEqual(sorted(result["ruleId"] for result in results), ["MEM-05", "STR-04"])
        root = ElementTree.parse(os.path.join(self.here, "report.xml")).getroot()
        case = root.find("testsuite/testcase[@classname='dmakit.pc-iommu-strict.explore']")
        self.assertIn("STR-04", case.find("failure").text)
        self.assertEqual(root.get("failures"), "1")

    def test_json_on_standard_output_is_alone(self):
        done = self.explore(driver(), 3, "--json", "-", status=0)
        self.assert_schema(json.loads(done.stdout))
        self.assertEqual(done.stderr, "")

    def test_a_failed_test_is_one_and_with_several_machines_each_is_named(self):
        self.write("test.c", "#include <dmakit/test.h>\nDMK_TEST(odd)\n{\n\tDMK_EXPECT(dmk_test_seed() != 2);\n}\n")
        done = self.explore(driver(), 3, "--machine", "pc", "--machine", "tiny", "--", "test.c", status=1)
        self.assertEqual(done.stdout.count("test failed: odd"), 1)
        self.assertIn("with 1 of 3 seeds on pc, the first 2; 1 of 3 seeds on tiny, 2", done.stdout)
        self.run_command(DMAKIT, "check", *self.again(done)[0], status=1)

    def test_what_can_not_run_is_a_refusal(self):
        self.write("card.c", driver(ident="0x1, 0x2"))
        self.refused("check", "--explore", "3", "card.c")

    def test_one_call_fails_with_each_seed(self):
        source = driver(probe="if (!devm_kzalloc(&pdev->dev, 64, GFP_KERNEL))\n\t\treturn *(volatile int *)NULL;")
        done = self.explore(source, 3, "--fail", "1", status=1)
        self.assertIn("crashed: ", done.stdout)
        self.assertIn("with 3 of 3 seeds", done.stdout)
        self.assertIn("--fail", self.again(done)[0])

    def test_wrong_words_are_refused(self):
        for value in ("0", "-1", "abc", "1000001", ""):
            self.assertIn(f'"{value}"', self.refused("check", "--explore", value, "card.c"))
        self.assertIn("--fail each", self.refused("check", "--explore", "3", "--fail", "each", "card.c"))
        for word in ("dmakit.interleave=often", "dmakit.iova_reuse=never", "dmakit.evictions=65"):
            self.write("card.c", driver())
            self.assertIn(word.split("=")[0], self.refused("check", "--append", word, "card.c"))


if __name__ == "__main__":
    unittest.main()
