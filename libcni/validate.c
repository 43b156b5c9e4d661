/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cni/exec.h"
#include "cni/file.h"
#include "cni/request.h"
#include "libcni/conflist.h"
#include "libcni/devices.h"
#include "libcni/keys.h"
#include "libcni/tool.h"

/* The exit status. */
enum { VALIDATE_OK, VALIDATE_ERRORS, VALIDATE_WARNINGS };

static void check_exists(struct findings *f, const char *path, const char *place, const char *type)
{
	char file[PATH_MAX];
	struct cni_error err;

	if (!*type || strchr(type, '/'))
		finding_error(f, place, "type \"%s\" cannot be the name of a plugin", type);
	else if (*path && exec_find(path, type, file, &err) < 0)
		finding_error(f, place, "%s", err.msg);
}

static void check_ipam(
	struct findings *f, const char *path, const char *outer, const struct json *ipam)
{
	const char *type = json_text(json_get(ipam, "type"));
	const struct known_type *known = type ? known_ipam(type) : NULL;
	char place[FINDING_PLACE];

	/* {} and "" ask for a link without addresses. */
	if (json_type(ipam) != JSON_OBJECT || !json_first(ipam) || (type && !*type))
		return;
	keys_place(place, outer, "ipam", -1);
	if (!json_get(ipam, "type"))
		finding_warning(f, place, "there is no \"type\": no addresses are assigned");
	else if (!type)
		finding_error(f, place, "\"type\" must be a string, not %s",
			json_type_name(json_get(ipam, "type")));
	else
		check_exists(f, path, place, type);
	if (known)
		keys_check(f, place, ipam, known);
}

static void check_plugin(
	struct findings *f, const char *path, const char *place, const struct json *object)
{
	const char *type = json_text(json_get(object, "type"));
	const struct known_type *known = known_plugin(type ? type : "");
	struct conflist_plugin plugin;
	struct cni_error err;

	if (known)
		keys_check(f, place, object, known);
	else if (conflist_plugin(&plugin, object, &err) < 0)
		finding_error(f, place, "%s", err.msg);
	if (!type)
		return;
	check_exists(f, path, place, type);
	check_ipam(f, path, place, json_get(object, "ipam"));
	devices_check(f, place, object);
}

/* plugins: those of the tree, and behind them those of the directory of its name. */
static void check_list(
	struct findings *f, const char *path, const struct json *tree, const struct json *plugins)
{
	static const struct known_type known = { .tables = known_list };
	char place[FINDING_PLACE];
	int index = 0;

	keys_check(f, "", tree, &known);
	if (json_type(plugins) != JSON_ARRAY)
		return;
	if (!json_first(plugins))
		finding_error(f, "plugins", "it is empty: a list has one plugin at least");
	json_each (object, plugins)
		check_plugin(f, path, keys_place(place, "plugins", "", index++), object);
}

static void check_name(struct findings *f, const struct json *tree)
{
	const struct json *name = json_get(tree, "name");
	const char *text = json_text(name);

	if (!name || (text && !*text))
		finding_warning(f, "",
			"there is no \"name\": Multus takes that of the "
			"NetworkAttachmentDefinition, other runtimes refuse");
	else if (text && !cni_request_is_name(text))
		finding_error(f, "name",
			"\"%s\" must be letters, digits, '_', '.' and '-', the first a letter or "
			"digit",
			text);
}

/* All of it, as a runtime reads it. */
static void check_whole(struct findings *f, const char *path, const struct json *tree)
{
	CLEANUP(conflist_done) struct libcni_list list = { 0 };
	const struct json *plugins = json_get(tree, "plugins");
	struct cni_error err = { 0 };
	bool is_read = !conflist_read(&list, f->file, &err);

	check_name(f, tree);
	if (plugins || (is_read && !json_get(tree, "type")))
		check_list(f, path, tree, is_read ? list.plugins : plugins);
	else
		check_plugin(f, path, "", tree);
	/* What keys alone do not tell. Without a name it is not a runtime's, see check_name(). */
	if (!is_read && !f->errors && json_get(tree, "name"))
		finding_error(f, "", "%s", err.msg);
}

/*
 * Tell what is wrong with the text of a network configuration, a list or a single one. path is
 * CNI_PATH, where its plugins must be; "" is a warning.
 */
static void validate(struct findings *f, const char *path, const char *text, size_t length)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	struct json_position where;
	struct cni_error err;

	if (json_check(text, length, &where) < 0) {
		finding_syntax(f, &where);
		return;
	}
	if (json_parse(&tree, "the configuration", text, length, &err) < 0) {
		finding_error(f, "", "%s", err.msg);
		return;
	}
	if (json_type(tree) != JSON_OBJECT) {
		finding_error(f, "", "an object is expected, not %s", json_type_name(tree));
		return;
	}
	keys_check_twins(f, "", tree);
	if (!*path)
		finding_warning(f, "", "CNI_PATH is not set: plugins were not looked for");
	check_whole(f, path, tree);
}

/* The file of that name, or of the network of that name. */
static int find_file(const char *text, char path[PATH_MAX], struct cni_error *err)
{
	if (strchr(text, '/') || !access(text, F_OK)) {
		if (snprintf(path, PATH_MAX, "%s", text) < PATH_MAX)
			return 0;
		return cni_fail_errno(err, CNI_IO_FAILURE, -ENAMETOOLONG, NULL, "open %s", text);
	}
	return conflist_find(environment("NETCONFPATH", DEFAULT_DIR), text, path, err);
}

int tool_validate(const struct tool *tool)
{
	struct findings f = { .json = tool->options & OPTION_JSON };
	const char *operand = tool->operands[0];
	CLEANUP(freep) char *text = NULL;
	struct cni_error err;
	char path[PATH_MAX];
	size_t length;
	int rc;

	if (find_file(operand, path, &err) < 0)
		return tool_cni_error(tool, &err);
	rc = file_read(path, &text, &length);
	if (rc < 0)
		return tool_fail(tool, CNI_IO_FAILURE, "cannot read %s: %s", path, strerror(-rc));
	f.file = path;
	findings_start(&f);
	validate(&f, environment("CNI_PATH", ""), text, length);
	rc = findings_end(&f);
	if (rc < 0)
		return complain("cannot write the findings: %s", strerror(-rc));
	if (f.errors)
		return VALIDATE_ERRORS;
	return f.warnings ? VALIDATE_WARNINGS : VALIDATE_OK;
}
