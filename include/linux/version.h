/* SPDX-License-Identifier: MIT */
/*
 * Which Linux the headers speak: the newest known, or the one that `dmakit-cc --linux 6.1` names,
 * as DMK_LINUX_VERSION.
 */
#ifndef _LINUX_VERSION_H
#define _LINUX_VERSION_H

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))

#if !defined(LINUX_VERSION_CODE) && defined(DMK_LINUX_VERSION)
#define LINUX_VERSION_CODE DMK_LINUX_VERSION
#elif !defined(LINUX_VERSION_CODE)
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 18, 0)
#endif

#define LINUX_VERSION_MAJOR (LINUX_VERSION_CODE >> 16)
#define LINUX_VERSION_PATCHLEVEL ((LINUX_VERSION_CODE >> 8) & 255)
#define LINUX_VERSION_SUBLEVEL (LINUX_VERSION_CODE & 255)

#endif
