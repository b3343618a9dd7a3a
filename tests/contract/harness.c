// SPDX-License-Identifier: MIT
/*
 * Booting, the lab cards' driver, and judging the findings, for tests/contract. What the contract
 * says is in the test files.
 */
#include "harness.h"

#include <dmakit/watch.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *machine_name = "pc";
static const char *machine_append;
static struct dmk_device_request more_card; /* what all tests have beside the two cards, or none */
static uint64_t machine_seed = 1;
static const char *outcomes; /* a file, to which each case's outcome is added; NULL: none */
static bool unjudged;        /* what is found is no test's affair, but only to be told */
static bool booted;

/* --- the cards -------------------------------------------------------------------------------- */

static struct lab_card lab_cards[LAB_CARDS], soc_card;
struct lab_card *const lab = &lab_cards[0], *const lab2 = &lab_cards[1], *const lab_soc = &soc_card;
struct device *dev, *dev2;
void (*lab_on_remove)(struct lab_card *card);

static struct lab_card *lab_free_slot(void)
{
	for (int i = 0; i < LAB_CARDS; i++)
		if (!lab_cards[i].dev)
			return &lab_cards[i];
	return NULL;
}

static void lab_note_devices(void)
{
	dev = lab->dev;
	dev2 = lab2->dev;
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct lab_card *card = lab_free_slot();
	int err;

	if (!card)
		return -ENOSPC;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(0) | BIT(1), "lab");
	if (err)
		return err;

	card->pdev = pdev;
	card->regs = pcim_iomap_table(pdev)[0];
	card->buffer = pcim_iomap_table(pdev)[1];
	card->dev = &pdev->dev;
	lab_note_devices();
	pci_set_drvdata(pdev, card);
	pci_set_master(pdev);
	return 0;
}

static void lab_remove(struct pci_dev *pdev)
{
	struct lab_card *card = pci_get_drvdata(pdev);

	if (lab_on_remove)
		lab_on_remove(card);
	pci_clear_master(pdev);
	memset(card, 0, sizeof(*card));
	lab_note_devices();
}

static const struct pci_device_id lab_ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, lab_ids);

static struct pci_driver lab_driver = {
	.name = "lab",
	.id_table = lab_ids,
	.probe = lab_probe,
	.remove = lab_remove,
};

static int lab_soc_probe(struct platform_device *pdev)
{
	soc_card.regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(soc_card.regs))
		return PTR_ERR(soc_card.regs);
	soc_card.buffer = devm_platform_ioremap_resource(pdev, 1);
	if (IS_ERR(soc_card.buffer))
		return PTR_ERR(soc_card.buffer);

	soc_card.dev = &pdev->dev;
	return 0;
}

static void lab_soc_remove(struct platform_device *pdev)
{
	memset(&soc_card, 0, sizeof(soc_card));
}

static const struct of_device_id lab_soc_ids[] = {{.compatible = "dmakit,lab"}, {}};
MODULE_DEVICE_TABLE(of, lab_soc_ids);

static struct platform_driver lab_soc_driver = {
	.probe = lab_soc_probe,
	.remove = lab_soc_remove,
	.driver =
		{
			.name = "lab-soc",
			.of_match_table = lab_soc_ids,
		},
};

static int __init lab_init(void)
{
	int err = pci_register_driver(&lab_driver);

	if (err)
		return err;
	err = platform_driver_register(&lab_soc_driver);
	if (err)
		pci_unregister_driver(&lab_driver);
	return err;
}
module_init(lab_init);

static void __exit lab_exit(void)
{
	platform_driver_unregister(&lab_soc_driver);
	pci_unregister_driver(&lab_driver);
}
module_exit(lab_exit);
MODULE_LICENSE("Dual MIT/GPL");

void lab_bind(void)
{
	assert_int_equal(dmk_module_load(NULL), 0);
	assert_non_null(lab_cards[LAB_CARDS - 1].dev);
}

