/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_config.h"

/* "pool dataDir lockTimeout reuseDelay [durable] [lowest] [pod]" */
static const char *settings(const struct pool_config *config, char out[1024])
{
	const struct store_options *store = &config->store;

	*out = '\0';
	append(out, "%s %s %jd %jd%s%s%s", store->pool, store->directory,
		(intmax_t)store->lock_timeout_ms, (intmax_t)store->reuse_delay_ms,
		store->durable ? " durable" : "", config->order == ALLOC_LOWEST ? " lowest" : "",
		config->sticky_pod ? " pod" : "");
	return out;
}

static const struct {
	const char *ipam, *want;
} setting_cases[] = {
	{ "{" SUBNET "}", "rail0 /var/lib/cni/fabric-cni 10000 0" },
	{ "{" SUBNET
	  ",'pool':'','dataDir':'','allocation':'','sticky':'','durability':'','scope':''}",
		"rail0 /var/lib/cni/fabric-cni 10000 0" },
	{ "{" SUBNET ",'pool':'p.1','dataDir':'/d','lockTimeout':3,'reuseDelay':'60s',"
	  "'durability':'full','allocation':'lowest','sticky':'pod','scope':'node'}",
		"p.1 /d 3000 60000 durable lowest pod" },
	{ "{" SUBNET ",'allocation':'roundRobin','sticky':'container','durability':'auto'}",
		"rail0 /var/lib/cni/fabric-cni 10000 0" },
	{ "{" SUBNET ",'reuseDelay':'1m30s','lockTimeout':'500ms'}",
		"rail0 /var/lib/cni/fabric-cni 500 90000" },
	{ "{" SUBNET ",'reuseDelay':'1.5h','lockTimeout':0}",
		"rail0 /var/lib/cni/fabric-cni 0 5400000" },
	{ "{" SUBNET ",'reuseDelay':'1us','lockTimeout':0.25}",
		"rail0 /var/lib/cni/fabric-cni 250 1" },
	{ "{" SUBNET ",'cluster':{'engine':'etcd'},'scope':'node'}",
		"rail0 /var/lib/cni/fabric-cni 10000 0" },
	{ "{" SUBNET ",'comment':'unknown keys are ignored','x':1}",
		"rail0 /var/lib/cni/fabric-cni 10000 0" },

	{ "{" SUBNET ",'reuseDelay':'60'}", "ipam: \"reuseDelay\" must be a duration, \"1m30s\" or "
					    "a number of seconds, not 60" },
	{ "{" SUBNET ",'reuseDelay':'1e3s'}", "ipam: \"reuseDelay\" must be a duration, \"1m30s\" "
					      "or a number of seconds, not 1e3s" },
	{ "{" SUBNET ",'reuseDelay':'1.2.3s'}", "ipam: \"reuseDelay\" must be a duration, "
						"\"1m30s\" or a number of seconds, not 1.2.3s" },
	{ "{" SUBNET ",'reuseDelay':'5d'}", "ipam: \"reuseDelay\" must be a duration, \"1m30s\" or "
					    "a number of seconds, not 5d" },
	{ "{" SUBNET ",'reuseDelay':''}",
		"ipam: \"reuseDelay\" must be a duration, \"1m30s\" or a number of seconds, not " },
	{ "{" SUBNET ",'reuseDelay':-1}", "ipam: \"reuseDelay\" must be a duration, \"1m30s\" or a "
					  "number of seconds, not -1" },
	{ "{" SUBNET ",'reuseDelay':true}", "ipam: \"reuseDelay\" must be a duration, \"1m30s\" or "
					    "a number of seconds, not a boolean" },
	{ "{" SUBNET ",'lockTimeout':'9999999h'}",
		"ipam: \"lockTimeout\" must not be longer than a year, as 9999999h is" },
	{ "{" SUBNET ",'durability':'always'}",
		"ipam: \"durability\" must be \"auto\" or \"full\", not always" },
	{ "{" SUBNET ",'allocation':'random'}",
		"ipam: \"allocation\" must be roundRobin or lowest, not \"random\"" },
	{ "{" SUBNET ",'sticky':'Pod'}", "ipam: \"sticky\" must be container or pod, not \"Pod\"" },
	{ "{" SUBNET ",'scope':'global'}",
		"ipam: \"scope\" must be node or cluster, not \"global\"" },
	{ "{" SUBNET ",'pool':'../etc'}", "ipam: \"pool\" names a directory: letters, digits, '_', "
					  "'.' and '-', the first a letter "
					  "or a digit, not \"../etc\"" },
	{ "{" SUBNET ",'pool':5}", "ipam: \"pool\" must be a string, not a number" },
	{ "{" SUBNET ",'dataDir':'var/lib'}",
		"ipam: \"dataDir\" must be an absolute path, not \"var/lib\"" },
	{ "{" SUBNET ",'defaultGateway':true}",
		"ipam: defaultGateway needs a range with a \"gateway\"" },
	{ "{" SUBNET ",'defaultGateway':'true'}",
		"ipam: \"defaultGateway\" must be a boolean, not a string" },
	{ "{'ranges':[[{'subnet':'10.1.0.0/24','gateway':'first'},{'subnet':'10.2.0.0/24'}]],"
	  "'defaultGateway':true}",
		"ipam: defaultGateway needs a gateway in all ranges of a set: of ipam.ranges[0][0] "
		"and "
		"ipam.ranges[0][1] only one has it" },

	{ "{'subnets':'10.1.0.0/24'}", "ipam: unknown key \"subnets\": did you mean \"subnet\"?" },
	{ "{'Subne':'10.1.0.0/24'}", "ipam: unknown key \"Subne\": did you mean \"subnet\"?" },
	{ "{'sunbet':'10.1.0.0/24'}", "ipam: unknown key \"sunbet\": did you mean \"subnet\"?" },
	{ "{" SUBNET ",'excluded':[]}",
		"ipam: unknown key \"excluded\": did you mean \"exclude\"?" },
	{ "{" SUBNET ",'reuse_Delay':1}",
		"ipam: unknown key \"reuse_Delay\": did you mean \"reuseDelay\"?" },
	{ "{" SUBNET ",'datadyr':'/d'}",
		"ipam: unknown key \"datadyr\": did you mean \"dataDir\"?" },
	{ "{'range':[{" SUBNET "}]}", "ipam: unknown key \"range\": did you mean \"ranges\"?" },
	{ "{'ranges':[[{" SUBNET ",'range_Start':'10.1.0.5'}]]}",
		"ipam.ranges[0][0]: unknown key \"range_Start\": did you mean \"rangeStart\"?" },
};

