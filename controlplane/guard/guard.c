/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/guard/guard.h"

#include "controlplane/guard/ruleset.h"
#include "controlplane/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_NAME "headrace"

/*
 * Elements of the sets are changed in place, in one transaction. All else makes
 * a table anew; this one holds meanwhile. A transaction that replaces a table is
 * not one moment for a packet: it meets the old chain and the new one as two
 * hooks, and the change may fall between them, so that neither drops it.
 */
#define STAND_IN_NAME "headrace_stand_in"

/* Whether there is one or not. */
#define DELETE_TABLE(name) "add table netdev " name "\ndelete table netdev " name "\n"

struct guard {
	struct network *network;
	const struct publisher *publisher; /* knows where flows still are */
	struct nft_ctx *nft;
	struct guard_input input; /* what was asked for, */
	struct guard_sets loaded; /* and the sets made of it that are in the kernel, */
	char *chains;             /* with these chains; NULL: nothing is */
	bool is_spoilt;           /* somebody has taken something of it away */
	struct mnl_socket *news;  /* of the kernel's tables */
	ev_io news_readable;
};

/* What the kernel told of our table since it was made, if it was. */
struct news {
	bool is_loss;    /* something went, */
	uint32_t sender; /* by this netlink port, */
	bool by_several; /* or by more than one */
	bool is_missed;  /* what there was no room for */
};

static void forget(struct guard *guard)
{
	guard_input_free(&guard->input);
	guard_sets_free(&guard->loaded);
	free(guard->chains);
	guard->chains = NULL;
}

/* Runs the commands in one transaction. */
static int run(struct guard *guard, const char *commands)
{
	int error = nft_run_cmd_from_buffer(guard->nft, commands) == 0 ? 0 : -EIO;
	const char *message = nft_ctx_get_error_buffer(guard->nft);

	if (error < 0)
		log_error("nftables refused the guard: %s",
			  message != NULL && message[0] != '\0' ? message : "no reason given");
	return error;
}

/* The table's name is attribute 1 of a table, a chain, a rule, a set and a list of elements. */
static int on_news_attribute(const struct nlattr *attribute, void *context)
{
	bool *is_ours = context;

	if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
	    strcmp(mnl_attr_get_str(attribute), TABLE_NAME) == 0)
		*is_ours = true;
	return MNL_CB_OK;
}

/* Of nftables' messages, those by which a table loses something. */
static bool tells_of_loss(uint8_t type)
{
	switch (type) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
		return true;
	default:
		return false;
	}
}

static int on_news(const struct nlmsghdr *message, void *context)
{
	const struct nfgenmsg *info = mnl_nlmsg_get_payload(message);
	uint8_t type = NFNL_MSG_TYPE(message->nlmsg_type);
	struct news *news = context;
	bool is_ours = false;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    info->nfgen_family != NFPROTO_NETDEV ||
	    (type != NFT_MSG_NEWTABLE && !tells_of_loss(type)))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*info), on_news_attribute, &is_ours);
	if (!is_ours)
		return MNL_CB_OK;
	if (type == NFT_MSG_NEWTABLE) {
		*news = (struct news){.is_missed = news->is_missed};
		return MNL_CB_OK;
	}
	if (news->is_loss && news->sender != message->nlmsg_pid)
		news->by_several = true;
	news->is_loss = true;
	news->sender = message->nlmsg_pid;
	return MNL_CB_OK;
}

/* Reads what there is. */
static struct news read_news(struct guard *guard)
{
	char buffer[16384] __attribute__((aligned(8)));
	struct news news = {0};

	for (;;) {
		ssize_t length = mnl_socket_recvfrom(guard->news, buffer, sizeof(buffer));

		if (length < 0 && errno == ENOBUFS)
			news.is_missed = true;
		else if (length <= 0)
			return news;
		else
			mnl_cb_run(buffer, (size_t)length, 0, 0, on_news, &news);
	}
}

/* True when others have taken something away since it was loaded. */
static bool is_spoilt(struct guard *guard)
{
	struct news news = read_news(guard);

	/* Of what was missed, perhaps: loading it again does no harm. */
	if (news.is_loss || news.is_missed)
		guard->is_spoilt = true;
	return guard->is_spoilt;
}

/*
 * The kernel tells of our own change too, of all of it before run() is back. What
 * others take away meanwhile is a loss that nobody will tell of again: of one
 * that is missed here, which our own change may do, nothing is known.
 */
static int load_text(struct guard *guard, const char *text, bool takes_away)
{
	int error = run(guard, text);
	struct news news = read_news(guard);

	if (news.is_loss && !news.is_missed && (!takes_away || news.by_several)) {
		guard->is_spoilt = true;
		ev_feed_event(guard->network->loop, &guard->news_readable, EV_READ);
	}
	return error;
}

