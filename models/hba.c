// SPDX-License-Identifier: MIT
/*
 * The hba of docs/hba.md: a SCSI host adapter and the RAM disks behind it. The document is the
 * specification, and words here mean what they mean there.
 *
 * Time passes in ticks of `latency`. At its first tick a command's block and list are read and
 * everything it will touch is announced as under way, so that a driver that takes memory back too
 * early is seen; at a later one the data moves and the reply is written. A tick ends one command of
 * those that are due, whichever chance picks.
 */
#include "card.h"

#include <errno.h>
#include <string.h>

enum {
	REG_ID = 0x000,
	REG_CONTROL = 0x004,
	REG_IRQ_STATUS = 0x00c,
	REG_IRQ_ENABLE = 0x010,
	REG_ERROR = 0x014,
	REG_SLOTS = 0x018,
	REG_SEGMENTS = 0x01c,
	REG_TABLE_LOW = 0x020,
	REG_TABLE_HIGH = 0x024,
	REG_DOORBELL = 0x028,
	REG_ABORT = 0x02c,
	REG_ACTIVE = 0x030,
	REG_DONE = 0x034,
	REG_COMPLETED = 0x038,
	REG_ADDRESS_BITS = 0x03c,
};

#define ID_VALUE      0x48420001u
#define CONTROL_RESET 0x80000000u

enum { CONTROL_ENABLE = 1 };
enum { IRQ_DONE = 1u << 0, IRQ_ERROR = 1u << 1, IRQ_ALL = 3 };
enum { ERROR_COMMAND = 1u << 0, ERROR_REPLY = 1u << 1, ERROR_DOORBELL = 1u << 2 };
enum { OUTCOME_OK, OUTCOME_NO_TARGET, OUTCOME_DMA_ERROR, OUTCOME_BAD_BLOCK, OUTCOME_BUS_ERROR };
enum { DIRECTION_NONE, DIRECTION_TO_DISK, DIRECTION_TO_MEMORY };

enum {
	SLOTS = 32,
	SEGMENTS = 64,
	SEGMENT_MAX = 65536,
	SEGMENT_SIZE = 16,
	BLOCK_SIZE = 64,
	REPLY_AT = 48,
	TARGETS = 4,
	SECTOR = 512,
	SECTORS_MAX = 2048,
	SENSE_SIZE = 18,
	ANSWER_MAX = 64,
};

/* SCSI: operation codes, status, sense keys */
enum {
	TEST_UNIT_READY = 0x00,
	REQUEST_SENSE = 0x03,
	INQUIRY = 0x12,
	READ_CAPACITY_10 = 0x25,
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	SYNCHRONIZE_CACHE_10 = 0x35,
	READ_16 = 0x88,
	WRITE_16 = 0x8a,
	SERVICE_ACTION_IN_16 = 0x9e,
	READ_CAPACITY_16 = 0x10, /* a service action */
	REPORT_LUNS = 0xa0,
	MISBEHAVE = 0xe0,
};
enum { STATUS_GOOD = 0x00, STATUS_CHECK_CONDITION = 0x02, STATUS_BUSY = 0x08 };
enum { KEY_NONE = 0, KEY_MEDIUM = 3, KEY_ILLEGAL = 5, KEY_ATTENTION = 6 };

enum trouble { NOTHING, MEDIUM, SILENT, STUCK, LOST, BUSY, SHORT, SLOW, TROUBLES };

struct segment {
	uint64_t address;
	uint32_t length;
};

struct slot {
	bool active, fetched, deaf, silent;
	int64_t left; /* microseconds until it is due */
	enum trouble trouble;
	uint32_t argument;

	uint64_t block;
	uint8_t cdb[16];
	uint8_t target, lun, direction;
	uint64_t sense;
	uint32_t sense_size;
	struct segment segment[SEGMENTS];
	uint32_t nr_segments;
	uint16_t outcome; /* found wrong before a byte was moved */

	uint64_t work[SEGMENTS + 3]; /* cookies of what was announced */
	unsigned int nr_work;
};

struct disk {
	bool attention;
	enum trouble trouble;
	uint32_t trouble_left, argument;
	uint8_t data[SECTORS_MAX * SECTOR];
};

struct hba {
	uint64_t address_mask;
	uint32_t address_bits, latency, targets, sectors;

