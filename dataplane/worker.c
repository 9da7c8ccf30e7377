/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/worker.h"

#include "dataplane/abi/verdicts.h"
#include "dataplane/core/checksum_check.h"
#include "dataplane/core/flow_table.h"
#include "dataplane/core/inbox.h"
#include "dataplane/core/tables.h"
#include "dataplane/core/tags.h"
#include "dataplane/log.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <stdlib.h>
#include <time.h>

static void refresh_clock(struct worker *worker)
{
	struct timespec now;
	uint64_t ms;

	/* Good to a few milliseconds, and far cheaper than the exact one. */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (ms == worker->now_ms)
		return;
	worker->now_ms = ms;
	__atomic_store_n(&worker->status->heartbeat, ms * 1000000, __ATOMIC_RELAXED);
	worker->status->flows = worker->engine.flows[FAMILY_IPV4]->count;
	worker->status->flows_ipv6 = worker->engine.flows[FAMILY_IPV6]->count;
}

static void drop(struct worker *worker, struct rte_mbuf *mbuf, enum abi_verdict reason)
{
	worker->engine.counters->verdicts[reason]++;
	rte_pktmbuf_free(mbuf);
}

/* What did not fit: `count` of the first ones. */
static void drop_some(struct worker *worker, struct rte_mbuf **mbufs, unsigned count,
		      enum abi_verdict reason)
{
	for (unsigned i = 0; i < count; i++)
		drop(worker, mbufs[i], reason);
}

/* Whose groups this node may serve, from now on. What other workers have handed over to be sent was
 * judged before: when a group is given up it goes too. */
static void look_at_lease(struct worker *worker, const struct abi_lease *lease, uint64_t groups)
{
	struct rte_mbuf *mbufs[PACKET_BURST];
	unsigned count;

	if (lease_view_refresh(&worker->lease_view, lease, groups))
		for (unsigned other = 0; other < worker->worker_count; other++) {
			struct rte_ring *ring = worker->peers[other].send;

			while (ring != NULL &&
			       (count = rte_ring_sc_dequeue_burst(ring, (void **)mbufs,
								  PACKET_BURST, NULL)) > 0)
				drop_some(worker, mbufs, count, ABI_VERDICT_NOT_IN_SERVICE);
		}
	worker->engine.fenced = worker->lease_view.fenced;
}

static void follow_lease(struct worker *worker)
{
	const struct abi_lease *lease = __atomic_load_n(&worker->lease, __ATOMIC_ACQUIRE);
	const struct snapshot *snapshot = worker->engine.snapshot;
	uint64_t groups = snapshot == NULL ? 0 : snapshot->groups;

	if (unlikely(!lease_view_holds(&worker->lease_view, lease, groups)))
		look_at_lease(worker, lease, groups);
}

/*
 * What was judged when this burst began still holds, or it must not be sent: the
 * process may have been stopped since, and the address be another node's. Of whose group each
 * packet is is not known here any more.
 */
static bool may_send(struct worker *worker)
{
	follow_lease(worker);
	return likely((worker->engine.fenced & ~worker->judged_by) == 0);
}

static void send_burst(struct worker *worker, uint16_t port)
{
	struct abi_counters_block *counters = worker->engine.counters;
	struct worker_output *output = &worker->outputs[port];
	uint64_t bytes = 0;
	uint16_t sent;

	for (uint16_t i = 0; i < output->count; i++)
		bytes += rte_pktmbuf_data_len(output->mbufs[i]);
	sent = rte_eth_tx_burst(output->dpdk_id, output->queue, output->mbufs, output->count);
	for (uint16_t i = sent; i < output->count; i++)
		bytes -= rte_pktmbuf_data_len(output->mbufs[i]);
	counters->ports[port].tx_full += output->count - sent;
	drop_some(worker, output->mbufs + sent, output->count - sent, ABI_VERDICT_TX_FULL);
	counters->sent += sent;
	counters->ports[port].sent += sent;
	counters->ports[port].sent_bytes += bytes;
	output->count = 0;
}

/* Puts a batch on its ring; what does not fit is dropped. */
static void flush_batch(struct worker *worker, struct handoff_batch *batch)
{
	if (batch->count > 0)
		drop_some(worker, batch->mbufs, handoff_flush(batch), ABI_VERDICT_HANDOFF_FULL);
}

static void add_to_batch(struct worker *worker, struct handoff_batch *batch, struct rte_mbuf *mbuf)
{
	batch->mbufs[batch->count++] = mbuf;
	if (batch->count == PACKET_BURST)
		flush_batch(worker, batch);
}

