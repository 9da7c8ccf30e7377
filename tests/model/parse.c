/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/parse.h"

#include "tests/model/lookup.h"

#include <string.h>

#define TCP_HEADER  20
#define UDP_HEADER  8
#define ICMP_HEADER 8

static bool is_transport(uint8_t protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP;
}

static bool is_about_flow(const struct model_ip *ip, uint8_t type)
{
	if (ip->family == 4)
		return ip->protocol == PROTO_ICMP && (type == 3 || type == 11 || type == 12);
	return ip->protocol == PROTO_ICMP6 && type >= 1 && type <= 4;
}

/* The packet inside an ICMP error of `length` bytes. */
static bool read_inner(uint8_t family, const uint8_t *bytes, uint32_t length,
		       struct model_ip *inner)
{
	if (family == 4) {
		if (length < IPV4_HEADER || bytes[0] >> 4 != 4)
			return false;
		model_read_ipv4(bytes, inner);
		return inner->header_size >= IPV4_HEADER && inner->header_size <= length;
	}
	if (length < IPV6_HEADER || bytes[0] >> 4 != 6)
		return false;
	model_read_ipv6(bytes, length, inner);
	return !inner->is_cut;
}

/* For steering a first fragment is one like any other. */
static bool read_icmp_error(const struct model_ip *ip, const uint8_t *message, uint32_t length,
			    bool is_steering, struct model_headers *out)
{
	struct model_ip inner;

	if (length < ICMP_HEADER || !is_about_flow(ip, message[0]) || !model_is_routable(ip))
		return false;
	message += ICMP_HEADER;
	length -= ICMP_HEADER;
	if (!read_inner(ip->family, message, length, &inner) || !is_transport(inner.protocol))
		return false;
	out->kind = MODEL_ICMP_ERROR;
	out->is_routable = model_is_routable(&inner);
	out->tuple = (struct model_tuple){.protocol = inner.protocol};
	memcpy(out->tuple.source.address, inner.destination, 16);
	memcpy(out->tuple.destination.address, inner.source, 16);
	out->has_ports = !inner.is_fragment ||
			 (inner.is_first && !is_steering && length >= inner.header_size + 4);
	if (!out->has_ports)
		return true;
	if (length < inner.header_size + 4)
		return false;
	out->tuple.source.port = (uint16_t)model_get16(message + inner.header_size + 2);
	out->tuple.destination.port = (uint16_t)model_get16(message + inner.header_size);
	return true;
}

static uint8_t read_transport(const struct model_ip *ip, const uint8_t *bytes, uint32_t length,
			      struct model_headers *out)
{
	out->kind = MODEL_FLOW;
	out->tcp_flags = 0;
	if (ip->protocol == PROTO_TCP) {
		if (length < TCP_HEADER)
			return ABI_VERDICT_BAD_LENGTH;
		uint32_t size = (bytes[12] >> 4) * 4u;
		if (size < TCP_HEADER || size > length)
			return ABI_VERDICT_BAD_LENGTH;
		out->tcp_flags = bytes[13];
	} else {
		if (length < UDP_HEADER || model_get16(bytes + 4) < UDP_HEADER ||
		    model_get16(bytes + 4) > length)
			return ABI_VERDICT_BAD_LENGTH;
		if (ip->family == 6 && model_get16(bytes + 6) == 0)
			return ABI_VERDICT_NO_CHECKSUM;
	}
	out->tuple.source.port = (uint16_t)model_get16(bytes);
	out->tuple.destination.port = (uint16_t)model_get16(bytes + 2);
	out->has_ports = true;
	return MODEL_NO_VERDICT;
}

