/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/rss.h"

#include "dataplane/log.h"
#include "dataplane/queues.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

#define PLAIN_TYPES                                                    \
	(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
/* By addresses: spreads what has no ports that a card could read. */
#define OTHER_TYPES                                                                  \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER | \
	 RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)

#define RETA_SIZE_MAX RTE_ETH_RSS_RETA_SIZE_512 * 4 /* of cards there are */
#define RETA_GROUPS   (RETA_SIZE_MAX / RTE_ETH_RETA_GROUP_SIZE)

static bool is_power_of_two(uint32_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

/* What the card hashes of the wanted end; 0: it cannot. */
static uint64_t types_of_end(const struct port *port, uint64_t offered)
{
	static const uint64_t ends[] = {
		[CONFIG_RSS_BOTH] = 0,
		[CONFIG_RSS_SOURCE] = RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY,
		[CONFIG_RSS_DESTINATION] = RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY,
	};
	const uint64_t end = ends[port->config->rss_on];

	if ((offered & end) != end) {
		log_line("port %s: the card cannot hash one end only, as rss_on asks for; it "
			 "hashes both, and workers hand over what is another's",
			 port->config->name);
		return 0;
	}
	return end;
}

void rss_read(struct port *port, const struct rte_eth_dev_info *info, unsigned workers)
{
	const uint64_t offered = info->flow_type_rss_offloads;
	const uint16_t most = info->max_rx_queues < info->max_tx_queues ? info->max_rx_queues
									: info->max_tx_queues;

	if (workers == 1 || most < 2 || (offered & PLAIN_TYPES) == 0 ||
	    !is_power_of_two(info->reta_size) || info->reta_size > RETA_SIZE_MAX)
		return;
	port->queue_count = (uint16_t)(most < workers ? most : workers);
	port->reta_size = info->reta_size;
	port->rss_key_size = info->hash_key_size == 0 ? TOEPLITZ_KEY_SIZE : info->hash_key_size;
	port->rss_types = (offered & (PLAIN_TYPES | OTHER_TYPES)) | types_of_end(port, offered);
}

uint32_t rss_reta_size(const struct ports *ports)
{
	uint32_t size = 0;

	for (uint16_t i = 0; i < ports->count; i++) {
		const uint16_t wanted = ports->items[i].reta_size;

		if (wanted != 0 && (size == 0 || wanted < size))
			size = wanted;
	}
	if (size == 0)
		return OWNER_RETA_SIZE;
	return size < OWNER_RETA_MAX ? size : OWNER_RETA_MAX;
}

void rss_configure(const struct port *port, uint8_t key[TOEPLITZ_KEY_SIZE],
		   struct rte_eth_conf *conf)
{
	if (port->reta_size == 0)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = port->rss_types;
	if (port->rss_key_size != TOEPLITZ_KEY_SIZE)
		return; /* of another length: told afterwards, with what is missing */
	conf->rx_adv_conf.rss_conf.rss_key = key;
	conf->rx_adv_conf.rss_conf.rss_key_len = TOEPLITZ_KEY_SIZE;
}

static int set_key(const struct port *port, const uint8_t key[TOEPLITZ_KEY_SIZE])
{
	uint8_t longer[UINT8_MAX] = {0}, back[UINT8_MAX] = {0};
	struct rte_eth_rss_conf conf = {
		.rss_key = longer, .rss_key_len = port->rss_key_size, .rss_hf = port->rss_types};
	int error;

	if (port->rss_key_size < TOEPLITZ_KEY_SIZE)
		return -EINVAL;
	/* The bytes beyond are of inputs longer than ours. */
	memcpy(longer, key, TOEPLITZ_KEY_SIZE);
	error = rte_eth_dev_rss_hash_update(port->dpdk_id, &conf);
	if (error != 0)
		return error;
	conf.rss_key = back;
	error = rte_eth_dev_rss_hash_conf_get(port->dpdk_id, &conf);
	if (error == -ENOTSUP)
		return 0; /* it does not tell */
	return error != 0 || memcmp(back, key, TOEPLITZ_KEY_SIZE) == 0 ? error : -EIO;
}

/* The queue each entry leads to: one that the entry's owner polls, or may be sent to by. */
static void write_reta(const struct port *port, const struct owner *owner,
		       struct rte_eth_rss_reta_entry64 *groups)
{
	for (uint32_t i = 0; i < port->reta_size; i++) {
		const uint8_t worker = owner->reta[i & owner->mask];

		groups[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			queue_sender(port->index, port->queue_count, worker, owner->workers).queue;
	}
}

static int set_reta(const struct port *port, const struct owner *owner)
{
	struct rte_eth_rss_reta_entry64 groups[RETA_GROUPS] = {0}, back[RETA_GROUPS] = {0};
	int error;

	write_reta(port, owner, groups);
	error = rte_eth_dev_rss_reta_update(port->dpdk_id, groups, port->reta_size);
	if (error != 0)
		return error;
	for (unsigned i = 0; i < RETA_GROUPS; i++)
		back[i].mask = groups[i].mask;
	error = rte_eth_dev_rss_reta_query(port->dpdk_id, back, port->reta_size);
	if (error == -ENOTSUP)
		return 0;
	return error != 0 || memcmp(back, groups, sizeof(back)) == 0 ? error : -EIO;
}

void rss_fill(struct port *port, const uint8_t key[TOEPLITZ_KEY_SIZE], const struct owner *owner)
{
	const char *what = "key";
	int error;

	if (port->reta_size == 0)
		return;
	error = set_key(port, key);
	if (error == 0) {
		what = "redirection table";
		error = set_reta(port, owner);
	}
	port->rss = error == 0 ? ABI_RSS_SET : ABI_RSS_REFUSED;
	if (error != 0)
		log_line("port %s: the card does not take our RSS %s (%s): packets it brings to "
			 "another worker than their owner are handed over",
			 port->config->name, what, strerror(-error));
}
