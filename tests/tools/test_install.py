#!/usr/bin/env python3
"""What `meson install` puts somewhere works there: the commands, the headers, the library, pkg-config, the manual."""

import os
import subprocess
import unittest

from support import BUILD, SOURCE, Command, driver


class Install(Command):
    def setUp(self):
        super().setUp()
        subprocess.run(["meson", "install", "-C", os.path.dirname(BUILD), "--no-rebuild", "--quiet", "--destdir", self.here],
                       check=True, stdout=subprocess.DEVNULL)
        self.prefix = os.path.join(self.here, "usr/local")
        self.assertTrue(os.path.isdir(self.prefix), os.listdir(self.here))

    def tool(self, name):
        return os.path.join(self.prefix, "bin", name)

    def find(self, name):
        for directory, _, files in os.walk(self.prefix):
            if name in files:
                return directory
        raise AssertionError(f"{name} is not installed")

    def test_all_of_it_works_where_it_was_put(self):
        self.write("card.c", driver())
        self.assertIn("no finding", self.run_command(self.tool("dmakit"), "check", "card.c", status=0).stdout)
        self.run_command(self.tool("dmakit"), "machines", status=0)
        if os.path.isdir(os.path.join(SOURCE, "docs/rules")):
            self.run_command(self.tool("dmakit"), "explain", "STR-04", status=0)
        self.run_command(self.tool("dmakit-cc"), "-o", "card", "card.c", status=0)
        self.run_command("./card", "--machine", "tiny", status=0)
        # and uses nothing of the source tree
        depends = self.run_command(self.tool("dmakit-cc"), "-M", "card.c", status=0).stdout
        self.assertIn(self.prefix, os.path.normpath(depends) + depends)
        self.assertNotIn(os.path.join(SOURCE, "include"), depends)
        kbuild = self.run_command(self.tool("dmakit"), "--kbuild-dir", status=0).stdout.strip()
        self.assertIn("NAME.ko", self.run_command("make", "-C", kbuild, "help", status=0).stdout)
        self.write("Makefile", "obj-m := card.o\n")
        self.run_command("make", "-C", kbuild, "M=" + self.here, status=0)
        self.find("dmakit.1")
        self.find("dmakit-cc.1")
        self.find("report.schema.json")

    def test_pkg_config(self):
        env = dict(os.environ, PKG_CONFIG_PATH=self.find("dmakit.pc"))
        flags = subprocess.run(["pkg-config", f"--define-variable=prefix={self.prefix}", "--cflags", "--libs", "dmakit"],
                               env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        self.write("prog.c", "#include <dmakit/kernel.h>\nint main(void) { return dmk_bound_devices() ? 1 : 9; }\n")
        self.run_command("cc", "-o", "prog", "prog.c", *flags, status=0)
        self.run_command("./prog", status=9)


if __name__ == "__main__":
    unittest.main()
