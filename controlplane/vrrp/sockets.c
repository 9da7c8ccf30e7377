/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A flood is lost here rather than read late. */
#define RECEIVE_BUFFER (128 * 1024)

#define CLASS        IPTOS_CLASS_CS6 /* network control */
#define SKB_PRIORITY 7               /* TC_PRIO_CONTROL */

const uint8_t advert_group_ipv4[16] = {[10] = 0xff, 0xff, 224, 0, 0, 18};
const uint8_t advert_group_ipv6[16] = {0xff, 0x02, [15] = 0x12};

static int set(int descriptor, int level, int option, int value)
{
	return setsockopt(descriptor, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_ipv4(int descriptor, uint32_t index)
{
	struct ip_mreqn group = {.imr_ifindex = (int)index};
	int error = set(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, ADVERT_HOP_LIMIT);

	memcpy(&group.imr_multiaddr, advert_group_ipv4 + 12, 4);
	if (error == 0)
		error = set(descriptor, IPPROTO_IP, IP_TTL, ADVERT_HOP_LIMIT);
	if (error == 0)
		error = set(descriptor, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	if (error == 0)
		error = set(descriptor, IPPROTO_IP, IP_TOS, CLASS);
	if (error == 0 &&
	    setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) < 0)
		error = -errno;
	if (error == 0 &&
	    setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		error = -errno;
	return error;
}

static int set_ipv6(int descriptor, uint32_t index)
{
	struct ipv6_mreq group = {.ipv6mr_interface = index};
	int error = set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ADVERT_HOP_LIMIT);

	memcpy(&group.ipv6mr_multiaddr, advert_group_ipv6, 16);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ADVERT_HOP_LIMIT);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_TCLASS, CLASS);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)index);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	if (error == 0)
		error = set(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (error == 0 &&
	    setsockopt(descriptor, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		error = -errno;
	return error;
}

void advert_socket_close(struct advert_socket *advert_socket)
{
	if (advert_socket->index != 0)
		close(advert_socket->descriptor);
	advert_socket->index = 0;
}

/* Where Linux ends a family on an interface (an MTU too small for it), its last address goes, and
 * with it the groups that a socket had joined, which nobody joins again. */
static bool has_family(const struct interface *interface, uint8_t family)
{
	static const struct sources none;
	const struct sources *has = &interface->sources;

	if (family == 4)
		return memcmp(has->ipv4, none.ipv4, 16) != 0;
	return memcmp(has->link_local, none.link_local, 16) != 0 ||
	       memcmp(has->global, none.global, 16) != 0;
}

int advert_socket_refresh(struct advert_socket *out)
{
	const struct interface *interface = out->interface;
	uint32_t index = has_family(interface, out->family) ? interface->index : 0;
	int descriptor, error = 0;

	if (out->index == index && (index == 0 || out->losses == interface->losses))
		return 0;
	advert_socket_close(out);
	if (index == 0)
		return -ENODEV;
	descriptor = socket(out->family == 4 ? AF_INET : AF_INET6,
			    SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, ADVERT_PROTOCOL);
	if (descriptor < 0)
		return -errno;
	if (setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface->name,
		       (socklen_t)strlen(interface->name)) < 0)
		error = -errno;
	if (error == 0)
		error = set(descriptor, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (error == 0)
		error = out->family == 4 ? set_ipv4(descriptor, interface->index)
					 : set_ipv6(descriptor, interface->index);
	if (error == 0) /* after the class, which sets it too */
		error = set(descriptor, SOL_SOCKET, SO_PRIORITY, SKB_PRIORITY);
	if (error < 0) {
		close(descriptor);
		return error;
	}
	out->descriptor = descriptor;
	out->index = index;
	out->losses = interface->losses;
	return 0;
}

/* What is in the header of IPv6 comes beside the packet. */
static int open_ipv6(struct msghdr *message, const uint8_t *bytes, size_t length,
		     struct advert_packet *out)
{
	const struct sockaddr_in6 *from = message->msg_name;

	*out = (struct advert_packet){.family = 6, .payload = bytes, .length = length};
	memcpy(out->source, &from->sin6_addr, 16);
	for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item != NULL;
	     item = CMSG_NXTHDR(message, item)) {
		if (item->cmsg_level != IPPROTO_IPV6)
			continue;
		if (item->cmsg_type == IPV6_HOPLIMIT) {
			int limit;

			memcpy(&limit, CMSG_DATA(item), sizeof(limit));
			out->hop_limit = (uint8_t)limit;
		} else if (item->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(item), sizeof(info));
			memcpy(out->destination, &info.ipi6_addr, 16);
		}
	}
	return 0;
}

