// SPDX-License-Identifier: MIT
/*
 * ADR: the kinds of address, and how a machine gets from one to another.
 */
#include "harness.h"

#include <linux/highmem.h>
#include <linux/isa.h>

/* The window of the bus through which devices see physical address @phys, or NULL. */
static const struct dmk_window *window_of(u64 phys)
{
	const struct dmk_bus *bus = machine_bus();

	for (unsigned int i = 0; i < bus->nr_windows; i++)
		if (phys >= bus->windows[i].phys.v &&
		    phys - bus->windows[i].phys.v < bus->windows[i].size)
			return &bus->windows[i];
	return NULL;
}

static void test_ADR_01_the_kinds_of_address_are_types_of_their_own(void **state)
{
	assert_false(__builtin_types_compatible_p(dmk_dma, dmk_phys));
	assert_false(__builtin_types_compatible_p(dmk_dma, void *));
	assert_false(__builtin_types_compatible_p(dma_addr_t, void *));
	assert_int_equal(sizeof(dma_addr_t), 8);
	assert_int_equal(sizeof(phys_addr_t), 8);
}

static void test_ADR_01_a_dma_address_holds_the_last_address_of_every_window(void **state)
{
	const struct dmk_bus *bus = machine_bus();

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		u64 last = bus->windows[i].bus + (bus->windows[i].size - 1);

		assert_true((u64)(dma_addr_t)last == last);
	}
}

static void test_ADR_02_a_dma_address_is_the_physical_one_seen_through_the_bus_window(void **state)
{
	void *memory = must_kmalloc(512);
	u64 phys = virt_to_phys(memory);
	const struct dmk_window *window = window_of(phys);
	dma_addr_t dma;
	u8 seen[512];

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	fill_bytes(memory, 512, 1);
	dma = must_map(dev, memory, 512, DMA_TO_DEVICE);
	if (machine_translates())
		assert_int_equal((dma ^ phys) & (machine_granule() - 1), 0);
	else if (machine_bounces_all())
		assert_true(dma != phys);
	else if (window)
		assert_true(dma == phys - window->phys.v + window->bus);
	if (machine_is("rpi-like"))
		assert_true(dma != phys);
	assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
	assert_true(bytes_are(seen, sizeof(seen), 1));
	dma_unmap_single(dev, dma, 512, DMA_TO_DEVICE);
	kfree(memory);
}

