// SPDX-License-Identifier: MIT
/*
 * Cards on the ISA bus of the simulation: where they answer, what they may not share, and that a
 * line is seen when it rises. What sb16 and fdc do is their drivers' tests.
 */
#include "bench.h"

#include <errno.h>
#include <unistd.h>

enum { PORT = 0x220, RESET = 6, DATA = 0xa, COMMAND = 0xc, STATUS = 0xe, FORCE_IRQ = 0xf2 };

static uint8_t in(unsigned int port)
{
	return bench.port.ops->port_in(bench.port.ctx, port, 1);
}

static void out(unsigned int port, uint8_t value)
{
	bench.port.ops->port_out(bench.port.ctx, port, 1, value);
}

static void expect_sb16(unsigned int port)
{
	out(port + RESET, 1);
	out(port + RESET, 0);
	assert_int_equal(in(port + STATUS) & 0x80, 0x80);
	assert_int_equal(in(port + DATA), 0xaa);
	assert_int_equal(in(port + STATUS) & 0x80, 0);
}

/* Each card of @text, "sb16,port=0x240 fdc". Return: as dmk_machine_open(). */
static int plug(const char *machine, const char *text)
{
	struct dmk_device_request request[4];
	char copy[256], *word, *words = NULL, *next = NULL;
	unsigned int n = 0;

	memset(request, 0, sizeof(request));
	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, " ", &words); word; word = strtok_r(NULL, " ", &words), n++) {
		request[n].model = strtok_r(word, ",", &next);
		for (char *name; (name = strtok_r(NULL, "=", &next));) {
			unsigned int i = request[n].nr_properties++;

			request[n].property[i].name = name;
			request[n].property[i].value = strtok_r(NULL, ",", &next);
		}
	}
	return bench_try(machine, request, n);
}

static void test_a_card_answers_at_its_usual_place_or_where_it_is_set(void **state)
{
	assert_int_equal(plug("pc-isa", "sb16 sb16,port=0x240,irq=7,dma=0,dma16=6"), 0);
	expect_sb16(PORT);
	expect_sb16(0x240);
	assert_int_equal(in(0x260 + DATA), 0xff);
	assert_int_equal(bench.port.ops->port_in(bench.port.ctx, PORT + DATA, 2), 0xffff);
	bench_close();
}

static void test_a_line_is_seen_when_it_rises(void **state)
{
	assert_int_equal(plug("pc-isa", "sb16"), 0);
	bench.port.ops->irq_enable(bench.port.ctx, 5, true);
	out(PORT + COMMAND, FORCE_IRQ);
	assert_int_equal(bench.edges[5], 1);
	/* Up, and not acknowledged: there is nothing to be seen. */
	out(PORT + COMMAND, FORCE_IRQ);
	assert_int_equal(bench.edges[5], 1);
	in(PORT + STATUS);
	out(PORT + COMMAND, FORCE_IRQ);
	assert_int_equal(bench.edges[5], 2);
	in(PORT + STATUS);
	/* While the line is disabled it waits, unless the card takes it back. */
	bench.port.ops->irq_enable(bench.port.ctx, 5, false);
	out(PORT + COMMAND, FORCE_IRQ);
	in(PORT + STATUS);
	bench.port.ops->irq_enable(bench.port.ctx, 5, true);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 1000000));
	assert_int_equal(bench.edges[5], 2);
	bench.port.ops->irq_enable(bench.port.ctx, 5, false);
	out(PORT + COMMAND, FORCE_IRQ);
	assert_int_equal(bench.edges[5], 2);
	bench.port.ops->irq_enable(bench.port.ctx, 5, true);
	assert_true(bench_wait(&bench.edges[5], 3));
	assert_int_equal(bench.rises[5], 0);
	bench_close();
}

