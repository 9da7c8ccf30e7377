/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Every fault, by the edits that bring it about: all of them are listed, and no others. */
#include "tests/unit/config/document.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	struct edit edits[5];
	const char *faults[6]; /* "POINTER: part of the sentence", in the document's order */
};

static const struct row rows[] = {
	/* clang-format off */
	/* Nothing is wrong. */
	{{{NULL, NULL}}, {NULL}},

	/* Keys. */
	{{{"/node", "{'nmae': 'lb1'}"}}, {"/node/nmae: did you mean \"name\"?"}},
	{{{"/colour", "1"}}, {"/colour: known are revision, manage_sysctls, node"}},
	{{{"/node", "{'a/b~c': 1}"}}, {"/node/a~1b~0c: not known"}},
	{{{"/services/0/name", NULL}}, {"/services/0: \"name\" is missing: write a name"}},
	{{{"/services/0/addresses", NULL}}, {"/services/0: \"addresses\" is missing"}},
	{{{"/pools/0/backends/1/address", NULL}}, {"/pools/0/backends/1: \"address\" is missing"}},

	/* Types. */
	{{{"/dataplane", "[]"}}, {"/dataplane: expected an object, got a list"}},
	{{{"/pools/0/backends", "{}"}}, {"/pools/0/backends: expected a list, got an object"}},
	{{{"/pools/0/backends/0", "'a'"}}, {"/pools/0/backends/0: expected an object, got a text"}},
	{{{"/manage_sysctls", "1"}}, {"/manage_sysctls: expected true or false, got a number"}},
	{{{"/defaults", "{'drain_timeout': 500}"}},
	 {"/defaults/drain_timeout: expected a duration such as \"500ms\", got a number"}},
	{{{"/pools/0/backends/0/port", "'80'"}},
	 {"/pools/0/backends/0/port: expected a whole number, got a text"}},
	{{{"/pools/0/backends/0/weight", "1.5"}},
	 {"/pools/0/backends/0/weight: expected a whole number, got a number with a fraction"}},
	{{{"/services/0/ports/0", "80"}}, {"/services/0/ports/0: expected ports in quotes"}},
	{{{"/services/0/name", "null"}}, {"/services/0/name: expected a name in quotes, got null"}},
	{{{"/services/0/protocol", "true"}}, {"/services/0/protocol: got true"}},

	/* Values. */
	{{{"/node", "{'id': 2}"}}, {"/node/id: 2 is out of range: write 0 to 1"}},
	{{{"/node", "{'id': -1}"}}, {"/node/id: -1 is out of range"}},
	{{{"/pools/0/backends/0/port", "65536"}}, {"/pools/0/backends/0/port: out of range"}},
	{{{"/pools/0/backends/0/port", "0"}}, {"/pools/0/backends/0/port: write 1 to 65535"}},
	{{{"/pools/0/backends/0/weight", "1001"}}, {"/pools/0/backends/0/weight: out of range"}},
	{{{"/dataplane/flows_per_worker", "1023"}}, {"/dataplane/flows_per_worker: out of range"}},
	{{{"/dataplane/flows_per_worker_ipv6", "134217729"}},
	 {"/dataplane/flows_per_worker_ipv6: write 1024 to 134217728"}},
	{{{"/defaults", "{'drain_timeout': '25h'}"}},
	 {"/defaults/drain_timeout: \"25h\" is out of range: write 0s to 24h"}},
	{{{"/defaults", "{'drain_timeout': '5 s'}"}}, {"/defaults/drain_timeout: is no duration"}},
	{{{"/defaults", "{'drain_timeout': '1.5s'}"}}, {"/defaults/drain_timeout: is no duration"}},
	{{{"/defaults", "{'drain_timeout': 's'}"}}, {"/defaults/drain_timeout: is no duration"}},
	{{{"/defaults", "{'drain_timeout': '10'}"}}, {"/defaults/drain_timeout: is no duration"}},
	{{{"/defaults", "{'drain_timeout': '999999999999999999h'}"}},
	 {"/defaults/drain_timeout: out of range"}},
	{{{"/services/0/forwarding", "'fullnat'"}},
	 {"/services/0/forwarding: did you mean \"full-nat\"?"}},
	{{{"/services/0/forwarding", "'tunnel'"}},
	 {"/services/0/forwarding: write \"dnat\" or \"full-nat\""}},
	{{{"/services/0/name", "'a b'"}}, {"/services/0/name: \"a b\" is no name"}},
	{{{"/services/0/name", "''"}}, {"/services/0/name: is empty"}},
	{{{"/services/0/name", "'0123456789012345678901234567890123456789012345678901234567890123'"}},
	 {"/services/0/name: is too long: write 1 to 63 characters"}},
	{{{"/dataplane/ports/0/name", "'longer-than-12'"}},
	 {"/dataplane/ports/0/name: write 1 to 12 characters"}},
	{{{"/services/0/addresses/0", "'198.51.100'"}}, {"/services/0/addresses/0: is no IP address"}},
	{{{"/services/0/addresses/0", "'198.51.100.1/32'"}},
	 {"/services/0/addresses/0: without a prefix length"}},
	{{{"/services/0/addresses", "[]"}}, {"/services/0/addresses: the list is empty"}},
	{{{"/services/0/ports/0", "'0'"}}, {"/services/0/ports/0: names no ports"}},
	{{{"/services/0/ports/0", "'65536'"}}, {"/services/0/ports/0: names no ports"}},
	{{{"/services/0/ports/0", "'80-'"}}, {"/services/0/ports/0: names no ports"}},
	{{{"/services/0/ports/0", "'080'"}}, {"/services/0/ports/0: names no ports"}},
	{{{"/services/0/ports/0", "'90-80'"}}, {"/services/0/ports/0: ends before it begins"}},
	{{{"/dataplane/next_hops/0/mac", "'02:00:5e:00:53'"}},
	 {"/dataplane/next_hops/0/mac: is no MAC address"}},
	{{{"/dataplane/next_hops/0/vlan", "4095"}}, {"/dataplane/next_hops/0/vlan: out of range"}},
	{{{"/dataplane/ports/1/mtu", "1279"}}, {"/dataplane/ports/1/mtu: out of range"}},
	{{{"/dataplane/ports/1/mtu", "9001"}}, {"/dataplane/ports/1/mtu: out of range"}},
	{{{"/dataplane/ports/0/mtu", "9000"}},
	 {"/dataplane/ports/0/mtu: the MTU of an af_xdp: port is its interface's"}},
	{{{"/dataplane/eal_args", "['a\\nb']"}}, {"/dataplane/eal_args/0: \"a?b\" holds a control"}},

	/* Devices. */
	{{{"/dataplane/ports/0/device", "'eth1'"}},
	 {"/dataplane/ports/0/device: is no device: begin with \"af_xdp:\""}},
	{{{"/dataplane/ports/0/device", "'af_xdp:'"}}, {"/dataplane/ports/0/device: name a Linux"}},
	{{{"/dataplane/ports/0/device", "'af_xdp:a-name-of-16-cha'"}},
	 {"/dataplane/ports/0/device: name a Linux interface"}},
	{{{"/dataplane/ports/0/device", "'pci:0/1'"}}, {"/dataplane/ports/0/device: name a PCI"}},
	{{{"/dataplane/ports/0/device", "'memif:/run/m.sock,client'"}},
	 {"/dataplane/ports/0/device: only \",server\""}},
	{{{"/dataplane/ports/0/device", "'memif:/run/m.sock,queues=65'"}},
	 {"/dataplane/ports/0/device: a memif has 1 to 64 queues"}},
	{{{"/dataplane/ports/0/device", "'pcap:in.pcap'"}}, {"/dataplane/ports/0/device: two files"}},
	{{{"/dataplane/ports/0/device", "'null:0'"}}, {"/dataplane/ports/0/device: nothing may stand"}},
	{{{"/dataplane/ports/1/device", "'af_xdp:eth1'"}, {"/dataplane/next_hops", NULL}},
	 {"/dataplane/ports/1/device: is the device of /dataplane/ports/0 already"}},
	{{{"/dataplane/ports", "[]"}, {"/dataplane/next_hops", NULL}},
	 {": there are services but no ports"}},

	/* Names that come twice. */
	{{{"/dataplane/ports/1/name", "'wan'"}, {"/dataplane/next_hops", NULL}},
	 {"/dataplane/ports/1/name: that of /dataplane/ports/0 already"}},
	{{{"/local_pools/-", "{'name': 'snat', 'addresses': ['192.0.2.251']}"}},
	 {"/local_pools/1/name: \"snat\" is that of /local_pools/0 already"}},
	{{{"/pools/-", "{'name': 'web'}"}}, {"/pools/1/name: \"web\" is that of /pools/0 already"}},
	{{{"/pools/0/backends/1/name", "'a'"}},
	 {"/pools/0/backends/1/name: \"a\" is that of /pools/0/backends/0 already"}},
	{{{"/services/1/name", "'kept'"}}, {"/services/1/name: that of /services/0 already"}},
	{{{"/services/2/name", "'web'"}},
	 {"/services/2/name: \"web\" is also the name of /pools/0"}},
	{{{"/services/0/name", "'inline'"}}, {"/services/2/name: that of /services/0 already"}},

	/* Names that point nowhere. */
	{{{"/services/0/pool", "'wbe'"}},
	 {"/services/0/pool: there is no pool \"wbe\"; did you mean \"web\"?"}},
	{{{"/services/0/pool", "'mail'"}}, {"/services/0/pool: name one of /pools"}},
	{{{"/services/0/pool", "'inline'"}}, {"/services/0/pool: move its backends to /pools"}},
	{{{"/services/1/local_pool", "'dnat'"}}, {"/services/1/local_pool: did you mean \"snat\"?"}},
	{{{"/dataplane/next_hops/0/port", "'dmz'"}},
	 {"/dataplane/next_hops/0/port: there is no port \"dmz\""}},

	/* The dataplane. */
	{{{"/dataplane/next_hops/0/port", "'wan'"}}, {"/dataplane/next_hops/0/port: come from Linux"}},
	{{{"/dataplane/next_hops/0/mac", "'01:00:5e:00:00:01'"}},
	 {"/dataplane/next_hops/0/mac: this is a group address"}},
	{{{"/dataplane/next_hops/0/mac", "'00:00:00:00:00:00'"}},
	 {"/dataplane/next_hops/0/mac: this is nobody's address"}},
	{{{"/dataplane/next_hops/-",
	   "{'address': '192.0.2.11', 'mac': '02:00:5e:00:53:02', 'port': 'lan'}"}},
	 {"/dataplane/next_hops/1/address: is the address of /dataplane/next_hops/0 already"}},
	{{{"/dataplane/cores", "[1, 2]"}}, {"/dataplane/cores: 2, is not that of workers, 1"}},
	{{{"/dataplane/cores", "[1, 1]"},
	  {"/dataplane/workers", "2"},
	  {"/dataplane/idle", "'poll'"}},
	 {"/dataplane/cores/1: core 1 is named twice"}},

	/* The ring. */
	{{{"/defaults", "{'maglev_size': 65536}"}},
	 {"/defaults/maglev_size: 65536 is no prime, and a ring's size must be one: the next is 65537"}},
	{{{"/defaults", "{'maglev_size': 7}"},
	  {"/services/2/backends",
	   "[{'name': 'a', 'address': '192.0.2.1', 'port': 1},"
	   " {'name': 'b', 'address': '192.0.2.2', 'port': 1},"
	   " {'name': 'c', 'address': '192.0.2.3', 'port': 1},"
	   " {'name': 'd', 'address': '192.0.2.4', 'port': 1},"
	   " {'name': 'e', 'address': '192.0.2.5', 'port': 1},"
	   " {'name': 'f', 'address': '192.0.2.6', 'port': 1},"
	   " {'name': 'g', 'address': '192.0.2.7', 'port': 1},"
	   " {'name': 'h', 'address': '192.0.2.8', 'port': 1}]"}},
	 {"/services/2/backends: 8 backends do not fit in a ring of 7 slots"}},

	/* Pools and their checks. */
	{{{"/pools/0/backends/1/address", "'192.0.2.11'"}},
	 {"/pools/0/backends/1/address: is /pools/0/backends/0 already: give it a larger weight"}},
	{{{"/pools/0/health_check", "{'interval': '1s', 'timeout': '2s'}"}},
	 {"/pools/0/health_check: the timeout (2000 ms) is longer than the interval (1000 ms)"}},
	{{{"/pools/0/health_check", "{'interval': '1s', 'timeout': '1s'}"}}, {NULL}},
	{{{"/pools/0/health_check", "{'path': '/healthz'}"}},
	 {"/pools/0/health_check: set \"type\" to \"http\""}},
	{{{"/pools/0/health_check", "{'type': 'http', 'path': 'healthz'}"}},
	 {"/pools/0/health_check/path: a path begins with \"/\""}},
	{{{"/pools/0/health_check", "{'type': 'http', 'host': 'http://a'}"}},
	 {"/pools/0/health_check/host: without scheme"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'host': '[2001:db8::1]:80'}"}}, {NULL}},
	{{{"/pools/0/health_check", "{'type': 'http', 'host': '2001:db8::1'}"}},
	 {"/pools/0/health_check/host: write an IPv6 address in brackets"}},
	{{{"/pools/0/health_check", "{'statuses': ['200']}"}}, {"/pools/0/health_check: set \"type\" to \"http\""}},
	{{{"/pools/0/health_check", "{'type': 'http', 'tls_verify': false}"}},
	 {"/pools/0/health_check: set \"type\" to \"https\""}},
	{{{"/pools/0/health_check", "{'type': 'http', 'statuses': ['99', '200-600', '300-200', '2xx', '204']}"}},
	 {"/pools/0/health_check/statuses/0: names no HTTP statuses from 100 to 599",
	  "/pools/0/health_check/statuses/1: names no HTTP statuses",
	  "/pools/0/health_check/statuses/2: ends before it begins",
	  "/pools/0/health_check/statuses/3: names no HTTP statuses"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'statuses': [200]}"}},
	 {"/pools/0/health_check/statuses/0: expected HTTP statuses in quotes"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'headers': [{'name': 'X-A', 'value': 'a\\r\\nHost: b'}]}"}},
	 {"/pools/0/health_check/headers/0/value: holds a control character"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'headers': [{'name': 'X: A', 'value': 'a'}]}"}},
	 {"/pools/0/health_check/headers/0/name: is no name"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'headers': [{'name': 'hOst', 'value': 'a'},"
	   " {'name': 'Connection', 'value': 'a'}]}"}},
	 {"/pools/0/health_check/headers/0/name: write the Host header as \"host\"",
	  "/pools/0/health_check/headers/1/name: the check itself sets this header"}},
	{{{"/pools/0/health_check", "{'type': 'http', 'method': 'HEAD', 'body': 'ok'}"}},
	 {"/pools/0/health_check/body: an answer to HEAD has no body"}},
	{{{"/pools/0/health_check", "{'type': 'https', 'tls_ca_file': 'ca.pem'}"}},
	 {"/pools/0/health_check/tls_ca_file: write an absolute path"}},
	{{{"/pools/0/health_check", "{'type': 'https', 'tls_server_name': 'a:443'}"}},
	 {"/pools/0/health_check/tls_server_name: without scheme, port and path"}},
	{{{"/pools/0/health_check", "{'interval': '1s', 'fast_interval': '2s'}"}},
	 {"/pools/0/health_check/fast_interval: it is longer than the interval (1000 ms)"}},
	/* What the defaults say is faulted there, once; a pool need not use it all. */
	{{{"/defaults", "{'health_check': {'path': 'x'}}"}},
	 {"/defaults/health_check/path: a path begins with \"/\""}},
	{{{"/defaults", "{'health_check': {'path': '/x', 'body': 'ok', 'tls_verify': false}}"}}, {NULL}},
	{{{"/defaults", "{'health_check': {'interval': '300ms', 'timeout': '300ms', 'fast_interval': '100ms'}}"}},
	 {NULL}},
	{{{"/services/2/ports/-", "'443'"}}, {"/services/2/backends/0: which port to check is not known"}},
	{{{"/services/2/backends/-", "{'name': 'b', 'address': '192.0.2.22', 'port': 8080}"}},
	 {"/services/2/backends/0: which port to check is not known"}},
	{{{"/services/0/health_check", "{}"}}, {"/services/0/health_check: move it to its pool"}},

	/* Services. */
	{{{"/services/0/pool", NULL}}, {"/services/0: neither \"pool\" nor \"backends\" is here"}},
	{{{"/services/2/pool", "'web'"}}, {"/services/2: both \"pool\" and \"backends\" are here"}},
	{{{"/services/0/forwarding", "'full-nat'"}}, {"/services/0: set \"local_pool\""}},
	{{{"/services/0/mss_clamp", "87"}}, {"/services/0/mss_clamp: out of range"}},
	{{{"/services/0/mss_clamp", "65496"}}, {"/services/0/mss_clamp: out of range"}},
	{{{"/services/0/mss_clamp", "1220"}, {"/services/0/protocol", "'udp'"}},
	 {"/services/0/mss_clamp: only TCP has segments"}},
	{{{"/services/1/forwarding", "'dnat'"}}, {"/services/1/local_pool: uses no local pool"}},
	{{{"/services/1/forwarding", NULL}}, {"/services/1/local_pool: uses no local pool"}},
	{{{"/services/1/addresses/0", "'198.51.100.10'"}},
	 {"/services/1/addresses/0: 198.51.100.10, port 80 (tcp), is served by /services/0 already"}},
	{{{"/services/1/addresses/0", "'198.51.100.10'"}, {"/services/1/protocol", "'udp'"}}, {NULL}},
	{{{"/services/1/addresses/0", "'198.51.100.10'"}, {"/services/1/ports/0", "'81'"}}, {NULL}},
	{{{"/services/0/addresses/-", "'198.51.100.10'"}},
	 {"/services/0/addresses/1: 198.51.100.10 is named twice"}},
	{{{"/services/0/ports/-", "'80'"}}, {"/services/0/ports/1: 80 is named twice"}},
	/* A range may hold a single port, all ports a range; what is as wide must not overlap. */
	{{{"/services/1/addresses/0", "'198.51.100.10'"}, {"/services/1/ports/0", "'70-90'"}}, {NULL}},
	{{{"/services/1/addresses/0", "'198.51.100.10'"}, {"/services/1/ports/0", "'*'"}}, {NULL}},
	{{{"/services/0/ports/0", "'80-99'"}, {"/services/1/addresses/0", "'198.51.100.10'"},
	  {"/services/1/ports/0", "'*'"}},
	 {NULL}},
	{{{"/services/0/ports", "['*', '70-90', '80', '91-95']"}}, {NULL}},
	{{{"/services/0/ports/0", "'80-99'"}, {"/services/1/addresses/0", "'198.51.100.10'"},
	  {"/services/1/ports/0", "'90-110'"}},
	 {"/services/1/addresses/0: 198.51.100.10, ports 90-110 (tcp), is served by /services/0 already"}},
	{{{"/services/0/ports/0", "'*'"}, {"/services/1/addresses/0", "'198.51.100.10'"},
	  {"/services/1/ports/0", "'*'"}},
	 {"/services/1/addresses/0: 198.51.100.10, ports * (tcp), is served by /services/0 already"}},
	{{{"/services/0/ports/0", "'*'"}, {"/services/1/addresses/0", "'198.51.100.10'"},
	  {"/services/1/ports/0", "'1-65535'"}},
	 {"/services/1/addresses/0: 198.51.100.10, ports 1-65535 (tcp), is served by /services/0"}},
	{{{"/services/0/ports/0", "'*'"}, {"/services/1/addresses/0", "'198.51.100.10'"},
	  {"/services/1/ports/0", "'*'"}, {"/services/1/protocol", "'udp'"}},
	 {NULL}},

	/* Addresses. */
	{{{"/local_pools/0/addresses/0", "'198.51.100.10'"}},
	 {"/local_pools/0/addresses/0: is the address of /services/0: give the local pool an address"}},
	{{{"/pools/0/backends/0/address", "'198.51.100.11'"}},
	 {"/pools/0/backends/0/address: is the address of /services/1: a backend is another machine"}},
	{{{"/services/2/backends/0/address", "'192.0.2.250'"}},
	 {"/services/2/backends/0/address: is the address of /local_pools/0"}},
	{{{"/pools/0/backends/0/address", "'127.0.0.1'"}},
	 {"/pools/0/backends/0/address: 127.0.0.1 is a loopback address"}},
	{{{"/services/0/addresses/0", "'224.0.0.1'"}}, {"/services/0/addresses/0: a multicast address"}},
	{{{"/services/0/addresses/0", "'255.255.255.255'"}}, {"/services/0/addresses/0: the broadcast"}},
	{{{"/local_pools/0/addresses/0", "'0.0.0.0'"}}, {"/local_pools/0/addresses/0: of no machine"}},
	{{{"/local_pools/-", "{'name': 'more', 'addresses': ['192.0.2.250'], 'ports': '2000-3000'}"}},
	 {"/local_pools/1/addresses/0: 192.0.2.250 is in /local_pools/0 too"}},
	{{{"/local_pools/0/ports", "'1024-1999'"},
	  {"/local_pools/-", "{'name': 'more', 'addresses': ['192.0.2.250'], 'ports': '2000-3000'}"}},
	 {NULL}},
	{{{"/local_pools/0/addresses/-", "'192.0.2.250'"}},
	 {"/local_pools/0/addresses/1: 192.0.2.250 is named twice"}},
	{{{"/local_pools/0/ports", "'*'"}}, {"/local_pools/0/ports: would leave no port to Linux"}},

	/* Families. */
	{{{"/services/0/addresses/-", "'2001:db8::1'"}},
	 {"/services/0/addresses/1: IPv4 and IPv6 are mixed: make a service for each family"}},
	{{{"/local_pools/0/addresses/-", "'2001:db8::1'"}},
	 {"/local_pools/0/addresses/1: IPv4 and IPv6 are mixed: make a pool for each family"}},
	{{{"/pools/0/backends/1/address", "'2001:db8::1'"}},
	 {"/pools/0/backends/1/address: IPv4 and IPv6 are mixed: make a pool for each family"}},
	{{{"/services/1/addresses/0", "'2001:db8::1'"}},
	 {"/services/1/pool: addresses are IPv6, those of its backends are not",
	  "/services/1/local_pool: addresses are IPv6, those of its local pool are not"}},
	{{{"/services/2/backends/0/address", "'2001:db8::1'"}},
	 {"/services/2: addresses are IPv4, those of its backends are not"}},
	{{{"/services/2/addresses", "['2001:db8::10', '2001:db8::11']"},
	  {"/services/2/backends/0/address", "'2001:db8:1::1'"}},
	 {NULL}},
	{{{"/services/2/addresses", "['2001:db8::10', '2001:0db8::0:10']"},
	  {"/services/2/backends/0/address", "'2001:db8:1::1'"}},
	 {"/services/2/addresses/1: 2001:db8::10 is named twice"}},
	{{{"/services/2/addresses/0", "'2001:db8::10'"}, {"/services/2/backends/0/address", "'2001:db8::10'"}},
	 {"/services/2/backends/0/address: 2001:db8::10 is the address of /services/2"}},
	{{{"/services/2/addresses/0", "'2001:db8::10'"}, {"/services/2/backends/0/address", "'fe80::1'"}},
	 {"/services/2/backends/0/address: fe80::1 is a link-local address, and nothing says of which link"}},
	{{{"/services/2/addresses/0", "'ff02::1'"}, {"/services/2/backends/0/address", "'::1'"}},
	 {"/services/2/addresses/0: ff02::1 is a multicast address",
	  "/services/2/backends/0/address: ::1 is a loopback address"}},
	{{{"/services/2/addresses/0", "'::'"}, {"/services/2/backends/0/address", "'2001:db8:1::1'"}},
	 {"/services/2/addresses/0: is an address of no machine"}},
	{{{"/services/2/addresses/0", "'::ffff:192.0.2.1'"}}, {"/services/2/addresses/0: is no IP address"}},
	{{{"/dataplane/next_hops/0/address", "'fe80::1'"}}, {NULL}},
	{{{"/dataplane/next_hops/0/address", "'ff02::1'"}},
	 {"/dataplane/next_hops/0/address: ff02::1 is a multicast address: write the neighbour's own"}},

	/* Clients. */
	{{{"/services/0/allow", "['0.0.0.0/0', '192.0.2.1']"}, {"/services/0/deny", "['192.0.2.0/24']"}}, {NULL}},
	{{{"/services/0/allow", "['192.0.2.1/24']"}}, {"/services/0/allow/0: has bits set behind its prefix"}},
	{{{"/services/0/allow", "['::/0']"}, {"/services/0/deny", "['192.0.2.0/24', '2001:db8::/32']"}},
	 {"/services/0/allow/0: addresses are IPv4, and no client of another family",
	  "/services/0/deny/1: addresses are IPv4, and no client of another family"}},
	{{{"/services/0/deny", "['192.0.2.0/33']"}}, {"/services/0/deny/0: write 0 to 32 behind the slash"}},
	{{{"/services/0/deny", "['2001:db8::/129']"}}, {"/services/0/deny/0: write 0 to 128 behind the slash"}},

	/* VRRP groups. */
	{{{"/vrrp_groups", "[]"}}, {NULL}},
#define MAIN(instance) "[{'name': 'main', 'instances': [{'id': 51, 'interface': 'eth1', " instance "}]}]"
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/32']")}}, {NULL}},
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/24'], 'accept': false")}}, {NULL}},
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/24'], 'advert_interval': '15ms'")}},
	 {"/vrrp_groups/0/instances/0/advert_interval: write \"20ms\""}},
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/24', '2001:db8::1/64'], 'peers': ['2001:db8::2']")}},
	 {"/vrrp_groups/0/instances/0/addresses/1: make an instance for each family",
	  "/vrrp_groups/0/instances/0/peers/0: so are its packets"}},
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/24', '198.51.100.10/32', '224.0.0.1/32']")}},
	 {"/vrrp_groups/0/instances/0/addresses/1: 198.51.100.10 moves with /vrrp_groups/0/instances/0/addresses/0 already",
	  "/vrrp_groups/0/instances/0/addresses/2: a multicast address"}},
	/* The full-NAT service goes without its pool. */
	{{{"/vrrp_groups", MAIN("'addresses': ['198.51.100.11/32']")}},
	 {"/services/1/local_pool: it moves with the VRRP group none, the service with main"}},
	{{{"/vrrp_groups", "[{'name': 'main', 'local_pools': ['snat', 'tans'], 'notify': 'run', 'track_services': "
			   "[{'service': 'x'}], 'instances': [{'id': 51, 'interface': 'eth1', "
			   "'addresses': ['198.51.100.11/32']}]}]"}},
	 {"/vrrp_groups/0/local_pools/1: there is no local pool \"tans\"",
	  "/vrrp_groups/0/notify: write an absolute path",
	  "/vrrp_groups/0/track_services/0/service: there is no service \"x\""}},
	{{{"/services/0/addresses/-", "'198.51.100.14'"}, {"/vrrp_groups", MAIN("'addresses': ['198.51.100.10/32']")}},
	 {"/services/0/addresses/1: it moves with the VRRP group none, the service's first address with main"}},
	{{{"/vrrp_groups", "[{'name': 'a', 'version': 2, 'instances': [{'id': 51, 'interface': 'eth1', "
			   "'advert_interval': '100ms', 'addresses': ['10.9.0.1/32']}]}, "
			   "{'name': 'a', 'instances': [{'id': 51, 'interface': 'eth1', 'addresses': ['10.9.0.2/32']}, "
			   "{'id': 51, 'interface': 'eth1', 'addresses': ['2001:db8::9/128']}]}]"}},
	 {"/vrrp_groups/0/instances/0/advert_interval: version 2 counts whole seconds",
	  "/vrrp_groups/1/name: the name \"a\" is that of /vrrp_groups/0 already",
	  "/vrrp_groups/1/instances/0/id: is the virtual router of /vrrp_groups/0/instances/0 on eth1 already"}},
	{{{"/node", "{'peer_api': 'unix:/run/api.sock'}"}}, {"/node/peer_api: write \"ADDRESS:PORT\""}},
	{{{"/node", "{'peer_api': '10.9.0.2:7117'}"}}, {NULL}},
