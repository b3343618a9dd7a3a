/* SPDX-License-Identifier: MIT */
/*
 * In a program that is linked with `-u dmk_watch_asks_for_page`, and in no other: the driver is
 * watched by page.
 */
#include <dmakit/watch.h>

void dmk_watch_asks_for_page(void);

__attribute__((constructor)) void dmk_watch_asks_for_page(void)
{
	dmk_watch_by_page();
}
