/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "hostdevice/hostdevice.h"

/* The executable has several names, and each is a plugin; any other name is the first. */
static const struct cni_plugin *plugin_of(const char *name)
{
	static const struct cni_plugin *const plugins[] = { &hostdev_plugin, &sriov_plugin,
		&ib_sriov_plugin };

	for (size_t i = 0; i < sizeof(plugins) / sizeof(*plugins); i++)
		if (!strcmp(plugins[i]->name, name))
			return plugins[i];
	return plugins[0];
}

int main(void)
{
	return cni_plugin_main(plugin_of(program_invocation_short_name));
}
