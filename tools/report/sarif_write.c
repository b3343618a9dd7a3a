/* SPDX-License-Identifier: MIT */
/*
 * A report as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"). A finding is a
 * result, whatever number of machines gave it; a machine is an invocation. A crash and a hang are
 * results too, of rules of their own, since they have a line. What else keeps a run from being a
 * success is a notification.
 */
#include "report/json.h"
#include "report/merge.h"
#include "report/rule_page.h"
#include "report/sarif.h"

#include <errno.h>
#include <unistd.h>

static const char schema[] =
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

struct sarif {
	const struct dmk_sarif_options *options;
	json_t *rules, *results;
	json_t *seen; /* how often each fingerprint came */
};

/* --- places ----------------------------------------------------------------------------------- */

/* RFC 3986: what may stand in a path as it is. */
static char *uri_of(const char *prefix, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/!$&'()*+,;=@";
	char *uri = malloc(strlen(prefix) + 3 * strlen(path) + 1), *out = uri;

	if (!uri)
		return NULL;
	out += sprintf(out, "%s", prefix);
	for (; *path; path++)
		out += strchr(plain, *path) ? sprintf(out, "%c", *path)
					    : sprintf(out, "%%%02X", (unsigned char)*path);
	*out = '\0';
	return uri;
}

/* The part of @file below the directory that names are relative to; NULL: it is not below. */
static const char *below(const struct sarif *sarif, const char *file)
{
	const char *directory = sarif->options->directory;
	const size_t n = directory ? strlen(directory) : 0;

	if (!n || strncmp(file, directory, n) || file[n] != '/')
		return NULL;
	return file + n + 1;
}

static json_t *string_and_free(char *text)
{
	json_t *string = text ? text_of(text) : json_string("");

	free(text);
	return string;
}

/* A directory's URI ends with a slash. */
static json_t *directory_of(const char *directory)
{
	char *path = dmk_report_format("%s/", directory);
	json_t *uri = string_and_free(uri_of("file://", path ? path : directory));

	free(path);
	return json_pack("{s:o}", "uri", uri);
}

static json_t *artifact_of(const struct sarif *sarif, const char *file)
{
	const char *relative = file[0] == '/' ? below(sarif, file) : file;

	if (!relative)
		return json_pack("{s:o}", "uri", string_and_free(uri_of("file://", file)));
	return json_pack("{s:o, s:s}", "uri", string_and_free(uri_of("", relative)), "uriBaseId",
			 "SRCROOT");
}

/*
 * In a message braces stand for arguments, and brackets for links: the specification has both
 * written so.
 */
static json_t *message_of(const char *text)
{
	char *escaped = malloc(2 * strlen(text) + 1), *out = escaped;

	if (!escaped)
		return json_pack("{s:s}", "text", "");
	for (; *text; text++) {
		if (*text == '{' || *text == '}')
			*out++ = *text;
		else if (*text == '[' || *text == ']')
			*out++ = '\\';
		*out++ = *text;
	}
	*out = '\0';
	return json_pack("{s:o}", "text", string_and_free(escaped));
}

static json_t *region_of(const char *file, unsigned int line)
{
	json_t *region = json_pack("{s:I}", "startLine", (json_int_t)line);
	char *text = dmk_source_line(file, line);

	if (text && *text)
		json_object_set_new(region, "snippet", json_pack("{s:o}", "text", text_of(text)));
	free(text);
	return region;
}

/* @quoted: with the line's text */
static json_t *line_location(const struct sarif *sarif, const char *file, unsigned int line,
			     bool quoted)
{
	json_t *physical = json_pack("{s:o}", "artifactLocation", artifact_of(sarif, file));

	if (line)
		json_object_set_new(physical, "region", region_of(quoted ? file : NULL, line));
	return json_pack("{s:o}", "physicalLocation", physical);
}

/* @message NULL: none. */
static json_t *location_of(const struct sarif *sarif, const struct dmk_report_frame *frame,
			   const char *message)
{
	json_t *location = frame->file
				   ? line_location(sarif, frame->file, frame->line, !frame->ours)
				   : json_object();

	if (frame->function)
		json_object_set_new(location, "logicalLocations",
				    json_pack("[{s:o, s:s}]", "name", text_of(frame->function),
					      "kind", "function"));
	if (message)
		json_object_set_new(location, "message", message_of(message));
	return location;
}

