/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cni/json.h"
#include "cni/tap.h"
#include "ipam/crc32c.h"
#include "ipam/record.h"

/* RFC 3720, appendix B.4, and the check value of the catalogues. */
static void test_crc(void)
{
	uint8_t bytes[300] = { 0 };
	int same = 1;

	ok(crc32c("123456789", 9) == 0xe3069283, "crc32c of 123456789");
	ok(crc32c(bytes, 32) == 0x8a9136aa, "crc32c of 32 zeros");
	memset(bytes, 0xff, 32);
	ok(crc32c(bytes, 32) == 0x62a8ab43, "crc32c of 32 ones");
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	ok(crc32c(bytes, 32) == 0x46dd794e, "crc32c of 0..31");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 131 + 7);
	/* Twice: a process begins without tables. */
	for (size_t length = 0, end = sizeof(bytes) + 1; length < 2 * end; length++)
		same &= crc32c(bytes, length % end) ==
			crc32c_portable(bytes, length % end);
	ok(same, "with and without the instruction, every length up to 300");
}

static struct record full_record(void)
{
	struct record record = {
		.op = RECORD_ADD,
		.seq = RECORD_SEQ_MAX,
		.replaced_id = "old",
		.replaced_ifname = "net0",
		.cool = "81234@boot",
		.lease = {
			.container_id = "0123456789abcdef",
			.ifname = "net1",
			.network = "rail0",
			.pod = "default/a \"quoted\" \\ name\n\x01\x7f",
			.pod_uid = "6c1f6c0e",
			.netns = "/run/netns/\xc3\xa4\xff",
			.netns_id = "4:4026532801",
			.boot = "3b9c",
			.time = -5,
			.keep = 7,
			.n_addresses = 2,
			.fixed = 1u << 1,
		},
	};

	ip_parse_cidr("10.1.0.5/16", &record.lease.addresses[0]);
	ip_parse_cidr("fd00:1::2/64", &record.lease.addresses[1]);
	return record;
}

static void test_round_trip(void)
{
	struct record record = full_record(), read;
	const struct lease *a = &record.lease, *b = &read.lease;
	char line[LEASE_LINE_MAX], copy[LEASE_LINE_MAX], again[LEASE_LINE_MAX];
	struct json_position where;
	size_t length = record_print(&record, line);

	ok(record_is_sealed(line, length), "what was printed is sealed");
	ok(!json_check(line, length - 11, &where), "and JSON");
	memcpy(copy, line, length);
	if (!ok(!record_parse(&read, line, length), "and is read again"))
		return;
	ok(read.op == record.op && read.seq == record.seq, "op and seq");
	is(read.replaced_id, record.replaced_id, "rcid");
	is(read.replaced_ifname, record.replaced_ifname, "rif");
	is(read.cool, record.cool, "cool");
	is(b->container_id, a->container_id, "cid");
	is(b->ifname, a->ifname, "if");
	is(b->network, a->network, "net");
	is(b->pod, a->pod, "pod with quotes, backslash and control characters");
	is(b->pod_uid, a->pod_uid, "uid");
	is(b->netns, a->netns, "ns with bytes that are no UTF-8");
	is(b->netns_id, a->netns_id, "nsid");
	is(b->boot, a->boot, "boot");
	ok(b->time == a->time && b->fixed == a->fixed && b->keep == a->keep, "t, fixed and keep");
	ok(b->n_addresses == 2 && ip_same(&a->addresses[0], &b->addresses[0]) &&
		ip_same(&a->addresses[1], &b->addresses[1]) && b->addresses[1].prefix == 64,
		"ips");
	ok(record_print(&read, again) == length && !memcmp(copy, again, length),
		"printing what was read gives the same line");
}

/* Append the seal to a text. */
static size_t seal(char *out, const char *json)
{
	return (size_t)sprintf(out, "%s *%08x\n", json, crc32c(json, strlen(json)));
}

