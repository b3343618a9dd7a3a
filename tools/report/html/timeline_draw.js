/* Drawing the timeline: no more than there are pixels, however many events there are. */

const ROW = 23, BAR = 13, HEADER = 26, AXIS = 24,
	LEAST = 1.5; /* pixels; a span below LEAST is merged with its neighbours */
const MARK_ROOM = 3; /* pixels that a mark keeps for itself */

/** The page's colours, for a canvas. */
function colours() {
	const probe = document.body.appendChild(h('span', {class: 'unseen'}));
	const get = (name) => {
		probe.className = `unseen ink-${name}`;
		return getComputedStyle(probe).color;
	};
	const got = Object.fromEntries(['device', 'cpu', 'both', 'part', 'none', 'ink', 'faint', 'line', 'surface',
		'bad', 'finding', 'accent', 'onbar'].map((name) => [name, get(name)]));

	probe.remove();
	got.owner = [got.device, got.cpu, got.both, got.part, got.none];
	got.mark = [got.device, got.cpu, got.ink, got.finding];
	return got;
}

/** A canvas that counts what is drawn on it. */
class Pen {
	constructor(canvas) {
		this.canvas = canvas;
		this.context = canvas.getContext('2d');
		this.draws = 0;
	}

	begin(width, height) {
		const ratio = devicePixelRatio || 1;

		if (this.canvas.width !== Math.round(width * ratio) ||
			this.canvas.height !== Math.round(height * ratio)) {
			this.canvas.width = Math.round(width * ratio);
			this.canvas.height = Math.round(height * ratio);
		}
		this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
		this.context.clearRect(0, 0, width, height);
		this.draws = 0;
	}

	rect(x, y, width, height, colour, alpha = 1) {
		this.context.globalAlpha = alpha;
		this.context.fillStyle = colour;
		this.context.fillRect(x, y, width, height);
		this.draws++;
	}

	text(text, x, y, colour, most) {
		this.context.globalAlpha = 1;
		this.context.fillStyle = colour;
		this.context.fillText(text, x, y, most);
		this.draws++;
	}

	shape(points, colour, hollow) {
		const {context} = this;

		context.globalAlpha = 1;
		context.beginPath();
		points.forEach(([x, y], i) => i ? context.lineTo(x, y) : context.moveTo(x, y));
		context.closePath();
		context[hollow ? 'strokeStyle' : 'fillStyle'] = colour;
		context[hollow ? 'stroke' : 'fill']();
		this.draws++;
	}
}

/** Of the time between two spans' beginnings: the owner that has most of it, and how much of it anybody has. */
function mixture(lane, i, j, time) {
	let most = 0, all = 0, owner = lane.owner[i];

	lane.before.forEach((before, o) => {
		const share = before[j] - before[i];

		all += share;
		if (share > most) {
			most = share;
			owner = o;
		}
	});
	return [owner, Math.min(1, Math.max(0.3, Math.ceil(4 * all / time) / 4))];
}

function barTop(y, owner) {
	/* the CPU's turn is the lower half: to be told apart without colours too */
	return owner === OWNER.cpu ? y + 4 + BAR / 2 : y + 4;
}

function barHeight(owner) {
	return owner === OWNER.cpu ? BAR / 2 : owner === OWNER.none ? 2 : BAR;
}

function drawSpans(pen, view, lane, y, label) {
	const {t0, t1, width, paint} = view, scale = width / (t1 - t0);
	let pending = null;
	const flush = () => {
		if (pending)
			pen.rect(pending.x, barTop(y, pending.owner), pending.until - pending.x,
				barHeight(pending.owner), paint.owner[pending.owner], pending.alpha);
		pending = null;
	};

	for (let i = firstWhere(lane.n, (k) => lane.until[k] > t0); i < lane.n && lane.from[i] < t1;) {
		const x = Math.max(0, (lane.from[i] - t0) * scale),
			until = Math.min(width, (lane.until[i] - t0) * scale);

		if (until - x >= LEAST) {
			const gap = until - x > 4 &&
				(i + 1 === lane.n || lane.buffer[i + 1] !== lane.buffer[i]) ? 1 : 0;

			flush();
			pen.rect(x, barTop(y, lane.owner[i]), until - x - gap, barHeight(lane.owner[i]),
				paint.owner[lane.owner[i]], view.dim(lane.buffer[i]));
			if (until - x > 46 && lane.owner[i] !== OWNER.cpu && lane.owner[i] !== OWNER.none)
				label(lane.buffer[i], x, until - x);
			i++;
			continue;
		}
		const pixel = Math.floor(x), edge = t0 + (pixel + 1) / scale;
		const next = Math.max(i + 1, firstWhere(lane.n, (k) => lane.from[k] >= edge));
		const [owner, alpha] = mixture(lane, i, next, 1 / scale);

		if (!pending || pending.until < pixel || pending.owner !== owner || pending.alpha !== alpha) {
			flush();
			pending = {x: pixel, owner, alpha};
		}
		pending.until = pixel + 1;
		i = next;
	}
	flush();
}

