/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/nl.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

void *nl_begin(struct nl_request *req, uint16_t type, uint16_t flags, size_t size)
{
	/* libmnl leaves the padding of attributes as it is. */
	*req = (struct nl_request){ .full = false };
	mnl_nlmsg_put_header(req->buffer);
	req->header.nlmsg_type = type;
	req->header.nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(&req->header, size);
}

void nl_put(struct nl_request *req, uint16_t type, const void *data, size_t size)
{
	if (size > sizeof(req->buffer) ||
		!mnl_attr_put_check(&req->header, sizeof(req->buffer), type, size, data))
		req->full = true;
}

void nl_put_u16(struct nl_request *req, uint16_t type, uint16_t value)
{
	nl_put(req, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_request *req, uint16_t type, uint32_t value)
{
	nl_put(req, type, &value, sizeof(value));
}

void nl_put_string(struct nl_request *req, uint16_t type, const char *text)
{
	nl_put(req, type, text, strlen(text) + 1);
}

struct nlattr *nl_nest(struct nl_request *req, uint16_t type)
{
	struct nlattr *nest = mnl_attr_nest_start_check(&req->header, sizeof(req->buffer), type);

	if (!nest)
		req->full = true;
	return nest;
}

void nl_nest_end(struct nl_request *req, struct nlattr *nest)
{
	if (nest)
		mnl_attr_nest_end(&req->header, nest);
}

int nl_each_in(const void *payload, size_t size, nl_attr_fn *visit, void *data)
{
	const struct nlattr *attr = payload;
	int rc, rest = (int)size;

	for (; mnl_attr_ok(attr, rest); attr = mnl_attr_next(attr)) {
		if ((rc = visit(attr, data)) < 0)
			return rc;
		rest -= MNL_ALIGN(attr->nla_len);
	}
	/* Below 0: the padding of the last one is missing. */
	return rest > 0 ? -EBADMSG : 0;
}

int nl_each(const struct nlmsghdr *message, size_t header, nl_attr_fn *visit, void *data)
{
	size_t size = mnl_nlmsg_get_payload_len(message);

	header = MNL_ALIGN(header);
	if (header > size)
		return -EBADMSG;
	return nl_each_in(
		(const char *)mnl_nlmsg_get_payload(message) + header, size - header, visit, data);
}

int nl_each_nested(const struct nlattr *nest, nl_attr_fn *visit, void *data)
{
	return nl_each_in(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), visit, data);
}

int nl_get_u16(const struct nlattr *attr, uint16_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value))
		return -EBADMSG;
	*value = mnl_attr_get_u16(attr);
	return 0;
}

int nl_get_u32(const struct nlattr *attr, uint32_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value))
		return -EBADMSG;
	*value = mnl_attr_get_u32(attr);
	return 0;
}

int nl_get_int(const struct nlattr *attr, int *value)
{
	uint32_t bits;
	int rc = nl_get_u32(attr, &bits);

	if (!rc)
		*value = (int)bits;
	return rc;
}

int nl_get_string(const struct nlattr *attr, char *out, size_t size)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (!length || length > size || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return -EBADMSG;
	memcpy(out, mnl_attr_get_payload(attr), length);
	return 0;
}

size_t nl_address_size(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct in_addr);
	case AF_INET6:
		return sizeof(struct in6_addr);
	}
	return 0;
}
