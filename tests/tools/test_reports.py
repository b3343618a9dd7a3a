#!/usr/bin/env python3
"""What dmakit writes for other programs: the timeline in the JSON, a trace, SARIF, JUnit XML; and that its files are whole or not there."""

import collections
import json
import os
import unittest

from formats import GO_TYPES, check_junit, check_sarif, check_trace, leftovers
from support import DMAKIT, DMAKIT_CC, MASK, SOURCE, Command, driver, line_of

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


class Files(Command):
    """One run gives all of them, and is made once for all tests that look at it."""

    made = {}  # what was run: where, and the files' texts

    def check(self, *args, source=CARD, status=1):
        self.write("card.c", source)
        done = self.dmakit("check", *args, "card.c", status=status)
        self.assertEqual(leftovers(self.here), [])
        return done

    def read(self, name):
        with open(os.path.join(self.here, name), encoding="utf-8") as file:
            return file.read()

    def run_of(self, args, source, status):
        key = args, source
        if key not in self.made:
            self.check("--sarif", "out.sarif", "--junit", "out.xml", "--trace", "out.json", *args, source=source, status=status)
            self.made[key] = os.path.realpath(self.here), {name: self.read(name) for name in ("out.sarif", "out.xml", "out.json")}
        return self.made[key]

    def sarif(self, *args, source=CARD, status=1):
        return check_sarif(json.loads(self.run_of(args, source, status)[1]["out.sarif"]))

    def junit(self, *args, source=CARD, status=1):
        return check_junit(self.run_of(args, source, status)[1]["out.xml"])

    def odd(self, form):
        done = self.run_command(os.environ["ODD_REPORTS"], form, status=0)
        return done.stdout


class Trace(Files):
    def trace(self, *args, source=CARD):
        return check_trace(json.loads(self.run_of(args, source, 1)[1]["out.json"]))

    def test_a_buffer_is_a_slice_with_what_happens_in_it(self):
        events = self.trace()
        begin, = (event for event in events if event["ph"] == "b" and event["name"] == "single, 256 bytes")
        inside = [event["name"] for event in events if event.get("id") == begin["id"]]
        self.assertEqual(inside, ["single, 256 bytes", "sync_for_cpu", "single, 256 bytes"])
        self.assertEqual(begin["args"]["from"], f"card_probe (card.c:{line_of(CARD, 'dma = dma_map')})")
        self.assertEqual(begin["args"]["direction"], "DMA_TO_DEVICE")

    def test_instants_are_on_the_tracks_of_who_did_it(self):
        events = self.trace()
        words = [event["name"] for event in events if event["ph"] == "i"]
        self.assertEqual(words[:6], ["bind", "alloc", "map", "sync_for_cpu", "unmap", "unmap"])
        self.assertEqual(words[6], "STR-04: unmap repeats what map was told")
        finding, = (event for event in events if event.get("cat") == "finding")
        self.assertIn("a second time", finding["args"]["what"])

    def test_counters_come_back_to_nothing(self):
        last, most = {}, collections.Counter()
        for event in self.trace("--machine", "pc", "--machine", "pc-iommu-strict"):
            if event["ph"] == "C":
                value, = event["args"].values()
                last[event["pid"], event["name"]] = value
                most[event["pid"], event["name"]] = max(most[event["pid"], event["name"]], value)
        self.assertEqual(set(last.values()), {0})
        self.assertEqual(most[1, "mappings live"], 1)
        self.assertEqual(most[1, "bytes mapped"], 256)
        self.assertEqual(most[1, "bounce slots in use"], 1)
        self.assertNotIn((1, "IOVA in use"), most)
        self.assertNotIn((2, "bounce slots in use"), most)
        self.assertEqual(most[2, "IOVA in use"], 8192)

    def test_what_the_device_does_is_on_its_own_track(self):
        self.run_command(DMAKIT, "check", "--trace", "out.json", os.path.join(SOURCE, "drivers/edu/edu.c"), "--",
                         os.path.join(SOURCE, "drivers/edu/test.c"), status=0)
        trace = json.loads(self.read("out.json"))
        events = check_trace(trace)
        tracks = {(event["pid"], event["tid"]): event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "thread_name"}
        on = {tracks[event["pid"], event["tid"]].split()[0] for event in events if event["name"] in ("device_read", "device_write", "transfer")
              and event["ph"] != "n"}
        self.assertEqual(on, {"device"})
        self.assertTrue(any(event["ph"] == "b" and event["cat"] == "transfer" for event in events))

    def test_odd_timelines_are_a_trace_too(self):
        events = check_trace(json.loads(self.odd("trace")))
        gap, = (event for event in events if event["ph"] == "X")
        self.assertEqual((gap["ts"], gap["dur"], gap["args"]["dropped"]), (0.22, 0.01, 94))


