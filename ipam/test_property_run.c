/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_property_run.h"

#include <sys/file.h>
#include <time.h>

#include "cni/boot.h"
#include "ipam/reclaim.h"
#include "ipam/store_impl.h"
#include "ipam/test_pool.h"

#define V4_BASE ((u128)0xffff0a010000) /* 10.1.0.0 */
#define V6_BASE ((u128)0xfd00 << 112)  /* fd00:: */

/* ---- Clocks and boots: the linker leads the calls of the engine here ---- */

static struct {
	int64_t boot_ms, real;
} clocks = { 1000, 1700000000 };

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ .tv_sec = clocks.boot_ms / 1000,
		.tv_nsec = clocks.boot_ms % 1000 * 1000000 };
	return 0;
}

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	if (out)
		*out = clocks.real;
	return clocks.real;
}

/* What the process takes for the boot ID. */
static void set_boot(int boot)
{
	snprintf((char *)(uintptr_t)boot_id(), 40, "00000000-0000-0000-0000-%012d", boot);
}

/* ---- Addresses and texts ---- */

static struct ip ip_of(int address, int prefix)
{
	u128 number = address < V4 ? V4_BASE + (u128)address : V6_BASE + (u128)(address - V4);

	return ip_from_number(number, (uint8_t)prefix);
}

static int address_of(const struct ip *ip)
{
	u128 number = ip_number(ip);

	if (number >= V4_BASE && number < V4_BASE + V4)
		return (int)(number - V4_BASE);
	if (number >= V6_BASE && number < V6_BASE + ADDRESSES - V4)
		return (int)(number - V6_BASE) + V4;
	return NO_ADDRESS;
}

static const char *container_of(int owner)
{
	static char name[16];

	sprintf(name, "c%d", owner / 2);
	return name;
}

static const char *ifname_of(int owner)
{
	return owner % 2 ? "net2" : "net1";
}

static const char *network_of(int network)
{
	return network ? "rail1" : "rail0";
}

/* The whole configuration; more goes beside "ipam". */
static const char *config(const struct model *m, const struct op *op, const char *more)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		"{'cniVersion':'1.1.0','name':'%s','type':'x','ipam':{'type':'pool','pool':'rail0',"
		"'dataDir':'@','reuseDelay':'%dms','sticky':'%s',%s%s}%s}",
		network_of(op->network), (int)m->delay, op->sticky ? "pod" : "container",
		op->action == DEFER ? "'lockTimeout':'1ms'," : "", variants[op->variant].ipam,
		more);
	return text;
}

/* ---- Calls ---- */

static void call(const char *command, const struct op *op, const char *text, struct answer *answer)
{
	static char args[256];
	const char *said;
	char *end;
	int n = 0;

	*args = '\0';
	if (pod_of(op->owner) != NOBODY)
		n = sprintf(args, "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod%d;K8S_POD_UID=u%d",
			pod_of(op->owner), uid_of(op->owner));
	if (op->action == ADD && op->address != NO_ADDRESS)
		sprintf(args + n, "%sIP=10.1.0.%d", n ? ";" : "", op->address);
	test_env.args = args;
	test_env.netns = "/run/netns/none";
	test_env.ifname = ifname_of(op->owner);
	said = test_call(command, container_of(op->owner), text);
	*answer = (struct answer){ .code = (int)strtol(said, &end, 10) };
	if (*end == ':' && strspn(said, "0123456789") == (size_t)(end - said))
		return;
	*answer = (struct answer){ 0 };
	while (*said && answer->n < SETS) {
		size_t length = strcspn(said, " ");
		char one[64] = "";
		struct ip ip;

		memcpy(one, said, length < sizeof(one) ? length : sizeof(one) - 1);
		answer->address[answer->n++] =
			ip_parse_cidr(one, &ip) < 0 ? NO_ADDRESS : address_of(&ip);
		said += length + (said[length] == ' ');
	}
}

