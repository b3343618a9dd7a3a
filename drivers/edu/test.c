// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/edu0. The same on every machine, simulated or QEMU's: the card
 * raises its interrupt also when a transfer went nowhere, so it is the data that is compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "edu.h"

static struct dmk_file *open_card(void)
{
	struct dmk_file *card = NULL;

	return dmk_open("/dev/edu0", O_RDWR, &card) ? NULL : card;
}

static long set_mode(struct dmk_file *card, uint32_t mode)
{
	return dmk_ioctl(card, EDU_IOC_MODE, (unsigned long)&mode);
}

static long move(struct dmk_file *card, unsigned int command, uint32_t offset, uint32_t length)
{
	struct edu_move move = {.offset = offset, .length = length};

	return dmk_ioctl(card, command, (unsigned long)&move);
}

/* Bytes that differ from each other, from run to run and from what the last test wrote. */
static void fill(unsigned char *bytes, size_t size, unsigned int salt)
{
	uint32_t word = (uint32_t)dmk_test_seed() * 2654435761u + salt;
	size_t i;

	for (i = 0; i < size; i++) {
		word = word * 1664525 + 1013904223;
		bytes[i] = word >> 24;
	}
}

static bool equal(const unsigned char *a, const unsigned char *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

DMK_TEST(the_factorial_of_n_is_computed)
{
	static const struct {
		uint32_t n, factorial;
	} table[] = {
		{0, 1}, {1, 1}, {5, 120}, {12, 479001600}, {13, 1932053504},
	};
	struct dmk_file *card = open_card();
	unsigned int i;

	DMK_REQUIRE(card);
	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint32_t value = table[i].n;

		DMK_EXPECT(dmk_ioctl(card, EDU_IOC_FACTORIAL, (unsigned long)&value) == 0);
		DMK_EXPECT(value == table[i].factorial);
	}
	dmk_close(card);
}

static void what_is_written_is_read_back(uint32_t write_mode, uint32_t read_mode)
{
	static const struct {
		uint32_t offset, length;
	} table[] = {
		{0, EDU_SIZE}, {0, 1}, {3, 61}, {100, 1000}, {EDU_SIZE - 1, 1},
	};
	static unsigned char out[EDU_SIZE], in[EDU_SIZE];
	struct dmk_file *card = open_card();
	unsigned int i;

	DMK_REQUIRE(card);
	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		long length = table[i].length;

		fill(out, length, i + 16 * write_mode + 64 * read_mode);
		memset(in, 0xee, sizeof(in));
		DMK_EXPECT(set_mode(card, write_mode) == 0);
		DMK_EXPECT(dmk_pwrite(card, out, length, table[i].offset) == length);
		DMK_EXPECT(set_mode(card, read_mode) == 0);
		DMK_EXPECT(dmk_pread(card, in, length, table[i].offset) == length);
		DMK_EXPECT(equal(in, out, length));
	}
	dmk_close(card);
}

DMK_TEST(what_is_written_is_read_back_through_consistent_memory)
{
	what_is_written_is_read_back(EDU_COHERENT, EDU_COHERENT);
}

DMK_TEST(what_is_written_is_read_back_through_streaming_mappings)
{
	what_is_written_is_read_back(EDU_STREAMING, EDU_STREAMING);
}

DMK_TEST(both_ways_reach_the_same_memory_of_the_card)
{
	what_is_written_is_read_back(EDU_COHERENT, EDU_STREAMING);
	what_is_written_is_read_back(EDU_STREAMING, EDU_COHERENT);
}

DMK_TEST(a_write_changes_no_other_byte_of_the_card)
{
	static unsigned char whole[EDU_SIZE], in[EDU_SIZE];
	struct dmk_file *card = open_card();

	DMK_REQUIRE(card);
	DMK_EXPECT(set_mode(card, EDU_STREAMING) == 0);
	fill(whole, sizeof(whole), 1);
	DMK_EXPECT(dmk_pwrite(card, whole, sizeof(whole), 0) == sizeof(whole));
	fill(whole + 1001, 77, 2);
	DMK_EXPECT(dmk_pwrite(card, whole + 1001, 77, 1001) == 77);
	DMK_EXPECT(dmk_pread(card, in, sizeof(in), 0) == sizeof(in));
	DMK_EXPECT(equal(in, whole, sizeof(whole)));
	dmk_close(card);
}

DMK_TEST(the_position_moves_with_each_read_and_write)
{
	unsigned char out[64], in[64];
	struct dmk_file *card = open_card();

	DMK_REQUIRE(card);
	fill(out, sizeof(out), 3);
	DMK_EXPECT(dmk_lseek(card, 512, SEEK_SET) == 512);
	DMK_EXPECT(dmk_write(card, out, 40) == 40);
	DMK_EXPECT(dmk_write(card, out + 40, 24) == 24);
	DMK_EXPECT(dmk_lseek(card, 0, SEEK_CUR) == 576);
	DMK_EXPECT(dmk_lseek(card, -64, SEEK_CUR) == 512);
	DMK_EXPECT(dmk_read(card, in, sizeof(in)) == sizeof(in));
	DMK_EXPECT(equal(in, out, sizeof(in)));
	dmk_close(card);
}

