/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/plan_make.h"

#include "config/config.h"
#include "config/groups.h"
#include "controlplane/vrrp/plan.h"
#include "dataplane/abi/hash.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(GROUPS_MAX_INSTANCES <= PLAN_MAX_INSTANCES &&
		       GROUPS_MAX_INSTANCES * 8 <= PLAN_MAX_PEERS &&
		       GROUPS_MAX_TRACKED <= PLAN_MAX_INTERFACES &&
		       GROUPS_MAX_ADDRESSES <= PLAN_MAX_ADDRESSES,
	       "what the configuration allows fits into a plan");

/* The arrays of a plan, and how far they are filled. */
struct draft {
	struct plan *head;
	struct plan_group *groups;
	struct plan_instance *instances;
	struct plan_peer *peers;
	struct plan_address *addresses;
	struct plan_interface *interfaces;
};

static void count_rows(const struct config *config, struct plan *head)
{
	head->group_count = (uint32_t)config->vrrp_group_count;
	head->address_count = (uint32_t)config->group_address_count;
	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		const struct config_vrrp_group *group = &config->vrrp_groups[i];

		head->instance_count += (uint32_t)group->instance_count;
		head->interface_count += (uint32_t)group->track_interface_count;
		for (size_t j = 0; j < group->instance_count; j++)
			head->peer_count += (uint32_t)group->instances[j].peer_count;
	}
}

/* Cut rather than not terminated: the configuration's names are no longer. */
static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static void add_address(struct draft *draft, const struct address *address, const char *interface)
{
	struct plan_address *row = &draft->addresses[draft->head->address_count++];

	memcpy(row->address, address->bytes, sizeof(row->address));
	copy_text(row->interface, sizeof(row->interface), interface);
}

static void add_instance(struct draft *draft, const struct config_vrrp_instance *instance)
{
	struct plan *head = draft->head;
	struct plan_instance *row = &draft->instances[head->instance_count++];

	row->id = (uint8_t)instance->id;
	row->family = address_is_ipv4(&instance->addresses[0].address) ? 4 : 6;
	copy_text(row->interface, sizeof(row->interface), instance->interface);
	row->advert_interval = instance->advert_interval;
	row->peers = (struct plan_span){head->peer_count, (uint32_t)instance->peer_count};
	for (size_t i = 0; i < instance->peer_count; i++)
		memcpy(draft->peers[head->peer_count++].address, instance->peers[i].bytes, 16);
	row->addresses = (struct plan_span){head->address_count, (uint32_t)instance->address_count};
	for (size_t i = 0; i < instance->address_count; i++)
		add_address(draft, &instance->addresses[i].address, instance->interface);
}

static uint32_t lowered_by(const struct plan_input *input, const struct config_vrrp_group *group)
{
	uint32_t lowered = 0;

	for (size_t i = 0; i < group->track_service_count; i++) {
		const struct config_vrrp_service *track = &group->track_services[i];

		for (size_t j = 0; j < input->config->service_count; j++)
			if (strcmp(input->config->services[j].name, track->service) == 0 &&
			    input->healthy[j] < track->min_backends)
				lowered += track->lower_by;
	}
	return lowered;
}

/* Only the other node can take over: no third one is spoken to. */
static bool is_pair(const struct config *config, const struct config_vrrp_group *group)
{
	bool is_small = true;

	for (size_t i = 0; i < group->instance_count; i++) {
		size_t peers = group->instances[i].peer_count;

		is_small = is_small && peers > 0 && peers <= 2;
	}
	return is_small || config->node.peer_api[0] != '\0';
}

static void add_local_pool_addresses(struct draft *draft, const struct plan_input *input,
				     const struct config_vrrp_group *group, struct plan_span *span)
{
	span->first = draft->head->address_count;
	for (size_t i = 0; i < group->local_pool_count; i++) {
		const struct config_local_pool *pool =
			config_find_local_pool(input->config, group->local_pools[i]);

		for (size_t j = 0; pool != NULL && j < pool->address_count; j++) {
			char interface[PLAN_INTERFACE_SIZE] = "";

			input->find_interface(input->context, &pool->addresses[j], interface);
			add_address(draft, &pool->addresses[j], interface);
		}
	}
	span->count = draft->head->address_count - span->first;
}

static void add_group(struct draft *draft, const struct plan_input *input, size_t position)
{
	const struct config *config = input->config;
	const struct config_vrrp_group *group = &config->vrrp_groups[position];
	struct plan *head = draft->head;
	struct plan_group *row = &draft->groups[head->group_count++];

	copy_text(row->name, sizeof(row->name), group->name);
	copy_text(row->notify, sizeof(row->notify), group->notify);
	row->number = input->numbers->of_group[position];
	row->flags = (group->preempt ? PLAN_PREEMPT : 0u) |
		     (is_pair(config, group) ? PLAN_IS_PAIR : 0u) |
		     (config->dataplane.port_count > 0 ? PLAN_NEEDS_DATAPLANE : 0u);
	row->version = group->version;
	row->priority = config->node.id == group->preferred_node ? group->priority
								 : group->standby_priority;
	row->lowered = lowered_by(input, group);
	row->preempt_delay = group->preempt_delay;
	row->instances = (struct plan_span){head->instance_count, (uint32_t)group->instance_count};
	for (size_t i = 0; i < group->instance_count; i++)
		add_instance(draft, &group->instances[i]);
	add_local_pool_addresses(draft, input, group, &row->addresses);
	row->interfaces =
		(struct plan_span){head->interface_count, (uint32_t)group->track_interface_count};
	for (size_t i = 0; i < group->track_interface_count; i++)
		copy_text(draft->interfaces[head->interface_count++].name, PLAN_INTERFACE_SIZE,
			  group->track_interfaces[i]);
}

/* Points at the arrays by the head's counts, which then begin anew. */
static void lay_out(struct draft *draft, struct plan *head)
{
	draft->head = head;
	draft->groups = (void *)(head + 1);
	draft->instances = (void *)(draft->groups + head->group_count);
	draft->peers = (void *)(draft->instances + head->instance_count);
	draft->addresses = (void *)(draft->peers + head->peer_count);
	draft->interfaces = (void *)(draft->addresses + head->address_count);
	head->group_count = head->instance_count = head->peer_count = 0;
	head->address_count = head->interface_count = 0;
}

void *plan_make(const struct plan_input *input, size_t *size)
{
	struct plan counts = {0}, *head;
	struct draft draft;

	count_rows(input->config, &counts);
	*size = plan_size(&counts);
	head = calloc(1, *size);
	if (head == NULL)
		return NULL;
	*head = counts;
	lay_out(&draft, head);
	for (size_t i = 0; i < input->config->vrrp_group_count; i++)
		add_group(&draft, input, i);
	head->magic = PLAN_MAGIC;
	head->version = PLAN_VERSION;
	head->size = *size;
	head->revision = input->config->revision;
	head->node_id = input->config->node.id;
	head->checksum = abi_checksum(head + 1, *size - sizeof(*head));
	return head;
}

bool plan_is_same(const void *one, size_t one_size, const void *other, size_t other_size)
{
	const struct plan *a = one, *b = other;

	return one_size == other_size && a->node_id == b->node_id &&
	       memcmp(a + 1, b + 1, one_size - sizeof(*a)) == 0;
}
