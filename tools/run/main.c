/* SPDX-License-Identifier: MIT */
/*
 * The main of a program that dmakit-cc made out of a driver. It stands in an archive: a program
 * with a main of its own keeps it.
 *
 * Boot, load, probe, test or exercise, unload, shut down, report. Exit status as
 * dmk_report_status() has it.
 */
#include <dmakit/device.h>
#include <dmakit/file.h>
#include <dmakit/watch.h>

#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct dmk_run dmk_run = {.lock = PTHREAD_MUTEX_INITIALIZER, .json_fd = -1};

enum { LOG_LINES = 5000 };

static void keep_log(void *ctx, int level, const char *text)
{
	struct dmk_report *report = &dmk_run.report;
	struct dmk_report_log *line = NULL;

	pthread_mutex_lock(&dmk_run.lock);
	if (report->nr_log < LOG_LINES)
		line = dmk_report_grow(&report->log, &report->nr_log, sizeof(*line));
	if (line) {
		line->level = level;
		line->text = strdup(text);
	} else {
		report->log_dropped++;
	}
	pthread_mutex_unlock(&dmk_run.lock);
	if (dmk_run.options.verbose)
		fprintf(stderr, "[%s] <%d> %s\n", dmk_run.options.machine, level, text);
}

/* --- what is watched beside the checker ------------------------------------------------------- */

enum { PROBE_DEFER = 517, DEFERRED = 16 }; /* <linux/errno.h> */

/* Devices whose probe was put off, and not done since. Guarded by dmk_run.lock. */
static char deferred[DEFERRED][64];

static char *deferred_slot(const char *name)
{
	for (unsigned int i = 0; i < DEFERRED; i++)
		if (!strncmp(deferred[i], name, sizeof(deferred[i]) - 1))
			return deferred[i];
	return NULL;
}

static void note_deferred(const char *name, bool is)
{
	char *slot = deferred_slot(name);

	if (is && !slot && (slot = deferred_slot("")))
		snprintf(slot, sizeof(deferred[0]), "%s", name);
	else if (!is && slot)
		slot[0] = '\0';
}

static void watch_probes(void *ctx, const struct dmk_event *event)
{
	const bool is_deferred = event->result == -PROBE_DEFER;
	const char *name;

	if (event->kind != DMK_EVENT_PROBED)
		return;
	name = event->dev && event->dev->name ? event->dev->name : "a device";
	pthread_mutex_lock(&dmk_run.lock);
	dmk_run.probes++;
	note_deferred(name, is_deferred);
	if (event->result < 0 && !is_deferred) {
		dmk_run.probes_failed++;
		if (!dmk_run_failed_on_purpose())
			dmk_run_problem("probe of %s failed: %s (%d)", name,
					strerror(-event->result), event->result);
	}
	pthread_mutex_unlock(&dmk_run.lock);
}

/* All modules are loaded: what a probe waits for does not come any more. */
static void tell_deferred(void)
{
	pthread_mutex_lock(&dmk_run.lock);
	for (unsigned int i = 0; i < DEFERRED; i++) {
		if (!deferred[i][0])
			continue;
		dmk_run.probes_failed++;
		if (!dmk_run_failed_on_purpose())
			dmk_run_problem(
				"probe of %s waits (-EPROBE_DEFER) for what has no driver here: give the source of that driver too",
				deferred[i]);
		deferred[i][0] = '\0';
	}
	pthread_mutex_unlock(&dmk_run.lock);
}

static const struct dmk_observer probes = {.event = watch_probes};

/* The same complaint of the same call is one, however often it comes. */
static void keep_complaint(void *ctx, const void *caller, const char *text)
{
	struct dmk_run_complaint *complaint = NULL;

	pthread_mutex_lock(&dmk_run.lock);
	for (size_t i = 0; i < dmk_run.nr_complaints && !complaint; i++)
		if (dmk_run.complaint[i].caller == caller &&
		    (caller || !strcmp(dmk_run.complaint[i].text, text)))
			complaint = &dmk_run.complaint[i];
	if (!complaint && dmk_run.nr_complaints < DMK_RUN_COMPLAINTS) {
		complaint = &dmk_run.complaint[dmk_run.nr_complaints++];
		complaint->caller = caller;
		complaint->text = strdup(text);
	}
	if (complaint)
		complaint->count++;
	pthread_mutex_unlock(&dmk_run.lock);
}

