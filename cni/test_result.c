/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "cni/result.h"
#include "cni/tap.h"

/* One result with everything, as 1.1.0 has it. */
static const char whole[] =
	"{\"cniVersion\":\"1.1.0\","
	"\"interfaces\":[{\"name\":\"net1\",\"mac\":\"02:00:00:00:00:01\",\"mtu\":9000,"
	"\"sandbox\":\"/run/netns/a\",\"socketPath\":\"/s\",\"pciID\":\"0000:3b:00.2\"}],"
	"\"ips\":[{\"interface\":0,\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"},"
	"{\"interface\":0,\"address\":\"fd00::5/64\"}],"
	"\"routes\":[{\"dst\":\"10.2.0.0/16\",\"gw\":\"10.1.0.9\",\"mtu\":1400,\"advmss\":1300,"
	"\"priority\":0,\"table\":100,\"scope\":253},{\"dst\":\"::/0\"}],"
	"\"dns\":{\"nameservers\":[\"10.1.0.2\"],\"domain\":\"x\",\"search\":[\"y\"],\"options\":[\"z\"]}}";

#define DNS "\"dns\":{\"nameservers\":[\"10.1.0.2\"],\"domain\":\"x\",\"search\":[\"y\"],\"options\":[\"z\"]}}"

static const char *const shapes[CNI_VERSIONS] = {
	[CNI_0_1_0] = "{\"cniVersion\":\"0.1.0\",\"ip4\":{\"ip\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\","
		      "\"routes\":[{\"dst\":\"10.2.0.0/16\",\"gw\":\"10.1.0.9\"}]},"
		      "\"ip6\":{\"ip\":\"fd00::5/64\",\"routes\":[{\"dst\":\"::/0\"}]}," DNS,
	[CNI_0_2_0] = "{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\","
		      "\"routes\":[{\"dst\":\"10.2.0.0/16\",\"gw\":\"10.1.0.9\"}]},"
		      "\"ip6\":{\"ip\":\"fd00::5/64\",\"routes\":[{\"dst\":\"::/0\"}]}," DNS,
#define MIDDLE(version)                                                                            \
	"{\"cniVersion\":\"" version "\",\"interfaces\":[{\"name\":\"net1\","                      \
	"\"mac\":\"02:00:00:00:00:01\",\"sandbox\":\"/run/netns/a\"}],"                            \
	"\"ips\":[{\"version\":\"4\",\"interface\":0,\"address\":\"10.1.0.5/16\","                 \
	"\"gateway\":\"10.1.0.1\"},{\"version\":\"6\",\"interface\":0,"                            \
	"\"address\":\"fd00::5/64\"}],\"routes\":[{\"dst\":\"10.2.0.0/16\","                       \
	"\"gw\":\"10.1.0.9\"},{\"dst\":\"::/0\"}]," DNS
	[CNI_0_3_0] = MIDDLE("0.3.0"),
	[CNI_0_3_1] = MIDDLE("0.3.1"),
	[CNI_0_4_0] = MIDDLE("0.4.0"),
	[CNI_1_0_0] = "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"net1\","
		      "\"mac\":\"02:00:00:00:00:01\",\"sandbox\":\"/run/netns/a\"}],"
		      "\"ips\":[{\"interface\":0,\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"},"
		      "{\"interface\":0,\"address\":\"fd00::5/64\"}],"
		      "\"routes\":[{\"dst\":\"10.2.0.0/16\",\"gw\":\"10.1.0.9\"},{\"dst\":\"::/0\"}]," DNS,
	[CNI_1_1_0] = whole,
};

/* Read text and write it for a version; NULL if either fails. The text is malloc'd. */
static char *convert(const char *text, enum cni_version version, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	char *written;

	if (json_parse(&tree, "result", text, strlen(text), err) < 0 ||
		cni_result_read(&result, tree, version, err) < 0 ||
		cni_result_write(&result, version, &w, err) < 0)
		return NULL;
	written = w.text;
	w.text = NULL;
	return written;
}

