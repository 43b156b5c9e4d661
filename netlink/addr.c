/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static size_t size_of(const struct addr *addr)
{
	return nl_address_size(addr->family);
}

static bool is_valid(const struct addr *addr)
{
	return addr->index > 0 && size_of(addr) && addr->prefix <= 8 * size_of(addr);
}

static uint32_t broadcast(const struct addr *addr)
{
	uint32_t bits;

	memcpy(&bits, addr->bytes, sizeof(bits));
	return bits | htonl(UINT32_MAX >> addr->prefix);
}

int addr_add(struct nl *nl, const struct addr *addr)
{
	struct nl_request req;
	struct ifaddrmsg *msg;

	if (!is_valid(addr))
		return -EINVAL;
	msg = nl_begin(&req, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*msg));
	msg->ifa_family = addr->family;
	msg->ifa_prefixlen = addr->prefix;
	msg->ifa_index = (uint32_t)addr->index;
	nl_put(&req, IFA_LOCAL, addr->bytes, size_of(addr));
	nl_put(&req, IFA_ADDRESS, addr->bytes, size_of(addr));
	/* RFC 3021: a prefix of 31 has no broadcast address. */
	if (addr->family == AF_INET && addr->prefix < 31)
		nl_put_u32(&req, IFA_BROADCAST, broadcast(addr));
	nl_put_u32(&req, IFA_FLAGS, addr->flags);
	return nl_do(nl, &req, NULL, NULL);
}

struct addr_search {
	const struct addr *want;
	bool found;
	/* of the answer at hand; local is the same but on point-to-point links */
	const struct nlattr *local, *address;
};

static int read_attr(const struct nlattr *attr, void *data)
{
	struct addr_search *search = data;

	switch (mnl_attr_get_type(attr)) {
	case IFA_LOCAL:
		search->local = attr;
		break;
	case IFA_ADDRESS:
		search->address = attr;
		break;
	}
	return 0;
}

static int match(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *msg = mnl_nlmsg_get_payload(message);
	struct addr_search *search = data;
	const struct addr *want = search->want;
	int rc;

	search->local = search->address = NULL;
	if (message->nlmsg_type != RTM_NEWADDR)
		return -EBADMSG;
	if ((rc = nl_each(message, sizeof(*msg), read_attr, search)) < 0)
		return rc;
	if (!search->local && !(search->local = search->address))
		return -EBADMSG;
	/* Kernels before 4.20 do not filter. */
	if (msg->ifa_family != want->family || msg->ifa_index != (uint32_t)want->index)
		return 0;
	if (mnl_attr_get_payload_len(search->local) != size_of(want))
		return -EBADMSG;
	if (msg->ifa_prefixlen == want->prefix &&
		!memcmp(mnl_attr_get_payload(search->local), want->bytes, size_of(want)))
		search->found = true;
	return 0;
}

static void forget(void *data)
{
	struct addr_search *search = data;

	search->found = false;
}

int addr_has(struct nl *nl, const struct addr *addr)
{
	struct addr_search search = { .want = addr };
	struct nl_request req;
	struct ifaddrmsg *msg;
	int rc;

	if (!is_valid(addr))
		return -EINVAL;
	msg = nl_begin(&req, RTM_GETADDR, 0, sizeof(*msg));
	msg->ifa_family = addr->family;
	msg->ifa_index = (uint32_t)addr->index;
	rc = nl_dump(nl, &req, match, forget, &search);
	return rc < 0 ? rc : search.found;
}