/* --- which devices ---------------------------------------------------------------------------- */

static bool has_device(const char *model)
{
	for (unsigned int i = 0; i < dmk_run.options.nr_devices; i++) {
		if (!strcmp(dmk_run.options.device[i].model, model))
			return true;
	}
	return false;
}

static void choose(const char *model)
{
	struct dmk_run_options *options = &dmk_run.options;

	if (!model || has_device(model) || options->nr_devices == DMK_RUN_DEVICES)
		return;
	options->device[options->nr_devices].model = model;
	options->device_text[options->nr_devices++] = model;
}

/*
 * Adds the models that the program's drivers name in their id tables. Returns whether there are
 * more than before.
 */
static bool choose_devices(void)
{
	struct dmk_run_options *options = &dmk_run.options;
	const unsigned int before = options->nr_devices;
	const char *compatible;
	uint16_t vendor, device;

	for (unsigned int i = 0; dmk_module_pci_id(i, &vendor, &device); i++)
		choose(dmk_machine_model_for(options->machine, vendor, device));
	for (unsigned int i = 0; (compatible = dmk_module_compatible(i)); i++)
		choose(dmk_machine_model_compatible(options->machine, compatible));
	return options->nr_devices > before;
}

static void list_ids(FILE *out)
{
	const char *compatible;
	uint16_t vendor, device;
	unsigned int i, j;

	for (i = 0; i < 8 && dmk_module_pci_id(i, &vendor, &device); i++)
		fprintf(out, "%s%04x:%04x", i ? ", " : "it names PCI ids ", vendor, device);
	if (i == 8)
		fputs(", ...", out);
	for (j = 0; j < 8 && (compatible = dmk_module_compatible(j)); j++)
		fprintf(out, "%s%s", i || j ? ", " : "it names ", compatible);
	if (j == 8)
		fputs(", ...", out);
	if (!i && !j)
		fputs("it names no PCI id and nothing of a devicetree", out);
}

static bool is_soldered(const char *machine, const char *wanted)
{
	const char *device;

	for (unsigned int i = 0; (device = dmk_machine_device(machine, i)); i++)
		if (!strcmp(device, wanted))
			return true;
	return false;
}

/* Which machine has what one of the program's drivers names soldered to it, if one does. */
static void name_its_machine(FILE *out)
{
	const char *wanted;

	for (unsigned int i = 0; (wanted = dmk_module_compatible(i)); i++)
		for (const struct dmk_machine_info *info = dmk_machine_list(); info->name; info++)
			if (is_soldered(info->name, wanted)) {
				fprintf(out, "; %s is on machine %s", wanted, info->name);
				return;
			}
}

/*
 * Whether the machine has only what is soldered to it, and none of that is what the program's
 * drivers name: then there is no need to start it.
 */
static bool names_nothing_there(void)
{
	const char *wanted;
	uint16_t vendor, id;
	unsigned int i;

	if (!dmk_machine_device(dmk_run.options.machine, 0) || dmk_run.options.nr_devices)
		return false;
	for (i = 0; (wanted = dmk_module_compatible(i)); i++)
		if (is_soldered(dmk_run.options.machine, wanted))
			return false;
	return i || dmk_module_pci_id(0, &vendor, &id);
}

static void list_soldered(FILE *out)
{
	const char *device, *before = "";

	for (unsigned int i = 0; (device = dmk_machine_device(dmk_run.options.machine, i)); i++) {
		if (strcmp(device, before))
			fprintf(out, "%s%s", i ? ", " : "", device);
		before = device;
	}
}