/** A device's below the bar, the CPU's above it; a write is filled, a read is hollow. */
const MARKS = [
	(pen, x, y, colour, write) => pen.shape([[x - 3, y + 22], [x + 3, y + 22], [x, y + 17.5]], colour, !write),
	(pen, x, y, colour, write) => pen.shape([[x - 2.5, y + 1], [x + 2.5, y + 1], [x, y + 4.5]], colour, !write),
	(pen, x, y, colour) => pen.rect(x - 0.5, y + 2, 1, 18, colour, 0.8),
	(pen, x, y, colour, write, rim) => {
		const diamond = (r) => [[x, y + 10.5 - r], [x + r, y + 10.5], [x, y + 10.5 + r], [x - r, y + 10.5]];

		pen.shape(diamond(8.5), rim, false);
		pen.shape(diamond(6.5), colour, false);
	},
];

/** Where there are too many to tell apart, a line says that there are some. */
const CROWD = 12, LINE = [18.5, 1]; /* pixels for each mark at least; where the device's and the CPU's line is */

function drawCrowd(pen, view, of, kind, y, first, last) {
	const {t0, t1, width, paint, model} = view, scale = width / (t1 - t0), time = (k) => model.events[of[k]].time;

	for (let i = first; i < last;) {
		const x = (time(i) - t0) * scale;
		let until = x, next = i;

		/* from mark to mark, as long as the next is near */
		do {
			until = (time(next) - t0) * scale + MARK_ROOM;
			next = Math.max(next + 1, firstWhere(last, (k) => time(k) > t0 + until / scale));
		} while (next < last && (time(next) - t0) * scale <= until + MARK_ROOM);
		pen.rect(x, y + LINE[kind], until - x, 2, paint.mark[kind], 0.8);
		i = next;
	}
}

function drawMarks(pen, view, lane, y) {
	const {t0, t1, width, paint, model} = view, scale = width / (t1 - t0);

	lane.marks.forEach((of, kind) => {
		const time = (k) => model.events[of[k]].time,
			room = (kind === CLASS.finding ? 2 * MARK_ROOM : MARK_ROOM) / scale;
		const first = firstWhere(of.length, (k) => time(k) >= t0),
			last = firstWhere(of.length, (k) => time(k) > t1);

		if (kind !== CLASS.finding && (last - first) * CROWD > width) {
			if (kind !== CLASS.sync)
				drawCrowd(pen, view, of, kind, y, first, last);
			return;
		}
		for (let i = first; i < last;) {
			const edge = time(i) + room;

			MARKS[kind](pen, (time(i) - t0) * scale, y, paint.mark[kind],
				model.events[of[i]].what.endsWith('_write'), paint.surface);
			i = Math.max(i + 1, firstWhere(of.length, (k) => time(k) >= edge));
		}
	});
}

/** A step that people count in: 1, 2 or 5 and zeros, with at least so many pixels for it. */
function niceStep(span, width, room) {
	const least = span * room / width, ten = 10 ** Math.floor(Math.log10(least));

	return [1, 2, 5, 10].map((n) => n * ten).find((step) => step >= least * 0.999);
}

function drawAxis(pen, view) {
	const {t0, t1, width, height, paint} = view, step = Math.max(1, niceStep(t1 - t0, width, 90));

	for (let n = Math.ceil(t0 / step); n * step <= t1; n++) {
		const x = (n * step - t0) * width / (t1 - t0);

		pen.rect(Math.round(x), AXIS - 6, 1, height, paint.line);
		pen.text(n ? duration(n * step, step) : '0', x + 4, 12, paint.faint);
	}
}