static void test_shapes(void)
{
	struct cni_error err;

	for (int from = 0; from < CNI_VERSIONS; from++) {
		CLEANUP(freep) char *down = convert(whole, (enum cni_version)from, &err);
		CLEANUP(freep) char *again = convert(shapes[from], (enum cni_version)from, &err);

		is(down, shapes[from], "a whole result for %s", cni_version_name((enum cni_version)from));
		is(again, shapes[from], "  which reads back the same");
	}
}

static void test_small(void)
{
	static const struct {
		const char *text;
		enum cni_version version;
		const char *want;
	} cases[] = {
		{ "{}", CNI_0_2_0, "{\"cniVersion\":\"0.2.0\",\"dns\":{}}" },
		{ "{}", CNI_0_4_0, "{\"cniVersion\":\"0.4.0\",\"dns\":{}}" },
		{ "null", CNI_1_0_0, "{\"cniVersion\":\"1.0.0\"}" },
		{ "{\"interfaces\":null,\"ips\":null,\"routes\":null,\"dns\":null}", CNI_1_1_0,
			"{\"cniVersion\":\"1.1.0\"}" },
		/* without a version it has the configuration's */
		{ "{\"ip4\":{\"ip\":\"10.0.0.1/8\"}}", CNI_0_2_0,
			"{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.0.0.1/8\"},\"dns\":{}}" },
		{ "{\"ip4\":{\"ip\":\"10.0.0.1/8\"}}", CNI_1_0_0, "{\"cniVersion\":\"1.0.0\"}" },
		{ "{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.0.0.1/8\"}}", CNI_1_0_0,
			"{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/8\"}]}" },
		{ "{\"ips\":[{\"address\":\"::1.2.3.4/96\",\"gateway\":\"\"}]}", CNI_1_0_0,
			"{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"::102:304/96\"}]}" },
		/* refused */
		{ "{\"cniVersion\":\"2.0.0\"}", CNI_1_0_0, NULL },
		{ "[]", CNI_1_0_0, NULL },
		{ "{\"ips\":[{\"address\":\"10.0.0.1\"}]}", CNI_1_0_0, NULL },
		{ "{\"ips\":[{}]}", CNI_1_0_0, NULL },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/8\",\"gateway\":\"x\"}]}", CNI_1_0_0, NULL },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/8\",\"interface\":\"0\"}]}", CNI_1_0_0, NULL },
		{ "{\"interfaces\":[{\"mac\":\"x\"}]}", CNI_1_0_0, NULL },
		{ "{\"interfaces\":[{\"name\":\"x\",\"mtu\":-1}]}", CNI_1_0_0, NULL },
		{ "{\"routes\":[{\"gw\":\"10.0.0.1\"}]}", CNI_1_0_0, NULL },
		{ "{\"routes\":[{\"dst\":\"10.0.0.0/8\",\"table\":4294967296}]}", CNI_1_0_0, NULL },
		{ "{\"dns\":{\"search\":\"x\"}}", CNI_1_0_0, NULL },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/8\"},{\"address\":\"10.0.0.2/8\"}]}", CNI_0_3_1,
			"{\"cniVersion\":\"0.3.1\",\"ips\":[{\"version\":\"4\",\"address\":\"10.0.0.1/8\"},"
			"{\"version\":\"4\",\"address\":\"10.0.0.2/8\"}],\"dns\":{}}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_error err = { 0 };
		CLEANUP(freep) char *got = convert(cases[i].text, cases[i].version, &err);

		is(got, cases[i].want, "%s at %s", cases[i].text, cni_version_name(cases[i].version));
		if (!cases[i].want)
			ok(err.code && *err.msg, "  it says why: %s", err.msg);
	}
}