void lab_unbind(void)
{
	assert_int_equal(dmk_module_unload(NULL), 0);
	assert_null(lab_cards[0].dev);
}

static void lab_command(struct lab_card *card, dma_addr_t dma, size_t size, unsigned int usec,
			u32 command)
{
	assert_true(size <= LAB_BUFFER);
	writel(lower_32_bits(dma), card->regs + DMK_LAB_ADDRESS);
	writel(upper_32_bits(dma), card->regs + DMK_LAB_ADDRESS_HIGH);
	writel(size, card->regs + DMK_LAB_LENGTH);
	writel(0, card->regs + DMK_LAB_OFFSET);
	writel(usec, card->regs + DMK_LAB_DELAY);
	writel(command | DMK_LAB_START, card->regs + DMK_LAB_COMMAND);
}

static int lab_result(struct lab_card *card)
{
	if (!(readl(card->regs + DMK_LAB_STATUS) & DMK_LAB_FAILED))
		return 0;
	return -(int)readl(card->regs + DMK_LAB_ERROR);
}

int lab_read(struct lab_card *card, dma_addr_t dma, void *bytes, size_t size)
{
	lab_command(card, dma, size, 0, 0);
	memcpy_fromio(bytes, card->buffer, size);
	return lab_result(card);
}

int lab_write(struct lab_card *card, dma_addr_t dma, const void *bytes, size_t size)
{
	memcpy_toio(card->buffer, bytes, size);
	lab_command(card, dma, size, 0, DMK_LAB_TO_MEMORY);
	return lab_result(card);
}

void lab_begin(struct lab_card *card, dma_addr_t dma, size_t size, unsigned int usec)
{
	lab_command(card, dma, size, usec, DMK_LAB_TO_MEMORY);
}

void lab_wait(struct lab_card *card)
{
	for (int i = 0; i < 5000; i++) {
		if (!(readl(card->regs + DMK_LAB_STATUS) & DMK_LAB_BUSY))
			return;
		msleep(1);
	}
	fail_msg("the card doesn't end");
}

struct interrupt_call {
	struct lab_card *card;
	void (*call)(void *argument);
	void *argument;
	struct completion done;
};

static irqreturn_t lab_interrupt(int irq, void *data)
{
	struct interrupt_call *call = data;
	u32 status = readl(call->card->regs + DMK_LAB_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, call->card->regs + DMK_LAB_IRQ_ACK);
	call->call(call->argument);
	complete(&call->done);
	return IRQ_HANDLED;
}

void in_interrupt_call(void (*call)(void *argument), void *argument)
{
	struct interrupt_call interrupt = {.card = &lab_cards[0],
					   .call = call,
					   .argument = argument};
	struct pci_dev *pdev = lab_cards[0].pdev;
	int irq;

	init_completion(&interrupt.done);
	assert_int_equal(pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES), 1);
	irq = pci_irq_vector(pdev, 0);
	assert_int_equal(request_irq(irq, lab_interrupt, IRQF_SHARED, "lab", &interrupt), 0);
	writel(1, lab_cards[0].regs + DMK_LAB_IRQ_RAISE);
	assert_true(wait_for_completion_timeout(&interrupt.done, msecs_to_jiffies(5000)) > 0);
	free_irq(irq, &interrupt);
	pci_free_irq_vectors(pdev);
}

/* --- the machine ------------------------------------------------------------------------------ */

u64 contract_seed(void)
{
	return machine_seed;
}

bool machine_is(const char *name)
{
	return strcmp(machine_name, name) == 0;
}

const struct dmk_machine *machine(void)
{
	return dmk_kernel_machine();
}

const struct dmk_bus *machine_bus(void)
{
	return machine()->pci->dma;
}

bool machine_is_coherent(void)
{
	return machine_bus()->coherent;
}

bool machine_bounces_all(void)
{
	const char *arguments = machine()->bootargs;

	if (machine_translates())
		return false;
	return machine()->caps & DMK_CAP_PRIVATE || machine_bus()->restricted_pool ||
	       strstr(arguments, "swiotlb=force") || strstr(arguments, ",force");
}

