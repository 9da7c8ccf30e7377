/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A network card, played: an interface is its wire, a memif its way to the host.
 *
 *     card EAL-ARGUMENT... -- INTERFACE SOCKET QUEUES KEY-FILE RETA-FILE
 *
 * Each frame from the wire is hashed with Toeplitz under the key, by DPDK's own
 * software, and the hash's lowest bits name an entry of the redirection table (RETA), and
 * that the queue: TCP and UDP by addresses and ports, fragments and all other IP by
 * addresses, the rest goes to queue 0. What comes by any queue goes out on the wire.
 *
 * KEY-FILE: 40 bytes in hex, with or without colons. RETA-FILE: 128 numbers of queues.
 * SIGHUP reads RETA-FILE again; SIGUSR1 prints the counts as a line of JSON, as the end does.
 * The host's end may come and go: while it is away, what comes from the wire is dropped.
 */
#include <pthread.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_thash.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BURST           32
#define QUEUES_MAX      64
#define RETA_SIZE       128
#define KEY_SIZE        40
#define FRAMES          2048
#define FRAME           2048 /* bytes, at most */
#define FRAME_JUMBO     16384
#define WIRE_BYTES      (4096 * FRAME) /* of frames that wait at the wire */
#define RING_SIZE       2048
#define SHORTEST_NAP_NS 20000
#define LONGEST_NAP_NS  200000
#define PATIENCE        50 /* milliseconds a frame waits for room in a ring */

enum { VLAN_TAG = 4, IPV4 = 0x0800, IPV6 = 0x86dd, VLAN = 0x8100, TCP = 6, UDP = 17 };

struct card {
	uint16_t wire, host; /* DPDK's numbers of the two ports */
	unsigned queues;
	uint32_t key[KEY_SIZE / 4]; /* bytes, aligned as rte_softrss() reads them */
	uint8_t reta[RETA_SIZE];
	const char *reta_file;
	uint64_t from_wire, given[QUEUES_MAX], dropped;
	uint64_t taken[QUEUES_MAX], to_wire;
};

static volatile sig_atomic_t asked_to_stop, asked_to_read, asked_to_print;

static void on_signal(int number)
{
	if (number == SIGHUP)
		asked_to_read = 1;
	else if (number == SIGUSR1)
		asked_to_print = 1;
	else
		asked_to_stop = 1;
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "card: %s: %s\n", what, why);
	exit(1);
}

/*
 * When the host's end has died, DPDK's own thread unmaps the rings, whoever looks
 * into them. It takes the link down before; so what is in a burst is waited for.
 */
static pthread_mutex_t in_burst = PTHREAD_MUTEX_INITIALIZER;

/* In place of libc's, for DPDK's libraries too. */
int munmap(void *address, size_t size)
{
	long error;

	pthread_mutex_lock(&in_burst);
	error = syscall(SYS_munmap, address, size);
	pthread_mutex_unlock(&in_burst);
	return (int)error;
}

static uint32_t read_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t read_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The words that are hashed of an IP packet; how many, 0: nothing is. */
static unsigned hashed_words(const uint8_t *data, unsigned size, uint16_t type, uint32_t words[9])
{
	unsigned count, head;
	bool has_ports;

	if (type == IPV4 && size >= 20) {
		count = 2;
		head = (data[0] & 0xfu) * 4;
		/* "More fragments" and the offset. */
		has_ports =
			(read_be16(data + 6) & 0x3fff) == 0 && (data[9] == TCP || data[9] == UDP);
		data += 12;
		size -= 12;
		head -= 12;
	} else if (type == IPV6 && size >= 40) {
		count = 8;
		head = 32;
		has_ports = data[6] == TCP || data[6] == UDP;
		data += 8;
		size -= 8;
	} else {
		return 0;
	}
	for (unsigned i = 0; i < count; i++)
		words[i] = read_be32(data + 4 * i);
	if (has_ports && head + 4 <= size)
		words[count++] = read_be32(data + head);
	return count;
}

