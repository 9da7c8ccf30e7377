/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/backend_state.h"

#include "config/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *backend_state_text(enum backend_state state)
{
	static const char *const texts[BACKEND_STATES] = {[BACKEND_UP] = "up",
							  [BACKEND_DOWN] = "down",
							  [BACKEND_DRAINING] = "draining",
							  [BACKEND_CHECKING] = "checking",
							  [BACKEND_REMOVED] = "removed"};

	return texts[state];
}

enum backend_state backend_state_of(const struct config_backend *backend,
				    enum check_verdict verdict)
{
	if (backend->admin == CONFIG_MAINT || verdict == CHECK_DOWN)
		return BACKEND_DOWN;
	if (verdict == CHECK_UNDECIDED)
		return BACKEND_CHECKING;
	if (backend->admin == CONFIG_DRAIN || backend->weight == 0)
		return BACKEND_DRAINING;
	return BACKEND_UP;
}

void removed_split(const char *text, uint32_t index, struct removed_name *name)
{
	size_t length = strnlen(text, ABI_NAME_SIZE - 1);
	const char *slash = memchr(text, '/', length);
	int pool = (int)(slash != NULL ? (size_t)(slash - text) : length);
	int backend = slash != NULL ? (int)length - pool - 1 : 0;

	snprintf(name->pool, sizeof(name->pool), "%.*s", pool, text);
	snprintf(name->backend, sizeof(name->backend), "%.*s", backend, text + length - backend);
	if (length == ABI_NAME_SIZE - 1)
		snprintf(name->backend + backend, sizeof(name->backend) - (size_t)backend, "~%u",
			 index);
	text_make_utf8(name->pool); /* tables may have been spoiled */
	text_make_utf8(name->backend);
}

static int by_name(const void *left, const void *right)
{
	const struct pool_count *a = left, *b = right;

	return strcmp(a->pool, b->pool);
}

struct pool_count *pool_counts_make(const struct config *config, const struct health *health)
{
	struct pool_count *counts = calloc(config->pool_count + 1, sizeof(*counts));
	size_t position = 0;

	if (counts == NULL)
		return NULL;
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		counts[i] = (struct pool_count){.pool = pool->name, .all = pool->backend_count};
		for (size_t j = 0; j < pool->backend_count; j++, position++)
			counts[i].up += backend_state_of(&pool->backends[j],
							 health_view(health, position).verdict) ==
					BACKEND_UP;
	}
	qsort(counts, config->pool_count, sizeof(*counts), by_name);
	return counts;
}

const struct pool_count *pool_count_find(const struct pool_count *counts,
					 const struct config *config, const char *pool)
{
	struct pool_count wanted = {.pool = pool};

	return bsearch(&wanted, counts, config->pool_count, sizeof(*counts), by_name);
}
