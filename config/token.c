/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/token.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME     "Bearer "
#define SCHEME_END (sizeof(SCHEME) - 1)

static const char *check_file(int descriptor)
{
	struct stat info;

	if (fstat(descriptor, &info) < 0)
		return strerror(errno);
	if (!S_ISREG(info.st_mode))
		return "it is no file";
	if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0)
		return "everybody on this machine can read or write it: chmod o-rw it";
	return NULL;
}

/* Cuts the newline; checks what is left. */
static const char *check_text(char *token, size_t length)
{
	if (length > 0 && token[length - 1] == '\n')
		length--;
	if (length > 0 && token[length - 1] == '\r')
		length--;
	if (length < TOKEN_LENGTH_LEAST)
		return "a token has at least 16 characters, such as \"openssl rand -hex 32\" makes";
	if (length >= TOKEN_SIZE)
		return "a token has at most 255 characters";
	for (size_t i = 0; i < length; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return "a token is one line of visible ASCII characters, without blanks";
	}
	token[length] = '\0';
	return NULL;
}

const char *token_read(const char *path, char token[TOKEN_SIZE])
{
	char text[TOKEN_SIZE + 2];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length;
	const char *why;

	if (descriptor < 0)
		return strerror(errno);
	why = check_file(descriptor);
	length = read(descriptor, text, sizeof(text));
	if (why == NULL)
		why = length < 0 ? strerror(errno) : check_text(text, (size_t)length);
	close(descriptor);
	if (why == NULL)
		memcpy(token, text, strlen(text) + 1);
	return why;
}

bool token_is_shown(const char *authorization, const char *token)
{
	size_t length = strlen(token);
	unsigned char differs = 0;
	size_t given;

	if (authorization == NULL || strncasecmp(authorization, SCHEME, SCHEME_END) != 0)
		return false;
	authorization += SCHEME_END;
	authorization += strspn(authorization, " ");
	given = strlen(authorization);
	for (size_t i = 0; i < given; i++)
		differs |= (unsigned char)(authorization[i] ^ token[i % length]);
	return differs == 0 && given == length;
}
