/* SPDX-License-Identifier: Apache-2.0 */
/* What the lab's kernels do not do: old kernels, lost parents, busy locks, other devices. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/stat.h>

#include "cni/iface.h"
#include "ipoib/create.h"
#include "ipoib/ipoib.h"
#include "ipoib/partition.h"
#include "netlink/scripted.h"

static struct script outer, inside;

static const struct cni_request request = {
	.container_id = "c1",
	.name = "ibnet",
	.ifname = "net1",
	.netns_path = "/run/netns/c1",
	.netns = 99,
};

/* A link as the kernel tells it: an IPoIB interface unless its type is another. */
struct told {
	int index, parent;
	const char *name;
	uint16_t type, mode;
	bool down;
	uint32_t mtu;
};

static const struct told ib0 = { .index = 2, .name = "ib0" };

static void answer_link(struct script *script, int ahead, struct told told)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));
	struct nlattr *kind, *data;

	info->ifi_index = told.index;
	info->ifi_type = told.type ? told.type : ARPHRD_INFINIBAND;
	info->ifi_flags = told.down ? 0 : IFF_UP;
	nl_put_string(&answer, IFLA_IFNAME, told.name);
	nl_put_u32(&answer, IFLA_MTU, told.mtu ? told.mtu : 2044);
	if (told.parent)
		nl_put_u32(&answer, IFLA_LINK, (uint32_t)told.parent);
	if (!told.type) {
		kind = nl_nest(&answer, IFLA_LINKINFO);
		nl_put_string(&answer, IFLA_INFO_KIND, KIND_IPOIB);
		data = nl_nest(&answer, IFLA_INFO_DATA);
		nl_put_u16(&answer, IFLA_IPOIB_PKEY, 0xffff);
		nl_put_u16(&answer, IFLA_IPOIB_MODE, told.mode);
		nl_nest_end(&answer, data);
		nl_nest_end(&answer, kind);
	}
	script->ahead = ahead;
	script_answer(script, &answer, 0);
}

static void verdict(struct script *script, int ahead, int code)
{
	script->ahead = ahead;
	script_verdict(script, NLMSG_ERROR, code, NULL);
}

static void forget(void)
{
	script_forget(&outer);
	script_forget(&inside);
}

/* ---- The configuration ---- */

static int read_conf(const char *text, struct ipoib_conf *conf, struct cni_error *err)
{
	static struct cni_request req;

	/* What the last one bound is of no interest any more. */
	json_free(req.config);
	req.config = NULL;
	*err = (struct cni_error){ 0 };
	if (json_parse(&req.config, "test", text, strlen(text), err) < 0)
		abort();
	return ipoib_conf(&req, conf, err);
}

static void test_conf(void)
{
	static const struct {
		const char *text;
		uint16_t pkey;
		int mode;
		int64_t mtu;
		bool umcast;
	} cases[] = {
		{ "{\"master\":\"ib0\"}", 0, -1, 0, true },
		{ "{\"master\":\"ib0\",\"pkey\":1,\"mode\":\"\",\"umcast\":false}", 1, -1, 0,
			false },
		{ "{\"master\":\"ib0\",\"pkey\":\"0x8001\",\"mode\":\"datagram\"}", 0x8001, 0, 0,
			true },
		{ "{\"master\":\"ib0\",\"pkey\":\"32769\",\"mode\":\"connected\"}", 0x8001, 1, 0,
			true },
		{ "{\"master\":\"ib0\",\"pkey\":65535,\"mtu\":65520}", 0xffff, -1, 65520, true },
		{ "{\"master\":\"ib0\",\"pkey\":\"\",\"mtu\":68}", 0, -1, 68, true },
		{ "{\"master\":\"ib0\",\"pkey\":null,\"umcast\":null}", 0, -1, 0, true },
	};
	struct ipoib_conf conf;
	struct cni_error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(!read_conf(cases[i].text, &conf, &err) && conf.pkey == cases[i].pkey &&
				conf.mode == cases[i].mode && conf.mtu == cases[i].mtu &&
				conf.umcast == cases[i].umcast,
			"%s %s", cases[i].text, err.msg);
}

