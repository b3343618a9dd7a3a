/* SPDX-License-Identifier: MIT */
/*
 * The profiles: each opens, says of itself what is true, and leaves nothing behind.
 */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

static void check_memory(const struct dmk_machine *m)
{
	uint64_t end = 0;

	assert_true(m->nr_memory > 0);
	for (unsigned int i = 0; i < m->nr_memory; i++) {
		const struct dmk_memory *run = &m->memory[i];

		assert_true(run->first.v >= end);
		assert_true(run->size > 0);
		assert_int_equal((run->first.v | run->size) % DMK_PAGE_SIZE, 0);
		assert_non_null(run->name);
		end = run->first.v + run->size;
		if (run->first.v > m->direct_last.v || run->kind != DMK_MEMORY_RAM)
			continue;
		/* first and last word of each run are memory, and each is its own */
		*(uint64_t *)bench_direct(run->first.v) = run->first.v + 1;
		*(uint64_t *)bench_direct(end - 8) = end;
	}
	for (unsigned int i = 0; i < m->nr_memory; i++) {
		const struct dmk_memory *run = &m->memory[i];

		if (run->first.v > m->direct_last.v || run->kind != DMK_MEMORY_RAM)
			continue;
		assert_int_equal(*(uint64_t *)bench_direct(run->first.v), run->first.v + 1);
		assert_int_equal(*(uint64_t *)bench_direct(run->first.v + run->size - 8),
				 run->first.v + run->size);
	}
}

static void check_bus(const struct dmk_bus *bus, unsigned int line)
{
	assert_non_null(bus);
	assert_non_null(bus->name);
	assert_true(bus->nr_windows > 0);
	assert_true(bus->coherent || line > 1);
}

static void test_each_profile_opens_and_describes_itself(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		const struct dmk_machine *m;

		bench_open(bench_profiles[i], NULL);
		m = bench.machine;
		assert_string_equal(m->name, bench_profiles[i]);
		assert_true(strlen(m->summary) > 10);
		assert_true(m->caps & DMK_CAP_SEES_DMA);
		assert_non_null(m->bootargs);
		check_memory(m);
		assert_non_null(m->pci);
		check_bus(m->pci->dma, m->cache_line);
		for (unsigned int j = 0; j < m->nr_platform; j++)
			check_bus(m->platform[j].dma, m->cache_line);
		bench_close();
	}
}

static void test_pc_has_memory_above_4G_a_hole_and_zones(void **state)
{
	bench_open("pc", NULL);
	assert_int_equal(bench.machine->memory[0].size, 640 << 10);
	assert_int_equal(bench.machine->memory[1].first.v, 1 << 20);
	assert_true(bench.machine->memory[2].first.v >= 1ULL << 32);
	assert_int_equal(bench.machine->cache_line, 1);
	assert_int_equal(bench.machine->dma_zone_last, (16 << 20) - 1);
	assert_int_equal(bench.machine->dma32_zone_last, 0xffffffff);
	assert_true(bench.machine->caps & DMK_CAP_BOUNCE);
	assert_true(bench.machine->caps & DMK_CAP_PORT_IO);
	assert_non_null(bench.machine->isa);
	assert_int_equal(bench.machine->isa->windows[0].size, 16 << 20);
	bench_close();
}

static void test_ADR_02_rpi_like_shows_memory_at_an_offset_and_not_all_of_it(void **state)
{
	const struct dmk_machine *m;

	bench_open("rpi-like", NULL);
	m = bench.machine;
	assert_int_not_equal(bench_dma(m->pci->dma, 0), 0);
	assert_int_equal(bench_dma(m->platform[0].dma, 0x1000), 0xc0001000);
	assert_true(m->memory[1].first.v >=
		    m->pci->dma->windows[0].phys.v + m->pci->dma->windows[0].size);
	assert_int_not_equal(m->pci->mmio32.bus, m->pci->mmio32.phys.v);
	assert_false(m->pci->dma->coherent);
	assert_int_equal(m->cache_line, 64);
	assert_string_equal(m->platform[0].name, "fe100000.lab");
	assert_int_equal(m->platform[0].irq[0], 72);
	bench_close();
}

static void test_append_is_added_to_the_boot_arguments(void **state)
{
	struct dmk_machine_config config = {.machine = "tiny", .append = "swiotlb=force"};
	struct dmk_port port;
	char error[512];

	assert_int_equal(dmk_machine_open(&config, &port, error, sizeof(error)), 0);
	assert_string_equal(port.machine->bootargs, "swiotlb=128 swiotlb=force");
	port.ops->shutdown(port.ctx);
}