static const char *with_result(const struct model *m, const struct op *op)
{
	const struct model_lease *lease = &m->leases[op->owner];
	static char more[512];
	char text[IP_TEXT];
	int n = sprintf(more, ",'prevResult':{'cniVersion':'1.1.0','ips':[");

	for (int i = 0; lease->live && !op->flag && i < lease->n; i++) {
		struct ip ip = ip_of(lease->address[i], lease->prefix[i]);

		n += sprintf(
			more + n, "%s{'address':'%s'}", i ? "," : "", ip_print_cidr(&ip, text));
	}
	if (!lease->live || op->flag)
		n += sprintf(more + n, "{'address':'10.1.0.60/26'}");
	sprintf(more + n, "]}");
	return config(m, op, more);
}

static const char *with_valid(const struct model *m, const struct op *op)
{
	static char more[4096];
	int n = sprintf(more, ",'cni.dev/valid-attachments':[");

	for (int owner = 0, some = 0; owner < OWNERS; owner++)
		if (op->bits >> owner & 1)
			n += sprintf(more + n, "%s{'containerID':'%s','ifname':'%s'}",
				some++ ? "," : "", container_of(owner), ifname_of(owner));
	sprintf(more + n, "]");
	return config(m, op, more);
}

static void call_locked(const struct model *m, const struct op *op, struct answer *answer)
{
	CLEANUP(closep) int lock = open(test_file("ipam/rail0/lock"), O_RDWR | O_CLOEXEC);

	*answer = (struct answer){ 0 };
	if (lock < 0 || m->n_stones == STONES)
		return;
	flock(lock, LOCK_EX);
	call("DEL", op, config(m, op, ""), answer);
}

/* ---- What poolctl does ---- */

static struct store *open_pool(const struct model *m, bool create)
{
	const struct store_options options = { .directory = test_dir,
		.pool = "rail0",
		.lock_timeout_ms = 1000,
		.reuse_delay_ms = m->delay,
		.create = create };
	struct cni_error err = { 0 };
	struct store *store;

	if (store_open(&store, &options, &err) == 0)
		return store;
	printf("# %s\n", err.msg);
	exit(1);
}

static int bury(struct store *store, const struct lease *lease, void *data)
{
	return reclaim_is_dead(lease) ? store_release(store, lease, data) : 0;
}

static void import(struct store *store, const struct op *op, struct cni_error *err)
{
	struct ip ip = ip_of(op->address, 32);
	static struct lease lease, other;
	char id[16];

	strcpy(id, container_of(op->owner));
	if (store_find(store, id, ifname_of(op->owner), &other, err) ||
		store_find_address(store, &ip, &other, err))
		return;
	lease = (struct lease){
		.container_id = id,
		.ifname = ifname_of(op->owner),
		.network = network_of(op->network),
		.netns = op->flag ? "/nonexistent" : "",
		.netns_id = op->flag ? "4:1" : "",
		.boot = boot_id(),
		.time = clocks.real,
		.n_addresses = 1,
		.addresses = { ip },
		.fixed = 1,
	};
	store_put(store, &lease, NULL, err);
}

/* 999 for an error. */
static int tool(const struct model *m, const struct op *op)
{
	CLEANUP(store_closep) struct store *store = open_pool(m, op->action == IMPORT);
	struct cni_error err = { 0 };
	static struct lease lease;
	struct ip ip;

	if (!store)
		return 0;
	if (op->action == IMPORT) {
		import(store, op, &err);
	} else if (op->action == BURY) {
		store_settle(store, NULL, &err);
		store_each(store, bury, &err, &err);
	} else if (op->action == RELEASE) {
		ip = ip_of(op->address, 32);
		if (store_find_address(store, &ip, &lease, &err) > 0)
			store_remove(store, lease.container_id, lease.ifname, &err);
	} else if (!store_rewrite(store)) {
		return 999;
	}
	return err.code ? 999 : 0;
}

/* ---- What happens to the files ---- */

