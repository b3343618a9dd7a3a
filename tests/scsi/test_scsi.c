// SPDX-License-Identifier: MIT
/*
 * The SCSI midlayer, by itself: a host adapter that is a few lines in this file and does what a
 * test tells it. What is looked at is when queuecommand is called, with what, and what becomes of
 * the answer. Runs on the ground of tests/contract.
 */
#include "harness.h"

#include <linux/kthread.h>
#include <linux/mutex.h>
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_eh.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_tcq.h>

#include <dmakit/scsi.h>

enum { QUEUE = 4, PATIENCE = 10000, HELD = 64, BLOCK = 512 };

/* --- a host adapter --------------------------------------------------------------------------- */

static struct {
	spinlock_t lock;
	struct scsi_cmnd *held[HELD]; /* not answered yet */
	unsigned int nr_held, most_held, queued, aborts, device_resets, host_resets, touched;
	bool hold;                 /* keep commands instead of answering */
	unsigned int busy;         /* so many are refused */
	int busy_answer;
	unsigned int bad;          /* so many are answered with bad_result */
	int bad_result;
	u8 bad_key, bad_asc, bad_ascq;
	int abort_answer, device_answer, host_answer;
	unsigned int was_atomic, was_marked;
	u8 disk[128 * BLOCK];
	void (*look)(struct scsi_cmnd *cmd);
} fake;

static struct Scsi_Host *host;
static struct dmk_scsi_disk disk;

static void answer_small(struct scsi_cmnd *cmd, const u8 *bytes, int size)
{
	size = min_t(int, size, scsi_bufflen(cmd));
	scsi_sg_copy_from_buffer(cmd, bytes, size);
	scsi_set_resid(cmd, scsi_bufflen(cmd) - size);
}

static void obey(struct scsi_cmnd *cmd)
{
	u32 at = cmd->cmnd[3] << 16 | cmd->cmnd[4] << 8 | cmd->cmnd[5];

	switch (cmd->cmnd[0]) {
	case INQUIRY:
		answer_small(cmd, (const u8 *)"\0\0\5\2\37\0\0\0test    fake disk       1   ", 36);
		break;
	case READ_CAPACITY:
		answer_small(cmd, (const u8 *)"\0\0\0\177\0\0\2\0", 8);
		break;
	case READ_10:
		scsi_sg_copy_from_buffer(cmd, fake.disk + at * BLOCK, scsi_bufflen(cmd));
		break;
	case WRITE_10:
		scsi_sg_copy_to_buffer(cmd, fake.disk + at * BLOCK, scsi_bufflen(cmd));
		break;
	}
	cmd->result = DID_OK << 16;
}

static void finish(struct scsi_cmnd *cmd)
{
	if (fake.bad && cmd->cmnd[0] != INQUIRY) {
		fake.bad--;
		cmd->result = fake.bad_result;
		if (fake.bad_key)
			scsi_build_sense(cmd, 0, fake.bad_key, fake.bad_asc, fake.bad_ascq);
	} else {
		obey(cmd);
	}
	scsi_done(cmd);
}

static int fake_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	bool hold;

	fake.was_atomic += in_atomic();
	fake.was_marked += *(u32 *)scsi_cmd_priv(cmd) != 0;
	*(u32 *)scsi_cmd_priv(cmd) = 0xa5a5a5a5;
	assert_ptr_equal(scsi_host_find_tag(shost, scsi_cmd_to_rq(cmd)->tag), cmd);
	if (cmd->device->id)
		cmd->result = DID_BAD_TARGET << 16;
	spin_lock(&fake.lock);
	fake.queued++;
	if (fake.busy && !cmd->device->id) {
		fake.busy--;
		spin_unlock(&fake.lock);
		return fake.busy_answer;
	}
	hold = fake.hold && !cmd->device->id;
	if (hold) {
		fake.held[fake.nr_held++] = cmd;
		fake.most_held = max(fake.most_held, fake.nr_held);
	}
	spin_unlock(&fake.lock);
	if (fake.look)
		fake.look(cmd);
	if (cmd->device->id)
		scsi_done(cmd);
	else if (!hold)
		finish(cmd);
	return 0;
}

