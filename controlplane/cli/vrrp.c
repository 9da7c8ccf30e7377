/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/vrrp.h"

#include <string.h>

static const char *done_text(const char *command)
{
	if (strcmp(command, "release") == 0)
		return "released: this node takes it back only when the other is gone, or by "
		       "\"vrrp "
		       "take\"";
	return "taken";
}

enum cli_exit vrrp_run(const struct client *client, const struct options *options)
{
	const char *command = options->words[1], *group = options->words[2];
	char path[256];
	struct client_request request = {.method = "POST", .path = path, .body = "{}", .length = 2};
	struct client_answer answer;
	enum cli_exit status;

	if (strcmp(command, "release") != 0 && strcmp(command, "take") != 0)
		return options_refuse("vrrp takes release or take, and a group");
	if (!options_is_name(group))
		return options_refuse("\"%s\" is no name of a VRRP group", group);
	snprintf(path, sizeof(path), "/v1/vrrp_groups/%.128s/%s", group, command);
	status = client_send(client, &request, &answer);
	if (status != CLI_DONE)
		return status;
	if (answer.status >= 300) {
		client_tell_refusal(&answer, NULL);
		status = CLI_REFUSED;
	} else if (!options->json) {
		printf("%s: %s\n", group, done_text(command));
	}
	json_decref(answer.json);
	return status;
}
