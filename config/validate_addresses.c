/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Who holds which address, and which of its ports. */
#include "config/notation.h"
#include "config/validate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Ports of an address that are somebody's. Only spans of one group exclude each other. */
struct span {
	struct address address;
	unsigned group;
	struct config_port_range ports;
	size_t owner;                /* position of the service or local pool */
	size_t address_at, ports_at; /* positions in its lists */
};

struct spans {
	struct span *items;
	size_t count;
};

typedef void spans_overlap(const struct config *config, const struct span *before,
			   const struct span *after, struct report *report);

static const char *ipv4_flaw(const struct address *address)
{
	uint32_t ipv4 = ntohl(address_to_ipv4(address));

	if (ipv4 >> 24 == 0)
		return "an address of no machine";
	return ipv4 == UINT32_MAX ? "the broadcast address" : NULL;
}

const char *address_flaw(const struct address *address)
{
	if (address_is_multicast(address))
		return "a multicast address";
	if (address_is_loopback(address))
		return "a loopback address";
	return address_is_ipv4(address) ? ipv4_flaw(address) : NULL;
}

/* Where the configuration does not say on which link. */
static void check_address(struct report *report, const struct address *address, const char *pointer)
{
	char text[ADDRESS_TEXT_SIZE];
	const char *flaw = address_is_missing(address) ? NULL : address_flaw(address);

	if (address_is_link_local(address))
		report_add(report, pointer,
			   "%s is a link-local address, and nothing says of which link: write a "
			   "global or unique local one",
			   address_format(address, text));
	if (flaw != NULL)
		report_add(report, pointer, "%s is %s: write one that packets can be sent to",
			   address_format(address, text), flaw);
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *left = a, *right = b;
	int order = memcmp(&left->address, &right->address, sizeof(left->address));

	if (order != 0)
		return order;
	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	if (left->ports.first != right->ports.first)
		return left->ports.first < right->ports.first ? -1 : 1;
	if (left->owner != right->owner)
		return left->owner < right->owner ? -1 : 1;
	if (left->address_at != right->address_at)
		return left->address_at < right->address_at ? -1 : 1;
	return left->ports_at < right->ports_at ? -1 : left->ports_at > right->ports_at;
}

/* In order, a span can only overlap the one of those before that reaches furthest. */
static void find_overlaps(const struct config *config, struct spans *spans, spans_overlap *found,
			  struct report *report)
{
	const struct span *furthest = NULL;

	if (spans->count > 0)
		qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];
		bool same = furthest != NULL && address_equal(&furthest->address, &span->address) &&
			    furthest->group == span->group;
		if (same && span->ports.first <= furthest->ports.last) {
			bool in_order = furthest->owner <= span->owner;
			found(config, in_order ? furthest : span, in_order ? span : furthest,
			      report);
		}
		if (!same || span->ports.last > furthest->ports.last)
			furthest = span;
	}
	free(spans->items);
}

static void add_span(struct spans *spans, const struct span *span)
{
	if (!address_is_missing(&span->address) && span->ports.last != 0)
		spans->items[spans->count++] = *span;
}

static void allocate(struct spans *spans, size_t room, struct report *report)
{
	*spans = (struct spans){.items = calloc(room + 1, sizeof(*spans->items))};
	if (spans->items == NULL)
		report->out_of_memory = true;
}

static void service_overlap(const struct config *config, const struct span *before,
			    const struct span *after, struct report *report)
{
	const struct config_service *service = &config->services[after->owner];
	struct place at = place("/services/%zu/addresses/%zu", after->owner, after->address_at);
	char text[ADDRESS_TEXT_SIZE], ports[NOTATION_SIZE];

	address_format(&after->address, text);
	notation_write_ports(&after->ports, ports);
	bool single = after->ports.first == after->ports.last;
	if (before->owner != after->owner) {
		if (!report_has(report, at.text))
			report_add(report, at.text,
				   "%s, %s %s (%s), is served by /services/%zu already: a service "
				   "needs address, port and protocol for itself",
				   text, single ? "port" : "ports", ports,
				   service->protocol == CONFIG_TCP ? "tcp" : "udp", before->owner);
	} else if (before->address_at != after->address_at) {
		if (after->ports_at == 0)
			report_add(report, at.text, "%s is named twice: leave one out", text);
	} else if (after->address_at == 0) {
		report_add(report,
			   place("/services/%zu/ports/%zu", after->owner, after->ports_at).text,
			   "%s is named twice: leave one out", ports);
	}
}

/* "*", or "1-65535". */
static bool is_every_port(const struct config_port_range *ports)
{
	return ports->first <= 1 && ports->last == UINT16_MAX;
}

/* A single port goes before a range, a range before all: these may overlap. */
static unsigned group_of(const struct config_service *service,
			 const struct config_port_range *ports)
{
	unsigned breadth = ports->first == ports->last ? 0 : is_every_port(ports) ? 2 : 1;

	return service->protocol * 3 + breadth;
}

