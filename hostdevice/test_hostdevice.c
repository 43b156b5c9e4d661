/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that this machine has not got, in a sysfs of our own; state files; lost moves. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/stat.h>
#include <time.h>

#include "hostdevice/hardware.h"
#include "hostdevice/hex.h"
#include "hostdevice/restore.h"
#include "netlink/scripted.h"

static char top[] = "/tmp/test_hostdevice.XXXXXX";

static const char *below(const char *path)
{
	static char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s/%s", top, path);
	return whole;
}

static void make(const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s", below(path));
	for (char *at = whole + strlen(top) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(whole, 0755);
		*at = '/';
	}
}

static void put(const char *path, const char *text)
{
	FILE *file;

	make(path);
	file = fopen(below(path), "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static void test_sysfs(void)
{
	static const struct {
		const char *device, *want;
	} cases[] = {
		{ "bus/pci/devices/0000:01:00.0", "one" },
		{ "bus/pci/devices/0000:02:00.0", "port0" },
		{ "bus/pci/devices/0000:03:00.0", "eth3" },
		{ "bus/pci/devices/0000:04:00.0", "ib0" },
		{ "bus/pci/devices/0000:05:00.0", NULL },
		{ "bus/auxiliary/devices/mlx5_core.sf.2", "sf2" },
	};
	char name[IFNAMSIZ], driver[NAME_MAX + 1], directory[PATH_MAX];

	put("bus/pci/devices/0000:01:00.0/net/one/dev_port", "3\n");
	put("bus/pci/devices/0000:02:00.0/net/aport1/dev_port", "1\n");
	put("bus/pci/devices/0000:02:00.0/net/port0/dev_port", "0\n");
	put("bus/pci/devices/0000:02:00.0/net/arep/phys_port_name", "c1pf0sf3\n");
	put("bus/pci/devices/0000:03:00.0/virtio0/net/eth3/dev_port", "0\n");
	put("bus/pci/devices/0000:04:00.0/net/ib0/ifindex", "4\n");
	put("bus/pci/devices/0000:04:00.0/net/ib0/iflink", "4\n");
	put("bus/pci/devices/0000:04:00.0/net/ib0.8001/ifindex", "5\n");
	put("bus/pci/devices/0000:04:00.0/net/ib0.8001/iflink", "4\n");
	put("bus/pci/devices/0000:05:00.0/vendor", "0x15b3\n");
	put("bus/auxiliary/devices/mlx5_core.sf.2/net/sf2/dev_port", "0\n");
	put("bus/pci/drivers/vfio-pci/x", "");
	if (symlink("../../drivers/vfio-pci", below("bus/pci/devices/0000:05:00.0/driver")) < 0)
		abort();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = sysfs_interface(below(cases[i].device), name);

		ok(cases[i].want ? !rc && !strcmp(name, cases[i].want) : rc == -ENODEV, "%s: %s",
			cases[i].device, rc ? "no interface" : name);
	}
	ok(sysfs_find(top, "0000:05:00.0", directory) == SYSFS_PCI, "a PCI function");
	ok(!sysfs_driver(directory, driver) && sysfs_is_userspace(driver), "driven by %s", driver);
	ok(sysfs_find(top, "mlx5_core.sf.2", directory) == SYSFS_AUXILIARY &&
			sysfs_driver(directory, driver) == -ENOENT,
		"an auxiliary device without driver");
	ok(sysfs_find(top, "7", directory) == SYSFS_NONE &&
			sysfs_find(top, "../../../etc", directory) == SYSFS_NONE &&
			sysfs_find(top, "..", directory) == SYSFS_NONE,
		"numbers and paths are no devices");
}

static void test_texts(void)
{
	char alias[DEVICE_ALIAS], id[CNI_ATTACHMENT_ID], text[HEX_TEXT(3)];
	unsigned char bytes[3] = { 0, 0x9a, 0xff };

	ok(device_is_pci("0000:3b:00.2") && !device_is_pci("3b:00.2") &&
			!device_is_pci("0000:3b:00.22") && !device_is_pci("mlx5_core.sf.2"),
		"PCI addresses");
	is(device_alias("0123456789abcdef", "eth5", alias), "fabric-cni 0123456789abcdef eth5",
		"the alias");
	is(device_alias_read(alias, id), "eth5", "the alias tells the name");
	is(id, "0123456789abcdef", "and whose it is");
	ok(!device_alias_read("eth5", NULL) && !device_alias_read("fabric-cni 12 eth5", NULL) &&
			!device_alias_read("fabric-cni 0123456789abcdef", NULL) &&
			!device_alias_read("fabric-cni 0123456789abcdef ", NULL),
		"other aliases tell nothing");
	is(hex_print(bytes, 3, text), "009aff", "octets to text");
	ok(hex_parse("009aff", bytes, 3) == 3 && bytes[1] == 0x9a, "and back");
	ok(hex_parse("009af", bytes, 3) < 0 && hex_parse("zz", bytes, 3) < 0 &&
			hex_parse("00000000", bytes, 3) < 0,
		"what is no octets");
}

#define ID    "00000000000000aa"
#define STATE "states/" ID ".json"

static const char state_text[] =
	"{\"format\": 1, \"network\": \"n\", \"containerID\": \"c\", \"ifname\": \"net1\","
	"\"vf\": {\"pf\": \"p0\", \"n\": 12345678901234567890}, \"rdma\": [1], \"later\": 1.50,"
	"\"device\": {\"key\": \"k\", \"name\": \"eth5\", \"kind\": \"veth\", \"index\": 9,"
	"\"mtu\": 1500, \"type\": 1, \"mac\": \"02:00:00:00:00:05\", \"txqlen\": 1000}}";

/* Of a state that was read: what it does not know stays. */
static void test_modules(struct state *state, const char *directory)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	CLEANUP(state_done) struct state again = { 0 };
	struct cni_error err = { 0 };

	json_open(&w, NULL, '{');
	json_put_int(&w, "vf", 7);
	json_close(&w, '}');
	ok(!state_set_modules(state, &w, &err) && !state_write(state, directory, &err) &&
			state_read(&again, directory, ID, &err) == 1,
		"with another module: %s", err.msg);
	is(json_number(again.vf), "7", "which is there");
	ok(!again.rdma, "and none that has gone");
	is(json_number(json_get(again.tree, "later")), "1.50", "the rest is as it was");
}

