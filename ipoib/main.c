/* SPDX-License-Identifier: Apache-2.0 */
#include "ipoib/ipoib.h"

int main(void)
{
	return cni_plugin_main(&ipoib_plugin);
}
