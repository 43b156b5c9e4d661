/* SPDX-License-Identifier: Apache-2.0 */
#include "macvlan/macvlan.h"

int main(void)
{
	return cni_plugin_main(&macvlan_plugin);
}
