/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/contestant.h"

#include <err.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cni/guard.h"

/* Where the number of the attachment belongs. */
#define PLACE "{n}"

void *allocate(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (!memory)
		err(1, "memory");
	return memory;
}

static PRINTF(1, 2) char *print(const char *format, ...)
{
	char *text;
	va_list ap;
	int length;

	va_start(ap, format);
	length = vasprintf(&text, format, ap);
	va_end(ap);
	if (length < 0)
		err(1, "memory");
	return text;
}

/* With a NUL at the end. */
static void read_text(int fd, const char *name, char text[OUTPUT_MAX])
{
	ssize_t length = pread(fd, text, OUTPUT_MAX, 0);

	if (length < 0)
		err(1, "%s", name);
	if (length == OUTPUT_MAX)
		errx(1, "%s: more than %d bytes", name, OUTPUT_MAX - 1);
	text[length] = '\0';
}

static char *read_config(const char *path)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = allocate(1, OUTPUT_MAX);

	if (fd < 0)
		err(1, "%s", path);
	read_text(fd, path, text);
	return text;
}

static int new_file(void)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	if (fd < 0)
		err(1, "memfd_create");
	return fd;
}

/* The text with the attachment's number in each place of it. */
static char *insert_number(const char *text, size_t i)
{
	const char *place = strstr(text, PLACE);
	CLEANUP(freep) char *rest = NULL;

	if (!place)
		return print("%s", text);
	rest = insert_number(place + strlen(PLACE), i);
	return print("%.*s%zu%s", (int)(place - text), text, i, rest);
}

static char **insert_numbers(char **argv, size_t i)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = allocate(n + 1, sizeof(*copy));
	while (n--)
		copy[n] = insert_number(argv[n], i);
	return copy;
}

static void open_attachment(struct contestant *contestant, size_t i, const char *config,
	char **argv)
{
	struct attachment *attachment = &contestant->attachments[i];
	CLEANUP(freep) char *file = print("%s", argv[0]);

	attachment->config = insert_number(config, i);
	attachment->environment[0] = print("CNI_COMMAND=");
	attachment->environment[1] = print("CNI_CONTAINERID=bench-%s-%zu", contestant->name, i);
	attachment->environment[2] = print("CNI_NETNS=/run/netns/%s-%zu", contestant->name, i);
	attachment->environment[3] = print("CNI_PATH=%s", dirname(file));
	attachment->environment[4] = print("CNI_IFNAME=net1");
	contestant->calls[i] = (struct call){
		.argv = insert_numbers(argv, i),
		.environment = attachment->environment,
		.in = new_file(),
		.out = new_file(),
		.error = new_file(),
	};
}

void contestant_open(struct contestant *contestant, const char *name, const char *config_file,
	char **argv, size_t n)
{
	CLEANUP(freep) char *config = read_config(config_file);

	*contestant = (struct contestant){
		.name = name,
		.has_config = *config,
		.n = n,
		.attachments = allocate(n, sizeof(struct attachment)),
		.calls = allocate(n, sizeof(struct call)),
	};
	for (size_t i = 0; i < n; i++)
		open_attachment(contestant, i, config, argv);
}

static void empty(int fd)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		err(1, "memfd");
}

static void write_input(int fd, const char *config, const char *result)
{
	empty(fd);
	if (*config && *result)
		dprintf(fd, "{\"prevResult\":%s,%s", result, config + 1);
	else
		dprintf(fd, "%s", config);
	if (lseek(fd, 0, SEEK_SET) < 0)
		err(1, "memfd");
}

void contestant_prepare(struct contestant *contestant, const char *step)
{
	for (size_t i = 0; i < contestant->n; i++) {
		struct attachment *attachment = &contestant->attachments[i];
		const struct call *call = &contestant->calls[i];

		free(attachment->environment[0]);
		attachment->environment[0] = print("CNI_COMMAND=%s", step);
		write_input(call->in, attachment->config, attachment->result);
		empty(call->out);
		empty(call->error);
	}
}

/* An answer where none belongs is wrong as well. */
static bool is_plausible(const char *step, const char *output)
{
	if (!strcmp(step, "ADD"))
		return strstr(output, "\"ips\"");
	if (!strcmp(step, "VERSION"))
		return strstr(output, "\"supportedVersions\"");
	return !*output;
}

static void check(const struct contestant *contestant, size_t i, const char *step)
{
	struct attachment *attachment = &contestant->attachments[i];
	const struct call *call = &contestant->calls[i];
	char *messages;

	read_text(call->out, contestant->name, attachment->output);
	if (!call->status && is_plausible(step, attachment->output))
		return;
	messages = allocate(1, OUTPUT_MAX);
	read_text(call->error, contestant->name, messages);
	if (WIFEXITED(call->status))
		warnx("%s of %s-%zu: exit status %d", step, contestant->name, i,
			WEXITSTATUS(call->status));
	else
		warnx("%s of %s-%zu: signal %d", step, contestant->name, i,
			WTERMSIG(call->status));
	fprintf(stderr, "stdout: %s\nstderr: %s\n", attachment->output, messages);
	exit(1);
}

/* The first address of a result, between its quotes. */
static const char *address(const char *result, size_t *length)
{
	const char *at = strstr(result, "\"address\""), *end;

	at = at ? strchr(at + strlen("\"address\""), '"') : NULL;
	end = at ? strchr(at + 1, '"') : NULL;
	if (!end)
		errx(1, "no address in %s", result);
	*length = (size_t)(end - at - 1);
	return at + 1;
}

static void check_distinct(const struct contestant *contestant)
{
	const char *a, *b;
	size_t length, other;

	for (size_t i = 1; i < contestant->n; i++) {
		a = address(contestant->attachments[i].result, &length);
		for (size_t k = 0; k < i; k++) {
			b = address(contestant->attachments[k].result, &other);
			if (length == other && !memcmp(a, b, length))
				errx(1, "%s: attachments %zu and %zu both got %.*s",
					contestant->name, k, i, (int)length, a);
		}
	}
}

void contestant_conclude(struct contestant *contestant, const char *step)
{
	for (size_t i = 0; i < contestant->n; i++) {
		struct attachment *attachment = &contestant->attachments[i];

		check(contestant, i, step);
		if (!strcmp(step, "ADD"))
			memcpy(attachment->result, attachment->output, OUTPUT_MAX);
		else if (!strcmp(step, "DEL"))
			attachment->result[0] = '\0';
	}
	/* Who reads no configuration is told the address and draws none. */
	if (!strcmp(step, "ADD") && contestant->has_config)
		check_distinct(contestant);
}
