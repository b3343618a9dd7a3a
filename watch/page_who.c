/* SPDX-License-Identifier: MIT */
/*
 * Whose an access was that met a fence. dmakit's own code is told by its debug information, libc
 * and its kin by where they lie; all else is the driver's. What they do for the driver is found by
 * the stack: the unwinder's, since libc has no frame pointers.
 *
 *	driver                              the driver's
 *	driver -> memcpy()                  the driver's
 *	driver -> copy_to_user() -> ...     the driver's: a call that works on its buffer
 *	driver -> any other call of ours    dmakit's, and right: kfree() fills what is freed, say
 */
#include "page.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include <linux/fs.h>
#include <linux/io.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <linux/uaccess.h>

enum { SYSTEM_RANGES = 256, FRAMES_MAX = 32 };

/* Calls whose work Linux does on the driver's memory: those of calls.c that libc has not. */
static const struct {
	const void *code;
	const char *name;
} on_behalf[] = {
	{dmk_strscpy, "strscpy"},
	{dmk_strscpy_pad, "strscpy_pad"},
	{memchr_inv, "memchr_inv"},
	{memzero_explicit, "memzero_explicit"},
	{memset16, "memset16"},
	{memset32, "memset32"},
	{memset64, "memset64"},
	{memcpy_fromio, "memcpy_fromio"},
	{memcpy_toio, "memcpy_toio"},
	{copy_from_user, "copy_from_user"},
	{copy_to_user, "copy_to_user"},
	{simple_read_from_buffer, "simple_read_from_buffer"},
	{simple_write_to_buffer, "simple_write_to_buffer"},
	{print_hex_dump, "print_hex_dump"},
	{sg_copy_buffer, "sg_copy_buffer"},
};

/* Code of shared objects that the system brings. Written before any driver runs. */
static struct {
	uintptr_t first, end;
} system_code[SYSTEM_RANGES];
static size_t nr_system;

/* --- what code is ----------------------------------------------------------------------------- */

static bool is_of_the_system(const char *path)
{
	static const char *const place[] = {"/lib", "/usr/lib", "/usr/local/lib", "linux-vdso"};

	for (size_t i = 0; i < sizeof(place) / sizeof(*place); i++)
		if (!strncmp(path, place[i], strlen(place[i])))
			return true;
	return false;
}

static int note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	for (unsigned int i = 0; i < info->dlpi_phnum && nr_system < SYSTEM_RANGES; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) ||
		    !is_of_the_system(info->dlpi_name))
			continue;
		system_code[nr_system].first = info->dlpi_addr + part->p_vaddr;
		system_code[nr_system].end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
		nr_system++;
	}
	return 0;
}

static _Unwind_Reason_Code no_frame(struct _Unwind_Context *context, void *unused)
{
	return _URC_END_OF_STACK;
}

/* The unwinder reads its tables when it is first called. */
void dmk_watch_page_prepare(void)
{
	nr_system = 0;
	dl_iterate_phdr(note_object, NULL);
	_Unwind_Backtrace(no_frame, NULL);
}

static bool is_system(uintptr_t pc)
{
	for (size_t i = 0; i < nr_system; i++)
		if (pc >= system_code[i].first && pc < system_code[i].end)
			return true;
	return false;
}

static const char *name_on_behalf(uintptr_t pc)
{
	const void *function = _Unwind_FindEnclosingFunction((void *)pc);

	for (size_t i = 0; i < sizeof(on_behalf) / sizeof(*on_behalf); i++)
		if (on_behalf[i].code == function)
			return on_behalf[i].name;
	return NULL;
}

/* --- the stack -------------------------------------------------------------------------------- */

struct walk {
	const struct dmk_watch_code *code;
	uintptr_t pc; /* where it faulted */
	bool reached; /* frames before that are the handler's */
	unsigned int n;
	uintptr_t ours;   /* the outermost frame of dmakit's so far; 0: none */
	uintptr_t caller; /* the driver's; 0: none */
	uintptr_t frame;  /* the driver's frame pointer */
};

/* The DWARF numbers of the frame pointer. */
#if defined(__x86_64__)
enum { FRAME_POINTER = 6 };
#elif defined(__aarch64__)
enum { FRAME_POINTER = 29 };
#else
enum { FRAME_POINTER = 8 };
#endif

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *data)
{
	struct walk *walk = data;
	const uintptr_t pc = _Unwind_GetIP(context);

	walk->reached = walk->reached || pc == walk->pc;
	if (!walk->reached)
		return _URC_NO_REASON;
	if (++walk->n > FRAMES_MAX)
		return _URC_END_OF_STACK;
	if (is_system(pc))
		return _URC_NO_REASON;
	if (walk->code->is_library(walk->code->ctx, (const void *)(pc - 1))) {
		walk->ours = pc;
		return _URC_NO_REASON;
	}
	walk->caller = pc;
	walk->frame = _Unwind_GetGR(context, FRAME_POINTER);
	return _URC_END_OF_STACK;
}

bool dmk_watch_page_who(const struct dmk_watch_code *code, struct dmk_watch_at at,
			struct dmk_watch_place *place)
{
	struct walk walk = {.code = code, .pc = at.pc};

	if (!is_system(at.pc) && !code->is_library(code->ctx, (const void *)at.pc)) {
		/* As a return address: one past the first byte of the instruction. */
		*place = (struct dmk_watch_place){(const void *)(at.pc + 1), (const void *)at.frame,
						  NULL};
		return true;
	}
	_Unwind_Backtrace(look, &walk);
	if (!walk.caller)
		return false;
	*place = (struct dmk_watch_place){(const void *)walk.caller, (const void *)walk.frame,
					  "a library's call"};
	if (walk.ours)
		place->call = name_on_behalf(walk.ours - 1);
	return place->call != NULL;
}
