#!/usr/bin/env python3
"""dmakit, end to end: exit statuses, what is said where, and every kind of bad input."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from support import BUILD, DMAKIT, DMAKIT_CC, MASK, SOURCE, Check, Command, driver, line_of

LEAK = """{
	@MASK@		void *data = kmalloc(100, GFP_KERNEL);
		dma_addr_t dma = dma_map_single(&pdev->dev, data, 100, DMA_TO_DEVICE);

		if (dma_mapping_error(&pdev->dev, dma))
			return -ENOMEM;
	}""".replace("@MASK@", MASK)

MAPPED_AND = """{
	@MASK@		void *data = kmalloc(100, GFP_KERNEL);
		dma_addr_t dma = dma_map_single(&pdev->dev, data, 100, DMA_TO_DEVICE);

		if (dma_mapping_error(&pdev->dev, dma))
			return -ENOMEM;
		%s
	}""".replace("@MASK@", MASK)

# Four threads, one after another, map and keep for a while six buffers of other sizes each.
MAP_ON_THREADS = """#include <linux/completion.h>
#include <linux/kthread.h>
static struct device *card;
static unsigned char *buffers;
static DECLARE_COMPLETION(done);
static int thread(void *data)
{
	dma_addr_t dma[6];
	int i;

	for (i = 0; i < 6; i++) {
		dma[i] = dma_map_single(card, buffers + i * 4096 + 64 * i, 700 * (i + 1), DMA_TO_DEVICE);
		if (!dma_mapping_error(card, dma[i]))
			dev_info(card, "thread %ld: %pad\\n", (long)data, &dma[i]);
	}
	while (i--)
		dma_unmap_single(card, dma[i], 700 * (i + 1), DMA_TO_DEVICE);
	complete(&done);
	return 0;
}"""

PROBE_ON_THREADS = """int err = pcim_enable_device(pdev);

	if (err || dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32)))
		return -EIO;
	card = &pdev->dev;
	buffers = devm_kzalloc(card, 8 * 4096, GFP_KERNEL);
	if (!buffers)
		return -ENOMEM;
	for (long i = 0; i < 4; i++) {
		if (IS_ERR(kthread_run(thread, (void *)i, "mapper")))
			return -ENOMEM;
		wait_for_completion(&done);
	}"""

TEST = """#include <dmakit/test.h>

DMK_TEST(first)
{
	%s
}

