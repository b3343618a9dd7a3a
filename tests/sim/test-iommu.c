/* SPDX-License-Identifier: MIT */
/*
 * The simulated IOMMU: what it translates, what it refuses, what it remembers for too long. The
 * tables are written here, from the specifications; nothing of the core is in this program.
 */
#include "bench.h"
#include "iommu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

enum { PAGE = DMK_PAGE_SIZE, ID = 7, OTHER_ID = 8 };
enum { FINE = -1, NOWHERE = -2 }; /* beside enum dmk_iommu_fault_reason: done; no memory is there */
#define TABLES 0x1000000ULL       /* tables grow from here on */
#define DATA   0x2000000ULL
#define IOVA   0x40000000ULL

static const char *const machines[] = {"pc-iommu-strict", "pc-iommu-39", "arm64-smmu",
				       "arm64-smmu-64k"};
enum { MACHINES = sizeof(machines) / sizeof(machines[0]) };

/* --- the bench -------------------------------------------------------------------------------- */

static struct dmk_instance *card;
static const struct dmk_iommu *iommu;
static uint64_t root, next_table, granule;
static unsigned int levels, granule_shift;

static struct sim_iommu *running(void)
{
	return iommu->ctx;
}

static struct sim_iommu_counters counted(void)
{
	return dmk_sim_iommu_counters(running());
}

static uint64_t new_table(void)
{
	uint64_t table = next_table;

	next_table += granule;
	memset(bench_direct(table), 0, granule);
	bench.port.ops->cache_clean(bench.port.ctx, DMK_PHYS(table), granule);
	return table;
}

static int attach(uint16_t id, uint64_t table, unsigned int depth)
{
	const struct dmk_iommu_attach to = {.id = id, .root = DMK_PHYS(table), .levels = depth};

	return iommu->ops->attach(iommu->ctx, card->requester, &to);
}

static void open_detached(const char *machine)
{
	bench_open(machine, "lab", NULL);
	bench_card(0x1234, 0x11e9);
	for (card = ((struct sim *)bench.port.ctx)->instances; !card->pci; card = card->next)
		;
	iommu = card->bus->iommu;
	assert_non_null(iommu);
	iommu->ops->detach(iommu->ctx, card->requester);
	granule = iommu->page_sizes & -iommu->page_sizes;
	granule_shift = __builtin_ctzll(granule);
	for (levels = 1; granule_shift + (granule_shift - 3) * levels < iommu->iova_bits; levels++)
		;
	next_table = TABLES;
	root = new_table();
}

static void open_machine(const char *machine)
{
	open_detached(machine);
	assert_int_equal(attach(ID, root, levels), 0);
}

/* No chance: what is counted is exact. */
static void no_chance(void)
{
	running()->prefetch = 0;
	running()->queue = 0;
}

/* --- tables, by the book ---------------------------------------------------------------------- */

/*
 * VT-d 9.8: bit 0 read, 1 write, 7 page. DDI 0487 D8.3: bit 0 valid, 1 table or page, 6
 * unprivileged, 7 read only, 10 accessed.
 */
static uint64_t page_entry(uint64_t phys, unsigned int level, bool write)
{
	if (iommu->format == DMK_TABLE_VTD)
		return phys | 1 | (write ? 2 : 0) | (level ? 0x80 : 0);
	return phys | 0x441 | (level ? 0 : 2) | (write ? 0 : 0x80);
}

static uint64_t link_entry(uint64_t table)
{
	return table | 3;
}

static unsigned int shift_of(unsigned int level)
{
	return granule_shift + (granule_shift - 3) * level;
}

static uint64_t *entry_at(uint64_t table, uint64_t iova, unsigned int level)
{
	uint64_t index = iova >> shift_of(level) & ((1ULL << (granule_shift - 3)) - 1);

	return (uint64_t *)bench_direct(table) + index;
}

static void clean(const void *cpu, size_t size)
{
	uint64_t phys = (const char *)cpu - (const char *)bench.machine->direct_base;

	bench.port.ops->cache_clean(bench.port.ctx, DMK_PHYS(phys), size);
}

static void store(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	clean(entry, sizeof(*entry));
}

/* The entry of @level that serves the address; tables on the way are made. */
static uint64_t *entry_for(uint64_t iova, unsigned int level)
{
	uint64_t table = root;

	for (unsigned int at = levels - 1; at > level; at--) {
		uint64_t *entry = entry_at(table, iova, at);

		if (!*entry)
			store(entry, link_entry(new_table()));
		table = *entry & 0xfffffffff000ULL;
	}
	return entry_at(table, iova, level);
}

static void map_at(uint64_t iova, uint64_t phys, unsigned int level, bool write)
{
	store(entry_for(iova, level), page_entry(phys, level, write));
}

static void map(uint64_t iova, uint64_t phys)
{
	map_at(iova, phys, 0, true);
}

static void unmap(uint64_t iova)
{
	store(entry_for(iova, 0), 0);
}

static void invalidate(uint64_t first, uint64_t last, bool tables)
{
	iommu->ops->invalidate(iommu->ctx, ID, first, last, tables);
}

static void sync_iommu(void)
{
	iommu->ops->sync(iommu->ctx);
}

/* --- accesses --------------------------------------------------------------------------------- */

static const struct dmk_iommu_fault *last_fault(unsigned int before)
{
	return bench.nr_faults == before + 1 && before < BENCH_FAULTS ? &bench.fault[before] : NULL;
}

