/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int report(struct libcni_error *out, const struct cni_error *err, const struct invocation *run)
{
	static const char *const verbs[] = {
		[CNI_ADD] = "add",
		[CNI_DEL] = "delete",
		[CNI_CHECK] = "check",
		[CNI_GC] = "gc",
		[CNI_STATUS] = "status",
		[CNI_VERSION] = "version",
	};
	const struct conflist_plugin none = { 0 }, *plugin = run ? &run->plugin : &none;
	int length = 0;

	if (plugin->type && plugin->name)
		length = snprintf(out->msg, sizeof(out->msg),
			"plugin type=\"%.200s\" name=\"%.200s\" failed (%s): ", plugin->type,
			plugin->name, verbs[run->command]);
	else if (plugin->type)
		length = snprintf(out->msg, sizeof(out->msg),
			"plugin type=\"%.200s\" failed (%s): ", plugin->type, verbs[run->command]);
	snprintf(out->msg + length, sizeof(out->msg) - (size_t)length, "%s%s%s", err->msg,
		*err->details ? "; " : "", err->details);
	for (char *at = out->msg; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	snprintf(out->details, sizeof(out->details), "%s", err->details);
	out->code = err->code;
	return -1;
}

void report_join(struct libcni_error *all, const struct libcni_error *more, const char *format, ...)
{
	size_t size = sizeof(all->msg), length = strlen(all->msg);
	va_list ap;

	if (!all->code) {
		all->code = more->code;
		memcpy(all->details, more->details, sizeof(all->details));
	} else {
		length += (size_t)snprintf(all->msg + length, size - length, "; ");
	}
	if (length < size) {
		va_start(ap, format);
		length += (size_t)vsnprintf(all->msg + length, size - length, format, ap);
		va_end(ap);
	}
	if (length < size)
		length += (size_t)snprintf(all->msg + length, size - length, "%s", more->msg);
	if (length >= size)
		stpcpy(all->msg + size - sizeof("..."), "...");
}