DMK_TEST(second)
{
	DMK_EXPECT(dmk_test_seed() > 0);
}
"""

NO_NAME = "void *nothing = NULL;\n"


class Results(Check):
    def test_a_clean_driver_is_a_success(self):
        done = self.check(driver(), status=0)
        self.assertIn("no finding", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_a_driver_that_did_no_dma_is_told_so(self):
        words = "nothing was mapped or allocated for a device"
        self.assertIn(words, self.check(driver(), status=0).stdout)
        self.assertIn(words, self.check(driver(), "--machine", "pc", "--machine", "tiny", status=0).stdout)
        allocates = driver(probe=MASK + "{ dma_addr_t dma; if (!dmam_alloc_coherent(&pdev->dev, 64, &dma, GFP_KERNEL)) return -ENOMEM; }")
        self.assertNotIn(words, self.check(allocates, status=0).stdout)
        self.assertNotIn(words, self.check(driver(probe=LEAK), status=1).stdout)

    def test_STR_06_a_leak_is_a_finding_with_its_line(self):
        source = driver(probe=LEAK)
        done = self.check(source, status=1)
        self.assertIn("error STR-06", done.stdout)
        self.assertIn("card.c:%d" % line_of(source, "dma_map_single("), done.stdout)
        self.assertIn("card_probe", done.stdout)
        self.assertIn("mend", done.stdout)
        self.assertIn("1 finding", done.stdout)

    def test_STR_12_a_call_fails_on_purpose_and_a_driver_that_minds_it_is_clean(self):
        source = driver(probe="if (!devm_kzalloc(&pdev->dev, 64, GFP_KERNEL))\n\t\treturn -ENOMEM;")
        done = self.check(source, "--fail", "1", status=0)
        self.assertIn("failed on purpose: call 1, an allocation of memory", done.stdout)
        self.assertIn("card.c:%d" % line_of(source, "devm_kzalloc("), done.stdout)
        self.assertNotIn("problem", done.stdout)
        self.assertIn("no finding", done.stdout)

    def test_STR_12_what_a_way_out_forgets_is_a_finding(self):
        source = driver(probe=MAPPED_AND % "if (!devm_kzalloc(&pdev->dev, 64, GFP_KERNEL))\n\t\t\treturn -ENOMEM;\n"
                        "\t\tdma_unmap_single(&pdev->dev, dma, 100, DMA_TO_DEVICE);\n\t\tkfree(data);")
        self.check(source, status=0)
        report = self.report(source, "--fail", "4", status=1)
        run = report["runs"][0]
        self.assertEqual([finding["rule"] for finding in run["findings"]], ["STR-06"])
        self.assertEqual((run["fail"]["wanted"], run["fail"]["failed"], run["fail"]["calls"]), (4, True, 4))
        self.assertEqual(run["fail"]["where"][0]["function"], "card_probe")

    def test_STR_12_a_call_that_is_not_made_can_not_fail(self):
        done = self.check(driver(probe=MAPPED_AND % "dma_unmap_single(&pdev->dev, dma, 100, DMA_TO_DEVICE);\n\t\tkfree(data);"),
                          "--fail", "4", "--machine", "pc", "--machine", "tiny", status=3)
        self.assertIn("no call failed on purpose on pc: --fail 4, and the driver made 3 calls that can fail", done.stdout)
        report = self.report(driver(), "--fail", "1", status=3)
        self.assertEqual((report["status"], report["runs"][0]["fail"]["calls"]), (3, 0))

    def test_no_colour_and_no_progress_off_a_terminal(self):
        done = self.check(driver(probe=LEAK), "--machine", "pc", "--machine", "tiny", status=1)
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertNotIn("\r", done.stdout)

    def test_CHK_03_two_machines_give_a_table_and_one_finding(self):
        done = self.check(driver(probe=LEAK), "--machine", "pc", "--machine", "tiny", status=1)
        self.assertEqual(done.stdout.count("error STR-06"), 1)
        self.assertRegex(done.stdout, r"(?m)^machine +maps .*\npc +1 +\d+ +0 +1 +1 ")
        self.assertRegex(done.stdout, r"(?m)^tiny +1 ")
        self.assertIn("on pc, tiny", done.stdout)

    def test_a_finding_on_some_machines_tells_how_to_look_at_one_alone(self):
        source = driver(probe="if (dma_get_cache_alignment() > 1) " + LEAK)
        done = self.check(source, "--machine", "pc", "-marm-noncoherent", "--machine=tiny", "--append", "swiotlb=noforce  mem=0x80000000",
                          "--seed=7", status=1)
        self.assertIn("1 finding on 1 of 3 machines", done.stdout)
        self.assertEqual(done.stdout.splitlines()[-1], "on one machine alone: dmakit check --machine arm-noncoherent --append "
                                                       "'swiotlb=noforce  mem=0x80000000' --seed=7 card.c")

    def test_colour_and_progress_are_a_terminals(self):
        """Each row as soon as it is known, with the findings in red; what is under way stands below and is drawn over."""
        self.write("card.c", driver(probe="if (dma_get_cache_alignment() > 1) " + LEAK))
        shown = self.on_a_terminal(DMAKIT, "check", "--machine", "pc", "--machine", "arm-noncoherent", "card.c")
        self.assertRegex(shown, "\r\033\\[K\033\\[32mpc +\033\\[0m ")
        self.assertRegex(shown, "\r\033\\[K\033\\[1;31marm-noncoherent +\033\\[0m .*\033\\[1;31m +1\033\\[0m ")
        self.assertRegex(shown, "\\d of 2 done; on (pc|arm)")

    def test_json_is_complete(self):
        report = self.report(driver(probe=LEAK), "--seed", "42", status=1)
        run = report["runs"][0]
        self.assertEqual((report["status"], run["status"], run["outcome"]), (1, 1, "done"))
        self.assertEqual((run["machine"], run["seed"], run["devices"], run["bound_devices"]), ("pc", "42", ["edu"], 1))
        self.assertEqual((run["totals"]["maps"], run["totals"]["unmaps"], run["totals"]["leaks"]), (1, 0, 1))
        finding = run["findings"][0]
        self.assertEqual((finding["rule"], finding["driver"], finding["count"]), ("STR-06", "card", 1))
        self.assertEqual(finding["buffer"]["size"], 100)
        places = [frame for frame in finding["mapped"] + finding["where"] if not frame["dmakit"]]
        self.assertEqual(places[0]["function"], "card_probe")
        self.assertEqual(places[0]["file"], os.path.join(os.path.realpath(self.here), "card.c"))

    def test_json_on_standard_output_is_alone_there(self):
        done = self.check(driver(), "--json", "-", status=0)
        self.assert_schema(json.loads(done.stdout))

    def test_tests_pass(self):
        self.write("test.c", TEST % "DMK_EXPECT(dmk_test_machine() != 0);")
        done = self.check(driver(), "--", "test.c", status=0)
        self.assertIn("2 tests passed", done.stdout)

    def test_a_failed_test_is_no_success(self):
        text = TEST % "DMK_EXPECT(1 == 2);"
        self.write("test.c", text)
        done = self.check(driver(), "--seed", "77", "--", "test.c", status=1)
        self.assertIn("test failed: first", done.stdout)
        self.assertIn("test.c:%d: expected: 1 == 2" % line_of(text, "1 == 2"), done.stdout)
        self.assertIn("--seed 77", done.stdout)
        self.assertIn("1 test passed, 1 failed", done.stdout)

    def test_a_test_that_prints_does_not_disturb_json(self):
        self.write("test.c", "#include <stdio.h>\n" + TEST % 'puts("hello");')
        done = self.check(driver(), "--json", "-", "--", "test.c", status=0)
        self.assert_schema(json.loads(done.stdout))

    def test_a_failed_probe_is_no_success(self):
        done = self.check(driver(probe="return -EIO;"), status=1)
        self.assertRegex(done.stdout, r"probe of .* failed: .*\(-5\)")

    def test_verbose_shows_the_log(self):
        source = driver(probe='dev_info(&pdev->dev, "hello from probe\\n");')
        self.assertIn("hello from probe", self.check(source, "--verbose", status=0).stderr)
        self.assertNotIn("hello from probe", self.check(source, status=0).stderr)

    def test_one_seed_decides_where_everything_lies(self):
        """Also which bounce slots are taken: not the stack's address, or what else differs from process to process."""
        self.write("card.c", driver(before=MAP_ON_THREADS, probe=PROBE_ON_THREADS))
        program = os.path.join(self.here, "program")
        self.run_command(DMAKIT_CC, "-o", program, "card.c", status=0)
        for machine in "pc", "tiny", "restricted", "arm-noncoherent":
            runs = [self.run_command(program, "--machine", machine, "--seed", "9", "--verbose", status=0).stderr for _ in range(4)]
            lines = [[line for line in run.splitlines() if "thread" in line] for run in runs]
            self.assertEqual(len(lines[0]), 24, runs[0])
            for other in lines[1:]:
                self.assertEqual(lines[0], other, machine)

    def test_keep_keeps_the_program(self):
        done = self.check(driver(), "--keep", status=0)
        directory = done.stderr.split()[-1]
        self.assertTrue(directory.startswith(self.temp), done.stderr)
        try:
            self.run_command(os.path.join(directory, "program"), "--machine", "tiny", status=0)
        finally:
            shutil.rmtree(directory)

    def test_ADR_03_a_register_behind_null_is_told_from_a_dereference(self):
        said = self.check(driver(probe="{ void __iomem *regs = NULL; writel(1, regs + 0x10); }"), status=1).stdout
        self.assertIn("4 bytes are written at 0x10, which is no address from ioremap()", said)
        self.assertIn("the pointer is NULL", said)

    def test_a_parameter_reaches_the_module(self):
        source = driver(before="static int answer;\nmodule_param(answer, int, 0);", probe="if (answer != 42) return -EINVAL;")
        self.check(source, "--param", "card.answer=42", status=0)
        self.check(source, status=1)

    def test_linux_version_reaches_the_driver(self):
        source = driver(before="#include <linux/version.h>\n#if LINUX_VERSION_CODE != KERNEL_VERSION(6, 1, 0)\n#error not 6.1\n#endif")
        self.check(source, "--linux", "6.1", status=0)

    def test_linux_version_chooses_the_api(self):
        old = driver(before="static struct class *cls;", probe='cls = class_create(THIS_MODULE, "card"); if (IS_ERR(cls)) return -ENOMEM;',
                     remove="class_destroy(cls);")
        self.check(old, "--linux", "6.1", status=0)
        self.check(old, status=2)
        self.check(old.replace("THIS_MODULE, ", ""), status=0)

    def problems(self, source):
        return self.report(source, status=1)["runs"][0]["problems"]

    def test_a_double_free_is_a_problem_with_its_place(self):
        source = driver(probe="{ void *data = kmalloc(64, GFP_KERNEL); kfree(data);\nkfree(data); }")
        problem, = self.problems(source)
        self.assertRegex(problem, rf"it is free already, in card_probe \(card\.c:{line_of(source, 'kfree(data); }')}\)")

    def test_a_warning_is_a_problem_once(self):
        problem, = self.problems(driver(probe="for (int i = 0; i < 3; i++) WARN_ON(i < 5);"))
        self.assertRegex(problem, r"^WARN in card_probe \(card\.c:\d+\): i < 5, 3 times$")

    def test_an_interrupt_handler_that_stays_is_a_problem(self):
        before = "#include <linux/interrupt.h>\nstatic irqreturn_t handler(int irq, void *data) { return IRQ_NONE; }"
        problem, = self.problems(driver(before=before, probe='if (request_irq(pdev->irq, handler, IRQF_SHARED, "card", pdev)) return -EIO;'))
        self.assertIn('the handler "card" was never freed', problem)

    def test_a_driver_without_a_device_table_gets_its_card(self):
        source = driver(probe="return -EXDEV;").replace("MODULE_DEVICE_TABLE(pci, card_ids);", "")
        report = self.report(source, status=1)
        self.assertEqual(report["runs"][0]["devices"], ["edu"])
        self.assertIn("probe of", report["runs"][0]["problems"][0])

    def test_the_same_under_clang_or_gcc(self):
        self.write("card.c", driver(probe=LEAK))
        for compiler in ("gcc", "clang"):
            env = dict(self.env(), DMAKIT_CC=compiler)
            done = subprocess.run([DMAKIT, "check", "card.c"], cwd=self.here, env=env, stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 1, compiler)
            self.assertIn("card_probe (card.c:", done.stdout, compiler)


    def test_STR_03_a_late_write_is_seen_under_clang_and_gcc_unless_nobody_looks(self):
        source = driver(probe=MAPPED_AND % "smp_mb();\n*(u16 *)(data + 3) = 1;\ndma_unmap_single(&pdev->dev, dma, 100, DMA_TO_DEVICE);\n"
                        "*(u16 *)(data + 3) = 2;\nkfree(data);")
        self.write("card.c", source)
        for compiler in ("gcc", "clang", "clang -O0", "gcc -O2"):
            env = dict(self.env(), DMAKIT_CC=compiler)
            done = subprocess.run([DMAKIT, "check", "card.c"], cwd=self.here, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (1, ""), compiler)
            self.assertIn("1 finding", done.stdout, compiler)
            self.assertIn("wrote 2 bytes at offset 3 of a single buffer of 100 bytes", done.stdout, compiler)
            self.assertIn("card.c:%d" % line_of(source, "(data + 3) = 1"), done.stdout, compiler)
        self.assertEqual(self.report(source, "--watch", "none", status=0)["runs"][0]["watched"], "none")
        self.assertEqual(self.report(source, status=1)["runs"][0]["watched"], "instrumented")
        done = subprocess.run([DMAKIT, "check", "card.c"], cwd=self.here,
                              env=dict(self.env(), DMAKIT_CC="gcc -fsanitize=undefined", UBSAN_OPTIONS=""),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertIn("runtime error: store to misaligned address", done.stderr)
        self.assertIn("1 finding", done.stdout)

    def checked(self, compiler, *arguments):
        """`dmakit check` with that compiler: status, standard output, standard error."""
        done = subprocess.run([DMAKIT, "check", *arguments], cwd=self.here, env=dict(self.env(), DMAKIT_CC=compiler),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    @unittest.skipIf(os.environ.get("DMAKIT_SANITIZE", "none") != "none", "dmakit's own library has a sanitizer in it")
    def test_STR_03_a_late_write_is_seen_by_asan_and_by_page(self):
        source = driver(probe=MAPPED_AND % "smp_mb();\n*(u16 *)(data + 3) = 1;\ndma_unmap_single(&pdev->dev, dma, 100, DMA_TO_DEVICE);\n"
                        "*(u16 *)(data + 3) = 2;\nkfree(data);")
        self.write("small.c", source)
        self.write("card.c", source.replace("100", "4096"))
        place = "card.c:%d" % line_of(source, "(data + 3) = 1")
        for compiler in ("gcc", "clang", "gcc -fsanitize=address"):
            for mode in ("asan", "page") if compiler != "gcc -fsanitize=address" else ("instrumented",):
                status, out, err = self.checked(compiler, "--watch", mode, "card.c")
                self.assertEqual((status, err), (1, ""), (compiler, mode))
                self.assertIn("1 finding", out)
                self.assertIn("wrote 2 bytes at offset 3 of a single buffer of 4096 bytes", out, (compiler, mode))
                self.assertIn(place, out)
                self.assertIn("--watch page" if mode == "page" else "--watch asan", out)
        status, out, err = self.checked("gcc", "--watch", "page", "small.c")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("1 of 1 mappings share a page with other memory", out)
        self.assertIn("small.c:%d" % line_of(source, "dma_map_single"), out)

    @unittest.skipIf(os.environ.get("DMAKIT_SANITIZE", "none") != "none", "dmakit's own library has a sanitizer in it")
    def test_what_asan_finds_in_the_driver_is_told_by_it_and_is_a_crash(self):
        for compiler, broken, name, size in (("gcc", "((volatile u8 *)data)[100] = 1;", "heap-buffer-overflow", "1 byte written"),
                                             ("clang", "kfree(data);\nreturn *(volatile u32 *)(data + 8);", "heap-use-after-free", "4 bytes read"),
                                             ("gcc", "memset(data, 0, 101);", "heap-buffer-overflow", "101 bytes written")):
            source = driver(probe="{\nvoid *data = kmalloc(100, GFP_KERNEL);\n%s\nkfree(data);\n}" % broken)
            self.write("card.c", source)
            status, _, err = self.checked(compiler, "--watch", "asan", "--json", "report.json", "card.c")
            self.assertEqual(status, 1, (compiler, broken))
            self.assertIn(f"ERROR: AddressSanitizer: {name}", err)
            with open(os.path.join(self.here, "report.json"), encoding="utf-8") as file:
                run = json.load(file)["runs"][0]
            self.assertEqual((run["outcome"], run["crash"]["signal"]), ("crashed", "AddressSanitizer"))
            self.assertIn(f"AddressSanitizer: {name}, {size} at", run["crash"]["text"])
            place = run["crash"]["stack"][0]
            self.assertEqual((place["function"], place["line"]), ("card_probe", line_of(source, broken.split("\n")[-1])))

class BadInput(Check):
    def test_a_source_given_twice(self):
        self.write("card.c", driver())
        done = self.run_command(DMAKIT, "check", "card.c", "card.c", status=2)
        self.assertEqual(done.stderr, 'dmakit: check: "card.c" is given twice\n')

    def test_a_program_that_cannot_be_started(self):
        self.write("card.c", driver())
        for program in ("./none", "no-such-program-anywhere"):
            done = self.run_command(DMAKIT, "check", "card.c", "--", program, status=2)
            self.assertEqual(done.stderr, f'dmakit: check: "{program}" is no program that can be started\n')

    def test_a_compiler_that_is_not_there_is_one_line(self):
        self.write("card.c", driver())
        done = subprocess.run([DMAKIT, "check", "card.c"], cwd=self.here, env=dict(self.env(), DMAKIT_CC="/nonexistent"),
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (2, "dmakit: cannot start /nonexistent: No such file or directory\n"))

    def test_no_such_file(self):
        self.assertIn("nowhere.c: No such file", self.refused("check", "nowhere.c"))

    def test_a_directory(self):
        os.mkdir(os.path.join(self.here, "dir.c"))
        self.assertIn("dir.c", self.refused("check", "dir.c"))

    def test_no_driver(self):
        self.assertIn("which driver?", self.refused("check"))
        self.assertIn("which driver?", self.refused("check", "--", "test.c"))

    def test_no_such_test(self):
        self.write("card.c", driver())
        self.assertIn("nowhere.c", self.refused("check", "card.c", "--", "nowhere.c"))

    def test_nothing_after_the_dashes(self):
        self.write("card.c", driver())
        self.refused("check", "card.c", "--")

    def test_a_driver_that_does_not_compile(self):
        done = self.check(driver(probe="int x = ;"), status=2)
        self.assertIn("error:", done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], "dmakit: card.c does not compile")
        self.assertEqual(done.stdout, "")

    def test_headers_that_are_not_there_all_at_once(self):
        self.write("mine.h", "#pragma once\n#include <linux/dma-buf.h>\nstruct dma_buf_ops;\nvoid dma_buf_put(void *buf);\n")
        self.write("help.c", "#include \"mine.h\"\n#include <asm/string.h>\n#include <linux/pci.h>\n#include \"gone.h\"\n")
        self.write("card.c", "#include <linux/dma-buf.h>\n#include <linux/pci.h>\n#if 0\n#include <linux/never.h>\n#endif\n"
                   "# include <asm/nothing.h>\n#include <linux/dma-maping.h>\n" + driver())
        done = self.dmakit("check", "card.c", "help.c", status=2)
        lines = done.stderr.splitlines()
        self.assertEqual(lines[lines.index("dmakit: headers that are not there (dmakit has those around DMA):") + 1:], [
            "  <linux/dma-buf.h> card.c:1, mine.h:2; for dma_buf_ops, dma_buf_put",
            "  <asm/nothing.h> card.c:6",
            "  <linux/dma-maping.h> card.c:7; did you mean <linux/dma-mapping.h>?",
            "  <asm/string.h> help.c:2; there is <linux/string.h>",
            "  \"gone.h\" help.c:4",
            "dmakit: card.c does not compile",
            "dmakit: help.c does not compile"])

    def test_a_driver_of_another_kernel_is_told_which(self):
        old = 'static struct class *c;\nstatic void use(void)\n{\n\tc = class_create(THIS_MODULE, "c");\n\tclass_destroy(c);\n}\n'
        done = self.check("#include <linux/device.h>\n" + driver(before=old, probe="use();"), status=2)
        self.assertRegex(done.stderr, r"\ndmakit: card.c: written for another kernel than 6.18; compiles with --linux 6.1, 5.15, .*4.14\n")
        self.assertEqual(done.stderr.splitlines()[-1], "dmakit: card.c does not compile")
        new = "static struct class *c;\nstatic void use(void)\n{\n\tc = class_create(\"c\");\n\tclass_destroy(c);\n}\n"
        done = self.check("#include <linux/device.h>\n" + driver(before=new, probe="use();"), "--linux", "5.10", status=2)
        self.assertIn("written for another kernel than 5.10; compiles with --linux 6.18, 6.15, 6.12, 6.6\n", done.stderr)

    def test_a_function_of_another_kernel_is_told_which(self):
        self.write("card.c", driver(probe="pci_unmap_single(pdev, pci_map_single(pdev, pdev, 4, PCI_DMA_TODEVICE), 4, 1);")
                   .replace("PCI_DMA_TODEVICE", "1"))
        lines = self.dmakit("check", "card.c", status=2).stderr.splitlines()
        self.assertIn("pci_map_single (card.c:", lines[0])
        self.assertEqual(lines[1:], ["dmakit: all of them are there with --linux 5.15"])
        self.write("card.c", driver(probe="pci_map_single(pdev, pdev, 4, 1); no_such_call(pdev); dma_map_singel(1);"))
        lines = self.dmakit("check", "card.c", status=2).stderr.splitlines()
        self.assertIn("; did you mean dma_map_single?)", lines[0])
        self.assertNotIn("did you mean pci_map_single", lines[0])
        self.assertEqual(lines[1:], ["dmakit: one of them is there with --linux 5.15: pci_map_single"])

    def test_a_callback_of_another_kernel_is_told_which(self):
        source = """#include <linux/platform_device.h>
#include <linux/module.h>
static int gone(struct platform_device *pdev)
{
	return 0;
}
static struct platform_driver lab = { .remove = gone, .driver = { .name = "lab" } };
module_platform_driver(lab);
"""
        done = self.check(source, status=2)  # a card for it there is none
        self.assertIn("dmakit: card.c: written for another kernel than 6.18; compiles without these warnings with --linux 6.6, ", done.stderr)

    def test_a_source_without_its_ending(self):
        self.write("card.c", driver())
        self.assertEqual(self.refused("check", "card"), "dmakit: card: No such file or directory; did you mean card.c?\n")

    def test_an_unknown_machine(self):
        self.write("card.c", driver())
        text = self.refused("check", "--machine", "tinny", "card.c")
        self.assertIn("did you mean tiny?", text)
        self.assertIn("arm-noncoherent", text)
        self.assertIn("pc", self.refused("check", "--machine", "xyzzyplugh", "card.c"))

    def test_a_machine_file_that_is_not_there(self):
        self.write("card.c", driver())
        self.assertIn("board.dts: No such file", self.refused("check", "--machine", "board.dts", "card.c"))

    def test_a_broken_dts_names_file_and_line(self):
        self.write("card.c", driver())
        self.write("board.dts", "/dts-v1/;\n/ {\n\tmemory@0 { reg = <0 ;\n};\n")
        text = self.refused("check", "--machine", "board.dts", "card.c")
        self.assertRegex(text, r"board\.dts:3")

    def test_a_dtb_that_is_none(self):
        self.write("card.c", driver())
        self.write("board.dtb", "this is no devicetree\n")
        self.assertIn("board.dtb", self.refused("check", "--machine", "board.dtb", "card.c"))

    def test_a_boot_argument_that_nobody_reads_is_named_once(self):
        done = self.check(driver(), "--machine", "pc", "--machine", "tiny", "--append", "blah=1 swiotlb=force", status=0)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn('nobody reads the boot argument "blah=1"', done.stderr)

    def test_a_boot_argument_that_makes_no_sense(self):
        for word in ("swiotlb=foce", "swiotlb=", "swiotlb=1;force", "dmakit.swiotlb_max=many", "mem=much"):
            self.assertIn(word, self.refused("check", "--append", word, self.write("card.c", driver(""))))
            self.assertIn(word, self.refused("torture", "--ops", "1", "--append", word))

    def test_boot_arguments_given_twice_are_both_there(self):
        run = self.report(driver(), "--append", "swiotlb=force", "--append", "mem=64M", status=0)["runs"][0]
        self.assertEqual(run["append"], "swiotlb=force mem=64M")

    def test_an_unknown_device(self):
        self.write("card.c", driver())
        text = self.refused("check", "--device", "edo", "card.c")
        self.assertIn("edu", text)
        self.assertIn("ringcard", text)

    def test_a_bad_device(self):
        self.write("card.c", driver())
        for wrong in ("edu,dma_mask", "edu,nothing=1", "edu,dma_mask=xyz", "", ",", "edu,", "edu,,dma_mask=1"):
            self.refused("check", "--device", wrong, "card.c")

    def test_no_device_for_the_driver(self):
        self.write("card.c", driver(ident="0xabcd, 0x1234"))
        text = self.refused("check", "card.c")
        self.assertIn("abcd:1234", text)
        self.assertIn("edu", text)
        self.assertIn("--device", text)

    def test_a_module_that_names_no_device_is_run_if_there_is_a_test(self):
        self.write("card.c", "#include <linux/module.h>\n"
                   "static int begin(void)\n{\n\tpr_info(\"hello\\n\");\n\treturn 0;\n}\nmodule_init(begin);\n"
                   "static void end(void)\n{\n}\nmodule_exit(end);\nMODULE_LICENSE(\"GPL\");\n")
        self.assertIn("names no PCI id", self.refused("check", "card.c"))
        self.write("test.c", "#include <dmakit/test.h>\nDMK_TEST(it_says_hello)\n{\n\tDMK_EXPECT(dmk_test_said(\"hello\") == 1);\n"
                   "\tDMK_EXPECT(dmk_test_said(\"good bye\") == 0);\n}\n")
        self.assertIn("1 test passed", self.dmakit("check", "card.c", "--", "test.c", status=0).stdout)

    def without_qemu(self, *machines, status):
        """A machine whose program is not installed: PATH has a compiler and nothing else."""
        tools = os.path.join(self.here, "bin")
        os.mkdir(tools)
        for name in "cc", "gcc", "clang", "ld", "as", "ccache":
            if shutil.which(name):
                os.symlink(shutil.which(name), os.path.join(tools, name))
        self.write("card.c", driver())
        names = [word for machine in machines for word in ("--machine", machine)]
        return self.run_command(DMAKIT, "check", *names, "--json", "report.json", "card.c", status=status, PATH=tools, DMAKIT_QEMU="")

    def test_a_machine_of_all_that_is_not_installed_is_named_and_not_counted(self):
        done = self.without_qemu("all", status=0)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"(?m)^not run: qemu: .* is not installed: apt-get install ")
        self.assertRegex(done.stdout, r"(?m)^no finding")
        with open(os.path.join(self.here, "report.json"), encoding="utf-8") as file:
            runs = {run["machine"]: (run["no_machine"], run["no_device"], run["skipped"], run["status"]) for run in json.load(file)["runs"]}
        self.assertEqual(runs["qemu"], (True, False, True, 0))
        # That a board has nothing for the driver is known without starting it.
        self.assertEqual(runs["qemu-zcu102"], (False, True, True, 0))

    def test_a_machine_asked_for_by_name_must_be_installed(self):
        done = self.without_qemu("qemu", "pc", status=2)
        self.assertRegex(done.stderr, "^dmakit: qemu: (?!qemu: ).* is not installed: apt-get install .*\n$")

    def test_a_board_says_what_is_soldered_to_it(self):
        self.write("card.c", driver())
        text = self.refused("check", "--machine", "qemu-zynq", "card.c")
        self.assertRegex(text, "no device for this driver on machine qemu-zynq: .*1234:11e8; devices there are: arm,pl330; .*dmakit machines")

    def test_a_driver_of_a_board_is_told_which(self):
        text = self.refused("check", os.path.join(SOURCE, "drivers/pl330/pl330.c"))
        self.assertIn("no device for this driver on machine pc: it names arm,pl330; arm,pl330 is on machine qemu-zynq; ", text)

    def test_a_driver_without_an_init(self):
        self.write("card.c", "int nothing_here;\n")
        self.assertIn("module_init", self.refused("check", "card.c"))

    def test_functions_that_are_not_there_all_at_once(self):
        source = driver(probe="if (no_such_call(pdev))\n\t\tno_such_thing();", remove="no_such_thing();")
        self.write("card.c", source)
        text = self.refused("check", "card.c")
        self.assertIn("card.c calls kernel functions that dmakit does not have: ", text)
        self.assertIn("no_such_call (card.c:%d in card_probe)" % line_of(source, "no_such_call"), text)
        self.assertRegex(text, r"no_such_thing \((card\.c:\d+ in card_(probe|remove)(; )?){2}\)")

    def test_a_library_that_lacks_what_the_headers_declare(self):
        tree, bin_directory = os.path.join(self.here, "tree"), os.path.join(self.here, "bin")
        shutil.copytree(os.path.join(SOURCE, "include"), os.path.join(tree, "include"))
        with open(os.path.join(tree, "include/linux/delay.h"), "a", encoding="utf-8") as header:
            header.write("void new_delay(int us) DMK_SYM(new_delay);\n")
        os.mkdir(bin_directory)
        for name in "dmakit", "dmakit-cc":
            shutil.copy(os.path.join(BUILD, name), bin_directory)
        with open(os.path.join(bin_directory, "dmakit.tree"), "w", encoding="utf-8") as places:
            places.write(f"include {tree}/include\nlibrary {BUILD}/libdmakit.a\n")
        self.write("card.c", driver(probe="new_delay(1); no_such_call(pdev);"))
        done = self.run_command(os.path.join(bin_directory, "dmakit"), "check", "card.c", status=2)
        self.assertEqual(done.stderr, f"dmakit: dmakit's library does not fit its headers: {BUILD}/libdmakit.a lacks dmk_new_delay, which they "
                                      "declare; build dmakit again (make), or install it again (make install)\n")

    def test_functions_of_headers_that_are_not_included(self):
        source = driver(probe="udelay(1); no_such_call(pdev);").replace("#include <linux/delay.h>\n", "")
        line = line_of(source, "udelay")
        self.write("card.c", source)
        self.assertEqual(self.refused("check", "card.c"),
                         f"dmakit: card.c calls kernel functions that dmakit does not have: no_such_call (card.c:{line} in card_probe); "
                         f"and kernel functions without including their headers: udelay of <linux/delay.h> (card.c:{line} in card_probe)\n")

    def test_bad_options(self):
        self.write("card.c", driver())
        self.assertIn("--machine", self.refused("check", "--mashine", "pc", "card.c"))
        self.assertIn("--frobnicate", self.refused("check", "--frobnicate", "card.c"))
        self.refused("check", "card.c", "--seed")
        self.refused("check", "--seed", "many", "card.c")
        self.refused("check", "--timeout", "long", "card.c")
        for number in "0", "-1", "1x", "":
            self.refused("check", "--fail", number, "card.c")
        self.refused("check", "--timeout", "-1", "card.c")
        self.assertIn("--watch is instrumented, asan, page or none", self.refused("check", "--watch", "closely", "card.c"))
        self.assertIn("did you mean page?", self.refused("check", "--watch", "pages", "card.c"))
        for version in "new", "6", "6.", "6.1.", "6.1x", "6.300", "":
            self.assertIn("a version such as 6.12", self.refused("check", "--linux", version, "card.c"))
        for version in "2.4", "4.13.9", "6.19", "99.1":
            self.assertIn("Linux 4.14 to 6.18", self.refused("check", "--linux", version, "card.c"))
        self.assertIn("--json wants a file's name", self.refused("check", "--json", "", "card.c"))

    def test_a_standard_output_that_can_not_be_written(self):
        self.write("card.c", driver())
        for verb in (["check", "card.c"], ["machines"], ["explain"], ["version"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([DMAKIT, *verb], cwd=self.here, env=self.env(), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 2, verb)
            self.assertRegex(done.stderr, "^dmakit: cannot write to standard output.*\n$")

    def test_a_report_that_can_not_be_written(self):
        self.write("card.c", driver())
        done = self.dmakit("check", "--json", "no/such/place.json", "card.c", status=2)
        self.assertIn("no/such/place.json", done.stderr)


class Crashes(Check):
    def crash(self, statement, *words, before=""):
        source = driver(probe=MAPPED_AND % statement, before=before)
        done = self.check(source, status=1)
        self.assertIn("crash:", done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)
        self.assertIn("card_probe", done.stdout)
        # what was mapped at that moment
        self.assertIn("100 bytes", done.stdout)
        self.assertIn("card.c:%d" % line_of(source, "dma_map_single("), done.stdout)
        return source, done.stdout

    def test_a_null_pointer(self):
        source, text = self.crash("*(volatile int *)nothing = 1;", "NULL pointer", "SIGSEGV", before=NO_NAME)
        self.assertIn("card_probe (card.c:%d)" % line_of(source, "(volatile int *)nothing"), text)

    def test_a_call_to_nowhere(self):
        self.crash("((void (*)(void))nothing)();", "NULL pointer", before=NO_NAME)

    def test_a_wild_pointer(self):
        self.crash("*(volatile int *)(nothing + 0x123456789000) = 1;", "0x123456789000", before=NO_NAME)

    def test_a_trap(self):
        self.crash("__builtin_trap();", "SIGILL")

    def test_a_division_by_zero(self):
        self.crash("zero = 7 / zero;", "SIGFPE", before="volatile int zero;")

    def test_a_stack_that_never_ends(self):
        source = driver(before="static int deep(volatile int n) { volatile char room[4096]; room[0] = n;"
                               " return deep(n + 1) + room[0]; }", probe="deep(0);")
        done = self.check(source, status=1)
        self.assertIn("crash", done.stdout)

    def test_json_of_a_crash(self):
        report = self.report(driver(probe="*(volatile int *)nothing = 1;", before=NO_NAME), status=1)
        run = report["runs"][0]
        self.assertEqual((run["outcome"], run["crash"]["signal"]), ("crashed", "SIGSEGV"))
        self.assertIn("card_probe", [frame["function"] for frame in run["crash"]["stack"]])

    def test_it_stops_no_other_machine(self):
        source = driver(probe='if (dma_get_cache_alignment() > 1) *(volatile int *)nothing = 1;', before=NO_NAME)
        done = self.check(source, "--machine", "arm-noncoherent", "--machine", "pc", status=1)
        self.assertRegex(done.stdout, r"(?m)^arm-noncoherent .*crashed$")
        self.assertRegex(done.stdout, r"(?m)^pc .* s$")
        self.assertIn("crash on arm-noncoherent", done.stdout)

    def test_a_test_that_ends_the_process(self):
        self.write("test.c", "#include <stdlib.h>\n" + TEST % "_Exit(0);")
        done = self.check(driver(), "--", "test.c", status=1)
        self.assertIn("left no report: is there an exit(), or a main() of its own?", done.stdout)


class Hangs(Check):
    def hang(self, statement, before=""):
        source = driver(probe=MAPPED_AND % statement, before=before)
        start = time.monotonic()
        done = self.check(source, "--timeout", "1", status=1)
        self.assertLess(time.monotonic() - start, 40)
        self.assertIn("hang:", done.stdout)
        self.assertIn("after 1 seconds", done.stdout)
        self.assertIn("card_probe (card.c:", done.stdout)
        self.assertIn("100 bytes", done.stdout)
        return source, done.stdout

    def test_a_loop_without_end(self):
        self.hang("for (;;) spun++;", before="volatile unsigned int spun;")

    def test_a_sleep_without_end(self):
        self.hang("wait_for_completion(&never);", before="#include <linux/completion.h>\nDECLARE_COMPLETION(never);")

    def test_a_lock_taken_twice(self):
        self.hang("mutex_lock(&once); mutex_lock(&once);", before="#include <linux/mutex.h>\nDEFINE_MUTEX(once);")

    def test_json_of_a_hang(self):
        report = self.report(driver(probe="for (;;) spun++;", before="volatile unsigned int spun;"), "--timeout", "1", status=1)
        run = report["runs"][0]
        self.assertEqual((run["outcome"], run["hang"]["limit"]), ("hung", 1.0))
        functions = [frame["function"] for thread in run["hang"]["threads"] for frame in thread["stack"]]
        self.assertIn("card_probe", functions)

    def test_an_interrupted_command_leaves_nothing(self):
        self.write("card.c", driver(probe="for (;;) spun++;", before="volatile unsigned int spun;"))
        with subprocess.Popen([DMAKIT, "check", "card.c"], cwd=self.here, env=self.env(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not self.running():
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), -signal.SIGTERM)

    def running(self):
        return any(name.endswith(".json") for directory in os.listdir(self.temp)
                   if directory.startswith("dmakit-") for name in os.listdir(os.path.join(self.temp, directory)))


PROGRAM = """
import os
card = os.open("/dev/edu0", os.O_RDWR)
os.write(card, b"hello from outside")
os.lseek(card, 0, os.SEEK_SET)
assert os.read(card, 18) == b"hello from outside"
os.close(card)
"""


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "preload/libdmakit-preload.so")), "no preload library")
class Programs(Command):
    def edu(self, *program, status):
        return self.dmakit("check", os.path.join(SOURCE, "drivers/edu/edu.c"), "--", *program, status=status)

    def test_a_program_that_is_content(self):
        self.assertIn("1 test passed", self.edu("sh", "-c", "exit 0", status=0).stdout)

    def test_a_program_that_is_not(self):
        self.assertIn("exit status 3", self.edu("sh", "-c", "exit 3", status=1).stdout)
        self.assertIn("killed", self.edu("sh", "-c", "kill -9 $$", status=1).stdout)
        self.assertIn("no program that can be started", self.edu("./nowhere", status=2).stderr)

    def test_a_program_uses_the_driver(self):
        self.edu("python3", "-c", PROGRAM, status=0)


