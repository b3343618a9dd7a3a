// SPDX-License-Identifier: MIT
/*
 * The machines "qemu" and "qemu-...": boards (boards.c) without firmware and with a processor that
 * does nothing, of which only the devices are used. They run in QEMU's process; RAM is shared with
 * it (memory.c), registers are reached over its test socket (wire.c), messages arrive at a doorbell
 * (doorbell.c), where there is PCI. This file puts the parts together: opening, the keeper thread,
 * the port.
 *
 * Threads. Hooks run in whatever thread calls them. One thread is the machine's own, the keeper: it
 * starts QEMU and stays as long as QEMU does (the kernel ties QEMU's life to the thread that forked
 * it), hears everything that comes unasked, and is the only one that calls the sink. Locks,
 * outermost first: pci.lock, wire.lock, irqs.lock; `lock` below is apart from them.
 *
 * QEMU's end at any moment is an ordinary event. The wire is cut, every read gives all ones and
 * every write is dropped from then on, and the keeper tells the sink once, with QEMU's last words.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <dmakit/machine.h>

#include "board.h"
#include "doorbell.h"
#include "irq.h"
#include "memory.h"
#include "models.h"
#include "pci.h"
#include "process.h"
#include "wire.h"

enum { TERM_GRACE_MS = 2000, CORE_GRACE_MS = 5000 };

/* What the keeper watches; below DMK_QEMU_MSIS it is a vector of the doorbell. */
enum { WATCH_WIRE = DMK_QEMU_MSIS, WATCH_SAID, WATCH_PROCESS, WATCH_POKE };

struct qemu {
	const struct dmk_qemu_board *board;
	struct dmk_qemu_memory memory;
	struct dmk_qemu_doorbell doorbell; /* used where the board has PCI, as pci is */
	struct dmk_qemu_wire wire;
	struct dmk_qemu_irqs irqs;
	struct dmk_qemu_pci pci;
	struct dmk_qemu_process process; /* the keeper's */
	struct dmk_sink sink;

	int epoll, poke;
	pthread_t keeper;
	char **argv;
	int inherited[5]; /* QEMU's: wire, RAM, and if there are any doorbell, ROM; -1 */
	int card, rom;    /* of these, the doorbell and the ROM; -1: there is none */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool started; /* the keeper has tried to start QEMU: start_result is valid */
	int start_result;
	bool open;     /* dmk_qemu_open() succeeded: from here on the sink hears of an end */
	bool stopping; /* somebody wants the end */
	bool ended;    /* QEMU is gone: end and words are valid */
	char end[80];
	char words[320];

	struct dmk_machine machine;
	struct dmk_pci_host host;
	struct dmk_bus bus;
	struct dmk_window window;
	struct dmk_platform_device platform[DMK_QEMU_BOARD_DEVICES];
	char *bootargs;
};

/* --- the port --------------------------------------------------------------------------------- */

static char width_letter(unsigned int width)
{
	switch (width) {
	case 1:
		return 'b';
	case 2:
		return 'w';
	case 8:
		return 'q';
	}
	return 'l';
}

static uint64_t all_ones(unsigned int width)
{
	return width >= 8 ? ~0ULL : (1ULL << 8 * width) - 1;
}

static void *port_view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	struct qemu *qemu = ctx;

	return dmk_qemu_memory_view(&qemu->memory, pages, n);
}

static void port_view_unmap(void *ctx, void *view, size_t n)
{
	dmk_qemu_memory_unview(view, n);
}

/* The same bytes for the CPU and for QEMU: there is no cache between. */
static void port_cache(void *ctx, dmk_phys phys, size_t size)
{
}

static uint64_t port_mmio_read(void *ctx, dmk_phys address, unsigned int width)
{
	struct qemu *qemu = ctx;
	uint64_t value;

	dmk_qemu_wire_ask(&qemu->wire, &value, "read%c 0x%llx", width_letter(width),
			  (unsigned long long)address.v);
	if (!value && qemu->board->pci && dmk_qemu_pci_nobody(&qemu->pci, address.v))
		value = ~0ULL;
	return value & all_ones(width);
}

