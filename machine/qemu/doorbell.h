/* SPDX-License-Identifier: MIT */
/*
 * Where messages (MSI, MSI-X) arrive: the doorbell register of an ivshmem card, whose server we
 * are. A write of a device to the doorbell becomes an eventfd in this process:
 * https://www.qemu.org/docs/master/specs/ivshmem-spec.html
 */
#ifndef DMK_QEMU_DOORBELL_H
#define DMK_QEMU_DOORBELL_H

#include "irq.h"

struct dmk_qemu_wire;

/*
 * The card's place: a slot that automatic placement of devices reaches last, and a BAR outside the
 * windows for others.
 */
enum { DMK_QEMU_DOORBELL_SLOT = 0x1e, DMK_QEMU_DOORBELL_BDF = DMK_QEMU_DOORBELL_SLOT << 3 };
#define DMK_QEMU_DOORBELL_BASE    0xfe000000u
#define DMK_QEMU_DOORBELL_ADDRESS (DMK_QEMU_DOORBELL_BASE + 12)

struct dmk_qemu_doorbell {
	/* ours; the card takes its end for a sign of life of the server, so it stays open */
	int socket;
	int event[DMK_QEMU_MSIS];
};

/**
 * dmk_qemu_doorbell_create - the server's side, with all it has to say already said
 * @card_socket: the card's side, for QEMU to inherit; the caller closes it.
 */
int dmk_qemu_doorbell_create(struct dmk_qemu_doorbell *doorbell, int *card_socket);
void dmk_qemu_doorbell_destroy(struct dmk_qemu_doorbell *doorbell);

/**
 * dmk_qemu_doorbell_connect - place the card and wait until it knows every vector
 * Return: 0, -EIO: the wire is cut, -ETIMEDOUT.
 */
int dmk_qemu_doorbell_connect(struct dmk_qemu_doorbell *doorbell, struct dmk_qemu_wire *wire);

#endif
