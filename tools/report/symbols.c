/* SPDX-License-Identifier: MIT */
/*
 * Names for code addresses: function, file, line, inlined frames, by elfutils' libdwfl. It reads
 * debug information that is there, and never asks a server for it.
 *
 * It also tells dmakit's own code from the driver's: by where the sources lay when dmakit was
 * built, which the debug information of this very file says; headers of ours count as ours when
 * inlined.
 */
#include "report/report.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dmk_symbols {
	/* libdw is for one thread at a time: guards dwfl and all that came from it */
	pthread_mutex_t lock;
	Dwfl *dwfl;
	Dwfl_Module *program; /* the program itself; others are libraries, the C library say */
	char root[PATH_MAX];  /* of dmakit's sources, with a slash at its end; "": not known */
	struct range {
		uint64_t first, end;
	} * library; /* dmakit's own code, ascending */
	size_t nr_library;
};

static char *no_debuginfo_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &no_debuginfo_path,
};

/* "/a/./b/../c" -> "/a/c", in place; names only, the file system is not asked. */
static void tidy(char *path)
{
	char *out = path, *in = path;

	while (*in) {
		if (in[0] == '/' && in[1] == '/') {
			in++;
		} else if (in[0] == '/' && in[1] == '.' && (in[2] == '/' || !in[2])) {
			in += 2;
		} else if (in[0] == '/' && in[1] == '.' && in[2] == '.' &&
			   (in[3] == '/' || !in[3]) && out > path) {
			in += 3;
			while (out > path && *--out != '/')
				;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

static char *absolute(const char *directory, const char *file)
{
	char *path;

	if (file[0] == '/' || !directory)
		path = strdup(file);
	else
		path = dmk_report_format("%s/%s", directory, file);
	if (path && path[0] == '/')
		tidy(path);
	return path;
}

static const char *directory_of(Dwarf_Die *cu)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &attribute));
}

/*
 * The unit of a code address. clang leaves out the table of address ranges, and in its gaps libdwfl
 * takes the unit before: so its answer is checked, and where it is wrong each unit is asked.
 */
static Dwarf_Die *unit_at(Dwfl_Module *module, Dwarf_Addr pc, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = module ? dwfl_module_addrdie(module, pc, bias) : NULL;

	if (!module || (cu && dwarf_haspc(cu, pc - *bias) == 1))
		return cu;
	cu = NULL;
	while ((cu = dwfl_module_nextcu(module, cu, bias))) {
		if (dwarf_haspc(cu, pc - *bias) == 1)
			return cu;
	}
	return NULL;
}

/* The root is what remains of this file's own path. */
static void find_root(struct dmk_symbols *symbols)
{
	static const char own[] = "tools/report/symbols.c";
	Dwarf_Addr bias;
	Dwarf_Die *cu = unit_at(symbols->program, (Dwarf_Addr)(uintptr_t)dmk_symbols_self, &bias);
	const char *name = cu ? dwarf_diename(cu) : NULL;
	char *path = name ? absolute(directory_of(cu), name) : NULL;
	size_t n = path ? strlen(path) : 0;

	if (n > sizeof(own) && n - sizeof(own) + 1 < sizeof(symbols->root) &&
	    !strcmp(path + n - sizeof(own) + 1, own)) {
		memcpy(symbols->root, path, n - sizeof(own) + 1);
		symbols->root[n - sizeof(own) + 1] = '\0';
	}
	free(path);
}

static bool is_ours(const struct dmk_symbols *symbols, const char *file)
{
	static const char *const part[] = {
		"core/",  "kernel/",    "machine/",      "models/",        "check/",
		"watch/", "tools/run/", "tools/report/", "tools/preload/", "include/",
	};
	size_t n = strlen(symbols->root);

	if (strstr(file, "/include/dmakit/linux/") || strstr(file, "/include/dmakit/asm/") ||
	    strstr(file, "/include/dmakit/scsi/") || strstr(file, "/include/dmakit/dmakit/"))
		return true; /* the headers, installed */
	if (!n || strncmp(file, symbols->root, n))
		return false;
	for (unsigned int i = 0; i < sizeof(part) / sizeof(*part); i++) {
		if (!strncmp(file + n, part[i], strlen(part[i])))
			return true;
	}
	return false;
}

/* --- which code is the library's -------------------------------------------------------------- */

