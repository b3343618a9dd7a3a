// SPDX-License-Identifier: MIT
/*
 * The device half on a machine that the test looks through: what is found and where it is put, who
 * is bound and what is undone, what a file's caller gets, and what nonsense does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <dmakit/file.h>
#include <dmakit/kernel.h>

#include "../../kernel/device/device.h"
#include "card.h"
#include "fake.h"

/* The allocator's own caches come and go; one block lost in each of 350 rounds would be more. */
enum { GROWTH = 8192 };

static int boot(void **state)
{
	fake_reset();
	memset(&card, 0, sizeof(card));
	return fake_boot();
}

static int halt(void **state)
{
	fake_shutdown();
	return 0;
}

static int boot_and_load(void **state)
{
	int error = boot(state);

	return error ? error : dmk_module_load("card");
}

/* --- finding and placing ---------------------------------------------------------------------- */

static uint32_t bar(const struct fake_function *function, unsigned int n)
{
	return fake_config(function, 0x10 + 4 * n, 4);
}

static void test_ADR_03_bars_get_bus_addresses_and_resources_cpu_addresses(void **state)
{
	assert_int_equal(card.bar_start - FAKE_MMIO_PHYS, bar(&fake.card, 0) - FAKE_MMIO_BUS);
	assert_int_equal(card.bar_bus, bar(&fake.card, 0));
	assert_int_equal(card.bar_len, 4096);
	fake.card.registers[0x10] = 0x5a;
	assert_int_equal(card_readl((char *)card.io + 0x10), 0x5a);
	card_writel(0xdeadbeef, (char *)card.io + 0x20);
	assert_memory_equal(fake.card.registers + 0x20, "\xef\xbe\xad\xde", 4);
}

static void test_ADR_03_no_two_windows_overlap_and_all_are_inside_the_hosts(void **state)
{
	uint32_t at[] = {bar(&fake.card, 0), bar(&fake.card, 2), bar(&fake.second, 0) & ~0xfU,
			 bar(&fake.behind, 0)};

	for (size_t i = 0; i < 4; i++) {
		assert_true(at[i] >= FAKE_MMIO_BUS && at[i] < FAKE_MMIO_BUS + (64 << 20));
		assert_int_equal(at[i] & 0xfff, 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(at[i], at[j]);
	}
	assert_true((bar(&fake.card, 1) & ~3U) >= 0x1000);
}

static void test_bridge_passes_on_what_lies_behind_it(void **state)
{
	uint32_t first = fake_config(&fake.bridge, 0x20, 2) << 16,
		 last = fake_config(&fake.bridge, 0x22, 2) << 16 | 0xfffff;

	assert_int_equal(fake_config(&fake.bridge, 0x19, 1), 1);
	assert_int_equal(fake_config(&fake.bridge, 0x1a, 1), 1);
	assert_true(bar(&fake.behind, 0) >= first && bar(&fake.behind, 0) + 4095 <= last);
	assert_true(first <= last);
	assert_int_equal(fake_config(&fake.bridge, 0x04, 2) & 6, 6);
}

static void test_ADR_03_iomem_lists_ram_windows_and_claims(void **state)
{
	struct dmk_resource_line line;
	bool ram = false, function = false, claim = false;

	for (unsigned int i = 0; dmk_resource_get(false, i, &line); i++) {
		ram |= !strcmp(line.name, "System RAM") && line.first == 0 && line.depth == 0;
		function |= !strcmp(line.name, "0000:00:04.0") && line.first == card.bar_start &&
			    line.depth == 1;
		claim |= !strcmp(line.name, "card") && line.first == card.bar_start &&
			 line.depth == 2;
	}
	assert_true(ram && function && claim);
}

static void test_each_device_is_announced_with_the_machines_identity(void **state)
{
	unsigned int seen = 0;

	for (unsigned int i = 0; i < fake.nr_events; i++) {
		const struct fake_event *event = &fake.event[i];

		if (event->kind != DMK_EVENT_DEVICE_ADD)
			continue;
		seen |= (event->requester == FAKE_CARD && !strcmp(event->name, "0000:00:04.0"))
			<< 0;
		seen |= (event->requester == FAKE_SECOND && !strcmp(event->name, "0000:00:04.1"))
			<< 1;
		seen |= (event->requester == FAKE_BEHIND && !strcmp(event->name, "0000:01:00.0"))
			<< 2;
		seen |= (event->requester == DMK_REQUESTER_PLATFORM &&
			 !strcmp(event->name, "10000000.codec"))
			<< 3;
	}
	assert_int_equal(seen, 15);
}

/* --- binding ---------------------------------------------------------------------------------- */

static void test_the_first_id_that_fits_is_given_to_probe(void **state)
{
	assert_int_equal(card.id_data, 2); /* the subsystem's entry, not the general one after it */
	assert_string_equal(card.matched,
			    "second"); /* a node's most specific entry, wherever it stands */
}

static int index_of(enum dmk_event_kind kind, const char *name)
{
	for (int i = fake_find(kind, 0); i >= 0; i = fake_find(kind, (unsigned int)i + 1))
		if (!strcmp(fake.event[i].name, name))
			return i;
	return -1;
}

static void
test_COH_09_managed_resources_go_newest_first_after_remove_and_before_unbind(void **state)
{
	assert_int_equal(dmk_bound_devices(), 4);
	assert_true(index_of(DMK_EVENT_BIND, "card") < index_of(DMK_EVENT_PROBED, "card"));
	assert_int_equal(dmk_module_unload("card"), 0);
	assert_int_equal(card.removes, 1);
	assert_int_equal(card.nr_actions, 2);
	assert_int_equal(card.actions[0], 2);
	assert_int_equal(card.actions[1], 1);
	assert_int_equal(card.removed_at_action, 1);
	assert_true(index_of(DMK_EVENT_UNBIND, "card") > index_of(DMK_EVENT_PROBED, "card"));
	assert_int_equal(dmk_bound_devices(), 0);
	assert_int_equal(fake_config(&fake.card, 4, 2) & 4, 0); /* bus mastering is off */
	assert_int_equal(card_readl(card.io), ~0U);             /* and the cookie dead */
}

static void test_a_failed_probe_is_undone(void **state)
{
	card.fail_probe_with = -EIO;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.nr_actions, 1);
	assert_int_equal(card.actions[0], 9);
	assert_int_equal(fake.event[index_of(DMK_EVENT_PROBED, "card")].result, -EIO);
	assert_true(index_of(DMK_EVENT_UNBIND, "card") > 0);
	assert_int_equal(dmk_module_unload("card"), 0);
	assert_int_equal(card.removes, 0);
}