static void list_models(FILE *out)
{
	const char *model;

	for (uint16_t i = 0; (model = dmk_machine_model_for(dmk_run.options.machine, 0, i)); i++)
		fprintf(out, "%s%s", i ? ", " : "", model);
}

static char *no_device_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return strdup("no device matched");
	fprintf(out, "no device for this driver on machine %s: ", dmk_run.options.machine);
	list_ids(out);
	name_its_machine(out);
	fputs("; devices there are: ", out);
	if (dmk_machine_device(dmk_run.options.machine, 0)) {
		list_soldered(out);
		fputs("; each machine has its own: dmakit machines", out);
		fclose(out);
		return text;
	}
	list_models(out);
	fputs("; plug one in with --device MODEL, or describe your board in a .dts and give it with --machine FILE.dts",
	      out);
	fclose(out);
	return text;
}

static void describe_devices(void)
{
	struct dmk_report *report = &dmk_run.report;

	while (report->nr_devices)
		free(report->device[--report->nr_devices]);
	for (unsigned int i = 0; i < dmk_run.options.nr_devices; i++) {
		char **device = dmk_report_grow(&report->device, &report->nr_devices,
						sizeof(*device));

		if (device)
			*device = strdup(dmk_run.options.device_text[i]);
	}
}

/* --- one run ---------------------------------------------------------------------------------- */

static bool is_library(void *ctx, const void *code)
{
	return dmk_symbols_is_library(ctx, code);
}

static int start_recorder(void)
{
	const struct dmk_recorder_options options = {.limit = dmk_run.options.timeline,
						     .is_library = is_library,
						     .code_ctx = dmk_run.symbols};

	if (!dmk_run.options.timeline)
		return 0;
	dmk_run.recorder = dmk_recorder_new(&options);
	if (!dmk_run.recorder)
		fputs("dmakit: no memory for a timeline\n", stderr);
	return dmk_run.recorder ? 0 : -1;
}

/* Of memory that was freed, so that a device that comes too late is seen to be. */
enum { QUARANTINE_BYTES = 1 << 20 };

static int boot(void)
{
	struct dmk_recorder *recorder = dmk_run.recorder;
	const struct dmk_check_options check = {.found = recorder ? dmk_recorder_found : NULL,
						.found_ctx = recorder};
	const struct dmk_boot_options options = {
		.machine = dmk_run.options.machine,
		.append = dmk_run.options.append,
		.seed = dmk_run.options.seed,
		.devices = dmk_run.options.device,
		.nr_devices = dmk_run.options.nr_devices,
		.no_checker = dmk_run.options.no_checker,
		.check = &check,
		.advice = dmk_run_wants_advice(),
		.before = recorder ? dmk_recorder_observer(recorder) : NULL,
		.also = &probes,
	};
	char error[1024];
	int result;

	describe_devices();
	dmk_kernel_quarantine(QUARANTINE_BYTES);
	result = dmk_boot(&options, error, sizeof(error));
	if (result < 0) {
		dmk_run.report.outcome = DMK_OUTCOME_REFUSED;
		dmk_run.report.no_machine = result == -ENODEV;
		dmk_run.report.error = strdup(error[0] ? error : strerror(-result));
	}
	return result;
}

/* The parameters of all modules, between commas. The caller's, of malloc. */
static char *all_parameters(void)
{
	char name[128], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned int i = 0; out && dmk_module_param_name(i, name, sizeof(name)); i++)
		fprintf(out, "%s%s", i ? ", " : "", name);
	if (out)
		fclose(out);
	return text;
}

static char *no_parameter_text(const char *wanted)
{
	enum { NAMES = 64 };
	const char *names[NAMES + 1] = {0}, *near;
	static char name[NAMES][128];
	char *all, *text;

	for (unsigned int i = 0;
	     i < NAMES && dmk_module_param_name(i, name[i], sizeof(name[i])); i++)
		names[i] = name[i];
	if (!names[0])
		return dmk_report_format("no module parameter %s; the driver has none", wanted);
	near = dmk_nearest(wanted, names);
	if (near)
		return dmk_report_format("no module parameter %s; did you mean %s?", wanted, near);
	all = all_parameters();
	text = dmk_report_format("no module parameter %s; there are %s", wanted, all ? all : "");
	free(all);
	return text;
}