static void expect(const char *says, uint64_t iova, size_t size, bool write, int outcome)
{
	static uint8_t bytes[4 * 65536], ones[4 * 65536];
	int result;

	bench.nr_faults = 0;
	bench.nr_events = 0;
	memset(ones, 0xff, sizeof(ones));
	memset(bytes, 0x5a, sizeof(bytes));
	result = write ? dmk_instance_write(card, iova, bytes, size)
		       : dmk_instance_read(card, iova, bytes, size);
	if (result != (outcome == FINE ? 0 : -EIO) || bench.nr_faults != (outcome >= 0))
		fail_msg("%s: %s: a %s has result %d, with %u faults (reason %d), expected %d",
			 bench.machine->name, says, write ? "write" : "read", result,
			 bench.nr_faults, bench.fault[0].reason, outcome);
	assert_int_equal(bench.nr_events, 1);
	assert_int_equal(bench.event[0].kind, DMK_EVENT_DEVICE_ACCESS);
	assert_int_equal(bench.event[0].result, outcome == FINE      ? 0
						: outcome == NOWHERE ? -EIO
								     : -EFAULT);
	if (outcome < 0)
		return;
	if ((int)last_fault(0)->reason != outcome)
		fail_msg("%s: %s: reason %d, expected %d", bench.machine->name, says,
			 last_fault(0)->reason, outcome);
	assert_int_equal(last_fault(0)->requester, card->requester);
	assert_int_equal(last_fault(0)->write, write);
	assert_in_range(last_fault(0)->iova, iova, iova + size - 1);
	if (!write)
		assert_memory_equal(bytes, ones, size);
}

/* The first bytes of each granule of DATA say which it is. */
static void mark(unsigned int pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t *cpu = bench_direct(DATA + i * granule);

		*cpu = i + 1;
		clean(cpu, sizeof(*cpu));
	}
}

/* Which granule of DATA is there, counted from 0; -1: it faults. */
static int seen_at(uint64_t iova)
{
	uint64_t mark = 0;

	return dmk_instance_read(card, iova, &mark, sizeof(mark)) ? -1 : (int)mark - 1;
}

/* --- sentences -------------------------------------------------------------------------------- */

struct row {
	const char *says;
	unsigned int level;    /* of the entry */
	uint64_t entry, above; /* 0 above: a plain link; a number below 16 is the flags of one */
	int read, write;
};

