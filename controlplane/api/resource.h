/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the API serves: one table of paths, and how each answers. */
#pragma once

#include "controlplane/api/objects.h"
#include "controlplane/api/query.h"
#include "controlplane/api/request.h"
#include "controlplane/controlplane.h"

#include <jansson.h>

/* A new reference, or NULL with `problem` filled in. */
typedef json_t *api_render(struct controlplane *controlplane, const struct api_request *request,
			   struct api_problem *problem);

/* Fills the answer in, or its problem; what it leaves as it was is a want of memory. */
typedef void api_act(struct controlplane *controlplane, const struct api_request *request,
		     struct api_answer *answer);

/* A text, malloc'ed; NULL: no memory. */
typedef char *api_text(struct controlplane *controlplane);

struct api_resource {
	const char *pattern;
	api_render *render; /* GET; or else ... */
	api_text *text;
	const char *text_type;
	api_act *read;   /* GET in another form than JSON */
	api_act *post;   /* POST of what is no part of the configuration: there is nothing else */
	api_act *remove; /* DELETE of what is no part of the configuration; NULL: there is none */
	enum object_kind kind;                  /* of the object that a change is to */
	bool is_collection;                     /* of such objects: POST makes one */
	const char *(*argument)(size_t number); /* of a query, from 0 on; NULL: none, no more */
};

/* The resource at a path, and the names in it; NULL: there is none. */
const struct api_resource *api_find_resource(const char *path, struct route_names *names);

/* The methods it has, as the header Allow lists them. */
const char *api_allowed_methods(const struct api_resource *resource);
bool api_allows(const struct api_resource *resource, const char *method);

/* GET and HEAD. */
bool api_is_read(const char *method);

/* Names that the query of a request may have; NULL behind the last. */
void api_known_arguments(const struct api_resource *resource, const char *method,
			 const char *known[QUERY_NAMES_MAX + 1]);

api_render api_status;
api_render api_config;
api_render api_services;
api_render api_service;
api_render api_pools;
api_render api_pool;
api_render api_backends;
api_render api_backend;
api_render api_local_pools;
api_render api_local_pool;
api_render api_vrrp_groups;
api_render api_vrrp_group;
api_act api_vrrp_release;
api_act api_vrrp_take;

api_render api_workers;
api_render api_ports;
api_act api_flows;
api_act api_end_flows;

/* PUT, POST, PATCH and DELETE. */
void api_change(struct controlplane *controlplane, const struct api_resource *resource,
		const struct api_request *request, struct api_answer *answer);

/* Whether the body is of this type, by its header. */
bool api_has_type(const struct api_request *request, const char *type);

/* Traffic counters as both services and backends show them: adds them to the object. */
void api_put_traffic(json_t *object, const struct abi_traffic *traffic);

/* The same of the backend at an index of `tables`; negative: it is not there, and all is 0. */
void api_put_backend_traffic(struct controlplane *controlplane, json_t *object, int index);

/* A port, as the list of them and the status show it. */
json_t *api_port(const struct abi_status_port *port, const struct abi_port_traffic *traffic);

/* One line a group, and how headrace-vrrp is; null: no groups are configured. */
json_t *api_vrrp_summary(struct controlplane *controlplane);

/* null: there is none. */
json_t *api_peer(const struct controlplane *controlplane);

/* Since a time of CLOCK_MONOTONIC, ms. */
double api_seconds_since(uint64_t then_ms);

/* 10.0.0.1, as a new reference. */
json_t *api_address(const struct address *address);

/* Adds "config", the object as the document has it. Takes over `object` and returns it. */
json_t *api_with_config(json_t *object, json_t *written);

/* The pointers, as a list; a new reference. */
json_t *api_restart_required(const struct restart_required *required);
