# SPDX-License-Identifier: MIT
"""ISA-03 on QEMU: the reference drivers of the Sound Blaster and of the floppy, unmodified, over its i8257.

What the card played is in a file of QEMU's (its audio backend "wav"); what the disk holds, in a file that is made here.
Usage: test_isa.py DMAKIT SOURCE_ROOT
"""
import array
import os
import random
import subprocess
import sys
import tempfile
import unittest

DMAKIT, ROOT = sys.argv[1:3]
DISK = 1474560
PLAYED = 5000


def source(name):
    return os.path.join(ROOT, name)


def check(device, driver, *test, bits=None):
    env = dict(os.environ, **({"SB16_BITS": str(bits)} if bits else {}))
    command = [DMAKIT, "check", "--machine", "qemu-pc", "--device", device, "--param", "floppy.spin_up=0"]
    if driver != "floppy":
        command = command[:-2]
    command += [source(f"drivers/{driver}/{driver}.c"), "--", *test]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def played(bits):
    """The bytes that sb16_wave.c plays."""
    word, data = bits, bytearray()
    for _ in range(PLAYED):
        word = (word * 1664525 + 1013904223) & 0xffffffff
        data.append(word >> 24)
    return bytes(data)


def samples(bits):
    """What QEMU makes of them: 16 bits, and of 8-bit ones 127 is the middle."""
    data = played(bits)
    if bits == 16:
        return array.array("h", data).tolist()
    return [((byte - 127) << 8) + 32768 & 0xffff for byte in data]


class Isa(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def expect_clean(self, run):
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def play(self, bits):
        wave = self.path("played.wav")
        self.expect_clean(check(f"sb16,wav={wave}", "sb16", source("tests/qemu/sb16_wave.c"), bits=bits))
        with open(wave, "rb") as file:
            data = file.read()[44:]
        # Two sides that are the same: what is mono is heard on both.
        left = array.array("h", data[:len(data) // 4 * 4]).tolist()[::2]
        wanted = samples(bits)
        if bits == 8:
            wanted = [value - 32768 for value in wanted]
        self.assertEqual(left[:len(wanted)], wanted)

    def test_ISA_03_eight_bits_are_played(self):
        self.play(8)

    def test_ISA_03_sixteen_bits_are_played(self):
        self.play(16)

    def test_ISA_03_the_sb16_driver_is_right(self):
        self.expect_clean(check("sb16", "sb16", source("drivers/sb16/test.c")))

    def test_ISA_03_a_floppy_is_read_and_written(self):
        image = self.path("disk.img")
        with open(image, "wb") as file:
            file.write(random.Random(1).randbytes(DISK))
        device = f"fdc,image={image}"
        self.expect_clean(check(device, "floppy", source("drivers/floppy/test.c")))
        self.expect_clean(check(device, "floppy", "cmp", "-n", "300000", "/dev/floppy0", image))
        other = self.path("other.img")
        with open(other, "wb") as file:
            file.write(random.Random(1).randbytes(DISK)[:100000] + bytes(1))
        self.assertEqual(check(device, "floppy", "cmp", "-n", "100001", "/dev/floppy0", other).returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
