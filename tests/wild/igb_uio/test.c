// SPDX-License-Identifier: MIT
/*
 * What a driver in user space does by igb_uio: gives it a card that it has no table for, maps the
 * card's registers, has the card work, and waits for its interrupt. The card is edu.
 */
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FACTORIAL = 0x08, STATUS = 0x20, IRQ_STATUS = 0x24, ACKNOWLEDGE = 0x64, RAISE = 0x80 };

/* A small file's text, without its newline. */
static const char *text_of(const char *path)
{
	static char text[4096];
	struct dmk_file *file;
	long n;

	if (dmk_open(path, O_RDONLY, &file))
		return "(none)";
	n = dmk_read(file, text, sizeof(text) - 1);
	dmk_close(file);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static long write_text(const char *path, const char *text)
{
	struct dmk_file *file;
	long n = dmk_open(path, O_WRONLY, &file);

	if (n)
		return n;
	n = dmk_write(file, text, strlen(text));
	dmk_close(file);
	return n;
}

/* Factorial of 5, told by an interrupt: @n so far, this one among them. */
static void expect_factorial(struct dmk_file *file, volatile uint32_t *registers, int n)
{
	int events = 0, on = 1;

	DMK_EXPECT(dmk_write(file, &on, 4) == 4);
	DMK_EXPECT(dmk_poll(file, POLLIN, 0) == 0);
	registers[STATUS / 4] = RAISE;
	registers[FACTORIAL / 4] = 5;
	DMK_REQUIRE(dmk_poll(file, POLLIN, 10000) == POLLIN);
	DMK_EXPECT(dmk_read(file, &events, 4) == 4);
	DMK_EXPECT(events == n);
	DMK_EXPECT(registers[IRQ_STATUS / 4] == 1);
	registers[ACKNOWLEDGE / 4] = 1;
	DMK_EXPECT(registers[FACTORIAL / 4] == 120);
}

DMK_TEST(a_card_that_no_table_names_is_driven_by_a_program)
{
	struct dmk_file *file;
	unsigned long size;
	void *registers;
	char byte;

	DMK_EXPECT(dmk_open("/dev/uio0", O_RDWR, &file) == -ENOENT);
	DMK_REQUIRE(write_text("/sys/bus/pci/drivers/igb_uio/new_id", "1234 11e8\n") == 10);
	DMK_EXPECT(!strcmp(text_of("/sys/class/uio/uio0/name"), "igb_uio"));
	DMK_EXPECT(!strcmp(text_of("/sys/class/uio/uio0/version"), "0.1"));
	DMK_EXPECT(!strcmp(text_of("/sys/class/uio/uio0/maps/map0/name"), "BAR0"));
	size = strtoul(text_of("/sys/class/uio/uio0/maps/map0/size"), NULL, 0);
	DMK_EXPECT(size == 1 << 20);

	DMK_REQUIRE(dmk_open("/dev/uio0", O_RDWR, &file) == 0);
	DMK_REQUIRE(dmk_mmap(file, size, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &registers) == 0);
	DMK_EXPECT(*(volatile uint32_t *)registers == 0x010000ed);
	expect_factorial(file, registers, 1);
	expect_factorial(file, registers, 2);
	DMK_EXPECT(!strcmp(text_of("/sys/class/uio/uio0/event"), "2"));

	DMK_EXPECT(dmk_read(file, &byte, 1) == -EINVAL);
	DMK_EXPECT(dmk_mmap(file, 4096, PROT_READ, MAP_SHARED, 5 * 4096, &registers) == -EINVAL);
	DMK_EXPECT(dmk_mmap(file, size + 1, PROT_READ, MAP_SHARED, 0, &registers) == -EINVAL);
	DMK_EXPECT(dmk_munmap(registers, size) == 0);
	DMK_EXPECT(dmk_close(file) == 0);
}

DMK_TEST(the_card_can_have_no_virtual_functions)
{
	static const char path[] = "/sys/class/uio/uio0/device/max_vfs";

	DMK_EXPECT(!strcmp(text_of(path), "0"));
	DMK_EXPECT(write_text(path, "many") == -EINVAL);
	DMK_EXPECT(write_text(path, "0") == 1);
	DMK_EXPECT(write_text(path, "2") == -ENOSYS);
}

DMK_TEST(it_is_taken_away_and_given_back)
{
	struct dmk_file *file;
	char address[64];

	DMK_REQUIRE(dmk_file_list("/sys/bus/pci/drivers/igb_uio", 4, address, 64) == 1);
	DMK_REQUIRE(write_text("/sys/bus/pci/drivers/igb_uio/unbind", address) > 0);
	DMK_EXPECT(dmk_open("/dev/uio0", O_RDWR, &file) == -ENOENT);
	DMK_EXPECT(write_text("/sys/bus/pci/drivers/igb_uio/bind", address) > 0);
	DMK_EXPECT(dmk_open("/dev/uio0", O_RDWR, &file) == 0);
	DMK_EXPECT(dmk_close(file) == 0);
}
