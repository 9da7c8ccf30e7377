/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/control_socket.h"

#include "controlplane/vrrp/run_files.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void control_socket_init(struct control_socket *control)
{
	control->listener = -1;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i] = -1;
}

int control_socket_open(struct control_socket *control, const char *run_dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int error = 0;

	run_path(run_dir, CONTROL_SOCKET, control->path);
	control->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->listener < 0)
		return -errno;
	if (strlen(control->path) >= sizeof(address.sun_path))
		error = -ENAMETOOLONG;
	else
		strcpy(address.sun_path, control->path);
	unlink(control->path);
	mask = umask(0177); /* root's alone */
	if (error == 0 &&
	    (bind(control->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	     listen(control->listener, CONTROL_CLIENTS) < 0))
		error = -errno;
	umask(mask);
	if (error < 0)
		control_socket_close(control);
	return error;
}

void control_socket_close(struct control_socket *control)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i] >= 0)
			close(control->clients[i]);
		control->clients[i] = -1;
	}
	if (control->listener >= 0) {
		unlink(control->path);
		close(control->listener);
	}
	control->listener = -1;
}

/* When all places are taken, the first is given to the new one. */
static void accept_clients(struct control_socket *control)
{
	int client, place;

	while ((client = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
	       0) {
		for (place = 0; place < CONTROL_CLIENTS && control->clients[place] >= 0; place++)
			;
		if (place == CONTROL_CLIENTS) {
			place = 0;
			close(control->clients[place]);
		}
		control->clients[place] = client;
	}
}

/* One command of each a turn. */
static void read_client(int *client, control_handler *handle, void *context)
{
	char command[CONTROL_LINE_MAX], answer[CONTROL_LINE_MAX] = "";
	ssize_t length = recv(*client, command, sizeof(command) - 1, MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		close(*client);
		*client = -1;
		return;
	}
	command[length] = '\0';
	handle(context, command, answer);
	send(*client, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void control_socket_read(struct control_socket *control, control_handler *handle, void *context)
{
	accept_clients(control);
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i] >= 0)
			read_client(&control->clients[i], handle, context);
	}
}
