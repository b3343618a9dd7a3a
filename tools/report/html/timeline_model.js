/* What the timeline draws: whose turn it is with each buffer, in lanes where nothing overlaps. No drawing here. */

const OWNER = {device: 0, cpu: 1, both: 2, part: 3, none: 4};
const OWNERS = ['the device', 'the CPU', 'both', 'part of it the CPU', 'nobody: addresses only'];
const CLASS = {device: 0, cpu: 1, sync: 2, finding: 3}; /* of marks: how they are drawn */
const WHATS = {
	map: ['mapped', null],
	map_failed: ['mapping failed', CLASS.finding],
	unmap: ['unmapped', null],
	alloc: ['allocated', null],
	alloc_failed: ['allocation failed', CLASS.finding],
	free: ['freed', null],
	sync_for_cpu: ['synced for the CPU', CLASS.sync],
	sync_for_device: ['synced for the device', CLASS.sync],
	sync_linked: ['links synced', CLASS.sync],
	device_read: ['device reads', CLASS.device],
	device_write: ['device writes', CLASS.device],
	cpu_read: ['CPU reads', CLASS.cpu],
	cpu_write: ['CPU writes', CLASS.cpu],
	transfer_begin: ['transfer begins', null],
	transfer_end: ['transfer ends', null],
	bind: ['driver bound', CLASS.sync],
	probed: ['probe returned', null],
	unbind: ['driver let go', CLASS.sync],
	finding: ['finding', CLASS.finding],
};
const SHARED = ['coherent', 'pool', 'pool block'];

