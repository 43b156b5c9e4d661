/* SPDX-License-Identifier: Apache-2.0 */
#include "ipoib/create.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cni/iface.h"
#include "ipoib/partition.h"

/* The kernel's lock is held for some milliseconds at a time. */
#define MODE_TRIES    20
#define MODE_PAUSE_NS 20000000L

struct wanted {
	const struct cni_request *req;
	struct link_ipoib link;
};

/*
 * Where a child cannot be created in another namespace than its parent's: on the host, under the
 * name that DEL, GC and the next ADD look for, then moved, which is slow.
 */
static int make_and_move(const struct iface_maker *maker, const char *name)
{
	const struct wanted *wanted = maker->wanted;
	CLEANUP(link_guard_end) struct link_guard parked = { 0 }, moved = { 0 };
	struct link_ipoib ipoib = wanted->link;
	char temporary[IFNAMSIZ];
	struct link link;
	int rc;

	ipoib.name = iface_temporary_name(wanted->req, temporary);
	ipoib.netns = -1;
	link_guard_arm(&parked, maker->outer, temporary, KIND_IPOIB);
	rc = link_add_ipoib(maker->outer, &ipoib);
	if (!rc)
		rc = link_get(maker->outer, temporary, &link);
	if (rc)
		return rc;
	parked.index = link.index;
	link_guard_arm(&moved, maker->inside, temporary, KIND_IPOIB);
	rc = link_move(maker->outer, link.index, wanted->link.netns);
	if (rc)
		return rc;
	/* Its index on the host may be another link's from now on. */
	parked.nl = NULL;
	rc = link_get(maker->inside, temporary, &link);
	if (!rc && strcmp(name, temporary) != 0)
		rc = link_rename(maker->inside, link.index, name);
	if (rc)
		return rc;
	moved.nl = NULL;
	return 0;
}

static int make(const struct iface_maker *maker, const char *name)
{
	struct link_ipoib ipoib = ((const struct wanted *)maker->wanted)->link;
	int rc;

	ipoib.name = name;
	rc = link_add_ipoib(maker->outer, &ipoib);
	if ((rc == -EINVAL || rc == -EOPNOTSUPP) && ipoib.netns >= 0)
		return make_and_move(maker, name);
	return rc;
}

static int explain(const struct link *master, uint16_t pkey, const struct nl *outer, int rc,
	struct cni_error *err)
{
	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"master %s is gone: it was removed while its child was made (is its "
			"driver being loaded again?)",
			master->name);
	if (rc == -ENOTUNIQ)
		return cni_fail(err, CNI_INTERNAL,
			"master %s has a child in partition 0x%04x, and this kernel allows one "
			"only: remove it, or use another \"pkey\"",
			master->name, pkey);
	return cni_fail_errno(err, CNI_INTERNAL, rc, outer->extack,
		"create a child of %s in partition 0x%04x", master->name, pkey);
}

static int set_mode(struct nl *inside, const struct link *link, uint16_t mode)
{
	const struct timespec pause = { .tv_nsec = MODE_PAUSE_NS };
	int rc = link_set_ipoib_mode(inside, link->index, mode);

	for (int i = 1; rc == -EBUSY && i < MODE_TRIES; i++) {
		nanosleep(&pause, NULL);
		rc = link_set_ipoib_mode(inside, link->index, mode);
	}
	return rc;
}

/* The kernel begins in datagram mode, and the MTU goes with the mode. */
static int change_mode(struct nl *inside, const struct link *master, uint16_t mode,
	struct link *link, struct cni_error *err)
{
	int index = link->index;
	int rc = set_mode(inside, link, mode);

	if (rc == -EINVAL || rc == -EOPNOTSUPP)
		return cni_fail_errno(err, CNI_INVALID_CONFIG, rc, inside->extack,
			"mode %s is not supported by the device of master %s: leave \"mode\" out, "
			"or use %s",
			ipoib_mode_name(mode), master->name, ipoib_mode_name(!mode));
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, inside->extack, "set %s to %s mode",
			link->name, ipoib_mode_name(mode));
	rc = link_get_index(inside, index, link);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, inside->extack, "look up the new %s", link->name);
	return 0;
}

/*
 * The configured MTU, or the master's, so that it does not change when the broadcast group is
 * joined; the two modes have nothing to do with each other there. 0: the kernel's.
 */
static uint32_t wanted_mtu(
	const struct ipoib_conf *conf, const struct link *master, const struct link *link)
{
	uint32_t mtu = (uint32_t)conf->mtu;

	if (!mtu && link->ipoib_mode == master->ipoib_mode)
		mtu = master->mtu;
	return mtu == link->mtu ? 0 : mtu;
}

static int finish(const struct cni_request *req, const struct ipoib_conf *conf,
	const struct link *master, struct nl *inside, struct link *link, struct cni_error *err)
{
	struct link_state also = { .proxy_arp = true };
	uint16_t mode = ipoib_mode(conf, master);

	if (link->ipoib_mode != mode && change_mode(inside, master, mode, link, err) < 0)
		return -1;
	also.mtu = wanted_mtu(conf, master, link);
	if (iface_mark(req, inside, link, also, err) < 0)
		return -1;
	if (also.mtu)
		link->mtu = also.mtu;
	return 0;
}

int ipoib_create(const struct cni_request *req, const struct ipoib_conf *conf, struct nl *outer,
	struct nl *inside, struct link_guard *guard, struct link *link, struct cni_error *err)
{
	struct wanted wanted = {
		.req = req,
		.link.pkey = conf->pkey,
		.link.umcast = conf->umcast,
		.link.netns = conf->link_in_container ? -1 : req->netns,
	};
	const struct iface_maker maker = { KIND_IPOIB, make, outer, inside, &wanted };
	struct link master;
	int rc;

	if (ipoib_master(conf, outer, &master, err) < 0)
		return -1;
	if (conf->pkey &&
		partition_check(PARTITION_SYSFS, &master, ipoib_pkey(conf, &master), err) < 0)
		return -1;
	wanted.link.parent = master.index;
	rc = iface_create(req, &maker, guard, link);
	if (rc == -EEXIST)
		return iface_taken(req, err);
	if (rc < 0)
		return explain(&master, ipoib_pkey(conf, &master), outer, rc, err);
	return finish(req, conf, &master, inside, link, err);
}
