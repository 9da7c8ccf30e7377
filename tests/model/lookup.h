/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the model asks its tables. Every answer is a walk over all there is. */
#pragma once

#include "tests/model/model.h"

bool model_is_ipv4(const uint8_t address[16]);
bool model_same_address(const uint8_t one[16], const uint8_t other[16]);

/* Index of the service a packet to this endpoint is for; -1: none. */
int model_find_service(const struct model_tables *tables, const struct model_endpoint *to,
		       uint8_t protocol);
bool model_allows(const struct abi_service *service, const uint8_t client[16]);

bool model_is_service_address(const struct model_tables *tables, const uint8_t address[16]);
bool model_is_host_address(const struct model_tables *tables, const uint8_t address[16]);
bool model_is_local_address(const struct model_tables *tables, const uint8_t address[16]);
bool model_is_local(const struct model_tables *tables, const struct model_endpoint *endpoint);
bool model_is_dnat_address(const struct model_tables *tables, const uint8_t address[16]);
bool model_is_dnat_endpoint(const struct model_tables *tables,
			    const struct model_endpoint *endpoint, uint8_t protocol);

/* Whether a packet is Headrace's; without ports the addresses have to tell. */
bool model_is_ours(const struct model_tables *tables, const struct model_tuple *tuple,
		   bool has_ports);

const struct abi_route *model_find_route(const struct model_tables *tables,
					 const uint8_t address[16]);
/* Indexes of next hops, the first that fits; ABI_NONE: none. */
uint32_t model_find_neighbour(const struct model_tables *tables, uint16_t port,
			      const uint8_t address[16]);
/* Of this family, or else of the other. */
uint32_t model_find_mac(const struct model_tables *tables, uint16_t port, uint16_t vlan,
			uint16_t outer_vlan, const uint8_t mac[6], bool is_ipv4);
