#!/usr/bin/env python3
"""dmakit check --fail each: a driver whose every call is known to cope, leak, crash, hang or use what it did not get."""

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import termios
import unittest
from xml.etree import ElementTree

from support import DMAKIT, SOURCE, Check, driver, line_of

# One call of each fate. What a line does when its call fails is its comment.
FATES = driver(before="static void *table, *buffer;\nstatic dma_addr_t dma;", probe="""void *ring, *extra, *warned;
	dma_addr_t ring_dma;

	table = kzalloc(64, GFP_KERNEL); /* copes */
	if (!table)
		return -ENOMEM;
	if (dma_set_mask(&pdev->dev, DMA_BIT_MASK(32))) /* copes: mask */
		goto free_table;
	buffer = kmalloc(256, GFP_KERNEL); /* crashes */
	memset(buffer, 0, 256); /* here */
	dma = dma_map_single(&pdev->dev, buffer, 256, DMA_TO_DEVICE); /* uses it */
	if (dma_mapping_error(&pdev->dev, dma))
		pr_info("what now?");
	ring = dma_alloc_coherent(&pdev->dev, 4096, &ring_dma, GFP_KERNEL); /* leaks */
	if (!ring)
		goto free_table;
	extra = kmalloc(32, GFP_KERNEL); /* does without */
	warned = kmalloc(32, GFP_KERNEL); /* warns */
	WARN_ON(!warned);
	kfree(warned);
	kfree(extra);
	dma_free_coherent(&pdev->dev, 4096, ring, ring_dma);
	return 0;
free_table:
	kfree(table);
	return -ENOMEM;""", remove="""dma_unmap_single(&pdev->dev, dma, 256, DMA_TO_DEVICE); /* of an error */
	kfree(buffer);
	kfree(table);""")

COPES = driver(probe="void *data = devm_kzalloc(&pdev->dev, 64, GFP_KERNEL);\n\n\tif (!data)\n\t\treturn -ENOMEM;")

# So many calls at one place, each with what is to happen when it fails.
MANY = """for (int i = 0; i < %d; i++) {
		void *data = kmalloc(64, GFP_KERNEL); /* many */

		%s
		kfree(data);
	}"""

OPENS = """#include <dmakit/device.h>
#include <dmakit/test.h>

DMK_TEST(the_device_is_there)
{
	DMK_EXPECT(%s);
}
"""


