#!/usr/bin/env python3
"""Draws docs/report-page.png anew: the page of the reference driver ringcard with two mistakes in it.

Usage: tests/page/picture.py BUILD-DIRECTORY

The picture's lines are those of whatever the driver is then, and its letters those of this computer: no test holds it to anything.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from chromium import Chromium

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MACHINES = ("pc", "pc-iommu-strict", "arm-noncoherent", "rpi-like")

# A header is looked at without a sync, and what the card still has is freed without an unmap.
MISTAKES = (
    ("\tdma_sync_single_for_cpu(card->dev, slot->dma, RING_HEADER, DMA_FROM_DEVICE);\n", ""),
    ("\t\tdma_unmap_single(card->dev, slot->dma, RING_BUFFER, DMA_FROM_DEVICE);\n\t\tring_free_frame(slot->frame);\n",
     "\t\tring_free_frame(slot->frame);\n"),
)


def write_page(dmakit, directory):
    driver = os.path.join(directory, "ringcard.c")
    for name in ("ringcard.h", "test.c"):
        shutil.copy(os.path.join(SOURCE, "drivers/ringcard", name), directory)
    with open(os.path.join(SOURCE, "drivers/ringcard/ringcard.c"), encoding="utf-8") as file:
        text = file.read()
    for right, wrong in MISTAKES:
        if text.count(right) != 1:
            sys.exit("picture.py: the driver has changed, and its mistakes must too")
        text = text.replace(right, wrong)
    with open(driver, "w", encoding="utf-8") as file:
        file.write(text)
    machines = [word for machine in MACHINES for word in ("--machine", machine)]
    subprocess.run([dmakit, "check", *machines, "--html", "report.html", "ringcard.c", "--", "test.c"], cwd=directory,
                   stdout=subprocess.DEVNULL, check=False)
    return os.path.join(directory, "report.html")


def draw(page, picture):
    browser = Chromium()
    try:
        browser.open(page, 1160, 1680)
        browser.js("findings.length && eachCard(false)")
        browser.frame()
        browser.screenshot(picture)
    finally:
        browser.close()


def main():
    picture = os.path.join(SOURCE, "docs/report-page.png")
    with tempfile.TemporaryDirectory() as directory:
        draw(write_page(os.path.abspath(os.path.join(sys.argv[1], "tools/dmakit")), directory), picture)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", picture, "128", picture], check=False)
    print(f"{picture}: {os.path.getsize(picture)} bytes")


if __name__ == "__main__":
    main()
