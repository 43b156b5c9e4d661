/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_model.h"

#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))

const struct variant variants[VARIANTS] = {
	{ "'ranges':[[{'subnet':'10.1.0.0/28','gateway':'first','exclude':['10.1.0.4/31']}]]",
		false, 1, { { { 1, 14, 28 }, { 0, -1, 0 } } }, BIT(1) | BIT(4) | BIT(5) },
	{ "'ranges':[[{'subnet':'10.1.0.0/28','gateway':'first','exclude':['10.1.0.4/31']}],"
	  "[{'subnet':'fd00::/124'}]]",
		false, 2, { { { 1, 14, 28 }, { 0, -1, 0 } }, { { 65, 79, 124 }, { 0, -1, 0 } } },
		BIT(1) | BIT(4) | BIT(5) },
	{ "'ranges':[[{'subnet':'10.1.0.8/29'},{'subnet':'10.1.0.32/29'}]]", false, 1,
		{ { { 9, 14, 29 }, { 33, 38, 29 } } }, 0 },
	{ "'ranges':[[{'subnet':'10.1.0.0/28','rangeEnd':'10.1.0.6'}],[{'subnet':'fd00::/124',"
	  "'rangeStart':'fd00::8'}]],'allocation':'lowest'",
		true, 2, { { { 1, 6, 28 }, { 0, -1, 0 } }, { { 72, 79, 124 }, { 0, -1, 0 } } }, 0 },
};

void model_start(struct model *m, int64_t delay)
{
	*m = (struct model){ .delay = delay, .now = 1000, .real = 1700000000, .boot = 1 };
	memset(m->released, -1, sizeof(m->released));
	m->cursor[0] = m->cursor[1] = NO_ADDRESS;
}

/* The prefix of the range that has the address, or 0. */
static int range_of(const struct variant *v, int set, int address)
{
	for (int i = 0; i < RANGES; i++)
		if (address >= v->ranges[set][i].first && address <= v->ranges[set][i].last &&
			!(address < V4 && v->excluded >> address & 1))
			return v->ranges[set][i].prefix;
	return 0;
}

bool model_is_dead(const struct model *m, int holder)
{
	const struct model_lease *lease = &m->leases[holder];

	return holder < OWNERS && (lease->dead || lease->boot != m->boot);
}

/* Is it nobody's? */
static bool is_ownerless(const struct model *m, int holder)
{
	return holder >= OWNERS || model_is_dead(m, holder);
}

static bool has_cooled(const struct model *m, int keeper)
{
	int64_t released = m->leases[keeper].released;

	return released < 0 || released <= m->now - m->delay;
}

bool model_is_cooling(const struct model *m, int address)
{
	return m->released[address] >= 0 && m->released[address] > m->now - m->delay;
}

static bool holds(const struct model_lease *lease, int address)
{
	for (int i = 0; lease->live && i < lease->n; i++)
		if (lease->address[i] == address)
			return true;
	return false;
}

int model_holder(const struct model *m, int address)
{
	for (int holder = 0; holder < HOLDERS; holder++)
		if (holds(&m->leases[holder], address))
			return holder;
	return NOBODY;
}

static bool is_free(const struct model *m, int address)
{
	return model_holder(m, address) == NOBODY && !model_is_cooling(m, address);
}

/* The lease ends, and nobody keeps it. */
static void end(struct model *m, int holder)
{
	struct model_lease *lease = &m->leases[holder];
	bool cooled = !m->delay || (holder >= OWNERS && has_cooled(m, holder));

	for (int i = 0; lease->live && i < lease->n; i++)
		m->released[lease->address[i]] = cooled ? -1 : m->now;
	m->transactions += lease->live;
	lease->live = false;
}

/* As by a DEL. */
static void release(struct model *m, int owner)
{
	struct model_lease lease = m->leases[owner], *kept;

	if (!lease.live || !lease.keep) {
		end(m, owner);
		return;
	}
	kept = &m->leases[keeper_of(owner)];
	if (kept->live && kept->made > lease.made) {
		end(m, owner);
		return;
	}
	for (int i = 0; kept->live && i < kept->n; i++)
		m->released[kept->address[i]] = m->delay ? m->now : -1;
	m->leases[owner].live = false;
	*kept = lease;
	kept->time = m->real;
	kept->step = m->step;
	kept->released = m->delay ? m->now : -1;
	m->transactions++;
}

