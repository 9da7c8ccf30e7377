/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The document into the structs, value for value, by the table of fields. */
#pragma once

#include "config/errors.h"

/*
 * Fills a zeroed `config`. What the document does not say, or says wrongly, is
 * its default, or zero where there is none; each value that is wrong is a fault.
 */
void reader_read(json_t *document, struct config *config, struct report *report);
