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
	const struct tables_source *source;
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

static bool read_file(const struct taking *taking, uint64_t offset, void *to, size_t length)
{
	const struct tables_source *source = taking->source;

	if (offset > source->size || length > source->size - offset ||
	    !source->read(source->context, offset, to, length))
		return refuse(&taking->refusal,
			      "%zu bytes at %" PRIu64 " cannot be read: the file was cut short",
			      length, offset);
	return true;
}

static bool read_head(const struct taking *taking, struct tables_head *head)
{
	bool there = read_file(taking, 0, head, sizeof(*head));

	/* Of what `published` covers nothing is read before it. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return there;
}

/* After a wrong sum: the writer's doing, or damage? */
static enum tables_outcome torn_or_damaged(const struct taking *taking, const char *what,
					   uint32_t index)
{
	struct tables_head head;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!read_head(taking, &head))
		return TABLES_REFUSED;
	if (head.published != taking->root.generation)
		return TABLES_TORN;
	if (index == ABI_NONE)
		refuse(&taking->refusal, "the checksum of the %s is wrong", what);
	else
		refuse(&taking->refusal, "%s %u: checksum is wrong", what, index);
	return TABLES_REFUSED;
}

static bool check_file(const struct taking *taking, const struct abi_file *header)
{
	if (header->magic != ABI_MAGIC_TABLES)
		return refuse(&taking->refusal, "not a tables file: magic is %" PRIx64,
			      header->magic);
	if (!abi_versions_agree(header->abi_version, ABI_VERSION))
		return refuse(&taking->refusal,
			      "ABI version %u, this dataplane reads %u to %u: the %s is too old, "
			      "start its newer version",
			      header->abi_version, ABI_VERSION_BEFORE, ABI_VERSION_AFTER,
			      header->abi_version > ABI_VERSION ? "dataplane" : "control plane");
	if (header->size != taking->source->size)
		return refuse(&taking->refusal, "the file is %" PRIu64 " bytes and says %" PRIu64,
			      taking->source->size, header->size);
	return true;
}

static enum tables_outcome copy_root(struct taking *taking, uint64_t generation)
{
	struct abi_root *root = &taking->root;
	uint64_t offset = offsetof(struct abi_tables, roots) + generation % 2 * sizeof(*root);

	if (!read_file(taking, offset, root, sizeof(*root)))
		return TABLES_REFUSED;
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

	if (root->directory_count > ABI_MAX_OBJECTS)
		return refuse(&taking->refusal, "directory of %" PRIu64 " objects, at most %u",
			      root->directory_count, ABI_MAX_OBJECTS);
	if (root->directory_offset % ABI_CACHE_LINE || root->directory_offset < ABI_TABLES_HEAP ||
	    root->directory_offset > taking->source->size ||
	    root->directory_count * sizeof(struct abi_ref) >
		    taking->source->size - root->directory_offset)
		return refuse(&taking->refusal,
			      "directory at %" PRIu64 " lies outside the file's heap",
			      root->directory_offset);
	return true;
}

/* What this program does not know, kinds of a newer writer, comes last and is left out. */
static bool check_directory(struct taking *taking)
{
	struct abi_root *root = &taking->root;
	const struct abi_ref *previous = NULL;
	uint64_t room = taking->source->size - ABI_TABLES_HEAP;
	uint32_t known = 0;

	for (uint32_t i = 0; i < root->directory_count; i++) {
		const struct abi_ref *ref = &taking->refs[i];

		if (ref->kind >= ABI_KIND_END)
			continue;
		if (known++ != i)
			return refuse(&taking->refusal, "directory: %s %u is out of order",
				      abi_kind_bounds(ref->kind)->name, ref->index);
		if (!validate_reference(ref, previous, root->generation, taking->source->size,
					&taking->refusal))
			return false;
		/* No two lie in one place: else a small file could ask for all memory. */
		if (ref->length > room)
			return refuse(&taking->refusal,
				      "directory: the objects are longer than the file's heap");
		room -= ref->length;
		previous = ref;
	}
	root->directory_count = known;
	return true;
}

static enum tables_outcome copy_directory(struct taking *taking)
{
	const struct abi_root *root = &taking->root;
	size_t length = root->directory_count * sizeof(struct abi_ref);

	if (!check_root(taking))
		return TABLES_REFUSED;
	taking->refs = taking->allocator->allocate(taking->allocator->context, length + 1);
	taking->objects = taking->allocator->allocate(
		taking->allocator->context, root->directory_count * sizeof(struct object *) + 1);
	if (!taking->refs || !taking->objects) {
		refuse(&taking->refusal, "no memory for a directory of %zu bytes", length);
		return TABLES_REFUSED;
	}
	if (!read_file(taking, root->directory_offset, taking->refs, length))
		return TABLES_REFUSED;
	if (root->directory_checksum != abi_checksum(taking->refs, length))
		return torn_or_damaged(taking, "directory", ABI_NONE);
	return check_directory(taking) ? TABLES_TAKEN : TABLES_REFUSED;
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
	if (!read_file(taking, ref->offset, object->bytes, ref->length))
		return TABLES_REFUSED;
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
	snapshot = snapshot_build(taking->objects, taking->count, taking->current, taking->limits,
				  taking->allocator, &taking->refusal);
	if (!snapshot)
		return TABLES_REFUSED;
	taking->count = 0; /* the shares are the snapshot's */
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

enum tables_outcome tables_take(const struct tables_source *source, const struct snapshot *current,
				const struct tables_limits *limits,
				const struct allocator *allocator, struct snapshot **out,
				uint64_t *generation, char *reason, size_t reason_size)
{
	struct taking taking = {.source = source,
				.current = current,
				.limits = limits,
				.allocator = allocator,
				.refusal = {reason, reason_size}};
	struct tables_head head;
	enum tables_outcome outcome;

	*generation = 0;
	if (source->size < ABI_TABLES_HEAP) {
		refuse(&taking.refusal, "the file is cut short: %" PRIu64 " bytes", source->size);
		return TABLES_REFUSED;
	}
	if (!read_head(&taking, &head))
		return TABLES_REFUSED;
	*generation = head.published;
	if (!check_file(&taking, &head.file))
		return TABLES_REFUSED;
	if (head.published == 0)
		return TABLES_NONE;
	if (current && current->instance == head.file.instance &&
	    current->generation == head.published)
		return TABLES_UNCHANGED;
	outcome = copy_root(&taking, head.published);
	if (outcome == TABLES_TAKEN)
		outcome = take_generation(&taking, out);
	if (outcome == TABLES_TAKEN)
		(*out)->instance = head.file.instance;
	release_taking(&taking);
	return outcome;
}
