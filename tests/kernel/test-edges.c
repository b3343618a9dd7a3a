// SPDX-License-Identifier: MIT
/*
 * Where memory ends and what must be refused there; and what one interrupt's life leaves to the
 * next. What test-memory.c and test-threads.c say of the middle, this says of the edges.
 */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "../../kernel/internal.h"

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

static int boot_noncoherent(void **state)
{
	fake_boot("", 64);
	return 0;
}

static int down(void **state)
{
	fake_shutdown();
	return 0;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* RAM goes on behind the direct map, and its addresses do not. */
static void test_STR_11_no_range_runs_out_of_the_direct_map(void **state)
{
	struct dmk_os os = dmk_os_table();
	char *last = phys_to_virt(48 * MIB - 1);
	dmk_phys phys = {0};

	assert_int_equal(os.ops->classify(NULL, last, 1, &phys), DMK_ADDRESS_DIRECT);
	assert_true(phys.v == 48 * MIB - 1);
	assert_int_equal(os.ops->classify(NULL, last - 1, 2, &phys), DMK_ADDRESS_DIRECT);
	assert_int_not_equal(os.ops->classify(NULL, last, 2, &phys), DMK_ADDRESS_DIRECT);
	assert_int_not_equal(os.ops->classify(NULL, last - 1, 3, &phys), DMK_ADDRESS_DIRECT);
	assert_int_not_equal(os.ops->classify(NULL, last + 1, 1, &phys), DMK_ADDRESS_DIRECT);
	assert_true(os.ops->is_ram(NULL, DMK_PHYS(48 * MIB - 1), 2));
}

/*
 * A free run of memory that begins below the limit and ends above it gives what lies below, and
 * nothing else.
 */
static void test_MSK_06_frames_end_below_their_limit(void **state)
{
	struct dmk_page_request request = {
		.size = 4 * PAGE_SIZE,
		.align = PAGE_SIZE,
		.first = {9 * MIB},
		.last = {9 * MIB + 4 * PAGE_SIZE - 2},
	};
	phys_addr_t first;

	assert_int_not_equal(dmk_frames_alloc(&request, &first), 0);
	request.last.v++;
	assert_int_equal(dmk_frames_alloc(&request, &first), 0);
	assert_true(first == 9 * MIB);
	dmk_frames_free(first, request.size);

	/* Alignment and limit together leave no room. */
	request.first.v = 9 * MIB + PAGE_SIZE;
	request.align = 4 * PAGE_SIZE;
	assert_int_not_equal(dmk_frames_alloc(&request, &first), 0);
}

static void test_every_page_of_a_zeroed_run_is_zeroed(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	assert_non_null(page);
	memset(page_address(page), 0x5e, 8 * PAGE_SIZE);
	__free_pages(page, 3);
	for (int i = 0; i < 4; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
		assert_non_null(page);
		assert_null(memchr_inv(page_address(page), 0, 8 * PAGE_SIZE));
	}
}

static DEFINE_SPINLOCK(held);

static void test_COH_06_pages_are_not_waited_for_with_a_lock_held(void **state)
{
	fake_forget();
	spin_lock(&held);
	__free_page(alloc_page(GFP_ATOMIC));
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 0);
	__free_page(alloc_page(GFP_KERNEL));
	spin_unlock(&held);
	assert_int_equal(fake_count(DMK_EVENT_SLEEP_IN_ATOMIC), 1);
	assert_string_equal(fake_last(DMK_EVENT_SLEEP_IN_ATOMIC).name, "alloc_pages");
}

/*
 * With the alignment that a driver asks for; without, they lie side by side, as on Linux
 * (tests/kernel/test-slab.c).
 */
static void test_MEM_08_objects_of_a_drivers_cache_share_no_line(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("narrow", 24, 64, 0, NULL);
	char *object[40];

	assert_non_null(cache);
	for (int i = 0; i < 40; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_int_equal((unsigned long)object[i] % 64, 0);
		for (int j = 0; j < i; j++)
			assert_true(labs(object[i] - object[j]) >= 64);
	}
	for (int i = 0; i < 40; i++)
		kmem_cache_free(cache, object[i]);
	kmem_cache_destroy(cache);
}

