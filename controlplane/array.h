/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A growing array: a pointer, a count and the room there is. */
#pragma once

#include <stdlib.h>

/* Makes room for one more item of `size` bytes behind `count`; NULL: no memory, all is as it was.
 */
static inline void *array_grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;

	size_t more = *room == 0 ? 16 : *room * 2;
	void *bigger = reallocarray(items, more, size);

	if (bigger != NULL)
		*room = more;
	return bigger;
}
