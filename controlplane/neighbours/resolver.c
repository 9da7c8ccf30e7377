/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/resolver.h"

#include "controlplane/array.h"
#include "controlplane/clock.h"
#include "controlplane/log.h"
#include "controlplane/neighbours/network.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define ROUND_SECONDS    1.0
#define STALE_INTERVAL   30000 /* ms */
/* Seconds without an answer after which the log says so. */
#define ROUNDS_UNTIL_LOG 3

/* Somebody we send to. */
struct wanted {
	uint32_t interface;
	struct address address;
	uint64_t asked_at; /* ms; 0: never */
	unsigned unanswered;
	bool told; /* that it does not answer */
};

struct resolver {
	struct network *network;
	struct wanted *rows; /* sorted */
	size_t count, room;
	ev_timer round;
};

static int compare_wanted(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	if (a->interface != b->interface)
		return a->interface < b->interface ? -1 : 1;
	return address_compare(&a->address, &b->address);
}

static struct wanted *find_wanted(struct wanted *rows, size_t count, uint32_t interface,
				  const struct address *address)
{
	struct wanted key = {.interface = interface, .address = *address};

	return count == 0 ? NULL : bsearch(&key, rows, count, sizeof(key), compare_wanted);
}

bool resolver_wants(const struct resolver *resolver, uint32_t interface,
		    const struct address *address)
{
	return resolver != NULL &&
	       find_wanted(resolver->rows, resolver->count, interface, address) != NULL;
}

bool resolver_is_settled(const struct resolver *resolver)
{
	const struct neighbour_table *neighbours = &resolver->network->neighbours;

	for (size_t i = 0; i < resolver->count; i++) {
		const struct neighbour *row = neighbour_table_find(
			neighbours, resolver->rows[i].interface, &resolver->rows[i].address);

		if (row == NULL || (!row->has_mac && !(row->state & NUD_FAILED)))
			return false;
	}
	return true;
}

/* "I use this neighbour": Linux makes the entry when there is none, and verifies it when it is old.
 */
static void ask(struct resolver *resolver, const struct wanted *wanted)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	request->nlmsg_type = RTM_NEWNEIGH;
	request->nlmsg_flags = NLM_F_CREATE;
	info->ndm_family = netlink_family(&wanted->address);
	info->ndm_ifindex = (int)wanted->interface;
	info->ndm_state = NUD_NONE;
	info->ndm_flags = NTF_USE;
	netlink_put_address(request, NDA_DST, &wanted->address);
	netlink_request(resolver->network->netlink, request, NULL, NULL);
}

static void tell(const struct resolver *resolver, const struct wanted *wanted, bool answers)
{
	const struct network_link *link = network_find_link(resolver->network, wanted->interface);
	char text[ADDRESS_TEXT_SIZE];

	address_format(&wanted->address, text);
	if (answers)
		log_info("next hop %s on %s answers again", text, link != NULL ? link->name : "?");
	else
		log_warning("next hop %s on %s does not answer to %s: packets for it are dropped; "
			    "asking on each second",
			    text, link != NULL ? link->name : "?",
			    address_is_ipv4(&wanted->address) ? "ARP" : "neighbour solicitations");
}

static void attend(struct resolver *resolver, struct wanted *wanted, uint64_t now)
{
	const struct neighbour *row = neighbour_table_find(&resolver->network->neighbours,
							   wanted->interface, &wanted->address);

	if (row != NULL && row->has_mac) {
		bool is_old = row->state == 0 || (row->state & NUD_STALE);

		if (wanted->told)
			tell(resolver, wanted, true);
		wanted->told = false;
		wanted->unanswered = 0;
		if (!is_old || (row->state != 0 && wanted->asked_at != 0 &&
				now - wanted->asked_at < STALE_INTERVAL))
			return;
	} else if (++wanted->unanswered > ROUNDS_UNTIL_LOG && !wanted->told) {
		wanted->told = true;
		tell(resolver, wanted, false);
	}
	wanted->asked_at = now;
	ask(resolver, wanted);
}

static void resolver_round(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct resolver *resolver = watcher->data;
	uint64_t now = clock_now_ms();

	(void)loop;
	(void)events;
	for (size_t i = 0; i < resolver->count; i++)
		attend(resolver, &resolver->rows[i], now);
}

int resolver_open(struct network *network, struct resolver **out)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return -ENOMEM;
	resolver->network = network;
	ev_timer_init(&resolver->round, resolver_round, ROUND_SECONDS, ROUND_SECONDS);
	resolver->round.data = resolver;
	ev_timer_start(network->loop, &resolver->round);
	*out = resolver;
	return 0;
}

void resolver_close(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	ev_timer_stop(resolver->network->loop, &resolver->round);
	free(resolver->rows);
	free(resolver);
}

static void add_wanted(struct resolver *resolver, uint32_t interface, const struct address *address)
{
	struct wanted *rows =
		array_grow(resolver->rows, resolver->count, &resolver->room, sizeof(*rows));

	if (rows == NULL)
		return;
	resolver->rows = rows;
	rows[resolver->count++] = (struct wanted){.interface = interface, .address = *address};
}

static void gather_wanted(struct resolver *resolver)
{
	const struct network *network = resolver->network;

	for (size_t i = 0; i < network->path_count; i++) {
		const struct network_path *path = &network->paths[i];

		if (path->known && !path->is_configured)
			add_wanted(resolver, path->interface, &path->next_hop);
	}
	for (size_t i = 0; i < network->route_count; i++) {
		const struct network_route *route = &network->routes[i];

		if (!address_is_missing(&route->gateway))
			add_wanted(resolver, route->interface, &route->gateway);
	}
}

static void sort_wanted(struct resolver *resolver)
{
	size_t kept = 0;

	if (resolver->count == 0)
		return;
	qsort(resolver->rows, resolver->count, sizeof(resolver->rows[0]), compare_wanted);
	for (size_t i = 0; i < resolver->count; i++) {
		if (kept == 0 || compare_wanted(&resolver->rows[kept - 1], &resolver->rows[i]) != 0)
			resolver->rows[kept++] = resolver->rows[i];
	}
	resolver->count = kept;
}

void resolver_refresh(struct resolver *resolver)
{
	struct wanted *before = resolver->rows;
	size_t before_count = resolver->count;
	uint64_t now = clock_now_ms();

	resolver->rows = NULL;
	resolver->count = 0;
	resolver->room = 0;
	gather_wanted(resolver);
	sort_wanted(resolver);
	for (size_t i = 0; i < resolver->count; i++) {
		struct wanted *wanted = &resolver->rows[i];
		const struct wanted *old =
			find_wanted(before, before_count, wanted->interface, &wanted->address);

		if (old != NULL)
			*wanted = *old;
		else
			attend(resolver, wanted, now);
	}
	free(before);
}
