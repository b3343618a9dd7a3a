/* SPDX-License-Identifier: MIT */
/*
 * Reading the machine's parameters: words with blanks between, NAME or NAME=VALUE[,VALUE]... Which
 * names there are is their readers' affair.
 *
 *	for (at = parameters; *at; at = dmk_parameter_next(at))
 *		value = dmk_parameter_value(at, "swiotlb=");
 */
#ifndef DMK_CORE_PARAMETERS_H
#define DMK_CORE_PARAMETERS_H

#include <dmakit/types.h>

/** dmk_parameter_next - the word behind the one at @at, or the end */
const char *dmk_parameter_next(const char *at);
/** dmk_parameter_is - whether the word at @at is @word, whole */
bool dmk_parameter_is(const char *at, const char *word);
/**
 * dmk_parameter_value - what follows @name, which ends in "=", at @at; NULL: it is another word.
 */
const char *dmk_parameter_value(const char *at, const char *name);

/*
 * What is at *@at, whole, up to a comma, a blank or the end: then it is stepped over. false: it is
 * not, and nothing was.
 */
bool dmk_parameter_take_word(const char **at, const char *word);
/** dmk_parameter_take_number - as in C: decimal, 0x.. or octal; up to 2^40 times its base. */
bool dmk_parameter_take_number(const char **at, uint64_t *number);

#endif