#undef MAIN

	/* The rest. */
	{{{"/services/0/on_backend_down", "'reset'"}}, {NULL}},
	{{{"/services/0/on_backend_down", "'drop'"}}, {"/services/0/on_backend_down: write \"keep\" or \"reset\""}},
	{{{"/api", "{'listen': ['10.0.0.1:7117', 'unix:api.sock']}"}},
	 {"/api/listen/0: without a \"token_file\" the API does not ask", "/api/listen/1: write an absolute path"}},
	{{{"/api", "{'listen': ['10.0.0.1:7117', '[::]:7117'], 'token_file': '/etc/headrace/token'}"}}, {NULL}},
	{{{"/api", "{'token_file': 'token'}"}}, {"/api/token_file: write an absolute path"}},
	{{{"/api", "{'listen': ['127.0.0.1', '[127.0.0.1]:80', '::1:7117', '[::1]:0', 'localhost:80']}"}},
	 {"/api/listen/0: write", "/api/listen/1: write", "/api/listen/2: write", "/api/listen/3: write",
	  "/api/listen/4: write"}},

	/* All at once, in the order of the document. */
	{{{"/pools/0/backends/0/port", "'x'"}, {"/services/0/pool", "'wbe'"},
	  {"/dataplane/idle", "'nap'"}, {"/more", "1"}},
	 {"/dataplane/idle: write \"poll\" or \"sleep\"", "/pools/0/backends/0/port: expected",
	  "/services/0/pool: there is no pool", "/more: not known"}},
	/* clang-format on */
};