static void port_mmio_write(void *ctx, dmk_phys address, unsigned int width, uint64_t value)
{
	struct qemu *qemu = ctx;

	dmk_qemu_wire_post(&qemu->wire, "write%c 0x%llx 0x%llx", width_letter(width),
			   (unsigned long long)address.v,
			   (unsigned long long)(value & all_ones(width)));
}

static bool has_ports(const struct qemu *qemu)
{
	return qemu->board->caps & DMK_CAP_PORT_IO;
}

static uint32_t port_port_in(void *ctx, uint16_t port, unsigned int width)
{
	struct qemu *qemu = ctx;
	uint64_t value;

	if (!has_ports(qemu))
		return all_ones(width);
	dmk_qemu_wire_ask(&qemu->wire, &value, "in%c 0x%x", width_letter(width), port);
	return value & all_ones(width);
}

/* Waited for: port writes are not posted, on a PC either. */
static void port_port_out(void *ctx, uint16_t port, unsigned int width, uint32_t value)
{
	struct qemu *qemu = ctx;

	if (!has_ports(qemu))
		return;
	dmk_qemu_wire_ask(&qemu->wire, NULL, "out%c 0x%x 0x%x", width_letter(width), port,
			  value & (uint32_t)all_ones(width));
}

/* The doorbell is part of the machine and not a device for drivers. */
static bool is_hidden(const struct qemu *qemu, uint16_t bdf, unsigned int offset)
{
	return !qemu->board->pci || bdf >> 3 == DMK_QEMU_DOORBELL_SLOT || offset >= 4096;
}

static uint32_t port_config_read(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width)
{
	struct qemu *qemu = ctx;

	if (is_hidden(qemu, bdf, offset))
		return all_ones(width);
	return dmk_qemu_pci_read(&qemu->wire, bdf, offset, width) & all_ones(width);
}

static void port_config_write(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			      uint32_t value)
{
	struct qemu *qemu = ctx;

	if (is_hidden(qemu, bdf, offset))
		return;
	dmk_qemu_pci_write(&qemu->wire, bdf, offset, width, value & (uint32_t)all_ones(width));
	dmk_qemu_pci_changed(&qemu->pci, offset);
}

static unsigned int port_intx_irq(void *ctx, uint16_t bdf, unsigned int pin)
{
	const struct qemu *qemu = ctx;

	return qemu->board->pci ? dmk_qemu_pci_pin(bdf, pin) : 0;
}

static int port_msi_alloc(void *ctx, uint16_t bdf, unsigned int n, bool contiguous,
			  struct dmk_msi_message *messages)
{
	struct qemu *qemu = ctx;

	return dmk_qemu_irqs_alloc(&qemu->irqs, n, contiguous, messages);
}

static void port_msi_free(void *ctx, unsigned int first_irq, unsigned int n)
{
	struct qemu *qemu = ctx;

	dmk_qemu_irqs_free(&qemu->irqs, first_irq, n);
}

static void port_irq_enable(void *ctx, unsigned int irq, bool enable)
{
	struct qemu *qemu = ctx;

	dmk_qemu_irqs_enable(&qemu->irqs, irq, enable);
}

/*
 * Devices announce nothing here (no DMK_CAP_SEES_DMA). What can be waited for is that every posted
 * write has arrived.
 */
static bool port_quiesce(void *ctx, unsigned int usec)
{
	struct qemu *qemu = ctx;

	dmk_qemu_wire_flush(&qemu->wire);
	return true;
}

static void stop(struct qemu *qemu);
static void bring_down(struct qemu *qemu);
static void destroy(struct qemu *qemu);

static void port_shutdown(void *ctx)
{
	struct qemu *qemu = ctx;

	stop(qemu);
	bring_down(qemu);
	destroy(qemu);
}

/* The devices see all of the memory. */
static int port_memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	return 0;
}