/* --- growth ----------------------------------------------------------------------------------- */

static unsigned int count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0;
	int c;

	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_CTX_03_opened_a_thousand_times_nothing_grows(void **state)
{
	unsigned int maps = 0, files = 0, threads = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		bench_open(bench_profiles[i % BENCH_PROFILES], "edu", "lab", NULL);
		bench_close();
		if (i == 100) {
			maps = count_lines("/proc/self/maps");
			files = count_entries("/proc/self/fd");
			threads = count_entries("/proc/self/task");
		}
	}
	assert_in_range(count_lines("/proc/self/maps"), 1, maps + 8);
	assert_int_equal(count_entries("/proc/self/fd"), files);
	/* ours, and what a sanitizer may have */
	assert_int_equal(count_entries("/proc/self/task"), threads);
}

/* --- views ------------------------------------------------------------------------------------ */

static void test_a_view_shows_pages_side_by_side(void **state)
{
	for (unsigned int p = 0; p < BENCH_PROFILES; p++) {
		dmk_phys pages[4];
		uint64_t *view;
		uint64_t last;

		bench_open(bench_profiles[p], NULL);
		last = bench.machine->memory[bench.machine->nr_memory - 1].first.v;
		pages[0] = DMK_PHYS(last + DMK_PAGE_SIZE);
		pages[1] = DMK_PHYS(0x3000);
		pages[2] = DMK_PHYS(0x4000);
		pages[3] = DMK_PHYS(last);
		view = bench.port.ops->view_map(bench.port.ctx, pages, 4, DMK_VIEW_CACHED);
		assert_non_null(view);
		for (unsigned int i = 0; i < 4; i++)
			view[i * DMK_PAGE_SIZE / 8] = 100 + i;
		assert_int_equal(*(uint64_t *)bench_direct(0x3000), 101);
		assert_int_equal(*(uint64_t *)bench_direct(0x4000), 102);
		if (last <= bench.machine->direct_last.v)
			assert_int_equal(*(uint64_t *)bench_direct(last), 103);
		bench.port.ops->view_unmap(bench.port.ctx, view, 4);
		bench_close();
	}
}

static void test_a_view_of_no_memory_is_refused(void **state)
{
	dmk_phys hole = DMK_PHYS(0xb0000), misaligned = DMK_PHYS(0x1001);

	bench_open("pc", NULL);
	assert_null(bench.port.ops->view_map(bench.port.ctx, &hole, 1, DMK_VIEW_CACHED));
	assert_null(bench.port.ops->view_map(bench.port.ctx, &misaligned, 1, DMK_VIEW_CACHED));
	bench_close();
}

static void test_holes_and_old_views_are_not_accessible(void **state)
{
	dmk_phys page = DMK_PHYS(0x3000);
	char *view;

	bench_open("pc", NULL);
	assert_true(bench_faults(bench_direct(0xa0000)));
	assert_true(bench_faults(bench_direct(0xfffff)));
	assert_true(bench_faults(bench_direct(0x4000000)));
	assert_false(bench_faults(bench_direct(0x100000)));
	view = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_CACHED);
	assert_false(bench_faults(view));
	bench.port.ops->view_unmap(bench.port.ctx, view, 1);
	assert_true(bench_faults(view));
	bench_close();
}

/* --- names ------------------------------------------------------------------------------------ */

static void test_the_list_has_every_machine(void **state)
{
	const struct dmk_machine_info *list = dmk_machine_list();
	unsigned int n = 0;

	for (; list[n].name; n++)
		assert_true(strlen(list[n].summary) > 10);
	assert_string_equal(list[0].name, "pc");
	assert_true(n > BENCH_PROFILES);
	assert_string_equal(list[BENCH_PROFILES].name, "qemu");
	while (--n > BENCH_PROFILES)
		assert_int_equal(strncmp(list[n].name, "qemu-", 5), 0);
}

