/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The skeleton: a plugin is one const struct of functions, its main is
 *
 *	int main(void) { return cni_plugin_main(&macvlan_plugin); }
 *
 * Only the skeleton reads the environment and stdin, reports errors and decides the exit status.
 * The functions get a request whose version has the command and whose namespace is open.
 */
#ifndef CNI_PLUGIN_H
#define CNI_PLUGIN_H

#include "cni/request.h"

struct cni_plugin {
	const char *name;  /* as a person knows it: "macvlan" */
	bool enters_netns; /* ADD and CHECK act inside CNI_NETNS: it must be there */

	/*
	 * Print the result on out with cni_result_print() as the last thing that can fail, then
	 * disarm the guards: an ADD that failed has undone everything.
	 */
	int (*add)(const struct cni_request *, int out, struct cni_error *err);

	/* Succeeds when nothing is left to do; tries everything before it fails. */
	int (*del)(const struct cni_request *, struct cni_error *err);

	/*
	 * NULL: nothing to check, to collect or to report. gc is called with a list of the valid
	 * attachments only: none is refused before it reaches any delegate.
	 */
	int (*check)(const struct cni_request *, struct cni_error *err);
	int (*gc)(const struct cni_request *, struct cni_error *err);
	int (*status)(const struct cni_request *, struct cni_error *err);
};

/* The exit status: 0, or 1 with an error object on stdout. */
int cni_plugin_main(const struct cni_plugin *);

/* The same with everything it touches given; for tests. The caller ends the request. */
int cni_plugin_run(const struct cni_plugin *, struct cni_request *, char *(*get)(const char *),
	int in, int out);

#endif
