/* SPDX-License-Identifier: MIT */
/*
 * Advice for people: the few sentences that matter most, the costliest first; or all of them, and
 * the tables. What several machines say of one call is said once, with the numbers of the machine
 * on which it costs most. A section that wants all machines to agree is silent where one does not:
 * what does nothing here may be needed there.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_MOST = 3 };

struct looks {
	FILE *out;
	const struct dmk_report *reports;
	size_t n;
	const struct dmk_text_options *options;
};

/* A row that has a twin on other machines. */
struct said {
	size_t section, report;
	const struct dmk_report_row *row;
};

bool dmk_advice_shown_named(const char *name, enum dmk_advice_shown *shown)
{
	static const char *const names[] = {
		[DMK_ADVICE_SHORT] = "short", [DMK_ADVICE_NONE] = "none", [DMK_ADVICE_ALL] = "all"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]))
			continue;
		*shown = i;
		return true;
	}
	return false;
}

/* --- one call on several machines ------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_place(const struct dmk_report_row *a, const struct dmk_report_row *b)
{
	const struct dmk_report_frame *x = dmk_report_place(&a->where);
	const struct dmk_report_frame *y = dmk_report_place(&b->where);

	if (!x || !y)
		return x == y;
	return x->line == y->line && same_text(x->file, y->file) &&
	       same_text(x->function, y->function);
}

/* What a row is of, and says in words, is the same; its numbers need not be. */
static bool is_twin(const struct dmk_report_row *a, const struct dmk_report_row *b)
{
	if (a->nr_cells != b->nr_cells || !same_place(a, b))
		return false;
	for (size_t i = 0; i < a->nr_cells; i++)
		if (!same_text(a->cell[i].text, b->cell[i].text))
			return false;
	return true;
}

static const struct dmk_report_row *twin_in(const struct dmk_report *report, size_t section,
					    const struct dmk_report_row *row)
{
	const struct dmk_report_section *in = section < report->nr_advice ? &report->advice[section]
									  : NULL;

	for (size_t i = 0; in && i < in->nr_rows; i++)
		if (is_twin(&in->row[i], row))
			return &in->row[i];
	return NULL;
}

static const struct dmk_report_section *section_of(const struct looks *looks,
						   const struct said *said)
{
	return &looks->reports[said->report].advice[said->section];
}

/* A machine that ran the call, and does not say so; NULL: none. */
static const char *against(const struct looks *looks, const struct said *said)
{
	for (size_t i = 0; i < looks->n; i++) {
		const struct dmk_report_row *twin = twin_in(&looks->reports[i], said->section,
							    said->row);

		if (twin && !twin->advice && section_of(looks, said)->agree)
			return looks->reports[i].machine;
	}
	return NULL;
}

/*
 * Whether it is to be said: no machine before had it, and all agree where they must. Who wants all
 * is told of what they don't agree on, too.
 */
static bool is_to_be_said(const struct looks *looks, const struct said *said)
{
	if (looks->options->advice != DMK_ADVICE_ALL && against(looks, said))
		return false;
	for (size_t i = 0; i < said->report; i++) {
		const struct dmk_report_row *twin = twin_in(&looks->reports[i], said->section,
							    said->row);

		if (twin && twin->advice)
			return false;
	}
	return twin_in(&looks->reports[said->report], said->section, said->row) == said->row;
}

static const struct dmk_report_row *heaviest(const struct looks *looks, const struct said *said)
{
	const struct dmk_report_row *best = said->row;

	for (size_t i = 0; i < looks->n; i++) {
		const struct dmk_report_row *twin = twin_in(&looks->reports[i], said->section,
							    said->row);

		if (twin && twin->advice && twin->weight > best->weight)
			best = twin;
	}
	return best;
}

static int compare(const void *a, const void *b)
{
	const struct said *x = a, *y = b;

	return (x->row->weight < y->row->weight) - (x->row->weight > y->row->weight);
}

