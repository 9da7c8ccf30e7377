/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the model has a place for, but this version does not build: refused by
 * name. Each later step takes its check out of here.
 */
#include "config/fields.h"
#include "config/validate.h"

#include <string.h>

/* All that is marked so are lists of the document itself. */
static void refuse_lists(const struct config *config, struct report *report)
{
	for (size_t i = 0; i < fields_root.field_count; i++) {
		const struct field *field = &fields_root.fields[i];
		size_t count = 0;

		if (!(field->flags & FIELD_UNBUILT))
			continue;
		memcpy(&count, (const char *)config + field->count_offset, sizeof(count));
		if (count > 0)
			report_add(report, place("/%s", field->key).text,
				   "\"%s\" is not built yet in this version: leave it out",
				   field->key);
	}
}

void validate_unbuilt(const struct config *config, struct report *report)
{
	refuse_lists(config, report);
}