static void test_bad_conf(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{}", "there is no \"master\"" },
		{ "{\"master\":\"\"}", "there is no \"master\"" },
		{ "{\"master\":\"ib0\",\"pkey\":0}", "pkey 0x0000 is no partition" },
		{ "{\"master\":\"ib0\",\"pkey\":\"0x8000\"}", "pkey 0x8000 is no partition" },
		{ "{\"master\":\"ib0\",\"pkey\":65536}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":-1}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":1.5}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":true}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":\"0x\"}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":\" 1\"}", "must be a partition key" },
		{ "{\"master\":\"ib0\",\"pkey\":\"99999999999999999999\"}", "must be a partition" },
		{ "{\"master\":\"ib0\",\"mtu\":67}", "mtu 67 is too small" },
		{ "{\"master\":\"ib0\",\"mtu\":65521}", "from 0 to 65520" },
		{ "{\"master\":\"ib0\",\"mode\":\"rc\"}", "unknown IPoIB mode \"rc\"" },
		{ "{\"master\":\"ib0\",\"umcast\":1}", "\"umcast\" must be" },
		{ "{\"master\":\"ib0\",\"ipam\":{\"type\":\"dhcp\"}}", "dhcp is not possible" },
	};
	struct ipoib_conf conf;
	struct cni_error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(read_conf(cases[i].text, &conf, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
				strstr(err.msg, cases[i].message),
			"%s: %s", cases[i].text, err.msg);
}

