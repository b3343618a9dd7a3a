#!/usr/bin/env python3
"""The layering test fires: small trees, each with one wall broken, and the same tree with none."""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layering  # noqa: E402

TABLE = """
| directory | may include | may call (symbols) | is |
|---|---|---|---|
| `include/dmakit` | each other | | one header per audience; `types port` are freestanding |
| `core/` | own, `dmakit/` freestanding ones | `mem*` and its own | the core |
| `kernel/` | own, `dmakit/{types,port}.h`, libc | core, libc | the world |
| `machine/sim`, `machine/qemu` | own, `dmakit/port.h`, libc; sim: libfdt | libc, libfdt; not core, not kernel, not each other | machines |
| `check/` | own, `dmakit/types.h`, libc | libc | the checker |
| `tools/` | everything under `dmakit/`, libc, libdw | all | commands |
| `bench/` | own, `core/`, libc | all | figures |
"""

CLEAN = {
    "docs/ARCHITECTURE.md": TABLE,
    "include/dmakit/types.h": "",
    "include/dmakit/port.h": "#include <dmakit/types.h>\n",
    "include/dmakit/check.h": "#include <dmakit/types.h>\n",
    "core/core.c": '#include <dmakit/types.h>\n#include <stdbool.h>\n#include "core.h"\n'
                   "void *memcpy(void *, const void *, unsigned long);\n"
                   "void dmk_core(char *p, const char *q, unsigned long n) { memcpy(p, q, n); }\n",
    "core/core.h": "",
    "kernel/kernel.c": "#include <stdlib.h>\nvoid dmk_core(char *, const char *, unsigned long);\n"
                       "void dmk_kernel(void) { dmk_core(malloc(1), 0, 0); }\n",
    "machine/sim/sim.c": "#include <stdio.h>\nvoid dmk_sim(void) { puts(\"\"); }\n",
    "machine/qemu/qemu.c": "#include <dmakit/port.h>\nvoid dmk_qemu(void) { }\n",
    "check/check.c": "#include <string.h>\nvoid dmk_check(void) { }\n",
    "tools/tools.c": "#include <dmakit/check.h>\nvoid dmk_kernel(void);\nint main(void) { dmk_kernel(); return 0; }\n",
}


class Layering(unittest.TestCase):
    def wrong(self, **changes):
        files = dict(CLEAN, **{name.replace("__", "/").replace("_DOT_", "."): text for name, text in changes.items()})
        with tempfile.TemporaryDirectory() as root:
            build = os.path.join(root, "build")
            archives = []
            for name, text in files.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
            for name in files:
                if name.endswith(".c"):
                    archives.append(self.archive(root, build, name))
            plan = layering.Plan(root)
            return (layering.check_includes(plan) + layering.check_calls(plan, build, archives) +
                    layering.check_names(plan, build, archives) + layering.check_paths(plan))

    @staticmethod
    def archive(root, build, name):
        directory = os.path.join(build, os.path.dirname(name))
        os.makedirs(directory, exist_ok=True)
        obj = os.path.join(directory, "x.o")
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-w", "-O0", "-fno-builtin", "-c", "-I", os.path.join(root, "include"), "-o", obj,
                        os.path.join(root, name)], check=True)
        out = os.path.join(directory, "libx.a")
        subprocess.run(["ar", "rc", out, obj], check=True)
        return out

    def assert_one(self, wrong, *words):
        self.assertEqual(len(wrong), 1, wrong)
        for word in words:
            self.assertIn(word, wrong[0])

    def test_a_clean_tree_is_silent(self):
        self.assertEqual(self.wrong(), [])

    def test_core_includes_libc(self):
        self.assert_one(self.wrong(core__core_DOT_c="#include <stdio.h>\n"), "core/core.c:1", "stdio.h")

    def test_core_calls_libc(self):
        self.assert_one(self.wrong(core__core_DOT_c="int puts(const char *);\nvoid dmk_core(void) { puts(\"\"); }\n"), "core", "puts")

    def test_checker_includes_a_header_of_another_audience(self):
        self.assert_one(self.wrong(check__check_DOT_c="#include <dmakit/port.h>\n"), "check/check.c:1", "dmakit/port.h")

    def test_checker_includes_the_core(self):
        self.assert_one(self.wrong(check__check_DOT_c='#include "../core/core.h"\n'), "check/check.c:1", "core")

    def test_who_is_named_for_the_core_includes_it_and_nothing_else(self):
        self.assertEqual(self.wrong(bench__bench_DOT_c='#include "../core/core.h"\n'), [])
        self.assert_one(self.wrong(bench__bench_DOT_c='#include "../kernel/kernel.c"\n'), "bench/bench.c:1", "kernel")

    def test_checker_calls_the_core(self):
        self.assert_one(self.wrong(check__check_DOT_c="void dmk_core(void);\nvoid dmk_check(void) { dmk_core(); }\n"), "check", "dmk_core")

    def test_machine_calls_another(self):
        self.assert_one(self.wrong(machine__sim__sim_DOT_c="void dmk_qemu(void);\nvoid dmk_sim(void) { dmk_qemu(); }\n"), "machine/sim", "dmk_qemu")

    def test_machine_calls_the_kernel_part(self):
        self.assert_one(self.wrong(machine__qemu__qemu_DOT_c="void dmk_kernel(void);\nvoid dmk_qemu(void) { dmk_kernel(); }\n"), "machine/qemu", "dmk_kernel")

    def test_a_library_that_only_one_machine_may_have(self):
        self.assertEqual(layering.LIBRARIES["libfdt"][0], "libfdt.h")
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "docs"))
            with open(os.path.join(root, "docs/ARCHITECTURE.md"), "w", encoding="utf-8") as out:
                out.write(TABLE)
            plan = layering.Plan(root)
            self.assertIn("libfdt.h", plan.may_include("machine/sim")[0])
            self.assertNotIn("libfdt.h", plan.may_include("machine/qemu")[0])

    def test_core_is_called_by_kernel_and_not_the_reverse(self):
        self.assert_one(self.wrong(core__core_DOT_c="void dmk_kernel(void);\nvoid dmk_core(void) { dmk_kernel(); }\n"), "core", "dmk_kernel")

    def test_a_global_without_the_prefix(self):
        self.assert_one(self.wrong(kernel__kernel_DOT_c="void kfree(void *p) { }\n"), "kernel", "kfree")

    def test_a_static_function_needs_no_prefix(self):
        self.assertEqual(self.wrong(kernel__kernel_DOT_c="static void kfree(void *p) { }\nvoid dmk_kernel(void) { kfree(0); }\n"), [])

    def test_a_path_of_one_machine(self):
        self.assert_one(self.wrong(check__check_DOT_c="/* see /" + "home/somebody/notes */\n"), "check/check.c:1")

    def test_a_table_that_is_gone(self):
        with self.assertRaises(SystemExit):
            layering.read_table("no table here\n")


if __name__ == "__main__":
    unittest.main()