static const struct dmk_port_ops port_ops = {
	.view_map = port_view_map,
	.view_unmap = port_view_unmap,
	.cache_clean = port_cache,
	.cache_invalidate = port_cache,
	.cache_flush = port_cache,
	.memory_share = port_memory_share,
	.mmio_read = port_mmio_read,
	.mmio_write = port_mmio_write,
	.port_in = port_port_in,
	.port_out = port_port_out,
	.config_read = port_config_read,
	.config_write = port_config_write,
	.intx_irq = port_intx_irq,
	.msi_alloc = port_msi_alloc,
	.msi_free = port_msi_free,
	.irq_enable = port_irq_enable,
	.quiesce = port_quiesce,
	.shutdown = port_shutdown,
};

/* --- the keeper ------------------------------------------------------------------------------- */

static bool wants_end(struct qemu *qemu)
{
	bool stopping;

	pthread_mutex_lock(&qemu->lock);
	stopping = qemu->stopping;
	pthread_mutex_unlock(&qemu->lock);
	return stopping;
}

static int keeper_watch(struct qemu *qemu, int fd, uint64_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};

	return epoll_ctl(qemu->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void keeper_start(struct qemu *qemu)
{
	int err = dmk_qemu_process_start(&qemu->process, qemu->argv, qemu->inherited);

	if (!err) {
		keeper_watch(qemu, qemu->process.said, WATCH_SAID);
		keeper_watch(qemu, qemu->process.pidfd, WATCH_PROCESS);
	}
	pthread_mutex_lock(&qemu->lock);
	qemu->started = true;
	qemu->start_result = err;
	pthread_cond_broadcast(&qemu->changed);
	pthread_mutex_unlock(&qemu->lock);
}

static void describe_end(struct qemu *qemu, bool stalled)
{
	if (stalled)
		snprintf(qemu->end, sizeof(qemu->end), "did not answer any more and was killed");
	else
		dmk_qemu_process_end(&qemu->process, qemu->end, sizeof(qemu->end));
	dmk_qemu_process_words(&qemu->process, qemu->words, sizeof(qemu->words));
}

/*
 * QEMU is ending, or has to. A clean end was asked for by stop(); else it is dying: let it say why,
 * then see that it is gone.
 */
static void keeper_bury(struct qemu *qemu)
{
	bool stopping = wants_end(qemu),
	     stalled = dmk_qemu_wire_state(&qemu->wire) == DMK_QEMU_WIRE_STALLED;
	char text[sizeof(qemu->end) + sizeof(qemu->words) + 16];
	bool tell;

	epoll_ctl(qemu->epoll, EPOLL_CTL_DEL, qemu->process.said, NULL);
	epoll_ctl(qemu->epoll, EPOLL_CTL_DEL, qemu->process.pidfd, NULL);
	dmk_qemu_process_reap(&qemu->process, stopping ? SIGTERM : 0,
			      stalled    ? 0
			      : stopping ? TERM_GRACE_MS
					 : CORE_GRACE_MS);
	dmk_qemu_wire_close(&qemu->wire);

	pthread_mutex_lock(&qemu->lock);
	describe_end(qemu, stalled);
	qemu->ended = true;
	tell = qemu->open && !qemu->stopping;
	pthread_cond_broadcast(&qemu->changed);
	pthread_mutex_unlock(&qemu->lock);
	if (!tell)
		return;
	snprintf(text, sizeof(text), "QEMU %s%s%s", qemu->end, *qemu->words ? ": " : "",
		 qemu->words);
	qemu->sink.died(qemu->sink.ctx, text);
}

static void keeper_handle(struct qemu *qemu, uint64_t what)
{
	eventfd_t count;

	switch (what) {
	case WATCH_WIRE:
		dmk_qemu_wire_drain(&qemu->wire);
		return;
	case WATCH_SAID:
		if (!dmk_qemu_process_listen(&qemu->process))
			epoll_ctl(qemu->epoll, EPOLL_CTL_DEL, qemu->process.said, NULL);
		return;
	case WATCH_PROCESS:
		return; /* what ends it is seen below */
	case WATCH_POKE:
		eventfd_read(qemu->poke, &count);
		return;
	}
	if (!eventfd_read(qemu->doorbell.event[what], &count))
		dmk_qemu_irqs_message(&qemu->irqs, what);
}

/* Return: whether QEMU's process has ended. */
static bool keeper_round(struct qemu *qemu)
{
	struct epoll_event events[16];
	bool dead = false;
	int n = epoll_wait(qemu->epoll, events, 16, -1), i;

	for (i = 0; i < n; i++) {
		keeper_handle(qemu, events[i].data.u64);
		dead |= events[i].data.u64 == WATCH_PROCESS;
	}
	dmk_qemu_irqs_deliver(&qemu->irqs, &qemu->sink);
	return dead;
}

static void *keeper(void *arg)
{
	struct qemu *qemu = arg;
	bool dead = false;

	keeper_start(qemu);
	if (qemu->start_result)
		return NULL;
	while (!dead && !wants_end(qemu) && dmk_qemu_wire_state(&qemu->wire) == DMK_QEMU_WIRE_OPEN)
		dead = keeper_round(qemu);
	keeper_bury(qemu);
	return NULL;
}

/* Signals are for the program's own threads. */
static int keeper_create(struct qemu *qemu)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&qemu->keeper, NULL, keeper, qemu);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void stop(struct qemu *qemu)
{
	pthread_mutex_lock(&qemu->lock);
	qemu->stopping = true;
	pthread_mutex_unlock(&qemu->lock);
	eventfd_write(qemu->poke, 1);
	pthread_join(qemu->keeper, NULL);
}

