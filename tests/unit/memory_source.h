/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A `tables` file that lies in memory; a sanitizer sees any step beyond it. */
#pragma once

#include "dataplane/core/tables.h"

#include <string.h>

struct memory_source {
	const void *bytes;
	size_t size;
};

static inline bool memory_source_read(void *context, uint64_t offset, void *to, size_t length)
{
	const struct memory_source *memory = context;

	memcpy(to, (const uint8_t *)memory->bytes + offset, length);
	return true;
}

static inline struct tables_source memory_source(const struct memory_source *memory)
{
	return (struct tables_source){memory_source_read, (void *)(uintptr_t)memory, memory->size};
}
