#!/usr/bin/env python3
"""scripts/wild: what it says of packages that can't be had, sources that don't compile, and findings that are not as listed."""

import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["DMAKIT_SOURCE"], "tests/tools"))

from support import BUILD, MASK, SOURCE, Command, driver  # noqa: E402

WILD = os.path.join(SOURCE, "scripts/wild")
LEAK = MASK + "dma_map_single(&pdev->dev, kmalloc(64, GFP_KERNEL), 64, DMA_TO_DEVICE);"

DESCRIPTION = """title = "a card"
package = "acme-dkms"
root = "usr/src/acme-*"
files = ["card.c"]

[[run]]
name = "probed"
machines = ["pc"]
options = ["--device", "edu"]
"""

FINDING = """
[[finding]]
rule = "@RULE@"
function = "@FUNCTION@"
what = "known"
"""


@unittest.skipUnless(shutil.which("dpkg-deb"), "no dpkg-deb here")
class Wild(Command):
    def setUp(self):
        super().setUp()
        self.tools = os.path.join(self.here, "bin")
        os.mkdir(self.tools)
        self.apt("exit 100")

    def apt(self, what):
        path = os.path.join(self.tools, "apt-get")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f'#!/bin/sh\ncase "$*" in *--print-uris*) exit 0 ;; esac\necho apt was asked >>"{self.here}/asked"\n{what}\n')
        os.chmod(path, 0o755)

    def package(self, source):
        """acme-dkms, with a source in it, is what apt-get downloads."""
        root = os.path.join(self.here, "package")
        for directory in ("DEBIAN", "usr/src/acme-1.0"):
            os.makedirs(os.path.join(root, directory), exist_ok=True)
        with open(os.path.join(root, "DEBIAN/control"), "w", encoding="utf-8") as out:
            out.write("Package: acme-dkms\nVersion: 1.0-1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: a card\n")
        with open(os.path.join(root, "usr/src/acme-1.0/card.c"), "w", encoding="utf-8") as out:
            out.write(source)
        deb = os.path.join(self.here, "acme-dkms_1.0-1_all.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, deb], check=True, stdout=subprocess.DEVNULL)
        self.apt(f'cp "{deb}" .')

    def wild(self, *args, description=DESCRIPTION, status):
        os.makedirs(os.path.join(self.here, "wild"), exist_ok=True)
        self.write("wild/acme.toml", description)
        done = self.run_command(WILD, "--build", os.path.dirname(BUILD), "--from", os.path.join(self.here, "wild"), *args, status=status,
                                PATH=self.tools + os.pathsep + os.environ["PATH"], DMAKIT_WILD_CACHE=os.path.join(self.here, "cache"))
        return done.stdout + done.stderr

    def test_without_a_network_it_fails_and_says_so(self):
        text = self.wild(status=1)
        self.assertIn("acme-dkms can't be had: is there a network", text)
        self.assertRegex(text, r"(?m)^0 passed, 1 failed$")

    def test_what_was_fetched_is_not_fetched_again(self):
        self.package(driver(MASK))
        self.assertRegex(self.wild(status=0), r"(?m)^2 passed, 0 failed$")
        self.apt("exit 100")
        self.assertRegex(self.wild(status=0), r"(?m)^2 passed, 0 failed$")
        with open(os.path.join(self.here, "asked"), encoding="utf-8") as asked:
            self.assertEqual(len(asked.readlines()), 1)

    def test_a_source_that_does_not_link_is_told_with_all_it_lacks(self):
        self.package(driver("{ extern int first_thing(void), second_thing(void); if (first_thing() | second_thing()) return -EIO; }"))
        text = self.wild(status=1)
        self.assertIn("missing: first_thing, second_thing", text)
        self.assertRegex(text, r"(?m)^0 passed, 2 failed$")

    def test_a_finding_is_to_be_listed(self):
        self.package(driver(LEAK))
        text = self.wild(status=1)
        self.assertRegex(text, r"finding [A-Z]{3}-\d\d in card_probe\(\)")
        self.assertRegex(text, r"(?m)^1 passed, 1 failed$")

    def test_what_is_listed_is_to_be_found(self):
        self.package(driver(MASK))
        listed = DESCRIPTION + FINDING.replace("@RULE@", "STR-02").replace("@FUNCTION@", "card_probe")
        self.assertIn("STR-02 in card_probe() is listed, and was not found", self.wild(description=listed, status=1))

    def test_a_file_that_is_not_in_the_package_is_named(self):
        self.package(driver(MASK))
        self.assertIn("not in the package: usr/src/acme-*/card.h", self.wild(description=DESCRIPTION.replace('"card.c"', '"card.c", "card.h"'), status=1))

    def test_a_key_that_is_none_is_refused(self):
        self.assertIn("no such key: machine in [run]", self.wild(description=DESCRIPTION + 'machine = "pc"\n', status=1))

    def test_a_name_that_is_none_is_refused(self):
        self.assertIn("there is no nothing; there are acme", self.wild("nothing", status=1))


if __name__ == "__main__":
    unittest.main()
