/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/guard/sets.h"

#include "controlplane/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int guard_rows_add(struct guard_rows *rows, struct guard_row row)
{
	struct guard_row *items = array_grow(rows->items, rows->count, &rows->room, sizeof(*items));

	if (items == NULL)
		return -ENOMEM;
	rows->items = items;
	items[rows->count++] = row;
	return 0;
}

int guard_row_compare(const struct guard_row *a, const struct guard_row *b)
{
	int order = address_compare(&a->address, &b->address);

	if (order != 0)
		return order;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->last < b->last ? -1 : a->last > b->last;
}

static int compare_rows(const void *left, const void *right)
{
	return guard_row_compare(left, right);
}

/* One service may have port 80, another all ports. */
static void merge_rows(struct guard_rows *rows)
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	qsort(rows->items, rows->count, sizeof(rows->items[0]), compare_rows);
	for (size_t i = 1; i < rows->count; i++) {
		struct guard_row *before = &rows->items[kept];
		const struct guard_row *row = &rows->items[i];

		if (address_equal(&row->address, &before->address) &&
		    row->protocol == before->protocol && row->first <= before->last) {
			if (row->last > before->last)
				before->last = row->last;
		} else {
			rows->items[++kept] = *row;
		}
	}
	rows->count = kept + 1;
}

/* Rows of one port to the one, ranges to the other. */
static int deal(const struct guard_rows *from, struct guard_rows *ports, struct guard_rows *ranges)
{
	int error = 0;

	for (size_t i = 0; i < from->count && error == 0; i++) {
		const struct guard_row *row = &from->items[i];

		error = guard_rows_add(row->first == row->last ? ports : ranges, *row);
	}
	return error;
}

/* The addresses alone, each once; `from` is sorted. */
static int add_addresses(const struct guard_rows *from, struct guard_rows *out)
{
	int error = 0;

	for (size_t i = 0; i < from->count && error == 0; i++) {
		const struct address *address = &from->items[i].address;

		if (i == 0 || !address_equal(address, &from->items[i - 1].address))
			error = guard_rows_add(out, (struct guard_row){.address = *address});
	}
	return error;
}

static int fill(const struct guard_input *input, struct guard_sets *out)
{
	struct guard_rows *rows = out->rows;
	int error = deal(&input->services, &rows[GUARD_SERVICES], &rows[GUARD_SERVICE_RANGES]);

	if (error == 0)
		error = deal(&input->locals, &rows[GUARD_LOCALS], &rows[GUARD_LOCALS]);
	if (error == 0)
		error = deal(&input->endpoints, &rows[GUARD_ENDPOINTS],
			     &rows[GUARD_ENDPOINT_RANGES]);
	if (error == 0)
		error = add_addresses(&input->services, &rows[GUARD_OUR_ADDRESSES]);
	if (error == 0)
		error = add_addresses(&input->locals, &rows[GUARD_OUR_ADDRESSES]);
	if (error == 0)
		error = add_addresses(&input->endpoints, &rows[GUARD_ENDPOINT_ADDRESSES]);
	if (error == 0)
		error = add_addresses(&input->hosts, &rows[GUARD_HOSTS]);
	if (error == 0)
		error = add_addresses(&input->closed, &rows[GUARD_CLOSED]);
	merge_rows(&rows[GUARD_OUR_ADDRESSES]);
	return error;
}

/* Merged; the rows they come from stay as they are. */
static int merge_copy(const struct guard_rows *rows, struct guard_rows *out)
{
	*out = (struct guard_rows){.items = calloc(rows->count + 1, sizeof(*rows->items))};
	if (out->items == NULL)
		return -ENOMEM;
	if (rows->count > 0)
		memcpy(out->items, rows->items, rows->count * sizeof(*rows->items));
	out->count = out->room = rows->count;
	merge_rows(out);
	return 0;
}

int guard_sets_make(const struct guard_input *input, struct guard_sets *out)
{
	struct guard_input merged = {0};
	int error = merge_copy(&input->services, &merged.services);

	*out = (struct guard_sets){0};
	if (error == 0)
		error = merge_copy(&input->locals, &merged.locals);
	if (error == 0)
		error = merge_copy(&input->endpoints, &merged.endpoints);
	if (error == 0)
		error = merge_copy(&input->hosts, &merged.hosts);
	if (error == 0)
		error = merge_copy(&input->closed, &merged.closed);
	if (error == 0)
		error = fill(&merged, out);
	guard_input_free(&merged);
	if (error < 0)
		guard_sets_free(out);
	return error;
}

bool guard_rows_equal(const struct guard_rows *a, const struct guard_rows *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		if (guard_row_compare(&a->items[i], &b->items[i]) != 0)
			return false;
	}
	return a->count == b->count;
}

bool guard_ranges_equal(const struct guard_sets *a, const struct guard_sets *b)
{
	return guard_rows_equal(&a->rows[GUARD_SERVICE_RANGES], &b->rows[GUARD_SERVICE_RANGES]) &&
	       guard_rows_equal(&a->rows[GUARD_ENDPOINT_RANGES], &b->rows[GUARD_ENDPOINT_RANGES]);
}

void guard_sets_free(struct guard_sets *sets)
{
	for (size_t i = 0; i < GUARD_SET_COUNT; i++)
		free(sets->rows[i].items);
	*sets = (struct guard_sets){0};
}
