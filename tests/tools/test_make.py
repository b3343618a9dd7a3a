#!/usr/bin/env python3
"""Modules built by their own Makefile, as the kernel's build would, and loaded."""

import os
import unittest

from support import DMAKIT, DMAKIT_CC, Command, driver

# What people's Makefiles look like.
MAKEFILE = """ifneq ($(KERNELRELEASE),)
@KBUILD@
else
KDIR ?= /lib/modules/$(shell uname -r)/build
default:
	$(MAKE) -C $(KDIR) M=$(PWD) modules
clean:
	$(MAKE) -C $(KDIR) M=$(PWD) clean
install:
	$(MAKE) -C $(KDIR) M=$(PWD) INSTALL_MOD_PATH=$(PWD)/root modules_install
endif
"""
HELP = """#include <linux/module.h>
#include "help.h"
static int level = LEVEL;
module_param(level, int, 0444);
int help(void)
{
	return level;
}
"""
MAIN = driver(before='#include "help.h"', probe='dev_info(&pdev->dev, "%s of %s: %d\\n", KBUILD_BASENAME, KBUILD_MODNAME, help());')
TWO = "obj-m := my-card.o\nmy-card-objs := main.o\nmy-card-$(CONFIG_PCI) += help/help.o\nmy-card-$(CONFIG_NOT_THERE) += nothing.o\n" \
      "ccflags-y := -DLEVEL=4 -I$(src)/help\n"


