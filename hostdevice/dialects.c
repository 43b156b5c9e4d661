/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/dialects.h"
#include "hostdevice/hostdevice.h"

static int hostdev_add(const struct cni_request *req, int out, struct cni_error *err)
{
	return dialect_add(req, HOSTDEV_PLAIN, out, err);
}

static int hostdev_check(const struct cni_request *req, struct cni_error *err)
{
	return dialect_check(req, HOSTDEV_PLAIN, err);
}

static int hostdev_status(const struct cni_request *req, struct cni_error *err)
{
	return dialect_status(req, HOSTDEV_PLAIN, err);
}

const struct cni_plugin hostdev_plugin = {
	.name = "host-device",
	.enters_netns = true,
	.add = hostdev_add,
	.del = dialect_del,
	.check = hostdev_check,
	.gc = dialect_gc,
	.status = hostdev_status,
};

static int sriov_add(const struct cni_request *req, int out, struct cni_error *err)
{
	return dialect_add(req, HOSTDEV_SRIOV, out, err);
}

static int sriov_check(const struct cni_request *req, struct cni_error *err)
{
	return dialect_check(req, HOSTDEV_SRIOV, err);
}

static int sriov_status(const struct cni_request *req, struct cni_error *err)
{
	return dialect_status(req, HOSTDEV_SRIOV, err);
}

const struct cni_plugin sriov_plugin = {
	.name = "sriov",
	.enters_netns = true,
	.add = sriov_add,
	.del = dialect_del,
	.check = sriov_check,
	.gc = dialect_gc,
	.status = sriov_status,
};

static int ib_sriov_add(const struct cni_request *req, int out, struct cni_error *err)
{
	return dialect_add(req, HOSTDEV_IB_SRIOV, out, err);
}

static int ib_sriov_check(const struct cni_request *req, struct cni_error *err)
{
	return dialect_check(req, HOSTDEV_IB_SRIOV, err);
}

static int ib_sriov_status(const struct cni_request *req, struct cni_error *err)
{
	return dialect_status(req, HOSTDEV_IB_SRIOV, err);
}

const struct cni_plugin ib_sriov_plugin = {
	.name = "ib-sriov",
	.enters_netns = true,
	.add = ib_sriov_add,
	.del = dialect_del,
	.check = ib_sriov_check,
	.gc = dialect_gc,
	.status = ib_sriov_status,
};
