/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/guard/ruleset.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static void put_address(FILE *out, const struct guard_row *row)
{
	char text[ADDRESS_TEXT_SIZE];

	fputs(address_format(&row->address, text), out);
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

/* As nft writes bytes at a place in the packet. */
static void put_numbers(FILE *out, const struct guard_row *row)
{
	fputs("0x", out);
	for (size_t i = address_is_ipv4(&row->address) ? 12 : 0; i < 16; i++)
		fprintf(out, "%02x", row->address.bytes[i]);
	fprintf(out, " . %u . ", row->protocol);
	put_ports(out, row);
}

/* What differs between the families. */
struct family {
	bool is_ipv4;
	const char *suffix;             /* of the names of its sets */
	const char *header, *addresses; /* nft's words for its header, and for a set's type */
	const char *later_fragment;
	const char *discovery; /* of neighbours, as far as it is of this family; NULL: ARP's */
	const char *errors;    /* of ICMP, and where they quote a packet: */
	const char *quoted;    /* its destination, its protocol, its destination port */
};

static const struct family families[] = {
	{true, "", "ip", "ipv4_addr", "ip frag-off & 0x1fff != 0", NULL,
	 "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
	 "@th,192,32 . @th,136,8 . @th,240,16"},
	{false, "_ipv6", "ip6", "ipv6_addr", "frag frag-off != 0",
	 "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }",
	 "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem "
	 "}",
	 "@th,256,128 . @th,112,8 . @th,400,16"},
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* Behind the address in a set's type. */
#define ALONE             ""
#define PORT              " . inet_service"
#define PROTOCOL_AND_PORT " . inet_proto . inet_service"

/* The sets of a family, and whose rows they hold. */
struct table_set {
	const char *name;
	const char *behind; /* NULL: its elements are what errors quote */
	bool has_ranges;
	enum guard_set rows;
	void (*put)(FILE *out, const struct guard_row *row);
};

static const struct table_set table_sets[] = {
	{"services", PROTOCOL_AND_PORT, false, GUARD_SERVICES, put_with_protocol},
	{"service_ranges", PROTOCOL_AND_PORT, true, GUARD_SERVICE_RANGES, put_with_protocol},
	{"locals", PORT, true, GUARD_LOCALS, put_without_protocol},
	{"endpoints", PROTOCOL_AND_PORT, false, GUARD_ENDPOINTS, put_with_protocol},
	{"endpoint_ranges", PROTOCOL_AND_PORT, true, GUARD_ENDPOINT_RANGES, put_with_protocol},
	{"endpoints_quoted", NULL, false, GUARD_ENDPOINTS, put_numbers},
	{"endpoint_ranges_quoted", NULL, true, GUARD_ENDPOINT_RANGES, put_numbers},
	{"our_addresses", ALONE, false, GUARD_OUR_ADDRESSES, put_address},
	{"endpoint_addresses", ALONE, false, GUARD_ENDPOINT_ADDRESSES, put_address},
	{"hosts", ALONE, false, GUARD_HOSTS, put_address},
	{"closed", ALONE, false, GUARD_CLOSED, put_address},
};

#define TABLE_SETS (sizeof(table_sets) / sizeof(table_sets[0]))

/* The first row of the family at `from` or behind it; the count: no more. */
static size_t next_row(const struct family *family, const struct guard_rows *rows, size_t from)
{
	while (from < rows->count && address_is_ipv4(&rows->items[from].address) != family->is_ipv4)
		from++;
	return from;
}

static void put_type(FILE *out, const struct family *family, const struct table_set *set)
{
	const char *flags = set->has_ranges ? " flags interval;" : "";

	if (set->behind != NULL)
		fprintf(out, "\t\ttype %s%s;%s\n", family->addresses, set->behind, flags);
	else
		fprintf(out, "\t\ttypeof %s;%s\n", family->quoted, flags);
}

/* A set without rows is empty, which nft has no words for but leaving the line out. */
static void put_set(FILE *out, const struct family *family, const struct table_set *set,
		    const struct guard_rows *rows)
{
	const char *before = "\t\telements = { ", *end = "\t}\n";

	fprintf(out, "\tset %s%s {\n", set->name, family->suffix);
	put_type(out, family, set);
	for (size_t i = next_row(family, rows, 0); i < rows->count;
	     i = next_row(family, rows, i + 1)) {
		fputs(before, out);
		set->put(out, &rows->items[i]);
		before = ",\n\t\t\t";
		end = " }\n\t}\n";
	}
	fputs(end, out);
}

/* Drops packets of which `what` is in the set and that are `also` so. */
static void put_drop(FILE *out, const struct family *family, const char *what, const char *set,
		     const char *also, const char *comment)
{
	fprintf(out, "\t\t%s %s @%s%s %s counter drop comment \"%s\"\n", family->header, what, set,
		family->suffix, also, comment);
}

static void put_drop_of_errors(FILE *out, const struct family *family, const char *set,
			       const char *comment)
{
	fprintf(out, "\t\t%s %s @%s%s counter drop comment \"%s\"\n", family->errors,
		family->quoted, set, family->suffix, comment);
}

static void put_chain(FILE *out, const struct family *family)
{
	static const char to[] = "daddr . meta l4proto . th dport";
	static const char from[] = "saddr . meta l4proto . th sport";

	fprintf(out, "\tchain guard_%s {\n", family->header);
	put_drop(out, family, to, "services", "", "to a service");
	put_drop(out, family, to, "service_ranges", "", "to a service of many ports");
	put_drop(out, family, "daddr . th dport", "locals", "meta l4proto { tcp, udp }",
		 "to a local address");
	put_drop(out, family, "daddr", "our_addresses", family->later_fragment,
		 "later fragment to us");
	if (family->discovery != NULL)
		fprintf(out, "\t\t%s daddr @closed%s %s accept\n", family->header, family->suffix,
			family->discovery);
	put_drop(out, family, "daddr", "closed", "", "to an address without accept mode");
	fprintf(out, "\t\t%s daddr @hosts%s accept\n", family->header, family->suffix);
	put_drop(out, family, from, "endpoints", "", "untranslated reply");
	put_drop(out, family, from, "endpoint_ranges", "", "untranslated reply, from any port");
	put_drop(out, family, "saddr", "endpoint_addresses", family->later_fragment,
		 "later fragment of a reply");
	put_drop_of_errors(out, family, "endpoints_quoted", "error about a flow");
	put_drop_of_errors(out, family, "endpoint_ranges_quoted",
			   "error about a flow, to any port");
	fputs("\t}\n", out);
}

static const char guard_chain[] =
	"\tchain guard {\n"
	"\t\tmeta protocol vmap { ip : jump guard_ip, ip6 : jump guard_ip6 }\n"
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

static bool is_port(const struct network_link *link)
{
	return link->port >= 0 && link->tag == 0 && link->outer_tag == 0;
}

char *guard_chains_make(const struct network_link *links, size_t link_count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < link_count; i++) {
		const struct network_link *link = &links[i];

		if (link->port < 0 || (!is_port(link) && !link->has_uppers))
			continue;
		/* The number is for us: an interface made anew needs a chain made anew. */
		fprintf(out,
			"\t# interface %u\n"
			"\tchain %s_%u {\n"
			"\t\ttype filter hook ingress device \"%s\" priority -500; policy accept;\n"
			"\t\tjump guard\n"
			"\t}\n",
			link->index, is_port(link) ? "port" : "vlan",
			is_port(link) ? (unsigned)link->port : link->index, link->name);
	}
	return finish(out, &text);
}

static void put_family(FILE *out, const struct family *family, const struct guard_sets *sets)
{
	for (size_t i = 0; i < TABLE_SETS; i++)
		put_set(out, family, &table_sets[i], &sets->rows[table_sets[i].rows]);
	put_chain(out, family);
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
	for (size_t i = 0; i < FAMILIES; i++)
		put_family(out, &families[i], sets);
	fputs(guard_chain, out);
	fputs(chains, out);
	fputs("}\n", out);
	return finish(out, &text);
}

/* A set in the kernel. */
struct target {
	const char *table;
	const struct family *family;
	const struct table_set *set;
};

/* "add element ..." for each row of `these` that is not among `those`. */
static void put_difference(FILE *out, const char *verb, const struct target *target,
			   const struct guard_rows *these, const struct guard_rows *those)
{
	const struct family *family = target->family;
	bool begun = false;

	for (size_t i = next_row(family, these, 0), at = 0; i < these->count;
	     i = next_row(family, these, i + 1)) {
		const struct guard_row *row = &these->items[i];

		while (at < those->count && guard_row_compare(&those->items[at], row) < 0)
			at++;
		if (at < those->count && guard_row_compare(&those->items[at], row) == 0)
			continue;
		if (begun)
			fputs(", ", out);
		else
			fprintf(out, "%s element netdev %s %s%s { ", verb, target->table,
				target->set->name, family->suffix);
		begun = true;
		target->set->put(out, row);
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
	for (size_t i = 0; i < FAMILIES * TABLE_SETS; i++) {
		const struct table_set *set = &table_sets[i % TABLE_SETS];
		const struct target target = {table, &families[i / TABLE_SETS], set};

		/* What goes, goes first: a range that grew overlaps what it was. */
		put_difference(out, "delete", &target, &before->rows[set->rows],
			       &now->rows[set->rows]);
		put_difference(out, "add", &target, &now->rows[set->rows],
			       &before->rows[set->rows]);
	}
	return finish(out, &text);
}
