/* SPDX-License-Identifier: MIT */
/*
 * Machines of a user's own: good devicetrees, and broken ones, each with the one line that it is
 * answered with.
 */
#include "bench.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/dmakit-tree-XXXXXX";

static const char *in_directory(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_directory(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static int try_source(const char *text)
{
	write_file("board.dts", text, strlen(text));
	return bench_try(in_directory("board.dts"), NULL, 0);
}

static void open_source(const char *text)
{
	if (try_source(text))
		fail_msg("%s", bench.error);
}

#define HEAD   "/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; "
#define MEMORY "memory@0 { device_type = \"memory\"; reg = <0 0x100000>; }; "
#define INTC   "intc: intc { interrupt-controller; #interrupt-cells = <1>; }; "
#define PCI    "pci { device_type = \"pci\"; #address-cells = <3>; #size-cells = <2>; "
#define RANGES "ranges = <0x02000000 0 0x10000000 0x10000000 0 0x1000000>; "
#define POOL(name, more) \
	name ": " name "@10000 { reg = <0x10000 0x4000>; compatible = " more "; }; "
#define RESERVED "reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; "

/* --- good ones -------------------------------------------------------------------------------- */

static void test_the_smallest_machine(void **state)
{
	open_source(HEAD MEMORY "};");
	assert_string_equal(bench.machine->name, "board");
	assert_string_equal(bench.machine->bootargs, "");
	assert_null(bench.machine->pci);
	assert_int_equal(bench.machine->nr_memory, 1);
	assert_int_equal(bench_config(0, 0, 4), 0xffffffff);
	bench_close();
}

struct run {
	uint64_t first, size;
	enum dmk_memory_kind kind;
	bool no_map;
	const char *name;
};

/* @run ends with one of no bytes. */
static void expect_runs(const struct run *run)
{
	const struct dmk_machine *m = bench.machine;
	unsigned int i;

	for (i = 0; run[i].size; i++) {
		assert_in_range(i, 0, m->nr_memory - 1);
		assert_int_equal(m->memory[i].first.v, run[i].first);
		assert_int_equal(m->memory[i].size, run[i].size);
		assert_int_equal(m->memory[i].kind, run[i].kind);
		assert_int_equal(m->memory[i].no_map, run[i].no_map);
		assert_string_equal(m->memory[i].name, run[i].name);
	}
	assert_int_equal(m->nr_memory, i);
}

static void test_MEM_09_reserved_memory_is_cut_out(void **state)
{
	static const struct run run[] = {
		{0x0, 0x1000, DMK_MEMORY_RESERVED, true, ""},
		{0x1000, 0xf000, DMK_MEMORY_RAM, false, ""},
		{0x10000, 0x2000, DMK_MEMORY_RESERVED, true, "kept@10000"},
		{0x12000, 0xe000, DMK_MEMORY_RAM, false, ""},
		{0x20000, 0x10000, DMK_MEMORY_RESTRICTED_POOL, false, "pool@20000"},
		{0x30000, 0x1c000, DMK_MEMORY_RAM, false, ""},
		{0x4c000, 0x4000, DMK_MEMORY_SHARED_POOL, false, "anywhere"},
		{0x50000, 0x8000, DMK_MEMORY_RAM, false, ""},
		{0x58000, 0x4000, DMK_MEMORY_SHARED_POOL, false, "exact"},
		{0x5c000, 0x4000, DMK_MEMORY_RAM, false, ""},
		{0x60000, 0x1000, DMK_MEMORY_SHARED_POOL, true, "unseen@60000"},
		{0x61000, 0xf000, DMK_MEMORY_RAM, false, ""},
		{0x70000, 0x1000, DMK_MEMORY_SHARED_POOL, false, "lent@70000"},
		{0x71000, 0xf000, DMK_MEMORY_RAM, false, ""},
		{0x80000, 0x8000, DMK_MEMORY_CONTIGUOUS, false, "long@80000"},
		{0x88000, 0x78000, DMK_MEMORY_RAM, false, ""},
		{0},
	};

	open_source(
		"/dts-v1/; /memreserve/ 0x0 0x800; / { #address-cells = <1>; #size-cells = <1>; " MEMORY
			RESERVED "kept@10000 { reg = <0x10000 0x2000>; no-map; };"
		"pool@20000 { reg = <0x20000 0x10000>; compatible = \"restricted-dma-pool\"; };"
		"unseen@60000 { reg = <0x60000 0x1000>; compatible = \"shared-dma-pool\"; no-map; };"
		"lent@70000 { reg = <0x70000 0x1000>; compatible = \"shared-dma-pool\"; reusable; };"
		"long@80000 { reg = <0x80000 0x8000>; compatible = \"shared-dma-pool\"; reusable; linux,cma-default; };"
		"exact { size = <0x4000>; alloc-ranges = <0x58000 0x4000>; compatible = \"shared-dma-pool\"; };"
		"anywhere { size = <0x4000>; alignment = <0x4000>; alloc-ranges = <0x40000 0x10000>;"
		" compatible = \"shared-dma-pool\"; }; }; };");
	expect_runs(run);
	bench_close();
}

static void test_MEM_09_a_pool_across_banks_that_touch_is_one_run(void **state)
{
	static const struct run run[] = {
		{0x0, 0x7000, DMK_MEMORY_RAM, false, ""},
		{0x7000, 0x2000, DMK_MEMORY_SHARED_POOL, false, "p@7000"},
		{0x9000, 0x7000, DMK_MEMORY_RAM, false, ""},
		{0},
	};

	open_source(
		HEAD
		"memory@0 { device_type = \"memory\"; reg = <0x8000 0x8000>, <0 0x8000>; }; " RESERVED
		"p@7000 { reg = <0x7000 0x2000>; compatible = \"shared-dma-pool\"; }; }; };");
	expect_runs(run);
	bench_close();
}

static const char long_runs[] = HEAD MEMORY RESERVED
	"kept@80000 { reg = <0x80000 0x1000>; };"
	"long@f0000 { reg = <0xf0000 0x8000>; compatible = \"shared-dma-pool\";"
	" reusable; linux,cma-default; }; }; };";

static void test_MEM_09_boot_arguments_keep_memory_back(void **state)
{
	static const struct {
		const char *arguments;
		struct run run[8];
	} row[] = {
		{"quiet mem=512K",
		 {{0, 0x80000, DMK_MEMORY_RAM, false, ""},
		  {0x80000, 0x1000, DMK_MEMORY_RESERVED, true, "kept@80000"},
		  {0x81000, 0x6f000, DMK_MEMORY_RESERVED, true, "mem"},
		  {0xf0000, 0x8000, DMK_MEMORY_CONTIGUOUS, false, "long@f0000"},
		  {0xf8000, 0x8000, DMK_MEMORY_RESERVED, true, "mem"}}},
		{"mem=4K mem=0xa0000 cma=0",
		 {{0, 0x80000, DMK_MEMORY_RAM, false, ""},
		  {0x80000, 0x1000, DMK_MEMORY_RESERVED, true, "kept@80000"},
		  {0x81000, 0x1f000, DMK_MEMORY_RAM, false, ""},
		  {0xa0000, 0x60000, DMK_MEMORY_RESERVED, true, "mem"}}},
		{"cma=64k",
		 {{0, 0x80000, DMK_MEMORY_RAM, false, ""},
		  {0x80000, 0x1000, DMK_MEMORY_RESERVED, true, "kept@80000"},
		  {0x81000, 0x6f000, DMK_MEMORY_RAM, false, ""},
		  {0xf0000, 0x10000, DMK_MEMORY_CONTIGUOUS, false, "cma"}}},
		{"cma=1M cma=12K@0x10000 xmem=4K mem=1G",
		 {{0, 0x10000, DMK_MEMORY_RAM, false, ""},
		  {0x10000, 0x3000, DMK_MEMORY_CONTIGUOUS, false, "cma"},
		  {0x13000, 0x6d000, DMK_MEMORY_RAM, false, ""},
		  {0x80000, 0x1000, DMK_MEMORY_RESERVED, true, "kept@80000"},
		  {0x81000, 0x7f000, DMK_MEMORY_RAM, false, ""}}},
		{"cma=32K@0-544K",
		 {{0, 0x78000, DMK_MEMORY_RAM, false, ""},
		  {0x78000, 0x8000, DMK_MEMORY_CONTIGUOUS, false, "cma"},
		  {0x80000, 0x1000, DMK_MEMORY_RESERVED, true, "kept@80000"},
		  {0x81000, 0x7f000, DMK_MEMORY_RAM, false, ""}}},
	};

	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bench_append = row[i].arguments;
		open_source(long_runs);
		expect_runs(row[i].run);
		bench_close();
	}
	bench_append = NULL;
}

static void test_boot_arguments_that_say_nothing_are_answered(void **state)
{
	static const struct {
		const char *arguments, *says;
	} row[] = {
		{"mem=", "boot argument mem=: a size was expected, as in mem=64M"},
		{"mem=lots quiet", "boot argument mem=lots: a size was expected"},
		{"mem=0", "boot argument mem=0: a size was expected"},
		{"mem=-1", "boot argument mem=-1: a size was expected"},
		{"mem=64MB", "boot argument mem=64MB: a size was expected"},
		{"mem=99999999999G", "boot argument mem=99999999999G: a size was expected"},
		{"mem=64M@16M",
		 "boot argument mem=64M@16M: memory of another place is the devicetree's"},
		{"mem=5000", "boot argument mem=5000: it is no multiple of 4 KiB"},
		{"cma=", "boot argument cma=: a size was expected, as in cma=16M"},
		{"cma=4K@", "boot argument cma=4K@: a size was expected"},
		{"cma=4K@8K-8K", "boot argument cma=4K@8K-8K: a size was expected"},
		{"cma=4K@8K-", "boot argument cma=4K@8K-: a size was expected"},
		{"cma=100", "boot argument cma=100: it is no run of pages"},
		{"cma=2M", "boot argument cma=2M: no room for it"},
		{"cma=4K@512K", "boot argument cma=4K@512K: no room for it"},
		{"cma=8K@4K-8K", "boot argument cma=8K@4K-8K: no room for it"},
		{"cma=64K mem=32K", "boot argument cma=64K: no room for it"},
	};

	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bench_append = row[i].arguments;
		if (try_source(long_runs) != -EINVAL)
			fail_msg("%s: not refused", row[i].arguments);
		if (!strstr(bench.error, row[i].says))
			fail_msg("%s: it says \"%s\"", row[i].arguments, bench.error);
		assert_null(strchr(bench.error, '\n'));
	}
	bench_append = NULL;
}

