/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition key table of a port, as sysfs has it
 * (Documentation/ABI/stable/sysfs-class-infiniband). The subnet manager fills it; a child whose
 * partition is not in it is created all the same, but never gets a carrier.
 */
#ifndef IPOIB_PARTITION_H
#define IPOIB_PARTITION_H

#include "cni/error.h"
#include "netlink/link.h"

#define PARTITION_SYSFS "/sys/class/infiniband"

/*
 * Is the partition in the table of the port that master sits on? CNI_TRY_LATER if not. The port is
 * the one with the GUID of the master's address; where none is seen (an RDMA device that was moved
 * into a container), nothing is known and nothing refused. The bit of full members does not count.
 */
int partition_check(
	const char *sysfs, const struct link *master, uint16_t pkey, struct cni_error *err);

#endif
