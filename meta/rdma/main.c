/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/rdma.h"

int main(void)
{
	return cni_plugin_main(&rdma_plugin);
}
