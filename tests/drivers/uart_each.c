// SPDX-License-Identifier: MIT
/*
 * A little of everything that the UART's driver does, twice, for runs in which a call of it or of
 * its controller's fails (STR-12). It judges no answer: any may be an error. What is looked at is
 * that a second try is no worse.
 */
#include <fcntl.h>
#include <poll.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/uart/uart.h"

enum { PATIENCE = 1000 };

static char bytes[1500];

DMK_TEST(it_is_opened_used_and_closed)
{
	for (int i = 0; i < 2; i++) {
		struct dmk_file *uart;
		struct uart_info info;
		uint32_t loop = 1;

		if (dmk_open("/dev/uart0", O_RDWR | O_NONBLOCK, &uart))
			continue;
		dmk_ioctl(uart, UART_IOC_LOOP, (unsigned long)&loop);
		if (dmk_write(uart, bytes, sizeof(bytes)) > 0)
			dmk_fsync(uart);
		if (dmk_poll(uart, POLLIN, PATIENCE) & POLLIN)
			dmk_read(uart, bytes, sizeof(bytes));
		DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&info) == 0);
		dmk_close(uart);
	}
}
