/* SPDX-License-Identifier: MIT */
/*
 * The ground that the contract's tests stand on. A test file is a table of tests; each of them gets
 * a machine that was just booted, with two "lab" cards (models/lab.c) bound to a driver that does
 * nothing by itself, and ends with the machine shut down.
 *
 * The checker watches all of it, and a test that doesn't say which findings it expects fails when
 * there is one: so each test is at the same time a near miss for every rule it doesn't break
 * (CHK-04).
 *
 *	static void test_STR_04_unmap_with_another_size_is_reported(void **state)
 *	{
 *		…
 *		expect_finding("STR-04", 1);
 *	}
 *
 *	int main(int argc, char **argv)
 *	{
 *		static const struct contract_test tests[] = {
 *			CONTRACT_TEST(test_STR_04_unmap_with_another_size_is_reported),
 *		};
 *
 *		return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
 *	}
 *
 * A test's program runs on one machine: test_str --machine rpi-like [--append 'swiotlb=…'] [--seed
 * N] [NAME…]
 */
#ifndef CONTRACT_HARNESS_H
#define CONTRACT_HARNESS_H

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dmakit/boot.h>
#include <dmakit/kernel.h>
#include <dmakit/lab.h>

struct contract_test {
	const char *name;
	CMUnitTestFunction run;
	const char *append; /* more boot arguments, for this test alone */
	bool no_checker;
	const struct dmk_device_request *devices; /* what it has beside the two cards */
	unsigned int nr_devices;
};

#define CONTRACT_TEST(function)                  \
	{                                        \
#function, function, NULL, false \
	}
#define CONTRACT_TEST_ON(function, list)                                 \
	{                                                                \
#function, function, NULL, false, (list), ARRAY_SIZE(list)       \
	}
#define CONTRACT_TEST_WITH(function, arguments)       \
	{                                             \
#function, function, arguments, false \
	}

int contract_main(int argc, char **argv, const struct contract_test *tests, size_t nr_tests);

/* --- the cards -------------------------------------------------------------------------------- */

struct lab_card {
	struct pci_dev *pdev; /* NULL: it is not on PCI */
	struct device *dev;   /* NULL while no driver is bound */
	void __iomem *regs, *buffer;
};

enum { LAB_CARDS = 2, LAB_BUFFER = DMK_LAB_BUFFER };

extern struct lab_card *const lab, *const lab2;
/**
 * The same hardware without PCI, of machines that have one in their devicetree; dev is NULL on the
 * others.
 */
extern struct lab_card *const lab_soc;
/** The first card's device, and the other one's: what a driver calls dev. */
extern struct device *dev, *dev2;

/**
 * lab_read/lab_write - the card, on its own, reads or writes memory at a DMA address; done on
 * return
 * Return: 0, or -EIO: the machine refused the access.
 */
int lab_read(struct lab_card *card, dma_addr_t dma, void *bytes, size_t size);
int lab_write(struct lab_card *card, dma_addr_t dma, const void *bytes, size_t size);
/** lab_begin - start a write of @size bytes that takes @usec; lab_wait - until it is over. */
void lab_begin(struct lab_card *card, dma_addr_t dma, size_t size, unsigned int usec);
void lab_wait(struct lab_card *card);

/**
 * lab_bind/lab_unbind - load and unload the driver of the two cards. A test starts with it loaded.
 */
void lab_bind(void);
void lab_unbind(void);
/** Called by the driver's remove(), once; a place for what a driver forgets there. */
extern void (*lab_on_remove)(struct lab_card *card);

/** in_interrupt_call - run @call in an interrupt handler of the first card, and wait for it. */
void in_interrupt_call(void (*call)(void *argument), void *argument);

/* --- the machine ------------------------------------------------------------------------------ */

bool machine_is(const char *name);
/** The machine's seed, for tests that choose by chance; it was printed. */
u64 contract_seed(void);
const struct dmk_machine *machine(void);
/** Whether what a device writes is seen by the CPU's caches on its own, and the other way round. */
bool machine_is_coherent(void);
/**
 * Whether all that the first card maps is bounced: memory is private, the card is behind a
 * firewall, or swiotlb=force. Not behind an IOMMU that translates.
 */
bool machine_bounces_all(void);
/**
 * Whether the first card's addresses go through an IOMMU's tables; its granule in bytes, 0 where
 * they don't.
 */
bool machine_translates(void);
size_t machine_granule(void);
/**
 * scarce_addresses - where an IOMMU translates, addresses are what is finite: a mask that leaves
 * the first card fewer than @granules of
 *                    them. Elsewhere nothing: there it is slots.
 */
void scarce_addresses(unsigned int granules);
/** The first card's view of memory. */
const struct dmk_bus *machine_bus(void);
/** Whether there is RAM above physical address @last. */
bool machine_has_ram_above(u64 last);

/* --- findings --------------------------------------------------------------------------------- */

/**
 * expect_finding - the rule was reported @count times, at one place, and these are taken off what
 * is unexpected.
 */
void expect_finding(const char *rule, unsigned int count);
/**
 * expect_no_findings - nothing was reported that was not expected yet. Each test does it at its
 * end.
 */
void expect_no_findings(void);
/** expect_anything - for a test that is not about which mistakes are reported. */
void expect_anything(void);
/** kernel_log - what the kernel said in this test, one line after the other. */
const char *kernel_log(void);
/** The one finding of the rule in this test, or NULL. */
const struct dmk_finding *finding_of(const char *rule);
/**
 * expect_at_exit - the same, for what is reported only after the test, when the machine is shut
 * down.
 */
void expect_at_exit(const char *rule, unsigned int count);

/* --- bytes ------------------------------------------------------------------------------------ */

/** fill_bytes - a pattern that depends on @salt; bytes_are - whether it is there. */
void fill_bytes(void *bytes, size_t size, unsigned int salt);
bool bytes_are(const void *bytes, size_t size, unsigned int salt);

/**
 * Map and demand success: for tests in which memory is never short. Their unmaps are the plain
 * calls. Inlined into the test, so that a finding's stack shows the test's line.
 */
static inline dma_addr_t must_map(struct device *device, void *cpu, size_t size,
				  enum dma_data_direction dir)
{
	dma_addr_t dma = dma_map_single(device, cpu, size, dir);

	assert_false(dma_mapping_error(device, dma));
	return dma;
}

static inline void *must_kmalloc(size_t size)
{
	void *memory = kmalloc(size, GFP_KERNEL);

	assert_non_null(memory);
	return memory;
}

#endif
