/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin was asked: environment and stdin, read once, checked in the order in which the
 * Go skeleton checks them. CNI specification 1.1.0, section 2.
 *
 * All strings live as long as the request; cni_request_done() ends it.
 */
#ifndef CNI_REQUEST_H
#define CNI_REQUEST_H

#include "cni/ip.h"
#include "cni/json.h"
#include "cni/netns.h"
#include "cni/version.h"

enum cni_command {
	CNI_NONE, /* CNI_COMMAND empty: a person called us */
	CNI_ADD,
	CNI_DEL,
	CNI_CHECK,
	CNI_GC,
	CNI_STATUS,
	CNI_VERSION,
};

/* One "K=V" of CNI_ARGS. value is NULL where the text has no "=" or more than one. */
struct cni_arg {
	const char *key, *value;
};

struct cni_request {
	enum cni_command command;
	const char *unknown;	  /* a CNI_COMMAND that is none of these, else NULL */
	const char *container_id; /* "" where the command has none */
	const char *netns_path;	  /* "" if empty or absent (DEL) */
	const char *ifname;
	const char *args; /* CNI_ARGS, "" if absent; cni_request_arg() has its pairs */
	const char *path; /* CNI_PATH */
	bool netns_override;
	struct cni_arg *pairs; /* of CNI_ARGS */
	size_t n_pairs;

	const char *text; /* stdin as it came, for delegates */
	size_t length;
	struct json *config;
	const char *name; /* the network's */
	const char *version_text;
	enum cni_version version;

	int netns; /* descriptor of CNI_NETNS, or -1 where there is none to enter (DEL, GC, ...) */
	int home;  /* with netns: descriptor of our own namespace, for the way back */
	struct netns_id netns_id; /* with netns */
	bool netns_is_own;	  /* with netns: it is home, which CNI_NETNS_OVERRIDE allows */
};

/* "ADD" */
const char *cni_command_name(enum cni_command);

void cni_request_done(struct cni_request *);

/*
 * What container IDs and network names are made of: letters, digits, '_', '.' and '-', the first a
 * letter or a digit.
 */
bool cni_request_is_name(const char *text);

/* The rules of CNI_CONTAINERID and CNI_IFNAME, empty values aside. CNI_BAD_ENVIRONMENT. */
int cni_request_check_container_id(const char *value, struct cni_error *err);
int cni_request_check_ifname(const char *value, struct cni_error *err);

/* Fill in the environment part. get is getenv(3) except in tests. */
int cni_request_environment(
	struct cni_request *, char *(*get)(const char *), struct cni_error *err);

/* Read fd to its end (JSON_MAX at most) and fill in the configuration part. */
int cni_request_read(struct cni_request *, int fd, struct cni_error *err);

/* Check that the configuration's version has the command. Fills version and version_text. */
int cni_request_version(struct cni_request *, struct cni_error *err);

/*
 * Open CNI_NETNS into netns. Our own namespace is refused for ADD and CHECK, unless
 * CNI_NETNS_OVERRIDE. Where the plugin acts inside it (required), one that cannot be opened is
 * refused too; but for DEL, one that is gone, no namespace any more, or ours, means that there
 * is nothing to do inside: netns is -1.
 */
int cni_request_netns(struct cni_request *, bool required, struct cni_error *err);

/* The value of a key of CNI_ARGS, the last one of duplicates; NULL if absent. */
const char *cni_request_arg(const struct cni_request *, const char *key);

/*
 * The text of a key of args.cni, the metadata that a configuration carries (CONVENTIONS of the CNI
 * project); NULL if it is absent or anything else: most of it is not for us.
 */
const char *cni_request_cni_arg(const struct cni_request *, const char *key);

/*
 * The MAC that the interface is to have: of runtimeConfig, args.cni, CNI_ARGS or the configuration
 * itself (NULL and "" count as absent), the first that is given. *text is that one and *mac its value;
 * NULL and length 0 if there is none. What no Ethernet interface can have is CNI_INVALID_CONFIG.
 */
int cni_request_mac(const struct cni_request *, const char *runtime, const char *configured,
	const char **text, struct hwaddr *mac, struct cni_error *err);

/*
 * CNI_ARGS as types.LoadArgs of the Go code checks them: every pair has exactly one "=", and keys
 * other than those known (ended by NULL) are refused unless IgnoreUnknown is 1 or true.
 */
int cni_request_check_args(
	const struct cni_request *, const char *const known[], struct cni_error *err);

/*
 * Sixteen hexadecimal digits of (network, container ID, ifname): temporary names and aliases are
 * derived from it, so that a later call finds what a killed one left. FNV-1a, 64 bits.
 */
#define CNI_ATTACHMENT_ID 17
const char *cni_request_id(const struct cni_request *, char out[CNI_ATTACHMENT_ID]);

/* The attachments that GC must keep. */
struct cni_attachment {
	const char *container_id, *ifname;
};

/*
 * The list of "cni.dev/valid-attachments", or of "cni.dev/attachments", the other spelling in
 * use. *list is malloc'd. Fails with CNI_INVALID_CONFIG if neither key is there: to take an absent
 * list for an empty one would remove everything.
 */
int cni_request_attachments(const struct cni_request *, struct cni_attachment **list, size_t *count,
	struct cni_error *err);

#endif
