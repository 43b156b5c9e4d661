/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_config.h"

static void test_requests(void)
{
	static const struct {
		const char *beside, *ip, *want;
	} cases[] = {
		{ "", NULL, "" },
		{ "", "", "" },
		{ "", "10.1.0.5", "10.1.0.5" },
		{ "", "10.1.0.5/16,fd00::5", "10.1.0.5 fd00::5" },
		{ ", 'args':{'cni':{'ips':['10.1.0.6','fd00::6/64']}}", "10.1.0.5",
			"10.1.0.6 fd00::6" },
		{ ", 'args':{'cni':{'ips':['10.1.0.6']}}, 'runtimeConfig':{'ips':['10.1.0.7']}",
			"10.1.0.5", "10.1.0.7" },
		{ ", 'ARGS':{'CNI':{'IPs':['10.1.0.6']}}, 'RuntimeConfig':{'IPs':[]}", NULL,
			"10.1.0.6" },
		{ ", 'args':{'cni':{'ips':null}}, 'runtimeConfig':{'ips':null}", "10.1.0.5",
			"10.1.0.5" },
		{ ", 'args':{'cni':null}, 'runtimeConfig':null", NULL, "" },

		{ "", "10.1.0", "CNI_ARGS: IP: \"10.1.0\" is no IP address" },
		{ "", "10.1.0.5,,10.1.0.6", "CNI_ARGS: IP: \"\" is no IP address" },
		{ "", "10.1.0.5,10.1.0.5", "CNI_ARGS: IP: 10.1.0.5 is requested twice" },
		{ "", "00000000000000000000000000000000000000000000000000",
			"CNI_ARGS: IP: \"00000000000000000000000000000000000000000000000000\" is "
			"no IP address" },
		{ "", "::1,::2,::3,::4,::5,::6,::7,::8,::9,::a,::b,::c,::d,::e,::f,::10,::11",
			"CNI_ARGS: IP: more than 16 addresses are requested" },
		{ ", 'args':{'cni':{'ips':'10.1.0.6'}}", NULL,
			"args.cni.ips must be an array, not a string" },
		{ ", 'args':{'cni':7}", NULL, "args.cni must be an object, not a number" },
		{ ", 'args':[]", NULL, "args must be an object, not an array" },
		{ ", 'runtimeConfig':{'ips':[6]}", NULL,
			"runtimeConfig.ips: an address is a string, not a number" },
		{ ", 'runtimeConfig':{'ips':['pod']}", NULL,
			"runtimeConfig.ips: \"pod\" is no IP address" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool_config config = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char got[1024] = "", text[IP_TEXT];
		int rc;

		prepare(&req, "{" SUBNET "}", cases[i].beside, cases[i].ip);
		rc = config_read(&req, &config, &err);
		for (size_t k = 0; !rc && k < config.n_requested; k++)
			append(got, "%s%s", k ? " " : "", ip_print(&config.requested[k], text));
		is(rc < 0 ? err.msg : got, cases[i].want, "requests %s, IP=%s", cases[i].beside,
			cases[i].ip ? cases[i].ip : "");
		config_done(&config);
		json_free(req.config);
	}
}

/* The result as 1.0.0 prints it in one line, with the addresses and gateways given. */
static const char *result_text(const struct cni_request *req, const char *const addresses[],
	struct json_writer *w, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(config_done) struct pool_config config;

	if (config_read(req, &config, err) < 0 || config_result(&config, &result, err) < 0)
		return err->msg;
	for (size_t i = 0; addresses[i]; i += 2) {
		struct cni_address *address = cni_result_address(&result);

		ip_parse_cidr(addresses[i], &address->ip);
		ip_parse(addresses[i + 1], &address->gateway);
	}
	if (config_default_routes(&config, &result, err) < 0 ||
		cni_result_write(&result, CNI_1_0_0, w, err) < 0)
		return err->msg;
	return w->text;
}

/* '@' stands for the file, ' for ". */
static void fill_in(char out[1024], const char *text, const char *file)
{
	for (; *text; text++) {
		if (*text == '@')
			append(out, "%s", file);
		else
			append(out, "%c", *text == '\'' ? '"' : *text);
	}
}

#define GATEWAY SUBNET ",'gateway':'first'"

static void test_result(const char *file)
{
	static const struct {
		const char *ipam, *addresses[7], *want;
	} cases[] = {
		{ "{" SUBNET "}", { NULL }, "{'cniVersion':'1.0.0'}" },
		{ "{" SUBNET ",'routes':[{'dst':'10.9.0.0/16','gw':'10.1.0.9'},{'dst':'::/0'}]}",
			{ NULL },
			"{'cniVersion':'1.0.0','routes':[{'dst':'10.9.0.0/"
			"16','gw':'10.1.0.9'},{'dst':'::/0'}]}" },
		{ "{" SUBNET ",'dns':{'nameservers':['10.1.0.1'],'domain':'d'}}", { NULL },
			"{'cniVersion':'1.0.0','dns':{'nameservers':['10.1.0.1'],'domain':'d'}}" },
		{ "{" SUBNET ",'resolvConf':'@'}", { NULL },
			"{'cniVersion':'1.0.0','dns':{'nameservers':['10.0.0.1','fd00::1'],"
			"'domain':'second.org',"
			"'search':['a.org','b.org','c.org'],'options':['ndots:5','edns0']}}" },
		{ "{" SUBNET ",'dns':{'nameservers':['10.1.0.1'],'search':[]},'resolvConf':'@'}",
			{ NULL },
			"{'cniVersion':'1.0.0','dns':{'nameservers':['10.1.0.1'],"
			"'domain':'second.org',"
			"'options':['ndots:5','edns0']}}" },
		{ "{" GATEWAY ",'defaultGateway':true}",
			{ "10.1.0.5/24", "10.1.0.1", "10.2.0.5/24", "10.2.0.1", "fd00::5/64",
				"fd00::1" },
			"{'cniVersion':'1.0.0','ips':[{'address':'10.1.0.5/24',"
			"'gateway':'10.1.0.1'},{'address':'10.2.0.5/24','gateway':'10.2.0.1'},"
			"{'address':'fd00::5/64','gateway':'fd00::1'}],'routes':["
			"{'dst':'0.0.0.0/0','gw':'10.1.0.1'},{'dst':'::/0','gw':'fd00::1'}]}" },
		{ "{" GATEWAY
		  ",'defaultGateway':true,'routes':[{'dst':'0.0.0.0/0','gw':'10.1.0.2'}]}",
			{ "10.1.0.5/24", "10.1.0.1", "fd00::5/64", "" },
			"{'cniVersion':'1.0.0','ips':[{'address':'10.1.0.5/24',"
			"'gateway':'10.1.0.1'},{'address':'fd00::5/64'}],'routes':[{'dst':'0.0.0.0/"
			"0','gw':'10.1.0.2'}]}" },
		{ "{" GATEWAY "}", { "10.1.0.5/24", "10.1.0.1" },
			"{'cniVersion':'1.0.0','ips':[{'address':'10.1.0.5/"
			"24','gateway':'10.1.0.1'}]}" },

		{ "{" SUBNET ",'routes':[{'dst':'10.9.0.0/16'},{'gw':'10.1.0.9'}]}", { NULL },
			"ipam.routes[1]: \"dst\" is missing" },
		{ "{" SUBNET ",'routes':[7]}", { NULL },
			"ipam.routes[0]: an object is expected, not a number" },
		{ "{" SUBNET ",'dns':[]}", { NULL },
			"ipam: \"dns\" must be an object, not an array" },
		{ "{" SUBNET ",'dns':{'domain':7}}", { NULL },
			"ipam: \"domain\" must be a string, not a number" },
		{ "{" SUBNET ",'resolvConf':'@.missing'}", { NULL },
			"read ipam.resolvConf @.missing: No such file or directory" },
		{ "{" SUBNET ",'resolvConf':'/'}", { NULL },
			"read ipam.resolvConf /: Is a directory" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_writer_done) struct json_writer w = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char ipam[1024] = "", want[1024] = "";

		fill_in(ipam, cases[i].ipam, file);
		fill_in(want, cases[i].want, file);
		prepare(&req, ipam, "", NULL);
		is(result_text(&req, cases[i].addresses, &w, &err), want, "result of %s", ipam);
		json_free(req.config);
	}
}

int main(void)
{
	static const char resolv_conf[] =
		"# nameserver 1.1.1.1\n; nameserver 2.2.2.2\n\nnameserver 10.0.0.1\r\ndomain "
		"first.org\n\tnameserver  fd00::1 ignored\ndomain second.org\nsearch a.org "
		"b.org\nsearch\tc.org\noptions ndots:5 edns0\nsortlist 10.0.0.0\n";
	char file[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(file);

	ok(fd >= 0 && write(fd, resolv_conf, strlen(resolv_conf)) == (ssize_t)strlen(resolv_conf),
		"make a resolv.conf");
	closep(&fd);
	test_requests();
	test_result(file);
	unlink(file);
	return tap_done();
}
