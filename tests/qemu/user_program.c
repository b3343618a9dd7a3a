// SPDX-License-Identifier: MIT
/*
 * A user's program for the edu card: ioctl, mmap and poll on /dev/edu0. It knows nothing of dmakit;
 * its exit status says which step went wrong.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../drivers/edu/edu.h"

static const char text[] = "over the card and back";

int main(void)
{
	struct edu_move move = { .offset = 100, .length = sizeof(text) };
	int fd = open("/dev/edu0", O_RDWR);
	struct pollfd wait = { .fd = fd, .events = POLLIN | POLLOUT };
	uint32_t value = 5;
	char *map;

	if (fd < 0)
		return 1;
	if (ioctl(fd, EDU_IOC_FACTORIAL, &value) || value != 120)
		return 2;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 3;
	memcpy(map + 100, text, sizeof(text));
	if (ioctl(fd, EDU_IOC_PUSH, &move))
		return 4;
	memset(map, 0, EDU_SIZE);
	if (ioctl(fd, EDU_IOC_PULL, &move))
		return 5;
	if (memcmp(map + 100, text, sizeof(text)) || map[99] || map[100 + sizeof(text)])
		return 6;
	if (poll(&wait, 1, 1000) != 1 || wait.revents != (POLLIN | POLLOUT))
		return 7;
	if (munmap(map, 4096) || close(fd))
		return 8;
	return 0;
}
