#!/usr/bin/env python3
"""dmakit run: a program of the user's own has the driver, the terminal and the exit status to itself."""

import os
import pty
import re
import signal
import subprocess
import time
import unittest

from support import BUILD, DMAKIT, MASK, SOURCE, Command, driver

EDU = os.path.join(SOURCE, "drivers/edu/edu.c")
LEAK = """{
	@MASK@		void *data = kmalloc(100, GFP_KERNEL);
		dma_addr_t dma = dma_map_single(&pdev->dev, data, 100, DMA_TO_DEVICE);

		if (dma_mapping_error(&pdev->dev, dma))
			return -ENOMEM;
	}""".replace("@MASK@", MASK)


# A misc device whose mmap() shows the card's registers.
WINDOW = driver(before="""#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
static struct pci_dev *card;
static int show(struct file *file, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, pci_resource_start(card, 0), pci_resource_len(card, 0));
}
static const struct file_operations fops = { .owner = THIS_MODULE, .mmap = show };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "window", .fops = &fops };
""", probe="int err = pcim_enable_device(pdev);\n\tif (err)\n\t\treturn err;\n\tcard = pdev;\n\terr = misc_register(&misc);\n\tif (err)\n\t\treturn err;",
                remove="misc_deregister(&misc);")
PEEK = """import ctypes, mmap, os
registers = mmap.mmap(os.open("/dev/window", os.O_RDWR), 4096)
liveness = ctypes.c_uint32.from_buffer(registers, 4)
liveness.value = 5
print(hex(ctypes.c_uint32.from_buffer(registers).value), hex(liveness.value))
"""


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "preload/libdmakit-preload.so")), "no preload library")
class Run(Command):
    def run_edu(self, *program, status=0, given=None, options=()):
        done = subprocess.run([DMAKIT, "run", *options, EDU, "--", *program], cwd=self.here, env=self.env(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, input=given, timeout=100, check=False)
        self.assertEqual(done.returncode, status, done)
        return done

    def test_streams_and_status_are_the_programs(self):
        done = self.run_edu("sh", "-c", "cat; echo to stderr >&2; exit 7", status=7, given=b"to stdin\n\xff")
        self.assertEqual((done.stdout, done.stderr), (b"to stdin\n\xff", b"to stderr\n"))
        self.run_edu("sh", "-c", "kill -9 $$", status=128 + 9)

    def test_the_usual_programs_reach_the_driver(self):
        script = """set -e
            echo 'from a shell' > /dev/edu0
            test "$(head -c 12 /dev/edu0)" = 'from a shell'
            dd if=/dev/edu0 bs=1 skip=5 count=7 2>/dev/null; echo
            printf 'SHELL' | dd of=/dev/edu0 bs=1 seek=7 conv=notrunc 2>/dev/null
            head -c 13 < /dev/edu0
            head -c 4 /dev/edu0 | od -An -tx1
            cat /dev/edu0 | wc -c
            python3 -c "f = open('/dev/edu0', 'r+b', buffering=0); f.write(b'py'); f.seek(0); print(f.read(4))"
            (echo in a subshell) 3<>/dev/edu0
            """
        done = self.run_edu("bash", "-c", script)
        self.assertEqual(done.stdout.decode().splitlines(),
                         ["a shell", "from a SHELL", " 66 72 6f 6d", "4092", "b'pyom'", "in a subshell"])
        self.assertEqual(done.stderr, b"")

    def test_a_program_maps_the_cards_registers(self):
        self.write("card.c", WINDOW)
        done = self.dmakit("run", "card.c", "--", "python3", "-c", PEEK, status=0)
        self.assertEqual((done.stdout, done.stderr), ("0x10000ed 0xfffffffa\n", ""))

    def test_findings_are_told_on_stderr_and_win_over_the_status(self):
        self.write("card.c", driver(probe=LEAK))
        done = self.dmakit("run", "card.c", "--", "sh", "-c", "echo mine; exit 7", status=1)
        self.assertEqual(done.stdout, "mine\n")
        self.assertIn("error STR-06", done.stderr)
        done = self.dmakit("run", "--findings", "found.txt", "--json", "r.json", "card.c", "--", "true", status=1)
        self.assertEqual(done.stderr + done.stdout, "")
        with open(os.path.join(self.here, "found.txt"), encoding="utf-8") as text:
            self.assertIn("error STR-06", text.read())
        self.assertTrue(os.path.exists(os.path.join(self.here, "r.json")))

    def test_a_clean_run_says_so_in_the_file_alone(self):
        self.run_edu("true", options=("--findings", "found.txt"))
        with open(os.path.join(self.here, "found.txt"), encoding="utf-8") as text:
            self.assertIn("no finding", text.read())

    def test_without_a_program_there_is_a_shell(self):
        done = subprocess.run([DMAKIT, "run", EDU], cwd=self.here, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              input="test -c /dev/edu0 && echo there; exit 3\n", text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "there\n", ""))

    def test_a_terminal_is_the_programs_ctrl_c_too(self):
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.here)
            os.execve(DMAKIT, [DMAKIT, "run", EDU], dict(self.env(), SHELL="/bin/sh", PS1="$ ", ENV=""))
        text = b""

        def read_until(wanted):
            nonlocal text
            while wanted not in text:
                text += os.read(terminal, 4096)
            text = text.split(wanted, 1)[1]

        read_until(b"/dev/edu0\r\n$ ")
        os.write(terminal, b"trap 'echo caught' INT; echo hello > /dev/edu0\n")
        read_until(b"edu0\r\n$ ")
        os.write(terminal, b"\x03")
        read_until(b"^C")
        os.write(terminal, b"head -c 5 /dev/edu0; exit 5\n")
        read_until(b"caught\r\n")  # dash runs a trap when the next line comes
        read_until(b"hello")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 5)
        os.close(terminal)

    def test_a_driver_that_does_not_let_go_is_left_by_ctrl_c(self):
        self.write("card.c", driver(before="#include <linux/delay.h>", remove='pr_info("for ever\\n");\n\tfor (;;)\n\t\tmsleep(10);'))
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.here)
            os.execve(DMAKIT, [DMAKIT, "run", "--verbose", "card.c", "--", "true"], self.env())
        text = b""
        while b"for ever" not in text:
            text += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
        self.assertIn(b"left no report: Interrupt", text + os.read(terminal, 65536))
        os.close(terminal)

    def test_a_signal_goes_on_to_the_program(self):
        script = "trap 'echo caught; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
        with subprocess.Popen([DMAKIT, "run", EDU, "--", "sh", "-c", script], cwd=self.here, env=self.env(), stdout=subprocess.PIPE,
                              text=True) as run:
            self.assertEqual(run.stdout.readline(), "ready\n")
            time.sleep(0.05)
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.stdout.read(), "caught\n")
            self.assertEqual(run.wait(), 4)

    def test_what_makes_no_sense_is_refused(self):
        for options, why in ((["--machine", "all"], "one machine"), (["--json", "-"], "the program's"), (["--explore", "3"], "unknown option"),
                             (["--fail", "each"], "unknown option"), (["--findings", "no/such/place"], None)):
            done = self.dmakit("run", *options, EDU, "--", "true", status=2)
            self.assertIn(why or "no/such/place", done.stderr)
        self.assertIn("unknown option --findings", self.refused("check", "--findings", "f", EDU))
        self.assertIn("which driver?", self.refused("run"))
        self.assertIn("no program that can be started", self.refused("run", EDU, "--", "./nowhere"))
        self.assertIn("run: which driver?", self.refused("run", "--", "true"))

    def test_a_driver_without_a_card(self):
        self.write("words.c", """#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
static char text[64];
static ssize_t words_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, text, strlen(text));
}
static ssize_t words_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	if (size >= sizeof(text))
		return -EINVAL;
	memset(text, 0, sizeof(text));
	return copy_from_user(text, from, size) ? -EFAULT : size;
}
static const struct file_operations fops = { .owner = THIS_MODULE, .read = words_read, .write = words_write };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "words", .fops = &fops };
module_misc_device(misc);
MODULE_LICENSE("GPL");
""")
        script = "echo hello > /dev/words && cat /dev/words; printf %070d > /dev/words || echo too long"
        done = self.dmakit("run", "words.c", "--", "bash", "-c", script, status=0)
        self.assertEqual(done.stdout, "hello\ntoo long\n")
        self.assertIn("Invalid argument", done.stderr)
        self.assertIn("default exercise of 1 file", self.dmakit("check", "words.c", status=0).stdout)

    def test_a_static_program_is_refused(self):
        self.write("app.c", "int main(void) { return 0; }\n")
        self.run_command("cc", "-static", "-o", "app", "app.c", status=0)
        self.assertIn("is linked statically and would see no driver", self.refused("run", EDU, "--", "./app"))
        self.assertIn("is linked statically and would see no driver", self.refused("check", EDU, "--", "./app"))

    def test_a_driver_that_crashes_ends_the_program(self):
        self.write("card.c", driver(remove="*(volatile int *)8 = 1;"))
        done = self.dmakit("run", "card.c", "--", "echo", "mine", status=1)
        self.assertEqual(done.stdout, "mine\n")
        self.assertRegex(done.stderr, r"crashed|crash")

    def test_help(self):
        text = self.dmakit("run", "--help", status=0).stdout
        self.assertTrue(text.startswith("usage: dmakit run "))
        named = set(re.findall(r"--[a-z-]+", text))
        self.assertIn("--findings", named)


if __name__ == "__main__":
    unittest.main()
