// SPDX-License-Identifier: MIT
/*
 * Formats, numbers from text, strings, bitmaps, tables: what is right by a table, or by a simple
 * model.
 */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/circ_buf.h>
#include <linux/idr.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/xarray.h>
#include <linux/topology.h>

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

static int down(void **state)
{
	fake_shutdown();
	return 0;
}

#define PRINTS(expected, ...)                                                                      \
	do {                                                                                       \
		char text[200];                                                                    \
		int length = dmk_snprintf(text, sizeof(text), __VA_ARGS__);                        \
		assert_string_equal(text, expected);                                               \
		assert_int_equal(length, strlen(expected));                                        \
	} while (0)

static void print_v(struct va_format *format, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	format->fmt = text;
	format->va = &arguments;
	PRINTS("<5 x>", "<%pV>", format);
	va_end(arguments);
}

static void test_formats_of_the_kernel(void **state)
{
	static const unsigned char bytes[16] = {0, 1, 2,  0xab, 4,  5,  6,  7,
						8, 9, 10, 11,   12, 13, 14, 15};
	u64 address = 0x12345678;
	struct resource resource = { .start = 0x1000, .end = 0x1fff, .flags = IORESOURCE_MEM };
	struct va_format format;

	PRINTS("0x0000000012345678", "%pad", &address);
	PRINTS("0x0000000012345678.", "%pa.", &address);
	PRINTS("0x0000000012345678", "%pap", &address);
	PRINTS("0000000000001234", "%p", (void *)0x1234);
	PRINTS("0000000000001234", "%px", (void *)0x1234);
	PRINTS("-ENOMEM", "%pe", ERR_PTR(-ENOMEM));
	PRINTS("00:01:02:ab:04:05", "%pM", bytes);
	PRINTS("000102ab0405", "%pm", bytes);
	PRINTS("00 01 02 ab", "%*ph", 4, bytes);
	PRINTS("00:01:02:ab", "%4phC", bytes);
	PRINTS("00-01", "%2phD", bytes);
	PRINTS("000102ab", "%4phN", bytes);
	PRINTS("0.1.2.171", "%pI4", bytes);
	PRINTS("0001:02ab:0405:0607:0809:0a0b:0c0d:0e0f", "%pI6", bytes);
	PRINTS("000102ab-0405-0607-0809-0a0b0c0d0e0f", "%pUb", bytes);
	PRINTS("ab020100-0504-0706-0809-0a0b0c0d0e0f", "%pUl", bytes);
	PRINTS("[mem 0x1000-0x1fff]", "%pR", &resource);
	print_v(&format, "%d %c", 5, 'x');
}

/* libc's, whatever the name snprintf stands for here. */
static int libc_print(char *to, size_t size, const char *format, unsigned long value)
{
	FILE *file = fmemopen(to, size, "w");
	int length = fprintf(file, format, value);

	fclose(file);
	return length;
}

/* Against libc, by chance: they agree on all that both have. */
static void test_formats_of_C_agree_with_libc(void **state)
{
	static const char *const conversion[] = {"d",  "u",   "x",  "X",   "o", "ld",
						 "lx", "llu", "hd", "hhu", "zx"};
	char format[40], ours[200], theirs[200];
	unsigned int step;

	fake_seed();
	for (step = 0; step < 20000; step++) {
		char *at = format;
		/*
		 * Not 0, of which the kernel's %#x is 0x0; so no narrow conversions of it either.
		 */
		unsigned long value = fake_random(~0ULL) >> fake_random(64) | 1;
		int a, b;

		at += dmk_snprintf(at, 20, "<%%%s%s%s%s", fake_random(3) ? "" : "-",
				   fake_random(3) ? "" : "0", fake_random(3) ? "" : "#",
				   fake_random(3) ? "" : "+");
		if (fake_random(2))
			at += dmk_snprintf(at, 20, "%d", (int)fake_random(25));
		if (!fake_random(3))
			at += dmk_snprintf(at, 20, ".%d", (int)fake_random(25));
		dmk_snprintf(at, 20, "%s>", conversion[fake_random(ARRAY_SIZE(conversion))]);
		a = dmk_snprintf(ours, sizeof(ours), format, value);
		b = libc_print(theirs, sizeof(theirs), format, value);
		if (a != b || strcmp(ours, theirs))
			fail_msg("%s of %#lx: \"%s\", libc \"%s\"", format, value, ours, theirs);
	}
}

