/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from the text of an "ipam", for the tests of the configuration. */
#ifndef IPAM_TEST_CONFIG_H
#define IPAM_TEST_CONFIG_H

#include "cni/tap.h"
#include "ipam/config.h"

/* A request with this "ipam" and what stands beside it; ' stands for ". */
static inline bool prepare(
	struct cni_request *req, const char *ipam, const char *beside, const char *ip)
{
	struct cni_error err = { 0 };
	static struct cni_arg pairs[] = { { "IgnoreUnknown", "1" }, { "IP", NULL } };
	char text[32768];
	int length =
		snprintf(text, sizeof(text), "{ 'name': 'rail0', 'ipam': %s%s }", ipam, beside);

	for (char *at = text; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	pairs[1].value = ip;
	*req = (struct cni_request){
		.name = "rail0",
		.netns = -1,
		.container_id = "c1",
		.ifname = "net1",
		.pairs = pairs,
		.n_pairs = ip ? 2 : 1,
	};
	return ok(
		!json_parse(&req->config, "test", text, (size_t)length, &err), "JSON %s", err.msg);
}

/* To the end of out. */
PRINTF(2, 3) static inline void append(char out[1024], const char *format, ...)
{
	size_t length = strlen(out);
	va_list ap;

	va_start(ap, format);
	vsnprintf(out + length, 1024 - length, format, ap);
	va_end(ap);
}

#define SUBNET "'subnet':'10.1.0.0/24'"

#endif
