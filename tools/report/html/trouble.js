/* Crashes, hangs, problems, calls that failed on purpose, tests, and the log. */

const LINES = 400; /* of a log, at first */

function onMachine(run) {
	return runs.length > 1 ? [' on ', h('b', {}, run.machine)] : '';
}

function liveView(run) {
	if (!run.live.length)
		return h('p', {class: 'faint'}, 'Nothing was mapped or allocated at that moment.');
	return h('details', {}, h('summary', {}, `Mapped or allocated at that moment (${run.live.length})`),
		run.live.slice(0, 200).map((live) => h('div', {class: 'live'}, bufferFacts(live),
			stacks([live.mapped_label || 'mapped', live.mapped]))));
}

function crashCard(run) {
	return h('article', {class: 'trouble'}, h('h3', {}, h('span', {class: 'tag bad'}, 'crash'), onMachine(run)),
		h('p', {}, run.crash.text || run.crash.signal), stacks(['where', run.crash.stack]), liveView(run),
		h('p', {class: 'label'}, 'repeat it'), command(repeat(run.machine, ...failOptions(run))));
}

function hangCard(run) {
	const busy = run.hang.threads.filter((thread) => thread.stack.some((frame) => !frame.dmakit && frame.file));
	const idle = run.hang.threads.length - busy.length;

	return h('article', {class: 'trouble'}, h('h3', {}, h('span', {class: 'tag bad'}, 'hang'), onMachine(run)),
		h('p', {}, `It was not done after ${run.hang.limit} seconds.`),
		busy.map((thread) => stacks([`thread ${thread.name || '?'} (${thread.tid})`, thread.stack])),
		idle ? h('p', {class: 'faint'}, `${count(idle, 'other thread')} outside the driver's code`) : null,
			liveView(run),
		h('p', {class: 'label'}, 'repeat it'), command(repeat(run.machine, ...failOptions(run))));
}

function failCard(run) {
	const {fail} = run;

	if (!fail.failed)
		return h('article', {class: 'trouble calm'},
			h('h3', {}, h('span', {class: 'tag none'}, 'no call failed'), onMachine(run)),
			h('p', {}, `Call ${fail.wanted} was to fail, and the driver made ${count(fail.calls, 'call')} that can.`));
	return h('article', {class: 'trouble calm'},
		h('h3', {}, h('span', {class: 'tag none'}, 'failed on purpose'), onMachine(run)),
		h('p', {}, `Call ${fail.wanted} of ${fail.calls}, ${fail.kind}.`), stacks(['the call', fail.where]));
}

function troubleSection() {
	const cards = runs.flatMap((run) => [
		run.crash && crashCard(run), run.hang && hangCard(run),
		run.machine_died && h('article', {class: 'trouble'},
			h('h3', {}, h('span', {class: 'tag bad'}, 'machine died'), onMachine(run)),
			h('pre', {class: 'source', tabindex: '0'}, run.machine_died)),
		...sameProblems(run),
		run.fail && run.outcome !== 'refused' && failCard(run)]).filter(Boolean);

	return cards.length ? section('trouble', 'Trouble', cards) : null;
}

/** Each problem once, with the machines that had it. */
function sameProblems(run) {
	const having = (text) => runs.filter((one) => one.problems.includes(text));

	const first = (text, i) => run.problems.indexOf(text) === i && having(text)[0] === run;
	const names = (text) => having(text).map((one) => one.machine).join(', ');

	return run.problems.filter(first).map((text) => h('article', {class: 'trouble'},
		h('h3', {}, h('span', {class: 'tag bad'}, 'problem'), runs.length > 1 && [' on ', h('b', {}, names(text))]),
		h('p', {}, text)));
}

/* --- tests ------------------------------------------------------------------------------------ */

function failureView(failure) {
	return h('div', {class: 'failure'}, failure.file && h('code', {class: 'where'}, placeText(failure)), ' ',
		failure.text, excerpt(failure));
}

