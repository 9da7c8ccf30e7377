/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/listener.h"

#include "config/listen.h"
#include "controlplane/log.h"
#include "controlplane/socket_address.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG    64
#define PREFIX     "unix:"
#define PREFIX_END (sizeof(PREFIX) - 1)

static int open_socket(int family)
{
	int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return descriptor < 0 ? -errno : descriptor;
}

/* True when nobody answers on the socket any more. A file of another kind refuses in the same way.
 */
static bool is_stale(const struct sockaddr_un *name)
{
	struct stat info;

	if (lstat(name->sun_path, &info) < 0 || !S_ISSOCK(info.st_mode))
		return false;

	int descriptor = open_socket(AF_UNIX);

	if (descriptor < 0)
		return false;

	bool stale = connect(descriptor, (const struct sockaddr *)name, sizeof(*name)) < 0 &&
		     errno == ECONNREFUSED;

	close(descriptor);
	return stale;
}

/* Returns the descriptor; closes it when it fails. */
static int listen_at(int descriptor, const struct sockaddr *name, socklen_t length)
{
	int outcome;

	if (bind(descriptor, name, length) == 0 && listen(descriptor, BACKLOG) == 0)
		return descriptor;
	outcome = -errno;
	close(descriptor);
	return outcome;
}

static int open_unix(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int descriptor;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	strcpy(name.sun_path, path);
	descriptor = open_socket(AF_UNIX);
	if (descriptor < 0)
		return descriptor;
	if (is_stale(&name))
		unlink(path);

	mode_t before = umask(0117); /* 0660 from its first moment */
	int outcome = listen_at(descriptor, (struct sockaddr *)&name, sizeof(name));

	umask(before);
	return outcome;
}

static int open_tcp(const struct listen_place *place)
{
	struct sockaddr_storage name;
	socklen_t length = socket_address(&place->address, place->port, &name);
	const int on = 1;
	int descriptor = open_socket(name.ss_family);

	if (descriptor < 0)
		return descriptor;
	/* Connections of a former life that still linger are no reason not to listen. */
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return listen_at(descriptor, (struct sockaddr *)&name, length);
}

bool listener_is_tcp(const char *where)
{
	return strncmp(where, PREFIX, PREFIX_END) != 0;
}

int listener_open(const char *where)
{
	struct listen_place place;
	int descriptor = -EINVAL;

	if (listen_parse(where, &place) == NULL)
		descriptor = place.path[0] != '\0' ? open_unix(place.path) : open_tcp(&place);
	if (descriptor < 0)
		log_error("the API cannot listen on %s: %s", where, strerror(-descriptor));
	return descriptor;
}

void listener_unlink(const char *where)
{
	if (!listener_is_tcp(where))
		unlink(where + PREFIX_END);
}