static int replace(struct guard *guard, const struct guard_sets *sets, const char *chains)
{
	char *stand_in = guard_ruleset_make(STAND_IN_NAME, sets, chains);
	char *text = guard_ruleset_make(TABLE_NAME, sets, chains);
	int error = stand_in == NULL || text == NULL ? -ENOMEM : load_text(guard, stand_in, false);

	guard->is_spoilt = false; /* once it is made anew */
	if (error == 0)
		error = load_text(guard, text, false);
	if (error == 0)
		error = load_text(guard, DELETE_TABLE(STAND_IN_NAME), false);
	free(stand_in);
	free(text);
	return error;
}

static void guard_news(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct guard *guard = watcher->data;

	(void)loop;
	(void)events;
	if (!is_spoilt(guard) || guard->chains == NULL)
		return;
	log_warning("somebody removed the nftables table netdev %s or something in it (a flush?): "
		    "putting it back",
		    TABLE_NAME);
	if (replace(guard, &guard->loaded, guard->chains) < 0)
		forget(guard);
}

static int open_news(struct guard *guard)
{
	int group = NFNLGRP_NFTABLES;

	guard->news = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (guard->news == NULL || mnl_socket_bind(guard->news, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(guard->news, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	ev_io_init(&guard->news_readable, guard_news, mnl_socket_get_fd(guard->news), EV_READ);
	guard->news_readable.data = guard;
	ev_io_start(guard->network->loop, &guard->news_readable);
	return 0;
}

int guard_open(struct network *network, const struct publisher *publisher, struct guard **out)
{
	struct guard *guard = calloc(1, sizeof(*guard));
	int error;

	if (guard == NULL)
		return -ENOMEM;
	guard->network = network;
	guard->publisher = publisher;
	guard->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	error = guard->nft == NULL ? -ENOMEM : open_news(guard);
	if (error < 0) {
		log_error("cannot reach the kernel's nftables: %s", strerror(-error));
		guard_close(guard);
		return error;
	}
	nft_ctx_buffer_output(guard->nft);
	nft_ctx_buffer_error(guard->nft);
	*out = guard;
	return 0;
}

void guard_close(struct guard *guard)
{
	if (guard == NULL)
		return;
	if (ev_is_active(&guard->news_readable))
		ev_io_stop(guard->network->loop, &guard->news_readable);
	if (guard->news != NULL)
		mnl_socket_close(guard->news);
	if (guard->nft != NULL)
		nft_ctx_free(guard->nft);
	forget(guard);
	free(guard);
}

/* True when what is in the kernel, all of it still, was made what is asked for, element by element.
 */
static bool change_elements(struct guard *guard, const struct guard_sets *sets, const char *chains)
{
	char *text;
	bool done;

	if (is_spoilt(guard))
		return false;
	if (guard->chains == NULL || strcmp(guard->chains, chains) != 0 ||
	    !guard_ranges_equal(&guard->loaded, sets))
		return false;
	text = guard_ruleset_change(TABLE_NAME, &guard->loaded, sets);
	done = text != NULL &&
	       (text[0] == '\0' || load_text(guard, text, strstr(text, "delete ") != NULL) == 0);
	free(text);
	return done;
}

/* Has it in the kernel; takes over input, sets and chains when it is. */
static int load(struct guard *guard, struct guard_input *input, struct guard_sets *sets,
		char *chains)
{
	int error = guard_sets_make(input, sets);

	if (error == 0 && !change_elements(guard, sets, chains))
		error = replace(guard, sets, chains);
	if (error < 0) {
		guard_sets_free(sets);
		return error;
	}
	forget(guard);
	guard->input = *input;
	guard->loaded = *sets;
	guard->chains = chains;
	return 0;
}

static int collect(const struct guard *guard, const struct config *config,
		   const struct config *also, struct guard_input *input)
{
	int error = guard_input_add_config(input, config);

	if (error == 0 && also != NULL)
		error = guard_input_add_change(input, also);
	if (error == 0)
		error = guard_input_add_published(input, guard->publisher);
	if (error == 0)
		error = guard_input_add_hosts(input, guard->network);
	return error;
}

/* Most changes are none to the guard: then the sets need not be made to know it. */
static bool is_loaded(struct guard *guard, const struct guard_input *input, const char *chains)
{
	if (is_spoilt(guard))
		forget(guard);
	return guard->chains != NULL && strcmp(guard->chains, chains) == 0 &&
	       guard_input_equal(&guard->input, input);
}

int guard_load(struct guard *guard, const struct config *config, const struct config *also)
{
	struct guard_input input = {0};
	struct guard_sets sets = {0};
	char *chains = guard_chains_make(guard->network->links, guard->network->link_count);
	int error = chains == NULL ? -ENOMEM : collect(guard, config, also, &input);
	bool keep = error == 0 && is_loaded(guard, &input, chains);

	if (error == 0 && !keep)
		error = load(guard, &input, &sets, chains);
	if (error < 0 || keep) {
		guard_input_free(&input);
		free(chains);
	}
	return error;
}

void guard_remove(struct guard *guard)
{
	forget(guard);
	load_text(guard, DELETE_TABLE(STAND_IN_NAME) DELETE_TABLE(TABLE_NAME), true);
}