static void note_unit(struct dmk_symbols *symbols, Dwarf_Die *cu, Dwarf_Addr bias)
{
	const char *name = dwarf_diename(cu);
	char *path = name ? absolute(directory_of(cu), name) : NULL;
	Dwarf_Addr base, first, end;
	ptrdiff_t next = 0;

	if (path && is_ours(symbols, path)) {
		while ((next = dwarf_ranges(cu, next, &base, &first, &end)) > 0) {
			struct range *range = dmk_report_grow(&symbols->library,
							      &symbols->nr_library, sizeof(*range));

			if (!range)
				break;
			*range = (struct range){first + bias, end + bias};
		}
	}
	free(path);
}

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void note_library(struct dmk_symbols *symbols)
{
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;

	if (!symbols->program || !symbols->root[0])
		return;
	while ((cu = dwfl_module_nextcu(symbols->program, cu, &bias)))
		note_unit(symbols, cu, bias);
	if (symbols->nr_library)
		qsort(symbols->library, symbols->nr_library, sizeof(*symbols->library), by_address);
}

bool dmk_symbols_is_library(const struct dmk_symbols *symbols, const void *code)
{
	uint64_t pc = (uintptr_t)code;
	size_t low = 0, high = symbols ? symbols->nr_library : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pc < symbols->library[middle].first)
			high = middle;
		else if (pc >= symbols->library[middle].end)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/* --- life ------------------------------------------------------------------------------------- */

struct dmk_symbols *dmk_symbols_self(void)
{
	struct dmk_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	pthread_mutex_init(&symbols->lock, NULL);
	setenv("DEBUGINFOD_URLS", "", 1);
	symbols->dwfl = dwfl_begin(&callbacks);
	if (!symbols->dwfl || dwfl_linux_proc_report(symbols->dwfl, getpid()) != 0 ||
	    dwfl_report_end(symbols->dwfl, NULL, NULL) != 0) {
		dmk_symbols_free(symbols);
		return NULL;
	}
	symbols->program = dwfl_addrmodule(symbols->dwfl, (Dwarf_Addr)(uintptr_t)dmk_symbols_self);
	find_root(symbols);
	note_library(symbols);
	return symbols;
}

struct dmk_symbols *dmk_symbols_file(const char *program, uint64_t bias)
{
	struct dmk_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	pthread_mutex_init(&symbols->lock, NULL);
	setenv("DEBUGINFOD_URLS", "", 1);
	symbols->dwfl = dwfl_begin(&callbacks);
	if (symbols->dwfl)
		symbols->program = dwfl_report_elf(symbols->dwfl, "program", program, -1, bias,
						   false);
	if (!symbols->program || dwfl_report_end(symbols->dwfl, NULL, NULL) != 0) {
		dmk_symbols_free(symbols);
		return NULL;
	}
	return symbols;
}

void dmk_symbols_free(struct dmk_symbols *symbols)
{
	if (!symbols)
		return;
	if (symbols->dwfl)
		dwfl_end(symbols->dwfl);
	pthread_mutex_destroy(&symbols->lock);
	free(symbols->library);
	free(symbols);
}

/* --- one address ------------------------------------------------------------------------------ */

struct place {
	Dwfl_Module *module;
	Dwarf_Die *cu;
	const char *file; /* as the debug information has it */
	int line;
};

static void add_frame(const struct dmk_symbols *symbols, struct dmk_report_stack *out,
		      const char *function, const struct place *place, uint64_t address,
		      bool inlined)
{
	struct dmk_report_frame *frame = dmk_report_grow(&out->frame, &out->n, sizeof(*frame));

	if (!frame)
		return;
	frame->function = function ? strdup(function) : NULL;
	frame->file = place->file ? absolute(directory_of(place->cu), place->file) : NULL;
	frame->line = place->line > 0 ? place->line : 0;
	frame->address = address;
	frame->inlined = inlined;
	if (place->module && place->module != symbols->program)
		frame->ours = true;
	else
		frame->ours = frame->file ? is_ours(symbols, frame->file)
					  : function && !strncmp(function, "dmk_", 4);
}

/* Where an inlined function was called from, in terms of the function around it. */
static void caller_of(Dwarf_Die *inlined, struct place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Files *files;
	size_t n;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0)
		place->line = (int)value;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 &&
	    dwarf_getsrcfiles(place->cu, &files, &n) == 0 && value < n)
		place->file = dwarf_filesrc(files, value, NULL, NULL);
}

