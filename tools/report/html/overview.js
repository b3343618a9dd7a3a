/* The head of the page, and the table of machines. */

function verdict() {
	const errors = findings.filter((finding) => finding.severity === 'error').length;
	const refused = runs.filter((run) => run.outcome === 'refused' && !run.skipped);
	const of = (wanted) => ran.filter((run) => run.outcome === wanted);
	const failed = ran.flatMap(failedTests).length;
	const troubled = (run) => run.problems.length || run.machine_died;
	const everywhere = (some) => {
		if (ran.length === 1)
			return ` on ${ran[0].machine}`;
		return some.length === ran.length ? ` on all ${ran.length} machines` : ` on ${some.length} of ${ran.length} machines`;
	};

	if (!ran.length)
		return ['It could not run', 'bad'];
	if (of('crashed').length)
		return [`It crashed${everywhere(of('crashed'))}`, 'bad'];
	if (of('hung').length)
		return [`It hung${everywhere(of('hung'))}`, 'bad'];
	if (findings.length) {
		const what = [errors && count(errors, 'mistake'), errors < findings.length && count(findings.length - errors, 'warning')];

		return [what.filter(Boolean).join(' and ') + everywhere(ran.filter((run) => run.findings.length)), errors ? 'bad' : 'doubt'];
	}
	if (sum(ran, 'lost_records'))
		return ['Records were lost: mistakes may be missing', 'bad'];
	if (ran.some(troubled))
		return [`There were problems${everywhere(ran.filter(troubled))}`, 'bad'];
	if (failed && data.report.status === 1) {
		const on = ran.filter((run) => failedTests(run).length);

		return [`${count(failed, 'test')} failed${everywhere(on)}`, 'bad'];
	}
	const astray = ran.filter((run) => run.fail_each && run.fail_each.sites.some((site) => !COPED[site.outcome]));

	if (astray.length)
		return [`Not every failing call is coped with${everywhere(astray)}`, 'bad'];
	const unclean = ran.filter((run) => run.explore && run.explore.troubles.length);

	if (unclean.length)
		return [`Some seeds show trouble${everywhere(unclean)}`, 'bad'];
	if (refused.length)
		return [`It could not run on ${count(refused.length, 'machine')}`, 'bad'];
	return [`Nothing found${everywhere(ran)}`, 'good'];
}

function fact(name, value, title) {
	return h('div', {class: 'fact', title}, h('dt', {}, name), h('dd', {}, value));
}

function facts() {
	const tests = ran.flatMap((run) => run.tests), passed = tests.filter((test) => test.passed).length;
	const seeds = [...new Set(runs.map((run) => run.seed))];
	const exercised = ran.reduce((all, run) => all + (run.exercise ? run.exercise.calls : 0), 0);

	return h('dl', {class: 'facts'},
		fact('machines', ran.length < runs.length ? `${ran.length} of ${runs.length}` : String(ran.length),
			ran.length < runs.length && 'the others had nothing for this driver, or are not installed'),
		tests.length ? fact('tests passed',
			passed < tests.length ? `${grouped(passed)} of ${grouped(tests.length)}` : grouped(passed)) :
			exercised ? fact('calls of the exercise', grouped(exercised)) : null,
		fact('maps', grouped(sum(ran, 'maps'))),
		fact('bytes mapped', bytes(sum(ran, 'bytes_mapped'))),
		fact('bytes bounced', bytes(sum(ran, 'bytes_bounced')),
			'copied by the CPU to and from memory that the device reaches'),
		fact('device accesses', grouped(sum(ran, 'device_accesses'))),
		fact('leaks', grouped(sum(ran, 'leaks')), 'never unmapped, or never freed'),
		fact(seeds.length > 1 ? 'seeds' : 'seed',
			seeds.slice(0, 3).join(', ') + (seeds.length > 3 ? ' …' : '')));
}

function themeSwitch() {
	const names = [['', 'Colours: system'], ['light', 'Colours: light'], ['dark', 'Colours: dark']];
	const kept = (() => { try { return localStorage.getItem('dmakit-theme') || ''; } catch { return ''; } })();
	const set = (theme) => {
		document.documentElement.toggleAttribute('data-theme', Boolean(theme));
		if (theme)
			document.documentElement.setAttribute('data-theme', theme);
		try { localStorage.setItem('dmakit-theme', theme); } catch { /* a page that may keep nothing */ }
		document.dispatchEvent(new Event('colours'));
	};

	set(names.some(([name]) => name === kept) ? kept : '');
	return choice('Light or dark', names, kept, set);
}

