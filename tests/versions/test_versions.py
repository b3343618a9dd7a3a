"""The spellings that changed between versions of Linux: each compiles for the versions that have it, and for no other.

Environment: DMAKIT_BUILD, where dmakit-cc is.
"""

import os
import subprocess
import tempfile
import unittest

CC = os.path.join(os.environ["DMAKIT_BUILD"], "dmakit-cc")
VERSIONS = ("5.10", "6.1", "6.12", "6.16", "6.18")
STRICT = ["-Werror=" + name for name in ("implicit-function-declaration", "int-conversion", "incompatible-pointer-types",
                                          "discarded-qualifiers")]
CLANG_STRICT = ["-Werror=" + name for name in ("implicit-function-declaration", "int-conversion", "incompatible-function-pointer-types",
                                                "incompatible-pointer-types")]

# name, header, code, the first version that has it, the last one; None: older than all, or still there
SPELLINGS = (
    ("a DMA mask through PCI's own call", "pci", "int f(struct pci_dev *p) { return pci_set_dma_mask(p, DMA_BIT_MASK(32)); }", None, "5.17"),
    ("a consistent mask through PCI's own call", "pci",
     "int f(struct pci_dev *p) { return pci_set_consistent_dma_mask(p, DMA_BIT_MASK(32)); }", None, "5.17"),
    ("a mapping through PCI's own call", "pci",
     "dma_addr_t f(struct pci_dev *p, void *m) { return pci_map_single(p, m, 4, PCI_DMA_TODEVICE); }", None, "5.17"),
    ("a list through PCI's own call", "pci",
     "int f(struct pci_dev *p, struct scatterlist *s) { return pci_map_sg(p, s, 1, PCI_DMA_FROMDEVICE); }", None, "5.17"),
    ("a sync through PCI's own call", "pci",
     "void f(struct pci_dev *p) { pci_dma_sync_single_for_cpu(p, 0, 4, PCI_DMA_FROMDEVICE); }", None, "5.17"),
    ("consistent memory through PCI's own call", "pci",
     "void *f(struct pci_dev *p, dma_addr_t *d) { return pci_alloc_consistent(p, 4096, d); }", None, "5.17"),
    ("a pool through PCI's own call", "pci",
     "void *f(struct pci_dev *p) { return pci_pool_create(\"x\", p, 64, 8, 0); }", None, "5.17"),
    ("a segment size that is answered", "dma-mapping", "int f(struct device *d) { return dma_set_max_seg_size(d, 4096); }", None, "6.11"),
    ("a segment size", "dma-mapping", "void f(struct device *d) { dma_set_max_seg_size(d, 4096); }", None, None),
    ("a segment boundary that is answered", "dma-mapping", "int f(struct device *d) { return dma_set_seg_boundary(d, 4095); }", None, "6.11"),
    ("a mapping by physical address", "dma-mapping",
     "dma_addr_t f(struct device *d) { return dma_map_phys(d, 0, 4, DMA_TO_DEVICE, 0); }", "6.18", None),
    ("addresses first, pages later", "dma-mapping",
     "int f(struct device *d, struct dma_iova_state *s) { return dma_iova_try_alloc(d, s, 0, 4096) && dma_use_iova(s) && "
     "dma_iova_link(d, s, 0, 0, dma_iova_size(s), DMA_TO_DEVICE, 0); }", "6.16", None),
    ("an unmap by physical address", "dma-mapping", "void f(struct device *d) { dma_unmap_phys(d, 0, 4, DMA_TO_DEVICE, 0); }", "6.18", None),
    ("registers as an attribute", "dma-mapping", "int f(void) { return DMA_ATTR_MMIO; }", "6.18", None),
    ("the size that maps best", "dma-mapping", "size_t f(struct device *d) { return dma_opt_mapping_size(d); }", "6.0", None),
    ("a table that is mapped", "dma-mapping",
     "int f(struct device *d, struct sg_table *t) { return dma_map_sgtable(d, t, DMA_TO_DEVICE, 0); }", "5.8", None),
    ("consistent memory, zeroed", "dma-mapping",
     "void *f(struct device *d, dma_addr_t *a) { return dma_zalloc_coherent(d, 64, a, GFP_KERNEL); }", None, "4.20"),
    ("a class with its owner", "device", "struct class *f(void) { return class_create((struct module *)0, \"x\"); }", None, "6.3"),
    ("a class by its name", "device", "struct class *f(void) { return class_create(\"x\"); }", "6.4", None),
    ("a class's file for a device it may change", "device",
     "static char *n(struct device *d, umode_t *m) { return 0; }\nstruct class c = { .devnode = n };", None, "6.1"),
    ("a remove() that is answered", "platform_device",
     "static int r(struct platform_device *p) { return 0; }\nstruct platform_driver d = { .remove = r };", None, "6.10"),
    ("a remove() that is not", "platform_device",
     "static void r(struct platform_device *p) { }\nstruct platform_driver d = { .remove = r };", "6.11", None),
    ("a timer that is ended", "timer", "int f(struct timer_list *t) { return del_timer_sync(t); }", None, "6.14"),
    ("a timer's owner", "timer",
     "struct s { struct timer_list t; };\nstruct s *f(struct timer_list *x) { struct s *p = from_timer(p, x, t); return p; }", None, "6.15"),
    ("a fine timer", "hrtimer", "void f(struct hrtimer *t) { hrtimer_init(t, CLOCK_MONOTONIC, HRTIMER_MODE_REL); }", None, "6.14"),
    ("an area's flags, as a variable", "mm", "void f(struct vm_area_struct *v) { v->vm_flags |= VM_IO; }", None, "6.2"),
    ("an area's flags, by a call", "mm", "void f(struct vm_area_struct *v) { vm_flags_set(v, VM_IO); }", None, None),
    ("a file without a place", "fs", "struct file_operations o = { .llseek = no_llseek };", None, "6.11"),
    ("a string cut short", "string", "size_t f(char *a, const char *b) { return strlcpy(a, b, 4); }", None, "6.7"),
    ("a random number", "random", "u32 f(void) { return prandom_u32(); }", None, "6.0"),
)


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def has(version, first, last):
    return (first is None or numbers(version) >= numbers(first)) and (last is None or numbers(version) <= numbers(last))


class Versions(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        compiler = subprocess.run([*os.environ.get("DMAKIT_CC", "cc").split(), "--version"], stdout=subprocess.PIPE, text=True, check=True)
        self.strict = CLANG_STRICT if "clang" in compiler.stdout else STRICT

    def compile(self, version, header, code):
        source = os.path.join(self.directory.name, "x.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(f"#include <linux/{header}.h>\n{code}\n")
        return subprocess.run([CC, "--linux", version, *self.strict, "-c", "-o", source[:-1] + "o", source], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def test_each_spelling_in_each_version(self):
        for name, header, code, first, last in SPELLINGS:
            for version in VERSIONS:
                with self.subTest(name, version=version):
                    done = self.compile(version, header, code)
                    self.assertEqual(done.returncode == 0, has(version, first, last), done.stdout)

    def test_without_a_choice_it_is_the_newest(self):
        source = os.path.join(self.directory.name, "x.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <linux/version.h>\n_Static_assert(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0), \"old\");\n")
        subprocess.run([CC, "-c", "-o", source[:-1] + "o", source], check=True)


if __name__ == "__main__":
    unittest.main()
