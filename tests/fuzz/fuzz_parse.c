/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Any bytes as a frame: the headers are read within it, and as the model reads
 * them. The frame lies in memory of just its size: a look beyond it is found.
 */
#include "dataplane/core/parse.h"
#include "tests/fuzz/fuzz.h"
#include "tests/model/parse.h"

#include <stdlib.h>

_Static_assert(VERDICT_NONE == MODEL_NO_VERDICT, "the two say alike that there is no verdict yet");

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t length = (uint32_t)size;
	struct headers headers;
	struct model_headers expected;
	uint8_t *frame = malloc(size);

	if (size > 0)
		memcpy(frame, data, size);
	uint8_t verdict = parse_headers(frame, length, &headers);
	check(verdict == model_parse(ENGINE_FEATURES, frame, length, &expected));
	if (verdict == VERDICT_NONE) {
		check(headers.ip_length == expected.ip_length);
		check(headers.kind != HEADERS_FLOW || headers.transport == expected.transport);
		check(headers.tcp_flags == expected.tcp_flags || headers.kind != HEADERS_FLOW);
	}
	free(frame);
	return 0;
}
