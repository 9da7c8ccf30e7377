/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/fields.h"

#include "config/derived.h"
#include "dataplane/abi/lease.h"
#include "dataplane/abi/tables.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */

/* Where a value lies in its struct; the same for a list of `count` values. */
#define IN(type, member) \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define LIST(type, member, count) \
	.is_list = true, .offset = offsetof(struct type, member), \
	.size = sizeof(*((struct type *)0)->member), .count_offset = offsetof(struct type, count)
/* The default is the value of the same row in an object of `defaults`. */
#define OF_DEFAULTS(member) \
	.inherits = offsetof(struct config, defaults.member), .default_text = "that of `defaults`"
#define OBJECT(label, type, rows, text) \
	{.name = label, .help = text, .size = sizeof(struct type), .fields = rows, \
	 .field_count = sizeof(rows) / sizeof((rows)[0])}

#define SECONDS(n) ((n) * UINT64_C(1000))
#define HOURS(n)   SECONDS((n) * 3600)

static const char *const idle_words[] = {"poll", "sleep", NULL};
static const char *const reply_path_words[] = {"last-hop", "route", NULL};
static const char *const rss_on_words[] = {"both", "source", "destination", NULL};
static const char *const last_hop_from_words[] = {"neighbours", "anyone", NULL};
static const char *const scheduler_words[] = {"maglev", NULL};
static const char *const check_type_words[] = {"none", "tcp", "http", "https", NULL};
static const char *const check_method_words[] = {"GET", "HEAD", NULL};
static const char *const admin_words[] = {"ready", "drain", "maint", NULL};
static const char *const protocol_words[] = {"tcp", "udp", NULL};
static const char *const forwarding_words[] = {"dnat", "full-nat", NULL};
static const char *const hash_on_words[] = {"address", "address_port", NULL};
static const char *const when_down_words[] = {"reset", "drop", NULL};
static const char *const on_backend_down_words[] = {"keep", "reset", NULL};

static const struct field node_fields[] = {
	{.key = "id", .type = FIELD_NUMBER, IN(config_node, id), .maximum = 1, .fallback = "0",
	 .flags = FIELD_START_ONLY,
	 .help = "Which node of a pair this is: the two share one configuration but for this section."},
	{.key = "name", .type = FIELD_NAME, IN(config_node, name), .default_text = "the host's name",
	 .help = "What the node calls itself in the API and in logs."},
	{.key = "peer_api", .type = FIELD_TEXT, IN(config_node, peer_api), .maximum = 60,
	 .help = "`ADDRESS:PORT` of the other node's API: the two compare their configurations by it, and "
		 "`headrace apply --peer` brings it what is new. Local ports are then drawn from this node's half."},
};
static const struct field_object node_object =
	OBJECT("node", config_node, node_fields, "What differs between the nodes of a pair.");

static const struct field port_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_port, name), .maximum = 12,
	 .flags = FIELD_REQUIRED | FIELD_START_ONLY,
	 .help = "What the rest of the configuration calls the port. Its kernel path is the interface "
		 "`hr-NAME`."},
	{.key = "device", .type = FIELD_DEVICE, IN(config_port, device),
	 .flags = FIELD_REQUIRED | FIELD_START_ONLY,
	 .help = "What the port is: `af_xdp:INTERFACE`, `pci:ADDRESS` or `pci:INTERFACE`, "
		 "`memif:SOCKET[,server][,queues=N]`, `pcap:IN,OUT` or `pcap:IN,repeat`, `ring:`, `null:`. "
		 "`queues`: 1 to 64 to receive by, and as many to send by; 1 when it is not there. "
		 "Write as many at the other end of the memif: neither tells the other."},
	{.key = "reply_path", .type = FIELD_WORD, IN(config_port, reply_path),
	 .words = reply_path_words, .fallback = "last-hop", .flags = FIELD_START_ONLY,
	 .help = "Where replies to clients go: `last-hop`, back to the MAC address and VLAN the "
		 "client's packets come from; `route`, along Linux's routes."},
	{.key = "last_hop_from", .type = FIELD_WORD, IN(config_port, last_hop_from),
	 .words = last_hop_from_words, .derive = derive_last_hop_from,
	 .default_text = "`neighbours` with `af_xdp:` and `pci:`, else `anyone`",
	 .flags = FIELD_START_ONLY,
	 .help = "Whose MAC address is believed as a last hop: that of Linux's neighbours and of "
		 "clients on the link, or anyone's."},
	{.key = "rss_on", .type = FIELD_WORD, IN(config_port, rss_on), .words = rss_on_words,
	 .fallback = "both", .flags = FIELD_START_ONLY,
	 .help = "Which end of a packet a card with several queues spreads it by: `both`, as `full-nat` "
		 "wants it; with `dnat` services only, `source` on the clients' side and "
		 "`destination` on the backends'. Whatever is set, each packet gets to its owner."},
	{.key = "mtu", .type = FIELD_NUMBER, IN(config_port, mtu), .minimum = 1280,
	 .maximum = CONFIG_MTU_MOST, .unit = "bytes", .flags = FIELD_START_ONLY,
	 .default_text = "the interface's where Linux has one, else 1500",
	 .help = "Largest IP packet the port takes and sends; VLAN tags come on top. Not with `af_xdp:`, "
		 "where it is the interface's, 3400 at most: larger ones need `pci:`, `memif:` or "
		 "another device."},
};
static const struct field_object port_object = OBJECT("port", config_port, port_fields,
	"An interface of the dataplane.");