static void test_text_that_does_not_fit_is_cut(void **state)
{
	const char *volatile nothing = NULL;
	char text[8];

	assert_int_equal(dmk_snprintf(text, sizeof(text), "%s", "0123456789"), 10);
	assert_string_equal(text, "0123456");
	assert_int_equal(scnprintf(text, sizeof(text), "%d", 123456789), 7);
	assert_int_equal(dmk_snprintf(NULL, 0, "%s", "abc"), 3);
	PRINTS("(null)", "%s", nothing);
	PRINTS("ab", "%.2s", "abc");
	PRINTS("  ab|ab  ", "%4s|%-4s", "ab", "ab");
	PRINTS("0x0", "%#x", 0);
	PRINTS("100%", "%d%%", 100);
	assert_int_equal(strscpy(text, "0123456789"), -E2BIG);
	assert_string_equal(text, "0123456");
	assert_int_equal(strscpy(text, "abc", sizeof(text)), 3);
}

static void test_messages_have_levels(void **state)
{
	fake_forget();
	pr_err("one\n");
	pr_info("two, no newline");
	printk("three\nfour\n");
	assert_string_equal(fake_log(), "3 one\n6 two, no newline\n4 three\n4 four\n");
	fake_forget();
	print_hex_dump(KERN_INFO, "x ", DUMP_PREFIX_OFFSET, 16, 1, "ABCDEFGHIJKLMNOPQ", 17, true);
	assert_non_null(strstr(
		fake_log(),
		"6 x 00000000: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP\n"));
	assert_non_null(strstr(fake_log(), "6 x 00000010: 51 "));
	fake_forget();
	assert_true(WARN_ON(1 + 1 == 2));
	assert_non_null(strstr(fake_log(), "1 + 1 == 2"));
}

static void test_numbers_are_read_strictly(void **state)
{
	static const struct {
		const char *text;
		unsigned int base;
		int err;
		long long value;
	} row[] = {
		{ "42", 0, 0, 42 },
		{ "42\n", 10, 0, 42 },
		{ "-42", 0, 0, -42 },
		{ "0x1f", 0, 0, 31 },
		{ "0x1f", 16, 0, 31 },
		{ "017", 0, 0, 15 },
		{ "0", 0, 0, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "4x", 0, -EINVAL, 0 },
		{ "4 ", 0, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "9223372036854775807", 0, 0, 9223372036854775807LL },
		{ "9223372036854775808", 0, -ERANGE, 0 },
		{ "-9223372036854775808", 0, 0, -9223372036854775807LL - 1 },
		{ "99999999999999999999", 0, -ERANGE, 0 },
	};
	unsigned int i;
	long long value;
	u8 byte;
	bool yes;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(kstrtoll(row[i].text, row[i].base, &value), row[i].err);
		if (!row[i].err)
			assert_int_equal(value, row[i].value);
	}
	assert_int_equal(kstrtou8("256", 0, &byte), -ERANGE);
	assert_int_equal(kstrtou8("-1", 0, &byte), -EINVAL);
	assert_int_equal(kstrtou8("255", 0, &byte), 0);
	assert_int_equal(kstrtobool("on", &yes), 0);
	assert_true(yes);
	assert_int_equal(kstrtobool("maybe", &yes), -EINVAL);
}