/* Sent by the worker itself, or by the one that may use a queue of the port. */
static void flush(struct worker *worker, uint16_t port)
{
	struct worker_output *output = &worker->outputs[port];

	if (output->count == 0)
		return;
	if (!may_send(worker)) {
		drop_some(worker, output->mbufs, output->count, ABI_VERDICT_NOT_IN_SERVICE);
		output->count = 0;
		return;
	}
	if (output->sender == worker->number) {
		send_burst(worker, port);
		return;
	}
	for (uint16_t i = 0; i < output->count; i++) {
		output->mbufs[i]->port = port;
		add_to_batch(worker, &worker->peers[output->sender].to_send, output->mbufs[i]);
	}
	output->count = 0;
}

static void put_out(struct worker *worker, uint16_t port, struct rte_mbuf *mbuf)
{
	struct worker_output *output = &worker->outputs[port];

	output->mbufs[output->count++] = mbuf;
	if (output->count == PACKET_BURST)
		flush(worker, port);
}

static void flush_all(struct worker *worker)
{
	for (uint16_t port = 0; port < worker->output_count; port++)
		flush(worker, port);
	if (worker->worker_count == 1)
		return;
	for (unsigned other = 0; other < worker->worker_count; other++) {
		flush_batch(worker, &worker->peers[other].to_run);
		flush_batch(worker, &worker->peers[other].to_send);
	}
}

/* The engine may have moved the packet's start or changed its length. */
static void follow_packet(struct rte_mbuf *mbuf, const struct packet *packet)
{
	mbuf->data_off = (uint16_t)(packet->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)packet->length;
	mbuf->pkt_len = packet->length;
	mbuf->ol_flags = 0;
}

/* False when there is no room for it; a buffer keeps its headroom of 128 bytes, so there is. */
static bool put_tag(struct rte_mbuf **mbuf, uint16_t vlan)
{
	(*mbuf)->vlan_tci = vlan;
	return rte_vlan_insert(mbuf) == 0;
}

static bool put_tags(struct rte_mbuf **mbuf, const struct packet *packet)
{
	if (packet->vlan != 0 && !put_tag(mbuf, packet->vlan))
		return false;
	if (likely(packet->outer_vlan == 0))
		return true;
	if (!put_tag(mbuf, packet->outer_vlan & TAG_VLAN))
		return false;
	if (!(packet->outer_vlan & PACKET_OUTER_8021Q))
		rte_pktmbuf_mtod(*mbuf, struct rte_ether_hdr *)->ether_type =
			rte_cpu_to_be_16(TAG_8021AD);
	return true;
}

static void send_packet(struct worker *worker, struct rte_mbuf *mbuf, const struct packet *packet)
{
	follow_packet(mbuf, packet);
	if (!put_tags(&mbuf, packet))
		drop(worker, mbuf, ABI_VERDICT_TX_FULL);
	else
		put_out(worker, packet->out_port, mbuf);
}

static void hand_over(struct worker *worker, const struct packet *packet)
{
	struct rte_mbuf *mbuf = packet->cookie;

	mbuf->port = packet->in_port;
	mbuf->hash.fdir.lo = (uint32_t)worker->engine.snapshot->generation;
	mbuf->hash.fdir.hi = (packet->passes + 1u) << 8 | packet->met;
	worker->engine.counters->handed_over++;
	worker->engine.counters->ports[packet->in_port].handed_over++;
	add_to_batch(worker, &worker->peers[packet->owner].to_run, mbuf);
}

static void carry_out(struct worker *worker, const struct packet *packet)
{
	struct rte_mbuf *mbuf = packet->cookie;

	switch (packet->verdict) {
	case ABI_VERDICT_TO_BACKEND:
	case ABI_VERDICT_TO_CLIENT:
	case ABI_VERDICT_TOO_BIG_TOLD:
	case ABI_VERDICT_TTL_EXPIRED_TOLD:
	case ABI_VERDICT_NO_BACKEND_TOLD:
	case ABI_VERDICT_BACKEND_GONE_TOLD:
		send_packet(worker, mbuf, packet);
		break;
	case ABI_VERDICT_TO_LINUX:
		follow_packet(mbuf, packet);
		mbuf->port = packet->in_port;
		/* The driver took it off. */
		if (packet->vlan != 0 && !put_tag(&mbuf, packet->vlan))
			drop(worker, mbuf, ABI_VERDICT_KERNEL_RING_FULL);
		else if (rte_ring_sp_enqueue(worker->to_linux, mbuf) != 0)
			drop(worker, mbuf, ABI_VERDICT_KERNEL_RING_FULL);
		break;
	case VERDICT_FOREIGN:
		hand_over(worker, packet);
		break;
	case VERDICT_HELD:
		break;
	default:
		rte_pktmbuf_free(mbuf);
	}
}

