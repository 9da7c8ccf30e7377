/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/stats/latency.h"

static double seconds(const struct latency *latency, double cycles)
{
	return cycles / latency->cycles_per_us / 1e6;
}

uint64_t latency_packets(const struct latency *latency)
{
	uint64_t packets = 0;

	for (unsigned i = 0; i < ABI_LATENCY_BUCKETS; i++)
		packets += latency->buckets[i];
	return packets;
}

double latency_bound(const struct latency *latency, unsigned bucket)
{
	return seconds(latency, 2.0 * (double)(UINT64_C(1) << bucket));
}

double latency_sum(const struct latency *latency)
{
	return seconds(latency, (double)latency->cycles);
}

double latency_quantile(const struct latency *latency, double share)
{
	double wanted = share * (double)latency_packets(latency);
	double passed = 0;

	for (unsigned i = 0; i < ABI_LATENCY_BUCKETS; i++) {
		double here = (double)latency->buckets[i];

		if (here > 0 && passed + here >= wanted) {
			double from = i > 0 ? latency_bound(latency, i - 1) : 0;

			return from + (latency_bound(latency, i) - from) * (wanted - passed) / here;
		}
		passed += here;
	}
	return 0;
}
