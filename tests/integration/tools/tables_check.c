/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Reads a `tables` file as the dataplane may, and checks more than it does:
 * every sum of every object, in each reading. A sum that is wrong is no fault
 * only if the writer has published two generations more meanwhile: not before
 * that may it use a place again.
 *
 * Usage: tables_check [--watch] FILE
 *
 * Output: one JSON object a line. Without --watch: {"ok", "generation",
 * "instance", "rings": {service: sum of its ring's bytes}}, or {"ok": false,
 * "error"}. With it: reads until SIGTERM or a fault, then {"ok", "reads",
 * "generations", "overtaken"}, with "error" if there was a fault.
 */
#include "dataplane/abi/hash.h"
#include "dataplane/core/tables.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct checker {
	const char *path;
	const uint8_t *bytes;
	size_t size;
	ino_t inode;
	uint64_t reads, generations, overtaken, last;
	char error[512];
};

enum reading { READ_WELL, READ_OVERTAKEN, READ_FAULTY };

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static enum reading fault(struct checker *checker, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum reading fault(struct checker *checker, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(checker->error, sizeof(checker->error), format, arguments);
	va_end(arguments);
	return READ_FAULTY;
}

/* Maps the file, again when another has taken its place. */
static bool map_file(struct checker *checker)
{
	int file = open(checker->path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *bytes;

	if (file < 0 || fstat(file, &status) < 0 || status.st_size < ABI_TABLES_HEAP) {
		fault(checker, "%s is not there, or too short", checker->path);
		if (file >= 0)
			close(file);
		return false;
	}
	if (checker->bytes == NULL || status.st_ino != checker->inode) {
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
		if (bytes == MAP_FAILED) {
			close(file);
			return false;
		}
		if (checker->bytes != NULL)
			munmap((void *)(uintptr_t)checker->bytes, checker->size);
		checker->bytes = bytes;
		checker->size = (size_t)status.st_size;
		checker->inode = status.st_ino;
	}
	close(file);
	return true;
}

static uint64_t published(const struct checker *checker)
{
	return __atomic_load_n(&((const struct abi_tables *)checker->bytes)->published,
			       __ATOMIC_ACQUIRE);
}

static bool in_file(const struct checker *checker, uint64_t offset, uint64_t length)
{
	return offset >= ABI_TABLES_HEAP && offset <= checker->size &&
	       length <= checker->size - offset;
}

/* A sum is wrong, or an offset: has the place been reused, as it may? */
static enum reading explain(struct checker *checker, uint64_t generation, const char *what,
			    uint64_t which)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (published(checker) >= generation + 2)
		return READ_OVERTAKEN;
	return fault(checker,
		     "generation %" PRIu64 ", %s %" PRIu64 ": its sum is wrong while %" PRIu64
		     " is published",
		     generation, what, which, published(checker));
}

/* Every sum of the generation that is published now. */
static enum reading check_sums(struct checker *checker)
{
	uint64_t generation = published(checker);
	struct abi_root root = ((const struct abi_tables *)checker->bytes)->roots[generation % 2];
	const struct abi_ref *refs;

	if (generation == 0)
		return READ_WELL;
	if (root.checksum != abi_checksum(&root, offsetof(struct abi_root, checksum)) ||
	    root.generation != generation)
		return explain(checker, generation, "root", generation % 2);
	if (root.directory_count > UINT32_MAX ||
	    !in_file(checker, root.directory_offset, root.directory_count * sizeof(*refs)))
		return fault(checker, "generation %" PRIu64 ": its directory is outside",
			     generation);
	refs = (const void *)(checker->bytes + root.directory_offset);
	if (abi_checksum(refs, root.directory_count * sizeof(*refs)) != root.directory_checksum)
		return explain(checker, generation, "directory", 0);
	for (uint64_t i = 0; i < root.directory_count; i++) {
		struct abi_ref ref = refs[i];

		if (!in_file(checker, ref.offset, ref.length) ||
		    abi_checksum(checker->bytes + ref.offset, ref.length) != ref.checksum)
			return explain(checker, generation, "object", i);
	}
	checker->generations += generation != checker->last;
	checker->last = generation;
	return READ_WELL;
}

static enum reading check_once(struct checker *checker)
{
	enum reading reading = map_file(checker) ? check_sums(checker) : READ_FAULTY;

	checker->reads++;
	checker->overtaken += reading == READ_OVERTAKEN;
	return reading;
}

static int watch(struct checker *checker)
{
	enum reading reading = READ_WELL;

	while (!stopped && reading != READ_FAULTY)
		reading = check_once(checker);
	printf("{\"ok\": %s, \"reads\": %" PRIu64 ", \"generations\": %" PRIu64
	       ", \"overtaken\": %" PRIu64 ", \"error\": \"%s\"}\n",
	       reading == READ_FAULTY ? "false" : "true", checker->reads, checker->generations,
	       checker->overtaken, checker->error);
	return reading == READ_FAULTY;
}

static void *allocate(void *context, size_t size)
{
	void *memory = NULL;

	(void)context;
	if (posix_memalign(&memory, ABI_CACHE_LINE, size) != 0)
		return NULL;
	return memset(memory, 0, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static bool copy_out(void *context, uint64_t offset, void *to, size_t length)
{
	const struct checker *checker = context;

	memcpy(to, checker->bytes + offset, length);
	return true;
}

static uint64_t ring_sum(const struct snapshot *snapshot, uint32_t index)
{
	const struct abi_ring *ring = index == ABI_NONE ? NULL : snapshot->rings[index];

	return ring == NULL
		       ? 0
		       : abi_checksum(ring, sizeof(*ring) + ring->size * sizeof(ring->slots[0]));
}

static void print_snapshot(const struct snapshot *snapshot)
{
	const char *gap = "";

	printf("{\"ok\": true, \"generation\": %" PRIu64 ", \"instance\": %" PRIu64
	       ", \"rings\": {",
	       snapshot->generation, snapshot->instance);
	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		const struct abi_service *service = snapshot->services[i];

		if (service == NULL)
			continue;
		printf("%s\"%s\": \"%016" PRIx64 "\"", gap, service->name,
		       ring_sum(snapshot, service->ring));
		gap = ", ";
	}
	puts("}}");
}

/* Sums, and then all that the dataplane checks. */
static int check_whole(struct checker *checker)
{
	const struct allocator allocator = {allocate, release, NULL};
	const struct tables_limits limits = {.port_count = ABI_MAX_PORTS};
	struct tables_source source = {.read = copy_out, .context = checker};
	struct snapshot *snapshot = NULL;
	enum tables_outcome outcome = TABLES_TORN;
	enum reading reading = READ_OVERTAKEN;
	uint64_t generation = 0;
	char reason[256] = "";

	while (reading == READ_OVERTAKEN)
		reading = check_once(checker);
	source.size = checker->size;
	while (reading == READ_WELL && outcome == TABLES_TORN && !stopped)
		outcome = tables_take(&source, NULL, &limits, &allocator, &snapshot, &generation,
				      reason, sizeof(reason));
	if (reading == READ_WELL && outcome == TABLES_TAKEN) {
		print_snapshot(snapshot);
		snapshot_release(snapshot);
		return 0;
	}
	printf("{\"ok\": false, \"error\": \"%s%s\"}\n", checker->error, reason);
	return 1;
}

int main(int argc, char **argv)
{
	bool watches = argc == 3 && strcmp(argv[1], "--watch") == 0;
	struct checker checker = {.path = argv[argc - 1]};

	if (argc != 2 && !watches) {
		fputs("usage: tables_check [--watch] FILE\n", stderr);
		return 2;
	}
	signal(SIGTERM, on_signal);
	return watches ? watch(&checker) : check_whole(&checker);
}
