"""A long and rough line in user space, for kernels that have none.

Whatever the kernel routes into a TUN device comes back out of it after a delay; some of it is lost,
and some comes so much later that what was sent after it comes first. Arguments: name of the device,
delay in milliseconds, share that is lost, share that comes late. Prints a line when it works, and
ends with its standard input.
"""

import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

# From linux/if_tun.h.
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000

MAX_PACKET_BYTES = 65_536
MAX_WAITING_PACKETS = 10_000
LATE_SECONDS = 0.01


def open_tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def main() -> None:
    name, delay_ms, lost, late = sys.argv[1], *map(float, sys.argv[2:5])
    device = open_tun(name)
    print("ready", flush=True)
    chance = random.Random(5)
    waiting: list[tuple[float, int, bytes]] = []
    count = 0
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([device, sys.stdin], [], [], patience)
        if sys.stdin in readable:
            return
        now = time.monotonic()
        if device in readable:
            packet = os.read(device, MAX_PACKET_BYTES)
            count += 1
            if chance.random() >= lost and len(waiting) < MAX_WAITING_PACKETS:
                due = now + delay_ms / 1000 + (LATE_SECONDS if chance.random() < late else 0)
                heapq.heappush(waiting, (due, count, packet))
        while waiting and waiting[0][0] <= now:
            write(device, heapq.heappop(waiting)[2])


def write(device: int, packet: bytes) -> None:
    # What the kernel refuses, or has no room for, is lost as well.
    with contextlib.suppress(OSError):
        os.write(device, packet)


if __name__ == "__main__":
    main()
