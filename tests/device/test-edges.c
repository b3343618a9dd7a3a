// SPDX-License-Identifier: MIT
/*
 * A broken card must not hang who looks at it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include <dmakit/kernel.h>

#include "card.h"
#include "fake.h"

/*
 * PCI Local Bus 3.0, 6.7: the list ends with 0. This one leads back to its beginning, and has no
 * MSI-X on the way.
 */
static void test_a_ring_of_capabilities_ends(void **state)
{
	fake_reset();
	memset(&card, 0, sizeof(card));
	fake.card.config[0x51] = 0x40;
	alarm(20);
	assert_int_equal(fake_boot(), 0);
	assert_int_equal(dmk_module_load("card"), 0);
	dmk_module_unload("card");
	fake_shutdown();
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ring_of_capabilities_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