static void test_bitmaps_by_chance(void **state)
{
	enum { BITS = 200 };
	DECLARE_BITMAP(map, BITS) = { 0 };
	bool model[BITS] = { false };
	unsigned int step, i;

	fake_seed();
	for (step = 0; step < 3000; step++) {
		unsigned int bit = fake_random(BITS), n = fake_random(BITS - bit),
			     from = fake_random(BITS);
		bool value = fake_random(2);

		if (value)
			bitmap_set(map, bit, n);
		else
			bitmap_clear(map, bit, n);
		for (i = 0; i < n; i++)
			model[bit + i] = value;
		for (i = from; i < BITS && !model[i]; i++)
			;
		assert_int_equal(find_next_bit(map, BITS, from), i);
		for (i = from; i < BITS && model[i]; i++)
			;
		assert_int_equal(find_next_zero_bit(map, BITS, from), i);
		for (i = 0, n = 0; i < BITS; i++)
			n += model[i];
		assert_int_equal(bitmap_weight(map, BITS), n);
	}
	bitmap_zero(map, BITS);
	assert_int_equal(bitmap_find_free_region(map, BITS, 3), 0);
	assert_int_equal(bitmap_find_free_region(map, BITS, 6), 64);
	assert_int_equal(bitmap_find_free_region(map, BITS, 7), -ENOMEM);
}

static void test_xarrays_by_chance(void **state)
{
	enum { INDEXES = 100 };
	void *model[INDEXES] = { NULL }, *entry;
	DEFINE_XARRAY(xa);
	unsigned long index, next;
	unsigned int step;

	fake_seed();
	for (step = 0; step < 20000; step++) {
		index = fake_random(INDEXES);
		entry = fake_random(3) ? (void *)(8 * (1 + fake_random(1000))) : NULL;
		assert_ptr_equal(xa_store(&xa, index, entry, GFP_KERNEL), model[index]);
		model[index] = entry;
		assert_ptr_equal(xa_load(&xa, index), entry);
	}
	next = 0;
	xa_for_each(&xa, index, entry) {
		for (; next < index; next++)
			assert_null(model[next]);
		assert_ptr_equal(model[next++], entry);
	}
	for (index = 0; index < INDEXES; index++)
		xa_erase(&xa, index);
	assert_true(xa_empty(&xa));
}

static void test_numbers_for_things(void **state)
{
	DEFINE_IDR(idr);
	DEFINE_IDA(ida);
	int x, id, n = 0;
	void *entry;

	assert_int_equal(idr_alloc(&idr, &x, 5, 7, GFP_KERNEL), 5);
	assert_int_equal(idr_alloc(&idr, NULL, 5, 7, GFP_KERNEL), 6);
	assert_int_equal(idr_alloc(&idr, &x, 5, 7, GFP_KERNEL), -ENOSPC);
	assert_ptr_equal(idr_find(&idr, 5), &x);
	assert_null(idr_find(&idr, 6));
	idr_for_each_entry(&idr, entry, id)
		n++;
	assert_int_equal(n, 1);
	assert_ptr_equal(idr_remove(&idr, 5), &x);
	assert_int_equal(idr_alloc_cyclic(&idr, &x, 0, 0, GFP_KERNEL), 0);
	assert_int_equal(idr_alloc_cyclic(&idr, &x, 0, 0, GFP_KERNEL), 1);
	idr_remove(&idr, 0);
	assert_int_equal(idr_alloc_cyclic(&idr, &x, 0, 0, GFP_KERNEL), 2);
	idr_destroy(&idr);

	assert_int_equal(ida_alloc(&ida, GFP_KERNEL), 0);
	assert_int_equal(ida_alloc(&ida, GFP_KERNEL), 1);
	ida_free(&ida, 0);
	assert_int_equal(ida_alloc_range(&ida, 0, 1, GFP_KERNEL), 0);
	assert_int_equal(ida_alloc_max(&ida, 1, GFP_KERNEL), -ENOSPC);
	ida_destroy(&ida);
}

static void test_copies_and_strings(void **state)
{
	static const char *const words[] = { "none", "some", "all" };
	char *text = kasprintf(GFP_KERNEL, "%s-%d", "edu", 3),
	     *copy = kstrndup(text, 3, GFP_KERNEL), *bytes;
	char blank[] = "  a b \n";

	assert_string_equal(text, "edu-3");
	assert_string_equal(copy, "edu");
	bytes = kmemdup(text, 6, GFP_KERNEL);
	assert_string_equal(bytes, text);
	assert_null(kstrdup(NULL, GFP_KERNEL));
	assert_string_equal(strim(blank), "a b");
	assert_int_equal(match_string(words, 3, "all"), 2);
	assert_int_equal(sysfs_match_string(words, "some\n"), 1);
	assert_int_equal(match_string(words, 3, "few"), -EINVAL);
	kfree(text);
	kfree(copy);
	kfree(bytes);
}