/* Is the lease that there is the one that was to end? */
static bool is_meant(const struct model *m, int stone)
{
	const struct model_lease *lease = &m->leases[m->stones[stone].owner];

	return lease->live && lease->made <= m->stones[stone].made &&
	       lease->network == m->stones[stone].network;
}

/* Of all but one owner. How many leases ended. */
static int settle(struct model *m, int but)
{
	int ended = 0, left = 0;

	for (int i = 0; i < m->n_stones; i++) {
		int owner = m->stones[i].owner;

		if (but != NOBODY && owner == but) {
			m->stones[left++] = m->stones[i];
		} else if (is_meant(m, i)) {
			release(m, owner);
			ended++;
		}
	}
	m->n_stones = left;
	return ended;
}

/* ---- ADD ---- */

struct plan {
	struct model *m;
	const struct op *op;
	const struct variant *v;
	const struct answer *answer;
	struct model_lease held, next;
	int heir_of; /* whose lease is taken over, or NOBODY */
	int choice;  /* numbers the choices that are still to be made */
	uint32_t fixed;
	const char **why;
};

static bool wrong(struct plan *plan, const char *why)
{
	*plan->why = why;
	return false;
}

/* The answer is this error, and nothing more happens. */
static bool refused(struct plan *plan, int code)
{
	plan->next.n = NO_ADDRESS;
	return plan->answer->code == code ||
	       wrong(plan, "another answer than an error that was due");
}

static int kept(const struct plan *plan, int set)
{
	for (int i = 0; plan->held.live && i < plan->held.n; i++)
		if (range_of(plan->v, set, plan->held.address[i]))
			return plan->held.address[i];
	return NO_ADDRESS;
}

/* Its own, or what its pod got last of what may be taken over. */
static void find_held(struct plan *plan)
{
	int owner = plan->op->owner, pod = pod_of(owner);

	plan->heir_of = NOBODY;
	plan->held = plan->m->leases[owner];
	if (plan->held.live || !plan->op->sticky || pod == NOBODY)
		return;
	settle(plan->m, NOBODY);
	for (int other = owner % 2; other < HOLDERS; other += 2) {
		const struct model_lease *lease = &plan->m->leases[other];

		if (!lease->live || lease->pod != pod ||
			(lease->uid != uid_of(owner) && !is_ownerless(plan->m, other)) ||
			(plan->held.live && plan->held.made > lease->made))
			continue;
		plan->held = *lease;
		plan->heir_of = other;
	}
}

static int settle_others(struct plan *plan)
{
	if (!plan->held.live)
		return settle(plan->m, NOBODY);
	return settle(plan->m, plan->heir_of == NOBODY ? plan->op->owner : plan->heir_of);
}

static bool claim(struct plan *plan, int wanted)
{
	struct model *m = plan->m;
	int holder = holds(&plan->held, wanted) ? NOBODY : model_holder(m, wanted);

	if (holder != NOBODY && settle_others(plan))
		holder = model_holder(m, wanted);
	if (holder == NOBODY)
		return true;
	if (!is_ownerless(m, holder))
		return refused(plan, 11);
	end(m, holder);
	return true;
}

static int free_within(const struct plan *plan, int set, int first, int last)
{
	for (int a = first; a <= last; a++)
		if (range_of(plan->v, set, a) && is_free(plan->m, a))
			return a;
	return NO_ADDRESS;
}

static int next_free(const struct plan *plan, int set)
{
	int cursor = plan->v->lowest ? NO_ADDRESS : plan->m->cursor[set], at = NO_ADDRESS, found;

	for (int i = 0; i < RANGES; i++)
		if (cursor >= plan->v->ranges[set][i].first &&
			cursor <= plan->v->ranges[set][i].last)
			at = i;
	if (at != NO_ADDRESS) {
		found = free_within(plan, set, cursor + 1, plan->v->ranges[set][at].last);
		if (found != NO_ADDRESS)
			return found;
	}
	for (int i = 1; i <= RANGES; i++) {
		int range = (at + i) % RANGES;

		found = free_within(plan, set, plan->v->ranges[set][range].first,
			plan->v->ranges[set][range].last);
		if (found != NO_ADDRESS)
			return found;
	}
	return NO_ADDRESS;
}

