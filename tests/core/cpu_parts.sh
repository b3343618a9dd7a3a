#!/bin/sh
# SPDX-License-Identifier: MIT
# The protocol of core/cpu_parts.h, checked by spin in all its orders; and that the check finds what is wrong. Usage: cpu_parts.sh MODEL.
set -u
command -v spin >/dev/null || { echo "spin is not installed"; exit 77; }
model=$(realpath "$1")
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1

# Says how many errors there are in the model with these definitions.
errors()
{
	spin -a "$@" "$model" >spin.log 2>&1 && ${CC:-cc} -O1 -DSAFETY -w -o pan pan.c && ./pan -m100000 >pan.log 2>&1
	sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.log
}

failed=0
for wrong in "" -DLOST_BARRIER -DLOST_WAIT; do
	found=$(errors $wrong)
	echo "${wrong:-as it is}: ${found:-nothing} errors, $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.log) states"
	if [ -z "$wrong" ]; then
		[ "$found" = 0 ] || { cat spin.log pan.log; failed=1; }
	else
		[ "${found:-0}" != 0 ] || failed=1
	fi
done
exit $failed