static void test_a_deferred_probe_is_tried_again_when_another_device_is_bound(void **state)
{
	card.defer_once = 1;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.probes, 2);
	assert_int_equal(dmk_bound_devices(), 4);
}

static void test_ADR_06_platform_and_isa_devices_are_probed(void **state)
{
	assert_int_equal(card.codec_probes, 1);
	assert_int_equal(card.codec_rate, 48000);
	assert_int_equal(card.codec_wide, 0x0102030405060708ULL);
	assert_true(card.codec_flag);
	assert_string_equal(card.codec_label, "right");
	assert_int_equal(card.codec_irq[0], 6);
	assert_int_equal(card.codec_irq[1], 5);
	assert_memory_equal(fake.codec + 8, "\x44\x33\x22\x11", 4);
	assert_int_equal(card.isa_probes, 2);
	assert_int_equal(card.isa_mask, 0xffffff);
	dmk_module_unload("card");
	assert_int_equal(card.codec_removes, 1);
	assert_int_equal(card.isa_removes, 2);
}

static void test_a_machine_without_pci_platform_and_isa_is_fine(void **state)
{
	fake_shutdown();
	fake_reset();
	fake.machine.pci = NULL;
	fake.machine.platform = NULL;
	fake.machine.nr_platform = 0;
	fake.machine.isa = NULL;
	assert_int_equal(fake_boot(), 0);
	memset(&card, 0, sizeof(card));
	assert_int_equal(dmk_module_load("card"), -ENODEV); /* isa_register_driver() said it */
	assert_int_equal(card.probes, 0);
}

static void test_CTX_03_a_thousand_bindings_leave_nothing(void **state)
{
	size_t before = 0;

	for (int i = 0; i < 1000; i++) {
		if (i == 100)
			before = mallinfo2().uordblks;
		fake.nr_events = 0;
		card.nr_actions = 0;
		assert_int_equal(dmk_module_load("card"), 0);
		assert_int_equal(dmk_module_unload("card"), 0);
	}
	assert_int_equal(card.probes, 1000);
	assert_in_range(mallinfo2().uordblks, 0, before + GROWTH);
}

