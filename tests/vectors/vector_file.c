/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/vectors/vector_file.h"

#include <stdlib.h>
#include <string.h>

#define RUN_ALL (VECTOR_ENGINE | VECTOR_PROCESS | VECTOR_STEERING)

static void must(bool holds, const struct vector_file *file, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%u: %s\n", file->path, file->number, what);
	exit(1);
}

/* Reads the next line that says something; false: there is none. */
static bool read_line(struct vector_file *file)
{
	ssize_t length;

	while ((length = getline(&file->line, &file->room, file->stream)) >= 0) {
		file->number++;
		if (length > 0 && file->line[length - 1] == '\n')
			file->line[length - 1] = '\0';
		if (file->line[0] != '\0' && file->line[0] != '#')
			return true;
	}
	free(file->line);
	file->line = NULL;
	return false;
}

void vector_file_open(struct vector_file *file, const char *path)
{
	*file = (struct vector_file){.path = path, .stream = fopen(path, "r")};
	must(file->stream != NULL, file, "cannot be opened");
	read_line(file);
}

void vector_file_close(struct vector_file *file)
{
	free(file->line);
	fclose(file->stream);
}

static void copy(const struct vector_file *file, char *to, size_t size, const char *text)
{
	must(strlen(text) < size, file, "too long");
	strcpy(to, text);
}

static unsigned digit_of(const struct vector_file *file, char letter)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = letter == '\0' ? NULL : strchr(digits, letter);

	must(at != NULL, file, "no digit of a frame");
	return (unsigned)(at - digits);
}

/* "PORT HEX": the digits may have blanks between bytes. */
static void read_frame(const struct vector_file *file, const char *text, struct vector_frame *out)
{
	out->length = 0;
	out->port = strncmp(text, "wan", 3) == 0 ? VECTOR_WAN : VECTOR_LAN;
	must(out->port == VECTOR_WAN || strncmp(text, "lan", 3) == 0, file, "neither wan nor lan");
	for (text += 3; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		must(out->length < VECTOR_FRAME_SIZE, file, "the frame is too long");
		out->bytes[out->length] = (uint8_t)(digit_of(file, *text++) << 4);
		out->bytes[out->length++] |= (uint8_t)digit_of(file, *text);
	}
}

static unsigned read_runners(const struct vector_file *file, const char *text)
{
	unsigned runners = 0;

	for (const char *word = text; *word != '\0';) {
		size_t length = strcspn(word, " ");

		if (strncmp(word, "engine", length) == 0)
			runners |= VECTOR_ENGINE;
		else if (strncmp(word, "process", length) == 0)
			runners |= VECTOR_PROCESS;
		else if (strncmp(word, "steering", length) == 0)
			runners |= VECTOR_STEERING;
		else
			must(false, file, "nothing that runs cases is called so");
		word += length + (word[length] == ' ');
	}
	return runners;
}

/* "ADDRESS:PORT" or "[ADDRESS]:PORT", behind a blank; what follows it. */
static const char *read_end(const struct vector_file *file, const char *text,
			    struct vector_end *out)
{
	unsigned port;
	int length;
	int read = text[1] == '[' ? sscanf(text, " [%45[^]]]:%u%n", out->address, &port, &length)
				  : sscanf(text, " %45[0-9.]:%u%n", out->address, &port, &length);

	must(read == 2, file, "no address and port");
	out->port = (uint16_t)port;
	return text + length;
}

/* "dnat|full-nat tcp|udp SERVICE LOCAL BACKEND [MSS]" */
static void read_own(const struct vector_file *file, const char *text, struct vector_own *out)
{
	char forwarding[16], protocol[8];
	int length;

	must(sscanf(text, "%15s %7s%n", forwarding, protocol, &length) == 2, file,
	     "no scene of its own");
	*out = (struct vector_own){.is_there = true,
				   .full_nat = strcmp(forwarding, "full-nat") == 0,
				   .udp = strcmp(protocol, "udp") == 0};
	text = read_end(file, text + length, &out->service);
	text = read_end(file, text, &out->local);
	text = read_end(file, text, &out->backend);
	out->mss_clamp = (uint16_t)strtoul(text, NULL, 10);
}

static struct vector_step *add_step(const struct vector_file *file, struct vector_case *out,
				    enum vector_kind kind)
{
	must(out->step_count < VECTOR_STEPS, file, "too many steps");
	struct vector_step *step = &out->steps[out->step_count++];