static json_t *stack_of(const struct sarif *sarif, const struct dmk_report_stack *stack,
			const char *label)
{
	json_t *frames = json_array();

	for (size_t i = 0; i < stack->n; i++) {
		const struct dmk_report_frame *frame = &stack->frame[i];
		json_t *one = json_pack("{s:o}", "location", location_of(sarif, frame, NULL));

		if (frame->ours)
			json_object_set_new(one, "module", json_string("dmakit"));
		json_array_append_new(frames, one);
	}
	return json_pack("{s:o, s:o}", "message", message_of(label), "frames", frames);
}

/* --- results ---------------------------------------------------------------------------------- */

static size_t rule_index(const struct sarif *sarif, const char *id)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(sarif->rules, i, rule)
	{
		if (!strcmp(json_string_value(json_object_get(rule, "id")), id))
			break;
	}
	return i;
}

static uint64_t hash_more(uint64_t hash, const char *text)
{
	/* FNV-1a; the zero at the end is hashed as well, so that texts don't run together */
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	while (*text++);
	return hash;
}

static uint64_t hash_place(const struct sarif *sarif, uint64_t hash,
			   const struct dmk_report_frame *frame)
{
	char *line, number[16];

	if (!frame || !frame->file)
		return hash_more(hash, frame && frame->function ? frame->function : "");
	hash = hash_more(hash, below(sarif, frame->file) ? below(sarif, frame->file) : frame->file);
	hash = hash_more(hash, frame->function ? frame->function : "");
	line = dmk_source_line(frame->file, frame->line);
	snprintf(number, sizeof(number), "%u", frame->line);
	hash = hash_more(hash, line ? line : number);
	free(line);
	return hash;
}

/* What is the same as long as the code is, wherever it moves in its file. */
static json_t *fingerprint_of(const struct sarif *sarif, const char *rule,
			      const struct dmk_report_frame *where,
			      const struct dmk_report_frame *mapped)
{
	uint64_t hash = hash_more(0xcbf29ce484222325ULL, rule);
	json_int_t before;
	char text[32];

	hash = hash_place(sarif, hash, where);
	hash = hash_place(sarif, hash, mapped);
	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	before = json_integer_value(json_object_get(sarif->seen, text));
	json_object_set_new(sarif->seen, text, json_integer(before + 1));
	return json_pack("{s:o}", "dmakitFinding/v1",
			 json_sprintf("%s:%lld", text, (long long)before + 1));
}

static json_t *machines_of(const struct dmk_merged *merged)
{
	json_t *array = json_array();

	for (size_t i = 0; i < merged->nr_on; i++)
		json_array_append_new(array, text_of(merged->on[i]->machine));
	return array;
}

static json_t *properties_of(const struct dmk_merged *merged)
{
	const struct dmk_report_finding *finding = merged->finding;
	json_t *bag = json_pack("{s:o, s:I, s:o, s:o, s:o}", "machines", machines_of(merged),
				"count", (json_int_t)merged->count, "device",
				text_of(finding->device), "driver", text_of(finding->driver),
				"mend", text_of(finding->mend));

	if (merged->repeat)
		json_object_set_new(bag, "repeat", text_of(merged->repeat));
	if (finding->buffer.known)
		json_object_set_new(bag, "buffer",
				    json_pack("{s:o, s:I, s:o, s:o, s:o, s:b}", "kind",
					      text_of(finding->buffer.kind), "size",
					      (json_int_t)finding->buffer.size, "dma",
					      hex_of(finding->buffer.dma), "direction",
					      text_of(finding->buffer.direction), "owner",
					      text_of(finding->buffer.owner), "bounced",
					      finding->buffer.bounced));
	return bag;
}

static void add_step(const struct sarif *sarif, json_t *steps, const char *what,
		     const struct dmk_report_stack *stack)
{
	const struct dmk_report_frame *place = dmk_report_place(stack);

	if (place && place->file)
		json_array_append_new(steps, json_pack("{s:o}", "location",
						       location_of(sarif, place, what)));
}

/* What became of the buffer, in order, up to the mistake. */
static json_t *flow_of(const struct sarif *sarif, const struct dmk_report_finding *finding)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < finding->nr_history; i++)
		add_step(sarif, steps, finding->history[i].what, &finding->history[i].where);
	if (!finding->nr_history)
		add_step(sarif, steps, finding->mapped_label ? finding->mapped_label : "mapped",
			 &finding->mapped);
	add_step(sarif, steps, finding->what, &finding->where);
	return steps;
}