#define SOC \
	"soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0x40000000 0x10000>; "

static void test_MEM_09_a_device_has_the_pools_that_its_node_names(void **state)
{
	const struct dmk_machine *m;
	const struct dmk_bus *bus[4];

	open_source(
		HEAD MEMORY RESERVED
		"a: a@10000 { reg = <0x10000 0x4000>; compatible = \"shared-dma-pool\"; no-map; };"
		"b: b@20000 { reg = <0x20000 0x4000>; compatible = \"restricted-dma-pool\"; };"
		"c: c@30000 { reg = <0x30000 0x4000>; no-map; };"
		"off: d@40000 { reg = <0x40000 0x4000>; compatible = \"shared-dma-pool\"; status = \"disabled\"; };"
		"}; " SOC "w@0 { compatible = \"x\"; reg = <0 4>; memory-region = <&c &a &b>; };"
		"x@10 { compatible = \"x\"; reg = <0x10 4>; };"
		"y@20 { compatible = \"x\"; reg = <0x20 4>; memory-region = <&off>; };"
		"z@30 { compatible = \"x\"; reg = <0x30 4>; memory-region = <&a>; }; }; " PCI RANGES
		"dma-coherent; memory-region = <&b>; }; };");
	m = bench.machine;
	assert_int_equal(m->nr_platform, 4);
	for (unsigned int i = 0; i < 4; i++)
		bus[i] = m->platform[i].dma;
	assert_string_equal(bus[0]->shared_pool->name, "a@10000");
	assert_string_equal(bus[0]->restricted_pool->name, "b@20000");
	assert_true(bus[0]->shared_pool >= m->memory &&
		    bus[0]->shared_pool < m->memory + m->nr_memory);
	assert_null(bus[1]->shared_pool);
	assert_null(bus[1]->restricted_pool);
	assert_null(bus[2]->shared_pool);
	assert_ptr_equal(bus[3]->shared_pool, bus[0]->shared_pool);
	assert_null(bus[3]->restricted_pool);
	assert_ptr_not_equal(bus[3], bus[0]);
	assert_ptr_not_equal(bus[1], bus[0]);
	assert_ptr_equal(m->pci->dma->restricted_pool, bus[0]->restricted_pool);
	assert_true(m->pci->dma->coherent);
	bench_close();
}

