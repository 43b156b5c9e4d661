/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "netlink/scripted.h"

#define TYPE 100 /* any that is not netlink's own */
#define SIZE 8	 /* of a fixed header */

static struct script script;

static void begin(struct nl_request *req)
{
	memset(nl_begin(req, TYPE, 0, SIZE), 7, SIZE);
}

static void answer(uint32_t value, uint16_t flags)
{
	struct nl_request req;

	begin(&req);
	nl_put_u32(&req, 1, value);
	script_answer(&script, &req, flags);
}

/* What the answer callback saw. */
struct seen {
	int answers, restarts;
	uint32_t last;
	int fail; /* with this, at the first answer */
};

static int see_attr(const struct nlattr *attr, void *data)
{
	struct seen *seen = data;

	return nl_get_u32(attr, &seen->last);
}

static int see(const struct nlmsghdr *message, void *data)
{
	struct seen *seen = data;

	seen->answers++;
	return seen->fail ? seen->fail : nl_each(message, SIZE, see_attr, seen);
}

static void forget(void *data)
{
	struct seen *seen = data;

	seen->answers = 0;
	seen->restarts++;
}

static int ask(nl_answer_fn *answer_fn, struct seen *seen)
{
	struct nl_request req;

	begin(&req);
	return nl_do(&script.nl, &req, answer_fn, seen);
}

static int dump(struct seen *seen)
{
	struct nl_request req;

	begin(&req);
	return nl_dump(&script.nl, &req, see, forget, seen);
}

static void test_builder(void)
{
	static const uint8_t want[] = {
		56, 0, 0, 0, 100, 0, 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, /* struct nlmsghdr */
		0, 0, 0, 0, 0, 0, 0, 0, /* fixed header */
		6, 0, 1, 0, 0xab, 0xab, 0, 0, /* u16 */
		7, 0, 2, 0, 'e', 'n', 0, 0, /* string, padded */
		16, 0, 3, 0x80, /* nest */
		5, 0, 4, 0, 9, 0, 0, 0, /* one octet */
		4, 0, 5, 0, /* an empty one */
	};
	struct nl_request req;
	struct nlattr *nest;

	memset(&req, 0x55, sizeof(req));
	nl_begin(&req, TYPE, NLM_F_CREATE | NLM_F_EXCL, SIZE);
	nl_put_u16(&req, 1, 0xabab);
	nl_put_string(&req, 2, "en");
	nest = nl_nest(&req, 3);
	nl_put(&req, 4, "\t", 1);
	nl_put(&req, 5, "", 0);
	nl_nest_end(&req, nest);
	ok(!req.full && !memcmp(req.buffer, want, sizeof(want)), "builder: every octet");
}

static void test_overflow(void)
{
	static const char filling[2048];
	struct nl_request req;
	size_t room = sizeof(req.buffer) - sizeof(struct nlmsghdr) - SIZE - 4;

	begin(&req);
	nl_put(&req, 1, filling, room);
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(nl_do(&script.nl, &req, NULL, NULL), 0, "request of 2048 octets");
	ok(script_asked(&script) != NULL, "request of 2048 octets: sent");

	begin(&req);
	nl_put(&req, 1, filling, room - 3);
	nl_put(&req, 1, filling, 0);
	is_code(nl_do(&script.nl, &req, NULL, NULL), -EMSGSIZE, "request of four more");
	begin(&req);
	nl_put(&req, 1, filling, room);
	nl_nest_end(&req, nl_nest(&req, 2));
	is_code(nl_dump(&script.nl, &req, see, forget, NULL), -EMSGSIZE, "a nest too much");
	begin(&req);
	nl_put(&req, 1, filling, SIZE_MAX);
	nl_put_u32(&req, 2, 1);
	is_code(nl_do(&script.nl, &req, NULL, NULL), -EMSGSIZE, "overflow is remembered");
	script_silent(&script, "overflow");
	begin(&req);
	ok(!req.full, "a new request has room again");
}

