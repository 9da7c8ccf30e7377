/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Files no honest writer leaves: the reader refuses them by a sentence, and the
 * generation in use goes on; the writer does not adopt them. Bytes are read
 * from memory that ends where the file does, so that a sanitizer sees any step
 * beyond.
 */
#include "dataplane/abi/hash.h"
#include "tests/unit/publish/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct setting {
	struct world *world;
	struct image image;
};

static int set_up(void **state)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	setting->world = world_open_published();
	image_read(&setting->image, setting->world);
	*state = setting;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	world_close(setting->world);
	image_free(&setting->image);
	free(setting);
	return 0;
}

static enum tables_outcome take(struct setting *setting)
{
	setting->world->reason[0] = '\0';
	return world_take_bytes(setting->world, setting->image.bytes, setting->image.size);
}

static void assert_refused(struct setting *setting, const char *sentence)
{
	enum tables_outcome outcome = take(setting);

	if (outcome != TABLES_REFUSED || strcmp(setting->world->reason, sentence) != 0)
		fail_msg("outcome %d: \"%s\", expected \"%s\"", outcome, setting->world->reason,
			 sentence);
	image_restore(&setting->image);
}

static void put(uint8_t *at, size_t width, uint64_t value)
{
	memcpy(at, &value, width);
}

static void the_image_itself_is_good(void **state)
{
	struct setting *setting = *state;

	assert_int_equal(take(setting), TABLES_TAKEN);
}

#define FIELD(type, field) offsetof(struct type, field), sizeof(((struct type *)0)->field)