class Make(Command):
    def env(self):
        return dict(super().env(), PWD=self.here)

    def tree(self, kbuild=TWO):
        os.mkdir(os.path.join(self.here, "help"))
        self.write("help/help.h", "int help(void);\n")
        self.write("help/help.c", HELP)
        self.write("main.c", MAIN)
        self.write("Makefile", MAKEFILE.replace("@KBUILD@", kbuild))

    def exists(self, name):
        return os.path.exists(os.path.join(self.here, name))

    def loads(self, *modules):
        return self.dmakit("check", "--verbose", *modules, status=0).stderr

    def make(self, *args, status=0):
        return self.dmakit("make", *args, status=status)

    def test_several_files_by_a_makefile_that_names_the_kernels_directory(self):
        self.tree()
        with open(os.path.join(self.here, "Makefile"), encoding="utf-8") as file:
            self.write("Makefile", file.read().replace("$(KDIR)", "/lib/modules/$(shell uname -r)/build"))
        done = self.make()
        self.assertIn("  CC [M]  help/help.o\n", done.stdout)
        self.assertEqual(done.stderr, "")
        log = self.loads("--param", "my_card.level=9", "my-card.ko")
        self.assertIn("main of my_card: 9", log)
        self.assertNotIn("[M]", self.make().stdout)
        self.make("install")
        self.assertTrue(self.exists("root/lib/modules/6.18.0-dmakit/updates/my-card.ko"))
        self.make("clean")
        self.assertFalse(self.exists("my-card.ko") or self.exists(".dmakit"))

    def test_by_hand_and_with_flags_that_change(self):
        self.tree()
        kdir = self.dmakit("--kbuild-dir", status=0).stdout.strip()
        self.run_command("make", "KDIR=" + kdir, status=0)
        self.assertIn("my_card: 4", self.loads("my-card.ko"))
        done = self.run_command("make", "-C", kdir, "M=" + self.here, "EXTRA_CFLAGS=-ULEVEL -DLEVEL=5", "modules", status=0)
        self.assertIn("CC [M]", done.stdout)
        self.assertIn("my_card: 5", self.loads("my-card.ko"))
        os.utime(os.path.join(self.here, "help/help.h"))
        self.assertEqual(self.run_command("make", "KDIR=" + kdir, "EXTRA_CFLAGS=-ULEVEL -DLEVEL=5", status=0).stdout.count("CC [M]"), 2)
        self.assertIn("M=", self.run_command("make", "-C", kdir, status=2).stderr)
        self.assertIn("neither a Kbuild nor a Makefile", self.run_command("make", "-C", kdir, "M=/nowhere", status=2).stderr)

    def test_several_modules_and_directories(self):
        for name in "provider", "client":
            os.mkdir(os.path.join(self.here, name))
        self.write("Makefile", "obj-m := provider/ client/\nsubdir-ccflags-y := -DANSWER=41\n")
        self.write("provider/Kbuild", "obj-m := provider.o\nCFLAGS_provider.o := -DMORE=1\n")
        self.write("provider/provider.c", "#include <linux/module.h>\nint ask(void);\nint ask(void)\n{\n\treturn ANSWER + MORE;\n}\n"
                   "EXPORT_SYMBOL(ask);\nMODULE_LICENSE(\"GPL\");\n")
        self.write("client/Makefile", "obj-m := client.o\n")
        self.write("client/client.c", driver(before="int ask(void);", probe='dev_info(&pdev->dev, "answer %d\\n", ask());'))
        kdir = self.dmakit("--kbuild-dir", status=0).stdout.strip()
        self.run_command("make", "-C", kdir, "M=" + self.here, status=0)
        self.assertIn("answer 42", self.loads("client/client.ko", "provider/provider.ko"))
        self.run_command("make", "-C", kdir, "M=" + self.here, "clean", status=0)
        self.assertFalse(self.exists("client/client.ko"))

    def test_another_linux_and_what_goes_wrong(self):
        self.write("card.c", driver(probe='dev_info(&pdev->dev, "code %x\\n", LINUX_VERSION_CODE);', before="#include <linux/version.h>"))
        self.write("Makefile", MAKEFILE.replace("@KBUILD@", "obj-m := card.o"))
        self.make("--linux", "6.1")
        self.assertIn("code 60100", self.loads("card.ko"))
        self.assertIn("card.ko is compiled already: --linux 5.4 is too late for it", self.loads("--linux", "5.4", "card.ko"))
        self.run_command("objcopy", "--add-section", ".gnu.linkonce.this_module=card.c", "card.ko", "kernels.ko", status=0)
        self.assertIn("kernels.ko was built for a kernel; build it with `dmakit make`", self.refused("check", "kernels.ko"))
        self.assertIn("no.ko is no object file", self.refused("check", self.write("no.ko", "text\n")))
        self.run_command(DMAKIT_CC, "-c", "card.c", status=0)
        self.assertIn("card.o was compiled without --watch", self.loads("card.o"))
        self.assertNotIn("without --watch", self.loads("card.ko") + self.loads("--watch", "page", "card.o"))
        self.assertIn("wants a version", self.make("--linux", "six", status=2).stderr)
        self.assertIn("--watch is ", self.make("--watch", "closely", status=2).stderr)
        os.mkdir(os.path.join(self.here, "inc"))
        self.write("inc/mine.h", "#include <linux/i2o.h>\n")
        self.write("Makefile", MAKEFILE.replace("@KBUILD@", "obj-m := card.o\nccflags-y := -I$(src)/inc -DX=ENOTHING"))
        self.write("card.c", "#include <mine.h>\nint x = X;\n")
        done = self.make(status=2)
        self.assertIn("error: linux/i2o.h: No such file", done.stderr)
        self.assertIn("\n  <linux/i2o.h> mine.h:1", done.stderr)
        self.write("card.c", "#include <linux/device.h>\nvoid *f(void);\nvoid *f(void)\n{\n\treturn class_create(NULL, \"x\");\n}\n")
        self.assertIn("card.c: written for another kernel than 6.18; compiles with --linux 6.1, ", self.make(status=2).stderr)

    def test_a_makefile_with_rules_of_its_own(self):
        self.tree()
        self.write("Makefile", "CFLAGS += -DLEVEL=6 -Ihelp\nmy_card: main.o help/help.o\n\t$(CC) -o $@ $^\n")
        self.run_command("make", "CC=" + DMAKIT_CC, "CFLAGS=-DLEVEL=6 -Ihelp -DKBUILD_MODNAME='\"my_card\"'", status=0)
        self.assertIn("main of my_card: 6", self.run_command("./my_card", "--verbose", status=0).stderr)
        self.assertIn("usage: dmakit make", self.run_command(DMAKIT, "make", "--help", status=0).stdout)


if __name__ == "__main__":
    unittest.main()