static int set_parameters(void)
{
	for (unsigned int i = 0; i < dmk_run.options.nr_params; i++) {
		const char *name = dmk_run.options.param[i].name,
			   *value = dmk_run.options.param[i].value;
		int result = dmk_module_param(name, value);

		if (!result)
			continue;
		dmk_run.report.outcome = DMK_OUTCOME_REFUSED;
		dmk_run.report.error = result == -ENOENT
					       ? no_parameter_text(name)
					       : dmk_report_format("\"%s\" is no value for %s",
								   value, name);
		return result;
	}
	return 0;
}

/*
 * Modules that name no device of any kind may need none, as a client of DMA channels or a character
 * device without hardware, or be bound by name: what they do their test shows, or their files.
 */
static bool needs_no_device(void)
{
	uint16_t vendor, device;
	char name[64];

	return (dmk_run_nr_tests() || dmk_run.options.serve ||
		dmk_device_file(0, name, sizeof(name))) &&
	       !dmk_module_pci_id(0, &vendor, &device) && !dmk_module_compatible(0);
}

/* A driver that names no device looks for one at ports that it knows. */
static const char *what_to_plug_in(void)
{
	uint16_t vendor, device;

	if (dmk_module_pci_id(0, &vendor, &device) || dmk_module_compatible(0) ||
	    dmk_run.options.nr_devices)
		return "";
	return "; a card that no bus announces is plugged in by name, as in --machine pc-isa "
	       "--device sb16";
}

/* Returns whether a driver has something to drive, or to show. */
static bool load(void)
{
	struct dmk_module_info module, second;
	const bool several = dmk_module_get(1, &second);
	int result = 0;

	if (!dmk_module_get(0, &module))
		return false;
	dmk_run_fail_begin();
	for (unsigned int i = 0; !result && dmk_module_get(i, &module); i++)
		result = dmk_module_load(module.name);
	if (result < 0 && !dmk_run_failed_on_purpose())
		dmk_run_problem("loading the module %s%sfailed: %s (%d)%s",
				several ? module.name : "", several ? " " : "", strerror(-result),
				result, result == -ENODEV ? what_to_plug_in() : "");
	tell_deferred();
	dmk_run.report.bound = dmk_bound_devices();
	return dmk_run.report.bound || dmk_run.probes || result < 0 ||
	       dmk_run_failed_on_purpose() || needs_no_device();
}

static void unload(void)
{
	struct dmk_module_info module;
	int result;

	if (!dmk_module_get(0, &module))
		return;
	result = dmk_module_unload(NULL);
	if (result == -EBUSY)
		dmk_run_problem("the driver can't be removed: a file of it is still open");
	else if (result < 0)
		dmk_run_problem("unloading the module failed: %s (%d)", strerror(-result), result);
}

static void note_machine(void)
{
	const struct dmk_machine *machine = dmk_kernel_machine();

	free(dmk_run.report.summary);
	free(dmk_run.report.watched);
	dmk_run.report.watched = strdup(dmk_watch_mode_name(
		dmk_run.options.no_checker ? DMK_WATCH_NONE : dmk_watch_mode()));
	dmk_run.report.summary = machine && machine->summary ? strdup(machine->summary) : NULL;
}

/* A user's own devicetree may have the devices in it already: then none is chosen by id. */
static bool machine_is_file(void)
{
	return strchr(dmk_run.options.machine, '/') || strchr(dmk_run.options.machine, '.');
}