static bool is_expected(const struct config_error *error, const char *expected)
{
	const char *colon = strstr(expected, ": ");
	size_t length = (size_t)(colon - expected);

	return strlen(error->pointer) == length && strncmp(error->pointer, expected, length) == 0 &&
	       strstr(error->detail, colon + 2) != NULL;
}

/* True when the faults are those of the row. */
static bool check_row(const struct row *row)
{
	char *text = document_edit(row->edits);
	struct config_errors errors;
	struct config *config;
	size_t expected = 0;
	bool right = true;

	int error = config_parse(text, strlen(text), &config, &errors);
	for (; row->faults[expected] != NULL; expected++) {
		if (expected >= errors.count ||
		    !is_expected(&errors.items[expected], row->faults[expected]))
			right = false;
	}
	right = right && expected == errors.count;
	if (!right) {
		print_error("edit %s = %s\n", row->edits[0].pointer, row->edits[0].value);
		config_errors_print("got", &errors, stderr);
	}
	assert_int_equal(error, expected == 0 ? 0 : -EINVAL);
	assert_int_equal(config == NULL, expected != 0);
	for (size_t i = 0; i < errors.count; i++)
		assert_true(errors.items[i].line > 0 && errors.items[i].column > 0);
	config_errors_free(&errors);
	config_free(config);
	free(text);
	return right;
}

