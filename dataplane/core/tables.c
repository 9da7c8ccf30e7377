/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Copies a generation out of the shared file. The writer may be writing, may
 * have died, may be broken: every byte is copied once and only the copy is
 * looked at.
 *
 * Synchronization: the writer touches what generation G refers to only after
 * `published` has passed G. So a wrong sum with `published` still at G is
 * damage, and with a later one it is a copy torn by reuse.
 */
#include "dataplane/abi/hash.h"
#include "dataplane/core/snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* One call of tables_take(). */
struct taking {
	const uint8_t *file;
	size_t size;
	const struct snapshot *current;
	const struct tables_limits *limits;
	const struct allocator *allocator;
	struct abi_root root;
	struct abi_ref *refs; /* the directory */
	struct object **objects;
	uint32_t count; /* of both; objects: those that have been got so far */
	struct refusal refusal;
};

bool refuse(const struct refusal *refusal, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(refusal->text, refusal->size, format, arguments);
	va_end(arguments);
	return false;
}

static uint64_t load_published(const uint8_t *file)
{
	const struct abi_tables *tables = (const void *)file;

	return __atomic_load_n(&tables->published, __ATOMIC_ACQUIRE);
}

/* After a wrong sum: the writer's doing, or damage? */
static enum tables_outcome torn_or_damaged(const struct taking *taking, const char *what,
					   uint32_t index)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (load_published(taking->file) != taking->root.generation)
		return TABLES_TORN;
	if (index == ABI_NONE)
		refuse(&taking->refusal, "the checksum of the %s is wrong", what);
	else
		refuse(&taking->refusal, "%s %u: checksum is wrong", what, index);
	return TABLES_REFUSED;
}

static bool check_file(const struct taking *taking, struct abi_file *header)
{
	memcpy(header, taking->file, sizeof(*header));
	if (header->magic != ABI_MAGIC_TABLES)
		return refuse(&taking->refusal, "not a tables file: magic is %" PRIx64,
			      header->magic);
	if (header->abi_version != ABI_VERSION)
		return refuse(&taking->refusal,
			      "ABI version %u, this program reads %u: restart the older program",
			      header->abi_version, ABI_VERSION);
	if (header->size != taking->size)
		return refuse(&taking->refusal, "the file is %zu bytes and says %" PRIu64,
			      taking->size, header->size);
	return true;
}

static enum tables_outcome copy_root(struct taking *taking, uint64_t generation)
{
	const struct abi_tables *tables = (const void *)taking->file;
	struct abi_root *root = &taking->root;

	memcpy(root, &tables->roots[generation % 2], sizeof(*root));
	if (root->checksum != abi_checksum(root, offsetof(struct abi_root, checksum)) ||
	    root->generation != generation) {
		root->generation = generation;
		return torn_or_damaged(taking, "root", ABI_NONE);
	}
	return TABLES_TAKEN;
}

static bool check_root(const struct taking *taking)
{
	const struct abi_root *root = &taking->root;

	if (root->directory_count > abi_most_objects())
		return refuse(&taking->refusal,
			      "directory of %" PRIu64 " objects, at most %" PRIu64,
			      root->directory_count, abi_most_objects());
	if (root->directory_offset % ABI_CACHE_LINE || root->directory_offset < ABI_TABLES_HEAP ||
	    root->directory_offset > taking->size ||
	    root->directory_count * sizeof(struct abi_ref) > taking->size - root->directory_offset)
		return refuse(&taking->refusal,
			      "directory at %" PRIu64 " lies outside the file's heap",
			      root->directory_offset);
	return true;
}

static enum tables_outcome copy_directory(struct taking *taking)
{
	const struct abi_root *root = &taking->root;
	size_t length = root->directory_count * sizeof(struct abi_ref);
	const struct abi_ref *previous = NULL;

	if (!check_root(taking))
		return TABLES_REFUSED;
	taking->refs = taking->allocator->allocate(taking->allocator->context, length + 1);
	taking->objects = taking->allocator->allocate(
		taking->allocator->context, root->directory_count * sizeof(struct object *) + 1);
	if (!taking->refs || !taking->objects) {
		refuse(&taking->refusal, "no memory for a directory of %zu bytes", length);
		return TABLES_REFUSED;
	}
	memcpy(taking->refs, taking->file + root->directory_offset, length);
	if (root->directory_checksum != abi_checksum(taking->refs, length))
		return torn_or_damaged(taking, "directory", ABI_NONE);
	for (uint32_t i = 0; i < root->directory_count; i++) {
		if (!validate_reference(&taking->refs[i], previous, root->generation, taking->size,
					&taking->refusal))
			return TABLES_REFUSED;
		previous = &taking->refs[i];
	}
	return TABLES_TAKEN;
}

