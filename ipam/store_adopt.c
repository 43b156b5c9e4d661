/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the files of host-local to the store: after others have changed them, after a crash, at the
 * first use. Leases that agree stay as they are, with what only the store knows of them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/boot.h"
#include "ipam/store_impl.h"

/* Leases from before the last boot: their owners are dead. */
#define OLD_BOOT "before-adoption"

struct entry {
	struct ip ip;
	u128 number;
	int64_t time; /* of the file, seconds */
	char *text;   /* owned: the container ID */
	const char *ifname;
};

struct entries {
	struct entry *list;
	size_t n, capacity;
};

static void entries_done(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->list[i].text);
	free(entries->list);
}

static bool is_word(const char *text)
{
	size_t length = strnlen(text, LEASE_TEXT_MAX + 1);

	if (!length || length > LEASE_TEXT_MAX)
		return false;
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

#define NOBODY "?" /* no container ID */

/* What no plugin can have written keeps its address, for nobody, until somebody removes it. */
static int nobody(struct entry *entry)
{
	char name[IP_TEXT];

	free(entry->text);
	ip_print(&entry->ip, name);
	if (asprintf(&entry->text, NOBODY "%c%s", '\0', name) < 0) {
		entry->text = NULL;
		return -ENOMEM;
	}
	entry->ifname = entry->text + sizeof(NOBODY);
	entry->time = time(NULL);
	return 0;
}

/* "container ID CRLF ifname", or the container ID alone; white space around is no matter. */
static int parse(struct entry *entry, size_t length)
{
	char *text = entry->text, *start = text, *end;

	if (memchr(text, '\0', length))
		return nobody(entry);
	while (isspace((unsigned char)*start))
		start++;
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	memmove(text, start, strlen(start) + 1);
	end = strstr(text, "\r\n");
	entry->ifname = end ? end + 2 : LEASE_ANY_IFNAME;
	if (end)
		*end = '\0';
	if (!is_word(text) || !is_word(entry->ifname) || (end && strchr(entry->ifname, ':')))
		return nobody(entry);
	return 0;
}

/* A writer that died leaves no text, a disk that lost power only NULs. */
static bool is_blank(const char *text, ssize_t length)
{
	while (length > 0 && (isspace((unsigned char)text[length - 1]) || !text[length - 1]))
		length--;
	return length <= 0;
}

/* 1, 0 for one without an owner: its writer is dead, for we have the lock. -errno. */
static int read_entry(struct store *store, const char *name, struct entry *entry)
{
	CLEANUP(closep)
	int fd = openat(
		store->mirror.directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t size = 2 * LEASE_TEXT_MAX + 8;
	struct stat status;
	ssize_t n;

	if (fd < 0)
		return errno != ELOOP ? -errno : nobody(entry) < 0 ? -ENOMEM : 1;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return nobody(entry) < 0 ? -ENOMEM : 1;
	entry->text = malloc(size);
	n = entry->text ? read(fd, entry->text, size - 1) : -1;
	if (n < 0)
		return entry->text ? -errno : -ENOMEM;
	entry->text[n] = '\0';
	entry->time = status.st_mtim.tv_sec;
	if (is_blank(entry->text, n))
		return 0;
	return parse(entry, (size_t)n) < 0 ? -ENOMEM : 1;
}

static int put(struct entries *entries, const struct entry *entry)
{
	if (entries->n == entries->capacity) {
		size_t capacity = entries->capacity ? 2 * entries->capacity : 64;
		struct entry *list = reallocarray(entries->list, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		entries->list = list;
		entries->capacity = capacity;
	}
	entries->list[entries->n++] = *entry;
	return 0;
}

static int take(struct store *store, const char *name, struct entries *entries)
{
	struct entry entry = { 0 };
	char text[IP_TEXT];
	int rc;

	/* The cursors, the lock, and what is nobody's. */
	if (ip_parse(name, &entry.ip) < 0 || strcmp(ip_print(&entry.ip, text), name) != 0)
		return 0;
	entry.number = ip_number(&entry.ip);
	rc = read_entry(store, name, &entry);
	if (rc > 0)
		rc = put(entries, &entry);
	else if (!rc)
		rc = unlinkat(store->mirror.directory, name, 0) < 0 ? -errno : 1;
	if (!rc)
		return 0;
	free(entry.text);
	return rc < 0 ? rc : 0;
}

static int read_directory(struct store *store, struct entries *entries)
{
	/* A descriptor of its own: its offset is moved. */
	int fd = openat(store->mirror.directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	if (!directory) {
		rc = -errno;
		closep(&fd);
		return rc;
	}
	/* A file that is passed over may have left an errno: readdir(3) tells its own only from 0. */
	while (!rc && (errno = 0, item = readdir(directory)))
		rc = take(store, item->d_name, entries);
	if (!item)
		rc = -errno;
	closedir(directory);
	return rc;
}

static int by_address(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static int compare_owners(const struct entry *a, const struct entry *b)
{
	int order = strcmp(a->text, b->text);

	return order ? order : strcmp(a->ifname, b->ifname);
}

/* Attachments together, IPv4 first. */
static int by_owner(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = compare_owners(left, right);

	if (order || left->ip.family == right->ip.family)
		return order ? order : by_address(a, b);
	return left->ip.family == AF_INET ? -1 : 1;
}

struct comparison {
	const struct entries *entries; /* by address */
	struct cni_error *err;
};

/* Remove a lease that is not wholly in the files. */
static int drop_stale(struct store *store, const struct lease *lease, void *data)
{
	const struct comparison *comparison = data;
	const struct entries *entries = comparison->entries;
	bool agrees = !strcmp(lease->ifname, LEASE_ANY_IFNAME) || !strchr(lease->ifname, ':');

	for (size_t i = 0; agrees && i < lease->n_addresses; i++) {
		struct entry key = { .number = ip_number(&lease->addresses[i]) };
		const struct entry *entry = !entries->n ? NULL
							: bsearch(&key, entries->list, entries->n,
								  sizeof(key), by_address);

		agrees = entry && !strcmp(entry->text, lease->container_id) &&
			 !strcmp(entry->ifname, lease->ifname);
	}
	return agrees ? 0
		      : store_remove(store, lease->container_id, lease->ifname, comparison->err);
}

struct adoption {
	struct store *store;
	int64_t boot_time;
	struct lease lease, held;
	char ifname[LEASE_TEXT_MAX + 24]; /* of the lease */
};

static bool is_whole(const struct lease *held, const struct entry *list, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < held->n_addresses; k++)
			found += ip_same(&held->addresses[k], &list[i].ip);
	return found == n && held->n_addresses == n;
}

/* Up to RANGE_SETS_MAX entries of one owner. */
static int adopt_lease(
	struct adoption *to, const struct entry *list, size_t n, struct cni_error *err)
{
	struct lease *lease = &to->lease;
	uint32_t number;
	int rc = store_owner(to->store, list->text, to->ifname, &number, &to->held, err);

	if (rc < 0 || (rc && is_whole(&to->held, list, n)))
		return rc < 0 ? -1 : 0;
	memset(lease, 0, LEASE_FIELDS);
	if (rc)
		memcpy(lease, &to->held, LEASE_FIELDS);
	lease->container_id = list->text;
	lease->ifname = to->ifname;
	/* A GC of the network has no say in what is nobody's. */
	lease->network = strcmp(list->text, NOBODY) ? to->store->pool : NULL;
	if (!rc) {
		lease->time = list->time;
		lease->boot = list->time < to->boot_time ? OLD_BOOT : boot_id();
	}
	for (size_t i = 0; i < n; i++)
		lease->addresses[i] = list[i].ip;
	lease->n_addresses = n;
	lease->fixed = (UINT32_C(1) << n) - 1;
	return store_put(to->store, lease, NULL, err);
}

static int adopt_owner(
	struct adoption *to, const struct entry *list, size_t n, struct cni_error *err)
{
	for (size_t i = 0; i < n; i += RANGE_SETS_MAX) {
		size_t part = n - i < RANGE_SETS_MAX ? n - i : RANGE_SETS_MAX;

		snprintf(to->ifname, sizeof(to->ifname), i ? "%s:%zu" : "%s", list->ifname,
			i / RANGE_SETS_MAX);
		if (adopt_lease(to, list + i, part, err) < 0)
			return -1;
	}
	return 0;
}

static int adopt(struct store *store, struct entries *entries, struct cni_error *err)
{
	struct comparison comparison = { .entries = entries, .err = err };
	struct adoption to;

	to.store = store;
	to.boot_time = boot_time();
	if (entries->n)
		qsort(entries->list, entries->n, sizeof(*entries->list), by_address);
	if (store_each(store, drop_stale, &comparison, err) < 0)
		return -1;
	if (entries->n)
		qsort(entries->list, entries->n, sizeof(*entries->list), by_owner);
	for (size_t i = 0, end; i < entries->n; i = end) {
		for (end = i + 1; end < entries->n &&
				  !compare_owners(&entries->list[i], &entries->list[end]);)
			end++;
		if (adopt_owner(&to, entries->list + i, end - i, err) < 0)
			return -1;
	}
	return 0;
}

int mirror_adopt(struct store *store, struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	int rc = read_directory(store, &entries);

	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"read the leases of host-local of pool \"%s\"", store->pool);
	store->mirror.adopting = true;
	rc = adopt(store, &entries, err);
	store->mirror.adopting = false;
	store->mirror.changed = true;
	store->mirror.doubtful = rc < 0;
	return rc;
}