static void test_each_fault_has_its_sentence(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		wrong += !check_row(&rows[i]);
	assert_int_equal(wrong, 0);
}

/* Faults of the text itself: what is broken, or there twice, has its line and column. */
static const struct {
	const char *text;
	const char *pointer, *detail;
	int line, column;
} texts[] = {
	{"{'node': {'id': 1,,}}", "", "the JSON is broken here: ", 1, 19},
	{"{\n 'node': {'id':\n  nul}}", "", "the JSON is broken here: ", 3, 5},
	{"", "", "the JSON is broken here: ", 1, 1},
	{"[]", "", "expected an object, got a list", 1, 1},
	{"\n  'text'", "", "the JSON is broken here: ", 2, 8},
	{"{'node': {'id': 0,\n 'id': 1}}", "/node/id", "twice", 2, 2},
	{"{'node': {'name': 'a', '\\u006eame': 'b'}}", "/node/name", "twice", 1, 24},
	{"{'x\xc3\xa9': {},\t'y': 1}", "/y", "not known", 1, 12},
};

static void test_faults_of_the_text_are_placed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *text = document_quote(texts[i].text);
		struct config_errors errors;
		struct config *config;
		assert_int_equal(config_parse(text, strlen(text), &config, &errors), -EINVAL);
		const struct config_error *last = &errors.items[errors.count - 1];
		assert_string_equal(last->pointer, texts[i].pointer);
		assert_non_null(strstr(last->detail, texts[i].detail));
		assert_int_equal(last->line, texts[i].line);
		assert_int_equal(last->column, texts[i].column);
		config_errors_free(&errors);
		free(text);
	}
}

