/* What the page knows: the report as docs/JSON.md has it, and beside it sources, rules' pages and the command line. */

const data = JSON.parse(document.getElementById('data').textContent);
const runs = data.report.runs;
const ran = runs.filter((run) => run.outcome !== 'refused');

/** A file's name relative to where the command was given. */
function short(file) {
	const directory = data.directory ? data.directory + '/' : '';

	return directory && file.startsWith(directory) ? file.slice(directory.length) : file;
}

/** The frame of a stack that is the driver's or the test's: what people look for. */
function place(stack) {
	return stack.find((frame) => !frame.dmakit && frame.file) || stack[0] || null;
}

function placeText(frame) {
	if (!frame)
		return '';
	if (!frame.file)
		return frame.function || frame.address;
	return frame.line ? `${short(frame.file)}:${frame.line}` : short(frame.file);
}

function placeKey(stack) {
	const frame = place(stack);

	return frame ? (frame.file ? `${frame.file}:${frame.line}` : frame.function) : null;
}

/** A mistake is the same on two machines when its rule, its driver and its places are. */
function mergeFindings() {
	const merged = new Map();

	for (const run of runs) {
		for (const finding of run.findings) {
			const key = JSON.stringify([finding.rule, finding.driver, placeKey(finding.where),
				placeKey(finding.mapped)]);

			if (!merged.has(key))
				merged.set(key, {...finding, id: `f${merged.size + 1}`, number: merged.size + 1, on: []});
			merged.get(key).on.push({run, finding});
		}
	}
	return [...merged.values()].map((finding) => ({...finding, hay: haystack(finding)}));
}

function haystack(finding) {
	const frames = [...finding.where, ...finding.mapped].map((frame) => `${frame.function} ${placeText(frame)}`);

	return [finding.id, finding.rule, finding.title, finding.what, finding.mend, finding.device, finding.driver,
		...finding.on.map(({run}) => run.machine), ...frames].join('\n').toLowerCase();
}

const findings = mergeFindings();

function machineNames(on) {
	return on.map(({run}) => run.machine);
}

/** As a shell reads it back. */
function quoted(word) {
	return /^[\w\-+=.,/:@%]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command line again, for one machine: without what writes files. */
function repeat(machine, ...more) {
	const words = [];
	let skip = false, options = true;

	for (const word of data.words) {
		const writes = options && /^--(html|json|sarif|junit|trace)(=|$)/.exec(word);

		options = options && word !== '--';
		if (!skip && !writes)
			words.push(word);
		skip = Boolean(writes) && !writes[2];
	}
	return ['dmakit', 'check', '--machine', machine, ...more, ...words].map(quoted).join(' ');
}

function failedTests(run) {
	return run.tests.filter((test) => !test.passed);
}

function worst(some) {
	return some.some((finding) => finding.severity === 'error') ? 'bad' : 'doubt';
}

/** What a run came to, in a word or two, and whether that is good, bad or neither. */
function outcome(run) {
	if (run.outcome === 'refused')
		return run.skipped ? ['not run', 'none'] : ['could not run', 'bad'];
	if (run.outcome !== 'done')
		return [run.outcome, 'bad'];
	if (run.machine_died)
		return ['machine died', 'bad'];
	if (run.totals.lost_records)
		return ['records lost', 'bad'];
	if (run.findings.length)
		return [count(run.findings.length, 'finding'), worst(run.findings)];
	if (run.problems.length)
		return [count(run.problems.length, 'problem'), 'bad'];
	if (failedTests(run).length && !(run.fail && run.fail.failed))
		return [count(failedTests(run).length, 'failed test'), 'bad'];
	return ['nothing found', 'good'];
}

function sum(of, key) {
	return of.reduce((all, run) => all + run.totals[key], 0);
}