static void
test_MEM_09_a_default_pool_is_for_those_that_are_not_coherent_and_name_none(void **state)
{
	open_source(
		HEAD MEMORY RESERVED
		"e@10000 { reg = <0x10000 0x4000>; compatible = \"shared-dma-pool\"; linux,dma-default; };"
		"a: a@20000 { reg = <0x20000 0x4000>; compatible = \"shared-dma-pool\"; }; };" SOC
		"w@0 { compatible = \"x\"; reg = <0 4>; };"
		"x@10 { compatible = \"x\"; reg = <0x10 4>; dma-coherent; };"
		"y@20 { compatible = \"x\"; reg = <0x20 4>; memory-region = <&a>; }; }; };");
	assert_string_equal(bench.machine->platform[0].dma->shared_pool->name, "e@10000");
	assert_null(bench.machine->platform[1].dma->shared_pool);
	assert_string_equal(bench.machine->platform[2].dma->shared_pool->name, "a@20000");
	bench_close();
}

/* A word of the CPU's through a view, and what a device's view (uncached) has there. */
static void test_MEM_09_a_pool_out_of_the_direct_map_is_reached_by_views(void **state)
{
	dmk_phys pages[2] = {DMK_PHYS(0x11000), DMK_PHYS(0x10000)};
	uint64_t *cached, *uncached;

	open_source(
		HEAD MEMORY RESERVED
		"a@10000 { reg = <0x10000 0x4000>; compatible = \"shared-dma-pool\"; no-map; }; }; };");
	cached = bench.port.ops->view_map(bench.port.ctx, pages, 2, DMK_VIEW_CACHED);
	uncached = bench.port.ops->view_map(bench.port.ctx, pages + 1, 1, DMK_VIEW_UNCACHED);
	assert_non_null(cached);
	assert_non_null(uncached);
	assert_true(bench_faults(bench_direct(0x10000)));
	assert_true(bench_faults(bench_direct(0x13fff)));
	assert_false(bench_faults(bench_direct(0xffff)));
	assert_false(bench_faults(bench_direct(0x14000)));
	cached[DMK_PAGE_SIZE / 8] = 0x1234;
	assert_int_equal(uncached[0], 0x1234);
	bench.port.ops->view_unmap(bench.port.ctx, cached, 2);
	bench.port.ops->view_unmap(bench.port.ctx, uncached, 1);
	assert_true(bench_faults((char *)cached));
	bench_close();
}

