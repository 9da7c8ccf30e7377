/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * httpload: HTTP requests at a server, many at a time, each counted once.
 *
 * It never tries again: a request that is refused, reset, late, cut short or
 * answered wrongly is a failure of that kind, with the moments at which its
 * connection began and at which it failed. One thread, one epoll.
 *
 * Life of a connection: connecting -> sending -> receiving -> (next request:
 * sending) -> closing. The last request of a connection says "Connection:
 * close" and is done when the server has closed.
 *
 * Output: one JSON object a line; {"progress": ...} while it runs (with
 * --progress), {"result": ...} at the end. Times are CLOCK_MONOTONIC seconds.
 * SIGTERM and SIGINT: no new requests; those under way are finished.
 */

#include "tests/integration/tools/common.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BACKENDS      64
#define MAX_TOLD_FAILURES 5000 /* listed one by one; all are counted */
#define HEAD_SIZE         4096
#define EVENTS            256

enum failure {
	REFUSED,      /* a reset in answer to the SYN */
	UNREACHABLE,  /* an ICMP error */
	CONNECT_LATE, /* no answer to the SYN in time */
	RESET,        /* of an established connection */
	LATE,         /* no whole answer in time */
	SHORT,        /* closed before the answer was whole */
	WRONG,        /* not HTTP, not 200, not the expected length */
	LOCAL,        /* no socket or no port here */
	FAILURE_KINDS
};

static const char *const failure_names[FAILURE_KINDS] = {
	"refused", "unreachable", "connect-timeout", "reset", "timeout", "short", "wrong", "local"};

enum phase { IDLE, CONNECTING, SENDING, RECEIVING, CLOSING };

struct connection {
	int fd;
	enum phase phase;
	uint64_t begun;    /* connect() */
	uint64_t asked;    /* this request */
	unsigned requests; /* asked on this connection, this one included */
	char head[HEAD_SIZE];
	size_t head_length;
	bool head_done;
	uint64_t body_left;
	int backend; /* index in names; -1: not told */
	bool last;   /* "Connection: close" was said */
};

struct failed {
	enum failure kind;
	uint64_t begun, asked, failed;
};

struct load {
	/* what to do */
	union target target;
	const char *host; /* the target as it was written */
	const char *path;
	unsigned connection_count, per_connection;
	uint64_t requests; /* 0: until stopped or duration is over */
	uint64_t duration, timeout;
	double rate; /* requests a second; 0: as fast as they are answered */
	uint64_t progress;
	int64_t expect; /* bytes of body; -1: any */

	int epoll;
	struct connection *connections;
	bool stopping;
	unsigned turns;
	uint64_t started, next_progress;

	/* what came of it */
	uint64_t asked, done, connected, retransmits, body_bytes;
	uint64_t failures[FAILURE_KINDS], failure_count;
	uint64_t slowest;
	struct failed *told;
	char names[MAX_BACKENDS][64];
	uint64_t answers[MAX_BACKENDS], since_progress[MAX_BACKENDS];
	int backend_count;
};

static volatile sig_atomic_t ended; /* all that a signal handler may touch */

static void on_signal(int number)
{
	ended = number;
}

static void hang_up(struct load *load, struct connection *connection)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
		load->retransmits += info.tcpi_total_retrans;
	close(connection->fd);
	connection->fd = -1;
	connection->phase = IDLE;
}

static void fail(struct load *load, struct connection *connection, enum failure kind)
{
	if (load->failure_count < MAX_TOLD_FAILURES)
		load->told[load->failure_count] = (struct failed){
			.kind = kind,
			.begun = connection->begun,
			.asked = connection->asked,
			.failed = now_ns(),
		};
	load->failure_count++;
	load->failures[kind]++;
	if (connection->fd >= 0)
		hang_up(load, connection);
	connection->phase = IDLE;
}

static enum failure failure_of(int error, bool connecting)
{
	switch (error) {
	case ECONNREFUSED:
		return REFUSED;
	case ECONNRESET:
	case EPIPE:
		return RESET;
	case ETIMEDOUT:
		return connecting ? CONNECT_LATE : LATE;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EPROTO:
		return UNREACHABLE;
	default:
		return LOCAL;
	}
}

static bool over(const struct load *load)
{
	return load->stopping || (load->requests > 0 && load->asked >= load->requests);
}