static void forget(struct scsi_cmnd *cmd)
{
	for (unsigned int i = 0; i < fake.nr_held; i++)
		if (fake.held[i] == cmd)
			fake.held[i] = fake.held[--fake.nr_held];
}

static int fake_abort(struct scsi_cmnd *cmd)
{
	assert_false(in_atomic());
	fake.aborts++;
	if (fake.abort_answer == SUCCESS)
		forget(cmd);
	return fake.abort_answer;
}

static int fake_device_reset(struct scsi_cmnd *cmd)
{
	fake.device_resets++;
	if (fake.device_answer == SUCCESS)
		fake.nr_held = 0;
	return fake.device_answer;
}

static int fake_host_reset(struct scsi_cmnd *cmd)
{
	fake.host_resets++;
	if (fake.host_answer == SUCCESS)
		fake.nr_held = 0;
	return fake.host_answer;
}

static struct scsi_host_template template = {
	.name = "fake",
	.queuecommand = fake_queuecommand,
	.eh_abort_handler = fake_abort,
	.eh_device_reset_handler = fake_device_reset,
	.eh_host_reset_handler = fake_host_reset,
	.cmd_size = 8,
	.can_queue = QUEUE,
	.cmd_per_lun = QUEUE,
	.this_id = -1,
	.sg_tablesize = 64,
	.max_sectors = 64,
	.max_segment_size = 4096,
	.dma_boundary = 0xfff,
};

static void bring_up(const struct scsi_host_template *use)
{
	memset(&fake, 0, sizeof(fake));
	spin_lock_init(&fake.lock);
	fake.abort_answer = fake.device_answer = fake.host_answer = SUCCESS;
	fake.busy_answer = SCSI_MLQUEUE_HOST_BUSY;
	host = scsi_host_alloc(use, 16);
	assert_non_null(host);
	host->max_id = 2;
	host->max_lun = 1;
	assert_int_equal(scsi_add_host(host, dev), 0);
	scsi_scan_host(host);
	assert_true(dmk_scsi_disk(0, &disk));
}

static void take_down(void)
{
	scsi_remove_host(host);
	scsi_host_put(host);
	host = NULL;
}

static struct dmk_scsi_request blocks(u8 operation, u8 first, u8 count, void *data)
{
	return (struct dmk_scsi_request){
		.cdb = { operation, [5] = first, [8] = count },
		.cdb_length = 10,
		.direction = operation == WRITE_10 ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
		.data = data,
		.size = (size_t)count * BLOCK,
	};
}

static struct dmk_scsi_request ready(void)
{
	return (struct dmk_scsi_request){ .cdb = { TEST_UNIT_READY }, .cdb_length = 6 };
}

static u32 run(struct dmk_scsi_request *request)
{
	assert_int_equal(dmk_scsi_submit(&disk, request), 0);
	assert_int_equal(dmk_scsi_wait(request, PATIENCE), 0);
	return request->result;
}

static void wait_for_held(unsigned int n)
{
	for (int i = 0; i < 2000 && READ_ONCE(fake.nr_held) < n; i++)
		msleep(1);
	assert_int_equal(fake.nr_held, n);
}