static const struct row vtd_rows[] = {
	{"a page that may be read and written", 0, DATA | 3, 0, FINE, FINE},
	{"a page that may be read only", 0, DATA | 1, 0, FINE, DMK_FAULT_PERMISSION},
	{"a page that may be written only", 0, DATA | 2, 0, DMK_FAULT_PERMISSION, FINE},
	{"an entry with neither is none", 0, DATA, 0, DMK_FAULT_NOT_MAPPED, DMK_FAULT_NOT_MAPPED},
	{"a link that may be read only closes what is below to writes", 0, DATA | 3, 1, FINE,
	 DMK_FAULT_PERMISSION},
	{"a link that may be written only closes what is below to reads", 0, DATA | 3, 2,
	 DMK_FAULT_PERMISSION, FINE},
	{"a link and a page that have nothing in common", 0, DATA | 1, 2, DMK_FAULT_PERMISSION,
	 DMK_FAULT_PERMISSION},
	{"the page bit is ignored in the last level", 0, DATA | 0x83, 0, FINE, FINE},
	{"snoop, execute and software's bits are ignored", 0, DATA | 0x77f0000000000e07ULL, 0, FINE,
	 FINE},
	{"an address of more bits than memory has", 0, 1ULL << 50 | 3, 0, DMK_FAULT_TABLE,
	 DMK_FAULT_TABLE},
	{"a table where no memory is", 1, 0x90000003, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
	{"a page where no memory is", 0, 0x90000003, 0, NOWHERE, NOWHERE},
	{"a page of a size that there is not", 3, 0x8000000000ULL | 0x83, 0, DMK_FAULT_TABLE,
	 DMK_FAULT_TABLE},
	{"an entry of ones", 0, ~0ULL, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
	{"a link of ones", 1, ~0ULL & ~0x80ULL, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
};

static const struct row lpae_rows[] = {
	{"a page that may be read and written", 0, DATA | 0x443, 0, FINE, FINE},
	{"a page that may be read only", 0, DATA | 0x4c3, 0, FINE, DMK_FAULT_PERMISSION},
	{"an entry that is not valid is none", 0, DATA | 0x442, 0, DMK_FAULT_NOT_MAPPED,
	 DMK_FAULT_NOT_MAPPED},
	{"a page for privileged accesses only", 0, DATA | 0x403, 0, DMK_FAULT_PERMISSION,
	 DMK_FAULT_PERMISSION},
	{"a page whose access flag is not set", 0, DATA | 0x43, 0, DMK_FAULT_PERMISSION,
	 DMK_FAULT_PERMISSION},
	{"a link, read only, closes what is below to writes", 0, DATA | 0x443, 1ULL << 62, FINE,
	 DMK_FAULT_PERMISSION},
	{"a link for privileged accesses closes what is below", 0, DATA | 0x443, 1ULL << 61,
	 DMK_FAULT_PERMISSION, DMK_FAULT_PERMISSION},
	{"a block in the last level", 0, DATA | 0x441, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
	{"never executed, not global, contiguous: no matter", 0, DATA | 0x70000000000c43ULL, 0,
	 FINE, FINE},
	{"a table where no memory is", 1, 0x90000003, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
	{"a page where no memory is", 0, 0x90000443, 0, NOWHERE, NOWHERE},
	{"a link of ones", 1, ~0ULL, 0, DMK_FAULT_TABLE, DMK_FAULT_TABLE},
};

static void try_row(const struct row *row)
{
	if (row->level >= levels)
		return;
	for (unsigned int write = 0; write < 2; write++) {
		uint64_t *entry;

		next_table = TABLES;
		root = new_table();
		assert_int_equal(attach(ID, root, levels), 0);
		entry = entry_for(IOVA, row->level);
		store(entry, row->entry);
		if (row->above && row->above < 16)
			store(entry_for(IOVA, row->level + 1),
			      (*entry_for(IOVA, row->level + 1) & ~15ULL) | row->above);
		else if (row->above)
			store(entry_for(IOVA, row->level + 1),
			      *entry_for(IOVA, row->level + 1) | row->above);
		expect(row->says, IOVA + 24, 8, write, write ? row->write : row->read);
		/* a cached one is the same */
		expect(row->says, IOVA + 32, 8, write, write ? row->write : row->read);
	}
}

static void test_DIR_03_what_an_entry_says_is_what_a_device_may_do(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_detached(machines[m]);
		if (iommu->format == DMK_TABLE_VTD)
			for (unsigned int i = 0; i < sizeof(vtd_rows) / sizeof(vtd_rows[0]); i++)
				try_row(&vtd_rows[i]);
		else
			for (unsigned int i = 0; i < sizeof(lpae_rows) / sizeof(lpae_rows[0]); i++)
				try_row(&lpae_rows[i]);
		bench_close();
	}
}

static void test_DIR_03_a_refused_write_changes_nothing(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		uint64_t *cpu;

		open_machine(machines[m]);
		mark(3);
		map(IOVA, DATA);
		map_at(IOVA + granule, DATA + granule, 0, false);
		map(IOVA + 2 * granule, DATA + 2 * granule);
		/* the middle one of three refuses: not a byte of the first is written */
		expect("a write over a page that is read only", IOVA + 8, 2 * granule, true,
		       DMK_FAULT_PERMISSION);
		assert_int_equal(last_fault(0)->iova, IOVA + granule);
		for (unsigned int i = 0; i < 3; i++) {
			cpu = bench_direct(DATA + i * granule);
			bench.port.ops->cache_invalidate(bench.port.ctx,
							 DMK_PHYS(DATA + i * granule), granule);
			assert_int_equal(cpu[0], i + 1);
			assert_int_equal(cpu[1], 0);
		}
		expect("a read of all three", IOVA, 3 * granule, false, FINE);
		bench_close();
	}
}

static void test_IOM_01_scattered_pages_are_one_run(void **state)
{
	enum { N = 40 };
	static uint8_t bytes[N * 65536], back[N * 65536];

	for (unsigned int m = 0; m < MACHINES; m++) {
		const size_t size = N * granule < sizeof(bytes) ? N * granule : sizeof(bytes);

		open_machine(machines[m]);
		for (unsigned int i = 0; i < N; i++)
			map(IOVA + i * granule, DATA + (N - 1 - i) * granule);
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = i * 7 + (i >> 12);
		assert_int_equal(dmk_instance_write(card, IOVA + 5, bytes, N * granule - 9), 0);
		assert_int_equal(dmk_instance_read(card, IOVA + 5, back, N * granule - 9), 0);
		assert_memory_equal(bytes, back, N * granule - 9);
		bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(DATA), N * granule);
		for (unsigned int i = 1; i < N - 1; i++)
			assert_memory_equal(bench_direct(DATA + (N - 1 - i) * granule),
					    bytes + i * granule - 5, granule);
		assert_true(size > 0);
		bench_close();
	}
}

static void test_IOM_01_large_pages_are_walked(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		for (unsigned int level = 1; level < levels; level++) {
			const uint64_t page = 1ULL << shift_of(level), iova = page * 5;
			const uint64_t at = iova + (DATA & (page - 1));
			const bool there = iommu->page_sizes & page;

			if (iova >> iommu->iova_bits)
				continue;
			map_at(iova, DATA & ~(page - 1), level, true);
			mark(1);
			expect("a byte in a large page", at + 16, 8, true,
			       there ? FINE : DMK_FAULT_TABLE);
			assert_int_equal(seen_at(at), there ? 0 : -1);
			/* bits below the page's size are reserved */
			store(entry_for(iova, level), page_entry(granule, level, true));
			iommu->ops->invalidate_all(iommu->ctx, ID);
			sync_iommu();
			expect("a large page beside its multiple", at, 8, false, DMK_FAULT_TABLE);
		}
		bench_close();
	}
}

static void test_ADR_01_an_address_with_more_bits_than_the_IOMMU_is_refused(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		map((1ULL << iommu->iova_bits) - granule, DATA);
		map(0, DATA + granule);
		expect("the last page", (1ULL << iommu->iova_bits) - 8, 8, false, FINE);
		expect("one behind it", 1ULL << iommu->iova_bits, 8, false, DMK_FAULT_NOT_MAPPED);
		expect("across the end", (1ULL << iommu->iova_bits) - 4, 8, false,
		       DMK_FAULT_NOT_MAPPED);
		expect("the highest of all", ~0ULL - 15, 8, false, DMK_FAULT_NOT_MAPPED);
		/* and tables of fewer levels serve fewer */
		assert_int_equal(attach(ID, root, levels - 1), 0);
		expect("above the table", 1ULL << shift_of(levels - 1), 8, false,
		       DMK_FAULT_NOT_MAPPED);
		bench_close();
	}
}

