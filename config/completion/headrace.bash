# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
#
# Completion of `headrace` in bash: commands, options, files, and the names of
# backends of the control plane that runs. `headrace __complete` knows them.

# The line's words up to the cursor's, in `joined`: bash takes them apart at ":"
# and "=" too, so that of http://host:80 there are five. What follows without a
# blank belongs to the word before.
_headrace_join() {
	local word rest=$COMP_LINE blanks
	joined=()
	for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		blanks=${rest%%[![:space:]]*}
		rest=${rest#"$blanks"}
		if [ ${#joined[@]} -eq 0 ] || [ -n "$blanks" ]; then
			joined+=("$word")
		else
			joined[-1]+=$word
		fi
		rest=${rest#"$word"}
	done
}

# Files that a path or --option=PATH may become, without what of it bash keeps.
_headrace_files() {
	local path=$1 kept
	[[ $path == --*=* ]] && path=${path#*=}
	kept=${path%"${path##*[:=]}"}
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$path")
	COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

_headrace() {
	local words joined
	COMPREPLY=()
	_headrace_join
	words=$("${COMP_WORDS[0]}" __complete "${joined[@]:1}" 2>/dev/null)
	if [ "$words" = ":files" ]; then
		_headrace_files "${joined[-1]}"
	elif [ -n "$words" ]; then
		mapfile -t COMPREPLY <<<"$words"
	fi
}

complete -F _headrace headrace
