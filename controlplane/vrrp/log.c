/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/log.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * O_NONBLOCK is the open file's, which others may have too (our starter's own
 * log): so a pipe or a terminal is opened once more, for us alone.
 */
void vrrp_log_open(struct vrrp_log *log)
{
	struct stat info;
	int own = -1;

	*log = (struct vrrp_log){.descriptor = STDERR_FILENO,
				 .is_journal = getenv("JOURNAL_STREAM") != NULL};
	if (fstat(STDERR_FILENO, &info) < 0)
		return;
	log->is_socket = S_ISSOCK(info.st_mode);
	if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))
		own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0)
		log->descriptor = own;
}

static ssize_t put(const struct vrrp_log *log, const char *line, size_t length)
{
	if (log->is_socket)
		return send(log->descriptor, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(log->descriptor, line, length);
}

void vrrp_log(struct vrrp_log *log, enum log_level level, const char *format, ...)
{
	char line[512];
	int start = log->is_journal ? snprintf(line, sizeof(line), "<%d>", level)
				    : snprintf(line, sizeof(line), "headrace-vrrp: ");
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	vsnprintf(line + start, sizeof(line) - 1 - (size_t)start, format, arguments);
	va_end(arguments);
	length = strlen(line);
	/* What came from outside must not forge lines or drive a terminal. */
	for (size_t i = 0; i < length; i++) {
		if (iscntrl((unsigned char)line[i]))
			line[i] = ' ';
	}
	line[length++] = '\n';
	if (put(log, line, length) != (ssize_t)length)
		log->lost++;
}
