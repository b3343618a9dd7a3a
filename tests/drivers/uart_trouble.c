// SPDX-License-Identifier: MIT
/*
 * The UART where its controller fails the third descriptor and never ends the fifth, and each
 * seventh character is broken on the line: what a program is told, and that all works again after
 * each (ENG-04). The first descriptor is what is received into.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/uart/uart.h"

enum { SIZE = 10, PATIENCE = 20000 };

static long write_some(struct dmk_file *uart)
{
	return dmk_write(uart, "0123456789", SIZE);
}

DMK_TEST(a_failure_and_a_hang_are_told_and_end_there)
{
	struct dmk_file *uart = NULL;
	struct uart_info info;

	DMK_REQUIRE(dmk_open("/dev/uart0", O_RDWR, &uart) == 0);
	DMK_EXPECT(write_some(uart) == SIZE);
	DMK_EXPECT(write_some(uart) == -EIO);
	DMK_EXPECT(write_some(uart) == SIZE);
	DMK_EXPECT(write_some(uart) == -ETIMEDOUT);
	DMK_EXPECT(write_some(uart) == SIZE);
	DMK_EXPECT(dmk_fsync(uart) == 0);
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&info) == 0);
	DMK_EXPECT(info.timeouts == 1);
	DMK_EXPECT(info.sent == 3 * SIZE);
	dmk_close(uart);
}

DMK_TEST(a_broken_character_is_counted)
{
	char bytes[SIZE] = {0};
	struct dmk_file *uart = NULL;
	struct uart_info info;
	uint32_t loop = 1;
	int done = 0;

	DMK_REQUIRE(dmk_open("/dev/uart0", O_RDWR, &uart) == 0);
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_LOOP, (unsigned long)&loop) == 0);
	DMK_EXPECT(write_some(uart) == SIZE);
	while (done < SIZE && dmk_poll(uart, POLLIN, PATIENCE) & POLLIN)
		done += dmk_read(uart, bytes + done, SIZE - done);
	DMK_EXPECT(bytes[5] == '5' && bytes[6] == 0 && bytes[7] == '7');
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&info) == 0);
	DMK_EXPECT(info.line_errors == 1 && info.lost == 0);
	dmk_close(uart);
}