static int boot_and_load(void)
{
	const bool may_choose = !dmk_run.options.nr_devices;
	struct dmk_module_info module;

	if (names_nothing_there()) {
		dmk_run.report.outcome = DMK_OUTCOME_REFUSED;
		dmk_run.report.no_device = true;
		dmk_run.report.error = no_device_text();
		return -1;
	}
	if (may_choose && !machine_is_file())
		choose_devices();
	for (;;) {
		if (boot() < 0)
			return -1;
		note_machine();
		if (set_parameters() < 0)
			break;
		if (dmk_run.options.reload)
			dmk_run_data_keep();
		if (load())
			return 0;
		if (!dmk_module_get(0, &module) && dmk_run_nr_tests())
			return 0; /* tests alone, of the machine say */
		/* A driver without MODULE_DEVICE_TABLE told its ids when it was loaded. */
		if (!may_choose || !choose_devices())
			break;
		unload();
		dmk_shutdown();
	}
	dmk_run.report.no_device = !dmk_run.report.error && dmk_module_get(0, &module);
	if (!dmk_run.report.error)
		dmk_run.report.error =
			dmk_run.report.no_device
				? no_device_text()
				: strdup("there is no module_init() in this program, and no test");
	dmk_run.report.outcome = DMK_OUTCOME_REFUSED;
	unload();
	dmk_shutdown();
	return -1;
}

static void use_driver(void)
{
	if (!dmk_run.report.bound && dmk_run_failed_on_purpose())
		return; /* as it should: there is nothing to use */
	if (dmk_run.options.serve)
		dmk_run_program();
	else if (dmk_run_nr_tests())
		dmk_run_tests();
	else
		dmk_run_exercise();
	/* A test that was left early left its files open, and the machine asleep. */
	dmk_wake();
	if (dmk_run_failed_on_purpose())
		dmk_close_files();
}

/* A driver that can't be loaded a second time has been told of. */
static void use_again(void)
{
	dmk_run_data_again();
	if (load() && !dmk_kernel_died())
		use_driver();
	unload();
}

static void run(void)
{
	if (boot_and_load() < 0)
		return;
	if (!dmk_kernel_died())
		use_driver();
	unload();
	for (unsigned long i = 0; i < dmk_run.options.reload && !dmk_kernel_died(); i++)
		use_again();
	dmk_run_fail_end();
	if (dmk_kernel_died())
		dmk_run.report.machine_died = strdup(dmk_kernel_died());
	dmk_shutdown();
}

static void describe(void)
{
	struct dmk_report *report = &dmk_run.report;

	report->machine = strdup(dmk_run.options.machine);
	report->append = dmk_run.options.append ? strdup(dmk_run.options.append) : NULL;
	report->seed = dmk_run.options.seed;
}

static int open_json(void)
{
	const char *file = dmk_run.options.json;

	if (!file)
		return 0;
	dmk_run.json_fd = strcmp(file, "-")
				  ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
				  : STDOUT_FILENO;
	if (dmk_run.json_fd >= 0)
		return 0;
	fprintf(stderr, "dmakit: cannot write %s: %s\n", file, strerror(errno));
	return -1;
}

int main(int argc, char **argv)
{
	int result = dmk_run_options(&dmk_run.options, argc, argv);

	if (result)
		return result - 1;
	if (open_json() < 0)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &dmk_run.started);
	dmk_run.main_tid = (int)syscall(SYS_gettid);
	describe();
	dmk_log_to(keep_log, NULL);
	dmk_complaints_to(keep_complaint, NULL);
	dmk_run.symbols = dmk_symbols_self();
	if (start_recorder() < 0)
		return 2;
	dmk_run_catch_crashes();
	dmk_run_watch(dmk_run.options.timeout);
	run();
	dmk_run_collect(false);
	dmk_run_unwatch();
	result = dmk_run_finish();
	dmk_boot_end();
	dmk_recorder_free(dmk_run.recorder);
	dmk_symbols_free(dmk_run.symbols);
	dmk_report_clear(&dmk_run.report);
	dmk_suppressions_free(dmk_run.options.suppressions);
	return result;
}
