/* SPDX-License-Identifier: MIT */
/* The hash index and the pile of records behind tables.h. */
#include <stdlib.h>
#include <string.h>

#include "tables.h"

enum { RECORDS_PER_CHUNK = 256, LINE = 64 /* of a processor's cache */ };

struct dmk_pile_chunk {
	struct dmk_pile_chunk *next;
	_Alignas(LINE) char records[];
};

uint64_t dmk_hash(uint64_t value)
{
	value *= 0x9e3779b97f4a7c15ULL;
	value ^= value >> 32;
	value *= 0xd6e8feb86659fd93ULL;
	return value ^ (value >> 32);
}

uint64_t dmk_hash_more(uint64_t hash, uint64_t value)
{
	return dmk_hash(hash ^ (value + 0x9e3779b97f4a7c15ULL + (hash << 6)));
}

uint64_t dmk_hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

bool dmk_index_init(struct dmk_index *index, size_t buckets)
{
	index->bucket = calloc(buckets, sizeof(*index->bucket));
	index->buckets = buckets;
	index->count = 0;
	return index->bucket != NULL;
}

void dmk_index_exit(struct dmk_index *index)
{
	free(index->bucket);
	index->bucket = NULL;
}

static struct dmk_link **bucket_of(const struct dmk_index *index, uint64_t key)
{
	return &index->bucket[dmk_hash(key) & (index->buckets - 1)];
}

static void link_in(struct dmk_index *index, struct dmk_link *link)
{
	struct dmk_link **bucket = bucket_of(index, link->key);

	link->next = *bucket;
	*bucket = link;
}

static void grow(struct dmk_index *index)
{
	struct dmk_index bigger;
	struct dmk_link *link, *next, *reversed;

	if (!dmk_index_init(&bigger, index->buckets * 2))
		return;
	for (size_t i = 0; i < index->buckets; i++) {
		/* Turned round first, so that newest stays first among equal keys. */
		reversed = NULL;
		for (link = index->bucket[i]; link; link = next) {
			next = link->next;
			link->next = reversed;
			reversed = link;
		}
		for (link = reversed; link; link = next) {
			next = link->next;
			link_in(&bigger, link);
		}
	}
	bigger.count = index->count;
	free(index->bucket);
	*index = bigger;
}

void dmk_index_add(struct dmk_index *index, struct dmk_link *link, uint64_t key)
{
	if (index->count >= index->buckets)
		grow(index);
	link->key = key;
	link_in(index, link);
	index->count++;
}

void dmk_index_remove(struct dmk_index *index, struct dmk_link *link)
{
	struct dmk_link **at = bucket_of(index, link->key);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	index->count--;
}

static struct dmk_link *with_key(struct dmk_link *link, uint64_t key)
{
	while (link && link->key != key)
		link = link->next;
	return link;
}

struct dmk_link *dmk_index_find(const struct dmk_index *index, uint64_t key)
{
	return with_key(*bucket_of(index, key), key);
}

struct dmk_link *dmk_index_more(const struct dmk_link *link)
{
	return with_key(link->next, link->key);
}

void dmk_pile_init(struct dmk_pile *pile, size_t size)
{
	const size_t part = size < 4 * LINE ? 16 : LINE;

	pile->size = (size + part - 1) & ~(part - 1);
	pile->free = NULL;
	pile->chunks = NULL;
}

void dmk_pile_exit(struct dmk_pile *pile)
{
	struct dmk_pile_chunk *chunk, *next;

	for (chunk = pile->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	pile->chunks = NULL;
	pile->free = NULL;
}

static bool refill(struct dmk_pile *pile)
{
	struct dmk_pile_chunk *chunk =
		aligned_alloc(LINE, sizeof(*chunk) + pile->size * RECORDS_PER_CHUNK);

	if (!chunk)
		return false;
	chunk->next = pile->chunks;
	pile->chunks = chunk;
	for (size_t i = 0; i < RECORDS_PER_CHUNK; i++)
		dmk_pile_put(pile, chunk->records + i * pile->size);
	return true;
}

void *dmk_pile_get(struct dmk_pile *pile)
{
	void *record;

	if (!pile->free && !refill(pile))
		return NULL;
	record = pile->free;
	pile->free = *(void **)record;
	return memset(record, 0, pile->size);
}

void dmk_pile_put(struct dmk_pile *pile, void *record)
{
	*(void **)record = pile->free;
	pile->free = record;
}
