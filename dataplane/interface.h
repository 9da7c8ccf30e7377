/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What Linux knows of a network interface. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface {
	char name[IF_NAMESIZE];
	unsigned index; /* 0: there is none */
	uint8_t mac[6];
	uint16_t mtu;
	bool up;
	unsigned combined_queues; /* 0: the driver cannot tell or does not pair them */
	unsigned rx_queues;       /* at least 1 */
};

/* 0; -ENODEV when there is no interface of this name; another -errno. */
int interface_read(const char *name, struct interface *out);

/* True when it is up and its link has a carrier. */
bool interface_has_link(const char *name);

/* The PCI address of the device behind it ("0000:3b:00.0"); 0 or -errno. */
int interface_pci_address(const char *name, char *out, size_t size);

/* Writes `value` to /proc/sys/net/<family>/conf/<name>/<key>; 0 or -errno. */
int interface_set_sysctl(const char *family, const char *name, const char *key, const char *value);