/* Answer what is held, from here; others are given to the driver then. */
static void answer_held(void)
{
	struct scsi_cmnd *cmd = NULL;

	spin_lock(&fake.lock);
	if (fake.nr_held)
		cmd = fake.held[--fake.nr_held];
	spin_unlock(&fake.lock);
	if (cmd)
		finish(cmd);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_a_scan_asks_and_finds_what_answers(void **state)
{
	struct dmk_scsi_disk other;

	bring_up(&template);
	assert_string_equal(disk.vendor, "test");
	assert_string_equal(disk.product, "fake disk");
	assert_int_equal(disk.blocks, 128);
	assert_int_equal(disk.block_size, BLOCK);
	assert_false(dmk_scsi_disk(1, &other));
	/* INQUIRY to two ids, TEST UNIT READY and READ CAPACITY to one. */
	assert_int_equal(fake.queued, 4);
	assert_int_equal(fake.was_atomic, fake.queued);
	assert_int_equal(fake.was_marked, 0);
	take_down();
	assert_false(dmk_scsi_disk(0, &other));
}

static void test_what_is_written_is_read_back_whatever_its_pieces(void **state)
{
	static u8 out[64 * BLOCK], in[64 * BLOCK];

	bring_up(&template);
	for (unsigned int seed = 0; seed < 40; seed++) {
		struct dmk_scsi_request request = blocks(WRITE_10, seed, 1 + seed % 30, out);

		fill_bytes(out, sizeof(out), seed);
		request.pieces = seed;
		assert_int_equal(run(&request), 0);
		request = blocks(READ_10, seed, 1 + seed % 30, in);
		request.pieces = seed * 7;
		assert_int_equal(run(&request), 0);
		assert_memory_equal(in, out, request.size);
	}
	take_down();
}

static void look_at_list(struct scsi_cmnd *cmd)
{
	unsigned int total = 0;
	struct scatterlist *sg;
	int i;

	assert_true(scsi_sg_count(cmd) <= host->sg_tablesize);
	scsi_for_each_sg(cmd, sg, scsi_sg_count(cmd), i) {
		u64 first = sg_phys(sg), last = first + sg->length - 1;

		assert_true(sg->length && sg->length <= host->max_segment_size);
		assert_true((first & ~(u64)host->dma_boundary) ==
			    (last & ~(u64)host->dma_boundary));
		assert_int_equal(sg_is_last(sg) != 0, i + 1 == (int)scsi_sg_count(cmd));
		total += sg->length;
	}
	assert_int_equal(total, scsi_bufflen(cmd));
	fake.touched++;
}

static void test_MSK_08_no_list_is_beyond_the_limits_of_its_host(void **state)
{
	static const struct {
		unsigned int segment;
		unsigned long boundary;
		unsigned short entries;
	} limits[] = {{4096, 0xfff, 64},
		      {65536, 0xffff, 16},
		      {1024, 0xffffffff, 64},
		      {512, 0x3ff, 64},
		      {3000, 0x7ff, 40}};
	static u8 data[32 * BLOCK];

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct scsi_host_template use = template;
		unsigned int sent = 0;

		use.max_segment_size = limits[i].segment;
		use.dma_boundary = limits[i].boundary;
		use.sg_tablesize = limits[i].entries;
		bring_up(&use);
		assert_int_equal(dma_get_max_seg_size(dev), limits[i].segment);
		assert_true(dma_get_seg_boundary(dev) == limits[i].boundary);
		fake.look = look_at_list;
		for (unsigned int seed = 0; seed < 60; seed++) {
			struct dmk_scsi_request request = blocks(READ_10, 0, 1 + seed % 32, data);
			int err;

			request.pieces = seed;
			/*
			 * What a machine that bounces can map at once depends on these limits, too.
			 */
			request.size = min_t(size_t, request.size, disk.max_bytes);
			err = dmk_scsi_submit(&disk, &request);
			assert_true(err == 0 || err == -E2BIG);
			sent += !err;
			if (!err)
				assert_int_equal(dmk_scsi_wait(&request, PATIENCE), 0);
		}
		assert_true(sent > 10);
		assert_int_equal(fake.touched, sent);
		take_down();
	}
}

static void test_a_driver_never_has_more_than_can_queue(void **state)
{
	struct dmk_scsi_request request[12];

	bring_up(&template);
	fake.hold = true;
	for (size_t i = 0; i < ARRAY_SIZE(request); i++) {
		request[i] = ready();
		assert_int_equal(dmk_scsi_submit(&disk, &request[i]), 0);
	}
	wait_for_held(QUEUE);
	assert_int_equal(scsi_host_busy(host), QUEUE);
	assert_int_equal(dmk_scsi_wait(&request[11], 20), -ETIMEDOUT);
	for (size_t i = 0; i < ARRAY_SIZE(request); i++) {
		wait_for_held(min_t(size_t, QUEUE, ARRAY_SIZE(request) - i));
		answer_held();
	}
	for (size_t i = 0; i < ARRAY_SIZE(request); i++)
		assert_int_equal(dmk_scsi_wait(&request[i], PATIENCE), 0);
	assert_int_equal(fake.most_held, QUEUE);
	take_down();
}

