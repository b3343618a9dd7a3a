/* SPDX-License-Identifier: MIT */
/*
 * Configuration: which CONFIG_ words are on. A word that is 1, or whose _MODULE is 1, is enabled.
 */
#ifndef _LINUX_KCONFIG_H
#define _LINUX_KCONFIG_H

#include <linux/dmk_config.h>

#define dmk_config_1 0,
#define dmk_config_second(ignored, value, ...) value
#define dmk_config_is(x) dmk_config_is_(x)
#define dmk_config_is_(x) dmk_config_is__(dmk_config_##x)
#define dmk_config_is__(one_or_junk) dmk_config_second(one_or_junk 1, 0)

#define IS_BUILTIN(option) dmk_config_is(option)
#define IS_MODULE(option) dmk_config_is(option##_MODULE)
#define IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))
#define IS_REACHABLE(option) IS_ENABLED(option)

#endif
