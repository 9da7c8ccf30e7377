/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a generation is made from: next hops, routes and addresses out of Linux's view. */
#include "config/config.h"
#include "controlplane/clock.h"
#include "controlplane/gather.h"
#include "controlplane/neighbours/resolver.h"
#include "tests/unit/controlplane/check.h"

#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
	"{\"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"},"
	"                             {\"name\": \"mem\", \"device\": \"null:\"}],"
	"  \"next_hops\": [{\"address\": \"203.0.113.1\", \"mac\": \"02:00:00:00:00:99\","
	"                   \"port\": \"mem\"}]},"
	" \"services\": [{\"name\": \"web\", \"addresses\": [\"198.51.100.10\"], \"ports\": "
	"[\"80\"],"
	"  \"backends\": [{\"name\": \"a\", \"address\": \"192.0.2.11\"},"
	"                 {\"name\": \"b\", \"address\": \"192.0.2.12\"}]}]}";

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xa};

struct world {
	struct config *config;
	struct network network;
	struct ev_loop *loop;
	struct health *health;
	struct network_link links[4];
	struct network_path paths[2];
	struct network_route routes[3];
	struct network_address addresses[2];
	struct address owned[2];
	struct gathered gathered;
};

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static enum check_verdict adopted(void *context, const struct config_pool *pool,
				  const struct config_backend *backend)
{
	(void)context;
	(void)pool;
	return strcmp(backend->name, "a") == 0 ? CHECK_UP : CHECK_DOWN;
}

static void on_change(void *context)
{
	(void)context;
}

static void set_links(struct world *world)
{
	const uint32_t ports[] = {5};

	world->links[0] = (struct network_link){.index = 5, .mtu = 9000, .up = true};
	world->links[1] =
		(struct network_link){.index = 6, .mtu = 8000, .up = true, .lower = 5, .vlan = 100};
	world->links[2] =
		(struct network_link){.index = 7, .mtu = 8000, .up = true, .lower = 6, .vlan = 200};
	world->links[3] = (struct network_link){.index = 8, .mtu = 1500, .up = true};
	world->network.links = world->links;
	world->network.link_count = 4;
	links_place(world->links, 4, ports, 1);
}