function banners() {
	const lost = ran.filter((run) => run.totals.lost_records);
	const blind = ran.filter((run) => !run.watched || run.watched === 'none');
	const partly = ran.find((run) => run.unwatched && run.unwatched.places.length);
	const shared = partly ? partly.unwatched.places.reduce((sum, place) => sum + place.mappings, 0) : 0;
	const where = blind.length < ran.length ? ' on ' + blind.map((run) => run.machine).join(', ') : '';

	return [
		lost.length ? h('p', {class: 'note bad'},
			`Records were lost on ${lost.map((run) => run.machine).join(', ')}: mistakes may be missing.`) :
			null,
		blind.length ? h('p', {class: 'note'},
			`The driver's own loads and stores were not seen${where}: mistakes that only they show are not in here.`) :
			null,
		partly ? h('p', {class: 'note'},
			`Watched by page: ${shared} of ${partly.unwatched.mappings} mappings share a page with other memory, ` +
			'and what the driver did there was not seen.') :
			null,
	];
}

function head() {
	const [text, kind] = verdict();
	const append = [...new Set(runs.map((run) => run.append).filter(Boolean))];

	return h('header', {class: 'head'},
		h('div', {class: 'brand'},
			h('span', {class: 'name'}, 'dmakit'),
			h('span', {class: 'faint'}, `check, version ${data.version}`),
			h('span', {class: 'spring'}), themeSwitch()),
		h('h1', {class: `verdict ${kind}`},
			h('span', {class: 'mark', 'aria-hidden': 'true'}, {good: '✓', bad: '✕', doubt: '!'}[kind]),
			text),
		command(data.command.map(quoted).join(' ')),
		append.length ? h('p', {class: 'small faint'}, 'boot arguments: ', h('code', {}, append.join(' | '))) :
			null,
		facts(), banners());
}

/* --- machines --------------------------------------------------------------------------------- */

const COUNTS = [['maps', 'maps'], ['bounced', 'bounced'], ['syncs', 'syncs'], ['live_high_water', 'most at once']];

/** Columns: the rules that were broken, at most so many, those most often broken first. */
function rulesFound(most) {
	const seen = new Map();

	for (const finding of findings)
		seen.set(finding.rule, (seen.get(finding.rule) || 0) + finding.on.length);
	return [...seen].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most).map(([rule]) => rule);
}

function driverNames() {
	return [...new Set(findings.map((finding) => finding.driver).filter(Boolean))].sort();
}

/** How often a finding of @which was made on @run: a button that shows those, or a quiet dot. */
function cell(run, which, wanted, label) {
	const found = run.findings.filter(which);
	const times = found.reduce((all, finding) => all + finding.count, 0);

	if (run.outcome === 'refused')
		return '';
	if (!found.length)
		return h('span', {class: 'dot', title: 'none'}, '·');
	return button(grouped(times), {class: `cell ${worst(found)}`, title: `${label} on ${run.machine}: ${count(times, 'time')}`,
		'aria-label': `${label} on ${run.machine}, ${count(times, 'time')}: show`},
		() => showFindings({machine: run.machine, ...wanted}));
}

function testCell(run) {
	const failed = failedTests(run).length;

	if (run.outcome === 'refused')
		return '';
	if (!run.tests.length)
		return run.exercise ? `${grouped(run.exercise.calls)} calls` : 'none';
	return failed ? h('a', {href: '#tests', class: 'bad'}, `${failed} of ${run.tests.length} failed`) :
		`${run.tests.length} passed`;
}

function machineRow(run, rules, drivers) {
	const [text, kind] = outcome(run);
	const name = h('span', {class: 'machine', title: run.summary}, run.machine);
	const look = () => showFindings({machine: run.machine});
	const result = run.findings.length ? button(text, {class: `tag ${kind}`}, look) :
		h('span', {class: `tag ${kind}`, title: run.error}, text);

	return [name, result,
		...drivers.map((driver) => cell(run, (finding) => finding.driver === driver, {driver}, driver)),
		...rules.map((rule) => cell(run, (finding) => finding.rule === rule, {rule}, rule)),
		testCell(run), ...COUNTS.map(([key]) => run.outcome === 'refused' ? '' : grouped(run.totals[key])),
		run.outcome === 'refused' ? '' : `${run.seconds.toFixed(2)}\u00a0s`];
}

function machinesSection() {
	const drivers = driverNames().slice(0, 12), rules = rulesFound(12);
	const columns = drivers.length > 1 ? drivers : [];
	const refused = runs.filter((run) => run.outcome === 'refused' && run.error);
	const head = ['machine', 'outcome', ...columns, ...rules, 'tests', ...COUNTS.map(([, name]) => name), 'time'];

	return section('machines', runs.length > 1 ? 'Machines' : 'Machine',
		runs.length > 1 && findings.length ?
			h('p', {class: 'faint'}, 'How often each rule was broken on each machine. A number shows its findings.') :
			null,
		table('Machines and what happened on each', head, runs.map((run) => machineRow(run, rules, columns)),
			{class: 'machines'}),
		refused.length ? h('ul', {class: 'small faint plainlist'},
			refused.map((run) => h('li', {}, h('b', {}, run.machine), ': ', run.error))) : null);
}