static void test_settings(void)
{
	for (size_t i = 0; i < sizeof(setting_cases) / sizeof(*setting_cases); i++) {
		struct pool_config config = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char got[1024];
		int rc;

		if (!prepare(&req, setting_cases[i].ipam, "", NULL))
			continue;
		rc = config_read(&req, &config, &err);
		is(rc < 0 ? err.msg : settings(&config, got), setting_cases[i].want, "%s",
			setting_cases[i].ipam);
		config_done(&config);
		json_free(req.config);
	}
}

static void test_cluster(void)
{
	static const char *const cases[] = { "{" SUBNET ",'scope':'cluster'}",
		"{" SUBNET ",'cluster':{'engine':'etcd'}}" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool_config config;
		struct cni_error err = { 0 };
		struct cni_request req;

		prepare(&req, cases[i], "", NULL);
		ok(config_read(&req, &config, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
				strstr(err.msg, "cluster engine") && strstr(err.msg, "unique"),
			"refused: %s: %s", cases[i], err.msg);
		json_free(req.config);
	}
}

/* What DEL and GC read of broken configurations. */
static void test_store_only(void)
{
	static const struct {
		const char *ipam, *want;
	} cases[] = {
		{ "{'ranges':7,'subnet':'x','scope':'cluster','pool':'p','dataDir':'/d'}",
			"p /d 10000 0" },
		{ "{'pool':'p','dataDir':'/d','lockTimeout':'long','reuseDelay':[],'durability':1}",
			"p /d 10000 0" },
		{ "{'pool':'p','lockTimeout':'1s','reuseDelay':2,'durability':'full'}",
			"p /var/lib/cni/fabric-cni 1000 2000 durable" },
		{ "[]", "rail0 /var/lib/cni/fabric-cni 10000 0" },
		{ "null", "rail0 /var/lib/cni/fabric-cni 10000 0" },
		{ "{'dataDir':'x'}", "ipam: \"dataDir\" must be an absolute path, not \"x\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool_config config = { 0 };
		struct cni_error err = { 0 };
		struct cni_request req;
		char got[1024];
		int rc;

		prepare(&req, cases[i].ipam, "", NULL);
		rc = config_read_store(&req, &config.store, &err);
		is(rc < 0 ? err.msg : settings(&config, got), cases[i].want, "store of %s",
			cases[i].ipam);
		json_free(req.config);
	}
}

int main(void)
{
	test_settings();
	test_cluster();
	test_store_only();
	return tap_done();
}
