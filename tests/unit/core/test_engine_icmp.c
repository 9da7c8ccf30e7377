/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* ICMP errors: which are sent on, and what they do to flows: nothing. What they look like is for
 * the vectors to say. */
#include "dataplane/core/parse.h"
#include "dataplane/core/strays.h"
#include "tests/unit/core/world.h"

#include <stdlib.h>
#include <string.h>

#define IPV6_FRAGMENT     44
#define UNREACHABLE(half) ((uint8_t)((half)->family == 4 ? 3 : 1))

/* What a router says of a frame that we sent, to whoever is the sender by its looks. */
static struct frame error_about(const struct half *half, struct frame *about)
{
	struct ip_address sender = frame_source(about);
	char to[ADDRESS_TEXT_SIZE];

	address_text(&sender, to);
	return frame_icmp(half_twin(half, "192.0.2.1"), to, UNREACHABLE(half), about);
}

/* The ends of the packet inside, behind 8 bytes of ICMP. */
static void check_inside(struct frame *error, const char *source, const char *destination)
{
	struct frame inside = *error;
	uint8_t *message = frame_transport(error) + 8;

	memcpy(frame_data(&inside) + 14, message,
	       error->length - (uint32_t)(message - frame_data(error)));
	struct ip_address from = frame_source(&inside), to = frame_destination(&inside);
	check_address(&from, source);
	check_address(&to, destination);
}

static void check_outside(struct frame *error, const char *source, const char *destination)
{
	struct ip_address from = frame_source(error), to = frame_destination(error);

	check_address(&from, source);
	check_address(&to, destination);
	assert_true(frame_is_right(error));
}