static void every_field_of_an_object_is_checked(void **state)
{
	const size_t listener = sizeof(struct abi_service);
	const size_t row = sizeof(struct abi_routes);
	const struct {
		uint32_t kind, index;
		size_t offset, width;
		uint64_t value;
		const char *sentence;
	} faults[] = {
		{ABI_SETTINGS, 0, FIELD(abi_settings, node_id), 2,
		 "settings 0: node_id is 2, not 0 to 1"},
		{ABI_SETTINGS, 0, FIELD(abi_settings, node_count), 0,
		 "settings 0: node_count is 0, not 1 to 2"},
		{ABI_SERVICE, 0, 0, 1, 0, "service 0: name is empty"},
		{ABI_SERVICE, 0, FIELD(abi_service, ring), 9,
		 "service 0 (web): ring 9 does not exist"},
		{ABI_SERVICE, 0, FIELD(abi_service, local_pool), 0,
		 "service 0 (web): has a local pool but is not full-nat"},
		{ABI_SERVICE, 1, FIELD(abi_service, local_pool), ABI_NONE,
		 "service 1 (nat): local pool 4294967295 does not exist"},
		{ABI_SERVICE, 0, FIELD(abi_service, epoch), 0, "service 0: epoch is 0"},
		{ABI_SERVICE, 0, FIELD(abi_service, family), 6,
		 "service 0: listener 0 is IPv4, not IPv6"},
		{ABI_SERVICE, 0, FIELD(abi_service, family), 5,
		 "service 0: family is 5, not 4 to 4"},
		{ABI_SERVICE, 0, FIELD(abi_service, forwarding), 3,
		 "service 0: forwarding is 3, not 1 to 2"},
		{ABI_SERVICE, 0, FIELD(abi_service, hash_on), 0,
		 "service 0: hash_on is 0, not 1 to 2"},
		{ABI_SERVICE, 0, FIELD(abi_service, when_down), 3,
		 "service 0: when_down is 3, not 1 to 2"},
		{ABI_SERVICE, 0, FIELD(abi_service, on_backend_down), 0,
		 "service 0: on_backend_down is 0, not 1 to 2"},
		{ABI_SERVICE, 0, offsetof(struct abi_service, timeouts) + 8, 4, 0,
		 "service 0: a timeout is 0, not 1 to 4294967295"},
		{ABI_SERVICE, 0, FIELD(abi_service, listener_count), 2,
		 "service 0: length 140 does not fit 2 listeners and 0 ranges of clients"},
		{ABI_SERVICE, 0, FIELD(abi_service, listener_count), 0xffffffff,
		 "service 0: listener_count is 4294967295, not 1 to 1024"},
		{ABI_SERVICE, 0, FIELD(abi_service, allow_count), 1,
		 "service 0: length 140 does not fit 1 listeners and 1 ranges of clients"},
		{ABI_SERVICE, 0, FIELD(abi_service, deny_count), 4097,
		 "service 0: deny_count is 4097, not 0 to 4096"},
		{ABI_SERVICE, 0, FIELD(abi_service, allow_count), 0xffffffff,
		 "service 0: allow_count is 4294967295, not 0 to 4096"},
		{ABI_SERVICE, 0, listener, 1, 0x20, "service 0: listener 0 is IPv6, not IPv4"},
		{ABI_SERVICE, 0, listener, 16, 0, "service 0: listener 0 is IPv6, not IPv4"},
		{ABI_SERVICE, 0, listener + 12, 4, 0, "service 0: listener 0 is 0.0.0.0"},
		{ABI_SERVICE, 0, listener + 18, 2, 79,
		 "service 0: port_first of a listener is 80, not 1 to 79"},
		{ABI_SERVICE, 0, listener + 16, 2, 0,
		 "service 0: port_first of a listener is 0, not 1 to 80"},
		{ABI_SERVICE, 0, listener + 16, 4, 0,
		 "service 0: port_first of a listener is 0, not 1 to 0"},
		{ABI_SERVICE, 0, listener + 20, 1, 1,
		 "service 0: listener 0 has protocol 1, not TCP or UDP"},
		{ABI_SERVICE, 1, listener + 16, 4, 80 << 16 | 80,
		 "service 1 (nat): ports 80-80 of an address are service 0's (web)"},
		{ABI_BACKEND, 2, FIELD(abi_backend, epoch), 0, "backend 2: epoch is 0"},
		{ABI_BACKEND, 2, FIELD(abi_backend, family), 5,
		 "backend 2: family is 5, not 4 to 4"},
		{ABI_BACKEND, 2, FIELD(abi_backend, family), 6,
		 "backend 2: address 0 is IPv4, not IPv6"},
		{ABI_BACKEND, 2, FIELD(abi_backend, address), 0x20,
		 "backend 2: address 0 is IPv6, not IPv4"},
		{ABI_BACKEND, 2, offsetof(struct abi_backend, address) + 12, 4, 0,
		 "backend 2: address 0 is 0.0.0.0"},
		{ABI_BACKEND, 2, FIELD(abi_backend, state), 0, "backend 2: state is 0, not 1 to 3"},
		{ABI_BACKEND, 2, FIELD(abi_backend, state), 4, "backend 2: state is 4, not 1 to 3"},
		{ABI_BACKEND, 2, FIELD(abi_backend, flags), 16,
		 "backend 2: flags is 16, not 0 to 15"},
		{ABI_BACKEND, 2, FIELD(abi_backend, expired), 2,
		 "backend 2: expired is 2, not 0 to 1"},
		{ABI_BACKEND, 2, FIELD(abi_backend, next_hop), 4,
		 "backend 2 (web/c): next hop 4 does not exist"},
		{ABI_BACKEND, 2, FIELD(abi_backend, next_hop), 0xfffffffe,
		 "backend 2 (web/c): next hop 4294967294 does not exist"},
		{ABI_RING, 0, FIELD(abi_ring, size), 100,
		 "ring 0: length 226 does not fit a count of 100"},
		{ABI_RING, 0, FIELD(abi_ring, size), 1, "ring 0: size is 1, not 2 to 1048573"},
		{ABI_RING, 0, FIELD(abi_ring, size), 0xffffffff,
		 "ring 0: size is 4294967295, not 2 to 1048573"},
		{ABI_RING, 0, sizeof(struct abi_ring) + 2 * 5, 2, 3,
		 "ring 0: slot 5 names backend 3, which does not exist"},
		{ABI_RING, 0, sizeof(struct abi_ring) + 2 * 100, 2, ABI_NO_BACKEND,
		 "ring 0: slot 100 names backend 65535, which does not exist"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, port), 2,
		 "next hop 1: port 2 does not exist"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, vlan), 4095,
		 "next hop 1: vlan is 4095, not 0 to 4094"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, outer_vlan), 4095,
		 "next hop 1: outer_vlan is 4095, not 1 to 4094"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, outer_vlan), ABI_OUTER_8021Q,
		 "next hop 1: outer_vlan is 0, not 1 to 4094"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, resolved), 2,
		 "next hop 1: resolved is 2, not 0 to 1"},
		{ABI_NEXT_HOP, 1, FIELD(abi_next_hop, mac), 0,
		 "next hop 1: MAC is nobody's or a group's"},
		{ABI_NEXT_HOP, 1, offsetof(struct abi_next_hop, mac), 1, 1,
		 "next hop 1: MAC is nobody's or a group's"},
		{ABI_NEXT_HOP, 1, offsetof(struct abi_next_hop, address), 16, 0,
		 "next hop 1: address 0 is ::"},
		{ABI_NEXT_HOP, 1, offsetof(struct abi_next_hop, address) + 12, 4, 0,
		 "next hop 1: address 0 is 0.0.0.0"},
		{ABI_LOCAL_POOL, 0, FIELD(abi_local_pool, port_first), 0,
		 "local pool 0: port_first is 0, not 1 to 65535"},
		{ABI_LOCAL_POOL, 0, FIELD(abi_local_pool, port_last), 1000,
		 "local pool 0: port_first is 1024, not 1 to 1000"},
		{ABI_LOCAL_POOL, 0, FIELD(abi_local_pool, address_count), 2,
		 "local pool 0: length 96 does not fit a count of 2"},
		{ABI_LOCAL_POOL, 0, sizeof(struct abi_local_pool), 1, 0x20,
		 "service 1 (nat): local pool 0 is not IPv4"},
		{ABI_LOCAL_POOL, 0, sizeof(struct abi_local_pool), 16, 0,
		 "local pool 0: address 0 is ::"},
		{ABI_LOCAL_POOL, 0, sizeof(struct abi_local_pool) + 12, 4, 0,
		 "local pool 0: address 0 is 0.0.0.0"},
		{ABI_ROUTES, 0, FIELD(abi_routes, count), 4,
		 "routes 0: length 80 does not fit a count of 4"},
		{ABI_ROUTES, 0, row + 16, 1, 129, "routes: row 0 has a prefix of 129 bits"},
		{ABI_ROUTES, 0, row + 16, 1, 64, "routes: row 0 is IPv4, with a prefix of 64 bits"},
		{ABI_ROUTES, 0, row + 16, 1, 96, "routes: row 0 has bits set behind its prefix"},
		{ABI_ROUTES, 0, row + 18, 2, 2, "routes: row 0: port 2 does not exist"},
		{ABI_ROUTES, 0, row + 20, 4, 77, "routes: row 0: next hop 77 does not exist"},
		{ABI_ROUTES, 0, row + 24 + 16, 1, 128, "routes: row 1 is out of order"},
		{ABI_ROUTES, 0, row, 1, 0x20, "routes: row 1 is out of order"},
		{ABI_ROUTES, 0, row + 24, 16, 0, "routes: row 1 is out of order"},
		{ABI_HOST_ADDRESSES, 0, FIELD(abi_host_addresses, count), 0xffffffff,
		 "host addresses 0: length 56 does not fit a count of 4294967295"},
		{ABI_HOST_ADDRESSES, 0, sizeof(struct abi_host_addresses) + 12, 4, 0,
		 "host addresses 0: row 0 is 0.0.0.0"},
		{ABI_HOST_ADDRESSES, 0, sizeof(struct abi_host_addresses), 16, 0,
		 "host addresses 0: row 0 is ::"},
	};
	struct setting *setting = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct abi_ref *ref =
			image_ref(&setting->image, faults[i].kind, faults[i].index);
		uint8_t *at = setting->image.bytes + ref->offset + faults[i].offset;

		/* Wider than a word: all zero, or the value in the first byte. */
		if (faults[i].width > 8) {
			if (faults[i].value == 0)
				memset(at, 0, faults[i].width);
			else
				at[0] = (uint8_t)faults[i].value;
		} else {
			put(at, faults[i].width, faults[i].value);
		}
		image_seal(&setting->image);
		assert_refused(setting, faults[i].sentence);
	}
}