static void test_highmem_has_no_direct_address(void **state)
{
	dmk_phys page = DMK_PHYS(0x80000);
	uint32_t *view;

	open_source(HEAD "dmakit,direct-map-last = <0x7ffff>; " MEMORY "};");
	assert_int_equal(bench.machine->direct_last.v, 0x7ffff);
	view = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_CACHED);
	assert_non_null(view);
	view[0] = 1;
	bench_close();
}

static void test_ADR_02_windows_of_buses_inside_buses_are_composed(void **state)
{
	const struct dmk_bus *bus;

	open_source(
		HEAD
		"dma-coherent; " MEMORY
		"outer { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0x40000000 0x10000000>;"
		" dma-ranges = <0x80000000 0x0 0x80000>, <0xa0000000 0x80000 0x80000>;"
		" inner { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0x100 0x1000 0x1000>;"
		"  dma-ranges = <0 0x80000000 0x100000>, <0x10000000 0xa0000000 0x1000>;"
		"  dev@200 { compatible = \"x\"; reg = <0x200 0x10>; dma-noncoherent; }; }; }; };");
	assert_int_equal(bench.machine->nr_platform, 1);
	assert_int_equal(bench.machine->platform[0].reg[0].first.v, 0x40001100);
	assert_string_equal(bench.machine->platform[0].name, "40001100.dev");
	bus = bench.machine->platform[0].dma;
	assert_false(bus->coherent);
	assert_int_equal(bench.machine->cache_line, 64);
	assert_int_equal(bus->nr_windows, 2);
	assert_int_equal(bus->windows[0].bus, 0);
	assert_int_equal(bus->windows[0].size, 0x80000);
	assert_int_equal(bus->windows[1].bus, 0x10000000);
	assert_int_equal(bus->windows[1].phys.v, 0x80000);
	assert_int_equal(bus->windows[1].size, 0x1000);
	bench_close();
}

static void test_an_ISA_bus_has_cards_with_memory_and_with_ports(void **state)
{
	open_source(
		HEAD
		"dma-coherent; " MEMORY
		"isa { compatible = \"isa\"; #address-cells = <2>; #size-cells = <1>; ranges = <0 0xc0000 0x400000 0x10000>;"
		" dma-ranges = <0 0 0 0x80000>;"
		" serial@i3f8 { compatible = \"ns16550\"; reg = <1 0x3f8 8>; };"
		" speaker { compatible = \"pnpPNP,800\"; };"
		" rom@c8000 { compatible = \"x\"; reg = <0 0xc8000 0x100>; }; }; };");
	assert_int_equal(bench.machine->nr_platform, 2);
	assert_string_equal(bench.machine->platform[0].name, "3f8.serial");
	assert_true(bench.machine->platform[0].reg[0].is_port);
	assert_int_equal(bench.machine->platform[0].reg[0].first.v, 0x3f8);
	assert_int_equal(bench.machine->platform[0].reg[0].size, 8);
	assert_string_equal(bench.machine->platform[1].name, "408000.rom");
	assert_false(bench.machine->platform[1].reg[0].is_port);
	assert_ptr_equal(bench.machine->platform[1].dma, bench.machine->isa);
	assert_int_equal(bench.machine->isa->windows[0].size, 0x80000);
	bench_close();
}