static bool sum_is_right(const uint8_t *header, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < size; i += 2)
		sum += model_get16(header + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* `bytes` is a packet, or what the frame has of it. */
static uint8_t check_ipv4(const uint8_t *bytes, uint32_t length, struct model_headers *out)
{
	if (length < IPV4_HEADER)
		return ABI_VERDICT_TRUNCATED;
	uint32_t header_size = (bytes[0] & 15u) * 4;
	out->ip_length = model_get16(bytes + 2);
	if (bytes[0] >> 4 != 4 || header_size < IPV4_HEADER)
		return ABI_VERDICT_BAD_IP_HEADER;
	if (out->ip_length < header_size)
		return ABI_VERDICT_BAD_LENGTH;
	if (out->ip_length > length)
		return ABI_VERDICT_TRUNCATED;
	if (!sum_is_right(bytes, header_size))
		return ABI_VERDICT_BAD_IP_HEADER;
	return MODEL_NO_VERDICT;
}

static uint8_t check_ipv6(const uint8_t *bytes, uint32_t length, struct model_headers *out)
{
	if (length < IPV6_HEADER)
		return ABI_VERDICT_TRUNCATED;
	out->ip_length = IPV6_HEADER + model_get16(bytes + 4);
	if (bytes[0] >> 4 != 6)
		return ABI_VERDICT_BAD_IP_HEADER;
	return out->ip_length > length ? ABI_VERDICT_TRUNCATED : MODEL_NO_VERDICT;
}

static void take_ip(const struct model_ip *ip, struct model_headers *out)
{
	out->family = ip->family;
	out->hop_limit = ip->hop_limit;
	out->transport = ETHERNET + ip->header_size;
	out->has_ports = false;
	out->is_routable = model_is_routable(ip);
	out->tuple = (struct model_tuple){.protocol = ip->protocol};
	memcpy(out->tuple.source.address, ip->source, 16);
	memcpy(out->tuple.destination.address, ip->destination, 16);
}

uint8_t model_parse(uint32_t features, const uint8_t *frame, uint32_t length,
		    struct model_headers *out)
{
	const uint8_t *bytes = frame + ETHERNET;
	uint8_t verdict;
	struct model_ip ip;

	if (length < ETHERNET)
		return ABI_VERDICT_TRUNCATED;
	uint32_t type = model_get16(frame + 12);
	if (type != TYPE_IPV4 && !(type == TYPE_IPV6 && (features & FEATURE_IPV6)))
		return ABI_VERDICT_TO_LINUX;

	length -= ETHERNET;
	verdict =
		type == TYPE_IPV4 ? check_ipv4(bytes, length, out) : check_ipv6(bytes, length, out);
	if (verdict != MODEL_NO_VERDICT)
		return verdict;
	if (type == TYPE_IPV4)
		model_read_ipv4(bytes, &ip);
	else
		model_read_ipv6(bytes, out->ip_length, &ip);
	if (ip.is_cut)
		return ABI_VERDICT_BAD_LENGTH;
	take_ip(&ip, out);
	length = out->ip_length - ip.header_size;
	if (ip.is_fragment) {
		out->kind = MODEL_FRAGMENT;
		verdict = is_transport(ip.protocol) ? MODEL_NO_VERDICT : ABI_VERDICT_TO_LINUX;
	} else if (is_transport(ip.protocol)) {
		verdict = read_transport(&ip, bytes + ip.header_size, length, out);
	} else {
		verdict = read_icmp_error(&ip, bytes + ip.header_size, length, false, out)
				  ? MODEL_NO_VERDICT
				  : ABI_VERDICT_TO_LINUX;
	}
	return verdict == MODEL_NO_VERDICT && ip.leads_on ? ABI_VERDICT_ROUTING_HEADER : verdict;
}

bool model_is_for_port(const struct model_port *port, const uint8_t *frame)
{
	return port->any_mac || memcmp(frame, port->mac, 6) == 0;
}

/* Lengths in headers are not looked at: what the frame has is what there is. */
bool model_steers(const struct model *model, const struct model_port *port, const uint8_t *frame,
		  uint32_t length)
{
	const uint8_t *bytes = frame + ETHERNET;
	struct model_headers headers;
	struct model_ip ip;

	if (length < ETHERNET + IPV4_HEADER || !model_is_for_port(port, frame))
		return false;
	length -= ETHERNET;
	if (model_get16(frame + 12) == TYPE_IPV4 && bytes[0] >> 4 == 4) {
		model_read_ipv4(bytes, &ip);
		if (ip.header_size < IPV4_HEADER || ip.header_size > length)
			return false;
	} else if ((model->features & FEATURE_IPV6) && model_get16(frame + 12) == TYPE_IPV6 &&
		   length >= IPV6_HEADER && bytes[0] >> 4 == 6) {
		model_read_ipv6(bytes, length, &ip);
		if (ip.is_cut)
			return false;
	} else {
		return false;
	}
	take_ip(&ip, &headers);
	if (!is_transport(ip.protocol))
		return !ip.is_fragment &&
		       read_icmp_error(&ip, bytes + ip.header_size, length - ip.header_size, true,
				       &headers) &&
		       headers.is_routable &&
		       model_is_ours(model->tables, &headers.tuple, headers.has_ports);
	if (!ip.is_fragment) {
		if (length < ip.header_size + 4)
			return false;
		headers.tuple.source.port = (uint16_t)model_get16(bytes + ip.header_size);
		headers.tuple.destination.port = (uint16_t)model_get16(bytes + ip.header_size + 2);
		headers.has_ports = true;
	}
	return headers.is_routable &&
	       model_is_ours(model->tables, &headers.tuple, headers.has_ports);
}