static const struct field next_hop_fields[] = {
	{.key = "address", .type = FIELD_ADDRESS, IN(config_next_hop, address),
	 .flags = FIELD_REQUIRED, .help = "IP address of the neighbour."},
	{.key = "mac", .type = FIELD_MAC, IN(config_next_hop, mac), .flags = FIELD_REQUIRED,
	 .help = "Its MAC address."},
	{.key = "port", .type = FIELD_NAME, IN(config_next_hop, port), .flags = FIELD_REQUIRED,
	 .help = "Name of the port it is behind."},
	{.key = "vlan", .type = FIELD_NUMBER, IN(config_next_hop, vlan), .minimum = 1,
	 .maximum = 4094, .default_text = "untagged", .help = "VLAN it is reached in."},
};
static const struct field_object next_hop_object = OBJECT("next_hop", config_next_hop,
	next_hop_fields, "A neighbour on a port without a Linux interface: Linux cannot know it.");

static const struct field dataplane_fields[] = {
	{.key = "ports", .type = FIELD_OBJECT, LIST(config_dataplane, ports, port_count),
	 .object = &port_object, .count_maximum = ABI_MAX_PORTS, .flags = FIELD_START_ONLY,
	 .help = "The interfaces packets come and go by; services need at least one. One port does "
		 "for both sides (one arm)."},
	{.key = "next_hops", .type = FIELD_OBJECT,
	 LIST(config_dataplane, next_hops, next_hop_count), .object = &next_hop_object,
	 .count_maximum = ABI_MAX_NEXT_HOPS,
	 .help = "Neighbours on ports without a Linux interface. Those on the others come from Linux."},
	{.key = "workers", .type = FIELD_NUMBER, IN(config_dataplane, workers), .minimum = 1,
	 .maximum = 64, .fallback = "1", .flags = FIELD_START_ONLY,
	 .help = "Threads that forward packets, each on a CPU of its own."},
	{.key = "cores", .type = FIELD_NUMBER, LIST(config_dataplane, cores, core_count),
	 .maximum = 1023, .count_maximum = 64, .flags = FIELD_START_ONLY,
	 .default_text = "the highest ones allowed",
	 .help = "CPUs of the workers, one each; with `idle` `sleep` one may be named twice."},
	{.key = "flows_per_worker", .type = FIELD_NUMBER, IN(config_dataplane, flows_per_worker),
	 .minimum = 1024, .maximum = 1u << 28, .fallback = "1000000", .unit = "flows",
	 .flags = FIELD_START_ONLY,
	 .help = "Room for IPv4 flows in a worker's flow table: 64 bytes each and their share of the "
		 "index."},
	{.key = "flows_per_worker_ipv6", .type = FIELD_NUMBER,
	 IN(config_dataplane, flows_per_worker_ipv6), .minimum = 1024, .maximum = 1u << 27,
	 .fallback = "262144", .unit = "flows", .flags = FIELD_START_ONLY,
	 .help = "Room for IPv6 flows beside them: 128 bytes each and their share of the index."},
	{.key = "idle", .type = FIELD_WORD, IN(config_dataplane, idle), .words = idle_words,
	 .fallback = "sleep", .flags = FIELD_START_ONLY,
	 .help = "What a worker does when no packet comes: `poll` on, for the lowest latency, or "
		 "`sleep` for moments, which leaves the CPU to others."},
	{.key = "eal_args", .type = FIELD_TEXT, LIST(config_dataplane, eal_args, eal_arg_count),
	 .count_maximum = 64, .flags = FIELD_START_ONLY,
	 .help = "More arguments for DPDK's environment layer, one an element."},
};
static const struct field_object dataplane_object = OBJECT("dataplane", config_dataplane,
	dataplane_fields, "Ports and workers of `headrace-dataplane`.");

static const struct field api_fields[] = {
	{.key = "listen", .type = FIELD_TEXT, LIST(config_api, listen, listen_count),
	 .count_maximum = 8, .flags = FIELD_START_ONLY,
	 .default_text = "`api.sock` in the run directory",
	 .help = "Where the API listens: `unix:PATH`, or `ADDRESS:PORT`: of a loopback address, or of any with "
		 "`token_file`. `0.0.0.0:PORT` and `[::]:PORT` are every address of that family, and the same on "
		 "both nodes of a pair."},
	{.key = "token_file", .type = FIELD_TEXT, IN(config_api, token_file), .maximum = 255,
	 .flags = FIELD_START_ONLY,
	 .help = "File with the token that every request by TCP then has to show (`Authorization: Bearer "
		 "TOKEN`): one line of 16 to 255 visible ASCII characters, not for everybody to read. Who has it "
		 "may change everything. Both nodes of a pair have the same."},
};
static const struct field_object api_object = OBJECT("api", config_api, api_fields,
	"The REST API of `headrace-controlplane`.");