bool machine_translates(void)
{
	return machine_bus()->iommu && !strstr(machine()->bootargs, "iommu.passthrough=1");
}

size_t machine_granule(void)
{
	const struct dmk_iommu *iommu = machine_bus()->iommu;

	return machine_translates() ? iommu->page_sizes & -iommu->page_sizes : 0;
}

void scarce_addresses(unsigned int granules)
{
	if (machine_translates())
		assert_int_equal(dma_set_mask(dev, granules * machine_granule() - 1), 0);
}

bool machine_has_ram_above(u64 last)
{
	const struct dmk_machine *m = machine();

	for (unsigned int i = 0; i < m->nr_memory; i++)
		if (m->memory[i].kind == DMK_MEMORY_RAM &&
		    m->memory[i].first.v + m->memory[i].size - 1 > last)
			return true;
	return false;
}

/* --- findings --------------------------------------------------------------------------------- */

enum { EXPECTATIONS = 16 };

/* What was expected, now or at exit, since the test began. */
static struct {
	const char *rule;
	unsigned int count;
	bool at_exit;
} expected[EXPECTATIONS];
static unsigned int nr_expected;
static bool anything_goes;

static void expect(const char *rule, unsigned int count, bool at_exit)
{
	assert_true(nr_expected < EXPECTATIONS);
	expected[nr_expected].rule = rule;
	expected[nr_expected].count = count;
	expected[nr_expected++].at_exit = at_exit;
}

static void print_finding(const struct dmk_finding *finding)
{
	print_error("  %s x%llu: %s\n", finding->rule->id, (unsigned long long)finding->count,
		    finding->what);
}

static void print_findings(void)
{
	struct dmk_checker *checker = dmk_boot_checker();

	print_error("findings:\n");
	for (size_t i = 0; i < dmk_checker_findings(checker); i++)
		print_finding(dmk_checker_finding(checker, i));
}

/* How often was the rule reported; @places: at how many places. */
static u64 reported(const char *rule, unsigned int *places)
{
	struct dmk_checker *checker = dmk_boot_checker();
	u64 count = 0;

	*places = 0;
	for (size_t i = 0; checker && i < dmk_checker_findings(checker); i++) {
		const struct dmk_finding *finding = dmk_checker_finding(checker, i);

		if (strcmp(finding->rule->id, rule))
			continue;
		count += finding->count;
		(*places)++;
	}
	return count;
}

static u64 expected_of(const char *rule)
{
	u64 count = 0;

	for (unsigned int i = 0; i < nr_expected; i++)
		if (!strcmp(expected[i].rule, rule))
			count += expected[i].count;
	return count;
}

/*
 * The cards' driver sets no mask, so that tests see what a new device has: that this is told counts
 * only where a test says so.
 */
static bool is_left_out(const char *rule)
{
	return !strcmp(rule, "MSK-01") && !expected_of(rule);
}

/* NULL: as expected. Else which rule was not. */
static const char *surprise(void)
{
	struct dmk_checker *checker = dmk_boot_checker();
	unsigned int places;

	if (anything_goes || unjudged)
		return NULL;
	for (size_t i = 0; checker && i < dmk_checker_findings(checker); i++) {
		const char *rule = dmk_checker_finding(checker, i)->rule->id;

		if (!is_left_out(rule) && reported(rule, &places) != expected_of(rule))
			return rule;
	}
	for (unsigned int i = 0; i < nr_expected; i++)
		if (reported(expected[i].rule, &places) != expected_of(expected[i].rule))
			return expected[i].rule;
	return NULL;
}

void expect_no_findings(void)
{
	const char *rule = surprise();

	if (!rule)
		return;
	print_findings();
	fail_msg("%s was not reported as expected", rule);
}