static void test_a_device_never_has_more_than_its_depth(void **state)
{
	struct dmk_scsi_request request[3];
	struct scsi_cmnd *cmd;

	bring_up(&template);
	fake.hold = true;
	request[0] = ready();
	assert_int_equal(dmk_scsi_submit(&disk, &request[0]), 0);
	wait_for_held(1);
	cmd = fake.held[0];
	assert_int_equal(scsi_change_queue_depth(cmd->device, 2), 2);
	for (int i = 1; i < 3; i++) {
		request[i] = ready();
		assert_int_equal(dmk_scsi_submit(&disk, &request[i]), 0);
	}
	wait_for_held(2);
	msleep(20);
	assert_int_equal(fake.nr_held, 2);
	for (int i = 0; i < 3; i++) {
		wait_for_held(i < 2 ? 2 : 1);
		answer_held();
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(dmk_scsi_wait(&request[i], PATIENCE), 0);
	take_down();
}

static void test_STR_12_a_command_that_a_busy_driver_refused_comes_again(void **state)
{
	static const int answers[] = {SCSI_MLQUEUE_HOST_BUSY, SCSI_MLQUEUE_DEVICE_BUSY,
				      SCSI_MLQUEUE_TARGET_BUSY};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct dmk_scsi_request request = ready();

		bring_up(&template);
		fake.busy = 3;
		fake.busy_answer = answers[i];
		assert_int_equal(run(&request), 0);
		assert_int_equal(request.busy, 3);
		assert_int_equal(request.tries, 1);
		take_down();
	}
}

static void test_a_driver_that_is_always_busy_is_given_up(void **state)
{
	struct dmk_scsi_request request = ready();

	bring_up(&template);
	fake.busy = ~0u;
	request.timeout_ms = 50;
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_true(request.busy > 0 && request.tries == 0);
	fake.busy = 0;
	take_down();
}

static void test_what_may_pass_is_tried_again_and_the_rest_is_not(void **state)
{
	static const struct {
		int result;
		u8 key;
		bool again;
		u8 asc, ascq;
	} table[] = {
		{ DID_ERROR << 16, 0, true },
		{ DID_SOFT_ERROR << 16, 0, true },
		{ DID_RESET << 16, 0, true },
		{ DID_BUS_BUSY << 16, 0, true },
		{ DID_PARITY << 16, 0, true },
		{ DID_TRANSPORT_DISRUPTED << 16, 0, true },
		{ SAM_STAT_TASK_ABORTED, 0, true },
		{ DID_NO_CONNECT << 16, 0, false },
		{ DID_ABORT << 16, 0, false },
		{ DID_BAD_TARGET << 16, 0, false },
		{ SAM_STAT_RESERVATION_CONFLICT, 0, false },
		{ SAM_STAT_CHECK_CONDITION, UNIT_ATTENTION, true },
		{ SAM_STAT_CHECK_CONDITION, ABORTED_COMMAND, true },
		{ SAM_STAT_CHECK_CONDITION, MEDIUM_ERROR, false },
		{ SAM_STAT_CHECK_CONDITION, ILLEGAL_REQUEST, false },
		/* Becoming ready; and needing to be told to. */
		{ SAM_STAT_CHECK_CONDITION, NOT_READY, true, 0x04, 0x01 },
		{ SAM_STAT_CHECK_CONDITION, NOT_READY, false, 0x04, 0x02 },
		{ SAM_STAT_CHECK_CONDITION, NOT_READY, false, 0x3a, 0x01 },
		{ SAM_STAT_CHECK_CONDITION, MEDIUM_ERROR, false, 0x04, 0x01 },
	};

	bring_up(&template);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct dmk_scsi_request request = ready();

		fake.bad = 2;
		fake.bad_result = table[i].result;
		fake.bad_key = table[i].key;
		fake.bad_asc = table[i].asc;
		fake.bad_ascq = table[i].ascq;
		request.retries = 2;
		assert_int_equal(run(&request), table[i].again ? 0 : table[i].result);
		assert_int_equal(request.tries, table[i].again ? 3 : 1);

		/* One try fewer than it takes. */
		fake.bad = 2;
		request = ready();
		request.retries = 1;
		assert_int_equal(run(&request), table[i].result);
		fake.bad = 0;
	}
	take_down();
}