static unsigned choose_queue(const struct card *card, const struct rte_mbuf *frame)
{
	const uint8_t *data = rte_pktmbuf_mtod(frame, const uint8_t *);
	unsigned size = frame->data_len, at = 14, count;
	uint32_t words[9];
	uint16_t type;

	if (size < at + VLAN_TAG)
		return 0;
	type = read_be16(data + 12);
	if (type == VLAN) {
		at += VLAN_TAG;
		type = read_be16(data + 16);
	}
	count = hashed_words(data + at, size - at, type, words);
	if (count == 0)
		return 0;
	return card->reta[rte_softrss(words, count, (const uint8_t *)card->key) % RETA_SIZE];
}

static bool is_connected(const struct card *card)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(card->host, &link) == 0 && link.link_status;
}

/* How many were; a host that has just come has made no room yet. */
static unsigned give(const struct card *card, unsigned queue, struct rte_mbuf **frames,
		     unsigned count)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	unsigned given = rte_eth_tx_burst(card->host, (uint16_t)queue, frames, (uint16_t)count);

	for (unsigned i = 0; given < count && i < PATIENCE && is_connected(card); i++) {
		nanosleep(&nap, NULL);
		given += rte_eth_tx_burst(card->host, (uint16_t)queue, frames + given,
					  (uint16_t)(count - given));
	}
	return given;
}