static json_t *finding_message(const struct dmk_merged *merged)
{
	const struct dmk_report_finding *finding = merged->finding;
	const char *what = finding->what ? finding->what : "", *repeat = merged->repeat;
	const bool mended = finding->mend && finding->mend[0];
	char *text = dmk_report_format("%s%s%s%s%s%s", what, repeat ? " (`" : "",
				       repeat ? repeat : "", repeat ? "` shows it)" : "",
				       mended ? ". Mend: " : "", mended ? finding->mend : "");
	json_t *message = message_of(text ? text : what);

	free(text);
	return message;
}

/* What belongs to no line belongs to the driver as a whole. */
static json_t *locations_of(const struct sarif *sarif, const struct dmk_report_frame *place)
{
	if (place)
		return json_pack("[o]", location_of(sarif, place, NULL));
	if (sarif->options->source)
		return json_pack("[o]", line_location(sarif, sarif->options->source, 1, false));
	return json_array();
}

static void set_unless_empty(json_t *object, const char *key, json_t *array)
{
	if (json_array_size(array))
		json_object_set(object, key, array);
	json_decref(array);
}

static void add_finding(struct sarif *sarif, const struct dmk_merged *merged)
{
	const struct dmk_report_finding *finding = merged->finding;
	const struct dmk_report_frame *where = dmk_report_place(&finding->where);
	const struct dmk_report_frame *mapped = dmk_report_place(&finding->mapped);
	const char *rule = finding->rule ? finding->rule : "";
	const char *label = finding->mapped_label ? finding->mapped_label : "mapped";
	json_t *result, *steps = flow_of(sarif, finding), *stacks = json_array();

	result = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "ruleId", rule, "ruleIndex",
			   (json_int_t)rule_index(sarif, rule), "level",
			   finding->warning ? "warning" : "error", "message",
			   finding_message(merged), "locations",
			   locations_of(sarif, dmk_place_to_show(finding)), "partialFingerprints",
			   fingerprint_of(sarif, rule, where, mapped), "properties",
			   properties_of(merged));
	if (mapped && mapped->file) {
		json_t *related = location_of(sarif, mapped, label);

		json_object_set_new(related, "id", json_integer(1));
		json_object_set_new(result, "relatedLocations", json_pack("[o]", related));
	}
	if (finding->where.n)
		json_array_append_new(stacks, stack_of(sarif, &finding->where,
						       "where the rule was broken"));
	if (finding->mapped.n)
		json_array_append_new(stacks, stack_of(sarif, &finding->mapped, label));
	set_unless_empty(result, "stacks", stacks);
	if (json_array_size(steps))
		json_object_set_new(result, "codeFlows",
				    json_pack("[{s:[{s:O}]}]", "threadFlows", "locations", steps));
	json_decref(steps);
	if (finding->suppressed)
		json_object_set_new(result, "suppressions",
				    json_pack("[{s:s, s:o}]", "kind", "external", "justification",
					      text_of(finding->suppressed)));
	json_array_append_new(sarif->results, result);
}

static void add_findings(struct sarif *sarif, const struct dmk_report *reports, size_t n,
			 bool suppressed)
{
	struct dmk_merged_list list = dmk_merge(reports, n, suppressed);

	for (size_t i = 0; i < list.n; i++)
		add_finding(sarif, &list.item[i]);
	dmk_merged_free(&list);
}

/* The driver's own code in the stack of a crash, or of the thread that hangs. */
static const struct dmk_report_frame *driver_frame(const struct dmk_report_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (!stack->frame[i].ours && stack->frame[i].file && stack->frame[i].line)
			return &stack->frame[i];
	return NULL;
}

static void add_end(struct sarif *sarif, const struct dmk_report *report, const char *rule,
		    const char *what, const struct dmk_report_stack *stack)
{
	const struct dmk_report_frame *place = driver_frame(stack);
	json_t *result = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:{s:[o]}}", "ruleId", rule,
				   "ruleIndex", (json_int_t)rule_index(sarif, rule), "level",
				   "error", "message", message_of(what), "locations",
				   locations_of(sarif, place), "partialFingerprints",
				   fingerprint_of(sarif, rule, place, NULL), "properties",
				   "machines", text_of(report->machine));

	if (stack->n)
		json_object_set_new(result, "stacks",
				    json_pack("[o]", stack_of(sarif, stack, "where it was")));
	json_array_append_new(sarif->results, result);
}

