/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/check.h"

#include "config/config.h"

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_good(const char *path, const struct config *config)
{
	size_t backends = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		backends += config->pools[i].backend_count;
	printf("%s: ok, %zu port%s, %zu service%s, %zu pool%s, %zu backend%s\n", path,
	       config->dataplane.port_count, plural(config->dataplane.port_count),
	       config->service_count, plural(config->service_count), config->pool_count,
	       plural(config->pool_count), backends, plural(backends));
}

static json_t *render_error(const struct config_error *error)
{
	json_t *object =
		json_pack("{s:s, s:s}", "pointer", error->pointer, "detail", error->detail);

	if (error->line > 0) {
		json_object_set_new(object, "line", json_integer(error->line));
		json_object_set_new(object, "column", json_integer(error->column));
	}
	return object;
}

static void print_json(const struct config_errors *errors)
{
	json_t *list = json_array();
	json_t *document;

	for (size_t i = 0; i < errors->count; i++)
		json_array_append_new(list, render_error(&errors->items[i]));
	document = json_pack("{s:b, s:o}", "ok", errors->count == 0, "errors", list);
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

enum cli_exit check_run(const char *path, bool json)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	bool good = config_load(path, &config, &errors) == 0;

	if (json)
		print_json(&errors);
	else if (good)
		print_good(path, config);
	else
		config_errors_print(path, &errors, stderr);
	config_errors_free(&errors);
	config_free(config);
	return good ? CLI_DONE : CLI_REFUSED;
}
