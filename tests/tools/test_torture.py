"""dmakit torture, as somebody at a terminal meets it: what it prints, what it notices, how it ends."""

import os
import re
import signal
import subprocess
import time
import unittest

from support import DMAKIT, Command


class Torture(Command):
    def torture(self, *args, status=0):
        return self.run_command(DMAKIT, "torture", *args, status=status)

    def test_says_what_it_did(self):
        out = self.torture("--ops", "3000", "--seed", "3").stdout
        self.assertRegex(out, r"^pc: 3\d\d\d operations in .* 4 threads, seed 3; \d+ MiB compared; at most \d+ things at once\n")
        self.assertIn("every byte was right, nothing was reported\n", out)
        for kind in ("single", "page", "list", "vmalloc", "coherent", "pool"):
            lent = re.search(rf"^  {kind} +(\d+) +\d+$", out, re.M)
            self.assertTrue(lent and int(lent[1]) > 0, kind)

    def test_without_a_seed_it_prints_one(self):
        seeds = {re.search(r"seed (\d+);", self.torture("--ops", "50").stdout)[1] for _ in range(2)}
        self.assertEqual(len(seeds), 2)

    def test_one_thread_and_one_seed_are_the_same_work(self):
        def work(seed):
            out = self.torture("--threads", "1", "--seed", seed, "--ops", "4000", "--machine", "tiny").stdout
            return re.sub(r" in [0-9.]+ s", "", out)

        # The kernel's own threads refill a pool when they are let; where memory is short a call may fail for that, or not.
        runs = [work("11") for _ in range(4)]
        self.assertLess(len(set(runs)), 4, "no two runs are the same")
        self.assertNotIn(work("12").replace("seed 12", "seed 11"), runs)

    def test_a_wrong_byte_is_seen_on_each_machine(self):
        for machine in ("pc", "arm-noncoherent", "tiny"):
            out = self.torture("--machine", machine, "--spoil", "300", "--seed", "5", "--ops", "9000", status=1).stdout
            self.assertRegex(out, machine + r": WRONG: the (card|CPU) sees 0x..")
            self.assertNotIn("every byte was right", out)

    def test_what_is_wrong_comes_with_the_command_that_repeats_it(self):
        out = self.torture("--threads", "1", "--spoil", "200", "--seed", "8", "--ops", "9000", status=1).stdout
        wrong = re.search(r"WRONG: (.*)", out)[1]
        again = re.search(r"again: dmakit torture (.*)", out)[1].split()
        self.assertIn(f"WRONG: {wrong}\n", self.torture(*again, "--spoil", "200", status=1).stdout)

    def test_several_machines_one_after_the_other(self):
        out = self.torture("--machine", "pc", "--machine", "tiny", "--ops", "500").stdout
        self.assertEqual(re.findall(r"^(\S+): \d+ operations", out, re.M), ["pc", "tiny"])

    def test_interrupted_it_says_how_far_it_came(self):
        with subprocess.Popen([DMAKIT, "torture", "--seconds", "600"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              start_new_session=True) as process:
            time.sleep(1)
            os.killpg(process.pid, signal.SIGINT)
            out = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 0)
        self.assertIn("every byte was right", out)

    def test_bad_input_is_one_line(self):
        for args, word in ((["--threads", "0"], "1 to 64"), (["--seconds", "no"], "--seconds"), (["--ops", "-1"], "--ops"),
                           (["--machine", "nowhere"], "nowhere"), (["--machine", "qemu"], "qemu"), (["driver.c"], "dmakit check"),
                           (["--sed", "1"], "--seed"), (["--seed"], "--seed")):
            done = self.torture(*args, status=2)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
