#!/usr/bin/env python3
"""The report as a page, as a browser shows it: the page of a real run, and pages with more in them than a run has time for."""

import copy
import json
import os
import shutil
import unittest

from chromium import Chromium
from support import DMAKIT, SOURCE, Command, driver
from synthetic import Timeline, data_of, with_data

# The mistakes: the size of an unmap is not its map's, and nobody asks whether the mapping failed.
MISTAKES = (
    ("dma_unmap_single(dev, dma, length, dir)", "dma_unmap_single(dev, dma, EDU_SIZE, dir)"),
    ("if (dma_mapping_error(dev, dma))", "if (!dma)"),
)
MANY = 100_000
HOSTILE = "</script><script>window.taken = 1</script><img src=x onerror=\"window.taken = 2\">'\"&amp;\u2028\u2029."

# Every text that can be seen: its contrast with what lies below it, by WCAG's formula; the worst, and how many there were.
CONTRAST = """(() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((v, i) => v * a + below[i] * (1 - a));
    const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((all, v, i) => all + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (e) => e ? over(parse(getComputedStyle(e).backgroundColor), ground(e.parentElement)) : [255, 255, 255];
    const seen = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();) {
        const e = node.parentElement;
        if (!node.textContent.trim() || !e.checkVisibility() || e.closest('script, .unseen, .skip, option'))
            continue;
        const below = ground(e), [a, b] = [light(over(parse(getComputedStyle(e).color), below)), light(below)];
        seen.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent.trim().slice(0, 40)]);
    }
    return {n: seen.length, worst: seen.sort((x, y) => x[0] - y[0])[0]};
})()"""


def driver_frames(run):
    """Places in the driver, that of the first finding first."""
    return [frame for frame in run["findings"][0]["where"] if frame["file"] and frame["file"].endswith("edu.c")]


def setUpModule():
    Page.browser = Chromium()
    unittest.addModuleCleanup(Page.browser.close)


class Page(Command):
    """Each test's page says nothing on the console, asks for nothing, and is refused nothing by its own policy."""

    browser = None
    real = None

    def setUp(self):
        super().setUp()
        self.opened = False

    def tearDown(self):
        super().tearDown()
        if self.opened:
            self.assertEqual(self.browser.complaints(), [])
            self.assertEqual(self.browser.requests(), [])

    def run_edu(self):
        """The page of a run on two machines, made once; the text of it."""
        if not Page.real:
            for name in ("edu.h", "test.c"):
                shutil.copy(os.path.join(SOURCE, "drivers/edu", name), self.here)
            with open(os.path.join(SOURCE, "drivers/edu/edu.c"), encoding="utf-8") as file:
                text = file.read()
            for right, wrong in MISTAKES:
                self.assertEqual(text.count(right), 1)
                text = text.replace(right, wrong)
            self.write("edu.c", text)
            self.dmakit("check", "--machine", "pc", "--machine", "arm-noncoherent", "--html", "report.html", "edu.c", "--", "test.c", status=1)
            with open(os.path.join(self.here, "report.html"), encoding="utf-8") as file:
                Page.real = file.read()
        return Page.real

    def show(self, page, **how):
        self.opened = True
        self.browser.open(self.write("page.html", page), **how)
        return self.browser

    def show_data(self, change, **how):
        """The real page with other data: what @change makes of it."""
        data = copy.deepcopy(data_of(self.run_edu()))
        change(data)
        return self.show(with_data(self.run_edu(), data), **how)

    def texts(self, selector):
        return self.browser.js(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent.trim())")

    def text(self, selector):
        return self.texts(selector)[0]

    def number(self, expression):
        return self.browser.js(expression)

    def choose(self, selector, value):
        self.browser.js(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.value = {json.dumps(value)};"
                        "e.dispatchEvent(new Event('change')); })()")
        self.browser.frame()

    def search(self, selector, text):
        self.browser.js(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.value = {json.dumps(text)};"
                        "e.dispatchEvent(new Event('input')); })()")
        self.browser.frame()

    def shown(self):
        return self.texts("#findings .finding .toggle .id")

    def range(self):
        return [float(self.browser.js(f"document.querySelector('.timeline-view').dataset.{name}")) for name in ("from", "until", "begin", "end")]

    def draws(self):
        return int(self.browser.js("document.querySelector('.timeline-view').dataset.draws"))