static const struct field timeouts_fields[] = {
	{.key = "tcp_half_open", .type = FIELD_DURATION, IN(config_timeouts, tcp_half_open),
	 .minimum = 100, .maximum = HOURS(1), .fallback = "30s",
	 .help = "A TCP connection whose handshake has not ended."},
	{.key = "tcp_established", .type = FIELD_DURATION, IN(config_timeouts, tcp_established),
	 .minimum = 100, .maximum = HOURS(720), .fallback = "7440s",
	 .help = "A TCP connection that is silent (RFC 5382 asks for at least 7440s)."},
	{.key = "tcp_closing", .type = FIELD_DURATION, IN(config_timeouts, tcp_closing),
	 .minimum = 100, .maximum = HOURS(1), .fallback = "60s",
	 .help = "A TCP connection that both sides have closed, or one has reset."},
	{.key = "udp", .type = FIELD_DURATION, IN(config_timeouts, udp), .minimum = 100,
	 .maximum = HOURS(24), .fallback = "300s",
	 .help = "A UDP flow that is silent (RFC 4787 recommends 300s)."},
	{.key = "udp_one_shot", .type = FIELD_DURATION, IN(config_timeouts, udp_one_shot), .minimum = 100,
	 .maximum = HOURS(24), .fallback = "10s",
	 .help = "A UDP flow of one question and one answer (DNS)."},
};
static const struct field_object timeouts_object = OBJECT("timeouts", config_timeouts,
	timeouts_fields, "After how long without a packet a flow is forgotten, by its state.");

static const struct field service_timeouts_fields[] = {
	{.key = "tcp_half_open", .type = FIELD_DURATION, IN(config_timeouts, tcp_half_open),
	 .minimum = 100, .maximum = HOURS(1), OF_DEFAULTS(timeouts),
	 .help = "A TCP connection whose handshake has not ended."},
	{.key = "tcp_established", .type = FIELD_DURATION, IN(config_timeouts, tcp_established),
	 .minimum = 100, .maximum = HOURS(720), OF_DEFAULTS(timeouts), .help = "A TCP connection that is silent."},
	{.key = "tcp_closing", .type = FIELD_DURATION, IN(config_timeouts, tcp_closing),
	 .minimum = 100, .maximum = HOURS(1), OF_DEFAULTS(timeouts),
	 .help = "A TCP connection that both sides have closed, or one has reset."},
	{.key = "udp", .type = FIELD_DURATION, IN(config_timeouts, udp), .minimum = 100,
	 .maximum = HOURS(24), OF_DEFAULTS(timeouts),
	 .help = "A UDP flow that is silent."},
	{.key = "udp_one_shot", .type = FIELD_DURATION, IN(config_timeouts, udp_one_shot), .minimum = 100,
	 .maximum = HOURS(24), OF_DEFAULTS(timeouts),
	 .help = "A UDP flow of one question and one answer."},
};
static const struct field_object service_timeouts_object = OBJECT("service_timeouts",
	config_timeouts, service_timeouts_fields,
	"A service's own flow timeouts; the others are those of `defaults`.");

static const struct field header_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_header, name), .flags = FIELD_REQUIRED,
	 .help = "Its name."},
	{.key = "value", .type = FIELD_TEXT, IN(config_header, value), .flags = FIELD_REQUIRED,
	 .help = "Its value; whoever may read the API sees it."},
};
static const struct field_object header_object = OBJECT("header", config_header, header_fields,
	"A header of a check's request.");