class Sarif(Files):
    def test_the_public_schema_is_there(self):
        self.assertTrue(os.path.exists(GO_TYPES), "scripts/setup installs the package that has it")

    def test_several_machines_give_one_result(self):
        run = self.sarif("--machine", "pc", "--machine", "pc-iommu-strict")
        result, = run["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("STR-04", "error"))
        self.assertEqual(result["properties"]["machines"], ["pc", "pc-iommu-strict"])
        self.assertEqual(result["properties"]["count"], 2)
        physical = result["locations"][0]["physicalLocation"]
        self.assertEqual(physical["artifactLocation"], {"uri": "card.c", "uriBaseId": "SRCROOT"})
        second = len(CARD.split("dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE)")[0].splitlines()) + 1
        self.assertEqual(physical["region"]["startLine"], second)
        self.assertEqual(result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], second - 1)
        steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
        self.assertEqual([step["location"]["message"]["text"] for step in steps][:3], ["mapped", "synced for the CPU", "unmapped"])
        self.assertEqual([invocation["exitCode"] for invocation in run["invocations"]], [1, 1])
        where, _ = self.run_of(("--machine", "pc", "--machine", "pc-iommu-strict"), CARD, 1)
        self.assertEqual(run["originalUriBaseIds"]["SRCROOT"]["uri"], f"file://{where}/")

    def test_a_fingerprint_stays_when_code_moves_and_changes_with_it(self):
        def of(source):
            return self.sarif(source=source)["results"][0]["partialFingerprints"]

        first = of(CARD)
        self.assertEqual(of("/* moved */\n\n" + CARD), first)
        self.assertNotEqual(of(CARD.replace("card_probe", "other_probe")), first)

    def test_rules_are_told_with_their_pages(self):
        run = self.sarif()
        rule = run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]
        self.assertEqual(rule["shortDescription"]["text"], "Unmap repeats what map was told")
        self.assertTrue(rule["fullDescription"]["text"].startswith("An unmap has the device"))
        self.assertIn("## Wrong", rule["help"]["markdown"])

    def test_CHK_06_what_does_not_count_is_suppressed(self):
        result, = self.sarif("--driver", "nobody", status=0)["results"]
        self.assertEqual(result["suppressions"], [{"kind": "external", "justification": "not the chosen driver's, but card's"}])

    def test_a_source_elsewhere_has_its_whole_path(self):
        self.write("card.c", CARD)
        os.mkdir(os.path.join(self.here, "sub"))
        self.run_command("sh", "-c", f"cd sub && exec {DMAKIT} check --sarif ../out.sarif ../card.c", status=1)
        result, = check_sarif(json.loads(self.read("out.sarif")))["results"]
        self.assertEqual(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                         f"file://{os.path.realpath(self.here)}/card.c")

    def test_odd_reports_are_sarif_too(self):
        run = check_sarif(json.loads(self.odd("sarif")))
        self.assertEqual([result["ruleId"] for result in run["results"]], ["STR-10", "STR-04", "STR-04", "crash", "hang"])
        uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
        self.assertEqual(uris, ["card.c", "card.c", "a%20b%25/%C3%A4.c", "card.c", "card.c"])
        self.assertIn("{{0}} \\[x\\](y)", run["results"][0]["message"]["text"])
        self.assertEqual([one["executionSuccessful"] for one in run["invocations"]], [False, False, False, True, False])
        self.assertEqual(len(run["invocations"][0]["toolExecutionNotifications"]), 3)