static void add_crash_or_hang(struct sarif *sarif, const struct dmk_report *report)
{
	static const struct dmk_report_stack nowhere;
	const struct dmk_report_stack *stack = &nowhere;
	char *text;

	if (report->outcome == DMK_OUTCOME_CRASHED) {
		text = dmk_report_format("the driver or its test crashed on machine %s: %s",
					 report->machine ? report->machine : "?",
					 report->crash.text ? report->crash.text
							    : "no more is known");
		add_end(sarif, report, "crash", text ? text : "crashed", &report->crash.stack);
		free(text);
	} else if (report->outcome == DMK_OUTCOME_HUNG) {
		for (size_t i = 0; i < report->nr_threads && stack == &nowhere; i++)
			if (driver_frame(&report->thread[i].stack))
				stack = &report->thread[i].stack;
		text = dmk_report_format("the run did not end within %g seconds on machine %s",
					 report->limit, report->machine ? report->machine : "?");
		add_end(sarif, report, "hang", text ? text : "hung", stack);
		free(text);
	}
}

/*
 * Of many runs: the machine's other findings are merged with those of the first. @known: the number
 * of a run that is the report itself; 0: none.
 */
static void add_troubles(struct sarif *sarif, const struct dmk_report *report,
			 const struct dmk_report_troubles *list, const char *when, uint64_t known)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct dmk_report_trouble *trouble = &list->item[i];
		char *text;

		if ((trouble->kind != DMK_TROUBLE_CRASH && trouble->kind != DMK_TROUBLE_HANG) ||
		    (known && trouble->first == known))
			continue;
		text = dmk_report_format("%s on machine %s, %s: `%s` shows it",
					 trouble->text ? trouble->text : "it ended badly",
					 report->machine ? report->machine : "?", when,
					 trouble->repeat ? trouble->repeat : "dmakit check");
		add_end(sarif, report, trouble->kind == DMK_TROUBLE_CRASH ? "crash" : "hang",
			text ? text : when, &trouble->where);
		free(text);
	}
}

static void add_many(struct sarif *sarif, const struct dmk_report *report)
{
	for (size_t i = 0; report->each && i < report->each->nr_sites; i++)
		add_troubles(sarif, report, &report->each->site[i].trouble, "when a call fails", 0);
	if (report->explore)
		add_troubles(sarif, report, &report->explore->trouble, "with some seeds",
			     report->explore->first);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* "unmap repeats what map was told" -> "UnmapRepeatsWhatMapWasTold" */
static json_t *name_of(const char *title)
{
	char name[200];
	size_t n = 0;
	bool begins = true;

	for (; *title && n + 1 < sizeof(name); title++) {
		const char c = *title;
		const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				    (c >= '0' && c <= '9');

		if (letter)
			name[n++] = begins && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		begins = !letter;
	}
	name[n] = '\0';
	return json_string(name);
}

static void add_rule(struct sarif *sarif, const char *id, const char *title, bool warning)
{
	struct dmk_rule_page page = dmk_rule_page(sarif->options->rules, id);
	const char *level = warning ? "warning" : "error";
	json_t *rule = json_pack("{s:s, s:o, s:{s:o}, s:{s:o}, s:{s:s}, s:{s:[s,s], s:s, s:s}}",
				 "id", id, "name", name_of(title), "shortDescription", "text",
				 text_of(page.title ? page.title : title), "fullDescription",
				 "text", text_of(page.summary ? page.summary : title),
				 "defaultConfiguration", "level", level, "properties", "tags",
				 "dma", "correctness", "precision", "very-high", "problem.severity",
				 level);

	if (page.text) {
		json_object_set_new(rule, "help",
				    json_pack("{s:o, s:o}", "text", text_of(page.text), "markdown",
					      text_of(page.text)));
		json_object_set_new(rule, "helpUri", string_and_free(uri_of("file://", page.file)));
	}
	json_array_append_new(sarif->rules, rule);
	dmk_rule_page_free(&page);
}

/* A rule that has a grave and a mild form stands in the table twice: the first one counts. */
static void add_rules(struct sarif *sarif)
{
	for (const struct dmk_rule *rule = dmk_rules; rule->id; rule++)
		if (rule_index(sarif, rule->id) == json_array_size(sarif->rules))
			add_rule(sarif, rule->id, rule->title,
				 rule->severity == DMK_SEVERITY_WARNING);
	add_rule(sarif, "crash", "a driver does not crash", false);
	add_rule(sarif, "hang", "a driver comes to an end", false);
}

/* --- invocations ------------------------------------------------------------------------------ */

static void notify(json_t *list, const char *level, const char *text)
{
	json_array_append_new(list,
			      json_pack("{s:s, s:o}", "level", level, "message", message_of(text)));
}

static void notify_and_free(json_t *list, const char *level, char *text)
{
	if (text)
		notify(list, level, text);
	free(text);
}

static json_t *notifications_of(const struct dmk_report *report)
{
	json_t *list = json_array();

	if (report->totals.lost_records)
		notify_and_free(list, "error",
				dmk_report_format("%" PRIu64
						  " records were lost: mistakes may be missing",
						  report->totals.lost_records));
	if (report->error && report->error[0])
		notify(list, report->skipped ? "note" : "error", report->error);
	if (report->machine_died)
		notify(list, "error", report->machine_died);
	for (size_t i = 0; i < report->nr_problems; i++)
		if (report->problem[i])
			notify(list, "error", report->problem[i]);
	for (size_t i = 0; i < report->nr_tests; i++)
		if (!report->test[i].passed)
			notify_and_free(list, "error",
					dmk_report_format("test %s failed%s%s",
							  report->test[i].name,
							  report->test[i].nr_failures ? ": " : "",
							  report->test[i].nr_failures
								  ? report->test[i].failure[0].text
								  : ""));
	return list;
}

static json_t *arguments_of(const struct sarif *sarif)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sarif->options->nr_command; i++)
		json_array_append_new(array, text_of(sarif->options->command[i]));
	return array;
}

