/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the direct map's memory that have no fences: the same pages a second time, for the
 * core's copies (dmk_machine.copy_base).
 */
#include "watch.h"

#include <stdio.h>
#include <sys/mman.h>

static struct dmk_machine machine; /* the port's own, with copy_base */
static char *copy;
static size_t copy_size;

/*
 * One mapping of the direct map once more, where it belongs: mremap() of no bytes of a shared
 * mapping copies it.
 */
static bool show_again(uintptr_t first, uintptr_t end, uintptr_t direct)
{
	return mremap((void *)first, 0, end - first, MREMAP_MAYMOVE | MREMAP_FIXED,
		      copy + (first - direct)) != MAP_FAILED;
}

/* What is accessible there is RAM: the machine made it so, a run at a time. */
static bool show_all(uintptr_t direct)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long first, end;
	bool shown = maps != NULL;
	char line[512], access[8];

	while (shown && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &first, &end, access) != 3 || first < direct ||
		    end > direct + copy_size || access[0] != 'r')
			continue;
		shown = show_again(first, end, direct);
	}
	if (maps)
		fclose(maps);
	return shown;
}

void dmk_watch_copies(struct dmk_port *port)
{
	copy_size = port->machine->direct_last.v + 1;
	copy = mmap(NULL, copy_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (copy == MAP_FAILED)
		copy = NULL;
	if (!copy || !show_all((uintptr_t)port->machine->direct_base)) {
		dmk_watch_copies_end();
		return;
	}
	machine = *port->machine;
	machine.copy_base = copy;
	port->machine = &machine;
}

void dmk_watch_copies_end(void)
{
	if (copy)
		munmap(copy, copy_size);
	copy = NULL;
}