static void test_a_card_soldered_to_a_slot_and_its_property(void **state)
{
	open_source(
		HEAD MEMORY PCI RANGES
		"card@3,0 { reg = <0x1800 0 0 0 0>; dmakit,model = \"edu\"; dma-mask = <0xffff>; }; }; };");
	assert_int_equal(bench_config(3 << 3, 0, 4), 0x11e81234);
	bench_close();
}

static void test_a_blob_is_read_as_it_is(void **state)
{
	char command[256];

	write_file("board.dts", HEAD MEMORY "model = \"blob\"; };",
		   strlen(HEAD MEMORY "model = \"blob\"; };"));
	snprintf(command, sizeof(command),
		 "cd %s && dtc -q -O dtb -o blob.dtb board.dts 2>/dev/null || true", directory);
	assert_int_equal(system(command), 0);
	if (bench_try(in_directory("blob.dtb"), NULL, 0)) {
		/* properties stand before nodes: dtc must have refused the source above */
		assert_int_equal(bench_try(in_directory("board.dts"), NULL, 0), -EINVAL);
		write_file("board.dts", HEAD "model = \"blob\"; " MEMORY "};",
			   strlen(HEAD "model = \"blob\"; " MEMORY "};"));
		assert_int_equal(system(command), 0);
		assert_int_equal(bench_try(in_directory("blob.dtb"), NULL, 0), 0);
	}
	assert_string_equal(bench.machine->name, "blob");
	assert_string_equal(bench.machine->summary, "blob");
	bench_close();
}

/* --- broken ones ------------------------------------------------------------------------------ */

