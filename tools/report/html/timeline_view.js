/* The timeline as people use it: machines, filters, zoom, what is under the pointer, and the same as a table. */

const TALLEST = 460, STRIP = 44, TABLE_ROWS = 50, EVENT_ROWS = 40;
const timelines = runs.filter((run) => run.timeline && run.timeline.events.length);
const models = new Map(); /* read when first looked at */
let goTo = null; /* shows an event; there once the section is */

function modelOf(run) {
	if (!models.has(run))
		models.set(run, readTimeline(run));
	return models.get(run);
}

function bufferName(buffer) {
	return `${buffer.kind}, ${bytes(buffer.size)}`;
}

function siteText(model, index) {
	const frame = siteOf(model, index);

	return frame ? placeText(frame) : 'a place that is not known';
}

/** What an event says, in a line. */
function eventText(model, event) {
	const value = (name) => model.get(event.row, name);
	const words = [(WHATS[event.what] || [event.what])[0]], size = value('size');

	if (event.what === 'finding') {
		const found = model.run.findings[value('id')];

		return found ? `${found.rule}: ${found.title}` : 'finding';
	}
	if (size)
		words.push(`${grouped(size)} B`);
	if (size && typeof value('at') === 'number')
		words.push(`at ${grouped(value('at'))}`);
	if (typeof value('at') === 'string' && value('at') !== '0x0')
		words.push(`at DMA ${value('at')}`);
	if (value('count') > 1)
		words.push(`in ${grouped(value('count'))} accesses`);
	if (value('result'))
		words.push(`refused (${value('result')})`);
	return words.join(' ');
}

function findingOf(model, event) {
	const found = event.what === 'finding' && model.run.findings[model.get(event.row, 'id')];

	return found && findings.find((finding) => finding.on.some((one) => one.finding === found));
}

/* --- zoom ------------------------------------------------------------------------------------- */

function setRange(view, t0, t1) {
	const {begin, end} = view.model, span = Math.max(Math.min(t1 - t0, end - begin), Math.min(end - begin, 100));

	view.t0 = Math.max(begin, Math.min(t0, end - span));
	view.t1 = view.t0 + span;
	view.redraw();
}

/** Around a time; a factor below 1 shows less, and larger. */
function zoom(view, factor, around = (view.t0 + view.t1) / 2) {
	setRange(view, around - (around - view.t0) * factor, around + (view.t1 - around) * factor);
}

function pan(view, part) {
	const by = (view.t1 - view.t0) * part;

	setRange(view, view.t0 + by, view.t1 + by);
}

function reset(view) {
	setRange(view, view.model.begin, view.model.end);
}

function timeAt(view, x) {
	return view.t0 + (view.t1 - view.t0) * Math.max(0, Math.min(1, x / view.width));
}

/* --- what is under the pointer ---------------------------------------------------------------- */

function rowAt(view, y) {
	let top = AXIS - view.scroll;

	for (const row of view.rows) {
		top += row.label === undefined ? ROW : HEADER;
		if (y < top)
			return y >= AXIS ? row : null;
	}
	return null;
}

/** The nearest event within some pixels, findings before others; and the buffer. */
function hit(view, x, y) {
	const row = rowAt(view, y), time = timeAt(view, x), near = 5 * (view.t1 - view.t0) / view.width;
	let best = null;

	if (!row)
		return null;
	for (const kind of [CLASS.finding, CLASS.device, CLASS.cpu, CLASS.sync]) {
		const of = row.lane.marks[kind];
		const i = firstWhere(of.length, (k) => view.model.events[of[k]].time >= time - near);

		if (!best && i < of.length && view.model.events[of[i]].time <= time + near)
			best = view.model.events[of[i]];
	}
	const i = firstWhere(row.lane.n, (k) => row.lane.until[k] > time - near / 3);
	const inside = i < row.lane.n && row.lane.from[i] <= time + near / 3;

	return inside || best ? {event: best, time,
		buffer: inside ? row.lane.buffer[i] : best ? view.model.get(best.row, 'buffer') : null,
		owner: inside ? row.lane.owner[i] : null} : null;
}

function tipText(view, found) {
	const {model} = view, buffer = found.buffer !== null && model.timeline.buffers[found.buffer];

	return [
		found.event && h('div', {}, h('b', {}, eventText(model, found.event)),
			` at ${duration(found.event.time, 1e3)}`),
		buffer && h('div', {}, [bufferName(buffer), buffer.direction, buffer.bounced && 'bounced'].filter(Boolean).join(', ')),
		buffer && h('div', {class: 'faint'}, siteText(model, buffer.site)),
		buffer && found.owner !== null &&
			h('div', {}, h('span', {class: `key owner${found.owner}`}), OWNERS[found.owner],
			found.owner < OWNER.part ? ' owns it' : ''),
		buffer && h('div', {class: 'faint'}, `${duration(model.until[found.buffer] - buffer.from)} in all`),
	];
}

