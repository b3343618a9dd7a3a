// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/uart0: it sends characters to itself, on each machine the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "uart.h"

enum { SIZE = 4096, PATIENCE = 20000 };

static struct dmk_file *open_uart(int flags, uint32_t loop)
{
	struct dmk_file *uart = NULL;

	if (dmk_open("/dev/uart0", O_RDWR | flags, &uart))
		return NULL;
	dmk_ioctl(uart, UART_IOC_LOOP, (unsigned long)&loop);
	return uart;
}

/* Bytes that differ from run to run. */
static void fill(unsigned char *bytes, size_t size, unsigned int salt)
{
	uint32_t word = (uint32_t)dmk_test_seed() * 2654435761u + salt;

	for (size_t i = 0; i < size; i++) {
		word = word * 1664525 + 1013904223;
		bytes[i] = word >> 24;
	}
}

/* All of it, as it comes. Return: how much came. */
static size_t read_all(struct dmk_file *uart, unsigned char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		long n;

		if (!(dmk_poll(uart, POLLIN, PATIENCE) & POLLIN))
			break;
		n = dmk_read(uart, bytes + done, size - done);
		if (n <= 0 && n != -EAGAIN)
			break;
		done += n > 0 ? n : 0;
	}
	return done;
}

static void send_and_receive(struct dmk_file *uart, size_t size, unsigned int salt)
{
	static unsigned char out[SIZE], in[SIZE];

	fill(out, size, salt);
	memset(in, 0, size);
	DMK_EXPECT(dmk_write(uart, out, size) == (long)size);
	DMK_EXPECT(read_all(uart, in, size) == size);
	DMK_EXPECT(memcmp(out, in, size) == 0);
}

/*
 * There is no flow control: what comes while one buffer has ended and the other has not begun has
 * to fit the FIFO, however late the interrupt is. So no more than 60 characters meet an end.
 */
static void sizes_pass(const size_t *size, unsigned int n)
{
	struct dmk_file *uart = open_uart(0, 1);
	struct uart_info info = {.lost = 1};

	DMK_REQUIRE(uart);
	for (unsigned int i = 0; i < n; i++)
		send_and_receive(uart, size[i], i);
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&info) == 0);
	DMK_EXPECT(info.lost == 0);
	DMK_EXPECT(info.timeouts == 0);
	dmk_close(uart);
}

DMK_TEST(what_is_sent_is_received_whatever_its_length)
{
	static const size_t few[] = {1, 7, 8, 9, 64, 1023, 1025, 100};
	static const size_t ends[] = {4096, 60, 1000, 3036, 4, 56, 2000};
	static const size_t over[] = {4090, 60, 2000};

	sizes_pass(few, sizeof(few) / sizeof(*few));
	sizes_pass(ends, sizeof(ends) / sizeof(*ends));
	sizes_pass(over, sizeof(over) / sizeof(*over));
}

DMK_TEST(without_the_loop_nothing_comes)
{
	struct dmk_file *uart = open_uart(O_NONBLOCK, 0);
	struct uart_info before, after;
	unsigned char byte;

	DMK_REQUIRE(uart);
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&before) == 0);
	DMK_EXPECT(dmk_write(uart, "abcdefghij", 10) == 10);
	DMK_EXPECT(dmk_fsync(uart) == 0);
	DMK_EXPECT(dmk_read(uart, &byte, 1) == -EAGAIN);
	DMK_EXPECT(dmk_ioctl(uart, UART_IOC_INFO, (unsigned long)&after) == 0);
	DMK_EXPECT(after.sent == before.sent + 10);
	DMK_EXPECT(after.received == before.received);
	dmk_close(uart);
}

DMK_TEST(what_came_and_was_not_read_goes_with_the_file)
{
	struct dmk_file *uart = open_uart(O_NONBLOCK, 1);
	unsigned char bytes[20];

	DMK_REQUIRE(uart);
	DMK_EXPECT(dmk_write(uart, "0123456789", 10) == 10);
	DMK_EXPECT(read_all(uart, bytes, 4) == 4);
	DMK_EXPECT(memcmp(bytes, "0123", 4) == 0);
	dmk_fsync(uart);
	dmk_close(uart);
	uart = open_uart(O_NONBLOCK, 1);
	DMK_REQUIRE(uart);
	DMK_EXPECT(dmk_write(uart, "abc", 3) == 3);
	DMK_EXPECT(read_all(uart, bytes, 3) == 3);
	DMK_EXPECT(memcmp(bytes, "abc", 3) == 0);
	dmk_close(uart);
}

DMK_TEST(one_program_at_a_time_has_it)
{
	struct dmk_file *first = open_uart(0, 0), *second = NULL;

	DMK_REQUIRE(first);
	DMK_EXPECT(dmk_open("/dev/uart0", O_RDWR, &second) == -EBUSY);
	DMK_EXPECT(dmk_ioctl(first, 0, 0) == -ENOTTY);
	dmk_close(first);
}