class Rows(Check):
    def each(self, source, *args, status):
        return self.check(source, "--fail", "each", *args, status=status)

    def rows(self, text, source):
        """(outcome, failed, bad, comment of the line) in their order, with the lines below each."""
        found = []
        for line in text.splitlines():
            row = re.match(r"(\S.*?) +(\d+) +(\d+)  \w+ \(card\.c:(\d+)\), ", line)
            if row:
                comment = re.search(r"/\* (.*) \*/", source.splitlines()[int(row[4]) - 1])
                found.append([row[1], int(row[2]), int(row[3]), comment and comment[1], []])
            elif found and line.startswith(" " * 20):
                found[-1][4].append(line.strip())
        return found

    def assert_repeats(self, command, words):
        """A printed command shows what its row said."""
        self.assertTrue(command.startswith("dmakit check "), command)
        done = self.run_command(DMAKIT, *shlex.split(command)[1:], status=1)
        self.assertIn(words, done.stdout)
        self.assertIn("failed on purpose", done.stdout)

    def test_STR_12_each_call_has_its_fate(self):
        done = self.each(FATES, status=1)
        rows = self.rows(done.stdout, FATES)
        self.assertEqual([tuple(row[:4]) for row in rows], [
            ("crashed", 1, 1, "crashes"), ("bad address", 1, 1, "uses it"), ("leaked", 1, 1, "leaks"), ("problem", 1, 1, "warns"),
            ("coped", 1, 0, "copes"), ("coped", 1, 0, "copes: mask"), ("coped", 1, 0, "does without")])
        self.assertIn("NULL pointer", rows[0][4][0])
        self.assertIn("card_probe (card.c:%d)" % line_of(FATES, "/* here */"), rows[0][4][0])
        self.assertIn("STR-04", rows[1][4][0])
        self.assertIn("card_remove (card.c:%d)" % line_of(FATES, "/* of an error */"), rows[1][4][0])
        self.assertIn("STR-06", rows[2][4][0])
        self.assertIn("card_probe (card.c:%d)" % line_of(FATES, "/* uses it */"), rows[2][4][0])
        self.assertIn("4 of 7 places where the driver does not cope: 1 crashed, 1 bad address, 1 leaked, 1 problem", done.stdout)
        self.assertIn("pc: 7 calls that can fail, at 7 places; 7 runs", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertEqual([row[4][-1] for row in rows[:4]], [f"dmakit check --fail {n} card.c" for n in (3, 4, 5, 7)])
        for row, words in zip(rows, ("NULL pointer", "DMA_MAPPING_ERROR", "STR-06", "WARN")):
            self.assert_repeats(row[4][-1], words)

    def test_STR_12_a_driver_that_copes_is_a_success(self):
        done = self.each(COPES, status=0)
        self.assertIn("the driver copes with each failure", done.stdout)
        self.assertIn("its device was not taken then", done.stdout)
        self.assertNotIn("no call fails", done.stdout)

    def test_a_test_that_fails_when_a_call_does_is_no_mistake_of_the_driver(self):
        self.write("test.c", OPENS % "1 == 2")
        self.assertIn("coped", self.each(COPES, "--", "test.c", status=1).stdout)  # the test fails when no call does
        self.write("test.c", "#include <linux/slab.h>\n" + OPENS % "kmalloc(8, GFP_KERNEL) != NULL")
        done = self.each(driver(), "--", "test.c", status=0)
        self.assertIn("a test failed then (--fail 1)", done.stdout)
        self.assertIn("the driver copes with each failure", done.stdout)

    def test_what_is_wrong_without_a_failure_too_is_shown_once_and_apart(self):
        source = driver(probe="""struct page *page = alloc_page(GFP_KERNEL);

	if (!page || dma_map_page(&pdev->dev, page, 0, 64, DMA_TO_DEVICE) == DMA_MAPPING_ERROR)
		return -ENOMEM;
	if (!devm_kzalloc(&pdev->dev, 32, GFP_KERNEL))
		pr_info("never mind");""")
        done = self.each(source, status=1)
        before, after = done.stdout.split("when a call fails", 1)
        self.assertIn("error STR-06", before)
        self.assertNotIn("STR-06", after)
        self.assertIn("the driver copes with each failure", after)

    def test_two_machines_have_one_table(self):
        done = self.each(FATES, "--machine", "pc", "--machine", "tiny", status=1)
        rows = self.rows(done.stdout, FATES)
        self.assertEqual(tuple(rows[0][:4]), ("crashed", 2, 2, "crashes"))
        self.assertNotIn(" on pc", rows[0][4][0])
        self.assertIn("\ntiny: 7 calls that can fail", done.stdout)
        source = driver(probe="void *data = kmalloc(64, GFP_KERNEL);\n\n\tif (!data)"
                        "\n\t\treturn dma_get_cache_alignment() > 1 ? *(volatile int *)data : -ENOMEM;\n\tkfree(data);")
        done = self.each(source, "--machine", "tiny", "--machine", "arm-noncoherent", status=1)
        rows = self.rows(done.stdout, source)
        self.assertEqual([row[:3] for row in rows], [["crashed", 2, 1]])
        self.assertIn("; 1 of 2 times on arm-noncoherent", rows[0][4][0])
        self.assert_repeats(rows[0][4][-1], "NULL pointer")

    def test_the_json_report_has_all_of_it(self):
        run = self.report(FATES, "--fail", "each", status=1)["runs"][0]
        each = run["fail_each"]
        self.assertEqual((run["status"], run["findings"], run["fail"]), (1, [], None))
        self.assertEqual((each["calls"], each["runs"], each["left_out"], each["astray"], each["stopped"]), (7, 7, 0, 0, False))
        self.assertEqual([site["outcome"] for site in each["sites"]], ["crashed", "bad address", "leaked", "problem"] + 3 * ["coped"])
        leak = each["sites"][2]
        self.assertEqual((leak["numbers"], leak["failed"], leak["bad"], leak["kind"]), ([5], 1, 1, "an allocation of consistent memory"))
        self.assertEqual([(one["kind"], one["first"], one["finding"]["rule"]) for one in leak["troubles"]], [("leaked", "5", "STR-06")])
        self.assertEqual(leak["troubles"][0]["repeat"], "dmakit check --fail 5 card.c")
        self.assertEqual([site["unbound"] for site in each["sites"][-3:]], [1, 1, 0])

    def test_a_code_host_and_a_build_server_are_told(self):
        self.each(FATES, "--sarif", "report.sarif", "--junit", "report.xml", status=1)
        with open(os.path.join(self.here, "report.sarif"), encoding="utf-8") as file:
            results = json.load(file)["runs"][0]["results"]
        self.assertEqual(sorted(result["ruleId"] for result in results), ["STR-04", "STR-06", "crash"])
        leak, = (result for result in results if result["ruleId"] == "STR-06")
        self.assertIn("(`dmakit check --fail 5 card.c` shows it)", leak["message"]["text"])
        suite = ElementTree.parse(os.path.join(self.here, "report.xml")).getroot().find("testsuite")
        cases = [case for case in suite.findall("testcase") if case.get("classname") == "dmakit.pc.fail"]
        self.assertEqual([case.find("failure").get("message") for case in cases if case.find("failure") is not None],
                         ["crashed", "bad address", "leaked", "problem"])
        self.assertEqual((len(cases), suite.get("failures")), (7, "4"))
        self.assertIn("the driver copes when an allocation of memory fails in card_probe (card.c:", cases[0].get("name"))
        self.assertIn("dmakit check --fail 3 card.c", cases[0].find("failure").text)

    def test_json_on_standard_output_is_alone(self):
        done = self.each(FATES, "--json", "-", status=1)
        self.assert_schema(json.loads(done.stdout))
        self.assertEqual(done.stderr, "")

    def test_a_place_that_hangs_again_and_again_is_left(self):
        source = driver(probe=MANY % (6, "while (!data)\n\t\t\tmsleep(100);"))
        done = self.each(source, "--timeout", "1", "--jobs", "3", status=1)
        row = self.rows(done.stdout, source)[0]
        self.assertEqual((row[0], row[3]), ("hung", "many"))
        self.assertIn("not done after 1 seconds; in card_probe", row[4][0])
        self.assertIn(row[1], (3, 4, 5))  # two may be under way when the third has hung
        self.assertRegex(done.stdout, f"left out: {6 - row[1]} calls?")

    def test_what_crashes_by_itself_is_not_tried(self):
        done = self.each(driver(probe=MANY % (2, "") + "\n\t*(volatile int *)NULL = 1;"), status=1)
        self.assertIn("crash", done.stdout)
        self.assertIn("no call was made to fail", done.stdout)

    def test_some_calls_of_a_place_are_enough_when_told_so(self):
        source = driver(probe=MANY % (40, "if (!data)\n\t\t\treturn -ENOMEM;"))
        each = self.report(source, "--fail", "each", "--per-site", "5", status=0)["runs"][0]["fail_each"]
        self.assertEqual((each["calls"], each["runs"], each["left_out"]), (40, 5, 35))
        done = self.each(source, "--per-site=2", status=0)
        self.assertIn("left out: 38 calls", done.stdout)

    def test_a_driver_without_such_a_call_is_told_so(self):
        self.assertIn("the driver made no call that can fail", self.each(driver(), status=0).stdout)

    def test_a_module_that_registers_nothing_then_copes(self):
        source = driver().replace("module_pci_driver(card_driver);", """static void *data;
static int __init begin(void)
{
	data = kmalloc(8, GFP_KERNEL);
	return data ? pci_register_driver(&card_driver) : 0;
}
static void __exit end(void)
{
	if (data)
		pci_unregister_driver(&card_driver);
	kfree(data);
}
module_init(begin);
module_exit(end);""")
        done = self.each(source, status=0)
        self.assertIn("its device was not taken then", done.stdout)

    def test_a_program_is_the_test(self):
        done = self.each(COPES, "--", "true", status=0)
        self.assertIn("the driver copes with each failure", done.stdout)

    def test_wrong_words_are_refused(self):
        self.assertIn("did you mean each?", self.refused("check", "--fail", "eachh", "card.c"))
        for option, value in (("--fail", "0"), ("--fail", "-1"), ("--jobs", "0"), ("--jobs", "many"), ("--jobs", "-2"), ("--per-site", "0")):
            self.assertIn(f'"{value}"', self.refused("check", option, value, "card.c"))
        self.assertIn("--fail each", self.refused("check", "--per-site", "3", "--fail", "3", "card.c"))


class Progress(Check):
    """What is written to a terminal while it runs."""

    def start(self, columns, *args):
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.here)
            os.execvpe(DMAKIT, [DMAKIT, "check", *args], dict(self.env(), TERM="xterm", NO_COLOR="1"))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        return pid, terminal

    def read(self, terminal, until=None):
        text = b""
        try:
            while not (until and until in text):
                chunk = os.read(terminal, 65536)
                if not chunk:
                    break
                text += chunk
        except OSError:
            pass  # it has ended
        return text.decode().replace("\r\n", "\n")

    def assert_lines_are_taken_back(self, text, columns):
        """Between one "erase" and the next a line is shown that fits; nothing of it is left."""
        pieces = re.sub(r"dmakit: \d+ calls at .*\n", "", text).split("\r\033[K")
        self.assertGreater(len(pieces), 2)
        for piece in pieces[:-1]:
            self.assertNotIn("\n", piece.replace("^C", ""))
            self.assertLess(len(piece), columns)
        self.assertNotIn("\033", "".join(pieces))
        self.assertNotIn("[#", pieces[-1])
        return pieces

    def test_a_line_says_how_far_it_is_and_goes(self):
        self.write("card.c", FATES)
        for columns in (80, 20):
            pid, terminal = self.start(columns, "--fail", "each", "card.c")
            text = self.read(terminal)
            os.close(terminal)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
            pieces = self.assert_lines_are_taken_back(text, columns)
            self.assertTrue(any(re.search(r"\d+ of 7", piece) for piece in pieces[:-1]), pieces)
            self.assertIn("4 of 7 places", pieces[-1])
        self.assertEqual(self.dmakit("check", "--fail", "each", "card.c", status=1).stderr, "")

    def test_ctrl_c_ends_it_with_what_was_found_so_far(self):
        self.write("card.c", driver(probe="kmalloc(0x10, GFP_KERNEL); /* copes */\n\tmsleep(200);\n\t" +
                                    MANY % (300, "if (!data)\n\t\t\treturn -ENOMEM;")))
        pid, terminal = self.start(80, "--fail", "each", "--jobs", "1", "--json", "report.json", "card.c")
        text = self.read(terminal, until=b"1 of 301")
        os.write(terminal, b"\x03")
        text += self.read(terminal)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGINT)
        pieces = self.assert_lines_are_taken_back(text, 80)
        self.assertRegex(pieces[-1], r"stopped after \d+ of 301 runs")
        with open(os.path.join(self.here, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assert_schema(report)
        each = report["runs"][0]["fail_each"]
        self.assertTrue(each["stopped"])
        self.assertGreater(each["runs"], 0)
        self.assertEqual(each["runs"], sum(site["failed"] for site in each["sites"]))


class Reference(Check):
    def test_STR_12_the_first_example_of_the_readme_copes(self):
        edu = os.path.join(SOURCE, "drivers/edu/edu.c")
        self.assertIn("the driver copes with each failure", self.dmakit("check", "--fail", "each", edu, status=0).stdout)


if __name__ == "__main__":
    unittest.main()
