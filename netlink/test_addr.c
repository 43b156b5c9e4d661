/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "netlink/addr.h"
#include "netlink/scripted.h"

static struct script script;

static const struct addr v4 = { .index = 7, .family = AF_INET, .prefix = 24,
	.bytes = { 10, 1, 2, 5 }, .flags = IFA_F_NOPREFIXROUTE };
static const struct addr v6 = { .index = 7, .family = AF_INET6, .prefix = 64,
	.bytes = { 0xfd, [15] = 5 }, .flags = IFA_F_NODAD };

static void begin(struct nl_request *req, uint16_t type, const struct addr *addr)
{
	struct ifaddrmsg *msg = nl_begin(req, type, 0, sizeof(*msg));

	msg->ifa_family = addr->family;
	msg->ifa_prefixlen = addr->prefix;
	msg->ifa_index = (uint32_t)addr->index;
}

static size_t size_of(const struct addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static void test_add(void)
{
	static const struct {
		const char *name;
		const struct addr *addr;
		uint8_t prefix;
		const char *broadcast;
	} cases[] = {
		{ "10.1.2.5/24", &v4, 24, "\x0a\x01\x02\xff" },
		{ "10.1.2.5/22", &v4, 22, "\x0a\x01\x03\xff" },
		{ "10.1.2.5/30", &v4, 30, "\x0a\x01\x02\x07" },
		{ "10.1.2.5/0", &v4, 0, "\xff\xff\xff\xff" },
		{ "10.1.2.5/31", &v4, 31, NULL },
		{ "10.1.2.5/32", &v4, 32, NULL },
		{ "fd00::5/64", &v6, 64, NULL },
		{ "fd00::5/16", &v6, 16, NULL },
		{ "fd00::5/128", &v6, 128, NULL },
	};
	struct nl_request want;
	struct addr addr;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		addr = *cases[i].addr;
		addr.prefix = cases[i].prefix;
		begin(&want, RTM_NEWADDR, &addr);
		nl_put(&want, IFA_LOCAL, addr.bytes, size_of(&addr));
		nl_put(&want, IFA_ADDRESS, addr.bytes, size_of(&addr));
		if (cases[i].broadcast)
			nl_put(&want, IFA_BROADCAST, cases[i].broadcast, 4);
		nl_put_u32(&want, IFA_FLAGS, addr.flags);
		script_verdict(&script, NLMSG_ERROR, 0, NULL);
		is_code(addr_add(&script.nl, &addr), 0, cases[i].name);
		script_compare(&script, &want, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
			cases[i].name);
	}
	script_verdict(&script, NLMSG_ERROR, -EEXIST, "already assigned");
	is_code(addr_add(&script.nl, &v4), -EEXIST, "an address that is there");
	is(script.nl.extack, "already assigned", "the kernel's words");
	script_asked(&script);
}

static void test_invalid(void)
{
	static const struct {
		const char *name;
		struct addr addr;
	} cases[] = {
		{ "no family", { .index = 7 } },
		{ "another family", { .index = 7, .family = AF_UNIX } },
		{ "an IPv4 prefix of 33", { .index = 7, .family = AF_INET, .prefix = 33 } },
		{ "an IPv6 prefix of 129", { .index = 7, .family = AF_INET6, .prefix = 129 } },
		{ "no link", { .family = AF_INET, .prefix = 24 } },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_code(addr_add(&script.nl, &cases[i].addr), -EINVAL, cases[i].name);
		is_code(addr_has(&script.nl, &cases[i].addr), -EINVAL, cases[i].name);
		script_silent(&script, cases[i].name);
	}
}

static void answer(const struct addr *addr, int flags)
{
	struct nl_request req;

	begin(&req, RTM_NEWADDR, addr);
	nl_put(&req, IFA_ADDRESS, addr->bytes, size_of(addr));
	if (addr->family == AF_INET)
		nl_put(&req, IFA_LOCAL, addr->bytes, size_of(addr));
	script_answer(&script, &req, (uint16_t)(NLM_F_MULTI | flags));
}

static void done(int verdict)
{
	script_verdict(&script, NLMSG_DONE, verdict, NULL);
}