static void test_IOM_02_passthrough_is_as_no_IOMMU_and_detached_is_nothing(void **state)
{
	const struct dmk_iommu_attach through = {.passthrough = true};

	for (unsigned int m = 0; m < MACHINES; m++) {
		open_detached(machines[m]);
		expect("not attached", DATA, 8, true, DMK_FAULT_NOT_ATTACHED);
		assert_int_equal(iommu->ops->attach(iommu->ctx, card->requester, &through), 0);
		expect("passthrough", DATA, 2 * PAGE, true, FINE);
		expect("passthrough, where no memory is", 0x90000000, 8, true, NOWHERE);
		assert_int_equal(attach(ID, root, levels), 0);
		expect("an empty table", DATA, 8, true, DMK_FAULT_NOT_MAPPED);
		iommu->ops->detach(iommu->ctx, card->requester);
		expect("detached", DATA, 8, false, DMK_FAULT_NOT_ATTACHED);
		assert_int_equal(iommu->ops->attach(iommu->ctx, 0xff00, &through), -ENODEV);
		iommu->ops->detach(iommu->ctx, 0xff00);
		assert_int_equal(attach(ID, root, 0), -EINVAL);
		assert_int_equal(attach(ID, root, 6), -EINVAL);
		assert_int_equal(attach(ID, root + 8, levels), -EINVAL);
		assert_int_equal(attach(ID, 0x90000000, levels), 0);
		expect("a root where no memory is", DATA, 8, false, DMK_FAULT_TABLE);
		bench_close();
	}
}

/* A table that leads to itself ends: each step is a level down. */
static void test_a_table_that_leads_to_itself_ends(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		for (unsigned int i = 0; i < granule / 8; i++)
			((uint64_t *)bench_direct(root))[i] = link_entry(root) | 0x440;
		clean(bench_direct(root), granule);
		/* in the end the root is a page too */
		expect("a loop", IOVA, 8, false, FINE);
		bench_close();
	}
}

/* --- remembered until told -------------------------------------------------------------------- */

static void test_IOM_02_a_translation_stays_until_it_is_invalidated(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		no_chance();
		mark(4);
		map(IOVA, DATA);
		assert_int_equal(seen_at(IOVA), 0);
		unmap(IOVA);
		assert_int_equal(seen_at(IOVA), 0);
		map(IOVA, DATA + granule);
		assert_int_equal(seen_at(IOVA), 0);
		/* other addresses, another id, sync alone: no help */
		invalidate(IOVA + granule, ~0ULL, true);
		invalidate(0, IOVA - 1, true);
		iommu->ops->invalidate(iommu->ctx, OTHER_ID, 0, ~0ULL, true);
		iommu->ops->invalidate_all(iommu->ctx, OTHER_ID);
		sync_iommu();
		assert_int_equal(seen_at(IOVA), 0);
		invalidate(IOVA + granule - 1, IOVA + granule - 1, false);
		sync_iommu();
		assert_int_equal(seen_at(IOVA), 1);
		unmap(IOVA);
		iommu->ops->invalidate_all(iommu->ctx, ID);
		sync_iommu();
		assert_int_equal(seen_at(IOVA), -1);
		bench_close();
	}
}

static void test_IOM_05_a_walk_stays_until_tables_are_invalidated(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		uint64_t *link, old;

		open_machine(machines[m]);
		no_chance();
		mark(4);
		map(IOVA, DATA);
		map(IOVA + granule, DATA + granule);
		assert_int_equal(seen_at(IOVA), 0);
		/* another table in its place, which maps other pages */
		link = entry_for(IOVA, 1);
		old = *link;
		store(link, 0);
		map(IOVA, DATA + 2 * granule);
		map(IOVA + granule, DATA + 3 * granule);
		assert_int_not_equal(*entry_for(IOVA, 1), old);
		invalidate(IOVA, IOVA + 2 * granule - 1, false);
		sync_iommu();
		assert_int_equal(seen_at(IOVA + granule), 1);
		assert_int_equal(seen_at(IOVA), 0);
		invalidate(IOVA, IOVA, true);
		invalidate(IOVA + granule, IOVA + granule, false);
		sync_iommu();
		assert_int_equal(seen_at(IOVA), 2);
		assert_int_equal(seen_at(IOVA + granule), 3);
		bench_close();
	}
}

static void test_IOM_02_an_invalidation_may_wait_for_sync(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		unsigned int stale = 0, gone = 0;

		open_machine(machines[m]);
		running()->prefetch = 0;
		mark(1);
		for (unsigned int i = 0; i < 100; i++) {
			map(IOVA, DATA);
			assert_int_equal(seen_at(IOVA), 0);
			unmap(IOVA);
			invalidate(IOVA, IOVA + granule - 1, false);
			if (seen_at(IOVA) < 0)
				gone++;
			else
				stale++;
			sync_iommu();
			assert_int_equal(seen_at(IOVA), -1);
			/* where faults are remembered, the next map needs one too */
			invalidate(IOVA, IOVA + granule - 1, false);
			sync_iommu();
		}
		assert_true(stale > 20);
		assert_true(gone > 5);
		assert_int_equal(counted().queued > 20, 1);
		bench_close();
	}
}

static void test_IOM_02_a_fault_is_remembered_where_the_machine_says_so(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		no_chance();
		mark(1);
		assert_int_equal(seen_at(IOVA), -1);
		map(IOVA, DATA);
		assert_int_equal(seen_at(IOVA), iommu->caches_faults ? -1 : 0);
		invalidate(IOVA, IOVA, true);
		sync_iommu();
		assert_int_equal(seen_at(IOVA), 0);
		assert_int_equal(iommu->caches_faults, !strcmp(machines[m], "pc-iommu-39"));
		bench_close();
	}
}

