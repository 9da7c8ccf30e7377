/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Defaults that depend on other fields; see field.derive. */
#pragma once

#include "config/fields.h"

/* A service's timeout: the one of `defaults`. */
void derive_timeout(const struct field *field, const struct config *config, const void *object,
		    void *value);

/* A port's last_hop_from: neighbours where Linux knows them. */
void derive_last_hop_from(const struct field *field, const struct config *config,
			  const void *object, void *value);

/* A health check's type: tcp, or none where only UDP services use the pool. */
void derive_check_type(const struct field *field, const struct config *config, const void *object,
		       void *value);

/*
 * A health check's port: 0, the backend's; where no backend has one, the one
 * port that all services of the pool listen on.
 */
void derive_check_port(const struct field *field, const struct config *config, const void *object,
		       void *value);
