/* SPDX-License-Identifier: MIT */
/*
 * Object files read by elfutils' libelf: symbols, and the two sections in which a driver's macros
 * leave words. Not what a link of them would say.
 */
#include "dmakit/objects.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

bool tool_args_has(const struct tool_args *args, const char *word)
{
	for (size_t i = 0; i < args->n; i++) {
		if (!strcmp(args->item[i], word))
			return true;
	}
	return false;
}

static void read_symbol(const GElf_Sym *symbol, const char *name, struct tool_symbols *symbols)
{
	const unsigned char binding = GELF_ST_BIND(symbol->st_info);

	symbols->has_init |= !strncmp(name, "dmk_entry_init_", 15);
	if (binding == STB_LOCAL || !*name)
		return;
	if (symbol->st_shndx != SHN_UNDEF) {
		if (binding == STB_GLOBAL)
			tool_args_add(&symbols->defined, name);
		return;
	}
	symbols->watched |= !strncmp(name, "dmk_watch_", 10);
	tool_args_add(&symbols->wanted, name);
}

static void read_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
		       struct tool_symbols *symbols)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data && i < n; i++) {
		const char *name;

		if (!gelf_getsym(data, (int)i, &symbol))
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			read_symbol(&symbol, name, symbols);
	}
}

/* Strings one after the other, zeroes between them; those that begin with @prefix, without it. */
static void read_words(Elf_Scn *section, const char *prefix, struct tool_args *words)
{
	const Elf_Data *data = elf_getdata(section, NULL);
	const size_t skip = strlen(prefix);
	const char *at, *end;

	if (!data || !data->d_buf)
		return;
	end = (const char *)data->d_buf + data->d_size;
	for (at = data->d_buf; at < end; at += strnlen(at, end - at) + 1) {
		if (*at && memchr(at, '\0', end - at) && !strncmp(at, prefix, skip))
			tool_args_add(words, at + skip);
	}
}

static void read_sections(Elf *elf, size_t names, struct tool_symbols *symbols)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (header.sh_type == SHT_SYMTAB)
			read_table(elf, section, &header, symbols);
		else if (name && !strcmp(name, ".gnu.linkonce.this_module"))
			symbols->is_kernels = true;
		else if (name && !strcmp(name, "dmk_exports"))
			read_words(section, "", &symbols->exported);
		else if (name && !strcmp(name, "dmk_modinfo"))
			read_words(section, "softdep=", &symbols->softdep);
	}
}

bool tool_is_static(const char *program)
{
	const int fd = open(program, O_RDONLY | O_CLOEXEC);
	bool is_static = false;
	GElf_Phdr header;
	size_t n = 0;
	Elf *elf = NULL;

	elf_version(EV_CURRENT);
	if (fd >= 0)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && !elf_getphdrnum(elf, &n))
		is_static = n > 0;
	for (size_t i = 0; i < n && is_static; i++)
		is_static = !gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP;
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return is_static;
}

int tool_symbols_read(const char *object, struct tool_symbols *symbols)
{
	const int fd = open(object, O_RDONLY | O_CLOEXEC);
	GElf_Ehdr header;
	Elf *elf = NULL;
	size_t names;
	int result = -1;

	elf_version(EV_CURRENT);
	if (fd >= 0)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || !gelf_getehdr(elf, &header) || header.e_type != ET_REL ||
	    elf_getshdrstrndx(elf, &names))
		goto close;
	read_sections(elf, names, symbols);
	result = 0;
close:
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return result;
}

void tool_symbols_free(struct tool_symbols *symbols)
{
	tool_args_free(&symbols->defined);
	tool_args_free(&symbols->wanted);
	tool_args_free(&symbols->exported);
	tool_args_free(&symbols->softdep);
}
