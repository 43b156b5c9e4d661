/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/ip.h"
#include "cni/tap.h"

/* want: what Go's net package prints; NULL: refused. */
static void test_addresses(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "10.1.0.5", "10.1.0.5" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "fd00:1::2", "fd00:1::2" },
		{ "FD00:0001:0:0::2", "fd00:1::2" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "::1.2.3.4", "::102:304" },
		{ "::ffff:10.0.0.1", "10.0.0.1" },
		{ "010.1.0.5", NULL },
		{ "10.1.0", NULL },
		{ "10.1.0.256", NULL },
		{ "10.1.0.5/16", NULL },
		{ "fe80::1%eth0", NULL },
		{ " 10.1.0.5", NULL },
		{ "", NULL },
		{ ":::", NULL },
	};
	char text[IP_TEXT];
	struct ip ip;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = ip_parse(cases[i].text, &ip);

		is(rc ? NULL : ip_print(&ip, text), cases[i].want, "address \"%s\"", cases[i].text);
	}
}

static void test_cidrs(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "10.1.0.5/16", "10.1.0.5/16" },
		{ "10.1.0.5/0", "10.1.0.5/0" },
		{ "10.1.0.5/32", "10.1.0.5/32" },
		{ "fd00::5/64", "fd00::5/64" },
		{ "fd00::5/128", "fd00::5/128" },
		{ "10.1.0.5", NULL },
		{ "10.1.0.5/", NULL },
		{ "10.1.0.5/33", NULL },
		{ "10.1.0.5/016", NULL },
		{ "10.1.0.5/-1", NULL },
		{ "10.1.0.5/16 ", NULL },
		{ "fd00::5/129", NULL },
		{ "fd00::5/99999999999", NULL },
		{ "::ffff:10.0.0.1/120", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567890/1", NULL },
	};
	char text[IP_TEXT];
	struct ip ip;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = ip_parse_cidr(cases[i].text, &ip);

		is(rc ? NULL : ip_print_cidr(&ip, text), cases[i].want, "CIDR \"%s\"", cases[i].text);
	}
}

static void test_networks(void)
{
	static const struct {
		const char *network, *address;
		bool contains;
	} cases[] = {
		{ "10.1.0.0/16", "10.1.255.255", true },
		{ "10.1.0.0/16", "10.2.0.0", false },
		{ "10.1.0.1/31", "10.1.0.0", true },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::1", false },
		{ "fd00::/9", "fd7f::1", true },
		{ "fd00::/9", "fd80::1", false },
		{ "fd00::1/128", "fd00::1", true },
	};
	char text[IP_TEXT];
	struct ip network, address;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ip_parse_cidr(cases[i].network, &network);
		ip_parse(cases[i].address, &address);
		ok(ip_contains(&network, &address) == cases[i].contains, "%s %s %s", cases[i].network,
			cases[i].contains ? "contains" : "does not contain", cases[i].address);
	}
	ip_parse_cidr("10.1.2.3/20", &network);
	ip_mask(&network);
	is(ip_print_cidr(&network, text), "10.1.0.0/20", "the host bits are cleared");
}

static void test_hwaddrs(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "02:00:00:00:00:01", "02:00:00:00:00:01" },
		{ "0A-0b-0C-00-00-01", "0a:0b:0c:00:00:01" },
		{ "0a0b.0c0d.0e0f", "0a:0b:0c:0d:0e:0f" },
		{ "00:11:22:33:44:55:66:77", "00:11:22:33:44:55:66:77" },
		{ "00:00:10:87:fe:80:00:00:00:00:00:00:00:11:22:33:44:55:66:77",
			"00:00:10:87:fe:80:00:00:00:00:00:00:00:11:22:33:44:55:66:77" },
		{ "02:00:00:00:00", NULL },
		{ "02:00:00:00:00:01:", NULL },
		{ "02:00:00:00:00:1", NULL },
		{ "02:00-00:00:00:01", NULL },
		{ "020000000001", NULL },
		{ "0a0b.0c0d", NULL },
		{ "02.00.00.00.00.01", NULL },
		{ "0g:00:00:00:00:01", NULL },
		{ "02", NULL },
		{ "", NULL },
		{ "00:00:10:87:fe:80:00:00:00:00:00:00:00:11:22:33:44:55:66:77:88", NULL },
	};
	char text[HWADDR_TEXT];
	struct hwaddr address;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = hwaddr_parse(cases[i].text, &address);

		is(rc ? NULL : hwaddr_print(&address, text), cases[i].want, "MAC \"%s\"", cases[i].text);
	}
}

int main(void)
{
	test_addresses();
	test_cidrs();
	test_networks();
	test_hwaddrs();
	return tap_done();
}