class Junit(Files):
    def cases(self, root, machine, group):
        suite, = (suite for suite in root if suite.get("name") == machine)
        return [case for case in suite.iter("testcase") if case.get("classname").endswith(group)]

    def test_a_machine_is_a_suite_and_a_rule_a_case(self):
        root = self.junit("--machine", "pc", "--machine", "pc-iommu-strict")
        self.assertEqual([suite.get("name") for suite in root], ["pc", "pc-iommu-strict"])
        failed = [case for case in self.cases(root, "pc", ".checker") if case.find("failure") is not None]
        self.assertEqual([case.get("name") for case in failed], ["STR-04: unmap repeats what map was told"])
        self.assertEqual(failed[0].get("file"), "card.c")
        self.assertIn("card_probe (card.c:", failed[0].find("failure").text)
        values = {one.get("name"): one.get("value") for one in root[0].iter("property")}
        self.assertEqual((values["machine"], values["seed"], values["device"]), ("pc", "1", "edu"))

    def test_the_cases_are_the_same_whatever_is_found(self):
        def names(root):
            return [case.get("name") for case in root.iter("testcase")]

        bad, good = self.junit(), self.junit(source=driver(), status=0)
        self.assertEqual(names(bad), names(good))
        self.assertEqual((good.get("failures"), good.get("errors")), ("0", "0"))

    def test_tests_are_cases(self):
        self.write("card.c", driver())
        self.write("try.c", """#include <dmakit/test.h>
DMK_TEST(good) { DMK_EXPECT(1); }
DMK_TEST(bad) { DMK_EXPECT(1 < 0); }
""")
        self.dmakit("check", "--junit", "out.xml", "card.c", "--", "try.c", status=1)
        good, bad = self.cases(check_junit(self.read("out.xml")), "pc", ".tests")
        self.assertEqual((good.get("name"), bad.get("name"), bad.get("file"), bad.get("line")), ("good", "bad", "try.c", "3"))
        self.assertIsNone(good.find("failure"))
        self.assertIn("1 < 0", bad.find("failure").get("message"))

    def test_CHK_06_what_does_not_count_does_not_fail(self):
        root = self.junit("--driver", "nobody", status=0)
        self.assertEqual(root.get("failures"), "0")
        self.assertIn("a second time", "".join(root.itertext()))

    def test_a_crash_is_an_error(self):
        root = self.junit(source=driver(probe="*(volatile int *)16 = 1;"))
        error = self.cases(root, "pc", ".run")[0].find("error")
        self.assertEqual(error.get("type"), "crash")
        self.assertIn("card_probe (card.c:", error.text)

    def test_odd_reports_are_xml_too(self):
        root = check_junit(self.odd("junit"))
        self.assertEqual((root.get("errors"), root[3].get("skipped")), ("3", "1"))
        # what XML has no character for is replaced, the rest is kept as it was
        kept = "a\ufffd\ufffd[31m <&>\"' ]]> {0} [x](y) \ufffd"
        self.assertTrue(root[0].find("system-out").text.startswith("[0] " + kept))
        message = self.cases(root, "crashed", ".run")[0].find("error").get("message")
        self.assertTrue(message.startswith(kept) and message.endswith("\u20ac\ufffd\r\n\tend"), repr(message))


class Places(Files):
    """Where the files go."""

    def test_standard_output_has_nothing_else(self):
        for option, check in (("--sarif", lambda text: check_sarif(json.loads(text))), ("--junit", check_junit),
                              ("--trace", lambda text: check_trace(json.loads(text)))):
            check(self.check(option, "-").stdout)

    def test_one_place_is_for_one_file(self):
        self.write("card.c", CARD)
        self.assertIn("--sarif and --junit both go to standard output", self.refused("check", "--sarif", "-", "--junit", "-", "card.c"))
        self.assertIn("--json and --trace both go to x", self.refused("check", "--json", "x", "--trace", "x", "card.c"))
        for option in ("--sarif", "--junit", "--trace"):
            self.assertIn(f"{option} wants a file's name, or -", self.refused("check", option, "", "card.c"))

    def test_what_cannot_be_written_is_refused_before_anything_is_built(self):
        self.write("card.c", "this is no C")
        self.write("kept.xml", "old")
        for option in ("--sarif", "--junit", "--trace", "--json"):
            self.assertIn("cannot write nowhere/x: No such file", self.refused("check", "--junit", "kept.xml", option, "nowhere/x", "card.c"))
        self.assertEqual(self.read("kept.xml"), "old")
        self.assertEqual(sorted(os.listdir(self.here)), ["card.c", "kept.xml"])

    def test_a_run_that_did_not_come_about_leaves_what_was_there(self):
        self.write("out.sarif", "old")
        self.write("card.c", "this is no C")
        self.dmakit("check", "--sarif", "out.sarif", "--junit", "out.xml", "card.c", status=2)
        self.assertEqual(self.read("out.sarif"), "old")
        self.assertEqual(sorted(os.listdir(self.here)), ["card.c", "out.sarif"])


if __name__ == "__main__":
    unittest.main()
