/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/integration/tools/lane.h"

#include <errno.h>
#include <poll.h>

/* True so many times of 100 (splitmix64). */
static bool draw(struct lane *lane, double percent)
{
	uint64_t z = lane->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(1ull << 53) * 100 < percent;
}

static void transmit(struct lane *lane, const struct frame *frame)
{
	struct pollfd room = {.fd = lane->out, .events = POLLOUT};

	while (send(lane->out, frame->data, frame->length, 0) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
			fprintf(stderr, "impair: %s: send: %s\n", lane->name, strerror(errno));
			return;
		}
		poll(&room, 1, 1);
	}
	lane->counts.sent++;
}

/* Those that waited for later frames, once these have gone or time is over. */
static void release(struct lane *lane, unsigned passed, uint64_t now)
{
	for (struct held *held = lane->held; held < lane->held + MAX_HELD; held++) {
		if (held->frame == NULL)
			continue;
		held->later -= passed < held->later ? passed : held->later;
		if (held->later > 0 && now < held->until)
			continue;
		transmit(lane, held->frame);
		free(held->frame);
		held->frame = NULL;
	}
}

static bool hold(struct lane *lane, struct frame *frame, uint64_t now)
{
	for (struct held *held = lane->held; held < lane->held + MAX_HELD; held++)
		if (held->frame == NULL) {
			*held = (struct held){frame, LATER, now + PATIENCE};
			lane->counts.reordered++;
			return true;
		}
	return false;
}

/* Sends, twice or later where the draws say so. The frame is no longer the caller's. */
static void pass(struct lane *lane, const struct settings *settings, struct frame *frame,
		 uint64_t now)
{
	if (draw(lane, settings->duplicate)) {
		transmit(lane, frame);
		lane->counts.duplicated++;
	}
	if (draw(lane, settings->reorder) && hold(lane, frame, now))
		return;
	transmit(lane, frame);
	free(frame);
	release(lane, 1, now);
}

static void pass_fragment(struct lane *lane, const struct settings *settings, struct frame *frame,
			  uint64_t now)
{
	if (settings->duplicate_fragments) {
		transmit(lane, frame);
		lane->counts.fragments_duplicated++;
	}
	pass(lane, settings, frame, now);
}

/* What waited of it goes, the last first. */
static void end_datagram(struct lane *lane, const struct settings *settings,
			 struct datagram *datagram, uint64_t now)
{
	if (datagram->torn)
		lane->counts.torn++;
	else
		lane->counts.whole++;
	if (datagram->waiting > 1)
		lane->counts.reversed++;
	while (datagram->waiting > 0)
		pass_fragment(lane, settings, datagram->frames[--datagram->waiting], now);
	datagram->seen = 0;
	datagram->torn = false;
}

/* The one a fragment belongs to; a free one, or the oldest, which ends, when it is the first. */
static struct datagram *find_datagram(struct lane *lane, const struct settings *settings,
				      const struct fragment *fragment, uint64_t now)
{
	struct datagram *oldest = lane->datagrams;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++) {
		struct datagram *datagram = &lane->datagrams[i];

		if (datagram->seen > 0 && datagram->waiting < MAX_FRAGMENTS &&
		    is_same_datagram(&datagram->key, fragment))
			return datagram;
		if (datagram->seen == 0 || (oldest->seen > 0 && datagram->until < oldest->until))
			oldest = datagram;
	}
	if (oldest->seen > 0)
		end_datagram(lane, settings, oldest, now);
	return oldest;
}

static void take_fragment(struct lane *lane, const struct settings *settings, struct frame *frame,
			  const struct fragment *fragment, uint64_t now)
{
	struct datagram *datagram = find_datagram(lane, settings, fragment, now);

	datagram->key = *fragment;
	datagram->until = now + UNENDED;
	datagram->seen++;
	lane->counts.fragments++;
	if (draw(lane, settings->drop_fragments)) {
		datagram->torn = true;
		lane->counts.dropped++;
		free(frame);
	} else if (settings->reverse_fragments) {
		datagram->frames[datagram->waiting++] = frame;
	} else {
		pass_fragment(lane, settings, frame, now);
	}
	if (fragment->is_last)
		end_datagram(lane, settings, datagram, now);
}

void lane_take(struct lane *lane, const struct settings *settings, struct frame *frame,
	       uint64_t now)
{
	struct fragment fragment;
	const enum frame_kind kind = classify(frame->data, frame->length, &fragment);

	lane->counts.received++;
	if (kind == FRAME_FRAGMENT) {
		take_fragment(lane, settings, frame, &fragment, now);
	} else if (kind == FRAME_OTHER) {
		transmit(lane, frame);
		free(frame);
	} else if (draw(lane, settings->drop)) {
		lane->counts.dropped++;
		free(frame);
	} else {
		pass(lane, settings, frame, now);
	}
}

void lane_expire(struct lane *lane, const struct settings *settings, uint64_t now)
{
	release(lane, 0, now);
	for (struct datagram *one = lane->datagrams; one < lane->datagrams + MAX_DATAGRAMS; one++)
		if (one->seen > 0 && now >= one->until)
			end_datagram(lane, settings, one, now);
}

unsigned lane_waiting(const struct lane *lane)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++)
		count += lane->datagrams[i].waiting;
	for (unsigned i = 0; i < MAX_HELD; i++)
		count += lane->held[i].frame != NULL;
	return count;
}

bool lane_is_idle(const struct lane *lane)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++)
		seen += lane->datagrams[i].seen;
	return seen + lane_waiting(lane) == 0;
}
