/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/config/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char document_base[] =
	"{'dataplane': {"
	"   'ports': [{'name': 'wan', 'device': 'af_xdp:eth1'},"
	"             {'name': 'lan', 'device': 'memif:/run/lan.sock'}],"
	"   'next_hops': [{'address': '192.0.2.11', 'mac': '02:00:5e:00:53:01', 'port': 'lan'}]},"
	" 'local_pools': [{'name': 'snat', 'addresses': ['192.0.2.250']}],"
	" 'pools': [{'name': 'web', 'backends': ["
	"   {'name': 'a', 'address': '192.0.2.11', 'port': 8080},"
	"   {'name': 'b', 'address': '192.0.2.12', 'port': 8080}]}],"
	" 'services': ["
	"   {'name': 'kept', 'addresses': ['198.51.100.10'], 'ports': ['80'], 'pool': 'web',"
	"    'forwarding': 'dnat'},"
	"   {'name': 'replaced', 'addresses': ['198.51.100.11'], 'ports': ['80'], 'pool': 'web',"
	"    'forwarding': 'full-nat', 'local_pool': 'snat'},"
	"   {'name': 'inline', 'addresses': ['198.51.100.12'], 'ports': ['80'],"
	"    'backends': [{'name': 'a', 'address': '192.0.2.21'}]}]}";

char *document_quote(const char *text)
{
	char *quoted = strdup(text);

	assert_non_null(quoted);
	for (char *at = quoted; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	return quoted;
}

static json_t *parse_any(const char *text)
{
	char *quoted = document_quote(text);
	json_t *json = json_loads(quoted, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	free(quoted);
	return json;
}

/* Sets or removes what `key` names in an object or array. */
static void apply_here(json_t *parent, const char *key, const char *value)
{
	int error;

	if (json_is_object(parent))
		error = value == NULL ? json_object_del(parent, key)
				      : json_object_set_new(parent, key, parse_any(value));
	else if (strcmp(key, "-") == 0)
		error = json_array_append_new(parent, parse_any(value));
	else if (value == NULL)
		error = json_array_remove(parent, strtoul(key, NULL, 10));
	else
		error = json_array_set_new(parent, strtoul(key, NULL, 10), parse_any(value));
	assert_int_equal(error, 0);
}

static void apply(json_t *document, const struct edit *edit)
{
	char pointer[256], *rest = pointer;
	json_t *at = document;

	assert_true(strlen(edit->pointer) < sizeof(pointer));
	strcpy(pointer, edit->pointer + 1);
	char *key = strsep(&rest, "/");
	while (rest != NULL) {
		at = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
				       : json_object_get(at, key);
		assert_non_null(at);
		key = strsep(&rest, "/");
	}
	apply_here(at, key, edit->value);
}

char *document_edit(const struct edit *edits)
{
	json_t *document = parse_any(document_base);

	for (; edits->pointer != NULL; edits++)
		apply(document, edits);
	char *text = json_dumps(document, JSON_INDENT(1));
	json_decref(document);
	assert_non_null(text);
	return text;
}

struct config *document_parse(const char *text)
{
	struct config_errors errors;
	struct config *config;
	int error = config_parse(text, strlen(text), &config, &errors);

	config_errors_print("document", &errors, stderr);
	config_errors_free(&errors);
	assert_int_equal(error, 0);
	return config;
}
