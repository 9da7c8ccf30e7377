/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/peer_answer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HTTP_OK           200
#define HTTP_UNAUTHORIZED 401
#define HTTP_FORBIDDEN    403

static void raise_alarm(struct peer_view *view, enum peer_alarm alarm, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void raise_alarm(struct peer_view *view, enum peer_alarm alarm, const char *format, ...)
{
	va_list arguments;

	view->alarm = alarm;
	va_start(arguments, format);
	vsnprintf(view->sentence, sizeof(view->sentence), format, arguments);
	va_end(arguments);
}

void peer_judge_silence(struct peer_view *view, const char *reason)
{
	view->is_same = false;
	raise_alarm(view, PEER_UNREACHABLE, "the peer's API at %s cannot be reached: %s", view->api,
		    reason);
}

static void judge_refusal(struct peer_view *view, long status)
{
	if (status == HTTP_UNAUTHORIZED || status == HTTP_FORBIDDEN)
		raise_alarm(view, PEER_UNREACHABLE,
			    "the peer at %s refuses this node (%ld): both need an api.token_file "
			    "with the same token in it",
			    view->api, status);
	else
		raise_alarm(view, PEER_UNREACHABLE, "the peer at %s answers with status %ld",
			    view->api, status);
}

static void compare(struct peer_view *view, const struct peer_self *self, const json_t *answer)
{
	const json_t *node = json_object_get(answer, "node");
	const char *etag = json_string_value(json_object_get(answer, "shared_etag"));
	const char *name = json_string_value(json_object_get(node, "name"));

	if (etag == NULL || name == NULL) {
		raise_alarm(view, PEER_UNREACHABLE,
			    "what answers at %s is no node of Headrace, or an older one",
			    view->api);
		return;
	}
	snprintf(view->node, sizeof(view->node), "%s", name);
	view->revision = (uint64_t)json_integer_value(json_object_get(answer, "revision"));
	view->is_same = strcmp(etag, self->shared_etag) == 0;
	if (json_integer_value(json_object_get(node, "id")) == self->node_id)
		raise_alarm(
			view, PEER_SAME_NODE,
			"the peer %s at %s says it is node %u, as this one: node.id is 0 on one "
			"of a pair and 1 on the other",
			view->node, view->api, self->node_id);
	else if (!view->is_same)
		raise_alarm(view, PEER_DIFFERENT,
			    "the peer %s at %s has another configuration (revision %" PRIu64
			    " there, %" PRIu64 " here): \"headrace apply FILE --peer\" brings both "
			    "the same",
			    view->node, view->api, view->revision, self->revision);
}

void peer_judge(struct peer_view *view, const struct peer_self *self, long status, const char *body,
		size_t length)
{
	json_t *answer;

	view->alarm = PEER_WELL;
	view->sentence[0] = '\0';
	view->is_same = false;
	if (status != HTTP_OK) {
		judge_refusal(view, status);
		return;
	}
	answer = json_loadb(body, length, 0, NULL);
	compare(view, self, answer);
	json_decref(answer);
}