static void test_has(void)
{
	static const struct {
		const char *name;
		const struct addr *asked;
		struct addr there;
		int want;
	} cases[] = {
		{ "IPv4", &v4, { .index = 7, .family = AF_INET, .prefix = 24,
			.bytes = { 10, 1, 2, 5 } }, 1 },
		{ "IPv6", &v6, { .index = 7, .family = AF_INET6, .prefix = 64,
			.bytes = { 0xfd, [15] = 5 } }, 1 },
		{ "another address", &v4, { .index = 7, .family = AF_INET, .prefix = 24,
			.bytes = { 10, 1, 2, 6 } }, 0 },
		{ "another prefix", &v4, { .index = 7, .family = AF_INET, .prefix = 25,
			.bytes = { 10, 1, 2, 5 } }, 0 },
		{ "another link", &v4, { .index = 8, .family = AF_INET, .prefix = 24,
			.bytes = { 10, 1, 2, 5 } }, 0 },
		{ "another family", &v6, { .index = 7, .family = AF_INET, .prefix = 64,
			.bytes = { 0xfd } }, 0 },
	};
	struct nl_request want;
	struct ifaddrmsg *msg;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer(&cases[i].there, 0);
		done(0);
		is_code(addr_has(&script.nl, cases[i].asked), cases[i].want, cases[i].name);
		msg = nl_begin(&want, RTM_GETADDR, 0, sizeof(*msg));
		msg->ifa_family = cases[i].asked->family;
		msg->ifa_index = 7;
		script_compare(&script, &want, NLM_F_DUMP, cases[i].name);
	}
	done(0);
	is_code(addr_has(&script.nl, &v4), 0, "no address at all");
	answer(&v4, 0);
	answer(&cases[2].there, 0);
	done(0);
	is_code(addr_has(&script.nl, &v4), 1, "the first of two");
	answer(&v4, NLM_F_DUMP_INTR);
	done(0);
	script.ahead = 1;
	done(0);
	script.ahead = 0;
	is_code(addr_has(&script.nl, &v4), 0, "gone after an interruption");
	answer(&v4, 0);
	done(-EIO);
	is_code(addr_has(&script.nl, &v4), -EIO, "a dump that fails");
	script_forget(&script);
}

/* On a point-to-point link IFA_ADDRESS is the other end's. */
static void test_peer(void)
{
	struct nl_request req;

	begin(&req, RTM_NEWADDR, &v4);
	nl_put(&req, IFA_LOCAL, "\x0a\x01\x02\x05", 4);
	nl_put(&req, IFA_ADDRESS, "\x0a\x01\x02\x06", 4);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(addr_has(&script.nl, &v4), 1, "the local address of a pair");

	begin(&req, RTM_NEWADDR, &v4);
	nl_put(&req, IFA_LOCAL, "\x0a\x01\x02\x06", 4);
	nl_put(&req, IFA_ADDRESS, "\x0a\x01\x02\x05", 4);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(addr_has(&script.nl, &v4), 0, "the peer's address is not ours");
	script_forget(&script);
}

static void test_malformed(void)
{
	static const struct {
		const char *name;
		uint16_t type, header;
		uint16_t size; /* of the address */
	} cases[] = {
		{ "an address of three octets", RTM_NEWADDR, sizeof(struct ifaddrmsg), 3 },
		{ "an address of sixteen", RTM_NEWADDR, sizeof(struct ifaddrmsg), 16 },
		{ "another type", RTM_NEWROUTE, sizeof(struct ifaddrmsg), 4 },
		{ "cut off", RTM_NEWADDR, 4, 0 },
		{ "no address", RTM_NEWADDR, sizeof(struct ifaddrmsg), 0 },
	};
	struct nl_request req;
	struct ifaddrmsg *msg;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		msg = nl_begin(&req, cases[i].type, 0, cases[i].header);
		msg->ifa_family = AF_INET;
		if (cases[i].header == sizeof(*msg))
			msg->ifa_index = 7;
		if (cases[i].size)
			nl_put(&req, IFA_LOCAL, v6.bytes, cases[i].size);
		script_answer(&script, &req, NLM_F_MULTI);
		done(0);
		is_code(addr_has(&script.nl, &v4), -EBADMSG, cases[i].name);
	}
	script_forget(&script);
}

int main(void)
{
	script_open(&script);
	test_add();
	test_invalid();
	test_has();
	test_peer();
	test_malformed();
	script_close(&script);
	return tap_done();
}
