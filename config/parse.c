/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * From the text to the structs, in steps that each add to the list of faults:
 * the JSON, keys that came twice, every value by the table of fields, defaults
 * that depend on others, what the values mean together, what is not built yet.
 */
#include "config/config.h"

#include "config/errors.h"
#include "config/reader.h"
#include "config/scan.h"
#include "config/validate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOCUMENT_MAX (16u << 20) /* bytes */

static void report_duplicate(void *context, const char *pointer, int line, int column,
			     bool duplicate)
{
	struct report *report = context;

	if (duplicate)
		report_add_at(report, pointer, line, column,
			      "the key is here twice: keep one of them");
}

static struct config *read_document(json_t *document, const char *text, size_t length,
				    struct report *report)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL || scan_document(text, length, report_duplicate, report) != 0) {
		report->out_of_memory = true;
		return config;
	}
	reader_read(document, config, report);
	if (!report->out_of_memory)
		validate(config, document, report);
	report_end(report, text, length);
	return config;
}

int config_parse(const char *text, size_t length, struct config **out, struct config_errors *errors)
{
	struct report report = {.errors = errors};
	json_error_t broken;

	*out = NULL;
	*errors = (struct config_errors){0};
	if (length > DOCUMENT_MAX) {
		report_add(&report, "",
			   "the document is longer than 16 MiB, the most there may be");
		return -EINVAL;
	}
	json_t *document = json_loadb(text, length, 0, &broken);
	if (document == NULL) {
		report_add_at(&report, "", broken.line, broken.column > 0 ? broken.column : 1,
			      "the JSON is broken here: %s", broken.text);
		return -EINVAL;
	}
	struct config *config = read_document(document, text, length, &report);
	json_decref(document);
	if (report.out_of_memory || errors->count > 0) {
		config_free(config);
		return report.out_of_memory ? -ENOMEM : -EINVAL;
	}
	*out = config;
	return 0;
}

/* Reads to the end, or one byte past the limit; the length or a negative errno. */
static ssize_t read_all(int file, char *text, size_t room)
{
	size_t length = 0;

	while (length < room) {
		ssize_t got = read(file, text + length, room - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int config_load(const char *path, struct config **out, struct config_errors *errors)
{
	struct report report = {.errors = errors};
	ssize_t length;

	*out = NULL;
	*errors = (struct config_errors){0};
	char *text = malloc(DOCUMENT_MAX + 1);
	if (text == NULL)
		return -ENOMEM;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	length = file < 0 ? -errno : read_all(file, text, DOCUMENT_MAX + 1);
	if (file >= 0)
		close(file);
	if (length < 0) {
		report_add(&report, "", "the file cannot be read: %s", strerror((int)-length));
		free(text);
		return (int)length;
	}
	int error = config_parse(text, (size_t)length, out, errors);
	free(text);
	return error;
}