static void test_master(void)
{
	static const struct {
		struct ipoib_conf conf;
		struct told told;
		int code;
		const char *message;
	} cases[] = {
		{ { .mode = -1 }, { .index = 2, .name = "ib0" } },
		{ { .mode = -1, .mtu = 2044 }, { .index = 2, .name = "ib0" } },
		{ { .mode = IPOIB_MODE_CONNECTED, .mtu = 65520 }, { .index = 2, .name = "ib0" } },
		{ { .mode = -1, .mtu = 2045 }, { .index = 2, .name = "ib0" }, CNI_INVALID_CONFIG,
			"mtu 2045 is above that of master ib0: up to 2044" },
		{ { .mode = -1 }, { .index = 2, .name = "eth0", .type = ARPHRD_ETHER },
			CNI_INVALID_CONFIG,
			"eth0 is an Ethernet interface, which has no IPoIB "
			"children: use macvlan" },
		{ { .mode = -1 }, { .index = 1, .name = "lo", .type = ARPHRD_LOOPBACK },
			CNI_INVALID_CONFIG, "lo is not an IPoIB interface" },
		{ { .mode = -1 }, { .index = 7, .name = "ib0.8001", .parent = 2 },
			CNI_INVALID_CONFIG, "ib0.8001 is itself a child" },
		{ { .mode = -1 }, { .index = 2, .name = "ib0", .down = true }, CNI_TRY_LATER,
			"master ib0 is down" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ipoib_conf conf = cases[i].conf;
		struct cni_error err = { 0 };
		struct link master;
		int rc;

		conf.master = cases[i].told.name;
		answer_link(&outer, 0, cases[i].told);
		rc = ipoib_master(&conf, &outer.nl, &master, &err);
		ok(cases[i].code ? rc < 0 && err.code == cases[i].code &&
					   strstr(err.msg, cases[i].message)
				 : !rc && master.index == cases[i].told.index,
			"master %s: %s", conf.master, *err.msg ? err.msg : "fine");
		forget();
	}
}

/* ---- The partition table ---- */

static void put(const char *root, const char *file, const char *text)
{
	char path[256], *slash;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	stream = fopen(path, "w");
	if (!stream)
		abort();
	fprintf(stream, "%s\n", text);
	fclose(stream);
}

static void test_partition(void)
{
	static const char *const files[] = { "mlx5_0/ports/1/gids/0", "mlx5_0/ports/1/pkeys/0",
		"mlx5_1/ports/1/gids/0", "mlx5_1/ports/1/pkeys/0", "mlx5_1/ports/1/pkeys/1" };
	static const char *const texts[] = { "fe80:0000:0000:0000:0200:0000:0000:0101", "0xffff",
		"fec0:0000:0000:0000:0200:0000:0000:0201", "0x7fff", "0x8005" };
	char root[] = "/tmp/partition.XXXXXX", command[64];
	struct link master = { .name = "ib1",
		.address_length = 20,
		.address = {
			0x80, 0, 0, 0x49, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 1 } };
	struct cni_error err = { 0 };

	if (!mkdtemp(root))
		abort();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put(root, files[i], texts[i]);
	ok(!partition_check(root, &master, 0x8005, &err), "a partition of the port");
	ok(!partition_check(root, &master, 0x0005, &err), "as a limited member");
	ok(!partition_check(root, &master, 0xffff, &err), "the default partition");
	ok(partition_check(root, &master, 0x8006, &err) < 0 && err.code == CNI_TRY_LATER &&
			strstr(err.msg, "0x8006 is not in the table of port 1 of mlx5_1"),
		"another one: %s", err.msg);
	master.address[19] = 9;
	ok(!partition_check(root, &master, 0x8006, &err), "a port that is not seen");
	ok(!partition_check("/nonexistent", &master, 0x8006, &err), "no RDMA devices at all");
	snprintf(command, sizeof(command), "rm -r %s", root);
	ok(!system(command), "the files are removed");
}

/* ---- Making it ---- */

static int create(const struct ipoib_conf *more, struct link *link, struct cni_error *err)
{
	CLEANUP(link_guard_end) struct link_guard guard = { 0 };
	struct ipoib_conf conf = *more;
	int rc;

	*err = (struct cni_error){ 0 };
	conf.master = "ib0";
	rc = ipoib_create(&request, &conf, &outer.nl, &inside.nl, &guard, link, err);
	if (!rc)
		guard.nl = NULL;
	return rc;
}

/* The types of all that was asked; the deletions are of this index. */
static const char *asked(struct script *script, int deleted)
{
	static char text[128];
	const struct nlmsghdr *message;

	text[0] = '\0';
	while ((message = script_asked(script))) {
		const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

		strcat(text, message->nlmsg_type == RTM_GETLINK	  ? "get "
			     : message->nlmsg_type == RTM_NEWLINK ? "new "
			     : message->nlmsg_type == RTM_SETLINK ? "set "
			     : info->ifi_index == deleted	  ? "del "
								  : "del-other ");
	}
	return text;
}

static const struct ipoib_conf plain = { .mode = -1, .umcast = true };

static void test_direct(void)
{
	struct cni_error err;
	struct link link;

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "net1", .mtu = 4092 });
	verdict(&inside, 1, 0);
	ok(!create(&plain, &link, &err) && link.index == 5 && link.mtu == 2044,
		"created in the pod, with the master's mtu %s", err.msg);
	is(asked(&outer, 0), "get new ", "two requests on the host");
	is(asked(&inside, 0), "get set ", "and two in the pod");
}

static void test_moved(void)
{
	struct cni_error err;
	struct link link;

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, -EINVAL);
	verdict(&outer, 2, 0);
	answer_link(&outer, 3, (struct told){ .index = 8, .name = "cni0" });
	verdict(&outer, 4, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "cni0" });
	verdict(&inside, 1, 0);
	answer_link(&inside, 2, (struct told){ .index = 5, .name = "net1" });
	verdict(&inside, 3, 0);
	ok(!create(&plain, &link, &err) && link.index == 5,
		"created on the host and moved where the kernel cannot do better %s", err.msg);
	is(asked(&outer, 0), "get new new get set ", "the host: refused, created, moved");
	is(asked(&inside, 0), "get set get set ", "the pod: renamed and marked");

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, -EOPNOTSUPP);
	verdict(&outer, 2, 0);
	answer_link(&outer, 3, (struct told){ .index = 8, .name = "cni0" });
	verdict(&outer, 4, -ENOMEM);
	verdict(&inside, 0, -ENODEV);
	verdict(&outer, 5, 0);
	verdict(&inside, 1, -ENODEV);
	ok(create(&plain, &link, &err) < 0 && err.code == CNI_INTERNAL, "a move that fails: %s",
		err.msg);
	is(asked(&outer, 8), "get new new get set del ", "removes it from the host");
	is(asked(&inside, 0), "get get ", "and looks for it in the pod, under both names");

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, -EINVAL);
	verdict(&outer, 2, 0);
	answer_link(&outer, 3, (struct told){ .index = 8, .name = "cni0" });
	verdict(&outer, 4, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "cni0" });
	verdict(&inside, 1, -ENOMEM);
	answer_link(&inside, 2, (struct told){ .index = 5, .name = "cni0" });
	verdict(&inside, 3, 0);
	verdict(&inside, 4, -ENODEV);
	ok(create(&plain, &link, &err) < 0, "a name that cannot be given: %s", err.msg);
	is(asked(&outer, 8), "get new new get set ",
		"the index on the host may be another's by now");
	is(asked(&inside, 5), "get set get del get ", "it is removed where it is");
}