#define OWNER "\"cid\":\"c\",\"if\":\"i\""
#define ADD "{\"seq\":1,\"op\":\"add\",\"ips\":[\"10.0.0.1/8\"]," OWNER

static const struct {
	const char *json;
	bool good;
} texts[] = {
	{ ADD "}", true },
	{ "{\"format\":1,\"file\":\"journal\",\"pool\":\"p\"}", true },
	{ "{\"seq\":2,\"op\":\"del\"," OWNER "}", true },
	{ "{\"op\":\"cursor\",\"set\":15,\"ips\":[\"10.0.0.1/32\"]}", true },
	{ "{\"op\":\"cool\",\"ips\":[\"10.0.0.1/32\"],\"cool\":\"1@b\"}", true },
	{ "{\"op\":\"end\"}", true },
	{ ADD ",\"new\":1}", true },
	{ ADD ",\"new\":-1.5e3,\"b\":true,\"n\":null}", true },
	{ ADD ",\"new\":{\"a\":[1,{\"b\":\"]}\\\"\"}],\"c\":{}},\"fixed\":[0]}", true },
	{ "{\"op\":\"add\"," OWNER ",\"ips\":[\"10.0.0.1/8\"],\"seq\":1}", true },
	{ ADD ",\"pod\":\"\\u00e4\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\\"}", true },
	{ "", false },
	{ "{}", false },
	{ "[]", false },
	{ "{", false },
	{ ADD, false },
	{ ADD "}}", false },
	{ ADD "} ", false },
	{ ADD ",}", false },
	{ ADD ",\"t\"}", false },
	{ ADD ",\"t\":}", false },
	{ ADD ",\"t\":1.5}", false },
	{ ADD ",\"t\":\"1\"}", false },
	{ ADD ",\"t\":-}", false },
	{ ADD ",\"t\":9223372036854775808}", false },
	{ ADD ",\"t\":99999999999999999999}", false },
	{ ADD ",\"pod\":1}", false },
	{ ADD ",\"pod\":\"a}", false },
	{ ADD ",\"pod\":\"\\x\"}", false },
	{ ADD ",\"pod\":\"\\u12g4\"}", false },
	{ ADD ",\"pod\":\"\\u0000\"}", false },
	{ ADD ",\"pod\":\"\\ud83d\"}", false },
	{ ADD ",\"pod\":\"\\ud83d\\u0041\"}", false },
	{ ADD ",\"pod\":\"\\ude00\"}", false },
	{ ADD ",\"pod\":\"a\\\"}", false },
	{ ADD ",\"pod\":\"a\tb\"}", false },
	{ ADD ",\"pod\":\"\\n\tb\"}", false },
	{ ADD ",\"fixed\":[16]}", false },
	{ ADD ",\"fixed\":[-1]}", false },
	{ ADD ",\"fixed\":[0}", false },
	{ ADD ",\"new\":[1}", false },
	{ ADD ",\"new\":[\"a}", false },
	{ ADD ",\"new\":[1]2}", false },
	{ "{\"seq\":1,\"op\":\"add\"," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"add\",\"ips\":[]," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"add\",\"ips\":[\"10.0.0.1\"]," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"add\",\"ips\":[\"10.0.0.1/33\"]," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"add\",\"ips\":\"10.0.0.1/8\"," OWNER "}", false },
	{ "{\"seq\":0,\"op\":\"add\",\"ips\":[\"10.0.0.1/8\"]," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"add\",\"ips\":[\"10.0.0.1/8\"],\"cid\":\"c\"}", false },
	{ "{\"seq\":1,\"op\":\"put\",\"ips\":[\"10.0.0.1/8\"]," OWNER "}", false },
	{ "{\"seq\":1,\"op\":\"\"," OWNER "}", false },
	{ "{\"seq\":-1,\"op\":\"del\"," OWNER "}", false },
	{ "{\"op\":\"cursor\",\"set\":16,\"ips\":[\"10.0.0.1/32\"]}", false },
	{ "{\"op\":\"cursor\",\"set\":-1,\"ips\":[\"10.0.0.1/32\"]}", false },
	{ "{\"op\":\"cool\",\"ips\":[\"10.0.0.1/32\"]}", false },
	{ "{\"format\":0,\"file\":\"journal\",\"pool\":\"p\"}", false },
	{ "{\"format\":1,\"file\":\"journal\"}", false },
	{ "{\"format\":1,\"file\":\"journal\",\"pool\":\"p\",\"seq\":4611686018427387903}", true },
	{ "{\"format\":1,\"file\":\"journal\",\"pool\":\"p\",\"seq\":4611686018427387904}", false },
	{ "{\"format\":1,\"file\":\"journal\",\"pool\":\"p\",\"seq\":-1}", false },
};