void expect_finding(const char *rule, unsigned int count)
{
	unsigned int places;
	u64 now;

	if (unjudged)
		return;
	expect(rule, count, false);
	now = reported(rule, &places);
	if (now == expected_of(rule))
		return;
	print_findings();
	fail_msg("%s was reported %llu times, not %llu", rule, (unsigned long long)now,
		 (unsigned long long)expected_of(rule));
}

void expect_anything(void)
{
	anything_goes = true;
}

void expect_at_exit(const char *rule, unsigned int count)
{
	expect(rule, count, true);
}

const struct dmk_finding *finding_of(const char *rule)
{
	struct dmk_checker *checker = dmk_boot_checker();

	for (size_t i = 0; i < dmk_checker_findings(checker); i++) {
		const struct dmk_finding *finding = dmk_checker_finding(checker, i);

		if (!strcmp(finding->rule->id, rule))
			return finding;
	}
	return NULL;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static u8 pattern(size_t i, unsigned int salt)
{
	return (i * 7 + (i >> 8) * 3 + salt * 29 + 1) & 0xff;
}

void fill_bytes(void *bytes, size_t size, unsigned int salt)
{
	for (size_t i = 0; i < size; i++)
		((u8 *)bytes)[i] = pattern(i, salt);
}

bool bytes_are(const void *bytes, size_t size, unsigned int salt)
{
	for (size_t i = 0; i < size; i++)
		if (((const u8 *)bytes)[i] != pattern(i, salt))
			return false;
	return true;
}

/* --- running ---------------------------------------------------------------------------------- */

/* The kernel's log is shown only where a test fails: it is kept, and printed then. */
static char log_text[16384];
static size_t log_used;

static void keep_log(void *ctx, int level, const char *text)
{
	int n = snprintf(log_text + log_used, sizeof(log_text) - log_used, "  <%d> %s\n", level,
			 text);

	if (n > 0 && (size_t)n < sizeof(log_text) - log_used)
		log_used += n;
}

/*
 * What a dereference of registers does is decided in a signal handler of the kernel part. cmocka
 * puts its own in that place around each function that it calls, so the machine's is kept from boot
 * and put back for the test. A signal that is none of its business it passes on to cmocka's.
 */
static const int machine_signals[] = {SIGSEGV, SIGBUS};
static struct sigaction machine_action[ARRAY_SIZE(machine_signals)];

static void keep_signal_handlers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(machine_signals); i++)
		sigaction(machine_signals[i], NULL, &machine_action[i]);
}

static void run_on_machine(void **state)
{
	const struct contract_test *test = *state;

	for (size_t i = 0; i < ARRAY_SIZE(machine_signals); i++)
		sigaction(machine_signals[i], &machine_action[i], NULL);
	test->run(state);
}

enum { MORE_CARDS = 4 };

/* A board that takes no cards has none: its tests are about what is soldered to it. */
static bool takes_cards(void)
{
	return !dmk_machine_device(machine_name, 0);
}

static int boot(void **state)
{
	struct dmk_device_request cards[LAB_CARDS + MORE_CARDS + 1] = {
		{.model = "lab"},
		{.model = "lab"},
	};
	const struct contract_test *test = *state;
	struct dmk_boot_options options = {
		.machine = machine_name,
		.seed = machine_seed,
		.devices = cards,
		.nr_devices = takes_cards() ? LAB_CARDS + test->nr_devices : 0,
		.no_checker = test->no_checker,
	};
	char append[512], error[512];

	for (unsigned int i = 0; i < test->nr_devices && i < MORE_CARDS; i++)
		cards[LAB_CARDS + i] = test->devices[i];
	if (more_card.model)
		cards[options.nr_devices++] = more_card;
	snprintf(append, sizeof(append), "%s %s", machine_append ? machine_append : "",
		 test->append ? test->append : "");
	options.append = append;
	nr_expected = 0;
	anything_goes = false;
	log_used = 0;
	log_text[0] = 0;
	lab_on_remove = NULL;
	memset(lab_cards, 0, sizeof(lab_cards));
	memset(&soc_card, 0, sizeof(soc_card));
	lab_note_devices();
	dmk_log_to(keep_log, NULL);
	if (dmk_boot(&options, error, sizeof(error))) {
		print_error("%s: %s\n", machine_name, error);
		return -1;
	}
	booted = true;
	if (dmk_module_load(NULL) || (takes_cards() && !lab_cards[LAB_CARDS - 1].dev)) {
		print_error("the lab cards' driver was not bound\n%s", log_text);
		return -1;
	}
	keep_signal_handlers();
	return 0;
}

