/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/state.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"

#define SUFFIX ".json"

static const struct json_field fields[] = {
	{ "network", json_bind_string, offsetof(struct rdma_state, network), .required = true },
	{ "containerID", json_bind_string, offsetof(struct rdma_state, container_id),
		.required = true },
	{ "ifname", json_bind_string, offsetof(struct rdma_state, ifname), .required = true },
	{ "netns", json_bind_string, offsetof(struct rdma_state, netns) },
	{ "netnsID", json_bind_string, offsetof(struct rdma_state, netns_id) },
	{ "boot", json_bind_string, offsetof(struct rdma_state, boot) },
	{ "deviceID", json_bind_string, offsetof(struct rdma_state, device_id), .required = true },
	{ "trafficClass", json_bind_int, offsetof(struct rdma_state, tc), 0, 255 },
	{ 0 },
};

void rdma_state_done(struct rdma_state *state)
{
	json_free(state->tree);
}

static int make_path(char path[PATH_MAX], const char *directory, const char *id)
{
	return snprintf(path, PATH_MAX, "%s/%s" SUFFIX, directory, id) < PATH_MAX ? 0
										  : -ENAMETOOLONG;
}

int rdma_state_write(const struct rdma_state *state, const char *directory, const char *id,
	struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 2 };
	char path[PATH_MAX];
	int rc;

	json_open(&w, NULL, '{');
	json_put_int(&w, "format", 1);
	json_put_string(&w, "network", state->network);
	json_put_string(&w, "containerID", state->container_id);
	json_put_string(&w, "ifname", state->ifname);
	json_put_string(&w, "netns", state->netns);
	json_put_string(&w, "netnsID", state->netns_id);
	json_put_string(&w, "boot", state->boot);
	json_put_string(&w, "deviceID", state->device_id);
	if (state->tc >= 0)
		json_put_int(&w, "trafficClass", state->tc);
	rdmadev_write(&state->device, &w, "rdma");
	json_close(&w, '}');
	json_end_line(&w);
	rc = json_writer_end(&w);
	if (!rc)
		rc = make_path(path, directory, id);
	if (!rc)
		rc = file_make_directory(directory);
	if (!rc)
		rc = file_replace(path, w.text, w.length);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"write the state of the attachment in %s", directory);
	return 0;
}

int rdma_state_read(
	struct rdma_state *out, const char *directory, const char *id, struct cni_error *err)
{
	struct rdma_state state = { .tc = -1 };
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int rc = make_path(path, directory, id);

	if (!rc)
		rc = file_read(path, &text, &length);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, rc, NULL, "read %s/%s" SUFFIX, directory, id);
	if (json_parse(&tree, "state", text, length, err) < 0 ||
		json_bind(tree, fields, &state, CNI_DECODING_FAILURE, err) < 0 ||
		rdmadev_load(json_get(tree, "rdma"), &state.device, err) < 0)
		return file_fail_within(err, path);
	state.tree = tree;
	tree = NULL;
	*out = state;
	return 1;
}

int rdma_state_remove(const char *directory, const char *id, struct cni_error *err)
{
	char path[PATH_MAX];
	int rc = make_path(path, directory, id);

	if (!rc)
		rc = file_remove(path);
	return rc < 0 ? cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "remove %s", path) : 0;
}

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int rdma_state_each(const char *path, rdma_state_fn *visit, void *data, struct cni_error *err)
{
	CLEANUP(closedirp) DIR *directory = opendir(path);
	const size_t length = CNI_ATTACHMENT_ID - 1;
	const struct dirent *entry;
	char id[CNI_ATTACHMENT_ID];

	if (!directory && errno == ENOENT)
		return 0;
	if (!directory)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "read %s", path);
	while ((entry = readdir(directory))) {
		struct cni_error more = { 0 };

		if (strlen(entry->d_name) != length + strlen(SUFFIX) ||
			strcmp(entry->d_name + length, SUFFIX) != 0)
			continue;
		snprintf(id, sizeof(id), "%.16s", entry->d_name);
		visit(id, data, &more);
		cni_fail_join(err, &more);
	}
	return err->code ? -1 : 0;
}