class Report(Page):
    def test_a_run_on_two_machines_is_told_whole(self):
        browser = self.show(self.run_edu())
        self.assertEqual(self.text("h1"), "✕2 mistakes on all 2 machines")
        self.assertIn("dmakit check --machine pc --machine arm-noncoherent --html report.html edu.c -- test.c", self.text(".head .command code"))
        self.assertEqual(sorted(self.shown()), ["STR-02", "STR-04"])
        self.assertTrue(browser.js("document.title").startswith("2 mistakes"))
        card = next(f"#f{i}" for i in (1, 2) if "STR-04" in self.text(f"#f{i} .toggle"))
        stacks = self.texts(f"{card} .stack")
        self.assertEqual(len(stacks), 2)
        self.assertIn("edu_move_streaming", stacks[0])
        marked = " ".join(self.texts(f"{card} .marked"))
        self.assertIn("dma_unmap_single(dev, dma, EDU_SIZE, dir);", marked)
        self.assertIn("dma = dma_map_single(dev, data, length, dir);", marked)
        self.assertIn("keep it beside the address", self.text(f"{card} .mend"))
        self.assertIn("Why", self.text(f"{card} .rule"))
        self.assertEqual([chip.split("×")[0] for chip in self.texts(f"{card} .chip")], ["pc", "arm-noncoherent"])
        self.assertEqual(self.text(f"{card} .command code"), "dmakit check --machine pc edu.c -- test.c")
        self.assertEqual(self.texts("#machines tbody th"), ["pc", "arm-noncoherent"])
        self.assertIn("24 tests passed", self.text("#tests summary"))

    def test_filters_narrow_the_list_and_clear_widens_it(self):
        def change(data):
            first = data["report"]["runs"][0]["findings"]
            other = dict(copy.deepcopy(first[0]), rule="SYN-02", title="a sync is missing", what="a line about the mailbox", severity="warning", driver="other")
            first.append(other)
        browser = self.show_data(change)
        self.assertEqual(len(self.shown()), 3)
        self.search("#findings input", "MAILBOX line")
        self.assertEqual(self.shown(), ["SYN-02"])
        self.assertIn("1 of 3", self.text("#findings .controls [role=status]"))
        self.search("#findings input", "no such word")
        self.assertEqual(self.shown(), [])
        browser.js("[...document.querySelectorAll('#findings .controls button')].find((e) => e.textContent === 'Clear').click()")
        self.assertEqual(len(self.shown()), 3)
        for label, value, rules in (("Rule", "STR-04", ["STR-04"]), ("Severity", "warning", ["SYN-02"]), ("Driver", "other", ["SYN-02"]),
                                    ("Machine", "arm-noncoherent", ["STR-02", "STR-04"])):
            with self.subTest(label):
                self.choose(f"#findings select[aria-label={label}]", value)
                self.assertEqual(sorted(self.shown()), rules)
                self.choose(f"#findings select[aria-label={label}]", "")
        browser.click("#machines tbody tr:nth-child(1) button.cell[aria-label^=SYN]")
        self.assertEqual(self.shown(), ["SYN-02"])

    def test_a_link_opens_its_finding_whatever_the_filter(self):
        browser = self.show(self.run_edu())
        browser.js("document.querySelectorAll('.finding.open .toggle').forEach((e) => e.click())")
        self.search("#findings input", "no such word")
        browser.js("location.hash = '#f2'")
        browser.wait("document.querySelector('#f2.open')")
        self.assertEqual(self.texts("#f2 .body h4")[0], "where it went wrong")

    def test_thousands_of_findings_come_a_hundred_at_a_time(self):
        def change(data):
            first = data["report"]["runs"][0]["findings"]
            for i in range(3000):
                first.append(dict(first[0], driver=f"card{i}"))
        browser = self.show_data(change)
        self.assertEqual(len(self.shown()), 100)
        self.assertLess(self.number("document.querySelectorAll('*').length"), 15000)
        browser.click("#findings .more")
        self.assertEqual(len(self.shown()), 200)
        self.search("#findings input", "card2999")
        self.assertEqual(len(self.shown()), 1)

    def test_a_crash_a_hang_a_failed_test_and_a_refusal_are_told(self):
        def change(data):
            runs = data["report"]["runs"]
            stack = runs[0]["findings"][0]["where"]
            runs[0].update(outcome="crashed", crash={"signal": "SIGSEGV", "text": "read of address 0x10", "stack": stack, "bias": "0x0"}, live=[])
            runs[0]["tests"][0].update(passed=False, failures=[{"text": "3 is not 4", "file": None, "line": 0}])
            hung = copy.deepcopy(runs[1])
            hung.update(machine="tiny", outcome="hung", hang={"limit": 5.0, "threads": [{"name": "kworker", "tid": 7, "stack": stack}]})
            refused = dict(copy.deepcopy(runs[1]), machine="qemu", outcome="refused", error="qemu is not installed", skipped=True, findings=[], tests=[])
            runs[1]["problems"] = ["probe of card failed"]
            runs += [hung, refused]
        self.show_data(change)
        self.assertEqual(self.text("h1"), "✕It crashed on 1 of 3 machines")
        trouble = self.text("#trouble")
        for words in ("read of address 0x10", "edu_move_streaming", "It was not done after 5 seconds", "thread kworker (7)", "probe of card failed"):
            self.assertIn(words, trouble)
        self.assertIn("3 is not 4", self.text("#tests"))
        self.assertIn("qemu is not installed", self.text("#machines"))

    def test_advice_is_shown_as_the_tables_that_it_is(self):
        def change(data):
            runs = data["report"]["runs"]
            row = {"cells": ["edu", 26, 4096, 0.002], "advice": "drop <this> sync", "weight": 3, "where": driver_frames(runs[0])}
            part = {"id": "syncs", "title": "Syncs that did nothing", "sentence": "Each costs a call.", "agree": True, "rows": [row],
                    "columns": [{"id": f"c{i}", "title": kind, "kind": kind} for i, kind in enumerate(("text", "count", "bytes", "seconds"))]}
            runs[0]["advice"] = {"sections": [part]}
        self.show_data(change)
        self.assertEqual(self.texts("#advice tbody tr > *"), ["edu", "26", "4.0\u00a0KiB", "2.00\u00a0ms", "edu.c:235", "drop <this> sync"])

    def test_advice_that_a_machine_contradicts_is_no_advice(self):
        def change(data):
            for run, advice in zip(data["report"]["runs"], ("drop this sync", None)):
                row = {"cells": ["edu"], "advice": advice, "weight": 1, "where": run["findings"][0]["where"]}
                run["advice"] = {"sections": [{"id": "syncs", "title": "Syncs", "sentence": "", "agree": True, "rows": [row],
                                               "columns": [{"id": "a", "title": "driver", "kind": "text"}]}]}
        self.show_data(change)
        self.assertIn("needed on arm-noncoherent: leave it", self.text("#advice tbody"))
        self.assertNotIn("drop this sync", self.text("#advice tbody"))

    def test_a_buffer_s_history_is_told_in_order(self):
        def change(data):
            run = data["report"]["runs"][0]
            run["findings"][0]["mapped_label"] = "stored before"
            run["findings"][0]["history"] = [{"what": what, "where": driver_frames(run)} for what in ("mapped", "synced for the CPU", "unmapped")]
        self.show_data(change)
        self.assertEqual(self.texts("#f1 .stacks h4"), ["where it went wrong", "stored before"])
        self.assertEqual([step.split(" edu.c")[0] for step in self.texts("#f1 .history li")], ["mapped", "synced for the CPU", "unmapped"])

    def test_what_does_not_count_is_named_apart(self):
        def change(data):
            run = data["report"]["runs"][0]
            run["suppressed"] = [dict(run["findings"].pop(), suppressed="known.supp:3")]
        self.show_data(change)
        self.assertIn("known.supp:3", self.text("#findings details table"))
        self.assertIn("1 finding that does not count", self.texts("#findings > details summary"))

    def test_each_failing_call_is_told_with_what_became_of_it(self):
        def change(data):
            run = data["report"]["runs"][0]
            found, stack = run["findings"][0], driver_frames(run)
            for each in data["report"]["runs"]:
                each["findings"] = []
            trouble = {"kind": "leaked", "runs": 2, "first": "4", "text": None, "finding": dict(found, what="a buffer is left"), "where": [], "repeat": "dmakit check --fail 4 edu.c"}
            site = {"kind": "kmalloc", "where": stack, "outcome": "leaked", "numbers": [4, 9], "left_out": 0, "failed": 2, "bad": 2, "unbound": 0, "untested": 0,
                    "first_untested": 0, "troubles": [trouble]}
            run["fail_each"] = {"calls": 12, "runs": 12, "left_out": 0, "astray": 0, "seconds": 1.5, "stopped": False, "troubles": [],
                                "sites": [site, dict(site, outcome="coped", bad=0, troubles=[])]}
        self.show_data(change)
        self.assertEqual(self.text("h1"), "✕Not every failing call is coped with on 1 of 2 machines")
        for words in ("1 place does not cope", "kmalloc", "leaked", "a buffer is left", "first when call 4 failed", "dmakit check --fail 4 edu.c"):
            self.assertIn(words, self.text("#failures"))

    def test_many_seeds_are_told_with_what_they_showed(self):
        def change(data):
            found = data["report"]["runs"][0]["findings"][0]
            for run in data["report"]["runs"]:
                run["findings"] = []
            trouble = {"kind": "finding", "runs": 3, "first": "17", "text": None, "finding": dict(found, what="a late read"), "where": [],
                       "repeat": "dmakit check --seed 17 edu.c"}
            data["report"]["runs"][1]["explore"] = {"first": "1", "seeds": 40, "runs": 40, "clean": 37, "seconds": 2.5, "stopped": False, "troubles": [trouble]}
        self.show_data(change)
        self.assertEqual(self.text("h1"), "✕Some seeds show trouble on 1 of 2 machines")
        for words in ("40 runs with seeds from 1 on", "37 of them were clean", "first with seed 17", "a late read", "dmakit check --seed 17 edu.c"):
            self.assertIn(words, self.text("#seeds"))

    def test_nothing_found_is_good_news(self):
        def change(data):
            for run in data["report"]["runs"]:
                run["findings"] = []
            data["report"]["status"] = 0
        self.show_data(change)
        self.assertEqual(self.text("h1"), "✓Nothing found on all 2 machines")
        self.assertIn("No mistake was found", self.text("#findings"))


