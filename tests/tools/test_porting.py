#!/usr/bin/env python3
"""What docs/PORTING-IN.md says one types, with the example that it is about."""

import os
import shutil
import unittest

from support import BUILD, SOURCE, Command

ADDER = os.path.join(SOURCE, "examples/adder")


class PortingIn(Command):
    def setUp(self):
        super().setUp()
        for name in os.listdir(ADDER):
            shutil.copy(os.path.join(ADDER, name), self.here)

    def test_the_model_is_as_short_as_is_said_and_the_driver_clean_on_every_machine(self):
        with open(os.path.join(self.here, "adder_model.c"), encoding="utf-8") as model:
            self.assertLess(len(model.readlines()), 150)
        done = self.dmakit("check", "--machine", "all", "adder.c", "adder_model.c", status=0)
        self.assertIn("no finding", done.stdout)
        self.assertNotIn("could not run", done.stdout)

    def test_a_mask_that_is_too_large_is_found_by_the_models_property(self):
        done = self.dmakit("check", "--machine", "pc", "--device", "adder,dma_mask=0xffffff", "adder.c", "adder_model.c", status=1)
        self.assertIn("error ", done.stdout)
        self.assertIn("no property", self.dmakit("check", "--device", "adder,mask=1", "adder.c", "adder_model.c", status=2).stderr)

    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "preload/libdmakit-preload.so")), "no preload library")
    def test_a_shell_uses_it(self):
        done = self.dmakit("run", "adder.c", "adder_model.c", "--", "sh", "-c", "printf abc > /dev/adder0; cat /dev/adder0", status=0)
        self.assertEqual((done.stdout, done.stderr), ("294\n", ""))

    def test_its_kernel_makefile(self):
        self.run_command("make", "-s", "-C", self.dmakit("--kbuild-dir", status=0).stdout.strip(), "M=" + self.here, status=0)
        self.assertIn("no finding", self.dmakit("check", "--param", "adder.most=16", "adder.ko", "adder_model.c", status=0).stdout)


if __name__ == "__main__":
    unittest.main()