class Verbs(Command):
    def test_help_and_version(self):
        self.assertIn("check", self.dmakit("help", status=0).stdout)
        self.assertEqual(self.dmakit("--help", status=0).stdout, self.dmakit("help", status=0).stdout)
        self.assertRegex(self.dmakit("version", status=0).stdout, r"^dmakit \d+\.\d+\.\d+\n$")
        for verb in ("check", "run", "machines", "explain"):
            self.assertIn(f"usage: dmakit {verb}", self.dmakit(verb, "--help", status=0).stdout)

    def test_no_verb_and_a_wrong_one(self):
        self.refused()
        self.assertIn("did you mean check?", self.refused("chek"))
        self.refused("frobnicate")

    def test_machines_in_a_line_each(self):
        lines = self.dmakit("machines", status=0).stdout.splitlines()
        names = [line.split()[0] for line in lines]
        self.assertEqual(names, ["pc", "pc-isa", "highmem32", "pc-iommu-strict", "pc-iommu-lazy", "pc-iommu-pt", "pc-iommu-39",
                                 "arm-noncoherent", "arm-noncoherent-128", "arm64-smmu", "arm64-smmu-64k", "rpi-like", "restricted",
                                 "confidential", "tiny", "qemu", "qemu-pc", "qemu-zcu102", "qemu-zynq"])
        self.assertTrue(all(len(line.split()) > 2 for line in lines))
        self.refused("machines", "pc")

    def test_each_machine_has_its_page_and_its_row(self):
        names = [line.split()[0] for line in self.dmakit("machines", status=0).stdout.splitlines()]
        docs = os.path.join(SOURCE, "docs")
        with open(os.path.join(docs, "MACHINES.md"), encoding="utf-8") as overview:
            rows = overview.read()
        pages = sorted(os.listdir(os.path.join(docs, "machines")))
        self.assertEqual(pages, sorted(name + ".md" for name in names if not name.startswith("qemu")))
        for page in pages:
            self.assertIn(f"(machines/{page})", rows)
            with open(os.path.join(docs, "machines", page), encoding="utf-8") as text:
                text = text.read()
            self.assertTrue(text.startswith(f"# {page[:-3]}\n"), page)
            for heading in ("## What it reveals", "## Worth trying"):
                self.assertIn(heading, text, page)

    @unittest.skipUnless(os.path.isdir(os.path.join(SOURCE, "docs/rules")), "no rules yet")
    def test_explain(self):
        page = self.dmakit("explain", "STR-04", status=0).stdout
        self.assertIn("STR-04", page.splitlines()[0])
        self.assertEqual(self.dmakit("explain", "str-04", status=0).stdout, page)
        titles = self.dmakit("explain", status=0).stdout.splitlines()
        self.assertEqual(len(titles), len(os.listdir(os.path.join(SOURCE, "docs/rules"))))
        self.assertIn("did you mean STR-0", self.refused("explain", "STR-O4"))
        for wrong in "../../etc/passwd", "", "zz", "no_such_word":
            self.refused("explain", wrong)

    @unittest.skipUnless(os.path.isdir(os.path.join(SOURCE, "docs/rules")), "no rules yet")
    def test_explain_lists_a_group_and_what_has_a_word(self):
        titles = self.dmakit("explain", status=0).stdout.splitlines()
        group = self.dmakit("explain", "str", status=0).stdout.splitlines()
        self.assertEqual(group, [title for title in titles if title.startswith("STR-")])
        about = self.dmakit("explain", "dma_mapping_error", status=0).stdout.splitlines()
        self.assertLess(len(about), len(titles))
        for title in titles:
            with open(os.path.join(SOURCE, "docs/rules", title.split(":")[0] + ".md"), encoding="utf-8") as page:
                self.assertEqual(title in about, bool(re.search(r"(?i)(?<!\w)dma_mapping_error(?!\w)", page.read())), title)


