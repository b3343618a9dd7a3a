"""What the tests of the commands share: where things are, a small driver to vary, and a run of a command."""

import json
import os
import pty
import subprocess
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

BUILD = os.environ["DMAKIT_BUILD"]
SOURCE = os.environ["DMAKIT_SOURCE"]
DMAKIT = os.path.join(BUILD, "dmakit")
DMAKIT_CC = os.path.join(BUILD, "dmakit-cc")

DRIVER = """#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

@BEFORE@
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	@PROBE@
	return 0;
}

static void card_remove(struct pci_dev *pdev)
{
	@REMOVE@
}

static const struct pci_device_id card_ids[] = { { PCI_DEVICE(@ID@) }, { } };
MODULE_DEVICE_TABLE(pci, card_ids);

static struct pci_driver card_driver = {
	.name = "card",
	.id_table = card_ids,
	.probe = card_probe,
	.remove = card_remove,
};
module_pci_driver(card_driver);
MODULE_LICENSE("GPL");
"""


# What a driver says before it does any DMA.
MASK = """if (dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32)))
		return -EIO;
	"""


def driver(probe="", remove="", before="", ident="0x1234, 0x11e8"):
    text = DRIVER
    for name, value in (("PROBE", probe), ("REMOVE", remove), ("BEFORE", before), ("ID", ident)):
        text = text.replace(f"@{name}@", value)
    return text


def line_of(text, part):
    """The number of the first line that has the part in it."""
    for number, line in enumerate(text.splitlines(), 1):
        if part in line:
            return number
    raise AssertionError(f"{part} is not in the text")


class Command(unittest.TestCase):
    """A test in a directory of its own, with a TMPDIR of its own that must be empty at the end."""

    maxDiff = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.here = os.path.join(holder.name, "here")
        self.temp = os.path.join(holder.name, "temp")
        os.mkdir(self.here)
        os.mkdir(self.temp)

    def tearDown(self):
        self.assertEqual(os.listdir(self.temp), [], "temporary files are left")

    def write(self, name, text):
        path = os.path.join(self.here, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def env(self):
        env = dict(os.environ, TMPDIR=self.temp)
        env.pop("MAKEFLAGS", None)
        return env

    def run_command(self, *args, status=None, timeout=100, **variables):
        done = subprocess.run(args, cwd=self.here, env=dict(self.env(), **variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", timeout=timeout, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{args}\nstdout:\n{done.stdout}\nstderr:\n{done.stderr}")
        return done

    def on_a_terminal(self, *args):
        """What a command writes to a terminal."""
        chunks = []
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.here)
            os.execvpe(args[0], args, dict(self.env(), TERM="xterm", NO_COLOR=""))
        try:
            while chunk := os.read(terminal, 65536):
                chunks.append(chunk)
        except OSError:
            pass  # it has ended
        os.close(terminal)
        os.waitpid(pid, 0)
        return b"".join(chunks).decode("utf-8", "replace").replace("\r\n", "\n")

    def dmakit(self, *args, status=None):
        return self.run_command(DMAKIT, *args, status=status)

    def refused(self, *args):
        """It could not run: status 2, nothing on standard output, one line on standard error."""
        done = self.dmakit(*args, status=2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("dmakit: "), done.stderr)
        return done.stderr


class Check(Command):
    def check(self, source, *args, status):
        self.write("card.c", source)
        return self.dmakit("check", *args[:len(args) - args[::-1].index("--") - 1] if "--" in args else args, "card.c",
                           *(args[args.index("--"):] if "--" in args else ()), status=status)

    def report(self, source, *args, status):
        """The JSON report, held to its schema."""
        self.check(source, "--json", "report.json", *args, status=status)
        with open(os.path.join(self.here, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assert_schema(report)
        return report

    def assert_schema(self, report):
        with open(os.path.join(SOURCE, "docs/report.schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        if jsonschema:
            jsonschema.validate(report, schema)
        else:
            self.assertEqual(set(report), set(schema["required"]))
