/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the model has a place for, but this version does not build: refused by
 * name. Each later step takes its check out of here.
 */
#include "config/validate.h"

void validate_unbuilt(const struct config *config, struct report *report)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (config->services[i].on_backend_down == CONFIG_BACKEND_DOWN_RESET)
			report_add(report, place("/services/%zu/on_backend_down", i).text,
				   "\"reset\" is not built yet in this version: use \"keep\"");
	}
}
