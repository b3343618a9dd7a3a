#!/bin/sh
# SPDX-License-Identifier: MIT
# The core needs a compiler and nothing else: no libc header, no symbol but mem* and, on 32 bits, the compiler's own helpers.
# Usage: freestanding.sh SOURCE_ROOT TARGET. A target whose compiler is not installed is skipped.
set -u
root=$1
shift
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
built=0
failed=0

# What a 32-bit target may leave to libgcc: division and shifts of 64 bits.
helpers="__(u?divdi3|u?moddi3|ashldi3|lshrdi3|ashrdi3|u?divmoddi4)|__aeabi_(u?idiv|u?idivmod|u?ldivmod|llsl|llsr|lasr)"

check()
{
	name=$1 bits=$2
	shift 2
	if ! command -v "$1" >/dev/null; then
		echo "$name: $1 is not installed"
		return
	fi
	include=$("$@" -print-file-name=include)
	if [ ! -d "$include" ]; then
		include=$("$@" -print-resource-dir)/include
	fi
	rm -f "$out"/*.o
	for source in "$root"/core/*.c; do
		if ! "$@" -std=gnu11 -O2 -ffreestanding -fno-pic -nostdinc -isystem "$include" -I"$root/include" -Wall -Wextra \
			-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -Werror \
			-c "$source" -o "$out/$(basename "$source").o"; then
			echo "$name: $source does not compile"
			failed=1
		fi
	done
	defined=$(nm -g --defined-only "$out"/*.o | awk 'NF == 3 { print $3 }' | sort -u)
	wanted=$(nm -u "$out"/*.o | awk '$1 == "U" { print $2 }' | sort -u)
	for symbol in $wanted; do
		if echo "$defined" | grep -qx "$symbol" || echo "$symbol" | grep -Eqx 'mem(cpy|set|move|cmp)'; then
			continue
		fi
		if [ "$bits" = 32 ] && echo "$symbol" | grep -Eqx "$helpers"; then
			continue
		fi
		echo "$name: the core needs $symbol"
		failed=1
	done
	for symbol in $(echo "$defined" | grep -v '^dmk_'); do
		echo "$name: $symbol lacks the prefix dmk_"
		failed=1
	done
	built=$((built + 1))
	echo "$name: $(echo "$wanted" | grep -v '^dmk_' | tr '\n' ' ')"
}

case $1 in
host) check host 64 "${CC:-cc}" -fno-stack-protector ;;
i386) check i386 32 gcc -m32 -fno-stack-protector ;;
arm) check arm 32 arm-linux-gnueabihf-gcc -fno-stack-protector ;;
aarch64) check aarch64 64 aarch64-linux-gnu-gcc -mno-outline-atomics -fno-stack-protector ;;
riscv64) check riscv64 64 riscv64-linux-gnu-gcc -fno-stack-protector ;;
clang) check clang 64 clang -fno-stack-protector ;;
*) echo "no such target: $1"; exit 1 ;;
esac
[ $failed = 0 ] || exit 1
[ $built != 0 ] || exit 77
