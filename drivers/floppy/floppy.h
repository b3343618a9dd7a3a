/* SPDX-License-Identifier: MIT */
/*
 * /dev/floppy0, as a program sees it: the bytes of a 1.44 MB disk, to be read and written anywhere.
 */
#ifndef FLOPPY_H
#define FLOPPY_H

#define FLOPPY_SECTOR  512
#define FLOPPY_SECTORS 18 /* of a side of a track */
#define FLOPPY_SIDES   2
#define FLOPPY_TRACKS  80
#define FLOPPY_SIDE    (FLOPPY_SECTOR * FLOPPY_SECTORS) /* bytes */
#define FLOPPY_SIZE    (FLOPPY_SIDE * FLOPPY_SIDES * FLOPPY_TRACKS)

#endif