static void test_refused(void)
{
	static const struct {
		int verdict, code;
		const char *message;
	} cases[] = {
		{ -ENODEV, CNI_TRY_LATER, "master ib0 is gone: it was removed while" },
		{ -ENOTUNIQ, CNI_INTERNAL,
			"has a child in partition 0xffff, and this kernel "
			"allows one only" },
		{ -EPERM, CNI_INTERNAL, "create a child of ib0 in partition 0xffff: " },
	};
	struct cni_error err;
	struct link link;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		answer_link(&outer, 0, ib0);
		verdict(&outer, 1, cases[i].verdict);
		verdict(&inside, 0, -ENODEV);
		ok(create(&plain, &link, &err) < 0 && err.code == cases[i].code &&
				strstr(err.msg, cases[i].message),
			"%s", err.msg);
		is(asked(&outer, 0), "get new ", "no other way is tried");
		is(asked(&inside, 0), "get ", "the guard finds nothing");
	}

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, -EEXIST);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "net1" });
	ok(create(&plain, &link, &err) < 0 && strstr(err.msg, "net1 already exists in"), "%s",
		err.msg);
	forget();
}

static void test_mode(void)
{
	const struct ipoib_conf connected = { .mode = IPOIB_MODE_CONNECTED };
	struct cni_error err;
	struct link link;

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "net1", .mtu = 4092 });
	verdict(&inside, 1, -EBUSY);
	verdict(&inside, 2, 0);
	answer_link(
		&inside, 3, (struct told){ .index = 5, .name = "net1", .mtu = 65520, .mode = 1 });
	verdict(&inside, 4, 0);
	ok(!create(&connected, &link, &err) && link.mtu == 65520,
		"a mode that is changed while the lock is busy, with its own mtu %s", err.msg);
	is(asked(&outer, 0), "get new ", "mode: the host");
	is(asked(&inside, 0), "get new new get set ", "it is asked for again");

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "net1" });
	verdict(&inside, 1, -EINVAL);
	verdict(&inside, 2, 0);
	ok(create(&connected, &link, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
			strstr(err.msg, "mode connected is not supported by the device of master "
					"ib0: leave \"mode\" out, or use datagram"),
		"%s", err.msg);
	is(asked(&inside, 5), "get new del ", "the link is removed");
	forget();

	answer_link(&outer, 0, ib0);
	verdict(&outer, 1, 0);
	answer_link(&inside, 0, (struct told){ .index = 5, .name = "net1" });
	for (int i = 1; i <= 20; i++)
		verdict(&inside, i, -EBUSY);
	verdict(&inside, 21, 0);
	ok(create(&connected, &link, &err) < 0 && strstr(err.msg, "set net1 to connected mode"),
		"a lock that stays busy: %s", err.msg);
	forget();
}

int main(void)
{
	script_open(&outer);
	script_open(&inside);
	test_conf();
	test_bad_conf();
	test_master();
	test_partition();
	test_direct();
	test_moved();
	test_refused();
	test_mode();
	script_close(&outer);
	script_close(&inside);
	return tap_done();
}
