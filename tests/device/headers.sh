#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header of the device half compiles alone, without libc, and with libc before and after it.
#	headers.sh <include directory> <compiler>...
set -u
inc=$1
shift
names='device device/bus device/class device/driver dev_printk pci pci_regs pci_ids platform_device of of_device of_platform
of_address of_irq property isa msi pm pm_runtime mm_area uaccess fs fcntl poll miscdevice cdev kdev_t iopoll io
io-64-nonatomic-lo-hi io-64-nonatomic-hi-lo ioport module moduleparam mod_devicetable init export ioctl kobject sysfs version'
libc='stdio stdlib string unistd fcntl poll errno stdint signal time pthread sys/ioctl sys/mman sys/types sys/stat sys/socket'
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
bad=0

try() {
	"$@" -std=gnu11 -Wall -Wno-unused-parameter -Werror -fsyntax-only "$dir/t.c" || { bad=1; echo "failed: $(cat "$dir/t.c" | tr '\n' ' ')"; }
}

before=$(for l in $libc; do echo "#include <$l.h>"; done)
for cc in "$@"; do
	command -v "$cc" > /dev/null || continue
	for name in $names; do
		echo "#include <linux/$name.h>" > "$dir/t.c"
		try "$cc" -nostdinc -isystem "$("$cc" -print-file-name=include)" -I"$inc"
		printf '%s\n#include <linux/%s.h>\n' "$before" "$name" > "$dir/t.c"
		try "$cc" -D_GNU_SOURCE -I"$inc"
		printf '#include <linux/%s.h>\n%s\n' "$name" "$before" > "$dir/t.c"
		try "$cc" -D_GNU_SOURCE -I"$inc"
	done
done
exit $bad
