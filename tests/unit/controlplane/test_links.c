/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* VLAN interfaces: what the kernel tells of them, and where they lie for the dataplane. */
#include "controlplane/neighbours/links.h"
#include "dataplane/abi/tables.h"
#include "tests/unit/controlplane/check.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* What a message is made of; lower and number 0, kind NULL: the attribute is not there. */
struct told {
	const char *kind;
	uint32_t lower;
	uint16_t number, protocol;
	int other_namespace; /* 0: the attribute is not there */
};

static void put_link_info(struct nlmsghdr *message, const struct told *told)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(message, IFLA_INFO_KIND, told->kind);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	if (told->number != 0)
		mnl_attr_put_u16(message, IFLA_VLAN_ID, told->number);
	if (told->protocol != 0)
		mnl_attr_put_u16(message, IFLA_VLAN_PROTOCOL, htobe16(told->protocol));
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
}

static struct network_link read_told(const struct told *told)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	char buffer[1024] __attribute__((aligned(8)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	struct network_link link;

	message->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = 7;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth2.100");
	mnl_attr_put_u32(message, IFLA_MTU, 1496);
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(mac), mac);
	if (told->lower != 0)
		mnl_attr_put_u32(message, IFLA_LINK, told->lower);
	if (told->kind != NULL)
		put_link_info(message, told);
	if (told->other_namespace != 0)
		mnl_attr_put_u32(message, IFLA_LINK_NETNSID, (uint32_t)told->other_namespace);
	assert_true(link_read(message, &link));
	return link;
}

