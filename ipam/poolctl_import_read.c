/* SPDX-License-Identifier: Apache-2.0 */
/* The stores of other IPAMs: ipam-family facts are in the comments. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/file.h"
#include "ipam/poolctl_import.h"

/* ---- host-local: a file for each address, "container ID CRLF interface" ---- */

static const char *base_name(const char *path, char out[256])
{
	size_t length = strlen(path);
	const char *base;

	while (length > 1 && path[length - 1] == '/')
		length--;
	base = memrchr(path, '/', length);
	base = base ? base + 1 : path;
	snprintf(out, 256, "%.*s", (int)(path + length - base), base);
	return out;
}

static void skip(struct import *import, const char *path, const char *why)
{
	poolctl_complain("%s is left out: %s", path, why);
	import->skipped++;
}

/* Reads "ID", "ID\r\nIFNAME" and the same with a newline. */
static int read_owner(const char *path, char text[2 * LEASE_TEXT_MAX], struct import_item *item)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	ssize_t n;
	char *rest;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	n = read(fd, text, 2 * LEASE_TEXT_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	text += strspn(text, " \t\r\n");
	item->container_id = text;
	rest = text + strcspn(text, "\r\n");
	item->ifname = rest + strspn(rest, "\r\n");
	*rest = '\0';
	item->ifname[strcspn(item->ifname, "\r\n")] = '\0';
	item->time = status.st_mtim.tv_sec;
	return 0;
}

static int read_file(const struct poolctl *tool, const char *path, struct import_item item,
	struct import *import, struct cni_error *err)
{
	char text[2 * LEASE_TEXT_MAX];
	struct cni_error bad = { 0 };
	int rc = read_owner(path, text, &item);

	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s", path);
	/* A crash between making and writing it: nobody was told of the address. */
	if (!*item.container_id)
		return skip(import, path, "it is empty, so nobody has the address"), 0;
	if (!*item.ifname && tool->ifname)
		item.ifname = (char *)(uintptr_t)tool->ifname;
	if (!*item.ifname)
		return skip(import, path,
			       "it names no interface, as old versions wrote it; --ifname tells "
			       "it"),
		       0;
	if (cni_request_check_container_id(item.container_id, &bad) < 0 ||
		cni_request_check_ifname(item.ifname, &bad) < 0)
		return skip(import, path, bad.msg), 0;
	return import_put(import, &item, err);
}

/* Its lock keeps the other plugin out until we are done. */
static int lock_host_local(const char *directory, struct import *import, struct cni_error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/lock", directory);
	import->lock = open(path, O_RDONLY | O_CLOEXEC);
	if (import->lock < 0 && errno == ENOENT)
		return 0;
	if (import->lock < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "open %s", path);
	if (flock(import->lock, LOCK_EX | LOCK_NB) < 0)
		return cni_fail(err, CNI_TRY_LATER,
			"%s is locked: host-local is at work there; drain the node, or try again",
			path);
	return 0;
}

int import_host_local(const struct poolctl *tool, const char *directory, struct import *import,
	struct cni_error *err)
{
	struct import_item item = { 0 };
	struct dirent *entry;
	char name[256];
	DIR *entries;
	int rc;

	item.pool = (char *)(uintptr_t)(tool->pool ? tool->pool : base_name(directory, name));
	entries = opendir(directory);
	if (!entries)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL,
			"open %s, the directory of a network of host-local", directory);
	rc = lock_host_local(directory, import, err);
	while (!rc && (entry = readdir(entries))) {
		char path[PATH_MAX];

		/* "lock" and "last_reserved_ip.0" are no addresses. */
		if (ip_parse(entry->d_name, &item.ip) < 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		rc = read_file(tool, path, item, import, err);
	}
	closedir(entries);
	return rc;
}

/* ---- nv-ipam: one JSON file, checksum FNV-1a of the text with the checksum 0 ---- */

static uint32_t fnv1a(uint32_t hash, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x01000193u;
	return hash;
}