/* The wire's own calls, with its lock held. */
static void wire_line(void *ctx, unsigned int input, bool level)
{
	struct qemu *qemu = ctx;

	dmk_qemu_irqs_input(&qemu->irqs, input, level);
}

static void wire_cut(void *ctx)
{
	struct qemu *qemu = ctx;

	eventfd_write(qemu->poke, 1);
}

/* --- the command line ------------------------------------------------------------------------- */

enum { ARGUMENTS_FIXED = 64 };

static bool argument(struct qemu *qemu, unsigned int *n, const char *format, ...) DMK_PRINTF(3, 4);

static bool argument(struct qemu *qemu, unsigned int *n, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vasprintf(&qemu->argv[*n], format, arguments);
	va_end(arguments);
	if (size < 0) {
		qemu->argv[*n] = NULL;
		return false;
	}
	++*n;
	return true;
}

static bool doorbell_arguments(struct qemu *qemu, unsigned int *n)
{
	return argument(qemu, n, "-chardev") &&
	       argument(qemu, n, "socket,id=dmakit-doorbell,fd=%d", qemu->card) &&
	       argument(qemu, n, "-device") &&
	       argument(
		       qemu, n,
		       "ivshmem-doorbell,chardev=dmakit-doorbell,vectors=%d,ioeventfd=off,addr=0x%x",
		       DMK_QEMU_MSIS, DMK_QEMU_DOORBELL_SLOT);
}

static bool board_arguments(struct qemu *qemu, unsigned int *n)
{
	const struct dmk_qemu_board *board = qemu->board;
	const char *const *extra;

	for (extra = board->extra; *extra; extra++)
		if (!argument(qemu, n, "%s", *extra))
			return false;
	if (board->rom &&
	    !(argument(qemu, n, "-bios") && argument(qemu, n, "/proc/self/fd/%d", qemu->rom)))
		return false;
	return !board->pci || doorbell_arguments(qemu, n);
}