static void test_state(void)
{
	static const char *const broken[] = { "", "{", "[]", "{\"format\": 2}", "{\"format\": 1}" };
	CLEANUP(state_done) struct state state = { 0 }, again = { 0 };
	struct cni_error err = { 0 };
	char directory[PATH_MAX];

	strcpy(directory, below("states"));
	ok(!state_read(&state, directory, ID, &err), "no file");
	put(STATE, state_text);
	ok(state_read(&state, directory, ID, &err) == 1 && state.vf && state.rdma &&
			state.index == 9,
		"a file: %s", err.msg);
	is(json_number(json_get(state.vf, "n")), "12345678901234567890", "exact numbers");
	ok(!state_write(&state, directory, &err) && state_read(&again, directory, ID, &err) == 1 &&
			!strcmp(json_number(json_get(again.tree, "later")), "1.50") &&
			!strcmp(json_number(json_get(again.vf, "n")), "12345678901234567890"),
		"it is written as it was read");
	test_modules(&state, directory);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct state torn;

		put(STATE, broken[i]);
		err = (struct cni_error){ 0 };
		ok(state_read(&torn, directory, ID, &err) < 0 && err.code == CNI_DECODING_FAILURE &&
				strstr(err.msg, ID),
			"torn or foreign: %s", err.msg);
		state_done(&torn);
	}
	ok(!state_remove(directory, ID, &err), "removed");
	ok(!state_remove(directory, ID, &err), "removed again, as if it had been there");
}

static void test_claim(void)
{
	CLEANUP(claim_end) struct claim claim = CLAIM_NONE;
	struct cni_error err = { 0 };
	char directory[PATH_MAX];

	strcpy(directory, below("claims/x"));
	ok(!claim_take(&claim, directory, "0000:3b:00.2", &err) && !*claim.owner, "a free device");
	ok(!claim_give(&claim, ID, &err), "is given");
	claim_end(&claim);
	ok(!claim_take(&claim, directory, "0000:3b:00.2", &err) && !strcmp(claim.owner, ID),
		"and has an owner");
	ok(!claim_give(&claim, "", &err), "it is given back");
	claim_end(&claim);
	claim.fd = open("/dev/full", O_RDWR);
	ok(claim_give(&claim, ID, &err) < 0 && strstr(err.msg, strerror(ENOSPC)), "%s", err.msg);
	claim_end(&claim);
	put("claims/x/device-torn", "00ff");
	ok(!claim_take(&claim, directory, "torn", &err) && !*claim.owner,
		"half a name is nobody's");
}

/* ---- A scripted kernel ---- */

static struct script host, inside;

static void answer_link(
	struct script *script, int ahead, int index, const char *name, const char *alias)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 5 };

	info->ifi_index = index;
	info->ifi_type = ARPHRD_ETHER;
	nl_put_string(&answer, IFLA_IFNAME, name);
	nl_put_u32(&answer, IFLA_MTU, 1500);
	nl_put_u32(&answer, IFLA_TXQLEN, 1000);
	nl_put(&answer, IFLA_ADDRESS, mac, sizeof(mac));
	if (alias)
		nl_put_string(&answer, IFLA_IFALIAS, alias);
	script->ahead = ahead;
	script_answer(script, &answer, 0);
}

static void verdict(struct script *script, int ahead, int code)
{
	script->ahead = ahead;
	script_verdict(script, NLMSG_ERROR, code, NULL);
}

