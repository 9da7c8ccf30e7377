/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/neighbour_table.h"

#include "controlplane/array.h"
#include "dataplane/abi/tables.h"

#include <linux/neighbour.h>
#include <string.h>

/* States with a MAC that Linux itself would send to. */
#define STATE_USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

void neighbour_table_free(struct neighbour_table *table)
{
	free(table->rows);
	*table = (struct neighbour_table){0};
}

static int compare_row(const struct neighbour *row, uint32_t interface,
		       const struct address *address)
{
	if (row->interface != interface)
		return row->interface < interface ? -1 : 1;
	return address_compare(&row->address, address);
}

/* Position of the row, or where it would be inserted. */
static size_t find_place(const struct neighbour_table *table, uint32_t interface,
			 const struct address *address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_row(&table->rows[middle], interface, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct neighbour *find_row(const struct neighbour_table *table, uint32_t interface,
				  const struct address *address)
{
	size_t place = find_place(table, interface, address);

	if (place == table->count || compare_row(&table->rows[place], interface, address) != 0)
		return NULL;
	return &table->rows[place];
}

const struct neighbour *neighbour_table_find(const struct neighbour_table *table,
					     uint32_t interface, const struct address *address)
{
	return find_row(table, interface, address);
}

static struct neighbour *insert_row(struct neighbour_table *table,
				    const struct neighbour_news *news)
{
	size_t place = find_place(table, news->interface, &news->address);

	if (table->count >= ABI_MAX_NEXT_HOPS && !news->is_sent_to)
		return NULL;

	struct neighbour *rows = array_grow(table->rows, table->count, &table->room, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	table->rows = rows;
	memmove(&rows[place + 1], &rows[place], (table->count - place) * sizeof(*rows));
	table->count++;
	rows[place] = (struct neighbour){.interface = news->interface, .address = news->address};
	return &rows[place];
}

bool neighbour_table_update(struct neighbour_table *table, const struct neighbour_news *news)
{
	struct neighbour *row = find_row(table, news->interface, &news->address);

	if (row == NULL)
		row = insert_row(table, news);
	if (row == NULL)
		return false;
	row->state = news->state;
	row->round = table->round;

	if ((news->state & STATE_USABLE) && news->mac != NULL) {
		bool changed = !row->has_mac || memcmp(row->mac, news->mac, sizeof(row->mac)) != 0;

		memcpy(row->mac, news->mac, sizeof(row->mac));
		row->has_mac = true;
		return changed;
	}
	if (news->state & NUD_FAILED) {
		bool changed = row->has_mac;

		row->has_mac = false;
		return changed;
	}
	return false;
}

static void remove_row(struct neighbour_table *table, size_t place)
{
	table->count--;
	memmove(&table->rows[place], &table->rows[place + 1],
		(table->count - place) * sizeof(table->rows[0]));
}

bool neighbour_table_forget(struct neighbour_table *table, uint32_t interface,
			    const struct address *address, bool keep)
{
	struct neighbour *row = find_row(table, interface, address);

	if (row == NULL)
		return false;
	if (keep) {
		row->state = 0;
		return false;
	}

	bool changed = row->has_mac;

	remove_row(table, (size_t)(row - table->rows));
	return changed;
}

void neighbour_table_begin(struct neighbour_table *table)
{
	table->round++;
}

void neighbour_table_end(struct neighbour_table *table,
			 bool (*keep)(void *context, const struct neighbour *row), void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct neighbour *row = &table->rows[i];

		if (row->round != table->round) {
			if (!keep(context, row))
				continue;
			row->state = 0;
		}
		table->rows[kept++] = *row;
	}
	table->count = kept;
}

bool neighbour_table_flush(struct neighbour_table *table, uint32_t interface)
{
	size_t kept = 0;
	bool changed = false;

	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].interface == interface)
			changed = changed || table->rows[i].has_mac;
		else
			table->rows[kept++] = table->rows[i];
	}
	table->count = kept;
	return changed;
}
