/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "hostdevice/pci.h"
#include "hostdevice/test_tree.h"

static void test_find(void)
{
	static const char *const absent[] = { "7", "", "..", "a/b", "0000:3b:00.7",
		"mlx5_core.sf.9",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	struct pci pci = { .id = "unchanged" };

	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		ok(pci_find(tree_root, absent[i], &pci) == -ENODEV, "no device: %s", absent[i]);
	is(pci.id, "unchanged", "nothing is written");
	ok(!pci_find(tree_root, "0000:3b:00.2", &pci) && pci.bus == SYSFS_PCI, "a PCI function");
	is(pci.id, "0000:3b:00.2", "its address");
	ok(!pci_find(tree_root, "mlx5_core.sf.2", &pci) && pci.bus == SYSFS_AUXILIARY,
		"a scalable function");
}

static void test_functions(void)
{
	struct pci vf, pf, again;
	char driver[PCI_NAME];
	uint32_t number = 99;

	ok(!pci_find(tree_root, "0000:3b:00.3", &vf) && !pci_physfn(&vf, &pf), "a VF has a PF");
	is(pf.id, "0000:3b:00.0", "its PF");
	ok(!pci_vf_number(&pf, &vf, &number) && number == 1, "its number");
	ok(!pci_vf_count(&pf, &number) && number == 2, "the PF's VFs");
	ok(pci_physfn(&pf, &again) == -ENOENT, "a PF has none");
	ok(pci_vf_number(&pf, &pf, &number) == -ENOENT, "a PF is no VF of its own");
	ok(pci_vf_count(&vf, &number) == -ENOENT, "a VF has no VFs");
	ok(!pci_driver(&vf, driver), "a driver");
	is(driver, "mlx5_core", "its name");
	ok(!pci_find(tree_root, "mlx5_core.sf.2", &vf) && pci_driver(&vf, driver) == -ENOENT,
		"no driver");
}

static void test_rdma(void)
{
	struct pci vf;
	char name[PCI_NAME] = "unchanged";

	pci_find(tree_root, "0000:3b:00.2", &vf);
	ok(!pci_rdma(&vf, name), "an RDMA device");
	is(name, "mlx5_2", "its name");
	pci_find(tree_root, "0000:3b:00.3", &vf);
	ok(pci_rdma(&vf, name) == -ENODEV && pci_rdma_anywhere(&vf, name) == -ENODEV, "none");
	tree_file("bus/pci/devices/0000:3b:00.3/infiniband_verbs/uverbs3/ibdev", "mlx5_3\n");
	tree_directory("bus/pci/devices/0000:3b:00.3/infiniband");
	ok(pci_rdma(&vf, name) == -ENODEV && !pci_rdma_anywhere(&vf, name), "in a pod");
	is(name, "mlx5_3", "its name there");
	tree_file("bus/pci/devices/0000:3b:00.3/infiniband_verbs/uverbs4/ibdev", "mlx5_4\n");
	ok(pci_rdma_anywhere(&vf, name) == -ENOTUNIQ, "two in pods");
	tree_directory("bus/pci/devices/0000:3b:00.3/infiniband/mlx5_3");
	tree_directory("bus/pci/devices/0000:3b:00.3/infiniband/mlx5_4");
	ok(pci_rdma(&vf, name) == -ENOTUNIQ, "two");
}

static void test_bind(void)
{
	struct pci vf;

	pci_find(tree_root, "0000:3b:00.2", &vf);
	ok(!pci_unbind(&vf, "mlx5_core"), "unbind");
	is(tree_text("bus/pci/drivers/mlx5_core/unbind"), "0000:3b:00.2", "the address");
	ok(!pci_bind(&vf, "mlx5_core"), "bind");
	is(tree_text("bus/pci/drivers/mlx5_core/bind"), "0000:3b:00.2", "the address");
	ok(pci_bind(&vf, "igbvf") == -ENODEV, "a driver that is not loaded");
	ok(pci_bind(&vf, "../x") == -EINVAL, "no name of a driver");
}

int main(void)
{
	tree_make();
	tree_sriov();
	tree_directory("bus/auxiliary/devices/mlx5_core.sf.2");
	test_find();
	test_functions();
	test_rdma();
	test_bind();
	tree_remove();
	return tap_done();
}
