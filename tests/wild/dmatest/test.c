// SPDX-License-Identifier: MIT
/*
 * dmatest on all channels there are: what it does in its different ways.
 */
#include "run.h"

#include <dmakit/kernel.h>
#include <dmakit/test.h>

DMK_TEST(all_channels_copy)
{
	set("iterations", "8");
	set("timeout", "60000"); /* a machine that is busy with other tests is no slow controller */
	run();
}

DMK_TEST(threads_share_a_channel)
{
	set("threads_per_chan", "3");
	set("max_channels", "2");
	run();
	set("threads_per_chan", "1");
}

DMK_TEST(bytes_are_set)
{
	set("dmatest", "1");
	run();
	set("dmatest", "0");
}

DMK_TEST(buffers_are_whole_and_aligned)
{
	set("norandom", "1");
	set("alignment", "6");
	set("test_buf_size", "65536");
	set("transfer_size", "32768");
	run();
}

/* Whether it runs is not asked: see run(). */
DMK_TEST(it_is_stopped_under_way)
{
	set("iterations", "0"); /* without end */
	set("run", "1");
	dmk_test_sleep(20);
	set("run", "0");
	DMK_EXPECT(get("run") == 'N');
	DMK_EXPECT(ended() <= started());
}

DMK_TEST(its_threads_stand_still_while_the_machine_sleeps)
{
	set("run", "1");
	for (int i = 0; i < 5; i++) {
		DMK_EXPECT(dmk_threads_freeze(10000) == 0);
		dmk_threads_thaw();
	}
	set("run", "0");
	DMK_EXPECT(get("run") == 'N');
}