DMK_TEST(the_mapped_buffer_is_what_the_card_moves)
{
	struct dmk_file *card = open_card();
	unsigned char out[256];
	void *address = NULL;
	unsigned char *buffer;

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_mmap(card, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &address) == 0);
	buffer = address;
	if (!buffer) {
		dmk_close(card);
		return;
	}

	fill(out, sizeof(out), 4);
	memcpy(buffer + 300, out, sizeof(out));
	DMK_EXPECT(move(card, EDU_IOC_PUSH, 300, sizeof(out)) == 0);
	memset(buffer, 0, EDU_SIZE);
	DMK_EXPECT(move(card, EDU_IOC_PULL, 300, sizeof(out)) == 0);
	DMK_EXPECT(equal(buffer + 300, out, sizeof(out)));
	DMK_EXPECT(buffer[299] == 0 && buffer[300 + sizeof(out)] == 0);

	DMK_EXPECT(dmk_munmap(address, 4096) == 0);
	dmk_close(card);
}

DMK_TEST(an_idle_card_is_readable_and_writable)
{
	struct dmk_file *card = open_card();

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_poll(card, POLLIN | POLLOUT, 1000) == (POLLIN | POLLOUT));
	dmk_close(card);
}

struct writer {
	struct dmk_file *card;
	unsigned char bytes[1000];
	long result;
};

static void *write_once(void *argument)
{
	struct writer *writer = argument;

	writer->result = dmk_pwrite(writer->card, writer->bytes, sizeof(writer->bytes), 0);
	return NULL;
}

DMK_TEST(a_program_that_polls_hears_of_the_end_of_another_ones_transfer)
{
	static struct writer writer;
	struct dmk_file *card = open_card();
	pthread_t thread;

	DMK_REQUIRE(card);
	writer.card = open_card();
	DMK_EXPECT(pthread_create(&thread, NULL, write_once, &writer) == 0);
	dmk_test_sleep(5);
	DMK_EXPECT(dmk_poll(card, POLLOUT, 5000) == POLLOUT);
	pthread_join(thread, NULL);
	DMK_EXPECT(writer.result == sizeof(writer.bytes));
	dmk_close(writer.card);
	dmk_close(card);
}

/*
 * The signal may come before, in the middle of, or after the transfer; what matters is that the
 * next one is not disturbed.
 */
DMK_TEST(a_transfer_that_a_signal_ends_does_not_disturb_the_next)
{
	static struct writer writer;
	unsigned char out[500], in[500];
	struct dmk_file *card = open_card();
	pthread_t thread;

	DMK_REQUIRE(card);
	writer.card = card;
	DMK_EXPECT(set_mode(card, EDU_STREAMING) == 0);
	DMK_EXPECT(pthread_create(&thread, NULL, write_once, &writer) == 0);
	dmk_test_sleep(3);
	dmk_interrupt_files();
	pthread_join(thread, NULL);
	DMK_EXPECT(writer.result == sizeof(writer.bytes) || writer.result == -EINTR);

	fill(out, sizeof(out), 5);
	DMK_EXPECT(dmk_pwrite(card, out, sizeof(out), 200) == sizeof(out));
	DMK_EXPECT(dmk_pread(card, in, sizeof(in), 200) == sizeof(in));
	DMK_EXPECT(equal(in, out, sizeof(in)));
	dmk_close(card);
}

DMK_TEST(what_makes_no_sense_is_refused)
{
	struct dmk_file *card = open_card();
	uint32_t value = 0;

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_ioctl(card, 0x1234, (unsigned long)&value) == -ENOTTY);
	DMK_EXPECT(set_mode(card, 2) == -EINVAL);
	DMK_EXPECT(move(card, EDU_IOC_PUSH, 0, 0) == -EINVAL);
	DMK_EXPECT(move(card, EDU_IOC_PUSH, 0, EDU_SIZE + 1) == -EINVAL);
	DMK_EXPECT(move(card, EDU_IOC_PULL, EDU_SIZE, 1) == -EINVAL);
	DMK_EXPECT(move(card, EDU_IOC_PULL, 16, 0xfffffff8u) == -EINVAL);
	DMK_EXPECT(dmk_lseek(card, EDU_SIZE + 1, SEEK_SET) == -EINVAL);
	dmk_close(card);
}

DMK_TEST(more_than_the_card_holds_is_cut_short)
{
	static unsigned char bytes[2 * EDU_SIZE];
	struct dmk_file *card = open_card();

	DMK_REQUIRE(card);
	DMK_EXPECT(dmk_pwrite(card, bytes, sizeof(bytes), 0) == EDU_SIZE);
	DMK_EXPECT(dmk_pwrite(card, bytes, 100, EDU_SIZE - 10) == 10);
	DMK_EXPECT(dmk_pwrite(card, bytes, 100, EDU_SIZE) == -ENOSPC);
	DMK_EXPECT(dmk_pread(card, bytes, 100, EDU_SIZE) == 0);
	DMK_EXPECT(dmk_pread(card, bytes, 100, EDU_SIZE - 10) == 10);
	dmk_close(card);
}
