#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds a reference driver as a module against Debian's own kernel headers, warnings being errors: that its source is Linux's,
# and not only dmakit's, is then no claim. What the module does in a kernel is not looked at.
#
# usage: kernel_build.sh DRIVER.c     exit status 77: no kernel headers are installed, nothing was tested
set -eu

source=$1
name=$(basename "$source" .c)
headers=$(ls -d /lib/modules/*/build /usr/src/linux-headers-*-amd64 2>/dev/null | tail -n 1)
if [ -z "$headers" ] || [ ! -e "$headers/Makefile" ]; then
	echo "SKIPPED: no kernel headers here (apt-get install linux-headers-amd64): $name was NOT built as a kernel module"
	exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$source" "$work"
find "$(dirname "$source")" -maxdepth 1 -name '*.h' -exec cp {} "$work" \;
printf 'obj-m := %s.o\nccflags-y := -Werror\n' "$name" > "$work/Kbuild"
make -s -C "$headers" M="$work" W=1 modules
test -s "$work/$name.ko"
echo "$name.ko builds against $headers"
