/* SPDX-License-Identifier: MIT */
#include "run/run.h"

void dmk_run_program(void)
{
}