/* May another request begin now? With a rate, the n-th is due at started + n / rate. */
static bool due(const struct load *load, uint64_t now)
{
	if (over(load))
		return false;
	return load->rate <= 0 || (double)load->asked < seconds(now - load->started) * load->rate;
}

static void watch(struct load *load, struct connection *connection, uint32_t events, int operation)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};
	epoll_ctl(load->epoll, operation, connection->fd, &event);
}

static void ask(struct load *load, struct connection *connection)
{
	char request[512];
	int length;

	/* `asked` of the first request of a connection was set when the connection began. */
	if (connection->requests > 0) {
		connection->asked = now_ns();
		load->asked++;
	}
	connection->requests++;
	connection->last = connection->requests >= load->per_connection || over(load);
	connection->head_length = 0;
	connection->head_done = false;
	connection->backend = -1;
	length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
			  load->path, load->host, connection->last ? "Connection: close\r\n" : "");
	/* A fresh or answered connection takes this much at once. */
	if (send(connection->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
		fail(load, connection, failure_of(errno, false));
		return;
	}
	connection->phase = RECEIVING;
	watch(load, connection, EPOLLIN, EPOLL_CTL_MOD);
}

static void begin(struct load *load, struct connection *connection)
{
	int one = 1;

	connection->begun = connection->asked = now_ns();
	connection->requests = 0;
	load->asked++;
	connection->fd =
		socket(load->target.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0) {
		fail(load, connection, LOCAL);
		return;
	}
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection->phase = CONNECTING;
	if (connect(connection->fd, &load->target.any, target_size(&load->target)) < 0 &&
	    errno != EINPROGRESS) {
		fail(load, connection, failure_of(errno, true));
		return;
	}
	watch(load, connection, EPOLLOUT, EPOLL_CTL_ADD);
}

static int backend_index(struct load *load, const char *name, size_t length)
{
	if (length >= sizeof(load->names[0]))
		length = sizeof(load->names[0]) - 1;
	for (int i = 0; i < load->backend_count; i++)
		if (strncmp(load->names[i], name, length) == 0 && load->names[i][length] == '\0')
			return i;
	if (load->backend_count == MAX_BACKENDS)
		return -1;
	memcpy(load->names[load->backend_count], name, length);
	return load->backend_count++;
}

/* The value of a header in the NUL-terminated head, up to the end of the line. */
static const char *header(const char *head, const char *name, size_t *length)
{
	size_t name_length = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
			line += name_length + 1;
			line += strspn(line, " ");
			*length = strcspn(line, "\r");
			return line;
		}
	}
	return NULL;
}

static void answered(struct load *load, struct connection *connection)
{
	uint64_t took = now_ns() - connection->asked;

	load->done++;
	if (took > load->slowest)
		load->slowest = took;
	if (connection->backend >= 0) {
		load->answers[connection->backend]++;
		load->since_progress[connection->backend]++;
	}
}

static void body_done(struct load *load, struct connection *connection)
{
	if (connection->last) {
		connection->phase = CLOSING;
		return;
	}
	answered(load, connection);
	/* Waits for its turn on the open connection; see turn(). */
	connection->phase = SENDING;
}

/* True when the head is whole; what follows it in the buffer is body. */
static bool read_head(struct load *load, struct connection *connection)
{
	const char *end, *value;
	size_t length, body;

	connection->head[connection->head_length] = '\0';
	end = strstr(connection->head, "\r\n\r\n");
	if (!end) {
		if (connection->head_length >= HEAD_SIZE - 1)
			fail(load, connection, WRONG);
		return false;
	}
	body = connection->head_length - (size_t)(end + 4 - connection->head);
	value = header(connection->head, "Content-Length", &length);
	if (strncmp(connection->head, "HTTP/1.1 200 ", 13) != 0 || !value) {
		fail(load, connection, WRONG);
		return false;
	}
	connection->body_left = strtoull(value, NULL, 10);
	if (body > connection->body_left ||
	    (load->expect >= 0 && connection->body_left != (uint64_t)load->expect)) {
		fail(load, connection, WRONG);
		return false;
	}
	load->body_bytes += body;
	connection->body_left -= body;
	connection->head_done = true;
	value = header(connection->head, "X-Backend", &length);
	if (value)
		connection->backend = backend_index(load, value, length);
	return true;
}