static json_t *invocation_of(const struct sarif *sarif, const struct dmk_report *report)
{
	static const char *const outcome[] = {"done", "crashed", "hung", "refused"};
	const bool ran = report->outcome == DMK_OUTCOME_DONE || report->skipped;
	const char *directory = sarif->options->directory;
	json_t *invocation = json_pack("{s:b, s:i, s:o, s:o, s:{s:o, s:s, s:b, s:o, s:o, s:f}}",
				       "executionSuccessful", ran && !report->totals.lost_records,
				       "exitCode", dmk_report_status(report), "arguments",
				       arguments_of(sarif), "toolExecutionNotifications",
				       notifications_of(report), "properties", "machine",
				       text_of(report->machine), "outcome",
				       outcome[report->outcome], "skipped", report->skipped, "seed",
				       json_sprintf("%" PRIu64, report->seed), "append",
				       text_of(report->append), "seconds", report->seconds);

	if (directory)
		json_object_set_new(invocation, "workingDirectory", directory_of(directory));
	return invocation;
}

/* --- all of it -------------------------------------------------------------------------------- */

static json_t *run_of(struct sarif *sarif, const struct dmk_report *reports, size_t n)
{
	const struct dmk_sarif_options *options = sarif->options;
	json_t *invocations = json_array(), *run;

	add_rules(sarif);
	add_findings(sarif, reports, n, false);
	add_findings(sarif, reports, n, true);
	for (size_t i = 0; i < n; i++) {
		add_crash_or_hang(sarif, &reports[i]);
		add_many(sarif, &reports[i]);
		json_array_append_new(invocations, invocation_of(sarif, &reports[i]));
	}
	run = json_pack("{s:{s:{s:s, s:s, s:s, s:O}}, s:o, s:s, s:O}", "tool", "driver", "name",
			"dmakit", "fullName", "dmakit check", "version", options->version, "rules",
			sarif->rules, "invocations", invocations, "columnKind", "unicodeCodePoints",
			"results", sarif->results);
	if (options->directory)
		json_object_set_new(run, "originalUriBaseIds",
				    json_pack("{s:o}", "SRCROOT",
					      directory_of(options->directory)));
	return run;
}

int dmk_sarif_write(FILE *out, const struct dmk_report *reports, size_t n,
		    const struct dmk_sarif_options *options)
{
	struct sarif sarif = {.options = options,
			      .rules = json_array(),
			      .results = json_array(),
			      .seen = json_object()};
	json_t *root = json_pack("{s:s, s:s, s:[o]}", "version", "2.1.0", "$schema", schema, "runs",
				 run_of(&sarif, reports, n));
	int result = -ENOMEM;

	if (root)
		result = json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	json_decref(sarif.rules);
	json_decref(sarif.results);
	json_decref(sarif.seen);
	if (result == -ENOMEM)
		return result;
	return result < 0 || fputc('\n', out) == EOF || fflush(out) == EOF ? -EIO : 0;
}
