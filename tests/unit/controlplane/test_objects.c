/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Paths, hosts, queries, conditions, edits and problems of the API. */
#include "config/config.h"
#include "controlplane/api/conditions.h"
#include "controlplane/api/host.h"
#include "controlplane/api/objects.h"
#include "controlplane/api/problem.h"
#include "controlplane/api/query.h"
#include "controlplane/backend_state.h"
#include "tests/unit/controlplane/check.h"

#include <errno.h>
#include <string.h>

static const char document_text[] =
	"{\"services\": [{\"name\": \"s\", \"backends\": [{\"name\": \"a\", \"port\": 1}]},"
	"               {\"name\": \"t\", \"pool\": \"p\"}],"
	" \"pools\": [{\"name\": \"p\", \"backends\": [{\"name\": \"x\"}, {\"name\": \"y\"}]},"
	"            {\"name\": \"empty\"}]}";

static void paths(void **state)
{
	struct route_names names;
	char path[200] = "/v1/pools/";

	(void)state;
	assert_true(route_matches("/v1/pools", "/v1/pools", &names));
	assert_false(route_matches("/v1/pools", "/v1/pools/", &names));
	assert_false(route_matches("/v1/pools", "/v1/pool", &names));
	assert_false(route_matches("/v1/pools", "/v1/poolss", &names));
	assert_true(route_matches("/v1/pools/*", "/v1/pools/web", &names));
	assert_string_equal(names.names[0], "web");
	assert_false(route_matches("/v1/pools/*", "/v1/pools/", &names));
	assert_false(route_matches("/v1/pools/*", "/v1/pools/web/backends", &names));
	assert_true(route_matches("/v1/pools/*/backends/*", "/v1/pools/w/backends/b", &names));
	assert_string_equal(names.names[0], "w");
	assert_string_equal(names.names[1], "b");
	assert_false(route_matches("/v1/pools/*/backends/*", "/v1/pools/w/backends/b/", &names));
	assert_false(route_matches("/v1/pools/*", "", &names));
	memset(path + 10, 'x', CONFIG_NAME_SIZE - 1);
	assert_true(route_matches("/v1/pools/*", path, &names));
	memset(path + 10, 'x', CONFIG_NAME_SIZE);
	assert_false(route_matches("/v1/pools/*", path, &names));
}

static void hosts(void **state)
{
	static const char *const good[] = {"localhost",   "LOCALHOST:80", "127.0.0.1",
					   "127.1.2.3:9", "[::1]",        "[::1]:80"};
	static const char *const bad[] = {
		"",          ":80",     "evil", "localhost.evil", "127.0.0.1.evil",
		"10.0.0.1",  "0.0.0.0", "[::]", "[::2]:80",       "[]",
		"1270.0.0.1"};

	(void)state;
	assert_false(host_is_loopback(NULL));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!host_is_loopback(good[i]))
			fail_msg("%s is not taken", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (host_is_loopback(bad[i]))
			fail_msg("%s is taken", bad[i]);
}

/* Of a path whose bytes are no text: no memory is not what is missing. */
static void a_name_that_is_no_text_is_refused_as_a_name(void **state)
{
	json_t *document = json_loads(document_text, 0, NULL), *body = json_object();
	const struct object_edit edit = {
		.kind = OBJECT_POOL, .verb = OBJECT_REPLACE, .name = "\xff", .body = body};
	struct api_problem problem = {0};
	struct config_errors errors = {0};
	struct config *config;
	bool created, is_told = false;
	json_t *edited = objects_edit(document, &edit, &created, &problem);

	(void)state;
	assert_non_null(edited);
	assert_int_equal(config_from_document(edited, &config, &errors), -EINVAL);
	for (size_t i = 0; i < errors.count; i++)
		is_told = is_told || strcmp(errors.items[i].pointer, "/pools/2/name") == 0;
	assert_true(is_told);
	config_errors_free(&errors);
	json_decref(edited);
	json_decref(body);
	json_decref(document);
}

struct edit_case {
	struct object_edit edit;
	const char *body; /* NULL: none */
	unsigned status;  /* 0: done */
	bool created;
	const char *key;   /* of the list to look at afterwards, */
	const char *after; /* which is then this */
};

