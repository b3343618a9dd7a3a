/* SPDX-License-Identifier: MIT */
/*
 * Rings of bytes whose size is a power of two, with one byte always free. Arithmetic only: who
 * writes and who reads order their accesses themselves.
 */
#ifndef _LINUX_CIRC_BUF_H
#define _LINUX_CIRC_BUF_H

struct circ_buf {
	char *buf;
	int head; /* where the writer writes next, */
	int tail; /* and where the reader reads */
};

/** Bytes to read, and bytes of room. */
#define CIRC_CNT(head, tail, size) (((head) - (tail)) & ((size) - 1))
#define CIRC_SPACE(head, tail, size) CIRC_CNT((tail), ((head) + 1), (size))

/** The same up to the end of the buffer, in one piece. */
#define CIRC_CNT_TO_END(head, tail, size)                             \
	({                                                            \
		int dmk_end = (size) - (tail);                        \
		int dmk_count = ((head) + dmk_end) & ((size) - 1);    \
		dmk_count < dmk_end ? dmk_count : dmk_end;            \
	})
#define CIRC_SPACE_TO_END(head, tail, size)                           \
	({                                                            \
		int dmk_end = (size) - 1 - (head);                    \
		int dmk_room = (dmk_end + (tail)) & ((size) - 1);     \
		dmk_room <= dmk_end ? dmk_room : dmk_end + 1;         \
	})

#endif
