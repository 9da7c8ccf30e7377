/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Taking over the file of a control plane that is gone. It may have died while
 * writing, be another program's, or a newer one that knew kinds of objects we
 * do not: what is not whole in every reference is not adopted.
 */
#include "controlplane/publish/state.h"

#include "dataplane/abi/hash.h"
#include "dataplane/abi/kinds.h"

#include <errno.h>
#include <string.h>

static bool in_heap(const struct tables_file *file, uint64_t offset, uint64_t length)
{
	return offset % ABI_CACHE_LINE == 0 && offset >= ABI_TABLES_HEAP && offset <= file->size &&
	       length <= file->size - offset;
}

/* The directory of a generation; NULL: there is no whole one. */
static const struct abi_ref *find_directory(const struct tables_file *file, uint64_t generation,
					    struct abi_root *root)
{
	const struct abi_ref *refs;
	uint64_t length;

	*root = tables_of(file)->roots[generation % 2];
	if (root->checksum != abi_checksum(root, offsetof(struct abi_root, checksum)) ||
	    root->generation != generation || root->directory_count > ABI_MAX_OBJECTS)
		return NULL;
	length = root->directory_count * sizeof(*refs);
	if (!in_heap(file, root->directory_offset, length))
		return NULL;
	refs = (const void *)(file->bytes + root->directory_offset);
	return abi_checksum(refs, length) == root->directory_checksum ? refs : NULL;
}

static bool is_whole(const struct tables_file *file, const struct abi_ref *ref, uint64_t generation)
{
	const struct abi_kind_bounds *kind = abi_kind_bounds(ref->kind);

	return ref->index < kind->indexes && ref->birth > 0 && ref->birth <= generation &&
	       ref->length >= kind->least && ref->length <= kind->most &&
	       in_heap(file, ref->offset, ref->length) &&
	       abi_checksum(file->bytes + ref->offset, ref->length) == ref->checksum;
}

static bool is_name(const char name[ABI_NAME_SIZE])
{
	return memchr(name, '\0', ABI_NAME_SIZE) != NULL;
}

/* Who the object is; 0: it does not say so properly. */
static uint64_t identify(const struct abi_ref *ref, const void *bytes, uint32_t *epoch)
{
	const struct abi_service *service = bytes;
	const struct abi_backend *backend = bytes;
	const struct abi_ring *ring = bytes;
	const struct abi_next_hop *hop = bytes;
	const struct abi_local_pool *pool = bytes;

	*epoch = 0;
	switch (ref->kind) {
	case ABI_SERVICE:
		*epoch = service->epoch;
		return is_name(service->name) ? identity_of_name(service->name) : 0;
	case ABI_BACKEND:
		*epoch = backend->epoch;
		return is_name(backend->name) ? backend->identity : 0;
	case ABI_RING:
		return ref->length == sizeof(*ring) + ring->size * sizeof(ring->slots[0])
			       ? ring->identity
			       : 0;
	case ABI_NEXT_HOP:
		*epoch = hop->epoch;
		return identity_of_next_hop(hop);
	case ABI_LOCAL_POOL:
		*epoch = pool->epoch;
		return is_name(pool->name) ? identity_of_name(pool->name) : 0;
	default:
		return 1; /* one of its kind */
	}
}

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* Neither :: nor 0.0.0.0. */
static bool is_usable_address(const uint8_t address[16])
{
	static const uint8_t nobody[16];

	return is_ipv4(address) ? memcmp(address + 12, nobody, 4) != 0
				: memcmp(address, nobody, sizeof(nobody)) != 0;
}

/*
 * Most objects are made anew from the configuration and only compared with what
 * is here. These may go on as they are: a backend that was removed, the way to
 * it, a ring. The dataplane would refuse them as we would.
 */
static bool is_sound(const struct abi_ref *ref, const void *bytes)
{
	const uint32_t flags =
		ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	const struct abi_backend *backend = bytes;
	const struct abi_next_hop *hop = bytes;

	if (ref->kind == ABI_BACKEND)
		return backend->family == (is_ipv4(backend->address) ? 4 : 6) &&
		       is_usable_address(backend->address) && backend->state >= ABI_BACKEND_UP &&
		       backend->state <= ABI_BACKEND_DOWN && (backend->flags & ~flags) == 0 &&
		       backend->name[0] != '\0';
	if (ref->kind == ABI_NEXT_HOP)
		return is_usable_address(hop->address) && hop->resolved <= 1 && hop->vlan < 4095 &&
		       (hop->outer_vlan & ~ABI_OUTER_8021Q) < 4095 &&
		       hop->outer_vlan != ABI_OUTER_8021Q && (hop->mac[0] & 1) == 0;
	return true;
}

/* All its slots name backends that have been adopted. */
static bool is_sound_ring(const struct publisher *publisher, const struct abi_ring *ring)
{
	const struct identities *backends = &publisher->kinds[ABI_BACKEND];

	for (uint32_t i = 0; i < ring->size; i++)
		if (ring->slots[i] >= backends->count || backends->rows[ring->slots[i]].key == 0)
			return false;
	return true;
}

static int adopt_object(struct publisher *publisher, const struct abi_ref *ref)
{
	struct tables_file *file = &publisher->file;
	uint32_t epoch;
	uint64_t key;

	if (!is_whole(file, ref, publisher->root.generation))
		return -EINVAL;
	key = identify(ref, file->bytes + ref->offset, &epoch);
	if (key == 0 || !is_sound(ref, file->bytes + ref->offset) ||
	    !heap_claim(&file->heap, ref->offset, ref->length))
		return -EINVAL;
	return identities_adopt(&publisher->kinds[ref->kind], ref, key, epoch);
}

/*
 * What only the generation before refers to: a reader may be copying it still.
 * Left alone where it does not fit; the reader would notice by the sums.
 */
static int retire_before(struct tables_file *file, uint64_t generation)
{
	struct abi_root root;
	const struct abi_ref *refs = find_directory(file, generation, &root);
	int rc;

	if (!refs)
		return 0;
	rc = tables_file_reserve_retired(file, root.directory_count + 1);
	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < root.directory_count; i++)
		if (is_whole(file, &refs[i], generation) &&
		    heap_claim(&file->heap, refs[i].offset, refs[i].length))
			tables_file_retire(file, refs[i].offset, refs[i].length);
	if (heap_claim(&file->heap, root.directory_offset, root.directory_count * sizeof(*refs)))
		tables_file_retire(file, root.directory_offset,
				   root.directory_count * sizeof(*refs));
	tables_file_turn(file);
	return 0;
}

int publisher_adopt(struct publisher *publisher)
{
	struct tables_file *file = &publisher->file;
	uint64_t generation = __atomic_load_n(&tables_of(file)->published, __ATOMIC_ACQUIRE);
	const struct abi_ref *refs = find_directory(file, generation, &publisher->root);

	if (generation == 0 || !refs ||
	    !heap_claim(&file->heap, publisher->root.directory_offset,
			publisher->root.directory_count * sizeof(*refs)))
		return -EINVAL;
	for (uint64_t i = 0; i < publisher->root.directory_count; i++) {
		int rc = adopt_object(publisher, &refs[i]);

		if (rc < 0)
			return rc;
		if (refs[i].kind == ABI_RING &&
		    !is_sound_ring(publisher, (const void *)(file->bytes + refs[i].offset)))
			return -EINVAL;
	}
	/* Read by its own meaning, and written on by ours: neighbours read both. */
	tables_of(file)->file.abi_version = ABI_VERSION;
	publisher->instance = tables_of(file)->file.instance;
	publisher->adopted = true;
	return retire_before(file, generation - 1);
}