static void test_boot_and_shutdown_leave_nothing(void **state)
{
	size_t before = 0;

	for (int i = 0; i < 400; i++) {
		if (i == 200) /* the allocator has its fill of all sizes */
			before = mallinfo2().uordblks;
		assert_int_equal(boot_and_load(state), 0);
		fake_shutdown();
	}
	assert_in_range(mallinfo2().uordblks, 0, before + GROWTH);
}

static void test_attributes_of_the_driver_come_and_go_with_it(void **state)
{
	char text[4096];

	assert_true(dmk_device_attribute_show("0000:00:04.0", "greeting", text) > 0);
	assert_string_equal(text, "hello from 0000:00:04.0\n");
	assert_int_equal(dmk_device_attribute_store("0000:00:04.0", "greeting", "hi\n", 3), 3);
	assert_int_equal(dmk_device_attribute_store("0000:00:04.0", "greeting", "ho\n", 3),
			 -EINVAL);
	dmk_module_unload("card");
	assert_int_equal(dmk_device_attribute_show("0000:00:04.0", "greeting", text), -ENOENT);
}

/* --- interrupts ------------------------------------------------------------------------------- */

enum { INTX = 1, MSI = 2, MSIX = 4 };

static void test_msi_is_programmed_and_taken_back(void **state)
{
	card.want_vectors = 3;
	card.vector_flags = MSI | INTX;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.vectors, 3);
	assert_int_equal(fake_config(&fake.card, 0x54, 4), 0xfee00000);
	assert_int_equal(fake_config(&fake.card, 0x5c, 2), 0x40);
	assert_int_equal(fake_config(&fake.card, 0x52, 2) & 0x71, 0x21); /* on, 4 messages */
	assert_int_equal(fake_config(&fake.card, 4, 2) & 0x400, 0x400);  /* the pin is off */
	dmk_module_unload("card");
	assert_int_equal(fake_config(&fake.card, 0x52, 2) & 1, 0);
	assert_int_equal(fake.msi_freed, fake.msi_allocated);
}

static void test_msix_table_is_written_through_its_bar(void **state)
{
	uint32_t entry[4];

	card.want_vectors = 5;
	card.vector_flags = MSIX | MSI | INTX;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.vectors, 5);
	memcpy(entry, fake.card.table + 0x100 + 4 * 16, 16);
	assert_int_equal(entry[0], 0xfee00000);
	assert_int_equal(entry[2], 0x44);
	assert_int_equal(entry[3], 0);
	assert_int_equal(fake_config(&fake.card, 0x72, 2) & 0xc000, 0x8000);
	dmk_module_unload("card");
	assert_int_equal(fake_config(&fake.card, 0x72, 2) & 0x8000, 0);
	assert_int_equal(fake.msi_freed, fake.msi_allocated);
}

static void test_fewer_vectors_are_taken_when_the_machine_has_no_more(void **state)
{
	card.want_vectors = 8;
	card.vector_flags = MSIX;
	fake.ids_left = 2;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.vectors, 2);
}

static void test_the_pin_serves_where_there_are_no_messages(void **state)
{
	card.want_vectors = 8;
	card.vector_flags = MSIX | MSI | INTX;
	fake.ids_left = 0;
	assert_int_equal(dmk_module_load("card"), 0);
	assert_int_equal(card.vectors, 1);
	assert_int_equal(fake_config(&fake.card, 4, 2) & 0x400, 0);
}

/* --- a plain dereference ---------------------------------------------------------------------- */

static void test_ADR_03_a_plain_dereference_is_announced_and_works_as_on_a_pc(void **state)
{
	char *io = card.io;

	assert_int_equal(boot_and_load(state), 0);
	memcpy(fake.card.registers + 0x10, "\x78\x56\x34\x12\xf0\xde\xbc\x9a", 8);
	assert_int_equal(card_deref_read(io + 0x10), 0x12345678);
	assert_int_equal(fake.card.last_width, 4);
	assert_int_equal(card_deref_read8(io + 0x12), 0x34);
	assert_int_equal(fake.card.last_width, 1);
	assert_true(card_deref_read64(io + 0x10) == 0x9abcdef012345678ULL);
	card_deref_write(0xcafebabe, io + 0x20);
	assert_memory_equal(fake.card.registers + 0x20, "\xbe\xba\xfe\xca", 4);
	card_deref_or(0x1, io + 0x20);
	assert_int_equal(fake.card.registers[0x20], 0xbf);
	unsigned int seen = fake_count(DMK_EVENT_IOMEM_DEREFERENCE);
	assert_in_range(seen, 5, 6); /* |= is one instruction or two */
	assert_ptr_equal(fake.event[fake_find(DMK_EVENT_IOMEM_DEREFERENCE, 0)].cpu, io + 0x10);
	assert_non_null(fake.event[fake_find(DMK_EVENT_IOMEM_DEREFERENCE, 0)].caller);
	/* The page is shut again: the next one is seen too. */
	card_deref_read(io);
	assert_int_equal(fake_count(DMK_EVENT_IOMEM_DEREFERENCE), seen + 1);
}