static unsigned bring_in(struct card *card)
{
	struct rte_mbuf *frames[BURST], *sorted[QUEUES_MAX][BURST];
	uint16_t counts[QUEUES_MAX] = {0};
	const uint16_t count = rte_eth_rx_burst(card->wire, 0, frames, BURST);

	for (uint16_t i = 0; i < count; i++) {
		unsigned queue;

		/* AF_PACKET gives the tag beside the frame. */
		if (frames[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
			rte_vlan_insert(&frames[i]);
		queue = choose_queue(card, frames[i]);
		sorted[queue][counts[queue]++] = frames[i];
	}
	card->from_wire += count;
	for (unsigned queue = 0; queue < card->queues && count > 0; queue++) {
		const unsigned given = give(card, queue, sorted[queue], counts[queue]);
		const unsigned left = counts[queue] - given;

		card->given[queue] += given;
		card->dropped += left;
		rte_pktmbuf_free_bulk(sorted[queue] + given, left);
	}
	return count;
}

static unsigned send_out(struct card *card, uint16_t queue)
{
	struct rte_mbuf *frames[BURST];
	const uint16_t count = rte_eth_rx_burst(card->host, queue, frames, BURST);
	const uint16_t sent = count == 0 ? 0 : rte_eth_tx_burst(card->wire, 0, frames, count);

	card->taken[queue] += count;
	card->to_wire += sent;
	rte_pktmbuf_free_bulk(frames + sent, (unsigned)(count - sent));
	return count;
}

static unsigned move(struct card *card)
{
	unsigned moved;

	pthread_mutex_lock(&in_burst);
	moved = bring_in(card);
	for (uint16_t queue = 0; queue < card->queues; queue++)
		moved += send_out(card, queue);
	pthread_mutex_unlock(&in_burst);
	return moved;
}

static void print_list(const char *name, const uint64_t *counts, unsigned size)
{
	printf("\"%s\": [", name);
	for (unsigned i = 0; i < size; i++)
		printf("%s%lu", i == 0 ? "" : ", ", counts[i]);
	printf("], ");
}

static void print_counts(const struct card *card)
{
	printf("{");
	print_list("given", card->given, card->queues);
	print_list("taken", card->taken, card->queues);
	printf("\"from_wire\": %lu, \"to_wire\": %lu, \"dropped\": %lu, \"connected\": %s}\n",
	       card->from_wire, card->to_wire, card->dropped,
	       is_connected(card) ? "true" : "false");
	fflush(stdout);
}

static void read_key(struct card *card, const char *path)
{
	uint8_t *key = (uint8_t *)card->key;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		fail(path, strerror(errno));
	for (unsigned i = 0; i < KEY_SIZE; i++)
		if (fscanf(file, " %2hhx", &key[i]) != 1 || fscanf(file, "%*[:]") == EOF)
			break;
	fclose(file);
}

/* All of it or, when something is wrong with it, nothing. */
static void read_reta(struct card *card)
{
	uint8_t reta[RETA_SIZE];
	FILE *file = fopen(card->reta_file, "re");
	unsigned count = 0;

	if (file == NULL)
		fail(card->reta_file, strerror(errno));
	while (count < RETA_SIZE && fscanf(file, "%hhu", &reta[count]) == 1 &&
	       reta[count] < card->queues)
		count++;
	fclose(file);
	if (count < RETA_SIZE)
		fail(card->reta_file, "does not name 128 queues");
	memcpy(card->reta, reta, sizeof(reta));
}

static uint16_t make_port(const char *name, const char *arguments, unsigned queues,
			  struct rte_mempool *pool)
{
	struct rte_eth_conf conf = {0};
	uint16_t port = 0;
	int error = rte_eal_hotplug_add("vdev", name, arguments);

	if (error == 0)
		error = rte_eth_dev_get_port_by_name(name, &port);
	if (error == 0)
		error = rte_eth_dev_configure(port, (uint16_t)queues, (uint16_t)queues, &conf);
	for (uint16_t queue = 0; queue < queues && error == 0; queue++) {
		error = rte_eth_rx_queue_setup(port, queue, RING_SIZE, 0, NULL, pool);
		if (error == 0)
			error = rte_eth_tx_queue_setup(port, queue, RING_SIZE, 0, NULL);
	}
	if (error == 0)
		error = rte_eth_dev_start(port);
	if (error == 0)
		error = rte_eth_promiscuous_enable(port);
	if (error != 0 && error != -ENOTSUP)
		fail(name, rte_strerror(-error));
	return port;
}

static void open_card(struct card *card, char **arguments, bool jumbo)
{
	const unsigned frame = jumbo ? FRAME_JUMBO : FRAME;
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("frames", FRAMES, 0, 0, (uint16_t)(128 + frame), 0);
	char text[512];

	if (pool == NULL)
		fail("frames", rte_strerror(rte_errno));
	card->queues = (unsigned)strtoul(arguments[2], NULL, 10);
	if (card->queues < 1 || card->queues > QUEUES_MAX)
		fail(arguments[2], "no number of queues from 1 to 64");
	read_key(card, arguments[3]);
	card->reta_file = arguments[4];
	read_reta(card);
	snprintf(text, sizeof(text), "iface=%s,blocksz=65536,framesz=%u,framecnt=%u", arguments[0],
		 frame, WIRE_BYTES / frame);
	card->wire = make_port("net_af_packet0", text, 1, pool);
	snprintf(text, sizeof(text), "role=server,socket=%s,socket-abstract=no,rsize=11",
		 arguments[1]);
	card->host = make_port("net_memif0", text, card->queues, pool);
}

static void run(struct card *card)
{
	struct timespec nap = {0};

	while (!asked_to_stop) {
		if (asked_to_read) {
			asked_to_read = 0;
			read_reta(card);
		}
		if (asked_to_print) {
			asked_to_print = 0;
			print_counts(card);
		}
		if (move(card) > 0) {
			nap.tv_nsec = SHORTEST_NAP_NS;
			continue;
		}
		nanosleep(&nap, NULL);
		nap.tv_nsec = RTE_MIN(nap.tv_nsec * 2, LONGEST_NAP_NS);
	}
	print_counts(card);
}

int main(int argc, char **argv)
{
	static struct card card;
	struct sigaction action = {.sa_handler = on_signal};
	int parsed = rte_eal_init(argc, argv);

	if (parsed < 0)
		fail("DPDK", rte_strerror(rte_errno));
	rmdir(rte_eal_get_runtime_dir()); /* it holds nothing */
	if (argc - parsed != 6 && argc - parsed != 7)
		fail("usage", "card EAL-ARGUMENT... -- INTERFACE SOCKET QUEUES KEY-FILE RETA-FILE "
			      "[jumbo]");
	for (const int *number = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0}; *number != 0;
	     number++)
		sigaction(*number, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1ul);
	open_card(&card, argv + parsed + 1, argc - parsed == 7);
	run(&card);
	return 0;
}
