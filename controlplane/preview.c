/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/preview.h"

#include "controlplane/controlplane.h"

#include <stdlib.h>
#include <string.h>

/* Building two whole rings takes milliseconds; of more pools than this, smaller ones tell enough.
 */
#define WHOLE_RINGS_MAX 8
#define SMALL_RING      2053

/* Members of one pool that take new flows. */
struct members {
	struct maglev_member *rows;
	size_t count;
};

/* Both rings' slots name a backend by its position in this order: by address, then port. */
static int by_endpoint(const void *left, const void *right)
{
	const struct maglev_member *a = left, *b = right;
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order != 0 ? order : (int)a->port - (int)b->port;
}

/* Gives equal endpoints of both the same slot value. */
static void number_members(struct maglev_member *before, size_t before_count,
			   struct maglev_member *after, size_t after_count)
{
	size_t i = 0, j = 0;
	uint16_t value = 0;

	qsort(before, before_count, sizeof(*before), by_endpoint);
	qsort(after, after_count, sizeof(*after), by_endpoint);
	while (i < before_count || j < after_count) {
		int order = i == before_count  ? 1
			    : j == after_count ? -1
					       : by_endpoint(&before[i], &after[j]);

		if (order <= 0)
			before[i++].slot_value = value;
		if (order >= 0)
			after[j++].slot_value = value;
		value++;
	}
}

static double compare_rings(const struct maglev_member *before, size_t before_count,
			    const struct maglev_member *after, size_t after_count, uint32_t size)
{
	uint16_t *rings = calloc(2 * (size_t)size, sizeof(*rings));
	double share = -1.0;
	uint32_t moved = 0;

	if (rings != NULL && maglev_build(before, before_count, rings, size) == 0 &&
	    maglev_build(after, after_count, rings + size, size) == 0) {
		for (uint32_t i = 0; i < size; i++)
			moved += rings[i] != rings[size + i];
		share = (double)moved / size;
	}
	free(rings);
	return share;
}

double preview_share(const struct maglev_member *before, size_t before_count,
		     const struct maglev_member *after, size_t after_count, uint32_t size)
{
	struct maglev_member *copies;
	double share;

	if (before_count == 0 || after_count == 0)
		return before_count == after_count ? 0.0 : 1.0;
	copies = calloc(before_count + after_count, sizeof(*copies));
	if (copies == NULL)
		return -1.0;
	memcpy(copies, before, before_count * sizeof(*before));
	memcpy(copies + before_count, after, after_count * sizeof(*after));
	number_members(copies, before_count, copies + before_count, after_count);
	share = compare_rings(copies, before_count, copies + before_count, after_count, size);
	free(copies);
	return share;
}

static void add_member(struct members *members, const struct config_backend *backend)
{
	struct maglev_member *member = &members->rows[members->count++];

	*member = (struct maglev_member){.port = backend->port, .weight = backend->weight};
	memcpy(member->address, backend->address.bytes, sizeof(member->address));
}

static bool takes_flows(const struct config_backend *backend)
{
	return backend->admin == CONFIG_READY && backend->weight > 0;
}

/* As they are now; `position` is that of the pool's first backend. */
static void collect_running(const struct health *health, const struct config_pool *pool,
			    size_t position, struct members *members)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (takes_flows(&pool->backends[i]) &&
		    health_view(health, position + i).verdict == CHECK_UP)
			add_member(members, &pool->backends[i]);
	}
}

static bool is_down(const struct health *health, const struct config_pool *running, size_t position,
		    const struct config_backend *backend)
{
	for (size_t i = 0; i < running->backend_count; i++) {
		const struct config_backend *other = &running->backends[i];

		if (strcmp(other->name, backend->name) == 0 && other->port == backend->port &&
		    address_equal(&other->address, &backend->address))
			return health_view(health, position + i).verdict == CHECK_DOWN;
	}
	return false;
}

/* As they would be. */
static void collect_next(const struct health *health, const struct config_pool *running,
			 size_t position, const struct config_pool *pool, struct members *members)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (takes_flows(&pool->backends[i]) &&
		    !is_down(health, running, position, &pool->backends[i]))
			add_member(members, &pool->backends[i]);
	}
}

/* A pool of the running configuration and what it would become. */
struct pair {
	const struct config_pool *running, *next;
	size_t position;
};

static int compare_pair(const struct controlplane *controlplane, const struct pair *pair,
			uint32_t size, json_t *moves)
{
	size_t most = pair->running->backend_count + pair->next->backend_count;
	struct maglev_member *rows = calloc(most + 1, sizeof(*rows));
	struct members before = {.rows = rows};
	struct members after = {.rows = rows + pair->running->backend_count};
	double share = -1.0;

	if (rows != NULL) {
		collect_running(controlplane->health, pair->running, pair->position, &before);
		collect_next(controlplane->health, pair->running, pair->position, pair->next,
			     &after);
		share = preview_share(before.rows, before.count, after.rows, after.count, size);
	}
	free(rows);
	if (share < 0.0)
		return -1;
	if (share > 0.0)
		json_array_append_new(
			moves, json_pack("{s:s, s:f}", "pool", pair->next->name, "share", share));
	return 0;
}

static bool is_same_pool(const struct config_pool *a, const struct config_pool *b)
{
	return a->backend_count == b->backend_count &&
	       memcmp(a->backends, b->backends, a->backend_count * sizeof(*a->backends)) == 0;
}

static int by_running_name(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	return strcmp(a->running->name, b->running->name);
}

/* The pools of both that differ; malloc'ed. */
static struct pair *find_pairs(const struct config *running, const struct config *next,
			       size_t *count)
{
	struct pair *pairs = calloc(running->pool_count + 1, sizeof(*pairs));
	size_t position = 0, kept = 0;

	if (pairs == NULL)
		return NULL;
	for (size_t i = 0; i < running->pool_count; i++) {
		pairs[i] = (struct pair){.running = &running->pools[i], .position = position};
		position += running->pools[i].backend_count;
	}
	qsort(pairs, running->pool_count, sizeof(*pairs), by_running_name);
	for (size_t i = 0; i < next->pool_count; i++) {
		struct pair wanted = {.running = &next->pools[i]};
		struct pair *pair = bsearch(&wanted, pairs, running->pool_count, sizeof(*pairs),
					    by_running_name);

		if (pair != NULL && !is_same_pool(pair->running, &next->pools[i]))
			pair->next = &next->pools[i];
	}
	for (size_t i = 0; i < running->pool_count; i++) {
		if (pairs[i].next != NULL)
			pairs[kept++] = pairs[i];
	}
	*count = kept;
	return pairs;
}

json_t *preview_moves(const struct controlplane *controlplane, const struct config *next)
{
	size_t count = 0;
	struct pair *pairs = find_pairs(controlplane->config, next, &count);
	uint32_t size = count > WHOLE_RINGS_MAX ? SMALL_RING : next->defaults.maglev_size;
	json_t *moves = json_array();

	for (size_t i = 0; i < count && moves != NULL; i++) {
		if (compare_pair(controlplane, &pairs[i], size, moves) < 0) {
			json_decref(moves);
			moves = NULL;
		}
	}
	if (pairs == NULL) {
		json_decref(moves);
		return NULL;
	}
	free(pairs);
	return moves;
}
