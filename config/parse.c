/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * From the text to the structs, in steps that each add to the list of faults:
 * the JSON, keys that came twice, every value by the table of fields, defaults
 * that depend on others, what the values mean together.
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

static void report_duplicate(void *context, const char *pointer, int line, int column,
			     bool duplicate)
{
	struct report *report = context;

	if (duplicate)
		report_add_at(report, pointer, line, column,
			      "the key is here twice: keep one of them");
}

/* `text` may be NULL: the document was never written down. */
static struct config *read_document(json_t *document, const char *text, size_t length,
				    struct report *report)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL ||
	    (text != NULL && scan_document(text, length, report_duplicate, report) != 0)) {
		report->out_of_memory = true;
		return config;
	}
	reader_read(document, config, report);
	if (!report->out_of_memory)
		validate(config, document, report);
	report_end(report, text, length);
	return config;
}

/* Hands out what was read when it has no fault. */
static int conclude(const struct report *report, struct config *config, struct config **out)
{
	if (report->out_of_memory || report->errors->count > 0) {
		config_free(config);
		return report->out_of_memory ? -ENOMEM : -EINVAL;
	}
	*out = config;
	return 0;
}

int config_parse_document(const char *text, size_t length, struct config **out, json_t **document,
			  struct config_errors *errors)
{
	struct report report = {.errors = errors};
	json_error_t broken;

	*out = NULL;
	*document = NULL;
	*errors = (struct config_errors){0};

	const char *too_large = config_too_large(text, length);

	if (too_large != NULL) {
		report_add(&report, "", "%s", too_large);
		return -EINVAL;
	}

	json_t *json = json_loadb(text, length, 0, &broken);

	if (json == NULL) {
		report_add_at(&report, "", broken.line, broken.column > 0 ? broken.column : 1,
			      "the JSON is broken here: %s", broken.text);
		return -EINVAL;
	}

	int error = conclude(&report, read_document(json, text, length, &report), out);

	if (error < 0) {
		json_decref(json);
		return error;
	}
	json_object_del(json, "revision");
	*document = json;
	return 0;
}

int config_parse(const char *text, size_t length, struct config **out, struct config_errors *errors)
{
	json_t *document;
	int error = config_parse_document(text, length, out, &document, errors);

	json_decref(document);
	return error;
}

int config_from_document(const json_t *document, struct config **out, struct config_errors *errors)
{
	struct report report = {.errors = errors};

	*out = NULL;
	*errors = (struct config_errors){0};
	/* Jansson's walks take no const, but change nothing. */
	return conclude(&report, read_document((json_t *)(uintptr_t)document, NULL, 0, &report),
			out);
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

int config_read(const char *path, char **text, size_t *length, struct config_errors *errors)
{
	struct report report = {.errors = errors};
	char *room = malloc(CONFIG_BYTES_MAX + 1);

	*errors = (struct config_errors){0};
	*text = NULL;
	if (room == NULL)
		return -ENOMEM;

	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? -errno : read_all(file, room, CONFIG_BYTES_MAX + 1);

	if (file >= 0)
		close(file);
	if (got < 0) {
		report_add(&report, "", "the file cannot be read: %s", strerror((int)-got));
		free(room);
		return (int)got;
	}
	*text = room;
	*length = (size_t)got;
	return 0;
}

int config_load(const char *path, struct config **out, struct config_errors *errors)
{
	char *text;
	size_t length;
	int error = config_read(path, &text, &length, errors);

	*out = NULL;
	if (error < 0)
		return error;
	error = config_parse(text, length, out, errors);
	free(text);
	return error;
}
