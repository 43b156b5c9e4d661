/* SPDX-License-Identifier: Apache-2.0 */
/* The pools for people: one table of commands, from which usage, help and completion come. */
#include "ipam/poolctl.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

#define OPTIONS_MAX 16

const struct poolctl_option poolctl_options[] = {
	{ "data-dir", "DIR", "where the pools are (default " CONFIG_DATA_DIR ")",
		offsetof(struct poolctl, data_dir) },
	{ "lock-timeout", "TIME", "how long to wait for a pool (default 10s)",
		offsetof(struct poolctl, lock_timeout) },
	{ "config", "FILE", "take the ranges from this configuration, or directory of such",
		offsetof(struct poolctl, config) },
	{ "json", NULL, "print JSON", offsetof(struct poolctl, json) },
	{ "yes", NULL, "do it without asking", offsetof(struct poolctl, yes) },
	{ "dry-run", NULL, "only say what would be done", offsetof(struct poolctl, dry_run) },
	{ "fix", NULL, "repair what can be repaired without risk", offsetof(struct poolctl, fix) },
	{ "cache-dir", "DIR", "the runtime's cache of results (default /var/lib/cni/results)",
		offsetof(struct poolctl, cache_dir) },
	{ "pool", "NAME",
		"the pool to import host-local's into (default: the name of the directory)",
		offsetof(struct poolctl, pool) },
	{ "network", "NAME", "the network of what is imported (default: the pool's name)",
		offsetof(struct poolctl, network) },
	{ "ifname", "NAME", "the interface of entries that name none",
		offsetof(struct poolctl, ifname) },
	{ "help", NULL, "this text", offsetof(struct poolctl, help) },
	{ 0 },
};

/* Every command has these. */
static const char common[] = " data-dir lock-timeout help ";

static int completion(const struct poolctl *tool)
{
	(void)tool;
	poolctl_completion(stdout);
	return fflush(stdout) ? POOLCTL_FAILED : POOLCTL_OK;
}

const struct poolctl_command poolctl_commands[] = {
	{ "pools", "", "all pools, and how full they are", 0, 0, poolctl_pools, " json config ",
		"One row for each family of addresses. What a pool can give comes from what ADD\n"
		"recorded in its directory, or from --config.\n" },
	{ "show", "POOL", "the leases of a pool", 1, 1, poolctl_show, " json ",
		"A lease is dead if it was made before the last boot, or if its network namespace\n"
		"is gone or another one.\n" },
	{ "find", "IP|CONTAINER|POD", "who has an address, or what a container or pod has", 1, 1,
		poolctl_find, " json ",
		"In all pools. CONTAINER may be cut to its first 8 letters or more, POD is\n"
		"namespace/name or the name alone.\n" },
	{ "check", "[POOL]", "look for inconsistencies", 0, 1, poolctl_check,
		" json fix yes dry-run config cache-dir ",
		"Reads every line of the pool, or of all pools, and compares it with the index,\n"
		"the ranges, the network namespaces and the runtime's cache. --fix never takes an\n"
		"address from somebody who may have it.\n" },
	{ "release", "POOL IP|CONTAINER|POD", "end leases by hand", 2, 2, poolctl_release,
		" json yes dry-run ",
		"A container that still has the address will share it with the next one.\n" },
	{ "gc", "[POOL]", "release what the dead hold", 0, 1, poolctl_gc, " json yes dry-run ",
		"Releases that could not be written are made up for, and leases end whose owners\n"
		"are dead: made before the last boot, or their network namespace is gone.\n" },
	{ "import", "host-local|nv-ipam DIR", "take over the leases of another IPAM", 2, 2,
		poolctl_import, " yes dry-run pool network ifname config ",
		"host-local: DIR is the directory of one network, in /var/lib/cni/networks.\n"
		"nv-ipam: DIR has the file \"store\" (or is it); each of its pools becomes one of\n"
		"ours. The other IPAM must not be in use any more. May be repeated.\n" },
	{ "export", "POOL", "all leases of a pool as JSON", 1, 1, poolctl_export, " ", "" },
	{ "metrics", "", "numbers of all pools in the text format of Prometheus", 0, 0,
		poolctl_metrics, " config ",
		"For the textfile collector: write it to a file and rename that.\n" },
	{ "completion", "", "the completion script for bash", 0, 0, completion, " ", "" },
	{ 0 },
};

static bool is_in(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if (at > list && at[-1] == ' ' && at[length] == ' ')
			return true;
	return false;
}

static bool has_option(const struct poolctl_command *command, const char *name)
{
	return is_in(common, name) || (command && is_in(command->options, name));
}

static void print_options(const struct poolctl_command *command)
{
	puts("\nOptions:");
	for (const struct poolctl_option *option = poolctl_options; option->name; option++) {
		char text[32];

		if (!has_option(command, option->name))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", option->name, option->argument ? " " : "",
			option->argument ? option->argument : "");
		printf("  %-20s %s\n", text, option->help);
	}
}

