/* SPDX-License-Identifier: Apache-2.0 */
/* What is derived from a request that has been read: CNI_ARGS, the attachment's ID, GC's list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cni/request.h"

const char *cni_request_arg(const struct cni_request *req, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < req->n_pairs; i++)
		if (req->pairs[i].value && !strcmp(req->pairs[i].key, key))
			value = req->pairs[i].value;
	return value;
}

const char *cni_request_cni_arg(const struct cni_request *req, const char *key)
{
	return json_text(json_get(json_get(json_get(req->config, "args"), "cni"), key));
}

int cni_request_mac(const struct cni_request *req, const char *runtime, const char *configured,
	const char **text, struct hwaddr *mac, struct cni_error *err)
{
	const char *const given[] = { runtime, cni_request_cni_arg(req, "mac"),
		cni_request_arg(req, "MAC"), configured };
	static const uint8_t zero[6];

	*text = NULL;
	*mac = (struct hwaddr){ 0 };
	for (size_t i = 0; i < sizeof(given) / sizeof(*given) && !*text; i++)
		if (given[i] && *given[i])
			*text = given[i];
	if (!*text)
		return 0;
	if (hwaddr_parse(*text, mac) < 0 || mac->length != sizeof(zero))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"MAC \"%s\" is not an Ethernet address (02:00:00:00:00:01)", *text);
	if (mac->bytes[0] & 1 || !memcmp(mac->bytes, zero, sizeof(zero)))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"MAC \"%s\" cannot be an interface's own: it is %s", *text,
			mac->bytes[0] & 1 ? "a group address" : "zero");
	return 0;
}

static bool is_known(const char *key, const char *const known[])
{
	for (; *known; known++)
		if (!strcmp(key, *known))
			return true;
	return false;
}

int cni_request_check_args(
	const struct cni_request *req, const char *const known[], struct cni_error *err)
{
	const char *value = cni_request_arg(req, "IgnoreUnknown");
	bool ignore = value && (!strcmp(value, "1") || !strcasecmp(value, "true"));

	if (value && !ignore && strcmp(value, "0") != 0 && strcasecmp(value, "false") != 0)
		return cni_fail(err, CNI_BAD_ENVIRONMENT,
			"CNI_ARGS: IgnoreUnknown must be 1, 0, true or false, not \"%s\"", value);
	for (size_t i = 0; i < req->n_pairs; i++) {
		const struct cni_arg *pair = &req->pairs[i];

		if (!pair->value)
			return cni_fail(err, CNI_BAD_ENVIRONMENT,
				"CNI_ARGS: invalid pair \"%s\" in \"%s\": K=V;K=V is expected",
				pair->key, req->args);
		if (!ignore && strcmp(pair->key, "IgnoreUnknown") != 0 &&
			!is_known(pair->key, known))
			return cni_fail(err, CNI_BAD_ENVIRONMENT,
				"CNI_ARGS: unknown args [\"%s=%s\"]: IgnoreUnknown=1 lets them "
				"pass",
				pair->key, pair->value);
	}
	return 0;
}

static uint64_t hash(uint64_t value, const char *text)
{
	/* The NUL counts, so that ("a", "bc") and ("ab", "c") differ. */
	do {
		value ^= (unsigned char)*text;
		value *= 0x100000001b3;
	} while (*text++);
	return value;
}

const char *cni_request_id(const struct cni_request *req, char out[CNI_ATTACHMENT_ID])
{
	uint64_t id =
		hash(hash(hash(0xcbf29ce484222325, req->name), req->container_id), req->ifname);

	snprintf(out, CNI_ATTACHMENT_ID, "%016" PRIx64, id);
	return out;
}

/* null is a list as well, the empty one: libcni sends it when nothing is in use. */
static const struct json *attachments(const struct json *config)
{
	const struct json *found = NULL;

	json_each (member, config)
		if (!strcasecmp(json_key(member), "cni.dev/valid-attachments") ||
			(!found && !strcasecmp(json_key(member), "cni.dev/attachments")))
			found = member;
	return found;
}

int cni_request_attachments(const struct cni_request *req, struct cni_attachment **list,
	size_t *count, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "containerID", json_bind_string, offsetof(struct cni_attachment, container_id),
			.required = true },
		{ "ifname", json_bind_string, offsetof(struct cni_attachment, ifname),
			.required = true },
		{ 0 },
	};
	CLEANUP(freep) struct cni_attachment *valid = NULL;
	const struct json *value = attachments(req->config);
	size_t n = 0;

	if (!value || (json_type(value) != JSON_ARRAY && json_type(value) != JSON_NULL))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"GC needs \"cni.dev/valid-attachments\", the list of what is still in use: "
			"without it nothing is removed");
	valid = calloc(json_count(value) + 1, sizeof(*valid));
	if (!valid)
		return cni_fail(err, CNI_INTERNAL, "read the attachments: out of memory");
	json_each (item, value)
		if (json_bind(item, fields, &valid[n++], CNI_INVALID_CONFIG, err) < 0)
			return -1;
	*list = valid;
	*count = n;
	valid = NULL;
	return 0;
}
