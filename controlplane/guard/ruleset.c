/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/guard/ruleset.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static int compare_rows(const void *left, const void *right)
{
	const struct guard_row *a = left, *b = right;
	uint32_t a_address = ntohl(a->be_address), b_address = ntohl(b->be_address);

	if (a_address != b_address)
		return a_address < b_address ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

/* The kernel's sets take no ranges that overlap: one service may have port 80, another all ports.
 */
static void merge_rows(struct guard_rows *rows)
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	qsort(rows->items, rows->count, sizeof(rows->items[0]), compare_rows);
	for (size_t i = 1; i < rows->count; i++) {
		struct guard_row *before = &rows->items[kept];
		const struct guard_row *row = &rows->items[i];

		if (row->be_address == before->be_address && row->protocol == before->protocol &&
		    row->first <= (uint32_t)before->last + 1) {
			if (row->last > before->last)
				before->last = row->last;
		} else {
			rows->items[++kept] = *row;
		}
	}
	rows->count = kept + 1;
}

static void put_address(FILE *out, uint32_t be_address)
{
	char text[INET_ADDRSTRLEN];

	fputs(inet_ntop(AF_INET, &be_address, text, sizeof(text)), out);
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
	put_address(out, row->be_address);
	fprintf(out, " . %s . ", row->protocol == IPPROTO_UDP ? "udp" : "tcp");
	put_ports(out, row);
}

static void put_without_protocol(FILE *out, const struct guard_row *row)
{
	put_address(out, row->be_address);
	fputs(" . ", out);
	put_ports(out, row);
}

static void put_numbers(FILE *out, const struct guard_row *row)
{
	fprintf(out, "%#x . %u . ", ntohl(row->be_address), row->protocol);
	put_ports(out, row);
}

/* A set of rows; with none it is empty, which nft has no words for but leaving the line out. */
static void put_set(FILE *out, const char *name, const char *type, const struct guard_rows *rows,
		    void (*put)(FILE *out, const struct guard_row *row))
{
	fprintf(out, "\tset %s {\n\t\t%s; flags interval;\n", name, type);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i == 0 ? "\t\telements = { " : ",\n\t\t\t", out);
		put(out, &rows->items[i]);
	}
	fputs(rows->count > 0 ? " }\n\t}\n" : "\t}\n", out);
}

/* The addresses alone of one or two lists, each once. */
static void put_address_set(FILE *out, const char *name, const struct guard_rows *lists[2])
{
	struct guard_rows all = {0};
	size_t count = lists[0]->count + (lists[1] != NULL ? lists[1]->count : 0);

	all.items = calloc(count + 1, sizeof(all.items[0]));
	for (size_t i = 0; all.items != NULL && i < 2 && lists[i] != NULL; i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			all.items[all.count++] =
				(struct guard_row){.be_address = lists[i]->items[j].be_address};
	}
	merge_rows(&all);
	fprintf(out, "\tset %s {\n\t\ttype ipv4_addr;\n", name);
	for (size_t i = 0; i < all.count; i++) {
		fputs(i == 0 ? "\t\telements = { " : ",\n\t\t\t", out);
		put_address(out, all.items[i].be_address);
	}
	fputs(all.count > 0 ? " }\n\t}\n" : "\t}\n", out);
	free(all.items);
}

static void put_sets(FILE *out, struct guard_input *input)
{
	const struct guard_rows *ours[2] = {&input->services, &input->locals};
	const struct guard_rows *backends[2] = {&input->endpoints, NULL};
	const struct guard_rows *hosts[2] = {&input->hosts, NULL};

	put_set(out, "services", "type ipv4_addr . inet_proto . inet_service", &input->services,
		put_with_protocol);
	put_set(out, "locals", "type ipv4_addr . inet_service", &input->locals,
		put_without_protocol);
	put_set(out, "endpoints", "type ipv4_addr . inet_proto . inet_service", &input->endpoints,
		put_with_protocol);
	/* Destination, protocol and port of the packet that an ICMP error quotes. */
	put_set(out, "endpoints_quoted", "typeof @th,192,32 . @th,136,8 . @th,240,16",
		&input->endpoints, put_numbers);
	put_address_set(out, "our_addresses", ours);
	put_address_set(out, "endpoint_addresses", backends);
	put_address_set(out, "hosts", hosts);
}

static const char guard_rules[] =
	"\tchain guard {\n"
	"\t\tip daddr . meta l4proto . th dport @services counter drop comment \"to a service\"\n"
	"\t\tmeta l4proto { tcp, udp } ip daddr . th dport @locals counter drop"
	" comment \"to a local address\"\n"
	"\t\tip frag-off & 0x1fff != 0 ip daddr @our_addresses counter drop"
	" comment \"later fragment to us\"\n"
	"\t\tip daddr @hosts accept\n"
	"\t\tip saddr . meta l4proto . th sport @endpoints counter drop"
	" comment \"untranslated reply\"\n"
	"\t\tip frag-off & 0x1fff != 0 ip saddr @endpoint_addresses counter drop"
	" comment \"later fragment of a reply\"\n"
	"\t\ticmp type { destination-unreachable, time-exceeded, parameter-problem }"
	" @th,192,32 . @th,136,8 . @th,240,16 @endpoints_quoted counter drop"
	" comment \"error about a flow\"\n"
	"\t}\n";

static void put_chains(FILE *out, const struct network_port *ports, size_t port_count)
{
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
}

char *guard_ruleset_make(const char *table, struct guard_input *input,
			 const struct network_port *ports, size_t port_count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	merge_rows(&input->services);
	merge_rows(&input->locals);
	merge_rows(&input->endpoints);
	merge_rows(&input->hosts);
	fprintf(out,
		"add table netdev %s\n"
		"delete table netdev %s\n"
		"table netdev %s {\n",
		table, table, table);
	put_sets(out, input);
	fputs(guard_rules, out);
	put_chains(out, ports, port_count);
	fputs("}\n", out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
