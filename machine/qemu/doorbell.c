// SPDX-License-Identifier: MIT
/*
 * The doorbell: an ivshmem server with one client, QEMU's card, and one peer, us. Not the
 * interrupts themselves: irq.c.
 */
#include "doorbell.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pci.h"
#include "wire.h"

/*
 * We are peer 0, so that a message's data is the vector and fits the 16 bits of a plain MSI; the
 * card is peer 1. Its shared memory is asked for by the protocol and used by nobody.
 */
enum { PROTOCOL_VERSION = 0, OUR_ID = 0, CARD_ID = 1, SHARED_MEMORY = -1, SHARED_SIZE = 4096 };

static int send_number(int fd, int64_t number, int passed_fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = {.iov_base = &number, .iov_len = sizeof(number)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (passed_fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &passed_fd, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_shared_memory(int socket)
{
	int err, fd = memfd_create("dmakit-qemu-doorbell", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = ftruncate(fd, SHARED_SIZE) ? -errno : 0;
	if (!err)
		err = send_number(socket, SHARED_MEMORY, fd);
	close(fd);
	return err;
}

/*
 * The card reads this while it is made, up to the shared memory; the rest when QEMU's main loop
 * gets to it.
 */
static int introduce(const struct dmk_qemu_doorbell *doorbell)
{
	unsigned int i;
	int err;

	err = send_number(doorbell->socket, PROTOCOL_VERSION, -1);
	if (!err)
		err = send_number(doorbell->socket, CARD_ID, -1);
	if (!err)
		err = send_shared_memory(doorbell->socket);
	for (i = 0; i < DMK_QEMU_MSIS && !err; i++)
		err = send_number(doorbell->socket, OUR_ID, doorbell->event[i]);
	return err;
}

static void close_events(struct dmk_qemu_doorbell *doorbell, unsigned int n)
{
	while (n--)
		close(doorbell->event[n]);
}

int dmk_qemu_doorbell_create(struct dmk_qemu_doorbell *doorbell, int *card_socket)
{
	int pair[2], err;
	unsigned int n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	doorbell->socket = pair[0];
	for (n = 0; n < DMK_QEMU_MSIS; n++) {
		doorbell->event[n] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		err = -errno;
		if (doorbell->event[n] < 0)
			goto close_events;
	}
	err = introduce(doorbell);
	if (err)
		goto close_events;
	*card_socket = pair[1];
	return 0;

close_events:
	close_events(doorbell, n);
	close(pair[0]);
	close(pair[1]);
	return err;
}

void dmk_qemu_doorbell_destroy(struct dmk_qemu_doorbell *doorbell)
{
	close_events(doorbell, DMK_QEMU_MSIS);
	close(doorbell->socket);
}

/* The vectors come in order, so the last one ringing says that all of them do. */
int dmk_qemu_doorbell_connect(struct dmk_qemu_doorbell *doorbell, struct dmk_qemu_wire *wire)
{
	struct pollfd last = {.fd = doorbell->event[DMK_QEMU_MSIS - 1], .events = POLLIN};
	unsigned int tries;
	eventfd_t rings;

	dmk_qemu_pci_write(wire, DMK_QEMU_DOORBELL_BDF, DMK_PCI_BAR0, 4, DMK_QEMU_DOORBELL_BASE);
	dmk_qemu_pci_write(wire, DMK_QEMU_DOORBELL_BDF, DMK_PCI_COMMAND, 2, DMK_PCI_COMMAND_MEMORY);
	for (tries = 0; tries < 5000; tries++) {
		if (dmk_qemu_wire_ask(wire, NULL, "writel 0x%x 0x%x", DMK_QEMU_DOORBELL_ADDRESS,
				      DMK_QEMU_MSIS - 1))
			return -EIO;
		if (poll(&last, 1, 1) > 0)
			return eventfd_read(last.fd, &rings) ? -errno : 0;
	}
	return -ETIMEDOUT;
}
