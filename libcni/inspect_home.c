/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/if.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include "libcni/inspect.h"
#include "libcni/inspect_nl.h"

void home_read(struct home *home)
{
	CLEANUP(socket_freep) struct nl_sock *socket = nl_socket_alloc();

	home->netns = netns_home();
	if (socket && !nl_connect(socket, NETLINK_ROUTE) &&
		rtnl_link_alloc_cache(socket, AF_UNSPEC, &home->links) < 0)
		home->links = NULL;
}

static void message_freep(struct nl_msg **message)
{
	nlmsg_free(*message); /* accepts NULL */
}

static int take_id(struct nl_msg *answer, void *id)
{
	struct nlattr *attribute =
		nlmsg_find_attr(nlmsg_hdr(answer), sizeof(struct rtgenmsg), NETNSA_NSID);

	if (attribute)
		*(int32_t *)id = nla_get_s32(attribute);
	return NL_OK;
}

void home_identify(struct home *home)
{
	CLEANUP(socket_freep) struct nl_sock *socket = nl_socket_alloc();
	CLEANUP(message_freep) struct nl_msg *request = nlmsg_alloc_simple(RTM_GETNSID, 0);
	struct rtgenmsg any = { .rtgen_family = AF_UNSPEC };

	if (!socket || !request || nl_connect(socket, NETLINK_ROUTE) < 0 ||
		nlmsg_append(request, &any, sizeof(any), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(request, NETNSA_FD, (uint32_t)home->netns) < 0)
		return;
	/* One message comes back, the answer or an error. */
	nl_socket_disable_auto_ack(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_id, &home->id);
	if (nl_send_auto(socket, request) >= 0)
		nl_recvmsgs_default(socket);
}

bool home_name(const struct home *home, int id, int index, char *name)
{
	return home->links && id >= 0 && id == home->id &&
	       rtnl_link_i2name(home->links, index, name, IFNAMSIZ);
}

void home_done(struct home *home)
{
	closep(&home->netns);
	nl_cache_free(home->links); /* accepts NULL */
}