/* All that is to be said, the heaviest first; *n of them. The caller frees it. */
static struct said *gather(const struct looks *looks, size_t *n)
{
	struct said *all = NULL;

	*n = 0;
	for (size_t i = 0; i < looks->n; i++) {
		for (size_t j = 0; j < looks->reports[i].nr_advice; j++) {
			const struct dmk_report_section *section = &looks->reports[i].advice[j];

			for (size_t k = 0; k < section->nr_rows; k++) {
				struct said said = {j, i, &section->row[k]}, *slot;

				if (!said.row->advice || !is_to_be_said(looks, &said))
					continue;
				slot = dmk_report_grow(&all, n, sizeof(*slot));
				if (!slot)
					return all;
				said.row = heaviest(looks, &said);
				*slot = said;
			}
		}
	}
	if (*n)
		qsort(all, *n, sizeof(*all), compare);
	return all;
}

/* --- sentences -------------------------------------------------------------------------------- */

static const char *ink(const struct looks *looks, const char *code)
{
	return looks->options->color ? code : "";
}
#define BOLD  "\033[1m"
#define FAINT "\033[2m"
#define PLAIN "\033[0m"

static const char *short_name(const struct looks *looks, const char *file)
{
	const size_t n = looks->options->prefix ? strlen(looks->options->prefix) : 0;

	return n && !strncmp(file, looks->options->prefix, n) && file[n] == '/' ? file + n + 1
										: file;
}

/* "driver.c:12 in probe", or the function alone. */
static void print_place(const struct looks *looks, FILE *out, const struct dmk_report_row *row)
{
	const struct dmk_report_frame *frame = dmk_report_place(&row->where);

	if (!frame)
		return;
	if (frame->file && frame->line)
		fprintf(out, "%s:%u in ", short_name(looks, frame->file), frame->line);
	if (frame->function)
		fputs(frame->function, out);
	else
		fprintf(out, "0x%" PRIx64, frame->address);
}

static size_t nr_ran(const struct looks *looks)
{
	size_t ran = 0;

	for (size_t i = 0; i < looks->n; i++)
		ran += looks->reports[i].advised;
	return ran;
}

static bool says(const struct looks *looks, const struct said *said, size_t report)
{
	const struct dmk_report_row *twin = twin_in(&looks->reports[report], said->section,
						    said->row);

	return twin && twin->advice;
}

static void list_machines(const struct looks *looks, const struct said *said)
{
	const char *before = "on ";
	size_t saying = 0;

	for (size_t i = 0; i < looks->n; i++)
		saying += says(looks, said, i);
	if (saying > 1 && saying == nr_ran(looks)) {
		fprintf(looks->out, "on all %zu machines", saying);
		return;
	}
	for (size_t i = 0; i < looks->n; i++) {
		if (!says(looks, said, i))
			continue;
		fprintf(looks->out, "%s%s", before, looks->reports[i].machine);
		before = ", ";
	}
}

/* On which machines it is said; where one alone can't say it for all, how to ask the others. */
static void print_machines(const struct looks *looks, const struct said *said)
{
	const bool alone = nr_ran(looks) == 1 && section_of(looks, said)->agree;

	if (looks->n == 1 && !alone)
		return;
	fprintf(looks->out, "    %s", ink(looks, FAINT));
	if (alone)
		fputs("--machine all tells whether another machine needs it", looks->out);
	else
		list_machines(looks, said);
	if (against(looks, said))
		fprintf(looks->out, "; but not on %s: keep it", against(looks, said));
	fprintf(looks->out, "%s\n", ink(looks, PLAIN));
}

enum { COLUMNS = 100, INDENT = 4 };