class Safety(Page):
    def test_what_a_driver_says_is_text_and_no_markup(self):
        def change(data):
            run = data["report"]["runs"][0]
            for key in ("rule", "title", "what", "mend", "device", "driver", "mapped_label"):
                run["findings"][0][key] = HOSTILE
            for frame in run["findings"][0]["where"]:
                frame.update(function=HOSTILE, file=HOSTILE, dmakit=False)
            data["sources"][HOSTILE] = {"lines": {str(run["findings"][0]["where"][0]["line"]): HOSTILE}, "error": None}
            data["rules"][HOSTILE] = "# T\n\n" + HOSTILE + "\n```c\n" + HOSTILE + "\n```\n"
            run["log"].append({"level": 6, "text": HOSTILE})
            run["problems"] = [HOSTILE]
            run["tests"][0]["name"] = HOSTILE
            run["summary"] = HOSTILE
            run["machine"] = data["command"][3] = HOSTILE
            run["timeline"] = Timeline(1).made(50, [dict(run["findings"][0]["where"][0])])
            run["timeline"]["devices"][0]["name"] = HOSTILE
        browser = self.show_data(change)
        self.assertIsNone(browser.js("window.taken"))
        self.assertEqual(self.number("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.number("document.querySelectorAll('script').length"), 2)
        self.assertIn(HOSTILE, self.texts(".finding .what"))
        self.assertIn(HOSTILE, self.texts("#log .log div"))
        browser.js("document.querySelector('.as-table').open = true")
        browser.frame()
        self.assertIn(HOSTILE, self.text(".as-table"))
        self.assertIsNone(browser.js("window.taken"))

    def test_what_a_driver_logs_goes_through_the_command_unharmed(self):
        said = "</script><script>window.taken = 1</script> <!-- '\\\" & \u2028."
        self.write("card.c", driver(probe=f'pr_info("{said}\\n");'))
        self.dmakit("check", "--html", "report.html", "card.c", status=0)
        with open(os.path.join(self.here, "report.html"), encoding="utf-8") as file:
            browser = self.show(file.read())
        self.assertIsNone(browser.js("window.taken"))
        self.assertIn(said.replace('\\"', '"'), self.texts("#log .log div"))

    def test_the_policy_lets_nothing_else_run_or_load(self):
        page = self.run_edu().replace("<body>", "<body><script>window.taken = 1</script><img src='file:///nowhere.png'>")
        browser = self.show(page)
        self.assertIsNone(browser.js("window.taken"))
        # what was refused is told on the console, and that is what this test wants
        self.assertGreaterEqual(len(browser.complaints()), 2)
        self.assertEqual(self.text("h1"), "✕2 mistakes on all 2 machines")
        browser.events = []


class Files(Page):
    def test_a_source_that_is_gone_is_said_to_be(self):
        self.write("card.c", driver(probe='#line 7 "gone.c"\n\tdma_map_single(&pdev->dev, kmalloc(64, GFP_KERNEL), 64, DMA_TO_DEVICE);'))
        self.dmakit("check", "--html", "report.html", "card.c", status=1)
        with open(os.path.join(self.here, "report.html"), encoding="utf-8") as file:
            self.show(file.read()).js("eachCard(true)")
        self.assertTrue(any("gone.c can't be read: No such file or directory" in text for text in self.texts(".finding")))

    def test_what_cannot_be_written_is_refused_before_anything_is_built(self):
        self.write("card.c", "this is no C")
        said = self.refused("check", "--html", "no/such/place.html", "card.c")
        self.assertIn("cannot write no/such/place.html: No such file or directory", said)
        self.assertIn("cannot write .: Is a directory", self.refused("check", "--html", ".", "card.c"))
        self.assertIn("--html wants a file's name", self.refused("check", "--html", "", "card.c"))

    def test_a_run_that_could_not_be_leaves_the_old_page_and_no_other_file(self):
        self.write("card.c", "this is no C")
        self.write("report.html", "before")
        self.dmakit("check", "--html", "report.html", "card.c", status=2)
        with open(os.path.join(self.here, "report.html"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "before")
        self.assertEqual(sorted(os.listdir(self.here)), ["card.c", "report.html"])


class Look(Page):
    def full(self, data):
        """Something of everything, opened."""
        run = data["report"]["runs"][0]
        run["findings"][0]["severity"] = "warning"
        run["log"] += [{"level": level, "text": f"level {level}"} for level in range(8)]
        run["problems"] = ["a problem"]
        run["tests"][0].update(passed=False, failures=[{"text": "3 is not 4", "file": None, "line": 0}])
        run["timeline"] = Timeline(3).made(200, [run["findings"][0]["where"][-1]], 2)
        run["watched"] = "none"
        run["unwatched"] = {"mappings": 3, "places": [{"mappings": 2, "where": run["findings"][0]["where"]}]}

    def test_light_and_dark_follow_the_system_and_can_be_chosen(self):
        ground = "getComputedStyle(document.body).backgroundColor"
        browser = self.show_data(self.full)
        light = browser.js(ground)
        browser.scheme(True)
        browser.frame()
        dark = browser.js(ground)
        self.assertNotEqual(light, dark)
        self.choose(".brand select", "light")
        self.assertEqual(browser.js(ground), light)
        browser.scheme(False)
        self.choose(".brand select", "dark")
        self.assertEqual(browser.js(ground), dark)
        self.choose(".brand select", "")
        self.assertEqual(browser.js(ground), light)

    def test_text_is_readable_in_both(self):
        for dark in (False, True):
            with self.subTest(dark=dark):
                browser = self.show_data(self.full, dark=dark)
                browser.js("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
                browser.frame()
                result = browser.js(CONTRAST)
                self.assertGreater(result["n"], 200)
                self.assertGreaterEqual(result["worst"][0], 4.5, result["worst"])

    def test_a_phone_needs_no_sideways_scrolling(self):
        browser = self.show_data(self.full, width=360, height=740)
        browser.js("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        browser.frame()
        self.assertLessEqual(self.number("document.documentElement.scrollWidth"), 360)

    def test_paper_has_every_finding_open_and_no_controls(self):
        browser = self.show_data(self.full)
        browser.js("document.querySelectorAll('.finding.open .toggle').forEach((e) => e.click())")
        browser.js("dispatchEvent(new Event('beforeprint'))")
        browser.call("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(self.number("document.querySelectorAll('.finding.open').length"), 2)
        self.assertFalse(browser.js("document.querySelector('#findings .controls').checkVisibility()"))
        browser.call("Emulation.setEmulatedMedia", media="")

    def test_everything_is_reached_by_keys_in_the_order_of_the_page(self):
        browser = self.show_data(self.full)
        reached = []
        for _ in range(200):
            browser.press("Tab")
            name = browser.js("(() => { const e = document.activeElement; return e === document.body ? null : e.closest('section') ? e.closest('section').id + ' ' + e.tagName : e.tagName; })()")
            if name is None:
                break
            reached.append(name)
        for wanted in ("SELECT", "findings INPUT", "findings BUTTON", "findings SUMMARY", "machines BUTTON", "timeline CANVAS", "log SELECT"):
            self.assertIn(wanted, reached)
        sections = [name.split()[0] for name in reached if " " in name]
        order = [name for i, name in enumerate(sections) if i == 0 or sections[i - 1] != name]
        self.assertEqual(order, [name for name in browser.js("[...document.querySelectorAll('section')].map((e) => e.id)") if name in order])
        hidden = browser.js("[...document.querySelectorAll('button, select, input')].filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label'))).length")
        self.assertEqual(hidden, 0)

    def test_keys_find_open_and_walk_the_findings(self):
        browser = self.show(self.run_edu())
        browser.press("/")
        self.assertEqual(browser.js("document.activeElement.type"), "search")
        browser.press("Escape")
        browser.press("j")
        self.assertEqual(browser.js("document.activeElement.closest('.finding').id"), "f1")
        browser.press("j")
        self.assertEqual(browser.js("document.activeElement.closest('.finding').id"), "f2")
        before = browser.js("document.activeElement.getAttribute('aria-expanded')")
        for _ in range(2):
            browser.press("Enter")
            now = browser.js("document.activeElement.getAttribute('aria-expanded')")
            self.assertNotEqual(now, before)
            self.assertEqual(browser.js("document.querySelector('#f2 .body').checkVisibility()"), now == "true")
            before = now


class Time(Page):
    def with_events(self, n, **how):
        def change(data):
            for i, run in enumerate(data["report"]["runs"]):
                run["timeline"] = Timeline(20 + i).made(n, driver_frames(run)[:2], 2)
        browser = self.show_data(change, height=1000)
        browser.wait("document.querySelector('.timeline-view').dataset.end")
        return browser

    def test_zoom_changes_the_range_and_reset_brings_it_back(self):
        browser = self.with_events(600)
        whole = self.range()
        self.assertEqual(whole[:2], whole[2:])

        def narrower(doing):
            before = self.range()
            doing()
            browser.frame()
            after = self.range()
            self.assertLess(after[1] - after[0], before[1] - before[0])

        canvas = browser.box("canvas.lanes")
        middle = canvas["x"] + canvas["width"] / 2, canvas["y"] + 60
        browser.js("document.querySelector('canvas.lanes').focus()")
        narrower(lambda: browser.mouse("mouseWheel", *middle, deltaX=0, deltaY=-240))
        narrower(lambda: browser.press("+"))
        before = self.range()
        browser.press("ArrowRight")
        self.assertGreater(self.range()[0], before[0])
        self.assertAlmostEqual(self.range()[1] - self.range()[0], before[1] - before[0], delta=1)
        browser.press("-")
        self.assertGreater(self.range()[1] - self.range()[0], before[1] - before[0])

        def drag():
            browser.mouse("mousePressed", middle[0] - 100, middle[1], button="left", clickCount=1)
            browser.mouse("mouseMoved", middle[0], middle[1], button="left", buttons=1)
            browser.mouse("mouseMoved", middle[0] + 100, middle[1], button="left", buttons=1)
            browser.mouse("mouseReleased", middle[0] + 100, middle[1], button="left", clickCount=1)
        narrower(drag)
        browser.click("#timeline .reset")
        self.assertEqual(self.range(), whole)

    def test_the_wheel_scrolls_the_page_until_the_timeline_is_asked(self):
        browser = self.with_events(600)
        canvas = browser.box("canvas.lanes")
        browser.mouse("mouseWheel", canvas["x"] + 200, canvas["y"] + 60, deltaX=0, deltaY=-240)
        browser.frame()
        self.assertEqual(self.range()[:2], self.range()[2:])

    def test_buffers_are_chosen_by_keys_and_told_in_words(self):
        browser = self.with_events(600)
        browser.js("document.querySelector('canvas.lanes').focus()")
        browser.press("ArrowDown")
        browser.press("ArrowDown")
        self.assertIn("single", self.text(".timeline-view [aria-live]"))
        self.assertIn("mapped", self.text("#timeline .detail table"))
        browser.press("Enter")
        self.assertLess(self.range()[1] - self.range()[0], self.range()[3] / 4)
        browser.press("Escape")
        self.assertEqual(self.texts("#timeline .detail table"), [])

    def test_filters_and_machines_are_chosen(self):
        browser = self.with_events(600)
        everything = self.number("Number(document.querySelector('.timeline-view').dataset.shown)")
        for selector in ("#timeline select[aria-label=Device]", "#timeline select[aria-label=Call]"):
            self.choose(selector, browser.js(f"document.querySelector({json.dumps(selector)}).options[1].value"))
            few = self.number("Number(document.querySelector('.timeline-view').dataset.shown)")
            self.assertTrue(0 < few < everything)
            everything = few
        self.choose("#timeline select[aria-label=Machine]", "arm-noncoherent")
        self.assertEqual(browser.js("document.querySelector('.timeline-view').dataset.machine"), "arm-noncoherent")
        self.search("#timeline input", "coherent")
        self.assertEqual(self.number("Number(document.querySelector('.timeline-view').dataset.shown)"), 2)

    def test_a_finding_leads_to_its_place_in_time(self):
        browser = self.with_events(600)
        browser.js("[...document.querySelectorAll('.finding .body button')].find((e) => e.textContent.includes('timeline')).click()")
        browser.frame()
        begin, until, first, last = self.range()
        self.assertLess(until - begin, last - first)
        self.assertIn("STR-0", self.text("#timeline .detail"))
        self.assertEqual(browser.js("document.activeElement.tagName"), "CANVAS")

    def test_a_run_has_its_own_timeline(self):
        browser = self.show(self.run_edu())
        self.choose("#timeline select[aria-label=Machine]", "arm-noncoherent")
        browser.js("document.querySelector('.as-table').open = true")
        browser.frame()
        rows = self.texts(".as-table tbody tr")
        self.assertGreater(len(rows), 20)
        self.assertTrue(rows[0].startswith("coherent, 4.0\u00a0KiB"), rows[0])
        self.assertTrue(any("FROM_DEVICE" in row for row in rows) and any("TO_DEVICE" in row for row in rows))
        browser.js("document.querySelector('.as-table tbody tr:nth-child(3) button').click()")
        browser.frame()
        events = " ".join(self.texts("#timeline .detail td"))
        for words in ("mapped", "device", "unmapped"):
            self.assertIn(words, events)

    def test_the_table_says_the_same(self):
        browser = self.with_events(600)
        browser.js("document.querySelector('.as-table').open = true")
        browser.frame()
        rows = self.number("document.querySelectorAll('.as-table tbody tr').length")
        self.assertEqual(rows, 50)
        browser.click(".as-table .more")
        self.assertGreater(self.number("document.querySelectorAll('.as-table tbody tr').length"), rows)
        self.assertIn("coherent, 8.0", self.text(".as-table tbody tr"))

    def test_a_hundred_thousand_events_stay_usable(self):
        # What is drawn is bounded by the pixels, whatever there is: some for each of the rows that are seen, and of their width.
        browser = self.with_events(MANY)
        self.assertGreater(self.number("modelOf(runs[0]).events.length"), MANY - 1)
        width = self.number("document.querySelector('canvas.lanes').clientWidth")
        rows = self.number("document.querySelector('canvas.lanes').clientHeight") / 20
        browser.js("document.querySelector('canvas.lanes').focus()")
        for key in ["0"] + ["+"] * 12 + ["ArrowRight", "ArrowLeft", "0"]:
            browser.press(key)
            self.assertLess(self.draws(), width * rows, key)
        self.assertEqual(self.range()[:2], self.range()[2:])
        browser.js("document.querySelector('.as-table').open = true")
        browser.frame()
        self.assertLess(self.number("document.querySelectorAll('*').length"), 6000)


if __name__ == "__main__":
    unittest.main()
