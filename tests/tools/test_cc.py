#!/usr/bin/env python3
"""dmakit-cc as the compiler that it stands in for."""

import os
import unittest

from support import DMAKIT_CC, Command

WORLD = """
#include <linux/types.h>
#ifndef __KERNEL__
#error no __KERNEL__
#endif
#ifndef MODULE
#error no MODULE
#endif
const char *const name = KBUILD_MODNAME;
"""

HOST = """
#include <dmakit/types.h>
#include <stdio.h>
#ifdef __KERNEL__
#error a test is no kernel code
#endif
"""


class Cc(Command):
    def cc(self, *args, status=0):
        return self.run_command(DMAKIT_CC, *args, status=status)

    def strings(self, path):
        with open(os.path.join(self.here, path), "rb") as file:
            return file.read()

    def test_a_driver_gets_the_kernels_world(self):
        self.write("my-card.v2.c", WORLD)
        self.cc("-c", "my-card.v2.c")
        self.assertIn(b"my_card_v2\0", self.strings("my-card.v2.o"))

    def test_a_test_gets_the_hosts_world(self):
        self.write("test.c", HOST)
        self.cc("-c", "test.c")

    def test_modname_of_the_users_own_wins(self):
        self.write("card.c", WORLD)
        self.cc("-c", '-DKBUILD_MODNAME="mine"', "card.c", "-Werror")
        self.assertIn(b"mine\0", self.strings("card.o"))

    def test_several_sources_each_get_their_name(self):
        self.write("one.c", WORLD)
        self.write("two.c", WORLD)
        self.cc("-c", "one.c", "two.c")
        self.assertIn(b"one\0", self.strings("one.o"))
        self.assertIn(b"two\0", self.strings("two.o"))

    def test_output_forms(self):
        self.write("card.c", WORLD)
        self.cc("-c", "card.c", "-oa.o")
        self.cc("card.c", "-c", "-o", "b.o")
        self.assertTrue(os.path.exists(os.path.join(self.here, "a.o")))
        self.assertTrue(os.path.exists(os.path.join(self.here, "b.o")))

    def test_preprocess_assemble_and_dependencies(self):
        self.write("card.c", WORLD)
        self.assertIn('name = "card"', self.cc("-E", "card.c").stdout)
        self.cc("-S", "card.c")
        self.assertTrue(os.path.exists(os.path.join(self.here, "card.s")))
        self.assertIn("linux/types.h", self.cc("-M", "card.c").stdout)
        self.cc("-c", "-MMD", "-MF", "card.d", "card.c")
        self.assertTrue(os.path.exists(os.path.join(self.here, "card.d")))

    def test_a_program_with_its_own_main(self):
        self.write("prog.c", "int main(void) { return 7; }\n")
        self.cc("-o", "prog", "prog.c")
        self.run_command("./prog", status=7)

    def test_names_with_spaces_and_quotes(self):
        self.write("a 'b\" c.c", "int main(void) { return TEXT[0] == 'x' ? 5 : 6; }\n")
        self.cc("-DTEXT=\"x y\"", "-o", "out file", "a 'b\" c.c")
        self.run_command("./out file", status=5)

    def test_objects_and_archives_keep_their_order(self):
        self.write("main.c", "int f(void);\nint main(void) { return f(); }\n")
        self.write("f.c", "int f(void) { return 9; }\n")
        self.cc("-c", "f.c")
        self.run_command("ar", "rc", "libf.a", "f.o", status=0)
        self.cc("-o", "prog", "main.c", "-L.", "-lf")
        self.run_command("./prog", status=9)

    def test_linux_version(self):
        self.write("card.c", "unsigned version = DMK_LINUX_VERSION;\n")
        self.assertIn("version = %d;" % (6 << 16 | 1 << 8), self.cc("--linux", "6.1", "-E", "card.c").stdout)
        self.assertIn("version = %d;" % (5 << 16 | 10 << 8 | 7), self.cc("--linux=5.10.7", "-E", "card.c").stdout)
        for wrong in ("six", "6", "6.x", "", "6.12x", "2.4", "7.0"):
            done = self.cc("--linux=" + wrong, "-c", "card.c", status=2)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def watched(self, source, *options, call="dmk_watch_write"):
        self.write("card.c", source)
        self.cc(*options, "-c", "card.c")
        return call in self.run_command("nm", "-u", "card.o", status=0).stdout

    def test_STR_03_a_drivers_accesses_are_watched_and_a_tests_are_not(self):
        store = "void f(int *at) { *at = 1; }\n"
        self.assertTrue(self.watched(store, "--watch"))
        self.assertTrue(self.watched(store, "--watch=instrumented"))
        self.assertFalse(self.watched(store))
        self.assertFalse(self.watched(store, "--watch=none"))
        self.assertTrue(self.watched(store, "--watch", "-fsanitize=undefined"))
        self.assertFalse(self.watched(store, "--watch", "-fsanitize=undefined,address"))
        self.assertTrue(self.watched(store, "--watch", "-fsanitize=undefined,address", call="dmk_watch_asan_store"))
        self.assertTrue(self.watched(store, "--watch=asan", call="dmk_watch_asan_store"))
        self.assertFalse(self.watched(store, "-fsanitize=address", call="dmk_watch"))
        self.assertFalse(self.watched(store, "--watch=asan", "-fsanitize=thread", call="dmk_watch"))
        self.assertFalse(self.watched(store, "--watch=page", call="dmk_watch"))
        self.assertFalse(self.watched("#include <dmakit/test.h>\n" + store, "--watch"))
        self.assertEqual(len(self.cc("--watch=closely", "-c", "card.c", status=2).stderr.splitlines()), 1)

    def test_STR_03_no_sanitizer_is_linked_to_what_is_watched(self):
        self.write("card.c", "int main(void) { static char at[64]; __builtin_memset(at, 1, sizeof(at)); return at[63]; }\n")
        self.cc("--watch", "-o", "prog", "card.c")
        self.run_command("./prog", status=1)
        self.assertNotIn("tsan", self.run_command("ldd", "prog", status=0).stdout)

    def test_the_newest_version_is_what_the_headers_speak(self):
        self.write("card.c", '#include <linux/version.h>\n_Static_assert(LINUX_VERSION_CODE == KERNEL_VERSION(6, 18, 0), "");\n')
        self.cc("-c", "card.c")
        self.cc("--linux", "6.18", "-c", "card.c")
        self.cc("--linux", "6.19", "-c", "card.c", status=2)

    def test_errors_are_the_compilers(self):
        self.write("card.c", "int x = ;\n")
        done = self.cc("-c", "card.c", status=1)
        self.assertIn("card.c:1", done.stderr)
        self.cc("-c", "nowhere.c", status=1)

    def test_questions_are_passed_on(self):
        self.assertTrue(self.cc("--version").stdout)
        self.assertTrue(self.cc("-dumpmachine").stdout.strip())
        self.assertIn("usage: dmakit-cc", self.cc("--help").stdout)

    def test_a_shared_object_gets_no_library(self):
        self.write("lib.c", "int f(void) { return 1; }\n")
        self.cc("-shared", "-fPIC", "-o", "lib.so", "lib.c")
        self.assertNotIn(b"dmk_boot", self.strings("lib.so"))


if __name__ == "__main__":
    unittest.main()