/*
 * The scopes that physically hold @pc, innermost first. dwarf_getscopes() leaves the physical ones
 * at the first inlined function, for those around its definition; so it is asked for that function
 * only. To be freed.
 */
static int scopes_at(Dwarf_Die *cu, Dwarf_Addr pc, Dwarf_Die **out)
{
	Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes(cu, pc, &scopes), inner = 0;

	*out = NULL;
	while (inner < n && dwarf_tag(&scopes[inner]) != DW_TAG_inlined_subroutine &&
	       dwarf_tag(&scopes[inner]) != DW_TAG_subprogram)
		inner++;
	n = inner < n ? dwarf_getscopes_die(&scopes[inner], out) : 0;
	free(scopes);
	return n;
}

/*
 * The inlined functions around @pc, and the function that holds them. False: no debug information.
 */
static bool add_scopes(struct dmk_symbols *symbols, struct dmk_report_stack *out,
		       struct place *place, Dwarf_Addr pc, Dwarf_Addr bias, uint64_t address)
{
	Dwarf_Die *scopes;
	int n = scopes_at(place->cu, pc - bias, &scopes);
	bool found = false;

	for (int i = 0; i < n; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		add_frame(symbols, out, dwarf_diename(&scopes[i]), place, address,
			  tag == DW_TAG_inlined_subroutine);
		found = true;
		if (tag == DW_TAG_subprogram)
			break;
		caller_of(&scopes[i], place);
	}
	free(scopes);
	return found;
}

static void add_address(struct dmk_symbols *symbols, struct dmk_report_stack *out, uint64_t address,
			uint64_t pc)
{
	Dwfl_Module *module = symbols ? dwfl_addrmodule(symbols->dwfl, pc) : NULL;
	struct place place = {.module = module};
	Dwarf_Line *line;
	Dwarf_Addr bias;

	if (!module) {
		add_frame(symbols, out, NULL, &place, address, false);
		return;
	}
	place.cu = unit_at(module, pc, &bias);
	line = place.cu ? dwarf_getsrc_die(place.cu, pc - bias) : NULL;
	if (line)
		place.file = dwarf_linesrc(line, NULL, NULL);
	if (line && dwarf_lineno(line, &place.line) != 0)
		place.line = 0;
	if (line && add_scopes(symbols, out, &place, pc, bias, address))
		return;
	add_frame(symbols, out, dwfl_module_addrname(module, pc), &place, address, false);
}

void dmk_symbols_addresses(struct dmk_symbols *symbols, const uint64_t *address, size_t n,
			   bool exact, struct dmk_report_stack *out)
{
	if (symbols)
		pthread_mutex_lock(&symbols->lock);
	for (size_t i = 0; i < n; i++)
		add_address(symbols, out, address[i], address[i] - !(exact && i == 0));
	if (symbols)
		pthread_mutex_unlock(&symbols->lock);
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t line_number_of(const char *file, int line)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *file; file++)
		hash = (hash ^ (unsigned char)*file) * 0x100000001b3ULL;
	hash = (hash ^ (unsigned int)line) * 0x100000001b3ULL;
	return hash ? hash : 1;
}

uint64_t dmk_symbols_line(struct dmk_symbols *symbols, const void *code)
{
	struct dmk_report_stack stack = { NULL, 0 };
	const uint64_t address = (uintptr_t)code;
	const struct dmk_report_frame *frame;
	uint64_t line = 0;

	if (!symbols)
		return 0;
	dmk_symbols_addresses(symbols, &address, 1, false, &stack);
	frame = dmk_report_place(&stack);
	if (frame && frame->file && frame->line)
		line = line_number_of(frame->file, (int)frame->line);
	dmk_report_clear_stack(&stack);
	return line;
}

void dmk_symbols_stack(struct dmk_symbols *symbols, const struct dmk_stack *stack, bool exact,
		       struct dmk_report_stack *out)
{
	uint64_t address[DMK_STACK_MAX];

	for (unsigned int i = 0; i < stack->depth; i++)
		address[i] = (uintptr_t)stack->frame[i];
	dmk_symbols_addresses(symbols, address, stack->depth, exact, out);
}
