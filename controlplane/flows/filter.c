/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/filter.h"

#include "config/notation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {
	[ABI_FLOW_FREE] = "free",
	[ABI_FLOW_TCP_HALF_OPEN] = "half-open",
	[ABI_FLOW_TCP_ESTABLISHED] = "established",
	[ABI_FLOW_TCP_CLOSING] = "closing",
	[ABI_FLOW_UDP] = "udp",
	[ABI_FLOW_DIRECT] = "direct",
};

const char *flow_state_text(uint8_t state)
{
	return state < ABI_FLOW_STATE_COUNT ? states[state] : "?";
}

void flow_filter_init(struct flow_filter *filter)
{
	*filter = (struct flow_filter){.worker = -1, .limit = UINT64_MAX};
}

bool flow_filter_restricts(const struct flow_filter *filter)
{
	return filter->family != 0 || filter->protocol != 0 || filter->state != ABI_FLOW_FREE ||
	       filter->by_service || filter->by_backend || filter->worker >= 0 ||
	       filter->port != 0 || filter->client.is_given || filter->address.is_given ||
	       filter->least_age != 0 || filter->limit != UINT64_MAX;
}

static int read_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' || *out < least || *out > most ? -EINVAL : 0;
}

/* The port behind the colon; and the address before it, without its brackets. */
static int read_address_port(const char *text, struct flow_end *end)
{
	char address[ADDRESS_TEXT_SIZE];
	const char *colon = strrchr(text, ':');
	const char *first = text[0] == '[' ? text + 1 : text;
	const char *last = text[0] == '[' ? colon - 1 : colon;
	uint64_t port;

	if (last < first || (text[0] == '[' && *last != ']') ||
	    (size_t)(last - first) >= sizeof(address) ||
	    read_number(colon + 1, 1, 65535, &port) < 0)
		return -EINVAL;
	memcpy(address, first, (size_t)(last - first));
	address[last - first] = '\0';
	if (address_parse(address, &end->address) < 0 ||
	    address_is_ipv4(&end->address) != (text[0] != '['))
		return -EINVAL;
	end->length = address_bits(&end->address);
	end->port = (uint16_t)port;
	return 0;
}

/* "10.0.0.1", "10.0.0.0/8", "10.0.0.1:80", "2001:db8::1", "[2001:db8::1]:80" */
static int read_end(const char *text, struct flow_end *end)
{
	const char *colon = strchr(text, ':');
	struct config_prefix prefix;

	end->is_given = true;
	if (colon != NULL && (text[0] == '[' || strchr(colon + 1, ':') == NULL))
		return read_address_port(text, end);
	if (notation_read_prefix(text, &prefix) != NULL)
		return -EINVAL;
	end->address = prefix.address;
	end->length = prefix.length;
	return 0;
}

/* One argument of a query; each of these takes the value of one. */
typedef int take_value(struct flow_filter *filter, struct flow_names *names, const char *value);

static int take_service(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	filter->by_service = true;
	return flow_names_want(names->services, ABI_MAX_SERVICES, value) > 0 ? 0 : -ENOENT;
}

static int take_backend(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	filter->by_backend = true;
	return flow_names_want(names->backends, ABI_MAX_BACKENDS, value) > 0 ? 0 : -ENOENT;
}

static int take_client(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	return read_end(value, &filter->client);
}

static int take_address(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	return read_end(value, &filter->address);
}

static int take_port(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	uint64_t number = 0;
	int error = read_number(value, 1, UINT16_MAX, &number);

	(void)names;
	filter->port = (uint16_t)number;
	return error;
}

static int take_protocol(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	if (strcmp(value, "tcp") == 0)
		filter->protocol = IPPROTO_TCP;
	else if (strcmp(value, "udp") == 0)
		filter->protocol = IPPROTO_UDP;
	else
		return -EINVAL;
	return 0;
}

static int take_state(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	for (uint8_t state = ABI_FLOW_FREE + 1; state < ABI_FLOW_STATE_COUNT; state++) {
		if (strcmp(states[state], value) != 0)
			continue;
		filter->state = state;
		return 0;
	}
	return -EINVAL;
}

static int take_family(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	if (strcmp(value, "4") != 0 && strcmp(value, "6") != 0)
		return -EINVAL;
	filter->family = (uint8_t)(value[0] - '0');
	return 0;
}

static int take_worker(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	uint64_t number = 0;
	int error = read_number(value, 0, INT32_MAX, &number);

	(void)names;
	filter->worker = (int32_t)number;
	return error;
}

static int take_age(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	uint64_t ms;

	(void)names;
	if (notation_read_duration(value, &ms) != NULL || ms >> ABI_FLOW_TICK_SHIFT > INT32_MAX)
		return -EINVAL;
	filter->least_age = (uint32_t)(ms >> ABI_FLOW_TICK_SHIFT);
	return 0;
}

