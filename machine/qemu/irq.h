/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of the QEMU machine: which are allocated, enabled, up and told. Numbers from
 * `first_input` on are the inputs of the board's controller (on a PC 0 .. 23: the old ones to 15,
 * then PCI's), and from `first_msi` on messages, where there are any.
 *
 * Whoever hears of a change notes it here and pokes the keeper; only the keeper's thread calls the
 * sink, with no lock held. So the kernel part may call any hook with its own locks held, and no
 * order of locks between it and us exists that could be wrong.
 */
#ifndef DMK_QEMU_IRQ_H
#define DMK_QEMU_IRQ_H

#include <pthread.h>

#include "board.h"

enum {
	DMK_QEMU_MSIS = 64,
	DMK_QEMU_IRQS = 256, /* the most that a board has: see dmk_qemu_irqs_init() */
};

struct dmk_qemu_irq {
	bool enabled;
	bool up;    /* an input's level */
	bool told;  /* the level that the sink heard last */
	bool again; /* up, and to be told once more: enabled a second time */
	bool fresh; /* a message, or a rise, that the sink did not hear of */
};

struct dmk_qemu_irqs {
	/* constant */
	unsigned int first_input, nr_inputs, nr_rising, first_msi, nr_irqs;
	uint64_t msi_address; /* where a device writes its messages */
	int poke;             /* the keeper's eventfd */

	pthread_mutex_t lock; /* innermost; of what follows */
	struct dmk_qemu_irq irq[DMK_QEMU_IRQS];
	uint64_t msi_used; /* a bit each */
};

/** dmk_qemu_irqs_init - @msi_address: 0 on a board that has no messages */
void dmk_qemu_irqs_init(struct dmk_qemu_irqs *irqs, const struct dmk_qemu_board *board,
			uint64_t msi_address, int poke);
void dmk_qemu_irqs_destroy(struct dmk_qemu_irqs *irqs);
void dmk_qemu_irqs_input(struct dmk_qemu_irqs *irqs, unsigned int input, bool level);
void dmk_qemu_irqs_message(struct dmk_qemu_irqs *irqs, unsigned int vector);
void dmk_qemu_irqs_enable(struct dmk_qemu_irqs *irqs, unsigned int irq, bool enable);
int dmk_qemu_irqs_alloc(struct dmk_qemu_irqs *irqs, unsigned int n, bool contiguous,
			struct dmk_msi_message *messages);
void dmk_qemu_irqs_free(struct dmk_qemu_irqs *irqs, unsigned int first_irq, unsigned int n);
/** dmk_qemu_irqs_deliver - tell @sink all that it has not heard: the keeper's alone. */
void dmk_qemu_irqs_deliver(struct dmk_qemu_irqs *irqs, const struct dmk_sink *sink);

#endif
