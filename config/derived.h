/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Defaults that depend on other fields; see field.derive. */
#pragma once

#include "config/fields.h"

/* A port's last_hop_from: neighbours where Linux knows them. */
void derive_last_hop_from(const struct field *field, const struct config *config,
			  const void *object, void *value);

/* A health check's type: the default's, or none where only UDP services use the pool. */
void derive_check_type(const struct field *field, const struct config *config, const void *object,
		       void *value);

/* A health check's fast_interval: the default's, where that is less than its own interval. */
void derive_check_fast_interval(const struct field *field, const struct config *config,
				const void *object, void *value);

/*
 * A health check's port: the default's; without one 0, the backend's; where no
 * backend has one, the one port that all services of the pool listen on.
 */
void derive_check_port(const struct field *field, const struct config *config, const void *object,
		       void *value);