static void test_acks(void)
{
	struct nl_request req;

	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(ask(NULL, NULL), 0, "acknowledged");
	begin(&req);
	script_compare(&script, &req, NLM_F_ACK, "acknowledged");

	script_verdict(&script, NLMSG_ERROR, -EEXIST, NULL);
	is_code(ask(NULL, NULL), -EEXIST, "refused");
	is(script.nl.extack, "", "refused without words");

	script_verdict(&script, NLMSG_ERROR, -EINVAL, "Invalid prefix");
	is_code(ask(NULL, NULL), -EINVAL, "refused");
	is(script.nl.extack, "Invalid prefix", "refused with words");

	script_verdict(&script, NLMSG_ERROR, 0, "a warning");
	is_code(ask(NULL, NULL), 0, "acknowledged with a warning");
	is(script.nl.extack, "", "no failure, no words");

	answer(1, 0);
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(ask(NULL, NULL), 0, "an answer nobody wants, then the acknowledgement");
	script_forget(&script);
}

/* Without NETLINK_CAP_ACK the request comes back before the text. */
static void test_extack(void)
{
	struct nl_request req;
	struct nlmsgerr *err = nl_begin(&req, NLMSG_ERROR, 0, sizeof(*err) + 8);
	char text[200];

	err->error = -EPERM;
	err->msg.nlmsg_len = sizeof(err->msg) + 6;
	nl_put(&req, NLMSGERR_ATTR_MSG, "no NUL", 6);
	script_answer(&script, &req, NLM_F_ACK_TLVS);
	is_code(ask(NULL, NULL), -EPERM, "an ack that is not capped");
	is(script.nl.extack, "no NUL", "an ack that is not capped: words without NUL");

	err->msg.nlmsg_len = UINT32_MAX;
	script_answer(&script, &req, NLM_F_ACK_TLVS);
	is_code(ask(NULL, NULL), -EPERM, "an ack that lies about its size");
	is(script.nl.extack, "", "an ack that lies about its size: no words");

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	script_verdict(&script, NLMSG_ERROR, -EPERM, text);
	is_code(ask(NULL, NULL), -EPERM, "a long text");
	text[sizeof(script.nl.extack) - 1] = '\0';
	is(script.nl.extack, text, "a long text is cut at the end");
	script_forget(&script);
}

static void test_answers(void)
{
	struct seen seen = { 0 };
	struct nl_request req;

	answer(42, 0);
	is_code(ask(see, &seen), 0, "one answer");
	ok(seen.answers == 1 && seen.last == 42, "one answer: handed on, ends the exchange");
	begin(&req);
	script_compare(&script, &req, 0, "one answer");

	script_verdict(&script, NLMSG_ERROR, -ENODEV, "no such");
	is_code(ask(see, &seen), -ENODEV, "an error for an answer");
	is(script.nl.extack, "no such", "an error for an answer: its words");

	seen = (struct seen){ .fail = -EBADMSG };
	answer(1, 0);
	is_code(ask(see, &seen), -EBADMSG, "the callback's error is returned");

	seen = (struct seen){ 0 };
	begin(&req);
	req.header.nlmsg_type = NLMSG_NOOP;
	script_answer(&script, &req, 0);
	answer(5, 0);
	is_code(ask(see, &seen), 0, "NLMSG_NOOP, then the answer");
	ok(seen.answers == 1 && seen.last == 5, "NLMSG_NOOP is not handed on");
	script_forget(&script);
}

static void test_stale(void)
{
	struct seen seen = { 0 };

	script.nl.seq = UINT32_MAX - 1;
	script.ahead = -1;
	script_verdict(&script, NLMSG_ERROR, -EBUSY, "stale");
	answer(1, 0);
	answer(2, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, -EIO, NULL);
	script.ahead = 0;
	answer(3, 0);
	is_code(ask(see, &seen), 0, "stale acks and answers are passed over");
	ok(seen.answers == 1 && seen.last == 3, "only the right answer is handed on");
	is(script.nl.extack, "", "the words of a stale ack are not taken");
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(ask(NULL, NULL), 0, "the sequence wraps");
	script_forget(&script);
}