class Makefile(Command):
    def test_cc_in_a_makefile(self):
        self.write("card.c", driver(probe=LEAK))
        self.write("Makefile", "card: card.o\n\t$(CC) $(CFLAGS) -o $@ $^\n")
        self.run_command("make", "-s", "CC=" + DMAKIT_CC, "CFLAGS=-O2", status=0)
        done = self.run_command("./card", "--machine", "tiny", status=1)
        self.assertIn("error STR-06", done.stdout)
        self.run_command("./card", "--no-checker", status=0)
        self.run_command("./card", "--machine", "nowhere", status=2)
        self.run_command("./card", "--help", status=0)
        self.run_command("./card", "surplus", status=2)

    def test_a_main_of_the_users_own(self):
        self.write("card.c", driver(probe=LEAK))
        self.write("main.c", """#include <dmakit/boot.h>
#include <dmakit/kernel.h>
int main(void)
{
	struct dmk_device_request device = { .model = "edu" };
	struct dmk_boot_options options = { .devices = &device, .nr_devices = 1 };
	char error[512];
	if (dmk_boot(&options, error, sizeof(error)) || dmk_module_load(0))
		return 3;
	dmk_module_unload(0);
	dmk_shutdown();
	return dmk_checker_findings(dmk_boot_checker()) == 1 ? 42 : 4;
}
""")
        self.run_command(DMAKIT_CC, "-o", "prog", "card.c", "main.c", status=0)
        self.run_command("./prog", status=42)