static void test_texts(void)
{
	char line[LEASE_LINE_MAX];
	struct record record;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t length = seal(line, texts[i].json);
		bool good = record_is_sealed(line, length) &&
			!record_parse(&record, line, length);

		ok(good == texts[i].good, "%s: %s", texts[i].good ? "read" : "refused",
			texts[i].json);
	}
}

static void test_escapes(void)
{
	char line[LEASE_LINE_MAX];
	struct record record;
	size_t length = seal(line, ADD ",\"p\\u006fd\":\"\\u00e4\\u20ac\\ud83d\\ude00\\/\\t\"}");

	ok(!record_parse(&record, line, length), "escapes, in a key too");
	is(record.lease.pod, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/\t", "are decoded");
}

/* What strlen(3) would not see the end of. */
static void test_zeros(void)
{
	char line[LEASE_LINE_MAX], damaged[LEASE_LINE_MAX];
	size_t length = seal(line, ADD ",\"new\":[1,\"b\"],\"t\":12}"), end = length - 11;
	struct record record;
	int bad = 0;

	for (size_t i = 0; i < end; i++) {
		memcpy(damaged, line, length);
		damaged[i] = '\0';
		sprintf(damaged + end, " *%08x\n", crc32c(damaged, end));
		bad += record_is_sealed(damaged, length) && record_parse(&record, damaged, length) < 0;
	}
	ok(bad == (int)end, "a sealed line with a NUL at any place is refused");
}

static void test_seal(void)
{
	struct record record = full_record();
	char line[LEASE_LINE_MAX];
	size_t length = record_print(&record, line);
	int bad = 0;

	for (size_t i = 0; i < length; i++)
		bad += !record_is_sealed(line, i);
	ok(bad == (int)length, "no beginning of a line is sealed");
	bad = 0;
	for (size_t i = 0; i < length * 8; i++) {
		line[i / 8] ^= (char)(1 << i % 8);
		bad += !record_is_sealed(line, length);
		line[i / 8] ^= (char)(1 << i % 8);
	}
	ok(bad == (int)length * 8, "a line with one bit changed is not sealed");
	ok(!record_is_sealed(line + 1, length - 1), "nor is an end");
}

static void test_limits(void)
{
	struct record record = full_record();
	char line[LEASE_LINE_MAX], text[LEASE_LINE_MAX];
	size_t length = record_print(&record, line) - strlen(record.lease.pod_uid);
	struct record read;
	size_t printed;

	memset(text, 'x', sizeof(text));
	text[LEASE_LINE_MAX - length] = '\0';
	record.lease.pod_uid = text;
	printed = record_print(&record, line);
	ok(printed == LEASE_LINE_MAX && record_is_sealed(line, printed) &&
		!record_parse(&read, line, printed), "a line of exactly %d bytes", LEASE_LINE_MAX);
	text[LEASE_LINE_MAX - length] = 'x';
	text[LEASE_LINE_MAX - length + 1] = '\0';
	ok(!record_print(&record, line), "one more is refused");
}

int main(void)
{
	test_crc();
	test_round_trip();
	test_texts();
	test_escapes();
	test_zeros();
	test_seal();
	test_limits();
	return tap_done();
}
