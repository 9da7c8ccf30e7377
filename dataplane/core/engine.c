/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/engine.h"

#include "dataplane/core/engine_burst.h"
#include "dataplane/core/engine_internal.h"

enum engine_isa engine_best_isa(void)
{
	bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");

	if (!v3)
		return ENGINE_ISA_V1;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return ENGINE_ISA_V4;
	return ENGINE_ISA_V3;
}

const char *engine_isa_text(enum engine_isa isa)
{
	static const char *const texts[] = {
		[ENGINE_ISA_V1] = "x86-64",
		[ENGINE_ISA_V3] = "x86-64-v3",
		[ENGINE_ISA_V4] = "x86-64-v4",
	};

	return texts[isa];
}

bool engine_find_isa(const char *text, enum engine_isa *isa)
{
	for (*isa = ENGINE_ISA_V1; *isa <= engine_best_isa(); (*isa)++)
		if (strcmp(text, engine_isa_text(*isa)) == 0)
			return true;
	return false;
}

void engine_set_isa(struct engine *engine, enum engine_isa isa)
{
	static engine_burst *const bursts[] = {
		[ENGINE_ISA_V1] = engine_burst_v1,
		[ENGINE_ISA_V3] = engine_burst_v3,
		[ENGINE_ISA_V4] = engine_burst_v4,
	};

	engine->burst = bursts[isa];
}

/*
 * While a worker naps between two turns it holds no snapshot: the one it had may be released, the
 * next one come and go, and the one after that lie where the first did.
 */
static bool is_in_use(const struct engine *engine, const struct snapshot *snapshot)
{
	return engine->snapshot == snapshot &&
	       (snapshot == NULL || (engine->generation == snapshot->generation &&
				     engine->instance == snapshot->instance));
}

void engine_use(struct engine *engine, const struct snapshot *snapshot)
{
	if (is_in_use(engine, snapshot))
		return;
	engine->snapshot = snapshot;
	if (snapshot != NULL) {
		engine->instance = snapshot->instance;
		engine->generation = snapshot->generation;
	}
	/* 0 is that of a hop whose way was never made. */
	if (++engine->era == 0)
		engine->era = 1;
}

static void run(struct engine *engine, struct packet *packets, unsigned count, uint64_t now_ms,
		struct engine_foreign foreign)
{
	const uint32_t now = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT);

	if (engine->snapshot != NULL) {
		engine->burst(engine, packets, count, now, foreign);
		if (unlikely(engine->has_fragments))
			engine_run_fragments(engine, packets, count, now);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		packets[i].verdict = ABI_VERDICT_TO_LINUX;
	engine->counters->verdicts[ABI_VERDICT_TO_LINUX] += count;
}

void engine_run(struct engine *engine, struct packet *packets, unsigned count, uint64_t now_ms)
{
	struct engine_foreign foreign = {0};

	if (engine->owner != NULL)
		foreign = (struct engine_foreign){engine->foreign, ~engine->foreign};
	run(engine, packets, count, now_ms, foreign);
}

void engine_run_owned(struct engine *engine, struct packet *packets, unsigned count,
		      uint64_t now_ms)
{
	run(engine, packets, count, now_ms, (struct engine_foreign){0});
}