static const struct field default_check_fields[] = {
	{.key = "type", .type = FIELD_WORD, IN(config_health_check, type),
	 .words = check_type_words, .fallback = "tcp",
	 .help = "`tcp`, `http`, `https` or `none`. Pools that only UDP services use are not checked "
		 "unless they say so themselves."},
	{.key = "interval", .type = FIELD_DURATION, IN(config_health_check, interval),
	 .minimum = 10, .maximum = HOURS(1), .fallback = "1s", .help = "From one check to the next."},
	{.key = "fast_interval", .type = FIELD_DURATION, IN(config_health_check, fast_interval),
	 .minimum = 10, .maximum = HOURS(1), .default_text = "each pool's `interval`",
	 .help = "The same while a backend is in doubt. A pool with a shorter `interval` keeps that."},
	{.key = "timeout", .type = FIELD_DURATION, IN(config_health_check, timeout), .minimum = 10,
	 .maximum = HOURS(1), .fallback = "500ms",
	 .help = "A check without a whole answer by then has failed."},
	{.key = "rise", .type = FIELD_NUMBER, IN(config_health_check, rise), .minimum = 1,
	 .maximum = 100, .fallback = "2", .unit = "checks",
	 .help = "Checks in a row that must succeed before a backend is up again."},
	{.key = "fall", .type = FIELD_NUMBER, IN(config_health_check, fall), .minimum = 1,
	 .maximum = 100, .fallback = "3", .unit = "checks",
	 .help = "Checks in a row that must fail before a backend is down."},
	{.key = "port", .type = FIELD_NUMBER, IN(config_health_check, port), .minimum = 1,
	 .maximum = 65535, .default_text = "the backend's, else the service's",
	 .help = "Port to check."},
	{.key = "method", .type = FIELD_WORD, IN(config_health_check, method),
	 .words = check_method_words, .fallback = "GET", .help = "How it is asked for by HTTP."},
	{.key = "path", .type = FIELD_TEXT, IN(config_health_check, path), .fallback = "/",
	 .help = "What is asked for by HTTP."},
	{.key = "host", .type = FIELD_TEXT, IN(config_health_check, host),
	 .default_text = "the backend's address", .help = "The Host header, and the name by TLS."},
	{.key = "headers", .type = FIELD_OBJECT, LIST(config_health_check, headers, header_count),
	 .object = &header_object, .count_maximum = 32, .help = "More headers of the request."},
	{.key = "statuses", .type = FIELD_STATUSES, LIST(config_health_check, statuses, status_count),
	 .count_maximum = 32, .default_text = "`200-399`", .help = "Statuses that are good."},
	{.key = "body", .type = FIELD_TEXT, IN(config_health_check, body),
	 .default_text = "anything", .help = "Text that the answer's body must hold."},
	{.key = "tls_verify", .type = FIELD_BOOL, IN(config_health_check, tls_verify),
	 .fallback = "true", .help = "Check certificate and name."},
	{.key = "tls_ca_file", .type = FIELD_TEXT, IN(config_health_check, tls_ca_file),
	 .default_text = "those the system trusts", .help = "Certificates of trusted authorities."},
	{.key = "tls_server_name", .type = FIELD_TEXT, IN(config_health_check, tls_server_name),
	 .default_text = "`host`", .help = "The name by TLS, if it is not that of `host`."},
};
static const struct field_object default_check_object = OBJECT("default_health_check",
	config_health_check, default_check_fields,
	"How backends are checked where their pool does not say it; see `docs/health-checks.md`.");

/* In the order in which defaults that depend on others can be filled in. */
static const struct field health_check_fields[] = {
	{.key = "type", .type = FIELD_WORD, IN(config_health_check, type),
	 .words = check_type_words, .derive = derive_check_type,
	 .default_text = "that of `defaults`; `none` where only UDP services use the pool",
	 .help = "`tcp`: the backend accepts a connection; `http`: it answers a request as `statuses` and "
		 "`body` say; `https`: the same over TLS; `none`: it counts as up."},
	{.key = "interval", .type = FIELD_DURATION, IN(config_health_check, interval),
	 .minimum = 10, .maximum = HOURS(1), OF_DEFAULTS(health_check),
	 .help = "From one check to the next."},
	{.key = "fast_interval", .type = FIELD_DURATION, IN(config_health_check, fast_interval),
	 .minimum = 10, .maximum = HOURS(1), .derive = derive_check_fast_interval,
	 .default_text = "that of `defaults`, at most `interval`",
	 .help = "The same while the last check speaks against the backend's state, so that `rise` or "
		 "`fall` is reached sooner; at most `interval`."},
	{.key = "timeout", .type = FIELD_DURATION, IN(config_health_check, timeout), .minimum = 10,
	 .maximum = HOURS(1), OF_DEFAULTS(health_check),
	 .help = "A check without a whole answer by then has failed; at most `interval`."},
	{.key = "rise", .type = FIELD_NUMBER, IN(config_health_check, rise), .minimum = 1,
	 .maximum = 100, OF_DEFAULTS(health_check), .unit = "checks",
	 .help = "Checks in a row that must succeed before a backend is up again. The first check of a "
		 "new backend decides alone."},
	{.key = "fall", .type = FIELD_NUMBER, IN(config_health_check, fall), .minimum = 1,
	 .maximum = 100, OF_DEFAULTS(health_check), .unit = "checks",
	 .help = "Checks in a row that must fail before a backend is down."},
	{.key = "port", .type = FIELD_NUMBER, IN(config_health_check, port), .minimum = 1,
	 .maximum = 65535, .derive = derive_check_port,
	 .default_text = "that of `defaults`, else the backend's, else the service's",
	 .help = "Port to check."},
	{.key = "method", .type = FIELD_WORD, IN(config_health_check, method),
	 .words = check_method_words, OF_DEFAULTS(health_check),
	 .help = "How a check by HTTP asks: `HEAD` has the answer's head only."},
	{.key = "path", .type = FIELD_TEXT, IN(config_health_check, path),
	 OF_DEFAULTS(health_check),
	 .help = "What a check by HTTP asks for. A redirect is an answer, and is not followed."},
	{.key = "host", .type = FIELD_TEXT, IN(config_health_check, host),
	 OF_DEFAULTS(health_check),
	 .help = "The Host header. By TLS also the name, see `tls_server_name`."},
	{.key = "headers", .type = FIELD_OBJECT, LIST(config_health_check, headers, header_count),
	 .object = &header_object, .count_maximum = 32, OF_DEFAULTS(health_check),
	 .help = "More headers of the request."},
	{.key = "statuses", .type = FIELD_STATUSES, LIST(config_health_check, statuses, status_count),
	 .count_maximum = 32, OF_DEFAULTS(health_check),
	 .help = "Statuses that are good: `[\"200-299\", \"304\"]`. None named: 200 to 399."},
	{.key = "body", .type = FIELD_TEXT, IN(config_health_check, body),
	 OF_DEFAULTS(health_check),
	 .help = "Text that the first 64 KiB of the answer's body must hold."},
	{.key = "tls_verify", .type = FIELD_BOOL, IN(config_health_check, tls_verify),
	 OF_DEFAULTS(health_check),
	 .help = "Whether the certificate must be valid, of a trusted authority and of the right name."},
	{.key = "tls_ca_file", .type = FIELD_TEXT, IN(config_health_check, tls_ca_file),
	 OF_DEFAULTS(health_check),
	 .help = "Path of the certificates (PEM) of the authorities to trust, instead of the system's. "
		 "Read at each check."},
	{.key = "tls_server_name", .type = FIELD_TEXT, IN(config_health_check, tls_server_name),
	 OF_DEFAULTS(health_check),
	 .help = "The name that is asked for (SNI) and that the certificate must have. Left out: "
		 "`host`; without that no name is asked for, and the certificate must have the "
		 "backend's address."},
};
static const struct field_object health_check_object = OBJECT("health_check",
	config_health_check, health_check_fields, "How a pool's backends are checked.");

