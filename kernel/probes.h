/* SPDX-License-Identifier: MIT */
/* Static probes for tracers outside the program. docs/PROBES.md has the list. */
#ifndef KERNEL_PROBES_H
#define KERNEL_PROBES_H

#ifdef DMK_HAVE_PROBES
/** dmk_probes_start - before the core starts; dmk_probes_stop - after it stopped */
void dmk_probes_start(void);
void dmk_probes_stop(void);
#else
/* Built without <sys/sdt.h>: there are none. */
static inline void dmk_probes_start(void)
{
}

static inline void dmk_probes_stop(void)
{
}
#endif

#endif
