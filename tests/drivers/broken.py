#!/usr/bin/env python3
"""Reference drivers, each broken in one place as drivers are: exactly one finding, of the rule that is broken; where one mistake breaks more
than one rule, or is seen beside more than one buffer, the first is of the first. The drivers as they are give none: that is what the other tests of this directory say.

broken.py DMAKIT SOURCE-ROOT [WORD OF A CASE'S NAME]
"""

import json
import os
import subprocess
import sys
import tempfile

# driver, how it is broken, the rule (and those that follow from it) or the runner's words, arguments, call that is made to fail (text of its line, or None), (what it was, what it is)...
# A client and its provider, of which one is broken; the test is the client's.
PROVIDER = ["@ROOT@/drivers/dmac/dmac.c"]
CLIENT = ["@ROOT@/drivers/uart/uart.c"]
SB16 = ["--machine", "pc-isa", "--device", "sb16"]
FLOPPY = ["--machine", "pc-isa", "--device", "fdc", "--param", "floppy.spin_up=0"]
CASES = [
    ("hba", "forgets scsi_dma_unmap", "SYN-02 MEM-05 SGL-06 STR-06", ["--machine", "pc"], None,
     ("\tscsi_dma_unmap(cmd);\n\tdma_pool_free(hba->blocks, request->block,", "\tdma_pool_free(hba->blocks, request->block,")),
    ("hba", "is busy and leaves the data mapped", "SGL-06", ["--machine", "pc"], "sense = dma_map_single(",
     ("unmap_data:\n\tscsi_dma_unmap(cmd);\n", "unmap_data:\n")),
    ("hba", "is busy and forgets its block", "POL-05", ["--machine", "pc"], "nseg = scsi_dma_map(cmd);",
     ("\tif (nseg < 0)\n\t\tgoto free_block;", "\tif (nseg < 0)\n\t\treturn nseg;")),
    ("hba", "never looks whether the sense buffer was mapped", "STR-02", ["--machine", "pc"], None,
     ("\tif (dma_mapping_error(hba->dev, sense))\n\t\tgoto unmap_data;\n", ""),
     ("unmap_data:\n\tscsi_dma_unmap(cmd);\n", "")),
    ("hba", "maps the sense buffer in the wrong direction", "DIR-03", ["--machine", "pc"], None,
     ("SCSI_SENSE_BUFFERSIZE, DMA_FROM_DEVICE);\n\tif", "SCSI_SENSE_BUFFERSIZE, DMA_TO_DEVICE);\n\tif"),
     ("SCSI_SENSE_BUFFERSIZE, DMA_FROM_DEVICE);\n\tscsi", "SCSI_SENSE_BUFFERSIZE, DMA_TO_DEVICE);\n\tscsi")),
    ("hba", "sleeps in queuecommand", "COH-06", ["--machine", "pc"], None,
     ("dma_pool_zalloc(hba->blocks, GFP_ATOMIC,", "dma_pool_zalloc(hba->blocks, GFP_KERNEL,")),
    ("hba", "thinks that every card has 64 address bits", "STR-10", ["--machine", "pc", "--device", "hba,dma_bits=32"], None,
     ("u32 bits = readl(hba->regs + HBA_ADDRESS_BITS);", "u32 bits = 64;")),
    ("hba", "rings a doorbell that waits for nothing", "COH-05 STR-07 STR-10", ["--machine", "arm-noncoherent"], None,
     ("\twritel(slot, hba->regs + HBA_DOORBELL);", "\twritel_relaxed(slot, hba->regs + HBA_DOORBELL);")),
    ("hba", "moves what is read into the wrong pieces", "problem: give other bytes than were written", ["--machine", "pc"], None,
     ("\t\tblock->segment[i].address =", "\t\tblock->segment[i ^ OTHER].address ="),
     ("\t\tblock->segment[i].length =", "\t\tblock->segment[i ^ OTHER].length ="),
     ("#define HBA_BAR ", "#define OTHER (!(nseg & 1) && block->direction == HBA_TO_MEMORY)\n#define HBA_BAR ")),
    ("sound", "records with the mask for playing", "STR-10 STR-10", ["--machine", "pc"], None,
     ("!dma_set_coherent_mask(card->dev, DMA_BIT_MASK(SOUND_RECORD_BITS));", "true;")),
    ("sound", "forgets one of its buffers", "STR-06", ["--machine", "pc"], None,
     ("sound_free_buffers(card, SOUND_BUFFERS);\n\tcard->play_open", "sound_free_buffers(card, SOUND_BUFFERS - 1);\n\tcard->play_open")),
    ("sound", "frees its ring while the card records", "STR-07", ["--machine", "pc"], None,
     ("\tsound_stop(card, SOUND_CONTROL_RECORD, SOUND_STATUS_RECORDING);\n\tdma_free_coherent", "\tdma_free_coherent")),
    ("sound", "gives its buffers back and leaves them mapped", "MEM-05", ["--machine", "pc"], None,
     ("\t\tdma_unmap_single(card->dev, buffer->dma, SOUND_BUFFER, DMA_TO_DEVICE);\n\t\tkfree", "\t\tkfree")),
    ("sb16", "stops its channel without the lock", "ISA-02", SB16, None,
     ("static void sb16_stop_dma(struct sb16 *card)\n{\n\tunsigned long flags;\n\n\tflags = claim_dma_lock();\n\tdisable_dma(card->channel);\n\trelease_dma_lock(flags);\n",
      "static void sb16_stop_dma(struct sb16 *card)\n{\n\tdisable_dma(card->channel);\n")),
    ("sb16", "never asks for its wide channel", "ISA-01 ISA-01", SB16, None,
     ("err = card->dma16 ? request_dma(card->dma16, card->name) : 0;", "err = 0;")),
    ("sb16", "frees its buffer while the card plays", "STR-07", SB16, None,
     ("\tif (sb16_reset(card->port))\n\t\tdev_err(card->dev, \"card can't be reset\\n\");\n\tspin_unlock", "\tspin_unlock"),
     ("\tsb16_stop_dma(card);\n\tsb16_free_buffers(card);\n", "\tsb16_free_buffers(card);\n\tmsleep(5);\n")),
    ("sb16", "plays from memory of kmalloc() by its physical address", "ISA-04", SB16, None,
     ("dma_alloc_coherent(card->dev, SB16_BUFFER, &card->handle, GFP_KERNEL);", "kmalloc(SB16_BUFFER, GFP_KERNEL);\n\tcard->handle = virt_to_phys(card->buffer);"),
     ("\tdma_free_coherent(card->dev, SB16_BUFFER, card->buffer, card->handle);\n", "\tkfree(card->buffer);\n")),
    ("sb16", "has its buffer across 64 KiB", "ISA-04", SB16, None,
     ("dma_alloc_coherent(card->dev, SB16_BUFFER,", "dma_alloc_coherent(card->dev, 0x20000,"),
     ("dma_free_coherent(card->dev, SB16_BUFFER,", "dma_free_coherent(card->dev, 0x20000,"),
     ("set_dma_addr(card->channel, card->handle);", "set_dma_addr(card->channel, card->handle + 0x10000 - SB16_HALF);")),
    ("sb16", "has its buffer up to 64 KiB", "nothing", SB16, None,
     ("dma_alloc_coherent(card->dev, SB16_BUFFER,", "dma_alloc_coherent(card->dev, 0x20000,"),
     ("dma_free_coherent(card->dev, SB16_BUFFER,", "dma_free_coherent(card->dev, 0x20000,"),
     ("set_dma_addr(card->channel, card->handle);", "set_dma_addr(card->channel, card->handle + 0x10000 - SB16_BUFFER);")),
    ("floppy", "takes its sectors back before they are there", "STR-07 STR-07", FLOPPY, None,
     ("\terr = floppy_do(card, bytes, sizeof(bytes));\n\tfloppy_stop_dma();\n\tdma_unmap_single(card->dev, handle, size, dir);\n",
      "\tdma_unmap_single(card->dev, handle, size, dir);\n\terr = floppy_do(card, bytes, sizeof(bytes));\n\tfloppy_stop_dma();\n")),
    ("floppy", "lends its buffer in the wrong direction", "DIR-03 DIR-03", FLOPPY, None,
     ("write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;", "write ? DMA_FROM_DEVICE : DMA_TO_DEVICE;")),
    ("floppy", "has a buffer that its channel does not reach, and does not look", "ISA-04 STR-04", FLOPPY, None,
     ("GFP_KERNEL | GFP_DMA", "GFP_KERNEL"),
     ("\tif (dma_mapping_error(card->dev, handle))\n\t\treturn -ENOMEM;\n", "")),
    ("uart", "lends what it sends to itself and not to its controller", "ENG-06 MSK-01", PROVIDER + ["--machine", "pc"], None,
     ("\tstruct device *master = dmaengine_get_dma_device(uart->tx);\n\tint parts", "\tstruct device *master = uart->dev;\n\tint parts")),
    ("uart", "never takes back what it has sent", "MEM-05", PROVIDER + ["--machine", "pc"], None,
     ("\t\tdma_unmap_sg(master, uart->tx_sg, parts, DMA_TO_DEVICE);\n", "")),
    ("uart", "takes back what it sends before it is sent", "STR-07", PROVIDER + ["--machine", "pc"], None,
     ("\tdma_async_issue_pending(uart->tx);\n\treturn uart_wait_sent(uart, cookie, size);",
      "\tdma_async_issue_pending(uart->tx);\n\tdma_unmap_sg(dmaengine_get_dma_device(uart->tx), uart->tx_sg, nents, DMA_TO_DEVICE);\n\treturn uart_wait_sent(uart, cookie, size);"),
     ("\t\tdma_unmap_sg(master, uart->tx_sg, parts, DMA_TO_DEVICE);\n", "")),
    ("uart", "reads what it has not taken from the controller", "SYN-02", PROVIDER + ["--machine", "pc"], None,
     ("\tdma_sync_single_for_cpu(master, dma, part, DMA_FROM_DEVICE);\n", "")),
    ("uart", "lends what it receives into to be read", "ENG-06", PROVIDER + ["--machine", "pc"], None,
     ("dma_map_single(master, rx->bytes, UART_RX_SIZE, DMA_FROM_DEVICE);", "dma_map_single(master, rx->bytes, UART_RX_SIZE, DMA_TO_DEVICE);"),
     ("\t\t\t\t UART_RX_SIZE, DMA_FROM_DEVICE);", "\t\t\t\t UART_RX_SIZE, DMA_TO_DEVICE);"),
     ("\tdma_sync_single_for_cpu(master, dma, part, DMA_FROM_DEVICE);\n", "\tdma_sync_single_for_cpu(master, dma, part, DMA_TO_DEVICE);\n"),
     ("\tdma_sync_single_for_device(master, dma, part, DMA_FROM_DEVICE);\n", "\tdma_sync_single_for_device(master, dma, part, DMA_TO_DEVICE);\n")),
    ("uart", "takes its buffers back while they are received into", "STR-07", PROVIDER + ["--machine", "pc"], None,
     ("\tdmaengine_terminate_sync(uart->rx);\n\tuart_unmap_rx(uart, UART_RX_SLOTS);\n", "\tuart_unmap_rx(uart, UART_RX_SLOTS);\n\tdmaengine_terminate_sync(uart->rx);\n")),
    ("uart", "ends what is received and waits for no callback", "ENG-04", PROVIDER + ["--machine", "pc"], None,
     ("\tdmaengine_terminate_sync(uart->rx);\n", "\tdmaengine_terminate_async(uart->rx);\n")),
    ("i2s", "frees its ring while the controller goes round in it", "STR-07", PROVIDER + ["--machine", "pc"], None,
     ("\ti2s_stop(side);\n\tdma_free_coherent(dmaengine_get_dma_device(side->chan), I2S_RING, side->ring, side->dma);\n",
      "\tdma_free_coherent(dmaengine_get_dma_device(side->chan), I2S_RING, side->ring, side->dma);\n\ti2s_stop(side);\n")),
    ("i2s", "sends the controller round a larger ring than it has", "ENG-06", PROVIDER + ["--machine", "pc"], None,
     ("side->dma, I2S_RING, I2S_PERIOD,", "side->dma, 2 * I2S_RING, I2S_PERIOD,")),
    ("dmac", "goes on after it was told to end", "STR-07", CLIENT + ["--machine", "pc"], None,
     ("\twritel(DMAC_CH_CONTROL_ABORT, chan->regs + DMAC_CH_CONTROL);\n", "")),
    ("dmac", "gives its descriptors back before they are done", "STR-07 POL-05", CLIENT + ["--machine", "pc"], None,
     ("\tchan->running = desc;\n\twritel", "\tchan->running = desc;\n\tdma_pool_free(desc->pool, desc->item[0].hw, desc->item[0].dma);\n\twritel"),
     ("\twhile (desc->nr--)\n", "\twhile (desc->nr-- > 1)\n")),
    ("floppy", "writes half a sector more than it has lent", "STR-10", FLOPPY, None,
     ("set_dma_count(dma, size);", "set_dma_count(dma, write ? size + 256 : size);")),
]


