/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/plan_view.h"

#include "dataplane/abi/hash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define INTERVAL_MIN 10
#define INTERVAL_MAX 40950

static int refuse(char trouble[PLAN_TROUBLE_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(char trouble[PLAN_TROUBLE_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(trouble, PLAN_TROUBLE_SIZE, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int check_head(const struct plan *head, size_t size, char *trouble)
{
	if (size < sizeof(*head) || head->magic != PLAN_MAGIC)
		return refuse(trouble, "it is no plan");
	if (head->version != PLAN_VERSION)
		return refuse(trouble, "it is of version %u, this program reads %u", head->version,
			      PLAN_VERSION);
	if (head->group_count > ABI_MAX_GROUPS || head->instance_count > PLAN_MAX_INSTANCES ||
	    head->peer_count > PLAN_MAX_PEERS || head->address_count > PLAN_MAX_ADDRESSES ||
	    head->interface_count > PLAN_MAX_INTERFACES)
		return refuse(trouble, "it counts more than there may be");
	if (head->size != size || plan_size(head) != size)
		return refuse(trouble, "its length is not what it says");
	if (head->checksum != abi_checksum(head + 1, size - sizeof(*head)))
		return refuse(trouble, "its checksum is wrong");
	return 0;
}

static void set_arrays(struct plan_view *view)
{
	const struct plan *head = view->head;

	view->groups = (const void *)(head + 1);
	view->instances = (const void *)(view->groups + head->group_count);
	view->peers = (const void *)(view->instances + head->instance_count);
	view->addresses = (const void *)(view->peers + head->peer_count);
	view->interfaces = (const void *)(view->addresses + head->address_count);
}

static bool is_within(struct plan_span span, uint32_t count)
{
	return span.first <= count && span.count <= count - span.first;
}

/* A NUL within, and something before it. */
static bool is_name(const char *text, size_t size)
{
	return text[0] != '\0' && memchr(text, '\0', size) != NULL;
}

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static int check_instance(const struct plan_view *view, const struct plan_instance *instance,
			  uint32_t version, char *trouble)
{
	if (instance->id == 0 || (instance->family != 4 && instance->family != 6) ||
	    !is_name(instance->interface, PLAN_INTERFACE_SIZE))
		return refuse(trouble, "an instance has no id, family or interface");
	if (instance->advert_interval < INTERVAL_MIN || instance->advert_interval > INTERVAL_MAX ||
	    (version == 2 &&
	     (instance->advert_interval % 1000 != 0 || instance->advert_interval == 0)))
		return refuse(trouble, "instance %u: no advert interval of version %u: %u ms",
			      instance->id, version, instance->advert_interval);
	if (version == 2 && instance->family != 4)
		return refuse(trouble, "instance %u: version 2 knows IPv4 only", instance->id);
	if (!is_within(instance->peers, view->head->peer_count) ||
	    !is_within(instance->addresses, view->head->address_count) ||
	    instance->addresses.count == 0)
		return refuse(trouble, "instance %u: no such peers or addresses", instance->id);
	for (uint32_t i = 0; i < instance->peers.count; i++) {
		if (is_ipv4(view->peers[instance->peers.first + i].address) !=
		    (instance->family == 4))
			return refuse(trouble, "instance %u: a peer of another family",
				      instance->id);
	}
	for (uint32_t i = 0; i < instance->addresses.count; i++) {
		if (is_ipv4(view->addresses[instance->addresses.first + i].address) !=
		    (instance->family == 4))
			return refuse(trouble, "instance %u: an address of another family",
				      instance->id);
	}
	return 0;
}

static int check_group(const struct plan_view *view, const struct plan_group *group, char *trouble)
{
	const struct plan *head = view->head;

	if (!is_name(group->name, ABI_NAME_SIZE) ||
	    memchr(group->notify, '\0', PLAN_PATH_SIZE) == NULL)
		return refuse(trouble, "a group has no name");
	if (group->number == 0 || group->number > ABI_MAX_GROUPS)
		return refuse(trouble, "group %s: no number of a group: %u", group->name,
			      group->number);
	if ((group->version != 2 && group->version != 3) || group->priority == 0 ||
	    group->priority > 254)
		return refuse(trouble, "group %s: no version %u, or no priority %u", group->name,
			      group->version, group->priority);
	if (!is_within(group->instances, head->instance_count) || group->instances.count == 0 ||
	    group->instances.count > PLAN_MAX_GROUP_INSTANCES ||
	    !is_within(group->addresses, head->address_count) ||
	    !is_within(group->interfaces, head->interface_count))
		return refuse(trouble, "group %s: no such instances, addresses or interfaces",
			      group->name);
	for (uint32_t i = 0; i < group->instances.count; i++) {
		int error = check_instance(view, &view->instances[group->instances.first + i],
					   group->version, trouble);

		if (error < 0)
			return error;
	}
	return 0;
}

/* A number, or an instance's id on a link, belongs to one alone. */
static int check_unique(const struct plan_view *view, char *trouble)
{
	const struct plan *head = view->head;
	uint64_t numbers = 0;

	for (uint32_t i = 0; i < head->group_count; i++) {
		uint64_t bit = 1ull << view->groups[i].number;

		if (numbers & bit)
			return refuse(trouble, "two groups have the number %u",
				      view->groups[i].number);
		numbers |= bit;
	}
	for (uint32_t i = 0; i < head->instance_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			const struct plan_instance *one = &view->instances[i];
			const struct plan_instance *other = &view->instances[j];

			if (one->id == other->id && one->family == other->family &&
			    strncmp(one->interface, other->interface, PLAN_INTERFACE_SIZE) == 0)
				return refuse(trouble, "two instances %u of IPv%u on %.15s",
					      one->id, one->family, one->interface);
		}
	}
	return 0;
}

int plan_check(const void *bytes, size_t size, struct plan_view *out,
	       char trouble[PLAN_TROUBLE_SIZE])
{
	struct plan_view view = {.head = bytes};
	int error = check_head(view.head, size, trouble);

	if (error < 0)
		return error;
	set_arrays(&view);
	for (uint32_t i = 0; i < view.head->address_count; i++) {
		if (!is_name(view.addresses[i].interface, PLAN_INTERFACE_SIZE))
			return refuse(trouble, "an address has no interface");
	}
	for (uint32_t i = 0; i < view.head->interface_count; i++) {
		if (!is_name(view.interfaces[i].name, PLAN_INTERFACE_SIZE))
			return refuse(trouble, "a tracked interface has no name");
	}
	for (uint32_t i = 0; error == 0 && i < view.head->group_count; i++)
		error = check_group(&view, &view.groups[i], trouble);
	if (error == 0)
		error = check_unique(&view, trouble);
	if (error == 0)
		*out = view;
	return error;
}