static void test_what_two_cards_would_share_is_refused(void **state)
{
	static const struct {
		const char *cards, *error;
	} refused[] = {
		{"sb16 sb16", "pc-isa: sb16 at port 0x220: ports 0x220 to 0x22f are taken by sb16 "
			      "at port 0x220: give one of them another port="},
		{"sb16 sb16,port=0x240", "pc-isa: sb16 at port 0x240: irq=5 is taken by sb16 at "
					 "port 0x220: give one of them another irq="},
		{"sb16 sb16,port=0x240,irq=7",
		 "dma=1 is taken by sb16 at port 0x220: give one of them another"},
		{"sb16 sb16,port=0x240,irq=7,dma=0", "dma16=5 is taken by sb16 at port 0x220"},
		{"fdc fdc,port=0x370", "irq=6 is taken by fdc at port 0x3f0"},
		{"fdc,irq=11", "irq=11 is taken by c8000.lab"},
		{"sb16,irq=9", "irq=9 is wired to PCI slots, and an ISA card shares its line with "
			       "nobody"},
		{"fdc,irq=2", "irq=2 is no line of the ISA bus: 3 to 7 and 9 to 15 are, and what "
			      "was line 2 is 9"},
		{"fdc,irq=16", "irq=16 is no line of the ISA bus"},
		{"fdc,dma=4", "dma=4 is no such DMA channel: 0 to 3 are"},
		{"sb16,dma16=3", "dma16=3 is no such DMA channel: 5 to 7 are"},
		{"fdc,port=0x80", "port=0x80 is no place for a card: ports 0x100 to 0x3ff are"},
		{"fdc,port=0x3fe", "port=0x3fe is no place for a card"},
		{"fdc,port=0xfffffffffffffff8", "port=0xfffffffffffffff8 is no place for a card"},
		{"sb16,port=0x230", "port is 0x220, 0x240, 0x260 or 0x280, not 560"},
		{"sb16,irq=6", "irq is 5, 7, 9 or 10, or 0 for none, not 6"},
		{"sb16,dma=2", "dma is 0, 1 or 3, not 2"},
		{"fdc,image=/nowhere", "device fdc: image=/nowhere: No such file or directory"},
		{"fdc,image=/", "device fdc: image=/: no file, or an empty one"},
		{"sb16,volume=11", "device sb16 has no property \"volume\"; there are: "},
	};

	for (unsigned int i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		assert_int_equal(plug("pc-isa", refused[i].cards), -EINVAL);
		if (!strstr(bench.error, refused[i].error))
			fail_msg("%s: %s", refused[i].cards, bench.error);
	}
}

static void test_what_they_do_not_share_is_not(void **state)
{
	assert_int_equal(plug("pc-isa", "sb16 sb16,port=0x240,irq=0,dma=0,dma16=0 "
					"sb16,port=0x260,irq=7,dma=3,dma16=0 fdc"),
			 0);
	bench_close();
}

static void test_a_machine_without_the_bus_says_so(void **state)
{
	assert_int_equal(plug("pc", "sb16"), -EINVAL);
	assert_string_equal(bench.error,
			    "pc: sb16 at port 0x220: its ISA bus has no interrupt line "
			    "5: that of the machine pc-isa has");
	assert_int_equal(plug("pc", "sb16,irq=0"), -EINVAL);
	assert_string_equal(bench.error, "pc: sb16 at port 0x220: its ISA bus has no DMA "
					 "controllers: that of the machine pc-isa has");
	assert_int_equal(plug("tiny", "sb16"), -EINVAL);
	assert_string_equal(bench.error,
			    "tiny: no ISA bus to plug \"sb16\" into: the machine pc-isa "
			    "has one");
}

static void test_a_disk_is_a_copy_of_its_image(void **state)
{
	char path[] = "/tmp/dmakit-imageXXXXXX", text[64];
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "fdc,image=%s", path);
	assert_int_equal(ftruncate(fd, 1000), 0);
	assert_int_equal(plug("pc-isa", text), -EINVAL);
	assert_non_null(strstr(bench.error, "a disk image has 1474560 bytes, and this one 1000"));
	assert_int_equal(ftruncate(fd, 1474560), 0);
	assert_int_equal(plug("pc-isa", text), 0);
	bench_close();
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_card_answers_at_its_usual_place_or_where_it_is_set),
		cmocka_unit_test(test_a_line_is_seen_when_it_rises),
		cmocka_unit_test(test_what_two_cards_would_share_is_refused),
		cmocka_unit_test(test_what_they_do_not_share_is_not),
		cmocka_unit_test(test_a_machine_without_the_bus_says_so),
		cmocka_unit_test(test_a_disk_is_a_copy_of_its_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