	bool enabled;
	struct card_irq irq;
	uint64_t table;
	uint32_t done, completed;
	struct slot slot[SLOTS];

	struct disk disk[TARGETS];
};

/** What a disk has to say to a command. */
struct answer {
	uint8_t status, key, code;
	uint32_t moved;
	bool failed; /* memory could not be reached */
};

static void tick(struct dmk_instance *card, void *state);

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t get_be(const uint8_t *bytes, unsigned int n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void put_be(uint8_t *bytes, unsigned int n, uint64_t value)
{
	for (unsigned int i = 0; i < n; i++)
		bytes[i] = value >> (8 * (n - 1 - i));
}

static uint32_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- interrupts and errors -------------------------------------------------------------------- */

static void note_error(struct dmk_instance *card, struct hba *hba, uint32_t bits)
{
	hba->irq.error |= bits;
	raise_irq(card, &hba->irq, IRQ_ERROR);
}

/* --- what is under way ------------------------------------------------------------------------ */

static void announce(struct dmk_instance *card, struct slot *slot, uint64_t address, uint64_t size,
		     bool writes)
{
	if (size && address + (size - 1) >= address)
		slot->work[slot->nr_work++] = dmk_instance_begin(card, address, size, writes);
}

/** The driver may take everything back from the moment that this is over. */
static void leave(struct dmk_instance *card, struct slot *slot)
{
	while (slot->nr_work)
		dmk_instance_end(card, slot->work[--slot->nr_work]);
}

static void forget(struct dmk_instance *card, struct slot *slot)
{
	leave(card, slot);
	memset(slot, 0, sizeof(*slot));
}

static void finished(struct dmk_instance *card, struct hba *hba, unsigned int n)
{
	forget(card, &hba->slot[n]);
	hba->completed++;
	hba->done |= 1u << n;
	raise_irq(card, &hba->irq, IRQ_DONE);
}

/* --- reading a command ------------------------------------------------------------------------ */

static bool good_segment(const struct hba *hba, const struct segment *segment)
{
	return segment->length && segment->length <= SEGMENT_MAX &&
	       (segment->address & (SEGMENT_MAX - 1)) + segment->length <= SEGMENT_MAX &&
	       segment->length - 1 <= hba->address_mask - segment->address;
}

static uint16_t fetch_list(struct dmk_instance *card, struct hba *hba, struct slot *slot,
			   uint64_t list)
{
	uint8_t raw[SEGMENTS * SEGMENT_SIZE];

	if (slot->nr_segments > SEGMENTS || slot->direction > DIRECTION_TO_MEMORY ||
	    (slot->nr_segments && !slot->direction)) {
		slot->nr_segments = 0;
		return OUTCOME_BAD_BLOCK;
	}
	if (!slot->nr_segments)
		return OUTCOME_OK;
	if (dmk_instance_read(card, list, raw, slot->nr_segments * SEGMENT_SIZE)) {
		slot->nr_segments = 0;
		return OUTCOME_DMA_ERROR;
	}
	for (uint32_t i = 0; i < slot->nr_segments; i++) {
		struct segment *segment = &slot->segment[i];

		segment->address = get_le(raw + i * SEGMENT_SIZE, 8) & hba->address_mask;
		segment->length = get_le(raw + i * SEGMENT_SIZE + 8, 4);
		if (!good_segment(hba, segment)) {
			slot->nr_segments = 0;
			return OUTCOME_BAD_BLOCK;
		}
	}
	return OUTCOME_OK;
}

static bool fetch_block(struct dmk_instance *card, struct hba *hba, unsigned int n)
{
	struct slot *slot = &hba->slot[n];
	uint8_t raw[BLOCK_SIZE], address[8];
	uint64_t list;

	if (dmk_instance_read(card, (hba->table + n * 8) & hba->address_mask, address, 8))
		return false;
	slot->block = get_le(address, 8) & hba->address_mask;
	if (dmk_instance_read(card, slot->block, raw, sizeof(raw)))
		return false;

	memcpy(slot->cdb, raw, sizeof(slot->cdb));
	slot->target = raw[17];
	slot->lun = raw[18];
	slot->direction = raw[19];
	slot->nr_segments = get_le(raw + 20, 4);
	list = get_le(raw + 24, 8) & hba->address_mask;
	slot->sense = get_le(raw + 32, 8) & hba->address_mask;
	slot->sense_size = at_most(get_le(raw + 40, 4), SENSE_SIZE);
	slot->outcome = fetch_list(card, hba, slot, list);

	announce(card, slot, slot->block, BLOCK_SIZE, true);
	announce(card, slot, list, (uint64_t)slot->nr_segments * SEGMENT_SIZE, false);
	announce(card, slot, slot->sense, slot->sense_size, true);
	for (uint32_t i = 0; i < slot->nr_segments; i++)
		announce(card, slot, slot->segment[i].address, slot->segment[i].length,
			 slot->direction == DIRECTION_TO_MEMORY);
	return true;
}

/** What was ordered for the disk's next commands befalls this one. */
static void befall(struct hba *hba, struct slot *slot)
{
	struct disk *disk = &hba->disk[slot->target];

	if (!disk->trouble_left || slot->cdb[0] == MISBEHAVE)
		return;
	disk->trouble_left--;
	slot->trouble = disk->trouble;
	slot->argument = disk->argument;
	slot->silent = slot->trouble == SILENT || slot->trouble == STUCK;
	slot->deaf = slot->trouble == STUCK;
	if (slot->trouble == SLOW)
		slot->left += at_most(slot->argument, 1000000);
}

static void fetch(struct dmk_instance *card, struct hba *hba, unsigned int n)
{
	struct slot *slot = &hba->slot[n];

	if (!fetch_block(card, hba, n)) {
		finished(card, hba, n);
		note_error(card, hba, ERROR_COMMAND);
		return;
	}
	slot->fetched = true;
	slot->left = hba->latency;
	if (slot->outcome)
		return;
	if (slot->target >= hba->targets || slot->lun)
		slot->outcome = OUTCOME_NO_TARGET;
	else
		befall(hba, slot);
}

/* --- moving data ------------------------------------------------------------------------------ */

/** @size bytes between the list and @bytes, as far as the list goes. */
static void move(struct dmk_instance *card, struct slot *slot, struct answer *answer,
		 uint8_t *bytes, uint64_t size)
{
	if (slot->trouble == SHORT)
		size = at_most(size, slot->argument);
	for (uint32_t i = 0; i < slot->nr_segments && size; i++) {
		const struct segment *segment = &slot->segment[i];
		uint32_t part = at_most(size, segment->length);
		int err;

		if (slot->direction == DIRECTION_TO_DISK)
			err = dmk_instance_read(card, segment->address, bytes, part);
		else
			err = dmk_instance_write(card, segment->address, bytes, part);
		if (err) {
			answer->failed = true;
			return;
		}
		answer->moved += part;
		bytes += part;
		size -= part;
	}
}

static void refuse(struct answer *answer, uint8_t key, uint8_t code)
{
	answer->status = STATUS_CHECK_CONDITION;
	answer->key = key;
	answer->code = code;
}

static void put_sense(uint8_t *sense, uint8_t key, uint8_t code)
{
	memset(sense, 0, SENSE_SIZE);
	sense[0] = 0x70;
	sense[2] = key;
	sense[7] = SENSE_SIZE - 8;
	sense[12] = code;
}

/* --- the disks -------------------------------------------------------------------------------- */

static void transfer(struct dmk_instance *card, struct hba *hba, struct slot *slot,
		     struct answer *answer, uint64_t first, uint64_t count, uint8_t direction)
{
	if (first > hba->sectors || count > hba->sectors - first)
		refuse(answer, KEY_ILLEGAL, 0x21);
	else if (slot->nr_segments && slot->direction != direction)
		refuse(answer, KEY_ILLEGAL, 0x24);
	else
		move(card, slot, answer, hba->disk[slot->target].data + first * SECTOR,
		     count * SECTOR);
}

/** A few bytes that are no block. */
static void tell(struct dmk_instance *card, struct slot *slot, struct answer *answer,
		 const uint8_t *bytes, uint32_t size, uint64_t room)
{
	uint8_t copy[ANSWER_MAX];

	if (slot->nr_segments && slot->direction != DIRECTION_TO_MEMORY) {
		refuse(answer, KEY_ILLEGAL, 0x24);
		return;
	}
	memcpy(copy, bytes, size);
	move(card, slot, answer, copy, at_most(size, room));
}

static void inquiry(struct dmk_instance *card, struct slot *slot, struct answer *answer)
{
	uint8_t data[36] = { 0, 0, 5, 2, sizeof(data) - 5 };

	if (slot->cdb[1] & 1) {
		refuse(answer, KEY_ILLEGAL, 0x24);
		return;
	}
	memcpy(data + 8, "dmakit  RAM disk        1   ", 28);
	tell(card, slot, answer, data, sizeof(data), get_be(slot->cdb + 3, 2));
}

static void read_capacity_10(struct dmk_instance *card, struct hba *hba, struct slot *slot,
			     struct answer *answer)
{
	uint8_t data[8];

	put_be(data, 4, hba->sectors - 1);
	put_be(data + 4, 4, SECTOR);
	tell(card, slot, answer, data, sizeof(data), sizeof(data));
}

static void read_capacity_16(struct dmk_instance *card, struct hba *hba, struct slot *slot,
			     struct answer *answer)
{
	uint8_t data[32] = { 0 };

	if ((slot->cdb[1] & 0x1f) != READ_CAPACITY_16) {
		refuse(answer, KEY_ILLEGAL, 0x24);
		return;
	}
	put_be(data, 8, hba->sectors - 1);
	put_be(data + 8, 4, SECTOR);
	tell(card, slot, answer, data, sizeof(data), get_be(slot->cdb + 10, 4));
}

static void report_luns(struct dmk_instance *card, struct slot *slot, struct answer *answer)
{
	uint8_t data[16] = { 0, 0, 0, 8 };

	tell(card, slot, answer, data, sizeof(data), get_be(slot->cdb + 6, 4));
}

static void request_sense(struct dmk_instance *card, struct hba *hba, struct slot *slot,
			  struct answer *answer)
{
	struct disk *disk = &hba->disk[slot->target];
	uint8_t data[SENSE_SIZE];

	put_sense(data, disk->attention ? KEY_ATTENTION : KEY_NONE, disk->attention ? 0x29 : 0);
	disk->attention = false;
	tell(card, slot, answer, data, sizeof(data), slot->cdb[4]);
}

static void misbehave(struct hba *hba, struct slot *slot, struct answer *answer)
{
	struct disk *disk = &hba->disk[slot->target];

	if (slot->cdb[1] >= TROUBLES) {
		refuse(answer, KEY_ILLEGAL, 0x24);
		return;
	}
	disk->trouble = slot->cdb[1];
	disk->trouble_left = disk->trouble ? get_be(slot->cdb + 2, 2) : 0;
	disk->argument = get_be(slot->cdb + 4, 4);
}

/** A disk that was reset says so once, to whoever asks it to do something. */
static bool has_attention(struct hba *hba, const struct slot *slot)
{
	struct disk *disk = &hba->disk[slot->target];
	bool attention = disk->attention;

	if (slot->cdb[0] == INQUIRY || slot->cdb[0] == REPORT_LUNS || slot->cdb[0] == REQUEST_SENSE)
		return false;
	disk->attention = false;
	return attention;
}

static void obey(struct dmk_instance *card, struct hba *hba, struct slot *slot,
		 struct answer *answer)
{
	const uint8_t *cdb = slot->cdb;

	switch (cdb[0]) {
	case TEST_UNIT_READY:
	case SYNCHRONIZE_CACHE_10:
		break;
	case REQUEST_SENSE:
		request_sense(card, hba, slot, answer);
		break;
	case INQUIRY:
		inquiry(card, slot, answer);
		break;
	case READ_CAPACITY_10:
		read_capacity_10(card, hba, slot, answer);
		break;
	case SERVICE_ACTION_IN_16:
		read_capacity_16(card, hba, slot, answer);
		break;
	case REPORT_LUNS:
		report_luns(card, slot, answer);
		break;
	case READ_10:
		transfer(card, hba, slot, answer, get_be(cdb + 2, 4), get_be(cdb + 7, 2),
			 DIRECTION_TO_MEMORY);
		break;
	case WRITE_10:
		transfer(card, hba, slot, answer, get_be(cdb + 2, 4), get_be(cdb + 7, 2),
			 DIRECTION_TO_DISK);
		break;
	case READ_16:
		transfer(card, hba, slot, answer, get_be(cdb + 2, 8), get_be(cdb + 10, 4),
			 DIRECTION_TO_MEMORY);
		break;
	case WRITE_16:
		transfer(card, hba, slot, answer, get_be(cdb + 2, 8), get_be(cdb + 10, 4),
			 DIRECTION_TO_DISK);
		break;
	case MISBEHAVE:
		misbehave(hba, slot, answer);
		break;
	default:
		refuse(answer, KEY_ILLEGAL, 0x20);
	}
}

static void carry_out(struct dmk_instance *card, struct hba *hba, struct slot *slot,
		      struct answer *answer)
{
	if (slot->trouble == LOST)
		slot->outcome = OUTCOME_BUS_ERROR;
	else if (slot->trouble == BUSY)
		answer->status = STATUS_BUSY;
	else if (slot->trouble == MEDIUM)
		refuse(answer, KEY_MEDIUM, 0x11);
	else if (has_attention(hba, slot))
		refuse(answer, KEY_ATTENTION, 0x29);
	else
		obey(card, hba, slot, answer);
}

/* --- ending a command ------------------------------------------------------------------------- */

static uint8_t write_sense(struct dmk_instance *card, struct slot *slot, struct answer *answer)
{
	uint8_t sense[SENSE_SIZE];

	if (answer->status != STATUS_CHECK_CONDITION || !slot->sense_size)
		return 0;
	put_sense(sense, answer->key, answer->code);
	answer->failed |= dmk_instance_write(card, slot->sense, sense, slot->sense_size) != 0;
	return slot->sense_size;
}

static void finish(struct dmk_instance *card, struct hba *hba, unsigned int n)
{
	struct slot *slot = &hba->slot[n];
	struct answer answer = { 0 };
	uint8_t reply[BLOCK_SIZE - REPLY_AT] = { 0 };
	uint64_t where = slot->block + REPLY_AT;
	int err;

	if (!slot->outcome)
		carry_out(card, hba, slot, &answer);
	reply[5] = write_sense(card, slot, &answer);
	if (answer.failed)
		slot->outcome = OUTCOME_DMA_ERROR;
	put_le(reply, 4, answer.moved);
	reply[4] = answer.status;
	put_le(reply + 6, 2, slot->outcome);
	err = dmk_instance_write(card, where, reply, sizeof(reply));
	finished(card, hba, n);
	if (err)
		note_error(card, hba, ERROR_REPLY);
}

static void tick(struct dmk_instance *card, void *state)
{
	struct hba *hba = state;
	unsigned int due[SLOTS], nr_due = 0, waiting = 0;

	for (unsigned int n = 0; n < SLOTS; n++) {
		struct slot *slot = &hba->slot[n];

		if (!slot->active)
			continue;
		if (!slot->fetched)
			fetch(card, hba, n);
		else
			slot->left -= hba->latency;
		if (!slot->active || slot->silent)
			continue;
		waiting++;
		if (slot->left <= 0)
			due[nr_due++] = n;
	}
	if (nr_due) {
		finish(card, hba, due[dmk_instance_random(card, nr_due)]);
		waiting--;
	}
	if (waiting)
		dmk_instance_after(card, hba->latency, tick);
}

/* --- registers -------------------------------------------------------------------------------- */

static void reset(struct dmk_instance *card, void *state)
{
	struct hba *hba = state;

	dmk_instance_cancel(card, tick);
	for (unsigned int n = 0; n < SLOTS; n++)
		forget(card, &hba->slot[n]);
	for (unsigned int n = 0; n < TARGETS; n++) {
		hba->disk[n].attention = true;
		hba->disk[n].trouble_left = 0;
	}
	hba->enabled = false;
	hba->irq = (struct card_irq){.status = 0};
	hba->table = 0;
	hba->done = hba->completed = 0;
	dmk_instance_irq(card, 0, false);
}

static void ring(struct dmk_instance *card, struct hba *hba, uint32_t n)
{
	bool idle = true;

	if (!hba->enabled || n >= SLOTS || hba->slot[n].active) {
		note_error(card, hba, ERROR_DOORBELL);
		return;
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		idle &= !hba->slot[i].active || hba->slot[i].silent;
	hba->slot[n].active = true;
	if (idle)
		dmk_instance_after(card, hba->latency, tick);
}

static void give_up(struct dmk_instance *card, struct hba *hba, uint32_t n)
{
	if (n < SLOTS && !hba->slot[n].deaf)
		forget(card, &hba->slot[n]);
}

static uint32_t active_slots(const struct hba *hba)
{
	uint32_t active = 0;

	for (unsigned int n = 0; n < SLOTS; n++)
		active |= hba->slot[n].active ? 1u << n : 0;
	return active;
}

static void write_table(struct hba *hba, uint64_t offset, uint32_t value)
{
	if (hba->enabled)
		return;
	if (offset == REG_TABLE_LOW)
		hba->table = (hba->table & ~0xffffffffull) | (value & ~0xffu);
	else
		hba->table = (uint64_t)value << 32 | (uint32_t)hba->table;
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct hba *hba = state;

	if (width != 4)
		return;
	switch (offset) {
	case REG_CONTROL:
		hba->enabled = value & CONTROL_ENABLE;
		if (value & CONTROL_RESET)
			reset(card, hba);
		break;
	case REG_IRQ_STATUS:
		hba->irq.status &= ~value;
		update_irq(card, &hba->irq);
		break;
	case REG_IRQ_ENABLE:
		hba->irq.enable = value & IRQ_ALL;
		update_irq(card, &hba->irq);
		break;
	case REG_ERROR:
		hba->irq.error &= ~value;
		break;
	case REG_TABLE_LOW:
	case REG_TABLE_HIGH:
		write_table(hba, offset, value);
		break;
	case REG_DOORBELL:
		ring(card, hba, value);
		break;
	case REG_ABORT:
		give_up(card, hba, value);
		break;
	case REG_DONE:
		hba->done &= ~value;
		break;
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	const struct hba *hba = state;

	if (width != 4)
		return ~0ull;
	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return hba->enabled ? CONTROL_ENABLE : 0;
	case REG_IRQ_STATUS:
		return hba->irq.status;
	case REG_IRQ_ENABLE:
		return hba->irq.enable;
	case REG_ERROR:
		return hba->irq.error;
	case REG_SLOTS:
		return SLOTS;
	case REG_SEGMENTS:
		return SEGMENTS;
	case REG_TABLE_LOW:
		return hba->table & 0xffffffff;
	case REG_TABLE_HIGH:
		return hba->table >> 32;
	case REG_ACTIVE:
		return active_slots(hba);
	case REG_DONE:
		return hba->done;
	case REG_COMPLETED:
		return hba->completed;
	case REG_ADDRESS_BITS:
		return hba->address_bits;
	}
	return 0xffffffff;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct hba *hba = state;
	uint64_t bits, latency, targets, blocks;

	if (card_property(card, "dma_bits", 32, 64, &bits) ||
	    card_property(card, "latency", 1, 1000000, &latency) ||
	    card_property(card, "targets", 1, TARGETS, &targets) ||
	    card_property(card, "blocks", 16, SECTORS_MAX, &blocks))
		return -EINVAL;

	hba->address_mask = mask_of_bits(bits);
	hba->address_bits = bits;
	hba->latency = latency;
	hba->targets = targets;
	hba->sectors = blocks;
	reset(card, hba);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
	struct hba *hba = state;

	for (unsigned int n = 0; n < SLOTS; n++)
		forget(card, &hba->slot[n]);
}

static const struct dmk_model_property properties[] = {
	{ "dma_bits", 64, "address bits that the card drives, 32 to 64" },
	{ "latency", 20, "microseconds that a command takes at least, 1 to 1000000" },
	{ "targets", 1, "disks, 1 to 4" },
	{ "blocks", 512, "size of each in blocks of 512 bytes, 16 to 2048" },
	{ NULL },
};

extern const struct dmk_model dmk_model_hba;
const struct dmk_model dmk_model_hba = {
	.name = "hba",
	.summary =
		"SCSI host adapter with RAM disks: 32 commands at once, scatter/gather lists (docs/hba.md)",
	.pci =
		{
			.vendor = 0x1234,
			.device = 0x7363,
			.subsystem_vendor = 0x1234,
			.subsystem = 0x0002,
			.class_code = 0x010000,
			.revision = 1,
		},
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.intx = true,
	.msi_vectors = 1,
	.msix_vectors = 1,
	.properties = properties,
	.state_size = sizeof(struct hba),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
