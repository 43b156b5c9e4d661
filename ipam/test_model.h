/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pool IPAM promises, for a pool so small that plain loops can tell it: the model of the
 * property test. Addresses are numbers: 0 to 63 stand for 10.1.0.0 to 10.1.0.63, 64 to 79 for
 * fd00:: to fd00::f.
 */
#ifndef IPAM_TEST_MODEL_H
#define IPAM_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { V4 = 64, ADDRESSES = 80, CONTAINERS = 10, OWNERS = 2 * CONTAINERS, PODS = 4, STONES = 64 };

/* Behind the owners, in the same order: what net1 and net2 of pod p keep. */
enum { HOLDERS = OWNERS + 2 * PODS };
enum { NOBODY = -1, NO_ADDRESS = -1 };

/* Owner 2 * c and 2 * c + 1: net1 and net2 of container c. Some containers are of no pod. */
static inline int pod_of(int owner)
{
	int pod = owner / 2 % (PODS + 1);

	return pod == PODS ? NOBODY : pod;
}

/* Two containers of a pod's name may be of different pods. */
static inline int uid_of(int owner)
{
	return owner / 2 % 3;
}

/* What an ADD is configured with. */
enum { VARIANTS = 4, SETS = 2, RANGES = 2 };
struct variant {
	const char *ipam; /* the keys of a range configuration */
	bool lowest;
	int n_sets;
	struct {
		int first, last, prefix; /* usable; last < first: there is no such range */
	} ranges[SETS][RANGES];
	uint64_t excluded; /* bit: of that IPv4 address; gateways too */
};
extern const struct variant variants[VARIANTS];

enum action {
	ADD,
	DEL,
	DEFER, /* DEL while somebody else has the lock */
	CHECK,
	GC,
	STATUS,
	RELEASE, /* poolctl release, gc, import */
	BURY,
	IMPORT,
	COMPACT,
	REINDEX, /* somebody deletes the index */
	TEAR,	 /* somebody is killed while he writes */
	SLEEP,
	CLOCK, /* CLOCK_REALTIME jumps */
	REBOOT,
	ACTIONS
};

struct op {
	enum action action;
	int owner, variant, network;
	int address;   /* requested (ADD), released, imported; NO_ADDRESS */
	bool sticky;   /* ADD */
	bool flag;     /* CHECK: prevResult is wrong. IMPORT: of a dead namespace. ADD, DEL: killed
			  between the commit and the index */
	uint32_t bits; /* GC: the owners that are valid; SLEEP, CLOCK, TEAR: how much */
};

struct model_lease {
	bool live, dead;
	bool keep; /* by the pod, after a DEL */
	int boot, network, pod, uid, n;
	int address[SETS], prefix[SETS];
	int64_t time,
		made; /* CLOCK_REALTIME; number of the transaction: of a kept one, before it */
	/* Of a kept one: the operation of its release, and CLOCK_BOOTTIME as in struct model. */
	int64_t step, released;
};

struct model {
	int64_t delay;	   /* reuseDelay, ms */
	int64_t now, real; /* CLOCK_BOOTTIME, ms; CLOCK_REALTIME, s */
	int boot;
	bool exists; /* the pool's directory */
	struct model_lease leases[HOLDERS];
	int64_t step;		     /* how many operations there were */
	int64_t released[ADDRESSES]; /* -1: not since the boot, or taken again */
	int cursor[SETS];
	int64_t transactions;
	struct {
		int owner, network;
		int64_t made;
	} stones[STONES]; /* deferred releases */
	int n_stones;
};

/* What an operation said. */
struct answer {
	int code; /* of an error, 0: none */
	int n;
	int address[SETS]; /* of a result */
};

void model_start(struct model *, int64_t delay);
/* Where the pod of an owner keeps what it held. */
static inline int keeper_of(int owner)
{
	return OWNERS + 2 * pod_of(owner) + owner % 2;
}

bool model_is_dead(const struct model *, int holder);
bool model_is_cooling(const struct model *, int address);
int model_holder(const struct model *, int address); /* below HOLDERS, or NOBODY */

/*
 * Do what the operation does. Where the promise leaves a choice, it is the one of the answer if
 * that is allowed. choice numbers the possibilities where the answer does not tell which it was;
 * false with *why NULL: the number stands for none; with *why empty: there are no more. False with
 * *why: the answer is wrong.
 */
bool model_do(
	struct model *, const struct op *, const struct answer *, int choice, const char **why);

#endif