static void test_ADR_03_readl_is_no_dereference(void **state)
{
	card_readl(card.io);
	card_writel(1, card.io);
	assert_int_equal(fake_count(DMK_EVENT_IOMEM_DEREFERENCE), 0);
}

static void *dereference_many(void *io)
{
	for (int i = 0; i < 500; i++)
		card_deref_read(io);
	return NULL;
}

static void test_ADR_03_threads_may_dereference_at_once(void **state)
{
	pthread_t thread[3];

	assert_int_equal(boot_and_load(state), 0);
	memcpy(fake.card.registers, "\x11\x11\x11\x11", 4);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, dereference_many, card.io);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(card_deref_read(card.io), 0x11111111);
}

static void test_readl_of_what_is_no_cookie_reads_ones(void **state)
{
	int local = 5;

	assert_int_equal(card_readl(&local), ~0U);
	card_writel(1, &local);
	assert_int_equal(local, 5);
	assert_int_equal(card_readl(NULL), ~0U);
	assert_int_equal(card_readl((char *)card.io + 4094), ~0U);
	assert_int_equal(fake_count(DMK_EVENT_IOMEM_DEREFERENCE), 4);
	assert_int_equal(fake.event[fake_find(DMK_EVENT_IOMEM_DEREFERENCE, 0)].reason,
			 DMK_REASON_BAD_ADDRESS);
}

static void test_MEM_09_reserved_memory_is_reached_by_memremap(void **state)
{
	char *kept = card_memremap(FAKE_RAM - (1 << 20) + 16, 100);

	assert_non_null(kept);
	kept[0] = 42;
	assert_int_equal(fake.ram[FAKE_RAM - (1 << 20) + 16], 42);
	card_memunmap(kept);
	assert_null(card_memremap(FAKE_RAM - 4096, 8192));
}

static void test_a_region_is_claimed_once(void **state)
{
	assert_int_equal(card_request(0x20000000, 4096), 0);
	assert_int_equal(card_request(0x20000800, 4096), -EBUSY);
	assert_int_equal(card_request(0x20001000, 4096), 0);
	card_release(0x20000000, 4096);
	assert_int_equal(card_request(0x20000800, 2048), 0);
	assert_int_equal(card_request(0, 4096), -EBUSY);
	assert_int_equal(card_request(5, 0), -EBUSY);
	card_release(0x77777000, 4096);
}

/* --- files ------------------------------------------------------------------------------------ */

static void test_a_character_device_is_found_read_written_and_closed(void **state)
{
	struct dmk_file *file;
	char name[64], buffer[8];

	assert_true(dmk_device_file(0, name, sizeof(name)));
	assert_string_equal(name, "card-file");
	assert_false(dmk_device_file(1, name, sizeof(name)));
	assert_int_equal(dmk_open("/dev/nothing", O_RDWR, &file), -ENOENT);
	assert_int_equal(dmk_open("/dev/card-file", O_RDWR, &file), 0);
	assert_int_equal(dmk_write(file, "abcdef", 6), 6);
	assert_int_equal(dmk_lseek(file, 2, SEEK_SET), 2);
	assert_int_equal(dmk_read(file, buffer, 3), 3);
	assert_memory_equal(buffer, "cde", 3);
	assert_int_equal(dmk_pread(file, buffer, 2, 4), 2);
	assert_memory_equal(buffer, "ef", 2);
	assert_int_equal(dmk_lseek(file, CARD_SIZE + 1, SEEK_SET), -EINVAL);
	assert_int_equal(dmk_pread(file, buffer, 2, -1), -EINVAL);
	assert_int_equal(dmk_module_unload("card"), -EBUSY);
	assert_int_equal(dmk_close(file), 0);
	assert_int_equal(card.releases, 1);
	assert_int_equal(dmk_open("card1", O_RDONLY, &file), 0);
	assert_int_equal(dmk_write(file, "x", 1), -EBADF);
	assert_int_equal(dmk_close(file), 0);
	assert_int_equal(dmk_module_unload("card"), 0);
	assert_int_equal(dmk_open("/dev/card-file", O_RDWR, &file), -ENOENT);
}

