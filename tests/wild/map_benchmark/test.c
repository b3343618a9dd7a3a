// SPDX-License-Identifier: MIT
/*
 * What the kernel's benchmark of mappings does, and what it refuses.
 */
#include "bind.h"

#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>

DMK_TEST(it_is_bound_by_name)
{
	struct dmk_file *file;

	DMK_EXPECT(dmk_open(BENCHMARK_FILE, O_RDWR, &file) == -ENOENT);
	DMK_EXPECT(bind_benchmark("pci") || bind_benchmark("platform"));
}

DMK_TEST(threads_map_and_unmap)
{
	struct map_benchmark done = usual();

	DMK_EXPECT(benchmark(&done) == 0);
	DMK_EXPECT(done.threads == 2);
	DMK_EXPECT(done.avg_map_100ns < 10000000); /* of a second */
}

DMK_TEST(lists_of_pages_towards_the_device)
{
	struct map_benchmark done = usual();

	done.node = 0;
	done.dma_dir = DMA_MAP_TO_DEVICE;
	done.granule = 8;
	done.dma_trans_ns = 1000;
	DMK_EXPECT(benchmark(&done) == 0);
}

DMK_TEST(what_makes_no_sense_is_refused)
{
	struct map_benchmark wrong[] = {usual(), usual(), usual(), usual(), usual()};

	wrong[0].threads = 0;
	wrong[1].seconds = DMA_MAP_MAX_SECONDS + 1;
	wrong[2].node = 1;
	wrong[3].granule = 1025;
	wrong[4].dma_dir = 3;
	for (int i = 0; i < 5; i++)
		DMK_EXPECT(benchmark(&wrong[i]) == -EINVAL);
}