static void test_ADR_04_a_vmalloc_area_ends_with_its_last_byte(void **state)
{
	char *area = vmalloc(2 * PAGE_SIZE);

	assert_true(is_vmalloc_addr(area) && is_vmalloc_addr(area + 2 * PAGE_SIZE - 1));
	assert_false(is_vmalloc_addr(area - 1));
	assert_false(is_vmalloc_addr(area + 2 * PAGE_SIZE));
	assert_null(vmalloc_to_page(area + 2 * PAGE_SIZE));
	vfree(area);
	assert_false(is_vmalloc_addr(area));
}

/* The pages of a vmap() are somebody else's, and those of a vmalloc() nobody else's. */
static void test_areas_are_taken_away_by_the_call_that_mirrors_theirs(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *mapped = vmap(&page, 1, VM_MAP, PAGE_KERNEL), *allocated = vmalloc(PAGE_SIZE);

	fake_forget();
	vfree(mapped);
	vunmap(allocated);
	assert_true(is_vmalloc_addr(mapped) && is_vmalloc_addr(allocated));
	assert_non_null(strstr(fake_log(), "its opposite is vunmap"));
	vunmap(mapped);
	vfree(allocated);
	assert_int_equal(page_count(page), 1);
	__free_page(page);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static int calls;

static int nr_calls(void)
{
	return __atomic_load_n(&calls, __ATOMIC_ACQUIRE);
}

static irqreturn_t count(int irq, void *data)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_ACQ_REL);
	return IRQ_HANDLED;
}

static void wait_for_calls(int n)
{
	for (int i = 0; i < 20000 && nr_calls() < n; i++)
		usleep(500);
	assert_int_equal(nr_calls(), n);
}

static void test_an_edge_is_kept_while_the_line_is_disabled(void **state)
{
	calls = 0;
	assert_int_equal(request_irq(3, count, 0, "edge", NULL), 0);
	disable_irq(3);
	fake_message(3);
	/* The edge is over by the time that anybody listens. */
	dmk_irq_changed(3, false, true);
	enable_irq(3);
	wait_for_calls(1);
	free_irq(3, NULL);
}

static void test_a_line_is_shared_by_those_only_who_all_say_so(void **state)
{
	int first, second;

	assert_int_equal(request_irq(4, count, 0, "alone", &first), 0);
	assert_int_equal(request_irq(4, count, IRQF_SHARED, "sociable", &second), -EBUSY);
	free_irq(4, &first);
	assert_int_equal(request_irq(4, count, IRQF_SHARED, "sociable", &second), 0);
	assert_int_equal(request_irq(4, count, 0, "alone", &first), -EBUSY);
	assert_int_equal(request_irq(4, count, IRQF_SHARED, "sociable too", &first), 0);
	free_irq(4, &first);
	free_irq(4, &second);
}

static DEFINE_SPINLOCK(never_given_back);

static irqreturn_t take_and_keep(int irq, void *data)
{
	spin_lock(&never_given_back);
	return count(irq, data);
}

/*
 * Said, and made good as far as that goes: the next handler is no deeper in atomic context than
 * this one was.
 */
static void test_CTX_01_a_handler_that_keeps_a_lock_is_told_of(void **state)
{
	calls = 0;
	fake_forget();
	assert_int_equal(request_irq(5, take_and_keep, 0, "keeper", NULL), 0);
	fake_message(5);
	wait_for_calls(1);
	free_irq(5, NULL);
	assert_non_null(strstr(fake_log(), "returned with a spinlock held"));
}

#define ON(test) cmocka_unit_test_setup_teardown(test, boot, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(test_STR_11_no_range_runs_out_of_the_direct_map),
		ON(test_MSK_06_frames_end_below_their_limit),
		ON(test_every_page_of_a_zeroed_run_is_zeroed),
		ON(test_COH_06_pages_are_not_waited_for_with_a_lock_held),
		cmocka_unit_test_setup_teardown(
			test_MEM_08_objects_of_a_drivers_cache_share_no_line, boot_noncoherent,
			down),
		ON(test_ADR_04_a_vmalloc_area_ends_with_its_last_byte),
		ON(test_areas_are_taken_away_by_the_call_that_mirrors_theirs),
		ON(test_an_edge_is_kept_while_the_line_is_disabled),
		ON(test_a_line_is_shared_by_those_only_who_all_say_so),
		ON(test_CTX_01_a_handler_that_keeps_a_lock_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