bool advert_socket_read(const struct advert_socket *advert_socket, struct socket_batch *batch)
{
	char control[SOCKET_BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))]
		__attribute__((aligned(8)));
	struct sockaddr_in6 from[SOCKET_BATCH];
	struct mmsghdr messages[SOCKET_BATCH];
	struct iovec parts[SOCKET_BATCH];
	int count;

	batch->count = 0;
	for (int i = 0; i < SOCKET_BATCH; i++) {
		parts[i] = (struct iovec){batch->bytes[i], SOCKET_PACKET_SIZE};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
						      .msg_namelen = sizeof(from[i]),
						      .msg_iov = &parts[i],
						      .msg_iovlen = 1,
						      .msg_control = control[i],
						      .msg_controllen = sizeof(control[i])};
	}
	count = recvmmsg(advert_socket->descriptor, messages, SOCKET_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		struct advert_packet *packet = &batch->packets[batch->count];
		int error = advert_socket->family == 4
				    ? advert_open_ipv4(batch->bytes[i], messages[i].msg_len, packet)
				    : open_ipv6(&messages[i].msg_hdr, batch->bytes[i],
						messages[i].msg_len, packet);

		batch->count += error == 0;
	}
	return count == SOCKET_BATCH;
}

static void add_item(struct msghdr *message, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *item = CMSG_FIRSTHDR(message);

	item->cmsg_level = level;
	item->cmsg_type = type;
	item->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(item), data, size);
	message->msg_controllen = CMSG_SPACE(size);
}

static int send_ipv4(const struct advert_socket *advert_socket, const uint8_t source[16],
		     const uint8_t destination[16], struct msghdr *message)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct in_pktinfo info = {.ipi_ifindex = (int)advert_socket->index};

	memcpy(&to.sin_addr, destination + 12, 4);
	memcpy(&info.ipi_spec_dst, source + 12, 4);
	message->msg_name = &to;
	message->msg_namelen = sizeof(to);
	add_item(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	return sendmsg(advert_socket->descriptor, message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int send_ipv6(const struct advert_socket *advert_socket, const uint8_t source[16],
		     const uint8_t destination[16], struct msghdr *message)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = advert_socket->index};
	struct in6_pktinfo info = {.ipi6_ifindex = advert_socket->index};

	memcpy(&to.sin6_addr, destination, 16);
	memcpy(&info.ipi6_addr, source, 16);
	message->msg_name = &to;
	message->msg_namelen = sizeof(to);
	add_item(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	return sendmsg(advert_socket->descriptor, message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int advert_socket_send(const struct advert_socket *advert_socket, const uint8_t source[16],
		       const uint8_t destination[16], const void *bytes, size_t length)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] __attribute__((aligned(8))) = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, length};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};

	if (advert_socket->index == 0)
		return -ENETDOWN;
	return advert_socket->family == 4 ? send_ipv4(advert_socket, source, destination, &message)
					  : send_ipv6(advert_socket, source, destination, &message);
}

int announcement_socket_open(void)
{
	/* Of no protocol: it is for sending alone. */
	int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return -errno;
	set(descriptor, SOL_SOCKET, SO_PRIORITY, SKB_PRIORITY);
	return descriptor;
}

int announcement_socket_send(int descriptor, uint32_t index, const void *frame, size_t length)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)index, .sll_halen = ETH_ALEN};

	memcpy(to.sll_addr, frame, ETH_ALEN);
	memcpy(&to.sll_protocol, (const uint8_t *)frame + 12, sizeof(to.sll_protocol));
	if (sendto(descriptor, frame, length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}
