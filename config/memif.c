/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/memif.h"

#include <string.h>
#include <sys/un.h>

static const char queues_key[] = "queues=";

/* 1 to MEMIF_QUEUES_MAX, digits alone; 0: it is no such number. */
static uint16_t read_queues(const char *digits, size_t length)
{
	unsigned number = 0;

	for (size_t i = 0; i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return 0;
		number = number * 10 + (unsigned)(digits[i] - '0');
		if (number > MEMIF_QUEUES_MAX)
			return 0;
	}
	return (uint16_t)number;
}

static const char *parse_option(const char *option, size_t length, struct memif *out)
{
	const size_t key = sizeof(queues_key) - 1;

	if (length == strlen("server") && memcmp(option, "server", length) == 0) {
		out->server = true;
		return NULL;
	}
	if (length < key || memcmp(option, queues_key, key) != 0)
		return "is no device: only \",server\", for the end that listens, and "
		       "\",queues=N\" may follow the socket";
	out->queues = read_queues(option + key, length - key);
	return out->queues != 0 ? NULL
				: "is no device: a memif has 1 to 64 queues, as many as its other "
				  "end, such as \"memif:/run/headrace/memif.sock,queues=2\"";
}

const char *memif_parse(const char *argument, struct memif *out)
{
	const char *wrong = NULL;
	const char *at = argument + strcspn(argument, ",");

	*out = (struct memif){.socket_length = (size_t)(at - argument), .queues = 1};
	if (out->socket_length == 0 ||
	    out->socket_length >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "is no device: name a socket of at most 107 characters behind the colon, "
		       "such as \"memif:/run/headrace/memif.sock\"";
	while (*at == ',' && wrong == NULL) {
		const size_t length = strcspn(at + 1, ",");

		wrong = parse_option(at + 1, length, out);
		at += 1 + length;
	}
	return wrong;
}
