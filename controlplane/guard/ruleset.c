/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/guard/ruleset.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static void put_address(FILE *out, const struct guard_row *row)
{
	char text[INET_ADDRSTRLEN];

	fputs(inet_ntop(AF_INET, &row->be_address, text, sizeof(text)), out);
}

static void put_ports(FILE *out, const struct guard_row *row)
{
	if (row->first == row->last)
		fprintf(out, "%u", row->first);
	else
		fprintf(out, "%u-%u", row->first, row->last);
}

static void put_with_protocol(FILE *out, const struct guard_row *row)
{
	put_address(out, row);
	fputs(row->protocol == IPPROTO_UDP ? " . udp . " : " . tcp . ", out);
	put_ports(out, row);
}

static void put_without_protocol(FILE *out, const struct guard_row *row)
{
	put_address(out, row);
	fputs(" . ", out);
	put_ports(out, row);
}

static void put_numbers(FILE *out, const struct guard_row *row)
{
	fprintf(out, "%#x . %u . ", ntohl(row->be_address), row->protocol);
	put_ports(out, row);
}

#define ADDRESS_PROTOCOL_PORT "type ipv4_addr . inet_proto . inet_service;"
/* Destination, protocol and port of the packet that an ICMP error quotes. */
#define QUOTED                "typeof @th,192,32 . @th,136,8 . @th,240,16;"
#define RANGES                " flags interval;"

/* The sets of the table, and whose rows they hold. */
static const struct {
	const char *name, *type;
	enum guard_set rows;
	void (*put)(FILE *out, const struct guard_row *row);
} sets_of_table[] = {
	{"services", ADDRESS_PROTOCOL_PORT, GUARD_SERVICES, put_with_protocol},
	{"service_ranges", ADDRESS_PROTOCOL_PORT RANGES, GUARD_SERVICE_RANGES, put_with_protocol},
	{"locals", "type ipv4_addr . inet_service;" RANGES, GUARD_LOCALS, put_without_protocol},
	{"endpoints", ADDRESS_PROTOCOL_PORT, GUARD_ENDPOINTS, put_with_protocol},
	{"endpoint_ranges", ADDRESS_PROTOCOL_PORT RANGES, GUARD_ENDPOINT_RANGES, put_with_protocol},
	{"endpoints_quoted", QUOTED, GUARD_ENDPOINTS, put_numbers},
	{"endpoint_ranges_quoted", QUOTED RANGES, GUARD_ENDPOINT_RANGES, put_numbers},
	{"our_addresses", "type ipv4_addr;", GUARD_OUR_ADDRESSES, put_address},
	{"endpoint_addresses", "type ipv4_addr;", GUARD_ENDPOINT_ADDRESSES, put_address},
	{"hosts", "type ipv4_addr;", GUARD_HOSTS, put_address},
};

#define TABLE_SETS (sizeof(sets_of_table) / sizeof(sets_of_table[0]))

/* A set without rows is empty, which nft has no words for but leaving the line out. */
static void put_set(FILE *out, size_t which, const struct guard_rows *rows)
{
	fprintf(out, "\tset %s {\n\t\t%s\n", sets_of_table[which].name, sets_of_table[which].type);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i == 0 ? "\t\telements = { " : ",\n\t\t\t", out);
		sets_of_table[which].put(out, &rows->items[i]);
	}
	fputs(rows->count > 0 ? " }\n\t}\n" : "\t}\n", out);
}

#define ERRORS "icmp type { destination-unreachable, time-exceeded, parameter-problem }"

static const char guard_rules[] =
	"\tchain guard {\n"
	"\t\tip daddr . meta l4proto . th dport @services counter drop comment \"to a service\"\n"
	"\t\tip daddr . meta l4proto . th dport @service_ranges counter drop"
	" comment \"to a service of many ports\"\n"
	"\t\tmeta l4proto { tcp, udp } ip daddr . th dport @locals counter drop"
	" comment \"to a local address\"\n"
	"\t\tip frag-off & 0x1fff != 0 ip daddr @our_addresses counter drop"
	" comment \"later fragment to us\"\n"
	"\t\tip daddr @hosts accept\n"
	"\t\tip saddr . meta l4proto . th sport @endpoints counter drop"
	" comment \"untranslated reply\"\n"
	"\t\tip saddr . meta l4proto . th sport @endpoint_ranges counter drop"
	" comment \"untranslated reply, from any port\"\n"
	"\t\tip frag-off & 0x1fff != 0 ip saddr @endpoint_addresses counter drop"
	" comment \"later fragment of a reply\"\n"
	"\t\t" ERRORS " @th,192,32 . @th,136,8 . @th,240,16 @endpoints_quoted counter drop"
	" comment \"error about a flow\"\n"
	"\t\t" ERRORS " @th,192,32 . @th,136,8 . @th,240,16 @endpoint_ranges_quoted counter drop"
	" comment \"error about a flow, to any port\"\n"
	"\t}\n";

/* Closes a stream of open_memstream(); its text, or NULL. */
static char *finish(FILE *out, char **text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) == 0 && !failed)
		return *text;
	free(*text);
	return NULL;
}

char *guard_chains_make(const struct network_port *ports, size_t port_count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < port_count; i++) {
		if (ports[i].interface[0] == '\0' || ports[i].index == 0)
			continue;
		/* The number is for us: an interface made anew needs a chain made anew. */
		fprintf(out,
			"\t# interface %u\n"
			"\tchain port_%zu {\n"
			"\t\ttype filter hook ingress device \"%s\" priority -500; policy accept;\n"
			"\t\tjump guard\n"
			"\t}\n",
			ports[i].index, i, ports[i].interface);
	}
	return finish(out, &text);
}

char *guard_ruleset_make(const char *table, const struct guard_sets *sets, const char *chains)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	fprintf(out,
		"add table netdev %s\n"
		"delete table netdev %s\n"
		"table netdev %s {\n",
		table, table, table);
	for (size_t i = 0; i < TABLE_SETS; i++)
		put_set(out, i, &sets->rows[sets_of_table[i].rows]);
	fputs(guard_rules, out);
	fputs(chains, out);
	fputs("}\n", out);
	return finish(out, &text);
}

/* "add element ..." for each row of `these` that is not among `those`. */
static void put_difference(FILE *out, const char *verb, const char *table, size_t which,
			   const struct guard_rows *these, const struct guard_rows *those)
{
	bool begun = false;

	for (size_t i = 0, at = 0; i < these->count; i++) {
		const struct guard_row *row = &these->items[i];

		while (at < those->count && guard_row_compare(&those->items[at], row) < 0)
			at++;
		if (at < those->count && guard_row_compare(&those->items[at], row) == 0)
			continue;
		if (begun)
			fputs(", ", out);
		else
			fprintf(out, "%s element netdev %s %s { ", verb, table,
				sets_of_table[which].name);
		begun = true;
		sets_of_table[which].put(out, row);
	}
	if (begun)
		fputs(" }\n", out);
}

char *guard_ruleset_change(const char *table, const struct guard_sets *before,
			   const struct guard_sets *now)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < TABLE_SETS; i++) {
		/* What goes, goes first: a range that grew overlaps what it was. */
		put_difference(out, "delete", table, i, &before->rows[sets_of_table[i].rows],
			       &now->rows[sets_of_table[i].rows]);
		put_difference(out, "add", table, i, &now->rows[sets_of_table[i].rows],
			       &before->rows[sets_of_table[i].rows]);
	}
	return finish(out, &text);
}