/* The address in the answer, if it is one of the allowed; where the answer is an error, any. */
static bool choose_allowed(struct plan *plan, int set, const bool allowed[ADDRESSES], int *address)
{
	for (int a = 0; a < ADDRESSES; a++)
		if (allowed[a] && (plan->answer->code || plan->answer->address[set] == a)) {
			*address = a;
			return true;
		}
	return wrong(plan, "an address that was not the one to be taken");
}

/* The first address of a lease that the set could give. */
static int first_of(const struct plan *plan, int set, int holder)
{
	const struct model_lease *lease = &plan->m->leases[holder];

	for (int i = 0; lease->live && i < lease->n; i++)
		if (range_of(plan->v, set, lease->address[i]))
			return lease->address[i];
	return NO_ADDRESS;
}

/* The dead go that no pod would have kept. 1 with *address chosen, 0 if there are none, -1. */
static int reclaim(struct plan *plan, int set, int *address)
{
	bool allowed[ADDRESSES] = { false };
	int found = 0;

	for (int owner = 0; owner < OWNERS; owner++) {
		int first = first_of(plan, set, owner);

		if (first == NO_ADDRESS || !model_is_dead(plan->m, owner) ||
			plan->m->leases[owner].keep)
			continue;
		allowed[first] = true;
		found++;
		end(plan->m, owner);
	}
	if (!found)
		return 0;
	return choose_allowed(plan, set, allowed, address) ? 1 : -1;
}

static void give_up_one_of(struct plan *plan, int set, const int *holders, int n, int *address)
{
	int chosen = holders[plan->choice % n];

	plan->choice /= n;
	*address = first_of(plan, set, chosen);
	end(plan->m, chosen);
}

/* One of the others goes; each is a choice. 1 with *address chosen or 0. */
static int reclaim_sticky(struct plan *plan, int set, int *address)
{
	int candidates[OWNERS], n = 0;

	for (int owner = 0; owner < OWNERS; owner++)
		if (first_of(plan, set, owner) != NO_ADDRESS && model_is_dead(plan->m, owner))
			candidates[n++] = owner;
	if (n)
		give_up_one_of(plan, set, candidates, n, address);
	return n > 0;
}

/*
 * What was kept first goes, and if it has to, only if it has cooled. What one operation released
 * has no order: each is a choice. 1 with *address chosen or 0.
 */
static int reclaim_kept(struct plan *plan, int set, bool cooled, int *address)
{
	int candidates[HOLDERS] = { 0 }, n = 0;

	for (int keeper = OWNERS; keeper < HOLDERS; keeper++) {
		const struct model_lease *lease = &plan->m->leases[keeper];

		if (first_of(plan, set, keeper) == NO_ADDRESS)
			continue;
		if (n && lease->step < plan->m->leases[candidates[0]].step)
			n = 0;
		if (!n || lease->step == plan->m->leases[candidates[0]].step)
			candidates[n++] = keeper;
	}
	if (!n || (cooled && !has_cooled(plan->m, candidates[0])))
		return 0;
	give_up_one_of(plan, set, candidates, n, address);
	return 1;
}

/* 1 with *address chosen, 0 if none cools, -1. */
static int choose_cooling(struct plan *plan, int set, int *address)
{
	bool allowed[ADDRESSES] = { false };
	int64_t oldest = INT64_MAX;

	for (int a = 0; a < ADDRESSES; a++)
		if (range_of(plan->v, set, a) && model_is_cooling(plan->m, a) &&
			model_holder(plan->m, a) == NOBODY && plan->m->released[a] < oldest)
			oldest = plan->m->released[a];
	if (oldest == INT64_MAX)
		return 0;
	for (int a = 0; a < ADDRESSES; a++)
		allowed[a] = range_of(plan->v, set, a) && plan->m->released[a] == oldest &&
			     model_holder(plan->m, a) == NOBODY;
	return choose_allowed(plan, set, allowed, address) ? 1 : -1;
}

