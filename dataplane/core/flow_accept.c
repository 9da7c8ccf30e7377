/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_accept.h"

#include "dataplane/core/parse.h"

/* Of a direct connection's record. */
#define NO_OBJECT 0xffff

const char *flow_refusal_text(enum flow_refusal refusal)
{
	static const char *const texts[FLOW_REFUSAL_COUNT] = {
		[FLOW_ACCEPTED] = "accepted",
		[FLOW_TORN] = "half-written",
		[FLOW_MALFORMED] = "malformed",
		[FLOW_NO_SERVICE] = "without their service",
		[FLOW_NO_BACKEND] = "without their backend",
		[FLOW_TAKEN] = "with an end of another",
		[FLOW_NO_OWNER] = "of two workers",
		[FLOW_NO_ROOM] = "without room",
	};

	return texts[refusal];
}

static bool state_fits(const struct abi_flow *flow)
{
	switch (flow->state) {
	case ABI_FLOW_TCP_HALF_OPEN:
	case ABI_FLOW_TCP_ESTABLISHED:
	case ABI_FLOW_TCP_CLOSING:
		return flow->protocol == PROTOCOL_TCP;
	case ABI_FLOW_UDP:
		return flow->protocol == PROTOCOL_UDP;
	case ABI_FLOW_DIRECT:
		return flow->protocol == PROTOCOL_TCP || flow->protocol == PROTOCOL_UDP;
	default:
		return false;
	}
}

/* Two ends that may speak to each other through us. */
static bool tuple_is_sound(const struct flow_tuple *tuple)
{
	struct ip_address source = flow_tuple_source(tuple);
	struct ip_address destination = flow_tuple_destination(tuple);

	return tuple->ports.be_source != 0 && tuple->ports.be_destination != 0 &&
	       ip_address_is_answerable(&source) && ip_address_is_answerable(&destination) &&
	       parse_is_routable(tuple);
}

static bool tuples_are_equal(const struct flow_tuple *a, const struct flow_tuple *b)
{
	if (a->head != b->head)
		return false;
	return a->family == 4 ? a->ipv4_word == b->ipv4_word
			      : memcmp(&a->ipv6, &b->ipv6, sizeof(a->ipv6)) == 0;
}

/* Without full NAT the backend answers the client itself. */
static bool answers_the_client(const struct flow_tuple tuples[2])
{
	struct ip_address client = flow_tuple_source(&tuples[ABI_FLOW_FROM_CLIENT]);
	struct ip_address local = flow_tuple_destination(&tuples[ABI_FLOW_FROM_BACKEND]);

	return ip_address_is_equal(&client, &local) &&
	       tuples[ABI_FLOW_FROM_CLIENT].ports.be_source ==
		       tuples[ABI_FLOW_FROM_BACKEND].ports.be_destination;
}

static enum flow_refusal accept_direct(const struct snapshot *snapshot, const struct abi_flow *flow,
				       const struct flow_tuple tuples[2])
{
	const struct flow_tuple *request = &tuples[ABI_FLOW_FROM_CLIENT];
	struct flow_tuple reverse = flow_tuple_reverse(request);
	struct ip_address destination = flow_tuple_destination(request);

	if (flow->service != NO_OBJECT || flow->backend != NO_OBJECT ||
	    !tuples_are_equal(&reverse, &tuples[ABI_FLOW_FROM_BACKEND]))
		return FLOW_MALFORMED;
	return snapshot_is_dnat_endpoint(snapshot, &destination,
					 be16toh(request->ports.be_destination), flow->protocol)
		       ? FLOW_ACCEPTED
		       : FLOW_NO_BACKEND;
}

static bool has_service(const struct snapshot *snapshot, const struct abi_flow *flow)
{
	if (flow->service >= snapshot->service_count)
		return false;
	const struct abi_service *service = snapshot->services[flow->service];
	return service != NULL && service->epoch == flow->service_epoch &&
	       service->family == flow->family;
}

/* A record never names a backend but at the address that its packets are sent to. */
static bool has_backend(const struct snapshot *snapshot, const struct abi_flow *flow,
			const struct flow_tuple tuples[2])
{
	if (flow->backend >= snapshot->backend_count)
		return false;
	const struct abi_backend *backend = snapshot->backends[flow->backend];
	if (backend == NULL || backend->epoch != flow->backend_epoch)
		return false;
	struct ip_address named = flow_tuple_source(&tuples[ABI_FLOW_FROM_BACKEND]);
	struct ip_address address = ip_address_load(backend->address);
	uint16_t be_port = backend->port != 0 ? htobe16(backend->port)
					      : tuples[ABI_FLOW_FROM_CLIENT].ports.be_destination;
	return ip_address_is_equal(&named, &address) &&
	       tuples[ABI_FLOW_FROM_BACKEND].ports.be_source == be_port;
}

enum flow_refusal flow_accept(const struct snapshot *snapshot, const struct abi_flow *flow,
			      uint8_t family, struct flow_tuple tuples[2])
{
	if (flow->version & 1)
		return FLOW_TORN;
	if (flow->family != family || !state_fits(flow))
		return FLOW_MALFORMED;
	for (unsigned i = 0; i < 2; i++) {
		tuples[i] = flow_tuple_of(flow, (enum abi_flow_direction)i);
		if (!tuple_is_sound(&tuples[i]))
			return FLOW_MALFORMED;
	}
	if (tuples_are_equal(&tuples[0], &tuples[1]))
		return FLOW_MALFORMED;
	if (flow->state == ABI_FLOW_DIRECT)
		return accept_direct(snapshot, flow, tuples);
	if (!(flow->flags & ABI_FLOW_FULL_NAT) && !answers_the_client(tuples))
		return FLOW_MALFORMED;
	if (!has_service(snapshot, flow))
		return FLOW_NO_SERVICE;
	return has_backend(snapshot, flow, tuples) ? FLOW_ACCEPTED : FLOW_NO_BACKEND;
}