/* Memory has no address for a card but the one that was returned, which is not the physical one. */
static void test_ADR_02_a_physical_address_is_none_behind_an_iommu(void **state)
{
	u8 *memory = must_kmalloc(512), seen[512];
	dma_addr_t dma = must_map(dev, memory, 512, DMA_TO_DEVICE);

	if (machine_translates()) {
		assert_true(dma != virt_to_phys(memory));
		assert_int_equal(lab_read(lab, virt_to_phys(memory), seen, 512), -EIO);
		expect_finding("STR-10", 1);
	}
	dma_unmap_single(dev, dma, 512, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_ADR_03_a_bar_is_a_resource_and_ioremap_reaches_its_registers(void **state)
{
	const struct dmk_pci_host *host = machine()->pci;
	resource_size_t start = pci_resource_start(lab->pdev, 0);
	void __iomem *regs;
	u32 bar;

	assert_int_equal(pci_resource_len(lab->pdev, 0), 4096);
	assert_true(pci_resource_flags(lab->pdev, 0) & IORESOURCE_MEM);

	/* What stands in the BAR is the bus address; the resource is what the CPU uses. */
	assert_int_equal(pci_read_config_dword(lab->pdev, PCI_BASE_ADDRESS_0, &bar), 0);
	assert_true((bar & ~0xfu) == start - host->mmio32.phys.v + host->mmio32.bus);

	regs = ioremap(start, 4096);
	assert_non_null(regs);
	assert_int_equal(readl(regs), 0x0001ab00);
	writel(0x12345678, regs + 4);
	assert_int_equal(ioread32(regs + 4), 0x12345678);
	iowrite32(0x9abcdef0, regs + 4);
	assert_int_equal(readl(regs + 4), 0x9abcdef0);
	iounmap(regs);
}

static void test_ADR_03_registers_take_accesses_of_each_width(void **state)
{
	u8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	memcpy_toio(lab->buffer + 64, bytes, 8);
	assert_int_equal(readb(lab->buffer + 66), 3);
	assert_int_equal(readw(lab->buffer + 66), 0x0403);
	assert_int_equal(readl(lab->buffer + 64), 0x04030201);
	assert_true(readq(lab->buffer + 64) == 0x0807060504030201ull);
	writew(0xbeef, lab->buffer + 70);
	assert_true(readq(lab->buffer + 64) == 0xbeef060504030201ull);
}

static void test_ADR_03_a_plain_dereference_of_a_register_is_reported(void **state)
{
	volatile u32 *wrong = (__force volatile u32 *)lab->regs;

	assert_int_equal(*wrong, 0x0001ab00);
	expect_finding("ADR-03", 1);
}

static void test_ADR_06_two_cards_of_one_bus_see_the_same_memory(void **state)
{
	dma_addr_t dma, dma2;
	void *memory = must_kmalloc(256);
	u8 seen[256];

	fill_bytes(memory, 256, 2);
	dma = must_map(dev, memory, 256, DMA_TO_DEVICE);
	dma2 = must_map(dev2, memory, 256, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, dma, seen, 256), 0);
	assert_true(bytes_are(seen, 256, 2));
	assert_int_equal(lab_read(lab2, dma2, seen, 256), 0);
	assert_true(bytes_are(seen, 256, 2));
	dma_unmap_single(dev2, dma2, 256, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 256, DMA_TO_DEVICE);
	kfree(memory);
}

static void test_ADR_06_a_platform_device_maps_memory_as_its_own_bus_sees_it(void **state)
{
	dma_addr_t dma, pci;
	u8 *memory, seen[256];

	if (!lab_soc->dev)
		skip();
	/*
	 * On pc-isa it is a card of 24 address lines, and nothing bounces: its driver asks for low
	 * memory.
	 */
	memory = kmalloc(256, machine_is("pc-isa") ? GFP_KERNEL | GFP_DMA : GFP_KERNEL);
	assert_non_null(memory);
	fill_bytes(memory, 256, 3);
	dma = must_map(lab_soc->dev, memory, 256, DMA_BIDIRECTIONAL);
	assert_int_equal(lab_read(lab_soc, dma, seen, 256), 0);
	assert_true(bytes_are(seen, 256, 3));
	fill_bytes(seen, 256, 4);
	assert_int_equal(lab_write(lab_soc, dma, seen, 256), 0);
	dma_unmap_single(lab_soc->dev, dma, 256, DMA_BIDIRECTIONAL);
	assert_true(bytes_are(memory, 256, 4));

	/* The two buses of this board have memory at different addresses. */
	pci = must_map(dev, memory, 256, DMA_TO_DEVICE);
	if (machine_is("rpi-like"))
		assert_true(pci != dma);
	dma_unmap_single(dev, pci, 256, DMA_TO_DEVICE);
	kfree(memory);
}

static struct device *isa_device;

static int isa_match(struct device *device, unsigned int id)
{
	return 1;
}

static int isa_probe(struct device *device, unsigned int id)
{
	isa_device = device;
	return dma_set_mask_and_coherent(device, DMA_BIT_MASK(24));
}

static void isa_remove(struct device *device, unsigned int id)
{
	isa_device = NULL;
}

static void test_ADR_06_an_isa_device_gets_addresses_of_24_bits(void **state)
{
	struct isa_driver driver = {
		.match = isa_match,
		.probe = isa_probe,
		.remove = isa_remove,
		.driver = {.name = "isa-lab"},
	};
	dma_addr_t dma;
	void *memory, *coherent;

	if (!machine()->isa)
		skip();
	assert_int_equal(isa_register_driver(&driver, 1), 0);
	assert_non_null(isa_device);
	/* Where nothing bounces its driver asks for memory that it reaches. */
	memory = kmalloc(256, machine_is("pc-isa") ? GFP_KERNEL | GFP_DMA : GFP_KERNEL);
	assert_non_null(memory);
	fill_bytes(memory, 256, 5);
	dma = must_map(isa_device, memory, 256, DMA_TO_DEVICE);
	assert_true(dma + 255 <= DMA_BIT_MASK(24));
	/*
	 * No card is there to look, so look where one would: the bus has no offset on this machine.
	 */
	assert_true(bytes_are((u8 *)machine()->direct_base + dma, 256, 5));
	dma_unmap_single(isa_device, dma, 256, DMA_TO_DEVICE);
	kfree(memory);

	coherent = dma_alloc_coherent(isa_device, 256, &dma, GFP_KERNEL);
	assert_non_null(coherent);
	assert_true(dma + 255 <= DMA_BIT_MASK(24));
	dma_free_coherent(isa_device, 256, coherent, dma);
	isa_unregister_driver(&driver);
}

/* The calls know no device, so they speak for the PCI bus where there is one. */
static void test_ADR_05_old_calls_speak_for_the_bus_and_are_reported(void **state)
{
	const struct dmk_bus *bus = machine()->pci ? machine()->pci->dma
						   : machine()->platform[0].dma;
	u8 *memory = kmalloc(64, machine()->dma_zone_last ? GFP_KERNEL | GFP_DMA : GFP_KERNEL);
	u64 phys;

	assert_non_null(memory);
	phys = virt_to_phys(memory);
	assert_true(phys - bus->windows[0].phys.v < bus->windows[0].size);
	assert_int_equal(virt_to_bus(memory), phys - bus->windows[0].phys.v + bus->windows[0].bus);
	assert_ptr_equal(bus_to_virt(phys - bus->windows[0].phys.v + bus->windows[0].bus), memory);
	expect_finding("ADR-05", 2); /* one for each call */
	kfree(memory);
}

static void test_ADR_04_direct_memory_converts_both_ways(void **state)
{
	static const gfp_t zones[] = {0, GFP_DMA, GFP_DMA32};

	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | zones[i], 2);
		char *at;

		if (!page)
			continue;
		at = page_address(page);
		assert_ptr_equal(phys_to_virt(page_to_phys(page)), at);
		assert_true(virt_to_phys(at + 5000) == page_to_phys(page) + 5000);
		assert_ptr_equal(virt_to_page(at + 5000), page + 1);
		assert_ptr_equal(pfn_to_page(page_to_pfn(page)), page);
		assert_ptr_equal(__va(__pa(at)), at);
		assert_ptr_equal(page_to_virt(page), at);
		assert_int_equal(offset_in_page(at + 5000), 5000 - PAGE_SIZE);
		assert_true(virt_addr_valid(at) && pfn_valid(page_to_pfn(page)));
		assert_false(PageHighMem(page) || is_vmalloc_addr(at));
		__free_pages(page, 2);
	}
}