static void test_arithmetic(void **state)
{
	struct thing {
		int n;
		u32 item[];
	} *thing = NULL;
	u8 unaligned[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	u32 byte = 0;
	u64 n = 1000;

	assert_int_equal(min(3, 5), 3);
	assert_int_equal(max3(1, 9, 5), 9);
	assert_int_equal(clamp(15, 0, 10), 10);
	assert_int_equal(DIV_ROUND_UP(7, 3), 3);
	assert_int_equal(DIV_ROUND_CLOSEST(-7, 2), -4);
	assert_int_equal(ALIGN(0x1001, 0x1000), 0x2000);
	assert_int_equal(ALIGN_DOWN(0x1fff, 0x1000), 0x1000);
	assert_int_equal(roundup_pow_of_two(33), 64);
	assert_int_equal(order_base_2(5), 3);
	assert_int_equal(ilog2(4096), 12);
	assert_int_equal(get_order(4097), 1);
	assert_int_equal(GENMASK(7, 4), 0xf0);
	assert_int_equal(FIELD_GET(GENMASK(7, 4), 0xab), 0xa);
	assert_int_equal(FIELD_PREP(GENMASK(7, 4), 3), 0x30);
	assert_true(struct_size(thing, item, 3) == 16);
	assert_true(struct_size(thing, item, SIZE_MAX) == SIZE_MAX);
	assert_int_equal(do_div(n, 7), 6);
	assert_int_equal(n, 142);
	assert_int_equal(get_unaligned_le32(unaligned + 1), 0x04030201);
	assert_int_equal(get_unaligned_be16(unaligned + 1), 0x0102);
	u32p_replace_bits(&byte, 5, GENMASK(7, 4));
	assert_int_equal(byte, 0x50);
	assert_int_equal(sign_extend32(0x80, 7), -128);
	assert_int_equal(int_sqrt(99), 9);
	assert_int_equal(int_sqrt64(99), 9);
	assert_int_equal(int_sqrt64(~0ULL), ~0U);
	assert_int_equal(cpu_to_be32(0x01020304), 0x04030201);
	assert_int_equal(upper_32_bits(0x123456789ULL), 1);
}

static void test_sets_of_cpus(void **state)
{
	struct cpumask some, other;
	unsigned int cpu, n = 0;

	cpumask_clear(&some);
	assert_true(cpumask_empty(&some));
	assert_int_equal(cpumask_first(&some), nr_cpu_ids);
	cpumask_set_cpu(1, &some);
	cpumask_set_cpu(3, &some);
	assert_false(cpumask_full(&some));
	assert_int_equal(cpumask_weight(&some), 2);
	assert_int_equal(cpumask_first(&some), 1);
	assert_int_equal(cpumask_next(1, &some), 3);
	assert_int_equal(cpumask_next(3, &some), nr_cpu_ids);
	for_each_cpu(cpu, &some) n += cpu;
	assert_int_equal(n, 4);
	assert_true(cpumask_and(&other, &some, cpumask_of(3)));
	assert_true(cpumask_equal(&other, cpumask_of(3)));
	assert_false(cpumask_intersects(&other, cpumask_of(1)));
	assert_true(cpumask_empty(cpumask_of(nr_cpu_ids)));
	cpumask_setall(&other);
	assert_true(cpumask_equal(&other, cpu_online_mask));
	assert_true(cpumask_equal(&other, cpumask_of_node(0)));
	assert_int_equal(cpumask_weight(cpu_possible_mask), num_possible_cpus());
	assert_true(node_possible(0));
	assert_false(node_possible(MAX_NUMNODES));
}

static void test_lists(void **state)
{
	struct item {
		struct list_head link;
		int value;
	} item[5], *pos, *next;
	LIST_HEAD(list);
	LIST_HEAD(other);
	int i, expected;

	for (i = 0; i < 5; i++) {
		item[i].value = i;
		list_add_tail(&item[i].link, &list);
	}
	list_for_each_entry_safe(pos, next, &list, link)
		if (pos->value % 2)
			list_move(&pos->link, &other);
	expected = 0;
	list_for_each_entry(pos, &list, link) {
		assert_int_equal(pos->value, expected);
		expected += 2;
	}
	assert_int_equal(list_first_entry(&other, struct item, link)->value, 3);
	list_splice_tail_init(&other, &list);
	assert_true(list_empty(&other));
	assert_int_equal(list_count_nodes(&list), 5);
	assert_int_equal(list_last_entry(&list, struct item, link)->value, 1);
	list_swap(&item[0].link, &item[1].link);
	assert_int_equal(list_first_entry(&list, struct item, link)->value, 1);
	list_cut_position(&other, &list, &item[2].link);
	assert_int_equal(list_count_nodes(&other), 2);
}

static void test_random_numbers_stay_below(void **state)
{
	int i;

	for (i = 0; i < 1000; i++)
		assert_true(get_random_u32_below(7) < 7);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down)

/* --- small things ----------------------------------------------------------------------------- */

static void test_a_ring_counts_what_it_has_and_what_it_can_take(void **state)
{
	enum { SIZE = 8 };

	for (int head = 0; head < SIZE; head++)
		for (int tail = 0; tail < SIZE; tail++) {
			int count = 0, to_end = 0;

			for (int at = tail; at != head; at = (at + 1) % SIZE, count++)
				to_end += count < SIZE - tail;
			assert_int_equal(CIRC_CNT(head, tail, SIZE), count);
			assert_int_equal(CIRC_SPACE(head, tail, SIZE), SIZE - 1 - count);
			assert_int_equal(CIRC_CNT_TO_END(head, tail, SIZE), to_end);
			assert_int_equal(CIRC_SPACE_TO_END(head, tail, SIZE),
					 min(SIZE - 1 - count, SIZE - head));
		}
}

struct item {
	struct llist_node link;
	int number;
};

static void test_a_lockless_list_is_taken_as_a_whole(void **state)
{
	struct item item[3] = {{.number = 0}, {.number = 1}, {.number = 2}}, *at, *n;
	LLIST_HEAD(head);
	int wanted = 0;

	assert_true(llist_empty(&head));
	for (int i = 0; i < 3; i++)
		assert_int_equal(llist_add(&item[i].link, &head), i == 0);
	llist_for_each_entry_safe(at, n, llist_reverse_order(llist_del_all(&head)), link)
		assert_int_equal(at->number, wanted++);
	assert_int_equal(wanted, 3);
	assert_true(llist_empty(&head) && !llist_del_all(&head));
}

static void test_a_reader_that_met_a_writer_looks_again(void **state)
{
	DEFINE_SEQLOCK(lock);
	unsigned int start = read_seqbegin(&lock);

	assert_false(read_seqretry(&lock, start));
	write_seqlock(&lock);
	assert_true(read_seqretry(&lock, start));
	write_sequnlock(&lock);
	assert_true(read_seqretry(&lock, start));
	assert_false(read_seqretry(&lock, read_seqbegin(&lock)));
}

/* --- trees ------------------------------------------------------------------------------------ */

struct leaf {
	struct rb_node node;
	unsigned int key;
	bool in;
};

static bool is_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct leaf, node)->key < rb_entry(b, struct leaf, node)->key;
}

