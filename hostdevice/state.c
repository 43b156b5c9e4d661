/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/boot.h"
#include "cni/file.h"
#include "hostdevice/hex.h"

#define FORMAT 1

#define FIELD(key, bind, member)                                                                   \
	{                                                                                          \
		key, bind, offsetof(struct state, member)                                          \
	}

static const struct json_field device_fields[] = {
	{ "key", json_bind_string, offsetof(struct state, key), .required = true },
	{ "name", json_bind_string, offsetof(struct state, name), .required = true },
	FIELD("alias", json_bind_string, alias),
	FIELD("kind", json_bind_string, kind),
	FIELD("parent", json_bind_string, parent),
	FIELD("mac", json_bind_string, mac),
	FIELD("permanent", json_bind_string, permanent),
	{ "index", json_bind_int, offsetof(struct state, index), 0, INT32_MAX },
	{ "type", json_bind_int, offsetof(struct state, type), 0, UINT16_MAX },
	{ "mtu", json_bind_int, offsetof(struct state, mtu), 0, UINT32_MAX },
	{ "txqlen", json_bind_int, offsetof(struct state, txqlen), 0, UINT32_MAX },
	{ "flags", json_bind_int, offsetof(struct state, flags), 0, UINT32_MAX },
	{ "controller", json_bind_int, offsetof(struct state, controller), 0, INT32_MAX },
	{ "addrGenMode", json_bind_int, offsetof(struct state, addr_gen_mode), -1, UINT8_MAX },
	FIELD("altnames", json_bind_list, altnames),
	FIELD("config", json_bind_list, config),
	{ 0 },
};

static const struct json_field fields[] = {
	{ "format", json_bind_int, offsetof(struct state, format), 1, FORMAT, .required = true },
	{ "network", json_bind_string, offsetof(struct state, network), .required = true },
	{ "containerID", json_bind_string, offsetof(struct state, container_id), .required = true },
	{ "ifname", json_bind_string, offsetof(struct state, ifname), .required = true },
	FIELD("netns", json_bind_string, netns),
	FIELD("netnsID", json_bind_string, netns_id),
	FIELD("boot", json_bind_string, boot),
	{ "device", json_bind_object, 0, .fields = device_fields, .required = true },
	FIELD("vf", json_bind_value, vf),
	FIELD("rdma", json_bind_value, rdma),
	{ 0 },
};

void state_done(struct state *state)
{
	json_free(state->tree);
	json_free(state->modules);
	free(state->text);
	*state = (struct state){ 0 };
}

/* state->id and the text are set. The tree is the state's, whatever becomes of it. */
static int bind_tree(struct state *state, struct json *tree, struct cni_error *err)
{
	struct state bound = { .alias = "",
		.kind = "",
		.parent = "",
		.mac = "",
		.permanent = "",
		.netns = "",
		.netns_id = "",
		.boot = "",
		.has_flags = true,
		.addr_gen_mode = -1,
		.tree = tree,
		.text = state->text,
		.length = state->length };

	memcpy(bound.id, state->id, sizeof(bound.id));
	*state = bound;
	return json_bind(tree, fields, state, CNI_DECODING_FAILURE, err);
}

static int put_config(const void *message, size_t size, void *data)
{
	struct json_writer *w = data;
	char text[HEX_TEXT(2048)];

	/* Larger ones could not be told to the kernel again. */
	if (size <= 2048)
		json_put_string(w, NULL, hex_print(message, size, text));
	return 0;
}

static const char *print_address(const uint8_t *bytes, uint8_t length, char text[HWADDR_TEXT])
{
	struct hwaddr address = { .length = length };

	memcpy(address.bytes, bytes, length);
	return hwaddr_print(&address, text);
}

static void put_link(struct json_writer *w, const struct device *device)
{
	const struct link *link = &device->link;
	const struct link_details *details = &device->details;
	char text[HWADDR_TEXT];

	json_put_string(w, "name", link->name);
	json_put_string(w, "alias", link->alias);
	json_put_string(w, "kind", link->kind);
	json_put_string(w, "parent", details->parent);
	json_put_string(w, "mac", print_address(link->address, link->address_length, text));
	json_put_string(
		w, "permanent", print_address(details->permanent, details->permanent_length, text));
	json_put_int(w, "index", link->index);
	json_put_int(w, "type", link->type);
	json_put_int(w, "mtu", link->mtu);
	json_put_int(w, "txqlen", details->txqlen);
	json_put_int(w, "flags", link->flags);
	json_put_int(w, "controller", link->controller);
	json_put_int(w, "addrGenMode", details->addr_gen_mode);
	json_open(w, "altnames", '[');
	link_each_altname(name, details->altnames) json_put_string(w, NULL, name);
	json_close(w, ']');
}