/** Each failed test once for each way in which it failed, with the machines. */
function sameFailures(on) {
	const ways = new Map();

	for (const run of on) {
		for (const test of failedTests(run)) {
			const key = JSON.stringify([test.name, test.failures]);

			if (!ways.has(key))
				ways.set(key, {test, machines: []});
			ways.get(key).machines.push(run.machine);
		}
	}
	return [...ways.values()];
}

/** A row per test, with a mark per machine: nine machines and forty tests are one look. */
function testsSection() {
	const names = [...new Map(ran.flatMap((run) => run.tests.map((test) => [test.name, test]))).entries()];
	const on = ran.filter((run) => run.tests.length);
	const mark = (run, name) => {
		const test = run.tests.find((one) => one.name === name);

		return !test ? h('span', {class: 'faint'}, '–') :
			h('span', {class: test.passed ? 'good' : 'bad',
			title: `${run.machine}: ${duration(test.seconds * 1e9)}`,
			role: 'img', 'aria-label': test.passed ? 'passed' : 'failed'}, test.passed ? '✓' : '✕');
	};
	const failed = sameFailures(on).map(({test, machines}) => h('article', {class: 'trouble'},
		h('h3', {}, h('span', {class: 'tag bad'}, 'failed'), ' ', test.name,
			runs.length > 1 && h('span', {class: 'faint'}, ` on ${machines.join(', ')}`)),
		test.failures.map(failureView)));
	const all = on.reduce((n, run) => n + run.tests.length, 0);

	if (!names.length)
		return null;
	return section('tests', 'Tests', failed, h('details', {open: names.length * on.length <= 12},
		h('summary', {}, failed.length ? `All ${count(all, 'test')}` : `${count(all, 'test')} passed`),
		table('Tests and machines', ['test', ...on.map((run) => run.machine)],
			names.map(([name]) => [h('code', {}, name), ...on.map((run) => mark(run, name))]),
			{class: 'tests'})));
}

/* --- the log ---------------------------------------------------------------------------------- */

const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'];

function logLine(line) {
	return h('div', {class: `level${Math.min(line.level, 7)}`, title: LEVELS[line.level]}, line.text);
}

function logSection() {
	const said = runs.filter((run) => run.log.length);
	const shown = {machine: said.length ? said[0].machine : '', level: '7', text: '', lines: LINES};
	const lines = h('div', {class: 'log', tabindex: '0', role: 'log', 'aria-label': 'Log', 'aria-live': 'off'});
	const note = h('span', {class: 'faint', role: 'status'});
	const set = (key) => (value) => { shown[key] = value; shown.lines = LINES; draw(); };
	const draw = () => {
		const run = said.find((one) => one.machine === shown.machine);
		const some = run.log.filter((line) => line.level <= shown.level &&
			line.text.toLowerCase().includes(shown.text.toLowerCase()));
		const left = some.length - shown.lines;

		fill(lines, some.slice(0, shown.lines).map(logLine),
			left > 0 ? button(`Show ${grouped(Math.min(left, 5000))} more of ${grouped(left)}`,
				{class: 'more'}, () => { shown.lines += 5000; draw(); }) : null);
		note.textContent = count(some.length, 'line') + (run.log_dropped ? `; ${count(run.log_dropped, 'line')} more were not kept` : '');
	};

	if (!said.length)
		return null;
	draw();
	return section('log', 'Log', h('div', {class: 'controls'},
		said.length > 1 ? choice('Machine', said.map((run) => [run.machine, run.machine]), shown.machine,
			set('machine')) : null,
		choice('Level', [['7', 'every level'], ['4', 'warnings and worse'], ['3', 'errors and worse']], '7',
			set('level')),
		h('input', {type: 'search', placeholder: 'Filter', 'aria-label': 'Filter the log by text',
			input: (event) => set('text')(event.target.value)}),
		h('span', {class: 'spring'}), note), lines);
}