static int compare_key(const void *key, const struct rb_node *node)
{
	unsigned int a = *(const unsigned int *)key, b = rb_entry(node, struct leaf, node)->key;

	return (a > b) - (a < b);
}

static bool is_black(const struct rb_node *node)
{
	return !node || (node->__rb_parent_color & 1);
}

/* Black nodes on each way down; fails where one has more, or a red node a red child. */
static unsigned int black_height(const struct rb_node *node)
{
	unsigned int left, right;

	if (!node)
		return 1;
	assert_true(is_black(node) || (is_black(node->rb_left) && is_black(node->rb_right)));
	assert_true(!node->rb_left || rb_parent(node->rb_left) == node);
	assert_true(!node->rb_right || rb_parent(node->rb_right) == node);
	left = black_height(node->rb_left);
	right = black_height(node->rb_right);
	assert_int_equal(left, right);
	return left + is_black(node);
}

static void expect_order(const struct rb_root *root, unsigned int n)
{
	const struct rb_node *last = NULL;
	unsigned int forth = 0, back = 0, after = 0;

	for (struct rb_node *at = rb_first(root); at; at = rb_next(at), forth++) {
		assert_true(!last || compare_key(&rb_entry(last, struct leaf, node)->key, at) <= 0);
		last = at;
	}
	for (struct rb_node *at = rb_last(root); at; at = rb_prev(at))
		back++;
	for (struct rb_node *at = rb_first_postorder(root); at; at = rb_next_postorder(at))
		after++;
	assert_int_equal(forth, n);
	assert_int_equal(back, n);
	assert_int_equal(after, n);
}

