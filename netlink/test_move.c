/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "netlink/move.h"
#include "netlink/scripted.h"

static struct script script;

static void end_dump(int ahead, uint16_t type, int verdict)
{
	script.ahead = ahead;
	script_verdict(&script, type, verdict, NULL);
}

static void answer_route(int ahead, int index)
{
	struct nl_request answer;
	struct rtmsg *msg = nl_begin(&answer, RTM_NEWROUTE, 0, sizeof(*msg));

	msg->rtm_family = AF_INET;
	msg->rtm_protocol = RTPROT_STATIC;
	nl_put_u32(&answer, RTA_OIF, (uint32_t)index);
	script.ahead = ahead;
	script_answer(&script, &answer, NLM_F_MULTI);
}

static int count(const void *message, size_t size, void *data)
{
	(void)message;
	(void)size;
	++*(int *)data;
	return 0;
}

static void test_no_ipv6(void)
{
	int told = 0;

	end_dump(0, NLMSG_DONE, 0);
	answer_route(1, 7);
	answer_route(1, 8);
	end_dump(1, NLMSG_DONE, 0);
	end_dump(2, NLMSG_ERROR, -EOPNOTSUPP);
	is_code(link_save_config(&script.nl, 7, true, count, &told), 0, "a kernel without IPv6");
	ok(told == 1, "its IPv4 route is told, and no other link's");
	ok(script_forget(&script) == 3, "addresses are asked for once, routes of both families");
}

static void test_failure(void)
{
	int told = 0;

	end_dump(0, NLMSG_ERROR, -ENOBUFS);
	is_code(link_save_config(&script.nl, 7, true, count, &told), -ENOBUFS, "a failure");
	ok(script_forget(&script) == 1 && !told, "ends it");
}

int main(void)
{
	script_open(&script);
	test_no_ipv6();
	test_failure();
	script_close(&script);
	return tap_done();
}