static const struct edit_case cases[] = {
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL},
	 "{\"name\": \"q\"}",
	 0,
	 true,
	 "pools",
	 "[{\"name\": \"p\", \"backends\": [{\"name\": \"x\"}, {\"name\": \"y\"}]},"
	 " {\"name\": \"empty\"}, {\"name\": \"q\"}]"},
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL},
	 "{\"name\": \"p\"}",
	 409,
	 false,
	 NULL,
	 NULL},
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL},
	 "{\"name\": \"s\"}",
	 409,
	 false,
	 NULL,
	 NULL},
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL}, "{}", 400, false, NULL, NULL},
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL}, "[]", 400, false, NULL, NULL},
	{{OBJECT_POOL, OBJECT_CREATE, NULL, NULL, NULL}, "{\"name\": 7}", 400, false, NULL, NULL},
	{{OBJECT_POOL, OBJECT_REPLACE, "p", NULL, NULL},
	 "{}",
	 0,
	 false,
	 "pools",
	 "[{\"name\": \"p\"}, {\"name\": \"empty\"}]"},
	{{OBJECT_POOL, OBJECT_REPLACE, "p", NULL, NULL},
	 "{\"name\": \"z\"}",
	 400,
	 false,
	 NULL,
	 NULL},
	{{OBJECT_POOL, OBJECT_REPLACE, "s", NULL, NULL}, "{}", 409, false, NULL, NULL},
	{{OBJECT_LOCAL_POOL, OBJECT_REPLACE, "l", NULL, NULL},
	 "{\"ports\": 1}",
	 0,
	 true,
	 "local_pools",
	 "[{\"name\": \"l\", \"ports\": 1}]"},
	{{OBJECT_VRRP_GROUP, OBJECT_CREATE, NULL, NULL, NULL},
	 "{\"name\": \"g\"}",
	 0,
	 true,
	 "vrrp_groups",
	 "[{\"name\": \"g\"}]"},
	{{OBJECT_VRRP_GROUP, OBJECT_PATCH, "g", NULL, NULL}, "{}", 404, false, NULL, NULL},
	{{OBJECT_LOCAL_POOL, OBJECT_DELETE, "l", NULL, NULL}, NULL, 404, false, NULL, NULL},
	{{OBJECT_SERVICE, OBJECT_PATCH, "t", NULL, NULL},
	 "{\"pool\": null, \"n\": 1}",
	 0,
	 false,
	 "services",
	 "[{\"name\": \"s\", \"backends\": [{\"name\": \"a\", \"port\": 1}]},"
	 " {\"name\": \"t\", \"n\": 1}]"},
	{{OBJECT_SERVICE, OBJECT_PATCH, "u", NULL, NULL}, "{}", 404, false, NULL, NULL},
	{{OBJECT_SERVICE, OBJECT_DELETE, "s", NULL, NULL},
	 NULL,
	 0,
	 false,
	 "services",
	 "[{\"name\": \"t\", \"pool\": \"p\"}]"},
	{{OBJECT_BACKEND, OBJECT_CREATE, "s", NULL, NULL},
	 "{\"name\": \"b\"}",
	 0,
	 true,
	 "services",
	 "[{\"name\": \"s\", \"backends\": [{\"name\": \"a\", \"port\": 1}, {\"name\": \"b\"}]},"
	 " {\"name\": \"t\", \"pool\": \"p\"}]"},
	{{OBJECT_BACKEND, OBJECT_PATCH, "s", "a", NULL},
	 "{\"port\": 2}",
	 0,
	 false,
	 "services",
	 "[{\"name\": \"s\", \"backends\": [{\"name\": \"a\", \"port\": 2}]},"
	 " {\"name\": \"t\", \"pool\": \"p\"}]"},
	{{OBJECT_BACKEND, OBJECT_DELETE, "p", "x", NULL},
	 NULL,
	 0,
	 false,
	 "pools",
	 "[{\"name\": \"p\", \"backends\": [{\"name\": \"y\"}]}, {\"name\": \"empty\"}]"},
	{{OBJECT_BACKEND, OBJECT_REPLACE, "empty", "n", NULL},
	 "{}",
	 0,
	 true,
	 "pools",
	 "[{\"name\": \"p\", \"backends\": [{\"name\": \"x\"}, {\"name\": \"y\"}]},"
	 " {\"name\": \"empty\", \"backends\": [{\"name\": \"n\"}]}]"},
	{{OBJECT_BACKEND, OBJECT_DELETE, "p", "z", NULL}, NULL, 404, false, NULL, NULL},
	{{OBJECT_BACKEND, OBJECT_PATCH, "t", "z", NULL}, "{}", 404, false, NULL, NULL},
};

static void edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct edit_case *one = &cases[i];
		json_t *document = json_loads(document_text, 0, NULL), *same, *after, *edited;
		struct object_edit edit = one->edit;
		struct api_problem problem = {0};
		bool created;

		if (one->body != NULL)
			edit.body = json_loads(one->body, 0, NULL);
		edited = objects_edit(document, &edit, &created, &problem);
		if ((edited == NULL ? problem.status : 0) != one->status)
			fail_msg("case %zu: status %u (%s), expected %u", i, problem.status,
				 problem.detail, one->status);
		if (edited != NULL) {
			after = json_loads(one->after, 0, NULL);
			assert_non_null(after);
			if (!json_equal(json_object_get(edited, one->key), after))
				fail_msg("case %zu: %s", i,
					 json_dumps(json_object_get(edited, one->key), 0));
			assert_int_equal(created, one->created);
			json_decref(after);
		}
		/* The document itself is never touched. */
		same = json_loads(document_text, 0, NULL);
		assert_true(json_equal(document, same));
		json_decref(same);
		json_decref(edited);
		json_decref(document);
		json_decref(edit.body);
	}
}

