#!/usr/bin/env python3
"""scripts/demo with a dmakit that says what it is told: the table, what goes with a bad cell, and the status."""

import os
import unittest

from support import SOURCE, Command

DRIVERS = ("edu", "ringcard", "nic", "hba", "sound")

FAKE = """#!/usr/bin/env python3
import json, sys
args = sys.argv[1:]
if args == ["check", "edu.c", "--", "test.c"]:
    text = open("edu.c").read()
    sys.exit(@COPY@ if "EDU_SIZE, dir" in text and "if (!dma)" in text else 5)
driver = args[-1].split("/")[1]
assert args == ["check", "--machine", "all", "--json", args[4], "drivers/%s/%s.c" % (driver, driver), "--", "drivers/%s/test.c" % driver]
told = @TOLD@.get(driver, {})
runs = []
for machine in "pc", "arm64-smmu", "qemu":
    run = dict(machine=machine, status=0, outcome="done", skipped=False, findings=[], tests=[{"passed": True}], problems=[], machine_died=None)
    run.update((told or {}).get(machine, {}))
    runs.append(run)
    print(machine, "      12         0")
if told is not None:
    json.dump({"runs": runs}, open(args[4], "w"))
"""


class Demo(Command):
    def build(self, told, copy=1):
        tools = os.path.join(self.here, "build/tools")
        os.makedirs(tools)
        fake = self.write("build/tools/dmakit", FAKE.replace("@COPY@", str(copy)).replace("@TOLD@", repr(told)))
        os.chmod(fake, 0o755)
        return [os.path.join(SOURCE, "scripts/demo"), os.path.join(self.here, "build")]

    def rows(self, text):
        return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.startswith(("pc ", "arm64-smmu ", "qemu "))}

    def test_all_is_well(self):
        done = self.run_command(*self.build({driver: {"qemu": {"skipped": True, "outcome": "refused"}} for driver in DRIVERS[1:]}), status=0)
        self.assertEqual(self.rows(done.stdout), {"pc": ["ok"] * 5, "arm64-smmu": ["ok"] * 5, "qemu": ["ok"] + ["-"] * 4})
        self.assertIn("All as expected.", done.stdout)
        self.assertNotIn("to see why", done.stdout)
        self.assertNotIn("\033", done.stdout)
        self.assertNotIn("\r", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_what_is_not_well_comes_with_the_command_that_repeats_it(self):
        done = self.run_command(*self.build({
            "edu": {"pc": {"status": 1, "findings": [{}, {}]}, "qemu": {"status": 2, "outcome": "refused"}},
            "nic": {"pc": {"status": 1, "outcome": "hung"}, "arm64-smmu": {"status": 1, "tests": [{"passed": False}]}},
            "hba": {"pc": {"status": 1, "problems": ["it stays"]}},
        }), status=1)
        rows = self.rows(done.stdout.split("Not as expected")[0])
        self.assertEqual(rows["pc"], ["2", "found", "ok", "hung", "failed", "ok"])
        self.assertEqual(rows["arm64-smmu"], ["ok", "ok", "failed", "ok", "ok"])
        self.assertEqual(rows["qemu"], ["no", "run", "ok", "ok", "ok", "ok"])
        commands = [line for line in done.stdout.splitlines() if "tools/dmakit check --machine " in line]
        self.assertEqual(len(commands), 5, done.stdout)
        self.assertRegex(done.stdout, r"edu on pc +\S+tools/dmakit check --machine pc drivers/edu/edu\.c -- drivers/edu/test\.c\n")
        self.assertIn("demo: not as expected", done.stderr)

    def test_a_driver_without_a_report_is_not_well(self):
        done = self.run_command(*self.build({"sound": None}), status=1)
        self.assertEqual(self.rows(done.stdout)["pc"], ["ok"] * 4 + ["no", "run"])

    def test_a_wrong_copy_that_is_not_found_out(self):
        done = self.run_command(*self.build({}, copy=0), status=1)
        self.assertIn("its status was 0", done.stderr)

    def test_colour_and_progress_on_a_terminal(self):
        shown = self.on_a_terminal(*self.build({"edu": {"pc": {"status": 1, "findings": [{}]}}}))
        self.assertIn("\r\033[Kedu, 1 of 5: 3 machines done", shown)
        self.assertIn("\033[1;31m   1 found\033[0m", shown)
        self.assertIn("\033[32m        ok\033[0m", shown)


if __name__ == "__main__":
    unittest.main()
