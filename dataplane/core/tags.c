/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/tags.h"

#include <stdbool.h>
#include <string.h>

/* Destination and source. */
#define MACS_SIZE ETHERNET_TYPE

static uint16_t vlan_at(const uint8_t *tag)
{
	return wire_read16(tag + 2) & TAG_VLAN;
}

static uint16_t outer_of(uint16_t type, uint16_t vlan)
{
	return vlan != 0 && type == TAG_8021Q ? vlan | PACKET_OUTER_8021Q : vlan;
}

void tags_take_off(struct packet *packet)
{
	const uint8_t *tags = packet->data + ETHERNET_TYPE;
	uint32_t size = tags_length(packet->data, packet->length);
	uint16_t type = wire_read16(tags);

	/* The driver has taken one off: another may follow, of 802.1Q. */
	if (size == 0 || (packet->vlan != 0 && (size > TAG_SIZE || type != TAG_8021Q)))
		return;
	memcpy(packet->tags, tags, size);
	packet->tags_size = (uint8_t)size;
	if (packet->vlan != 0) {
		packet->outer_vlan = outer_of(TAG_8021Q, packet->vlan);
		packet->vlan = vlan_at(tags);
	} else if (size == TAGS_SIZE) {
		packet->outer_vlan = outer_of(type, vlan_at(tags));
		packet->vlan = vlan_at(tags + TAG_SIZE);
	} else if (type == TAG_8021Q) {
		packet->vlan = vlan_at(tags);
	} else {
		packet->outer_vlan = vlan_at(tags);
	}
	memmove(packet->data + size, packet->data, MACS_SIZE);
	packet->data += size;
	packet->length -= size;
}

void tags_put_back(struct packet *packet)
{
	const uint32_t size = packet->tags_size;
	/* With one tag here, of 802.1Q, there is an outer one only where the driver took it off. */
	bool by_driver = size == TAG_SIZE && wire_read16(packet->tags) == TAG_8021Q;

	packet->vlan = by_driver ? packet->outer_vlan & TAG_VLAN : 0;
	packet->outer_vlan = 0;
	packet->data -= size;
	packet->length += size;
	memmove(packet->data, packet->data + size, MACS_SIZE);
	memcpy(packet->data + ETHERNET_TYPE, packet->tags, size);
	packet->tags_size = 0;
}