/* Broken between words. */
static void print_sentence(const struct looks *looks, const char *text)
{
	size_t column = 0;

	while (*text) {
		const size_t length = strcspn(text, " ");

		if (!column || column + 1 + length > COLUMNS) {
			fprintf(looks->out, "%s%*s", column ? "\n" : "", INDENT, "");
			column = INDENT;
		} else {
			fputc(' ', looks->out);
			column++;
		}
		fwrite(text, 1, length, looks->out);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', looks->out);
}

static void print_said(const struct looks *looks, const struct said *said)
{
	fprintf(looks->out, "  %s", ink(looks, BOLD));
	print_place(looks, looks->out, said->row);
	if (!said->row->where.n && said->row->nr_cells && said->row->cell[0].text)
		fputs(said->row->cell[0].text, looks->out);
	fprintf(looks->out, "%s\n", ink(looks, PLAIN));
	print_sentence(looks, said->row->advice);
	print_machines(looks, said);
}

static void print_heading(const struct looks *looks, size_t n, size_t shown)
{
	fprintf(looks->out, "%sadvice:%s what could be done with less, apart from findings",
		ink(looks, BOLD), ink(looks, PLAIN));
	if (shown < n)
		fprintf(looks->out,
			"; the costliest %zu of %zu, --advice all shows the others and all numbers",
			shown, n);
	else if (looks->options->advice == DMK_ADVICE_SHORT)
		fputs("; --advice all shows all numbers", looks->out);
	fputc('\n', looks->out);
}

/* --- tables ----------------------------------------------------------------------------------- */

/* A row as it is printed: a word for each column, one for the place before, the machines behind. */
struct line {
	char **word;
	size_t n;
	char *machines;
};

static void print_cell(FILE *out, const char *kind, const struct dmk_report_cell *cell)
{
	if (!strcmp(kind, "text"))
		fputs(cell->text ? cell->text : "?", out);
	else if (cell->number < 0)
		fputs("?", out);
	else if (!strcmp(kind, "seconds"))
		fprintf(out, "%.3f ms", cell->number * 1e3);
	else
		fprintf(out, "%.0f", cell->number);
}

static char *word_of(const char *kind, const struct dmk_report_cell *cell)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_cell(out, kind, cell);
	fclose(out);
	return text;
}

static char *place_of(const struct looks *looks, const struct dmk_report_row *row)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_place(looks, out, row);
	fclose(out);
	return text;
}

static void add_word(struct line *line, char *word)
{
	char **slot = dmk_report_grow(&line->word, &line->n, sizeof(*slot));

	if (slot)
		*slot = word;
	else
		free(word);
}

static struct line line_of(const struct looks *looks, const struct dmk_report_section *section,
			   const struct dmk_report_row *row)
{
	struct line line = {.n = 0};

	add_word(&line, place_of(looks, row));
	for (size_t i = 0; i < section->nr_columns && i < row->nr_cells; i++)
		add_word(&line, word_of(section->column[i].kind, &row->cell[i]));
	return line;
}

static void clear_line(struct line *line)
{
	for (size_t i = 0; i < line->n; i++)
		free(line->word[i]);
	free(line->word);
	free(line->machines);
}

/* Times differ from run to run, and are no reason to tell machines apart. */
static bool same_line(const struct dmk_report_section *section, const struct line *a,
		      const struct line *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (i && i <= section->nr_columns &&
		    !strcmp(section->column[i - 1].kind, "seconds"))
			continue;
		if (!same_text(a->word[i], b->word[i]))
			return false;
	}
	return true;
}

static void add_machine(struct line *line, const char *machine)
{
	char *all = line->machines ? dmk_report_format("%s, %s", line->machines, machine)
				   : strdup(machine);

	free(line->machines);
	line->machines = all;
}

/* A line of its own, or one that another machine has given already. */
static void add_line(struct line **lines, size_t *n, const struct dmk_report_section *section,
		     struct line *line, const char *machine)
{
	struct line *slot;

	for (size_t i = 0; i < *n; i++) {
		if (!same_line(section, &(*lines)[i], line))
			continue;
		add_machine(&(*lines)[i], machine);
		clear_line(line);
		return;
	}
	slot = dmk_report_grow(lines, n, sizeof(*slot));
	if (!slot) {
		clear_line(line);
		return;
	}
	*slot = *line;
	add_machine(slot, machine);
}

