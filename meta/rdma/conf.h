/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's own keys. */
#ifndef META_RDMA_CONF_H
#define META_RDMA_CONF_H

#include "cni/request.h"

struct rdma_qos {
	int64_t tos, tc; /* -1: not given */
};

struct rdma_conf {
	const char *device_id; /* NULL: that of the interface */
	const char *name;      /* in the pod; NULL: as on the host */
	struct rdma_qos qos;
};

/* The keys, for whoever checks configurations without running them. */
extern const struct json_field rdma_fields[];

/* Bind and check. args.cni may hold values of any type that are somebody else's. */
int rdma_conf(const struct cni_request *, struct rdma_conf *, struct cni_error *);

#endif
