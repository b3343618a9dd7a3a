/* SPDX-License-Identifier: MIT */
/*
 * The list of device models: those built in, and those a program registers. No model's code is
 * here.
 */
#include <dmakit/model.h>

#include <string.h>

extern const struct dmk_model dmk_model_dmac;
extern const struct dmk_model dmk_model_edu;
extern const struct dmk_model dmk_model_fdc;
extern const struct dmk_model dmk_model_hba;
extern const struct dmk_model dmk_model_i2s;
extern const struct dmk_model dmk_model_lab;
extern const struct dmk_model dmk_model_nic;
extern const struct dmk_model dmk_model_ringcard;
extern const struct dmk_model dmk_model_sb16;
extern const struct dmk_model dmk_model_sound;
extern const struct dmk_model dmk_model_uart;

const struct dmk_model *const dmk_models[] = {
	&dmk_model_dmac,
	&dmk_model_edu,
	&dmk_model_fdc,
	&dmk_model_hba,
	&dmk_model_i2s,
	&dmk_model_lab,
	&dmk_model_nic,
	&dmk_model_ringcard,
	&dmk_model_sb16,
	&dmk_model_sound,
	&dmk_model_uart,
	NULL,
};

static const struct dmk_model *registered[DMK_MODELS_REGISTERED];
static unsigned int nr_registered;

static bool is_listed(const struct dmk_model *model)
{
	for (const struct dmk_model *m = dmk_model_next(NULL); m; m = dmk_model_next(m))
		if (m == model)
			return true;
	return false;
}

void dmk_model_register(const struct dmk_model *model)
{
	if (!is_listed(model) && nr_registered < DMK_MODELS_REGISTERED)
		registered[nr_registered++] = model;
}

const struct dmk_model *dmk_model_next(const struct dmk_model *previous)
{
	unsigned int i = 0;

	if (!previous && dmk_models[0])
		return dmk_models[0];
	for (; previous && dmk_models[i]; i++)
		if (dmk_models[i] == previous)
			return dmk_models[i + 1] ? dmk_models[i + 1] : registered[0];
	for (i = 0; i + 1 < nr_registered; i++)
		if (registered[i] == previous)
			return registered[i + 1];
	return previous ? NULL : registered[0];
}

/*
 * A registered model of the same name comes first: a program may put its own in a built-in one's
 * place.
 */
const struct dmk_model *dmk_model_find(const char *name)
{
	for (unsigned int i = 0; i < nr_registered; i++)
		if (!strcmp(registered[i]->name, name))
			return registered[i];
	for (unsigned int i = 0; dmk_models[i]; i++)
		if (!strcmp(dmk_models[i]->name, name))
			return dmk_models[i];
	return NULL;
}