static int restore(struct cni_error *err)
{
	struct world world = { .sys = top,
		.directory = top,
		.host = host.nl,
		.inside = inside.nl,
		.netns = 99,
		.home = 98 };
	struct state state = { .id = ID,
		.name = "eth5",
		.alias = "",
		.ifname = "net1",
		.kind = "",
		.parent = "",
		.permanent = "",
		.mac = "02:00:00:00:00:05",
		.boot = "",
		.index = 9,
		.type = ARPHRD_ETHER,
		.mtu = 1500,
		.txqlen = 1000,
		.addr_gen_mode = -1,
		.has_flags = true };
	int rc;

	*err = (struct cni_error){ 0 };
	rc = restore_device(&world, &state, err);
	host.nl = world.host;
	inside.nl = world.inside;
	return rc;
}

static void test_restore(void)
{
	struct cni_error err;
	struct nl_request want;
	struct ifinfomsg *info;

	/* Found by its mark although it was renamed; nothing but the name differs. */
	answer_link(&inside, 0, 9, "renamed", NULL);
	verdict(&host, 0, -ENODEV);
	verdict(&inside, 1, 0);
	answer_link(&host, 1, 9, "eth5", NULL);
	answer_link(&host, 2, 9, "eth5", NULL);
	ok(restore(&err) == 1, "home from a pod that renamed it: %s", err.msg);
	script_asked(&inside);
	info = nl_begin(&want, RTM_SETLINK, 0, sizeof(*info));
	info->ifi_index = 9;
	nl_put_u32(&want, IFLA_NET_NS_FD, 98);
	nl_put_string(&want, IFLA_IFNAME, "eth5");
	nl_put(&want, IFLA_IFALIAS, "", 0);
	script_compare(&inside, &want, NLM_F_ACK, "one message moves, renames and cleans");
	script_forget(&host);

	/* The name is taken: nothing is changed. */
	answer_link(&inside, 0, 9, "net1", NULL);
	answer_link(&host, 0, 4, "eth5", NULL);
	ok(restore(&err) < 0 && strstr(err.msg, "another link is called eth5"), "taken: %s",
		err.msg);
	ok(script_forget(&inside) == 1 && script_forget(&host) == 1, "it is only looked at");

	/* A refused move, and one whose answer was lost, are told. */
	answer_link(&inside, 0, 9, "net1", NULL);
	verdict(&host, 0, -ENODEV);
	verdict(&inside, 1, -ENOBUFS);
	ok(restore(&err) < 0 && strstr(err.msg, "eth5"), "the move fails: %s", err.msg);
	script_forget(&inside);
	script_forget(&host);

	/* In the host under another name: down, renamed, never moved. */
	for (int i = 0; i < 4; i++)
		verdict(&inside, i, -ENODEV);
	answer_link(&host, 0, 9, "dev7", NULL);
	verdict(&host, 1, -ENODEV);
	verdict(&host, 2, 0);
	verdict(&host, 3, 0);
	answer_link(&host, 4, 9, "eth5", NULL);
	answer_link(&host, 5, 9, "eth5", NULL);
	ok(restore(&err) == 1, "home from where the kernel put it: %s", err.msg);
	script_forget(&inside);
	script_forget(&host);

	/* Another link with the pod's name, and one with the old index. */
	verdict(&inside, 0, -ENODEV);
	answer_link(&inside, 1, 7, "net1", "fabric-cni 00000000000000bb eth6");
	verdict(&inside, 2, -ENODEV);
	answer_link(&inside, 3, 9, "x", "somebody's");
	for (int i = 0; i < 4; i++)
		verdict(&host, i, -ENODEV);
	ok(!restore(&err), "what only has its name or its index is not it: %s", err.msg);
	script_forget(&inside);
	script_forget(&host);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A driver that says yes shows the address later, if ever. */
static void test_set_mac(void)
{
	const struct hwaddr mac = { .length = 6, .bytes = { 2, 0, 0, 0, 0, 6 } };
	const struct pci vf = { .id = "0000:3b:00.2" };
	struct cni_error err = { 0 };
	double start = seconds();
	struct script driver;
	struct world world;

	script_open(&driver);
	world = (struct world){ .host = driver.nl };
	for (int i = 0; i < 3; i++) {
		answer_link(&driver, 2 * i, 9, "eth5", NULL);
		verdict(&driver, 2 * i + 1, i < 2 ? 0 : -EPERM);
	}
	ok(hardware_set_mac(&world, &vf, "", 9, &mac, &err) < 0 &&
			strstr(err.msg, "its driver refuses"),
		"a MAC: %s", err.msg);
	ok(script_forget(&driver) == 6, "is set again");
	ok(seconds() - start > 0.015, "after a while");
	script_close(&driver);
}

int main(void)
{
	char command[PATH_MAX];

	if (!mkdtemp(top))
		abort();
	test_sysfs();
	test_texts();
	test_state();
	test_claim();
	script_open(&host);
	script_open(&inside);
	test_restore();
	test_set_mac();
	script_close(&host);
	script_close(&inside);
	snprintf(command, sizeof(command), "rm -r %s", top);
	ok(!system(command), "cleaned up");
	return tap_done();
}