static void test_dump(void)
{
	struct seen seen = { 0 };
	struct nl_request req;

	answer(1, NLM_F_MULTI);
	answer(2, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	is_code(dump(&seen), 0, "dump");
	ok(seen.answers == 2 && seen.last == 2 && !seen.restarts, "dump: every answer");
	begin(&req);
	script_compare(&script, &req, NLM_F_DUMP, "dump");

	begin(&req);
	req.header.nlmsg_len = sizeof(struct nlmsghdr);
	req.header.nlmsg_type = NLMSG_DONE;
	script_answer(&script, &req, NLM_F_MULTI);
	is_code(dump(&seen), 0, "NLMSG_DONE without a code");

	answer(1, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, -ENOENT, "no table");
	is_code(dump(&seen), -ENOENT, "the error in NLMSG_DONE");
	is(script.nl.extack, "no table", "the words in NLMSG_DONE");

	seen = (struct seen){ .fail = -EBADMSG };
	answer(1, NLM_F_MULTI);
	answer(2, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, -EIO, NULL);
	is_code(dump(&seen), -EBADMSG, "the callback ends a dump");
	ok(seen.answers == 1, "it is not called again");
	ok(recv(script.nl.fd, &req, sizeof(req), MSG_DONTWAIT) < 0, "the rest is read");
	script_forget(&script);
}

static void test_datagrams(void)
{
	struct nl_request one;
	struct seen seen = { 0 };
	char both[256];
	size_t size;

	begin(&one);
	nl_put_u32(&one, 1, 11);
	one.header.nlmsg_flags = NLM_F_MULTI;
	one.header.nlmsg_seq = script.nl.seq + 1;
	size = one.header.nlmsg_len;
	memcpy(both, one.buffer, size);
	memcpy(both + size, one.buffer, size);
	script_bytes(&script, both, 2 * size);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	is_code(dump(&seen), 0, "two messages in one datagram");
	ok(seen.answers == 2, "both are handed on");
	script_forget(&script);
}

static void test_interrupted(void)
{
	struct seen seen = { 0 };

	answer(1, NLM_F_MULTI | NLM_F_DUMP_INTR);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	script.ahead = 1;
	answer(2, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	is_code(dump(&seen), 0, "a dump interrupted once");
	ok(seen.restarts == 1 && seen.answers == 1 && seen.last == 2, "it is started again");
	ok(script_forget(&script) == 2, "it was asked twice");

	seen = (struct seen){ 0 };
	for (script.ahead = 0; script.ahead < 6; script.ahead++) {
		answer(1, NLM_F_MULTI | NLM_F_DUMP_INTR);
		script_verdict(&script, NLMSG_DONE, 0, NULL);
	}
	script.ahead = 0;
	is_code(dump(&seen), -EINTR, "a dump interrupted every time");
	ok(seen.restarts == 5 && script_forget(&script) == 6, "it is started again five times");
}

static void test_malformed(void)
{
	static const struct {
		const char *name;
		size_t size;  /* of the datagram */
		uint32_t len; /* in its header */
		uint16_t type;
		int error, want;
	} cases[] = {
		{ "half a header", 8, 36, NLMSG_ERROR, 0, -EBADMSG },
		{ "a length below its header", 36, 15, NLMSG_ERROR, 0, -EBADMSG },
		{ "a length above the datagram", 36, 40, NLMSG_ERROR, 0, -EBADMSG },
		{ "octets behind the last message", 60, 36, TYPE, 0, -EBADMSG },
		{ "an error without a code", 18, 18, NLMSG_ERROR, 0, -EBADMSG },
		{ "a positive error", 36, 36, NLMSG_ERROR, EIO, -EBADMSG },
		{ "NLMSG_DONE with half a code", 18, 18, NLMSG_DONE, 0, -EBADMSG },
		{ "an error that is only a code", 20, 20, NLMSG_ERROR, -EIO, -EIO },
		{ "160 KiB", 163840, 36, NLMSG_ERROR, -EIO, -EIO },
		{ "a datagram above 160 KiB", 163841, 36, NLMSG_ERROR, 0, -EMSGSIZE },
	};
	static _Alignas(struct nlmsghdr) char bytes[163841];
	struct nlmsghdr *header = (struct nlmsghdr *)bytes;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*header = (struct nlmsghdr){ .nlmsg_len = cases[i].len,
			.nlmsg_type = cases[i].type, .nlmsg_seq = script.nl.seq + 1,
			.nlmsg_flags = NLM_F_ACK_TLVS };
		memcpy(header + 1, &cases[i].error, sizeof(cases[i].error));
		script_bytes(&script, bytes, cases[i].size);
		is_code(ask(NULL, NULL), cases[i].want, cases[i].name);
		script_forget(&script);
	}
}

static int count(const struct nlattr *attr, void *data)
{
	int *n = data;

	(void)attr;
	return ++*n;
}

static void test_attributes(void)
{
	static const struct {
		const char *name;
		int want, visits;
		size_t size;
		_Alignas(struct nlattr) uint8_t bytes[16];
	} cases[] = {
		{ "no attributes", 0, 0, 0, { 0 } },
		{ "two attributes", 0, 2, 12, { 8, 0, 1, 0, 1, 2, 3, 4, 4, 0, 2, 0 } },
		{ "the last one's padding is missing", 0, 1, 5, { 5, 0, 1, 0, 1 } },
		{ "an attribute shorter than its header", -EBADMSG, 0, 8, { 3, 0, 1, 0 } },
		{ "an attribute longer than the message", -EBADMSG, 0, 8, { 9, 0, 1, 0 } },
		{ "octets behind the attributes", -EBADMSG, 1, 6, { 4, 0, 1, 0, 4, 0 } },
		{ "an attribute of length 0", -EBADMSG, 0, 4, { 0, 0, 1, 0 } },
	};
	int n, rc;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 0;
		rc = nl_each_in(cases[i].bytes, cases[i].size, count, &n);
		is_code(rc, cases[i].want, cases[i].name);
		ok(n == cases[i].visits, "%s: %d visited", cases[i].name, n);
	}
}