static bool choose(struct plan *plan, int set, int *address)
{
	int rc;

	*address = next_free(plan, set);
	if (*address == NO_ADDRESS && settle_others(plan))
		*address = next_free(plan, set);
	if (*address != NO_ADDRESS)
		return true;
	rc = reclaim(plan, set, address);
	if (!rc)
		rc = reclaim_kept(plan, set, true, address);
	if (!rc)
		rc = reclaim_sticky(plan, set, address);
	if (!rc)
		rc = choose_cooling(plan, set, address);
	if (!rc)
		rc = reclaim_kept(plan, set, false, address);
	return rc ? rc > 0 : refused(plan, 11);
}

static bool plan_set(struct plan *plan, int set)
{
	int wanted = set ? NO_ADDRESS : plan->op->address, has = kept(plan, set);
	int address = wanted != NO_ADDRESS ? wanted : has;

	if (wanted != NO_ADDRESS ? !claim(plan, wanted)
				 : has == NO_ADDRESS && !choose(plan, set, &address))
		return false;
	if (plan->next.n == NO_ADDRESS)
		return true;
	if (wanted != NO_ADDRESS || has != NO_ADDRESS)
		plan->fixed |= UINT32_C(1) << set;
	plan->next.address[set] = address;
	plan->next.prefix[set] = range_of(plan->v, set, address);
	plan->next.n++;
	return true;
}

static bool is_deferred(const struct model *m, int owner)
{
	for (int i = 0; i < m->n_stones; i++)
		if (m->stones[i].owner == owner)
			return true;
	return false;
}

/* A repeated ADD writes nothing. */
static bool is_unchanged(const struct plan *plan)
{
	const struct model_lease *held = &plan->held, *next = &plan->next;

	return held->live && plan->heir_of == NOBODY && held->n == next->n && !held->dead &&
	       held->keep == next->keep && held->boot == next->boot &&
	       held->network == next->network &&
	       !memcmp(held->address, next->address, (size_t)next->n * sizeof(int)) &&
	       !memcmp(held->prefix, next->prefix, (size_t)next->n * sizeof(int)) &&
	       !is_deferred(plan->m, plan->op->owner);
}

/* By a lease of now. */
static void replace(struct model *m, int holder)
{
	struct model_lease *lease = &m->leases[holder];

	for (int i = 0; lease->live && i < lease->n; i++)
		m->released[lease->address[i]] = m->delay ? m->now : -1;
	lease->live = false;
}

static bool commit(struct plan *plan)
{
	struct model *m = plan->m;

	for (int i = 0; i < plan->next.n; i++)
		if (plan->answer->code || plan->answer->n != plan->next.n ||
			plan->answer->address[i] != plan->next.address[i])
			return wrong(plan, "another answer than the address that was due");
	if (is_unchanged(plan))
		return true;
	replace(m, plan->op->owner);
	if (plan->heir_of != NOBODY)
		replace(m, plan->heir_of);
	plan->next.live = true;
	plan->next.made = ++m->transactions;
	m->leases[plan->op->owner] = plan->next;
	for (int i = 0; i < plan->next.n; i++) {
		m->released[plan->next.address[i]] = -1;
		if (!(plan->fixed >> i & 1))
			m->cursor[i] = plan->next.address[i];
	}
	return true;
}

static bool run(struct plan *plan)
{
	const struct op *op = plan->op;
	int has;

	if (op->address != NO_ADDRESS && !range_of(plan->v, 0, op->address))
		return refused(plan, 7);
	plan->m->exists = true;
	find_held(plan);
	has = kept(plan, 0);
	if (has != NO_ADDRESS && op->address != NO_ADDRESS && has != op->address) {
		if (plan->heir_of == NOBODY)
			return refused(plan, 7);
		plan->heir_of = NOBODY;
		plan->held.live = false;
	}
	plan->next = (struct model_lease){
		.keep = op->sticky && pod_of(op->owner) != NOBODY,
		.boot = plan->m->boot,
		.network = op->network,
		.pod = pod_of(op->owner),
		.uid = uid_of(op->owner),
		.time = plan->m->real,
	};
	for (int set = 0; set < plan->v->n_sets; set++) {
		if (!plan_set(plan, set))
			return false;
		if (plan->next.n == NO_ADDRESS)
			return true;
	}
	return commit(plan);
}

/* One of the holders for each set, at the most. */
enum { CHOICES = HOLDERS * HOLDERS };