static int check_sum(const char *path, const char *text, size_t length, struct cni_error *err)
{
	static const char key[] = "\"checksum\":";
	const char *at = memmem(text, length, key, sizeof(key) - 1), *end;
	uint32_t want, sum;

	if (!at)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"%s has no checksum: it is no store of nv-ipam", path);
	at += sizeof(key) - 1;
	want = (uint32_t)strtoul(at, NULL, 10);
	end = at + strspn(at, "0123456789");
	sum = fnv1a(0x811c9dc5u, text, (size_t)(at - text));
	sum = fnv1a(fnv1a(sum, "0", 1), end, (size_t)(text + length - end));
	if (sum == want)
		return 0;
	return cni_fail(err, CNI_DECODING_FAILURE,
		"%s is damaged: its checksum is %" PRIu32 " and should be %" PRIu32
		"; nothing was changed",
		path, want, sum);
}

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));

	return text ? text : "";
}

/* RFC 3339, as "2026-11-21T20:15:00.123-08:00"; 0: it is not known. */
static int64_t parse_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours, minutes, offset;
	char sign;

	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!strcmp(rest, "Z"))
		return timegm(&tm);
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || !strchr("+-", sign))
		return 0;
	offset = 60 * (60 * hours + minutes);
	return timegm(&tm) - (sign == '-' ? -offset : offset);
}

static int read_entry(
	const char *pool, const struct json *entry, struct import *import, struct cni_error *err)
{
	const struct json *metadata = json_get(entry, "metadata");
	const char *namespace = text_of(metadata, "pod_namespace");
	char pod[LEASE_TEXT_MAX] = "";
	struct cni_error bad = { 0 };
	struct import_item item = {
		.pool = (char *)(uintptr_t)pool,
		.container_id = (char *)(uintptr_t)text_of(entry, "container_id"),
		.ifname = (char *)(uintptr_t)text_of(entry, "interface_name"),
		.pod = pod,
		.pod_uid = (char *)(uintptr_t)text_of(metadata, "pod_uuid"),
		.time = parse_time(text_of(metadata, "create_time")),
	};

	if (*namespace)
		snprintf(pod, sizeof(pod), "%s/%s", namespace, text_of(metadata, "pod_name"));
	if (cni_request_check_container_id(item.container_id, &bad) < 0 || !*item.container_id)
		return skip(import, json_key(entry), *bad.msg ? bad.msg : "no container ID"), 0;
	if (cni_request_check_ifname(item.ifname, &bad) < 0 || !*item.ifname)
		return skip(import, json_key(entry), *bad.msg ? bad.msg : "no interface"), 0;
	if (ip_parse(text_of(entry, "ip_address"), &item.ip) < 0)
		return skip(import, json_key(entry), "its ip_address is none"), 0;
	return import_put(import, &item, err);
}

static int read_pools(const struct json *tree, struct import *import, struct cni_error *err)
{
	json_each (pool, json_get(tree, "pools")) {
		/* "cidrpool/<name>" */
		const char *slash = strrchr(json_key(pool), '/');
		const char *name = slash ? slash + 1 : json_key(pool);

		json_each (entry, json_get(pool, "entries"))
			if (read_entry(name, entry, import, err) < 0)
				return -1;
	}
	return 0;
}

int import_nv_ipam(const char *path, struct import *import, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(freep) char *text = NULL;
	char file[PATH_MAX];
	size_t length;
	int64_t version;
	int rc;

	snprintf(file, sizeof(file), "%s", path);
	rc = file_read(file, &text, &length);
	if (rc == -EISDIR) {
		snprintf(file, sizeof(file), "%s/store", path);
		rc = file_read(file, &text, &length);
	}
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s", file);
	if (check_sum(file, text, length, err) < 0 ||
		json_parse(&tree, file, text, length, err) < 0)
		return -1;
	if (json_integer(json_get(tree, "version"), 1, 1, &version) < 0)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"%s has a version that this program does not know: nothing was changed",
			file);
	return read_pools(tree, import, err);
}