static void check_service_spans(const struct config *config, struct report *report)
{
	struct spans spans;
	size_t room = 0;

	for (size_t i = 0; i < config->service_count; i++)
		room += config->services[i].address_count * config->services[i].port_count;
	allocate(&spans, room, report);
	for (size_t i = 0; spans.items != NULL && i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		if (report_has(report, place("/services/%zu/protocol", i).text))
			continue;
		for (size_t j = 0; j < service->address_count; j++) {
			for (size_t k = 0; k < service->port_count; k++)
				add_span(&spans,
					 &(struct span){
						 .address = service->addresses[j],
						 .group = group_of(service, &service->ports[k]),
						 .ports = service->ports[k],
						 .owner = i,
						 .address_at = j,
						 .ports_at = k,
					 });
		}
	}
	find_overlaps(config, &spans, service_overlap, report);
}

static void local_overlap(const struct config *config, const struct span *before,
			  const struct span *after, struct report *report)
{
	struct place at = place("/local_pools/%zu/addresses/%zu", after->owner, after->address_at);
	char text[ADDRESS_TEXT_SIZE];

	(void)config;
	address_format(&after->address, text);
	if (before->owner == after->owner)
		report_add(report, at.text, "%s is named twice: leave one out", text);
	else
		report_add(report, at.text,
			   "%s is in /local_pools/%zu too, with some of the same ports: give each "
			   "pool "
			   "its own addresses or ports",
			   text, before->owner);
}

static void check_local_spans(const struct config *config, struct report *report)
{
	struct spans spans;
	size_t room = 0;

	for (size_t i = 0; i < config->local_pool_count; i++)
		room += config->local_pools[i].address_count;
	allocate(&spans, room, report);
	for (size_t i = 0; spans.items != NULL && i < config->local_pool_count; i++) {
		const struct config_local_pool *pool = &config->local_pools[i];
		for (size_t j = 0; j < pool->address_count; j++)
			add_span(&spans,
				 &(struct span){.address = pool->addresses[j],
						.ports = {pool->port_first, pool->port_last},
						.owner = i,
						.address_at = j});
	}
	find_overlaps(config, &spans, local_overlap, report);
}

/* An address is a service's, a local pool's or a backend's, never two of these. */
static void check_role(struct report *report, const json_t *taken, const struct address *address,
		       const char *pointer, const char *advice)
{
	const json_t *before =
		json_object_getn(taken, (const char *)address->bytes, sizeof(address->bytes));
	char text[ADDRESS_TEXT_SIZE];

	if (before != NULL && !address_is_missing(address))
		report_add(report, pointer, "%s is the address of %s: %s",
			   address_format(address, text), json_string_value(before), advice);
}

static void remember_address(struct report *report, json_t *taken, const struct address *address,
			     const char *pointer)
{
	remember_bytes(report, taken, address->bytes, sizeof(address->bytes), pointer);
}

static void check_addresses(const struct config *config, json_t *services, json_t *locals,
			    struct report *report)
{
	for (size_t i = 0; i < config->service_count; i++) {
		struct place where = place_in("", "services", i);
		for (size_t j = 0; j < config->services[i].address_count; j++) {
			const struct address *address = &config->services[i].addresses[j];
			check_address(report, address, place_in(where.text, "addresses", j).text);
			remember_address(report, services, address, where.text);
		}
	}
	for (size_t i = 0; i < config->local_pool_count; i++) {
		struct place where = place_in("", "local_pools", i);
		for (size_t j = 0; j < config->local_pools[i].address_count; j++) {
			const struct address *address = &config->local_pools[i].addresses[j];
			struct place at = place_in(where.text, "addresses", j);
			check_address(report, address, at.text);
			check_role(report, services, address, at.text,
				   "give the local pool an address of its own");
			remember_address(report, locals, address, where.text);
		}
	}
}

void validate_addresses(const struct config *config, const json_t *document, struct report *report)
{
	json_t *services = json_object(), *locals = json_object();
	size_t cursor = 0;

	check_addresses(config, services, locals, report);
	for (size_t i = 0; i < config->pool_count; i++) {
		struct place where = place_of_pool(config, document, i, &cursor);
		for (size_t j = 0; j < config->pools[i].backend_count; j++) {
			const struct address *address = &config->pools[i].backends[j].address;
			struct place at = place_in(where.text, "backends", j);
			strcat(at.text, "/address");
			check_address(report, address, at.text);
			check_role(report, services, address, at.text,
				   "a backend is another machine, with its own");
			check_role(report, locals, address, at.text,
				   "a backend is another machine, with its own");
		}
	}
	json_decref(services);
	json_decref(locals);
	check_service_spans(config, report);
	check_local_spans(config, report);
}
