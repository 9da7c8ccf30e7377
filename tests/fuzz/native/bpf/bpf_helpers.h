/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Stands before libbpf's header of this name where the steering program is compiled for this
 * machine (native_steering.c): maps are described as there, and helpers are functions of ours.
 */
#pragma once

/* The kernel's has addresses in 32 bits, which it replaces when it loads a program. */
#define xdp_md kernel_xdp_md
#include <linux/bpf.h>
#undef xdp_md

struct xdp_md {
	unsigned long data, data_end;
	__u32 rx_queue_index;
};

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))

/* Of the names libbpf has functions for user space. */
#define bpf_map_lookup_elem native_lookup
#define bpf_redirect_map    native_redirect
#define bpf_ktime_get_ns    native_time

void *native_lookup(const void *map, const void *key);
__u64 native_time(void);
/* What is redirected to is not there: `flags` is the verdict. */
int native_redirect(const void *map, __u32 index, __u64 flags);