static bool card_says_wrong(const struct rte_mbuf *mbuf)
{
	/* Both bits together say something else. */
	return (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

/* Of a packet that its card calls wrong: whether it is, where the card is heard. */
static bool is_wrong(struct worker *worker, const struct rte_mbuf *mbuf)
{
	struct card_word *word = &worker->card_words[mbuf->port];
	enum checksum_found found;

	if (!(__atomic_load_n(&worker->heard, __ATOMIC_RELAXED) >> mbuf->port & 1))
		return false;
	found = checksum_check(rte_pktmbuf_mtod(mbuf, const uint8_t *), rte_pktmbuf_data_len(mbuf));
	word->right += found == CHECKSUM_WRONG;
	word->mistaken += found == CHECKSUM_RIGHT;
	return found == CHECKSUM_WRONG;
}

/* Fills `packets` from the mbufs, whose ports are ours; how many: one that cannot be made
 * contiguous is dropped, and one that its card calls wrong, and is. */
static unsigned describe(struct worker *worker, struct rte_mbuf *const *mbufs, unsigned count,
			 bool owned, struct packet *packets)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++) {
		struct rte_mbuf *mbuf = mbufs[i];
		struct packet *packet = &packets[kept];

		if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) {
			drop(worker, mbuf, ABI_VERDICT_TRUNCATED);
			continue;
		}
		if (unlikely(!owned && card_says_wrong(mbuf) && is_wrong(worker, mbuf))) {
			drop(worker, mbuf, ABI_VERDICT_BAD_CHECKSUM);
			continue;
		}
		packet->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
		packet->length = rte_pktmbuf_data_len(mbuf);
		packet->in_port = mbuf->port;
		packet->passes = owned ? (uint8_t)(mbuf->hash.fdir.hi >> 8) : 0;
		packet->met = owned ? (uint8_t)mbuf->hash.fdir.hi : 0;
		packet->vlan = packet->outer_vlan = 0;
		packet->tags_size = 0;
		if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
			packet->vlan = mbuf->vlan_tci & 0xfff;
		packet->cookie = mbuf;
		kept++;
	}
	return kept;
}

/* What was given to this worker as its own is not another's by the same tables. */
static void assert_owners(const struct worker *worker, const struct packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct rte_mbuf *mbuf = packets[i].cookie;

		/* Whose a fragment is, the worker that its datagram's meet at has to find out. */
		if (packets[i].verdict != VERDICT_FOREIGN || packets[i].met ||
		    mbuf->hash.fdir.lo != (uint32_t)worker->engine.snapshot->generation)
			continue;
		log_line("worker %u was given a packet that worker %u owns", worker->number,
			 packets[i].owner);
		abort();
	}
}

/* Of flows that were taken over, and of those of a service in its other mode, the owner cannot be
 * told from the packet. */
static bool is_told_by_packets(const struct engine *engine)
{
	return engine->strays == NULL &&
	       (engine->snapshot == NULL || !engine->snapshot->any_turned);
}

/* What the engine made besides, in buffers of their own. Without one nobody is told: an end that
 * hears nothing asks again. */
static void take_made(struct worker *worker, struct rte_mempool *pool)
{
	struct packet packet;
	struct rte_mbuf *mbuf;

	while (engine_has_made(&worker->engine) && (mbuf = rte_pktmbuf_alloc(pool)) != NULL) {
		packet.data = rte_pktmbuf_mtod(mbuf, uint8_t *);
		engine_take_made(&worker->engine, &packet);
		send_packet(worker, mbuf, &packet);
	}
	worker->engine.made_count = 0;
}

static unsigned carry_out_all(struct worker *worker, const struct packet *packets, unsigned count)
{
	unsigned timed = 0;

	for (unsigned i = 0; i < count; i++) {
		timed +=
			packets[i].verdict != VERDICT_FOREIGN && packets[i].verdict != VERDICT_HELD;
		carry_out(worker, &packets[i]);
	}
	return timed;
}

/* What waited for another packet, and does so no more. */
static void take_held(struct worker *worker)
{
	const uint64_t begun = rte_rdtsc();
	struct packet packets[PACKET_BURST];
	unsigned count = engine_take_held(&worker->engine, packets), timed = 0;

	if (count == 0)
		return;
	for (; count > 0; count = engine_take_held(&worker->engine, packets))
		timed += carry_out_all(worker, packets, count);
	flush_all(worker);
	engine_count_latency(&worker->engine, rte_rdtsc() - begun, timed);
}

/* A burst from a port, or from workers that are not these packets' owners. What is handed over is
 * timed by its owner only, and what is held when it goes on, so that each packet is once. */
