/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's test of scatterlists takes for a page: it makes up pointers, a page's size
 * apart, and looks into none. Included before all else into the test and into dmakit's tables,
 * whose arithmetic on pages then follows it; the rest is dmakit's as it is. In the kernel's tree
 * the test has a <linux/mm.h> of its own for that, which brings the libc's headers too.
 */
#ifndef DMAKIT_TESTS_WILD_PAGES_H
#define DMAKIT_TESTS_WILD_PAGES_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <linux/mm.h>

#define page_to_pfn(page) ((unsigned long)(page) >> PAGE_SHIFT)
#define page_to_phys(page) ((phys_addr_t)(unsigned long)(page))

#endif
