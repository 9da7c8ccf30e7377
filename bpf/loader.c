/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "bpf/loader.h"

#include "bpf/steering.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PROGRAM_MAPS 16

struct steering {
	int maps[STEERING_MAP_COUNT];
	int port, lease;
};

static const char *const map_names[STEERING_MAP_COUNT] = {
	[STEERING_SERVICES] = "services",   [STEERING_RANGES] = "ranges",
	[STEERING_ENDPOINTS] = "endpoints", [STEERING_LOCALS] = "locals",
	[STEERING_HOSTS] = "hosts",         [STEERING_GROUPS] = "groups",
};

int steering_write_object(const char *path)
{
	size_t written = 0;
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	while (written < steering_object_size) {
		ssize_t length =
			write(fd, steering_object + written, steering_object_size - written);

		if (length < 0) {
			int error = -errno;

			close(fd);
			return error;
		}
		written += (size_t)length;
	}
	return close(fd) == 0 ? 0 : -errno;
}

/* The program's name, and a descriptor of each of its maps that `names` asks for (-1: not there).
 */
static int open_program(uint32_t id, char name[16], const char *const *names, int *fds,
			size_t count)
{
	uint32_t map_ids[MAX_PROGRAM_MAPS];
	struct bpf_prog_info info = {
		.nr_map_ids = MAX_PROGRAM_MAPS,
		.map_ids = (uintptr_t)map_ids,
	};
	uint32_t length = sizeof(info);
	int error = 0;
	int fd = bpf_prog_get_fd_by_id(id);

	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) != 0)
		error = -errno;
	close(fd);
	if (error != 0)
		return error;
	memcpy(name, info.name, 16);
	name[15] = '\0';

	for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_PROGRAM_MAPS; i++) {
		struct bpf_map_info map = {0};
		size_t which = 0;

		length = sizeof(map);
		fd = bpf_map_get_fd_by_id(map_ids[i]);
		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &map, &length) != 0)
			which = count;
		while (which < count && strncmp(map.name, names[which], sizeof(map.name) - 1) != 0)
			which++;
		if (which < count && fds[which] < 0)
			fds[which] = fd;
		else
			close(fd);
	}
	return 0;
}

int steering_inspect(unsigned interface_index, struct steering_attachment *out)
{
	static const char *const names[] = {"xsks_map", "services"};
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int fds[2];
	int error;

	memset(out, 0, sizeof(*out));
	error = bpf_xdp_query((int)interface_index, 0, &query);
	if (error != 0)
		return error;
	out->program_id = query.prog_id ? query.prog_id : query.drv_prog_id;
	if (out->program_id == 0)
		out->program_id = query.skb_prog_id ? query.skb_prog_id : query.hw_prog_id;
	out->native = query.attach_mode != XDP_ATTACHED_SKB;
	if (query.attach_mode == XDP_ATTACHED_NONE || out->program_id == 0)
		return 0;

	error = open_program(out->program_id, out->name, names, fds, 2);
	if (error != 0)
		return error;
	out->who = strcmp(out->name, STEERING_PROGRAM) == 0 && fds[0] >= 0 && fds[1] >= 0
			   ? STEERING_OURS
			   : STEERING_FOREIGN;
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return 0;
}

int steering_detach(unsigned interface_index, uint32_t program_id)
{
	int fd = bpf_prog_get_fd_by_id(program_id);
	LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = fd);
	int error;

	if (fd < 0)
		return -errno;
	error = bpf_xdp_detach((int)interface_index, XDP_FLAGS_REPLACE, &options);
	close(fd);
	return error;
}

int steering_open_program(uint32_t program_id, struct steering **out)
{
	const char *names[STEERING_MAP_COUNT + 2];
	int fds[STEERING_MAP_COUNT + 2];
	char name[16];
	struct steering *steering = calloc(1, sizeof(*steering));
	int error;

	if (steering == NULL)
		return -ENOMEM;
	memcpy(names, map_names, sizeof(map_names));
	names[STEERING_MAP_COUNT] = "port";
	names[STEERING_MAP_COUNT + 1] = "lease";
	error = open_program(program_id, name, names, fds, STEERING_MAP_COUNT + 2);
	memcpy(steering->maps, fds, sizeof(steering->maps));
	steering->port = fds[STEERING_MAP_COUNT];
	steering->lease = fds[STEERING_MAP_COUNT + 1];
	for (int i = 0; error == 0 && i <= STEERING_MAP_COUNT + 1; i++)
		if (fds[i] < 0)
			error = -ENOENT;
	if (error != 0) {
		steering_close(steering);
		return error;
	}
	*out = steering;
	return 0;
}

int steering_open(unsigned interface_index, struct steering **out)
{
	struct steering_attachment attachment;
	int error = steering_inspect(interface_index, &attachment);

	if (error != 0)
		return error;
	if (attachment.who != STEERING_OURS)
		return -ENOENT;
	return steering_open_program(attachment.program_id, out);
}

void steering_close(struct steering *steering)
{
	if (steering == NULL)
		return;
	for (int i = 0; i < STEERING_MAP_COUNT; i++)
		if (steering->maps[i] >= 0)
			close(steering->maps[i]);
	if (steering->port >= 0)
		close(steering->port);
	if (steering->lease >= 0)
		close(steering->lease);
	free(steering);
}

int steering_set_lease(struct steering *steering, uint32_t group, uint64_t until)
{
	return bpf_map_update_elem(steering->lease, &group, &until, BPF_ANY) == 0 ? 0 : -errno;
}

int steering_set_port(struct steering *steering, const uint8_t mac[6], bool any_mac)
{
	struct steering_port port = {.any_mac = any_mac, .in_use = 1};
	const uint32_t row = 0;

	memcpy(port.mac, mac, sizeof(port.mac));
	return bpf_map_update_elem(steering->port, &row, &port, BPF_ANY) == 0 ? 0 : -errno;
}

static int add_row(void *context, enum steering_map map, const void *key, const void *value)
{
	const struct steering *steering = context;

	return bpf_map_update_elem(steering->maps[map], key, value, BPF_ANY) == 0 ? 0 : -errno;
}

static int remove_row(void *context, enum steering_map map, const void *key, const void *value)
{
	const struct steering *steering = context;

	(void)value;
	return bpf_map_delete_elem(steering->maps[map], key) == 0 || errno == ENOENT ? 0 : -errno;
}

int steering_add(struct steering *steering, const struct steering_rules *before,
		 const struct steering_rules *now)
{
	return steering_rules_difference(now, before, true, add_row, steering);
}

int steering_remove(struct steering *steering, const struct steering_rules *before,
		    const struct steering_rules *now)
{
	return steering_rules_difference(before, now, false, remove_row, steering);
}