function showTip(view, event) {
	const box = view.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
	const found = view.drag ? null : hit(view, x, y), {tip} = view;

	tip.hidden = !found;
	if (!found)
		return;
	fill(tip, tipText(view, found));
	tip.style.left = `${Math.max(4, Math.min(x + 14, view.width - tip.offsetWidth - 4))}px`;
	tip.style.top = `${y + 18 + view.scroller.offsetTop}px`;
}

/* --- one buffer, in words --------------------------------------------------------------------- */

function eventRow(model, event, from) {
	const finding = findingOf(model, event), site = siteOf(model, model.get(event.row, 'site'));
	const thread = model.timeline.threads[model.get(event.row, 'thread')];

	const text = eventText(model, event);

	return [`+${duration(event.time - from, 10)}`, finding ? h('a', {href: `#${finding.id}`, class: 'bad'}, text) : text,
		placeCode(site), thread ? thread.name : ''];
}

function drawDetail(view) {
	const {model, selected, detail} = view, buffer = selected === null ? null : model.timeline.buffers[selected];

	if (!buffer) {
		fill(detail);
		return;
	}
	const of = model.of[selected], rows = of.slice(0, EVENT_ROWS);
	const pair = (name, value) => value ? [h('dt', {}, name), h('dd', {}, value)] : null;
	const end = buffer.until === null ? 'never: it was there at the end' :
		`${duration(buffer.until, 1e3)}, ${siteText(model, buffer.end_site)}`;

	fill(detail, h('h3', {}, bufferName(buffer), ' ', h('span', {class: 'faint'}, siteText(model, buffer.site))),
		h('dl', {class: 'pairs'}, pair('device', h('code', {}, model.timeline.devices[buffer.device].name)),
			pair('direction', buffer.direction), pair('DMA', h('code', {}, buffer.dma)),
			pair('physical', buffer.phys !== '0x0' && h('code', {}, buffer.phys)),
			pair('bounced', buffer.bounced && 'yes'), pair('pool', buffer.pool),
			pair('begins', duration(buffer.from, 1e3)), pair('ends', end),
			pair('pieces', buffer.pieces.length > 1 && String(buffer.pieces.length + buffer.more_pieces))),
		rows.length ? table('Events of this buffer', ['time', 'event', 'where', 'thread'],
			rows.map((i) => eventRow(model, model.events[i], buffer.from))) : null,
		of.length > rows.length ? h('p', {class: 'faint small'},
			`${count(of.length - rows.length, 'event')} more`) : null);
}

function select(view, number, look) {
	const buffer = number === null ? null : view.model.timeline.buffers[number];

	view.selected = number;
	if (buffer && look && (buffer.from > view.t1 || view.model.until[number] < view.t0)) {
		const half = (view.t1 - view.t0) / 2;

		setRange(view, buffer.from - half, buffer.from + half);
	}
	if (buffer && look)
		scrollToBuffer(view, number);
	drawDetail(view);
	view.said.textContent = buffer ?
		`${bufferName(buffer)}, ${siteText(view.model, buffer.site)}, from ${duration(buffer.from, 1e3)}` : '';
	view.redraw();
}

function scrollToBuffer(view, number) {
	let y = 0;

	for (const row of view.rows) {
		if (row.label === undefined && row.lane.buffer.includes(number)) {
			if (y < view.scroll || y + ROW > view.scroll + view.height - AXIS)
				view.scroller.scrollTop = Math.max(0, y - view.height / 2);
			return;
		}
		y += row.label === undefined ? ROW : HEADER;
	}
}

/* --- the same as a table ---------------------------------------------------------------------- */

const TABLE_HEAD = ['buffer', 'device', 'where', 'from', 'for', 'direction', 'device reads', 'device writes', 'CPU', 'syncs',
	'findings'];