/* eth1 is interface 5: backend a is on link and known, b behind an unknown gateway. */
static void fill_network(struct world *world)
{
	struct network *network = &world->network;
	struct neighbour_news known = {.interface = 5,
				       .address = address_of("192.0.2.11"),
				       .state = NUD_REACHABLE,
				       .mac = mac};

	network->config = world->config;
	network->port_count = 2;
	strcpy(network->ports[0].interface, "eth1");
	network->ports[0].index = 5;
	network->ports[0].mtu = 9000;
	set_links(world);
	neighbour_table_update(&network->neighbours, &known);
	world->paths[0] = (struct network_path){
		.known = true, .interface = 5, .next_hop = address_of("192.0.2.11")};
	world->paths[1] = (struct network_path){
		.known = true, .interface = 5, .next_hop = address_of("192.0.2.254")};
	network->paths = world->paths;
	network->path_count = 2;
	world->routes[0] = (struct network_route){
		.prefix = address_of("192.0.2.0"), .length = 24, .interface = 5};
	network->routes = world->routes;
	network->route_count = 1;
	world->addresses[0] = (struct network_address){.address = address_of("192.0.2.1")};
	world->addresses[1] = (struct network_address){.address = address_of("198.51.100.10")};
	network->addresses = world->addresses;
	network->address_count = 2;
	world->owned[0] = address_of("198.51.100.10");
	network->owned = (struct owned_addresses){.rows = world->owned, .count = 1};
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct config_errors errors = {0};
	struct health_callbacks callbacks = {.on_change = on_change, .adopted = adopted};

	assert_int_equal(config_parse(document, strlen(document), &world->config, &errors), 0);
	world->loop = ev_loop_new(EVFLAG_AUTO);
	fill_network(world);
	assert_int_equal(health_open(world->loop, &world->network, &callbacks, &world->health), 0);
	assert_int_equal(health_set_config(world->health, world->config), 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	gathered_free(&world->gathered);
	health_close(world->health);
	ev_loop_destroy(world->loop);
	neighbour_table_free(&world->network.neighbours);
	config_free(world->config);
	free(world);
	return 0;
}

static const struct publish_next_hop *find(const struct gathered *gathered, const char *text)
{
	struct address address = address_of(text);

	for (size_t i = 0; i < gathered->next_hop_count; i++) {
		if (address_equal(&gathered->next_hops[i].address, &address))
			return &gathered->next_hops[i];
	}
	fail_msg("there is no next hop %s", text);
	return gathered->next_hops;
}

static void collect(struct world *world)
{
	gathered_free(&world->gathered);
	assert_int_equal(
		gathered_collect(world->config, &world->network, world->health, &world->gathered),
		0);
}

static void next_hops_known_unknown_and_configured(void **state)
{
	struct world *world = *state;

	collect(world);

	const struct publish_next_hop *known = find(&world->gathered, "192.0.2.11");
	const struct publish_next_hop *unknown = find(&world->gathered, "192.0.2.254");
	const struct publish_next_hop *configured = find(&world->gathered, "203.0.113.1");

	assert_int_equal(world->gathered.next_hop_count, 3);
	assert_true(known->resolved);
	assert_memory_equal(known->mac, mac, 6);
	assert_int_equal(known->mtu, 9000);
	assert_false(unknown->resolved);
	assert_int_equal(unknown->port, 0);
	assert_true(configured->resolved);
	assert_int_equal(configured->port, 1);
}

/* eth1.100 is interface 6, eth1.100.200 interface 7; 8 lies on no port. */
static void next_hops_on_vlan_interfaces_have_their_tags(void **state)
{
	struct world *world = *state;
	struct neighbour_news news = {
		.address = address_of("fe80::1"), .state = NUD_REACHABLE, .mac = mac};
	const struct gathered *gathered = &world->gathered;
	const struct publish_next_hop *unknown;

	for (news.interface = 5; news.interface <= 8; news.interface++)
		neighbour_table_update(&world->network.neighbours, &news);
	world->paths[1].interface = 7;
	world->paths[1].place =
		(struct network_place){.vlan = 200, .outer_vlan = ABI_OUTER_8021Q | 100};
	world->routes[1] = (struct network_route){.prefix = address_of("203.0.113.0"),
						  .length = 24,
						  .interface = 6,
						  .gateway = address_of("192.0.2.253")};
	world->routes[2] = (struct network_route){
		.prefix = address_of("192.0.3.0"), .length = 24, .interface = 8};
	world->network.route_count = 3;
	collect(world);

	/* On 5, 6 and 7: the same address three times, behind all that we send to. */
	for (unsigned i = 1; i <= 3; i++) {
		static const uint16_t tags[][2] = {{0, 0}, {100, 0}, {200, ABI_OUTER_8021Q | 100}};
		const struct publish_next_hop *row = &gathered->next_hops[i + 3];

		assert_true(address_equal(&row->address, &news.address));
		assert_int_equal(row->vlan, tags[i - 1][0]);
		assert_int_equal(row->outer_vlan, tags[i - 1][1]);
		assert_int_equal(row->mtu, i == 1 ? 9000 : 8000);
	}
	unknown = find(gathered, "192.0.2.254");
	assert_false(unknown->resolved);
	assert_int_equal(unknown->vlan, 200);
	assert_int_equal(unknown->outer_vlan, ABI_OUTER_8021Q | 100);
	assert_int_equal(gathered->backends[1].vlan, 200);
	assert_int_equal(gathered->backends[1].outer_vlan, ABI_OUTER_8021Q | 100);
	assert_int_equal(find(gathered, "192.0.2.253")->vlan, 100);
	assert_int_equal(gathered->next_hop_count, 7);
	/* The last one is that of last resort. */
	assert_int_equal(gathered->route_count, 3);
	assert_int_equal(gathered->routes[1].vlan, 100);
	assert_int_equal(gathered->routes[1].port, 0);
	assert_false(gathered->routes[1].on_link);
}

static void first_configured_next_hop_is_the_last_resort(void **state)
{
	struct world *world = *state;

	collect(world);
	assert_int_equal(world->gathered.route_count, 2);
	assert_true(world->gathered.routes[0].on_link);
	assert_int_equal(world->gathered.routes[1].length, 0);
	assert_int_equal(world->gathered.routes[1].port, 1);

	/* unless Linux has a default route through a port */
	world->routes[1] = (struct network_route){.prefix = address_of("0.0.0.0"),
						  .interface = 5,
						  .gateway = address_of("192.0.2.254")};
	world->network.route_count = 2;
	collect(world);
	assert_int_equal(world->gathered.route_count, 2);
	assert_int_equal(world->gathered.routes[1].port, 0);
	assert_false(world->gathered.routes[1].on_link);
}

static void ipv6_goes_beside_ipv4(void **state)
{
	static struct config_next_hop routers[2];
	struct world *world = *state;
	struct config_dataplane *dataplane = &world->config->dataplane;
	struct config_next_hop *configured = dataplane->next_hops;
	const struct publish_route *routes;

	world->routes[1] = (struct network_route){
		.prefix = address_of("2001:db8::"), .length = 64, .interface = 5};
	world->routes[2] = (struct network_route){
		.prefix = address_of("::"), .interface = 5, .gateway = address_of("fe80::1")};
	world->network.route_count = 3;
	collect(world);
	/* The default route of the one family is not the other's. */
	assert_int_equal(world->gathered.route_count, 4);
	routes = world->gathered.routes;
	assert_true(routes[1].on_link);
	assert_false(routes[2].on_link);
	assert_true(address_equal(&routes[2].gateway, &world->routes[2].gateway));
	assert_true(address_is_ipv4(&routes[3].prefix));
	assert_int_equal(routes[3].port, 1);
	/* A gateway that does not answer yet is a next hop on its link. */
	assert_false(find(&world->gathered, "fe80::1")->resolved);
	assert_int_equal(find(&world->gathered, "fe80::1")->port, 0);

	/* Each family has its own router of last resort. */
	routers[0] = routers[1] = configured[0];
	routers[1].address = address_of("2001:db8:ffff::1");
	dataplane->next_hops = routers;
	dataplane->next_hop_count = 2;
	world->network.route_count = 2;
	collect(world);
	assert_int_equal(world->gathered.route_count, 4);
	routes = world->gathered.routes;
	assert_true(address_is_missing(&routes[2].prefix));
	assert_true(address_equal(&routes[2].gateway, &routers[1].address));
	assert_true(address_is_ipv4(&routes[3].prefix));
	assert_true(address_equal(&routes[3].gateway, &routers[0].address));
	dataplane->next_hops = configured;
	dataplane->next_hop_count = 1;
}

/* More neighbours than there may be, all before ours in the table. */
static void whom_we_send_to_is_never_crowded_out(void **state)
{
	struct world *world = *state;
	struct network *network = &world->network;
	struct neighbour_news news = {.interface = 5, .state = NUD_REACHABLE, .mac = mac};
	struct neighbour_news ours = {.interface = 5,
				      .address = address_of("192.0.2.254"),
				      .state = NUD_REACHABLE,
				      .mac = mac,
				      .is_sent_to = true};

	/* Linux is not asked for who is known. */
	network->loop = world->loop;
	neighbour_table_update(&network->neighbours, &ours);
	assert_int_equal(resolver_open(network, &network->resolver), 0);
	resolver_refresh(network->resolver);
	neighbour_table_forget(&network->neighbours, 5, &ours.address, false);
	for (unsigned i = 0; i < ABI_MAX_NEXT_HOPS + 5u; i++) {
		news.address = address_of("10.0.0.0");
		news.address.bytes[14] = (uint8_t)(i >> 8);
		news.address.bytes[15] = (uint8_t)i;
		neighbour_table_update(&network->neighbours, &news);
	}
	collect(world);
	assert_int_equal(world->gathered.next_hop_count, ABI_MAX_NEXT_HOPS);
	assert_true(find(&world->gathered, "192.0.2.11")->resolved);
	assert_false(find(&world->gathered, "192.0.2.254")->resolved);

	/* It comes when the table is full. */
	assert_true(neighbour_table_update(&network->neighbours, &ours));
	collect(world);
	assert_int_equal(world->gathered.next_hop_count, ABI_MAX_NEXT_HOPS);
	assert_true(find(&world->gathered, "192.0.2.254")->resolved);
	resolver_close(network->resolver);
}

static void each_host_address_once(void **state)
{
	struct world *world = *state;

	collect(world);
	assert_int_equal(world->gathered.host_count, 2);
}

/* Of more than there may be those of services go without: they are known as such. */
static void the_hosts_own_addresses_are_among_any_number(void **state)
{
	struct world *world = *state;
	struct network *network = &world->network;
	const size_t count = ABI_MAX_HOST_ADDRESSES + 5;
	struct address own = address_of("192.0.2.1");
	bool has_own = false;

	network->owned.rows = calloc(count, sizeof(own));
	network->owned.count = count;
	for (size_t i = 0; i < count; i++) {
		network->owned.rows[i] = address_of("10.0.0.0");
		network->owned.rows[i].bytes[14] = (uint8_t)(i >> 8);
		network->owned.rows[i].bytes[15] = (uint8_t)i;
	}
	collect(world);
	assert_int_equal(world->gathered.host_count, ABI_MAX_HOST_ADDRESSES);
	for (size_t i = 0; i < ABI_MAX_HOST_ADDRESSES; i++)
		has_own = has_own || address_equal(&world->gathered.hosts[i], &own);
	assert_true(has_own);
	free(network->owned.rows);
	network->owned = (struct owned_addresses){0};
}

static void backends_begin_as_they_were(void **state)
{
	struct world *world = *state;

	collect(world);
	assert_int_equal(world->gathered.backend_count, 2);
	assert_true(world->gathered.backends[0].up);
	assert_false(world->gathered.backends[1].up);
	assert_true(world->gathered.backends[1].has_next_hop);
	assert_true(health_is_decided(world->health));
}

/* A former life's word counts for what was there at the start, not for what comes later. */
static void back_from_maintenance_a_backend_is_new(void **state)
{
	struct world *world = *state;
	struct config_backend *backend = &world->config->pools[0].backends[0];

	assert_string_equal(health_view(world->health, 0).reason,
			    "as it was before the control plane's restart");
	backend->admin = CONFIG_MAINT;
	assert_int_equal(health_set_config(world->health, world->config), 0);
	assert_int_equal(health_view(world->health, 0).verdict, CHECK_UNDECIDED);
	assert_string_equal(health_view(world->health, 0).reason, "in maintenance: not checked");
	assert_true(health_is_decided(world->health));
	backend->admin = CONFIG_READY;
	assert_int_equal(health_set_config(world->health, world->config), 0);
	assert_int_equal(health_view(world->health, 0).verdict, CHECK_UNDECIDED);
	assert_string_equal(health_view(world->health, 0).reason, "waiting for its first check");
	assert_false(health_is_decided(world->health));
	assert_int_equal(health_view(world->health, 1).verdict, CHECK_DOWN);

	/* And waits since then, whatever else changes. */
	uint64_t since_ms = health_view(world->health, 0).since_ms;

	while (clock_now_ms() == since_ms)
		;
	backend->weight++;
	assert_int_equal(health_set_config(world->health, world->config), 0);
	assert_int_equal(health_view(world->health, 0).since_ms, since_ms);
	collect(world);
	assert_true(world->gathered.backends[0].undecided);
	assert_false(world->gathered.backends[1].undecided);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(next_hops_known_unknown_and_configured, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(next_hops_on_vlan_interfaces_have_their_tags,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(first_configured_next_hop_is_the_last_resort,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(ipv6_goes_beside_ipv4, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whom_we_send_to_is_never_crowded_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(each_host_address_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_hosts_own_addresses_are_among_any_number,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(backends_begin_as_they_were, set_up, tear_down),
		cmocka_unit_test_setup_teardown(back_from_maintenance_a_backend_is_new, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
