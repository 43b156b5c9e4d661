/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/ipam.h"

int main(void)
{
	return cni_plugin_main(&pool_plugin);
}