class Readme(Command):
    def test_the_test_that_readme_shows_runs_as_it_stands(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as readme:
            listing = readme.read().split("```c\n")[1].split("```")[0]
        edu = os.path.join(SOURCE, "drivers/edu/edu.c")
        self.assertIn("1 test passed", self.dmakit("check", edu, "--", self.write("listing.c", listing), status=0).stdout)


class Trees(Command):
    """The devicetrees in docs/MACHINES.md, as they stand there."""

    def blocks(self):
        with open(os.path.join(SOURCE, "docs/MACHINES.md"), encoding="utf-8") as page:
            text = page.read()
        start, pool = text.index("    /dts-v1/;"), text.index("    reserved-memory {")
        return text[start:text.index("\n    };\n", start) + 8], text[pool:text.index("\n    };\n", pool) + 8]

    def runs(self, tree):
        edu = os.path.join(SOURCE, "drivers/edu")
        return self.dmakit("check", "--machine", self.write("board.dts", tree), edu + "/edu.c", "--", edu + "/test.c", status=0).stdout

    def test_the_smallest_tree_runs_a_driver(self):
        self.assertIn("(0 bounced)", self.runs(self.blocks()[0]))

    def test_pools_are_what_the_devices_use(self):
        tree, pools = self.blocks()
        tree = tree.replace("        msi:", pools + "\n        msi:").replace("msi-parent", "memory-region = <&wifi>;\n msi-parent")
        self.assertNotIn("(0 bounced)", self.runs(tree))


if __name__ == "__main__":
    if not os.path.exists(os.path.join(BUILD, "dmakit")):
        raise SystemExit("dmakit is not built")
    unittest.main()
