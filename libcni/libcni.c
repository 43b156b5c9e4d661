/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions about network configurations. */
#include "libcni/libcni.h"

#include <string.h>

#include "libcni/report.h"

void libcni_free(struct libcni_list *list)
{
	if (list)
		conflist_done(list);
	free(list);
}

/* Hand out a list that was read with that outcome; what it owns goes with it. */
static int deliver(struct libcni_list **list, struct libcni_list *read, int rc,
	struct cni_error *err, struct libcni_error *out)
{
	struct libcni_list *copy = rc < 0 ? NULL : malloc(sizeof(*copy));

	if (copy) {
		*copy = *read;
		*list = copy;
		return 0;
	}
	if (rc >= 0)
		cni_fail(err, CNI_INTERNAL, "network \"%s\": out of memory", read->name);
	conflist_done(read);
	return report(out, err, NULL);
}

int libcni_load(
	struct libcni_list **list, const char *dir, const char *name, struct libcni_error *out)
{
	struct libcni_list read = { 0 };
	struct cni_error err = { 0 };
	int rc = conflist_load(&read, text_or_empty(dir), text_or_empty(name), &err);

	return deliver(list, &read, rc, &err, out);
}

int libcni_read(struct libcni_list **list, const char *path, struct libcni_error *out)
{
	struct libcni_list read = { 0 };
	struct cni_error err = { 0 };
	int rc = conflist_read(&read, text_or_empty(path), &err);

	return deliver(list, &read, rc, &err, out);
}

int libcni_parse(
	struct libcni_list **list, const char *text, size_t length, struct libcni_error *out)
{
	static const char what[] = "the network configuration";
	char *copy = text ? malloc(length + 1) : strdup("");
	struct libcni_list read = { 0 };
	struct cni_error err = { 0 };
	int rc;

	if (!copy) {
		cni_fail(&err, CNI_INTERNAL, "%s: out of memory", what);
		return report(out, &err, NULL);
	}
	if (text)
		*(char *)mempcpy(copy, text, length) = '\0';
	rc = conflist_parse(&read, what, CONFLIST_EITHER, copy, text ? length : 0, &err);
	if (!rc)
		rc = conflist_check(&read, what, &err);
	return deliver(list, &read, rc, &err, out);
}

const char *libcni_name(const struct libcni_list *list)
{
	return list->name;
}

const char *libcni_version(const struct libcni_list *list)
{
	return list->version_text;
}

struct networks {
	int (*each)(
		void *data, const char *name, const char *path, const struct libcni_error *error);
	void *data;
};

static int tell_network(void *data, const char *path, const struct libcni_list *list,
	const struct cni_error *broken)
{
	const struct networks *networks = data;
	struct libcni_error error;

	if (broken)
		report(&error, broken, NULL);
	return networks->each(
		networks->data, broken ? NULL : list->name, path, broken ? &error : NULL);
}

int libcni_networks(const char *dir,
	int (*each)(
		void *data, const char *name, const char *path, const struct libcni_error *error),
	void *data, struct libcni_error *out)
{
	struct networks networks = { each, data };
	struct cni_error err = { 0 };
	int rc = conflist_each(text_or_empty(dir), tell_network, &networks, &err);

	return err.code ? report(out, &err, NULL) : rc;
}