/*
 * For scripts/checks: "MODE MACHINE CASE RULE...", each rule once. The lab cards' driver sets no
 * mask: that is told of the cases that are about it.
 */
static void tell_outcome(const char *name)
{
	struct dmk_checker *checker = dmk_boot_checker();
	FILE *out = checker && outcomes ? fopen(outcomes, "a") : NULL;

	if (!out)
		return;
	fprintf(out, "%s %s %s", dmk_watch_mode_name(dmk_watch_mode()), machine_name, name);
	for (size_t i = 0; i < dmk_checker_findings(checker); i++) {
		const char *rule = dmk_checker_finding(checker, i)->rule->id;
		size_t before = 0;

		while (strcmp(dmk_checker_finding(checker, before)->rule->id, rule))
			before++;
		if (before == i && (strcmp(rule, "MSK-01") || strstr(name, "MSK_01")))
			fprintf(out, " %s", rule);
	}
	fputc('\n', out);
	fclose(out);
}

static int shut_down(void **state)
{
	const struct contract_test *test = *state;
	const char *rule;

	if (!booted)
		return 0;
	if (lab_cards[0].dev || !takes_cards())
		dmk_module_unload(NULL);
	dmk_shutdown();
	booted = false;
	tell_outcome(test->name);
	rule = surprise();
	if (rule) {
		print_error("%s was not reported as expected (findings at the end included)\n",
			    rule);
		print_findings();
	}
	dmk_boot_end();
	return rule ? -1 : 0;
}

const char *kernel_log(void)
{
	return log_text;
}

static bool is_wanted(const char *name, int argc, char **argv, int first)
{
	if (first == argc)
		return true;
	for (int i = first; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return false;
}

static int parse(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--machine"))
			machine_name = argv[i + 1];
		else if (!strcmp(argv[i], "--append"))
			machine_append = argv[i + 1];
		else if (!strcmp(argv[i], "--device"))
			more_card.model = argv[i + 1];
		else if (!strcmp(argv[i], "--seed"))
			machine_seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--outcomes"))
			outcomes = argv[i + 1];
		else
			break;
	}
	if (i < argc && !strcmp(argv[i], "--unjudged")) {
		unjudged = true;
		i++;
	}
	if (i < argc && argv[i][0] == '-') {
		fprintf(stderr,
			"usage: %s [--machine NAME] [--append ARGUMENTS] [--device MODEL] [--seed N] [--outcomes FILE] [--unjudged] [TEST…]\n",
			argv[0]);
		exit(2);
	}
	return i;
}

int contract_main(int argc, char **argv, const struct contract_test *tests, size_t nr_tests)
{
	int first = parse(argc, argv), failed;
	struct CMUnitTest *table = calloc(nr_tests, sizeof(*table));
	size_t n = 0;

	for (size_t i = 0; i < nr_tests; i++) {
		if (!is_wanted(tests[i].name, argc, argv, first))
			continue;
		table[n++] = (struct CMUnitTest){
			.name = tests[i].name,
			.test_func = run_on_machine,
			.setup_func = boot,
			.teardown_func = shut_down,
			.initial_state = (void *)&tests[i],
		};
	}
	print_message("machine %s, seed %llu\n", machine_name, (unsigned long long)machine_seed);
	failed = _cmocka_run_group_tests(machine_name, table, n, NULL, NULL);
	free(table);
	return failed ? 1 : 0;
}
