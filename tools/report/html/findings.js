/* The list of findings: filters, groups, and what each one says. */

const NONE = {text: '', rule: '', machine: '', severity: '', driver: ''};
const CARDS = 100; /* at once; more are a click away, so that thousands don't make the page slow */
const wanted = {...NONE, group: 'rule', cards: CARDS};
const opened = new Set(findings.length <= 2 ? findings.map((finding) => finding.id) : []);
let list, tally, controls;

function matches(finding) {
	return (!wanted.rule || finding.rule === wanted.rule) &&
		(!wanted.severity || finding.severity === wanted.severity) &&
		(!wanted.driver || finding.driver === wanted.driver) &&
		(!wanted.machine || finding.on.some(({run}) => run.machine === wanted.machine)) &&
		wanted.text.toLowerCase().split(/\s+/).every((word) => finding.hay.includes(word));
}

/** Show these findings and no others, from elsewhere on the page. */
function showFindings(filter) {
	Object.assign(wanted, NONE, filter, {cards: CARDS});
	drawControls();
	drawFindings();
	document.getElementById('findings').scrollIntoView();
	list.focus({preventScroll: true});
}

/* --- one finding ------------------------------------------------------------------------------ */

function bufferFacts(finding) {
	const buffer = finding.buffer;
	const pair = (name, value) => value ? [h('dt', {}, name), h('dd', {}, value)] : null;
	const address = (text) => text && text !== '0x0' ? h('code', {}, text) : null;
	const owner = buffer && buffer.owner &&
		(['nobody', 'both'].includes(buffer.owner) ? buffer.owner : `the ${buffer.owner}`);

	return h('dl', {class: 'pairs'},
		buffer && [pair('buffer', `${buffer.kind || 'memory'}, ${count(buffer.size, 'byte')}`),
			pair('direction', buffer.direction && h('code', {}, buffer.direction)),
			pair('owner', owner), pair('bounced', buffer.bounced ? 'yes' : 'no'), pair('DMA', address(buffer.dma)),
			pair('physical', address(buffer.phys)), pair('CPU', address(buffer.cpu))],
		pair('device', finding.device && h('code', {}, finding.device)), pair('driver', finding.driver));
}

/** On which machines, how often, and on which not: the second says as much. */
function spread(finding) {
	const seen = new Set(machineNames(finding.on));
	const not = ran.filter((run) => !seen.has(run.machine));
	const chip = (run, times) => h('span', {class: 'chip', title: run.summary}, run.machine,
		times > 1 && h('span', {class: 'times'}, `×${grouped(times)}`));

	return h('dl', {class: 'pairs'},
		h('dt', {}, 'seen on'), h('dd', {class: 'chips'},
			finding.on.map(({run, finding: one}) => chip(run, one.count))),
		not.length ? [h('dt', {}, 'not on'),
			h('dd', {class: 'chips faint'}, not.map((run) => chip(run, 0)))] : null);
}

