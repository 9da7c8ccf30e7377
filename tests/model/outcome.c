/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/outcome.h"

#include "tests/model/parse.h"

#include <stdio.h>

bool outcome_is_sent(const struct model_packet *packet)
{
	return packet->verdict == ABI_VERDICT_TO_BACKEND ||
	       packet->verdict == ABI_VERDICT_TO_CLIENT || abi_verdict_is_told(packet->verdict);
}

void outcome_tell(const struct model *model, const struct model_packet *run,
		  struct model_packet *packet)
{
	struct model_headers headers;

	packet->is_foreign = run->verdict == MODEL_FOREIGN;
	packet->owner = run->owner;
	packet->drew_in_vain = run->verdict == ABI_VERDICT_NO_LOCAL_PORT;
	packet->drew =
		run->verdict == ABI_VERDICT_TO_BACKEND &&
		model_parse(model->features, run->frame, run->length, &headers) == MODEL_NO_VERDICT;
	if (packet->drew)
		packet->drawn = headers.tuple.source;
}

uint32_t outcome_first_byte(const struct model_packet *engine, const struct model_packet *model)
{
	uint32_t shorter = engine->length < model->length ? engine->length : model->length;
	uint32_t at = 0;

	while (at < shorter && engine->frame[at] == model->frame[at])
		at++;
	return at;
}

const char *outcome_differs(const struct model_packet *engine, const struct model_packet *model)
{
	bool is_sent = outcome_is_sent(engine);

	if (engine->verdict != model->verdict)
		return "verdict";
	if (engine->length != model->length)
		return "length";
	if (is_sent && engine->out_port != model->out_port)
		return "out port";
	if (is_sent && (engine->vlan != model->vlan || engine->outer_vlan != model->outer_vlan))
		return "VLAN";
	return outcome_first_byte(engine, model) < engine->length ? "frame" : NULL;
}

static const char *verdict_text(uint8_t verdict)
{
	return verdict == MODEL_NO_VERDICT ? "none" : abi_verdict_text(verdict);
}

void outcome_print(const char *whose, const struct model_packet *packet)
{
	fprintf(stderr, "%s: verdict %s, in port %u, out port %u, VLAN %x.%u, %u bytes:\n", whose,
		verdict_text(packet->verdict), packet->in_port, packet->out_port,
		packet->outer_vlan, packet->vlan, packet->length);
	for (uint32_t i = 0; i < packet->length; i++)
		fprintf(stderr, "%02x%s", packet->frame[i],
			i % 32 == 31 || i + 1 == packet->length ? "\n" : "");
}
