/* SPDX-License-Identifier: MIT */
/* dmakit machines: a line each. */
#include "dmakit/dmakit.h"

#include <dmakit/machine.h>

#include <string.h>

static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};

int tool_machines(int argc, char **argv)
{
	int option, width = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option != 'h')
			return tool_bad_option("machines", option, argv, options);
		puts("usage: dmakit machines\n\n"
		     "Each machine in a line: the name for --machine, and what is special about it.");
		return STATUS_CLEAN;
	}
	if (optind < argc)
		return tool_refuse("machines: takes no argument, and there is \"%s\"",
				   argv[optind]);
	for (const struct dmk_machine_info *info = dmk_machine_list(); info->name; info++) {
		if ((int)strlen(info->name) > width)
			width = (int)strlen(info->name);
	}
	for (const struct dmk_machine_info *info = dmk_machine_list(); info->name; info++)
		printf("%-*s  %s\n", width, info->name, info->summary);
	return STATUS_CLEAN;
}
