/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * 10,000 spoiled files, every sum in them right: each index, offset and length
 * in turn just out of range, far out of it and where sums wrap around, which
 * must be refused; and random bytes anywhere, which must be refused or do no
 * harm: whatever is accepted forwards packets under the sanitizers.
 */
#include "dataplane/abi/kinds.h"
#include "tests/unit/publish/image.h"
#include "tests/unit/publish/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MUTATIONS 10000
#define RESTARTS  2000

struct setting {
	struct world *world;
	struct image image;
	struct traffic *traffic;
};

static int set_up(void **state)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	setting->world = world_open_published();
	image_read(&setting->image, setting->world);
	setting->traffic = traffic_open();
	*state = setting;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	traffic_close(setting->traffic);
	image_free(&setting->image);
	world_close(setting->world);
	free(setting);
	return 0;
}

static enum tables_outcome take(struct setting *setting)
{
	setting->world->reason[0] = '\0';
	return world_take_bytes(setting->world, setting->image.bytes, setting->image.size);
}

/* From an empty start, so that nothing is shared with what was good. */
static enum tables_outcome take_anew(struct setting *setting)
{
	snapshot_release(setting->world->snapshot);
	setting->world->snapshot = NULL;
	return take(setting);
}

/* A number in the file, and the first value that is too large for it. */
struct number {
	const char *name;
	size_t at; /* from the start of the file */
	size_t width;
	uint64_t limit;
	bool may_be_none; /* all ones mean something */
};

/* Of a kind of object: where its number is, and of how many rows `step` apart. */
struct place {
	const char *name;
	uint32_t kind, index;
	size_t offset, width;
	uint64_t limit;
	bool may_be_none;
	size_t rows, step;
};

#define FIELD(type, field) offsetof(struct type, field), sizeof(((struct type *)0)->field)
#define ROWS(type, row, field) \
	sizeof(struct type) + offsetof(struct row, field), sizeof(((struct row *)0)->field)

/* What world_fill() makes: 2 services, 3 backends, 1 ring, 4 next hops, 1 pool, 3 routes, 2 ports.
 */
static const struct place places[] = {
	{"settings: node_id", ABI_SETTINGS, 0, FIELD(abi_settings, node_id), 2, false, 1, 0},
	{"settings: node_count", ABI_SETTINGS, 0, FIELD(abi_settings, node_count), 3, false, 1, 0},
	{"service: ring", ABI_SERVICE, 0, FIELD(abi_service, ring), 1, true, 1, 0},
	{"service: local_pool", ABI_SERVICE, 1, FIELD(abi_service, local_pool), 1, false, 1, 0},
	{"service: no local_pool", ABI_SERVICE, 0, FIELD(abi_service, local_pool), 0, true, 1, 0},
	{"service: family", ABI_SERVICE, 0, FIELD(abi_service, family), 5, false, 1, 0},
	{"service: forwarding", ABI_SERVICE, 0, FIELD(abi_service, forwarding), 3, false, 1, 0},
	{"service: hash_on", ABI_SERVICE, 1, FIELD(abi_service, hash_on), 3, false, 1, 0},
	{"service: when_down", ABI_SERVICE, 1, FIELD(abi_service, when_down), 3, false, 1, 0},
	{"service: on_backend_down", ABI_SERVICE, 1, FIELD(abi_service, on_backend_down), 3, false,
	 1, 0},
	{"service: listener_count", ABI_SERVICE, 0, FIELD(abi_service, listener_count), 2, false, 1,
	 0},
	{"backend: next_hop", ABI_BACKEND, 1, FIELD(abi_backend, next_hop), 4, true, 1, 0},
	{"backend: state", ABI_BACKEND, 1, FIELD(abi_backend, state), 4, false, 1, 0},
	{"backend: family", ABI_BACKEND, 1, FIELD(abi_backend, family), 5, false, 1, 0},
	{"backend: flags", ABI_BACKEND, 1, FIELD(abi_backend, flags), 16, false, 1, 0},
	{"ring: size", ABI_RING, 0, FIELD(abi_ring, size), 102, false, 1, 0},
	{"ring: slot", ABI_RING, 0, sizeof(struct abi_ring), 2, 3, false, 101, 2},
	{"next hop: port", ABI_NEXT_HOP, 2, FIELD(abi_next_hop, port), 2, false, 1, 0},
	{"next hop: vlan", ABI_NEXT_HOP, 2, FIELD(abi_next_hop, vlan), 4095, false, 1, 0},
	{"next hop: outer VLAN", ABI_NEXT_HOP, 2, FIELD(abi_next_hop, outer_vlan), 4095, false, 1,
	 0},
	{"next hop: resolved", ABI_NEXT_HOP, 2, FIELD(abi_next_hop, resolved), 2, false, 1, 0},
	{"local pool: address_count", ABI_LOCAL_POOL, 0, FIELD(abi_local_pool, address_count), 2,
	 false, 1, 0},
	{"routes: count", ABI_ROUTES, 0, FIELD(abi_routes, count), 4, false, 1, 0},
	{"routes: length", ABI_ROUTES, 0, ROWS(abi_routes, abi_route, length), 129, false, 3,
	 sizeof(struct abi_route)},
	{"routes: port", ABI_ROUTES, 0, ROWS(abi_routes, abi_route, port), 2, false, 3,
	 sizeof(struct abi_route)},
	{"routes: next_hop", ABI_ROUTES, 0, ROWS(abi_routes, abi_route, next_hop), 4, true, 3,
	 sizeof(struct abi_route)},
	{"host addresses: count", ABI_HOST_ADDRESSES, 0, FIELD(abi_host_addresses, count), 4, false,
	 1, 0},
};