function tableRow(view, number) {
	const {model} = view, buffer = model.timeline.buffers[number];
	const times = (...whats) => grouped(model.of[number].filter((i) => whats.includes(model.events[i].what)).length);

	return [button(bufferName(buffer), {class: 'link'}, () => select(view, number, true)),
		model.timeline.devices[buffer.device].name, h('code', {class: 'where'}, siteText(model, buffer.site)),
		duration(buffer.from, 1e3), buffer.until === null ? 'to the end' : duration(buffer.until - buffer.from),
		(buffer.direction || '').replace('DMA_', ''), times('device_read'), times('device_write'),
		times('cpu_read', 'cpu_write'), times('sync_for_cpu', 'sync_for_device'), times('finding')];
}

function drawTable(view) {
	const {model} = view, {buffers} = model.timeline;
	const seen = view.order.filter((i) => buffers[i].from < view.t1 && model.until[i] > view.t0);

	if (!view.asTable.open)
		return;
	fill(view.rowsAsTable,
		h('p', {class: 'faint small'}, `${count(seen.length, 'buffer')} in the part of the time that is shown`),
		table('Buffers on the timeline', TABLE_HEAD, seen.slice(0, view.tableRows).map((i) => tableRow(view, i))),
		seen.length > view.tableRows ?
			button('Show more', {class: 'more'}, () => { view.tableRows += 200; drawTable(view); }) : null);
}

/* --- input ------------------------------------------------------------------------------------ */

function timelineKeys(view, event) {
	const near = (by) => {
		const at = view.order.indexOf(view.selected);
		const next = at < 0 ? view.order.find((i) => view.model.until[i] > view.t0) : view.order[at + by];

		if (next !== undefined)
			select(view, next, true);
	};
	const zoomIn = () => zoom(view, 0.5), zoomOut = () => zoom(view, 2), all = () => reset(view);
	const chosen = () => {
		const buffer = view.selected === null ? null : view.model.timeline.buffers[view.selected];

		if (buffer) {
			const long = view.model.until[view.selected] - buffer.from;

			setRange(view, buffer.from - long / 4, view.model.until[view.selected] + long / 4);
		}
	};
	const does = {
		'+': zoomIn, '=': zoomIn, '-': zoomOut, '0': all, Home: all,
		ArrowLeft: () => pan(view, -0.2), ArrowRight: () => pan(view, 0.2),
		ArrowDown: () => near(1), ArrowUp: () => near(-1),
		Enter: chosen, Escape: () => select(view, null),
	}[event.key];

	if (!does || event.ctrlKey || event.metaKey || event.altKey)
		return;
	event.preventDefault();
	does();
}

/** The wheel zooms once the timeline was clicked or has the focus, and always with Ctrl; else the page scrolls. */
function wheel(view, event) {
	const focused = view.canvas === document.activeElement;
	const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);

	if (!focused && !event.ctrlKey && !sideways)
		return;
	event.preventDefault();
	if (sideways || event.shiftKey)
		pan(view, (sideways ? event.deltaX : event.deltaY) / view.width);
	else
		zoom(view, Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.004), timeAt(view, event.offsetX));
}

