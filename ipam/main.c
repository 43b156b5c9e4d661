/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/ipam.h"

int main(int argc, char **argv)
{
	return cni_plugin_main(ipam_plugin(argc ? argv[0] : ""));
}