static void test_COH_04_an_entry_that_was_not_cleaned_is_not_there(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		uint64_t *entry;

		open_machine(machines[m]);
		no_chance();
		mark(1);
		running()->iommu.caches_faults = false;
		((struct sim *)bench.port.ctx)->profile.evictions = 0;
		entry = entry_for(IOVA, 0);
		__atomic_store_n(entry, page_entry(DATA, 0, true), __ATOMIC_RELEASE);
		assert_int_equal(iommu->coherent_walk, !strncmp(machines[m], "pc", 2));
		assert_int_equal(seen_at(IOVA), iommu->coherent_walk ? 0 : -1);
		clean(entry, 8);
		assert_int_equal(seen_at(IOVA), 0);
		bench_close();
	}
}

static void test_the_counters_count(void **state)
{
	struct sim_iommu_counters c;

	open_machine("pc-iommu-strict");
	no_chance();
	map(IOVA, DATA);
	map(IOVA + PAGE, DATA);
	c = counted();
	assert_int_equal(c.hits + c.misses + c.reads, 0);
	seen_at(IOVA);
	c = counted();
	assert_int_equal(c.misses, 1);
	assert_int_equal(c.reads, 4);
	seen_at(IOVA);
	seen_at(IOVA + PAGE); /* the last table is known */
	c = counted();
	assert_int_equal(c.hits, 1);
	assert_int_equal(c.misses, 2);
	assert_int_equal(c.reads, 5);
	assert_int_equal(c.links, 1);
	seen_at(IOVA + 2 * PAGE);
	invalidate(0, ~0ULL, true);
	sync_iommu();
	seen_at(IOVA);
	c = counted();
	assert_int_equal(c.faults, 1);
	assert_int_equal(c.invalidations, 1);
	assert_int_equal(c.syncs, 1);
	assert_int_equal(c.reads, 10);
	assert_int_equal(c.prefetches + c.queued, 0);
	bench_close();
}

/* The cache has an end: what is fetched goes somebody else's place. */
static void test_a_full_cache_replaces(void **state)
{
	open_machine("pc-iommu-39");
	no_chance();
	running()->iommu.caches_faults = false; /* faults would take the places */
	mark(1);
	for (unsigned int i = 0; i < 200; i++)
		map(IOVA + i * PAGE, DATA);
	for (unsigned int i = 0; i < 200; i++)
		assert_int_equal(seen_at(IOVA + i * PAGE), 0);
	for (unsigned int i = 0; i < 200; i++)
		unmap(IOVA + i * PAGE);
	for (unsigned int i = 0, left = 0; i < 200; i++) {
		left += !seen_at(IOVA + i * PAGE);
		assert_in_range(left, 0, 32);
		if (i == 199)
			assert_in_range(left, 1, 32);
	}
	bench_close();
}

/* --- at random, against a list of pages ------------------------------------------------------- */

enum { PAGES = 24, FRAMES = 15, STEPS = 4000 };

/*
 * By page: what it may be seen as. Bit 0: it faults; bit 1 + 2 * frame + w: that frame, w:
 * writable. The present state is always one of them; older ones stay until an invalidation was
 * followed by a sync.
 */
static uint64_t may[PAGES], now[PAGES];
static bool asked[PAGES]; /* invalidated, and not synced yet */
static uint64_t rng;
static unsigned int stale_seen;

static uint64_t pick(uint64_t limit)
{
	return dmk_sim_random(&rng) % limit;
}

static void check_access(unsigned int page)
{
	const bool write = pick(3) == 0;
	const uint64_t at = IOVA + page * granule;
	uint64_t mark = 0, seen;
	int result;

	if (!write) {
		int frame = seen_at(at);

		seen = frame < 0 ? 1 : 3ULL << (1 + 2 * frame);
	} else {
		/* behind the mark, so that marks stay what they are */
		result = dmk_instance_write(card, at + 16, &mark, sizeof(mark));
		seen = 0;
		for (unsigned int frame = 0; frame < FRAMES; frame++)
			seen |= 1ULL << (1 + 2 * frame + !result);
		if (!result)
			seen &= 0x5555555555555555ULL << 2; /* writable ones */
		else
			seen |= 1;
	}
	if (!(seen & may[page]))
		fail_msg("%s: page %u: a %s saw %llx, may be %llx", bench.machine->name, page,
			 write ? "write" : "read", (unsigned long long)seen,
			 (unsigned long long)may[page]);
	stale_seen += !(seen & now[page]);
}

static void random_change(unsigned int page)
{
	const unsigned int frame = pick(FRAMES);
	const bool write = pick(2);

	if (pick(2)) {
		unmap(IOVA + page * granule);
		now[page] = 1;
	} else {
		map_at(IOVA + page * granule, DATA + frame * granule, 0, write);
		now[page] = 1ULL << (1 + 2 * frame + write);
	}
	may[page] |= now[page];
	asked[page] = false;
}

static void random_invalidation(void)
{
	const unsigned int first = pick(PAGES), n = 1 + pick(PAGES - first);

	if (pick(8)) {
		invalidate(IOVA + first * granule, IOVA + (first + n) * granule - 1, pick(2));
		for (unsigned int i = first; i < first + n; i++)
			asked[i] = true;
		return;
	}
	iommu->ops->invalidate_all(iommu->ctx, ID);
	for (unsigned int i = 0; i < PAGES; i++)
		asked[i] = true;
}

static void random_sync(void)
{
	sync_iommu();
	for (unsigned int i = 0; i < PAGES; i++)
		if (asked[i])
			may[i] = now[i];
}