static void test_a_long_list_of_faults_is_cut(void **state)
{
	json_t *document = json_object();
	struct config_errors errors;
	struct config *config;

	(void)state;
	for (int i = 0; i < 1500; i++) {
		char key[16];
		snprintf(key, sizeof(key), "key-%d", i);
		json_object_set_new(document, key, json_null());
	}
	char *text = json_dumps(document, 0);
	assert_int_equal(config_parse(text, strlen(text), &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 1001);
	assert_non_null(strstr(errors.items[0].detail, "more is wrong"));
	config_errors_free(&errors);
	json_decref(document);
	free(text);
}

/* Looking for what was meant is quadratic: only the first faults say it. */
static void test_the_first_faults_suggest(void **state)
{
	json_t *services = json_array(), *document;
	struct config_errors errors;
	struct config *config;
	size_t suggesting = 0, missing = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		json_array_append_new(services,
				      json_pack("{s:o, s:[s], s:[s], s:s}", "name",
						json_sprintf("s%d", i), "addresses", "192.0.2.1",
						"ports", "80", "pool", "wbeb"));
	document = json_pack("{s:o, s:[{s:s}]}", "services", services, "pools", "name", "webb");

	char *text = json_dumps(document, 0);

	assert_int_equal(config_parse(text, strlen(text), &config, &errors), -EINVAL);
	for (size_t i = 0; i < errors.count; i++) {
		suggesting += strstr(errors.items[i].detail, "did you mean \"webb\"?") != NULL;
		missing += strstr(errors.items[i].detail, "there is no pool") != NULL;
	}
	assert_int_equal(missing, 40);
	assert_in_range(suggesting, 1, 16);
	config_errors_free(&errors);
	json_decref(document);
	free(text);
}

static void test_a_file_that_is_not_there_is_a_fault(void **state)
{
	struct config_errors errors;
	struct config *config;

	(void)state;
	assert_int_equal(config_load("/nonexistent/headrace.json", &config, &errors), -ENOENT);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.items[0].detail, "No such file"));
	config_errors_free(&errors);
}