static void test_ADR_04_the_pages_of_a_vmalloc_area_are_found(void **state)
{
	u8 *area = vmalloc(6 * PAGE_SIZE), *once;
	struct page *pages[3];

	assert_non_null(area);
	fill_bytes(area, 6 * PAGE_SIZE, 1);
	for (int i = 0; i < 6; i++) {
		struct page *page = vmalloc_to_page(area + i * PAGE_SIZE + 77);
		u8 *at = kmap_local_page(page);

		assert_int_equal(vmalloc_to_pfn(area + i * PAGE_SIZE), page_to_pfn(page));
		assert_memory_equal(at, area + i * PAGE_SIZE, PAGE_SIZE);
		kunmap_local(at);
		if (i % 2)
			pages[i / 2] = page;
	}
	assert_true(is_vmalloc_addr(area) && !virt_addr_valid(area));
	once = vmap(pages, 3, VM_MAP, PAGE_KERNEL);
	assert_non_null(once);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(once + i * PAGE_SIZE, area + (2 * i + 1) * PAGE_SIZE,
				    PAGE_SIZE);
	vunmap(once);
	once = vm_map_ram(pages, 3, NUMA_NO_NODE);
	assert_ptr_equal(vmalloc_to_page(once + PAGE_SIZE), pages[1]);
	vm_unmap_ram(once, 3);
	vfree(area);
	assert_false(is_vmalloc_addr(area));
}