static const struct {
	const char *sentence, *source, *says;
} broken[] = {
	{"a syntax error names the line", "/dts-v1/;\n/ {\n\tmodel = ;\n};\n", "board.dts:3."},
	{"an unknown reference names the line", "/dts-v1/;\n/ {\n a = <&nobody>;\n};\n",
	 "board.dts:2."},
	{"an empty file", "", "board.dts"},
	{"a file that includes nothing", "/dts-v1/;\n/include/ \"nothing.dtsi\"\n", "nothing.dtsi"},
	{"no memory", HEAD "};", ": /: no memory"},
	{"memory without reg", HEAD "memory { device_type = \"memory\"; }; };",
	 "/memory: reg: it is missing"},
	{"half an entry", HEAD "memory { device_type = \"memory\"; reg = <0>; }; };",
	 "/memory: reg: 4 bytes is no multiple of an entry's 8"},
	{"memory within a page", HEAD "memory { device_type = \"memory\"; reg = <0 0x800>; }; };",
	 "is not page aligned"},
	{"memory twice",
	 HEAD "memory { device_type = \"memory\"; reg = <0 0x2000>, <0x1000 0x1000>; }; };",
	 "overlaps memory"},
	{"memory beyond the world",
	 "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; memory { device_type = \"memory\"; reg = <0x00ffffff 0 0 0x1000>; }; };",
	 "ends above 2^46"},
	{"memory that wraps",
	 "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; memory { device_type = \"memory\"; reg = <0xffffffff 0xfffff000 0 0x2000>; }; };",
	 "ends above 2^46"},
	{"nothing left to run in", HEAD MEMORY RESERVED "all@0 { reg = <0 0x100000>; }; }; };",
	 "all memory is reserved"},
	{"five address cells",
	 "/dts-v1/; / { #address-cells = <5>; #size-cells = <1>; " MEMORY "};",
	 ": /: #address-cells: 5 is more than"},
	{"cells that are a text", "/dts-v1/; / { #address-cells = \"two words\"; " MEMORY "};",
	 "#address-cells: one number of 4 or 8 bytes"},
	{"a reservation without place or size", HEAD MEMORY RESERVED "r { }; }; };",
	 "/reserved-memory/r: size: neither a reg nor a size"},
	{"a reservation within a page",
	 HEAD MEMORY RESERVED "r@10100 { reg = <0x10100 0x1000>; }; }; };",
	 "is empty, wraps or is not page aligned"},
	{"a reservation that does not fit", HEAD MEMORY RESERVED "r { size = <0x200000>; }; }; };",
	 "no room for 0x200000 bytes"},
	{"an alignment that is none",
	 HEAD MEMORY RESERVED "r { size = <0x1000>; alignment = <0x3000>; }; }; };",
	 "alignment: 0x3000 is no power of two"},
	{"reservations that overlap",
	 HEAD MEMORY RESERVED "a@0 { reg = <0 0x2000>; }; b@1000 { reg = <0x1000 0x1000>; }; }; };",
	 "b@1000: reg: it overlaps a@0"},
	{"a restricted pool without a direct address",
	 HEAD MEMORY RESERVED POOL("p", "\"restricted-dma-pool\"; no-map") "}; };",
	 "/reserved-memory/p@10000: no-map: the CPU copies through"},
	{"a restricted pool that is lent",
	 HEAD MEMORY RESERVED POOL("p", "\"restricted-dma-pool\"; reusable") "}; };",
	 "/reserved-memory/p@10000: reusable: a restricted-dma-pool is its devices' own"},
	{"a restricted pool for all",
	 HEAD MEMORY RESERVED POOL("p", "\"restricted-dma-pool\"; linux,dma-default") "}; };",
	 "/reserved-memory/p@10000: linux,dma-default: a restricted-dma-pool is nobody's default"},
	{"a restricted pool for long runs",
	 HEAD MEMORY RESERVED POOL("p", "\"restricted-dma-pool\"; linux,cma-default") "}; };",
	 "/reserved-memory/p@10000: linux,cma-default: a restricted"},
	{"a restricted pool in highmem",
	 HEAD "dmakit,direct-map-last = <0x11fff>; " MEMORY RESERVED POOL(
		 "p", "\"restricted-dma-pool\"") "}; };",
	 "/reserved-memory/p@10000: reg: a restricted-dma-pool lies in the direct map, which ends at 0x11fff"},
	{"a pool that is lent and unseen",
	 HEAD MEMORY RESERVED POOL("p", "\"shared-dma-pool\"; no-map; reusable") "}; };",
	 "/reserved-memory/p@10000: reusable: memory that others use"},
	{"memory for long runs that is not lent",
	 HEAD MEMORY RESERVED POOL("p", "\"shared-dma-pool\"; linux,cma-default") "}; };",
	 "/reserved-memory/p@10000: linux,cma-default: it needs reusable"},
	{"a default pool that is lent",
	 HEAD MEMORY RESERVED POOL("p", "\"shared-dma-pool\"; linux,dma-default; reusable") "}; };",
	 "/reserved-memory/p@10000: linux,dma-default: not together with reusable"},
	{"two default pools",
	 HEAD MEMORY RESERVED POOL(
		 "p",
		 "\"shared-dma-pool\"; linux,dma-default") "q { size = <0x1000>; compatible = \"shared-dma-pool\"; linux,dma-default; }; }; };",
	 "linux,dma-default: p@10000 is the default already"},
	{"a pool in pieces",
	 HEAD MEMORY RESERVED
	 "p@0 { reg = <0 0x1000>, <0x2000 0x1000>; compatible = \"shared-dma-pool\"; }; }; };",
	 "/reserved-memory/p@0: reg: a pool is one run of memory, not 2"},
	{"a pool where no memory is",
	 HEAD MEMORY RESERVED
	 "p: p@200000 { reg = <0x200000 0x1000>; compatible = \"shared-dma-pool\"; }; }; d@0 { compatible = \"x\"; memory-region = <&p>; }; };",
	 "/d@0: memory-region: p@200000 lies where no memory is"},
	{"a pool that the bus does not carry",
	 HEAD MEMORY RESERVED POOL(
		 "p",
		 "\"shared-dma-pool\"") "}; soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0 0 0x10000>;"
					" d@0 { compatible = \"x\"; reg = <0 4>; memory-region = <&p>; }; }; };",
	 "/soc/d@0: memory-region: p@10000 is out of the device's reach"},
	{"a region that is no reserved memory",
	 HEAD MEMORY INTC "d@0 { compatible = \"x\"; memory-region = <&intc>; }; };",
	 "/d@0: memory-region: intc is not in /reserved-memory"},
	{"a region of nobody", HEAD MEMORY "d@0 { compatible = \"x\"; memory-region = <77>; }; };",
	 "/d@0: memory-region: no node has the phandle 0x4d"},
	{"a region that is a text",
	 HEAD MEMORY "d@0 { compatible = \"x\"; memory-region = \"frame\"; }; };",
	 "/d@0: memory-region: 6 bytes"},
	{"a card with a pool of its own",
	 HEAD MEMORY RESERVED POOL("p", "\"restricted-dma-pool\"") "}; " PCI
		 RANGES "c@1,0 { reg = <0x800 0 0 0 0>; dmakit,model = \"edu\"; memory-region = <&p>; }; }; };",
	 "c@1,0: memory-region: a PCI function has its host bridge's"},
	{"an empty reservation", HEAD MEMORY RESERVED "a@0 { reg = <0 0>; }; }; };",
	 "is empty, wraps or is not page aligned"},
	{"a device out of its bus's ranges",
	 HEAD MEMORY
	 "soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x1000>; d@2000 { compatible = \"x\"; reg = <0x2000 4>; }; }; };",
	 "/soc/d@2000: reg: 0x2000 is in none"},
	{"a bus without ranges",
	 HEAD MEMORY
	 "soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; d@0 { compatible = \"x\"; reg = <0 4>; }; }; };",
	 "/soc: ranges: it is missing"},
	{"a dma-ranges of the wrong length",
	 HEAD MEMORY
	 "soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0 0>; d@0 { compatible = \"x\"; reg = <0 4>; }; }; };",
	 "/soc: dma-ranges: 8 bytes is no multiple"},
	{"a dma-ranges that overlaps itself",
	 HEAD MEMORY
	 "soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0 0 0x2000>, <0x1000 0x8000 0x1000>; d@0 { compatible = \"x\"; reg = <0 4>; }; }; };",
	 "dma-ranges: entry 1 overlaps"},
	{"an interrupt without a controller",
	 HEAD MEMORY "d@0 { compatible = \"x\"; reg = <0 4>; interrupts = <1>; }; };",
	 "interrupts: no interrupt-parent"},
	{"a controller without cells",
	 HEAD MEMORY
	 "i: i { interrupt-controller; }; d@0 { compatible = \"x\"; interrupt-parent = <&i>; interrupts = <1>; }; };",
	 "/i: #interrupt-cells: it is missing"},
	{"a phandle of nobody",
	 HEAD MEMORY "d@0 { compatible = \"x\"; interrupt-parent = <77>; interrupts = <1>; }; };",
	 "no node has the phandle 0x4d"},
	{"half a specifier",
	 HEAD MEMORY
	 "i: i { interrupt-controller; #interrupt-cells = <3>; }; d@0 { compatible = \"x\"; interrupt-parent = <&i>; interrupts = <0 1>; }; };",
	 "interrupts: it ends within a specifier"},
	{"a bridge without ranges", HEAD MEMORY PCI "}; };",
	 "/pci: ranges: it is missing or empty"},
	{"a bridge over memory", HEAD MEMORY PCI "ranges = <0x02000000 0 0 0 0 0x1000>; }; };",
	 "/pci: ranges: entry 0 covers memory"},
	{"a 32-bit window above 4 GiB",
	 HEAD MEMORY PCI "ranges = <0x02000000 1 0 0x10000000 0 0x1000>; }; };",
	 "32-bit space that ends at 0x100000fff"},
	{"two bridges", HEAD MEMORY PCI RANGES "}; q" PCI RANGES "}; };",
	 "/qpci: a second PCI host bridge"},
	{"a bus range that runs backwards", HEAD MEMORY PCI RANGES "bus-range = <2 1>; }; };",
	 "/pci: bus-range"},
	{"an interrupt map that ends early",
	 HEAD MEMORY INTC PCI RANGES "interrupt-map = <0 0 0 1 &intc>; }; };",
	 "/pci: interrupt-map: it ends within"},
	{"a doorbell that is nowhere", HEAD MEMORY INTC PCI RANGES "msi-parent = <&intc>; }; };",
	 "/intc: reg: it is missing"},
	{"a card that nobody models",
	 HEAD MEMORY PCI RANGES "c@1,0 { reg = <0x800 0 0 0 0>; dmakit,model = \"edo\"; }; }; };",
	 "no device model \"edo\"; there are: edu"},
	{"a card in no slot",
	 HEAD MEMORY PCI RANGES "c@1,0 { reg = <0x801 0 0 0 0>; dmakit,model = \"edu\"; }; }; };",
	 "the first cell is not slot << 11"},
	{"two cards in a slot",
	 HEAD MEMORY PCI RANGES
	 "c@1,0 { reg = <0x800 0 0 0 0>; dmakit,model = \"edu\"; }; d@1,0 { reg = <0x800 0 0 0 0>; dmakit,model = \"edu\"; }; }; };",
	 "slot 1 is taken by edu at 00:01.0"},
	{"a property of three cells",
	 HEAD MEMORY PCI RANGES
	 "c@1,0 { reg = <0x800 0 0 0 0>; dmakit,model = \"edu\"; dma-mask = <1 2 3>; }; }; };",
	 "c@1,0: dma-mask: a number"},
	{"a model whose registers don't fit",
	 HEAD MEMORY "lab@10000000 { compatible = \"dmakit,lab\"; reg = <0x10000000 0x1000>; }; };",
	 "10000000.lab: reg: entry 1 of 0x10000 bytes"},
	{"a cache line of 48 bytes", HEAD MEMORY "cpus { d-cache-line-size = <48>; }; };",
	 "/cpus: d-cache-line-size: 48 is no power"},
	{"a direct map that ends in a page", HEAD "dmakit,direct-map-last = <0x1234>; " MEMORY "};",
	 "dmakit,direct-map-last: 0x1234"},
	{"a storm of evictions", HEAD "dmakit,cache-evictions = <1000>; " MEMORY "};",
	 "dmakit,cache-evictions: 1000 is more than 64"},
	{"boot arguments that are a number", HEAD MEMORY "chosen { bootargs = <1>; }; };",
	 "/chosen: bootargs: it is no text"},
};