static void test_a_busy_device_is_asked_later_and_that_does_not_count(void **state)
{
	static const int results[] = {SAM_STAT_BUSY, SAM_STAT_TASK_SET_FULL, DID_REQUEUE << 16,
				      DID_IMM_RETRY << 16};

	bring_up(&template);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		struct dmk_scsi_request request = ready();

		fake.bad = 3;
		fake.bad_result = results[i];
		assert_int_equal(run(&request), 0);
		assert_int_equal(request.tries, 4);
	}
	take_down();
}

/* --- time ------------------------------------------------------------------------------------- */

static struct dmk_scsi_request late_request(unsigned int retries)
{
	struct dmk_scsi_request request = ready();

	request.timeout_ms = 30;
	request.retries = retries;
	return request;
}

static void test_a_late_command_is_aborted(void **state)
{
	struct dmk_scsi_request request = late_request(0);

	bring_up(&template);
	fake.hold = true;
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_int_equal(fake.aborts, 1);
	assert_int_equal(fake.device_resets + fake.host_resets, 0);
	request = late_request(2);
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_int_equal(request.tries, 3);
	fake.hold = false;
	request = ready();
	assert_int_equal(run(&request), 0);
	take_down();
}

static void test_a_device_is_reset_when_aborting_failed(void **state)
{
	struct dmk_scsi_request request = late_request(0);

	bring_up(&template);
	fake.hold = true;
	fake.abort_answer = FAILED;
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_int_equal(fake.aborts, 1);
	assert_int_equal(fake.device_resets, 1);
	assert_int_equal(fake.host_resets, 0);
	take_down();
}

static void test_the_host_is_reset_when_nothing_else_helped(void **state)
{
	struct dmk_scsi_request request = late_request(0);

	bring_up(&template);
	fake.hold = true;
	fake.abort_answer = fake.device_answer = FAILED;
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_int_equal(fake.host_resets, 1);
	fake.hold = false;
	request = ready();
	assert_int_equal(run(&request), 0);
	take_down();
}

static void test_a_device_that_nothing_brings_back_is_offline(void **state)
{
	struct dmk_scsi_request request = late_request(3);

	bring_up(&template);
	fake.hold = true;
	fake.abort_answer = fake.device_answer = fake.host_answer = FAILED;
	assert_int_equal(run(&request), DID_TIME_OUT << 16);
	assert_int_equal(request.tries, 1);
	request = ready();
	assert_int_equal(dmk_scsi_submit(&disk, &request), -ENODEV);
	take_down();
}

/* --- the ends --------------------------------------------------------------------------------- */

static void test_blocked_requests_wait(void **state)
{
	struct dmk_scsi_request request = ready();
	unsigned int before;

	bring_up(&template);
	scsi_block_requests(host);
	before = fake.queued;
	assert_int_equal(dmk_scsi_submit(&disk, &request), 0);
	assert_int_equal(dmk_scsi_wait(&request, 30), -ETIMEDOUT);
	assert_int_equal(fake.queued, before);
	scsi_unblock_requests(host);
	assert_int_equal(dmk_scsi_wait(&request, PATIENCE), 0);
	take_down();
}

static int answer_soon(void *unused)
{
	msleep(30);
	while (READ_ONCE(fake.nr_held))
		answer_held();
	return 0;
}

