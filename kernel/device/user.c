// SPDX-License-Identifier: MIT
/*
 * User memory: of this process, or of a program whose system calls a thread serves. A fault in this
 * process's copy is caught (iofault.c) and counted.
 */
#include "internal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static __thread const struct dmk_user *user;

/* The piece of user memory that this thread touches now, and where to go when it is not there. */
static __thread struct {
	sigjmp_buf out;
	uintptr_t first, last;
	volatile sig_atomic_t armed;
} guard;

const struct dmk_user *dmk_user_set(const struct dmk_user *new)
{
	const struct dmk_user *old = user;

	user = new;
	return old;
}

const struct dmk_user *dmk_user_get(void)
{
	return user;
}

void dmk_user_fault(const volatile void *address)
{
	sigset_t faults;

	if (!guard.armed || (uintptr_t)address < guard.first || (uintptr_t)address > guard.last)
		return;
	guard.armed = 0;
	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
	siglongjmp(guard.out, 1);
}

/* The driver's memory: the direct map and registers. */
static bool is_kernel(uintptr_t first, uintptr_t last)
{
	const struct dmk_machine *machine = dmk_device_port ? dmk_device_port->machine : NULL;
	uintptr_t base = machine ? (uintptr_t)machine->direct_base : 0;

	if (machine && first <= base + machine->direct_last.v && last >= base)
		return true;
	return false;
}

bool dmk_access_ok(const void __user *address, unsigned long size)
{
	uintptr_t first = (uintptr_t)address;

	if (!size)
		return true;
	if (first + (size - 1) < first || first + (size - 1) > UINTPTR_MAX / 2)
		return false;
	return user || !is_kernel(first, first + (size - 1));
}

/* --- one page at a time ----------------------------------------------------------------------- */

/* 0, or -EFAULT: nothing of it, or not all, is there. @size does not cross a page of @at. */
static int touch(void *at, void *mine, size_t size, bool to_user)
{
	if (sigsetjmp(guard.out, 0))
		return -EFAULT;
	guard.first = (uintptr_t)at;
	guard.last = (uintptr_t)at + (size - 1);
	guard.armed = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (to_user)
		memcpy(at, mine, size);
	else
		memcpy(mine, at, size);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	guard.armed = 0;
	return 0;
}

static int touch_remote(void *at, void *mine, size_t size, bool to_user)
{
	struct iovec local = {mine, size}, remote = {at, size};
	ssize_t n = to_user ? process_vm_writev(user->pid, &local, 1, &remote, 1, 0)
			    : process_vm_readv(user->pid, &local, 1, &remote, 1, 0);

	return n == (ssize_t)size ? 0 : -EFAULT;
}

/*
 * The system finds no memory of the driver's where it is closed to the driver: its bytes go by the
 * stack then, and what a look at them means is the driver's affair.
 */
static int touch_by_stack(void *at, void *mine, size_t size, bool to_user)
{
	char bytes[512];
	int result = 0;

	for (size_t done = 0, n; done < size && !result; done += n) {
		n = size - done < sizeof(bytes) ? size - done : sizeof(bytes);
		if (to_user)
			memcpy(bytes, (char *)mine + done, n);
		result = touch_remote((char *)at + done, bytes, n, to_user);
		if (!to_user && !result)
			memcpy((char *)mine + done, bytes, n);
	}
	return result;
}

/* Bytes that were not copied. */
static unsigned long copy(void *theirs, void *mine, unsigned long size, bool to_user)
{
	char *at = theirs, *my = mine;

	if (!dmk_access_ok(theirs, size) ||
	    (uintptr_t)theirs < DMK_PAGE_SIZE) /* nothing is mapped at 0 */
		return size;
	while (size) {
		size_t n = DMK_PAGE_SIZE - ((uintptr_t)at & (DMK_PAGE_SIZE - 1));

		if (n > size)
			n = size;
		if (user ? touch_remote(at, my, n, to_user) && touch_by_stack(at, my, n, to_user)
			 : touch(at, my, n, to_user))
			break;
		at += n;
		my += n;
		size -= n;
	}
	return size;
}

/*
 * All of a page, whatever of it a program has asked for: past what a sanitizer has to say of the
 * rest. Where the system doesn't serve that, as any other bytes.
 */
bool dmk_user_read_page(void *to, void *page)
{
	struct iovec local = {to, DMK_PAGE_SIZE}, remote = {page, DMK_PAGE_SIZE};

	if (!user && process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == DMK_PAGE_SIZE)
		return true;
	return !copy_from_user(to, page, DMK_PAGE_SIZE);
}