static void test_a_broken_source_is_answered_with_file_node_and_property(void **state)
{
	for (unsigned int i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		int result = try_source(broken[i].source);

		if (result != -EINVAL && result != -ENOENT)
			fail_msg("%s: opened, or %d", broken[i].sentence, result);
		if (!strstr(bench.error, broken[i].says))
			fail_msg("%s: it says \"%s\", not \"%s\"", broken[i].sentence, bench.error,
				 broken[i].says);
		assert_null(strchr(bench.error, '\n'));
	}
}

static void test_files_that_are_none(void **state)
{
	assert_int_equal(bench_try("/nowhere/board.dts", NULL, 0), -ENOENT);
	assert_non_null(strstr(bench.error, "/nowhere/board.dts: No such file"));
	assert_int_equal(bench_try(directory, NULL, 0), -EINVAL);
	write_file("noise.dtb", "this is no blob, whatever its name says", 39);
	assert_int_equal(bench_try(in_directory("noise.dtb"), NULL, 0), -EINVAL);
	assert_non_null(strstr(bench.error, "noise.dtb: no devicetree blob"));
	write_file("empty.dtb", "", 0);
	assert_int_equal(bench_try(in_directory("empty.dtb"), NULL, 0), -EINVAL);
}

static void test_a_damaged_blob_never_harms(void **state)
{
	static const char *const sources[] = {"pc", "rpi-like"};
	char good[16384], bad[16384];
	uint64_t rng = 12345;

	for (unsigned int s = 0; s < 2; s++) {
		extern const struct {
			const char *name;
			const unsigned char *dtb;
			unsigned int size;
		} dmk_sim_builtins[];
		unsigned int at = 0, size;

		while (strcmp(dmk_sim_builtins[at].name, sources[s]))
			at++;
		size = dmk_sim_builtins[at].size;
		assert_true(size < sizeof(good));
		memcpy(good, dmk_sim_builtins[at].dtb, size);
		for (unsigned int i = 0; i < 1500; i++) {
			memcpy(bad, good, size);
			for (unsigned int n = 0; n < 1 + i % 6; n++) {
				rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
				bad[(rng >> 33) % size] = rng >> 25;
			}
			write_file("damaged.dtb", bad, size);
			if (!bench_try(in_directory("damaged.dtb"), NULL, 0))
				bench_close();
		}
	}
}

