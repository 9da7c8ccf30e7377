/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Gives a fuzz target each file of a folder, without libFuzzer: replay FOLDER. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MOST (1 << 20)

static void replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data = malloc(INPUT_MOST);

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!data || !file) {
		perror(path);
		exit(1);
	}
	size_t size = fread(data, 1, INPUT_MOST, file);
	fclose(file);
	/* Should the target end the process, this is the last that was said. */
	fprintf(stderr, "%s\n", name);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(int count, char **texts)
{
	DIR *folder = count == 2 ? opendir(texts[1]) : NULL;
	unsigned inputs = 0;

	if (!folder) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		replay(texts[1], entry->d_name);
		inputs++;
	}
	closedir(folder);
	printf("%u inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
