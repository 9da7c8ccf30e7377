/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/plan_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest that plan_check() takes. */
#define PLAN_MAX_SIZE                                                       \
	(sizeof(struct plan) + ABI_MAX_GROUPS * sizeof(struct plan_group) + \
	 PLAN_MAX_INSTANCES * sizeof(struct plan_instance) +                \
	 PLAN_MAX_PEERS * sizeof(struct plan_peer) +                        \
	 PLAN_MAX_ADDRESSES * sizeof(struct plan_address) +                 \
	 PLAN_MAX_INTERFACES * sizeof(struct plan_interface))

static int read_whole(int descriptor, void **bytes, size_t *size)
{
	struct stat info;

	if (fstat(descriptor, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode) || info.st_size < (off_t)sizeof(struct plan) ||
	    info.st_size > (off_t)PLAN_MAX_SIZE)
		return -EINVAL;
	*size = (size_t)info.st_size;
	*bytes = malloc(*size);
	if (*bytes == NULL)
		return -ENOMEM;
	for (size_t done = 0; done < *size;) {
		ssize_t length = read(descriptor, (char *)*bytes + done, *size - done);

		if (length <= 0) {
			int error = length < 0 ? -errno : -EINVAL;

			free(*bytes);
			return error;
		}
		done += (size_t)length;
	}
	return 0;
}

int plan_read(const char *path, struct plan_view *out, char trouble[PLAN_TROUBLE_SIZE])
{
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	void *bytes = NULL;
	size_t size = 0;
	int error = descriptor < 0 ? -errno : read_whole(descriptor, &bytes, &size);

	if (descriptor >= 0)
		close(descriptor);
	if (error < 0) {
		snprintf(trouble, PLAN_TROUBLE_SIZE, "%s",
			 error == -EINVAL ? "it is no plan" : strerror(-error));
		return error;
	}
	error = plan_check(bytes, size, out, trouble);
	if (error < 0)
		free(bytes);
	else
		out->bytes = bytes;
	return error;
}

void plan_free(struct plan_view *view)
{
	free(view->bytes);
	*view = (struct plan_view){0};
}
