/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Looks at the sysctls that Headrace needs set in a certain way and logs a line
 * for each that is not; with manage_sysctls in the configuration it sets them.
 */
#pragma once

#include "controlplane/neighbours/network.h"

void sysctls_check(const struct network *network, const struct config *config);