/** A rule's page: headings, paragraphs, code between fences and in backquotes; nothing else is in them. */
function ruleText(markdown) {
	const parts = [];
	let paragraph = [], fence = null;
	const flush = () => {
		if (paragraph.length)
			parts.push(h('p', {},
				paragraph.join(' ').split('`').map((text, i) => i % 2 ? h('code', {}, text) : text)));
		paragraph = [];
	};

	for (const line of markdown.split('\n')) {
		if (line.startsWith('```')) {
			flush();
			if (fence)
				parts.push(h('pre', {class: 'source', tabindex: '0'}, h('code', {}, fence.join('\n'))));
			fence = fence ? null : [];
		} else if (fence) {
			fence.push(line);
		} else if (line.startsWith('#')) {
			flush();
			if (!line.startsWith('# '))
				parts.push(h('h5', {}, line.replace(/^#+\s*/, '')));
		} else if (line.trim()) {
			paragraph.push(line.trim());
		} else {
			flush();
		}
	}
	flush();
	return parts;
}

/** What happened to the buffer before, oldest first. */
function history(finding) {
	const steps = finding.history || [];

	return steps.length < 2 ? null : h('div', {}, h('h4', {}, 'what became of the buffer'),
		h('ol', {class: 'history'}, steps.map((step) => h('li', {}, step.what, ' ', placeCode(place(step.where))))));
}

function failOptions(run) {
	return run.fail && run.fail.wanted && !data.words.includes('--fail') ? ['--fail', String(run.fail.wanted)] : [];
}

function body(finding) {
	const {run} = finding.on[0], page = data.rules[finding.rule];
	const mark = timelineLink(finding);

	return h('div', {class: 'body'},
		finding.mend ? h('p', {class: 'mend'}, h('b', {}, 'Mend '), finding.mend) : null,
		bothStacks(finding),
		history(finding),
		h('div', {class: 'two'}, bufferFacts(finding), spread(finding)),
		mark,
		page ? h('details', {class: 'rule'}, h('summary', {}, `What ${finding.rule} asks for, and why`),
			ruleText(page)) : null,
		h('p', {class: 'label'}, 'repeat it'), command(repeat(run.machine, ...failOptions(run))));
}

function setOpen(card, finding, open) {
	const toggle = card.querySelector('.toggle');

	toggle.setAttribute('aria-expanded', String(open));
	card.classList.toggle('open', open);
	if (open && !card.querySelector('.body'))
		card.append(body(finding));
	opened[open ? 'add' : 'delete'](finding.id);
}

function findingCard(finding) {
	const times = finding.on.reduce((all, {finding: one}) => all + one.count, 0);
	const frame = place(finding.where) || place(finding.mapped);
	const toggle = h('button', {type: 'button', class: 'toggle', 'aria-expanded': 'false',
		click: () => setOpen(card, finding, !card.classList.contains('open'))},
		h('span', {class: `tag ${finding.severity === 'error' ? 'bad' : 'doubt'}`}, finding.severity),
		h('span', {class: 'id'}, finding.rule), h('span', {class: 'title'}, finding.title));
	const card = h('article', {class: `finding ${finding.severity}`, id: finding.id},
		h('div', {class: 'line1'}, h('h3', {}, toggle),
			h('a', {class: 'anchor', href: `#${finding.id}`, 'aria-label': `Link to finding ${finding.number}`},
				`#${finding.number}`)),
		h('p', {class: 'what'}, finding.what),
		h('p', {class: 'line3'}, frame && h('code', {class: 'where'}, placeText(frame)),
			frame && frame.function && h('span', {class: 'faint'}, frame.function),
			h('span', {class: 'faint'}, count(times, 'time') + (ran.length > 1 ? `, ${machinesText(finding)}` : ''))));

	if (opened.has(finding.id))
		setOpen(card, finding, true);
	return card;
}

function machinesText(finding) {
	if (finding.on.length === ran.length)
		return `on all ${ran.length} machines`;
	if (finding.on.length <= 2)
		return `on ${machineNames(finding.on).join(' and ')} only`;
	return `on ${finding.on.length} of ${ran.length} machines`;
}

/* --- the list --------------------------------------------------------------------------------- */

const GROUPS = {
	rule: (finding) => `${finding.rule}  ${finding.title}`,
	file: (finding) => {
		const frame = place(finding.where) || place(finding.mapped);

		return frame && frame.file ? short(frame.file) : 'no known file';
	},
	driver: (finding) => finding.driver || 'no driver',
	'': () => '',
};

function inGroups(some) {
	const groups = new Map();

	for (const finding of some) {
		const name = GROUPS[wanted.group](finding);

		if (!groups.has(name))
			groups.set(name, []);
		groups.get(name).push(finding);
	}
	return groups;
}

function drawFindings() {
	const some = findings.filter(matches);
	const groups = inGroups(some);
	const headed = wanted.group && [...groups.values()].some((members) => members.length > 1);
	let room = wanted.cards;
	const parts = [];

	for (const [name, members] of groups) {
		if (room <= 0)
			break;
		if (headed)
			parts.push(h('h3', {class: 'group'}, name, ' ', h('span', {class: 'faint'}, members.length)));
		parts.push(members.slice(0, room).map(findingCard));
		room -= members.length;
	}
	if (room < 0)
		parts.push(button(`Show ${Math.min(CARDS, -room)} more of ${-room}`, {class: 'more'},
			() => { wanted.cards += CARDS; drawFindings(); }));
	fill(list, parts);
	tally.textContent = some.length === findings.length ? count(some.length, 'finding') :
		`${some.length} of ${count(findings.length, 'finding')}`;
}

function distinct(of, name) {
	return [['', name], ...[...new Set(of.filter(Boolean))].sort().map((value) => [value, value])];
}

function drawControls() {
	const set = (key) => (value) => { wanted[key] = value; wanted.cards = CARDS; drawFindings(); };
	const some = (key, options) => options.length > 2 || wanted[key];
	const filter = (label, key, options) => some(key, options) ? choice(label, options, wanted[key], set(key)) : null;

	fill(controls,
		h('input', {type: 'search', placeholder: 'Filter (press /)', 'aria-label': 'Filter findings by text',
			value: wanted.text, input: (event) => set('text')(event.target.value)}),
		filter('Rule', 'rule', distinct(findings.map((finding) => finding.rule), 'every rule')),
		filter('Severity', 'severity',
			distinct(findings.map((finding) => finding.severity), 'errors and warnings')),
		filter('Machine', 'machine', distinct(findings.flatMap((finding) => machineNames(finding.on)),
			'every machine')),
		filter('Driver', 'driver', distinct(driverNames(), 'every driver')),
		findings.length > 2 ? choice('Group',
			[['rule', 'by rule'], ['file', 'by file'], ['driver', 'by driver'], ['', 'not grouped']],
			wanted.group, set('group')) : null,
		button('Clear', {class: 'quiet'},
			() => { Object.assign(wanted, NONE, {cards: CARDS}); drawControls(); drawFindings(); }),
		h('span', {class: 'spring'}), tally,
		button('Open all', {class: 'quiet'}, () => eachCard(true)),
		button('Close all', {class: 'quiet'}, () => eachCard(false)));
}

function eachCard(open) {
	for (const card of list.querySelectorAll('.finding'))
		setOpen(card, findings[card.id.slice(1) - 1], open);
}

/** #f3: that finding, whatever the filters say. */
function openLinked() {
	const finding = /^#f\d+$/.test(location.hash) && findings[location.hash.slice(2) - 1];

	if (!finding)
		return;
	opened.add(finding.id);
	if (!matches(finding) || !document.getElementById(finding.id)) {
		Object.assign(wanted, NONE, {cards: findings.length});
		drawControls();
	}
	drawFindings();
	document.getElementById(finding.id).scrollIntoView();
}

/** j and k go from one finding to the next. */
function step(by) {
	const cards = [...list.querySelectorAll('.finding .toggle')];
	const at = cards.indexOf(document.activeElement);
	const next = cards[at < 0 ? 0 : Math.max(0, Math.min(cards.length - 1, at + by))];

	if (next) {
		next.focus();
		next.closest('.finding').scrollIntoView({block: 'nearest'});
	}
}

/** Findings that somebody chose not to count, each with who. */
function notCounted() {
	const some = runs.flatMap((run) => (run.suppressed || []).map((finding) => ({run, finding})));
	const row = ({run, finding}) => [finding.rule, finding.title,
		placeCode(place(finding.where) || place(finding.mapped)),
		run.machine, grouped(finding.count), finding.suppressed];

	const verb = some.length === 1 ? 'does' : 'do';

	return some.length ? h('details', {}, h('summary', {}, `${count(some.length, 'finding')} that ${verb} not count`),
		table('Findings that do not count', ['rule', 'what', 'where', 'machine', 'times', 'by'],
			some.slice(0, 500).map(row))) : null;
}

function findingsSection() {
	const nothing = ran.length ? 'No mistake was found.' : 'Nothing ran, so nothing could be found.';

	list = h('div', {class: 'list', tabindex: '-1'});
	tally = h('span', {class: 'faint', role: 'status'});
	controls = h('div', {class: 'controls', role: 'search'});
	if (!findings.length)
		return section('findings', 'Findings', h('p', {class: 'faint'}, nothing), notCounted());
	drawControls();
	drawFindings();
	return section('findings', 'Findings', controls, list, notCounted());
}
