#!/usr/bin/env python3
"""Which findings count (CHK-06): suppressions, limits, one driver of several. One program is built, and run with each."""

import json
import os
import subprocess
import tempfile
import unittest

from support import DMAKIT_CC, MASK, Command, driver

# Three mistakes in two functions: an unmap of too little, a leak, and another leak one call further down.
BROKEN = driver(
    before="""
static dma_addr_t kept[2];
static void *memory[3];

static noinline void card_leak(struct pci_dev *pdev, int i)
{
	memory[i] = kmalloc(64, GFP_KERNEL);
	kept[i] = dma_map_single(&pdev->dev, memory[i], 64, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, kept[i]))
		return;
}

static noinline void card_deep(struct pci_dev *pdev)
{
	card_leak(pdev, 0);
}

static noinline void card_short(struct pci_dev *pdev)
{
	void *buffer = kmalloc(64, GFP_KERNEL);
	dma_addr_t dma = dma_map_single(&pdev->dev, buffer, 64, DMA_TO_DEVICE);

	if (!dma_mapping_error(&pdev->dev, dma))
		dma_unmap_single(&pdev->dev, dma, 32, DMA_TO_DEVICE);
	kfree(buffer);
}
""",
    probe=MASK + """card_short(pdev);
	card_deep(pdev);
	memory[2] = dma_alloc_coherent(&pdev->dev, 64, &kept[1], GFP_KERNEL);""")


