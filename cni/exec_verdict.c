/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/exec_verdict.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cni/json.h"

/* A panic says why at its beginning, a log at its end: so much of both is quoted. */
#define QUOTE_HEAD 200ul
#define QUOTE_TAIL 250ul
#define QUOTE_SIZE (4 * (QUOTE_HEAD + QUOTE_TAIL) + sizeof("\"\"..."))

static char *escape(char *to, const char *text, size_t length)
{
	static const char hex[] = "0123456789abcdef";

	for (; length; length--, text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\' || c == '\n')
			*to++ = '\\';
		if (c == '\n')
			*to++ = 'n';
		else if (c >= ' ' && c != 0x7f)
			*to++ = *text;
		else
			to = stpncpy(to, (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
	}
	return to;
}

/* The text on one line, in quotes, its middle left out if it is long. */
static const char *quote(const struct exec_text *text, char out[QUOTE_SIZE])
{
	size_t length = text->length, head;
	char *to = out;

	while (length && strchr(" \t\r\n", text->data[length - 1]))
		length--;
	head = length > QUOTE_HEAD + QUOTE_TAIL ? QUOTE_HEAD : length;
	*to++ = '"';
	to = escape(to, text->data, head);
	if (head < length) {
		to = stpcpy(to, "...");
		to = escape(to, text->data + length - QUOTE_TAIL, QUOTE_TAIL);
	}
	stpcpy(to, "\"");
	return out;
}

/* "exit status 2", "killed by signal 9 (Killed)" */
static const char *ending(int status, char out[64])
{
	if (WIFSIGNALED(status))
		snprintf(out, 64, "killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(out, 64, "exit status %d", WEXITSTATUS(status));
	return out;
}

/* Fill err if the text is an error object. With strict, it must have a code as well. */
static bool relay(const struct exec_text *text, bool strict, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	const char *msg, *details;
	struct cni_error syntax;
	int64_t code;

	if (json_parse(&tree, "error", text->data, text->length, &syntax) < 0)
		return false;
	msg = json_text(json_get(tree, "msg"));
	details = json_text(json_get(tree, "details"));
	if (json_integer(json_get(tree, "code"), 1, INT_MAX, &code) < 0) {
		if (strict)
			return false;
		code = CNI_INTERNAL;
	}
	if (!msg || !*msg)
		return false;
	cni_fail(err, (int)code, "%s", msg);
	if (details)
		cni_fail_details(err, "%s", details);
	return true;
}

int exec_verdict(const char *file, int status, const struct exec_text *out,
	const struct exec_text *stderr_text, struct cni_error *err)
{
	bool success = WIFEXITED(status) && !WEXITSTATUS(status);
	char how[64], said[QUOTE_SIZE], printed[QUOTE_SIZE];

	/* A result has no "code": the search spares parsing it here and once more by the caller. */
	if (success && (!out->length || !memmem(out->data, out->length, "\"code\"", 6)))
		return 0;
	if (out->length && relay(out, success, err))
		return -1;
	if (success)
		return 0;
	ending(status, how);
	if (stderr_text->length)
		quote(stderr_text, said);
	if (!out->length && !stderr_text->length)
		return cni_fail(err, CNI_INTERNAL,
			"netplugin failed with no error message: %s (%s)", how, file);
	if (!out->length)
		return cni_fail(
			err, CNI_INTERNAL, "netplugin failed: %s: %s (%s)", said, how, file);
	return cni_fail(err, CNI_INTERNAL,
		"netplugin failed (%s) but its diagnostic message is no error object: %s%s%s (%s)",
		how, quote(out, printed), stderr_text->length ? "; stderr: " : "",
		stderr_text->length ? said : "", file);
}

int exec_verdict_late(const char *file, unsigned int timeout, const struct exec_text *stderr_text,
	struct cni_error *err)
{
	char said[QUOTE_SIZE];

	return cni_fail(err, CNI_TRY_LATER,
		"plugin %s was killed: it had not ended after %u ms%s%s; find out what it waits "
		"for, or allow it more time",
		file, timeout, stderr_text->length ? "; stderr: " : "",
		stderr_text->length ? quote(stderr_text, said) : "");
}
