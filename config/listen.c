/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/listen.h"

#include <stdlib.h>
#include <string.h>

#define UNIX_PREFIX     "unix:"
#define UNIX_PREFIX_END (sizeof(UNIX_PREFIX) - 1)

static const char *parse_path(const char *path, struct listen_place *place)
{
	if (path[0] != '/' || strlen(path) >= sizeof(place->path))
		return "write an absolute path of at most 107 characters behind \"unix:\"";
	strcpy(place->path, path);
	return NULL;
}

/* Digits only, as strtoul() would take more. */
static bool parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value = strtoul(text, NULL, 10);

	*port = (uint16_t)value;
	return digits > 0 && digits <= 5 && text[digits] == '\0' && value > 0 &&
	       value <= UINT16_MAX;
}

static bool parse_endpoint(const char *text, struct listen_place *place)
{
	char address[ADDRESS_TEXT_SIZE];
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';

	if (colon == NULL || (bracketed && (colon == text + 1 || colon[-1] != ']')))
		return false;

	size_t length = (size_t)(colon - text) - (bracketed ? 2 : 0);

	if (length >= sizeof(address))
		return false;
	memcpy(address, text + bracketed, length);
	address[length] = '\0';
	return address_parse(address, &place->address) == 0 &&
	       address_is_ipv4(&place->address) != bracketed && parse_port(colon + 1, &place->port);
}

const char *listen_parse(const char *text, struct listen_place *place)
{
	*place = (struct listen_place){0};
	if (strncmp(text, UNIX_PREFIX, UNIX_PREFIX_END) == 0)
		return parse_path(text + UNIX_PREFIX_END, place);
	if (!parse_endpoint(text, place))
		return "write \"unix:PATH\" or \"ADDRESS:PORT\", such as "
		       "\"unix:/run/headrace/api.sock\", "
		       "\"127.0.0.1:7117\" or \"[::1]:7117\"";
	return NULL;
}
