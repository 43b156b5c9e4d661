/* SPDX-License-Identifier: Apache-2.0 */
/* Private to libcni/inspect*.c: guards for what libnl hands out. */
#ifndef LIBCNI_INSPECT_NL_H
#define LIBCNI_INSPECT_NL_H

#include <netlink/cache.h>
#include <netlink/socket.h>

static inline void cache_freep(struct nl_cache **cache)
{
	nl_cache_free(*cache); /* accepts NULL */
}

static inline void socket_freep(struct nl_sock **socket)
{
	nl_socket_free(*socket); /* accepts NULL */
}

#endif
