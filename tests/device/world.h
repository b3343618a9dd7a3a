/* SPDX-License-Identifier: MIT */
/*
 * What the test sees of the driver in world.c; both worlds include it.
 */
#ifndef TESTS_DEVICE_WORLD_H
#define TESTS_DEVICE_WORLD_H

enum { WORLD_TEXT = 64, WORLD_RECORDS = 1000, WORLD_RECORD_BYTES = 12 };

struct world_state {
	char text[WORLD_TEXT];
	int number;
	int starts, stops, shows, releases;
	int wide, skipped, failing; /* numbers of records */
	int remove_in_write, leave_behind, hide_secret;
	unsigned int probed; /* bus, device, function */
	unsigned long id_data;
	int controlled;
	void *memory[3];
};

extern struct world_state world;

int world_twice(void);
void world_remove_text(void);

int world_objects(void);
void world_no_objects(void);
int world_object_twice(void);

enum { WORLD_WRITE = 1, WORLD_CHANGE = 2, WORLD_GET = 4, WORLD_NO_LOCK = 8 };
int world_hold(void *address, int n, int how);
int world_hold_under_lock(void *address);
void world_let_go(int n, int how);

int world_uio(void);
void world_uio_event(void);
void world_no_uio(void);
void world_free_memory(void);

#endif
