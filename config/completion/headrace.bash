# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
#
# Completion of `headrace` in bash: commands, options, files, and the names of
# backends of the control plane that runs. `headrace __complete` knows them.

_headrace() {
	local words
	COMPREPLY=()
	words=$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [ "$words" = ":files" ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	elif [ -n "$words" ]; then
		mapfile -t COMPREPLY <<<"$words"
	fi
}

complete -F _headrace headrace
