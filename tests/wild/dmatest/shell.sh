#!/bin/sh
# dmatest as its documentation drives it, by a shell.
set -eu
cd /
parameters=/sys/module/dmatest/parameters
echo 4 >$parameters/iterations
echo 60000 >$parameters/timeout
echo dma0chan0 >$parameters/channel
echo 1 >$parameters/run
test "$(cat $parameters/wait)" = Y
test "$(cat $parameters/channel)" = dma0chan0 || test -z "$(cat $parameters/channel)"
while test "$(cat $parameters/run)" = Y; do sleep 0.01; done
