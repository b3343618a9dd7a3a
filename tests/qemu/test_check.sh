#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole stack on QEMU's own edu card: driver, kernel part, core, checker, machine; with a test in C, with programs, and with a QEMU
# that dies under it. Arguments: the dmakit command, the source directory, the compiled user's program.
dmakit=$1 source=$2 program=$3
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
failed=0

# check TITLE STATUS ARGUMENT...: dmakit check on qemu has to end with STATUS; what it says is kept for the next question.
check() {
	title=$1 wanted=$2
	shift 2
	timeout 100 "$dmakit" check --machine qemu "$@" >"$directory/said" 2>&1
	status=$?
	if [ "$status" = "$wanted" ]; then
		echo "ok: $title"
	else
		echo "FAILED: $title: status $status, not $wanted"
		cat "$directory/said"
		failed=1
	fi
}

says() {
	grep -q "$1" "$directory/said" && return
	echo "FAILED: $title: it doesn't say \"$1\""
	cat "$directory/said"
	failed=1
}

edu=$source/drivers/edu/edu.c

check "the edu driver passes its test" 0 "$edu" -- "$source/drivers/edu/test.c"
says "no finding"

# The same driver told to take the line instead of a message.
cp "$source/drivers/edu/edu.h" "$source/drivers/edu/test.c" "$directory"
sed 's/PCI_IRQ_ALL_TYPES/PCI_IRQ_INTX/' "$edu" >"$directory/edu.c"
check "its interrupts come by the line as well" 0 "$directory/edu.c" -- "$directory/test.c"
says "no finding"

check "and on a card that reaches all memory" 0 --device edu,dma_mask=0xffffffffffffffff "$edu" -- "$source/drivers/edu/test.c"

check "a shell, head and dd reach the card" 0 "$edu" -- sh -c '
	printf "hello edu" > /dev/edu0 &&
	test "$(head -c 9 /dev/edu0)" = "hello edu" &&
	test "$(dd if=/dev/edu0 bs=1 skip=6 count=3 2>"$0")" = edu' "$directory/dd"
check "a user's program does ioctl, poll and mmap" 0 "$edu" -- "$program"
check "a program that fails is a test that failed" 1 "$edu" -- false

check "QEMU's death is told and hangs nobody" 1 "$edu" -- sh -c '
	for pid in $(cat /proc/$PPID/task/*/children); do
		case $(cat /proc/$pid/comm) in qemu*) kill -9 $pid ;; esac
	done
	head -c 9 /dev/edu0'
says "QEMU was killed by signal 9"

check "an unknown device is refused" 2 --device edoo "$edu" -- "$program"
says 'no device "edoo"; it has: edu'
exit $failed
