/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The configuration as C structs: what /etc/headrace/headrace.json says, with
 * every default filled in. Read-only once parsed; a change makes a new one.
 * Both daemons and the command line read it; fields.c holds the one table that
 * describes every field.
 *
 * Durations are milliseconds, ports are host order, names are NUL-terminated.
 */
#pragma once

#include "config/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_NAME_SIZE 64 /* with the NUL; a name is [A-Za-z0-9._-]+ */
#define CONFIG_PATH_SIZE 256

enum config_forwarding { CONFIG_DNAT, CONFIG_FULL_NAT };
enum config_protocol { CONFIG_TCP, CONFIG_UDP };
enum config_hash_on { CONFIG_HASH_ADDRESS, CONFIG_HASH_ADDRESS_PORT };
enum config_admin { CONFIG_READY, CONFIG_DRAIN, CONFIG_MAINT };
enum config_when_down { CONFIG_WHEN_DOWN_RESET, CONFIG_WHEN_DOWN_DROP };
enum config_on_backend_down { CONFIG_BACKEND_DOWN_KEEP, CONFIG_BACKEND_DOWN_RESET };
enum config_idle { CONFIG_IDLE_POLL, CONFIG_IDLE_SLEEP };
enum config_check_type {
	CONFIG_CHECK_NONE,
	CONFIG_CHECK_TCP,
	CONFIG_CHECK_HTTP,
	CONFIG_CHECK_HTTPS
};
enum config_check_method { CONFIG_CHECK_GET, CONFIG_CHECK_HEAD };
enum config_reply_path { CONFIG_REPLY_LAST_HOP, CONFIG_REPLY_ROUTE };
/* What a card hashes: to bring both directions of dnat to one worker it must be the client's end.
 */
enum config_rss_on { CONFIG_RSS_BOTH, CONFIG_RSS_SOURCE, CONFIG_RSS_DESTINATION };
/* From whom a last hop is learned: from addresses Linux knows on the link, or from anyone. */
enum config_last_hop_from { CONFIG_FROM_NEIGHBOURS, CONFIG_FROM_ANYONE };
enum config_scheduler { CONFIG_MAGLEV };

enum config_device_kind {
	CONFIG_DEVICE_AF_XDP, /* af_xdp:INTERFACE */
	CONFIG_DEVICE_PCI,    /* pci:ADDRESS or pci:INTERFACE */
	CONFIG_DEVICE_MEMIF,  /* memif:SOCKET[,server][,queues=N] */
	CONFIG_DEVICE_RING,   /* ring: a ring that loops back to itself */
	CONFIG_DEVICE_PCAP,   /* pcap:IN,OUT */
	CONFIG_DEVICE_NULL    /* null: */
};

struct config_node {
	uint32_t id; /* 0 or 1: which of a pair */
	char name[CONFIG_NAME_SIZE];
	char peer_api[CONFIG_NAME_SIZE]; /* "ADDRESS:PORT" of the other node's API; empty: none */
};

/* Largest IP packet that a port can be for. */
#define CONFIG_MTU_MOST 9000

struct config_port {
	char name[CONFIG_NAME_SIZE];
	char device[CONFIG_PATH_SIZE]; /* as written */
	enum config_device_kind kind;  /* derived from device */
	const char *device_argument;   /* points into device, behind the colon */
	enum config_reply_path reply_path;
	enum config_last_hop_from
		last_hop_from; /* default: neighbours for af_xdp and pci, else anyone */
	enum config_rss_on rss_on;
	uint32_t mtu; /* 0: not said */
};

/* For ports without a Linux interface, whose neighbours Linux cannot know. */
struct config_next_hop {
	struct address address;
	uint8_t mac[6];
	char port[CONFIG_NAME_SIZE];
	uint16_t vlan; /* 0: untagged */
};

struct config_dataplane {
	struct config_port *ports;
	size_t port_count;
	struct config_next_hop *next_hops;
	size_t next_hop_count;
	uint32_t workers;
	uint32_t *cores; /* CPUs of the workers; empty: the highest ones allowed */
	size_t core_count;
	uint32_t flows_per_worker; /* of IPv4 */
	uint32_t flows_per_worker_ipv6;
	enum config_idle idle;
	char **eal_args;
	size_t eal_arg_count;
};

struct config_api {
	char **listen; /* "unix:PATH" or "ADDRESS:PORT" */
	size_t listen_count;
	char token_file[CONFIG_PATH_SIZE]; /* empty: none */
};

/* Flow timeouts by state; RFC 5382 and RFC 4787 give the defaults. */
struct config_timeouts {
	uint32_t tcp_half_open;
	uint32_t tcp_established;
	uint32_t tcp_closing;
	uint32_t udp;
	uint32_t udp_one_shot;
};

