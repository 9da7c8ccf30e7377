/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Small generations of `tables` for tests: objects are added and changed by
 * hand, written into the image of a file and taken over by tables_take(), as
 * the dataplane does it. Addresses are text, of either family; a fault ends the
 * test.
 */
#pragma once

#include "dataplane/core/tables.h"

struct snapshot_builder;

struct snapshot_builder *snapshot_builder_new(void);
void snapshot_builder_free(struct snapshot_builder *builder);

/*
 * Add an object at an index, or replace the one there. What they return may be changed
 * until the next object is added.
 */
struct abi_settings *snapshot_builder_settings(struct snapshot_builder *builder);
struct abi_next_hop *snapshot_builder_next_hop(struct snapshot_builder *builder, uint32_t index,
					       const char *address, uint16_t port, uint8_t mac_end);
struct abi_backend *snapshot_builder_backend(struct snapshot_builder *builder, uint32_t index,
					     const char *address, uint16_t port, uint32_t next_hop);
/* A ring whose slots name `backends` in turn; count 0: nobody. */
struct abi_ring *snapshot_builder_ring(struct snapshot_builder *builder, uint32_t index,
				       uint32_t size, const uint16_t *backends, uint32_t count);
struct abi_local_pool *snapshot_builder_local_pool(struct snapshot_builder *builder, uint32_t index,
						   const char *first_address,
						   uint32_t address_count, uint16_t port_first,
						   uint16_t port_last);
/* local_pool ABI_NONE: dnat; else full NAT. */
struct abi_service *snapshot_builder_service(struct snapshot_builder *builder, uint32_t index,
					     const char *address, uint16_t port, uint8_t protocol,
					     uint32_t ring, uint32_t local_pool);
/* One listener more of a service that has no ranges of clients yet. */
void snapshot_builder_listener(struct snapshot_builder *builder, uint32_t service,
			       const char *address, uint16_t port_first, uint16_t port_last,
			       uint8_t protocol);
/* One range of clients more that the service allows, as long as it denies none; or denies. */
void snapshot_builder_allow(struct snapshot_builder *builder, uint32_t service, const char *first,
			    const char *last);
void snapshot_builder_deny(struct snapshot_builder *builder, uint32_t service, const char *first,
			   const char *last);
/* Longest prefix first, of 128 bits, then by prefix; next_hop ABI_NONE: on link. `length` is as its
 * family counts. */
void snapshot_builder_route(struct snapshot_builder *builder, const char *prefix, uint8_t length,
			    uint16_t port, uint32_t next_hop);
void snapshot_builder_host(struct snapshot_builder *builder, const char *address);
/* An address of a VRRP group, in whatever order. */
void snapshot_builder_group(struct snapshot_builder *builder, const char *address, uint8_t group);

/* Any object, by its bytes. */
void snapshot_builder_put(struct snapshot_builder *builder, uint32_t kind, uint32_t index,
			  const void *bytes, size_t length);
void snapshot_builder_remove(struct snapshot_builder *builder, uint32_t kind, uint32_t index);
/* The object at an index, to be changed. */
void *snapshot_builder_get(struct snapshot_builder *builder, uint32_t kind, uint32_t index);

/* The next generation, with so many ports, or these; to be freed by snapshot_release(). */
struct snapshot *snapshot_builder_take(struct snapshot_builder *builder, uint16_t port_count);
struct snapshot *snapshot_builder_take_for(struct snapshot_builder *builder,
					   const struct engine_port *ports, uint16_t port_count);

/* The next generation must be refused, by this sentence. */
void snapshot_builder_must_be_refused(struct snapshot_builder *builder, uint16_t port_count,
				      const char *sentence);

/* "198.51.100.10" in network order. */
uint32_t be_address(const char *text);
/* "198.51.100.10" or "2001:db8::10". */
struct ip_address text_address(const char *text);
#define ADDRESS_TEXT_SIZE 46
void address_text(const struct ip_address *address, char text[ADDRESS_TEXT_SIZE]);
