// SPDX-License-Identifier: MIT
/*
 * The benchmark once, for a run in which one call of the driver fails: it may say so. By one
 * thread: of several the others may go on when one has failed, or may not.
 */
#include "bind.h"

#include <dmakit/test.h>

DMK_TEST(it_maps_or_says_why_not)
{
	struct map_benchmark done = usual();

	done.threads = 1;
	bind_benchmark("pci");
	benchmark(&done);
}