struct config_status_range {
	uint16_t first, last; /* of HTTP, 100-599 */
};

struct config_header {
	char name[CONFIG_NAME_SIZE];
	char value[CONFIG_PATH_SIZE];
};

struct config_health_check {
	enum config_check_type type;
	uint32_t interval, timeout;
	uint32_t fast_interval; /* while in doubt; 0, in the defaults only: the interval */
	uint32_t rise, fall;
	uint16_t port; /* 0: the backend's */
	enum config_check_method method;
	char path[CONFIG_PATH_SIZE];
	char host[CONFIG_NAME_SIZE * 4]; /* empty: the backend's address */
	struct config_header *headers;
	size_t header_count;
	struct config_status_range *statuses; /* good ones; none: 200-399 */
	size_t status_count;
	char body[CONFIG_PATH_SIZE]; /* that the answer must hold; empty: anything */
	bool tls_verify;
	char tls_ca_file[CONFIG_PATH_SIZE];         /* empty: the authorities the system trusts */
	char tls_server_name[CONFIG_NAME_SIZE * 4]; /* empty: as host */
};

struct config_defaults {
	enum config_scheduler scheduler;
	uint32_t drain_timeout;
	uint32_t maglev_size; /* slots of a ring: a prime */
	struct config_timeouts timeouts;
	struct config_health_check health_check;
};

struct config_local_pool {
	char name[CONFIG_NAME_SIZE];
	struct address *addresses;
	size_t address_count;
	uint16_t port_first, port_last;
};

struct config_backend {
	char name[CONFIG_NAME_SIZE];
	struct address address;
	uint16_t port;   /* 0: keeps the destination's */
	uint32_t weight; /* 0: takes no new flows */
	enum config_admin admin;
};

struct config_pool {
	char name[CONFIG_NAME_SIZE];
	bool is_inline; /* written inside the service of the same name */
	struct config_health_check health_check;
	struct config_backend *backends;
	size_t backend_count;
};

struct config_port_range {
	uint16_t first, last; /* "*" is 0-65535 */
};

struct config_prefix {
	struct address address;
	uint8_t length; /* 0-32 or 0-128 */
};

struct config_service {
	char name[CONFIG_NAME_SIZE];
	struct address *addresses;
	size_t address_count;
	struct config_port_range *ports;
	size_t port_count;
	enum config_protocol protocol;
	enum config_forwarding forwarding;
	char local_pool[CONFIG_NAME_SIZE]; /* empty: none (dnat) */
	char pool[CONFIG_NAME_SIZE];       /* a pool's name; its own for inline backends */
	enum config_hash_on hash_on;
	enum config_when_down when_down;
	enum config_on_backend_down on_backend_down;
	uint32_t mss_clamp; /* 0: none */
	struct config_prefix *allow, *deny;
	size_t allow_count, deny_count;
	struct config_timeouts timeouts; /* its own, else the defaults */
};

struct config_vrrp_instance {
	uint32_t id;
	char interface[CONFIG_NAME_SIZE];
	uint32_t advert_interval;
	bool accept;
	struct address *peers; /* none: multicast */
	size_t peer_count;
	struct config_prefix *addresses;
	size_t address_count;
};

struct config_vrrp_service {
	char service[CONFIG_NAME_SIZE];
	uint32_t min_backends;
	uint32_t lower_by;
};

struct config_vrrp_group {
	char name[CONFIG_NAME_SIZE];
	uint32_t priority, standby_priority; /* of the preferred node, and of the other */
	uint32_t preferred_node;
	bool preempt;
	uint32_t preempt_delay;
	uint32_t version;              /* 2 or 3 */
	char notify[CONFIG_PATH_SIZE]; /* empty: nothing is run */
	char **local_pools;
	size_t local_pool_count;
	char **track_interfaces;
	size_t track_interface_count;
	struct config_vrrp_service *track_services;
	size_t track_service_count;
	struct config_vrrp_instance *instances;
	size_t instance_count;
};

struct config {
	uint64_t revision; /* counts changes; saved with the document */
	bool manage_sysctls;
	struct config_node node;
	struct config_dataplane dataplane;
	struct config_api api;
	struct config_defaults defaults;
	struct config_local_pool *local_pools;
	size_t local_pool_count;
	struct config_pool *pools; /* named ones first, then those written inline */
	size_t pool_count;
	struct config_service *services;
	size_t service_count;
	struct config_vrrp_group *vrrp_groups;
	size_t vrrp_group_count;
	const struct config_pool **pool_order;        /* by name; see index.h */
	const struct config_service **service_order;  /* by the name of their pool */
	struct config_group_address *group_addresses; /* by address; see groups.h */
	size_t group_address_count;
};