static const struct field defaults_fields[] = {
	{.key = "scheduler", .type = FIELD_WORD, IN(config_defaults, scheduler),
	 .words = scheduler_words, .fallback = "maglev",
	 .help = "How a new flow gets its backend: `maglev`, consistent hashing."},
	{.key = "drain_timeout", .type = FIELD_DURATION, IN(config_defaults, drain_timeout),
	 .maximum = HOURS(24), .fallback = "300s",
	 .help = "How long a backend that was removed may keep its flows. What is still open then is reset."},
	{.key = "maglev_size", .type = FIELD_NUMBER, IN(config_defaults, maglev_size),
	 .minimum = 7, .maximum = ABI_MAX_RING_SIZE, .fallback = "65537", .unit = "slots",
	 .help = "Slots of a pool's ring: a prime, best a hundred times the number of backends or more. "
		 "The same on every node."},
	{.key = "timeouts", .type = FIELD_OBJECT, IN(config_defaults, timeouts),
	 .object = &timeouts_object, .help = "Flow timeouts of services that set none of their own."},
	{.key = "health_check", .type = FIELD_OBJECT, IN(config_defaults, health_check),
	 .object = &default_check_object,
	 .help = "Health checks: a pool's own values go before these, one by one."},
};
static const struct field_object defaults_object = OBJECT("defaults", config_defaults,
	defaults_fields, "What holds for all services and pools.");

static const struct field local_pool_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_local_pool, name), .flags = FIELD_REQUIRED,
	 .help = "What services call it."},
	{.key = "addresses", .type = FIELD_ADDRESS,
	 LIST(config_local_pool, addresses, address_count), .count_minimum = 1,
	 .count_maximum = ABI_MAX_POOL_ADDRESSES, .flags = FIELD_REQUIRED,
	 .help = "Addresses that backends see as the client's; Headrace holds them."},
	{.key = "ports", .type = FIELD_PORTS, .offset = offsetof(struct config_local_pool, port_first),
	 .size = sizeof(struct config_port_range), .fallback = "1024-65535",
	 .help = "Ports to draw from, of each address. The address's other ports stay Linux's."},
};
static const struct field_object local_pool_object = OBJECT("local_pool", config_local_pool,
	local_pool_fields, "Source addresses of `full-nat`.");

static const struct field backend_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_backend, name), .flags = FIELD_REQUIRED,
	 .help = "What it is called, once in its pool."},
	{.key = "address", .type = FIELD_ADDRESS, IN(config_backend, address),
	 .flags = FIELD_REQUIRED, .help = "Its address."},
	{.key = "port", .type = FIELD_NUMBER, IN(config_backend, port), .minimum = 1,
	 .maximum = 65535, .default_text = "the port the client asked for",
	 .help = "Port it listens on."},
	{.key = "weight", .type = FIELD_NUMBER, IN(config_backend, weight), .maximum = 1000,
	 .fallback = "100",
	 .help = "Its share of new flows, in proportion to the others'; 0: none."},
	{.key = "admin", .type = FIELD_WORD, IN(config_backend, admin), .words = admin_words,
	 .fallback = "ready",
	 .help = "`ready`; `drain`: keeps its flows, takes no new ones; `maint`: counts as down."},
};
static const struct field_object backend_object = OBJECT("backend", config_backend,
	backend_fields, "A real server.");