static void run_burst(struct worker *worker, struct rte_mbuf *const *mbufs, unsigned count,
		      bool owned)
{
	const bool check = owned && worker->assert_owners && is_told_by_packets(&worker->engine);
	const uint64_t begun = rte_rdtsc();
	struct rte_mempool *pool = mbufs[0]->pool; /* of them none may be left in the end */
	struct packet packets[PACKET_BURST];

	worker->judged_by = worker->engine.fenced;
	unsigned kept = describe(worker, mbufs, count, owned, packets);

	if (owned && !check)
		engine_run_owned(&worker->engine, packets, kept, worker->now_ms);
	else
		engine_run(&worker->engine, packets, kept, worker->now_ms);
	if (check)
		assert_owners(worker, packets, kept);
	count -= kept - carry_out_all(worker, packets, kept);
	if (unlikely(engine_has_made(&worker->engine)))
		take_made(worker, pool);
	flush_all(worker);
	engine_count_latency(&worker->engine, rte_rdtsc() - begun, count);
	take_held(worker);
}

static unsigned poll_queue(struct worker *worker, const struct worker_queue *queue)
{
	struct abi_counters_block *counters = worker->engine.counters;
	struct rte_mbuf *mbufs[PACKET_BURST];
	unsigned count = rte_eth_rx_burst(queue->dpdk_id, queue->queue, mbufs, PACKET_BURST);

	if (count == 0)
		return 0;
	counters->received += count;
	counters->ports[queue->port].received += count;
	for (unsigned i = 0; i < count; i++) {
		counters->ports[queue->port].received_bytes += rte_pktmbuf_pkt_len(mbufs[i]);
		mbufs[i]->port = queue->port;
	}
	run_burst(worker, mbufs, count, false);
	return count;
}

/* What other workers hand over: packets of this one's flows, and packets to send. */
static unsigned poll_peer(struct worker *worker, const struct handoff_peer *peer)
{
	struct rte_mbuf *mbufs[PACKET_BURST];
	unsigned run = rte_ring_sc_dequeue_burst(peer->run, (void **)mbufs, PACKET_BURST, NULL);

	if (run > 0) {
		worker->engine.counters->taken_over += run;
		run_burst(worker, mbufs, run, true);
	}
	unsigned send = rte_ring_sc_dequeue_burst(peer->send, (void **)mbufs, PACKET_BURST, NULL);
	for (unsigned i = 0; i < send; i++)
		put_out(worker, mbufs[i]->port, mbufs[i]);
	if (send > 0)
		flush_all(worker);
	return run + send;
}

static unsigned poll_peers(struct worker *worker)
{
	unsigned found = 0;

	for (unsigned other = 0; other < worker->worker_count; other++)
		if (other != worker->number)
			found += poll_peer(worker, &worker->peers[other]);
	return found;
}

/* What Linux sends by a tap goes out by its port as it is. */
static unsigned poll_from_linux(struct worker *worker)
{
	struct rte_mbuf *mbufs[PACKET_BURST];
	unsigned count;

	if (worker->from_linux == NULL)
		return 0;
	count = rte_ring_sc_dequeue_burst(worker->from_linux, (void **)mbufs, PACKET_BURST, NULL);
	for (unsigned i = 0; i < count; i++)
		put_out(worker, mbufs[i]->port, mbufs[i]);
	flush_all(worker);
	return count;
}

int worker_run(void *argument)
{
	struct worker *worker = argument;
	struct abi_counters_block *counters = worker->engine.counters;

	idle_init(&worker->idle, worker->idle_mode);
	__atomic_store_n(&worker->idle_latency_us, idle_latency_us(&worker->idle),
			 __ATOMIC_RELEASE);
	rte_rcu_qsbr_thread_online(worker->quiescent, worker->number);

	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		const uint64_t begun = rte_rdtsc();
		unsigned found = 0;

		refresh_clock(worker);
		worker->engine.foreign = __atomic_load_n(&worker->foreign, __ATOMIC_RELAXED);
		engine_use(&worker->engine, __atomic_load_n(&worker->snapshot, __ATOMIC_ACQUIRE));
		follow_lease(worker);
		worker->judged_by = worker->engine.fenced;
		for (unsigned i = 0; i < worker->queue_count; i++)
			found += poll_queue(worker, &worker->queues[i]);
		found += poll_peers(worker);
		found += poll_from_linux(worker);
		found += engine_take_commands(&worker->engine, worker->inbox, ABI_INBOX_COMMANDS);
		engine_age(&worker->engine, worker->now_ms);
		take_held(worker);
		rte_rcu_qsbr_quiescent(worker->quiescent, worker->number);

		if (found > 0)
			counters->busy_cycles += rte_rdtsc() - begun;
		counters->polls++;
		counters->empty_polls += found == 0;
		counters->naps += idle_turn(&worker->idle, found > 0);
	}
	engine_give_up_held(&worker->engine);
	take_held(worker);
	rte_rcu_qsbr_thread_offline(worker->quiescent, worker->number);
	return 0;
}