static void test_without_dtc_a_source_is_refused_with_the_reason(void **state)
{
	char *path = strdup(getenv("PATH"));

	setenv("PATH", "/nowhere", 1);
	assert_int_equal(try_source(HEAD MEMORY "};"), -ENODEV);
	setenv("PATH", path, 1);
	free(path);
	assert_non_null(strstr(bench.error, "dtc is needed"));
}

static int make_directory(void **state)
{
	return !mkdtemp(directory);
}

static int remove_directory(void **state)
{
	static const char *const files[] = {"board.dts", "blob.dtb", "noise.dtb", "empty.dtb",
					    "damaged.dtb"};

	for (unsigned int i = 0; i < 5; i++)
		unlink(in_directory(files[i]));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_smallest_machine),
		cmocka_unit_test(test_MEM_09_reserved_memory_is_cut_out),
		cmocka_unit_test(test_MEM_09_a_pool_across_banks_that_touch_is_one_run),
		cmocka_unit_test(test_MEM_09_boot_arguments_keep_memory_back),
		cmocka_unit_test(test_boot_arguments_that_say_nothing_are_answered),
		cmocka_unit_test(test_MEM_09_a_device_has_the_pools_that_its_node_names),
		cmocka_unit_test(
			test_MEM_09_a_default_pool_is_for_those_that_are_not_coherent_and_name_none),
		cmocka_unit_test(test_MEM_09_a_pool_out_of_the_direct_map_is_reached_by_views),
		cmocka_unit_test(test_highmem_has_no_direct_address),
		cmocka_unit_test(test_ADR_02_windows_of_buses_inside_buses_are_composed),
		cmocka_unit_test(test_an_ISA_bus_has_cards_with_memory_and_with_ports),
		cmocka_unit_test(test_a_card_soldered_to_a_slot_and_its_property),
		cmocka_unit_test(test_a_blob_is_read_as_it_is),
		cmocka_unit_test(test_a_broken_source_is_answered_with_file_node_and_property),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_a_damaged_blob_never_harms),
		cmocka_unit_test(test_without_dtc_a_source_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests_name("sim-tree", tests, make_directory, remove_directory);
}