/* The server closed: right only behind the last answer. */
static void closed(struct load *load, struct connection *connection)
{
	if (connection->phase == CLOSING) {
		answered(load, connection);
		hang_up(load, connection);
	} else if (connection->phase == SENDING) {
		hang_up(load, connection); /* between two requests: none was under way */
	} else {
		fail(load, connection, SHORT);
	}
}

static void receive(struct load *load, struct connection *connection)
{
	static char body[65536];

	while (connection->fd >= 0) {
		bool in_head = connection->phase == RECEIVING && !connection->head_done;
		char *to = in_head ? connection->head + connection->head_length : body;
		size_t room = in_head ? HEAD_SIZE - 1 - connection->head_length : sizeof(body);
		ssize_t got = recv(connection->fd, to, room, 0);

		if (got < 0) {
			if (errno != EAGAIN)
				fail(load, connection, failure_of(errno, false));
			return;
		}
		if (got == 0) {
			closed(load, connection);
			return;
		}
		if (connection->phase != RECEIVING) {
			fail(load, connection, WRONG); /* more than was promised */
			return;
		}
		if (in_head) {
			connection->head_length += (size_t)got;
			if (!read_head(load, connection))
				continue;
		} else if ((uint64_t)got > connection->body_left) {
			fail(load, connection, WRONG);
			return;
		} else {
			load->body_bytes += (uint64_t)got;
			connection->body_left -= (uint64_t)got;
		}
		if (connection->body_left == 0)
			body_done(load, connection);
	}
}

static void connected(struct load *load, struct connection *connection)
{
	int error = 0;
	socklen_t length = sizeof(error);

	getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error) {
		fail(load, connection, failure_of(error, true));
		return;
	}
	load->connected++;
	ask(load, connection);
}

/* Begins what is due and gives up what is late. Returns how many are under way. */
static unsigned turn(struct load *load, uint64_t now)
{
	unsigned count = load->connection_count, busy = 0;

	for (unsigned i = 0; i < count; i++) {
		/* Begins at another one each time, so that a paced run uses them all. */
		struct connection *connection = &load->connections[(i + load->turns) % count];

		if (connection->phase == IDLE && due(load, now))
			begin(load, connection);
		else if (connection->phase == SENDING && due(load, now))
			ask(load, connection);
		else if (connection->phase == SENDING && over(load))
			hang_up(load, connection);
		else if (connection->phase != IDLE && connection->phase != SENDING &&
			 now > connection->asked + load->timeout)
			fail(load, connection,
			     connection->phase == CONNECTING ? CONNECT_LATE : LATE);
		busy += connection->phase != IDLE;
	}
	load->turns++;
	return busy;
}

static void print_backends(const struct load *load, const uint64_t *counts)
{
	printf("{");
	for (int i = 0; i < load->backend_count; i++)
		printf("%s\"%s\": %lu", i ? ", " : "", load->names[i], counts[i]);
	printf("}");
}

static void print_progress(struct load *load, uint64_t now)
{
	printf("{\"progress\": {\"time\": %.6f, \"done\": %lu, \"failed\": %lu, \"backends\": ",
	       seconds(now), load->done, load->failure_count);
	print_backends(load, load->since_progress);
	printf("}}\n");
	fflush(stdout);
	memset(load->since_progress, 0, sizeof(load->since_progress));
	load->next_progress = now + load->progress;
}

static void print_result(const struct load *load, uint64_t now)
{
	uint64_t told =
		load->failure_count < MAX_TOLD_FAILURES ? load->failure_count : MAX_TOLD_FAILURES;

	printf("{\"result\": {\"requests\": %lu, \"done\": %lu, \"failed\": %lu, "
	       "\"connections\": %lu, \"retransmits\": %lu, \"body_bytes\": %lu, "
	       "\"started\": %.6f, \"ended\": %.6f, \"slowest\": %.6f, \"backends\": ",
	       load->asked, load->done, load->failure_count, load->connected, load->retransmits,
	       load->body_bytes, seconds(load->started), seconds(now), seconds(load->slowest));
	print_backends(load, load->answers);
	printf(", \"kinds\": {");
	for (int kind = 0, first = 1; kind < FAILURE_KINDS; kind++)
		if (load->failures[kind] > 0) {
			printf("%s\"%s\": %lu", first ? "" : ", ", failure_names[kind],
			       load->failures[kind]);
			first = 0;
		}
	printf("}, \"failures\": [");
	for (uint64_t i = 0; i < told; i++)
		printf("%s{\"kind\": \"%s\", \"begun\": %.6f, \"asked\": %.6f, \"failed\": %.6f}",
		       i ? ", " : "", failure_names[load->told[i].kind],
		       seconds(load->told[i].begun), seconds(load->told[i].asked),
		       seconds(load->told[i].failed));
	printf("]}}\n");
	fflush(stdout);
}

