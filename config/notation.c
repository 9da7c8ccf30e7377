/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/notation.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

/* A number without sign, blanks or leading zeros; false when it is none, or over `maximum`. */
static bool read_number(const char *text, size_t length, uint64_t maximum, uint64_t *out)
{
	uint64_t number = 0;

	if (length == 0 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > maximum)
			return false;
	}
	*out = number;
	return true;
}

const char *notation_read_duration(const char *text, uint64_t *ms)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		if (digits == 0 || (digits > 1 && text[0] == '0'))
			break;
		bool fits = read_number(text, digits, UINT32_MAX, &number);
		*ms = fits ? number * units[i].ms : UINT64_MAX;
		return NULL;
	}
	return "is no duration: write a whole number and ms, s, m or h, such as \"500ms\" or "
	       "\"5m\"";
}

const char *notation_read_address(const char *text, struct address *address)
{
	if (address_parse(text, address) == 0)
		return address_is_missing(address) ? "is an address of no machine: write one that "
						     "packets can be sent to"
						   : NULL;
	if (strchr(text, '/') != NULL)
		return "is no IP address: write one without a prefix length, such as \"192.0.2.1\" "
		       "or \"2001:db8::1\"";
	return "is no IP address: write one such as \"192.0.2.1\" or \"2001:db8::1\"";
}

const char *notation_read_prefix(const char *text, struct config_prefix *prefix)
{
	char address[ADDRESS_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	size_t before = slash == NULL ? strlen(text) : (size_t)(slash - text);
	uint64_t length;

	snprintf(address, sizeof(address), "%.*s", (int)before, text);
	if (before >= sizeof(address) || address_parse(address, &prefix->address) != 0)
		return "is no prefix: write one such as \"192.0.2.0/24\"";
	unsigned longest = address_bits(&prefix->address);
	length = longest;
	if (slash != NULL && !read_number(slash + 1, strlen(slash + 1), longest, &length))
		return longest == 32 ? "is no prefix: write 0 to 32 behind the slash"
				     : "is no prefix: write 0 to 128 behind the slash";
	prefix->length = (uint8_t)length;
	return NULL;
}

bool notation_has_host_bits(const struct config_prefix *prefix)
{
	unsigned skipped = address_is_ipv4(&prefix->address) ? 96 : 0;

	for (unsigned bit = skipped + prefix->length; bit < 128; bit++) {
		if (prefix->address.bytes[bit / 8] & (0x80 >> (bit % 8)))
			return true;
	}
	return false;
}

const char *notation_read_mac(const char *text, uint8_t mac[6])
{
	static const char pattern[] = "xx:xx:xx:xx:xx:xx";
	bool right = strlen(text) == strlen(pattern);

	for (size_t i = 0; right && pattern[i] != '\0'; i++)
		right = pattern[i] == ':' ? text[i] == ':' : isxdigit((unsigned char)text[i]);
	if (!right)
		return "is no MAC address: write one such as \"02:00:5e:00:53:01\"";
	sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3],
	       &mac[4], &mac[5]);
	return NULL;
}

const char *notation_read_ports(const char *text, struct config_port_range *range)
{
	const char *dash = strchr(text, '-');
	size_t length = dash == NULL ? strlen(text) : (size_t)(dash - text);
	uint64_t first, last;

	if (strcmp(text, "*") == 0) {
		*range = (struct config_port_range){0, UINT16_MAX};
		return NULL;
	}
	if (!read_number(text, length, UINT16_MAX, &first) || first == 0 ||
	    (dash != NULL && !read_number(dash + 1, strlen(dash + 1), UINT16_MAX, &last)))
		return "names no ports from 1 to 65535: write \"80\", \"8000-8099\" or \"*\"";
	if (dash == NULL)
		last = first;
	if (last < first)
		return "ends before it begins: write the lower port first";
	*range = (struct config_port_range){(uint16_t)first, (uint16_t)last};
	return NULL;
}

#define STATUS_FIRST 100
#define STATUS_LAST  599

const char *notation_read_statuses(const char *text, struct config_status_range *range)
{
	const char *dash = strchr(text, '-');
	size_t length = dash == NULL ? strlen(text) : (size_t)(dash - text);
	uint64_t first, last;

	if (!read_number(text, length, STATUS_LAST, &first) || first < STATUS_FIRST ||
	    (dash != NULL && !read_number(dash + 1, strlen(dash + 1), STATUS_LAST, &last)))
		return "names no HTTP statuses from 100 to 599: write \"204\" or \"200-299\"";
	if (dash == NULL)
		last = first;
	if (last < first)
		return "ends before it begins: write the lower status first";
	*range = (struct config_status_range){(uint16_t)first, (uint16_t)last};
	return NULL;
}

char *notation_write_duration(uint64_t ms, char longest, char text[NOTATION_SIZE])
{
	size_t unit = 0;

	while (units[unit].name[0] != longest)
		unit++;
	if (ms == 0)
		return strcpy(text, "0s");
	while (ms % units[unit].ms != 0)
		unit++;
	snprintf(text, NOTATION_SIZE, "%" PRIu64 "%s", ms / units[unit].ms, units[unit].name);
	return text;
}

char *notation_write_prefix(const struct config_prefix *prefix, char text[NOTATION_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];

	snprintf(text, NOTATION_SIZE, "%s/%u", address_format(&prefix->address, address),
		 prefix->length);
	return text;
}

char *notation_write_mac(const uint8_t mac[6], char text[NOTATION_SIZE])
{
	snprintf(text, NOTATION_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

char *notation_write_ports(const struct config_port_range *range, char text[NOTATION_SIZE])
{
	if (range->first == 0)
		return strcpy(text, "*");
	if (range->first == range->last)
		snprintf(text, NOTATION_SIZE, "%u", range->first);
	else
		snprintf(text, NOTATION_SIZE, "%u-%u", range->first, range->last);
	return text;
}

char *notation_write_statuses(const struct config_status_range *range, char text[NOTATION_SIZE])
{
	if (range->first == range->last)
		snprintf(text, NOTATION_SIZE, "%u", range->first);
	else
		snprintf(text, NOTATION_SIZE, "%u-%u", range->first, range->last);
	return text;
}