	step->line = file->number;
	step->kind = kind;
	step->in.length = 0;
	step->verdict[0] = '\0';
	step->out_count = 0;
	return step;
}

static struct vector_step *last_step(const struct vector_file *file, struct vector_case *out)
{
	must(out->step_count > 0 && out->steps[out->step_count - 1].kind == VECTOR_PACKET, file,
	     "no packet has come");
	return &out->steps[out->step_count - 1];
}

static enum vector_backends read_backends(const struct vector_file *file, const char *text)
{
	static const char *const words[VECTOR_BACKENDS_COUNT] = {
		[VECTOR_BACKENDS_UP] = "up",
		[VECTOR_BACKENDS_DOWN] = "down",
		[VECTOR_BACKENDS_EXPIRED] = "expired",
		[VECTOR_BACKENDS_GONE] = "gone",
	};

	for (unsigned i = 0; i < VECTOR_BACKENDS_COUNT; i++)
		if (strcmp(text, words[i]) == 0)
			return (enum vector_backends)i;
	must(false, file, "backends are up, down, expired or gone");
	return VECTOR_BACKENDS_UP;
}

static void read_packet_line(const struct vector_file *file, const char *word, const char *rest,
			     struct vector_case *out)
{
	if (strcmp(word, "in") == 0) {
		read_frame(file, rest, &add_step(file, out, VECTOR_PACKET)->in);
	} else if (strcmp(word, "verdict") == 0) {
		struct vector_step *step = last_step(file, out);

		copy(file, step->verdict, sizeof(step->verdict), rest);
	} else if (strcmp(word, "out") == 0) {
		struct vector_step *step = last_step(file, out);

		must(step->out_count < VECTOR_OUTS, file, "too many packets go");
		read_frame(file, rest, &step->outs[step->out_count++]);
	} else if (strcmp(word, "after") == 0) {
		struct vector_step *step = add_step(file, out, VECTOR_WAIT);

		step->wait_seconds = (uint32_t)strtoul(rest, NULL, 10);
		must(step->wait_seconds > 0, file, "that is no time");
	} else if (strcmp(word, "backends") == 0) {
		add_step(file, out, VECTOR_BACKENDS)->backends = read_backends(file, rest);
	} else {
		must(false, file, "no line begins so");
	}
}

static void read_case_line(const struct vector_file *file, const char *word, const char *rest,
			   struct vector_case *out)
{
	if (strcmp(word, "rule") == 0) {
		copy(file, out->rule, sizeof(out->rule), rest);
	} else if (strcmp(word, "run") == 0) {
		out->runners = read_runners(file, rest);
	} else if (strcmp(word, "pending") == 0) {
		out->is_pending = true;
	} else if (strcmp(word, "steer") == 0) {
		out->steer = strcmp(rest, "yes") == 0 ? VECTOR_STEER_YES : VECTOR_STEER_NO;
		must(out->steer == VECTOR_STEER_YES || strcmp(rest, "no") == 0, file, "yes or no?");
	} else if (strcmp(word, "own") == 0) {
		read_own(file, rest, &out->own);
	} else {
		read_packet_line(file, word, rest, out);
	}
}

/* Ends the line's first word; what follows it. */
static char *split(char *line)
{
	char *blank = line + strcspn(line, " ");

	if (*blank == ' ')
		*blank++ = '\0';
	return blank;
}

static void check_case(const struct vector_file *file, const struct vector_case *read)
{
	must(read->rule[0] != '\0', file, "the case before names no rule");
	must(read->step_count > 0, file, "the case before has no packet");
	for (unsigned i = 0; i < read->step_count; i++)
		must(read->steps[i].kind != VECTOR_PACKET || read->steps[i].verdict[0] != '\0',
		     file, "the case before has a packet without a verdict");
}

bool vector_file_next(struct vector_file *file, struct vector_case *out)
{
	if (file->line == NULL)
		return false;
	char *rest = split(file->line);
	must(strcmp(file->line, "case") == 0, file, "a case begins with its name");
	copy(file, out->name, sizeof(out->name), rest);
	out->rule[0] = '\0';
	out->runners = RUN_ALL;
	out->is_pending = false;
	out->steer = VECTOR_STEER_UNSAID;
	out->own.is_there = false;
	out->step_count = 0;
	while (read_line(file) && strncmp(file->line, "case ", 5) != 0) {
		rest = split(file->line);
		read_case_line(file, file->line, rest, out);
	}
	check_case(file, out);
	return true;
}
