/* SPDX-License-Identifier: MIT */
/*
 * --append: boot arguments as a user types them. A word that nobody reads, or a value that its
 * reader would pass over with a line in a log that is not shown, is told before anything runs. What
 * mem= and cma= are given, the machine judges itself.
 */
#include "dmakit/dmakit.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER "(0[xX][0-9a-fA-F]+|[0-9]+)"

/* Each word that machine, kernel part or core reads (docs/MACHINES.md). */
static const struct {
	const char *name, *pattern, *looks_like;
} known[] = {
	{"mem=", NULL, NULL},
	{"cma=", NULL, NULL},
	{"swiotlb=", "^(" NUMBER "|force|noforce)(,(" NUMBER "|force|noforce))*$",
	 "swiotlb=force, swiotlb=noforce, or slots of 2 KiB and areas, as in swiotlb=512,2,force"},
	{"iommu.strict=", "^[01]$", "iommu.strict=0 or iommu.strict=1"},
	{"iommu.forcedac=", "^[01]$", "iommu.forcedac=0 or iommu.forcedac=1"},
	{"iommu.passthrough=", "^[01]$", "iommu.passthrough=0 or iommu.passthrough=1"},
	{"iommu=", "^(no)?pt$", "iommu=pt or iommu=nopt"},
	{"dmakit.quarantine=", "^" NUMBER "$", "a number of bytes, as in dmakit.quarantine=65536"},
	{"dmakit.evictions=", NULL, NULL},
	{"dmakit.dma_channels=", "^" NUMBER "$",
	 "a number of channels that copy with threads, as in dmakit.dma_channels=64"},
	{"dmakit.interleave=", "^" NUMBER "$",
	 "a number, of times between two at which a thread is held up, as in dmakit.interleave=20"},
	{"dmakit.iova_reuse=", "^(newest|oldest|last|random(,[0-9]+)?)$",
	 "dmakit.iova_reuse=newest, oldest, random, random,SEED or last"},
	{"dma_debug_driver=", "^.+$", "a driver's name, as in dma_debug_driver=edu"},
	{"dmakit.swiotlb_max=", "^" NUMBER "$", "a number of slots, as in dmakit.swiotlb_max=4096"},
};
enum { KNOWN = sizeof(known) / sizeof(*known) };

static bool matches(const char *pattern, const char *value)
{
	regex_t compiled;
	bool good;

	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB))
		return true; /* out of memory: the reader will tell */
	good = !regexec(&compiled, value, 0, NULL, 0);
	regfree(&compiled);
	return good;
}

static int judge(const char *word)
{
	for (size_t i = 0; i < KNOWN; i++) {
		size_t length = strlen(known[i].name);

		if (strncmp(word, known[i].name, length))
			continue;
		if (!known[i].pattern || matches(known[i].pattern, word + length))
			return STATUS_CLEAN;
		return tool_refuse("boot argument %s: expected is %s", word, known[i].looks_like);
	}
	/* as a kernel does: on it goes, without */
	fprintf(stderr,
		"dmakit: nobody reads the boot argument \"%s\"; what is read: mem=, cma=, swiotlb=, iommu.strict=, "
		"iommu.forcedac=, iommu.passthrough=, iommu=, dma_debug_driver=, dmakit.quarantine=, dmakit.evictions=, "
		"dmakit.dma_channels=, dmakit.interleave=, dmakit.iova_reuse= and dmakit.swiotlb_max= (a driver's own are for --param)\n",
		word);
	return STATUS_CLEAN;
}

int tool_append(char **all, const char *text)
{
	char *words = strdup(text), *joined = NULL, *rest;
	int status = STATUS_CLEAN;

	if (!words || asprintf(&joined, "%s%s%s", *all ? *all : "", *all ? " " : "", text) < 0) {
		free(words);
		return tool_refuse("out of memory");
	}
	free(*all);
	*all = joined;
	for (char *word = strtok_r(words, " \t\n", &rest); word && !status;
	     word = strtok_r(NULL, " \t\n", &rest))
		status = judge(word);
	free(words);
	return status;
}