static uint64_t largest(size_t width)
{
	return width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
}

static void spoil(struct setting *setting, const struct number *number, uint64_t value)
{
	memcpy(setting->image.bytes + number->at, &value, number->width);
	image_seal(&setting->image);
	if (take_anew(setting) != TABLES_REFUSED)
		fail_msg("%s %llu was not refused", number->name, (unsigned long long)value);
	assert_true(strlen(setting->world->reason) > 10);
	image_restore(&setting->image);
}

/* Just beyond, far beyond, and where adding or multiplying it wraps around; how many. */
static unsigned spoil_all(struct setting *setting, const struct number *number)
{
	const uint64_t most = largest(number->width);
	const uint64_t candidates[] = {
		number->limit,
		number->limit + 1,
		number->limit * 2 + 3,
		most / 4 + 1,
		most / 2,
		most / 2 + 1,
		most / 8 * 7,
		most - 63,
		most - 7,
		most - 1,
		number->may_be_none ? most - 2 : most,
	};
	unsigned done = 0;

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (candidates[i] < number->limit || candidates[i] > most)
			continue;
		spoil(setting, number, candidates[i]);
		done++;
	}
	return done;
}

static unsigned spoil_objects(struct setting *setting)
{
	unsigned done = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *place = &places[i];
		uint64_t object = image_ref(&setting->image, place->kind, place->index)->offset;

		for (size_t row = 0; row < place->rows; row++)
			done += spoil_all(
				setting,
				&(struct number){place->name,
						 object + place->offset + row * place->step,
						 place->width, place->limit, place->may_be_none});
	}
	return done;
}

static unsigned spoil_references(struct setting *setting)
{
	const struct image *image = &setting->image;
	unsigned done = 0;

	for (uint64_t i = 0; i < image_root(image)->directory_count; i++) {
		const struct abi_ref ref = image_refs(image)[i];
		const struct abi_kind_bounds *kind = abi_kind_bounds(ref.kind);
		size_t at = image_root(image)->directory_offset + i * sizeof(ref);
		uint64_t room = image->size - ref.length;
		const struct number numbers[] = {
			{"index", at + FIELD(abi_ref, index), kind->indexes, false},
			{"birth", at + FIELD(abi_ref, birth), 2, false},
			{"offset", at + FIELD(abi_ref, offset), room + 1, false},
			{"length", at + FIELD(abi_ref, length), kind->most + 1, false},
		};

		for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
			done += spoil_all(setting, &numbers[n]);
	}
	return done;
}

static unsigned spoil_root(struct setting *setting)
{
	const struct abi_root *root = image_root(&setting->image);
	const size_t at = (size_t)((const uint8_t *)root - setting->image.bytes);
	const uint64_t length = root->directory_count * sizeof(struct abi_ref);
	const struct number numbers[] = {
		{"directory_offset", at + FIELD(abi_root, directory_offset),
		 setting->image.size - length + 1, false},
		{"directory_count", at + FIELD(abi_root, directory_count),
		 root->directory_count + 1, false},
		{"generation", at + FIELD(abi_root, generation), 2, false},
		{"size", FIELD(abi_file, size), setting->image.size + 1, false},
		{"magic", FIELD(abi_file, magic), ABI_MAGIC_TABLES + 1, false},
		{"abi_version", FIELD(abi_file, abi_version), ABI_VERSION + 2, false},
		{"published", FIELD(abi_tables, published), 2, false},
	};
	unsigned done = 0;

	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		done += spoil_all(setting, &numbers[n]);
	return done;
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % below;
}

