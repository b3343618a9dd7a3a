/* SPDX-License-Identifier: MIT */
/*
 * A QEMU machine on the workbench: opened without any kernel part, its sink noted down, its cards
 * reached through the bare port.
 */
#ifndef TESTS_QEMU_BENCH_CARD_H
#define TESTS_QEMU_BENCH_CARD_H

#include <pthread.h>

#include <dmakit/machine.h>

enum { BENCH_IRQS = 256 };

/** What the sink was told. */
struct bench {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int edges[BENCH_IRQS], ups[BENCH_IRQS], downs[BENCH_IRQS];
	unsigned int deaths;
	char death[512];
	struct dmk_port port;
	char error[512];
};

/**
 * bench_open_board - @devices: "edu,addr=3" each, ended by NULL. Return: as dmk_machine_open().
 * bench_open - a q35
 */
int bench_open_board(struct bench *bench, const char *machine, const char *const *devices);
int bench_open(struct bench *bench, const char *const *devices);
void bench_close(struct bench *bench);

/** Wait until *@count is at least @n, 5 s at most. */
bool bench_wait(struct bench *bench, const unsigned int *count, unsigned int n);
unsigned int bench_count(struct bench *bench, const unsigned int *count);

/** bench_qemu - QEMU's process id, found among our children; 0: there is none. */
int bench_qemu(void);

uint32_t card_config(struct bench *bench, uint16_t bdf, unsigned int offset, unsigned int width);
void card_set_config(struct bench *bench, uint16_t bdf, unsigned int offset, unsigned int width,
		     uint32_t value);
/** card_find - the bdf of the @nth function with this id, or -1. */
int card_find(struct bench *bench, uint16_t vendor, uint16_t device, unsigned int nth);
/** card_place - BAR 0 at @base, memory and bus master on. */
void card_place(struct bench *bench, uint16_t bdf, uint64_t base);
/** card_capability - its offset, or 0. */
unsigned int card_capability(struct bench *bench, uint16_t bdf, uint8_t id);

uint32_t edu_read(struct bench *bench, uint64_t base, unsigned int reg);
void edu_write(struct bench *bench, uint64_t base, unsigned int reg, uint32_t value);
/** edu_transfer - start a transfer and wait for its end. */
bool edu_transfer(struct bench *bench, uint64_t base, uint64_t source, uint64_t target,
		  uint32_t count, uint32_t command);

#endif
