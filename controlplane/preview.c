/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/preview.h"

#include "controlplane/controlplane.h"
#include "controlplane/ring_share.h"

#include <stdlib.h>
#include <string.h>

/*
 * Building two whole rings takes milliseconds; of more pools than this, smaller
 * ones tell enough. Two primes: rings of different sizes have little in common.
 */
#define WHOLE_RINGS_MAX 8
#define SMALL_RING      2053
#define OTHER_RING      2063

/* The pools that a service has and would have. */
struct pair {
	const struct config_pool *before, *after;
	bool rehashed;
};

struct preview {
	const struct health *health;
	const struct config *running, *next;
	size_t *positions;                      /* of the running pools' first backends */
	const struct config_service **services; /* the running ones, by name */
	uint32_t before_size, after_size;       /* of rings */
};

static int by_name(const void *left, const void *right)
{
	const struct config_service *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static bool preview_open(struct preview *preview)
{
	const struct config *running = preview->running;
	size_t position = 0;

	preview->positions = calloc(running->pool_count + 1, sizeof(*preview->positions));
	preview->services = calloc(running->service_count + 1, sizeof(*preview->services));
	if (preview->positions == NULL || preview->services == NULL)
		return false;
	for (size_t i = 0; i < running->pool_count; i++) {
		preview->positions[i] = position;
		position += running->pools[i].backend_count;
	}
	for (size_t i = 0; i < running->service_count; i++)
		preview->services[i] = &running->services[i];
	qsort(preview->services, running->service_count, sizeof(*preview->services), by_name);
	return true;
}

static void preview_close(struct preview *preview)
{
	free(preview->positions);
	free(preview->services);
}

static enum check_verdict verdict_of(const struct preview *preview, const struct config_pool *pool,
				     size_t backend)
{
	size_t number = (size_t)(pool - preview->running->pools);

	return health_view(preview->health, preview->positions[number] + backend).verdict;
}

static bool takes_flows(const struct config_backend *backend)
{
	return backend->admin == CONFIG_READY && backend->weight > 0;
}

static void add_member(struct ring_share *ring, const struct config_backend *backend)
{
	struct maglev_member *member = &ring->members[ring->count++];

	*member = (struct maglev_member){.port = backend->port, .weight = backend->weight};
	memcpy(member->address, backend->address.bytes, sizeof(member->address));
}

/* As they are now. */
static void collect_running(const struct preview *preview, const struct config_pool *pool,
			    struct ring_share *ring)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (takes_flows(&pool->backends[i]) && verdict_of(preview, pool, i) == CHECK_UP)
			add_member(ring, &pool->backends[i]);
	}
}

/* Whether the backend is in the pool of this name already, and down. */
static bool is_down(const struct preview *preview, const struct config_pool *pool,
		    const struct config_backend *backend)
{
	for (size_t i = 0; pool != NULL && i < pool->backend_count; i++) {
		const struct config_backend *other = &pool->backends[i];

		if (strcmp(other->name, backend->name) == 0 && other->port == backend->port &&
		    address_equal(&other->address, &backend->address))
			return verdict_of(preview, pool, i) == CHECK_DOWN;
	}
	return false;
}

/* As they would be. */
static void collect_next(const struct preview *preview, const struct config_pool *pool,
			 struct ring_share *ring)
{
	const struct config_pool *running = config_find_pool(preview->running, pool->name);

	for (size_t i = 0; i < pool->backend_count; i++) {
		if (takes_flows(&pool->backends[i]) &&
		    !is_down(preview, running, &pool->backends[i]))
			add_member(ring, &pool->backends[i]);
	}
}

static double compare_pair(const struct preview *preview, const struct pair *pair)
{
	size_t most = pair->before->backend_count + pair->after->backend_count;
	struct maglev_member *rows = calloc(most + 1, sizeof(*rows));
	struct ring_share before = {.members = rows, .size = preview->before_size};
	struct ring_share after = {.members = rows + pair->before->backend_count,
				   .size = preview->after_size};
	double share = -1.0;

	if (rows != NULL) {
		collect_running(preview, pair->before, &before);
		collect_next(preview, pair->after, &after);
		share = ring_share(&before, &after, pair->rehashed);
	}
	free(rows);
	return share;
}

static bool is_same_pool(const struct config_pool *a, const struct config_pool *b)
{
	return strcmp(a->name, b->name) == 0 && a->backend_count == b->backend_count &&
	       memcmp(a->backends, b->backends, a->backend_count * sizeof(*a->backends)) == 0;
}

/* False: the service is new, or nothing about its ring is. */
static bool find_pair(const struct preview *preview, const struct config_service *next,
		      struct pair *pair)
{
	const struct config_service **found =
		bsearch(&next, preview->services, preview->running->service_count,
			sizeof(*preview->services), by_name);

	if (found == NULL)
		return false;
	*pair = (struct pair){.before = config_find_pool(preview->running, (*found)->pool),
			      .after = config_find_pool(preview->next, next->pool),
			      .rehashed = (*found)->hash_on != next->hash_on};
	return pair->before != NULL && pair->after != NULL &&
	       (pair->rehashed || !is_same_pool(pair->before, pair->after) ||
		preview->before_size != preview->after_size);
}

static bool is_same_pair(const struct pair *a, const struct pair *b)
{
	return a->before == b->before && a->after == b->after && a->rehashed == b->rehashed;
}

/* Services come by their pools, so that those that share one are compared once. */
static size_t count_pairs(const struct preview *preview)
{
	struct pair last = {0}, pair;
	size_t count = 0;

	for (size_t i = 0; i < preview->next->service_count; i++) {
		if (find_pair(preview, preview->next->service_order[i], &pair) &&
		    !is_same_pair(&pair, &last)) {
			last = pair;
			count++;
		}
	}
	return count;
}

static void choose_sizes(struct preview *preview)
{
	uint32_t before = preview->running->defaults.maglev_size;
	uint32_t after = preview->next->defaults.maglev_size;

	preview->before_size = before;
	preview->after_size = after;
	if (count_pairs(preview) > WHOLE_RINGS_MAX) {
		preview->before_size = SMALL_RING;
		preview->after_size = before == after ? SMALL_RING : OTHER_RING;
	}
}

/* False: no memory. */
static bool list_moves(const struct preview *preview, json_t *moves)
{
	struct pair last = {0}, pair;
	double share = 0.0;

	for (size_t i = 0; i < preview->next->service_count; i++) {
		const struct config_service *service = preview->next->service_order[i];

		if (!find_pair(preview, service, &pair))
			continue;
		if (!is_same_pair(&pair, &last))
			share = compare_pair(preview, &pair);
		last = pair;
		if (share < 0.0)
			return false;
		if (share > 0.0)
			json_array_append_new(moves, json_pack("{s:s, s:f}", "service",
							       service->name, "share", share));
	}
	return true;
}

json_t *preview_moves(const struct controlplane *controlplane, const struct config *next)
{
	struct preview preview = {
		.health = controlplane->health, .running = controlplane->config, .next = next};
	json_t *moves = json_array();
	bool done = moves != NULL && preview_open(&preview);

	if (done) {
		choose_sizes(&preview);
		done = list_moves(&preview, moves);
	}
	preview_close(&preview);
	if (!done) {
		json_decref(moves);
		return NULL;
	}
	return moves;
}
