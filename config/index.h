/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Pools by their name, and services by the name of their pool: with thousands
 * of both nobody may walk one list for each of the other.
 */
#pragma once

#include "config/model.h"

/* Sorts both once they are read; 0 or -ENOMEM. */
int index_make(struct config *config);
void index_free(struct config *config);

/* The first service that uses a pool of this name, as a position in config->service_order. */
size_t index_first_service(const struct config *config, const char *pool);