static bool fixed_arguments(struct qemu *qemu, unsigned int *n)
{
	const struct dmk_qemu_board *board = qemu->board;
	const char *program = getenv(board->variable);
	unsigned long long ram = board->ram_size;

	return argument(qemu, n, "%s", program && *program ? program : board->program) &&
	       argument(qemu, n, "-M") &&
	       argument(qemu, n, "%s,memory-backend=ram0", board->machine) &&
	       argument(qemu, n, "-m") && argument(qemu, n, "%lluM", ram >> 20) &&
	       argument(qemu, n, "-object") &&
	       argument(qemu, n,
			"memory-backend-file,id=ram0,size=%llu,mem-path=/proc/self/fd/%d,share=on",
			ram, qemu->memory.fd) &&
	       argument(qemu, n, "-accel") && argument(qemu, n, "tcg") &&
	       argument(qemu, n, "-nodefaults") && argument(qemu, n, "-no-user-config") &&
	       argument(qemu, n, "-display") && argument(qemu, n, "none") &&
	       argument(qemu, n, "-chardev") &&
	       argument(qemu, n, "socket,id=dmakit-wire,fd=%d", qemu->inherited[0]) &&
	       argument(qemu, n, "-object") &&
	       argument(qemu, n, "qtest,id=dmakit-qtest,chardev=dmakit-wire,log=none") &&
	       board_arguments(qemu, n);
}

/* @value is the arguments' from here on; NULL: there was no memory for it. */
static bool made_argument(struct qemu *qemu, unsigned int *n, const char *flag, char *value)
{
	if (value && argument(qemu, n, "%s", flag)) {
		qemu->argv[(*n)++] = value;
		return true;
	}
	free(value);
	return false;
}

static bool device_arguments(struct qemu *qemu, unsigned int *n,
			     const struct dmk_machine_config *config)
{
	unsigned int i;

	for (i = 0; i < config->nr_devices; i++) {
		char *value;
		const char *behind = dmk_qemu_model_behind(&config->devices[i], i, &value);

		if (behind && !made_argument(qemu, n, behind, value))
			return false;
		value = dmk_qemu_model_option(&config->devices[i], i);
		if (!made_argument(qemu, n, "-device", value))
			return false;
	}
	return true;
}

static void free_arguments(struct qemu *qemu)
{
	char **argument;

	for (argument = qemu->argv; argument && *argument; argument++)
		free(*argument);
	free(qemu->argv);
}