static void the_size_of_a_ring_must_be_a_prime(void **state)
{
	struct setting *setting = *state;
	struct abi_ref *ref = image_ref(&setting->image, ABI_RING, 0);

	put(setting->image.bytes + ref->offset, 4, 99);
	ref->length -= 4;
	image_seal(&setting->image);
	assert_refused(setting, "ring 0: size 99 is not a prime");
}

static void names_must_end(void **state)
{
	struct setting *setting = *state;
	const uint32_t kinds[] = {ABI_SERVICE, ABI_BACKEND, ABI_LOCAL_POOL};
	const char *const sentences[] = {"service 0: name has no end", "backend 0: name has no end",
					 "local pool 0: name has no end"};

	for (unsigned i = 0; i < 3; i++) {
		memset(setting->image.bytes + image_ref(&setting->image, kinds[i], 0)->offset, 'x',
		       ABI_NAME_SIZE);
		image_seal(&setting->image);
		assert_refused(setting, sentences[i]);
	}
}

static void every_field_of_a_reference_is_checked(void **state)
{
	struct setting *setting = *state;
	const struct {
		size_t offset, width;
		uint64_t value;
		const char *sentence;
	} faults[] = {
		{FIELD(abi_ref, kind), 0, "directory: there is no kind 0"},
		{FIELD(abi_ref, kind), ABI_KIND_END, "directory: backend 2 is out of order"},
		{FIELD(abi_ref, kind), UINT32_MAX, "directory: backend 2 is out of order"},
		{FIELD(abi_ref, kind), ABI_SERVICE, "directory: service 1 is out of order"},
		{FIELD(abi_ref, index), 0, "directory: backend 0 is out of order"},
		{FIELD(abi_ref, index), 16384, "backend 16384: index is not below 16384"},
		{FIELD(abi_ref, birth), 0, "backend 1: born in generation 0, this is 1"},
		{FIELD(abi_ref, birth), 2, "backend 1: born in generation 2, this is 1"},
		{FIELD(abi_ref, length), 127, "backend 1: length 127 is not 128 to 128"},
		{FIELD(abi_ref, length), UINT64_MAX,
		 "backend 1: length 18446744073709551615 is not 128 to 128"},
		{FIELD(abi_ref, offset), 4097,
		 "backend 1: offset 4097 lies outside the file's heap"},
		{FIELD(abi_ref, offset), 64, "backend 1: offset 64 lies outside the file's heap"},
		{FIELD(abi_ref, offset), 1ull << 40,
		 "backend 1: offset 1099511627776 lies outside the file's heap"},
		{FIELD(abi_ref, offset), UINT64_MAX - 63,
		 "backend 1: offset 18446744073709551552 lies outside the file's heap"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		put((uint8_t *)image_ref(&setting->image, ABI_BACKEND, 1) + faults[i].offset,
		    faults[i].width, faults[i].value);
		image_seal(&setting->image);
		assert_refused(setting, faults[i].sentence);
	}
}

static void the_root_and_the_head_are_checked(void **state)
{
	struct setting *setting = *state;
	struct abi_tables *tables = (void *)setting->image.bytes;
	char sentence[128];

	image_root(&setting->image)->directory_offset = 65;
	image_seal(&setting->image);
	assert_refused(setting, "directory at 65 lies outside the file's heap");
	image_root(&setting->image)->directory_offset = UINT64_MAX - 63;
	image_seal(&setting->image);
	assert_refused(setting, "directory at 18446744073709551552 lies outside the file's heap");
	image_root(&setting->image)->directory_count = 1ull << 62;
	image_seal(&setting->image);
	take(setting);
	assert_non_null(strstr(setting->world->reason, "directory of 4611686018427387904 objects"));
	image_restore(&setting->image);
	image_root(&setting->image)->directory_count = 0;
	image_seal(&setting->image);
	image_root(&setting->image)->directory_checksum = abi_checksum("", 0);
	image_seal(&setting->image);
	assert_refused(setting, "the settings are missing");
	tables->published = 3;
	assert_refused(setting, "the checksum of the root is wrong");
	tables->file.magic = 7;
	assert_refused(setting, "not a tables file: magic is 7");
	tables->file.size++;
	snprintf(sentence, sizeof(sentence), "the file is %zu bytes and says %zu",
		 setting->image.size, setting->image.size + 1);
	assert_refused(setting, sentence);
}

static void wrong_sums_are_damage_while_the_generation_stands(void **state)
{
	struct setting *setting = *state;

	setting->image.bytes[image_ref(&setting->image, ABI_RING, 0)->offset + 30] ^= 1;
	assert_refused(setting, "ring 0: checksum is wrong");
	setting->image.bytes[image_root(&setting->image)->directory_offset + 8] ^= 1;
	assert_refused(setting, "the checksum of the directory is wrong");
	image_root(&setting->image)->revision ^= 1;
	assert_refused(setting, "the checksum of the root is wrong");
}

static void the_generation_in_use_goes_on(void **state)
{
	struct setting *setting = *state;
	struct abi_tables *tables = (void *)setting->image.bytes;
	const struct snapshot *before;

	assert_int_equal(take(setting), TABLES_TAKEN);
	before = setting->world->snapshot;
	tables->roots[0] = tables->roots[1];
	tables->published = tables->roots[0].generation = 2;
	image_ref(&setting->image, ABI_BACKEND, 0)->birth = 2;
	setting->image.bytes[image_ref(&setting->image, ABI_BACKEND, 0)->offset +
			     offsetof(struct abi_backend, state)] = 9;
	image_seal(&setting->image);
	assert_refused(setting, "backend 0: state is 9, not 1 to 3");
	assert_int_equal(setting->world->generation, 2);
	assert_ptr_equal(setting->world->snapshot, before);
	assert_int_equal(before->backends[0]->state, ABI_BACKEND_UP);
}

/* A shared ring has passed already, but the backends it names may be gone. */
static void a_shared_ring_must_still_find_its_backends(void **state)
{
	struct setting *setting = *state;
	struct abi_tables *tables = (void *)setting->image.bytes;
	struct abi_root *root;
	struct abi_ref *gone;

	assert_int_equal(take(setting), TABLES_TAKEN);
	gone = image_ref(&setting->image, ABI_BACKEND, 2);
	root = image_root(&setting->image);
	memmove(gone, gone + 1,
		(size_t)(image_refs(&setting->image) + root->directory_count - (gone + 1)) *
			sizeof(*gone));
	tables->roots[0] = *root;
	tables->published = tables->roots[0].generation = 2;
	tables->roots[0].directory_count--;
	image_seal(&setting->image);
	assert_int_equal(take(setting), TABLES_REFUSED);
	assert_non_null(strstr(setting->world->reason, "names backend 2, which does not exist"));
}

static void every_length_of_a_cut_file_is_refused(void **state)
{
	struct setting *setting = *state;
	size_t whole = setting->image.size;

	for (size_t size = 0; size < whole; size += size < 512 ? 1 : 61) {
		uint8_t *bytes = malloc(size + 1);

		memcpy(bytes, setting->image.bytes, size);
		assert_int_equal(world_take_bytes(setting->world, bytes, size), TABLES_REFUSED);
		if (size >= sizeof(struct abi_tables)) {
			((struct abi_file *)bytes)->size = size;
			assert_int_equal(world_take_bytes(setting->world, bytes, size),
					 TABLES_REFUSED);
		}
		free(bytes);
	}
}

static void without_memory_it_is_refused_and_nothing_is_lost(void **state)
{
	struct setting *setting = *state;
	struct world *world = setting->world;
	enum tables_outcome outcome;

	for (size_t fail_at = 1;; fail_at++) {
		world->allocated = 0;
		world->fail_at = fail_at;
		outcome = take(setting);
		if (outcome == TABLES_TAKEN)
			break;
		assert_int_equal(outcome, TABLES_REFUSED);
		assert_memory_equal(world->reason, "no memory", 9);
		assert_int_equal(world->allocations, 0);
	}
	assert_true(world->allocated > 10);
}

/* The writer is handed the same kinds of files by a crash, or by someone else. */
static void what_is_not_whole_is_not_adopted(void **state)
{
	struct setting *setting = *state;
	struct world *world = setting->world;
	const struct {
		uint32_t kind;
		size_t offset;
		bool sealed;
	} damages[] = {
		{ABI_BACKEND, 3, false},  /* a byte flipped, the sum is wrong */
		{ABI_RING, 0, true},      /* the size of a ring does not fit */
		{ABI_KIND_END, 0, false}, /* the root's sum */
	};

	for (size_t i = 0; i < 3; i++) {
		if (damages[i].kind == ABI_KIND_END)
			image_root(&setting->image)->checksum ^= 1;
		else
			setting->image
				.bytes[image_ref(&setting->image, damages[i].kind, 0)->offset +
				       damages[i].offset] ^= 0x10;
		if (damages[i].sealed)
			image_seal(&setting->image);
		publisher_close(world->publisher);
		world_write_file(world, setting->image.bytes, setting->image.size);
		assert_int_equal(publisher_open(world->run_dir, &world->publisher), 0);
		assert_false(publisher_adopted(world->publisher));
		assert_int_equal(publisher_generation(world->publisher), 0);
		world_step(world);
		image_restore(&setting->image);
	}
	publisher_close(world->publisher);
	world_write_file(world, (const uint8_t *)"short", 5);
	assert_int_equal(publisher_open(world->run_dir, &world->publisher), 0);
	world_step(world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_image_itself_is_good),
		TEST(every_field_of_an_object_is_checked),
		TEST(the_size_of_a_ring_must_be_a_prime),
		TEST(names_must_end),
		TEST(every_field_of_a_reference_is_checked),
		TEST(the_root_and_the_head_are_checked),
		TEST(wrong_sums_are_damage_while_the_generation_stands),
		TEST(the_generation_in_use_goes_on),
		TEST(a_shared_ring_must_still_find_its_backends),
		TEST(every_length_of_a_cut_file_is_refused),
		TEST(without_memory_it_is_refused_and_nothing_is_lost),
		TEST(what_is_not_whole_is_not_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
