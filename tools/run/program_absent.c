/* SPDX-License-Identifier: MIT */
/* A build without the preload library: no program can be the test. */
#include "run/run.h"

void dmk_run_program(void)
{
	dmk_run_problem("this build of dmakit can't run a program as the test");
}