static void test_a_host_goes_when_its_commands_have_ended(void **state)
{
	struct dmk_scsi_request request[QUEUE + 1];
	struct scsi_host_template use = template;
	struct task_struct *thread;

	use.can_queue = 1;
	bring_up(&use);
	fake.hold = true;
	for (int i = 0; i < 2; i++) {
		request[i] = ready();
		assert_int_equal(dmk_scsi_submit(&disk, &request[i]), 0);
	}
	wait_for_held(1);
	thread = kthread_run(answer_soon, NULL, "answer");
	assert_false(IS_ERR(thread));
	scsi_remove_host(host);
	assert_int_equal(fake.nr_held, 0);
	assert_int_equal(dmk_scsi_wait(&request[0], 0), 0);
	assert_int_equal(request[0].result, 0);
	/* The driver never saw this one. */
	assert_int_equal(dmk_scsi_wait(&request[1], 0), 0);
	assert_int_equal(request[1].result, DID_NO_CONNECT << 16);
	assert_int_equal(dmk_scsi_submit(&disk, &request[0]), -ENODEV);
	scsi_host_put(host);
}

static int ask_again_soon(void *data)
{
	struct scsi_cmnd *cmd = fake.held[0];

	msleep(30);
	fake.nr_held = 0;
	cmd->result = *(int *)data;
	scsi_done(cmd);
	return 0;
}

/* What a driver gives back to be tried again has nobody to try it, once the host is going. */
static void test_a_command_that_comes_back_to_a_host_that_goes_has_no_host(void **state)
{
	static int results[] = { DID_REQUEUE << 16, DID_ERROR << 16 };

	for (unsigned int i = 0; i < ARRAY_SIZE(results); i++) {
		struct dmk_scsi_request request;
		unsigned int before;

		bring_up(&template);
		before = fake.queued;
		fake.hold = true;
		request = ready();
		request.retries = 3;
		assert_int_equal(dmk_scsi_submit(&disk, &request), 0);
		wait_for_held(1);
		assert_false(IS_ERR(kthread_run(ask_again_soon, &results[i], "answer")));
		scsi_remove_host(host);
		assert_int_equal(dmk_scsi_wait(&request, 0), 0);
		assert_int_equal(request.result, DID_NO_CONNECT << 16);
		assert_int_equal(fake.queued, before + 1);
		scsi_host_put(host);
	}
}

static void (*really_release)(struct device *dev);
static unsigned int released;

static void note_release(struct device *dev)
{
	released++;
	really_release(dev);
}

static void watch_release(void)
{
	released = 0;
	really_release = host->shost_gendev.release;
	host->shost_gendev.release = note_release;
}

/* What was sent holds its host: until it is waited for, or forgotten and at an end. */
static void test_a_forgotten_command_goes_with_its_host(void **state)
{
	struct dmk_scsi_request request[3];

	bring_up(&template);
	watch_release();
	fake.hold = true;
	for (int i = 0; i < 3; i++) {
		request[i] = ready();
		assert_int_equal(dmk_scsi_submit(&disk, &request[i]), 0);
	}
	wait_for_held(3);
	dmk_scsi_forget(&request[0]);
	assert_null(request[0].command);
	assert_int_equal(dmk_scsi_wait(&request[0], 0), -EINVAL);
	dmk_scsi_forget(&request[0]);
	assert_false(IS_ERR(kthread_run(answer_soon, NULL, "answer")));
	scsi_remove_host(host);
	assert_int_equal(fake.nr_held, 0);
	/* One that has ended is no different. */
	dmk_scsi_forget(&request[1]);
	scsi_host_put(host);
	assert_int_equal(released, 0);
	assert_int_equal(dmk_scsi_wait(&request[2], 0), 0);
	assert_int_equal(released, 1);
}

static unsigned int complaints;

static void complain(void *ctx, const void *caller, const char *text)
{
	assert_non_null(strstr(text, "scsi_done()"));
	complaints++;
}

