/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * engine_bench [--runs N] [--isa LEVEL] [NAME ...]: the rows whose names contain
 * one of the words, or all. docs/performance.md says what is measured, and how.
 */
#include "tests/bench/rows.h"

#include "dataplane/core/wire.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct size {
	const char *name;
	uint32_t flows, capacity, local_addresses;
};

static const struct size sizes[] = {
	{"1k", 1000, 1250, 1},
	{"64k", 65536, 81920, 1},
	{"1m", 1000000, 1250000, 2},
	{"10m", 10000000, 12500000, 8},
};

struct selection {
	char **words;
	int count;
};

static bool is_selected(const struct selection *selection, const char *name)
{
	for (int i = 0; i < selection->count; i++)
		if (strstr(name, selection->words[i]) != NULL)
			return true;
	return selection->count == 0;
}

static void run_established(struct measure *measure, const struct selection *selection,
			    enum engine_isa isa)
{
	static const char *const modes[] = {"dnat", "full-nat"};

	for (unsigned size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++)
		for (uint8_t family = 4; family <= 6; family += 2)
			for (unsigned mode = BENCH_DNAT; mode <= BENCH_FULL_NAT; mode++) {
				const struct bench_settings settings = {
					.family = family,
					.mode = mode,
					.protocol = PROTOCOL_TCP,
					.capacity = sizes[size].capacity,
					.local_addresses = sizes[size].local_addresses,
					.isa = isa,
				};
				char name[64];

				snprintf(name, sizeof(name), "engine.established.%s.v%u.%s",
					 modes[mode], family, sizes[size].name);
				if (is_selected(selection, name))
					bench_established(measure, &settings, name,
							  sizes[size].flows);
			}
}

static void run_new_flow(struct measure *measure, const struct selection *selection,
			 enum engine_isa isa)
{
	for (unsigned size = 2; size < sizeof(sizes) / sizeof(sizes[0]); size++)
		for (uint8_t family = 4; family <= 6; family += 2) {
			const struct bench_settings settings = {
				.family = family,
				.mode = BENCH_FULL_NAT,
				.protocol = PROTOCOL_TCP,
				.capacity = sizes[size].capacity,
				.local_addresses = sizes[size].local_addresses,
				.isa = isa,
			};
			char name[64];

			snprintf(name, sizeof(name), "engine.new-flow.v%u.%s", family,
				 sizes[size].name);
			if (is_selected(selection, name))
				bench_new_flow(measure, &settings, name, sizes[size].flows);
		}
}

static void run_others(struct measure *measure, const struct selection *selection,
		       enum engine_isa isa)
{
	const struct bench_settings settings = {
		.family = 4,
		.mode = BENCH_FULL_NAT,
		.protocol = PROTOCOL_TCP,
		.capacity = 1000000,
		.local_addresses = 2,
		.isa = isa,
	};

	struct bench_settings small = settings;
	small.capacity = 1250;
	if (is_selected(selection, "engine.scale.two-workers"))
		bench_scale(measure, &small, "engine.scale.two-workers");
	struct bench_settings shown = settings;
	shown.capacity = 1250000;
	if (is_selected(selection, "engine.shown"))
		bench_shown(measure, &shown, "engine.shown");
	if (is_selected(selection, "engine.hand-off"))
		bench_handoff(measure, &small, "engine.hand-off");
	if (is_selected(selection, "engine.connection.v4"))
		bench_connections(measure, &settings, "engine.connection.v4");
	if (is_selected(selection, "engine.syn-flood.v4"))
		bench_syn_flood(measure, &settings, "engine.syn-flood.v4");
	if (is_selected(selection, "table.publish.10-services"))
		bench_publish(measure, &settings, "table.publish.10-services", 10);
	if (is_selected(selection, "table.publish.1000-services"))
		bench_publish(measure, &settings, "table.publish.1000-services", 1000);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"runs", 1, NULL, 'r'},
						{"isa", 1, NULL, 'i'},
						{"packets", 1, NULL, 'p'},
						{NULL, 0, NULL, 0}};
	struct measure measure = {.runs = 5, .packets = 4u << 20};
	enum engine_isa isa = engine_best_isa();

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'r')
			measure.runs = (unsigned)atoi(optarg);
		else if (option == 'p')
			measure.packets = (uint32_t)atoi(optarg) / PACKET_BURST * PACKET_BURST;
		else if (option == 'i')
			isa = strcmp(optarg, "v1") == 0   ? ENGINE_ISA_V1
			      : strcmp(optarg, "v3") == 0 ? ENGINE_ISA_V3
							  : ENGINE_ISA_V4;
		else
			return 2;
	}
	const struct selection selection = {argv + optind, argc - optind};
	measure_pin(&measure);
	fprintf(stderr, "instruction set: %s\n%-36s %14s %14s %14s\n", engine_isa_text(isa), "row",
		"min", "median", "max");
	run_established(&measure, &selection, isa);
	run_new_flow(&measure, &selection, isa);
	run_others(&measure, &selection, isa);
	return 0;
}
