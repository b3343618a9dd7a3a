// SPDX-License-Identifier: MIT
/*
 * dmatest on the first channel, which it asks for completion. It ends each transfer by terminating
 * the channel, and so those of other threads on it: a channel that can more than copy, for which it
 * starts several, can't be tested so.
 */
#include "run.h"

#include <dmakit/test.h>

DMK_TEST(completion_is_polled)
{
	set("iterations", "8");
	set("timeout", "60000");
	set("polled", "1");
	set("channel", "dma0chan0\n");
	DMK_EXPECT(dmk_test_said("Added 1 threads using dma0chan0") == 1);
	run();
}