/* Where the bytes lie says nothing of what they are: a larger file moves them all. */
static bool same_object(const struct abi_ref *a, const struct abi_ref *b)
{
	return a->kind == b->kind && a->index == b->index && a->birth == b->birth &&
	       a->length == b->length && a->checksum == b->checksum;
}

static bool comes_before(const struct abi_ref *a, const struct abi_ref *b)
{
	return a->kind != b->kind ? a->kind < b->kind : a->index < b->index;
}

static enum tables_outcome copy_object(const struct taking *taking, const struct abi_ref *ref,
				       struct object **out)
{
	struct object *object = taking->allocator->allocate(taking->allocator->context,
							    sizeof(*object) + ref->length);

	if (!object) {
		refuse(&taking->refusal, "no memory for %s %u (%" PRIu64 " bytes)",
		       abi_kind_bounds(ref->kind)->name, ref->index, ref->length);
		return TABLES_REFUSED;
	}
	object->ref = *ref;
	object->users = 1;
	*out = object;
	memcpy(object->bytes, taking->file + ref->offset, ref->length);
	if (ref->checksum != abi_checksum(object->bytes, ref->length))
		return torn_or_damaged(taking, abi_kind_bounds(ref->kind)->name, ref->index);
	if (!validate_object(object, taking->limits, &taking->refusal))
		return TABLES_REFUSED;
	return TABLES_TAKEN;
}

/* Both directories are sorted alike: one walk finds what the current snapshot has already. */
static enum tables_outcome collect_objects(struct taking *taking)
{
	const struct snapshot *current = taking->current;
	uint32_t have = current ? current->object_count : 0;

	for (uint32_t i = 0, at = 0; i < taking->root.directory_count; i++) {
		const struct abi_ref *ref = &taking->refs[i];
		enum tables_outcome outcome;

		while (at < have && comes_before(&current->objects[at]->ref, ref))
			at++;
		taking->count = i + 1;
		if (at < have && same_object(&current->objects[at]->ref, ref)) {
			taking->objects[i] = current->objects[at];
			taking->objects[i]->users++;
			continue;
		}
		outcome = copy_object(taking, ref, &taking->objects[i]);
		if (outcome != TABLES_TAKEN)
			return outcome;
	}
	return TABLES_TAKEN;
}

static enum tables_outcome take_generation(struct taking *taking, struct snapshot **out)
{
	enum tables_outcome outcome = copy_directory(taking);
	struct snapshot *snapshot;

	if (outcome == TABLES_TAKEN)
		outcome = collect_objects(taking);
	if (outcome != TABLES_TAKEN)
		return outcome;
	snapshot = snapshot_build(taking->objects, taking->count, taking->current,
				  taking->allocator, &taking->refusal);
	if (!snapshot)
		return TABLES_REFUSED;
	snapshot->generation = taking->root.generation;
	snapshot->revision = taking->root.revision;
	*out = snapshot;
	return TABLES_TAKEN;
}

static void release_taking(struct taking *taking)
{
	const struct allocator *allocator = taking->allocator;

	for (uint32_t i = 0; i < taking->count; i++)
		object_unshare(taking->objects[i], allocator);
	if (taking->objects)
		allocator->release(allocator->context, taking->objects);
	if (taking->refs)
		allocator->release(allocator->context, taking->refs);
}

enum tables_outcome tables_take(const void *file, size_t size, const struct snapshot *current,
				const struct tables_limits *limits,
				const struct allocator *allocator, struct snapshot **out,
				uint64_t *generation, char *reason, size_t reason_size)
{
	struct taking taking = {.file = file,
				.size = size,
				.current = current,
				.limits = limits,
				.allocator = allocator,
				.refusal = {reason, reason_size}};
	struct abi_file header;
	enum tables_outcome outcome;

	*generation = 0;
	if (size < ABI_TABLES_HEAP) {
		refuse(&taking.refusal, "the file is cut short: %zu bytes", size);
		return TABLES_REFUSED;
	}
	*generation = load_published(taking.file);
	if (!check_file(&taking, &header))
		return TABLES_REFUSED;
	if (*generation == 0)
		return TABLES_NONE;
	if (current && current->instance == header.instance && current->generation == *generation)
		return TABLES_UNCHANGED;
	outcome = copy_root(&taking, *generation);
	if (outcome == TABLES_TAKEN)
		outcome = take_generation(&taking, out);
	if (outcome == TABLES_TAKEN)
		(*out)->instance = header.instance;
	release_taking(&taking);
	return outcome;
}