/** A mouse chooses what to see larger, or moves it with Shift; a finger moves. */
function dragging(view) {
	const {canvas} = view;
	let from = null;

	canvas.addEventListener('pointerdown', (event) => {
		from = {x: event.offsetX, t0: view.t0, t1: view.t1,
			moves: event.shiftKey || event.pointerType === 'touch'};
		if (event.pointerType !== 'touch')
			canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener('pointermove', (event) => {
		if (from && from.moves) {
			const by = (from.x - event.offsetX) * (from.t1 - from.t0) / view.width;

			setRange(view, from.t0 + by, from.t1 + by);
		} else if (from && Math.abs(event.offsetX - from.x) > 4) {
			view.drag = [from.x, event.offsetX];
			view.redraw();
		}
		showTip(view, event);
	});
	canvas.addEventListener('pointerup', (event) => {
		const {drag} = view, still = from && !drag && Math.abs(event.offsetX - from.x) < 4;
		const found = still && hit(view, event.offsetX, event.offsetY);

		view.drag = null;
		if (drag)
			setRange(view, timeAt(view, Math.min(...drag)), timeAt(view, Math.max(...drag)));
		else if (from)
			select(view, found && found.buffer !== null ? found.buffer : null);
		from = null;
	});
	canvas.addEventListener('pointercancel', () => { from = view.drag = null; view.redraw(); });
	canvas.addEventListener('pointerleave', () => { view.tip.hidden = true; });
}

function stripMoves(view) {
	const center = (event) => {
		const {begin, end} = view.model, half = (view.t1 - view.t0) / 2;
		const at = begin + event.offsetX / view.width * (end - begin);

		setRange(view, at - half, at + half);
	};

	view.overview.addEventListener('pointerdown', (event) => {
		view.overview.setPointerCapture(event.pointerId);
		center(event);
	});
	view.overview.addEventListener('pointermove', (event) => {
		if (event.buttons)
			center(event);
	});
}

/* --- the section ------------------------------------------------------------------------------ */

function siteChoices(model) {
	const times = new Map();

	for (const buffer of model.timeline.buffers)
		times.set(siteText(model, buffer.site), (times.get(siteText(model, buffer.site)) || 0) + 1);
	const most = [...times].sort((a, b) => b[1] - a[1]).slice(0, 200);

	return [['', 'every call'], ...most.map(([text, n]) => [text, `${text} (${grouped(n)})`])];
}

function layOutView(view) {
	const {filter, model} = view, words = filter.text.toLowerCase().split(/\s+/);
	const hay = (buffer) => [buffer.kind, buffer.size, buffer.dma, buffer.direction, siteText(model, buffer.site),
		buffer.pool].join(' ').toLowerCase();
	const wants = (buffer) => (!filter.device || model.timeline.devices[buffer.device].name === filter.device) &&
		(!filter.site || siteText(model, buffer.site) === filter.site) &&
		(!filter.text || words.every((word) => hay(buffer).includes(word)));

	Object.assign(view, layOut(model, wants));
	view.tall = AXIS + view.rows.reduce((all, row) => all + (row.label === undefined ? ROW : HEADER), 0) + 6;
	view.tableRows = TABLE_ROWS;
	view.spacer.style.height = `${view.tall}px`;
	view.scroller.style.height = `${Math.max(90, Math.min(view.tall, TALLEST))}px`;
	view.redraw();
}

function rangeText(view) {
	const {model} = view, {buffers, seen, dropped} = model.timeline, step = (view.t1 - view.t0) / 100;
	const some = view.shown < buffers.length ? `${grouped(view.shown)} of ` : '';
	const lost = dropped ? `, of which ${grouped(dropped)} were not kept` : '';

	return `${duration(view.t0, step)} to ${duration(view.t1, step)} of ${duration(model.end - model.begin)}, ` +
		`${some}${count(buffers.length, 'buffer')}, ${count(seen, 'event')}${lost}`;
}

function drawNow(view) {
	const {model, root} = view;

	view.width = view.scroller.clientWidth;
	view.height = view.scroller.clientHeight;
	view.scroll = view.scroller.scrollTop;
	view.canvas.style.width = `${view.width}px`;
	view.canvas.style.height = `${view.height}px`;
	view.overview.style.width = `${view.width}px`;
	drawTimeline(view.pen, view);
	drawOverview(view.stripPen, view, view.width, STRIP);
	view.range.textContent = rangeText(view);
	Object.assign(root.dataset, {from: view.t0, until: view.t1, begin: model.begin, end: model.end,
		draws: view.pen.draws + view.stripPen.draws, shown: view.shown, machine: model.run.machine});
	drawTable(view);
}

function chooseMachine(view, machine) {
	const run = timelines.find((one) => one.machine === machine);

	Object.assign(view, {model: modelOf(run), selected: null, filter: {device: '', site: '', text: ''},
		t0: modelOf(run).begin, t1: modelOf(run).end});
	drawTimelineControls(view);
	drawDetail(view);
	layOutView(view);
}

function drawTimelineControls(view) {
	const {model, filter} = view, set = (key) => (value) => { filter[key] = value; layOutView(view); };
	const used = new Set(model.timeline.buffers.map((buffer) => buffer.device));
	const devices = model.timeline.devices.filter((device, i) => used.has(i)).map((device) => device.name);

	fill(view.controls,
		timelines.length > 1 ? choice('Machine', timelines.map((run) => [run.machine, run.machine]),
			model.run.machine, (machine) => chooseMachine(view, machine)) : null,
		devices.length > 1 ? choice('Device', distinct(devices, 'every device'), '', set('device')) : null,
		choice('Call', siteChoices(model), '', set('site')),
		h('input', {type: 'search', placeholder: 'Filter buffers', 'aria-label': 'Filter buffers by text',
			input: (event) => set('text')(event.target.value)}),
		h('span', {class: 'spring'}),
		h('span', {class: 'together'},
			button('−', {'aria-label': 'Zoom out', title: 'Zoom out (-)'}, () => zoom(view, 2)),
			button('+', {'aria-label': 'Zoom in', title: 'Zoom in (+)'}, () => zoom(view, 0.5)),
			button('All', {class: 'reset', title: 'The whole run (0)'}, () => reset(view))));
}

function legend() {
	const swatch = (owner, text) => h('span', {class: 'swatch'}, h('span', {class: `key owner${owner}`}), text);

	return h('p', {class: 'legend small faint'}, swatch(OWNER.device, 'the device\'s'),
		swatch(OWNER.cpu, 'the CPU\'s, after a sync'), swatch(OWNER.both, 'both\'s: coherent'),
		swatch(OWNER.part, 'a part synced'),
		h('span', {}, '▲ device access, ▼ CPU access (filled: a write), │ sync, ', h('span', {class: 'bad'}, '◆'), ' finding'));
}

function newView() {
	const view = {
		canvas: h('canvas', {tabindex: '0', class: 'lanes', role: 'application', 'aria-label': 'Timeline of buffers',
			'aria-describedby': 'timeline-help'}),
		overview: h('canvas', {class: 'strip', height: STRIP, 'aria-hidden': 'true'}),
		spacer: h('div', {class: 'spacer'}),
		tip: h('div', {class: 'tip', hidden: true}),
		controls: h('div', {class: 'controls'}),
		range: h('p', {class: 'small faint range', role: 'status'}),
		said: h('p', {class: 'unseen', 'aria-live': 'polite'}),
		detail: h('div', {class: 'detail'}),
		rowsAsTable: h('div', {}),
		rows: [], scroll: 0, width: 600, drag: null,
	};
	let waiting = false;

	view.scroller = h('div', {class: 'scroller'}, view.canvas, view.spacer);
	view.asTable = h('details', {class: 'as-table', toggle: () => drawTable(view)},
		h('summary', {}, 'The same as a table'), view.rowsAsTable);
	view.root = h('div', {class: 'timeline-view'}, view.overview, view.scroller, view.tip, view.said);
	view.pen = new Pen(view.canvas);
	view.stripPen = new Pen(view.overview);
	view.dim = (number) => view.selected === null || view.selected === number ? 1 : 0.45;
	view.redraw = () => {
		if (waiting)
			return;
		waiting = true;
		requestAnimationFrame(() => { waiting = false; drawNow(view); });
	};
	return view;
}

function listen(view) {
	const repaint = () => {
		view.paint = colours();
		view.font = `11px ${getComputedStyle(document.body).fontFamily}`;
		view.redraw();
	};

	view.canvas.addEventListener('keydown', (event) => timelineKeys(view, event));
	view.canvas.addEventListener('wheel', (event) => wheel(view, event), {passive: false});
	view.canvas.addEventListener('dblclick', (event) => zoom(view, 0.25, timeAt(view, event.offsetX)));
	view.scroller.addEventListener('scroll', view.redraw);
	dragging(view);
	stripMoves(view);
	document.addEventListener('colours', repaint);
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
	new ResizeObserver(view.redraw).observe(view.scroller);
	requestAnimationFrame(repaint);
}

/** From a finding to where it happened. */
function timelineLink(finding) {
	const one = finding.on.find(({run}) => timelines.includes(run));

	if (!one)
		return null;
	const model = modelOf(one.run), number = one.run.findings.indexOf(one.finding);
	const event = model.events.find((candidate) => candidate.what === 'finding' &&
		model.get(candidate.row, 'id') === number);

	return event ? button('Show it on the timeline', {class: 'quiet'}, () => goTo(model, event)) : null;
}

function timelineSection() {
	if (!timelines.length)
		return null;
	const view = newView();

	goTo = (model, event) => {
		const buffer = model.get(event.row, 'buffer');

		chooseMachine(view, model.run.machine);
		const [from, until] = buffer === null ? [event.time - 50000, event.time + 50000] :
			[Math.min(model.timeline.buffers[buffer].from, event.time),
				Math.max(model.until[buffer], event.time)];

		setRange(view, from - (until - from) / 4, until + (until - from) / 4);
		select(view, buffer, true);
		document.getElementById('timeline').scrollIntoView();
		view.canvas.focus({preventScroll: true});
	};
	view.paint = {owner: [], mark: []};
	listen(view);
	chooseMachine(view, timelines[0].machine);
	return section('timeline', 'Timeline',
		h('p', {class: 'faint'}, 'Whose turn it is with each buffer, from map to unmap.'),
		view.controls, view.root, view.range, legend(),
		h('p', {id: 'timeline-help', class: 'small faint'}, 'Drag over a part to see it larger; the wheel zooms after a click. ' +
			'Keys: + and - zoom, ← and → move, ↑ and ↓ choose a buffer, Enter shows it, 0 shows all.'),
		view.detail, view.asTable);
}