static void test_ioctl_moves_a_structure_both_ways(void **state)
{
	struct {
		uint32_t a, b;
		uint64_t sum;
	} request = {3000000000u, 2000000000u, 0};
	struct dmk_file *file;

	assert_int_equal(boot_and_load(state), 0);
	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	assert_int_equal(dmk_ioctl(file, CARD_IOC_SUM, (unsigned long)&request), 0);
	assert_true(request.sum == 5000000000ULL);
	assert_int_equal(dmk_ioctl(file, CARD_IOC_SUM, 16), -EFAULT);
	assert_int_equal(dmk_ioctl(file, 0x1234, 0), -ENOTTY);
	assert_int_equal(dmk_close(file), 0);
}

static void *wake_later(void *unused)
{
	usleep(20000);
	card_wake();
	return NULL;
}

static void test_poll_waits_for_the_drivers_queue(void **state)
{
	struct dmk_file *file;
	pthread_t thread;

	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	assert_int_equal(dmk_poll(file, POLLIN, 0), 0);
	assert_int_equal(dmk_poll(file, POLLIN, 30), 0);
	pthread_create(&thread, NULL, wake_later, NULL);
	assert_int_equal(dmk_poll(file, POLLIN, 5000), POLLIN);
	pthread_join(thread, NULL);
	assert_int_equal(dmk_poll(file, POLLIN, -1), POLLIN);
	assert_int_equal(dmk_close(file), 0);
}

static void *interrupt_later(void *unused)
{
	usleep(20000);
	dmk_interrupt_files();
	return NULL;
}

static void test_a_sleeping_call_is_interrupted(void **state)
{
	struct dmk_file *file;
	pthread_t thread;

	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	pthread_create(&thread, NULL, interrupt_later, NULL);
	assert_int_equal(dmk_ioctl(file, CARD_IOC_SLEEP, 0), -EINTR);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, interrupt_later, NULL);
	assert_int_equal(dmk_poll(file, POLLIN, 5000), -EINTR);
	pthread_join(thread, NULL);
	assert_int_equal(dmk_close(file), 0);
}

static void test_mmap_shows_the_drivers_own_bytes(void **state)
{
	struct dmk_file *file;
	void *at;

	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	assert_int_equal(dmk_write(file, "driver", 6), 6);
	assert_int_equal(dmk_mmap(file, CARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &at), 0);
	assert_memory_equal(at, "driver", 6);
	memcpy(at, "mapped", 6);
	char buffer[6];
	assert_int_equal(dmk_pread(file, buffer, 6, 0), 6);
	assert_memory_equal(buffer, "mapped", 6);
	assert_int_equal(dmk_pwrite(file, at, 6, 100), 6); /* a user may pass what mmap() gave it */
	assert_int_equal(dmk_close(file), 0);
	assert_int_equal(card.releases, 0); /* the area holds the file */
	assert_int_equal(dmk_munmap((char *)at + 4096, CARD_SIZE), -EINVAL);
	assert_int_equal(dmk_munmap(at, CARD_SIZE), 0);
	assert_int_equal(card.releases, 1);
}

static void test_mmap_of_registers_reaches_the_device_and_is_no_mistake(void **state)
{
	struct rusage before, after;
	struct dmk_file *file;
	void *at;

	assert_int_equal(boot_and_load(state), 0);
	card.mmap_registers = 1;
	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	assert_int_equal(dmk_mmap(file, 8192, PROT_READ, MAP_SHARED, 0, &at), -EINVAL);
	/* What the driver refuses takes no memory, however much was asked for. */
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(dmk_mmap(file, 64ul << 30, PROT_READ, MAP_SHARED, 0, &at), -EINVAL);
	getrusage(RUSAGE_SELF, &after);
	assert_in_range(after.ru_maxrss, 0, before.ru_maxrss + 32 * 1024);
	assert_int_equal(dmk_mmap(file, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &at), 0);
	fake.card.registers[8] = 99;
	assert_int_equal(((volatile uint32_t *)at)[2], 99);
	((volatile uint32_t *)at)[3] = 77;
	assert_int_equal(fake.card.registers[12], 77);
	assert_int_equal(fake_count(DMK_EVENT_IOMEM_DEREFERENCE), 0);
	assert_int_equal(dmk_munmap(at, 4096), 0);
	assert_int_equal(dmk_close(file), 0);
}

