/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One HTTP probe: where it goes, and what came of it. */
#include "controlplane/health/http.h"
#include "controlplane/health/reason.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define URL_SIZE (sizeof("https://:65535") + 2 * CONFIG_PATH_SIZE)

/* The name that TLS asks for; empty: none, the certificate must have the address. */
static void find_server_name(const struct config_health_check *definition, char *name, size_t size)
{
	const char *from = definition->tls_server_name[0] != '\0' ? definition->tls_server_name
								  : definition->host;

	/* A Host header may hold a port, and an IPv6 address in brackets. */
	size_t length = from[0] == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":");

	snprintf(name, size, "%.*s", (int)length, from);
}

/* libcurl would take the name of TLS for the Host as well, which nobody asked for. */
static void set_host(struct http_probe *probe, const char *place)
{
	snprintf(probe->host_line, sizeof(probe->host_line), "Host: %s", place);
	probe->host = (struct curl_slist){.data = probe->host_line, .next = probe->kind->headers};
	curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, &probe->host);
}

/* 0 or -ENOMEM. A name in the URL is never looked up: the way to the address is given with it. */
static int set_target(struct http_probe *probe)
{
	const struct config_health_check *definition = probe->kind->definition;
	char place[ADDRESS_PORT_TEXT_SIZE], way[sizeof("::") + sizeof(place)], url[URL_SIZE];
	char name[sizeof(definition->host)] = "";
	bool tls = definition->type == CONFIG_CHECK_HTTPS;

	address_format_port(&probe->target.address, probe->target.port, place);
	if (tls)
		find_server_name(definition, name, sizeof(name));
	if (name[0] == '\0')
		snprintf(url, sizeof(url), "%s://%s%s", tls ? "https" : "http", place,
			 definition->path);
	else
		snprintf(url, sizeof(url), "https://%s:%u%s", name, probe->target.port,
			 definition->path);
	if (curl_easy_setopt(probe->easy, CURLOPT_URL, url) != CURLE_OK)
		return -ENOMEM;
	if (name[0] == '\0')
		return 0;
	if (definition->host[0] == '\0')
		set_host(probe, place);
	snprintf(way, sizeof(way), "::%s", place);
	probe->connect_to = curl_slist_append(NULL, way);
	if (probe->connect_to == NULL)
		return -ENOMEM;
	curl_easy_setopt(probe->easy, CURLOPT_CONNECT_TO, probe->connect_to);
	return 0;
}

int http_probe_start(struct http_kind *kind, const struct probe_target *target, probe_done *done,
		     void *context, struct http_probe **out)
{
	struct http_probe *probe = http_kind_take(kind);

	if (probe == NULL)
		return -ENOMEM;
	probe->target = *target;
	probe->done = done;
	probe->context = context;
	if (set_target(probe) < 0 ||
	    curl_multi_add_handle(kind->prober->transfers.multi, probe->easy) != CURLM_OK) {
		http_kind_give_back(probe);
		return -ENOMEM;
	}
	*out = probe;
	return 0;
}

/* What GnuTLS found wrong with a certificate: bits of gnutls_certificate_status_t. */
static const struct {
	long bit;
	const char *reason;
} certificate_faults[] = {
	{1 << 10, "TLS: the certificate has expired"},
	{1 << 9, "TLS: the certificate is not valid yet"},
	{1 << 5, "TLS: the certificate was revoked"},
	{1 << 6, "TLS: no trusted authority signed the certificate"},
	{1 << 7, "TLS: what signed the certificate is no authority"},
	{1 << 8, "TLS: the certificate is signed by an insecure algorithm"},
};

static const char *reason_of_certificate(const struct http_probe *probe)
{
	long faults = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_SSL_VERIFYRESULT, &faults);
	for (size_t i = 0; i < sizeof(certificate_faults) / sizeof(certificate_faults[0]); i++) {
		if (faults & certificate_faults[i].bit)
			return certificate_faults[i].reason;
	}
	return faults == 0 ? "TLS: the certificate is for another name"
			   : "TLS: the certificate is not valid";
}

/* GnuTLS's own words: "An unexpected TLS packet was received." */
static const char *reason_of_handshake(const struct http_probe *probe, char *text)
{
	const char *words = strstr(probe->message, "failed: ");

	snprintf(text, REASON_SIZE, "TLS handshake failed%s%.*s", words != NULL ? ": " : "",
		 REASON_SIZE - 32, words != NULL ? words + strlen("failed: ") : "");
	return text;
}

/* The errno that kept a connection from being made; 0: none, or nobody knows. */
static int connect_error(const struct http_probe *probe)
{
	long error = 0;

	if (probe->socket_error != 0)
		return probe->socket_error;
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	return (int)error;
}

static bool was_unable(const struct http_probe *probe, CURLcode code)
{
	return code == CURLE_OUT_OF_MEMORY ||
	       (code == CURLE_COULDNT_CONNECT &&
		probe_result_of_errno(connect_error(probe)) == PROBE_UNABLE);
}

static const char *reason_of_failure(const struct http_probe *probe, CURLcode code, char *text)
{
	int error;

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return reason_of_timeout(probe->target.timeout_ms, text);
	case CURLE_COULDNT_CONNECT:
		error = connect_error(probe);
		return error != 0 ? reason_of_errno(error, text) : "cannot connect";
	case CURLE_GOT_NOTHING:
		return "connection closed without an answer";
	case CURLE_PARTIAL_FILE:
		return "connection closed before the answer's end";
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return "connection reset";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return "the answer is not HTTP";
	case CURLE_SSL_CONNECT_ERROR:
		return reason_of_handshake(probe, text);
	case CURLE_PEER_FAILED_VERIFICATION:
		return reason_of_certificate(probe);
	case CURLE_SSL_CACERT_BADFILE:
		return "tls_ca_file cannot be read";
	default:
		snprintf(text, REASON_SIZE, "%.*s", REASON_SIZE - 1,
			 probe->message[0] != '\0' ? probe->message : curl_easy_strerror(code));
		return text;
	}
}

static bool is_wanted_status(const struct config_health_check *definition, long status)
{
	for (size_t i = 0; i < definition->status_count; i++) {
		if (status >= definition->statuses[i].first &&
		    status <= definition->statuses[i].last)
			return true;
	}
	return definition->status_count == 0 && status >= 200 && status <= 399;
}

static bool has_wanted_body(const struct http_probe *probe)
{
	const char *wanted = probe->kind->definition->body;

	return wanted[0] == '\0' ||
	       memmem(probe->body, probe->length, wanted, strlen(wanted)) != NULL;
}

enum probe_result http_judge(const struct http_probe *probe, CURLcode code, char *text,
			     const char **reason)
{
	bool was_cut = code == CURLE_WRITE_ERROR && probe->length == HTTP_BODY_LIMIT;
	long status = 0;

	if (code != CURLE_OK && !was_cut) {
		*reason = reason_of_failure(probe, code, text);
		return was_unable(probe, code) ? PROBE_UNABLE : PROBE_FAILED;
	}
	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	*reason = text;
	if (!is_wanted_status(probe->kind->definition, status)) {
		snprintf(text, REASON_SIZE, "HTTP status %ld", status);
		return PROBE_FAILED;
	}
	if (!has_wanted_body(probe)) {
		snprintf(text, REASON_SIZE, "HTTP status %ld without the expected body", status);
		return PROBE_FAILED;
	}
	snprintf(text, REASON_SIZE, "HTTP status %ld", status);
	return PROBE_GOOD;
}
