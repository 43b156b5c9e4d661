/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *to, size_t size, const char *text)
{
	size_t length = strlen(to);

	snprintf(to + length, size - length, "%s", text);
}

void cni_error_set(struct cni_error *err, int code, const char *format, ...)
{
	va_list ap;

	err->code = code;
	err->details[0] = '\0';
	va_start(ap, format);
	vsnprintf(err->msg, sizeof(err->msg), format, ap);
	va_end(ap);
}

void cni_error_set_errno(
	struct cni_error *err, int code, int rc, const char *details, const char *format, ...)
{
	va_list ap;

	err->code = code;
	snprintf(err->details, sizeof(err->details), "%s", details ? details : "");
	va_start(ap, format);
	vsnprintf(err->msg, sizeof(err->msg), format, ap);
	va_end(ap);
	append(err->msg, sizeof(err->msg), ": ");
	append(err->msg, sizeof(err->msg), strerror(-rc));
}

int cni_fail_join(struct cni_error *err, const struct cni_error *more)
{
	if (!more->code)
		return err->code ? -1 : 0;
	if (!err->code) {
		*err = *more;
		return -1;
	}
	append(err->msg, sizeof(err->msg), "; ");
	append(err->msg, sizeof(err->msg), more->msg);
	return -1;
}

void cni_error_set_details(struct cni_error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err->details, sizeof(err->details), format, ap);
	va_end(ap);
}