static void run(struct load *load)
{
	struct epoll_event events[EVENTS];

	load->started = now_ns();
	load->next_progress = load->started + load->progress;
	for (;;) {
		uint64_t now = now_ns();
		int count;

		if (ended || (load->duration > 0 && now > load->started + load->duration))
			load->stopping = true;
		if (turn(load, now) == 0 && over(load))
			break;
		if (load->progress > 0 && now >= load->next_progress)
			print_progress(load, now);
		/* A paced run looks for what is due every millisecond. */
		count = epoll_wait(load->epoll, events, EVENTS, load->rate > 0 ? 1 : 20);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (connection->phase == CONNECTING)
				connected(load, connection);
			else if (connection->fd >= 0)
				receive(load, connection);
		}
	}
	if (load->progress > 0)
		print_progress(load, now_ns());
	print_result(load, now_ns());
}

static void set_up(struct load *load)
{
	struct sigaction action = {.sa_handler = on_signal};

	load->connections = calloc(load->connection_count, sizeof(*load->connections));
	load->told = calloc(MAX_TOLD_FAILURES, sizeof(*load->told));
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!load->connections || !load->told || load->epoll < 0) {
		perror("httpload");
		exit(1);
	}
	for (unsigned i = 0; i < load->connection_count; i++)
		load->connections[i].fd = -1;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static const char usage[] =
	"usage: httpload --target ADDRESS:PORT [--path /] [--requests N] [--duration SECONDS]\n"
	"                [--connections N] [--per-connection N] [--rate REQUESTS-PER-SECOND]\n"
	"                [--timeout SECONDS] [--expect BYTES] [--progress SECONDS]\n"
	"  --per-connection 1 (the default) makes a new connection for each request; an IPv6 "
	"address\n"
	"  stands in brackets.\n";

static bool parse(struct load *load, int argc, char **argv)
{
	static const struct option options[] = {
		{"target", 1, NULL, 't'},
		{"path", 1, NULL, 'p'},
		{"requests", 1, NULL, 'n'},
		{"duration", 1, NULL, 'd'},
		{"connections", 1, NULL, 'c'},
		{"per-connection", 1, NULL, 'k'},
		{"rate", 1, NULL, 'r'},
		{"timeout", 1, NULL, 'w'},
		{"expect", 1, NULL, 'e'},
		{"progress", 1, NULL, 'P'},
		{NULL, 0, NULL, 0},
	};
	bool has_target = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 't':
			load->host = optarg;
			has_target = parse_target(&load->target, optarg);
			break;
		case 'p':
			load->path = optarg;
			break;
		case 'n':
			load->requests = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			load->duration = parse_seconds(optarg);
			break;
		case 'c':
			load->connection_count = (unsigned)atoi(optarg);
			break;
		case 'k':
			load->per_connection = (unsigned)atoi(optarg);
			break;
		case 'r':
			load->rate = atof(optarg);
			break;
		case 'w':
			load->timeout = parse_seconds(optarg);
			break;
		case 'e':
			load->expect = atoll(optarg);
			break;
		case 'P':
			load->progress = parse_seconds(optarg);
			break;
		default:
			return false;
		}
	}
	return has_target && optind == argc && load->connection_count > 0;
}

int main(int argc, char **argv)
{
	struct load load = {
		.path = "/",
		.connection_count = 16,
		.per_connection = 1,
		.timeout = 10 * SECOND,
		.expect = -1,
	};

	if (!parse(&load, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	set_up(&load);
	run(&load);
	free(load.connections);
	free(load.told);
	return load.failure_count > 0;
}
