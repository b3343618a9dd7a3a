// SPDX-License-Identifier: MIT
/*
 * CHK: what a report holds, when there is one, and that watching changes nothing. CHK-04 is every
 * other test here: each fails when something is reported that it doesn't expect.
 */
#include "harness.h"

enum { SIZE = 512 };

static noinline dma_addr_t map_here(void *memory)
{
	dma_addr_t dma = dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE);

	assert_false(dma_mapping_error(dev, dma));
	return dma;
}

static noinline void unmap_wrongly_here(dma_addr_t dma)
{
	dma_unmap_single(dev, dma, SIZE / 2, DMA_TO_DEVICE);
	barrier();
}

/*
 * The address lies in the function that starts at @function: before the other one of the two, and
 * not far, sanitized or not.
 */
static bool is_in(const void *address, const void *function)
{
	const uintptr_t at = (uintptr_t)address, first = (uintptr_t)function;
	const uintptr_t places[] = {(uintptr_t)map_here, (uintptr_t)unmap_wrongly_here};
	uintptr_t end = first + 8192;

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] > first && places[i] < end)
			end = places[i];
	return at > first && at < end;
}

static bool stack_has(const struct dmk_stack *stack, const void *function)
{
	for (unsigned int i = 0; i < stack->depth; i++)
		if (is_in(stack->frame[i], function))
			return true;
	return false;
}

static void test_CHK_03_a_report_holds_rule_sentence_stacks_device_buffer_and_mend(void **state)
{
	void *memory = must_kmalloc(SIZE);
	const struct dmk_finding *finding;
	dma_addr_t dma = map_here(memory);

	unmap_wrongly_here(dma);
	expect_finding("STR-04", 1);
	finding = finding_of("STR-04");
	assert_string_equal(finding->device, dev_name(dev));
	assert_string_equal(finding->driver, "lab");
	assert_true(strlen(finding->what) > 20);
	assert_true(strlen(finding->mend) > 10);
	assert_true(finding->buffer.known);
	assert_true(finding->buffer.dma.v == dma);
	assert_true(finding->buffer.size == SIZE);
	assert_true(finding->buffer.directed && finding->buffer.dir == DMK_TO_DEVICE);
	assert_non_null(finding->buffer.owner);
	assert_true(stack_has(&finding->where, unmap_wrongly_here));
	assert_true(stack_has(&finding->mapped, map_here));
	kfree(memory);
}

static void test_CHK_03_the_same_mistake_at_the_same_place_is_one_report_with_a_count(void **state)
{
	const struct dmk_finding *finding;

	for (int i = 0; i < 7; i++) {
		void *memory = must_kmalloc(SIZE);

		unmap_wrongly_here(map_here(memory));
		kfree(memory);
	}
	expect_finding("STR-04", 7);
	finding = finding_of("STR-04");
	assert_int_equal(finding->count, 7);
	assert_int_equal(dmk_checker_findings(dmk_boot_checker()), 1);
}

static void test_CHK_05_it_goes_on_after_the_first_report(void **state)
{
	void *memory = must_kmalloc(SIZE);
	dma_addr_t dma = map_here(memory);

	unmap_wrongly_here(dma);
	expect_finding("STR-04", 1);
	dma_sync_single_for_cpu(dev, dma + 0x20000000, SIZE, DMA_TO_DEVICE);
	expect_finding("SYN-04", 1);
	assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, SIZE, DMA_NONE)));
	expect_finding("DIR-01", 1);
	kfree(memory);
}

static void test_CHK_05_no_record_is_lost_in_many_mappings(void **state)
{
	enum { MANY = 2000 };
	static dma_addr_t dma[MANY];
	struct dmk_check_totals totals;
	void *memory = must_kmalloc(SIZE);
	int n;

	for (n = 0; n < MANY; n++) {
		dma[n] = dma_map_single(dev, memory, SIZE, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma[n]))
			break;
	}
	dmk_checker_totals(dmk_boot_checker(), &totals);
	assert_int_equal(totals.lost_records, 0);
	assert_true(totals.maps >= n);
	while (n--)
		dma_unmap_single(dev, dma[n], SIZE, DMA_TO_DEVICE);
	dmk_checker_totals(dmk_boot_checker(), &totals);
	assert_true(totals.unmaps == totals.maps);
	kfree(memory);
}

/* What a program can see of itself: addresses relative to each other, results, bytes. */
static u64 results_of_a_program(void)
{
	u8 *memory = must_kmalloc(SIZE);
	u64 hash = 14695981039346656037ull;
	u8 seen[SIZE];

	for (unsigned int i = 0; i < 50; i++) {
		enum dma_data_direction dir = i % 3;
		size_t size = 1 + i * 37 % SIZE, wrong = i % 10 ? size : size / 2 + 1;
		dma_addr_t dma;

		fill_bytes(memory, SIZE, i);
		dma = dma_map_single(dev, memory, size, dir);
		hash = (hash ^ dma_mapping_error(dev, dma)) * 1099511628211ull;
		hash = (hash ^ (u64)lab_read(lab, dma, seen, size)) * 1099511628211ull;
		for (size_t byte = 0; byte < size; byte++)
			hash = (hash ^ seen[byte]) * 1099511628211ull;
		dma_unmap_single(dev, dma, wrong, dir);
	}
	kfree(memory);
	return hash;
}

static u64 first_result;

static void test_CHK_07_results_with_the_checker_on(void **state)
{
	expect_anything();
	first_result = results_of_a_program();
}

static void test_CHK_07_are_those_with_the_checker_off(void **state)
{
	assert_null(dmk_boot_checker());
	assert_true(results_of_a_program() == first_result);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(
			test_CHK_03_a_report_holds_rule_sentence_stacks_device_buffer_and_mend),
		CONTRACT_TEST(
			test_CHK_03_the_same_mistake_at_the_same_place_is_one_report_with_a_count),
		CONTRACT_TEST(test_CHK_05_it_goes_on_after_the_first_report),
		CONTRACT_TEST(test_CHK_05_no_record_is_lost_in_many_mappings),
		CONTRACT_TEST(test_CHK_07_results_with_the_checker_on),
		{"test_CHK_07_are_those_with_the_checker_off",
		 test_CHK_07_are_those_with_the_checker_off, NULL, true},
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