static void test_random_accesses_see_the_tables_or_what_was_not_invalidated(void **state)
{
	rng = time(NULL);
	print_message("seed %llu\n", (unsigned long long)rng);
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		mark(FRAMES);
		stale_seen = 0;
		for (unsigned int i = 0; i < PAGES; i++) {
			now[i] = may[i] = 1;
			asked[i] = true;
		}
		for (unsigned int i = 0; i < STEPS; i++) {
			switch (pick(8)) {
			case 0:
				random_change(pick(PAGES));
				break;
			case 1:
				random_invalidation();
				break;
			case 2:
				random_sync();
				break;
			default:
				check_access(pick(PAGES));
			}
		}
		assert_true(stale_seen > 10);
		bench_close();
	}
}

/* Any bytes at all as tables: it answers, and memory that no table names is not written. */
static void test_random_garbage_as_tables_is_survived(void **state)
{
	uint64_t outcomes[2] = {0};

	rng = time(NULL);
	print_message("seed %llu\n", (unsigned long long)rng);
	for (unsigned int m = 0; m < MACHINES; m++) {
		open_machine(machines[m]);
		for (unsigned int round = 0; round < 20; round++) {
			uint64_t *words = bench_direct(TABLES);

			for (unsigned int i = 0; i < 8 * granule / 8; i++) {
				words[i] = dmk_sim_random(&rng);
				/* some lead to where memory is */
				if (pick(2))
					words[i] = (words[i] & 0x70000000000007ffULL) |
						   (TABLES + pick(8) * granule) | 3;
			}
			clean(words, 8 * granule);
			iommu->ops->invalidate_all(iommu->ctx, ID);
			sync_iommu();
			for (unsigned int i = 0; i < 200; i++) {
				uint64_t iova = dmk_sim_random(&rng) >> (16 + pick(32)), word;

				outcomes[!dmk_instance_read(card, iova, &word, 8)]++;
			}
		}
		bench_close();
	}
	assert_true(outcomes[0] > 100);
	/* Few walks end in memory: of 16,000 some 80 to 300. */
	assert_true(outcomes[1] > 10);
}

/* --- races ------------------------------------------------------------------------------------ */

struct racer {
	bool ending; /* atomic */
	unsigned int done, refused;
};

static void *race(void *argument)
{
	struct racer *racer = argument;
	static uint8_t bytes[2 * 65536];

	memset(bytes, 0xdd, sizeof(bytes));
	while (!__atomic_load_n(&racer->ending, __ATOMIC_ACQUIRE)) {
		if (dmk_instance_write(card, IOVA, bytes, 2 * granule))
			__atomic_add_fetch(&racer->refused, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&racer->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool unchanged(const uint8_t *mine)
{
	static uint8_t seen[2 * 65536];

	bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(DATA), 2 * granule);
	memcpy(seen, bench_direct(DATA), 2 * granule);
	return !memcmp(seen, mine, 2 * granule);
}

static void rounds(struct racer *racer)
{
	static uint8_t mine[2 * 65536];
	unsigned int n = 0;

	while (n < 60 || !__atomic_load_n(&racer->done, __ATOMIC_RELAXED) ||
	       !__atomic_load_n(&racer->refused, __ATOMIC_RELAXED)) {
		map(IOVA, DATA);
		map(IOVA + granule, DATA + granule);
		invalidate(IOVA, IOVA + 2 * granule - 1, false); /* faults may be remembered */
		sync_iommu();
		for (unsigned int i = 0; i < 20; i++)
			sched_yield();
		unmap(IOVA);
		unmap(IOVA + granule);
		invalidate(IOVA, IOVA + 2 * granule - 1, false);
		sync_iommu();
		/* from now on the memory is mine */
		memset(mine, ++n, sizeof(mine));
		memset(bench_direct(DATA), n, 2 * granule);
		clean(bench_direct(DATA), 2 * granule);
		for (unsigned int i = 0; i < 5; i++)
			sched_yield();
		assert_true(unchanged(mine));
	}
}

static void test_IOM_02_no_byte_arrives_after_sync(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		struct racer racer = {false};
		pthread_t thread;

		open_machine(machines[m]);
		assert_int_equal(pthread_create(&thread, NULL, race, &racer), 0);
		rounds(&racer);
		/* nor after a detach, whatever the tables say */
		map(IOVA, DATA);
		map(IOVA + granule, DATA + granule);
		iommu->ops->detach(iommu->ctx, card->requester);
		memset(bench_direct(DATA), 1, 2 * granule);
		clean(bench_direct(DATA), 2 * granule);
		sched_yield();
		bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(DATA), 2 * granule);
		for (unsigned int i = 0; i < 2 * granule; i++)
			assert_int_equal(((uint8_t *)bench_direct(DATA))[i], 1);
		__atomic_store_n(&racer.ending, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
		bench_close();
	}
}

/* --- groups and regions ----------------------------------------------------------------------- */

static uint16_t slot(unsigned int n)
{
	return bench.machine->pci->first_bus << 8 | n << 3;
}

static void test_IOM_07_functions_that_reach_each_other_are_one_group(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		uint32_t one, two;

		open_detached(machines[m]);
		one = iommu->ops->group_of(iommu->ctx, slot(1));
		two = iommu->ops->group_of(iommu->ctx, slot(2));
		assert_int_equal(one == two, !strcmp(machines[m], "pc-iommu-39"));
		assert_int_equal(iommu->ops->group_of(iommu->ctx, slot(1)), one);
		/* and each is translated by its own id all the same */
		assert_int_equal(attach(ID, root, levels), 0);
		assert_true(dmk_sim_iommu_stream(running(), slot(2))->to.passthrough);
		bench_close();
	}
}

static const struct dmk_iommu_region *region_of(uint32_t requester, uint64_t at)
{
	for (unsigned int i = 0; i < iommu->nr_regions; i++) {
		const struct dmk_iommu_region *region = &iommu->regions[i];

		if ((region->requester == requester || region->requester == DMK_REQUESTER_NONE) &&
		    at >= region->first && at <= region->last)
			return region;
	}
	return NULL;
}