static void put_attachment(struct json_writer *w, const struct cni_request *req)
{
	char netns_id[NETNS_ID_TEXT];

	json_put_int(w, "format", FORMAT);
	json_put_string(w, "network", req->name);
	json_put_string(w, "containerID", req->container_id);
	json_put_string(w, "ifname", req->ifname);
	json_put_string(w, "netns", req->netns_path);
	json_put_string(w, "netnsID", netns_print_id(&req->netns_id, netns_id));
	json_put_string(w, "boot", boot_id());
}

/* The text is the state's from now on. 0 or -errno. */
static int take_text(struct state *state, struct json_writer *w)
{
	int rc;

	json_end_line(w);
	rc = json_writer_end(w);
	if (rc < 0)
		return rc;
	free(state->text);
	state->text = w->text;
	state->length = w->length;
	w->text = NULL;
	return 0;
}

int state_describe(struct state *state, const struct cni_request *req, const struct device *device,
	struct nl *nl, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 2 };
	struct json *tree;
	int rc = 0;

	json_open(&w, NULL, '{');
	put_attachment(&w, req);
	json_open(&w, "device", '{');
	json_put_string(&w, "key", device->key);
	put_link(&w, device);
	json_open(&w, "config", '[');
	if (device->link.index)
		rc = link_save_config(
			nl, device->link.index, device->link.flags & IFF_UP, put_config, &w);
	json_close(&w, ']');
	json_close(&w, '}');
	json_close(&w, '}');
	if (!rc)
		rc = take_text(state, &w);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack,
			"describe %s: its addresses and routes", device->link.name);
	if (json_parse(&tree, "the state of the device", state->text, state->length, err) < 0)
		return -1;
	cni_request_id(req, state->id);
	return bind_tree(state, tree, err);
}

static bool is_module(const char *key)
{
	return !strcmp(key, "vf") || !strcmp(key, "rdma");
}

/* The file again, with the modules as they are now. */
static int describe_modules(struct state *state)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 2 };

	json_open(&w, NULL, '{');
	json_each (member, state->tree)
		if (!is_module(json_key(member)))
			json_put(&w, json_key(member), member);
	if (state->vf)
		json_put(&w, "vf", state->vf);
	if (state->rdma)
		json_put(&w, "rdma", state->rdma);
	json_close(&w, '}');
	return take_text(state, &w);
}

int state_set_modules(struct state *state, struct json_writer *w, struct cni_error *err)
{
	struct json *tree;
	int rc = json_writer_end(w);

	if (!rc && json_parse(&tree, "the state of the hardware", w->text, w->length, err) < 0)
		return -1;
	if (!rc) {
		json_free(state->modules);
		state->modules = tree;
		state->vf = json_get(tree, "vf");
		state->rdma = json_get(tree, "rdma");
		rc = describe_modules(state);
	}
	return rc < 0 ? cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "describe %s", state->key) : 0;
}

static int make_path(char path[PATH_MAX], const char *directory, const char *id)
{
	return snprintf(path, PATH_MAX, "%s/%s.json", directory, id) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int state_write(const struct state *state, const char *directory, struct cni_error *err)
{
	char path[PATH_MAX];
	int rc = make_path(path, directory, state->id);

	if (!rc)
		rc = file_replace_for_now(path, state->text, state->length);
	if (rc == -ENOENT && !(rc = file_make_directory(directory)))
		rc = file_replace_for_now(path, state->text, state->length);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"write down what %s is like, in %s", state->name, directory);
	return 0;
}

int state_read(struct state *state, const char *directory, const char id[CNI_ATTACHMENT_ID],
	struct cni_error *err)
{
	char path[PATH_MAX];
	struct json *tree;
	int rc = make_path(path, directory, id);

	*state = (struct state){ 0 };
	memcpy(state->id, id, sizeof(state->id));
	if (!rc)
		rc = file_read(path, &state->text, &state->length);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, rc, NULL, "read the state of the device in %s", path);
	if (json_parse(&tree, path, state->text, state->length, err) < 0)
		return -1;
	return bind_tree(state, tree, err) < 0 ? file_fail_within(err, path) : 1;
}

int state_remove(const char *directory, const char *id, struct cni_error *err)
{
	char path[PATH_MAX];
	int rc = make_path(path, directory, id);

	if (!rc)
		rc = file_remove(path);
	return rc < 0 ? cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "remove %s", path) : 0;
}

bool state_is_of_this_boot(const struct state *state)
{
	return !netns_is_dead(NULL, NULL, state->boot);
}

bool state_is_dead(const struct state *state)
{
	return netns_is_dead(state->netns, state->netns_id, state->boot);
}