def broken(root, name, changes):
    with open(os.path.join(root, "drivers", name, name + ".c"), encoding="utf-8") as file:
        text = file.read()
    for old, new in changes:
        if text.count(old) != 1:
            raise SystemExit(f"broken.py: drivers/{name} has this {text.count(old)} times, not once: {old!r}")
        text = text.replace(old, new)
    return text


def run(dmakit, root, directory, name, args, test=True):
    """The one run's report, of the driver's test, or of the default exercise. Whether the test passes is not asked: the driver is broken."""
    report = os.path.join(directory, "report.json")
    tests = ["--", os.path.join(root, "drivers", "uart" if name == "dmac" else name, "test.c")] if test else []
    args = [arg.replace("@ROOT@", root) for arg in args]
    subprocess.run([dmakit, "check", "--json", report, *args, os.path.join(directory, name + ".c"), *tests], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    with open(report, encoding="utf-8") as file:
        return json.load(file)["runs"][0]


def run_failing(dmakit, root, directory, name, args, line):
    """The same, with the first call made on @line failing."""
    for number in range(1, 200):
        report = run(dmakit, root, directory, name, [*args, "--fail", str(number)])
        where = (report["fail"] or {}).get("where") or []
        if any(frame["line"] == line and frame["file"].endswith(name + ".c") for frame in where):
            return report
        if not report["fail"] or not report["fail"]["failed"]:
            break
    raise SystemExit(f"broken.py: no call of drivers/{name} on line {line} could be made to fail")


def check(dmakit, root, case):
    name, what, rule, args, failing, *changes = case
    text = broken(root, name, changes)
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, name + ".c"), "w", encoding="utf-8") as file:
            file.write(text)
        for header in os.listdir(os.path.join(root, "drivers", name)):
            if header.endswith(".h"):
                os.symlink(os.path.join(root, "drivers", name, header), os.path.join(directory, header))
        if failing:
            line = 1 + text[:text.index(failing)].count("\n")
            report = run_failing(dmakit, root, directory, name, args, line)
        else:
            report = run(dmakit, root, directory, name, args, not rule.startswith("problem: "))
    found = [f"{finding['rule']} {finding['what']}" for finding in report["findings"]]
    rules = rule.split()
    if rules[0] == "problem:":
        found = [f"problem: {line}" for line in report["problems"]] + found
        rules = ["problem:"] if found and rule[9:] in found[0] else ["what was expected"]
    if rule == "nothing":
        found = found or ["nothing"]
    good = report["outcome"] == "done" and bool(found) and found[0].startswith(rules[0])
    good = good and (len(found) == 1 if len(rules) == 1 else all(one[:6] in rules for one in found))
    print(("ok      " if good else "WRONG   ") + f"{name} {what}: {rule}")
    if not good:
        print("".join(f"        {line}\n" for line in [report["outcome"], report["error"] or "", *found] if line), end="")
    return good


def main():
    dmakit, root, *words = sys.argv[1:]
    root = os.path.abspath(root)
    cases = [case for case in CASES if all(word in f"{case[0]} {case[1]}" for word in words)]
    results = [check(dmakit, root, case) for case in cases]
    print(f"{sum(results)} as they should be, {len(results) - sum(results)} not")
    return 0 if cases and all(results) else 1


sys.exit(main())
