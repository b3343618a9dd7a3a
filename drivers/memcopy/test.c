// SPDX-License-Identifier: MIT
/*
 * What a program does with /dev/memcopy: pieces of any size come back as they were, in their order,
 * whoever copies them; also where the engine fails or hangs (the machine's properties say so).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "memcopy.h"

enum { ROUNDS = 40, CLIENTS = 3, PATIENCE = 20000 };

static struct dmk_file *open_it(int flags)
{
	struct dmk_file *file = NULL;

	return dmk_open("/dev/memcopy", O_RDWR | flags, &file) ? NULL : file;
}

static struct memcopy_info info_of(struct dmk_file *file)
{
	struct memcopy_info info;

	memset(&info, 0, sizeof(info));
	DMK_EXPECT(dmk_ioctl(file, MEMCOPY_IOC_INFO, (unsigned long)&info) == 0);
	return info;
}

static void fill(unsigned char *bytes, size_t size, uint32_t word)
{
	for (size_t i = 0; i < size; i++) {
		word = word * 1664525 + 1013904223;
		bytes[i] = word >> 24;
	}
}

static bool is_filled(const unsigned char *bytes, size_t size, uint32_t word)
{
	for (size_t i = 0; i < size; i++) {
		word = word * 1664525 + 1013904223;
		if (bytes[i] != word >> 24)
			return false;
	}
	return true;
}

static size_t size_of(uint32_t word)
{
	return 1 + (word * 2654435761u >> 8) % (word % 4 ? 5000 : 40000);
}

/* A few under way at a time. */
static bool pieces_come_back(struct dmk_file *file, uint32_t first)
{
	unsigned char *bytes = malloc(MEMCOPY_PIECE_MAX);
	bool good = bytes != NULL;

	for (uint32_t i = 0; good && i < ROUNDS + 3; i++) {
		if (i < ROUNDS) {
			fill(bytes, size_of(first + i), first + i);
			good = dmk_write(file, bytes, size_of(first + i)) ==
			       (long)size_of(first + i);
		}
		if (i < 3 || !good)
			continue;
		good = dmk_read(file, bytes, MEMCOPY_PIECE_MAX) == (long)size_of(first + i - 3) &&
		       is_filled(bytes, size_of(first + i - 3), first + i - 3);
	}
	free(bytes);
	return good;
}

static uint64_t pieces_of(const struct memcopy_info *info)
{
	return info->offloaded + info->by_cpu + info->failed + info->timed_out;
}

DMK_TEST(ENG_01_pieces_come_back_as_they_were)
{
	struct dmk_file *file = open_it(0);
	struct memcopy_info before, after;

	DMK_REQUIRE(file);
	before = info_of(file);
	DMK_EXPECT(pieces_come_back(file, (uint32_t)dmk_test_seed()));
	after = info_of(file);
	DMK_EXPECT(pieces_of(&after) - pieces_of(&before) == ROUNDS);
	DMK_EXPECT(after.by_cpu > before.by_cpu); /* the short ones */
	DMK_EXPECT(!after.channel[0] || after.offloaded > before.offloaded);
	dmk_close(file);
}

static void *client(void *first)
{
	struct dmk_file *file = open_it(0);
	bool good = file && pieces_come_back(file, (uint32_t)(uintptr_t)first);

	if (file)
		dmk_close(file);
	return good ? first : NULL;
}

DMK_TEST(ENG_01_several_programs_have_it)
{
	pthread_t thread[CLIENTS];
	void *good;

	for (uintptr_t i = 0; i < CLIENTS; i++)
		DMK_REQUIRE(!pthread_create(&thread[i], NULL, client, (void *)(1000 * (i + 1))));
	for (unsigned int i = 0; i < CLIENTS; i++) {
		pthread_join(thread[i], &good);
		DMK_EXPECT(good);
	}
}

DMK_TEST(a_program_may_wait_for_it_and_may_leave)
{
	struct dmk_file *file = open_it(O_NONBLOCK);
	static unsigned char bytes[MEMCOPY_PIECE_MAX];
	long n;

	DMK_REQUIRE(file);
	DMK_EXPECT(dmk_read(file, bytes, 10) == 0);
	DMK_EXPECT(dmk_write(file, bytes, MEMCOPY_PIECE_MAX + 1) == -EMSGSIZE);
	fill(bytes, 30000, 5);
	DMK_EXPECT(dmk_write(file, bytes, 30000) == 30000);
	memset(bytes, 0, 30000);
	do
		DMK_EXPECT(dmk_poll(file, POLLIN, PATIENCE) & POLLIN);
	while ((n = dmk_read(file, bytes, 20000)) == -EAGAIN);
	DMK_EXPECT(n == 20000 && is_filled(bytes, 20000, 5));
	/* The rest of it is gone. */
	DMK_EXPECT(dmk_read(file, bytes, 10) == 0);
	for (unsigned int i = 0; i < 3; i++)
		DMK_EXPECT(dmk_write(file, bytes, 30000) == 30000);
	dmk_close(file);
}
