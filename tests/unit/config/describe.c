/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Prints what the table of fields makes, or a configuration as it was read:
 *   describe schema | reference | document FILE
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

static int print_json(json_t *json)
{
	int error = json == NULL || json_dumpf(json, stdout, JSON_INDENT(2)) != 0;

	putchar('\n');
	json_decref(json);
	return error;
}

static int print_reference(void)
{
	char *page = config_reference();
	int error = page == NULL || fputs(page, stdout) == EOF;

	free(page);
	return error;
}

static int print_document(const char *path)
{
	struct config_errors errors;
	struct config *config;
	int error = config_load(path, &config, &errors);

	if (error == 0)
		error = print_json(config_render(config));
	config_errors_print(path, &errors, stderr);
	config_errors_free(&errors);
	config_free(config);
	return error != 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "schema") == 0)
		return print_json(config_schema());
	if (argc == 2 && strcmp(argv[1], "reference") == 0)
		return print_reference();
	if (argc == 3 && strcmp(argv[1], "document") == 0)
		return print_document(argv[2]);
	fputs("usage: describe schema | reference | document FILE\n", stderr);
	return 2;
}
