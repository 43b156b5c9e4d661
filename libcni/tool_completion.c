/* SPDX-License-Identifier: Apache-2.0 */
/* The scripts that ask tool_complete(); what it says behind a tab is for people. */
#include <string.h>

#include "libcni/tool.h"

static const char bash[] = "# bash completion for cnitool: source it, or put it into\n"
			   "# /usr/share/bash-completion/completions/cnitool\n"
			   "_cnitool()\n"
			   "{\n"
			   "	mapfile -t COMPREPLY < <(\"$1\" __complete "
			   "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
			   "	COMPREPLY=(\"${COMPREPLY[@]%%$'\\t'*}\")\n"
			   "}\n"
			   "complete -o default -F _cnitool cnitool\n";

static const char zsh[] =
	"#compdef cnitool\n"
	"# zsh completion for cnitool: put it as _cnitool into a directory of $fpath\n"
	"_cnitool()\n"
	"{\n"
	"	local -a found\n"
	"	found=(\"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\")\n"
	"	found=(\"${(@)found%%$'\\t'*}\")\n"
	"	found=(${found:#})\n"
	"	if (( $#found )); then\n"
	"		compadd -a found\n"
	"	else\n"
	"		_files\n"
	"	fi\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _cnitool ]; then\n"
	"	_cnitool \"$@\"\n"
	"else\n"
	"	compdef _cnitool cnitool\n"
	"fi\n";

static const char fish[] =
	"# fish completion for cnitool: put it into ~/.config/fish/completions/cnitool.fish\n"
	"function __cnitool\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	set -l found ($words[1] __complete $words[2..-1] 2>/dev/null)\n"
	"	if set -q found[1]\n"
	"		printf '%s\\n' $found\n"
	"	else\n"
	"		__fish_complete_path (commandline -ct)\n"
	"	end\n"
	"end\n"
	"complete -c cnitool -f -a '(__cnitool)'\n";

int tool_completion(const struct tool *tool)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {
		{ "bash", bash },
		{ "zsh", zsh },
		{ "fish", fish },
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (!strcmp(*tool->operands, scripts[i].shell)) {
			fputs(scripts[i].script, stdout);
			return EXIT_SUCCESS;
		}
	return complain("no completion for the shell \"%s\": there is one for %s", *tool->operands,
		tool->command->synopsis);
}