static void test_an_answer_given_twice_is_a_complaint(void **state)
{
	struct dmk_scsi_request request = ready();
	struct scsi_cmnd *cmd;

	bring_up(&template);
	fake.hold = true;
	assert_int_equal(dmk_scsi_submit(&disk, &request), 0);
	wait_for_held(1);
	cmd = fake.held[0];
	answer_held();
	assert_int_equal(dmk_scsi_wait(&request, PATIENCE), 0);
	complaints = 0;
	dmk_complaints_to(complain, NULL);
	scsi_done(cmd);
	dmk_complaints_to(NULL, NULL);
	assert_int_equal(complaints, 1);
	assert_null(scsi_host_find_tag(host, scsi_cmd_to_rq(cmd)->tag));
	assert_null(scsi_host_find_tag(host, -1));
	assert_null(scsi_host_find_tag(host, QUEUE));
	take_down();
}

static void test_a_host_that_makes_no_sense_is_refused(void **state)
{
	struct scsi_host_template use = template;
	struct Scsi_Host *bad;

	use.can_queue = 0;
	bad = scsi_host_alloc(&use, 0);
	assert_non_null(bad);
	assert_int_equal(scsi_add_host(bad, dev), -EINVAL);
	scsi_host_put(bad);
	assert_null(scsi_host_alloc(&template, -1));
}

static void test_sense_data_of_both_forms_is_read(void **state)
{
	struct scsi_sense_hdr header;
	u8 sense[18];

	for (int descriptor = 0; descriptor < 2; descriptor++) {
		scsi_build_sense_buffer(descriptor, sense, MEDIUM_ERROR, 0x11, 0x04);
		assert_true(scsi_normalize_sense(sense, descriptor ? 8 : 18, &header));
		assert_int_equal(header.sense_key, MEDIUM_ERROR);
		assert_int_equal(header.asc, 0x11);
		assert_int_equal(header.ascq, 0x04);
	}
	/* Of the fixed form: it says how much there is behind it. */
	memset(sense, 0xff, sizeof(sense));
	scsi_build_sense_buffer(0, sense, MEDIUM_ERROR, 0x11, 0x04);
	assert_int_equal(sense[7], sizeof(sense) - 8);
	memset(sense, 0, sizeof(sense));
	assert_false(scsi_normalize_sense(sense, sizeof(sense), &header));
	assert_false(scsi_normalize_sense(NULL, 0, &header));
	assert_int_equal(scsi_command_size((const u8[]){ WRITE_10 }), 10);
	assert_int_equal(scsi_command_size((const u8[]){ READ_16 }), 16);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_a_scan_asks_and_finds_what_answers),
		CONTRACT_TEST(test_what_is_written_is_read_back_whatever_its_pieces),
		CONTRACT_TEST(test_MSK_08_no_list_is_beyond_the_limits_of_its_host),
		CONTRACT_TEST(test_a_driver_never_has_more_than_can_queue),
		CONTRACT_TEST(test_a_device_never_has_more_than_its_depth),
		CONTRACT_TEST(test_STR_12_a_command_that_a_busy_driver_refused_comes_again),
		CONTRACT_TEST(test_a_driver_that_is_always_busy_is_given_up),
		CONTRACT_TEST(test_what_may_pass_is_tried_again_and_the_rest_is_not),
		CONTRACT_TEST(test_a_busy_device_is_asked_later_and_that_does_not_count),
		CONTRACT_TEST(test_a_late_command_is_aborted),
		CONTRACT_TEST(test_a_device_is_reset_when_aborting_failed),
		CONTRACT_TEST(test_the_host_is_reset_when_nothing_else_helped),
		CONTRACT_TEST(test_a_device_that_nothing_brings_back_is_offline),
		CONTRACT_TEST(test_blocked_requests_wait),
		CONTRACT_TEST(test_a_host_goes_when_its_commands_have_ended),
		CONTRACT_TEST(test_a_command_that_comes_back_to_a_host_that_goes_has_no_host),
		CONTRACT_TEST(test_a_forgotten_command_goes_with_its_host),
		CONTRACT_TEST(test_an_answer_given_twice_is_a_complaint),
		CONTRACT_TEST(test_a_host_that_makes_no_sense_is_refused),
		CONTRACT_TEST(test_sense_data_of_both_forms_is_read),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
