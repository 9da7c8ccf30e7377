/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/upload.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096

static bool grow(struct upload *upload, size_t needed)
{
	size_t room = upload->room > 0 ? upload->room : ROOM_MIN;

	while (room < needed)
		room *= 2;
	if (*upload->all + room - upload->room > UPLOAD_ALL_MAX)
		return false;

	char *bytes = realloc(upload->bytes, room);

	if (bytes == NULL)
		return false;
	*upload->all += room - upload->room;
	upload->bytes = bytes;
	upload->room = room;
	return true;
}

static void release(struct upload *upload)
{
	free(upload->bytes);
	*upload->all -= upload->room;
	upload->bytes = NULL;
	upload->room = 0;
}

bool upload_append(struct upload *upload, const char *bytes, size_t length)
{
	size_t together = upload->length + length;

	upload->length = together;
	if (upload->refused != 0)
		return together <= UPLOAD_DRAINED_MAX;
	if (together > UPLOAD_MAX)
		upload->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	else if (together > upload->room && !grow(upload, together))
		upload->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
	if (upload->refused != 0)
		release(upload);
	else
		memcpy(upload->bytes + together - length, bytes, length);
	return true;
}

void upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	release(upload);
	free(upload);
}