static void test_IOM_03_the_window_of_messages_is_not_translated(void **state)
{
	for (unsigned int m = 0; m < MACHINES; m++) {
		struct dmk_msi_message message;
		const struct dmk_iommu_region *region;

		open_machine(machines[m]);
		assert_true(bench.port.ops->msi_alloc(bench.port.ctx, slot(1), 1, false, &message) >
			    0);
		region = region_of(slot(1), message.address);
		assert_non_null(region);
		assert_int_equal(region->kind, DMK_REGION_RESERVED);
		assert_int_equal((region->first | (region->last + 1)) % granule, 0);
		if (iommu->format == DMK_TABLE_VTD)
			assert_int_equal(region->last - region->first + 1, MIB);
		/* a translation there is not looked at */
		map(region->first, DATA);
		expect("the doorbell's page", region->first, 8, true, NOWHERE);
		bench_close();
	}
}

static void test_IOM_03_firmwares_memory_is_an_identity_region(void **state)
{
	const struct dmk_iommu_region *region;

	open_detached("pc-iommu-strict");
	region = region_of(slot(1), 0x3e00000);
	assert_non_null(region);
	assert_int_equal(region->kind, DMK_REGION_IDENTITY);
	assert_int_equal(region->last, 0x3e3ffff);
	assert_true(region->write);
	assert_non_null(region_of(slot(31), 0x3e00000));
	assert_null(region_of(DMK_REQUESTER_PLATFORM, 0x3e00000));
	region = region_of(slot(1), 0xfffe0000);
	assert_non_null(region);
	assert_int_equal(region->kind, DMK_REGION_RESERVED);
	bench_close();
}

static void test_STR_10_a_socket_that_faces_the_world_is_not_trusted(void **state)
{
	const struct dmk_pci_host *host;

	bench_open("pc-iommu-pt", NULL);
	host = bench.machine->pci;
	assert_false(host->dma->untrusted);
	assert_non_null(host->dma->iommu);
	for (unsigned int i = 0; i < DMK_PCI_SLOTS; i++)
		assert_int_equal(host->slot_dma[i] != NULL, i == 16);
	assert_true(host->slot_dma[16]->untrusted);
	assert_ptr_equal(host->slot_dma[16]->iommu, host->dma->iommu);
	bench_close();
}

/* --- devicetrees ------------------------------------------------------------------------------ */

/*
 * @iommu: inside the IOMMU's node; @bridge: inside the host bridge's; @more: behind them, in the
 * root.
 */
static int open_tree(const char *in_iommu, const char *bridge, const char *more)
{
	char path[] = "/tmp/dmakit-iommu-XXXXXX.dts";
	int fd = mkstemps(path, 4), result;
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fprintf(file,
		"/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; dma-coherent;"
		"memory@0 { device_type = \"memory\"; reg = <0 0x4000000>; };"
		"iommu: iommu { %s %s %s };"
		"pcie: pcie { compatible = \"pci-host-ecam-generic\"; device_type = \"pci\";"
		"#address-cells = <3>; #size-cells = <2>;"
		"ranges = <0x02000000 0 0x10000000 0x10000000 0 0x10000000>; %s }; %s };",
		strstr(in_iommu, "compatible") ? "" : "compatible = \"dmakit,iommu-vtd\";",
		strstr(in_iommu, "#iommu-cells") ? "" : "#iommu-cells = <1>;", in_iommu, bridge,
		more);
	fclose(file);
	result = bench_try(path, NULL, 0);
	unlink(path);
	return result;
}

#define MAPPED "iommu-map = <0 &iommu 0 0x10000>;"

static void test_a_tree_that_makes_no_sense_names_node_and_property(void **state)
{
	static const struct {
		const char *iommu, *bridge, *more, *says;
	} rows[] = {
		{"dmakit,iova-bits = <40>;", MAPPED, "",
		 "/iommu: dmakit,iova-bits: 40 is not 39, 48 or 57"},
		{"compatible = \"arm,smmu-v3\"; dmakit,iova-bits = <50>;", MAPPED, "",
		 "/iommu: dmakit,iova-bits: 50 is not 32 to 48"},
		{"dmakit,granule = <65536>;", MAPPED, "",
		 "/iommu: dmakit,granule: 65536 is not 4096"},
		{"compatible = \"arm,smmu-v3\"; dmakit,granule = <8192>;", MAPPED, "",
		 "/iommu: dmakit,granule: 8192 is not 4096 or 65536"},
		{"dmakit,iotlb-entries = <48>;", MAPPED, "",
		 "/iommu: dmakit,iotlb-entries: 48 is no power of two from 4 to 4096"},
		{"dmakit,invalidation-queue = <300>;", MAPPED, "",
		 "/iommu: dmakit,invalidation-queue: 300 is more than 256"},
		{"dmakit,iotlb-prefetch = <101>;", MAPPED, "",
		 "/iommu: dmakit,iotlb-prefetch: 101 is more than 100"},
		{"#iommu-cells = <2>;", MAPPED, "", "/iommu: #iommu-cells: 2 is not 0 or 1"},
		{"not-the-#iommu-cells;", MAPPED, "",
		 "/iommu: #iommu-cells: it is missing, and iommu-map of pcie needs it"},
		{"", "iommu-map = <0 &iommu 0>;", "",
		 "/pcie: iommu-map: 12 bytes is no multiple of an entry's 16"},
		{"", "iommu-map = <0 99 0 0x10000>;", "",
		 "/pcie: iommu-map: no node has the phandle 0x63"},
		{"", "", "dev { compatible = \"x\"; iommus = <&iommu>; };",
		 "/dev: iommus: it ends within an entry"},
		{"", MAPPED,
		 "reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
		 "fw@1000000 { reg = <0x1000000 0x1000>; iommu-addresses = <&pcie 0x2000000 0x1000>; }; };",
		 "fw@1000000: iommu-addresses: 0x2000000 to 0x2000fff is not the node's reg"},
		{"compatible = \"arm,smmu-v3\"; dmakit,granule = <65536>;", MAPPED,
		 "reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
		 "fw@1000000 { reg = <0x1000000 0x1000>; iommu-addresses = <&pcie 0x1000000 0x1000>; }; };",
		 "fw@1000000: iommu-addresses: 0x1000000 to 0x1000fff is no run of the IOMMU's pages "
		 "of 65536 bytes"},
		{"", MAPPED,
		 "reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
		 "hole { iommu-addresses = <&pcie 0x1000000 0>; }; };",
		 "hole: iommu-addresses: 0x1000000 with 0x0 bytes is empty or wraps"},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(open_tree(rows[i].iommu, rows[i].bridge, rows[i].more), -EINVAL);
		if (!strstr(bench.error, rows[i].says))
			fail_msg("\"%s\" was expected, not \"%s\"", rows[i].says, bench.error);
	}
}

