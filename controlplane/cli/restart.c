/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/restart.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

/* A supervisor that has not started it by then is not there. */
#define SUPERVISOR_MS 5000
#define STOP_MS       10000
#define START_MS      20000
#define STEP_MS       20

/* As the kernel shows the program's name: cut. */
#define PROGRAM "headrace-datapl"

struct dataplane {
	pid_t pid; /* 0: none */
	bool runs; /* and forwards */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum cli_exit ask(const struct client *client, struct dataplane *dataplane)
{
	const struct client_request request = {.method = "GET", .path = "/v1/status"};
	struct client_answer answer;
	enum cli_exit exit = client_send(client, &request, &answer);

	if (exit != CLI_DONE)
		return exit;
	const json_t *told = json_object_get(answer.json, "dataplane");
	const char *state = json_string_value(json_object_get(told, "state"));
	bool lives = json_is_true(json_object_get(told, "running"));

	*dataplane = (struct dataplane){
		.pid = lives ? (pid_t)json_integer_value(json_object_get(told, "pid")) : 0,
		.runs = lives && state != NULL && strcmp(state, "running") == 0,
	};
	json_decref(answer.json);
	return CLI_DONE;
}

/* A file of /proc/PID as one line; false: it cannot be read. */
static bool read_process(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	length = fread(text, 1, size - 1, file);
	fclose(file);
	while (length > 0 && (text[length - 1] == '\0' || text[length - 1] == '\n'))
		length--;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[length] = '\0';
	return length > 0;
}

static enum cli_exit stop(pid_t pid, char *command, size_t size)
{
	char program[32];

	if (!read_process(pid, "comm", program, sizeof(program)) || strcmp(program, PROGRAM) != 0) {
		fprintf(stderr,
			"headrace: process %d is no dataplane that is seen from here; run this on "
			"the same machine, as root\n",
			(int)pid);
		return CLI_REFUSED;
	}
	if (!read_process(pid, "cmdline", command, size))
		snprintf(command, size, "headrace-dataplane");
	if (kill(pid, SIGTERM) == 0)
		return CLI_DONE;
	fprintf(stderr, "headrace: process %d cannot be stopped: %s\n", (int)pid, strerror(errno));
	return CLI_REFUSED;
}

static void pass_a_step(void)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};

	nanosleep(&step, NULL);
}

/* Waits for another than `old` to forward; *now: the last one seen, which may be none. */
static enum cli_exit wait_for_next(const struct client *client, pid_t old, struct dataplane *now)
{
	const uint64_t begun = now_ms();
	uint64_t stopped = 0;

	for (;;) {
		enum cli_exit exit = ask(client, now);
		uint64_t time = now_ms();

		if (exit != CLI_DONE)
			return exit;
		if (now->pid != old && now->runs)
			return CLI_DONE;
		if (now->pid != old && stopped == 0)
			stopped = time;
		if (now->pid == old && time - begun > STOP_MS)
			return CLI_REFUSED;
		if (now->pid == 0 && stopped != 0 && time - stopped > SUPERVISOR_MS)
			return CLI_REFUSED;
		if (time - begun > STOP_MS + START_MS)
			return CLI_REFUSED;
		pass_a_step();
	}
}

static void tell_failure(const struct dataplane *old, const struct dataplane *now,
			 const char *command)
{
	if (now->pid == old->pid)
		fprintf(stderr, "headrace: the dataplane (process %d) does not stop\n",
			(int)old->pid);
	else if (now->pid == 0)
		fprintf(stderr,
			"headrace: the dataplane has stopped and its flows are kept, but nothing "
			"starts it again here. Start it:\n%s\n",
			command);
	else
		fprintf(stderr,
			"headrace: the next dataplane (process %d) does not get to run; its log "
			"says why\n",
			(int)now->pid);
}

enum cli_exit restart_run(const struct client *client, const struct options *options)
{
	struct dataplane old, now = {0};
	char command[1024];
	enum cli_exit exit = ask(client, &old);

	if (exit != CLI_DONE)
		return exit;
	if (old.pid == 0) {
		fputs("headrace: no dataplane runs here; start headrace-dataplane\n", stderr);
		return CLI_REFUSED;
	}
	const uint64_t begun = now_ms();
	exit = stop(old.pid, command, sizeof(command));
	if (exit != CLI_DONE)
		return exit;
	exit = wait_for_next(client, old.pid, &now);
	if (exit == CLI_REFUSED)
		tell_failure(&old, &now, command);
	if (exit != CLI_DONE)
		return exit;
	double seconds = (double)(now_ms() - begun) / 1000;

	if (options->json)
		printf("{\"pid\": %d, \"seconds\": %.2f}\n", (int)now.pid, seconds);
	else
		printf("dataplane: process %d runs, %.2f s after process %d was told to stop\n",
		       (int)now.pid, seconds, (int)old.pid);
	return CLI_DONE;
}