/** The first i in [0, n) for which @past(i); n: none. They are in order: once past, always past. */
function firstWhere(n, past) {
	let low = 0, high = n;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (past(middle))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/** The least first. */
class Heap {
	constructor(before) {
		this.items = [];
		this.before = before;
	}

	push(item) {
		const {items, before} = this;
		let at = items.push(item) - 1;

		for (let up; at && before(item, items[up = (at - 1) >> 1]); at = up) {
			items[at] = items[up];
			items[up] = item;
		}
	}

	pop() {
		const {items, before} = this, top = items[0], last = items.pop();

		for (let at = 0, down; items.length; at = down) {
			items[at] = last;
			down = 2 * at + 1;
			if (down + 1 < items.length && before(items[down + 1], items[down]))
				down++;
			if (down >= items.length || !before(items[down], last))
				break;
			items[at] = items[down];
		}
		return top;
	}
}

/** From the first event to the last, with some room: a machine boots before, and goes down after. */
function extent(timeline, events) {
	const first = events.length ? events[0].time : 0;
	const last = events.reduce((most, event) => Math.max(most, event.time), first);
	const room = Math.max(1, (last - first) * 0.02);

	return {begin: Math.max(0, first - room), end: Math.max(first + 1, Math.min(timeline.end, last + room))};
}

/** A run's events as columns: their meaning is looked up by the names that the report gives. */
function readTimeline(run) {
	const {timeline} = run, column = Object.fromEntries(timeline.columns.map((name, i) => [name, i]));
	const get = (row, name) => row[column[name]] === undefined ? null : row[column[name]];
	const read = (row) => ({time: get(row, 'time'), what: timeline.whats[get(row, 'what')], row});
	const events = timeline.events.map(read);
	const model = {run, timeline, events, get, of: timeline.buffers.map(() => []),
		loose: timeline.devices.map(() => [])};

	Object.assign(model, extent(timeline, events));
	events.forEach((event, i) => {
		const buffer = get(event.row, 'buffer'), device = get(event.row, 'device');

		if (buffer !== null && model.of[buffer])
			model.of[buffer].push(i);
		else if (device !== null && model.loose[device])
			model.loose[device].push(i);
	});
	model.until = timeline.buffers.map((buffer) => buffer.until === null ? model.end : buffer.until);
	return model;
}

function firstOwner(kind) {
	if (SHARED.includes(kind))
		return OWNER.both;
	return kind === 'addresses' ? OWNER.none : OWNER.device;
}

/** [from, until, owner] after another: what each sync made of it. */
function spansOf(model, number) {
	const buffer = model.timeline.buffers[number], spans = [];
	let owner = firstOwner(buffer.kind), from = buffer.from;
	const turn = (time, next) => {
		if (next !== owner && time > from)
			spans.push([from, time, owner]);
		from = next === owner ? from : Math.max(time, from);
		owner = next;
	};

	for (const i of model.of[number]) {
		const {time, what, row} = model.events[i];
		const to = what === 'sync_for_cpu' ? OWNER.cpu : what === 'sync_for_device' ? OWNER.device : null;
		const size = model.get(row, 'size'), whole = !size || size >= buffer.size;

		if (to !== null && owner !== OWNER.both && owner !== OWNER.none)
			turn(time, whole || owner === to ? to : OWNER.part);
	}
	spans.push([from, model.until[number], owner]);
	return spans;
}

function siteOf(model, index) {
	return index === null || index === undefined ? null : model.timeline.sites[index] || null;
}

/** Which lane each of these buffers has: the first that is free; they are in the order of their beginning. */
function pack(model, buffers) {
	const busy = new Heap((a, b) => a.until < b.until), free = new Heap((a, b) => a < b);
	const lanes = [];

	for (const number of buffers) {
		const {from} = model.timeline.buffers[number];

		while (busy.items.length && busy.items[0].until <= from)
			free.push(busy.pop().lane);
		const lane = free.items.length ? free.pop() : lanes.push([]) - 1;

		lanes[lane].push(number);
		busy.push({until: Math.max(model.until[number], from + 1), lane});
	}
	return lanes;
}

/** A lane as columns: spans with the sums of time before each, by owner; and marks by class. */
function laneOf(model, buffers, loose) {
	const spans = buffers.flatMap((number) => spansOf(model, number).map((span) => [...span, number]));
	const marks = [[], [], [], []], n = spans.length;
	const lane = {n, from: new Float64Array(n), until: new Float64Array(n), owner: new Uint8Array(n),
		buffer: new Int32Array(n), marks,
		before: OWNERS.map(() => new Float64Array(n + 1))};

	spans.forEach(([from, until, owner, number], i) => {
		lane.from[i] = from;
		lane.until[i] = until;
		lane.owner[i] = owner;
		lane.buffer[i] = number;
		for (let o = 0; o < OWNERS.length; o++)
			lane.before[o][i + 1] = lane.before[o][i] + (o === owner ? until - from : 0);
	});
	for (const i of [...buffers.flatMap((number) => model.of[number]), ...loose]) {
		const [, mark] = WHATS[model.events[i].what] || [null, null];

		if (mark !== null)
			marks[mark].push(i);
	}
	/* a buffer's last events may come after the next one's first, by a few nanoseconds */
	marks.forEach((of) => of.sort((a, b) => model.events[a].time - model.events[b].time));
	return lane;
}

/** Rows from top to bottom: a device's own, then its lanes; and how many buffers are in them. */
function layOut(model, filter) {
	const {buffers, devices} = model.timeline, rows = [];
	const by = devices.map(() => []);
	let shown = 0;

	buffers.forEach((buffer, i) => {
		if (by[buffer.device] && filter(buffer, i)) {
			by[buffer.device].push(i);
			shown++;
		}
	});
	devices.forEach((device, i) => {
		if (!by[i].length && !model.loose[i].length)
			return;
		by[i].sort((a, b) => buffers[a].from - buffers[b].from);
		const lanes = pack(model, by[i]);

		rows.push({device: i, label: [device.name, device.driver].filter(Boolean).join(' · '),
			lane: laneOf(model, [], model.loose[i]), lanes: lanes.length});
		for (const lane of lanes)
			rows.push({device: i, lane: laneOf(model, lane, [])});
	});
	return {rows, shown, order: by.flat()};
}
