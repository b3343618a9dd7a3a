/* SPDX-License-Identifier: MIT */
/*
 * Devices that are asked for and belong on no bus: the nodes that they get in each machine, the
 * lines from one to the other, and what is said of a tree in which they have no place.
 */
#include "bench.h"

#include <errno.h>
#include <unistd.h>

enum { UART_ID = 0x55410001, I2S_ID = 0x49530001, DMAC_ID = 0x444d0001 };

static const struct dmk_platform_device *device_called(const char *name, unsigned int nth)
{
	const struct dmk_machine *m = bench.machine;

	for (unsigned int i = 0; i < m->nr_platform; i++)
		if (strstr(m->platform[i].name, name) && !nth--)
			return &m->platform[i];
	fail_msg("no %s", name);
	return NULL;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

/* Neither memory, nor a window of the host bridge's, nor another device's. */
static void expect_own_place(const struct dmk_platform_device *device)
{
	const struct dmk_machine *m = bench.machine;
	const uint64_t first = device->reg[0].first.v, size = device->reg[0].size;

	assert_int_equal(device->nr_regs, 1);
	for (unsigned int i = 0; i < m->nr_memory; i++)
		assert_false(overlap(first, size, m->memory[i].first.v, m->memory[i].size));
	assert_false(overlap(first, size, m->pci->mmio32.phys.v, m->pci->mmio32.size));
	assert_false(overlap(first, size, m->pci->mmio64.phys.v, m->pci->mmio64.size));
	for (unsigned int i = 0; i < m->nr_platform; i++)
		for (unsigned int j = 0; &m->platform[i] != device && j < m->platform[i].nr_regs;
		     j++)
			assert_false(overlap(first, size, m->platform[i].reg[j].first.v,
					     m->platform[i].reg[j].size));
}

static void expect_own_line(const struct dmk_platform_device *device)
{
	const struct dmk_machine *m = bench.machine;

	assert_int_equal(device->nr_irqs, 1);
	for (unsigned int pin = 1; pin <= 4; pin++)
		assert_int_not_equal(bench.port.ops->intx_irq(bench.port.ctx, 8, pin),
				     device->irq[0]);
	for (unsigned int i = 0; i < m->nr_platform; i++)
		if (&m->platform[i] != device && m->platform[i].nr_irqs)
			assert_int_not_equal(m->platform[i].irq[0], device->irq[0]);
}

static uint32_t cell(const struct dmk_platform_device *device, const char *property, unsigned int i)
{
	size_t size;
	const uint8_t *bytes = device->property(device, property, &size);

	assert_non_null(bytes);
	assert_true(size >= 4 * (i + 1));
	bytes += 4 * i;
	return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/* Each has registers, an interrupt, and lines of its own; the controller comes along. */
static void test_each_machine_has_a_place_for_each(void **state)
{
	static const struct dmk_device_request wanted[] = {
		{.model = "uart"}, {.model = "lab"}, {.model = "i2s"}, {.model = "uart"}};
	static const struct {
		const char *name;
		unsigned int nth;
		uint32_t id;
	} made[] = {{"uart", 0, UART_ID},
		    {"uart", 1, UART_ID},
		    {"i2s", 0, I2S_ID},
		    {"dmac", 0, DMAC_ID}};

	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		uint32_t lines = 0;

		if (bench_try(bench_profiles[i], wanted, 4))
			fail_msg("%s", bench.error);
		for (unsigned int j = 0; j < 4; j++) {
			const struct dmk_platform_device *device = device_called(made[j].name,
										 made[j].nth);

			expect_own_place(device);
			expect_own_line(device);
			assert_int_equal(bench_read(device->reg[0].first.v, 4), made[j].id);
			for (unsigned int k = 0; made[j].id != DMAC_ID && k < 2; k++) {
				uint32_t line = cell(device, "dmas", 2 * k + 1);

				assert_in_range(line, 0, 31);
				assert_false(lines & 1u << line);
				lines |= 1u << line;
			}
		}
		bench_close();
	}
}

/* What masters memory sees it as the cards in slots do. */
static void test_the_controller_stands_where_cards_stand(void **state)
{
	static const struct dmk_device_request wanted[] = {{.model = "dmac"}};

	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		const struct dmk_bus *bus;

		if (bench_try(bench_profiles[i], wanted, 1))
			fail_msg("%s", bench.error);
		bus = device_called("dmac", 0)->dma;
		assert_ptr_equal(bus->restricted_pool, bench.machine->pci->dma->restricted_pool);
		assert_ptr_equal(bus->iommu, bench.machine->pci->dma->iommu);
		assert_int_equal(bus->coherent, bench.machine->pci->dma->coherent);
		bench_close();
	}
}

static void expect_error(int result, int wanted, const char *text)
{
	assert_int_equal(result, wanted);
	if (!strstr(bench.error, text))
		fail_msg("\"%s\" does not say \"%s\"", bench.error, text);
}

