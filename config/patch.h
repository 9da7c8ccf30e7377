/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A document laid over another one. Pure; any thread. */
#pragma once

#include <jansson.h>

/*
 * JSON Merge Patch (RFC 7396): `target` (NULL: nothing) with `patch` laid over
 * it. Neither is changed; a new reference that may share members with `target`,
 * so the outcome is not to be changed in place. NULL: no memory.
 */
json_t *patch_merge(const json_t *target, const json_t *patch);
