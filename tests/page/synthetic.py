"""Pages with data of our own in them: what no driver does at will, as a hundred thousand events."""

import json
import random
import re

WHATS = ["map", "map_failed", "unmap", "alloc", "alloc_failed", "free", "sync_for_cpu", "sync_for_device", "sync_linked", "device_read",
         "device_write", "cpu_read", "cpu_write", "transfer_begin", "transfer_end", "bind", "probed", "unbind", "finding"]
COLUMNS = ["time", "what", "thread", "device", "buffer", "at", "size", "site", "direction", "result", "id", "count", "duration"]
BLOCK = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


def data_of(page):
    return json.loads(BLOCK.search(page).group(2))


def with_data(page, data):
    """The same page with other data, escaped as the command does it."""
    text = json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return BLOCK.sub(lambda found: found.group(1) + text + found.group(3), page)


class Timeline:
    """Drivers at work: each buffer is mapped, synced now and then, used by its device and unmapped."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.buffers = []
        self.events = []

    def event(self, time, what, device, buffer=None, at=0, size=0, site=None, number=None):
        row = [time, WHATS.index(what), 0, device, buffer, at, size, site, None, None, number]
        while row[-1] is None:
            row.pop()
        self.events.append(row)

    def buffer(self, device, kind, start, until, size, site, direction):
        self.buffers.append({"kind": kind, "device": device, "dma": hex(0x1200000 + 0x1000 * len(self.buffers)), "phys": hex(0x100000 + 0x1000 * len(self.buffers)),
                             "cpu": "0x7f0000000000", "size": size, "direction": direction, "bounced": False, "from": start, "until": until, "site": site,
                             "end_site": None if until is None else site, "pool": None, "pieces": [], "more_pieces": 0})
        return len(self.buffers) - 1

    def streaming(self, device, start, site):
        long, size = self.random.randint(2000, 60000), self.random.choice([64, 1500, 2048, 4096])
        into = self.random.random() < 0.5
        number = self.buffer(device, "single", start, start + long, size, site, "DMA_FROM_DEVICE" if into else "DMA_TO_DEVICE")
        self.event(start, "map", device, number, 0, size, site)
        self.event(start + long // 4, "device_write" if into else "device_read", device, number, 0, size)
        if self.random.random() < 0.3:
            self.event(start + long // 2, "sync_for_cpu", device, number, 0, size, site)
            self.event(start + long * 5 // 8, "cpu_read", device, number, 0, 16, site)
            self.event(start + long * 3 // 4, "sync_for_device", device, number, 0, size, site)
        self.event(start + long, "unmap", device, number, 0, size, site)
        return long

    def made(self, events, sites, findings=0):
        """Of about that many events, on two devices."""
        time = 1000
        for device in range(2):
            self.buffer(device, "coherent", 500 + device, None, 8192, 0, None)
            self.event(500 + device, "alloc", device, len(self.buffers) - 1, 0, 8192, 0)
        while len(self.events) < events:
            self.streaming(self.random.randint(0, 1), time, self.random.randrange(len(sites)))
            time += self.random.randint(500, 9000)
            if self.random.random() < 0.0005:
                time += 3_000_000
        for number in range(findings):
            self.event(time * (number + 1) // (findings + 1), "finding", 0, len(self.buffers) // 2, number=number)
        self.events.sort(key=lambda row: row[0])
        return {"end": time + 100000, "limit": 100000, "seen": len(self.events), "dropped": 0, "gap": None, "sites": sites,
                "devices": [{"name": f"0000:00:0{n}.0", "driver": "card", "requester": 8 * n} for n in (1, 2)],
                "threads": [{"name": "main", "tid": 1}], "buffers": self.buffers, "whats": WHATS, "columns": COLUMNS, "events": self.events}