static int help(const struct poolctl_command *command)
{
	if (command) {
		printf("Usage: poolctl %s%s%s [OPTION]...\n\n%c%s.\n%s", command->name,
			*command->operands ? " " : "", command->operands, *command->help - 32,
			command->help + 1, command->text);
		print_options(command);
		return POOLCTL_OK;
	}
	puts("Usage: poolctl COMMAND [OPERAND]... [OPTION]...\n\n"
	     "The pools of the IPAM plugin: look at them, check them, repair them.\n\n"
	     "Commands:");
	for (command = poolctl_commands; command->name; command++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s", command->name, command->operands);
		printf("  %-31s %s\n", text, command->help);
	}
	print_options(NULL);
	puts("\n\"poolctl COMMAND --help\" tells more.\n\n"
	     "Exit status: 0 done; 1 failed; 2 wrong command line; 3 check left problems, find or\n"
	     "release found nothing; 4 nobody said yes.");
	return POOLCTL_OK;
}

void poolctl_completion(FILE *out)
{
	fputs("# bash completion for poolctl, made by \"poolctl completion\"\n"
	      "_poolctl()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n\n"
	      "\tif [[ $COMP_CWORD -eq 1 ]]; then\n\t\twords='",
		out);
	for (const struct poolctl_command *c = poolctl_commands; c->name; c++)
		fprintf(out, "%s ", c->name);
	fputs("--help'\n\telse\n\t\tcase $command in\n", out);
	for (const struct poolctl_command *c = poolctl_commands; c->name; c++) {
		fprintf(out, "\t\t%s) words='", c->name);
		if (!strcmp(c->name, "import"))
			fputs("host-local nv-ipam ", out);
		for (const struct poolctl_option *o = poolctl_options; o->name; o++)
			if (has_option(c, o->name))
				fprintf(out, "--%s ", o->name);
		fprintf(out, "'%s ;;\n",
			strstr(c->operands, "POOL") ? "; words+=$(cd " CONFIG_DATA_DIR
						      "/ipam 2>/dev/null && echo *)"
						    : "");
	}
	fputs("\t\tesac\n\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	      "\t[[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "
	      "\"$word\")\n"
	      "}\ncomplete -F _poolctl poolctl\n",
		out);
}

static const struct poolctl_command *find_command(const char *name)
{
	const struct poolctl_command *command = poolctl_commands;

	while (command->name && strcmp(command->name, name) != 0)
		command++;
	return command->name ? command : NULL;
}

/* Bit k of *used: option k of the table was given. 0 or -1. */
static int read_options(int argc, char **argv, struct poolctl *tool, uint32_t *used)
{
	struct option options[OPTIONS_MAX + 1] = { 0 };
	int option;

	for (int i = 0; poolctl_options[i].name; i++)
		options[i] = (struct option){
			.name = poolctl_options[i].name,
			.has_arg = poolctl_options[i].argument ? required_argument : no_argument,
			.val = i + 1,
		};
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		const struct poolctl_option *rule;

		if (option == '?')
			return -1;
		if (option == 'h') {
			tool->help = true;
			continue;
		}
		*used |= UINT32_C(1) << (option - 1);
		rule = &poolctl_options[option - 1];
		if (rule->argument)
			*(const char **)(void *)((char *)tool + rule->offset) = optarg;
		else
			*((bool *)tool + rule->offset) = true;
	}
	return 0;
}

static int check_options(const struct poolctl_command *command, uint32_t used)
{
	for (int i = 0; poolctl_options[i].name; i++)
		if (used >> i & 1 && !has_option(command, poolctl_options[i].name)) {
			poolctl_complain(
				"%s has no option --%s", command->name, poolctl_options[i].name);
			return -1;
		}
	return 0;
}

static int wrong(const struct poolctl_command *command)
{
	fprintf(stderr, "poolctl: try \"poolctl %s%s--help\"\n", command ? command->name : "",
		command ? " " : "");
	return POOLCTL_USAGE;
}

/* The words of the configuration mean the same here. */
static int read_timeout(struct poolctl *tool)
{
	struct cni_error err = { 0 };

	tool->lock_timeout_ms = 10000;
	if (!tool->lock_timeout ||
		!config_duration(tool->lock_timeout, &tool->lock_timeout_ms, &err))
		return 0;
	poolctl_complain("--lock-timeout: %s", err.msg);
	return -1;
}

static int run(const struct poolctl_command *command, struct poolctl *tool, uint32_t used)
{
	if (check_options(command, used) < 0)
		return wrong(command);
	if (tool->n_operands < command->min || tool->n_operands > command->max) {
		poolctl_complain("%s takes %s", command->name,
			*command->operands ? command->operands : "no operand");
		return wrong(command);
	}
	return read_timeout(tool) < 0 ? POOLCTL_USAGE : command->run(tool);
}

int main(int argc, char **argv)
{
	const struct poolctl_command *command;
	struct poolctl tool = {
		.data_dir = CONFIG_DATA_DIR,
		.cache_dir = "/var/lib/cni/results",
	};
	uint32_t used = 0;

	/* A reader that has seen enough is no reason to stop in the middle of a change. */
	signal(SIGPIPE, SIG_IGN);
	if (read_options(argc, argv, &tool, &used) < 0)
		return wrong(NULL);
	command = optind < argc ? find_command(argv[optind]) : NULL;
	if (optind < argc && !command) {
		poolctl_complain("unknown command \"%s\"", argv[optind]);
		return wrong(NULL);
	}
	if (tool.help)
		return help(command);
	if (!command) {
		poolctl_complain("a command is missing");
		return wrong(NULL);
	}
	tool.operands = (const char *const *)argv + optind + 1;
	tool.n_operands = (size_t)(argc - optind - 1);
	return run(command, &tool, used);
}