/* Towards clients from the service; towards backends of full NAT from the local address. */
static void full_nat_hides_who_tells(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame sent, answer;
	uint16_t out_port;

	world_client(world, &syn, &sent);
	const char *backend = half->backends[frame_backend(&sent)];
	struct ip_address source = frame_source(&sent);
	char local[ADDRESS_TEXT_SIZE];
	address_text(&source, local);
	struct frame error = error_about(half, &sent);
	assert_int_equal(world_run(world, &error, 1, &out_port), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(out_port, 0);
	check_outside(&error, half->full_nat, half->client);
	check_inside(&error, half->client, half->full_nat);

	world_answer(world, &sent, SYN | ACK, &answer);
	error = error_about(half, &answer);
	assert_int_equal(world_run(world, &error, 0, &out_port), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(out_port, 1);
	check_outside(&error, local, backend);
	check_inside(&error, backend, local);
	world_check_law(world);
	world_free(world);
}

/* Towards backends it keeps its source, be it a router or the client. */
static void dnat_shows_backends_who_tells(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	const char *tellers[] = {half_twin(half, "192.0.2.1"), half->client};
	struct frame sent, answer;

	world_client(world, &syn, &sent);
	const char *backend = half->backends[frame_backend(&sent)];
	struct frame error = error_about(half, &sent);
	/* Linux would have it forwarded to the client as it is. */
	error = frame_icmp(tellers[0], half->client, UNREACHABLE(half), &sent);
	assert_int_equal(world_run(world, &error, 1, NULL), ABI_VERDICT_TO_CLIENT);
	check_outside(&error, half->dnat, half->client);
	check_inside(&error, half->client, half->dnat);
	world_answer(world, &sent, SYN | ACK, &answer);
	for (unsigned i = 0; i < 2; i++) {
		error = frame_icmp(tellers[i], half->dnat, UNREACHABLE(half), &answer);
		assert_int_equal(world_run(world, &error, 0, NULL), ABI_VERDICT_TO_BACKEND);
		check_outside(&error, tellers[i], backend);
		check_inside(&error, backend, half->client);
	}
	world_check_law(world);
	world_free(world);
}

/* Not whole, but with ports: of a first fragment the error is sent on, of a later one it is not. */
static void about_fragments(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame sent;

	world_client(world, &syn, &sent);
	for (unsigned later = 0; later < 2; later++) {
		struct frame about =
			half->family == 4 ? sent : frame_extended(&sent, IPV6_FRAGMENT, 1);
		uint8_t *ip = frame_data(&about) + 14;

		ip[half->family == 4 ? 6 : 43] = half->family == 4 ? 0x20 : 1; /* more follow */
		ip[half->family == 4 ? 7 : 42] = (uint8_t)later;
		if (half->family == 4)
			frame_fix_header(&about);
		struct frame error = error_about(half, &about);
		assert_int_equal(world_run(world, &error, 1, NULL),
				 later ? ABI_VERDICT_ICMP_ERROR : ABI_VERDICT_TO_CLIENT);
		if (later)
			continue;
		check_outside(&error, half->full_nat, half->client);
		check_inside(&error, half->client, half->full_nat);
	}
	world_check_law(world);
	world_free(world);
}

/* The record is as before to the last byte, whatever the error and however late. */
static void flows_do_not_notice(void **state)
{
	const struct half *half = *state;
	const char *services[] = {half->dnat, half->full_nat};

	for (unsigned i = 0; i < 4; i++) {
		const struct frame_spec first = i < 2 ? syn_to(services[i]) : ask(services[i - 2]);
		struct world *world = world_new(100);
		struct frame sent;

		world_client(world, &first, &sent);
		const struct abi_flow before = *world_only_flow(world);
		world->now_ms += 3000;
		for (unsigned type = 0; type < 20; type++) {
			struct frame error = error_about(half, &sent);

			*frame_transport(&error) = (uint8_t)type;
			world_run(world, &error, 1, NULL);
		}
		assert_memory_equal(world_only_flow(world), &before, sizeof(before));
		world_free(world);
	}
}

/* RFC 792: it goes to the source of the packet it is about. Not so, it is somebody's invention. */
static void to_somebody_else(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame sent;

	world_client(world, &syn, &sent);
	struct frame error =
		frame_icmp(half_twin(half, "192.0.2.1"), half->self, UNREACHABLE(half), &sent);
	assert_int_equal(world_run(world, &error, 1, NULL), ABI_VERDICT_ICMP_ERROR);
	world_check_law(world);
	world_free(world);
}

static uint8_t run_error(struct world *world, const struct half *half,
			 const struct frame_spec *about, const char *to, uint16_t port)
{
	struct frame frame = frame_make(about);
	struct frame error =
		frame_icmp(half_twin(half, "192.0.2.1"), to, UNREACHABLE(half), &frame);

	frame_data(&error)[5] = port == 0 ? MAC_PORT_0 : MAC_PORT_1;
	return world_run(world, &error, port, NULL);
}

static void without_a_flow(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const char *backend = half->backends[0];
	struct frame direct = frame_make(
		&(struct frame_spec){half->client, backend, 4200, DNAT_PORT, .flags = SYN});
	const struct frame_spec answer = {half->backends[0], half->client, DNAT_PORT, 4200,
					  .flags = ACK};
	const struct frame_spec request = {half->client, backend, 4200, DNAT_PORT, .flags = ACK};
	const struct frame_spec lost_request = {half->client, backend, 4201, DNAT_PORT,
						.flags = ACK};
	const struct frame_spec to_client = {half->dnat, half->client, 80, 4203, .flags = ACK};
	const struct frame_spec to_backend = {half->local, backend, 2000, FULL_NAT_PORT,
					      .flags = ACK};
	const struct frame_spec own = {half->self, half->client, 22, 4200, .flags = ACK};

	/* Linux forwards direct connections, and what is said about them, either way. */
	assert_int_equal(world_run(world, &direct, 0, NULL), ABI_VERDICT_TO_LINUX);
	assert_int_equal(run_error(world, half, &request, half->client, 1), ABI_VERDICT_TO_LINUX);
	assert_int_equal(run_error(world, half, &answer, backend, 0), ABI_VERDICT_TO_LINUX);
	/* About a dnat flow whose record is lost: Linux would forward that, too, as it is. */
	assert_int_equal(run_error(world, half, &lost_request, half->client, 1),
			 ABI_VERDICT_NO_FLOW);
	/* What is for one of our addresses Linux may have. */
	assert_int_equal(run_error(world, half, &to_client, half->dnat, 0), ABI_VERDICT_TO_LINUX);
	assert_int_equal(run_error(world, half, &to_backend, half->local, 1), ABI_VERDICT_TO_LINUX);
	assert_int_equal(run_error(world, half, &own, half->self, 0), ABI_VERDICT_TO_LINUX);
	world_check_law(world);
	world_free(world);
}

/* A router that the error finds in its last hop. */
static void hop_limits(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame sent;

	world_client(world, &syn, &sent);
	for (uint8_t limit = 0; limit < 4; limit++) {
		struct frame error = error_about(half, &sent);
		uint8_t *place = frame_data(&error) + 14 + (half->family == 4 ? 8 : 7);

		*place = limit;
		frame_fix_checksums(&error);
		assert_int_equal(world_run(world, &error, 1, NULL),
				 limit < 2 ? ABI_VERDICT_TTL_EXPIRED : ABI_VERDICT_TO_CLIENT);
		assert_int_equal(*place, limit < 2 ? limit : limit - 1);
	}
	world_free(world);
}

/* Another worker has the flow, though the packet inside leads here. */
static void of_a_stray(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	void *memory = calloc(1, strays_size(1));
	struct strays strays = strays_new(memory, 1);
	const struct frame_spec sent = {half->local, half->backends[0], 2000, FULL_NAT_PORT,
					.flags = ACK};
	struct frame about = frame_make(&sent), error = error_about(half, &about);
	struct headers headers;

	assert_int_equal(parse_headers(frame_data(&error), error.length, &headers), VERDICT_NONE);
	const struct flow_table *table = world->engine.flows[half->family == 6];
	strays_add(&strays, flow_hash(table->secret, &headers.tuple), 7);
	world->engine.strays = &strays;
	struct packet packet = {.data = frame_data(&error), .length = error.length, .in_port = 1};
	engine_run(&world->engine, &packet, 1, world->now_ms);
	assert_int_equal(packet.verdict, VERDICT_FOREIGN);
	assert_int_equal(packet.owner, 7);
	world->engine.number = 7;
	engine_run(&world->engine, &packet, 1, world->now_ms);
	assert_int_equal(packet.verdict, ABI_VERDICT_TO_LINUX);
	world_free(world);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(full_nat_hides_who_tells),
		OF_BOTH_FAMILIES(dnat_shows_backends_who_tells),
		OF_BOTH_FAMILIES(about_fragments),
		OF_BOTH_FAMILIES(flows_do_not_notice),
		OF_BOTH_FAMILIES(to_somebody_else),
		OF_BOTH_FAMILIES(without_a_flow),
		OF_BOTH_FAMILIES(hop_limits),
		OF_BOTH_FAMILIES(of_a_stray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
