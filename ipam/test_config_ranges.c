/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_config.h"

static void append_span(char out[1024], struct span span)
{
	struct ip first = ip_from_number(span.first, 0), last = ip_from_number(span.last, 0);
	char text[IP_TEXT];

	append(out, "%s", ip_print(&first, text));
	if (span.first != span.last)
		append(out, "-%s", ip_print(&last, text));
}

/* "10.1.0.1-10.1.0.254/24 via 10.1.0.1 without 10.1.0.1 | ..., ..." */
static const char *describe(const struct range_sets *sets, char out[1024])
{
	char text[IP_TEXT];

	*out = '\0';
	for (size_t i = 0; i < sets->n_sets; i++) {
		for (size_t k = 0; k < sets->sets[i].n_ranges; k++) {
			const struct range *range = &sets->sets[i].ranges[k];

			append(out, "%s", k ? " | " : i ? ", " : "");
			append_span(out, range->usable);
			append(out, "/%u", range->subnet.prefix);
			if (range->gateway.family)
				append(out, " via %s", ip_print(&range->gateway, text));
			for (size_t n = 0; n < range->n_excluded; n++) {
				append(out, " %s ", n ? "and" : "without");
				append_span(out, range->excluded[n]);
			}
		}
	}
	return out;
}

/* ipam and what stands beside it, against the sets that are read, or the error. */
static void test_ranges(void)
{
	static const struct {
		const char *ipam, *beside, *want;
	} cases[] = {
		{ "{'subnet':'10.1.0.0/16'}", "", "10.1.0.1-10.1.255.254/16" },
		{ "{'ranges':[[{'subnet':'10.1.0.0/24'}],[{'subnet':'fd00:1::/64'}]]}", "",
			"10.1.0.1-10.1.0.254/24, fd00:1::1-fd00:1::ffff:ffff:ffff:ffff/64" },
		{ "{'ranges':[[{'subnet':'10.1.0.0/30'},{'subnet':'10.2.0.0/31'}]]}", "",
			"10.1.0.1-10.1.0.2/30 | 10.2.0.0-10.2.0.1/31" },
		{ "{'ranges':[{'subnet':'10.1.0.0/30'},{'subnet':'fd00::/127'}]}", "",
			"10.1.0.1-10.1.0.2/30, fd00::-fd00::1/127" },
		{ "{'RANGES':[{'SubNet':'10.1.0.0/30','RANGESTART':'10.1.0.0'}]}", "",
			"10.1.0.0-10.1.0.2/30" },
		{ "{'subnet':'10.1.0.0/30','ranges':[[{'subnet':'10.2.0.0/32'}]]}",
			", 'runtimeConfig':{'ipRanges':[[{'subnet':'10.3.0.0/30'}]]}",
			"10.3.0.1-10.3.0.2/30, 10.1.0.1-10.1.0.2/30, 10.2.0.0/32" },
		{ "{}", ", 'RuntimeConfig':{'IPRanges':[{'subnet':'10.3.0.0/30'}]}",
			"10.3.0.1-10.3.0.2/30" },
		{ "{'subnet':'10.1.0.0/30'}", ", 'runtimeConfig':{'ipRanges':null}",
			"10.1.0.1-10.1.0.2/30" },
		{ "{'subnet':'10.1.0.0/24','rangeStart':'10.1.0.0','rangeEnd':'10.1.0.255'}", "",
			"10.1.0.0-10.1.0.255/24" },
		{ "{'subnet':'10.1.0.0/24','rangeStart':'10.1.0.9','rangeEnd':'10.1.0.9'}", "",
			"10.1.0.9/24" },
		{ "{'subnet':'10.1.0.0/24','gateway':'first'}", "",
			"10.1.0.1-10.1.0.254/24 via 10.1.0.1 without 10.1.0.1" },
		{ "{'subnet':'fd00::/127','gateway':'first'}", "",
			"fd00::-fd00::1/127 via fd00:: without fd00::" },
		{ "{'subnet':'10.1.0.0/24','gateway':'none'}", "", "10.1.0.1-10.1.0.254/24" },
		{ "{'subnet':'10.1.0.0/24','gateway':''}", "", "10.1.0.1-10.1.0.254/24" },
		{ "{'subnet':'fd00::/64','gateway':'fe80::1'}", "",
			"fd00::1-fd00::ffff:ffff:ffff:ffff/64 via fe80::1" },
		{ "{'subnet':'10.1.0.0/24','rangeStart':'10.1.0.10','gateway':'10.1.0.1'}", "",
			"10.1.0.10-10.1.0.254/24 via 10.1.0.1" },
		{ "{'subnet':'10.1.0.0/16','exclude':['10.1.2.0/"
		  "28','10.1.9.9','10.1.2.16-10.1.2.20']}",
			"", "10.1.0.1-10.1.255.254/16 without 10.1.2.0-10.1.2.20 and 10.1.9.9" },
		{ "{'subnet':'10.1.0.0/30','exclude':['10.1.0.0/30']}", "",
			"10.1.0.1-10.1.0.2/30 without 10.1.0.1-10.1.0.2" },
		{ "{'subnet':'10.1.0.0/30','exclude':null,'gateway':null,'whatever':1}", "",
			"10.1.0.1-10.1.0.2/30" },

		{ "{}", "", "ipam: no addresses to lease: it needs a \"subnet\" or \"ranges\"" },
		{ "{'ranges':[]}", "",
			"ipam: no addresses to lease: it needs a \"subnet\" or \"ranges\"" },
		{ "[]", "", "ipam: an object is expected, not an array" },
		{ "{'ranges':{}}", "", "ipam: \"ranges\" must be an array, not an object" },
		{ "{'ranges':[[]]}", "", "ipam.ranges[0]: the set is empty: it needs a subnet" },
		{ "{'ranges':[{'subnet':'10.1.0.0/24'},7]}", "",
			"ipam.ranges[1]: a range, {\"subnet\": ...}, is expected, not a number" },
		{ "{'ranges':[[null]]}", "",
			"ipam.ranges[0][0]: a range, {\"subnet\": ...}, is expected, not null" },
		{ "{'ranges':[[{'rangeStart':'10.1.0.1'}]]}", "",
			"ipam.ranges[0][0]: \"subnet\" is missing" },
		{ "{'gateway':'10.1.0.1'}", "", "ipam: \"subnet\" is missing" },
		{ "{'subnet':'10.1.0.0'}", "",
			"ipam: subnet \"10.1.0.0\" is no network: an address and a prefix length "
			"are expected, "
			"as in 10.1.0.0/16" },
		{ "{'subnet':7}", "", "ipam: \"subnet\" must be a string, not a number" },
		{ "{'subnet':'10.1.0.5/16'}", "",
			"ipam: subnet 10.1.0.5/16 has host bits set: the network address is "
			"10.1.0.0/16" },
		{ "{'subnet':'::/64'}", "",
			"ipam: subnet ::/64 has the IPv4-mapped addresses ::ffff:0:0/96 in it" },
		{ "{'ranges':[[{'subnet':'10.3.0.0/16'},{'subnet':'10.1.0.0/"
		  "16','rangeStart':'10.2.0.1'}]]}",
			"", "ipam.ranges[0][1]: rangeStart 10.2.0.1 is not in subnet 10.1.0.0/16" },
		{ "{'subnet':'10.1.0.0/16','rangeEnd':'fd00::1'}", "",
			"ipam: rangeEnd fd00::1 is not in subnet 10.1.0.0/16" },
		{ "{'subnet':'10.1.0.0/16','rangeEnd':'10.1.0'}", "",
			"ipam: rangeEnd \"10.1.0\" is no IP address" },
		{ "{'subnet':'10.1.0.0/16','rangeStart':'10.1.0.9','rangeEnd':'10.1.0.8'}", "",
			"ipam: rangeStart 10.1.0.9 is after rangeEnd 10.1.0.8" },
		{ "{'subnet':'10.1.0.0/16','gateway':'last'}", "",
			"ipam: gateway \"last\" is no IP address, nor \"first\" or \"none\"" },
		{ "{'subnet':'10.1.0.0/16','gateway':'fd00::1'}", "",
			"ipam: gateway fd00::1 is not of the family of subnet 10.1.0.0/16" },
		{ "{'subnet':'10.1.0.0/16','exclude':['10.1.0.9','10.2.0.0/24']}", "",
			"ipam: exclude 10.2.0.0/24 is not in subnet 10.1.0.0/16" },
		{ "{'subnet':'10.1.0.0/16','exclude':['10.1.255.0-10.2.0.5']}", "",
			"ipam: exclude 10.1.255.0-10.2.0.5 is not in subnet 10.1.0.0/16" },
		{ "{'subnet':'10.1.0.0/16','exclude':['10.1.0.9-10.1.0.8']}", "",
			"ipam: exclude \"10.1.0.9-10.1.0.8\" is neither a network (10.1.2.0/28) "
			"nor an address "
			"nor two of them, the lower first (10.1.3.1-10.1.3.20)" },
		{ "{'subnet':'10.1.0.0/16','exclude':[7]}", "",
			"ipam: exclude a number is neither a network (10.1.2.0/28) nor an address "
			"nor two of "
			"them, the lower first (10.1.3.1-10.1.3.20)" },
		{ "{'subnet':'10.1.0.0/16','exclude':'10.1.0.9'}", "",
			"ipam: \"exclude\" must be an array, not a string" },
		{ "{'ranges':[[{'subnet':'10.1.0.0/16'}],[{'subnet':'10.1.7.0/24'}]]}", "",
			"ipam.ranges[1][0] overlaps ipam.ranges[0][0]: both have 10.1.7.1" },
		{ "{'subnet':'10.1.0.0/16'}",
			", 'runtimeConfig':{'ipRanges':[[{'subnet':'10.1.0.0/24'}]]}",
			"ipam overlaps runtimeConfig.ipRanges[0][0]: both have 10.1.0.1" },
		{ "{'subnet':'10.1.0.0/16'}", ", 'runtimeConfig':{'ipRanges':'10.1.0.0/16'}",
			"runtimeConfig.ipRanges must be an array, not a string" },
		{ "{'subnet':'10.1.0.0/16'}", ", 'runtimeConfig':5",
			"runtimeConfig must be an object, not a number" },
		{ "{'ranges':[[{'subnet':'10.1.0.0/16'},{'subnet':'fd00::/64'}]]}", "",
			"ipam.ranges[0][0] and ipam.ranges[0][1] are of different families: a set "
			"is the "
			"alternatives for one address; give each family a set of its own" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool_config config = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char got[1024];
		int rc;

		if (!prepare(&req, cases[i].ipam, cases[i].beside, NULL))
			continue;
		rc = config_read(&req, &config, &err);
		is(rc < 0 ? err.msg : describe(&config.sets, got), cases[i].want, "%s",
			cases[i].ipam);
		ok(err.code == (rc < 0 ? CNI_INVALID_CONFIG : 0), "the code");
		config_done(&config);
		json_free(req.config);
	}
}

/* More than there may be. */
static void test_limits(void)
{
	static const struct {
		int sets, ranges;
		const char *want;
	} cases[] = {
		{ RANGE_SETS_MAX, 1, NULL },
		{ RANGE_SETS_MAX + 1, 1,
			"ipam.ranges[16]: too many sets: an attachment has 16 addresses at the "
			"most" },
		{ 1, RANGES_MAX, NULL },
		{ 1, RANGES_MAX + 1,
			"ipam.ranges[0]: 257 ranges are too many: a set has 256 at the most" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool_config config = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char text[16384] = "{'ranges':[";

		for (int s = 0; s < cases[i].sets; s++) {
			strcat(text, s ? ",[" : "[");
			for (int r = 0; r < cases[i].ranges; r++)
				sprintf(text + strlen(text), "%s{'subnet':'10.%d.%d.0/24'}",
					r ? "," : "", s * 2 + r / 256, r % 256);
			strcat(text, "]");
		}
		strcat(text, "]}");
		if (!prepare(&req, text, "", NULL))
			continue;
		is(config_read(&req, &config, &err) < 0 ? err.msg : NULL, cases[i].want,
			"%d sets of %d ranges", cases[i].sets, cases[i].ranges);
		config_done(&config);
		json_free(req.config);
	}
}

int main(void)
{
	test_ranges();
	test_limits();
	return tap_done();
}