static void test_user_pointers_that_point_nowhere_are_counted(void **state)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char mine[64], *edge = pages + 4096 - 10;

	assert_int_equal(boot_and_load(state), 0);
	munmap(pages + 4096, 4096);
	memset(edge, 'u', 10);
	memset(mine, 'x', sizeof(mine));
	assert_int_equal(card_copy_from_user(mine, edge, 30), 20);
	assert_memory_equal(mine, "uuuuuuuuuu\0\0\0\0", 14);
	assert_int_equal(card_copy_to_user(edge, "0123456789abc", 13), 3);
	assert_memory_equal(edge, "0123456789", 10);
	assert_int_equal(card_copy_to_user(NULL, mine, 5), 5);
	assert_int_equal(card_copy_to_user((void *)~0UL, mine, 5), 5);
	assert_int_equal(card_copy_from_user(mine, fake.ram + 100, 5),
			 5); /* the driver's memory is no user's */
	assert_int_equal(card_copy_from_user(mine, card.io, 5), 5);
	assert_int_equal(card_strncpy_from_user(mine, "hello", 64), 5);
	assert_string_equal(mine, "hello");
	edge[9] = 'x';
	assert_int_equal(card_strncpy_from_user(mine, edge, 64), -EFAULT);
	edge[9] = '\0';
	assert_int_equal(card_strncpy_from_user(mine, edge, 64), 9);
	assert_int_equal(card_strncpy_from_user(mine, NULL, 64), -EFAULT);
	munmap(pages, 4096);
}

static void test_another_processs_memory_is_reached(void **state)
{
	struct dmk_user self = {.pid = getpid()};
	char theirs[16] = "theirs", mine[16];

	assert_int_equal(boot_and_load(state), 0);
	assert_null(dmk_user_set(&self));
	assert_int_equal(card_copy_from_user(mine, theirs, 7), 0);
	assert_string_equal(mine, "theirs");
	assert_int_equal(card_copy_to_user((void *)4096, mine, 7), 7);
	assert_ptr_equal(dmk_user_set(NULL), &self);
}

/* --- modules ---------------------------------------------------------------------------------- */

static void test_modules_and_their_parameters(void **state)
{
	struct dmk_module_info info;
	uint16_t vendor, device;

	assert_true(dmk_module_get(0, &info));
	assert_string_equal(info.name, "card");
	assert_false(info.loaded);
	assert_false(dmk_module_get(1, &info));
	assert_int_equal(dmk_module_param("card.number", "0x20"), 0);
	assert_int_equal(card.int_param, 32);
	assert_int_equal(dmk_module_param("card.number", "99999999999"), -EINVAL);
	assert_int_equal(dmk_module_param("card.number", "12x"), -EINVAL);
	assert_int_equal(dmk_module_param("card.number", ""), -EINVAL);
	assert_int_equal(dmk_module_param("card.number", NULL), -EINVAL);
	assert_int_equal(card.int_param, 32);
	assert_int_equal(dmk_module_param("card.flag", "Y"), 0);
	assert_int_equal(card.bool_param, 1);
	assert_int_equal(dmk_module_param("card.list", "1,-2,3"), 0);
	assert_int_equal(card.array_count, 3);
	assert_int_equal(card.array_param[1], -2);
	assert_int_equal(dmk_module_param("card.list", "1,2,3,4,5"), -EINVAL);
	assert_int_equal(dmk_module_param("card.text", "some words"), 0);
	assert_int_equal(dmk_module_param("card.short-text", "1234567"), 0);
	assert_string_equal(card.string_param, "1234567");
	assert_int_equal(dmk_module_param("card.short_text", "12345678"), -EINVAL);
	assert_int_equal(dmk_module_param("card.none", "1"), -ENOENT);
	assert_int_equal(dmk_module_param("other.number", "1"), -ENOENT);
	assert_int_equal(dmk_module_param("number", "1"), -EINVAL);
	assert_int_equal(dmk_module_load(NULL), 0);
	assert_string_equal(card.charp_param, "some words");
	assert_int_equal(dmk_module_load("card"), -EEXIST);
	assert_int_equal(dmk_module_load("none"), -ENOENT);
	assert_true(dmk_module_pci_id(0, &vendor, &device) && vendor == 0x1de5 && device == 1);
	assert_false(dmk_module_pci_id(3, &vendor, &device));
	assert_int_equal(dmk_module_unload(NULL), 0);
	assert_int_equal(dmk_module_unload("card"), -ENOENT);
}

