/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plugins do, whose dialects differ in the keys of their configurations only. Nothing that
 * ends an attachment depends on one: the state file tells.
 */
#ifndef HOSTDEVICE_DIALECTS_H
#define HOSTDEVICE_DIALECTS_H

#include "hostdevice/conf.h"

int dialect_add(
	const struct cni_request *, enum hostdev_dialect, int out, struct cni_error *err);
int dialect_del(const struct cni_request *, struct cni_error *err);
int dialect_check(const struct cni_request *, enum hostdev_dialect, struct cni_error *err);
int dialect_gc(const struct cni_request *, struct cni_error *err);
int dialect_status(const struct cni_request *, enum hostdev_dialect, struct cni_error *err);

#endif