static void test_ADR_06_who_is_not_in_the_map_is_behind_no_IOMMU(void **state)
{
	const struct dmk_pci_host *host;

	/* slots 0 to 3; slots 2 and 3 look the same to the IOMMU */
	assert_int_equal(open_tree("",
				   "iommu-map = <0 &iommu 0x40 0x20>; iommu-map-mask = <0xfff7>;",
				   "a: a { compatible = \"x\"; iommus = <&iommu 0x50>; };"
				   "b: b { compatible = \"x\"; };"),
			 0);
	host = bench.machine->pci;
	iommu = host->dma->iommu;
	assert_non_null(iommu);
	for (unsigned int i = 0; i < DMK_PCI_SLOTS; i++) {
		const struct dmk_bus *bus = host->slot_dma[i] ? host->slot_dma[i] : host->dma;

		/* the mask takes bit 3 away: slots are behind it by twos */
		assert_int_equal(bus->iommu != NULL, i < 4);
	}
	assert_int_equal(iommu->ops->group_of(iommu->ctx, slot(2)),
			 iommu->ops->group_of(iommu->ctx, slot(3)));
	assert_int_not_equal(iommu->ops->group_of(iommu->ctx, slot(1)),
			     iommu->ops->group_of(iommu->ctx, slot(2)));
	/* a has the id of slot 2 */
	assert_int_equal(iommu->ops->group_of(iommu->ctx, DMK_REQUESTER_PLATFORM),
			 iommu->ops->group_of(iommu->ctx, slot(2)));
	assert_ptr_equal(bench.machine->platform[0].dma->iommu, iommu);
	assert_null(bench.machine->platform[1].dma->iommu);
	assert_int_equal(bench.machine->nr_platform, 2);
	bench_close();
	/* one that is not simulated is as none; so is one that is switched off */
	assert_int_equal(open_tree("compatible = \"vendor,iommu\";", MAPPED, ""), 0);
	assert_null(bench.machine->pci->dma->iommu);
	bench_close();
	assert_int_equal(open_tree("status = \"disabled\";", MAPPED, ""), 0);
	assert_null(bench.machine->pci->dma->iommu);
	bench_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_DIR_03_what_an_entry_says_is_what_a_device_may_do),
		cmocka_unit_test(test_DIR_03_a_refused_write_changes_nothing),
		cmocka_unit_test(test_IOM_01_scattered_pages_are_one_run),
		cmocka_unit_test(test_IOM_01_large_pages_are_walked),
		cmocka_unit_test(test_ADR_01_an_address_with_more_bits_than_the_IOMMU_is_refused),
		cmocka_unit_test(test_IOM_02_passthrough_is_as_no_IOMMU_and_detached_is_nothing),
		cmocka_unit_test(test_a_table_that_leads_to_itself_ends),
		cmocka_unit_test(test_IOM_02_a_translation_stays_until_it_is_invalidated),
		cmocka_unit_test(test_IOM_05_a_walk_stays_until_tables_are_invalidated),
		cmocka_unit_test(test_IOM_02_an_invalidation_may_wait_for_sync),
		cmocka_unit_test(test_IOM_02_a_fault_is_remembered_where_the_machine_says_so),
		cmocka_unit_test(test_COH_04_an_entry_that_was_not_cleaned_is_not_there),
		cmocka_unit_test(test_the_counters_count),
		cmocka_unit_test(test_a_full_cache_replaces),
		cmocka_unit_test(test_random_accesses_see_the_tables_or_what_was_not_invalidated),
		cmocka_unit_test(test_random_garbage_as_tables_is_survived),
		cmocka_unit_test(test_IOM_02_no_byte_arrives_after_sync),
		cmocka_unit_test(test_IOM_07_functions_that_reach_each_other_are_one_group),
		cmocka_unit_test(test_IOM_03_the_window_of_messages_is_not_translated),
		cmocka_unit_test(test_IOM_03_firmwares_memory_is_an_identity_region),
		cmocka_unit_test(test_STR_10_a_socket_that_faces_the_world_is_not_trusted),
		cmocka_unit_test(test_a_tree_that_makes_no_sense_names_node_and_property),
		cmocka_unit_test(test_ADR_06_who_is_not_in_the_map_is_behind_no_IOMMU),
	};

	return cmocka_run_group_tests_name("sim-iommu", tests, NULL, NULL);
}
