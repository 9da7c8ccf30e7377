/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/netlink/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A busy machine settles within a few. */
#define DUMP_ATTEMPTS 5

struct netlink {
	struct mnl_socket *socket;
	unsigned sequence;
	char buffer[32768] __attribute__((
		aligned(8))); /* the kernel fills at most this much of a dump at once */
};

int netlink_open(struct netlink **out)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));

	if (netlink == NULL)
		return -ENOMEM;
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (netlink->socket == NULL ||
	    mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;

		netlink_close(netlink);
		return error;
	}

	/* Lets dumps be filtered by the kernel; without it they are only longer. */
	int on = 1;

	mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*out = netlink;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink == NULL)
		return;
	if (netlink->socket != NULL)
		mnl_socket_close(netlink->socket);
	free(netlink);
}

/* One buffer of an answer. */
struct answer {
	mnl_cb_t on_message;
	void *context;
	unsigned sequence;
	bool interrupted; /* the dump is not of one moment */
	bool ended;
	int error;
};

static void answer_read(struct answer *answer, const struct nlmsghdr *message, int left)
{
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != answer->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			answer->interrupted = true;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *reply = mnl_nlmsg_get_payload(message);

			answer->error = reply->error;
			answer->ended = true;
		} else if (message->nlmsg_type == NLMSG_DONE) {
			answer->ended = true;
		} else if (answer->on_message != NULL) {
			answer->on_message(message, answer->context);
		}
	}
}

int netlink_request(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t on_message,
		    void *context)
{
	struct answer answer = {
		.on_message = on_message, .context = context, .sequence = ++netlink->sequence};

	request->nlmsg_seq = answer.sequence;
	request->nlmsg_flags |= NLM_F_REQUEST;
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (!answer.ended) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, netlink->buffer,
						     sizeof(netlink->buffer));

		if (length < 0 && errno != EINTR)
			return -errno;
		if (length > 0)
			answer_read(&answer, (const struct nlmsghdr *)netlink->buffer, (int)length);
	}
	if (answer.error != 0)
		return answer.error;
	return answer.interrupted ? -EINTR : 0;
}

int netlink_dump(struct netlink *netlink, uint16_t type, size_t header_size, mnl_cb_t on_message,
		 void *context, size_t *count)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	int error = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && error == -EINTR; i++) {
		struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

		mnl_nlmsg_put_extra_header(request, header_size);
		request->nlmsg_type = type;
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		if (count != NULL)
			*count = 0;
		error = netlink_request(netlink, request, on_message, context);
	}
	return error == -EINTR ? 0 : error; /* what was read is nearly right; news will follow */
}

uint8_t netlink_family(const struct address *address)
{
	return address_is_ipv4(address) ? AF_INET : AF_INET6;
}

bool netlink_is_internet(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

void netlink_put_address(struct nlmsghdr *request, uint16_t type, const struct address *address)
{
	if (address_is_ipv4(address))
		mnl_attr_put_u32(request, type, address_to_ipv4(address));
	else
		mnl_attr_put(request, type, sizeof(address->bytes), address->bytes);
}
