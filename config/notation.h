/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How durations, prefixes, MAC addresses and ports are written, and read. */
#pragma once

#include "config/model.h"

/*
 * Each reads a whole text; NULL, or what is wrong with it: a clause that goes
 * on from the quoted text, "is no duration: write ...".
 */
const char *notation_read_duration(const char *text, uint64_t *ms); /* UINT64_MAX: too long */
const char *notation_read_address(const char *text, struct address *address);
const char *notation_read_prefix(const char *text, struct config_prefix *prefix);
const char *notation_read_mac(const char *text, uint8_t mac[6]);
const char *notation_read_ports(const char *text, struct config_port_range *range);
const char *notation_read_statuses(const char *text, struct config_status_range *range);

/* True for "10.0.0.1/8": bits are set behind the prefix length. */
bool notation_has_host_bits(const struct config_prefix *prefix);

#define NOTATION_SIZE 64

/*
 * Milliseconds as a whole number of hours, minutes, seconds or milliseconds, of
 * the longest unit that fits; at most `longest`: 'h', 'm' or 's'. Returns `text`.
 */
char *notation_write_duration(uint64_t ms, char longest, char text[NOTATION_SIZE]);
char *notation_write_prefix(const struct config_prefix *prefix, char text[NOTATION_SIZE]);
char *notation_write_mac(const uint8_t mac[6], char text[NOTATION_SIZE]);
char *notation_write_ports(const struct config_port_range *range, char text[NOTATION_SIZE]);
char *notation_write_statuses(const struct config_status_range *range, char text[NOTATION_SIZE]);