static bool is_text(const struct dmk_report_section *section, size_t column)
{
	return !column || !strcmp(section->column[column - 1].kind, "text");
}

static void print_line(const struct looks *looks, const struct dmk_report_section *section,
		       const struct line *line, const int *width)
{
	fputs("  ", looks->out);
	for (size_t i = 0; i < line->n; i++)
		fprintf(looks->out, is_text(section, i) ? "%-*s  " : "%*s  ", width[i],
			line->word[i] ? line->word[i] : "?");
	fprintf(looks->out, "%s\n", line->machines ? line->machines : "");
}

enum { COLUMNS_MOST = 16 };

static void print_lines(const struct looks *looks, const struct dmk_report_section *section,
			struct line *lines, size_t n)
{
	struct line head = {.n = 0};
	int width[COLUMNS_MOST] = {0};

	add_word(&head, strdup(""));
	for (size_t i = 0; i < section->nr_columns && i + 1 < COLUMNS_MOST; i++)
		add_word(&head, strdup(section->column[i].title));
	for (size_t i = 0; i < head.n; i++) {
		width[i] = (int)strlen(head.word[i]);
		for (size_t j = 0; j < n; j++)
			if (i < lines[j].n && lines[j].word[i] &&
			    (int)strlen(lines[j].word[i]) > width[i])
				width[i] = (int)strlen(lines[j].word[i]);
	}
	if (looks->n > 1)
		head.machines = strdup("on");
	print_line(looks, section, &head, width);
	for (size_t i = 0; i < n; i++) {
		if (looks->n == 1) {
			free(lines[i].machines);
			lines[i].machines = NULL;
		}
		print_line(looks, section, &lines[i], width);
	}
	clear_line(&head);
}

static void print_table(const struct looks *looks, size_t index)
{
	const struct dmk_report_section *section = NULL;
	struct line *lines = NULL;
	size_t n = 0;

	for (size_t i = 0; i < looks->n; i++) {
		if (index >= looks->reports[i].nr_advice)
			continue;
		section = &looks->reports[i].advice[index];
		for (size_t j = 0; j < section->nr_rows; j++) {
			struct line line = line_of(looks, section, &section->row[j]);

			add_line(&lines, &n, section, &line, looks->reports[i].machine);
		}
	}
	if (n) {
		fprintf(looks->out, "\n%s%s%s: %s\n", ink(looks, BOLD), section->title,
			ink(looks, PLAIN), section->sentence);
		print_lines(looks, section, lines, n);
	}
	for (size_t i = 0; i < n; i++)
		clear_line(&lines[i]);
	free(lines);
}

static void print_tables(const struct looks *looks)
{
	size_t most = 0;

	for (size_t i = 0; i < looks->n; i++)
		if (looks->reports[i].nr_advice > most)
			most = looks->reports[i].nr_advice;
	for (size_t i = 0; i < most; i++)
		print_table(looks, i);
}

void dmk_text_advice(FILE *out, const struct dmk_report *reports, size_t n,
		     const struct dmk_text_options *options)
{
	const struct looks looks = {out, reports, n, options};
	const bool all = options->advice == DMK_ADVICE_ALL;
	struct said *said;
	size_t nr_said, shown;

	if (options->advice == DMK_ADVICE_NONE || !nr_ran(&looks))
		return;
	said = gather(&looks, &nr_said);
	shown = all || nr_said < SHORT_MOST ? nr_said : SHORT_MOST;
	if (nr_said || all)
		print_heading(&looks, nr_said, shown);
	for (size_t i = 0; i < shown; i++)
		print_said(&looks, &said[i]);
	if (all)
		print_tables(&looks);
	if (nr_said || all)
		fputc('\n', out);
	free(said);
}