static void test_nonsense_is_refused(void **state)
{
	assert_int_equal(card_bad_config(), 0);
	assert_int_equal(card_platform_nonsense(), 0);
	assert_int_equal(dmk_open(NULL, 0, NULL), -EFAULT);
	assert_int_equal(dmk_close(NULL), -EBADF);
	assert_int_equal(dmk_munmap(NULL, 0), -EINVAL);
	card_iounmap((void *)12345);
	card_iounmap(NULL);
}

static void test_a_driver_that_nobody_unloads_is_taken_out_at_shutdown(void **state)
{
	struct dmk_file *file;

	assert_int_equal(dmk_open("card-file", O_RDWR, &file), 0);
	fake_shutdown();
	assert_int_equal(card.releases, 1);
	assert_int_equal(card.removes, 1);
	assert_int_equal(boot(state), 0);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, boot, halt)
/*
 * cmocka takes SIGSEGV for itself when a test begins: these boot in the test, and so put the
 * machine's handler over it.
 */
#define FAULTS(test) cmocka_unit_test_setup_teardown(test, NULL, halt)
#define LOADED(test) cmocka_unit_test_setup_teardown(test, boot_and_load, halt)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOADED(test_ADR_03_bars_get_bus_addresses_and_resources_cpu_addresses),
		LOADED(test_ADR_03_no_two_windows_overlap_and_all_are_inside_the_hosts),
		LOADED(test_bridge_passes_on_what_lies_behind_it),
		LOADED(test_ADR_03_iomem_lists_ram_windows_and_claims),
		LOADED(test_each_device_is_announced_with_the_machines_identity),
		LOADED(test_the_first_id_that_fits_is_given_to_probe),
		LOADED(test_COH_09_managed_resources_go_newest_first_after_remove_and_before_unbind),
		PLAIN(test_a_failed_probe_is_undone),
		PLAIN(test_a_deferred_probe_is_tried_again_when_another_device_is_bound),
		LOADED(test_ADR_06_platform_and_isa_devices_are_probed),
		PLAIN(test_a_machine_without_pci_platform_and_isa_is_fine),
		PLAIN(test_CTX_03_a_thousand_bindings_leave_nothing),
		cmocka_unit_test(test_boot_and_shutdown_leave_nothing),
		LOADED(test_attributes_of_the_driver_come_and_go_with_it),
		PLAIN(test_msi_is_programmed_and_taken_back),
		PLAIN(test_msix_table_is_written_through_its_bar),
		PLAIN(test_fewer_vectors_are_taken_when_the_machine_has_no_more),
		PLAIN(test_the_pin_serves_where_there_are_no_messages),
		FAULTS(test_ADR_03_a_plain_dereference_is_announced_and_works_as_on_a_pc),
		LOADED(test_ADR_03_readl_is_no_dereference),
		FAULTS(test_ADR_03_threads_may_dereference_at_once),
		LOADED(test_readl_of_what_is_no_cookie_reads_ones),
		LOADED(test_MEM_09_reserved_memory_is_reached_by_memremap),
		LOADED(test_a_region_is_claimed_once),
		LOADED(test_a_character_device_is_found_read_written_and_closed),
		FAULTS(test_ioctl_moves_a_structure_both_ways),
		LOADED(test_poll_waits_for_the_drivers_queue),
		LOADED(test_a_sleeping_call_is_interrupted),
		LOADED(test_mmap_shows_the_drivers_own_bytes),
		FAULTS(test_mmap_of_registers_reaches_the_device_and_is_no_mistake),
		FAULTS(test_user_pointers_that_point_nowhere_are_counted),
		FAULTS(test_another_processs_memory_is_reached),
		PLAIN(test_modules_and_their_parameters),
		LOADED(test_nonsense_is_refused),
		LOADED(test_a_driver_that_nobody_unloads_is_taken_out_at_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
