#!/usr/bin/env python3
"""The nic driver with one mistake at a time: each gives findings of the rule that it breaks, one for each place where a buffer was
mapped, the stack's complaint if it has one, and nothing else.

nic_broken.py DMAKIT NIC.c TEST.c [NAME...]

A mistake is a piece of the driver's text and what takes its place. The near miss is the driver itself, which gives none
(test_STR_12_the_network_driver_is_right_on_...).
"""

import json
import os
import subprocess
import sys
import tempfile

SHORT = ["--append", "swiotlb=128,force", "--device", "nic", "--device", "nic"]

# name, machine and options, which test (None: the default exercise), [(old, new)], rules found, complaints that are heard (None: whatever comes of it)
BROKEN = [
    ("STR_12_busy_after_a_failed_map_and_the_parts_stay_mapped", ["--machine", "pc"] + SHORT, "short",
     [("\twhile (n--)\n\t\tnic_unmap_slot(nic, &nic->tx.slot[(nic->tx.next + n) % NIC_TX_ENTRIES]);\n\treturn err;", "\treturn err;"),
      ("\t\tdev_kfree_skb_any(skb);\n\t\tnic_count_one(&nic->refused, &nic->refused.dropped);\n\t\treturn NETDEV_TX_OK;",
       "\t\treturn NETDEV_TX_BUSY;")],
     {"MEM-05"}, ["returned NETDEV_TX_BUSY and its queue is not stopped"]),
    ("STR_12_the_frame_is_dropped_and_its_parts_stay_mapped", ["--machine", "pc"] + SHORT, "short",
     [("\twhile (n--)\n\t\tnic_unmap_slot(nic, &nic->tx.slot[(nic->tx.next + n) % NIC_TX_ENTRIES]);\n\treturn err;", "\treturn err;")],
     {"MEM-05"}, []),
    ("STR_12_the_frame_is_neither_sent_nor_freed", ["--machine", "pc"] + SHORT, "short",
     [("\t\tdev_kfree_skb_any(skb);\n\t\tnic_count_one(&nic->refused", "\t\tnic_count_one(&nic->refused")],
     set(), ["allocated and never freed"]),
    ("STR_04_unmapped_with_another_length", ["--machine", "pc"], None,
     [("dma_unmap_len_set(slot, length, length);", "dma_unmap_len_set(slot, length, skb->len);"),
      ("ndev->features = NETIF_F_SG | NETIF_F_HIGHDMA;", "ndev->features = NETIF_F_SG;")],
     {"STR-04"}, []),
    ("STR_06_pieces_are_never_unmapped", ["--machine", "pc"], None,
     [("\tif (slot->is_page)\n\t\tdma_unmap_page(nic->dev, dma_unmap_addr(slot, dma), dma_unmap_len(slot, length),\n"
       "\t\t\t       DMA_TO_DEVICE);\n\telse\n",
       "\tif (!slot->is_page)\n")],
     {"MEM-05"}, []),
    ("STR_02_a_map_is_not_checked", ["--machine", "pc"], None,
     [("\tif (dma_mapping_error(nic->dev, dma))\n\t\treturn -ENOMEM;\n\n\tslot->is_page", "\n\tslot->is_page")],
     {"STR-02"}, []),
    ("SYN_02_a_copied_frame_is_read_without_a_sync", ["--machine", "pc", "--append", "swiotlb=force"], None,
     [("\tdma_sync_single_for_cpu(nic->dev, slot->dma, length, DMA_FROM_DEVICE);\n", "")],
     {"SYN-02"}, ["and nobody sent it"]),
    ("SYN_02_a_page_is_handed_up_and_only_its_header_was_synced", ["--machine", "pc"], None,
     [("\tdma_unmap_page(nic->dev, old.dma, NIC_BUFFER, DMA_FROM_DEVICE);\n",
       "\tdma_sync_single_for_cpu(nic->dev, old.dma, head, DMA_FROM_DEVICE);\n")],
     {"SYN-02", "MEM-05"}, []),
    ("STR_07_unmapped_before_it_is_sent", ["--machine", "pc"], None,
     [("unsigned int sent = le32_to_cpu(READ_ONCE(nic->shared->sent)), frames, bytes;",
       "unsigned int sent = smp_load_acquire(&nic->tx.next), frames, bytes;")],
     {"STR-07"}, None),
    ("COH_05_the_doorbell_waits_for_nothing", ["--machine", "arm-noncoherent"], None,
     [("\tnic_write(nic, NIC_TX + NIC_RING_TAIL, nic->tx.next);", "\twritel_relaxed(nic->tx.next, nic->regs + NIC_TX + NIC_RING_TAIL);")],
     {"COH-05"}, None),
    ("COH_05_nothing_between_the_phase_and_the_rest", ["--machine", "arm-noncoherent"], None,
     [("\tdma_rmb();\n", "")],
     {"COH-05"}, []),
    ("CTX_01_start_xmit_sleeps", ["--machine", "pc"], None,
     [("\tlast = nic_map_frame(nic, skb);", "\tkfree(kmalloc(8, GFP_KERNEL));\n\tlast = nic_map_frame(nic, skb);"),
      ("#include <linux/skbuff.h>", "#include <linux/skbuff.h>\n#include <linux/slab.h>")],
     {"COH-06"}, []),
]


def run(dmakit, source, test, options):
    command = [dmakit, "check", "--json", "-", *options, source] + (["--", test] if test else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=110)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{' '.join(command)}: no report\n{done.stdout}\n{done.stderr}")


def break_it(text, changes):
    for old, new in changes:
        if text.count(old) != 1:
            raise SystemExit(f"the driver has this {text.count(old)} times, not once:\n{old}")
        text = text.replace(old, new)
    return text


def judge(report, rules, complaints):
    """What is wrong with the report, or None."""
    runs = report["runs"]
    found = [finding["rule"] for one in runs for finding in one["findings"]]
    problems = [problem for one in runs for problem in one["problems"]]
    # the address of what was unmapped too early may be another buffer's by the time the card uses it
    allowed = rules | {"DIR-03", "STR-10"} if "STR-07" in rules else rules
    # so may be an address that the card was told of too early
    allowed = allowed | {"STR-07", "STR-10"} if "COH-05" in rules else allowed
    if not rules <= set(found) <= allowed:
        return f"found {found}, not {sorted(rules)}; complaints {problems}"
    for complaint in complaints or []:
        if not any(complaint in problem for problem in problems):
            return f"nobody complained: {complaint}; complaints {problems}, found {found}"
    if complaints == [] and problems:
        return f"complaints nobody expected: {problems}"
    return None


def main(dmakit, source, short, *names):
    with open(source, encoding="utf-8") as file:
        driver = file.read()
    failed = 0
    for name, options, test, changes, rules, complaints in BROKEN:
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as directory:
            broken = os.path.join(directory, "nic.c")
            with open(broken, "w", encoding="utf-8") as file:
                file.write(break_it(driver, changes))
            wrong = judge(run(dmakit, broken, short if test else None, options), rules, complaints)
        print(f"{'FAILED' if wrong else 'ok'}  {name}" + (f": {wrong}" if wrong else ""))
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