static void test_values(void)
{
	struct nl_request req;
	struct nlattr *attr = (struct nlattr *)(req.buffer + sizeof(req.header));
	uint32_t value = 99;
	char text[4] = "old";
	int number;

	nl_begin(&req, TYPE, 0, 0);
	nl_put_string(&req, 1, "abc");
	is_code(nl_get_string(attr, text, 4), 0, "a text that just fits");
	is(text, "abc", "a text");
	is_code(nl_get_u32(attr, &value), 0, "four octets are a number");
	is_code(nl_get_int(attr, &number), 0, "four octets are a signed number");
	ok(number == (int)value, "the same");
	value = 99;
	is_code(nl_get_string(attr, text, 3), -EBADMSG, "a text too long");
	attr->nla_len = 4 + 3;
	is_code(nl_get_string(attr, text, 4), -EBADMSG, "a text without NUL");
	is_code(nl_get_u32(attr, &value), -EBADMSG, "three octets are no number");
	is_code(nl_get_int(attr, &number), -EBADMSG, "nor a signed one");
	attr->nla_len = 4 + 8;
	is_code(nl_get_u32(attr, &value), -EBADMSG, "nor are eight");
	attr->nla_len = 4;
	is_code(nl_get_string(attr, text, 4), -EBADMSG, "an empty attribute is no text");
	ok(value == 99 && !strcmp(text, "abc"), "failures leave the output alone");
	is_code(nl_each(&req.header, 9, count, &number), -EBADMSG, "a fixed header cut off");
	ok(nl_address_size(AF_INET) == 4 && nl_address_size(AF_INET6) == 16 &&
		!nl_address_size(AF_UNIX), "sizes of addresses");
}

static void answer_late(int signal)
{
	(void)signal;
	script_verdict(&script, NLMSG_ERROR, -EXDEV, NULL);
}

static void test_socket(void)
{
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	const struct sigaction late = { .sa_handler = answer_late };
	struct nl closed = NL_CLOSED;
	struct nl_request req;

	/* The handler answers by the sequence of the request sent already. */
	script.ahead = -1;
	sigaction(SIGALRM, &late, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	is_code(ask(NULL, NULL), -EXDEV, "a receive that a signal interrupts goes on");
	script.ahead = 0;

	shutdown(script.kernel, SHUT_WR);
	is_code(ask(NULL, NULL), -EPIPE, "the end of the stream");
	nl_closep(&closed);
	begin(&req);
	is_code(nl_do(&closed, &req, NULL, NULL), -EBADF, "a closed socket");
	is_code(nl_enter(-1), -EBADF, "no namespace to enter");
	is_code(nl_open(&closed, 999, -1, -1), -EPROTONOSUPPORT, "no such protocol");
	ok(closed.fd == -1, "a failed open leaves the socket closed");
	is_code(nl_open(&closed, NETLINK_ROUTE, script.kernel, -1), -EINVAL, "not a namespace");
}

int main(void)
{
	script_open(&script);
	test_builder();
	test_overflow();
	test_acks();
	test_extack();
	test_answers();
	test_stale();
	test_dump();
	test_datagrams();
	test_interrupted();
	test_malformed();
	test_attributes();
	test_values();
	test_socket();
	script_close(&script);
	return tap_done();
}
