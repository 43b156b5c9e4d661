/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/valid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/request.h"

static int check_names(const char *id, const char *ifname, struct cni_error *err)
{
	if (!*ifname)
		return cni_fail(err, CNI_INVALID_CONFIG, "the interface name is empty");
	if (cni_request_check_container_id(id, err) < 0)
		return -1;
	return cni_request_check_ifname(ifname, err);
}

/* The names, of which id is not terminated. */
static int add(struct valid *valid, const char *id, size_t id_length, const char *ifname,
	struct cni_error *err)
{
	CLEANUP(freep) char *own_id = strndup(id, id_length), *own_ifname = strdup(ifname);
	struct libcni_attachment *grown;

	grown = reallocarray(valid->items, valid->count + 1, sizeof(*grown));
	if (grown)
		valid->items = grown;
	if (!own_id || !own_ifname || !grown)
		return cni_fail(err, CNI_INTERNAL, "valid attachments: out of memory");
	if (check_names(own_id, own_ifname, err) < 0)
		return -1;
	valid->items[valid->count++] =
		(struct libcni_attachment){ .container_id = own_id, .ifname = own_ifname };
	own_id = own_ifname = NULL;
	return 0;
}

static int add_text(struct valid *valid, const char *text, struct cni_error *err)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return cni_fail(err, CNI_INVALID_CONFIG, "\"%s\" must be CONTAINERID/IFNAME", text);
	return add(valid, text, (size_t)(slash - text), slash + 1, err);
}

int valid_add_texts(struct valid *valid, char *const *texts, struct cni_error *err)
{
	for (; *texts; texts++)
		if (add_text(valid, *texts, err) < 0)
			return file_fail_within(err, "--valid");
	return 0;
}

static int add_json(struct valid *valid, const char *text, size_t length, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	char place[32];
	int index = 0;

	if (json_parse(&tree, "the list of valid attachments", text, length, err) < 0)
		return -1;
	json_each (item, tree) {
		const char *id = json_text(json_get(item, "containerID"));
		const char *ifname = json_text(json_get(item, "ifname"));

		snprintf(place, sizeof(place), "element %d", index++);
		if (!id || !ifname) {
			cni_fail(err, CNI_INVALID_CONFIG,
				"it must be an object with the strings \"containerID\" and "
				"\"ifname\"");
			return file_fail_within(err, place);
		}
		if (add(valid, id, strlen(id), ifname, err) < 0)
			return file_fail_within(err, place);
	}
	return 0;
}

static int add_lines(struct valid *valid, char *text, struct cni_error *err)
{
	char *line, place[32];
	size_t before = valid->count;

	for (int number = 1; (line = strsep(&text, "\n")); number++) {
		line[strcspn(line, "\r")] = '\0';
		if (!*line || *line == '#')
			continue;
		snprintf(place, sizeof(place), "line %d", number);
		if (add_text(valid, line, err) < 0)
			return file_fail_within(err, place);
	}
	if (valid->count == before)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"no attachment is in it, and all would be removed; if that is meant, "
			"let it be []");
	return 0;
}

/* The whole of a stream as a text, JSON_MAX bytes at most, for which there is room. 0 or -errno. */
static int read_stream(FILE *f, char *text, size_t *length)
{
	errno = 0;
	*length = fread(text, 1, JSON_MAX + 1, f);
	if (ferror(f))
		return errno ? -errno : -EIO;
	if (*length > JSON_MAX)
		return -EFBIG;
	text[*length] = '\0';
	return strlen(text) == *length ? 0 : -EINVAL;
}

int valid_add_file(struct valid *valid, const char *file, struct cni_error *err)
{
	bool is_stdin = !strcmp(file, "-");
	const char *what = is_stdin ? "stdin" : file;
	CLEANUP(freep) char *text = malloc(JSON_MAX + 2);
	FILE *f = is_stdin ? stdin : fopen(file, "re");
	size_t length = 0;
	int rc = f ? 0 : -errno;

	if (!text)
		rc = -ENOMEM;
	if (!rc)
		rc = read_stream(f, text, &length);
	if (f && !is_stdin)
		fclose(f);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"cannot read valid attachments from %s", what);
	rc = text[strspn(text, " \t\r\n")] == '[' ? add_json(valid, text, length, err)
						  : add_lines(valid, text, err);
	return rc < 0 ? file_fail_within(err, what) : 0;
}

bool valid_has(const struct valid *valid, const struct libcni_attachment *at)
{
	for (size_t i = 0; i < valid->count; i++)
		if (!strcmp(valid->items[i].container_id, at->container_id) &&
			!strcmp(valid->items[i].ifname, at->ifname))
			return true;
	return false;
}

void valid_done(struct valid *valid)
{
	while (valid->count) {
		struct libcni_attachment *item = &valid->items[--valid->count];

		free((char *)(uintptr_t)item->container_id);
		free((char *)(uintptr_t)item->ifname);
	}
	free(valid->items);
}