static void queries(void **state)
{
	static const char *const flags[] = {"dry_run", "force", NULL}, *const none[] = {NULL};
	struct api_problem problem = {0};
	struct query query = {.known = flags, .problem = &problem};

	(void)state;
	assert_true(query_take(&query, "dry_run", "true"));
	assert_true(query_take(&query, "force", ""));
	assert_int_equal(problem.status, 0);
	assert_false(query_take(&query, "dry_run", "true"));
	assert_string_equal(problem.detail, "?dry_run= is there twice: keep one");
	query = (struct query){.known = flags, .problem = &problem};
	assert_false(query_take(&query, "dry_run", NULL));
	assert_true(query.refused);
	assert_false(query_take(&query, "dryrun", "true"));
	assert_int_equal(problem.status, 400);
	assert_string_equal(problem.detail, "there is no \"dryrun\" to ask by a query here; there "
					    "is dry_run and force");
	query.known = none;
	assert_false(query_take(&query, "", NULL));
}

/* Lines of If-Match and If-None-Match, whether the object is there, and what follows. */
static void conditions_are_those_of_rfc_9110(void **state)
{
	static const struct {
		const char *lines[2][2];
		bool is_there, hold;
	} rows[] = {
		{{{"If-None-Matc", "*"}}, true, true},
		{{{"If-Match", "\"ab\""}}, true, true},
		{{{"If-Match", "\"x\""}}, true, false},
		{{{"If-Match", ""}}, true, false},
		{{{"if-match", "\"x\""}, {"If-Match", "\"y\", \"ab\""}}, true, true},
		{{{"If-Match", "\"x\""}, {"If-Match", "\"y\""}}, true, false},
		{{{"If-Match", "*"}}, true, true},
		{{{"If-Match", "*"}}, false, false},
		{{{"If-Match", "\"ab\""}}, false, true}, /* the document's tag */
		{{{"If-None-Match", "*"}}, true, false},
		{{{"If-None-Match", "*"}}, false, true},
		{{{"If-None-Match", "\"x\""}, {"If-None-Match", "W/\"ab\""}}, true, false},
		{{{"If-None-Match", "\"x\""}}, true, true},
		{{{"If-Match", "\"ab\""}, {"If-None-Match", "*"}}, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conditions conditions = {.etag = "\"ab\"", .is_there = rows[i].is_there};

		for (size_t j = 0; j < 2 && rows[i].lines[j][0] != NULL; j++)
			conditions_take(&conditions, rows[i].lines[j][0], rows[i].lines[j][1]);
		if (conditions_hold(&conditions) != rows[i].hold)
			fail_msg("row %zu", i);
	}
}

static void names_of_removed_backends(void **state)
{
	struct removed_name name;
	char text[ABI_NAME_SIZE];

	(void)state;
	removed_split("web/a", 7, &name);
	assert_string_equal(name.pool, "web");
	assert_string_equal(name.backend, "a");
	/* 63 characters may have been more. */
	memset(text, 'p', sizeof(text));
	strcpy(text + ABI_NAME_SIZE - 4, "/ab");
	removed_split(text, 7, &name);
	assert_int_equal(strlen(name.pool), ABI_NAME_SIZE - 4);
	assert_string_equal(name.backend, "ab~7");
	memset(text, 'p', sizeof(text) - 1);
	removed_split(text, 12345, &name);
	assert_string_equal(name.pool, text);
	assert_string_equal(name.backend, "~12345");
}

static void assert_detail(struct api_problem *problem, const char *detail)
{
	json_t *body = problem_render(problem, "Not Found");

	assert_non_null(body);
	assert_string_equal(json_string_value(json_object_get(body, "detail")), detail);
	json_decref(body);
}

/* Paths and headers come as bytes, and are cut: what is told of them is JSON all the same. */
static void problems_are_utf_8(void **state)
{
	struct api_problem problem = {0};
	char text[600] = "";

	(void)state;
	problem_set(&problem, 404, "there is no %s", "/v1/\xff");
	assert_detail(&problem, "there is no /v1/?");
	problem_set(&problem, 404, "there is no %.4s.", "abc\xe2\x82\xac");
	assert_detail(&problem, "there is no abc?.");
	problem_set(&problem, 404, "there is no %s", "/v1/\xe2\x82\xac");
	assert_detail(&problem, "there is no /v1/\xe2\x82\xac");
	memset(text, 'x', sizeof(problem.detail) - 3);
	strcat(text, "\xe2\x82\xac"); /* of which two bytes find room */
	problem_set(&problem, 404, "%s", text);
	text[sizeof(problem.detail) - 3] = '\0';
	assert_detail(&problem, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(hosts),
		cmocka_unit_test(edits),
		cmocka_unit_test(queries),
		cmocka_unit_test(conditions_are_those_of_rfc_9110),
		cmocka_unit_test(problems_are_utf_8),
		cmocka_unit_test(a_name_that_is_no_text_is_refused_as_a_name),
		cmocka_unit_test(names_of_removed_backends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
