/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/check_group.h"

#include "controlplane/health/schedule.h"

#include <stdlib.h>
#include <string.h>

/* NULL also when there is nothing to copy. */
static void *copy(const void *values, size_t count, size_t size)
{
	void *own = count > 0 ? malloc(count * size) : NULL;

	if (own != NULL)
		memcpy(own, values, count * size);
	return own;
}

static bool is_by_http(const struct config_health_check *definition)
{
	return definition->type == CONFIG_CHECK_HTTP || definition->type == CONFIG_CHECK_HTTPS;
}

struct check_group *check_group_create(const struct config_pool *pool, struct http_prober *prober)
{
	struct check_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return NULL;

	struct config_health_check *own = &group->definition;

	strcpy(group->pool, pool->name);
	*own = pool->health_check;
	own->headers = copy(own->headers, own->header_count, sizeof(*own->headers));
	own->statuses = copy(own->statuses, own->status_count, sizeof(*own->statuses));
	if ((own->header_count > 0 && own->headers == NULL) ||
	    (own->status_count > 0 && own->statuses == NULL) ||
	    (is_by_http(own) && http_kind_open(prober, own, &group->http) < 0)) {
		check_group_destroy(group);
		return NULL;
	}
	return group;
}

void check_group_destroy(struct check_group *group)
{
	if (group == NULL)
		return;
	http_kind_close(group->http);
	free(group->definition.headers);
	free(group->definition.statuses);
	free(group);
}

static bool is_same_list(const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

bool check_group_fits(const struct check_group *group, const struct config_pool *pool)
{
	const struct config_health_check *a = &group->definition, *b = &pool->health_check;

	return strcmp(group->pool, pool->name) == 0 && a->type == b->type &&
	       a->interval == b->interval && a->timeout == b->timeout &&
	       a->fast_interval == b->fast_interval && a->rise == b->rise && a->fall == b->fall &&
	       a->port == b->port && a->method == b->method && strcmp(a->path, b->path) == 0 &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->body, b->body) == 0 &&
	       a->tls_verify == b->tls_verify && strcmp(a->tls_ca_file, b->tls_ca_file) == 0 &&
	       strcmp(a->tls_server_name, b->tls_server_name) == 0 &&
	       is_same_list(a->headers, a->header_count, b->headers, b->header_count,
			    sizeof(*a->headers)) &&
	       is_same_list(a->statuses, a->status_count, b->statuses, b->status_count,
			    sizeof(*a->statuses));
}

/* Of one pool, when all first checks are spread over `spread_ms`. */
static uint64_t first_of_pool(const struct config_health_check *check, uint64_t spread_ms)
{
	uint64_t begins = spread_ms < check->interval ? spread_ms : check->interval;

	return check->type == CONFIG_CHECK_NONE ? 0 : begins + check->timeout;
}

uint64_t check_first_ms(const struct config *config)
{
	uint64_t longest = 0, spread_ms;
	size_t count = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		count += config->pools[i].backend_count;
	spread_ms = schedule_first_spread(count) / 1000000;
	for (size_t i = 0; i < config->pool_count; i++) {
		uint64_t ms = first_of_pool(&config->pools[i].health_check, spread_ms);

		if (ms > longest)
			longest = ms;
	}
	return longest;
}
