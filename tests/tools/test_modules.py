#!/usr/bin/env python3
"""Several files in a module, and several modules in a machine: names, order, what is shared and what is not."""

import os
import unittest

from support import SOURCE, Command, driver

PROVIDER = """#include <linux/module.h>
int answer;
int debug = 1;
static int first = 40;
module_param(first, int, 0444);
int ask_provider(void)
{
	return answer + debug;
}
EXPORT_SYMBOL_GPL(ask_provider);
static int __init provider_init(void)
{
	answer = first;
	pr_info("provider is up\\n");
	return @RESULT@;
}
static void __exit provider_exit(void)
{
	pr_info("provider goes\\n");
}
module_init(provider_init);
module_exit(provider_exit);
MODULE_LICENSE("GPL");
"""

CLIENT = """int ask_provider(void);
int debug = 2;
static int extra;
module_param(extra, int, 0444);"""
CLIENT_PROBE = 'dev_info(&pdev->dev, "the answer is %d, mine %d\\n", ask_provider() + extra, debug);'


class Modules(Command):
    def files(self, result="0", client=CLIENT):
        self.write("provider.c", PROVIDER.replace("@RESULT@", result))
        self.write("client.c", driver(before=client, probe=CLIENT_PROBE, remove='dev_info(&pdev->dev, "client goes\\n");'))

    def check(self, *args, status=0):
        return self.dmakit("check", "--verbose", "--watch", "none", *args, status=status)

    def test_the_provider_is_loaded_first_and_leaves_last_in_whatever_order_they_are_given(self):
        self.files()
        for order in ("provider.c", "client.c"), ("client.c", "provider.c"):
            log = self.check(*order).stderr
            places = [log.index(text) for text in ("provider is up", "the answer is 41, mine 2", "client goes", "provider goes")]
            self.assertEqual(places, sorted(places))
            self.assertNotIn("dmakit:", log)

    def test_a_client_that_was_loaded_first_waits_for_its_provider_and_leaves_before_it(self):
        for name in "uart.h", "uart.c":
            with open(os.path.join(SOURCE, "drivers/uart", name), encoding="utf-8") as file:
                self.write(name, file.read().replace('MODULE_SOFTDEP("pre: dmac");', ""))
        alone = self.dmakit("check", "--machine", "pc", "uart.c", status=1)
        self.assertRegex(alone.stdout, r"probe of .*\.uart waits \(-EPROBE_DEFER\)")
        both = self.dmakit("check", "--machine", "pc", "uart.c", os.path.join(SOURCE, "drivers/dmac/dmac.c"))
        self.assertNotIn("problem", both.stdout)

    def test_each_module_has_parameters_of_its_own(self):
        self.files()
        log = self.check("--param", "client.extra=5", "--param", "provider.first=1", "client.c", "provider.c").stderr
        self.assertIn("the answer is 7, mine 2", log)

    def test_an_unknown_parameter_is_told_from_those_there_are(self):
        self.files()
        error = self.check("--param", "client.extro=5", "client.c", "provider.c", status=2).stderr
        self.assertIn("no module parameter client.extro; did you mean client.extra?", error)
        error = self.check("--param", "other.x=5", "client.c", "provider.c", status=2).stderr
        self.assertIn("no module parameter other.x; there are ", error)
        self.assertIn("provider.first", error)

    def test_what_is_used_and_not_exported_is_said(self):
        self.files(client=CLIENT.replace("debug = 2;", "debug = 2;\nextern int answer;"))
        self.write("client.c", driver(before=CLIENT + "\nextern int answer;", probe=CLIENT_PROBE + "answer++;"))
        error = self.check("client.c", "provider.c").stderr
        self.assertIn("dmakit: client uses answer of provider, which does not export it: a kernel would not load client", error)
        self.assertNotIn("ask_provider of", error)

    def test_a_module_is_not_loaded_after_one_that_failed(self):
        self.files(result="-12")
        done = self.check("client.c", "provider.c", status=1)
        self.assertIn("loading the module provider failed", done.stdout)
        self.assertNotIn("the answer is", done.stderr)

    def test_two_modules_of_one_name_are_refused(self):
        self.files()
        with open(self.write("client-.c", driver()), encoding="utf-8"):
            pass
        self.write("client_.c", driver())
        self.assertIn("two modules are called client_: client-.c and client_.c", self.refused("check", "client-.c", "client_.c"))

    def test_files_without_an_init_belong_to_the_module_that_has_one(self):
        self.write("card.c", driver(before="int help(void);", probe='dev_info(&pdev->dev, "help says %d\\n", help());'))
        self.write("help.c", """#include <linux/module.h>
static int level = 3;
module_param(level, int, 0444);
int help(void);
int help(void)
{
	__module_get(THIS_MODULE);
	module_put(THIS_MODULE);
	pr_info("%s has %d\\n", KBUILD_MODNAME, module_refcount(THIS_MODULE));
	return level;
}
""")
        for order in ("card.c", "help.c"), ("help.c", "card.c"):
            log = self.check("--param", "card.level=8", *order).stderr
            self.assertIn("help says 8", log)
            self.assertIn("card has 0", log)

    def test_each_kind_of_init_begins_a_module(self):
        for number, line in enumerate(("module_init(f);", "late_initcall_sync (f);", "module_driver(v, f, g);")):
            text = "#include <linux/module.h>\n#include <linux/init.h>\n#include <linux/miscdevice.h>\nint v;\nstatic int level;\n" \
                   "module_param(level, int, 0);\n#define module_x() 0\nstatic int f(void *x)\n{\n\treturn 0;\n}\n"
            self.write(f"k{number}.c", text.replace("(void *x)", "(int *x)" if "driver" in line else "(void)") +
                       "static void g(int *x)\n{\n}\n" * ("driver" in line) + line + "\n")
        error = self.check("--param", "somewhere.else=1", "k0.c", "k1.c", "k2.c", status=2).stderr
        self.assertIn("there are k0.level, k1.level, k2.level", error)

    def test_a_file_goes_with_the_module_before_it(self):
        self.files()
        self.write("more.c", "#include <linux/module.h>\nint debug_of_client(void);\nstatic int more;\nmodule_param(more, int, 0444);\n"
                   "extern int debug;\nint debug_of_client(void)\n{\n\treturn debug + more;\n}\n")
        self.write("client.c", driver(before=CLIENT + "\nint debug_of_client(void);",
                                      probe='dev_info(&pdev->dev, "%d\\n", 100 * debug_of_client() + ask_provider());'))
        log = self.check("--param", "client.more=3", "provider.c", "client.c", "more.c").stderr
        self.assertIn(" 541", log)

    def test_reload_begins_with_the_data_of_the_first_time(self):
        counted = """static int loads, fresh = 5, *where = &fresh, table[2000];
static int most;
module_param(most, int, 0444);"""
        self.write("card.c", driver(before=counted, probe='dev_info(&pdev->dev, "load %d, fresh %d, where %d, table %d, most %d\\n", ++loads, '
                                    '*where, *where == 5, table[1999], most);\n\ttable[1999] = 7;\n\tfresh++;', remove="where = NULL;"))
        for build in ([], ["--watch", "asan"]):
            log = self.check("--reload", "2", "--param", "card.most=3", *build, "card.c").stderr
            self.assertEqual(log.count("load 1, fresh 5, where 1, table 0, most 3"), 3, log)
        self.assertIn("--reload does not go with --fail", self.refused("check", "--reload", "1", "--fail", "1", "card.c"))
        self.refused("check", "--reload", "0", "card.c")

    def test_what_a_second_load_finds_is_a_finding(self):
        self.files()
        # The number is taken, and not given back: a second load can't have it.
        self.write("card.c", driver(before="#include <linux/fs.h>\nstatic const struct file_operations fops = { };",
                                    probe='return register_chrdev(77, "card", &fops);'))
        self.assertIn("no finding", self.check("card.c").stdout)
        done = self.check("--reload", "1", "card.c", "provider.c", status=1)
        self.assertIn("probe of 0000:00:01.0 failed", done.stdout)
        self.assertEqual(done.stderr.count("provider is up"), 2)

    def test_softdep_orders_too(self):
        self.files()
        self.write("client.c", driver(probe='dev_info(&pdev->dev, "client is up\\n");') + 'MODULE_SOFTDEP("pre: provider");\n')
        log = self.check("client.c", "provider.c").stderr
        self.assertLess(log.index("provider is up"), log.index("client is up"))


if __name__ == "__main__":
    unittest.main()
