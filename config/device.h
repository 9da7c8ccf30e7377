/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A port's device, as it is written: KIND:ARGUMENT. */
#pragma once

#include "config/model.h"

/*
 * Reads port->device into kind and device_argument. NULL, or what is wrong with
 * it: a clause that goes on from the quoted text, "is no device: name ...".
 */
const char *device_parse(struct config_port *port);