static void tear(const struct op *op)
{
	static const char line[] =
		"{\"seq\":77,\"op\":\"add\",\"ips\":[\"10.1.0.9/28\"],\"cid\":\"";
	CLEANUP(closep) int fd = open(test_file("ipam/rail0/journal"), O_WRONLY | O_APPEND);

	if (fd >= 0 && write(fd, line, 1 + op->bits % (sizeof(line) - 1)) < 0)
		abort();
}

static char *read_index(size_t *length)
{
	CLEANUP(closep) int fd = open(test_file("ipam/rail0/index"), O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *text;

	if (fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	*length = (size_t)status.st_size;
	text = malloc(*length);
	if (!text || read(fd, text, *length) != (ssize_t)*length)
		abort();
	return text;
}

/* As if the process had been killed when its line was written. */
static void restore_index(const char *text, size_t length)
{
	CLEANUP(closep)
	int fd = open(test_file("ipam/rail0/index"), O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, length) != (ssize_t)length)
		abort();
}

static void act(const struct model *m, const struct op *op, struct answer *answer)
{
	CLEANUP(freep) char *index = NULL;
	size_t length = 0;

	*answer = (struct answer){ 0 };
	switch (op->action) {
	case ADD:
	case DEL:
		if (op->flag)
			index = read_index(&length);
		call(op->action == ADD ? "ADD" : "DEL", op, config(m, op, ""), answer);
		if (index)
			restore_index(index, length);
		break;
	case DEFER:
		call_locked(m, op, answer);
		break;
	case CHECK:
		call("CHECK", op, with_result(m, op), answer);
		break;
	case GC:
		call("GC", op, with_valid(m, op), answer);
		break;
	case STATUS:
		call("STATUS", op, config(m, op, ""), answer);
		break;
	case RELEASE:
	case BURY:
	case IMPORT:
	case COMPACT:
		answer->code = tool(m, op);
		break;
	case REINDEX:
		unlink(test_file("ipam/rail0/index"));
		break;
	case TEAR:
		tear(op);
		break;
	case SLEEP:
	case CLOCK:
	case REBOOT:
	case ACTIONS:
		break;
	}
}

/* ---- Comparison ---- */

static char complaint[512];

PRINTF(1, 2) static bool differs(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(complaint, sizeof(complaint), format, ap);
	va_end(ap);
	return true;
}

struct comparison {
	const struct model *m;
	int seen;
	uint32_t holders;
};

/* "c7" or "pod:ns/pod2" */
static int holder_of(const struct lease *lease)
{
	int second = !strcmp(lease->ifname, "net2");

	if (lease_is_kept(lease))
		return OWNERS + 2 * atoi(lease->container_id + strlen("pod:ns/pod")) + second;
	return 2 * atoi(lease->container_id + 1) + second;
}

static bool is_text(const char *got, const char *want)
{
	return !strcmp(got ? got : "", want);
}

static int compare(struct store *store, const struct lease *lease, void *data)
{
	struct comparison *comparison = data;
	int holder = holder_of(lease), n;
	const struct model_lease *want = &comparison->m->leases[holder];
	char pod[16] = "", boot[40] = "kept";

	(void)store;
	if (want->pod != NOBODY)
		sprintf(pod, "ns/pod%d", want->pod);
	if (holder < OWNERS)
		snprintf(boot, sizeof(boot), "00000000-0000-0000-0000-%012d", want->boot);
	if (!want->live || comparison->holders >> holder & 1)
		return differs("a lease of %s %s too many", lease->container_id, lease->ifname);
	comparison->holders |= UINT32_C(1) << holder;
	comparison->seen++;
	for (n = 0; n < want->n && (size_t)n < lease->n_addresses; n++)
		if (address_of(&lease->addresses[n]) != want->address[n] ||
			lease->addresses[n].prefix != want->prefix[n])
			break;
	if (n != want->n || lease->n_addresses != (size_t)n)
		return differs("other addresses of %s %s", lease->container_id, lease->ifname);
	if (!is_text(lease->pod, pod) || !is_text(lease->network, network_of(want->network)) ||
		!is_text(lease->boot, boot) || lease->time != want->time ||
		(lease->keep > 0) != want->keep)
		return differs("another lease of %s %s", lease->container_id, lease->ifname);
	return 0;
}

static bool compare_addresses(const struct model *m, struct store *store)
{
	struct store_counts counts = store_counts(store);
	uint64_t leased = 0, cooling = 0, kept = 0;

	for (int a = 0; a < ADDRESSES; a++) {
		struct ip ip = ip_of(a, 32);
		int holder = model_holder(m, a);
		bool is_leased = holder != NOBODY;
		bool is_cooling = !is_leased && model_is_cooling(m, a);

		if (store_is_taken(store, ip_number(&ip)) != (is_leased || is_cooling))
			return differs("address %d is %s", a,
				is_leased || is_cooling ? "free, and should not be" : "taken");
		leased += is_leased && holder < OWNERS;
		kept += is_leased && holder >= OWNERS;
		cooling += is_cooling;
	}
	if (counts.leased != leased || counts.cooling != cooling || counts.kept != kept)
		return differs("%d leased, %d cooling and %d kept, not %d, %d and %d",
			(int)counts.leased, (int)counts.cooling, (int)counts.kept, (int)leased,
			(int)cooling, (int)kept);
	return false;
}

static bool compare_cursors(const struct model *m, struct store *store)
{
	for (size_t set = 0; set < SETS; set++) {
		struct ip ip;
		u128 number;
		int at = NO_ADDRESS;

		if (store_cursor(store, set, &number)) {
			ip = ip_from_number(number, 32);
			at = address_of(&ip);
		}
		if (at != m->cursor[set])
			return differs("cursor %zu at %d, not at %d", set, at, m->cursor[set]);
	}
	return false;
}

/* Is the store not what the model says? */
static bool store_differs(const struct model *m)
{
	CLEANUP(store_closep) struct store *store = open_pool(m, false);
	struct comparison comparison = { .m = m };
	struct cni_error err = { 0 };
	int live = 0, kept = 0;

	if (!store || !m->exists)
		return (store || m->exists) && differs("a pool that is there, or is not");
	for (int owner = 0; owner < OWNERS; owner++)
		live += m->leases[owner].live;
	for (int keeper = OWNERS; keeper < HOLDERS; keeper++)
		kept += m->leases[keeper].live;
	if (store_each(store, compare, &comparison, &err))
		return err.code ? differs("%s", err.msg) : true;
	if (comparison.seen != live + kept || store_counts(store).leases != (uint64_t)live ||
		store_counts(store).kept_leases != (uint64_t)kept)
		return differs("%d leases, not %d and %d kept ones", comparison.seen, live, kept);
	return compare_addresses(m, store) || compare_cursors(m, store);
}

/* What the files went through is for the next call to find. */
static bool is_for_the_next(const struct op *op)
{
	return op->action == TEAR || op->action == REINDEX || op->action == REBOOT ||
	       ((op->action == ADD || op->action == DEL) && op->flag);
}

void engine_start(const char *directory)
{
	snprintf(test_dir, sizeof(test_dir), "%s", directory);
	set_boot(1);
}

const char *engine_step(struct model *m, const struct op *op)
{
	const struct model before = *m;
	struct answer answer;
	const char *why = "";

	*complaint = '\0';
	act(m, op, &answer);
	for (int choice = 0;; choice++) {
		*m = before;
		if (!model_do(m, op, &answer, choice, &why)) {
			if (!why)
				continue;
			if (!*why)
				return *complaint ? complaint
						  : "another answer than any that was due";
			snprintf(complaint, sizeof(complaint), "%s (code %d, %d addresses: %d %d)",
				why, answer.code, answer.n, answer.address[0], answer.address[1]);
			if (op->action != ADD)
				return complaint;
			continue;
		}
		if (op->action == REBOOT)
			set_boot(m->boot);
		clocks.boot_ms = ++m->now;
		clocks.real = m->real;
		if (is_for_the_next(op) || !store_differs(m))
			return NULL;
		clocks.boot_ms = before.now;
		clocks.real = before.real;
	}
}