static const struct field pool_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_pool, name), .flags = FIELD_REQUIRED,
	 .help = "What services call it."},
	{.key = "health_check", .type = FIELD_OBJECT, IN(config_pool, health_check),
	 .object = &health_check_object,
	 .help = "How its backends are checked; what is left out is as in `defaults`."},
	{.key = "backends", .type = FIELD_OBJECT, LIST(config_pool, backends, backend_count),
	 .object = &backend_object, .count_maximum = ABI_MAX_BACKENDS, .help = "The servers."},
};
static const struct field_object pool_object = OBJECT("pool", config_pool, pool_fields,
	"Servers that do the same, for one service or several.");

static const struct field service_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_service, name), .flags = FIELD_REQUIRED,
	 .help = "What it is called."},
	{.key = "addresses", .type = FIELD_ADDRESS, LIST(config_service, addresses, address_count),
	 .count_minimum = 1, .count_maximum = ABI_MAX_LISTENERS, .flags = FIELD_REQUIRED,
	 .help = "Virtual addresses, all of one family; Headrace holds them."},
	{.key = "ports", .type = FIELD_PORTS, LIST(config_service, ports, port_count),
	 .count_minimum = 1, .count_maximum = ABI_MAX_LISTENERS, .flags = FIELD_REQUIRED,
	 .help = "Ports of each address: one (`\"80\"`), a range (`\"8000-8099\"`) or all (`\"*\"`). "
		 "Services may share an address: a single port goes before a range, a range before all."},
	{.key = "protocol", .type = FIELD_WORD, IN(config_service, protocol),
	 .words = protocol_words, .fallback = "tcp", .help = "`tcp` or `udp`."},
	{.key = "forwarding", .type = FIELD_WORD, IN(config_service, forwarding),
	 .words = forwarding_words, .fallback = "dnat",
	 .help = "`dnat`: the backend sees the client's address, and its replies must be routed through "
		 "this node; `full-nat`: it sees one of `local_pool`, and can be anywhere."},
	{.key = "local_pool", .type = FIELD_NAME, IN(config_service, local_pool),
	 .default_text = "none", .help = "Name of the local pool; needed by `full-nat`, and by it alone."},
	{.key = "pool", .type = FIELD_NAME, IN(config_service, pool), .flags = FIELD_EITHER,
	 .help = "Name of the pool that serves it."},
	{.key = "backends", .type = FIELD_OBJECT, LIST(config_pool, backends, backend_count),
	 .object = &backend_object, .count_maximum = ABI_MAX_BACKENDS,
	 .flags = FIELD_EITHER | FIELD_INLINE,
	 .help = "Its servers, written here instead of in a pool: they make a pool of the service's name."},
	{.key = "health_check", .type = FIELD_OBJECT, IN(config_pool, health_check),
	 .object = &health_check_object, .flags = FIELD_INLINE,
	 .help = "How the `backends` written here are checked."},
	{.key = "hash_on", .type = FIELD_WORD, IN(config_service, hash_on), .words = hash_on_words,
	 .fallback = "address_port",
	 .help = "What of the client picks the backend: `address` sends one client always to the same, "
		 "`address_port` spreads its connections."},
	{.key = "when_down", .type = FIELD_WORD, IN(config_service, when_down),
	 .words = when_down_words, .fallback = "reset",
	 .help = "What a client gets when no backend is left: a `reset` of TCP and \"port "
		 "unreachable\" of UDP, or nothing (`drop`)."},
	{.key = "on_backend_down", .type = FIELD_WORD, IN(config_service, on_backend_down),
	 .words = on_backend_down_words, .fallback = "keep",
	 .help = "What becomes of the connections of a backend that goes down, or is put into `maint`: "
		 "`keep` them, or `reset` them on both sides as soon as one of them speaks. UDP goes on "
		 "with another backend either way."},
	{.key = "mss_clamp", .type = FIELD_NUMBER, IN(config_service, mss_clamp), .minimum = 88,
	 .maximum = 65495, .default_text = "none",
	 .help = "Most bytes of a TCP segment: the MSS that client and backend tell each other is lowered "
		 "to it. For paths that swallow the ICMP messages by which hosts find a path's MTU: that, "
		 "less 40 (IPv6: 60)."},
	{.key = "allow", .type = FIELD_PREFIX, LIST(config_service, allow, allow_count),
	 .count_maximum = ABI_MAX_RANGES, .flags = FIELD_NETWORK,
	 .help = "Clients that may use the service, as prefixes (`\"192.0.2.0/24\"`); none named: all."},
	{.key = "deny", .type = FIELD_PREFIX, LIST(config_service, deny, deny_count),
	 .count_maximum = ABI_MAX_RANGES, .flags = FIELD_NETWORK,
	 .help = "Clients that may not, be they in `allow` or not. Connections that are open when that changes go on."},
	{.key = "timeouts", .type = FIELD_OBJECT, IN(config_service, timeouts),
	 .object = &service_timeouts_object, .help = "Its own flow timeouts."},
};
static const struct field_object service_object = OBJECT("service", config_service,
	service_fields, "A virtual address and port that clients connect to.");