/* One to eight bytes at a time: in an object, the directory, the root or the head. */
static void scribble(const struct image *image, uint64_t *seed)
{
	const struct abi_root root =
		*(const struct abi_root *)(const void *)(image->original +
							 offsetof(struct abi_tables, roots) +
							 sizeof(struct abi_root));
	const uint64_t places_of[][2] = {
		{ABI_TABLES_HEAP, image->size},
		{root.directory_offset,
		 root.directory_offset + root.directory_count * sizeof(struct abi_ref)},
		{offsetof(struct abi_tables, roots), sizeof(struct abi_tables)},
		{0, offsetof(struct abi_tables, reserved)},
	};
	const unsigned weights[] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 3};

	for (uint64_t strokes = 1 + draw(seed, 4); strokes > 0; strokes--) {
		const uint64_t *place = places_of[weights[draw(seed, 10)]];
		uint64_t width = 1ull << draw(seed, 4);
		uint64_t at = place[0] + draw(seed, (place[1] - place[0]) / width) * width;

		for (uint64_t i = 0; i < width && at + i < image->size; i++)
			image->bytes[at + i] = draw(seed, 3) ? (uint8_t)draw(seed, 256) : 0xff;
	}
}

static void ten_thousand_mutations_are_refused_or_do_no_harm(void **state)
{
	struct setting *setting = *state;
	unsigned outcomes[5] = {0}, sent = 0;
	unsigned aimed = spoil_objects(setting) + spoil_references(setting) + spoil_root(setting);
	uint64_t seed = 20260101;

	assert_in_range(aimed, 1000, MUTATIONS / 2);
	assert_int_equal(take_anew(setting), TABLES_TAKEN);
	assert_true(traffic_run(setting->traffic, setting->world->snapshot) > 10);
	for (unsigned turn = aimed; turn < MUTATIONS; turn++) {
		enum tables_outcome outcome;

		scribble(&setting->image, &seed);
		if (turn % 10)
			image_seal(&setting->image);
		/* Every other time beside the one in use, with what they share. */
		outcome = turn % 2 ? take_anew(setting) : take(setting);
		outcomes[outcome]++;
		if (outcome == TABLES_REFUSED)
			assert_true(strlen(setting->world->reason) > 10);
		if (outcome == TABLES_TAKEN)
			sent += traffic_run(setting->traffic, setting->world->snapshot);
		image_restore(&setting->image);
	}
	print_message("%u aimed, all refused; %u random: taken %u, unchanged %u, none %u, torn %u, "
		      "refused %u; %u packets forwarded\n",
		      aimed, MUTATIONS - aimed, outcomes[TABLES_TAKEN], outcomes[TABLES_UNCHANGED],
		      outcomes[TABLES_NONE], outcomes[TABLES_TORN], outcomes[TABLES_REFUSED], sent);
	assert_true(outcomes[TABLES_REFUSED] > 3000);
	assert_true(outcomes[TABLES_TAKEN] > 500 && sent > 5000);

	/* The honest one is taken after all that. */
	assert_int_equal(take_anew(setting), TABLES_TAKEN);
	assert_true(traffic_run(setting->traffic, setting->world->snapshot) > 10);
}

/* The control plane finds such a file when it starts: adopted or not, the next generation is good.
 */
static void the_writer_goes_on_from_any_of_them(void **state)
{
	struct setting *setting = *state;
	struct world *world = setting->world;
	unsigned adopted = 0;
	uint64_t seed = 31;

	for (unsigned turn = 0; turn < RESTARTS; turn++) {
		publisher_close(world->publisher);
		scribble(&setting->image, &seed);
		if (turn % 10)
			image_seal(&setting->image);
		image_install(&setting->image, world);
		image_restore(&setting->image);
		assert_int_equal(publisher_open(world->run_dir, &world->publisher), 0);
		adopted += publisher_adopted(world->publisher);
		world->config.revision++;
		if (world_publish(world) < 0)
			fail_msg("turn %u: %s", turn, publisher_reason(world->publisher));
		/* The same line of generations each time: what the reader has is of another. */
		snapshot_release(world->snapshot);
		world->snapshot = NULL;
		if (world_take(world) != TABLES_TAKEN)
			fail_msg("turn %u: %s", turn, world->reason);
		traffic_run(setting->traffic, world->snapshot);
	}
	print_message("%u of %d adopted\n", adopted, RESTARTS);
	assert_in_range(adopted, RESTARTS / 10, RESTARTS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ten_thousand_mutations_are_refused_or_do_no_harm,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_writer_goes_on_from_any_of_them, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