static int make_arguments(struct qemu *qemu, const struct dmk_machine_config *config)
{
	unsigned int n = 0;

	qemu->argv = calloc(ARGUMENTS_FIXED + 4 * config->nr_devices + 1, sizeof(*qemu->argv));
	if (!qemu->argv)
		return -ENOMEM;
	if (fixed_arguments(qemu, &n) && device_arguments(qemu, &n, config))
		return 0;
	free_arguments(qemu);
	return -ENOMEM;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The ROM that the processor starts in. Return: a descriptor or a negative errno. */
static int make_rom(const struct dmk_qemu_board *board)
{
	const ssize_t size = board->rom_size;
	int fd = memfd_create("dmakit-qemu-rom", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, 0x10000) || pwrite(fd, board->rom, size, board->rom_offset) != size) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void close_inherited(struct qemu *qemu)
{
	/* RAM's stays open: it is ours too. */
	close(qemu->inherited[0]);
	close_if_open(qemu->card);
	close_if_open(qemu->rom);
}

/* The doorbell and the ROM, where the board has them. */
static int prepare_card_and_rom(struct qemu *qemu)
{
	int err = 0;

	qemu->card = -1;
	qemu->rom = -1;
	if (qemu->board->pci)
		err = dmk_qemu_doorbell_create(&qemu->doorbell, &qemu->card);
	if (err || !qemu->board->rom)
		return err;
	qemu->rom = make_rom(qemu->board);
	if (qemu->rom >= 0)
		return 0;
	err = qemu->rom;
	close_if_open(qemu->card);
	if (qemu->board->pci)
		dmk_qemu_doorbell_destroy(&qemu->doorbell);
	return err;
}

static void list_inherited(struct qemu *qemu, int wire)
{
	unsigned int n = 0;

	qemu->inherited[n++] = wire;
	qemu->inherited[n++] = qemu->memory.fd;
	if (qemu->card >= 0)
		qemu->inherited[n++] = qemu->card;
	if (qemu->rom >= 0)
		qemu->inherited[n++] = qemu->rom;
	qemu->inherited[n] = -1;
}

/* Everything that exists before QEMU does. */
static int prepare_ends(struct qemu *qemu)
{
	int pair[2], err;

	err = prepare_card_and_rom(qemu);
	if (err)
		return err;
	err = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
	if (err)
		goto close_card_and_rom;
	err = dmk_qemu_wire_init(&qemu->wire, pair[0], qemu->epoll, WATCH_WIRE);
	if (err)
		goto close_pair;
	list_inherited(qemu, pair[1]);
	return 0;

close_pair:
	close(pair[0]);
	close(pair[1]);
close_card_and_rom:
	close_if_open(qemu->rom);
	close_if_open(qemu->card);
	if (qemu->board->pci)
		dmk_qemu_doorbell_destroy(&qemu->doorbell);
	return err;
}

static int watch_ends(struct qemu *qemu)
{
	unsigned int i;
	int err = keeper_watch(qemu, qemu->poke, WATCH_POKE);

	/*
	 * The last vector is the doorbell's own until it is connected: see
	 * dmk_qemu_doorbell_connect().
	 */
	for (i = 0; qemu->board->pci && i < DMK_QEMU_MSIS - 1 && !err; i++)
		err = keeper_watch(qemu, qemu->doorbell.event[i], i);
	return err;
}

/* What of prepare_ends() QEMU does not inherit. */
static void destroy_ends(struct qemu *qemu)
{
	dmk_qemu_wire_destroy(&qemu->wire);
	if (qemu->board->pci)
		dmk_qemu_doorbell_destroy(&qemu->doorbell);
}

static int prepare(struct qemu *qemu, const struct dmk_machine_config *config)
{
	int err;

	pthread_mutex_init(&qemu->lock, NULL);
	pthread_cond_init(&qemu->changed, NULL);
	qemu->sink = config->sink;
	qemu->wire.line = wire_line;
	qemu->wire.cut = wire_cut;
	qemu->wire.ctx = qemu;

	err = -ENOMEM;
	qemu->bootargs = strdup(config->append ? config->append : "");
	if (!qemu->bootargs)
		return err;
	qemu->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = -errno;
	if (qemu->epoll < 0)
		goto free_bootargs;
	qemu->poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = -errno;
	if (qemu->poke < 0)
		goto close_epoll;
	dmk_qemu_irqs_init(&qemu->irqs, qemu->board,
			   qemu->board->pci ? DMK_QEMU_DOORBELL_ADDRESS : 0, qemu->poke);
	err = dmk_qemu_memory_create(&qemu->memory, qemu->board);
	if (err)
		goto close_poke;
	err = prepare_ends(qemu);
	if (err)
		goto destroy_memory;
	err = watch_ends(qemu);
	if (!err)
		err = make_arguments(qemu, config);
	if (err)
		goto destroy_ends;
	return 0;

destroy_ends:
	close_inherited(qemu);
	destroy_ends(qemu);
destroy_memory:
	dmk_qemu_memory_destroy(&qemu->memory);
close_poke:
	close(qemu->poke);
close_epoll:
	close(qemu->epoll);
free_bootargs:
	free(qemu->bootargs);
	return err;
}

/* All that prepare() made, except what close_inherited() closes; the keeper is gone. */
static void destroy(struct qemu *qemu)
{
	destroy_ends(qemu);
	dmk_qemu_memory_destroy(&qemu->memory);
	dmk_qemu_irqs_destroy(&qemu->irqs);
	free_arguments(qemu);
	free(qemu->bootargs);
	close(qemu->poke);
	close(qemu->epoll);
	pthread_cond_destroy(&qemu->changed);
	pthread_mutex_destroy(&qemu->lock);
	free(qemu);
}

static int wait_started(struct qemu *qemu)
{
	int err;

	pthread_mutex_lock(&qemu->lock);
	while (!qemu->started)
		pthread_cond_wait(&qemu->changed, &qemu->lock);
	err = qemu->start_result;
	pthread_mutex_unlock(&qemu->lock);
	return err;
}

static void wait_ended(struct qemu *qemu)
{
	pthread_mutex_lock(&qemu->lock);
	while (!qemu->ended)
		pthread_cond_wait(&qemu->changed, &qemu->lock);
	pthread_mutex_unlock(&qemu->lock);
}

static int explain_no_program(const struct dmk_qemu_board *board, int err, char *error,
			      size_t error_size)
{
	const char *program = getenv(board->variable);

	if (program && *program)
		snprintf(error, error_size, "%s: can't run %s (from %s): %s", board->name, program,
			 board->variable, strerror(-err));
	else if (err == -ENOENT)
		snprintf(error, error_size, "%s: %s is not installed: apt-get install %s",
			 board->name, board->program, board->package);
	else
		snprintf(error, error_size, "%s: can't run %s: %s", board->name, board->program,
			 strerror(-err));
	return err == -ENOMEM || err == -EAGAIN ? -ENOMEM : -ENODEV;
}

/* The model in QEMU's "'NAME' is not a valid device model name". */
static const char *quoted(const char *words, char *name, size_t size)
{
	const char *first = strchr(words, '\''), *last = first ? strchr(first + 1, '\'') : NULL;

	snprintf(name, size, "%.*s", last ? (int)(last - first - 1) : 0, last ? first + 1 : "");
	return name;
}

static int explain_unknown_model(const struct dmk_qemu_board *board, const char *name, char *error,
				 size_t error_size)
{
	const char *const *known = dmk_qemu_model_names;
	const char *nearest = dmk_nearest(name, known);
	size_t at;

	if (!board->pci && board->caps & DMK_CAP_ISA_DMA) {
		snprintf(
			error, error_size,
			"%s: QEMU has no device \"%.64s\"; this board has an ISA bus, for: sb16, fdc",
			board->name, name);
		return -ENOENT;
	}
	if (!board->pci) {
		snprintf(
			error, error_size,
			"%s: QEMU has no device \"%.64s\"; what this board has is soldered to it (all that QEMU has: %s -device help)",
			board->name, name, board->program);
		return -ENOENT;
	}
	at = snprintf(error, error_size, "%s: QEMU has no device \"%.64s\"; it has: %s",
		      board->name, name, nearest ? nearest : "");
	for (; *known && at < error_size; known++)
		if (*known != nearest)
			at += snprintf(error + at, error_size - at, "%s%s",
				       known == dmk_qemu_model_names && !nearest ? "" : ", ",
				       *known);
	if (at < error_size)
		snprintf(error + at, error_size - at, " (all of them: %s -device help)",
			 board->program);
	return -ENOENT;
}

/* What QEMU itself would say little about. */
static bool has_nameless_device(const struct dmk_machine_config *config)
{
	unsigned int i;

	for (i = 0; i < config->nr_devices; i++)
		if (!*config->devices[i].model)
			return true;
	return false;
}

/* QEMU ended before it was of any use: its own words are the best explanation there is. */
static int explain_end(struct qemu *qemu, char *error, size_t error_size)
{
	char name[64];

	if (strstr(qemu->words, "is not a valid device model name"))
		return explain_unknown_model(qemu->board, quoted(qemu->words, name, sizeof(name)),
					     error, error_size);
	if (*qemu->words == '-') {
		snprintf(error, error_size, "%s: %s", qemu->board->name, qemu->words);
		return -EINVAL;
	}
	snprintf(error, error_size, "%s: QEMU %s at its start%s%s", qemu->board->name, qemu->end,
		 *qemu->words ? ": " : "", qemu->words);
	return -EIO;
}

static int bring_up_pci(struct qemu *qemu)
{
	unsigned int last = DMK_QEMU_MSIS - 1;
	int err = dmk_qemu_pci_init(&qemu->pci, &qemu->wire);

	if (err)
		return err;
	err = dmk_qemu_doorbell_connect(&qemu->doorbell, &qemu->wire);
	if (!err)
		err = keeper_watch(qemu, qemu->doorbell.event[last], last);
	if (err)
		dmk_qemu_pci_destroy(&qemu->pci);
	return err;
}

/* QEMU runs: what a firmware would do, as far as drivers need it. */
static int bring_up(struct qemu *qemu)
{
	int err = dmk_qemu_wire_ask(&qemu->wire, NULL, "irq_intercept_in %s",
				    qemu->board->intercept);

	return err || !qemu->board->pci ? err : bring_up_pci(qemu);
}

static void bring_down(struct qemu *qemu)
{
	if (qemu->board->pci)
		dmk_qemu_pci_destroy(&qemu->pci);
}

static int start(struct qemu *qemu, char *error, size_t error_size)
{
	int err = wait_started(qemu);

	close_inherited(qemu);
	if (err)
		return explain_no_program(qemu->board, err, error, error_size);

	err = bring_up(qemu);
	pthread_mutex_lock(&qemu->lock);
	qemu->open = !err && !qemu->ended;
	pthread_mutex_unlock(&qemu->lock);
	if (qemu->open)
		return 0;
	if (!err)
		bring_down(qemu);
	if (err == -EIO || !err) {
		wait_ended(qemu);
		return explain_end(qemu, error, error_size);
	}
	snprintf(error, error_size, "%s: the doorbell for interrupt messages can't be set up: %s",
		 qemu->board->name, strerror(-err));
	return -EIO;
}

static void describe_pci(struct qemu *qemu)
{
	qemu->host = (struct dmk_pci_host){
		.mmio32 = {DMK_QEMU_MMIO32, DMK_PHYS(DMK_QEMU_MMIO32), DMK_QEMU_MMIO32_SIZE},
		.mmio64 = {DMK_QEMU_MMIO64, DMK_PHYS(DMK_QEMU_MMIO64), DMK_QEMU_MMIO64_SIZE},
		.io = {DMK_QEMU_IO, DMK_PHYS(DMK_QEMU_IO), DMK_QEMU_IO_SIZE},
		.dma = &qemu->bus,
	};
	qemu->machine.pci = &qemu->host;
}

static void describe(struct qemu *qemu)
{
	const struct dmk_qemu_board *board = qemu->board;

	qemu->window = (struct dmk_window){.size = ~0ULL};
	qemu->bus = (struct dmk_bus){
		.name = board->bus, .windows = &qemu->window, .nr_windows = 1, .coherent = true};
	qemu->machine = (struct dmk_machine){
		.name = board->name,
		.summary = board->summary,
		.caps = board->caps,
		.cache_line = 1,
		.memory = qemu->memory.range,
		.nr_memory = qemu->memory.nr_ranges,
		.direct_base = qemu->memory.direct,
		.direct_last = dmk_qemu_board_last(board),
		.dma_zone_last = board->dma_zone_last,
		.dma32_zone_last = board->dma32_zone_last,
		.bootargs = qemu->bootargs,
		.platform = qemu->platform,
		.nr_platform = dmk_qemu_board_platform(board, &qemu->bus, qemu->platform),
		.isa = board->caps & DMK_CAP_ISA_DMA ? &qemu->bus : NULL,
		.nr_irqs = qemu->irqs.nr_irqs,
	};
	if (board->pci)
		describe_pci(qemu);
}

int dmk_qemu_open(const struct dmk_machine_config *config, struct dmk_port *port, char *error,
		  size_t error_size)
{
	const struct dmk_qemu_board *board = dmk_qemu_board_find(config->machine);
	struct qemu *qemu;
	int err = -ENOMEM;

	if (has_nameless_device(config))
		return explain_unknown_model(board, "", error, error_size);
	qemu = calloc(1, sizeof(*qemu));
	if (!qemu)
		goto say_why;
	qemu->board = board;
	err = prepare(qemu, config);
	if (err)
		goto free_qemu;
	err = keeper_create(qemu);
	if (err)
		goto destroy_qemu;
	err = start(qemu, error, error_size);
	if (err) {
		stop(qemu);
		destroy(qemu);
		return err;
	}
	describe(qemu);
	*port = (struct dmk_port){.ops = &port_ops, .ctx = qemu, .machine = &qemu->machine};
	return 0;

destroy_qemu:
	close_inherited(qemu);
	destroy(qemu);
	goto say_why;
free_qemu:
	free(qemu);
say_why:
	snprintf(error, error_size, "%s: %s", board->name, strerror(-err));
	return -ENOMEM;
}