static const struct field vrrp_instance_fields[] = {
	{.key = "id", .type = FIELD_NUMBER, IN(config_vrrp_instance, id), .minimum = 1,
	 .maximum = 255, .flags = FIELD_REQUIRED,
	 .help = "Virtual router id: the same on both nodes, and nobody else's on this link."},
	{.key = "interface", .type = FIELD_TEXT, IN(config_vrrp_instance, interface), .maximum = 15,
	 .flags = FIELD_REQUIRED, .help = "Linux interface it speaks on, and its addresses are put on."},
	{.key = "advert_interval", .type = FIELD_DURATION,
	 IN(config_vrrp_instance, advert_interval), .minimum = 10, .maximum = 40950,
	 .fallback = "1s", .help = "From one advertisement to the next, in steps of 10 ms; of version 2 whole "
		 "seconds. The other node takes over when it has missed three."},
	{.key = "accept", .type = FIELD_BOOL, IN(config_vrrp_instance, accept), .fallback = "true",
	 .help = "Linux takes what is sent to its addresses and is of no service, ping among it. `false`: that is "
		 "dropped, but for ARP and neighbour discovery."},
	{.key = "peers", .type = FIELD_ADDRESS, LIST(config_vrrp_instance, peers, peer_count),
	 .count_maximum = 8, .default_text = "multicast",
	 .help = "Addresses of the nodes, to speak to them by unicast and to nobody else; that of this node may be "
		 "among them."},
	{.key = "addresses", .type = FIELD_PREFIX,
	 LIST(config_vrrp_instance, addresses, address_count), .count_minimum = 1,
	 .count_maximum = 255, .flags = FIELD_REQUIRED,
	 .help = "Addresses that move with it: services', and those backends have as their gateway."},
};
static const struct field_object vrrp_instance_object = OBJECT("vrrp_instance",
	config_vrrp_instance, vrrp_instance_fields, "A virtual router on one interface.");

static const struct field vrrp_service_fields[] = {
	{.key = "service", .type = FIELD_NAME, IN(config_vrrp_service, service),
	 .flags = FIELD_REQUIRED, .help = "Its name."},
	{.key = "min_backends", .type = FIELD_NUMBER, IN(config_vrrp_service, min_backends),
	 .minimum = 1, .maximum = 16384, .fallback = "1", .help = "With fewer of them up the priority is lower."},
	{.key = "lower_by", .type = FIELD_NUMBER, IN(config_vrrp_service, lower_by), .minimum = 1,
	 .maximum = 253, .fallback = "100", .help = "By so much; 1 is left at least."},
};
static const struct field_object vrrp_service_object = OBJECT("vrrp_service",
	config_vrrp_service, vrrp_service_fields, "A service whose backends the priority follows.");

static const struct field vrrp_group_fields[] = {
	{.key = "name", .type = FIELD_NAME, IN(config_vrrp_group, name), .flags = FIELD_REQUIRED,
	 .help = "What it is called."},
	{.key = "priority", .type = FIELD_NUMBER, IN(config_vrrp_group, priority), .minimum = 1,
	 .maximum = 254, .fallback = "150",
	 .help = "Priority of the preferred node. The node with the higher one is active."},
	{.key = "standby_priority", .type = FIELD_NUMBER, IN(config_vrrp_group, standby_priority),
	 .minimum = 1, .maximum = 254, .fallback = "100", .help = "That of the other."},
	{.key = "preferred_node", .type = FIELD_NUMBER, IN(config_vrrp_group, preferred_node),
	 .maximum = 1, .fallback = "0",
	 .help = "`id` of the preferred node: of two groups each node may be preferred for one."},
	{.key = "preempt", .type = FIELD_BOOL, IN(config_vrrp_group, preempt), .fallback = "true",
	 .help = "Take over from an active node of lower priority."},
	{.key = "preempt_delay", .type = FIELD_DURATION, IN(config_vrrp_group, preempt_delay),
	 .maximum = HOURS(1), .fallback = "0s", .help = "Wait as long before that."},
	{.key = "version", .type = FIELD_NUMBER, IN(config_vrrp_group, version), .minimum = 2,
	 .maximum = 3, .fallback = "3",
	 .help = "Version of the protocol: 3 (RFC 9568), or 2 (RFC 3768, IPv4 only) beside a node that has no other."},
	{.key = "notify", .type = FIELD_TEXT, IN(config_vrrp_group, notify), .maximum = 255,
	 .default_text = "none",
	 .help = "Program that is run on each transition, with the arguments keepalived gives: `GROUP`, name, "
		 "`MASTER`, `BACKUP` or `FAULT`, priority."},
	{.key = "local_pools", .type = FIELD_NAME,
	 LIST(config_vrrp_group, local_pools, local_pool_count), .count_maximum = ABI_MAX_LOCAL_POOLS,
	 .help = "Local pools whose addresses move with the group."},
	{.key = "track_interfaces", .type = FIELD_TEXT,
	 LIST(config_vrrp_group, track_interfaces, track_interface_count), .count_maximum = 32,
	 .help = "Linux interfaces without whose link this node does not serve, beside those of the instances."},
	{.key = "track_services", .type = FIELD_OBJECT,
	 LIST(config_vrrp_group, track_services, track_service_count), .object = &vrrp_service_object,
	 .count_maximum = 64, .help = "Services whose backends the priority follows."},
	{.key = "instances", .type = FIELD_OBJECT,
	 LIST(config_vrrp_group, instances, instance_count), .object = &vrrp_instance_object,
	 .count_minimum = 1, .count_maximum = 32, .flags = FIELD_REQUIRED,
	 .help = "Its virtual routers; they change state together."},
};
static const struct field_object vrrp_group_object = OBJECT("vrrp_group", config_vrrp_group,
	vrrp_group_fields, "Addresses that one node of a pair holds at a time.");

