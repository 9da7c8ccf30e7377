/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/line.h"

#include <arpa/inet.h>
#include <string.h>

/* A text of known length. */
#define PUT(to, text) ((char *)memcpy(to, text, sizeof(text) - 1) + sizeof(text) - 1)

static const char hexadecimal[] = "0123456789abcdef";

char *flow_line_number(char *to, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	memcpy(to, digits + at, sizeof(digits) - at);
	return to + sizeof(digits) - at;
}

static char *put_ipv4(char *to, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = bytes[i];

		if (byte >= 100)
			*to++ = (char)('0' + byte / 100);
		if (byte >= 10)
			*to++ = (char)('0' + byte / 10 % 10);
		*to++ = (char)('0' + byte % 10);
		*to++ = '.';
	}
	return to - 1;
}

/* The longest run of zeros, of two groups at least, the first of those that are as long (RFC 5952).
 */
static unsigned find_zeros(const uint8_t *bytes, unsigned *first)
{
	unsigned longest = 0, length = 0;

	for (unsigned i = 0; i < 8; i++) {
		length = bytes[2 * i] == 0 && bytes[2 * i + 1] == 0 ? length + 1 : 0;
		if (length > longest) {
			longest = length;
			*first = i + 1 - length;
		}
	}
	return longest >= 2 ? longest : 0;
}

static char *put_group(char *to, unsigned group)
{
	if (group >= 0x1000)
		*to++ = hexadecimal[group >> 12];
	if (group >= 0x100)
		*to++ = hexadecimal[group >> 8 & 15];
	if (group >= 0x10)
		*to++ = hexadecimal[group >> 4 & 15];
	*to++ = hexadecimal[group & 15];
	return to;
}

static char *put_ipv6(char *to, const uint8_t *bytes)
{
	unsigned first = 0;
	unsigned zeros = find_zeros(bytes, &first);

	for (unsigned i = 0; i < 8; i++) {
		if (zeros != 0 && i == first) {
			to = PUT(to, "::");
			i += zeros - 1;
			continue;
		}
		if (i > 0 && to[-1] != ':')
			*to++ = ':';
		to = put_group(to, (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1]);
	}
	return to;
}

char *flow_line_address(char *to, const struct address *address)
{
	return address_is_ipv4(address) ? put_ipv4(to, address->bytes + 12)
					: put_ipv6(to, address->bytes);
}

static char *put_end(char *to, const struct abi_flow6 *flow, enum abi_flow_direction direction,
		     bool source)
{
	const struct abi_flow_ports *ports = &flow->flow.ports[direction];
	struct address address = flow_address(flow, direction, source);
	bool is_ipv6 = flow->flow.family == 6;

	*to++ = '"';
	if (is_ipv6)
		*to++ = '[';
	to = is_ipv6 ? put_ipv6(to, address.bytes) : put_ipv4(to, address.bytes + 12);
	if (is_ipv6)
		*to++ = ']';
	*to++ = ':';
	to = flow_line_number(to, ntohs(source ? ports->be_source : ports->be_destination));
	*to++ = '"';
	return to;
}

static char *put_name(char *to, const struct flow_name *name)
{
	if (name == NULL)
		return PUT(to, "null");
	*to++ = '"';
	memcpy(to, name->text, name->length);
	to += name->length;
	*to++ = '"';
	return to;
}

static char *put_seconds(char *to, uint32_t ticks)
{
	uint64_t ms = (uint64_t)ticks * ABI_FLOW_TICK_MS;
	unsigned rest = (unsigned)(ms % 1000);

	to = flow_line_number(to, ms / 1000);
	*to++ = '.';
	*to++ = (char)('0' + rest / 100);
	*to++ = (char)('0' + rest / 10 % 10);
	*to++ = (char)('0' + rest % 10);
	return to;
}

static char *put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

static char *put_mac(char *to, const uint8_t mac[6])
{
	for (unsigned i = 0; i < 6; i++) {
		*to++ = hexadecimal[mac[i] >> 4];
		*to++ = hexadecimal[mac[i] & 15];
		*to++ = ':';
	}
	return to - 1;
}

static char *put_hop(char *to, const struct flow_line *line)
{
	const struct abi_flow_hop *hop = line->hop;

	if (hop == NULL)
		return PUT(to, ",\"hop_port\":null,\"hop_vlan\":null,\"hop_mac\":null");
	to = PUT(to, ",\"hop_port\":");
	to = put_name(to, hop->port < ABI_MAX_PORTS && line->names->ports[hop->port].epoch != 0
				  ? &line->names->ports[hop->port]
				  : NULL);
	to = PUT(to, ",\"hop_vlan\":");
	to = flow_line_number(to, hop->vlan);
	to = PUT(to, ",\"hop_mac\":\"");
	to = put_mac(to, hop->mac);
	*to++ = '"';
	return to;
}

static char *put_ends(char *to, const struct abi_flow6 *flow)
{
	to = PUT(to, "\",\"client\":");
	to = put_end(to, flow, ABI_FLOW_FROM_CLIENT, true);
	to = PUT(to, ",\"service\":");
	to = put_end(to, flow, ABI_FLOW_FROM_CLIENT, false);
	to = PUT(to, ",\"local\":");
	if (flow->flow.flags & ABI_FLOW_FULL_NAT)
		to = put_end(to, flow, ABI_FLOW_FROM_BACKEND, false);
	else
		to = PUT(to, "null");
	to = PUT(to, ",\"backend\":");
	return put_end(to, flow, ABI_FLOW_FROM_BACKEND, true);
}

size_t flow_line_write(const struct flow_line *line, char *begin)
{
	const struct abi_flow *flow = &line->flow->flow;
	char *to = PUT(begin, "{\"worker\":");

	to = flow_line_number(to, line->worker);
	to = PUT(to, ",\"family\":");
	*to++ = (char)('0' + flow->family % 10);
	to = PUT(to, ",\"protocol\":\"");
	to = flow->protocol == IPPROTO_TCP   ? PUT(to, "tcp")
	     : flow->protocol == IPPROTO_UDP ? PUT(to, "udp")
					     : PUT(to, "?");
	to = PUT(to, "\",\"state\":\"");
	to = put_text(to, flow_state_text(flow->state));
	to = put_ends(to, line->flow);
	to = PUT(to, ",\"service_name\":");
	to = put_name(to, flow_names_service(line->names, flow->service, flow->service_epoch));
	to = PUT(to, ",\"backend_name\":");
	to = put_name(to, flow_names_backend(line->names, flow->backend, flow->backend_epoch));
	to = PUT(to, ",\"age\":");
	to = put_seconds(to, flow_ticks_since(line->now, flow->syn_time));
	to = PUT(to, ",\"idle\":");
	to = put_seconds(to, flow_ticks_since(line->now, flow->last_seen));
	to = put_hop(to, line);
	to = PUT(to, "}\n");
	return (size_t)(to - begin);
}
