/* SPDX-License-Identifier: MIT */
/*
 * What the test sees of the driver in card.c; both worlds include it.
 */
#ifndef TESTS_DEVICE_CARD_H
#define TESTS_DEVICE_CARD_H

struct card_state {
	int probes, removes, fail_probe_with, managed, actions[4], nr_actions, removed_at_action;
	int defer_once, irqs, vectors, opens, releases;
	unsigned long long bar_start, bar_bus, bar_len;
	int probe_bus_master, data_survived;
	const void *matched;
	unsigned long id_data;
	void *io, *reserved;
	void *coherent;
	int codec_probes, codec_rate, codec_irq[2], codec_flag, codec_removes;
	unsigned long long codec_wide;
	const char *codec_label;
	int isa_probes, isa_removes;
	unsigned long long isa_mask;
	unsigned int want_vectors, vector_flags;
	int last_user_error;
	int mmap_registers;
	int int_param, bool_param, array_param[4];
	unsigned int array_count;
	const char *charp_param;
	char string_param[8];
};

extern struct card_state card;

enum { CARD_SIZE = 4096 };
#define CARD_IOC_SUM 0xc0106301u /* struct { u32 a, b; u64 sum } */
#define CARD_IOC_WAKE 0x6302u
#define CARD_IOC_SLEEP 0x6303u

/* Driver-world calls for the test, which includes no kernel header. */
unsigned int card_readl(void *at);
void card_writel(unsigned int value, void *at);
unsigned int card_deref_read(void *at);
unsigned char card_deref_read8(void *at);
void card_deref_write(unsigned int value, void *at);
void card_deref_or(unsigned int value, void *at);
unsigned long long card_deref_read64(void *at);
void *card_ioremap(unsigned long long phys, unsigned long size);
void card_iounmap(void *at);
unsigned long card_copy_to_user(void *to, const void *from, unsigned long size);
unsigned long card_copy_from_user(void *to, const void *from, unsigned long size);
long card_strncpy_from_user(char *to, const char *from, long size);
void *card_memremap(unsigned long long phys, unsigned long size);
void card_memunmap(void *at);
int card_request(unsigned long long start, unsigned long long size);
void card_release(unsigned long long start, unsigned long long size);
void card_wake(void);
int card_bad_config(void);
int card_platform_nonsense(void);

#endif