static const struct field root_fields[] = {
	{.key = "revision", .type = FIELD_NUMBER, IN(config, revision), .maximum = INT64_MAX,
	 .fallback = "0", .help = "Counts changes; kept by the API."},
	{.key = "manage_sysctls", .type = FIELD_BOOL, IN(config, manage_sysctls),
	 .fallback = "false",
	 .help = "Set the sysctls that are needed, instead of only saying which ones are wrong."},
	{.key = "node", .type = FIELD_OBJECT, IN(config, node), .object = &node_object,
	 .help = "What differs between the nodes of a pair."},
	{.key = "dataplane", .type = FIELD_OBJECT, IN(config, dataplane),
	 .object = &dataplane_object, .help = "Ports and workers."},
	{.key = "api", .type = FIELD_OBJECT, IN(config, api), .object = &api_object,
	 .help = "The REST API."},
	{.key = "defaults", .type = FIELD_OBJECT, IN(config, defaults), .object = &defaults_object,
	 .help = "What holds for all services."},
	{.key = "local_pools", .type = FIELD_OBJECT, LIST(config, local_pools, local_pool_count),
	 .object = &local_pool_object, .count_maximum = ABI_MAX_LOCAL_POOLS,
	 .help = "Source addresses of `full-nat`."},
	{.key = "pools", .type = FIELD_OBJECT, LIST(config, pools, pool_count),
	 .object = &pool_object, .count_maximum = ABI_MAX_RINGS, .flags = FIELD_POOLS,
	 .help = "Servers."},
	{.key = "services", .type = FIELD_OBJECT, LIST(config, services, service_count),
	 .object = &service_object, .count_maximum = ABI_MAX_SERVICES,
	 .help = "Virtual addresses and ports."},
	{.key = "vrrp_groups", .type = FIELD_OBJECT, LIST(config, vrrp_groups, vrrp_group_count),
	 .object = &vrrp_group_object, .count_maximum = ABI_MAX_GROUPS,
	 .help = "Addresses that one node of a pair holds at a time."},
};
const struct field_object fields_root = OBJECT("configuration", config, root_fields,
	"The document.");

/* clang-format on */

/* A local pool's ports are read as one range. */
_Static_assert(offsetof(struct config_port_range, last) -
			       offsetof(struct config_port_range, first) ==
		       offsetof(struct config_local_pool, port_last) -
			       offsetof(struct config_local_pool, port_first),
	       "port_first and port_last lie as in struct config_port_range");

const struct field *fields_find(const struct field_object *object, const char *key)
{
	for (size_t i = 0; i < object->field_count; i++) {
		if (strcmp(object->fields[i].key, key) == 0)
			return &object->fields[i];
	}
	return NULL;
}

json_t *fields_default(const struct field *field)
{
	if (field->fallback == NULL)
		return NULL;
	if (field->type == FIELD_BOOL)
		return json_boolean(strcmp(field->fallback, "true") == 0);
	if (field->type == FIELD_NUMBER)
		return json_integer(strtoll(field->fallback, NULL, 10));
	return json_string(field->fallback);
}

static size_t gather(const struct field_object *object, const struct field_object **objects,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (objects[i] == object)
			return count;
	}
	if (count == FIELDS_OBJECTS_MAX)
		return count;
	objects[count++] = object;
	for (size_t i = 0; i < object->field_count; i++) {
		if (object->fields[i].object != NULL)
			count = gather(object->fields[i].object, objects, count);
	}
	return count;
}

size_t fields_objects(const struct field_object *objects[FIELDS_OBJECTS_MAX])
{
	return gather(&fields_root, objects, 0);
}
