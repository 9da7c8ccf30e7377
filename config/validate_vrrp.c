/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* VRRP groups, and what moves with them. */
#include "config/groups.h"
#include "config/listen.h"
#include "config/validate.h"

#include <string.h>

/* What was seen before, each with its pointer. */
struct seen {
	json_t *names, *routers, *addresses, *local_pools;
};

static bool is_multiple(uint32_t value, uint32_t of)
{
	return value % of == 0;
}

static void check_interval(const struct config_vrrp_group *group,
			   const struct config_vrrp_instance *instance, const char *where,
			   struct report *report)
{
	struct place at = place("%s/advert_interval", where);

	if (group->version == 2 && !is_multiple(instance->advert_interval, 1000))
		report_add(report, at.text,
			   "version 2 counts whole seconds: write \"1s\" or more, or set "
			   "\"version\" to 3");
	else if (!is_multiple(instance->advert_interval, 10))
		report_add(report, at.text, "VRRP counts hundredths of a second: write \"%ums\"",
			   (instance->advert_interval + 5) / 10 * 10);
}

/* Of one family: the packets of an instance are. */
static void check_families(const struct config_vrrp_group *group,
			   const struct config_vrrp_instance *instance, const char *where,
			   struct report *report)
{
	const struct address *first =
		instance->address_count > 0 ? &instance->addresses[0].address : NULL;

	if (first == NULL || address_is_missing(first))
		return;
	if (group->version == 2 && !address_is_ipv4(first))
		report_add(report, place("%s/addresses/0", where).text,
			   "version 2 is of IPv4 only: set \"version\" to 3");
	for (size_t i = 1; i < instance->address_count; i++) {
		const struct address *address = &instance->addresses[i].address;

		if (!address_is_missing(address) && !address_same_family(address, first))
			report_add(report, place("%s/addresses/%zu", where, i).text,
				   "IPv4 and IPv6 are mixed: make an instance for each family");
	}
	for (size_t i = 0; i < instance->peer_count; i++) {
		const struct address *peer = &instance->peers[i];

		if (!address_is_missing(peer) && !address_same_family(peer, first))
			report_add(report, place("%s/peers/%zu", where, i).text,
				   "the instance's addresses are %s: so are its packets, and its "
				   "peers' addresses must be",
				   address_is_ipv4(first) ? "IPv4" : "IPv6");
	}
}

static void check_holder(struct report *report, const struct seen *seen,
			 const struct address *address, const char *pointer)
{
	char text[ADDRESS_TEXT_SIZE];
	const char *flaw, *before;

	if (address_is_missing(address))
		return;
	flaw = address_flaw(address);
	if (flaw != NULL)
		report_add(report, pointer, "%s is %s: write one that packets can be sent to",
			   address_format(address, text), flaw);
	before = remember_bytes(report, seen->addresses, address->bytes, sizeof(address->bytes),
				pointer);
	if (before != NULL)
		report_add(report, pointer, "%s moves with %s already: leave one out",
			   address_format(address, text), before);
}

static void check_router(const struct config_vrrp_instance *instance, const struct seen *seen,
			 const char *where, struct report *report)
{
	bool ipv4 =
		instance->address_count == 0 || address_is_ipv4(&instance->addresses[0].address);
	struct place key = place("%u %s %s", instance->id, ipv4 ? "4" : "6", instance->interface);
	const char *before;

	if (instance->id == 0 || instance->interface[0] == '\0')
		return;
	before = remember(report, seen->routers, key.text, where);
	if (before != NULL)
		report_add(report, place("%s/id", where).text,
			   "%u is the virtual router of %s on %s already: choose another",
			   instance->id, before, instance->interface);
}

static void check_instance(const struct config_vrrp_group *group,
			   const struct config_vrrp_instance *instance, const struct seen *seen,
			   const char *where, struct report *report)
{
	if (!report_has(report, place("%s/advert_interval", where).text))
		check_interval(group, instance, where, report);
	check_families(group, instance, where, report);
	check_router(instance, seen, where, report);
	for (size_t i = 0; i < instance->address_count; i++)
		check_holder(report, seen, &instance->addresses[i].address,
			     place_in(where, "addresses", i).text);
}

static void check_local_pool(const struct config_local_pool *pool, const struct seen *seen,
			     const char *pointer, struct report *report)
{
	for (size_t i = 0; i < pool->address_count; i++) {
		const struct address *address = &pool->addresses[i];
		char text[ADDRESS_TEXT_SIZE];
		const char *before =
			address_is_missing(address)
				? NULL
				: remember_bytes(report, seen->addresses, address->bytes,
						 sizeof(address->bytes), pointer);

		if (before != NULL)
			report_add(report, pointer, "its address %s moves with %s already",
				   address_format(address, text), before);
	}
}