static void test_a_document_too_long_is_refused(void **state)
{
	size_t length = (16u << 20) + 1;
	char *text = malloc(length);
	struct config_errors errors;
	struct config *config;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', length);
	assert_int_equal(config_parse(text, length, &config, &errors), -EINVAL);
	assert_non_null(strstr(errors.items[0].detail, "16 MiB"));
	config_errors_free(&errors);
	free(text);
}

/* 3 bytes make a list of 200 in memory: it is not parsed. */
static void test_a_document_of_too_many_values_is_refused(void **state)
{
	size_t length = 3 * 600000 + 1;
	char *text = malloc(length);
	struct config_errors errors;
	struct config *config;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < length; i++)
		text[i] = i == 0 ? '[' : "{},"[(i - 1) % 3];
	text[length - 1] = ']';
	assert_int_equal(config_parse(text, length, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.items[0].detail, "a million values"));
	config_errors_free(&errors);
	free(text);
}

/* Indented it is longer than it came: what could not be read again is not written. */
static void test_a_text_too_long_to_be_read_is_not_written(void **state)
{
	json_t *document = json_pack("{s:[]}", "x"), *list = json_object_get(document, "x");
	char *text;
	size_t length;

	(void)state;
	assert_int_equal(config_write(document, 7, &text, &length), 0);
	assert_int_equal(strncmp(text, "{\n  \"revision\": 7,\n  \"x\": []\n}\n", length), 0);
	free(text);
	for (int i = 0; i < 990000; i++)
		json_array_append_new(list, json_string("012345678"));
	text = json_dumps(document, JSON_COMPACT);
	assert_null(config_too_large(text, strlen(text)));
	free(text);
	assert_int_equal(config_write(document, 7, &text, &length), -EFBIG);
	assert_null(text);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fault_has_its_sentence),
		cmocka_unit_test(test_faults_of_the_text_are_placed),
		cmocka_unit_test(test_a_long_list_of_faults_is_cut),
		cmocka_unit_test(test_the_first_faults_suggest),
		cmocka_unit_test(test_a_file_that_is_not_there_is_a_fault),
		cmocka_unit_test(test_a_document_too_long_is_refused),
		cmocka_unit_test(test_a_document_of_too_many_values_is_refused),
		cmocka_unit_test(test_a_text_too_long_to_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