static void what_the_kernel_tells_is_read(void **state)
{
	static const struct {
		const char *what;
		struct told told;
		uint32_t lower;
		uint16_t vlan;
		bool is_8021ad;
	} rows[] = {
		{"no VLAN interface", {NULL, 0, 0, 0, 0}, 0, 0, false},
		{"802.1Q", {"vlan", 3, 100, ETH_P_8021Q, 0}, 3, 100, false},
		{"802.1ad", {"vlan", 3, 100, ETH_P_8021AD, 0}, 3, 100, true},
		{"an old kernel", {"vlan", 3, 100, 0, 0}, 3, 100, false},
		{"another protocol", {"vlan", 3, 100, 0x9100, 0}, 0, 100, false},
		{"a veth, whose link is its peer", {"veth", 3, 0, 0, 0}, 0, 0, false},
		{"a macvlan", {"macvlan", 3, 0, 0, 0}, 0, 0, false},
		{"like it, but not it", {"vlans", 3, 100, ETH_P_8021Q, 0}, 0, 0, false},
		{"on one of another namespace", {"vlan", 3, 100, ETH_P_8021Q, 1}, 0, 0, false},
		{"on none", {"vlan", 0, 100, ETH_P_8021Q, 0}, 0, 100, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct network_link link = read_told(&rows[i].told);

		if (link.lower != rows[i].lower || link.vlan != rows[i].vlan ||
		    link.is_8021ad != rows[i].is_8021ad)
			fail_msg("%s: on %u, number %u, %s", rows[i].what, link.lower, link.vlan,
				 link.is_8021ad ? "802.1ad" : "802.1Q");
		assert_int_equal(link.index, 7);
		assert_int_equal(link.mtu, 1496);
		assert_true(link.up);
		assert_string_equal(link.name, "eth2.100");
		assert_int_equal(link.mac[5], 7);
	}
}

/*
 * The same as bytes, laid out by hand after linux/if_link.h and linux/netlink.h: of eth2.100
 * with 802.1ad, number 300, on interface 4; the nested attributes as kernels send them, without
 * NLA_F_NESTED. Little-endian, as the machines are that Headrace runs on.
 */
static const uint8_t recorded[] __attribute__((aligned(8))) = {
	/* nlmsghdr: length 112, RTM_NEWLINK (16), flags, sequence, port */
	112, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	/* ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 9, UP, change */
	0, 0, 1, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	/* IFLA_IFNAME (3) "eth2.100" */
	13, 0, 3, 0, 'e', 't', 'h', '2', '.', '1', '0', '0', 0, 0, 0, 0,
	/* IFLA_MTU (4) 1500 */
	8, 0, 4, 0, 0xdc, 5, 0, 0,
	/* IFLA_LINK (5) 4 */
	8, 0, 5, 0, 4, 0, 0, 0,
	/* IFLA_LINKINFO (18): IFLA_INFO_KIND (1) "vlan", IFLA_INFO_DATA (2): */
	48, 0, 18, 0, 9, 0, 1, 0, 'v', 'l', 'a', 'n', 0, 0, 0, 0, 32, 0, 2, 0,
	/* IFLA_VLAN_PROTOCOL (5) 88a8 */
	6, 0, 5, 0, 0x88, 0xa8, 0, 0,
	/* IFLA_VLAN_ID (1) 300 */
	6, 0, 1, 0, 0x2c, 1, 0, 0,
	/* IFLA_VLAN_FLAGS (2) reorder headers, of all flags */
	12, 0, 2, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

static void what_was_recorded_is_read(void **state)
{
	const struct nlmsghdr *message = (const void *)recorded;
	struct network_link link;

	(void)state;
	assert_int_equal(message->nlmsg_len, sizeof(recorded));
	assert_true(link_read(message, &link));
	assert_int_equal(link.index, 9);
	assert_int_equal(link.lower, 4);
	assert_int_equal(link.vlan, 300);
	assert_true(link.is_8021ad);
	assert_string_equal(link.name, "eth2.100");
}

/* Cut anywhere, nothing behind its end is read (sanitizers watch). */
static void a_message_cut_short_is_no_harm(void **state)
{
	(void)state;
	for (uint32_t length = NLMSG_LENGTH(sizeof(struct ifinfomsg)); length < sizeof(recorded);
	     length++) {
		struct nlmsghdr *message = test_malloc(length);
		struct network_link link;

		memcpy(message, recorded, length);
		message->nlmsg_len = length;
		if (link_read(message, &link))
			assert_true(link.vlan == 0 || link.vlan == 300);
		test_free(message);
	}
}

static void what_is_no_link_is_passed_over(void **state)
{
	char buffer[256] __attribute__((aligned(8)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct network_link link;

	(void)state;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	message->nlmsg_type = RTM_NEWLINK;
	assert_false(link_read(message, &link)); /* no name */
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth2.100");
	assert_true(link_read(message, &link));
	message->nlmsg_type = RTM_DELLINK;
	assert_false(link_read(message, &link));
}

#define AD true
#define Q  false

/* Ports 0 and 1 have the interfaces 2 and 3. */
struct expected {
	const char *what;
	uint32_t index, lower;
	uint16_t vlan;
	bool is_8021ad;
	int port;
	uint16_t tag, outer_tag;
};

static const struct expected machine[] = {
	{"the loopback", 1, 0, 0, Q, -1, 0, 0},
	{"port 0's", 2, 0, 0, Q, 0, 0, 0},
	{"port 1's", 3, 0, 0, Q, 1, 0, 0},
	{"no port's", 4, 0, 0, Q, -1, 0, 0},
	{"a VLAN", 10, 2, 100, Q, 0, 100, 0},
	{"the same number on another port", 11, 3, 100, Q, 1, 100, 0},
	{"802.1ad", 12, 3, 300, AD, 1, 0, 300},
	{"802.1Q in 802.1ad", 13, 12, 20, Q, 1, 20, 300},
	{"802.1Q in 802.1Q", 14, 11, 20, Q, 1, 20, ABI_OUTER_8021Q | 100},
	{"802.1ad inside", 15, 12, 20, AD, -1, 0, 0},
	{"802.1ad in 802.1Q", 16, 11, 20, AD, -1, 0, 0},
	{"three levels", 17, 13, 30, Q, -1, 0, 0},
	{"four", 18, 17, 31, Q, -1, 0, 0},
	{"on no port", 19, 4, 100, Q, -1, 0, 0},
	{"two on no port", 20, 19, 100, Q, -1, 0, 0},
	{"on one that is gone", 21, 99, 100, Q, -1, 0, 0},
	{"on itself", 22, 22, 100, Q, -1, 0, 0},
	{"in a circle", 23, 24, 100, Q, -1, 0, 0},
	{"of two", 24, 23, 100, Q, -1, 0, 0},
	{"a priority only", 25, 2, 0, Q, -1, 0, 0},
	{"on such one", 28, 25, 100, Q, -1, 0, 0},
	{"no number there is", 26, 2, 4095, Q, -1, 0, 0},
	{"the last number", 27, 2, 4094, Q, 0, 4094, 0},
};

#define MACHINE (sizeof(machine) / sizeof(machine[0]))

static void check_places(const struct network_link *links)
{
	for (size_t i = 0; i < MACHINE; i++) {
		const struct expected *row = &machine[i];
		const struct network_link *link = links_find(links, MACHINE, row->index);

		assert_non_null(link);
		if ((link->port < 0) != (row->port < 0) ||
		    (row->port >= 0 && link->port != row->port) || link->tag != row->tag ||
		    link->outer_tag != row->outer_tag)
			fail_msg("%s: port %d, tags %u, %x", row->what, link->port, link->tag,
				 link->outer_tag);
	}
}

/* In any order, as kernels list them. */
static void fill_machine(struct network_link *links)
{
	for (size_t i = 0; i < MACHINE; i++)
		links[i * 5 % MACHINE] = (struct network_link){.index = machine[i].index,
							       .lower = machine[i].lower,
							       .vlan = machine[i].vlan,
							       .is_8021ad = machine[i].is_8021ad};
	links_sort(links, MACHINE);
}

static void every_link_has_its_place(void **state)
{
	const uint32_t ports[] = {2, 3, 0};
	struct network_link links[MACHINE];

	(void)state;
	fill_machine(links);
	links_place(links, MACHINE, ports, 3);
	check_places(links);
	for (size_t i = 0; i < MACHINE; i++) {
		bool has_uppers = false;

		for (size_t j = 0; j < MACHINE; j++)
			has_uppers = has_uppers || machine[j].lower == links[i].index;
		assert_int_equal(links[i].has_uppers, has_uppers);
	}
	assert_null(links_find(links, MACHINE, 99));
	assert_null(links_find(links, 0, 2));
}

/* A port's interface went: what lies on it lies nowhere. */
static void places_go_with_the_port(void **state)
{
	const uint32_t with[] = {2, 3}, without[] = {2, 0};
	struct network_link links[MACHINE];

	(void)state;
	fill_machine(links);
	links_place(links, MACHINE, with, 2);
	links_place(links, MACHINE, without, 2);
	assert_int_equal(links_find(links, MACHINE, 10)->port, 0);
	for (uint32_t index = 11; index <= 14; index++) {
		assert_true(links_find(links, MACHINE, index)->port < 0);
		assert_int_equal(links_find(links, MACHINE, index)->outer_tag, 0);
	}
}

/* A port may be a VLAN interface itself: its tag is Linux's affair. */
static void a_port_on_a_vlan_interface_has_no_tag(void **state)
{
	const uint32_t ports[] = {10, 3};
	struct network_link links[MACHINE];

	(void)state;
	fill_machine(links);
	links_place(links, MACHINE, ports, 2);
	assert_int_equal(links_find(links, MACHINE, 10)->port, 0);
	assert_int_equal(links_find(links, MACHINE, 10)->tag, 0);
	assert_true(links_find(links, MACHINE, 2)->port < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_tells_is_read),
		cmocka_unit_test(what_was_recorded_is_read),
		cmocka_unit_test(a_message_cut_short_is_no_harm),
		cmocka_unit_test(what_is_no_link_is_passed_over),
		cmocka_unit_test(every_link_has_its_place),
		cmocka_unit_test(places_go_with_the_port),
		cmocka_unit_test(a_port_on_a_vlan_interface_has_no_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
