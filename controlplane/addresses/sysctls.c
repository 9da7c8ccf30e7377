/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/addresses/sysctls.h"

#include "controlplane/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a sysctl must be, and why. */
struct rule {
	const char *name;        /* below net/ipv4/conf/INTERFACE/ */
	int least, most, wanted; /* fine from least to most; else set to wanted */
	const char *why;
};

/* IPv6 has no like of these. */
static const struct rule rules[] = {
	{"rp_filter", 0, 0, 0, "Linux would drop what the dataplane hands it over the taps"},
	{"arp_ignore", 0, 0, 0, "Linux would not answer ARP for addresses that lie on lo"},
	{"arp_announce", 1, 2, 2, "Linux could name a service's address as the sender of its ARP"},
	{"send_redirects", 0, 0, 0, "Linux would tell clients and backends to go around us"},
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

static int read_value(const char *path, int *value)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -errno;

	int fields = fscanf(file, "%d", value);

	fclose(file);
	return fields == 1 ? 0 : -EINVAL;
}

static int write_value(const char *path, int value)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		return -errno;

	int error = fprintf(file, "%d\n", value) < 0 ? -EIO : 0;

	if (fclose(file) != 0 && error == 0)
		error = -errno;
	return error;
}

/* "net/ipv4/conf/eth1/rp_filter" as `sysctl` writes it; dots in interface names stay slashes. */
static void want_value(const char *name, int wanted, const char *why, bool manage)
{
	char path[128];
	int value;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (read_value(path, &value) < 0 || value == wanted)
		return;
	if (!manage) {
		log_warning("sysctl %s is %d and should be %d: %s (manage_sysctls lets Headrace "
			    "set it)",
			    name, value, wanted, why);
		return;
	}

	int error = write_value(path, wanted);

	if (error < 0)
		log_error("cannot set sysctl %s to %d: %s", name, wanted, strerror(-error));
	else
		log_info("sysctl %s set from %d to %d: %s", name, value, wanted, why);
}

/* Linux takes the larger of "all" and the interface's own value for each of these. */
static void check_rule(const struct rule *rule, const char *interface, bool manage)
{
	char name[96], path[128];
	int value;

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/%s", interface, rule->name);
	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (read_value(path, &value) < 0)
		return;
	if (value < rule->least || value > rule->most)
		want_value(name, rule->wanted, rule->why, manage);
}

static bool has_dnat(const struct config *config, bool ipv4)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];

		if (service->forwarding == CONFIG_DNAT &&
		    address_is_ipv4(&service->addresses[0]) == ipv4)
			return true;
	}
	return false;
}

static void check_forwarding(const struct config *config, bool manage)
{
	static const char why[] = "backends of dnat services use this machine as their router";

	if (has_dnat(config, true))
		want_value("net/ipv4/ip_forward", 1, why, manage);
	if (has_dnat(config, false))
		want_value("net/ipv6/conf/all/forwarding", 1, why, manage);
}

static void check_ipv6_on(const char *interface, bool manage)
{
	char name[96];

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6", interface);
	want_value(name, 0, "Linux would hold no IPv6 address there, and know no neighbour",
		   manage);
}

/* On lo are the addresses that no interface's prefix holds. */
static void check_ipv6(const struct network *network, bool manage)
{
	bool has_ipv6 = false;

	for (size_t i = 0; i < network->owned.count; i++)
		has_ipv6 = has_ipv6 || !address_is_ipv4(&network->owned.rows[i]);
	if (!has_ipv6)
		return;
	check_ipv6_on("lo", manage);
	for (size_t i = 0; i < network->link_count; i++) {
		if (network->links[i].port >= 0)
			check_ipv6_on(network->links[i].name, manage);
	}
}

void sysctls_check(const struct network *network, const struct config *config)
{
	bool manage = config->manage_sysctls;

	check_forwarding(config, manage);
	check_ipv6(network, manage);
	for (size_t i = 0; i < RULE_COUNT; i++) {
		bool least_is_enough = rules[i].least == 0;

		if (least_is_enough)
			check_rule(&rules[i], "all", manage);
		for (size_t j = 0; j < network->link_count; j++) {
			if (network->links[j].port >= 0)
				check_rule(&rules[i], network->links[j].name, manage);
		}
	}
}
