/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/instance.h"

#include "controlplane/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t address_size(const struct instance *instance)
{
	return instance->family == 4 ? 4 : 16;
}

int instance_make(struct instance *instance, const struct plan_view *plan,
		  const struct plan_instance *row, uint32_t version)
{
	uint32_t count = row->addresses.count;
	uint32_t room = advert_room(row->family);

	*instance = (struct instance){.id = row->id,
				      .family = row->family,
				      .version = (uint8_t)version,
				      .interval = row->advert_interval,
				      .peer_count = row->peers.count,
				      .address_count = (uint8_t)(count < room ? count : room)};
	size_t size = address_size(instance);

	instance->addresses = calloc(instance->address_count, size);
	instance->peers = calloc(instance->peer_count + 1, sizeof(instance->peers[0]));
	if (instance->addresses == NULL || instance->peers == NULL) {
		instance_free(instance);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < instance->address_count; i++)
		memcpy(instance->addresses + i * size,
		       plan->addresses[row->addresses.first + i].address + 16 - size, size);
	for (uint32_t i = 0; i < instance->peer_count; i++)
		memcpy(instance->peers[i], plan->peers[row->peers.first + i].address, 16);
	return 0;
}

void instance_free(struct instance *instance)
{
	free(instance->addresses);
	free(instance->peers);
	instance->addresses = NULL;
	instance->peers = NULL;
}

static bool is_link_local(const uint8_t address[16])
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool has_source(const struct sources *sources, const uint8_t address[16])
{
	for (uint32_t i = 0; i < sources->count; i++) {
		if (memcmp(sources->any[i], address, 16) == 0)
			return true;
	}
	return false;
}

/* Multicast of IPv6 is sent from the link-local address; peers know us by the address that is among
 * theirs, or at least one like that. */
static const uint8_t *choose_source(const struct instance *instance)
{
	const struct sources *sources = &instance->interface->sources;

	for (uint32_t i = 0; i < instance->peer_count; i++) {
		if (has_source(sources, instance->peers[i]))
			return instance->peers[i];
	}
	if (instance->family == 4)
		return sources->ipv4;
	if (instance->peer_count > 0 && !is_link_local(instance->peers[0]))
		return sources->global;
	return sources->link_local;
}

static bool is_empty(const uint8_t address[16])
{
	static const uint8_t none[16];

	return memcmp(address, none, sizeof(none)) == 0;
}

const char *instance_refresh(struct instance *instance)
{
	memcpy(instance->source, choose_source(instance), 16);
	memcpy(instance->report->source, instance->source, 16);
	instance->report->link_up = instance->interface->is_up;
	if (instance->interface->index == 0)
		return "does not exist";
	if (!instance->interface->is_up)
		return "is down";
	if (is_empty(instance->source))
		return "has no address to advertise from";
	return instance->socket->index == 0 ? "has no socket" : NULL;
}

static bool send_to(struct instance *instance, const struct advert *advert,
		    const uint8_t destination[16])
{
	uint8_t bytes[ADVERT_MAX_SIZE];
	size_t length = advert_make(advert, instance->family, instance->source, destination, bytes);

	if (advert_socket_send(instance->socket, instance->source, destination, bytes, length) ==
	    0) {
		instance->report->adverts_sent++;
		return true;
	}
	instance->report->not_sent++;
	return false;
}

bool instance_send(struct instance *instance, uint32_t priority)
{
	struct advert advert = {.version = instance->version,
				.id = instance->id,
				.priority = (uint8_t)priority,
				.count = instance->address_count,
				.interval = instance->interval,
				.addresses = instance->addresses};
	bool is_sent = true;

	if (priority == 0)
		instance->report->zeros_sent++;
	if (instance->peer_count == 0)
		return send_to(instance, &advert,
			       instance->family == 4 ? advert_group_ipv4 : advert_group_ipv6);
	for (uint32_t i = 0; i < instance->peer_count; i++) {
		if (memcmp(instance->peers[i], instance->source, 16) != 0)
			is_sent &= send_to(instance, &advert, instance->peers[i]);
	}
	return is_sent;
}

static bool is_peer(const struct instance *instance, const uint8_t source[16])
{
	for (uint32_t i = 0; i < instance->peer_count; i++) {
		if (memcmp(instance->peers[i], source, 16) == 0)
			return true;
	}
	return instance->peer_count == 0;
}

/* In whatever order. */
static bool has_our_addresses(const struct instance *instance, const struct advert *advert)
{
	size_t size = address_size(instance);

	if (advert->count != instance->address_count)
		return false;
	if (memcmp(advert->addresses, instance->addresses, advert->count * size) == 0)
		return true;
	for (uint32_t i = 0; i < advert->count; i++) {
		uint32_t j = 0;

		while (j < advert->count && memcmp(advert->addresses + i * size,
						   instance->addresses + j * size, size) != 0)
			j++;
		if (j == advert->count)
			return false;
	}
	return true;
}

static enum report_fault judge(const struct instance *instance, const struct advert_packet *packet,
			       const struct advert *advert)
{
	if (!is_peer(instance, packet->source))
		return REPORT_BAD_PEER;
	if (advert->version != instance->version)
		return REPORT_BAD_VERSION;
	/* RFC 3768, 7.1; in version 3 the active node's interval counts. */
	if (advert->version == 2 && advert->interval != instance->interval)
		return REPORT_BAD_INTERVAL;
	return ADVERT_OK;
}

bool instance_take(struct instance *instance, const struct advert_packet *packet,
		   enum report_fault fault, const struct advert *advert)
{
	struct report_instance *report = instance->report;

	if (fault == ADVERT_OK)
		fault = judge(instance, packet, advert);
	if (fault != ADVERT_OK) {
		report->faults[fault]++;
		return false;
	}
	report->adverts_received++;
	if (advert->priority == 0)
		report->zeros_received++;
	if (advert->priority == 255)
		report->faults[REPORT_OWN_PRIORITY]++;
	if (!has_our_addresses(instance, advert))
		report->faults[REPORT_BAD_ADDRESSES]++;
	memcpy(report->active, packet->source, 16);
	report->active_priority = advert->priority;
	report->active_interval = advert->interval;
	report->heard_at = clock_now_ns();
	return true;
}
