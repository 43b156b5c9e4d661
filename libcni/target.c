/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/target.h"

#include <errno.h>
#include <sha512.h>
#include <string.h>

/* The first pair that has not exactly one '=' with something on both sides; NULL: none. */
static const char *bad_pair(const char *args, int *length)
{
	size_t size, key;

	for (; *args; args += size + 1) {
		size = strcspn(args, ";");
		key = strcspn(args, "=;");
		*length = (int)size;
		if (!key || key + 1 >= size || memchr(args + key + 1, '=', size - key - 1))
			return args;
		if (!args[size])
			return NULL;
		if (!args[size + 1]) {
			*length = 0;
			return args + size + 1;
		}
	}
	return NULL;
}

/*
 * The absolute path without ".", ".." and "//", by its text alone: the container ID depends on it,
 * and DEL must find it when the namespace is gone. 0 or -errno.
 */
static int absolute_path(const char *path, char out[PATH_MAX])
{
	char whole[PATH_MAX + PATH_MAX], *rest = whole, *part, *end = out;
	char here[PATH_MAX] = "";

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	snprintf(whole, sizeof(whole), "%s/%s", here, path);
	*end = '\0';
	while ((part = strsep(&rest, "/"))) {
		if (!strcmp(part, "..")) {
			end = strrchr(out, '/');
			end = end ? end : out;
			*end = '\0';
		} else if (*part && strcmp(part, ".") != 0) {
			if ((size_t)(end - out) + 1 + strlen(part) >= PATH_MAX)
				return -ENAMETOOLONG;
			end = stpcpy(stpcpy(end, "/"), part);
		}
	}
	if (end == out)
		stpcpy(out, "/");
	return 0;
}

static const char *container_id(const char *netns, char out[TARGET_ID])
{
	char hex[SHA512_DIGEST_STRING_LENGTH];

	SHA512Data((const uint8_t *)netns, strlen(netns), hex);
	snprintf(out, TARGET_ID, "cnitool-%.*s", TARGET_ID_DIGITS, hex);
	return out;
}

static int set_attachment(struct target *target, const struct tool *tool, const char *netns)
{
	const char *args = environment("CNI_ARGS", ""), *pair;
	int length = 0, rc = netns ? absolute_path(netns, target->netns) : 0;

	if (rc == -ENAMETOOLONG)
		return tool_fail(tool, CNI_BAD_ENVIRONMENT,
			"the path of the network namespace has more than %d characters",
			PATH_MAX - 1);
	if (rc < 0)
		return tool_fail(tool, CNI_BAD_ENVIRONMENT,
			"network namespace %s: the working directory cannot be told (%s): use a "
			"path that begins with '/'",
			netns, strerror(-rc));
	pair = bad_pair(args, &length);
	if (pair)
		return tool_fail(tool, CNI_BAD_ENVIRONMENT,
			"invalid CNI_ARGS pair \"%.*s\": it must be K=V;K2=V2", length, pair);
	target->at = (struct libcni_attachment){
		.container_id = container_id(target->netns, target->id),
		.netns = target->netns,
		.ifname = tool->ifname,
		.args = args,
		.capability_args = environment("CAP_ARGS", ""),
	};
	return EXIT_SUCCESS;
}

int target_read(struct target *target, const struct tool *tool)
{
	struct libcni_error err;

	*target = (struct target){
		.runtime = {
			.path = environment("CNI_PATH", ""),
			.timeout = tool->timeout,
			.trace = tool->options & OPTION_TRACE ? tool_trace : NULL,
			.trace_data = (void *)(uintptr_t)tool,
		},
	};
	if (set_attachment(target, tool, tool->operands[1]))
		return EXIT_FAILURE;
	if (libcni_load(&target->list, environment("NETCONFPATH", DEFAULT_DIR), tool->operands[0],
		    &err) < 0)
		return tool_error(tool, &err);
	return EXIT_SUCCESS;
}

void target_done(struct target *target)
{
	libcni_free(target->list);
}
