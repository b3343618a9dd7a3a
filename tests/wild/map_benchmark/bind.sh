#!/bin/sh
# As the benchmark's documentation has it: bind.sh DEVICE PROGRAM ARGUMENT...
set -eu
device=$1
shift
echo dma_map_benchmark >"/sys/bus/pci/devices/$device/driver_override"
echo "$device" >/sys/bus/pci/drivers/dma_map_benchmark/bind
exec "$@"
