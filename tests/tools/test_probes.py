#!/usr/bin/env python3
"""Static probes: the notes in a program's file, and what gdb hears of them in a program that nobody watches otherwise."""

import os
import re
import shutil
import subprocess
import unittest

from support import DMAKIT_CC, Command, driver

# Arguments, the device's name the last: i has 4 bytes; p, a pointer or an address, and l have 8.
PROBES = {
    "dma_map_phys": "ppplilp", "dma_unmap_phys": "pplilp", "dma_map_sg": "ppiiilp", "dma_map_sg_err": "ppiiilp", "dma_unmap_sg": "ppiilp",
    "dma_sync_single_for_cpu": "pplip", "dma_sync_single_for_device": "pplip", "dma_sync_sg_for_cpu": "ppiip",
    "dma_sync_sg_for_device": "ppiip", "dma_alloc": "pppliilp", "dma_alloc_pages": "pppliilp", "dma_alloc_sgt_err": "pppliilp",
    "dma_alloc_sgt": "ppliilp", "dma_free": "ppplilp", "dma_free_pages": "ppplilp", "dma_free_sgt": "pplip",
}

CARD = driver(before="#include <linux/scatterlist.h>\n", probe="""
	struct device *dev = &pdev->dev;
	struct scatterlist sg[2];
	unsigned char *data;
	dma_addr_t dma, ring;
	void *cpu;

	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)))
		return -EIO;
	data = kmalloc(4096, GFP_KERNEL);
	cpu = dma_alloc_coherent(dev, 8192, &ring, GFP_KERNEL);
	if (!data || !cpu)
		return -ENOMEM;
	dev_info(dev, "told dma_alloc %px %pad\\n", cpu, &ring);
	dma = dma_map_single(dev, data, 300, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	dev_info(dev, "told dma_map_phys %llx %pad\\n", (unsigned long long)virt_to_phys(data), &dma);
	dma_sync_single_for_cpu(dev, dma + 8, 16, DMA_FROM_DEVICE);
	dma_unmap_single(dev, dma, 300, DMA_FROM_DEVICE);
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], data, 100);
	sg_set_buf(&sg[1], data + 1024, 100);
	dev_info(dev, "told dma_map_sg %px %d\\n", sg, dma_map_sg(dev, sg, 2, DMA_TO_DEVICE));
	dma_sync_sg_for_device(dev, sg, 2, DMA_TO_DEVICE);
	dma_unmap_sg(dev, sg, 2, DMA_TO_DEVICE);
	dma_free_coherent(dev, 8192, cpu, ring);
	kfree(data);
""")


class Probes(Command):
    def build(self):
        self.write("card.c", CARD)
        self.run_command(DMAKIT_CC, "-o", "card", "card.c", status=0)
        return os.path.join(self.here, "card")

    def notes(self, program):
        """{name: (semaphore, sizes of the arguments)}"""
        text = self.run_command("readelf", "-nW", program, status=0).stdout
        notes = re.findall(r"Provider: (\S+)\s+Name: (\S+)\s+Location: \S+, Base: \S+, Semaphore: (\S+)\s+Arguments: (.*)", text)
        self.assertEqual({provider for provider, *_ in notes}, {"dma"})
        self.assertEqual(len(notes), len({name for _, name, *_ in notes}))
        return {name: (int(semaphore, 16), [abs(int(size)) for size in re.findall(r"(-?\d+)@", arguments)])
                for _, name, semaphore, arguments in notes}

    def test_the_file_names_the_kernels_events_and_one_semaphore(self):
        program = self.build()
        notes = self.notes(program)
        self.assertEqual(set(notes), set(PROBES))
        for name, (_, sizes) in notes.items():
            self.assertEqual(sizes, [4 if kind == "i" else 8 for kind in PROBES[name]], name)
        attention, kind = re.search(r"^(\w+) (\w) dmk_attention$", self.run_command("nm", program, status=0).stdout, re.M).groups()
        self.assertEqual({semaphore for semaphore, _ in notes.values()}, {int(attention, 16) + 2})
        self.assertEqual(kind, "D", "a tracer finds the semaphore by its place in the file")

    def listen(self, program, formats):
        """What gdb prints at each probe, in order, and what the driver says."""
        lines = ["set pagination off", "set disable-randomization off"]
        for name, text in formats.items():
            arguments = "".join(f", $_probe_arg{i}" for i in range(text.count("%")))
            lines += [f"break -probe-stap dma:{name}", "commands", "silent", f'printf "heard {name} {text}\\n"{arguments}', "continue", "end"]
        self.write("listen.gdb", "\n".join(lines + ["run --no-checker --verbose", ""]))
        done = subprocess.run(["gdb", "-batch", "-nx", "-x", "listen.gdb", program], cwd=self.here, env=self.env(), text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=100)
        if "Operation not permitted" in done.stdout or "Could not trace" in done.stdout:
            self.skipTest("this process may not trace another")
        return done.stdout

    @unittest.skipUnless(shutil.which("gdb"), "there is no gdb")
    def test_a_tracer_hears_each_call_though_nobody_watches(self):
        output = self.listen(self.build(), {
            "dma_alloc": "%lx %lx %lx %lu %d %d %lu", "dma_map_phys": "%lx %lx %lx %lu %d", "dma_sync_single_for_cpu": "%lx %lx %lu %d",
            "dma_unmap_phys": "%lx %lx %lu %d", "dma_map_sg": "%lx %lx %d %d %d", "dma_sync_sg_for_device": "%lx %lx %d %d",
            "dma_unmap_sg": "%lx %lx %d %d", "dma_free": "%lx %lx %lx %lu %d",
        })
        heard = [line.split()[1:] for line in re.findall(r"^heard .*", output, re.M)]
        told = {name: [int(word, 16) for word in words.split()] for name, words in re.findall(r"told (\S+) (.*)", output)}
        self.assertEqual(set(told), {"dma_alloc", "dma_map_phys", "dma_map_sg"}, output)
        cpu, ring = told["dma_alloc"]
        phys, dma = told["dma_map_phys"]
        sgl, ents = told["dma_map_sg"]
        device = heard[0][1]
        self.assertNotEqual(device, "0")
        self.assertEqual(heard, [
            ["dma_alloc", device, f"{cpu:x}", f"{ring:x}", "8192", "0", "0", "0"],
            ["dma_map_phys", device, f"{phys:x}", f"{dma:x}", "300", "2"],
            ["dma_sync_single_for_cpu", device, f"{dma + 8:x}", "16", "2"],
            ["dma_unmap_phys", device, f"{dma:x}", "300", "2"],
            ["dma_map_sg", device, f"{sgl:x}", "2", str(ents), "1"],
            ["dma_sync_sg_for_device", device, f"{sgl:x}", "2", "1"],
            ["dma_unmap_sg", device, f"{sgl:x}", "2", "1"],
            ["dma_free", device, f"{cpu:x}", f"{ring:x}", "8192", "0"],
        ])


if __name__ == "__main__":
    unittest.main()