static void test_ADR_04_a_highmem_page_has_an_address_while_it_is_mapped(void **state)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	u8 *at;

	assert_non_null(page);
	at = kmap_local_page(page);
	assert_null(memchr_inv(at, 0, PAGE_SIZE));
	kunmap_local(at);
	at = kmap(page);
	assert_ptr_equal(page_address(page), at);
	assert_int_equal(virt_addr_valid(at), !PageHighMem(page));
	assert_true((page_to_phys(page) > machine()->direct_last.v) == PageHighMem(page));
	kunmap(page);
	if (PageHighMem(page))
		assert_null(page_address(page));
	__free_page(page);
}

/* A number, a word in the log, and no crash. */
static void test_ADR_04_addresses_of_the_wrong_sort_do_no_harm(void **state)
{
	u8 *area = vmalloc(PAGE_SIZE), on_stack;
	struct page *wild = (struct page *)area;

	(void)virt_to_phys(area);
	(void)virt_to_page(&on_stack);
	(void)phys_to_virt(~0ULL >> 1);
	assert_null(vmalloc_to_page(&on_stack));
	assert_int_equal(page_count(wild), 0);
	put_page(wild);
	assert_null(kmap(wild));
	assert_null(vmap(&wild, 1, VM_MAP, PAGE_KERNEL));
	assert_false(virt_addr_valid(area) || virt_addr_valid(NULL) ||
		     pfn_valid(~0UL >> PAGE_SHIFT));
	vfree(area);
	expect_anything();
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ADR_01_the_kinds_of_address_are_types_of_their_own),
		CONTRACT_TEST(test_ADR_01_a_dma_address_holds_the_last_address_of_every_window),
		CONTRACT_TEST(
			test_ADR_02_a_dma_address_is_the_physical_one_seen_through_the_bus_window),
		CONTRACT_TEST(test_ADR_02_a_physical_address_is_none_behind_an_iommu),
		CONTRACT_TEST(test_ADR_03_a_bar_is_a_resource_and_ioremap_reaches_its_registers),
		CONTRACT_TEST(test_ADR_03_registers_take_accesses_of_each_width),
		CONTRACT_TEST(test_ADR_03_a_plain_dereference_of_a_register_is_reported),
		CONTRACT_TEST(test_ADR_04_direct_memory_converts_both_ways),
		CONTRACT_TEST(test_ADR_04_the_pages_of_a_vmalloc_area_are_found),
		CONTRACT_TEST(test_ADR_04_a_highmem_page_has_an_address_while_it_is_mapped),
		CONTRACT_TEST(test_ADR_04_addresses_of_the_wrong_sort_do_no_harm),
		CONTRACT_TEST(test_ADR_05_old_calls_speak_for_the_bus_and_are_reported),
		CONTRACT_TEST(test_ADR_06_two_cards_of_one_bus_see_the_same_memory),
		CONTRACT_TEST(test_ADR_06_a_platform_device_maps_memory_as_its_own_bus_sees_it),
		CONTRACT_TEST(test_ADR_06_an_isa_device_gets_addresses_of_24_bits),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
