/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void log_line(enum log_level level, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* One write() a line, so that lines of two programs on one terminal do not mix. */
static void log_line(enum log_level level, const char *format, va_list arguments)
{
	char line[1024];
	int start = getenv("JOURNAL_STREAM") != NULL
			    ? snprintf(line, sizeof(line), "<%d>", level)
			    : snprintf(line, sizeof(line), "headrace-controlplane: ");

	vsnprintf(line + start, sizeof(line) - 1 - (size_t)start, format, arguments);

	size_t length = strlen(line);

	/* What came from outside must not forge lines or drive a terminal. */
	for (size_t i = 0; i < length; i++) {
		if (iscntrl((unsigned char)line[i]))
			line[i] = ' ';
	}
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		return; /* nobody is left to tell */
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_LEVEL_INFO, format, arguments);
	va_end(arguments);
}