static bool add(struct model *m, const struct op *op, const struct answer *answer, int choice,
	const char **why)
{
	struct plan plan = { .m = m, .op = op, .answer = answer, .choice = choice, .why = why };
	bool good;

	plan.v = &variants[op->variant];
	good = run(&plan);
	/* What is left of the number chose nothing: the run was one of those before. */
	if (!plan.choice)
		return good;
	*why = choice < CHOICES ? NULL : "";
	return false;
}

/* ---- The others ---- */

static void del(struct model *m, const struct op *op)
{
	struct model_lease *lease = &m->leases[op->owner];

	settle(m, NOBODY);
	if (lease->live && lease->network == op->network)
		release(m, op->owner);
}

static void defer(struct model *m, const struct op *op)
{
	if (!m->exists || m->n_stones == STONES)
		return;
	m->stones[m->n_stones].owner = op->owner;
	m->stones[m->n_stones].network = op->network;
	m->stones[m->n_stones++].made = m->transactions;
}

static void collect(struct model *m, const struct op *op)
{
	uint32_t valid = op->bits & ((UINT32_C(1) << OWNERS) - 1);

	settle(m, NOBODY);
	for (int holder = 0; holder < HOLDERS; holder++) {
		if (!m->leases[holder].live || m->leases[holder].network != op->network)
			continue;
		if (!valid)
			end(m, holder);
		else if (holder < OWNERS && !(valid >> holder & 1))
			release(m, holder);
	}
}

static void bury(struct model *m)
{
	settle(m, NOBODY);
	for (int owner = 0; owner < OWNERS; owner++)
		if (m->leases[owner].live && model_is_dead(m, owner))
			release(m, owner);
}

/* 50 if an ADD would find no address in one of the sets. */
static int status(struct model *m, const struct op *op)
{
	const struct variant *v = &variants[op->variant];

	m->exists = true;
	settle(m, NOBODY);
	for (int set = 0; set < v->n_sets; set++) {
		bool found = false;

		for (int a = 0; a < ADDRESSES; a++) {
			int holder = model_holder(m, a);

			found |= range_of(v, set, a) &&
				 (holder == NOBODY || is_ownerless(m, holder));
		}
		if (!found)
			return 50;
	}
	return 0;
}

static void import(struct model *m, const struct op *op)
{
	struct model_lease *lease = &m->leases[op->owner];

	m->exists = true;
	if (lease->live || model_holder(m, op->address) != NOBODY)
		return;
	*lease = (struct model_lease){
		.live = true,
		.dead = op->flag,
		.boot = m->boot,
		.network = op->network,
		.pod = NOBODY,
		.n = 1,
		.address = { op->address },
		.prefix = { 32 },
		.time = m->real,
		.made = ++m->transactions,
	};
	m->released[op->address] = -1;
}

static void reboot(struct model *m)
{
	m->boot++;
	m->now = 1000;
	memset(m->released, -1, sizeof(m->released));
	for (int keeper = OWNERS; keeper < HOLDERS; keeper++)
		m->leases[keeper].released = -1;
}

bool model_do(struct model *m, const struct op *op, const struct answer *answer, int choice,
	const char **why)
{
	const struct model_lease *lease = &m->leases[op->owner];
	int code = 0, holder;

	*why = "";
	m->step++;
	if (op->action == ADD)
		return add(m, op, answer, choice, why);
	if (choice)
		return false;
	switch (op->action) {
	case DEL:
		del(m, op);
		break;
	case DEFER:
		defer(m, op);
		break;
	case CHECK:
		code = lease->live && !op->flag ? 0 : 999;
		break;
	case GC:
		collect(m, op);
		break;
	case STATUS:
		code = status(m, op);
		break;
	case RELEASE:
		holder = model_holder(m, op->address);
		if (holder != NOBODY)
			end(m, holder);
		break;
	case BURY:
		bury(m);
		break;
	case IMPORT:
		import(m, op);
		break;
	case SLEEP:
		m->now += op->bits;
		m->real += op->bits / 1000;
		break;
	case CLOCK:
		m->real += (int32_t)op->bits;
		break;
	case REBOOT:
		reboot(m);
		break;
	case ADD:
	case COMPACT:
	case REINDEX:
	case TEAR:
	case ACTIONS:
		break;
	}
	*why = "another answer than the one that was due";
	return answer->code == code;
}
