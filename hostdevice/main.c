/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "hostdevice/hostdevice.h"

/* The executable has several names, and each is a plugin; any other name is host-device. */
static const struct cni_plugin *plugin_of(const char *name)
{
	static const struct cni_plugin *const others[] = { &sriov_plugin, &ib_sriov_plugin, NULL };

	for (const struct cni_plugin *const *plugin = others; *plugin; plugin++)
		if (!strcmp((*plugin)->name, name))
			return *plugin;
	return &hostdev_plugin;
}

int main(void)
{
	return cni_plugin_main(plugin_of(program_invocation_short_name));
}