function drawGap(pen, view) {
	const {t0, t1, width, height, paint, model} = view, {gap, dropped} = model.timeline;
	const at = (time) => (time - t0) * width / (t1 - t0);

	if (!gap || gap[1] < t0 || gap[0] > t1)
		return;
	const x = Math.max(0, at(gap[0])), until = Math.min(width, at(gap[1]));

	pen.rect(x, AXIS, Math.max(1, until - x), height - AXIS, paint.line, 0.6);
	pen.text(`${count(dropped, 'event')} not kept`, x + 6, height - 8, paint.faint);
}

function labelOf(view, number, x, width, y, pen) {
	const frame = siteOf(view.model, view.model.timeline.buffers[number].site), {context} = pen;
	const text = frame ? `${frame.function || ''}${frame.line ? ':' + frame.line : ''}` : '';

	if (!text || context.measureText(text).width > width - 8)
		return;
	pen.text(text, x + 4, y + 4 + BAR - 3.5, view.paint.onbar);
}

/** A device's name, over what may be below it. */
function drawLabel(pen, view, text, y) {
	pen.rect(0, y + 5, pen.context.measureText(text).width + 10, HEADER - 6, view.paint.surface, 0.85);
	pen.text(text, 4, y + 19, view.paint.faint);
}

/** All that is in sight. */
function drawTimeline(pen, view) {
	const {width, height, scroll, paint} = view;
	let y = AXIS - scroll;

	pen.begin(width, height);
	pen.context.font = view.font;
	drawAxis(pen, view);
	for (const row of view.rows) {
		const tall = row.label === undefined ? ROW : HEADER;

		if (y + tall > 0 && y < height) {
			if (row.label !== undefined) {
				pen.rect(0, Math.round(y) + 3, width, 1, paint.line);
				drawMarks(pen, view, row.lane, y + 4);
				drawLabel(pen, view, `${row.label}   ${count(row.lanes, 'lane')}`, y);
			} else {
				drawSpans(pen, view, row.lane, y,
					(number, x, room) => labelOf(view, number, x, room, y, pen));
				drawMarks(pen, view, row.lane, y);
			}
		}
		y += tall;
	}
	/* the axis stays while rows scroll below it */
	pen.rect(0, 0, width, AXIS - 6, paint.surface);
	drawAxis(pen, {...view, height: 6});
	drawGap(pen, view);
	if (view.drag)
		pen.rect(Math.min(...view.drag), AXIS - 6, Math.abs(view.drag[1] - view.drag[0]), height, paint.accent,
			0.18);
}

/** How many spans there are at each pixel of the strip: counted once for what is shown. */
function heightsOf(view, columns) {
	const change = new Float64Array(columns + 2);
	const column = (time) => Math.max(0, Math.min(columns - 1,
		Math.floor((time - view.model.begin) / (view.model.end - view.model.begin) * columns)));
	let live = 0;

	if (view.strip && view.strip.rows === view.rows && view.strip.columns === columns)
		return view.strip.heights;
	for (const {lane} of view.rows) {
		for (let i = 0; i < lane.n; i++) {
			change[column(lane.from[i])]++;
			change[column(lane.until[i]) + 1]--;
		}
	}
	view.strip = {rows: view.rows, columns, heights: Array.from(change.subarray(0, columns), (by) => (live += by))};
	return view.strip.heights;
}

/** The whole run in a strip: how much is mapped when, where findings are, and what part of it is in sight. */
function drawOverview(pen, view, width, height) {
	const {model, paint, rows, t0, t1} = view, heights = heightsOf(view, Math.max(1, Math.floor(width)));
	const most = heights.reduce((a, b) => Math.max(a, b), 1),
		at = (time) => (time - model.begin) / (model.end - model.begin) * width;

	pen.begin(width, height);
	pen.shape([[0, height], ...heights.map((n, x) => [x + 0.5, height - 1 - (height - 8) * Math.sqrt(n / most)]),
		[width, height]], paint.line);
	for (const {lane} of rows) {
		let last = -MARK_ROOM;

		for (const i of lane.marks[CLASS.finding]) {
			const x = at(model.events[i].time);

			if (x - last >= MARK_ROOM)
				pen.rect(last = x, 2, 2, height - 4, paint.bad);
		}
	}
	const x = at(t0), until = Math.max(x + 2, at(t1));

	pen.rect(0, 0, x, height, paint.surface, 0.75);
	pen.rect(until, 0, Math.max(0, width - until), height, paint.surface, 0.75);
	pen.rect(x, 0, until - x, 2, paint.accent);
	pen.rect(x, height - 2, until - x, 2, paint.accent);
}