static void test_a_tree_stays_ordered_and_balanced(void **state)
{
	enum { LEAVES = 64, STEPS = 4000 };
	static struct leaf leaf[LEAVES], other;
	struct rb_root root = RB_ROOT;
	unsigned int n = 0;

	fake_seed();
	for (int step = 0; step < STEPS; step++) {
		struct leaf *at = &leaf[fake_random(LEAVES)];

		if (at->in) {
			rb_erase(&at->node, &root);
			RB_CLEAR_NODE(&at->node);
			assert_true(RB_EMPTY_NODE(&at->node) && !rb_next(&at->node));
		} else {
			at->key = (unsigned int)fake_random(40);
			rb_add(&at->node, &root, is_less);
			assert_non_null(rb_find(&at->key, &root, compare_key));
		}
		at->in = !at->in;
		n += at->in ? 1 : -1U;
		assert_true(is_black(root.rb_node));
		black_height(root.rb_node);
		expect_order(&root, n);
		if (!at->in)
			continue;
		other = *at;
		rb_replace_node(&at->node, &other.node, &root);
		expect_order(&root, n);
		rb_replace_node(&other.node, &at->node, &root);
	}
	memset(leaf, 0, sizeof(leaf));
}

static void test_a_cached_tree_knows_its_first(void **state)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct leaf a = {.key = 1}, b = {.key = 2};

	rb_link_node(&b.node, NULL, &root.rb_root.rb_node);
	rb_insert_color_cached(&b.node, &root, true);
	rb_link_node(&a.node, &b.node, &b.node.rb_left);
	rb_insert_color_cached(&a.node, &root, true);
	assert_ptr_equal(rb_first_cached(&root), &a.node);
	rb_erase_cached(&a.node, &root);
	assert_ptr_equal(rb_first_cached(&root), &b.node);
	rb_erase_cached(&b.node, &root);
	assert_true(RB_EMPTY_ROOT(&root.rb_root) && !rb_first_cached(&root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ring_counts_what_it_has_and_what_it_can_take),
		cmocka_unit_test(test_a_lockless_list_is_taken_as_a_whole),
		cmocka_unit_test(test_a_reader_that_met_a_writer_looks_again),
		cmocka_unit_test(test_a_tree_stays_ordered_and_balanced),
		cmocka_unit_test(test_a_cached_tree_knows_its_first),
		BOOTED(test_formats_of_the_kernel),
		BOOTED(test_formats_of_C_agree_with_libc),
		BOOTED(test_text_that_does_not_fit_is_cut),
		BOOTED(test_messages_have_levels),
		BOOTED(test_numbers_are_read_strictly),
		BOOTED(test_bitmaps_by_chance),
		BOOTED(test_xarrays_by_chance),
		BOOTED(test_numbers_for_things),
		BOOTED(test_copies_and_strings),
		BOOTED(test_arithmetic),
		BOOTED(test_sets_of_cpus),
		BOOTED(test_lists),
		BOOTED(test_random_numbers_stay_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