class Suppress(Command):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        source = os.path.join(cls.holder.name, "card.c")
        cls.program = os.path.join(cls.holder.name, "card")
        with open(source, "w", encoding="utf-8") as out:
            out.write(BROKEN)
        subprocess.run([DMAKIT_CC, "-g", "-O1", "-o", cls.program, source], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def run_card(self, *args, status):
        return self.run_command(self.program, "--device", "edu", *args, status=status).stdout

    def known(self, text):
        return ["--suppressions", self.write("known.supp", text)]

    def entry(self, *lines):
        return self.known("{\n  a name\n  " + "\n  ".join(lines) + "\n}\n")

    def test_CHK_06_the_broken_driver_has_three_findings(self):
        text = self.run_card(status=1)
        self.assertEqual((text.count("error STR-06:"), text.count("error STR-04:"), text.count("error MEM-05")), (2, 1, 0), text)
        self.assertNotIn("not shown", text)

    def test_CHK_06_fields_and_frames_choose(self):
        for hidden, lines in [
                (1, ["rule:STR-04"]), (2, ["rule:STR-06"]), (3, ["rule:STR-*"]), (3, ["driver:card"]), (0, ["driver:other"]),
                (3, ["device:*:01.0"]), (3, ["machine:p?"]), (0, ["machine:tiny"]), (0, ["rule:MEM-05"]), (1, ["fun:card_short"]),
                (1, ["fun:card_l*", "fun:card_deep", "fun:card_probe"]), (0, ["fun:card_l*", "fun:card_probe"]),
                (1, ["fun:card_leak", "...", "fun:card_probe"]), (0, ["fun:card_leak", "...", "fun:card_leak"]),
                (1, ["...", "fun:card_deep"]), (3, ["...", "fun:card_probe"]), (3, ["src:card.c"]), (0, ["src:ard.c"]),
                (3, ["src:*/card.c:*"]), (0, ["src:card.c:1"]), (1, ["rule:STR-04", "mapped:", "fun:card_short"]),
                (0, ["rule:STR-04", "mapped:", "fun:card_leak"]), (0, ["rule:STR-04", "fun:card_leak"])]:
            with self.subTest(lines=lines):
                text = self.run_card(*self.entry(*lines), status=0 if hidden == 3 else 1)
                self.assertEqual(text.count("error STR-"), 3 - hidden, text)
                if hidden:
                    self.assertIn(f"{hidden} finding{'s are' if hidden > 1 else ' is'} not shown:\n  {hidden}: a name\n", text)
                else:
                    self.assertNotIn("not shown", text)

    def test_CHK_06_a_line_of_a_source(self):
        line = 1 + BROKEN.splitlines().index("\t\tdma_unmap_single(&pdev->dev, dma, 32, DMA_TO_DEVICE);")
        self.assertIn("1: a name", self.run_card(*self.entry(f"src:card.c:{line}"), status=1))
        self.assertNotIn("not shown", self.run_card(*self.entry(f"src:card.c:{line + 1}"), status=1))

    def test_CHK_06_what_is_generated_hides_what_it_was_made_of(self):
        text = self.run_card("--gen-suppressions", status=1)
        self.assertEqual(text.count("{\n"), 3)
        text = self.run_card(*self.known(text[text.index("# "):]), status=0)
        self.assertIn("3 findings are not shown:", text)
        self.assertIn("1: STR-04 in card_short\n", text)
        self.assertIn("no finding", text)

    def test_CHK_06_a_report_keeps_what_does_not_count(self):
        path = os.path.join(self.here, "report.json")
        self.run_card(*self.known("{\nleaks\nrule:STR-06\n}\n{\nnever\nrule:MSK-08\n}\n"), "--json", path, status=1)
        with open(path, encoding="utf-8") as file:
            run = json.load(file)["runs"][0]
        self.assertEqual([finding["rule"] for finding in run["findings"]], ["STR-04"])
        self.assertEqual([(finding["rule"], finding["suppressed"]) for finding in run["suppressed"]], [("STR-06", "leaks")] * 2)
        self.assertEqual([(entry["name"], entry["line"], entry["used"]) for entry in run["suppressions"]], [("leaks", 1, 2), ("never", 5, 0)])
        self.assertTrue(run["suppressed"][0]["mapped"])

    def test_CHK_06_an_entry_that_took_nothing_is_named_when_asked(self):
        known = self.known("{\nnever\nrule:MSK-08\n}\n")
        self.assertNotIn("never", self.run_card(*known, status=1))
        self.assertIn(f"suppression never used: never ({known[1]}:1)", self.run_card(*known, "--verbose", status=1))

    def test_CHK_06_a_limit_is_loud(self):
        for limit in ["--limit", "STR-06=1"], self.known("limit: STR-06=1"):
            text = self.run_card(*limit, status=1)
            self.assertEqual(text.count("error STR-06:"), 1)
            self.assertIn("1: beyond the limit of 1 for STR-06", text)
        self.assertNotIn("not shown", self.run_card("--limit", "STR-06=2", status=1))

    def test_CHK_06_one_driver_of_several(self):
        for choice in ["--driver", "other"], ["--append", "dma_debug_driver=other"]:
            self.assertIn("3: not the chosen driver's, but card's", self.run_card(*choice, status=0))
        self.assertNotIn("not shown", self.run_card("--driver", "other", "--driver", "car?", status=1))

    def test_CHK_06_what_is_wrong_in_a_file_is_told_with_its_line(self):
        for text, line, words in [
                ("rule:STR-04\n", 1, "expected is {"), ("{\n}\n", 2, "the entry's name"), ("{\nn\nrule:STR-99\n}\n", 3, "a rule that is reported"),
                ("{\nn\n\nfunction:x\n}\n", 4, "expected is rule:, driver:"), ("{\nn\nfun\n}\n", 3, "expected is rule:, driver:"),
                ("{\nn\nfun:\n}\n", 3, "something after the colon"), ("{\nn\nrule:A\n", 3, "a rule that is reported"),
                ("{\nn\nrule:STR-04\n", 3, "expected is }"), ("{\nn\nrule:*\n}\n", 4, "it would hide every finding"),
                ("{\nn\nsrc::\n}\n", 3, "src:FILE"), ("{\nn\nsrc:a.c:x\n}\n", 3, "src:FILE:LINE"),
                ("{\nn\nrule:STR-04\nrule:STR-06\n}\n", 4, "once"), ("limit:STR-04\n", 1, "RULE=N"), ("limit:STR-04=0\n", 1, "a number from 1"),
                ("limit:NO-01=2\n", 1, "ever reported")]:
            with self.subTest(text=text):
                known = self.known(text)
                done = self.run_command(self.program, *known, status=2)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertIn(f"{known[1]}:{line}: ", done.stderr)
        self.assertIn("No such file", self.run_command(self.program, "--suppressions", "none", status=2).stderr)

    def test_CHK_06_dmakit_check_passes_all_of_it_on(self):
        source = self.write("card.c", BROKEN)
        text = self.dmakit("check", "--device", "edu", "--machine", "pc", "--machine", "tiny", *self.entry("rule:STR-06"), "--gen-suppressions",
                           "--limit", "STR-04=7", "--driver", "card", "--watch", "none", source, status=1).stdout
        self.assertIn("2 findings are not shown:\n  2: a name", text)
        self.assertEqual(text.count("{\n"), 1)
        self.assertIn("   rule:STR-04\n", text)
        self.refused("check", "--limit", "STR-06=x", source)
        self.refused("check", "--suppressions", "none", source)
        self.refused("check", "--driver", "", source)
        self.refused("check", "--gen-suppressions", "--json", "-", source)


if __name__ == "__main__":
    unittest.main()