static void test_an_unknown_machine_is_answered_with_the_known_ones_nearest_first(void **state)
{
	static const struct {
		const char *word, *says;
	} row[] = {
		{"rpi_like",
		 "no machine \"rpi_like\"; there are: rpi-like, pc, pc-isa, highmem32, pc-iommu-strict, "
		 "pc-iommu-lazy, pc-iommu-pt, pc-iommu-39, arm-noncoherent, arm-noncoherent-128, "
		 "arm64-smmu, arm64-smmu-64k, restricted, confidential, tiny, qemu"},
		{"tyni", "there are: tiny, pc, "},
		{"QEMU", "there are: qemu, pc"},
		{"arm", "there are: arm-noncoherent, pc"},
		{"toaster-with-wings", "there are: pc, pc-isa, highmem32, "},
		{"", "there are: pc"},
	};

	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(bench_try(row[i].word, NULL, 0), -ENOENT);
		if (!strstr(bench.error, row[i].says))
			fail_msg("\"%s\" said: %s", row[i].word, bench.error);
		assert_null(strchr(bench.error, '\n'));
	}
}

static void test_an_unknown_device_is_answered_with_the_known_ones(void **state)
{
	struct dmk_device_request request = {.model = "edo"};

	assert_int_equal(bench_try("pc", &request, 1), -ENOENT);
	assert_non_null(strstr(bench.error, "no device model \"edo\"; there are: edu, "));
	request.model = "edu";
	request.nr_properties = 1;
	request.property[0].name = "dma_msk";
	request.property[0].value = "1";
	assert_int_equal(bench_try("pc", &request, 1), -EINVAL);
	assert_non_null(strstr(bench.error, "no property \"dma_msk\"; there are: dma_mask"));
	request.property[0].name = "dma_mask";
	request.property[0].value = "28bits";
	assert_int_equal(bench_try("pc", &request, 1), -EINVAL);
	assert_non_null(strstr(bench.error, "dma_mask=28bits is no number"));
	request.property[0].name = "dma_usec";
	request.property[0].value = "99999999999";
	assert_int_equal(bench_try("pc", &request, 1), -EINVAL);
	assert_non_null(strstr(bench.error, "refuses to start: dma_usec=99999999999"));
}

static void test_more_cards_than_slots_are_refused(void **state)
{
	struct dmk_device_request request[40] = {0};

	for (unsigned int i = 0; i < 40; i++)
		request[i].model = "edu";
	assert_int_equal(bench_try("pc", request, 40), -EINVAL);
	assert_non_null(strstr(bench.error, "no PCI slot is free"));
}

static void test_models_are_found_by_id(void **state)
{
	assert_string_equal(dmk_machine_model_for("pc", 0x1234, 0x11e8), "edu");
	assert_string_equal(dmk_machine_model_for("qemu", 0x1234, 0x11e8), "qemu's edu");
	assert_null(dmk_machine_model_for("pc", 0x8086, 0x1234));
	assert_string_equal(dmk_machine_model_for("pc", 0, 0), dmk_models[0]->name);
	assert_non_null(dmk_machine_model_for("pc", 0, 1));
	assert_null(dmk_machine_model_for("pc", 0, 1000));
}

static void test_the_nearest_word(void **state)
{
	static const char *const names[] = {"pc", "arm-noncoherent", "tiny", NULL};

	assert_string_equal(dmk_nearest("tiney", names), "tiny");
	assert_string_equal(dmk_nearest("TINY", names), "tiny");
	assert_string_equal(dmk_nearest("arm-nonchoerent", names), "arm-noncoherent");
	assert_string_equal(dmk_nearest("arm", names), "arm-noncoherent");
	assert_null(dmk_nearest("zzzz", names));
	assert_null(dmk_nearest("x", (const char *const[]){NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_profile_opens_and_describes_itself),
		cmocka_unit_test(test_pc_has_memory_above_4G_a_hole_and_zones),
		cmocka_unit_test(test_ADR_02_rpi_like_shows_memory_at_an_offset_and_not_all_of_it),
		cmocka_unit_test(test_append_is_added_to_the_boot_arguments),
		cmocka_unit_test(test_CTX_03_opened_a_thousand_times_nothing_grows),
		cmocka_unit_test(test_a_view_shows_pages_side_by_side),
		cmocka_unit_test(test_a_view_of_no_memory_is_refused),
		cmocka_unit_test(test_holes_and_old_views_are_not_accessible),
		cmocka_unit_test(test_the_list_has_every_machine),
		cmocka_unit_test(
			test_an_unknown_machine_is_answered_with_the_known_ones_nearest_first),
		cmocka_unit_test(test_an_unknown_device_is_answered_with_the_known_ones),
		cmocka_unit_test(test_more_cards_than_slots_are_refused),
		cmocka_unit_test(test_models_are_found_by_id),
		cmocka_unit_test(test_the_nearest_word),
	};

	return cmocka_run_group_tests_name("sim-profiles", tests, NULL, NULL);
}