static int take_limit(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	return read_number(value, 0, UINT64_MAX, &filter->limit);
}

static int take_all(struct flow_filter *filter, struct flow_names *names, const char *value)
{
	(void)names;
	filter->all = strcmp(value, "true") == 0;
	return filter->all || strcmp(value, "false") == 0 ? 0 : -EINVAL;
}

#define AN_END                                                                        \
	"an address, a prefix, or an address with a port: 192.0.2.1, 2001:db8::/32, " \
	"192.0.2.1:80, [2001:db8::1]:80"

static const struct {
	const char *name;
	take_value *take;
	const char *wanted; /* what its value is, for who writes another */
} arguments[] = {
	{"service", take_service, "the name of a service"},
	{"backend", take_backend, "a backend, as POOL/BACKEND"},
	{"client", take_client, AN_END},
	{"address", take_address, AN_END},
	{"port", take_port, "a port, 1 to 65535"},
	{"protocol", take_protocol, "tcp or udp"},
	{"state", take_state, "half-open, established, closing, udp or direct"},
	{"family", take_family, "4 or 6"},
	{"worker", take_worker, "the number of a worker, from 0 on"},
	{"older_than", take_age, "a duration, such as 90s or 5m"},
	{"limit", take_limit, "a number from 0 on"},
	{"all", take_all, "true or false"},
};

#define ARGUMENT_COUNT (sizeof(arguments) / sizeof(arguments[0]))

const char *flow_filter_argument(size_t number)
{
	return number < ARGUMENT_COUNT ? arguments[number].name : NULL;
}

int flow_filter_take(struct flow_filter *filter, struct flow_names *names, size_t number,
		     const char *value, char *fault, size_t size)
{
	int error = arguments[number].take(filter, names, value);

	if (error == -ENOENT)
		snprintf(fault, size, "there is no %s \"%.140s\"", arguments[number].name, value);
	else if (error < 0)
		snprintf(fault, size, "%s is %s, not \"%.140s\"", arguments[number].name,
			 arguments[number].wanted, value);
	return error;
}

struct address flow_address(const struct abi_flow6 *flow, enum abi_flow_direction direction,
			    bool source)
{
	struct address address;

	if (flow->flow.family == 6) {
		const struct abi_flow_ipv6 *ipv6 = &flow->addresses[direction];

		memcpy(address.bytes, source ? ipv6->be_source : ipv6->be_destination, 16);
	} else {
		const struct abi_flow_ipv4 *ipv4 = &flow->flow.addresses[direction];

		address = address_from_ipv4(source ? ipv4->be_source : ipv4->be_destination);
	}
	return address;
}

static bool end_fits(const struct flow_end *end, const struct abi_flow6 *flow, bool is_client)
{
	const struct abi_flow_ports *ports = &flow->flow.ports[ABI_FLOW_FROM_CLIENT];

	if (!end->is_given)
		return true;
	if (end->port != 0 &&
	    ntohs(is_client ? ports->be_source : ports->be_destination) != end->port)
		return false;
	if (address_is_ipv4(&end->address) != (flow->flow.family == 4))
		return false;

	struct address address = flow_address(flow, ABI_FLOW_FROM_CLIENT, is_client);

	return address_in_prefix(&address, &end->address, end->length);
}

static bool names_fit(const struct flow_filter *filter, const struct flow_names *names,
		      const struct abi_flow *flow)
{
	if (filter->by_service) {
		const struct flow_name *name =
			flow_names_service(names, flow->service, flow->service_epoch);

		if (name == NULL || !name->wanted)
			return false;
	}
	if (filter->by_backend) {
		const struct flow_name *name =
			flow_names_backend(names, flow->backend, flow->backend_epoch);

		if (name == NULL || !name->wanted)
			return false;
	}
	return true;
}

bool flow_filter_fits(const struct flow_filter *filter, const struct flow_names *names,
		      const struct abi_flow6 *whole, uint32_t worker, uint32_t now)
{
	const struct abi_flow *flow = &whole->flow;

	return (filter->family == 0 || flow->family == filter->family) &&
	       (filter->protocol == 0 || flow->protocol == filter->protocol) &&
	       (filter->state == ABI_FLOW_FREE || flow->state == filter->state) &&
	       (filter->worker < 0 || worker == (uint32_t)filter->worker) &&
	       (filter->port == 0 ||
		ntohs(flow->ports[ABI_FLOW_FROM_CLIENT].be_destination) == filter->port) &&
	       flow_ticks_since(now, flow->syn_time) >= filter->least_age &&
	       names_fit(filter, names, flow) && end_fits(&filter->client, whole, true) &&
	       end_fits(&filter->address, whole, false);
}
