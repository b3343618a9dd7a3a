/* SPDX-License-Identifier: MIT */
/*
 * Two plain tools of the shadow: a hash index over intrusive links, and a pile of equal records
 * that are reused. Neither knows what it holds, and neither locks.
 */
#ifndef CHECK_TABLES_H
#define CHECK_TABLES_H

#include <dmakit/types.h>

struct dmk_link {
	struct dmk_link *next;
	uint64_t key;
};

/**
 * Several links may have one key. Grows by doubling; when memory for that is out, chains get longer
 * and nothing is lost.
 */
struct dmk_index {
	struct dmk_link **bucket;
	size_t buckets; /* a power of two */
	size_t count;
};

bool dmk_index_init(struct dmk_index *index, size_t buckets);
void dmk_index_exit(struct dmk_index *index);
void dmk_index_add(struct dmk_index *index, struct dmk_link *link, uint64_t key);
void dmk_index_remove(struct dmk_index *index, struct dmk_link *link);
/** First link with @key, newest first, and the next one with the same key; NULL: no more. */
struct dmk_link *dmk_index_find(const struct dmk_index *index, uint64_t key);
struct dmk_link *dmk_index_more(const struct dmk_link *link);

/** A good hash of one word, and of a word on top of another hash. */
uint64_t dmk_hash(uint64_t value);
uint64_t dmk_hash_more(uint64_t hash, uint64_t value);
uint64_t dmk_hash_text(const char *text);

struct dmk_pile_chunk;

/**
 * Records of one size, handed out zeroed and taken back; memory goes back to libc at the end only.
 */
struct dmk_pile {
	size_t size; /* bytes of a record, at least a pointer */
	void *free;
	struct dmk_pile_chunk *chunks;
};

void dmk_pile_init(struct dmk_pile *pile, size_t size);
void dmk_pile_exit(struct dmk_pile *pile);
/** dmk_pile_get - a zeroed record; NULL: out of memory. */
void *dmk_pile_get(struct dmk_pile *pile);
void dmk_pile_put(struct dmk_pile *pile, void *record);

/** The structure around a member. */
#define DMK_AROUND(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