static void test_print(void)
{
	CLEANUP(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct cni_request req = { .version = CNI_0_2_0 };
	struct cni_error err = { 0 };

	ok(cni_result_print(&result, &req, full, &err) < 0 && err.code == CNI_IO_FAILURE,
		"a stdout that is full is an error");
	for (int i = 1; i <= 2; i++)
		ip_parse_cidr(i == 1 ? "10.0.0.1/8" : "10.0.0.2/8", &cni_result_address(&result)->ip);
	ok(cni_result_print(&result, &req, full, &err) < 0 && err.code == CNI_INVALID_CONFIG,
		"two addresses of a family do not fit 0.2.0");
}

static void test_previous(void)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct cni_request req = { .version = CNI_1_0_0 };
	static const char text[] = "{\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.1/8\"}]}}";
	struct cni_error err = { 0 };

	ok(cni_result_previous(&result, &req, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
			strstr(err.msg, "required prevResult missing"), "a missing prevResult is told");
	json_parse(&tree, "test", text, strlen(text), &err);
	req.config = tree;
	ok(!cni_result_previous(&result, &req, &err) && result.n_addresses == 1, "prevResult is read");
}

/* The plugin's own result behind what came before it, in a configuration of 1.1.0. */
static char *pass_on(const char *config, const struct cni_dns *dns, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	struct cni_request req = { .version = CNI_1_1_0 };
	struct cni_address *address = cni_result_address(&result);
	char *written;

	*err = (struct cni_error){ 0 };
	*cni_result_interface(&result) = (struct cni_interface){ .name = "own" };
	ip_parse_cidr("10.0.0.1/8", &address->ip);
	address->interface = 0;
	ip_parse_cidr("10.9.0.0/16", &cni_result_route(&result)->dst);
	result.dns = *dns;
	json_parse(&tree, "test", config, strlen(config), err);
	req.config = tree;
	if (cni_result_pass_on(&result, &req, err) < 0 ||
		cni_result_write(&result, CNI_1_1_0, &w, err) < 0)
		return NULL;
	written = w.text;
	w.text = NULL;
	return written;
}

static void test_pass_on(void)
{
	static const struct {
		const char *name, *config, *want;
	} cases[] = {
		{ "the first of a chain", "{}",
			"{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"own\"}],"
			"\"ips\":[{\"interface\":0,\"address\":\"10.0.0.1/8\"}],"
			"\"routes\":[{\"dst\":\"10.9.0.0/16\"}]}" },
		{ "behind two interfaces",
			"{\"prevResult\":{\"cniVersion\":\"0.4.0\","
			"\"interfaces\":[{\"name\":\"a\"},{\"name\":\"b\",\"sandbox\":\"/s\"}],"
			"\"ips\":[{\"version\":\"4\",\"interface\":1,\"address\":\"10.1.0.1/16\"}],"
			"\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.1.0.9\"}],\"dns\":{\"domain\":\"d\"}}}",
			"{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"a\"},"
			"{\"name\":\"b\",\"sandbox\":\"/s\"},{\"name\":\"own\"}],"
			"\"ips\":[{\"interface\":1,\"address\":\"10.1.0.1/16\"},"
			"{\"interface\":2,\"address\":\"10.0.0.1/8\"}],"
			"\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.1.0.9\"},{\"dst\":\"10.9.0.0/16\"}],"
			"\"dns\":{\"domain\":\"d\"}}" },
		{ "a result of an unknown version", "{\"prevResult\":{\"cniVersion\":\"3.0.0\"}}", NULL },
		{ "a text", "{\"prevResult\":\"x\"}", NULL },
	};
	struct cni_error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(freep) char *got =
			pass_on(cases[i].config, &(struct cni_dns){ 0 }, &err);

		is(got, cases[i].want, "passed on: %s", cases[i].name);
		if (!cases[i].want)
			ok(err.code != 0, "  it says why: %s", err.msg);
	}
	CLEANUP(freep) char *named = pass_on("{\"prevResult\":{\"dns\":{\"domain\":\"theirs\"}}}",
		&(struct cni_dns){ .domain = "ours" }, &err);
	ok(named && strstr(named, "ours") && !strstr(named, "theirs"), "our dns replaces theirs");
}

int main(void)
{
	test_shapes();
	test_small();
	test_print();
	test_previous();
	test_pass_on();
	return tap_done();
}
