/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the last generation says, for whoever asks. */
#include "controlplane/publish/state.h"

#include <errno.h>
#include <string.h>

const char *publisher_reason(const struct publisher *publisher)
{
	return publisher->reason;
}

uint64_t publisher_generation(const struct publisher *publisher)
{
	return publisher->root.generation;
}

size_t publisher_cut_short(const struct publisher *publisher)
{
	return publisher->cut_short;
}

bool publisher_adopted(const struct publisher *publisher)
{
	return publisher->adopted;
}

uint64_t publisher_next_due(const struct publisher *publisher)
{
	return publisher->next_due;
}

/* The published object and its index; NULL: it is not in the last generation. */
static const void *find_object(const struct publisher *publisher, uint32_t kind, uint64_t key,
			       uint32_t *index)
{
	*index = identities_find(&publisher->kinds[kind], key);
	if (*index == ABI_NONE)
		return NULL;
	return published_bytes(publisher, &publisher->kinds[kind].rows[*index]);
}

static uint64_t backend_key(const char *pool, const struct config_backend *backend)
{
	return identity_of_backend(pool, backend->name, backend->address.bytes, backend->port);
}

int publisher_backend_index(const struct publisher *publisher, const char *pool,
			    const struct config_backend *backend)
{
	uint32_t index;

	if (!find_object(publisher, ABI_BACKEND, backend_key(pool, backend), &index))
		return -ENOENT;
	return (int)index;
}

int publisher_service_index(const struct publisher *publisher, const char *service)
{
	uint32_t index;

	if (!find_object(publisher, ABI_SERVICE, identity_of_name(service), &index))
		return -ENOENT;
	return (int)index;
}

static uint32_t epoch_of(const struct identities *identities, uint32_t index)
{
	return index < identities->count && identities->rows[index].key != 0
		       ? identities->rows[index].epoch
		       : 0;
}

uint32_t publisher_backend_epoch(const struct publisher *publisher, uint32_t index)
{
	return epoch_of(&publisher->kinds[ABI_BACKEND], index);
}

uint32_t publisher_service_epoch(const struct publisher *publisher, uint32_t index)
{
	return epoch_of(&publisher->kinds[ABI_SERVICE], index);
}

bool publisher_moved_indexes(struct publisher *publisher)
{
	struct identities *backends = &publisher->kinds[ABI_BACKEND];
	struct identities *services = &publisher->kinds[ABI_SERVICE];
	bool moved = backends->moved || services->moved;

	backends->moved = services->moved = false;
	return moved;
}

int publisher_backend_state(const struct publisher *publisher, const char *pool,
			    const struct config_backend *backend)
{
	uint32_t index;
	const struct abi_backend *object =
		find_object(publisher, ABI_BACKEND, backend_key(pool, backend), &index);

	return object && object->removed_at == 0 ? object->state : -ENOENT;
}

int publisher_next_removed(const struct publisher *publisher, uint32_t from,
			   struct publish_removed *out)
{
	const struct identities *backends = &publisher->kinds[ABI_BACKEND];

	for (uint32_t i = from; i < backends->count; i++) {
		const struct abi_backend *backend = published_bytes(publisher, &backends->rows[i]);

		if (!backend || backend->removed_at == 0)
			continue;
		*out = (struct publish_removed){.name = backend->name,
						.port = backend->port,
						.index = i,
						.removed_at = backend->removed_at};
		memcpy(out->address.bytes, backend->address, 16);
		return 0;
	}
	return -ENOENT;
}

int publisher_next_endpoint(const struct publisher *publisher, uint32_t from,
			    struct publish_endpoint *out)
{
	const struct identities *backends = &publisher->kinds[ABI_BACKEND];

	for (uint32_t i = from; i < backends->count; i++) {
		const struct abi_backend *backend = published_bytes(publisher, &backends->rows[i]);

		if (!backend || !(backend->flags & ABI_BACKEND_DNAT))
			continue;
		*out = (struct publish_endpoint){.port = backend->port,
						 .is_tcp = backend->flags & ABI_BACKEND_TCP,
						 .is_udp = backend->flags & ABI_BACKEND_UDP,
						 .index = i};
		memcpy(out->address.bytes, backend->address, 16);
		return 0;
	}
	return -ENOENT;
}