static void test_a_property_that_it_has_not_is_named(void **state)
{
	static const struct dmk_device_request wanted[] = {{"dmac", {{"chanels", "4"}}, 1}};
	static const struct dmk_device_request out[] = {{"dmac", {{"channels", "33"}}, 1}};

	expect_error(bench_try("pc", wanted, 1), -EINVAL,
		     "device dmac has no property \"chanels\"; there are: channels");
	expect_error(bench_try("pc", out, 1), -EINVAL, "channels is 1 to 32, not 33");
}

/* --- trees of a user's own -------------------------------------------------------------------- */

static char path[] = "/tmp/dmakit-graft-XXXXXX.dts";

#define HEAD   "/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; "
#define MEMORY "memory@0 { device_type = \"memory\"; reg = <0 0x100000>; }; "
#define INTC   "intc: intc { interrupt-controller; #interrupt-cells = <1>; }; "
#define BOARD  HEAD "interrupt-parent = <&intc>; " MEMORY INTC
#define DMAC                                                                       \
	"dmac: d@200000 { compatible = \"dmakit,dmac\"; reg = <0x200000 0x1000>; " \
	"interrupts = <7>; #dma-cells = <1>; }; "
#define UART(at, dmas)                                                                         \
	"u@" at " { compatible = \"dmakit,uart\"; reg = <0x" at " 0x1000>; interrupts = <8>; " \
	"dmas = " dmas "; dma-names = \"rx\", \"tx\"; }; "

static int try_tree(const char *text, const struct dmk_device_request *wanted, unsigned int n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return bench_try(path, wanted, n);
}

static void test_lines_of_a_tree_are_looked_at(void **state)
{
	expect_error(try_tree(BOARD DMAC UART("300000", "<&dmac 1>, <&dmac 32>") "};", NULL, 0),
		     -EINVAL, "/u@300000: dmas: 32 is no request line: there are 0 to 31");
	expect_error(try_tree(BOARD DMAC UART("300000", "<&dmac 4>, <&dmac 4>") "};", NULL, 0),
		     -EINVAL, "/u@300000: dmas: request line 4 is taken");
	expect_error(try_tree(BOARD DMAC UART("300000", "<99 1>, <&dmac 2>") "};", NULL, 0),
		     -EINVAL, "no node has the phandle 0x63");
}

/* Nobody models it; there is no entry; the list ends too soon. */
static void test_lines_that_lead_nowhere_are_no_error(void **state)
{
	static const char *const dmas[] = {"<&intc>, <&dmac 2>", "<&dmac 2>", "<&dmac>"};

	for (unsigned int i = 0; i < 3; i++) {
		char text[1024];

		snprintf(text, sizeof(text), BOARD DMAC UART("300000", "%s") "};", dmas[i]);
		if (try_tree(text, NULL, 0))
			fail_msg("%s", bench.error);
		bench_close();
	}
}

/* The tree's own controller serves what is plugged in, by lines that the tree does not use. */
static void test_a_controller_of_the_tree_is_used(void **state)
{
	static const struct dmk_device_request wanted[] = {{.model = "i2s"}};
	const struct dmk_platform_device *i2s;

	if (try_tree(BOARD DMAC UART("300000", "<&dmac 0>, <&dmac 1>") "};", wanted, 1))
		fail_msg("%s", bench.error);
	assert_int_equal(bench.machine->nr_platform, 3);
	i2s = device_called("i2s", 0);
	assert_int_equal(cell(i2s, "dmas", 0), cell(device_called("u", 0), "dmas", 0));
	assert_in_range(cell(i2s, "dmas", 1), 2, 31);
	assert_int_not_equal(i2s->irq[0], 7);
	assert_int_not_equal(i2s->irq[0], 8);
	bench_close();
}

static void test_a_tree_without_interrupts_has_no_place(void **state)
{
	static const struct dmk_device_request wanted[] = {{.model = "uart"}};

	expect_error(try_tree(HEAD MEMORY "};", wanted, 1), -EINVAL,
		     "interrupts: no interrupt-parent here or above");
	expect_error(try_tree(BOARD "soc { compatible = \"simple-bus\"; #address-cells = <1>; "
				    "#size-cells = <1>; ranges = <0 0x200000 0x10000>; }; };",
			      wanted, 1),
		     -EINVAL, "no place for \"dmac\": all addresses are taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_machine_has_a_place_for_each),
		cmocka_unit_test(test_the_controller_stands_where_cards_stand),
		cmocka_unit_test(test_a_property_that_it_has_not_is_named),
		cmocka_unit_test(test_lines_of_a_tree_are_looked_at),
		cmocka_unit_test(test_lines_that_lead_nowhere_are_no_error),
		cmocka_unit_test(test_a_controller_of_the_tree_is_used),
		cmocka_unit_test(test_a_tree_without_interrupts_has_no_place),
	};
	int fd = mkstemps(path, 4), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