/* A byte is read and written back at once: nobody's write between the two is lost. */
static bool try_write(volatile char *address)
{
	char was;

	if (sigsetjmp(guard.out, 0))
		return false;
	guard.first = guard.last = (uintptr_t)address;
	guard.armed = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	was = *address;
	__atomic_compare_exchange_n(address, &was, was, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	guard.armed = 0;
	return true;
}

/* Another process's rights stand in its list of mappings. */
static bool may_write(int pid, uintptr_t address)
{
	char line[512], rights[8];
	unsigned long first, end;
	bool may = false;
	FILE *maps;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	maps = fopen(line, "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &first, &end, rights) == 3 && address >= first &&
		    address < end)
			may = rights[1] == 'w';
	if (maps)
		fclose(maps);
	return may;
}

bool dmk_user_can_write(uintptr_t address)
{
	return user ? may_write(user->pid, address) : try_write((char *)address);
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long size)
{
	unsigned long left = copy((void *)from, to, size, false);

	if (left)
		memset((char *)to + (size - left), 0, left);
	return left;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long size)
{
	return copy(to, (void *)from, size, true);
}

unsigned long clear_user(void __user *to, unsigned long size)
{
	static const char zeros[256];
	char *at = to;

	while (size) {
		unsigned long n = size < sizeof(zeros) ? size : sizeof(zeros);
		unsigned long left = copy_to_user(at, zeros, n);

		at += n - left;
		size -= n - left;
		if (left)
			break;
	}
	return size;
}

/*
 * A string's bytes of this process, up to its end and no further. Bytes taken, the NUL among them,
 * or -EFAULT.
 */
static long take_string(char *to, const char *from, size_t size)
{
	volatile size_t n = 0;

	if (sigsetjmp(guard.out, 0))
		return -EFAULT;
	guard.first = (uintptr_t)from;
	guard.last = (uintptr_t)from + (size - 1);
	guard.armed = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	do {
		to[n] = from[n];
		n = n + 1;
	} while (to[n - 1] && n < size);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	guard.armed = 0;
	return (long)n;
}

/* The same of another process, where a piece that runs off what is there is tried byte by byte. */
static long take_remote_string(char *to, char *from, size_t size)
{
	char *end;

	if (!touch_remote(from, to, size, false)) {
		end = memchr(to, 0, size);
		return end ? end - to + 1 : (long)size;
	}
	for (size_t n = 0; n < size; n++) {
		if (touch_remote(from + n, to + n, 1, false))
			return -EFAULT;
		if (!to[n])
			return (long)n + 1;
	}
	return (long)size;
}

/* Length of the string, @size when it has no end in that many bytes, -EFAULT. @to may be NULL. */
static long string(char *to, const char *from, long size)
{
	long done = 0;

	while (done < size) {
		char piece[256];
		uintptr_t at = (uintptr_t)from + (uintptr_t)done;
		size_t room = DMK_PAGE_SIZE - (at & (DMK_PAGE_SIZE - 1));
		long n;

		room = room < sizeof(piece) ? room : sizeof(piece);
		room = room < (size_t)(size - done) ? room : (size_t)(size - done);
		if (at < DMK_PAGE_SIZE || !dmk_access_ok((void *)at, room))
			return -EFAULT;
		n = user ? take_remote_string(piece, (char *)at, room)
			 : take_string(piece, (char *)at, room);
		if (n < 0)
			return n;
		if (to)
			memcpy(to + done, piece, (size_t)n);
		if (!piece[n - 1])
			return done + n - 1;
		done += n;
	}
	return size;
}

long strncpy_from_user(char *to, const char __user *from, long size)
{
	return size <= 0 ? 0 : string(to, from, size);
}

long strnlen_user(const char __user *text, long size)
{
	long n = size <= 0 ? -EFAULT : string(NULL, text, size);

	return n < 0 ? 0 : n + 1;
}

void *memdup_user(const void __user *from, size_t size)
{
	void *mine = kmalloc(size, GFP_KERNEL);

	if (!mine)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(mine, from, size))
		return mine;
	kfree(mine);
	return ERR_PTR(-EFAULT);
}

void *memdup_user_nul(const void __user *from, size_t size)
{
	char *mine = size == SIZE_MAX ? NULL : kmalloc(size + 1, GFP_KERNEL);

	if (!mine)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(mine, from, size)) {
		kfree(mine);
		return ERR_PTR(-EFAULT);
	}
	mine[size] = '\0';
	return mine;
}

int copy_struct_from_user(void *to, size_t size, const void __user *from, size_t user_size)
{
	size_t both = size < user_size ? size : user_size;

	for (size_t i = both; i < user_size; i++) {
		char unknown;

		if (copy_from_user(&unknown, (const char *)from + i, 1))
			return -EFAULT;
		if (unknown)
			return -E2BIG;
	}
	if (copy_from_user(to, from, both))
		return -EFAULT;
	memset((char *)to + both, 0, size - both);
	return 0;
}