static void check_local_pools(const struct config *config, const struct config_vrrp_group *group,
			      const struct seen *seen, const char *where, struct report *report)
{
	for (size_t i = 0; i < group->local_pool_count; i++) {
		const char *name = group->local_pools[i], *before;
		const struct config_local_pool *pool;
		struct place at = place("%s/local_pools/%zu", where, i);

		if (name == NULL)
			continue;
		pool = config_find_local_pool(config, name);
		if (pool == NULL)
			report_add(report, at.text,
				   "there is no local pool \"%s\": name one of /local_pools", name);
		before = remember(report, seen->local_pools, name, at.text);
		if (before != NULL)
			report_add(report, at.text, "\"%s\" moves with %s already: leave one out",
				   name, before);
		else if (pool != NULL)
			check_local_pool(pool, seen, at.text, report);
	}
}

static bool has_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (strcmp(config->services[i].name, name) == 0)
			return true;
	return false;
}

static void check_group(const struct config *config, const struct config_vrrp_group *group,
			const struct seen *seen, const char *where, struct report *report)
{
	check_name(report, seen->names, group->name, where);
	if (group->notify[0] != '\0' && group->notify[0] != '/')
		report_add(report, place("%s/notify", where).text, "write an absolute path");
	check_local_pools(config, group, seen, where, report);
	for (size_t i = 0; i < group->track_service_count; i++) {
		const char *name = group->track_services[i].service;

		if (name[0] != '\0' && !has_service(config, name))
			report_add(report, place("%s/track_services/%zu/service", where, i).text,
				   "there is no service \"%s\": name one of /services", name);
	}
	for (size_t i = 0; i < group->instance_count; i++)
		check_instance(group, &group->instances[i], seen,
			       place_in(where, "instances", i).text, report);
}

static const char *name_of_group(const struct config *config, size_t group)
{
	return group == GROUP_NONE ? "none" : config->vrrp_groups[group].name;
}

static size_t group_of_address(const struct config *config, const struct address *address)
{
	const struct config_group_address *row = config_find_group_address(config, address);

	return row == NULL ? GROUP_NONE : row->group;
}

/* Half of a service cannot move, nor a service without the addresses its backends answer to. */
static void check_service(const struct config *config, const struct config_service *service,
			  const char *where, struct report *report)
{
	size_t group = config_group_of_service(config, service);
	const struct config_local_pool *pool = config_find_local_pool(config, service->local_pool);

	for (size_t i = 1; i < service->address_count; i++) {
		size_t other = group_of_address(config, &service->addresses[i]);

		if (other != group)
			report_add(report, place_in(where, "addresses", i).text,
				   "it moves with the VRRP group %s, the service's first address "
				   "with %s: make a service for each",
				   name_of_group(config, other), name_of_group(config, group));
	}
	if (pool != NULL && pool->address_count > 0 &&
	    config_group_of_local_pool(config, pool) != group)
		report_add(report, place("%s/local_pool", where).text,
			   "it moves with the VRRP group %s, the service with %s: name the pool in "
			   "\"local_pools\" of the service's group, or use another",
			   name_of_group(config, config_group_of_local_pool(config, pool)),
			   name_of_group(config, group));
}

static void check_peer(const struct config *config, struct report *report)
{
	struct listen_place place_of;
	const char *text = config->node.peer_api;
	const char *why = text[0] == '\0' ? NULL : listen_parse(text, &place_of);

	if (why != NULL)
		report_add(report, "/node/peer_api", "%s", why);
	else if (text[0] != '\0' && place_of.path[0] != '\0')
		report_add(report, "/node/peer_api",
			   "the other node is another machine: write \"ADDRESS:PORT\"");
}

/* What headrace-vrrp has room for. */
static void check_totals(const struct config *config, struct report *report)
{
	size_t instances = 0, tracked = 0;

	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		instances += config->vrrp_groups[i].instance_count;
		tracked += config->vrrp_groups[i].track_interface_count;
	}
	if (instances > GROUPS_MAX_INSTANCES)
		report_add(report, "/vrrp_groups",
			   "%zu instances are too many: at most %d of all groups", instances,
			   GROUPS_MAX_INSTANCES);
	if (tracked > GROUPS_MAX_TRACKED)
		report_add(report, "/vrrp_groups",
			   "%zu tracked interfaces are too many: at most %d of all groups", tracked,
			   GROUPS_MAX_TRACKED);
	if (config->group_address_count > GROUPS_MAX_ADDRESSES)
		report_add(report, "/vrrp_groups",
			   "%zu addresses are too many: at most %d of all groups",
			   config->group_address_count, GROUPS_MAX_ADDRESSES);
}

void validate_vrrp(const struct config *config, struct report *report)
{
	struct seen seen = {json_object(), json_object(), json_object(), json_object()};

	check_peer(config, report);
	check_totals(config, report);
	for (size_t i = 0; i < config->vrrp_group_count; i++)
		check_group(config, &config->vrrp_groups[i], &seen,
			    place("/vrrp_groups/%zu", i).text, report);
	for (size_t i = 0; config->vrrp_group_count > 0 && i < config->service_count; i++)
		check_service(config, &config->services[i], place_in("", "services", i).text,
			      report);
	json_decref(seen.names);
	json_decref(seen.routers);
	json_decref(seen.addresses);
	json_decref(seen.local_pools);
}
